"""The recording transport keeps the contract of `mail.transport.Transport`."""

import pytest
from pydantic import ValidationError

from domain.errors import DeferredByServerError, RefusedMessageError
from mail.recording import RecordingTransport
from mail.transport import Handover, Mail, Transport

ANNA = Mail(
    sender="bounce@shop.example",
    recipient="anna@customer.example",
    raw=b"Hi\r\n",
    message_id="<m1@shop.example>",
    key="m1",
)
BEN = ANNA.model_copy(update={"recipient": "ben@customer.example"})


async def test_recording_keeps_mails_in_order() -> None:
    recording = RecordingTransport()
    transport: Transport = recording
    for mail in (ANNA, BEN, ANNA):
        assert await transport.deliver(mail) is Handover.ACCEPTED
    await transport.aclose()
    assert recording.mails == recording.attempts == [ANNA, BEN, ANNA]
    assert recording.to("anna@customer.example") == [ANNA, ANNA]


async def test_recording_fails_as_told_and_then_recovers() -> None:
    recording = RecordingTransport()
    recording.defer_next()
    recording.refuse_next(code=552)
    recording.lose_next()
    with pytest.raises(DeferredByServerError):
        await recording.deliver(ANNA)
    with pytest.raises(RefusedMessageError) as refused:
        await recording.deliver(ANNA)
    assert refused.value.code == 552
    assert await recording.deliver(ANNA) is Handover.UNKNOWN
    assert await recording.deliver(BEN) is Handover.ACCEPTED
    assert recording.mails == [BEN]
    assert recording.attempts == [ANNA, ANNA, ANNA, BEN]


@pytest.mark.parametrize(
    "address", ["", "anna", "Anna <anna@customer.example>", "a@b\r\nRCPT TO:<c@d>", "jörg@customer.example"]
)
def test_envelope_takes_bare_addresses_only(address: str) -> None:
    with pytest.raises(ValidationError):
        Mail(sender="bounce@shop.example", recipient=address, raw=b"", message_id="<m1@shop.example>", key="m1")


def test_raw_mail_is_not_in_its_repr() -> None:
    assert "Hi" not in repr(ANNA)
