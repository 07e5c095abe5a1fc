from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from domain import event as names
from storage.allowances import Allowances
from storage.customers import Customers
from storage.database import Database
from storage.mailboxes import MOST_SHARERS, shared_with
from storage.permissions import Consent, Permissions
from storage.suppressions import Suppressions
from storage.tables import OptOutRecord, table_of
from tests.storage.samples import MINUTE, NOON, commit, identify, read_customer, track

LATER = NOON + MINUTE


def consent(topic: str, granted: bool, minute: int = 0) -> Consent:
    return Consent(customer="anna", topic=topic, granted=granted, source="form", at=NOON + minute * MINUTE)


@pytest.mark.parametrize(
    ("said", "newsletter", "cart"),
    [
        ([], None, None),
        ([consent("*", True)], True, True),
        ([consent("*", True), consent("newsletter", False)], False, True),
        ([consent("newsletter", True), consent("*", False, 5)], False, False),
        ([consent("*", False), consent("newsletter", True, 5)], True, False),
        ([consent("newsletter", False), consent("*", True, 5)], False, True),
        ([consent("*", True), consent("*", False, 5)], False, False),
        ([consent("*", False, 5), consent("*", True)], False, False),
        ([consent("newsletter", False), consent("newsletter", True)], True, None),
    ],
    ids=[
        "never asked",
        "all",
        "a topic beats all",
        "refusing all takes back a topic granted before",
        "a topic granted after all was refused",
        "granting all lifts no refusal of a topic",
        "the later one counts",
        "an older one arrives late",
        "at the same moment the last counts",
    ],
)
async def test_consent_is_what_was_said_last(
    database: Database, said: list[Consent], newsletter: bool | None, cart: bool | None
) -> None:
    async with database.transaction() as session:
        permissions = Permissions(session)
        for each in said:
            await permissions.record([each])
        assert await permissions.consent("anna", "newsletter") is newsletter
        assert await permissions.consent("anna", "cart") is cart
        assert await permissions.consent("ben", "cart") is None


async def test_consent_is_kept_with_source_and_time_and_only_when_it_changes(database: Database) -> None:
    first = identify(traits={"consent": True})
    await commit(database, first, identify(traits={"consent": True}, at=LATER))
    await commit(database, identify(traits={"consent": {"newsletter": False}}, at=LATER))

    async with database.read() as session:
        log = await Permissions(session).consents("anna")

    assert [(row.topic, row.granted, row.at) for row in log] == [("*", True, NOON), ("newsletter", False, LATER)]
    assert log[0].source == f"event {first.message_id}"


async def test_a_backend_may_prove_a_consent_with_wording_source_and_time(database: Database) -> None:
    said = {
        "granted": True,
        "wording": "Yes, send me news",
        "source": "checkout form",
        "at": "2026-02-01T10:00:00+01:00",
    }
    bare = {"granted": False, "at": "2999-01-01T00:00:00Z", "source": {}}
    await commit(database, identify(traits={"consent": {"news": True}}))
    await commit(
        database, identify(traits={"consent": {"news": said | {"at": None}, "offers": said, "calls": bare, "x": "yes"}})
    )

    async with database.read() as session:
        log = await Permissions(session).consents("anna")

    assert {(row.topic, row.granted, row.wording, row.at) for row in log} == {
        ("news", True, None, NOON),
        ("news", True, "Yes, send me news", NOON),
        ("offers", True, "Yes, send me news", datetime(2026, 2, 1, 9, tzinfo=UTC)),
        ("calls", False, None, NOON),
    }
    assert {row.source for row in log if row.topic == "offers"} == {"checkout form"}
    assert [row.source.split()[0] for row in log if row.topic == "calls"] == ["event"]


async def test_an_opt_out_outlives_what_backends_report(database: Database) -> None:
    await commit(database, identify(traits={"consent": True}))
    async with database.transaction() as session:
        permissions = Permissions(session)
        await permissions.opt_out("anna", "newsletter", NOON, "m1")
        await permissions.opt_out("anna", "newsletter", LATER, "m2")
    await commit(database, identify(traits={"consent": True}, at=LATER))

    async with database.transaction() as session:
        permissions = Permissions(session)
        assert await permissions.opted_out("anna", "newsletter")
        assert not await permissions.opted_out("anna", "cart")
        await permissions.opt_out("anna", "*", LATER, "m3")
        assert await permissions.opted_out("anna", "cart")
        assert await permissions.opt_outs("anna") == {"newsletter", "*"}

        await permissions.lift_opt_out("anna", "*", LATER)
        await permissions.lift_opt_out("anna", "newsletter", LATER)
        assert not await permissions.opted_out("anna", "newsletter")
        await permissions.opt_out("anna", "newsletter", LATER, "m4")
        assert await permissions.opted_out("anna", "newsletter")


