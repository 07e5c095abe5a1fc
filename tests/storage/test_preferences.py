"""What recipients chose: a log that no backend writes to, and that goes along when customers are joined."""

from sqlalchemy import select

from domain.customer import Customer
from domain.gate import ConsentRule
from domain.preferences import NO_CHOICES, PAUSE, Choices, Frequency
from storage.allowances import Allowances
from storage.database import Database
from storage.permissions import Permissions
from storage.preferences import MOST, PreferenceLog
from storage.repository import Repository
from storage.tables import PreferenceRecord, table_of
from tests.storage.samples import MINUTE, NOON, added, commit, identify, read_customer

WEEKLY = Choices(frequency=Frequency.WEEKLY, paused_until=NOON + PAUSE)


async def choose(database: Database, choices: Choices, minute: int = 0, customer: str = "anna") -> None:
    async with database.transaction() as session:
        await PreferenceLog(session).choose(customer, choices, NOON + minute * MINUTE, f"message-{minute}")


async def chosen(database: Database, customer: str = "anna") -> Choices:
    async with database.read() as session:
        return await PreferenceLog(session).choices(customer)


async def log(database: Database) -> list[tuple[str, str, str | None, str]]:
    table = table_of(PreferenceRecord)
    async with database.read() as session:
        rows = await Repository(session).execute(select(table).order_by(table.c.id))
        return [(row.customer_id, row.about, row.value, row.source) for row in rows]


async def test_the_newest_choice_stands_and_the_history_stays(database: Database) -> None:
    await commit(database, identify("anna"))
    assert await chosen(database) == NO_CHOICES
    await choose(database, WEEKLY)
    await choose(database, WEEKLY.model_copy(update={"frequency": Frequency.MONTHLY, "paused_until": None}), 5)

    assert await chosen(database) == Choices(frequency=Frequency.MONTHLY)
    until = (NOON + PAUSE).isoformat().replace("+00:00", "Z")
    assert await log(database) == [
        ("anna", "frequency", "weekly", "message-0"),
        ("anna", "paused_until", until, "message-0"),
        ("anna", "frequency", "monthly", "message-5"),
        ("anna", "paused_until", None, "message-5"),
    ]


async def test_choosing_the_same_again_adds_nothing(database: Database) -> None:
    for minute in range(3):
        await choose(database, WEEKLY, minute)
    assert len(await log(database)) == 2


async def test_whoever_cannot_decide_fills_no_table(database: Database) -> None:
    await choose(database, Choices(language="de"))
    for minute in range(MOST + 5):
        await choose(database, Choices(language="de", paused_until=NOON + minute * MINUTE), minute)
    pauses = [source for _, about, _, source in await log(database) if about == "paused_until"]
    assert (len(pauses), pauses[0], pauses[-1]) == (MOST, "message-5", f"message-{MOST + 4}")
    assert await chosen(database) == Choices(language="de", paused_until=NOON + (MOST + 4) * MINUTE)


async def test_choices_go_along_when_a_visitor_turns_out_to_be_somebody(database: Database) -> None:
    await commit(database, added(user=None, anonymous_id="visitor"), identify("anna"))
    await choose(database, Choices(language="de", frequency=Frequency.DAILY), 0, "anon-visitor")
    await choose(database, Choices(frequency=Frequency.MONTHLY), 5)
    await commit(database, identify("anna", anonymous_id="visitor"))
    assert await chosen(database) == Choices(language="de", frequency=Frequency.MONTHLY)


async def test_only_the_refusal_of_one_mail_is_taken_back(database: Database) -> None:
    async with database.transaction() as session:
        permissions = Permissions(session)
        await permissions.opt_out("anna", "*", NOON, "message-1")
        assert not await permissions.lift_opt_out("anna", "*", NOON, by="message-2", said_by="message-2")
        assert await permissions.opt_outs("anna") == {"*"}
        assert await permissions.lift_opt_out("anna", "*", NOON, by="message-1", said_by="message-1")
        assert await permissions.opt_outs("anna") == frozenset()
        assert await permissions.count_lifted("anna", "*", "message-1") == 1


async def test_whoever_is_reported_as_wanting_nothing_gets_no_journey_unless_they_say_otherwise(
    database: Database,
) -> None:
    await commit(database, identify("anna", traits={"email": "anna@shop.example", "email_frequency": "never"}))
    anna = await read_customer(database)
    assert not await allowed(database, anna)
    await choose(database, Choices(frequency=Frequency.WEEKLY))
    assert await allowed(database, anna)


async def allowed(database: Database, customer: Customer) -> bool:
    async with database.read() as session:
        return (await Allowances(session).of([customer]))[customer.id].allows_any(ConsentRule.ASSUMED)
