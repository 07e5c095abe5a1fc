"""Providers' webhooks over a real port: signed reports are stored with what follows, and nobody else's."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text
from structlog.testing import capture_logs

from domain import event as names
from domain.clock import SystemClock
from domain.customer import Customer
from domain.errors import ConfigurationError
from domain.message import MessageStatus
from domain.withdrawal import COMPLAINT, HARD_BOUNCE
from mail.feedback.adapter import WebhookRequest
from mail.feedback.sendgrid import SendGrid
from settings import WebhookSettings
from starter.webhooks.intake import MOST_SHARING, Intake
from starter.webhooks.routes import create_webhooks_router
from storage.customers import Customers
from storage.database import Database
from storage.erasures import Erasures
from storage.events import EventStore
from storage.feedback import Feedback
from storage.ledger import Ledger
from storage.permissions import Permissions
from storage.suppressions import Suppressions
from tests.mail.feedback.providers import (
    SENDGRID_KEY,
    by_mailgun,
    by_postmark,
    by_resend,
    by_sendgrid,
)
from tests.metrics.readings import moved
from tests.stack.waiting import until
from tests.starter.collectors import BROWSER, LINKS, stored_events
from tests.starter.mails import sent_message
from tests.starter.reports import ADDRESS, doors, now, of_mail, post, send, sendgrid
from tests.storage.samples import commit, identify, track


def delivered(provider: str, message: str, address: str = ADDRESS) -> Any:
    """*Delivered*, as a provider says it."""
    at = now()
    return {
        "sendgrid": [sendgrid(message)],
        "postmark": {
            "RecordType": "Delivery",
            "Recipient": address,
            "DeliveredAt": at.isoformat(),
            "Metadata": {"segue_message": message},
        },
        "mailgun": {
            "event-data": {
                "event": "delivered",
                "id": "x",
                "timestamp": at.timestamp(),
                "recipient": address,
                "user-variables": {"segue_message": message},
            }
        },
        "resend": {
            "type": "email.delivered",
            "created_at": at.isoformat(),
            "data": {"to": [address], "tags": {"segue_message": message}},
        },
    }[provider]


SIGN: dict[str, Callable[..., Any]] = {
    "sendgrid": by_sendgrid,
    "postmark": by_postmark,
    "mailgun": by_mailgun,
    "resend": by_resend,
}
FORGED: dict[str, Any] = {
    "sendgrid": ec.generate_private_key(ec.SECP256R1()),
    "postmark": "not-the-right-secret",
    "mailgun": "not the key",
    "resend": "whsec_bm90IHRoZSBzZWNyZXQ=",
}


@pytest.mark.parametrize("provider", SIGN)
async def test_a_signed_report_is_stored_once_with_what_follows(sqlite_database: Database, provider: str) -> None:
    message = await send(sqlite_database)
    report, sign = delivered(provider, message), SIGN[provider]
    async with doors(sqlite_database) as http:
        nameless: dict[str, str] = {}
        plain = ((nameless, body) for body in (b"", b"[]", b'{"signature": {}}', json.dumps(report).encode()))
        answers = [
            await http.post(f"/webhooks/{provider}", content=body, headers=headers)
            for headers, body in (*plain, sign(report, now(), FORGED[provider]))
        ]
        assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
        assert await of_mail(sqlite_database) == []

        signed = sign(report, now())
        assert [await post(http, provider, signed) for _ in range(2)] == [200, 200]
        assert await post(http, provider, sign(report, now())) == 200  # repeated by the provider, signed anew

    [event] = await of_mail(sqlite_database)
    assert (event.name, event.user_id) == (names.EMAIL_DELIVERED, "anna")
    assert event.properties == {
        "provider": provider,
        "message": message,
        "journey": "cart-recovery",
        "step": "reminder",
    }
    assert now() - event.occurred_at < timedelta(minutes=1)
    async with sqlite_database.read() as session:
        assert (await Ledger(session).require(message)).status is MessageStatus.SENT
        feedback = await Feedback(session).get(message)
    assert feedback is not None
    assert feedback.delivered_at == event.occurred_at


async def test_a_provider_without_a_key_has_no_door(sqlite_database: Database) -> None:
    async with doors(sqlite_database, WebhookSettings()) as http:
        for provider in (*SIGN, "ses", "mandrill"):
            assert await post(http, provider, ({}, b"{}")) == 404
    async with doors(sqlite_database) as http:
        assert (await http.get("/webhooks/sendgrid")).status_code == 405
        assert await post(http, "sendgrid", ({}, b"x" * 2_000_001)) == 413


def test_a_topic_that_is_none_is_refused_at_the_start(sqlite_database: Database) -> None:
    policy = WebhookSettings(sns_topics="https://evil.example")
    with pytest.raises(ConfigurationError, match="SEGUE_WEBHOOKS__SNS_TOPICS"):
        create_webhooks_router(policy, database=sqlite_database, clock=SystemClock(), links=LINKS)


async def test_a_batch_is_taken_report_by_report(database: Database) -> None:
    anna, ben = await send(database), await send(database, "ben")
    batch = [
        sendgrid(anna, "processed"),
        sendgrid(anna, "open", useragent=BROWSER, sg_event_id="o-1"),
        sendgrid(anna, "open", useragent="Mozilla/5.0", sg_machine_open=True, sg_event_id="o-2"),
        sendgrid(
            ben, "bounce", type="bounce", email="ben@customer.example", reason="550 no <ben@customer.example> here"
        ),
        sendgrid(anna, "delivered"),
        sendgrid("m-of-another-system", "delivered", sg_event_id="other"),
        sendgrid(anna, "account_status_change"),
        sendgrid(
            None, "click", url="https://shop.example/lamp", useragent=BROWSER, **{"smtp-id": f"<{anna}@shop.example>"}
        ),
        sendgrid(anna, "click", url=LINKS.click(anna, 0), useragent=BROWSER, sg_event_id="our own redirect tells it"),
        sendgrid(anna, "click", url="https://shop.example/sofa", useragent="curl/8.5", sg_event_id="c-2"),
    ]
    async with doors(database) as http:
        assert await post(http, "sendgrid", by_sendgrid(batch, now())) == 200
    found = sorted(
        (event.name, event.user_id, event.properties.get("machine", "")) for event in await of_mail(database)
    )
    assert found == sorted(
        [
            (names.EMAIL_OPENED, "anna", ""),
            (names.EMAIL_OPENED_BY_MACHINE, "anna", "apple mail privacy protection"),
            (names.EMAIL_BOUNCED, "ben", ""),
            (names.EMAIL_DELIVERED, "anna", ""),
            (names.EMAIL_LINK_CLICKED, "anna", ""),
            (names.EMAIL_CLICKED_BY_MACHINE, "anna", "scanner (by its name)"),
        ]
    )
    assert not any("customer.example" in json.dumps(event.properties) for event in await of_mail(database))
    async with database.read() as session:
        assert await Suppressions(session).reason("ben") == HARD_BOUNCE
        assert await Suppressions(session).reason("anna") is None
        assert (await Ledger(session).require(ben)).status is MessageStatus.REFUSED
        anna_now = await Customers(session).get("anna")
    assert anna_now.counts[names.EMAIL_LINK_CLICKED] == 1


async def test_no_report_takes_the_others_of_its_batch_with_it(database: Database) -> None:
    """Whatever else travels over the account: texts that no database keeps, and moments that no calendar has."""
    message = await send(database)
    odd = "\x00\ud800" + "x" * 5_000
    batch = [
        sendgrid(odd, sg_event_id="1", email=odd),
        sendgrid(None, "bounce", sg_event_id="2", email=odd, **{"smtp-id": odd}),
        sendgrid(message, sg_event_id="3", response=odd, timestamp=1e30),
        sendgrid(message, "open", sg_event_id="4", timestamp="0001-01-01T00:00:00+14:00", useragent=odd, ip=odd),
        sendgrid(message, "click", sg_event_id="5", timestamp="9999-12-31T23:59:59-12:00", url=odd, useragent=BROWSER),
        sendgrid(message, "bounce", sg_event_id=odd, type="blocked", reason=odd),
        sendgrid(message, odd, sg_event_id="7"),
        *(None, 3, "text", [sendgrid(message, sg_event_id="8")], {}),
    ]
    async with doors(database) as http:
        assert await post(http, "sendgrid", by_sendgrid(batch, now())) == 200
    found = [event.name for event in await of_mail(database)]
    expected = [names.EMAIL_OPENED, names.EMAIL_DELIVERED, names.EMAIL_BOUNCED, names.EMAIL_LINK_CLICKED]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("event", "fields", "suppressed", "opted_out"),
    [
        ("spamreport", {}, COMPLAINT, frozenset()),
        ("unsubscribe", {}, None, {"*"}),
        ("bounce", {"type": "blocked"}, None, frozenset()),
        ("dropped", {"reason": "Bounced Address"}, HARD_BOUNCE, frozenset()),
        ("dropped", {"reason": "Spam Reporting Address"}, COMPLAINT, frozenset()),
        ("dropped", {"reason": "Unsubscribed Address"}, None, {"*"}),
        ("dropped", {"reason": "Spam Content"}, None, frozenset()),
        ("deferred", {"response": "450 later"}, None, frozenset()),
    ],
)
async def test_what_a_report_takes_away(
    sqlite_database: Database, event: str, fields: dict[str, Any], suppressed: str | None, opted_out: frozenset[str]
) -> None:
    message = await send(sqlite_database)
    async with doors(sqlite_database) as http:
        assert await post(http, "sendgrid", by_sendgrid([sendgrid(message, event, **fields)], now())) == 200
    async with sqlite_database.read() as session:
        barred = await Suppressions(session).reason("anna")
        assert (barred, await Permissions(session).opt_outs("anna")) == (suppressed, opted_out)
        row = await Ledger(session).require(message)
    assert row.status is (MessageStatus.REFUSED if event == "dropped" else MessageStatus.SENT)


@pytest.mark.parametrize("event", ["bounce", "spamreport"])
async def test_an_address_that_was_left_is_shut_and_its_customer_is_not(sqlite_database: Database, event: str) -> None:
    message = await send(sqlite_database)
    await commit(sqlite_database, identify("anna", traits={"email": "anna@new.example"}, at=now()))
    await commit(sqlite_database, identify("ben", traits={"email": ADDRESS}, at=now()))  # who has it now
    async with doors(sqlite_database) as http:
        for _ in range(2):
            assert await post(http, "sendgrid", by_sendgrid([sendgrid(message, event, type="bounce")], now())) == 200
    [stored] = await of_mail(sqlite_database)
    assert stored.properties["former_address"] is True
    async with sqlite_database.read() as session:
        suppressions = Suppressions(session)
        assert await suppressions.reason("anna") is None
        assert await suppressions.reason("ben") == (HARD_BOUNCE if event == "bounce" else COMPLAINT)


async def test_of_another_systems_mail_only_what_shuts_an_address_is_kept(sqlite_database: Database) -> None:
    await send(sqlite_database)
    await commit(sqlite_database, identify("twin", traits={"email": ADDRESS}, at=now()))
    kinds = ("delivered", "open", "click", "unsubscribe", "deferred")
    batch = [sendgrid("m-theirs", kind, sg_event_id=f"theirs-{kind}") for kind in kinds]
    strange = sendgrid("m-theirs", "bounce", type="bounce", email="nobody@elsewhere.example")
    async with doors(sqlite_database) as http:
        assert await post(http, "sendgrid", by_sendgrid([*batch, strange], now())) == 200
        assert await of_mail(sqlite_database) == []
        bounce = by_sendgrid([sendgrid("m-theirs", "bounce", type="bounce", sg_event_id="theirs-b")], now())
        assert [await post(http, "sendgrid", bounce) for _ in range(2)] == [200, 200]
    found = {(event.name, event.user_id, "message" in event.properties) for event in await of_mail(sqlite_database)}
    assert found == {(names.EMAIL_BOUNCED, "anna", False), (names.EMAIL_BOUNCED, "twin", False)}
    assert len(await of_mail(sqlite_database)) == 2


async def test_a_bounce_of_an_address_that_a_crowd_has_tells_some_and_shuts_it_for_all(
    sqlite_database: Database,
) -> None:
    """Anybody may tell a page the same address for any number of visitors."""
    crowd = [identify(None, anonymous_id=f"x{n}", traits={"email": ADDRESS}, public=True) for n in range(40)]
    await commit(sqlite_database, *crowd, identify("anna", traits={"email": ADDRESS}))
    bounce = sendgrid("m-theirs", "bounce", type="bounce", email=ADDRESS)
    async with doors(sqlite_database) as http:
        assert await post(http, "sendgrid", by_sendgrid([bounce], now())) == 200
    told = [
        stored.customer for stored in await stored_events(sqlite_database) if stored.event.name == names.EMAIL_BOUNCED
    ]
    assert (len(told), "anna" in told) == (MOST_SHARING, True)
    async with sqlite_database.read() as session:
        for customer in ("anna", "anon-x1", "anon-x39"):
            assert await Suppressions(session).reason(customer) == HARD_BOUNCE


async def test_a_spent_token_signs_nothing_else(sqlite_database: Database) -> None:
    """Mailgun signs no body: whoever saw a request could say anything with its signature."""
    message = await send(sqlite_database)
    at = now()
    complaint = delivered("mailgun", message)
    complaint["event-data"] |= {"event": "complained", "id": "y"}
    async with doors(sqlite_database) as http:
        assert await post(http, "mailgun", by_mailgun(delivered("mailgun", message), at, token="once")) == 200
        assert await post(http, "mailgun", by_mailgun(complaint, at, token="once")) == 200
        assert [event.name for event in await of_mail(sqlite_database)] == [names.EMAIL_DELIVERED]
        assert await post(http, "mailgun", by_mailgun(complaint, at, token="twice")) == 200
    assert [event.name for event in await of_mail(sqlite_database)][1:] == [names.EMAIL_COMPLAINED]


async def test_nobody_comes_back_by_a_report(sqlite_database: Database) -> None:
    """A report of somebody who was erased since, but whose message's row is still there."""
    message = await send(sqlite_database)
    async with sqlite_database.transaction() as session:
        connection = await session.connection()
        for table in ("events", "customers"):
            await connection.exec_driver_sql(f"DELETE FROM {table}")
    async with doors(sqlite_database) as http:
        assert await post(http, "sendgrid", by_sendgrid([sendgrid(message)], now())) == 200
    async with sqlite_database.read() as session:
        assert await Customers(session).load(["anna"]) == {}
    assert await stored_events(sqlite_database) == []


