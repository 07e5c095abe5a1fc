"""The activities over a real database, with a mail server that records, for tests of single activities."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from activities.enrollments import EnrollmentActivities
from activities.gate import Gate, GateActivities
from activities.rendering import RenderingActivities
from activities.scoring import ScoringActivities
from activities.sending import SendingActivities
from domain import calls
from domain.enrollment import Occasion
from domain.gate import Ask, GatePolicy
from domain.intent import Thresholds
from domain.message import Kind, Stage
from domain.offer import OfferPolicy
from mail.context import TEMPLATES
from mail.links import Links
from mail.render import Templates
from storage.database import Database
from storage.ledger import Ledger, LedgerRow
from tests.house import NO_QUIET_HOURS, SHOP, MailServer
from tests.storage.samples import NOON, added, commit, identify

SENDER = "Lumen <hello@lumen.example>"


class FixedClock:
    """Product time as the test sets it."""

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> Any:
        return self.moment


class Crew:
    """Every activity."""

    def __init__(
        self,
        database: Database,
        *,
        templates: Path = TEMPLATES,
        policy: GatePolicy | None = None,
        offers: OfferPolicy | None = None,
        open_pixel: bool = False,
    ) -> None:
        self.database, self.clock, self.server = database, FixedClock(), MailServer()
        gate = Gate(policy or GatePolicy(quiet=NO_QUIET_HOURS))
        links = Links("https://mail.lumen.example", ["test-secret-of-some-length"])
        self.enrollments = EnrollmentActivities(database, self.clock)
        self.scoring = ScoringActivities(database, self.clock, Thresholds(), OfferPolicy())
        self.gate = GateActivities(database, self.clock, gate)
        self.rendering = RenderingActivities(
            database,
            self.clock,
            templates=Templates(templates),
            links=links,
            shop=SHOP,
            sender=SENDER,
            offers=offers,
            open_pixel=open_pixel,
        )
        self.sending_over = partial(SendingActivities, database, self.clock, gate=gate, links=links, sender=SENDER)
        self.sending = self.sending_over(transport=self.server)

    async def shopper(self, customer: str = "anna") -> None:
        """Somebody with an address, a consent, and a lamp in the cart, who left the shop an hour ago."""
        traits = {"email": f"{customer}@shop.example", "firstName": "Anna", "consent": True}
        an_hour_ago = NOON - timedelta(hours=1)
        told = identify(customer, traits=traits, at=an_hour_ago), added("lamp", customer, at=an_hour_ago)
        await commit(self.database, *told)

    async def rendered(self, **fields: Any) -> str:
        """A message that is ready to be sent."""
        gated = await self.gate.decide_message(asking(**fields))
        rendered = await self.rendering.render_message(rendering(gated.message))
        assert rendered.problem is None
        return gated.message

    async def row(self, message: str) -> LedgerRow:
        """The message in the ledger."""
        async with self.database.read() as session:
            return await Ledger(session).require(message)


OCCASION = Occasion(event_id="event-0", name="Product Added", seq=1, occurred_at=NOON - timedelta(hours=1))


def ask(kind: Kind = Kind.MARKETING) -> Ask:
    return Ask(kind=kind, topic="cart reminders", stage=Stage.PURCHASE, due_at=NOON)


def asking(
    *, enrollment: str = "e-1", customer: str = "anna", step: str = "reminder", kind: Kind = Kind.MARKETING
) -> calls.GateRequest:
    return calls.GateRequest(
        enrollment=enrollment,
        workflow_id=f"cart-recovery/{customer}",
        journey="cart-recovery",
        customer=customer,
        step=step,
        template=f"cart/{step}",
        ask=ask(kind),
        occasion=OCCASION,
        ends_on=("Order Completed",),
        at=NOON,
    )


def rendering(message: str) -> calls.RenderRequest:
    return calls.RenderRequest(message=message, occasion=OCCASION, at=NOON)


def sending(message: str, kind: Kind = Kind.MARKETING) -> calls.SendRequest:
    return calls.SendRequest(
        message=message,
        customer="anna",
        ask=ask(kind),
        occasion=OCCASION,
        ends_on=("Order Completed",) if kind is Kind.MARKETING else (),
        because="quiet for 1 hour",
        at=NOON,
    )
