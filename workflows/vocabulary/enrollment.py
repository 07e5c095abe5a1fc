"""An enrollment as a Temporal workflow: its life from admission to outcome, what it can be told, asked and made to do.

The base of every journey. Names of signals, updates and queries are frozen: clients in any language use them.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any, ClassVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from domain import calls
from domain.carried import Carried, Entry
from domain.enrollment import Outcome, OutcomeKind, Progress, Start
from domain.errors import NotNowError
from domain.pause import PauseRequest
from domain.signals import JOIN, Click, Join, Observation, Purchase, Revisit, Signal, Unsubscribe
from workflows.vocabulary import search, stubs
from workflows.vocabulary.display import Display
from workflows.vocabulary.inbox import Inbox
from workflows.vocabulary.journal import Journal
from workflows.vocabulary.patience import Patience
from workflows.vocabulary.performer import Performer
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.script import Script
from workflows.vocabulary.watch import HandOver, Watch

JOIN_IS_SEARCHABLE = "join-is-searchable"
JOIN_SUPERSEDES = "join-supersedes"
"""Patches. A worker of before that is told of a join does nothing, and what it did must replay.

Two of them: one that was passed over by such a worker stays off for the run, and must not take the other with it.
"""


class Enrollment(ABC):
    """One customer in one journey. Built without Temporal, too; then only `steps` may be used."""

    plan: ClassVar[Plan]

    @workflow.init
    def __init__(self, start: Start) -> None:
        self.start = start
        carried = start.carried
        # Built before the first step, so that signals that arrive with or before the start find them.
        self._inbox = Inbox(self.plan, start, carried.inbox if carried else None)
        self._display = Display(start, carried.display if carried else None, carried.pause if carried else None)
        self._journal = Journal(carried.journal if carried else ())
        self._patience = Patience(carried.pause if carried else None)
        self._watch = Watch(start, self._inbox, self._display, self._patience)
        self._performer = Performer(
            self.plan,
            start,
            inbox=self._inbox,
            display=self._display,
            patience=self._patience,
            watch=self._watch,
        )

    @abstractmethod
    async def steps(self) -> None:
        """The sequence, in verbs. Reading it is reading the journey."""

    # -- the workflow --------------------------------------------------------------------------------------------

    async def _live(self) -> Outcome:
        try:
            admission = await self._admit()
            if not admission.admitted:
                return Outcome(kind=OutcomeKind.SUPERSEDED, why=admission.why)
            await self._play()
        except (asyncio.CancelledError, ActivityError, ApplicationError) as error:
            # An operator's cancel ends a wait with the first, and an activity with the second; the third is what a
            # local activity said last.
            if not is_cancelled_exception(error):
                return await self._end(_forgotten(error))
            if self._inbox.ending is not None:
                return await self._end(self._inbox.ending)  # known first: the cancel came too late to change it
            await self._end(Outcome(kind=OutcomeKind.CANCELLED, why="cancelled by an operator"))
            raise
        return await self._end(
            self._inbox.ending or Outcome(kind=OutcomeKind.COMPLETED, why="the sequence is complete")
        )

    async def _play(self) -> None:
        script = Script(self.steps())
        try:
            verb = self._journal.fast_forward(script)
            while verb is not None and await self._performer.may_begin(verb):
                answer = self._journal.settled(verb)
                if answer is None:
                    answer = await self._performer.perform(verb)
                self._journal.record(verb, answer)
                verb = script.answer(answer)
        except HandOver:
            await self._hand_over()
        finally:
            script.close()

    async def _hand_over(self) -> None:
        """Let the next run go on from here, unless something ends the journey meanwhile."""
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._inbox.has_ended():
            return
        carried = Carried(
            runs=(self.start.carried.runs if self.start.carried else 0) + 1,
            journal=self._journal.entries(),
            inbox=self._inbox.state(),
            performer=self._performer.state(),
            display=self._display.state(),
            open=self._performer.open(),
            pause=self._patience.pause,
        )
        # Search attributes go along by themselves.
        customer = self._display.customer
        workflow.continue_as_new(self.start.model_copy(update={"carried": carried, "customer": customer}))

    async def _admit(self) -> calls.Admission:
        if self.start.carried is not None:
            return calls.Admission(admitted=True)  # its first run was
        info = workflow.info()
        return await stubs.admit(
            calls.AdmitRequest(enrollment=self.start.enrollment, workflow_id=info.workflow_id, run_id=info.run_id),
            "is this the only run of this enrollment?",
        )

    async def _end(self, outcome: Outcome) -> Outcome:
        now = self._watch.now()
        stood = {"mails": self._performer.mails, "step": self._display.step, "intent": self._display.intent}
        outcome = outcome.model_copy(update=stood)
        self._display.end(now, outcome)
        workflow.set_current_details(self._display.markdown())
        workflow.upsert_search_attributes([search.OUTCOME.value_set(outcome.kind.value)])
        await _to_its_end(
            stubs.close(
                calls.CloseRequest(enrollment=self.start.enrollment, outcome=outcome, at=now), "recording the outcome"
            )
        )
        return outcome

    # -- signals and queries: names are frozen, clients in any language use them ---------------------------------

    @workflow.signal(description="The customer followed a link of one of our mails.")
    def click(self, signal: Click) -> None:
        """See `domain.signals.Click`."""
        self._receive(signal)

    @workflow.signal(description="The customer came back to the shop.")
    def revisit(self, signal: Revisit) -> None:
        """See `domain.signals.Revisit`."""
        self._receive(signal)

    @workflow.signal(description="The customer ordered.")
    def purchase(self, signal: Purchase) -> None:
        """See `domain.signals.Purchase`."""
        self._receive(signal)

    @workflow.signal(description="The customer wants no more mail.")
    def unsubscribe(self, signal: Unsubscribe) -> None:
        """See `domain.signals.Unsubscribe`."""
        self._receive(signal)

    @workflow.signal(description="Anything else the customer did, by the name of its event.")
    def observe(self, signal: Observation) -> None:
        """See `domain.signals.Observation`."""
        self._receive(signal)

    @workflow.signal(name=JOIN, description="The customer turned out to be another, or to be in this journey twice.")
    def join(self, told: Join) -> None:
        """See `domain.signals.Join`. What activities need to know of it they read in the database."""
        if told.enrollment != self.start.enrollment or self._display.has_ended:
            return
        if told.superseded_by is not None:
            # It cuts waits short. Where it is passed over, the gate refuses all that follows: the row has ended.
            if workflow.patched(JOIN_SUPERSEDES):
                self._inbox.supersede(told.superseded_by)
        elif told.customer != self._display.customer:
            self._display.customer = told.customer
            self._watch.note_soon(self._watch.now(), f"joined with {told.customer}")
            if workflow.patched(JOIN_IS_SEARCHABLE):
                workflow.upsert_search_attributes([search.CUSTOMER.value_set(told.customer)])

    @workflow.query(description="Where this enrollment is, why, and what comes next.")
    def status(self) -> Progress:
        """See `domain.enrollment.Progress`."""
        return self._display.progress()

    @workflow.query(description="What the sequence has asked for so far, and the answers, from all runs.")
    def journal(self) -> tuple[Entry, ...]:
        """See `domain.carried.Entry`."""
        return self._journal.entries()

    @workflow.update(description="Hold the enrollment still. The rest of its wait is kept; exits end it all the same.")
    def pause(self, request: PauseRequest) -> Progress:
        """See `domain.pause`. A mail that is being handed over still goes."""
        self._watch.pause(request.reason)
        return self._display.progress()

    @pause.validator
    def _may_pause(self, request: PauseRequest) -> None:  # noqa: ARG002 -- the handler's
        self._refuse(self._patience.objection_to_pause())

    @workflow.update(description="Let a paused enrollment go on.")
    def resume(self) -> Progress:
        """What fell due meanwhile is sent, or dropped where it became stale."""
        self._watch.resume()
        return self._display.progress()

    @resume.validator
    def _may_resume(self) -> None:
        self._refuse(self._patience.objection_to_resume())

    @workflow.update(description="Pass over the wait that is open, or give up the mail that the gate holds back.")
    def skip(self) -> Progress:
        """A wait for a reaction counts as silence."""
        self._watch.skip()
        return self._display.progress()

    @skip.validator
    def _may_skip(self) -> None:
        self._refuse(self._patience.objection_to_skip())

    def _refuse(self, objection: str | None) -> None:
        if self._inbox.has_ended() or self._display.has_ended:
            objection = "it has ended"
        if objection is not None:
            raise NotNowError(objection)

    def _receive(self, signal: Signal) -> None:
        now = self._watch.now()
        meaning = self._inbox.receive(signal, now)
        if meaning is not None:
            self._watch.note_soon(now, f"heard: {meaning}")


async def _to_its_end(act: Coroutine[Any, Any, object]) -> None:
    """Do something that a cancel must not cut short: it is heard, and changes nothing."""
    doing = asyncio.create_task(act)
    while not doing.done():
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError:
            if doing.cancelled():  # by nobody but the worker, which forgets a run that it caches no longer
                raise


def _forgotten(error: BaseException) -> Outcome:
    """The outcome when the database no longer knows the customer; any other error is raised again."""
    cause = error.__cause__ if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError) and cause.type in stubs.FORGOTTEN:
        return Outcome(kind=OutcomeKind.EXITED, why="the customer is no longer known")
    raise error
