"""A run in figures: what went to how many, when most, how it ended, and what the gate did."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from domain.model import Instant, Value
from rehearsal.backtest.course import Course, PlannedMail


class StepCount(Value):
    """How many mails of a step would have gone: within the recording, and after it if nothing more happened."""

    step: str
    template: str
    recorded: int
    supposed: int


class ResultCount(Value):
    """How many enrollments ended so, and the revenue of the orders that ended them."""

    result: str
    why: str
    enrollments: int
    revenue: float


class ReasonCount(Value):
    """How often the gate held a mail back, or how often one was dropped, for one reason."""

    reason: str
    mails: int


class Totals(Value):
    """The figures of one run."""

    enrollments: int
    enrolled_customers: int
    mails: int
    """Within the recording."""
    supposed_mails: int
    """After its end, if nothing more happened."""
    most_per_customer: int
    """Mails that one customer would have got, those after the recording included."""
    busiest_hour: Instant | None
    busiest_mails: int
    busiest_supposed: bool
    """All of these would go after the recording's end."""
    steps: tuple[StepCount, ...]
    results: tuple[ResultCount, ...]
    held: tuple[ReasonCount, ...]
    dropped: tuple[ReasonCount, ...]


def total(courses: Sequence[Course]) -> Totals:
    """Add up a run."""
    mails = [(course, mail) for course in courses for mail in course.mails]
    recorded = sum(not mail.supposed for _, mail in mails)
    hours = Counter(_hour(mail.at) for _, mail in mails)
    # Of equal hours the first, so that the same recording always says the same.
    busiest = min(hours, key=lambda hour: (-hours[hour], hour), default=None)
    return Totals(
        enrollments=len(courses),
        enrolled_customers=len({course.customer for course in courses}),
        mails=recorded,
        supposed_mails=len(mails) - recorded,
        most_per_customer=max(Counter(course.customer for course, _ in mails).values(), default=0),
        busiest_hour=busiest,
        busiest_mails=0 if busiest is None else hours[busiest],
        busiest_supposed=bool(mails) and all(mail.supposed for _, mail in mails if _hour(mail.at) == busiest),
        steps=tuple(_steps(mails)),
        results=tuple(_results(courses)),
        held=_reasons(
            reason
            for course in courses
            for held in (*(mail.held for mail in course.mails), *(mail.held for mail in course.unsent))
            for reason in held
        ),
        dropped=_reasons(mail.why.split(", first possible")[0] for course in courses for mail in course.unsent),
    )


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _steps(mails: Sequence[tuple[Course, PlannedMail]]) -> Iterator[StepCount]:
    """In the order in which a journey's mails come: by how soon after its beginning the first of each would go."""
    counts = Counter((mail.step, mail.template, mail.supposed) for _, mail in mails)
    soonest: dict[tuple[str, str], timedelta] = {}
    for course, mail in mails:
        after = mail.at - course.began_at
        soonest[mail.step, mail.template] = min(after, soonest.get((mail.step, mail.template), after))
    for step, template in sorted(soonest, key=lambda key: (soonest[key], key)):
        recorded, supposed = counts[step, template, False], counts[step, template, True]
        yield StepCount(step=step, template=template, recorded=recorded, supposed=supposed)


def _results(courses: Sequence[Course]) -> Iterator[ResultCount]:
    counts = Counter((course.result, course.why) for course in courses)
    for (result, why), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        revenue = sum(course.revenue for course in courses if (course.result, course.why) == (result, why))
        yield ResultCount(result=result, why=why, enrollments=count, revenue=round(revenue, 2))


def _reasons(reasons: Iterable[str]) -> tuple[ReasonCount, ...]:
    counts = Counter(reasons)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(ReasonCount(reason=reason, mails=count) for reason, count in ordered)