@pytest.mark.parametrize("traits", [{}, {"email": ADDRESS}], ids=["no address known", "an address"])
async def test_nobody_comes_back_by_a_report_that_an_erasure_overtakes(
    postgresql_database: Database, traits: dict[str, str]
) -> None:
    database = postgresql_database
    await commit(database, identify("anna", traits=traits))
    message = await sent_message(database)
    async with doors(database) as http:
        async with database.transaction() as session:
            erasures = Erasures(session)
            await erasures.request("anna", "a test", now())
            await erasures.forget((await erasures.open())[0], now())
            reporting = asyncio.create_task(post(http, "sendgrid", by_sendgrid([sendgrid(message)], now())))
            await until(lambda: waits_for_a_lock(database, reporting), bool)
        assert await reporting == 200
    async with database.read() as session:
        assert await Customers(session).load(["anna"]) == {}


async def waits_for_a_lock(database: Database, task: asyncio.Task[int]) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with database.read() as session:
        return bool((await (await session.connection()).execute(text(waiting))).scalar()) or task.done()


async def test_a_clock_ahead_of_ours_reports_nothing_from_the_future(sqlite_database: Database) -> None:
    message = await send(sqlite_database)
    ahead = sendgrid(message, timestamp=int((now() + timedelta(hours=3)).timestamp()))
    async with doors(sqlite_database) as http:
        assert await post(http, "sendgrid", by_sendgrid([ahead], now())) == 200
    [event] = await of_mail(sqlite_database)
    assert event.occurred_at <= now()


