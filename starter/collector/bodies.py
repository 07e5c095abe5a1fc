"""Reading request bodies: bounded before and after unpacking, whatever their headers claim."""

import json
import zlib
from typing import Any, Final

from starlette.requests import Request

from domain.errors import InvalidEventError, PermanentError

IDENTITY: Final = ("", "identity")
PACKED: Final = ("gzip", "x-gzip", "deflate")

MAX_MEMBERS: Final = 100
"""Of a gzip file joined end to end. Clients send one; a body of nothing but empty members is an attack."""

_EITHER_HEADER: Final = zlib.MAX_WBITS | 32
"""Zlib looks at the first bytes: gzip or zlib. Clients confuse the two, since both call themselves deflate."""

_NO_HEADER: Final = -zlib.MAX_WBITS


class BodyTooLargeError(PermanentError):
    """The body has more bytes, as sent or unpacked, than the collector takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes: split the batch (the limit is SEGUE_MAX_BODY)")


class UnsupportedEncodingError(PermanentError):
    """The body is packed in a way we cannot unpack."""

    def __init__(self, encoding: str) -> None:
        super().__init__(f"cannot read Content-Encoding {encoding[:50]!r}: send gzip, deflate or nothing")


async def read_body(request: Request, limit: int) -> bytes:
    """Read a request's body, unpacked.

    Args:
        request: not read yet.
        limit: bytes, for what was sent and for what it unpacks to.

    Raises:
        BodyTooLargeError: more than that.
        UnsupportedEncodingError: neither plain nor gzip nor deflate.
        InvalidEventError: packed, and truncated or corrupt.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in IDENTITY + PACKED:
        raise UnsupportedEncodingError(encoding)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise BodyTooLargeError(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLargeError(limit)
    return bytes(body) if encoding in IDENTITY else unpack(bytes(body), limit)


def unpack(packed: bytes, limit: int) -> bytes:
    """Unpack gzip (of one or several members), zlib or bare deflate.

    Raises:
        BodyTooLargeError: it would be more than `limit` bytes; no more than that is ever held.
        InvalidEventError: truncated or corrupt.
    """
    try:
        return _inflate(packed, limit, _EITHER_HEADER)
    except zlib.error as error:
        try:
            return _inflate(packed, limit, _NO_HEADER)
        except (zlib.error, InvalidEventError):
            raise InvalidEventError("", f"the compressed body is corrupt: {error}") from None


def parse_json(body: bytes) -> Any:
    """Parse a body, whatever its content type: browsers send JSON as text/plain to avoid a preflight.

    What JSON allows and no database keeps is let through here; `domain.soundness` can name the field.

    Raises:
        InvalidEventError: it is no JSON in UTF-8.
    """
    try:
        return json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidEventError("", f"the body is not UTF-8: byte {error.start} is wrong") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidEventError("", f"the body is not JSON: {error.msg} at {where}") from None
    except ValueError:  # Python refuses to read integers of more than 4,300 digits
        raise InvalidEventError("", "the body holds a number of thousands of digits: send it as a text") from None
    except RecursionError:
        raise InvalidEventError("", "the body is nested too deeply: flatten it") from None


def _inflate(packed: bytes, limit: int, header: int) -> bytes:
    parts = bytearray()
    for _ in range(MAX_MEMBERS):
        member = zlib.decompressobj(header)
        parts += member.decompress(packed, limit - len(parts) + 1)
        if len(parts) > limit:
            raise BodyTooLargeError(limit)
        if not member.eof:
            raise InvalidEventError("", "the compressed body ends too early: send it again, whole")
        if not member.unused_data:
            return bytes(parts)
        packed = member.unused_data  # gzip files may be joined end to end (RFC 1952, 2.2)
    raise InvalidEventError("", f"the compressed body has more than {MAX_MEMBERS} members: compress it in one")
