"""Customers of whom nothing was heard for long, and to whom nothing went: who they are, and forgetting them.

It is no erasure: nobody asked for one. They may come back, as strangers do who were never here. What they refused holds
on for their mailbox (`storage.refusals`), and so do bounces and complaints, by a salted hash.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, delete, exists, or_, select, text, update

from domain.consent import standing
from domain.customer import Customer
from domain.enrollment import State
from domain.event import CONCLUDED, EMAIL_CLICKED_BY_MACHINE, EMAIL_OPENED_BY_MACHINE
from domain.preferences import NO_CHOICES, read_preferences
from domain.profile import ALL_MARKETING
from storage.customers import Customers
from storage.erasures import Erasures
from storage.mailboxes import Mailboxes
from storage.permissions import Permissions
from storage.personal import erased_columns
from storage.preferences import PreferenceLog
from storage.refusals import OPT_OUT, REFUSED, SOURCE, Refusal, Refusals
from storage.repository import Repository
from storage.salt import Salt, hash_email
from storage.suppressions import IN_FORCE, WHATEVER_THE_ADDRESS
from storage.tables import (
    CHOICES,
    CONSENTS,
    CUSTOMERS,
    ENROLLMENTS,
    ERASURES,
    EVENTS,
    JOINS,
    MESSAGES,
    OPT_OUTS,
    ORDERS,
    STRANGER,
    SUPPRESSIONS,
)

NOT_THEIRS: Final = (*CONCLUDED, EMAIL_OPENED_BY_MACHINE, EMAIL_CLICKED_BY_MACHINE)
"""Events that are no sign of anybody: what Segue itself concluded, and what programs did."""


def select_unseen(until: datetime) -> Select[Any]:
    """Known customers who were not there since a moment, their ids as `key`, in the order of these.

    No index helps: one that every event would have to keep up costs more than to go over the customers once a day.
    """
    found = select(CUSTOMERS.c.last_seen_at.label("moment"), CUSTOMERS.c.id.label("key"))
    return found.where(CUSTOMERS.c.last_seen_at < until, text(f"NOT ({STRANGER})")).order_by(CUSTOMERS.c.id)


def select_departed(until: datetime) -> Select[Any]:
    """Those of whom there is nothing else either: to be asked of some at once, by their ids."""
    since = [
        _of_them(EVENTS.c.customer_id, EVENTS.c.occurred_at >= until, EVENTS.c.name.not_in(NOT_THEIRS)),
        is_waited_for(CUSTOMERS.c.id),
        _of_them(ORDERS.c.customer_id, ORDERS.c.completed_at >= until),
        _of_them(MESSAGES.c.customer_id, MESSAGES.c.handed_over_at >= until),
        _of_them(CONSENTS.c.customer_id, CONSENTS.c.at >= until),
        _of_them(OPT_OUTS.c.customer_id, or_(OPT_OUTS.c.at >= until, OPT_OUTS.c.lifted_at >= until)),
        _of_them(CHOICES.c.customer_id, CHOICES.c.at >= until),
        is_in_a_journey(CUSTOMERS.c.id),
        # What somebody asked for is carried out as it was asked for.
        _of_them(ERASURES.c.customer_id),
    ]
    return select_unseen(until).where(*(~each for each in since))


def is_in_a_journey(customer: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether an enrollment of the customer's has not ended."""
    return exists().where(ENROLLMENTS.c.customer_id == customer, ENROLLMENTS.c.state != State.ENDED)


def is_waited_for(customer: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether something that the customer did still has to reach a journey."""
    return exists().where(
        EVENTS.c.customer_id == customer, EVENTS.c.dispatched_at.is_(None), EVENTS.c.parked_error.is_(None)
    )


def _of_them(owner: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(owner == CUSTOMERS.c.id, *conditions)


class Departed(Repository):
    """Forgets customers. To be called with who is whom shut, and the customers held (`storage.locks`)."""

    async def forget(self, customers: Sequence[str]) -> None:
        """Forget them. Of what they refused, and of what bars their mailbox, the hash stays."""
        known = await Customers(self.session).load(customers)
        mailboxes = {each.id: each.email for each in known.values() if each.email}
        await Mailboxes(self.session).hold(mailboxes.values())
        await Refusals(self.session).keep(await self._refused(mailboxes, known))
        await self._keep_bars(mailboxes)
        ids = await self._with_former(customers)
        theirs = SUPPRESSIONS.c.customer_id.in_(ids)
        is_kept = SUPPRESSIONS.c.email_hash.is_not(None) & ~SUPPRESSIONS.c.sunset
        await self.execute(update(SUPPRESSIONS).where(theirs, is_kept).values(customer_id=None, source=SOURCE))
        await self.delete(ids)

    async def delete(self, ids: Sequence[str]) -> None:
        """Delete every row under these ids, and suppressions that still name them."""
        for column in (SUPPRESSIONS.c.customer_id, *erased_columns()):
            await self.execute(delete(column.table).where(column.in_(ids)))

    async def _with_former(self, customers: Sequence[str]) -> Sequence[str]:
        """The customers, and the ids they had before it was known who they are: something may still be under these."""
        joined = set(
            (await self.execute(select(JOINS.c.customer_id).where(JOINS.c.customer_id.in_(customers)))).scalars()
        )
        ids = set(customers)
        for each in sorted(joined):
            ids.update(await Erasures(self.session).ids_of(each))
        return sorted(ids)

    async def _refused(
        self, mailboxes: Mapping[str, str], known: Mapping[str, Customer]
    ) -> Mapping[str, Sequence[Refusal]]:
        """What was said of each mailbox."""
        said = await Refusals(self.session).said_by(mailboxes)
        newest = await Permissions(self.session).newest(mailboxes)
        for (customer, topic), consent in newest.items():
            if standing(consent, newest.get((customer, ALL_MARKETING))) is False:
                said[mailboxes[customer]].append(Refusal(topic=topic, at=consent.at, reason=REFUSED))
        chosen = await PreferenceLog(self.session).of(mailboxes)
        for customer, email in mailboxes.items():
            if read_preferences(known[customer].traits, chosen.get(customer, NO_CHOICES)).wants_none:
                said[email].append(Refusal(topic=ALL_MARKETING, at=known[customer].last_seen_at, reason=OPT_OUT))
        return said

    async def _keep_bars(self, mailboxes: Mapping[str, str]) -> None:
        """What bars a customer whatever their address is kept for the one they have: they are told by nothing else."""
        theirs = SUPPRESSIONS.c.customer_id.in_(sorted(mailboxes)) & WHATEVER_THE_ADDRESS & IN_FORCE
        bars = [*await self.execute(select(SUPPRESSIONS).where(theirs).order_by(SUPPRESSIONS.c.id))]
        salt = await Salt(self.session).get() if bars else ""
        for bar in bars:
            hashed = hash_email(mailboxes[bar.customer_id], salt)
            if bar.email_hash != hashed:
                row = {"email_hash": hashed, "reason": bar.reason, "source": SOURCE, "at": bar.at}
                await self.execute(self.insert(SUPPRESSIONS), [row])