async def test_a_sweep_is_known_however_late_it_is_reported(sqlite_database: Database) -> None:
    """Whatever the customer did since."""
    database, at = sqlite_database, now() - timedelta(hours=1)
    anna = await send(database, ago=timedelta(hours=2))

    def clicked(number: int) -> dict[str, Any]:
        more = {"url": f"https://shop.example/{number}", "useragent": BROWSER, "sg_event_id": f"c-{number}"}
        return sendgrid(anna, "click", timestamp=int(at.timestamp()), **more)

    async with doors(database) as http:
        assert await post(http, "sendgrid", by_sendgrid([clicked(1), clicked(2)], now())) == 200
        await commit(database, *(track(names.PRODUCT_VIEWED, at=now()) for _ in range(500)))
        assert await post(http, "sendgrid", by_sendgrid([clicked(3)], now())) == 200

    machines = [event for event in await of_mail(database) if event.name == names.EMAIL_CLICKED_BY_MACHINE]
    assert [event.properties["machine"] for event in machines] == ["scanner (many links at once)"]


async def test_a_machine_is_no_visitor(sqlite_database: Database) -> None:
    """No visit, no return, no activity: whoever was given up stays so, and a person's click lifts it."""
    long_ago = timedelta(days=60)
    message = await send(sqlite_database, ago=long_ago)
    await commit(sqlite_database, track(names.PRODUCT_VIEWED, at=now() - long_ago))
    async with sqlite_database.transaction() as session:
        await Suppressions(session).begin_sunset("anna", "no answer", now() - timedelta(days=30), "reengagement")
    before = await customer(sqlite_database)

    def click(agent: str) -> dict[str, Any]:
        return sendgrid(message, "click", url="https://shop.example", useragent=agent, sg_event_id=agent)

    async with doors(sqlite_database) as http:
        assert await post(http, "sendgrid", by_sendgrid([click("Barracuda Sentinel (EE)")], now())) == 200
        assert (await customer(sqlite_database)).last_seen_at == before.last_seen_at
        async with sqlite_database.read() as session:
            assert await Suppressions(session).sunset("anna") == "no answer"
        assert await post(http, "sendgrid", by_sendgrid([click(BROWSER)], now())) == 200
    assert (await customer(sqlite_database)).last_seen_at > before.last_seen_at
    async with sqlite_database.read() as session:
        assert await Suppressions(session).sunset("anna") is None