async def test_a_reported_unsubscribe_is_an_opt_out_and_no_later_consent_lifts_it(database: Database) -> None:
    everything, topic = track(names.UNSUBSCRIBED), track(names.UNSUBSCRIBED, "ben", properties={"topic": "newsletter"})
    await commit(database, identify(traits={"consent": True}), everything, topic)
    await commit(database, everything, identify(traits={"consent": True}, at=LATER))  # the first is known already

    async with database.read() as session:
        permissions = Permissions(session)
        assert await permissions.opt_outs("anna") == {"*"}
        assert await permissions.opt_outs("ben") == {"newsletter"}
        assert await Suppressions(session).reason("anna") is None


@pytest.mark.parametrize(
    ("name", "properties", "reason"),
    [
        (names.EMAIL_BOUNCED, {}, "hard bounce"),
        (names.EMAIL_BOUNCED, {"bounce_type": "soft"}, None),
        (names.EMAIL_COMPLAINED, {}, "complaint"),
    ],
)
async def test_a_reported_bounce_or_complaint_suppresses_the_address_unless_it_may_pass(
    database: Database, name: str, properties: dict[str, str], reason: str | None
) -> None:
    await commit(database, identify(traits={"email": "a@example.com"}), track(name, properties=properties))
    await commit(database, identify("other", traits={"email": "a@example.com"}))

    async with database.read() as session:
        permissions = Permissions(session)
        assert await Suppressions(session).reason("anna") == reason
        assert await Suppressions(session).reason("other") == reason
        assert await permissions.opt_outs("anna") == frozenset()


async def test_what_a_visitor_withdrew_is_withdrawn_of_the_customer_they_become(database: Database) -> None:
    for name in (names.UNSUBSCRIBED, names.EMAIL_COMPLAINED):
        await commit(database, track(name, None, anonymous_id="a-1"))
    await commit(database, identify(anonymous_id="a-1"))

    async with database.read() as session:
        permissions = Permissions(session)
        assert await permissions.opt_outs("anna") == {"*"}
        assert await Suppressions(session).reason("anna") == "complaint"


async def suppressions(database: Database, *customers: str) -> list[str | None]:
    """What bars each of them, by the gate and by the first look alike."""
    async with database.read() as session:
        known = await Customers(session).load(customers)
        leaves = await Allowances(session).of([each for each in known.values() if each.email])
        found = [await Suppressions(session).reason(each) for each in customers]
    reasons = dict(zip(customers, found, strict=True))
    assert {each: leave.barred for each, leave in leaves.items()} == {
        each: reasons[each] is not None for each in leaves
    }
    return found


@pytest.mark.parametrize(("name", "own_mailbox"), [(names.EMAIL_BOUNCED, None), (names.EMAIL_COMPLAINED, "complaint")])
async def test_a_mailbox_that_is_gone_shuts_that_address_and_an_angry_reader_is_angry_at_the_next(
    database: Database, name: str, own_mailbox: str | None
) -> None:
    old, new = {"email": "a@example.com"}, {"email": "new@example.com"}
    await commit(database, identify(traits=old), track(name))
    [reason] = await suppressions(database, "anna")
    assert reason is not None
    await commit(database, identify(traits=new, at=LATER), identify("ben", traits=old, at=LATER))
    assert await suppressions(database, "anna", "ben") == [own_mailbox, reason]
    await commit(database, identify(traits=old, at=LATER))
    assert await suppressions(database, "anna") == [reason]


async def test_an_angry_reader_stays_angry_though_the_mailbox_was_gone_before(database: Database) -> None:
    await commit(database, identify(traits={"email": "a@example.com"}), track(names.EMAIL_BOUNCED))
    await commit(database, track(names.EMAIL_COMPLAINED))
    assert await suppressions(database, "anna") == ["hard bounce"]
    await commit(database, identify(traits={"email": "new@example.com"}, at=LATER))
    assert await suppressions(database, "anna") == ["complaint"]


