"""The settings of the gate: what the shop decides about all its mail."""

from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, Field, PositiveInt, field_validator, model_validator

from domain.civil import QuietHours, find_zone, opens_at_all
from domain.model import Value
from domain.windows import SendWindow

DAY = timedelta(hours=24)
TWO_DAYS = timedelta(hours=48)
NOTHING = timedelta()


class ConsentRule(StrEnum):
    """What marketing needs before it may go."""

    RECORDED = "recorded"
    """A consent on record for the topic, or for all marketing."""
    ASSUMED = "assumed"
    """No recorded refusal: the shop answers for having asked. An opt-out counts all the same."""


class Caps(Value):
    """How many marketing mails one customer gets at most, over all journeys. Windows roll with the clock."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    per_day: PositiveInt = 1
    """Marketing mails to one customer in 24 hours. By calendar day it would let two through around midnight."""
    per_48h: PositiveInt = 3
    """The same in 48 hours."""
    per_stage: PositiveInt = 3
    """The same for mails of one funnel stage, within `STAGE_WINDOW`."""
    stage_window: timedelta = Field(default=timedelta(days=7), gt=NOTHING)
    """How far back mails of a stage are counted."""

    @property
    def horizon(self) -> timedelta:
        """How far back `GateFacts.recent` must reach."""
        return max(TWO_DAYS, self.stage_window)


class CoolDowns(Value):
    """How long marketing rests after what was said before. None of them where the span is zero."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    incentive: timedelta = Field(default=DAY, ge=NOTHING)
    """Rest after a mail that offered something, before the next of any journey: let the offer work."""
    unanswered: timedelta = Field(default=TWO_DAYS, ge=NOTHING)
    """Rest after another journey's mail, when the customer was not seen since."""
    ignored: timedelta = Field(default=timedelta(hours=72), ge=NOTHING)
    """The same, when two mails or more went without an answer."""

    @property
    def horizon(self) -> timedelta:
        """How far back `GateFacts.recent` must reach."""
        return max(self.incentive, self.unanswered, self.ignored)


class GatePolicy(Value):
    """The settings of the gate. `default_zone` is for customers whose zone is unknown."""

    caps: Caps = Caps()
    segment_caps: dict[str, Caps] = Field(default_factory=dict)
    """Caps instead of the general ones, for customers of a segment; see `GateFacts.segment`."""
    cool_downs: CoolDowns = CoolDowns()
    in_session: timedelta = Field(default=timedelta(minutes=5), ge=NOTHING)
    """How long after their last activity a customer counts as being in the shop. Zero: never."""
    quiet: QuietHours = QuietHours()
    windows: tuple[SendWindow, ...] = ()
    """When mail may go besides; none: at any time that is not quiet."""
    best_hour_within: timedelta = Field(default=timedelta(hours=6), ge=NOTHING, le=DAY)
    """How long a mail that could go waits at most for the customer's best hour. Zero: not at all."""
    default_zone: str = "UTC"
    consent: ConsentRule = ConsentRule.RECORDED
    pages_owe: bool = False
    """Whether owed mail goes by the word of a browser's key alone; see docs/decisions/0038."""

    @field_validator("default_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if find_zone(name) is None:
            raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin")
        return name

    @model_validator(mode="after")
    def _lets_something_go(self) -> Self:
        if not opens_at_all(self.quiet, self.windows):
            raise ValueError("the send windows lie within the quiet hours, so that no mail could ever go: widen one")
        return self

    @property
    def horizon(self) -> timedelta:
        """How far back `GateFacts.recent` must reach, if the customer asked for nothing else."""
        return max(self.cool_downs.horizon, *(caps.horizon for caps in (self.caps, *self.segment_caps.values())))

    def caps_of(self, segment: str | None) -> Caps:
        """The caps for customers of a segment."""
        return self.segment_caps.get(segment or "", self.caps)
