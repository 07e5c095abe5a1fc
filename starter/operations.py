"""What operators and backends do to enrollments: enroll, signal, look, steer. Typed; the command line is over it."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from domain.clock import Clock
from domain.enrollment import EnrollmentRow, Occasion, Outcome, OutcomeKind, Progress, State
from domain.errors import PermanentError, SegueError, UnavailableError, UnknownCustomerError, UnreadablePayloadError
from domain.intent import DEFAULT_THRESHOLDS, Intent, Thresholds
from domain.joining import CustomerJoin
from domain.model import Instant, Value
from domain.pause import Pause
from domain.signals import Signal
from domain.standing import Selection, Standing
from starter.dispatch.enrolling import Enroller, Presence
from starter.dispatch.gone import WHY, end_gone
from starter.steering import Steered, Steering
from storage.breakers import Breaker, Breakers
from storage.customers import Customers
from storage.database import Database
from storage.enrollments import EnrollmentCount, Enrollments
from storage.events import EventStore
from storage.feedback import Feedback, MessageFeedback
from storage.join_log import JoinLog
from storage.ledger import Ledger, LedgerRow
from storage.salt import Salt
from storage.standings import Standings, select_standings
from workflows.catalogue import JOURNEYS, journey_named
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.routing import Begin, Routes, occasion_of

ANSWER_WITHIN = timedelta(seconds=3)
"""What an enrollment may take to tell its status; without a worker it never would."""

OFF = "nothing: SEGUE_JOURNEYS_OFF has it switched off"

ENCRYPTED = "what Temporal keeps is encrypted: set SEGUE_PAYLOAD_KEYS here as the workers have it"


class AlreadyEnrolledError(PermanentError):
    """The customer is in that journey now."""


class NoOccasionError(PermanentError):
    """The journey is about an order, or whatever it has one enrollment for, and the customer has none such."""


class EnrollmentStatus(Value):
    """How one enrollment stands. `doing` says so when no worker could be asked, or the answer could not be read."""

    journey: str
    workflow_id: str
    state: State
    step: str
    doing: str
    intent: Intent | None
    next_due: Instant | None
    outcome: Outcome | None
    started_at: Instant
    history: tuple[str, ...] = ()
    paused: Pause | None = None


class JourneyStatus(Value):
    """A deployed journey, and how many enrollments it has had."""

    name: str
    summary: str
    starts_with: str
    goal: str | None
    topic: str
    priority: int
    counts: dict[str, int]
    held_back: str | None = None
    """Why its breaker is open."""


def _by_outcome(journey: str, counted: Sequence[EnrollmentCount]) -> dict[str, int]:
    """Enrollments of a journey by state; ended ones by their outcome."""
    return {
        (row.outcome.value if row.outcome else row.state.value): row.count for row in counted if row.journey == journey
    }


class Operations:
    """Enrollments of one deployment. Customers may be named by user id, anonymous id or address."""

    def __init__(
        self,
        database: Database,
        client: Client,
        routes: Routes,
        clock: Clock,
        thresholds: Thresholds = DEFAULT_THRESHOLDS,
    ) -> None:
        self._database, self._client, self._routes, self._clock = database, client, routes, clock
        self._thresholds = thresholds
        self._enroller = Enroller(client)
        self._steering = Steering(client)

    async def enroll(self, journey: str, customer: str, *, key: str | None = None) -> EnrollmentStatus:
        """Begin a journey for a customer by hand, whatever its trigger and re-entry rule say.

        A journey with one enrollment per order, say, is about an order of the customer: `key` names it.

        Raises:
            NoOccasionError: the key is missing, or names nothing of this customer's.
            UnknownJourneyError: no such journey.
            UnknownCustomerError: nobody of that name was reported.
            AlreadyEnrolledError: they are in it now.
            UnavailableError: Temporal is away; the enrollment is ended, as if it had never been asked for.
        """
        plan = journey_named(journey).plan
        who = await self._identify(customer)
        now = self._clock.now()
        async with self._database.transaction() as session:
            await Customers(session).hold_one(who)
            self._routes.stand_ins = await Salt(session).stand_ins()
            keys = () if key is None else self._routes.stand_ins.forms(key)
            enrollments = Enrollments(session)
            for row in await enrollments.running([who]):
                if row.journey == journey and row.key in (keys or (None,)):
                    raise AlreadyEnrolledError(
                        f"{customer} is in {journey} already: {row.workflow_id}; `segue cancel` ends it"
                    )
            occasion = await self._occasion(EventStore(session), plan, who, keys, now)
            key = keys[0] if keys else None
            begin = self._routes.enroll(plan, who, occasion, now, key=key)
            if not await enrollments.open(begin.row):
                raise AlreadyEnrolledError(f"{customer} was in {journey} for {key} already")
        if begin.row.state is State.STARTING:
            await self._start(begin)
        return await self._status(begin.row)

    async def signal(self, customer: str, signal: Signal, *, journey: str | None = None) -> list[str]:
        """Tell something to the customer's running enrollments. Returns the workflow ids of those that were told."""
        rows = await self._running(customer, journey)
        return [row.workflow_id for row in rows if await self._enroller.tell(row.workflow_id, signal)]

    async def cancel(self, customer: str, *, journey: str | None = None) -> list[str]:
        """Cancel the customer's running enrollments. A mail under way is finished; nothing goes after it.

        One whose workflow no longer runs, because it was terminated or lost, is ended in the database.

        Returns the workflow ids of those that were asked to stop.
        """
        cancelled: list[str] = []
        for row in await self._running(customer, journey):
            # Temporal accepts to cancel what has ended, and does nothing then.
            if await self._enroller.look(row.workflow_id, row.id) is Presence.RUNS:
                await self._enroller.cancel(row.workflow_id)
            else:
                async with self._database.transaction() as session:
                    await end_gone(session, row, self._clock.now())
            cancelled.append(row.workflow_id)
        return cancelled

    async def pause(self, customer: str, *, journey: str | None = None, reason: str = "") -> list[Steered]:
        """Hold the customer's running enrollments still. The rest of their waits is kept; exits end them all the same.

        Returns one line for each that runs.

        Raises (also `resume` and `skip`):
            UnavailableError: Temporal is away, or no worker answers.
        """
        return await self._steer(customer, journey, lambda workflow_id: self._steering.pause(workflow_id, reason))

    async def resume(self, customer: str, *, journey: str | None = None) -> list[Steered]:
        """Let paused enrollments go on. A mail that fell due meanwhile goes, or is dropped where it became stale."""
        return await self._steer(customer, journey, self._steering.resume)

    async def skip(self, customer: str, *, journey: str | None = None) -> list[Steered]:
        """Pass over what the enrollments wait for, or give up a mail that the gate holds back."""
        return await self._steer(customer, journey, self._steering.skip)

    async def status(self, customer: str) -> list[EnrollmentStatus]:
        """Every enrollment of a customer, the oldest first; running ones are asked how they stand."""
        who = await self._identify(customer)
        async with self._database.read() as session:
            rows = await Enrollments(session).of_customer(who)
        return list(await asyncio.gather(*(self._status(row) for row in rows)))

    async def joins(self, customer: str) -> list[CustomerJoin]:
        """Which ids turned out to be the customer's, the oldest first."""
        who = await self._identify(customer)
        async with self._database.read() as session:
            return await JoinLog(session).of_customer(who)

    async def standing(self, customer: str) -> Standing:
        """Where a customer stands now: intent with its parts, segments, stage.

        Raises:
            UnknownCustomerError: nobody of that name was reported.
        """
        who = await self._identify(customer)
        async with self._database.read() as session:
            for standing in await Standings(session).of([who], self._clock.now(), self._thresholds):
                return standing
        raise UnknownCustomerError(f"{customer!r} has just been deleted")

    def customers(self, selection: Selection, *, after: str = "") -> AsyncGenerator[Standing]:
        """Where customers stand now who are selected, in the order of their ids; read a page at a time."""
        return select_standings(self._database, selection, self._clock.now(), self._thresholds, after)

    async def messages(
        self, *, customer: str | None = None, journey: str | None = None, limit: int | None = None
    ) -> Sequence[LedgerRow]:
        """The ledger: every message that was or was not sent, and why; the latest decision last."""
        who = None if customer is None else await self._identify(customer)
        async with self._database.read() as session:
            return await Ledger(session).list(customer=who, journey=journey, limit=limit)

    async def reported(self, messages: Sequence[LedgerRow]) -> dict[str, MessageFeedback]:
        """What became of mails after they were handed over, by their ids; of the others nothing was reported."""
        async with self._database.read() as session:
            known = [await Feedback(session).get(row.id) for row in messages if row.handed_over_at is not None]
        return {each.message: each for each in known if each is not None}

    async def journeys(self) -> list[JourneyStatus]:
        """The deployed journeys with their numbers."""
        async with self._database.read() as session:
            counted = await Enrollments(session).counts()
            held = {name: (await Breakers(session).get(name)).reason for name in JOURNEYS}
        return [
            JourneyStatus(
                name=name,
                summary=(journey.__doc__ or "").strip().split("\n")[0],
                starts_with=OFF if self._routes.is_off(name) else journey.plan.trigger.describe(),
                goal=journey.plan.goal,
                topic=journey.plan.topic,
                priority=journey.plan.priority,
                counts=_by_outcome(name, counted),
                held_back=held[name],
            )
            for name, journey in JOURNEYS.items()
        ]

    async def rearm(self, journey: str) -> Breaker:
        """Let a journey send again that was held back for its bounces or complaints; return how it stood.

        Raises:
            UnknownJourneyError: no journey of that name is deployed.
        """
        journey_named(journey)
        async with self._database.transaction() as session:
            return await Breakers(session).rearm(journey, self._clock.now())

    async def knows(self, customer: str) -> bool:
        """Whether any event has named this customer."""
        async with self._database.read() as session:
            return await Customers(session).find(customer) is not None

    async def _identify(self, customer: str) -> str:
        async with self._database.read() as session:
            found = await Customers(session).find(customer)
        if found is None:
            raise UnknownCustomerError(f"nobody is known as {customer!r}: no event has named them")
        return found

    async def _running(self, customer: str, journey: str | None) -> list[EnrollmentRow]:
        who = await self._identify(customer)
        if journey is not None:
            journey_named(journey)
        async with self._database.read() as session:
            rows = await Enrollments(session).running([who])
        return [row for row in rows if journey in (None, row.journey)]

    async def _steer(
        self, customer: str, journey: str | None, steer: Callable[[str], Awaitable[Steered | None]]
    ) -> list[Steered]:
        steered = [await steer(row.workflow_id) for row in await self._running(customer, journey)]
        return [one for one in steered if one is not None]

    async def _occasion(
        self, events: EventStore, plan: Plan, customer: str, keys: Sequence[str], now: datetime
    ) -> Occasion:
        """The operator's request, or the event the journey is about."""
        if plan.one_per is None:
            if keys:
                raise NoOccasionError(f"{plan.name} has one enrollment per customer: leave out --key")
            seq = await events.latest_seq(customer)
            by_hand = f"operator-{uuid.uuid4()}"
            return Occasion(event_id=by_hand, name="enrolled by an operator", seq=seq, occurred_at=now)
        names = plan.trigger.names() or frozenset()
        if not keys:
            raise NoOccasionError(f"{plan.name} has one enrollment per {plan.one_per}: name it with --key")
        for stored in await events.of_names(customer, names):
            if not set(self._routes.keys_of(plan, stored.event)).isdisjoint(keys):
                return occasion_of(stored, self._routes.stand_ins)
        raise NoOccasionError(f"no {' or '.join(sorted(names))} of this customer has {plan.one_per} {keys[0]}")

    async def _start(self, begin: Begin) -> None:
        """Start the workflow of an enrollment, or end the enrollment, so that it is in nobody's way."""
        try:
            await self._enroller.begin(begin.start, begin.row.workflow_id)
        except SegueError as error:
            async with self._database.transaction() as session:
                outcome = Outcome(kind=OutcomeKind.CANCELLED, why=f"not started: {error}")
                await Enrollments(session).close(begin.row.id, outcome, self._clock.now())
            raise

    async def _status(self, row: EnrollmentRow) -> EnrollmentStatus:
        absent = "about to start" if row.state is State.STARTING else ""
        if row.state is State.RUNNING:
            row, absent = await self._look(row)
        progress = None if absent or row.state is State.ENDED else await self._ask(row)
        outcome = row.outcome or (progress.outcome if progress else None)
        if progress is not None:
            step, doing, intent, due = progress.step, progress.doing, progress.intent, progress.next_due
        elif outcome is not None:
            step, doing, intent, due = outcome.step, "ended", outcome.intent, None
        else:
            step, doing, intent, due = "", absent or "no worker answers", None, None
        return EnrollmentStatus(
            journey=row.journey,
            workflow_id=row.workflow_id,
            state=State.ENDED if outcome else row.state,
            step=step,
            doing=doing,
            intent=intent,
            next_due=due,
            outcome=outcome,
            started_at=row.started_at,
            history=progress.history if progress else (),
            paused=progress.paused if progress else None,
        )

    async def _look(self, row: EnrollmentRow) -> tuple[EnrollmentRow, str]:
        """The enrollment, read again if it has just ended, and what is wrong with its workflow, if anything."""
        try:
            presence = await self._enroller.look(row.workflow_id, row.id)
        except (UnavailableError, UnreadablePayloadError) as error:
            return row, str(error)
        except KeyError:  # the SDK's, of an encoding that it has no key for
            return row, ENCRYPTED
        if presence is Presence.RUNS:
            return row, ""
        async with self._database.read() as session:
            row = await Enrollments(session).get(row.id) or row
        return row, "" if row.state is State.ENDED else f"{WHY}; `segue cancel` ends the enrollment"

    async def _ask(self, row: EnrollmentRow) -> Progress | None:
        handle = self._client.get_workflow_handle(row.workflow_id)
        try:
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                progress: Progress = await handle.query("status", result_type=Progress)
        except (TimeoutError, RPCError, RuntimeError, WorkflowQueryFailedError):
            return None
        return progress if progress.enrollment == row.id else None
