"""Visitors who sign in while everything is killed: each is one person, with one journey and each mail once."""

from pathlib import Path

from temporalio.client import Client

from domain import event as names
from domain.enrollment import EnrollmentRow, OutcomeKind, State
from starter.client import SegueClient
from storage.database import Database
from temporal import connect
from tests.stack.backend import backend_of
from tests.stack.books import Books
from tests.stack.processes import addresses_of, stack_up
from tests.stack.shop import CART, LAMP
from tests.stack.waiting import until

PACE = ("--pace", "1200")
"""Three seconds from the cart to the reminder: the visitor signs in meanwhile."""


async def visitor_signs_in(books: Books, client: SegueClient, browser: str, customer: str) -> None:
    """Somebody fills a cart and, once a journey runs for it, turns out to be a customer."""
    await client.track(None, names.PRODUCT_ADDED, LAMP, anonymous_id=browser)
    await until(lambda: books.enrollments(f"anon-{browser}"))
    traits = {"email": f"{customer}@shop.example", "firstName": customer.title(), "consent": True}
    await client.identify(customer, traits, anonymous_id=browser)


async def test_two_carts_and_one_person_through_a_kill(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    database = Database(str(folder / "segue.db"))
    books = Books(database, folder / "inbox")
    with stack_up(folder, *PACE) as first:
        async with backend_of(first, folder) as backend:
            await backend.fill_cart("anna")
            await books.letter("anna")
            await visitor_signs_in(books, backend.client, "v1", "anna")
            await visitor_signs_in(books, backend.client, "v2", "clara")
            first.kill_group()

    with stack_up(folder, *PACE) as second:
        temporal = await connect((await addresses_of(second, folder)).temporal, namespace="default")
        async with backend_of(second, folder) as backend:
            await books.letter("clara")
            assert await listed(temporal, "clara") == [CART + "/anon-v2"]
            ended, running = await until(
                lambda: carts(books, "anna"), lambda rows: len(rows) == 2 and not is_open(rows[0])
            )
            assert (ended.workflow_id, running.workflow_id) == (CART + "/anon-v1", CART + "/anna")
            assert ended.outcome is not None
            assert (ended.outcome.kind, ended.outcome.mails) == (OutcomeKind.SUPERSEDED, 0)
            await backend.order("anna", "o-1")
            await backend.order("clara", "o-2")
            for customer in ("anna", "clara"):
                await until(lambda: carts(books, customer), lambda rows: not any(map(is_open, rows)))  # noqa: B023
                await books.letter(customer, 2)
        await books.agree()
        for customer in ("anna", "clara"):
            assert await books.sent(customer) == ["cart/reminder", "post_purchase/confirmation"]
            kinds = [row.outcome.kind for row in await carts(books, customer) if row.outcome]
            assert kinds.count(OutcomeKind.CONVERTED) == 1
        assert await books.ledger("anon-v1") == []
        assert await books.ledger("anon-v2") == []
    await database.aclose()


async def carts(books: Books, customer: str) -> list[EnrollmentRow]:
    """The customer's cart recoveries, the superseded first."""
    rows = [row for row in await books.enrollments(customer) if row.journey == CART]
    return sorted(rows, key=lambda row: row.outcome is None or row.outcome.kind is not OutcomeKind.SUPERSEDED)


def is_open(row: EnrollmentRow) -> bool:
    return row.state is not State.ENDED


async def listed(client: Client, customer: str) -> list[str]:
    """Workflow ids of the customer's cart recoveries, as Temporal lists them, once it lists any."""

    async def look() -> list[str]:
        query = f"SegueCustomer = '{customer}' AND SegueJourney = '{CART}'"
        return [each.id async for each in client.list_workflows(query)]

    return await until(look)
