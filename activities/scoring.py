"""Scores intent, and chooses what follows from it."""

from temporalio import activity

from activities.moment import moment_of
from activities.subject import subject
from domain import calls
from domain.behaviour import LOOK_BACK, observe
from domain.clock import Clock
from domain.draw import draw
from domain.intent import Intent, Thresholds, score
from domain.offer import Offer, OfferPolicy
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.exposures import Exposures


class ScoringActivities:
    """Intent, offers and variants."""

    def __init__(self, database: Database, clock: Clock, thresholds: Thresholds, offers: OfferPolicy) -> None:
        self._database, self._clock = database, clock
        self._thresholds, self._offers = thresholds, offers

    @activity.defn(name=calls.SCORE)
    async def score(self, request: calls.ScoreRequest) -> Intent:
        """Score a customer's intent from their events up to now. Changes nothing."""
        now = moment_of(request.at, self._clock)
        async with self._database.read() as session:
            customer = await Customers(session).get(await subject(session, request))
            events = await EventStore(session).recent(customer.id, now - LOOK_BACK)
        behaviour = observe(events, now=now, orders=customer.orders, rules=self._thresholds.segments)
        return score(behaviour, now=now, thresholds=self._thresholds, previous=request.previous)

    @activity.defn(name=calls.CHOOSE_OFFER)
    async def choose_offer(self, request: calls.OfferRequest) -> Offer:
        """Ask the offer policy, with the cart as it is now. Changes nothing."""
        async with self._database.read() as session:
            customer = await Customers(session).get(await subject(session, request))
        rules = self._thresholds.segments
        return self._offers.choose(customer, request.tier, request.occasion, rules=rules)

    @activity.defn(name=calls.CHOOSE_VARIANT)
    async def choose_variant(self, request: calls.VariantRequest) -> calls.Variant:
        """Assign a variant and log the exposure. Idempotent: the customer's first variant stays."""
        async with self._database.transaction() as session:
            customer = await subject(session, request)
            drawn = draw(request.experiment, customer, request.variants)
            kept = await Exposures(session).assign(customer, request.experiment, drawn, request.enrollment, request.at)
        return calls.Variant(name=kept)
