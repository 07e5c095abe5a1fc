"""Delivers committed events to journeys: at least once, in order per customer, woken by the commit.

An event is marked as dispatched only after everything it means was delivered, so a crash anywhere delivers it again;
enrollments are keyed by the event that began them and ignore signals of events they have seen. While Temporal is away
events stay where they are, in the database.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import structlog

from domain.clock import Clock
from domain.customer import Customer
from domain.enrollment import EnrollmentRow, Outcome, OutcomeKind, State, enrollment_id
from domain.errors import PermanentError, TransientError
from domain.event import StoredEvent
from metrics import enrollments as enrollment_metrics
from metrics import events as metrics
from starter.dispatch.bursts import Burst, next_burst
from starter.dispatch.enrolling import Enroller, HeldError, StillEndingError
from starter.dispatch.hindsight import Hindsight
from starter.dispatch.joins import JoinTeller
from starter.dispatch.telling import Teller
from storage.customers import Customers
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.salt import Salt
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.routing import Begin, Routes, may_reenter

BATCH = 500
"""Events read at once. More saves nothing; fewer lets one customer's backlog delay others longer."""

AT_ONCE = 32
"""Customers served side by side; each waits for Temporal most of the time."""

MARK_EVERY = 50
"""Events delivered until they are marked: so many are delivered again after a crash, not the whole batch."""

