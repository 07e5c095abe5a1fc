"""Lets a journey give a customer up: no marketing until they return.

The wire name `suppress_customer` is older than decision 0028, and frozen.
"""

from temporalio import activity

from activities.moment import moment_of
from activities.subject import hold_subject
from domain import calls
from domain.clock import Clock
from storage.database import Database
from storage.suppressions import Suppressions


class PermissionActivities:
    """What journeys decide about whether a customer gets mail at all."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    @activity.defn(name=calls.SUPPRESS)
    async def suppress_customer(self, request: calls.SuppressRequest) -> bool:
        """Send a customer no more marketing until they return. Idempotent: the first reason stays."""
        async with self._database.transaction() as session:
            customer = await hold_subject(session, request.enrollment, request.customer)
            at = moment_of(request.at, self._clock)
            await Suppressions(session).begin_sunset(customer.id, request.reason, at, request.journey)
        return True
