"""How two runs over the same recording differ, mail by mail and outcome by outcome.

Two enrollments are compared if the same event began them; what is left over of one customer and key is compared in the
order of beginning. Within them, a mail is the same mail if it is the same template for the same time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum

from domain.enrollment import OutcomeKind
from domain.model import Instant, Value
from rehearsal.backtest.course import Course, PlannedMail
from workflows.vocabulary.words import in_words

Pair = tuple[Course | None, Course | None]
"""What became of one occasion in the earlier and in the later version."""

_Mail = tuple[str, int]
"""A template, and how often the enrollment had sent it before."""


class Kind(StrEnum):
    """What differs."""

    ADDED = "mail added"
    REMOVED = "mail removed"
    MOVED = "mail moved"
    OFFER = "other offer"
    BEGINS = "begins"
    """Only the later version enrolls the customer."""
    BEGINS_NOT = "no longer begins"
    OUTCOME = "other outcome"


class Difference(Value):
    """One difference, for one customer. `earlier` and `later` are the moments, or the words, in each version."""

    kind: Kind
    customer: str
    mail: str = ""
    began_at: Instant
    earlier_at: Instant | None = None
    later_at: Instant | None = None
    earlier: str = ""
    later: str = ""
    why: str
    supposed: bool = False
    """It shows only after the recording ends, and supposes that nothing more happens."""

    @property
    def moved(self) -> timedelta:
        """By how much a mail moved; less than nothing: it goes sooner."""
        if self.earlier_at is None or self.later_at is None:
            return timedelta()
        return self.later_at - self.earlier_at


def compare(earlier: Sequence[Course], later: Sequence[Course]) -> tuple[Difference, ...]:
    """Every difference, by kind, and then enrollment by enrollment in the order of time."""
    found = [each for pair in _pairs(earlier, later) for each in _differences(*pair)]
    order = list(Kind)

    def when(each: Difference) -> tuple[object, ...]:
        at = each.later_at or each.earlier_at or each.began_at
        return order.index(each.kind), each.began_at, each.customer, at, each.mail

    return tuple(sorted(found, key=when))


def _pairs(earlier: Sequence[Course], later: Sequence[Course]) -> Iterator[Pair]:
    by_event = {course.enrollment: course for course in later}
    lonely: dict[tuple[str, str | None], list[Course]] = defaultdict(list)
    for course in earlier:
        same = by_event.pop(course.enrollment, None)
        if same is not None:
            yield course, same
        else:
            lonely[course.customer, course.key].append(course)
    for course in later:
        if course.enrollment in by_event:
            others = lonely[course.customer, course.key]
            yield (others.pop(0) if others else None), course
    for others in lonely.values():
        yield from ((course, None) for course in others)


def _differences(earlier: Course | None, later: Course | None) -> Iterator[Difference]:
    if earlier is None and later is not None:
        yield _of(later, Kind.BEGINS, later=later.result, why=f"“{later.began_with}” begins it in this version only")
    elif later is None and earlier is not None:
        why = f"“{earlier.began_with}” begins nothing in the later version"
        yield _of(earlier, Kind.BEGINS_NOT, earlier=earlier.result, why=why)
    mails_before, mails_after = _mails(earlier), _mails(later)
    for key, before in mails_before.items():
        yield from _of_mail(earlier, later, before, mails_after.get(key))
    for key, after in mails_after.items():
        if key not in mails_before:
            yield from _of_mail(earlier, later, None, after)
    if earlier and later and (earlier.result, earlier.why) != (later.result, later.why):
        yield _of(later, Kind.OUTCOME, earlier=_told(earlier), later=_told(later), why=_why_other(earlier, later))


def _of_mail(
    earlier: Course | None, later: Course | None, before: PlannedMail | None, after: PlannedMail | None
) -> Iterator[Difference]:
    course, mail = later or earlier, after or before
    if course is None or mail is None:
        return
    told = {
        "mail": mail.template,
        "earlier_at": before.at if before else None,
        "later_at": after.at if after else None,
        "supposed": all(each.supposed for each in (before, after) if each),
    }
    if before is None:
        yield _of(course, Kind.ADDED, why=f"{mail.because}; before: {_absence(earlier, mail)}", **told)
    elif after is None:
        yield _of(course, Kind.REMOVED, why=_absence(later, mail), **told)
    elif before.at != after.at:
        yield _of(
            course, Kind.MOVED, earlier=_reason(before), later=_reason(after), why=_why_moved(before, after), **told
        )
    if before and after and before.offer != after.offer:
        offers = {"earlier": before.offer or "no offer", "later": after.offer or "no offer"}
        yield _of(course, Kind.OFFER, why=f"{offers['earlier']} → {offers['later']}", **offers, **told)


def _of(course: Course, kind: Kind, *, why: str, **told: object) -> Difference:
    return Difference.model_validate(
        {"kind": kind, "customer": course.customer, "began_at": course.began_at, "why": why, **told}
    )


def _mails(course: Course | None) -> dict[_Mail, PlannedMail]:
    seen: Counter[str] = Counter()
    found: dict[_Mail, PlannedMail] = {}
    for mail in () if course is None else course.mails:
        found[mail.template, seen[mail.template]] = mail
        seen[mail.template] += 1
    return found


def _absence(course: Course | None, mail: PlannedMail) -> str:
    """Why the other version does not send a mail."""
    if course is None:
        return "not enrolled"
    unsent = next((each for each in course.unsent if each.template == mail.template), None)
    if unsent is not None:
        return f"not sent, {unsent.why}"
    if course.result in (OutcomeKind.CONVERTED, OutcomeKind.EXITED):
        return f"ended before it came to that, {course.why}"
    return "not on this customer's way"


def _reason(mail: PlannedMail) -> str:
    return ", held: ".join((mail.because, *mail.held))


def _why_moved(before: PlannedMail, after: PlannedMail) -> str:
    then, now = _reason(before), _reason(after)
    return now if then == now else f"{then} → {now}"


def _told(course: Course) -> str:
    return f"{course.result} ({course.why})" if course.why else course.result


def _why_other(earlier: Course, later: Course) -> str:
    ended = (earlier.ended_at, later.ended_at)
    if ended[0] is None or ended[1] is None or ended[0] == ended[1]:
        return f"{_told(earlier)} → {_told(later)}"
    apart = ended[1] - ended[0]
    return f"ends {in_words(abs(apart))} {'later' if apart > timedelta() else 'sooner'}"


def shift_of(differences: Iterable[Difference]) -> tuple[timedelta, timedelta] | None:
    """The smallest and the largest move among moved mails; None where none moved."""
    moves = [each.moved for each in differences if each.kind is Kind.MOVED]
    return (min(moves), max(moves)) if moves else None
