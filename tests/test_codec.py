"""Encryption of what Temporal keeps: keys, their rotation, and what is not to be read."""

import base64
import os
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.exceptions import ApplicationError

from codec import EncryptionCodec
from domain.errors import ConfigurationError, UnreadablePayloadError
from settings import load_settings
from temporal import DATA_CONVERTER, data_converter

OLD, NEW = (f"{name}:{base64.b64encode(os.urandom(32)).decode()}" for name in ("k1", "k2"))
SECRET = "a very telling argument"


def codec(*keys: str) -> EncryptionCodec:
    return EncryptionCodec(SecretStr(",".join(keys)))


async def encoded(value: Any, *keys: str) -> Payload:
    (payload,) = await data_converter(SecretStr(",".join(keys))).encode([value])
    return payload


async def test_what_is_encoded_tells_nothing_and_comes_back() -> None:
    once, again = [await encoded(SECRET, OLD) for _ in range(2)]
    for payload in (once, again):
        assert SECRET.encode() not in payload.SerializeToString()
        assert dict(payload.metadata)["encoding"] == b"binary/encrypted"
    assert once.data != again.data
    assert await data_converter(SecretStr(OLD)).decode([once, again], [str, str]) == [SECRET, SECRET]


async def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old = await encoded(SECRET, OLD)
    assert await data_converter(SecretStr(f"{NEW}, {OLD}")).decode([old]) == [SECRET]
    assert (await encoded(SECRET, NEW, OLD)).metadata["encryption-key-id"] == b"k2"


async def test_what_was_never_encrypted_stays_readable() -> None:
    plain = await DATA_CONVERTER.encode([SECRET])
    assert await data_converter(SecretStr(OLD)).decode(plain) == [SECRET]


async def test_a_missing_key_is_named_and_no_other_is_tried() -> None:
    with pytest.raises(UnreadablePayloadError, match="the key 'k1', which SEGUE_PAYLOAD_KEYS does not have"):
        codec(NEW).decrypt(await encoded(SECRET, OLD))


async def test_what_somebody_changed_does_not_open() -> None:
    payload = await encoded(SECRET, OLD, NEW)
    for changed in (
        Payload(metadata=payload.metadata, data=payload.data[:-1] + bytes([payload.data[-1] ^ 1])),
        Payload(metadata=payload.metadata, data=payload.data[:20]),
        Payload(metadata=payload.metadata, data=b""),
        Payload(metadata={**payload.metadata, "encryption-key-id": b"k2"}, data=payload.data),
    ):
        with pytest.raises(UnreadablePayloadError, match="does not open"):
            codec(OLD, NEW).decrypt(changed)


async def test_failures_are_encrypted_too() -> None:
    from temporalio.api.failure.v1 import Failure  # noqa: PLC0415 the generated module takes its time

    converter, failure = data_converter(SecretStr(OLD)), Failure()
    await converter.encode_failure(ApplicationError(SECRET), failure)
    assert SECRET.encode() not in failure.SerializeToString()
    assert str(await converter.decode_failure(failure)) == SECRET


@pytest.mark.parametrize(
    "keys",
    ["k1", "k1:", "k1:c2hvcnQ=", "k1:not base64", f"k 1:{OLD[3:]}", f":{OLD[3:]}", f"{OLD},{OLD}", OLD[3:], ","],
    ids=["no key", "empty", "short", "not base64", "space in the name", "no name", "twice", "key alone", "comma"],
)
def test_keys_that_are_none_are_refused_and_not_quoted(keys: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^SEGUE_PAYLOAD_KEYS: .*openssl rand -base64 32") as refused:
        codec(keys)
    assert OLD[3:] not in str(refused.value)


def test_no_key_is_shown_by_whatever_is_printed() -> None:
    settings = load_settings({}, payload_keys=f"{OLD},{NEW}", codec_token="t" * 20)
    for shown in (repr(settings), str(settings), repr(codec(OLD, NEW)), repr(data_converter(SecretStr(OLD)))):
        assert OLD[3:] not in shown
        assert "t" * 20 not in shown


def test_no_keys_no_encryption() -> None:
    assert load_settings({}, payload_keys="").payload_keys is None
    assert data_converter(None) is DATA_CONVERTER
