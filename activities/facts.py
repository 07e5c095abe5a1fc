"""Reads single facts about a customer, fresh."""

from temporalio import activity

from activities.moment import moment_of
from activities.subject import subject
from domain import calls
from domain.civil import next_local, zone_or_default
from domain.clock import Clock
from domain.facts import FACTS
from domain.intent import Thresholds
from domain.moments import MOMENTS
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.portraits import Portraits


class FactActivities:
    """Questions that journeys branch on or wait by. None changes anything."""

    def __init__(self, database: Database, clock: Clock, default_zone: str, thresholds: Thresholds) -> None:
        self._database, self._clock = database, clock
        self._default_zone, self._thresholds = default_zone, thresholds

    @activity.defn(name=calls.READ_FACT)
    async def read_fact(self, request: calls.FactRequest) -> calls.FactAnswer:
        """Read one declared fact."""
        now = moment_of(request.at, self._clock) if request.at else self._clock.now()
        async with self._database.read() as session:
            customer = await subject(session, request)
            portrait = await Portraits(session).of(customer, request.occasion, now, self._thresholds)
        return calls.FactAnswer(value=FACTS[request.fact].read(portrait))

    @activity.defn(name=calls.READ_MOMENT)
    async def read_moment(self, request: calls.MomentRequest) -> calls.MomentAnswer:
        """Read one declared moment, as the newest event has it."""
        moment = MOMENTS[request.moment]
        async with self._database.read() as session:
            customer = await Customers(session).get(await subject(session, request))
            began = await EventStore(session).at(request.occasion.seq)
            said = await EventStore(session).of_names(customer.id, moment.said_by)
        return calls.MomentAnswer(at=moment.read(said, began, customer.timezone, self._default_zone))

    @activity.defn(name=calls.READ_ACTIVITY)
    async def read_last_activity(self, request: calls.ActivityRequest) -> calls.LastActivity:
        """Find when the customer last did one of several things."""
        async with self._database.read() as session:
            at = await EventStore(session).last_activity(await subject(session, request), request.names)
        return calls.LastActivity(at=at)

    @activity.defn(name=calls.NEXT_LOCAL)
    async def find_local_time(self, request: calls.LocalTimeRequest) -> calls.LocalTime:
        """Find when the customer's wall clock next shows a time, in the zone they have now."""
        async with self._database.read() as session:
            customer = await Customers(session).get(await subject(session, request))
        zone = zone_or_default(customer.timezone, self._default_zone)
        return calls.LocalTime(at=next_local(request.after, zone, request.wall_clock))