LOOK_ANYWAY = timedelta(seconds=1)
"""SQLite cannot wake another process, so the store is looked at without a wake-up, too."""

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries while Temporal is away; the last one repeats."""

HELD_FOR = 0.5
"""Seconds until a customer whose own enrollment is in the way is tried again; the others go on meanwhile."""

FAILED_FOR = 60.0
"""Seconds until a customer is tried again whose delivery failed for a reason nobody foresaw."""

LEAVE_WITHIN = 600.0
"""Seconds an enrollment may take to end, once it was told; a mail under way is finished first. Then nobody waits."""

GIVEN_UP = Outcome(kind=OutcomeKind.CANCELLED, why="Temporal refused to start it")
KEPT_OUT = Outcome(kind=OutcomeKind.CANCELLED, why="the earlier one does not end on Temporal")

_log = structlog.get_logger("segue.dispatcher")


class PassedOnError(HeldError):
    """The event was read as one customer's, and is another's since they turned out to be one: read it again."""


class Dispatcher:
    """One per deployment at a time, see `storage.lease`."""

    def __init__(self, database: Database, clock: Clock, routes: Routes, enroller: Enroller) -> None:
        self._database, self._clock, self._routes, self._enroller = database, clock, routes, enroller
        self._teller = Teller(database, clock, routes, enroller)
        self._joins = JoinTeller(database, clock, routes, enroller, self._teller)
        self._failures = 0
        self._held: dict[str, float] = {}
        self._leaving: dict[str, float] = {}
        self.enrolled = 0
        self.told = 0
        """Signals delivered; one may stand for a burst of events."""

    async def run(self) -> None:
        """Deliver for ever. Cancel to stop."""
        resumed = False
        async with self._database.wakeups() as watch:
            while True:
                try:
                    if not resumed:
                        await self.resume()
                        resumed = True
                    busy = await self.deliver_pending()
                    self._failures = 0
                except TransientError as error:
                    await self._pause(error)
                    continue
                if not busy:
                    await watch.wait(timedelta(seconds=HELD_FOR) if self._held else LOOK_ANYWAY)

    async def resume(self) -> None:
        """Start the workflows of enrollments that were decided when whoever did it died, e.g. `segue enroll`.

        Raises:
            TransientError: something is away.
        """
        await self._settle()
        async with self._database.read() as session:
            rows = await Enrollments(session).starting()
        for row in rows:
            if not self._routes.knows(row.journey):
                continue
            try:
                await self._enroller.begin(self._routes.begin_again(row).start, row.workflow_id)
            except StillEndingError as error:
                # If an event began it, the event will come again; what an operator began waits for the next start.
                names = {"enrollment": row.id, "workflow_id": row.workflow_id, "customer": row.customer}
                _log.warning("enrollment waits", **names, problem=str(error))
            except PermanentError:
                await self._give_up(row, GIVEN_UP)

    async def deliver_pending(self) -> bool:
        """Deliver one batch of what is due. Returns whether there may be more.

        Raises:
            TransientError: something is away. What was delivered is marked, the rest stays.
        """
        await self._settle()
        async with self._database.read() as session:
            events = await EventStore(session).pending(BATCH, excluding=self._held_now())
        # After the events were read: whose they are was decided before, and who has to know of it knows it first.
        await self._joins.deliver()
        if not events:
            return False
        async with self._database.read() as session:
            running = await self._running(Enrollments(session), events)
        by_customer: dict[str, list[StoredEvent]] = defaultdict(list)
        for event in events:
            by_customer[event.customer].append(event)
        done: list[StoredEvent] = []
        try:
            await self._serve(by_customer, running, done)
        finally:
            await asyncio.shield(self._mark(done))
        return len(events) == BATCH

    async def _settle(self) -> None:
        """Read what stands for keys, once.

        From when on events are told by salted ids is settled here: this is under the lease, so that no dispatcher of a
        version that knows no salt still tells any.
        """
        if self._routes.stand_ins.events_from is None:
            async with self._database.transaction() as session:
                self._routes.stand_ins = await Salt(session).settle_stand_ins()

    async def _serve(
        self,
        by_customer: dict[str, list[StoredEvent]],
        running: dict[str, list[EnrollmentRow]],
        done: list[StoredEvent],
    ) -> None:
        """Serve customers side by side, each one's events in order. One customer's trouble holds up no other."""
        turns = asyncio.Semaphore(AT_ONCE)
        outages: list[TransientError] = []

        async def in_turn(events: Sequence[StoredEvent], rows: list[EnrollmentRow]) -> None:
            async with turns:
                await self._serve_one(events, rows, done, outages)
            if len(done) >= MARK_EVERY:
                await self._mark_early(done, outages)

        async with asyncio.TaskGroup() as group:
            for customer, events in by_customer.items():
                rows = running.get(customer, [])
                if not rows and not any(self._routes.may_begin(event.event) for event in events):
                    done.extend(events)  # nobody wants them: most page views
                else:
                    group.create_task(in_turn(events, rows))
        if outages:
            raise outages[0]

    async def _mark_early(self, done: list[StoredEvent], outages: list[TransientError]) -> None:
        marking, done[:] = [*done], []
        try:
            await self._mark(marking)
        except TransientError as error:
            done.extend(marking)
            outages.append(error)

    async def _serve_one(
        self,
        events: Sequence[StoredEvent],
        rows: list[EnrollmentRow],
        done: list[StoredEvent],
        outages: list[TransientError],
    ) -> None:
        """Deliver one customer's events until something is away, for them or for everybody."""
        try:
            while events and not outages:  # after an outage the rest would only wait for the same thing to come back
                burst = next_burst(events, rows, self._routes)
                await self._deliver(burst, rows)
                metrics.count_dispatched(map(self._age, burst.wanted))
                done.extend(burst.events)
                events = events[len(burst.events) :]
        except HeldError:
            metrics.count_put_off("held")
            self._held[events[0].customer] = asyncio.get_running_loop().time() + HELD_FOR
        except TransientError as error:
            outages.append(error)
        except Exception as error:
            # One customer's trouble holds up no other. Without a traceback: an error may quote anything.
            customer = events[0].customer
            _log.error("delivery failed, trying again", customer=customer, problem=type(error).__name__)
            metrics.count_put_off("failed")
            self._held[customer] = asyncio.get_running_loop().time() + FAILED_FOR

    async def _deliver(self, burst: Burst, rows: list[EnrollmentRow]) -> None:
        """Deliver all that a burst means. What Temporal refuses for good holds up nothing else of it.

        Raises:
            StillEndingError: the event would begin what the customer is just leaving, and has to come again.
        """
        event = burst.events[0]  # and the only one, where it may begin something
        await self._wait_for_endings(event, rows)
        refused: list[PermanentError] = []
        for tell in burst.tells:
            try:
                is_told = await self._teller.tell(tell)
                self.told += is_told
                metrics.count_signals(is_told)
            except PermanentError as error:
                refused.append(error)
        if not refused:
            await self._wait_for_own_ending(burst, rows)
        for begun in await self._begin(event):
            if all(row.id != begun.row.id for row in rows):
                rows.append(begun.row)
            try:
                await self._start(begun, event)
            except PermanentError as error:
                refused.append(error)
                await self._give_up(begun.row, GIVEN_UP)
        if refused:
            await self._park(burst.wanted, refused[0])

    async def _start(self, begun: Begin, event: StoredEvent) -> None:
        """Start an enrollment's workflow, unless the earlier one under its id does not end in time.

        Raises:
            StillEndingError: it may still end.
            RejectedByTemporalError: it can never be started.
        """
        try:
            await self._enroller.begin(begun.start, begun.row.workflow_id)
            self.enrolled += 1
        except StillEndingError:
            # By the workflow's id: what keeps one event's enrollment out keeps out the next one's, without more ado.
            self._hold(begun.row.workflow_id, begun.row.workflow_id, event)
            await self._give_up(begun.row, KEPT_OUT)
            return
        self._leaving.pop(begun.row.workflow_id, None)

    async def _wait_for_endings(self, event: StoredEvent, rows: Sequence[EnrollmentRow]) -> None:
        """Let an enrollment end that an earlier event ends, before this one, which begins it anew, finds it open.

        Somebody who empties a cart and at once fills another is faster than the workflow's last words.
        """
        plans = {plan.name: plan for plan in self._routes.may_begin(event.event)}
        for row in rows:
            plan = plans.get(row.journey)
            if plan is None or not self._routes.is_of(row, plan, event.event) or row.occasion.seq >= event.seq:
                continue
            if not await self._is_leaving(row, plan, event.seq):
                self._leaving.pop(row.id, None)
                continue
            self._hold(row.id, row.workflow_id, event)

    async def _wait_for_own_ending(self, burst: Burst, rows: Sequence[EnrollmentRow]) -> None:
        """Let an enrollment end that this very event ends, before the event begins the next.

        A renewal ends one period of a subscription, and begins another. Telling it again changes nothing.
        """
        event, told = burst.events[0], {tell.enrollment for tell in burst.tells if tell.may_end}
        plans = {plan.name: plan for plan in self._routes.may_begin(event.event) if plan.reentry is not None}
        for row in rows:
            plan = plans.get(row.journey)
            if plan is None or row.id not in told or not self._routes.is_of(row, plan, event.event):
                continue
            if event.event.occurred_at < row.occasion.occurred_at:
                continue  # older than the enrollment, which therefore ignores it
            if await self._is_open(row):
                self._hold(row.id, row.workflow_id, event)
            self._leaving.pop(row.id, None)

    def _hold(self, ending: str, workflow_id: str, event: StoredEvent) -> None:
        """Hold the customer's events back while an enrollment ends, as long as that may take.

        `ending` is what is waited for: an enrollment, or whichever runs under a workflow id.
        """
        now = asyncio.get_running_loop().time()
        since = self._leaving.setdefault(ending, now)
        if now - since < LEAVE_WITHIN:
            raise StillEndingError(f"{workflow_id} is still ending")
        names = {"workflow_id": workflow_id, "customer": event.customer, "event_id": self._told_id(event)}
        _log.warning("enrollment does not end", **names)

    async def _is_open(self, row: EnrollmentRow) -> bool:
        async with self._database.read() as session:
            now = await Enrollments(session).get(row.id)
        return now is not None and now.state is not State.ENDED

    async def _is_leaving(self, row: EnrollmentRow, plan: Plan, before: int) -> bool:
        """Whether an earlier event has ended an enrollment that is still open."""
        async with self._database.read() as session:
            now = await Enrollments(session).get(row.id)
            if now is None or now.state is State.ENDED:
                return False
            ended_by = await EventStore(session).ended_by(row.customer, plan.ends_on, row.occasion, before=before)
        return ended_by is not None

    async def _give_up(self, row: EnrollmentRow, outcome: Outcome) -> None:
        """End an enrollment that can never be started, so that a later event may begin another."""
        async with self._database.transaction() as session:
            await Enrollments(session).close(row.id, outcome, self._clock.now())
        enrollment_metrics.count_ended(row.journey, outcome.kind)

    async def _park(self, events: Sequence[StoredEvent], error: PermanentError) -> None:
        """Set events aside, with the reason, for an operator to see."""
        async with self._database.transaction() as session:
            for event in events:
                names = {"event_id": self._told_id(event), "customer": event.customer}
                _log.error("event parked", **names, name=metrics.known_name(event.event), problem=str(error))
                await EventStore(session).park(event.seq, str(error))
        metrics.count_parked(len(events))

    async def _begin(self, event: StoredEvent) -> list[Begin]:
        """Record the enrollments that the event begins, and return those whose workflow is to be started."""
        plans = self._routes.may_begin(event.event)
        if not plans:
            return []
        opened: list[Begin] = []
        async with self._database.transaction() as session:
            # Locked, so that nobody else opens an enrollment of this customer meanwhile, see `Operations.enroll`.
            customer = (await Customers(session).hold_all([event.customer])).get(event.customer)
            stored = await EventStore(session).at(event.seq)
            if stored is not None and stored.customer != event.customer:
                raise PassedOnError(f"event {self._told_id(event)} is another customer's by now")
            if customer is None or stored is None:
                return []  # somebody who was erased since it was read, and all of theirs
            hindsight = Hindsight(session, event, self._clock.now())
            for plan in plans:
                begin = await self._begin_one(Enrollments(session), plan, event, customer, hindsight)
                if begin is not None:
                    opened.append(begin)
        for begin in opened:
            if begin.row.outcome is not None:
                enrollment_metrics.count_ended(begin.row.journey, begin.row.outcome.kind)
        return [begin for begin in opened if begin.row.state is State.STARTING]

    async def _begin_one(
        self, enrollments: Enrollments, plan: Plan, event: StoredEvent, customer: Customer, hindsight: Hindsight
    ) -> Begin | None:
        """Record an enrollment unless re-entry forbids it; one that is held out has ended already."""
        recorded = await enrollments.get(enrollment_id(plan.name, event.customer, self._told_id(event)))
        if recorded is not None:
            # Delivered again. What was decided stands, whatever the customer did since; and a run that was admitted
            # needs no second start.
            return self._routes.begin_again(recorded) if recorded.state is State.STARTING else None
        if event.repeats:
            return None  # an order that counts already, for this customer or another
        seen, now = self._routes.glance(plan, event, customer), self._clock.now()
        if seen is False:
            return None
        earlier = await enrollments.earlier(plan.name, customer.id, *self._routes.keys_of(plan, event.event))
        # Delivered again, after it had begun the enrollment of somebody who turned out to be this customer.
        has_begun = any(row.occasion.event_id == self._told_id(event) for row in earlier)
        if has_begun or not may_reenter(plan, earlier, now):
            return None
        begin = self._routes.begin(plan, event, customer, now, await hindsight.events() if seen is None else ())
        if begin is None:
            return None
        await enrollments.open(begin.row)
        return begin

    def _told_id(self, event: StoredEvent) -> str:
        return self._routes.stand_ins.event_id(event)

    async def _running(self, enrollments: Enrollments, events: Sequence[StoredEvent]) -> dict[str, list[EnrollmentRow]]:
        found: dict[str, list[EnrollmentRow]] = defaultdict(list)
        for row in await enrollments.running(sorted({event.customer for event in events})):
            found[row.customer].append(row)
        return found

    async def _mark(self, done: Sequence[StoredEvent]) -> None:
        """Note what was delivered, less what became another customer's meanwhile: that is delivered to their journeys.

        Whose enrollments run is read after the events. Between the two they may all have gone to somebody else.
        """
        if done:
            whose = {event.seq: event.customer for event in done}
            async with self._database.transaction() as session:
                await EventStore(session).mark_dispatched(whose, self._clock.now(), whose)

    def _held_now(self) -> list[str]:
        now = asyncio.get_running_loop().time()
        self._held = {customer: until for customer, until in self._held.items() if until > now}
        return list(self._held)

    def _age(self, event: StoredEvent) -> timedelta:
        """Real time since an event arrived."""
        real = self._routes.clock.real
        return real(self._clock.now()) - real(event.event.received_at)

    async def _pause(self, error: TransientError) -> None:
        metrics.count_put_off("outage")
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        _log.warning("dispatch waits", problem=str(error), seconds=pause, failures=self._failures)
        await asyncio.sleep(pause)
