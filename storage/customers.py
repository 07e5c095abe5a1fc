"""Customers: the facts about each, and the lock under which they change."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, func, select, update

from domain.customer import Customer
from domain.errors import UnknownCustomerError
from domain.identity import ANONYMOUS_PREFIX
from domain.model import Instant
from domain.profile import normalise_email
from storage.identities import Identities
from storage.repository import Repository
from storage.tables import CUSTOMERS

_SAVE = (
    update(CUSTOMERS)
    .where(CUSTOMERS.c.id == bindparam("new_id"))
    .values({column.name: bindparam(f"new_{column.name}") for column in CUSTOMERS.c if column.name != "id"})
)
_IS_VISITOR = func.substr(CUSTOMERS.c.id, 1, len(ANONYMOUS_PREFIX)) == ANONYMOUS_PREFIX
_MEANT_FIRST = (_IS_VISITOR, CUSTOMERS.c.last_seen_at.desc(), CUSTOMERS.c.id)
"""Of several customers with one address."""


class Customers(Repository):
    """Reads customers, and locks them for whoever is about to decide something about them."""

    async def get(self, customer: str) -> Customer:
        """The facts now.

        Raises:
            UnknownCustomerError: nobody of that id was ever reported.
        """
        return (await self._get_all(select(CUSTOMERS).where(CUSTOMERS.c.id == customer), customer))[customer]

    async def hold_one(self, customer: str) -> Customer:
        """The facts, kept from changing until the transaction ends; other transactions that hold the customer wait.

        On SQLite nothing has to be locked: a writing transaction is the only one.

        Raises:
            UnknownCustomerError: nobody of that id was ever reported.
        """
        statement = select(CUSTOMERS).where(CUSTOMERS.c.id == customer)
        return (await self._get_all(self._for_update(statement), customer))[customer]

    async def hold_owner(self, find: Callable[[], Awaitable[str]]) -> Customer:
        """Hold whoever something belongs to, although a join may give it to somebody else meanwhile.

        Args:
            find: reads the owner's id, in this transaction.

        Raises:
            UnknownCustomerError: the owner is not known any more.
        """
        owner = await find()
        while True:
            held = (await self.hold_all([owner])).get(owner)
            before, owner = owner, await find()
            if owner != before:
                continue
            if held is None:
                raise UnknownCustomerError(f"no customer {owner!r} was ever reported")
            return held

    async def find(self, reference: str) -> str | None:
        """The canonical id of whoever a person means: by customer id, user id, anonymous id or address.

        Of several customers with one address, the one seen last; a visitor, whose address anybody may have told, only
        where nobody else has it.
        """
        identities = Identities(self.session)
        named = (await identities.find(user_id=reference), await identities.find(anonymous_id=reference), reference)
        found = await self.load({identifier for identifier in named if identifier is not None})
        by_id = next((identifier for identifier in named if identifier in found), None)
        return by_id or await self._find_by_email(reference)

    async def resolve(self, user_id: str | None = None, anonymous_id: str | None = None) -> str | None:
        """The canonical id behind a backend's ids; None when no event ever bore them."""
        identifier = await Identities(self.session).find(user_id, anonymous_id)
        return identifier if identifier is not None and await self.load([identifier]) else None

    async def current(self, customer: str) -> str:
        """Who a customer is by now whose id something recorded bears: somebody else where they were joined since.

        Rows move along with a join, so that this is for what was read before, or is told with the id of then.
        """
        return await self.resolve(user_id=customer) or customer

    async def with_email(self, email: str, limit: int | None = None) -> tuple[str, ...]:
        """Everybody who has an address now, by it in its normal form; with a limit, visitors last."""
        theirs = select(CUSTOMERS.c.id).where(CUSTOMERS.c.email == email)
        known_first = CUSTOMERS.c.id.startswith(ANONYMOUS_PREFIX, autoescape=True), CUSTOMERS.c.id
        return tuple((await self.execute(theirs.order_by(*known_first).limit(limit))).scalars())

    async def of_addresses(self, emails: Collection[str]) -> dict[str, tuple[str, ...]]:
        """The customers of each of several addresses; who is meant first, as `find` does. Unknown ones are left out."""
        found: dict[str, tuple[str, ...]] = {}
        theirs = select(CUSTOMERS.c.email, CUSTOMERS.c.id).where(CUSTOMERS.c.email.in_(sorted(emails)))
        for row in await self.execute(theirs.order_by(*_MEANT_FIRST)):
            found[row.email] = (*found.get(row.email, ()), row.id)
        return found

    async def load(self, customers: Collection[str]) -> dict[str, Customer]:
        """The facts of several; those who do not exist are left out."""
        rows = await self.execute(select(CUSTOMERS).where(CUSTOMERS.c.id.in_(sorted(customers))))
        return {row["id"]: _from_row(row) for row in rows.mappings()}

    async def hold_or_create(
        self, seen: Mapping[str, Instant], others: Collection[str] = ()
    ) -> dict[str, Customer | None]:
        """Hold customers to fold events into them, and create those who are new.

        Rows are created first, then locked in the order of their ids, by everybody: so nobody waits in a circle.

        Args:
            seen: customers with events, and when the first of these occurred.
            others: customers to hold as well, if they exist.

        Returns:
            The facts; None for a new customer, whose row is there but empty.
        """
        blank = [_to_row(Customer(id=each, first_seen_at=at, last_seen_at=at)) for each, at in sorted(seen.items())]
        statement = self.insert(CUSTOMERS).on_conflict_do_nothing(index_elements=["id"]).returning(CUSTOMERS.c.id)
        created = set((await self.execute(statement, blank)).scalars())
        wanted = select(CUSTOMERS).where(CUSTOMERS.c.id.in_({*seen, *others})).order_by(CUSTOMERS.c.id)
        rows = await self.execute(self._for_update(wanted))
        return {row["id"]: None if row["id"] in created else _from_row(row) for row in rows.mappings()}

    async def hold_all(self, customers: Collection[str]) -> dict[str, Customer]:
        """Hold customers who exist, in the order of their ids, as `hold_or_create` does."""
        wanted = select(CUSTOMERS).where(CUSTOMERS.c.id.in_(sorted(customers))).order_by(CUSTOMERS.c.id)
        rows = await self.execute(self._for_update(wanted))
        return {row["id"]: _from_row(row) for row in rows.mappings()}

    async def save(self, customers: Iterable[Customer]) -> None:
        """Write changed facts of customers that are held."""
        rows = [{f"new_{name}": value for name, value in _to_row(customer).items()} for customer in customers]
        if rows:
            await self.execute(_SAVE, rows)

    async def _get_all(self, statement: Select[Any], customer: str) -> dict[str, Customer]:
        found = {row["id"]: _from_row(row) for row in (await self.execute(statement)).mappings()}
        if not found:
            raise UnknownCustomerError(f"no customer {customer!r} was ever reported")
        return found

    async def _find_by_email(self, reference: str) -> str | None:
        email = normalise_email(reference)
        if email is None:
            return None
        statement = select(CUSTOMERS.c.id).where(CUSTOMERS.c.email == email).order_by(*_MEANT_FIRST)
        return (await self.execute(statement.limit(1))).scalar()

    def _for_update(self, statement: Select[Any]) -> Select[Any]:
        return statement.with_for_update() if self.is_postgresql else statement


def _to_row(customer: Customer) -> dict[str, Any]:
    row = {name: getattr(customer, name) for name in Customer.model_fields}
    return row | {"cart": customer.cart.model_dump(mode="json")}


def _from_row(row: RowMapping) -> Customer:
    return Customer.model_validate(dict(row))