@pytest.mark.parametrize("name", [names.EMAIL_BOUNCED, names.EMAIL_COMPLAINED])
async def test_an_address_that_a_visitor_mistyped_silences_nobody_they_turn_out_to_be(
    database: Database, name: str
) -> None:
    """What came of a visitor's mail to the customer's own address counts, and so does that of a nameless visitor."""
    typo, right = {"email": "anan@typo.example"}, {"email": "anna@right.example"}
    for user, visitor, traits in (("anna", "v1", typo), ("ben", "v2", right), ("carl", "v3", {})):
        await commit(database, identify(user, traits=right))
        await commit(database, identify(None, anonymous_id=visitor, traits=traits))
    await commit(database, track(name, None, anonymous_id="v1"))
    await commit(database, identify("anna", anonymous_id="v1", at=LATER))
    assert await suppressions(database, "anna") == [None]
    await commit(database, identify("dora", traits=typo))
    assert None not in await suppressions(database, "dora"), "the address stays shut"

    await commit(database, track(name, None, anonymous_id="v2"), track(name, None, anonymous_id="v3"))
    await commit(database, identify("ben", anonymous_id="v2", at=LATER), identify("carl", anonymous_id="v3", at=LATER))
    assert None not in await suppressions(database, "ben", "carl")


async def test_no_crowd_of_visitors_hides_what_was_said_for_a_mailbox(database: Database) -> None:
    """Pages may tell any address and any moment."""
    traits = {"email": "anna@example.com"}
    await commit(database, identify(traits=traits), track(names.UNSUBSCRIBED))
    long_ago: dict[str, Any] = {
        "at": NOON - timedelta(days=3000),
        "received_at": NOON,
        "public": True,
        "traits": traits,
    }
    await commit(database, *(identify(None, anonymous_id=f"v{number}", **long_ago) for number in range(MOST_SHARERS)))
    await commit(database, identify("ben", traits=traits))
    async with database.read() as session:
        assert await Permissions(session).opt_outs("ben") == {"*"}

    await commit(database, identify(None, anonymous_id="one more", **long_ago), identify("anna", **long_ago))
    assert (await read_customer(database, "anon-one more")).email is None, "nor does the crowd grow by pages"
    assert (await read_customer(database)).email == traits["email"]


async def test_a_question_about_a_mailbox_reads_no_whole_table(postgresql_database: Database) -> None:
    """By what PostgreSQL means to do with tables that are filled."""
    opt_outs = table_of(OptOutRecord)
    facts = "email, traits, cart, orders, lifetime_value, first_seen_at, last_seen_at, counts"
    values = "n || '@example.com', '{}', '{}', 0, 0, now(), now(), '{}' FROM generate_series(1, 5000) n"
    filled = [
        f"INSERT INTO customers (id, {facts}) SELECT n, {values}",
        "INSERT INTO opt_outs (customer_id, topic, source, at) SELECT id, '*', 'm', now() FROM customers",
        "ANALYZE customers, opt_outs",
    ]
    theirs = select(opt_outs.c.topic).where(shared_with(opt_outs.c.customer_id, "77"))
    async with postgresql_database.transaction() as session:
        connection = await session.connection()
        for statement in filled:
            await connection.execute(text(statement))
        query = theirs.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        plan = "\n".join((await connection.execute(text(f"EXPLAIN {query}"))).scalars())
    assert "Seq Scan" not in plan, plan


async def test_a_suppression_follows_the_address(database: Database) -> None:
    await commit(database, identify("anna", traits={"email": "Anna@Example.com"}), identify("ben"))
    async with database.transaction() as session:
        suppressions = Suppressions(session)
        assert await suppressions.reason("anna") is None
        await suppressions.suppress("anna", "hard bounce", NOON, "m1")
        await suppressions.suppress("anna", "complaint", NOON, "m2")
        await suppressions.suppress("ben", "sunset", NOON, "segue")

    await commit(database, identify("other", traits={"email": "anna@example.com"}))
    await commit(database, identify("ben", traits={"email": "ben@example.com"}, at=LATER))

    async with database.read() as session:
        suppressions = Suppressions(session)
        assert await suppressions.reason("anna") == "hard bounce", "the first reason stays"
        assert await suppressions.reason("other") == "hard bounce"
        assert await suppressions.reason("ben") == "sunset"
        assert await suppressions.reason("nobody") is None
