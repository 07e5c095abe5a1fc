"""What workflows ask of activities: names and shapes on the wire.

Activity names are frozen: they stand in the histories of running journeys, and renaming one takes several deploys.
No request carries an address, a name or a body; ids travel, people stay in the database.
"""

from datetime import time
from typing import Final

from domain.enrollment import Occasion, Outcome
from domain.gate import Ask
from domain.intent import Intent, Tier
from domain.message import WENT_OUT, Decision, MessageStatus
from domain.model import CustomerId, Instant, WireValue
from domain.offer import Offer

ADMIT: Final = "admit_enrollment"
CLOSE: Final = "close_enrollment"
SCORE: Final = "score_customer"
GATE: Final = "decide_message"
DROP: Final = "drop_message"
RENDER: Final = "render_message"
SEND: Final = "send_message"
READ_FACT: Final = "read_fact"
READ_ACTIVITY: Final = "read_last_activity"
NEXT_LOCAL: Final = "find_next_local_time"
READ_MOMENT: Final = "read_moment"
SUPPRESS: Final = "suppress_customer"
CHOOSE_OFFER: Final = "choose_offer"
CHOOSE_VARIANT: Final = "choose_variant"


class AdmitRequest(WireValue):
    """Asks to begin. Effect once per enrollment: a second run of the same enrollment is not admitted."""

    enrollment: str
    workflow_id: str
    run_id: str


class Admission(WireValue):
    """Whether the run may go on, and if not, why."""

    admitted: bool
    why: str = ""


class CloseRequest(WireValue):
    """Records how an enrollment ended."""

    enrollment: str
    outcome: Outcome
    at: Instant


class CustomerRequest(WireValue):
    """Asks about the customer of an enrollment: whoever that is by then, see `activities.subject`."""

    customer: CustomerId
    """Whose the enrollment was when it began."""
    enrollment: str | None = None
    """None: from histories before customers could be joined in mid-journey; or asked of nobody's enrollment."""


class ScoreRequest(CustomerRequest):
    """Asks for the customer's intent now. `previous` tier matters for hysteresis."""

    previous: Tier | None = None
    at: Instant


class GateRequest(WireValue):
    """Asks whether a step's message may go now. Idempotent per enrollment and step."""

    enrollment: str
    workflow_id: str
    journey: str
    customer: CustomerId
    step: str
    template: str
    ask: Ask
    occasion: Occasion
    ends_on: tuple[str, ...]
    """Events that end the journey. One of them committed after the occasion, and the message is dropped."""
    offer: Offer | None = None
    at: Instant


class Gated(WireValue):
    """The gate's answer and the ledger id of the message it is about."""

    message: str
    decision: Decision


class DropRequest(WireValue):
    """Asks to drop a message that the gate holds back. Idempotent."""

    message: str
    reason: str
    at: Instant


class RenderRequest(WireValue):
    """Asks to write the body of a claimed message into the ledger, from fresh facts."""

    message: str
    occasion: Occasion
    intent: Intent | None = None
    at: Instant


class Rendered(WireValue):
    """What was rendered: sizes only, the body stays in the database. `problem` says why there is no body."""

    message: str
    html_bytes: int = 0
    problem: str | None = None


class SendRequest(WireValue):
    """Asks to hand a rendered message to the mail server. Idempotent per message id."""

    message: str
    customer: CustomerId
    ask: Ask
    """Asked again before a late attempt: what was right an hour ago may be night, capped or unwanted by now."""
    occasion: Occasion
    ends_on: tuple[str, ...]
    because: str = ""
    """What in the journey led to this mail, in words; kept in the ledger."""
    at: Instant


class Delivery(WireValue):
    """What became of a message: sent, dropped, refused, unknown, or deferred by a gate that was asked again."""

    message: str
    status: MessageStatus
    reason: str
    at: Instant
    until: Instant | None = None
    """When to ask the gate again; set when, and only when, deferred."""
    ended_by: str | None = None
    """As in `Decision.ended_by`."""
    gives_way_to: str | None = None
    """As in `Decision.gives_way_to`."""

    @property
    def went_out(self) -> bool:
        """Whether the customer has it, as far as anybody can know."""
        return self.status in WENT_OUT


class FactRequest(CustomerRequest):
    """Asks for one fact by its name."""

    fact: str
    occasion: Occasion
    at: Instant | None = None
    """None: from histories before facts knew the time."""


class FactAnswer(WireValue):
    """The fact's value now."""

    value: bool | str


class ActivityRequest(CustomerRequest):
    """Asks when the customer last did one of these things."""

    names: tuple[str, ...]


class LastActivity(WireValue):
    """Product time of the last such event; none when there was none."""

    at: Instant | None = None


class LocalTimeRequest(CustomerRequest):
    """Asks for the next moment, from `after` on, when the customer's wall clock shows `wall_clock`."""

    wall_clock: time
    after: Instant


class LocalTime(WireValue):
    """That moment, in product time."""

    at: Instant


class MomentRequest(CustomerRequest):
    """Asks when a declared moment is, by its name, as far as anybody has reported it."""

    moment: str
    occasion: Occasion


class MomentAnswer(WireValue):
    """The moment, in product time; none when nothing says when it is."""

    at: Instant | None = None


class SuppressRequest(CustomerRequest):
    """Asks to send the customer no more marketing until they return. Idempotent: the first reason stays."""

    reason: str
    journey: str
    at: Instant


class OfferRequest(CustomerRequest):
    """Asks the offer policy for this customer's offer. `occasion` is the name of the event that began it."""

    tier: Tier
    occasion: str = ""
    at: Instant


class VariantRequest(WireValue):
    """Asks for the customer's variant of an experiment. Sticky: the first answer stays."""

    customer: CustomerId
    enrollment: str
    experiment: str
    variants: tuple[str, ...]
    at: Instant


class Variant(WireValue):
    """The variant's name."""

    name: str
