"""The stage: one customer plays through journeys, and what they got is there to be asserted.

Everything but the mail server is real, and time is skipped: ten days take a fraction of a second. All moments are
product time.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.testing import WorkflowEnvironment

from domain import event as names
from domain.civil import find_zone
from domain.clock import PacedClock
from domain.enrollment import EnrollmentRow, Outcome
from domain.facts import Fact
from mail.recording import RecordingTransport
from rehearsal.stage.entrance import enter
from rehearsal.stage.errors import StageError
from rehearsal.stage.hand import Hand
from rehearsal.stage.letters import Letter, NotSent
from rehearsal.stage.passing import Passing
from rehearsal.stage.playhouse import ANNA, Playhouse
from rehearsal.stage.prompter import Prompter
from rehearsal.stage.record import Record
from rehearsal.stage.samples import properties_of
from rehearsal.stage.spans import parse_span, write_span
from rehearsal.stage.timeline import Entry, Timeline, What
from rehearsal.stage.troupe import Troupe
from rehearsal.stage.watcher import Watcher
from settings import Settings
from storage.database import Database
from workflows.vocabulary import Journey
from workflows.vocabulary.inbox import CUSTOMER_ERASED

AT_MOST = timedelta(days=400)
"""How long `finish` lets a journey live."""


class Stage:
    """One customer, Anna, and the journeys she goes through. Open one with `open_stage`, or take the fixture `stage`.

    What she got is up to date after each method that lets something happen. Where a journey's code breaks, that method
    raises `StageError`.
    """

    def __init__(
        self,
        env: WorkflowEnvironment,
        database: Database,
        paced: PacedClock,
        settings: Settings,
        *,
        zone: str,
        templates: Path,
    ) -> None:
        self.customer = ANNA
        self.traits: dict[str, Any] = {
            "email": f"{ANNA}@shop.example",
            "firstName": "Anna",
            "timezone": zone,
            "consent": True,
        }
        """What is known of her. To be changed before anything else is done; later use `identify`."""
        self._timeline = Timeline(zone, paced.anchor_product)
        self._prompter = Prompter(self._timeline, env, paced)
        self.mail_server = RecordingTransport()
        """Takes every mail, unless told otherwise: `stage.mail_server.refuse_next()`."""
        self._troupe = Troupe(
            lambda build: Playhouse(
                env,
                database,
                paced,
                settings,
                transport=self.mail_server,
                interceptors=[self._prompter],
                build=build,
                templates=templates,
            )
        )
        self.house = self._troupe.house
        self._watcher = Watcher(self.house, self._timeline, self.customer)
        self._passing = Passing(self.house, self._watcher, paced.anchor_product)
        self._hand = Hand(self.house)
        self._record = Record(self.house, self.mail_server, self._timeline, self.customer)
        self._is_known = False
        self._orders = 1

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["Stage"]:
        """Stop what was started when the block ends."""
        async with self._troupe.gathered():
            yield self

    # -- what she got --------------------------------------------------------------------------------------------

    @property
    def sent(self) -> list[str]:
        """Templates of the mails that went, in order."""
        return [row.template for row in self._record.sent]

    @property
    def not_sent(self) -> list[NotSent]:
        """Mails that are held back or never go, with the reason."""
        return self._record.not_sent

    @property
    def letters(self) -> list[Letter]:
        """The mails as they arrived: subject, text, HTML."""
        return self._record.letters

    @property
    def timeline(self) -> Sequence[Entry]:
        """All that happened, in order. Printed line by line it says what to assert."""
        return self._timeline.entries()

    @property
    def zone(self) -> str:
        """Where she lives."""
        return self._timeline.zone

    @property
    def doing(self) -> str:
        """What the enrollments wait for, in words."""
        return self._watcher.doing()

    @property
    def elapsed(self) -> timedelta:
        """Time since the first enrollment began."""
        return self._passing.story - self._timeline.begins

    async def outcome(self, journey: str | None = None) -> Outcome:
        """How her enrollment ended: the first one, or the first in a journey.

        Raises:
            StageError: it has not ended, or there is none.
        """
        await self._watcher.look()
        row = next((row for row in self._watcher.rows if journey in (None, row.journey)), None)
        if row is None:
            raise StageError("no enrollment has begun: use enroll, or report an event that begins one")
        if row.outcome is None:
            raise StageError(f"{row.journey} has not ended; it is {self._watcher.doing()}: use advance, or finish")
        return row.outcome

    # -- time, and what the world says ---------------------------------------------------------------------------

    @property
    def facts(self) -> dict[Fact[Any], bool | str]:
        """Facts to be answered otherwise than they are: `stage.facts[FIRST_ORDER] = False`."""
        return self._prompter.facts

    def perform(self, *journeys: str | type[Journey]) -> None:
        """Let these journeys take part, and no others. Needed for several only: `enroll` does so for one.

        They may be classes that are not deployed, in a module that can be imported: Temporal's sandbox loads it anew.

        Raises:
            StageError: something has happened already.
        """
        for journey in journeys:
            self._troupe.name(journey)

    async def enroll(self, journey: str | type[Journey]) -> None:
        """Begin a journey. It plays alone, unless `perform` has named others, or something has happened before.

        Its trigger is played where that is simple: the event is reported, with a sample product or order, and the cart
        is filled if that helps. Otherwise she is enrolled by hand.

        Raises:
            SegueError: there is no such journey, she is in it already, or nothing can begin it.
        """
        found = self._troupe.name(journey)
        await self._ready()
        await enter(self.house, found.plan, self.customer)
        await self._come_to_rest()

    async def advance(self, span: str | timedelta) -> None:
        """Let time pass: `"3 days"`, `"2h"`, `"1 day 4 hours"`, or a timedelta. What is due by then has happened."""
        await self._ready()
        self._passing.story += parse_span(span) if isinstance(span, str) else span
        await self._come_to_rest()

    async def finish(self, at_most: str | timedelta = AT_MOST) -> Outcome:
        """Let time pass until every enrollment has ended, and return how the first one did.

        Raises:
            StageError: one has not ended after `at_most`, counted from the first enrollment's beginning.
        """
        await self.play_out(at_most)
        return await self.outcome()

    async def play_out(self, at_most: str | timedelta = AT_MOST) -> bool:
        """Let time pass until every enrollment has ended, or for so long. Whether they have."""
        await self._ready()
        span = parse_span(at_most) if isinstance(at_most, str) else at_most
        await self._passing.play_until(self._timeline.begins + span, to_the_end=True)
        self._passing.story = max(self._passing.story, await self.house.now())
        await self._update()
        return self._watcher.is_over

    # -- what she does -------------------------------------------------------------------------------------------

    async def click(self, template: str | None = None) -> None:
        """Follow a link of the newest mail, or of the newest of a template.

        Raises:
            StageError: no such mail was sent.
        """
        sent = [row for row in self._record.sent if template in (None, row.template)]
        if not sent:
            raise StageError(f"there is nothing to click on: {template or 'no mail'} was sent by {self._when()}")
        about = {"journey": sent[-1].journey, "message": sent[-1].id, "step": sent[-1].step, "link": 0}
        await self._report("click", names.EMAIL_LINK_CLICKED, about)

    async def visit(self) -> None:
        """Look at a product. After half an hour away that is a return to the shop."""
        await self._report("visit", names.PRODUCT_VIEWED, properties_of(names.PRODUCT_VIEWED))

    async def revisit(self) -> None:
        """Come back to the shop.

        Raises:
            StageError: she was there less than half an hour ago.
        """
        await self._ready()
        if not (await self.house.known(self.customer)).begins_visit(await self.house.now()):
            raise StageError(
                f"by {self._when()} she has been away for less than half an hour, and that is no return to the shop"
            )
        await self._report("return to the shop", names.PRODUCT_VIEWED, properties_of(names.PRODUCT_VIEWED))

    async def purchase(self, revenue: float | None = None) -> None:
        """Order the sample product, for its price or for another amount."""
        self._orders += 1
        order = properties_of(names.ORDER_COMPLETED) | {"order_id": f"order-{self._orders}"}
        if revenue is not None:
            order["revenue"] = revenue
        await self._report("purchase", names.ORDER_COMPLETED, order)

    async def empty_cart(self) -> None:
        """Take everything out of the cart."""
        await self._ready()
        for line in (await self.house.known(self.customer)).cart.lines:
            await self._report("cart emptied", names.PRODUCT_REMOVED, {"product_id": line.product_id})

    async def unsubscribe(self, topic: str | None = None) -> None:
        """Want no more mail, or none on a topic."""
        await self._report("unsubscribe", names.UNSUBSCRIBED, {} if topic is None else {"topic": topic})

    async def bounce(self) -> None:
        """Have an address that bounces for good."""
        await self._report("bounce", names.EMAIL_BOUNCED, {})

    async def complain(self) -> None:
        """Mark a mail as spam."""
        await self._report("complaint", names.EMAIL_COMPLAINED, {})

    async def erase(self) -> None:
        """Be erased."""
        await self._report("erasure", CUSTOMER_ERASED, {})

    async def report(self, event: str, /, **properties: Any) -> None:
        """Do anything else, by the event's name. Without properties it is about the sample product or order."""
        await self._report(f"“{event}”", event, properties or properties_of(event))

    async def identify(self, **traits: Any) -> None:
        """Tell something of herself: `timezone="Asia/Tokyo"`, `consent=False`, `email=…`."""
        await self._ready()
        if find_zone(str(traits.get("timezone", ""))) is not None:
            self._timeline.zone = str(traits["timezone"])
        await self._do("told of herself", self.house.tell(self.customer, traits))

    async def cancel(self) -> None:
        """Cancel her enrollments, as an operator does."""
        await self._ready()
        await self._do("cancelled by an operator", self.house.operations.cancel(self.customer))

    async def pause(self, reason: str = "") -> None:
        """Hold her enrollments still, as an operator does. Each of these raises `StageError` where it is refused."""
        await self._ready()
        await self._operate("paused", self._hand.pause(self._watcher.rows, reason))

    async def resume(self) -> None:
        """Let them go on."""
        await self._ready()
        await self._operate("resumed", self._hand.resume(self._watcher.rows))

    async def skip(self) -> None:
        """Pass over what they wait for; a wait for a reaction counts as silence."""
        await self._ready()
        await self._operate("passed over", self._hand.skip(self._watcher.rows))

    async def _report(self, what: str, event: str, properties: dict[str, Any]) -> None:
        await self._ready()
        await self._do(what, self.house.report(event, self.customer, **properties))

    async def _do(self, what: str, act: Awaitable[object]) -> None:
        """Do something, and note whether it meant anything to a journey."""
        moment, rows, heard = await self.house.now(), len(self._watcher.rows), self._watcher.heard()
        before = "the journey had ended" if self._watcher.is_over else "it changed nothing"
        await act
        await self._come_to_rest()
        begun = len(self._watcher.rows) > rows
        if self._watcher.heard() > heard:
            self._timeline.note(moment, What.HEARD, what)
        elif not begun:
            self._timeline.note(moment, What.IGNORED, f"{what}: {before if rows else 'no journey had begun'}")

    async def _operate(self, what: str, act: Awaitable[None]) -> None:
        moment = await self.house.now()
        await act
        self._timeline.note(moment, What.HEARD, f"{what} by an operator")
        await self._come_to_rest()

    async def _ready(self) -> None:
        """Have a worker, and Anna known."""
        self._prompter.check()
        await self._troupe.work()
        if not self._is_known:
            self._is_known = True
            await self.house.tell(self.customer, self.traits)

    async def _come_to_rest(self) -> None:
        await self._passing.settle()
        await self._update()

    async def _update(self) -> None:
        first: EnrollmentRow | None = next(iter(self._watcher.rows), None)
        if first is not None and self._timeline.begins != first.started_at:
            self._timeline.begins = self._passing.story = first.started_at
        await self._record.update(self._watcher.rows)

    def _when(self) -> str:
        return f"{write_span(self.elapsed)} after the beginning"
