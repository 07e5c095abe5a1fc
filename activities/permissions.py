"""Ends mail to a customer for good, when a journey says so."""

from temporalio import activity

from activities.moment import moment_of
from domain import calls
from domain.clock import Clock
from storage.customers import Customers
from storage.database import Database
from storage.permissions import Permissions


class PermissionActivities:
    """What journeys decide about whether a customer gets mail at all."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    @activity.defn(name=calls.SUPPRESS)
    async def suppress_customer(self, request: calls.SuppressRequest) -> bool:
        """Send a customer no more marketing until they return. Idempotent: the first reason stays."""
        async with self._database.transaction() as session:
            await Customers(session).lock(request.customer)
            at = moment_of(request.at, self._clock)
            await Permissions(session).let_set(request.customer, request.reason, at, request.journey)
        return True
