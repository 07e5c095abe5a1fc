"""Erasures: somebody asked to be forgotten, and at last nothing is left of them but a salted hash and a date.

Asking and forgetting are a transaction each. Between them stand the enrollments, which end on Temporal first
(`starter.erasing`). So whatever dies on the way, either everything is there and the request stands, or nothing is.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update

from domain.enrollment import EnrollmentRow, State
from domain.errors import TransientError
from domain.model import CustomerId, Instant, Value
from storage.customers import Customers
from storage.enrollments import Enrollments
from storage.identities import Identities
from storage.personal import erased_columns
from storage.repository import Repository
from storage.salt import Salt, hashes_of
from storage.suppressions import ERASURE, Suppressions
from storage.tables import ENROLLMENTS, ERASURES, JOINS, SUPPRESSIONS

_FORMER = select(JOINS.c.former_id)


class StillEnrolledError(TransientError):
    """The customer is in a journey, which has to end before its rows go."""


class Erasure(Value):
    """A request that stands."""

    id: str
    customer: CustomerId
    source: str
    """Where it was asked for."""
    asked_at: Instant


class Forgotten(Value):
    """How many rows went, by table. Nothing of it is kept."""

    rows: dict[str, int]


class Erasures(Repository):
    """Takes requests, and carries them out in the database."""

    async def request(self, customer: str, source: str, at: datetime) -> bool:
        """Ask for a customer to be forgotten: from now on no mail goes to them. Whether this was the first request.

        Whoever asked under an id that is another customer's by now, since they signed in meanwhile, is that customer.

        Raises:
            UnknownCustomerError: nobody of that id is known, or no longer.
        """
        if await self.of(customer) is not None:
            return False
        await Identities(self.session).hold_shared()
        customers, asked = Customers(self.session), customer
        customer = (await customers.hold_owner(lambda: customers.current(asked))).id
        if await self.of(customer) is not None:
            return False
        row = {"id": secrets.token_hex(16), "customer_id": customer, "source": source, "asked_at": at}
        await self.execute(self.insert(ERASURES), [row])
        await Suppressions(self.session).suppress_for_erasure(customer, at, source=str(row["id"]))
        return True

    async def open(self) -> list[Erasure]:
        """Requests that stand, the first one first."""
        standing = select(ERASURES).where(ERASURES.c.customer_id.is_not(None))
        rows = await self.execute(standing.order_by(ERASURES.c.asked_at, ERASURES.c.id))
        return [_erasure_of(row) for row in rows]

    async def of(self, customer: str) -> Erasure | None:
        """The first request that stands of a customer, by the id they have now; None: they are there, and stay."""
        theirs = select(ERASURES).where(ERASURES.c.customer_id == customer)
        row = (await self.execute(theirs.order_by(ERASURES.c.asked_at, ERASURES.c.id).limit(1))).first()
        return _erasure_of(row) if row is not None else None

    async def enrollments(self, erasure: Erasure) -> list[EnrollmentRow]:
        """Every enrollment of the customer, under former ids as well."""
        ids = await self.ids(erasure)
        return [row for each in ids for row in await Enrollments(self.session).of_customer(each)]

    async def ids(self, erasure: Erasure) -> Sequence[str]:
        """The customer's id, and those they had before it was known who they are.

        Not an id that is somebody else's: a browser's goes to whoever signs in there next, and is a stranger's again
        once they are erased. What the customer did under it was moved to them, and is found by its rows.
        """
        return await self.ids_of(erasure.customer)

    async def ids_of(self, customer: str) -> Sequence[str]:
        """The same, of a customer of whom no erasure was asked for."""
        leads = set(await Identities(self.session).former_ids(customer))
        joined = set((await self.execute(_FORMER.where(JOINS.c.customer_id == customer))).scalars())
        others = _FORMER.where(JOINS.c.former_id.in_(leads | joined), JOINS.c.customer_id != customer)
        passed_on = set((await self.execute(others)).scalars())
        alive = {each.id for each in (await Customers(self.session).load(joined - leads)).values() if each.counts}
        return [customer, *sorted((leads | joined) - passed_on - alive)]

    async def is_of_another(self, former: str, email: str | None, *, goes_along: bool) -> bool:
        """Whether an erasure was asked for of a former id, and not in the mailbox of whom it turned out to be.

        It is no word of that customer's. And what is to be erased must not become theirs first.

        Args:
            former: held.
            email: the customer's.
            goes_along: whether the customer is believed to be them (`domain.mailbox`): it decides where the erasure was
                asked for without a mailbox.
        """
        asked_for = (SUPPRESSIONS.c.source == ERASURES.c.id) & (SUPPRESSIONS.c.reason == ERASURE)
        found = select(SUPPRESSIONS.c.email_hash).select_from(ERASURES).outerjoin(SUPPRESSIONS, asked_for)
        hashes = set((await self.execute(found.where(ERASURES.c.customer_id == former))).scalars())
        if not hashes - {None}:
            return bool(hashes) and not goes_along
        return email is None or hashes.isdisjoint(hashes_of(email, await Salt(self.session).find()))

    async def forget(self, erasure: Erasure, at: datetime) -> Forgotten:
        """Delete every row of the customer. The hash of their address stays, and that somebody was erased.

        Done before, it changes nothing.

        Raises:
            StillEnrolledError: an enrollment has not ended.
        """
        await Identities(self.session).hold_alone()
        ids = await self.ids(erasure)
        await Customers(self.session).hold_all(ids)
        if await self._is_enrolled(ids):
            raise StillEnrolledError(f"erasure {erasure.id} waits for an enrollment to end")
        await Suppressions(self.session).suppress_for_erasure(erasure.customer, at, source=erasure.id)
        await self._keep_hashes_alone(erasure, ids)
        rows = {
            str(column.table.name): (await self.execute(delete(column.table).where(column.in_(ids)))).rowcount
            for column in erased_columns()
        }
        done = update(ERASURES).where(ERASURES.c.customer_id.in_(ids))
        await self.execute(done.values(customer_id=None, done_at=at))
        return Forgotten(rows=rows)

    async def _is_enrolled(self, ids: Sequence[str]) -> bool:
        open_ones = select(ENROLLMENTS.c.id).where(ENROLLMENTS.c.customer_id.in_(ids))
        return (await self.execute(open_ones.where(ENROLLMENTS.c.state != State.ENDED))).first() is not None

    async def _keep_hashes_alone(self, erasure: Erasure, ids: Sequence[str]) -> None:
        """Suppressions lose all but reason, time and hash; where there is no hash, they are nobody's any more."""
        theirs = SUPPRESSIONS.c.customer_id.in_(ids)
        await self.execute(delete(SUPPRESSIONS).where(theirs, SUPPRESSIONS.c.email_hash.is_(None)))
        await self.execute(update(SUPPRESSIONS).where(theirs).values(customer_id=None, source=erasure.id))


def _erasure_of(row: Row[Any]) -> Erasure:
    return Erasure(id=row.id, customer=row.customer_id, source=row.source, asked_at=row.asked_at)
