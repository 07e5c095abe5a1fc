"""Whom marketing may reach at all, of many customers at once.

A first look, so that no journey begins that could not send: the gate asks again before each mail, by its own rules.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pydantic import Field
from sqlalchemy import select

from domain.consent import Said, standing
from domain.customer import Customer
from domain.gate import ConsentRule
from domain.model import Value
from domain.preferences import NO_CHOICES, read_preferences
from domain.profile import ALL_MARKETING
from storage.permissions import Permissions
from storage.preferences import PreferenceLog
from storage.refusals import OPT_OUT, REFUSED, Refusals
from storage.repository import Repository
from storage.salt import Salt, hashes_of
from storage.suppressions import WHATEVER_THE_ADDRESS
from storage.tables import CUSTOMERS, OPT_OUTS, SUPPRESSIONS


class Allowance(Value):
    """What one customer allows."""

    said: Mapping[str, bool] = Field(default_factory=dict)
    """Topics about which consent was given or refused, as it stands now; `*` is all marketing."""
    opted_out: frozenset[str] = frozenset()
    wants_none: bool = False
    """Reported as wanting no marketing; see `domain.preferences`."""
    barred: bool = False
    """No address, or suppressed: nothing at all may go to them."""

    def allows(self, topic: str, rule: ConsentRule) -> bool:
        """Whether marketing about a topic may go."""
        if self.barred or self.wants_none or not {topic, ALL_MARKETING}.isdisjoint(self.opted_out):
            return False
        return self.said.get(topic, self.said.get(ALL_MARKETING, rule is ConsentRule.ASSUMED))

    def allows_any(self, rule: ConsentRule) -> bool:
        """Whether marketing about anything may go."""
        return any(self.allows(topic, rule) for topic in (*self.said, ALL_MARKETING))


class Allowances(Repository):
    """Reads what customers allow."""

    async def of(self, customers: Sequence[Customer]) -> dict[str, Allowance]:
        """Each customer's, by id. Up to some thousand at once."""
        ids = [customer.id for customer in customers]
        kept = await Refusals(self.session).of({customer.email for customer in customers if customer.email})
        said: dict[str, dict[str, Said]] = defaultdict(dict)
        for customer in customers:
            for refusal in kept.get(customer.email or "", ()):
                if refusal.reason == REFUSED:
                    said[customer.id][refusal.topic] = refusal
        for (each, topic), consent in (await Permissions(self.session).newest(ids)).items():
            if topic not in said[each] or consent.at >= said[each][topic].at:
                said[each][topic] = consent
        opted_out = await self._opted_out(customers)
        for customer in customers:
            opted_out[customer.id] |= {
                each.topic for each in kept.get(customer.email or "", ()) if each.reason == OPT_OUT
            }
        barred = await self._barred(customers)
        wants_none = await self._want_none(customers)
        return {
            each: Allowance(
                said=_standing(said[each]),
                opted_out=frozenset(opted_out[each]),
                wants_none=each in wants_none,
                barred=each in barred,
            )
            for each in ids
        }

    async def _opted_out(self, customers: Sequence[Customer]) -> dict[str, set[str]]:
        """The topics that each is opted out of, by a word of their own or of whoever has the same address."""
        opted_out: dict[str, set[str]] = defaultdict(set)
        own = OPT_OUTS.c.customer_id.in_([customer.id for customer in customers]) & OPT_OUTS.c.lifted_at.is_(None)
        for row in await self.execute(select(OPT_OUTS.c.customer_id, OPT_OUTS.c.topic).where(own)):
            opted_out[row.customer_id].add(row.topic)
        at_address: dict[str, set[str]] = defaultdict(set)
        sharing = CUSTOMERS.c.email.in_(sorted({customer.email for customer in customers if customer.email}))
        found = select(CUSTOMERS.c.email, OPT_OUTS.c.topic).distinct()
        found = found.join(OPT_OUTS, OPT_OUTS.c.customer_id == CUSTOMERS.c.id)
        for row in await self.execute(found.where(sharing, OPT_OUTS.c.lifted_at.is_(None))):
            at_address[row.email].add(row.topic)
        return {each.id: opted_out[each.id] | at_address[each.email or ""] for each in customers}

    async def _want_none(self, customers: Sequence[Customer]) -> set[str]:
        reported = {each.id: each.traits for each in customers if read_preferences(each.traits).wants_none}
        chosen = await PreferenceLog(self.session).of(reported) if reported else {}
        return {
            each
            for each, traits in reported.items()
            if read_preferences(traits, chosen.get(each, NO_CHOICES)).wants_none
        }

    async def _barred(self, customers: Sequence[Customer]) -> set[str]:
        salt = await Salt(self.session).find()
        hashes = {each.id: hashes_of(each.email, salt) for each in customers if each.email}
        some = [one for each in hashes.values() for one in each]
        by_person = SUPPRESSIONS.c.customer_id.in_([*hashes]) & WHATEVER_THE_ADDRESS
        in_force = SUPPRESSIONS.c.lifted_at.is_(None)
        persons = select(SUPPRESSIONS.c.customer_id).where(by_person, in_force)
        addresses = select(SUPPRESSIONS.c.email_hash).where(
            SUPPRESSIONS.c.email_hash.in_(some), in_force, SUPPRESSIONS.c.topic.is_(None)
        )
        found = {*(await self.execute(persons)).scalars(), *(await self.execute(addresses)).scalars()}
        return {
            customer.id
            for customer in customers
            if customer.id not in hashes or customer.id in found or not found.isdisjoint(hashes[customer.id])
        }


def _standing(newest: Mapping[str, Said]) -> dict[str, bool]:
    general = newest.get(ALL_MARKETING)
    return {topic: standing(said, general) is True for topic, said in newest.items()}
