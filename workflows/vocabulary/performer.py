"""Performs verbs on Temporal, by timers and activities. With `sender` and `watch` the only module that does.

Order and number of the commands issued here are part of what replays: change them only behind a patch
(`workflow.patched`), see docs/decisions.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from temporalio import workflow

from domain import calls
from domain.carried import OpenVerb, PerformerState
from domain.enrollment import Start
from domain.moments import Timing
from workflows.vocabulary import stubs, verbs
from workflows.vocabulary.bearings import Bearings
from workflows.vocabulary.display import Display
from workflows.vocabulary.inbox import Inbox
from workflows.vocabulary.patience import OnPause, Patience
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.sender import Sender
from workflows.vocabulary.watch import SKIPPED, Watch, Woke, never
from workflows.vocabulary.words import in_words


class Performer:
    """Performs one enrollment's verbs, one after the other; goes on with the verb that an earlier run left open."""

    def __init__(
        self, plan: Plan, start: Start, *, inbox: Inbox, display: Display, patience: Patience, watch: Watch
    ) -> None:
        carried = start.carried
        self._start, self._inbox, self._display = start, inbox, display
        self._patience, self._watch = patience, watch
        self._bearings = Bearings(start.occasion.name, carried.performer if carried else None)
        self._sender = Sender(plan, start, inbox=inbox, display=display, bearings=self._bearings, watch=watch)
        self._whose = {"customer": start.customer, "enrollment": start.enrollment}
        self._left_open = carried.open if carried else None
        self._verb: verbs.Verb[Any] | None = None

    @property
    def mails(self) -> int:
        """How many went out."""
        return self._bearings.mails

    def state(self) -> PerformerState:
        """What the next run needs to go on."""
        return self._bearings.state()

    def open(self) -> OpenVerb | None:
        """The verb that is being performed, and what is left of it, for the next run."""
        if self._verb is None:
            return self._left_open
        return OpenVerb(
            verb=self._verb.wire_name,
            about=self._verb.about,
            until=self._patience.until,
            rest=self._patience.rest,
            mail=self._sender.mail,
        )

    async def may_begin(self, verb: verbs.Verb[Any]) -> bool:
        """Wait while the enrollment is paused. Whether the verb is then still to be performed.

        After an ending only what is owed is; and not even that while an operator holds it back.

        Raises:
            HandOver: this run is to end here.
        """
        self._watch.leave_if_suggested()
        if self._watch.is_paused and not self._is_amid_wait(verb):
            # A mail that follows is due now, however long it is held back.
            self._bearings.planned = self._bearings.planned or self._watch.now()
            self._watch.show(verb.describe())
            await self._watch.hold()
        return not self._inbox.has_ended() or (verb.is_owed and not self._watch.is_paused)

    async def perform(self, verb: verbs.Verb[Any]) -> Any:
        """Do what the verb asks and return its answer. An ending cuts every wait short; the answer is then void.

        Raises:
            HandOver: this run is to end in the middle of the verb.
        """
        left, self._left_open = self._left(verb), None
        self._verb = verb
        self._watch.show(verb.describe())
        answer = await self._perform(verb, left)
        self._verb = None
        return answer

    def _left(self, verb: verbs.Verb[Any]) -> OpenVerb | None:
        """What an earlier run left of the verb; None where the code has changed since, and it begins anew."""
        left = self._left_open
        return left if left and (left.verb, left.about) == (verb.wire_name, verb.about) else None

    def _is_amid_wait(self, verb: verbs.Verb[Any]) -> bool:
        """Whether a wait goes on that an earlier run began: opened even while paused, so that its rest is kept."""
        left = self._left(verb)
        return left is not None and (left.until is not None or left.rest is not None)

    async def _perform(self, verb: verbs.Verb[Any], left: OpenVerb | None) -> Any:
        match verb:
            case verbs.Send():
                return await self._sender.send(verb, left.mail if left else None, left.until if left else None)
            case verbs.Wait(duration):
                self._bearings.because = f"{in_words(duration)} later"
                await self._wait_until(self._end(left, self._watch.now() + duration), verb, OnPause.KEEP_REST)
            case verbs.WaitUntil(moment):
                await self._wait_until(self._end(left, moment), verb)
            case verbs.WaitUntilLocal():
                await self._wait_for_wall_clock(verb, left)
            case verbs.Quiet():
                await self._wait_for_quiet(verb, left)
            case verbs.Until():
                return await self._wait_for_moment(verb, left)
            case verbs.Reaction():
                return await self._wait_for_reaction(verb, left)
            case _:
                return await self._ask(verb)
        return None

    async def _ask(self, verb: verbs.Verb[Any]) -> Any:
        whose, at = self._whose, self._watch.now()
        match verb:
            case verbs.Score():
                return await self._sender.score()
            case verbs.ReadFact(fact):
                occasion = self._start.occasion
                fact_request = calls.FactRequest(**whose, fact=fact.name, occasion=occasion, at=at)
                return (await stubs.read_fact(fact_request, verb.describe())).value
            case verbs.Suppress(reason):
                suppress_request = calls.SuppressRequest(**whose, reason=reason, journey=self._start.journey, at=at)
                await stubs.suppress(suppress_request, verb.describe())
                return None
            case verbs.ChooseOffer():
                tier = (await self._sender.score()).tier
                offer_request = calls.OfferRequest(
                    **whose, tier=tier, occasion=self._start.occasion.name, at=self._watch.now()
                )
                return await stubs.choose_offer(offer_request, verb.describe())
            case verbs.ChooseVariant(experiment, variants):
                request = calls.VariantRequest(**whose, experiment=experiment, variants=variants, at=at)
                return (await stubs.choose_variant(request, verb.describe())).name
            case verbs.Since(change):
                return workflow.patched(change)
            case _:
                raise TypeError(f"the performer does not know the verb {type(verb).__name__}")

    # -- waits ---------------------------------------------------------------------------------------------------

    def _end(self, left: OpenVerb | None, otherwise: datetime) -> datetime:
        """When a wait ends that an earlier run may have begun."""
        if left is not None and left.rest is not None:
            return self._watch.now() + left.rest
        return (left.until if left else None) or otherwise

    async def _wait_until(
        self,
        moment: datetime,
        verb: verbs.Verb[Any],
        on_pause: OnPause = OnPause.KEEP_MOMENT,
        woken_by: Callable[[], bool] = never,
    ) -> Woke:
        woke, self._bearings.planned = await self._watch.until(
            moment, verb.describe(), on_pause=on_pause, woken_by=woken_by
        )
        if woke is Woke.SKIPPED:
            self._bearings.because = SKIPPED
        return woke

    async def _wait_for_quiet(self, verb: verbs.Quiet, left: OpenVerb | None) -> None:
        # The database knows the last activity, so the many events of a busy shopper need no signal each.
        until = self._end(left, self._start.occasion.occurred_at + verb.duration)
        while not self._inbox.has_ended():
            woke = await self._wait_until(until, verb, OnPause.ASK_AGAIN)
            if self._inbox.has_ended() or woke is Woke.SKIPPED:
                return
            request = calls.ActivityRequest(**self._whose, names=verb.since)
            self._bearings.because = f"quiet for {in_words(verb.duration)}"
            last = (await stubs.read_last_activity(request, "when was the customer last active?")).at
            until = until if last is None else last + verb.duration
            if until <= self._watch.now():
                self._bearings.planned = until
                return

    async def _wait_for_wall_clock(self, verb: verbs.WaitUntilLocal, left: OpenVerb | None) -> None:
        moment = (left.until if left else None) or await self._find_local_time(verb, self._watch.now())
        while not self._inbox.has_ended():
            woke = await self._wait_until(moment, verb, OnPause.ASK_AGAIN)
            if self._inbox.has_ended() or woke is Woke.SKIPPED:
                return
            # Asked again at wake-up: the customer may have moved to another zone meanwhile.
            after = self._watch.now() if woke is Woke.RESUMED else moment
            found = await self._find_local_time(verb, after)
            if found == moment and woke is not Woke.RESUMED:
                return
            moment = found

    async def _wait_for_moment(self, verb: verbs.Until, left: OpenVerb | None) -> Timing:
        """Read the moment at the beginning, whenever an event may have moved it, and when it has come."""
        waited = left is not None and left.until is not None
        while not self._inbox.has_ended():
            heard = self._inbox.heard(verb.moment.said_by)
            at, now = await self._read_moment(verb), self._watch.now()
            if at is None:
                return Timing.NEVER
            if at - verb.before <= now:
                timing = Timing.ON_TIME if waited else Timing.LATE if at > now else Timing.PASSED
                self._bearings.because = verb.came(timing)
                return timing
            woke = await self._wait_until(at - verb.before, verb, OnPause.ASK_AGAIN, self._told_more(verb, heard))
            if woke is Woke.SKIPPED:
                break
            waited = woke is Woke.DUE
        return Timing.ON_TIME

    def _told_more(self, verb: verbs.Until, heard: int) -> Callable[[], bool]:
        """Whether another event has come that may have moved the moment."""
        return lambda: self._inbox.heard(verb.moment.said_by) != heard

    async def _read_moment(self, verb: verbs.Until) -> datetime | None:
        request = calls.MomentRequest(**self._whose, moment=verb.moment.name, occasion=self._start.occasion)
        return (await stubs.read_moment(request, f"when is the {verb.moment.name}?")).at

    async def _find_local_time(self, verb: verbs.WaitUntilLocal, after: datetime) -> datetime:
        request = calls.LocalTimeRequest(**self._whose, wall_clock=verb.wall_clock, after=after)
        return (await stubs.find_local_time(request, verb.describe())).at

    async def _wait_for_reaction(self, verb: verbs.Reaction[Any], left: OpenVerb | None) -> Any:
        until = self._end(left, self._watch.now() + verb.within)
        woke = await self._wait_until(until, verb, OnPause.KEEP_REST, lambda: self._inbox.holds(verb.kinds))
        if woke is Woke.SKIPPED:
            return None
        reaction = self._inbox.take(verb.kinds)
        if reaction is not None:
            self._bearings.planned = None  # it came when it came
        silence = f"no answer in {in_words(verb.within)}"
        self._bearings.because = verbs.SIGNAL_WORDS[type(reaction)] if reaction else silence
        self._display.note(self._watch.now(), f"{verb.describe()}: {self._bearings.because}")
        return reaction
