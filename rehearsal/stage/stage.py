"""The stage: one customer plays through journeys, and what they got is there to be asserted.

Everything but the mail server is real, and time is skipped: ten days take a fraction of a second. All moments are
product time.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from domain import event as names
from domain.civil import find_zone
from domain.enrollment import Outcome
from domain.event import CUSTOMER_ERASED
from domain.facts import Fact
from rehearsal.stage.backstage import Backstage
from rehearsal.stage.entrance import enter
from rehearsal.stage.errors import StageError
from rehearsal.stage.letters import Letter, NotSent
from rehearsal.stage.samples import properties_of
from rehearsal.stage.spans import parse_span, write_span
from rehearsal.stage.timeline import Entry
from workflows.vocabulary import Journey

AT_MOST = timedelta(days=400)
"""How long `finish` lets a journey live."""


class Stage:
    """One customer, Anna, and the journeys she goes through. Open one with `open_stage`, or take the fixture `stage`.

    What she got is up to date after each method that lets something happen. Where a journey's code breaks, that method
    raises `StageError`.
    """

    def __init__(self, backstage: Backstage) -> None:
        self._back = backstage
        self.customer = backstage.customer
        self.house = backstage.house
        self.traits = backstage.traits
        """What is known of her. To be changed before anything else is done; later use `identify`."""
        self.mail_server = backstage.mail_server
        """Takes every mail, unless told otherwise: `stage.mail_server.refuse_next()`."""
        self._orders = 1

    # -- what she got --------------------------------------------------------------------------------------------

    @property
    def sent(self) -> list[str]:
        """Templates of the mails that went, in order."""
        return [row.template for row in self._back.record.sent]

    @property
    def not_sent(self) -> list[NotSent]:
        """Mails that are held back or never go, with the reason."""
        return self._back.record.not_sent

    @property
    def letters(self) -> list[Letter]:
        """The mails as they arrived: subject, text, HTML."""
        return self._back.record.letters

    @property
    def timeline(self) -> Sequence[Entry]:
        """All that happened, in order. Printed line by line it says what to assert."""
        return self._back.timeline.entries()

    @property
    def zone(self) -> str:
        """Where she lives."""
        return self._back.timeline.zone

    @property
    def doing(self) -> str:
        """What the enrollments wait for, in words."""
        return self._back.watcher.doing()

    @property
    def elapsed(self) -> timedelta:
        """Time since the first enrollment began."""
        return self._back.elapsed

    async def outcome(self, journey: str | None = None) -> Outcome:
        """How her enrollment ended: the first one, or the first in a journey.

        Raises:
            StageError: it has not ended, or there is none.
        """
        await self._back.watcher.look()
        row = next((row for row in self._back.watcher.rows if journey in (None, row.journey)), None)
        if row is None:
            raise StageError("no enrollment has begun: use enroll, or report an event that begins one")
        if row.outcome is None:
            raise StageError(f"{row.journey} has not ended; it is {self._back.watcher.doing()}: use advance, or finish")
        return row.outcome

    # -- time, and what the world says ---------------------------------------------------------------------------

    @property
    def facts(self) -> dict[Fact[Any], bool | str]:
        """Facts to be answered otherwise than they are: `stage.facts[FIRST_ORDER] = False`."""
        return self._back.prompter.facts

    def perform(self, *journeys: str | type[Journey]) -> None:
        """Let these journeys take part, and no others. Needed for several only: `enroll` does so for one.

        They may be classes that are not deployed, in a module that can be imported: Temporal's sandbox loads it anew.

        Raises:
            StageError: something has happened already.
        """
        for journey in journeys:
            self._back.troupe.name(journey)

    async def enroll(self, journey: str | type[Journey]) -> None:
        """Begin a journey. It plays alone, unless `perform` has named others, or something has happened before.

        Its trigger is played where that is simple: the event is reported, with a sample product or order, and the cart
        is filled if that helps. Otherwise she is enrolled by hand.

        Raises:
            SegueError: there is no such journey, she is in it already, or nothing can begin it.
        """
        found = self._back.troupe.name(journey)
        await self._back.ready()
        await enter(self.house, found.plan, self.customer)
        await self._back.come_to_rest()

    async def advance(self, span: str | timedelta) -> None:
        """Let time pass: `"3 days"`, `"2h"`, `"1 day 4 hours"`, or a timedelta. What is due by then has happened."""
        await self._back.ready()
        self._back.passing.story += parse_span(span) if isinstance(span, str) else span
        await self._back.come_to_rest()

    async def finish(self, at_most: str | timedelta = AT_MOST) -> Outcome:
        """Let time pass until every enrollment has ended, and return how the first one did.

        Raises:
            StageError: one has not ended after `at_most`, counted from the first enrollment's beginning.
        """
        await self.play_out(at_most)
        return await self.outcome()

    async def play_out(self, at_most: str | timedelta = AT_MOST) -> bool:
        """Let time pass until every enrollment has ended, or for so long. Whether they have."""
        await self._back.ready()
        span = parse_span(at_most) if isinstance(at_most, str) else at_most
        await self._back.passing.play_until(self._back.timeline.begins + span, to_the_end=True)
        self._back.passing.story = max(self._back.passing.story, await self.house.now())
        await self._back.update()
        return self._back.watcher.is_over

    # -- what she does -------------------------------------------------------------------------------------------

    async def click(self, template: str | None = None) -> None:
        """Follow a link of the newest mail, or of the newest of a template.

        Raises:
            StageError: no such mail was sent.
        """
        sent = [row for row in self._back.record.sent if template in (None, row.template)]
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
        await self._back.ready()
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
        await self._back.ready()
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
        await self._back.ready()
        reported = self.house.report(event, self.customer, **(properties or properties_of(event)))
        await self._back.do(f"“{event}”", reported, event=event)

    async def identify(self, **traits: Any) -> None:
        """Tell something of herself: `timezone="Asia/Tokyo"`, `consent=False`, `email=…`."""
        await self._back.ready()
        if find_zone(str(traits.get("timezone", ""))) is not None:
            self._back.timeline.zone = str(traits["timezone"])
        await self._back.do("told of herself", self.house.tell(self.customer, traits))

    async def cancel(self) -> None:
        """Cancel her enrollments, as an operator does."""
        await self._back.ready()
        await self._back.do("cancelled by an operator", self.house.operations.cancel(self.customer))

    async def pause(self, reason: str = "") -> None:
        """Hold her enrollments still, as an operator does. Each of these raises `StageError` where it is refused."""
        await self._back.ready()
        await self._back.operate("paused", self._back.hand.pause(self._back.watcher.rows, reason))

    async def resume(self) -> None:
        """Let them go on."""
        await self._back.ready()
        await self._back.operate("resumed", self._back.hand.resume(self._back.watcher.rows))

    async def skip(self) -> None:
        """Pass over what they wait for; a wait for a reaction counts as silence."""
        await self._back.ready()
        await self._back.operate("passed over", self._back.hand.skip(self._back.watcher.rows))

    async def _report(self, what: str, event: str, properties: dict[str, Any]) -> None:
        await self._back.ready()
        await self._back.do(what, self.house.report(event, self.customer, **properties))

    def _when(self) -> str:
        return f"{write_span(self.elapsed)} after the beginning"
