"""Scoring over a real database: fresh at every decision, fading on the paced clock, by the shop's settings."""

from datetime import UTC, datetime, timedelta

from activities.scoring import ScoringActivities
from domain import calls
from domain import event as names
from domain.clock import Clock, PacedClock
from domain.intent import Intent, Thresholds, Tier
from domain.message import Stage
from domain.offer import OfferKind, OfferPolicy
from domain.segments import SegmentRules
from storage.database import Database
from tests.storage.samples import MINUTE, NOON, added, commit, ordered, track

DAY = timedelta(days=1)


class Hand:
    """A machine whose clock a test moves, at a pace."""

    def __init__(self, pace: float = 1.0) -> None:
        self.real = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.paced = PacedClock(anchor_real=self.real, anchor_product=NOON, pace=pace)

    def now(self) -> datetime:
        """Product time."""
        return self.paced.product(self.real)


class Scorer:
    """Asks as a workflow would whose task began at noon."""

    def __init__(self, database: Database, clock: Clock, thresholds: Thresholds | None = None) -> None:
        self._activities = ScoringActivities(database, clock, thresholds or Thresholds(), OfferPolicy())

    async def __call__(self, previous: Tier | None = None, at: datetime = NOON) -> Intent:
        return await self._activities.score(calls.ScoreRequest(customer="anna", previous=previous, at=at))


async def test_an_event_committed_before_a_decision_changes_it(database: Database) -> None:
    """Nothing is kept from one decision to the next, and no clock has to move."""
    ask = Scorer(database, Hand())
    await commit(database, track(names.PRODUCT_VIEWED))
    assert (await ask()).tier is Tier.MEDIUM
    await commit(database, added())
    assert (await ask()).why == "60: product added to the cart"
    await commit(database, ordered())
    assert (await ask()).tier is Tier.LOW


async def test_the_best_customers_are_those_of_the_shops_threshold(sqlite_database: Database) -> None:
    await commit(sqlite_database, ordered(), added(at=NOON + MINUTE))
    offers = OfferPolicy(free_shipping_over=1_000)
    request = calls.OfferRequest(customer="anna", tier=Tier.HIGH, at=NOON)
    for vip_over, kind in ((100, OfferKind.FREE_SHIPPING), (500, OfferKind.REASSURANCE)):
        thresholds = Thresholds(segments=SegmentRules(vip_over=vip_over))
        found = await ScoringActivities(sqlite_database, Hand(), thresholds, offers).choose_offer(request)
        assert found.kind is kind


async def test_an_event_after_the_tasks_own_time_counts(sqlite_database: Database) -> None:
    clock = Hand()
    clock.real += 2 * MINUTE
    await commit(sqlite_database, added(at=NOON + MINUTE))
    assert (await Scorer(sqlite_database, clock)()).score == 60


async def test_intent_fades_on_the_paced_clock(sqlite_database: Database) -> None:
    """At a pace of a day a minute it halves in seven minutes."""
    await commit(sqlite_database, track(names.CHECKOUT_STARTED))
    clock = Hand(pace=24 * 60)
    ask = Scorer(sqlite_database, clock)
    faded = []
    for _ in range(5):
        faded.append((await ask()).score)
        clock.real += 7 * MINUTE
    assert faded == [75, 38, 19, 9, 5]  # the last: 28 days
    assert (await ask()).why == "2: nothing done lately"  # 35 days: no longer read


async def test_a_skipped_clock_fades_too(sqlite_database: Database) -> None:
    """Where time is skipped the workflow's own time is ahead of the machine's, and counts."""
    await commit(sqlite_database, track(names.CHECKOUT_STARTED))
    assert (await Scorer(sqlite_database, Hand())(at=NOON + 7 * DAY)).score == 38


async def test_the_tier_before_keeps_a_score_from_flapping(sqlite_database: Database) -> None:
    await commit(sqlite_database, added(at=NOON))
    clock = Hand()
    ask = Scorer(sqlite_database, clock)
    clock.real += 25 * MINUTE  # the customer may still be on the way to the till
    assert (await ask()).tier is Tier.HIGH
    lower = Scorer(sqlite_database, clock, Thresholds(high=62))
    assert (await lower()).tier is Tier.MEDIUM
    assert (await lower(previous=Tier.HIGH)).tier is Tier.HIGH  # 60: less than 5 below 62
    assert (await Scorer(sqlite_database, clock, Thresholds(high=66))(previous=Tier.HIGH)).tier is Tier.MEDIUM


async def test_the_parts_explain_the_score(sqlite_database: Database) -> None:
    view = track(names.PRODUCT_VIEWED, properties={"category": "lamps", "time_on_page": 360}, at=NOON - 8 * MINUTE)
    await commit(sqlite_database, view, track(names.CART_VIEWED, at=NOON))
    clock = Hand()
    clock.real += 40 * MINUTE
    intent = await Scorer(sqlite_database, clock)()
    assert intent.why == "94: product views over 5 min, cart left in a long session"
    assert [(part.name, part.contribution) for part in intent.parts] == [
        ("time spent", 30),
        ("depth of action", 25),
        ("category relevance", 25),
        ("lifecycle stage", 14),
    ]


async def test_the_rules_of_advocacy_are_the_shops(sqlite_database: Database) -> None:
    await commit(sqlite_database, ordered(at=NOON - DAY), track(names.EMAIL_LINK_CLICKED))
    retained = await Scorer(sqlite_database, Hand())()
    eager = Thresholds(segments=SegmentRules(loyal_orders=1))
    advocate = await Scorer(sqlite_database, Hand(), eager)()
    assert [intent.parts[3].why for intent in (retained, advocate)] == [
        f"{Stage.RETENTION} stage",
        f"{Stage.ADVOCACY} stage",
    ]
