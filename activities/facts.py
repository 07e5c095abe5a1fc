"""Reads single facts about a customer, fresh."""

from temporalio import activity

from domain import calls
from domain.civil import next_local, zone_or_default
from domain.facts import FACTS
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore


class FactActivities:
    """Questions that journeys branch on or wait by. None changes anything."""

    def __init__(self, database: Database, default_zone: str) -> None:
        self._database, self._default_zone = database, default_zone

    @activity.defn(name=calls.READ_FACT)
    async def read_fact(self, request: calls.FactRequest) -> calls.FactAnswer:
        """Read one declared fact."""
        async with self._database.read() as session:
            customer = await Customers(session).get(request.customer)
        return calls.FactAnswer(value=FACTS[request.fact].read(customer, request.occasion))

    @activity.defn(name=calls.READ_ACTIVITY)
    async def read_last_activity(self, request: calls.ActivityRequest) -> calls.LastActivity:
        """Find when the customer last did one of several things."""
        async with self._database.read() as session:
            at = await EventStore(session).last_activity(request.customer, request.names)
        return calls.LastActivity(at=at)

    @activity.defn(name=calls.NEXT_LOCAL)
    async def find_local_time(self, request: calls.LocalTimeRequest) -> calls.LocalTime:
        """Find when the customer's wall clock next shows a time, in the zone they have now."""
        async with self._database.read() as session:
            customer = await Customers(session).get(request.customer)
        zone = zone_or_default(customer.timezone, self._default_zone)
        return calls.LocalTime(at=next_local(request.after, zone, request.wall_clock))
