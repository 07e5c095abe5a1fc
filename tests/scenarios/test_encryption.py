"""Encrypted payloads on the real server: what it keeps, and how keys come and go while journeys run."""

import base64
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from domain.enrollment import OutcomeKind
from starter.dispatch.enrolling import Enroller
from starter.replay.checkup import Checkup
from starter.replay.finding import Verdict
from storage.database import Database
from temporal import connect
from tests.house import House, opened_house, real_server
from tests.stack.waiting import until
from workflows.catalogue import JOURNEYS

HALF_AN_HOUR_A_SECOND = 1_800.0
"""The reminder comes after two seconds, and its journey listens for 46 more."""

OLD, NEW = (f"{name}:{base64.b64encode(os.urandom(32)).decode()}" for name in ("old", "new"))
READABLE = ("search_attributes",)
NOTES = "data"
"""Of the SDK's, on a local activity: its name, its number and its times. No codec sees them."""


@pytest.fixture
async def house(sqlite_database: Database) -> AsyncIterator[House]:
    async with real_server() as env, opened_house(env, sqlite_database, pace=HALF_AN_HOUR_A_SECOND) as house:
        yield house


async def restart(house: House, *keys: str) -> None:
    """Let worker and dispatcher start anew, with these payload keys."""
    await house.stop_worker()
    address = house.client.service_client.config.target_host
    payload_keys = SecretStr(",".join(keys)) if keys else None
    house.client = await connect(address, namespace="default", payload_keys=payload_keys)
    house.env = WorkflowEnvironment.from_client(house.client)
    house.enroller = Enroller(house.client)
    house.cast(JOURNEYS)
    await house.start_worker()


async def remind(house: House, customer: str) -> None:
    """Let a customer fill the cart, and wait for the reminder."""
    await house.identify(customer)
    await house.add_to_cart(customer)

    async def sent() -> int:
        return len(await house.sent(customer))

    await until(sent)


def payloads_in(message: Message) -> Iterator[Payload]:
    """Every payload in a message, however deep, but for what has to stay readable."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None or field.name in READABLE:
            continue
        each: Any
        for each in _all_of(field, value):
            if isinstance(each, Message):
                yield from payloads_in(each)


def _all_of(field: FieldDescriptor, value: Any) -> Iterable[Any]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return [each for name, each in value.items() if name != NOTES]
    return value if field.is_repeated else [value]


def keys_of(history: WorkflowHistory) -> set[bytes]:
    """Under which keys a history's payloads are encrypted; `plain` of those that are not."""
    found = [dict(payload.metadata) for event in history.events for payload in payloads_in(event)]
    return {each.get("encryption-key-id", b"plain") for each in found if each.get("encoding") != b"binary/null"}


async def test_keys_come_and_go_while_journeys_run(house: House) -> None:
    plain, old, new = (f"cart-recovery/{customer}" for customer in ("plain", "old", "new"))
    await remind(house, "plain")
    await restart(house, OLD)
    await remind(house, "old")
    assert keys_of(await house.handle(old).fetch_history()) == {b"old"}

    # The old key was taken away too early.
    await restart(house, NEW)
    await remind(house, "new")
    await house.order("old", "o-old")

    async def complaint() -> str:
        history = await house.handle(old).fetch_history()
        failed = [each for each in history.events if each.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED]
        if not failed:
            return ""
        failure = failed[-1].workflow_task_failed_event_attributes.failure
        assert failure.application_failure_info.type == "UnreadablePayloadError"
        return str(await house.client.data_converter.decode_failure(failure))

    assert "the key 'old', which SEGUE_PAYLOAD_KEYS does not have" in await until(complaint)
    assert old in await house.still_running("old")

    # It comes back, behind the new one: everybody goes on, whatever they began under.
    await restart(house, NEW, OLD)
    assert (await house.ended(old)).kind is OutcomeKind.CONVERTED
    checkup = Checkup(house.client, JOURNEYS)
    findings = await checkup.examine(await checkup.running())
    # Temporal lists one that has just ended a moment longer.
    still_open = {each.workflow_id: each.verdict for each in findings if each.workflow_id != old}
    assert {plain, new} <= still_open.keys()
    assert set(still_open.values()) == {Verdict.FITS}
    for customer in ("plain", "new"):
        await house.order(customer, f"o-{customer}")
        assert (await house.ended(f"cart-recovery/{customer}")).kind is OutcomeKind.CONVERTED
    assert keys_of(await house.handle(plain).fetch_history()) >= {b"plain", b"new"}
    assert keys_of(await house.handle(old).fetch_history()) == {b"old", b"new"}
    assert keys_of(await house.handle(new).fetch_history()) == {b"new"}
    assert (await house.handle(new).result()).kind is OutcomeKind.CONVERTED
