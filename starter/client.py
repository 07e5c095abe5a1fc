"""The Python client: reports events to a collector from a backend, typed and async.

Each call has its message id before it is first sent, so that whatever has to be sent again counts once. When a method
returns, the events are safe in Segue's database.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Final, Self, TypedDict, Unpack
from uuid import uuid4

import httpx2

from domain.errors import InvalidEventError
from domain.event import EventType
from starter.collector.health import Health
from starter.sending import Sender, Sleep, to_json

MAX_CALLS: Final = 100
"""Calls in one request, as many as Segment's own clients send."""

MAX_BYTES: Final = 450_000
"""Of one request's body; Segment takes 500 kB."""

_BATCH_FIELD = re.compile(r"batch\.(\d+)(.*)", re.DOTALL)


class Common(TypedDict, total=False):
    """What may be said of every call."""

    anonymous_id: str | None
    timestamp: datetime | None
    """When it happened: real time, aware. Left out, it is now."""
    message_id: str | None
    """Left out, one is made. Give your own where you might report the same fact twice."""
    context: Mapping[str, Any] | None


class SegueClient:
    """Reports what customers do. Use it as a context manager, and keep one for the life of the process.

    Each method takes a `user_id` or, as a keyword, an `anonymous_id`, or both, and what else is in `Common`. It returns
    the message id.

    Args:
        url: the collector's address, e.g. `https://events.shop.example`.
        write_key: one of the collector's `SEGUE_WRITE_KEYS`.
        timeout: seconds for one attempt.
        transport: for tests, e.g. `httpx2.ASGITransport`.
        sleep: for tests; waits between attempts.

    Raises (all methods):
        InvalidEventError: the call is not in the spec; `field` names the culprit. Nothing of it was stored.
        ConfigurationError: the key or the address is wrong.
        UnavailableError: the collector was away for all attempts. Report again later, with the same message id.
    """

    def __init__(
        self,
        url: str,
        write_key: str,
        *,
        timeout: float = 10.0,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Sleep | None = None,
    ) -> None:
        self._sender = Sender(url, write_key, timeout=timeout, transport=transport, sleep=sleep)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sender.aclose()

    async def track(
        self,
        user_id: str | None,
        event: str,
        properties: Mapping[str, Any] | None = None,
        **common: Unpack[Common],
    ) -> str:
        """Report what a customer did; for names see `domain.event`."""
        call = {"userId": user_id, "event": event, "properties": properties}
        return await self._call(EventType.TRACK, call, common)

    async def identify(
        self,
        user_id: str | None,
        traits: Mapping[str, Any] | None = None,
        **common: Unpack[Common],
    ) -> str:
        """Report who a customer is: email, first_name, timezone, locale …."""
        call = {"userId": user_id, "traits": traits}
        return await self._call(EventType.IDENTIFY, call, common)

    async def page(
        self,
        user_id: str | None,
        name: str | None = None,
        properties: Mapping[str, Any] | None = None,
        **common: Unpack[Common],
    ) -> str:
        """Report that a page was seen on the web."""
        call = {"userId": user_id, "name": name, "properties": properties}
        return await self._call(EventType.PAGE, call, common)

    async def screen(
        self,
        user_id: str | None,
        name: str | None = None,
        properties: Mapping[str, Any] | None = None,
        **common: Unpack[Common],
    ) -> str:
        """Report that a screen was seen in an app."""
        call = {"userId": user_id, "name": name, "properties": properties}
        return await self._call(EventType.SCREEN, call, common)

    async def group(
        self,
        user_id: str | None,
        group_id: str,
        traits: Mapping[str, Any] | None = None,
        **common: Unpack[Common],
    ) -> str:
        """Report that a customer belongs to an account."""
        call = {"userId": user_id, "groupId": group_id, "traits": traits}
        return await self._call(EventType.GROUP, call, common)

    async def alias(
        self,
        previous_id: str,
        user_id: str,
        **common: Unpack[Common],
    ) -> str:
        """Report that two ids are one person."""
        call = {"userId": user_id, "previousId": previous_id}
        return await self._call(EventType.ALIAS, call, common)

    async def batch(self, calls: Iterable[Mapping[str, Any]]) -> list[str]:
        """Report many calls, in order, in as few requests as the limits allow.

        Args:
            calls: as in the Segment spec, each with its `type`; one without a `messageId` is given one.

        Returns:
            Their message ids.

        Raises:
            InvalidEventError: some are wrong: the first of them, where `batch.3.userId` counts in `calls`. All others
                are stored; sending all again doubles nothing if the calls bring message ids.
        """
        ready = [{**call, "messageId": call.get("messageId") or str(uuid4())} for call in calls]
        texts = [to_json(call, f"batch.{index}") for index, call in enumerate(ready)]
        done = 0
        refused: list[InvalidEventError] = []
        for group in _groups(texts):
            try:
                answer = await self._sender.post("/v1/batch", partial(_batch, group))
            except InvalidEventError as error:
                refused.append(InvalidEventError(_counted_from(done, error.field), error.problem))
            else:
                refused += [
                    InvalidEventError(_counted_from(done, str(error["field"])), str(error["message"]))
                    for error in answer.get("errors", ())
                ]
            done += len(group)
        if refused:
            raise refused[0]
        return [str(call["messageId"]) for call in ready]

    async def health(self) -> Health:
        """Ask whether the collector is ready, and what time it is there. Asks once.

        Raises:
            UnavailableError: it does not answer, or not as a collector does.
        """
        return await self._sender.health()

    async def _call(self, kind: EventType, call: dict[str, Any], common: Common) -> str:
        call = {
            **call,
            "anonymousId": common.get("anonymous_id"),
            "timestamp": common.get("timestamp") or datetime.now(UTC),  # now, not when an attempt succeeds
            "messageId": common.get("message_id") or str(uuid4()),
            "context": common.get("context"),
        }
        reported = {name: value for name, value in call.items() if value is not None}
        await self._sender.post(f"/v1/{kind}", lambda sent_at: to_json({**reported, "sentAt": sent_at}, ""))
        return str(call["messageId"])


def _groups(texts: Sequence[str]) -> Iterator[list[str]]:
    """Calls in as few groups as the limits of one request allow."""
    group: list[str] = []
    size = 0
    for text in texts:
        if group and (len(group) == MAX_CALLS or size + len(text) > MAX_BYTES):
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text) + 1
    if group:
        yield group


def _batch(calls: Sequence[str], sent_at: str) -> str:
    return f'{{"batch":[{",".join(calls)}],"sentAt":"{sent_at}"}}'


def _counted_from(done: int, field: str) -> str:
    """The server counts within its request; the caller counts in what they gave us."""
    match = _BATCH_FIELD.fullmatch(field)
    return f"batch.{done + int(match[1])}{match[2]}" if match else field
