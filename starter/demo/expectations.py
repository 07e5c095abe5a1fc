"""What must have come of the demo, each a sentence, and whether it did."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from domain.enrollment import EnrollmentRow, State
from domain.gate.decision import STALENESS
from domain.message import MessageStatus
from starter.demo.shoppers import Shopper
from storage.ledger import LedgerRow

MANY = 10
"""Journeys that must occur, of all there are."""


@dataclass(frozen=True)
class Seen:
    """One shopper's journeys and mails, as the database and the inbox have them."""

    shopper: Shopper
    enrollments: Sequence[EnrollmentRow] = ()
    messages: Sequence[LedgerRow] = ()
    arrived: int = 0
    """Mails in the inbox."""
    reasons: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By template, for which reasons the gate was seen to hold a mail back."""

    @property
    def sent(self) -> list[LedgerRow]:
        """The mails that went out, in their order."""
        out = [row for row in self.messages if row.status is MessageStatus.SENT]
        return sorted(out, key=lambda row: row.sent_at or row.decided_at)

    @property
    def templates(self) -> list[str]:
        """Of what went out."""
        return [row.template for row in self.sent]

    @property
    def is_over(self) -> bool:
        """Whether all has come that must."""
        return all(expectation.held for expectation in expectations_of(self))

    @property
    def is_lost(self) -> bool:
        """Whether a mail has come, or a journey has ended, as it must not: what follows can no longer mend it."""
        ends = self.shopper.ends
        ended = [row for row in self.enrollments if row.outcome is not None and row.journey in ends]
        return not _comes(self.templates, self.shopper.gets, whole=False) or any(
            how_it_stands(row) not in ends[row.journey].split(" or ") for row in ended
        )


@dataclass(frozen=True)
class Expectation:
    """Something that must have held, and whether it did."""

    what: str
    held: bool
    found: str = ""


def check(seen: Sequence[Seen]) -> list[Expectation]:
    """Compare what was seen with what each shopper must get."""
    late = [one.shopper.name for one in seen if one.arrived != len(one.sent)]
    occurred = journeys_that_occurred(seen)
    return [
        *(expectation for one in seen for expectation in expectations_of(one)),
        Expectation("Every mail sent has arrived, once", not late, f"not so for {', '.join(late)}"),
        Expectation(
            f"At least {MANY} journeys have occurred: {len(occurred)}", len(occurred) >= MANY, ", ".join(occurred)
        ),
    ]


def journeys_that_occurred(seen: Sequence[Seen]) -> list[str]:
    """The journeys of which a mail went out."""
    return sorted({row.journey for one in seen for row in one.sent})


def expectations_of(one: Seen) -> list[Expectation]:
    """What must come of one shopper's story."""
    shopper, sent = one.shopper, one.templates
    got = ", ".join(sent) or "nothing"
    mails = " → ".join(template for template in shopper.gets if not template.endswith("?"))
    stand = {row.journey: how_it_stands(row) for row in one.enrollments}
    return [
        Expectation(
            f"{shopper.name} {shopper.does}, and gets {mails}", _comes(sent, shopper.gets, whole=True), f"got {got}"
        ),
        *(
            Expectation(f"{shopper.name}: {why}", not any(each.startswith(mail) for each in sent), f"got {got}")
            for mail, why in shopper.never.items()
        ),
        *(
            Expectation(f"{shopper.name}: {mail} waits, since {words[0]}", *_waited(one, mail, words))
            for mail, words in shopper.waits.items()
        ),
        Expectation(
            f"{shopper.name}: {', '.join(f'{name} is {end}' for name, end in shopper.ends.items())}",
            all(stand.get(name) in end.split(" or ") for name, end in shopper.ends.items()),
            ", ".join(f"{name} is {end}" for name, end in stand.items()) or "in no journey",
        ),
    ]


def too_late(seen: Sequence[Seen]) -> list[str]:
    """The mails that the gate dropped because they had become stale: the machine is too slow for the pace."""
    late = [row for one in seen for row in one.messages if row.status is MessageStatus.DROPPED]
    return [row.template for row in late if row.rule == STALENESS]


def how_it_stands(row: EnrollmentRow) -> str:
    """In a word: `running`, or the kind of its outcome."""
    if row.outcome is not None:
        return row.outcome.kind.value
    return "running" if row.state is State.RUNNING else row.state.value


def _waited(one: Seen, template: str, words: Sequence[str]) -> tuple[bool, str]:
    reasons = one.reasons.get(template, ())
    known = any(each in reason for reason in reasons for each in words)
    return known, "; ".join(reasons) or "it was never held back"


def _comes(sent: Sequence[str], gets: Sequence[str], *, whole: bool) -> bool:
    """Whether just these mails came, in their order; unless the whole is asked for, some may be still to come."""
    left = list(sent)
    for each in gets:
        if left and left[0] == each.removesuffix("?"):
            left.pop(0)
        elif not each.endswith("?"):
            return not left and not whole
    return not left
