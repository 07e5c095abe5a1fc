"""Whom marketing may reach at all, of many customers at once.

A first look, so that no journey begins that could not send: the gate asks again before each mail, by its own rules.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pydantic import Field
from sqlalchemy import or_, select

from domain.consent import standing
from domain.customer import Customer
from domain.gate import ConsentRule
from domain.model import Value
from domain.profile import ALL_MARKETING
from storage.permissions import Consent, Permissions, hash_email
from storage.repository import Repository
from storage.tables import OptOutRecord, SuppressionRecord, table_of

_OPT_OUTS = table_of(OptOutRecord)
_SUPPRESSIONS = table_of(SuppressionRecord)


class Leave(Value):
    """What one customer leaves room for."""

    said: Mapping[str, bool] = Field(default_factory=dict)
    """Topics about which consent was given or refused, as it stands now; `*` is all marketing."""
    opted_out: frozenset[str] = frozenset()
    barred: bool = False
    """No address, or suppressed: nothing at all may go to them."""

    def allows(self, topic: str, rule: ConsentRule) -> bool:
        """Whether marketing about a topic may go."""
        if self.barred or not {topic, ALL_MARKETING}.isdisjoint(self.opted_out):
            return False
        return self.said.get(topic, self.said.get(ALL_MARKETING, rule is ConsentRule.ASSUMED))

    def allows_any(self, rule: ConsentRule) -> bool:
        """Whether marketing about anything may go."""
        return any(self.allows(topic, rule) for topic in (*self.said, ALL_MARKETING))


class Leaves(Repository):
    """Reads what customers leave room for."""

    async def of(self, customers: Sequence[Customer]) -> dict[str, Leave]:
        """Each customer's, by id. Up to some thousand at once."""
        ids = [customer.id for customer in customers]
        said: dict[str, dict[str, Consent]] = defaultdict(dict)
        for (each, topic), consent in (await Permissions(self.session).newest(ids)).items():
            said[each][topic] = consent
        opted_out: dict[str, set[str]] = defaultdict(set)
        theirs = _OPT_OUTS.c.customer_id.in_(ids) & _OPT_OUTS.c.lifted_at.is_(None)
        for row in await self.execute(select(_OPT_OUTS.c.customer_id, _OPT_OUTS.c.topic).where(theirs)):
            opted_out[row.customer_id].add(row.topic)
        barred = await self._barred(customers)
        return {
            each: Leave(said=_standing(said[each]), opted_out=frozenset(opted_out[each]), barred=each in barred)
            for each in ids
        }

    async def _barred(self, customers: Sequence[Customer]) -> set[str]:
        hashes = [hash_email(customer.email) for customer in customers if customer.email]
        ids = [customer.id for customer in customers]
        theirs = or_(_SUPPRESSIONS.c.customer_id.in_(ids), _SUPPRESSIONS.c.email_hash.in_(hashes))
        theirs &= _SUPPRESSIONS.c.lifted_at.is_(None)
        columns = (_SUPPRESSIONS.c.customer_id, _SUPPRESSIONS.c.email_hash)
        found = {value for row in await self.execute(select(*columns).where(theirs)) for value in row}
        return {
            customer.id
            for customer in customers
            if not customer.email or customer.id in found or hash_email(customer.email) in found
        }


def _standing(newest: Mapping[str, Consent]) -> dict[str, bool]:
    general = newest.get(ALL_MARKETING)
    return {topic: standing(said, general) is True for topic, said in newest.items()}
