"""Whatever strangers send is a value in the database, and never a part of a statement."""

import pytest

from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.ledger import Ledger
from storage.write_keys import WriteKeys
from tests.storage.samples import NOON, commit, identify, track

HOSTILE = [
    "'; DROP TABLE events; --",
    '"; DROP TABLE events; --',
    "' OR '1'='1",
    "%' OR 1=1 --",
    "_%_%",
    "$1 :name ? %s {0}",
    "\\'; SELECT pg_sleep(9); --",
    "1; ATTACH DATABASE 'x' AS y",
    "../../etc/passwd",
]


async def test_hostile_texts_are_kept_and_found_as_they_are(database: Database) -> None:
    for text in HOSTILE:
        await commit(
            database,
            identify(text, traits={text: text}, message_id=f"i {text}"),
            track(text, text, message_id=text, properties={text: [text]}, context={text: text}),
        )
    async with database.read() as session:
        customers, events, ledger = Customers(session), EventStore(session), Ledger(session)
        for text in HOSTILE:
            assert await customers.find(text) == text
            assert (await customers.get(text)).traits == {text: text}
            assert [each.event.name for each in await events.of_names(text, [text])] == [text]
            assert await ledger.list(customer=text) == []
            assert await ledger.list(journey=text) == []
        assert await events.count_pending() == 2 * len(HOSTILE)


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_reference_finds_nobody(sqlite_database: Database, text: str) -> None:
    await commit(sqlite_database, identify("anna", traits={"email": "anna@shop.example"}))
    async with sqlite_database.transaction() as session:
        assert await Customers(session).find(text) is None
        await WriteKeys(session).note_use([text], NOON)


async def test_of_words_that_mails_show_nothing_is_kept_that_nobody_sees(sqlite_database: Database) -> None:
    lamp = {"product_id": "l\u200bamp", "name": "Lamp\u202e", "category": "نور\u200f", "price": 9}
    browser = {"userAgentData": {"name": "B\u202e"}, "traits": {"firstName": "An\u200bna"}}
    await commit(sqlite_database, track("Product Added", properties=lamp, context=browser))
    async with sqlite_database.read() as session:
        (stored,) = await EventStore(session).of_names("anna", ["Product Added"])
        customer = await Customers(session).get("anna")
    assert stored.event.properties == lamp | {"name": "Lamp", "category": "نور"}, "an id is no word"
    assert stored.event.context == browser | {"traits": {"firstName": "Anna"}}
    (line,) = customer.cart.lines
    assert (line.name, line.category, customer.first_name) == ("Lamp", "نور", "Anna")