async def customer(database: Database) -> Customer:
    async with database.read() as session:
        return await Customers(session).get("anna")


async def test_what_cannot_be_stored_now_is_to_come_again(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its token is not spent."""
    message = await send(sqlite_database)
    signed = by_mailgun(delivered("mailgun", message), now())

    async def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    async with doors(sqlite_database) as http:
        with monkeypatch.context() as broken:
            broken.setattr(EventStore, "commit", fail)
            assert await post(http, "mailgun", signed) == 500
        assert await post(http, "mailgun", signed) == 200
    assert len(await of_mail(sqlite_database)) == 1


async def test_reports_that_come_several_times_at_once_count_once(postgresql_database: Database) -> None:
    """Providers repeat while the first is still being stored; and customers sign in and click meanwhile."""
    database = postgresql_database
    mails = {who: await send(database, who) for who in ("anna", "ben", "carl", "dora")}
    batch = [
        sendgrid(mail, kind, email=f"{who}@customer.example", sg_event_id=f"{who}-{kind}", **fields)
        for who, mail in mails.items()
        for kind, fields in (("delivered", {}), ("open", {"useragent": BROWSER}), ("spamreport", {}))
    ]
    orders = (batch, batch[::-1], batch[1:] + batch[:1], batch)
    signed = [by_sendgrid(each, now()) for each in orders]

    async def live(who: str) -> None:
        for number in range(5):
            await commit(
                database, identify(who, anonymous_id=f"{who}-{number}", at=now()), track("Product Viewed", who)
            )

    async with doors(database) as http:
        answers = await asyncio.gather(*(post(http, "sendgrid", each) for each in signed), *map(live, mails))
        assert {answer for answer in answers if answer} <= {200, 503}
        assert await post(http, "sendgrid", signed[0]) == 200
    told = [event.message_id for event in await of_mail(database) if event.message_id.startswith("sendgrid-")]
    assert sorted(told) == sorted(f"sendgrid-{report['sg_event_id']}" for report in batch)


async def test_what_is_left_out_is_counted_and_logged_without_an_address(sqlite_database: Database) -> None:
    message = await send(sqlite_database)
    batch = [
        sendgrid(message),
        sendgrid(message, "account_status_change"),
        [ADDRESS],
        sendgrid("m-theirs", "open", sg_event_id="theirs"),
        sendgrid(message, "click", url=LINKS.click(message, 0)),
        sendgrid(message, "bounce", type="bounce", reason=f"550 {ADDRESS} is unknown"),
    ]
    headers, body = by_sendgrid(batch, now())
    request = WebhookRequest(headers={name.lower(): value for name, value in headers.items()}, body=body, real_at=now())
    intake = Intake(sqlite_database, SystemClock(), LINKS)
    with capture_logs() as logs, moved() as metrics:
        for _ in range(2):
            reports = SendGrid(SENDGRID_KEY, timedelta(hours=1)).read(request)
            await intake.take("sendgrid", reports, keep=timedelta(hours=1))
        async with doors(sqlite_database) as http:
            assert await post(http, "sendgrid", ({}, body)) == 401
    assert metrics.of("segue_provider_reports_total") == {
        ("delivered", "taken", "sendgrid"): 1,
        ("delivered", "repeated", "sendgrid"): 1,
        ("hard bounce", "taken", "sendgrid"): 1,
        ("hard bounce", "repeated", "sendgrid"): 1,
        ("unknown", "unknown", "sendgrid"): 4,
        ("opened", "unmatched", "sendgrid"): 2,
        ("clicked", "own link", "sendgrid"): 2,
    }
    assert metrics.of("segue_webhook_requests_total") == {("untrusted", "sendgrid"): 1}
    assert {line["event"] for line in logs} == {
        "a report of an unknown kind",
        "reports of mails that are nobody's here",
        "a webhook's request was refused",
    }
    assert ADDRESS not in json.dumps(logs)
    assert ADDRESS not in repr(reports) + repr(request)
