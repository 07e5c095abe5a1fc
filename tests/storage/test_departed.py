"""Customers who are gone are forgotten, come back as strangers, and what they refused holds all the same."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from domain import event as names
from domain.event import Event
from domain.gate import ConsentRule
from domain.message import ledger_id
from domain.preferences import Choices, Frequency
from domain.retention import Keeping, RetentionPolicy
from storage.allowances import Allowances
from storage.customers import Customers
from storage.database import Database
from storage.enrollments import Enrollments
from storage.erasures import Erasures
from storage.ledger import Ledger
from storage.permissions import Consent, Permissions
from storage.preferences import PreferenceLog
from storage.retention import MOST_CUSTOMERS, Sweep
from storage.suppressions import Suppressions
from storage.tables import EventRecord, table_of
from tests.storage.everything import contents, fill
from tests.storage.retaining import retain
from tests.storage.samples import NOON, SEND, commit, enrollment, gate_request, identify, ordered, read_customer, track

DAY = timedelta(days=1)
POLICY = RetentionPolicy(customers=400 * DAY)
GONE = NOON + 401 * DAY
ADDRESS = "anna@example.com"


async def told(database: Database, *events: Event) -> None:
    """Commit events, and take them for delivered."""
    await commit(database, *events)
    async with database.transaction() as session:
        await (await session.connection()).execute(update(table_of(EventRecord)).values(dispatched_at=NOON))


async def known(database: Database, *, at: Any = NOON, email: str = ADDRESS, **traits: Any) -> None:
    await told(database, identify("anna", at=at, traits={"email": email, **traits}))


async def forget(database: Database) -> int:
    return (await retain(database, GONE, POLICY))[Keeping.CUSTOMERS]


async def allowed(database: Database, customer: str = "anna", topic: str = "news") -> tuple[bool, bool]:
    """Whether marketing about a topic may go, as the gate reads it and as sources do; consent is assumed."""
    async with database.read() as session:
        permissions = Permissions(session)
        one = (
            not await permissions.opted_out(customer, topic) and await permissions.consent(customer, topic) is not False
        )
        one &= await Suppressions(session).reason(customer) is None
        leaves = await Allowances(session).of([await Customers(session).get(customer)])
        return one, leaves[customer].allows(topic, ConsentRule.ASSUMED)


async def test_only_those_go_of_whom_there_is_nothing_for_as_long(database: Database) -> None:
    recent = GONE - 399 * DAY

    async def mail(customer: str) -> None:
        async with database.transaction() as session:
            request = gate_request("late", customer)
            await Ledger(session).decide(request, SEND, NOON)
            body: dict[str, Any] = {
                "subject": "",
                "html": "",
                "text": "",
                "links": (),
                "rfc_message_id": f"<{customer}>",
            }
            await Ledger(session).store_body(ledger_id(request.enrollment, "late"), now=NOON, **body)
            await Ledger(session).hand_over(ledger_id(request.enrollment, "late"), recent)

    people = [f"c-{number}" for number in range(MOST_CUSTOMERS + 5)]
    stay = ["seen", "ordered", "mailed", "agreed", "refused", "chose", "enrolled", "erased"]
    conclusions = [track(name, people[0], at=recent) for name in (names.BIRTHDAY, names.EMAIL_OPENED_BY_MACHINE)]
    await told(
        database,
        *(identify(each, traits={"email": f"{each}@example.com"}) for each in (*people, *stay)),
        *conclusions,
        track(names.PRODUCT_VIEWED, "seen", at=recent),
        ordered("o-1", "ordered", at=recent),
        track(names.PRODUCT_VIEWED, None, anonymous_id="a stranger"),
    )
    await mail("mailed")
    async with database.transaction() as session:
        permissions = Permissions(session)
        agreed = Consent(customer="agreed", topic="*", granted=True, source="form", at=recent)
        await permissions.record([agreed])
        await permissions.opt_out("refused", "news", recent, "a mail")
        await PreferenceLog(session).choose("chose", Choices(frequency=Frequency.WEEKLY), recent, "a mail")
        await Enrollments(session).open(enrollment(customer="enrolled"))
        await Erasures(session).request("erased", "a test", NOON)

    assert (await retain(database, GONE, RetentionPolicy(strangers=None)))[Keeping.BODIES] == 0
    only = POLICY.model_copy(update={"strangers": None, "bodies": None})
    assert await retain(database, GONE, only) == {Keeping.CUSTOMERS: len(people)}

    async with database.read() as session:
        left = await Customers(session).load([*people, *stay, "anon-a stranger"])
    assert sorted(left) == sorted([*stay, "anon-a stranger"])


async def test_nothing_is_left_of_them_but_hashes_and_they_come_back_as_strangers(database: Database) -> None:
    await fill(database, "anna", ADDRESS)
    await told(database)
    assert await forget(database) == 1
    after = await contents(database)
    assert "anna" not in str(after).replace("visitor-of-", "")
    await known(database, at=GONE)
    anna = await read_customer(database)
    assert (anna.first_seen_at, anna.orders, anna.email) == (GONE, 0, ADDRESS)
    async with database.read() as session:
        assert await Permissions(session).consents("anna") == ()


@pytest.mark.parametrize(
    ("topics", "about", "holds"), [(["*"], "news", True), (["news"], "news", True), (["news"], "cart", False)]
)
async def test_an_opt_out_outlives_its_customer(
    database: Database, topics: Sequence[str], about: str, *, holds: bool
) -> None:
    await known(database)
    await told(database, identify("ben", at=NOON, traits={"email": "ben@example.com"}))
    async with database.transaction() as session:
        for topic in topics:
            await Permissions(session).opt_out("anna", topic, NOON, "a mail")
    assert await forget(database) == 2
    await known(database, at=GONE, consent=True)
    await told(database, identify("another", at=GONE, traits={"email": ADDRESS, "consent": True}))
    assert await allowed(database, topic=about) == (not holds, not holds)
    assert await allowed(database, "another", about) == (not holds, not holds), "it is the mailbox's"
    async with database.transaction() as session:
        lifted = [await Permissions(session).lift_opt_out("another", topic, GONE, by="a mail") for topic in topics]
    assert all(lifted)
    assert await allowed(database, topic=about) == (True, True), "its reader wants it again"


async def test_a_refused_consent_holds_until_a_later_one(database: Database) -> None:
    await known(database)
    async with database.transaction() as session:
        said = [("*", True, 0), ("news", False, 1), ("cart", True, 1)]
        await Permissions(session).record(
            [
                Consent(customer="anna", topic=topic, granted=granted, source="form", at=NOON + hours * DAY / 24)
                for topic, granted, hours in said
            ]
        )
    assert await forget(database) == 1
    await known(database, at=GONE)
    assert await allowed(database) == (False, False)
    assert await allowed(database, topic="cart") == (True, True)
    async with database.read() as session:
        assert await Permissions(session).consent("anna", "cart") is None, "a granted one is not kept"
    async with database.transaction() as session:
        again = Consent(customer="anna", topic="news", granted=True, source="form", at=GONE)
        await Permissions(session).record([again])
    assert await allowed(database) == (True, True)


async def test_whoever_wanted_no_mail_at_all_still_wants_none(database: Database) -> None:
    await known(database, email_frequency="never")
    assert await forget(database) == 1
    await known(database, at=GONE)
    assert await allowed(database) == (False, False)


@pytest.mark.parametrize("reason", ["complaint", "hard bounce"])
async def test_what_bars_a_mailbox_outlives_its_customer(database: Database, reason: str) -> None:
    await known(database, email="former@example.com")
    async with database.transaction() as session:
        await Suppressions(session).suppress("anna", reason, NOON, "a report about anna")
    await known(database)
    was_barred = (await allowed(database))[0] is False
    assert was_barred == (reason == "complaint"), "a complaint bars them at every address"
    assert await forget(database) == 1
    for email, barred in ((ADDRESS, was_barred), ("former@example.com", True), ("new@example.com", False)):
        await told(database, identify(email, at=GONE, traits={"email": email}))
        async with database.read() as session:
            who = await Customers(session).find(email)
            assert who is not None
            assert (await Suppressions(session).reason(who) == reason) == barred, email
    assert "anna" not in str((await contents(database))["suppressions"])


async def test_forgetting_again_keeps_nothing_twice(database: Database) -> None:
    for _ in range(2):
        await known(database)
        async with database.transaction() as session:
            await Permissions(session).opt_out("anna", "*", NOON, "a mail")
            await Suppressions(session).suppress("anna", "complaint", NOON, "a report")
        assert await forget(database) == 1
    assert len((await contents(database))["suppressions"]) <= 3


async def test_by_default_nobody_is_forgotten_for_age(sqlite_database: Database) -> None:
    await known(sqlite_database)
    assert (await Sweep(sqlite_database, RetentionPolicy()).step(NOON + 36_500 * DAY)).keeping == ""
