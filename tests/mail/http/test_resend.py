"""Mail over Resend's API, against a server on loopback that behaves as it does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from domain.errors import (
    ConfigurationError,
    DeferredByServerError,
    RefusedMessageError,
    RefusedSenderError,
    UnheardError,
)
from mail.compose import Outgoing, compose
from mail.http.catalogue import find_provider
from mail.http.client import HttpTransport
from mail.http.resend import REPEATS_SAFELY, Resend
from mail.transport import Handover, Mail
from starter.embedded import free_port
from tests.mail.http.api import KEY, Answer, ResendApi, Trouble, resend_api

PATIENT = timedelta(seconds=2)
"""Long enough for an answer that does come, be the machine as slow as it likes."""

OUTGOING = Outgoing(
    sender='"Lämpchen, Söhne" <hello@lumen.example>',
    to="Anna Å <anna@customer.example>",
    reply_to="help@lumen.example",
    subject="Deine Lampe wartet — noch immer",
    html="<p>Grüße.</p>\r\n<p>.leading dot</p>",
    text="Grüße.\n.leading dot",
    message_id="<m1@lumen.example>",
    unsubscribe_url="https://mail.lumen.example/u/" + "x" * 200,
    date=datetime(2026, 3, 2, 9, tzinfo=UTC),
)


def mail(**changes: Any) -> Mail:
    outgoing = OUTGOING.model_copy(update=changes)
    return Mail(
        sender="hello@lumen.example",
        recipient="anna@customer.example",
        raw=compose(outgoing),
        message_id=outgoing.message_id,
        key="m1",
    )


MAIL = mail()


@pytest.fixture
async def api() -> AsyncIterator[ResendApi]:
    async with resend_api() as api:
        yield api


@asynccontextmanager
async def delivering(api: ResendApi, key: str = KEY, **options: Any) -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(Resend(SecretStr(key), api.url), **options)
    try:
        yield transport
    finally:
        await transport.aclose()


async def test_a_mail_arrives_with_all_that_was_composed(api: ResendApi) -> None:
    async with delivering(api) as transport:
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert api.accepted == {
        "m1": {
            "from": '"Lämpchen, Söhne" <hello@lumen.example>',
            "to": ["Anna Å <anna@customer.example>"],
            "reply_to": "help@lumen.example",
            "subject": "Deine Lampe wartet — noch immer",
            "html": "<p>Grüße.</p>\n<p>.leading dot</p>\n",
            "text": "Grüße.\n.leading dot\n",
            "headers": {
                "Message-ID": "<m1@lumen.example>",
                "List-Unsubscribe": f"<{OUTGOING.unsubscribe_url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
            "tags": [{"name": "segue_message", "value": "m1"}],
        }
    }


async def test_transactional_mail_has_no_unsubscribe_header(api: ResendApi) -> None:
    async with delivering(api) as transport:
        await transport.deliver(mail(unsubscribe_url=None, reply_to=None))
    assert api.accepted["m1"]["headers"] == {"Message-ID": "<m1@lumen.example>"}
    assert "reply_to" not in api.accepted["m1"]


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble.LOST,
        Trouble.UNHEARD,
        Answer(500, "internal_server_error"),
        Answer(503, "service_unavailable", accepts=True),
        Answer(502, message="<html>bad gateway</html>"),
        Answer(409, "concurrent_idempotent_requests", accepts=True),
        Answer(408),
        Answer(200, message="a page of the hotel's"),
    ],
    ids=str,
)
async def test_a_mail_whose_fate_nobody_saw_is_asked_for_again_and_arrives_once(
    api: ResendApi, trouble: Answer | Trouble
) -> None:
    api.next.append(trouble)
    async with delivering(api) as transport:
        assert transport.repeats_safely == REPEATS_SAFELY
        with pytest.raises(UnheardError):
            await transport.deliver(MAIL)
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert api.keys == ["m1", "m1"]
    assert list(api.accepted) == ["m1"]


async def test_silence_is_unheard(api: ResendApi) -> None:
    api.next.append(Trouble.SILENT)
    async with delivering(api, answer_timeout=PATIENT) as transport:
        with pytest.raises(UnheardError, match="Resend: ReadTimeout after the mail was written"):
            await transport.deliver(MAIL)
        assert await transport.deliver(MAIL) is Handover.ACCEPTED


async def test_the_same_key_with_another_body_is_of_unknown_fate(api: ResendApi) -> None:
    async with delivering(api) as transport:
        await transport.deliver(MAIL)
        assert await transport.deliver(mail(to="anna@elsewhere.example")) is Handover.UNKNOWN
    assert len(api.accepted) == 1


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer(429, "rate_limit_exceeded", {"Retry-After": "7"}), timedelta(seconds=7)),
        (Answer(429, "rate_limit_exceeded"), None),
        (Answer(429, "rate_limit_exceeded", {"Retry-After": "soon"}), None),
        (Answer(429, "daily_quota_exceeded", {"Retry-After": "1"}), timedelta(hours=1)),
        (Answer(403, "validation_error", message="The lumen.example domain is not verified."), None),
        (Answer(422, "invalid_from_address"), None),
        (Answer(404, "not_found"), None),
    ],
    ids=str,
)
async def test_what_may_pass_is_deferred_and_for_as_long_as_the_server_asks(
    api: ResendApi, answer: Answer, wait: timedelta | None
) -> None:
    api.next.append(answer)
    async with delivering(api) as transport:
        with pytest.raises(DeferredByServerError, match=f"^{answer.status} {answer.name} ") as deferred:
            await transport.deliver(MAIL)
        assert deferred.value.wait == wait
        assert isinstance(deferred.value, RefusedSenderError) == (answer.status != 429), "the operator's to mend"
        assert await transport.deliver(MAIL) is Handover.ACCEPTED
    assert api.connections == 1


async def test_a_wait_until_a_date_is_honoured(api: ResendApi) -> None:
    api.next.append(Answer(429, "rate_limit_exceeded", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}))
    async with delivering(api) as transport:
        with pytest.raises(DeferredByServerError) as deferred:
            await transport.deliver(MAIL)
    assert deferred.value.wait == timedelta(0)


async def test_a_wrong_api_key_is_the_operators_and_loses_no_mail(api: ResendApi) -> None:
    async with delivering(api, key="re_wrong") as transport:
        with pytest.raises(RefusedSenderError, match="check SEGUE_PROVIDER_KEY") as deferred:
            await transport.deliver(MAIL)
    assert "re_wrong" not in str(deferred.value)
    assert deferred.value.__cause__ is None


@pytest.mark.parametrize("answer", [Answer(422, "validation_error"), Answer(400, "validation_error"), Answer(413)])
async def test_what_will_never_pass_is_refused_with_its_status(api: ResendApi, answer: Answer) -> None:
    api.next.append(answer)
    async with delivering(api) as transport:
        with pytest.raises(RefusedMessageError) as refused:
            await transport.deliver(MAIL)
    assert (refused.value.code, refused.value.no_mailbox) == (answer.status, False)


async def test_no_address_gets_into_an_error(api: ResendApi) -> None:
    api.next.append(Answer(422, message="invalid `to`: Anna@customer.example, see ben@elsewhere.example"))
    async with delivering(api) as transport:
        with pytest.raises(RefusedMessageError, match="invalid `to`: the recipient, see an address") as refused:
            await transport.deliver(MAIL)
    assert refused.value.__cause__ is None


async def test_a_server_that_cannot_be_reached_has_certainly_not_accepted() -> None:
    api = ResendApi(port=free_port())
    async with delivering(api) as transport:
        with pytest.raises(DeferredByServerError, match="Resend: ConnectError before the mail was written") as deferred:
            await transport.deliver(MAIL)
    assert deferred.value.__cause__ is None


async def test_many_mails_at_once_share_few_connections(api: ResendApi) -> None:
    mails = [MAIL.model_copy(update={"key": f"m{number}"}) for number in range(30)]
    async with delivering(api, connections=3) as transport:
        ends = await asyncio.gather(*(transport.deliver(mail) for mail in mails))
    assert set(ends) == {Handover.ACCEPTED}
    assert len(api.accepted) == 30
    assert 1 <= api.connections <= 3


async def test_closing_ends_deliveries_under_way_as_if_the_line_broke(api: ResendApi) -> None:
    api.next.append(Trouble.SILENT)
    async with delivering(api) as transport:
        delivery = asyncio.ensure_future(transport.deliver(MAIL))
        await api.reached.wait()
        await transport.aclose()
        with pytest.raises(UnheardError):
            await delivery
        with pytest.raises(DeferredByServerError, match="shutting down"):
            await transport.deliver(MAIL)


async def test_a_cancelled_delivery_spoils_nothing(api: ResendApi) -> None:
    api.next.append(Trouble.SILENT)
    async with delivering(api, connections=1) as transport, transport.line() as line:
        delivery = asyncio.ensure_future(line.deliver(MAIL))
        await api.reached.wait()
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        assert line.written
    async with delivering(api, connections=1) as transport:
        assert await transport.deliver(MAIL) is Handover.ACCEPTED


class Forgetful(Resend):
    """A provider that knows no repetitions."""

    repeats_safely = None


@pytest.mark.parametrize("trouble", [Trouble.LOST, Answer(500)], ids=str)
async def test_without_keys_a_mail_whose_fate_nobody_saw_is_of_unknown_fate(
    api: ResendApi, trouble: Answer | Trouble
) -> None:
    api.next.append(trouble)
    transport = HttpTransport(Forgetful(SecretStr(KEY), api.url))
    assert await transport.deliver(MAIL) is Handover.UNKNOWN
    await transport.aclose()


@pytest.mark.parametrize(
    ("name", "key", "says"),
    [
        ("resent", KEY, "SEGUE_PROVIDER: 'resent' is not known; known are resend"),
        ("resend", None, "SEGUE_PROVIDER_KEY: set it to an API key of resend"),
        ("resend", " ", "SEGUE_PROVIDER_KEY: "),
        ("resend", "re_one\nre_two", "SEGUE_PROVIDER_KEY: "),
        ("resend", "re_schlüssel", "SEGUE_PROVIDER_KEY: "),
    ],
)
def test_a_wrong_choice_is_named(name: str, key: str | None, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        find_provider(name, SecretStr(key) if key is not None else None)
    assert str(refused.value).startswith(says)
    assert "re_" not in str(refused.value)


def test_the_api_key_is_not_shown() -> None:
    assert KEY not in repr(HttpTransport(find_provider("resend", SecretStr(f"{KEY}\n"))))
