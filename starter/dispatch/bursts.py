"""Bursts: consecutive events of one customer that say the same to the same enrollments are told as one signal.

Pure, and without memory: what is gathered is gathered from a batch of pending events each time anew. Dying loses
nothing then: all events of a burst are still pending, and come again, perhaps in other groups; enrollments ignore
those that they have seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.enrollment import EnrollmentRow
from domain.event import StoredEvent
from domain.signals import Signal
from workflows.vocabulary.routing import Routes, Tell


@dataclass(frozen=True)
class Burst:
    """Events that are delivered together, in most cases one."""

    events: tuple[StoredEvent, ...]
    wanted: tuple[StoredEvent, ...]
    """Those that mean something to somebody; the others are page views between them."""
    tells: tuple[Tell, ...]


def next_burst(events: Sequence[StoredEvent], rows: Sequence[EnrollmentRow], routes: Routes) -> Burst:
    """The longest run at the front of one customer's pending events that can be told at once; one event at least.

    What may begin or end an enrollment, by its name, is delivered by itself: what follows it may mean something else.
    """
    burst = _alone(events[0], rows, routes)
    if _stands_alone(burst, routes):
        return burst
    for event in events[1:]:
        further = _alone(event, rows, routes)
        if _stands_alone(further, routes) or not _say_the_same(burst.tells, further.tells):
            break
        burst = _joined(burst, further)
    return burst


def _alone(event: StoredEvent, rows: Sequence[EnrollmentRow], routes: Routes) -> Burst:
    tells = tuple(routes.tell(event, rows))
    is_wanted = bool(tells or routes.may_begin(event.event))
    return Burst(events=(event,), wanted=(event,) if is_wanted else (), tells=tells)


def _stands_alone(burst: Burst, routes: Routes) -> bool:
    return any(tell.may_end for tell in burst.tells) or any(routes.may_begin(event.event) for event in burst.wanted)


def _say_the_same(some: Sequence[Tell], others: Sequence[Tell]) -> bool:
    """Whether both tell the same enrollments the same thing, or one of them tells nothing."""

    def said(tell: Tell) -> tuple[object, ...]:
        return (tell.enrollment, type(tell.signal), tell.signal.subject)

    return not some or not others or [said(tell) for tell in some] == [said(tell) for tell in others]


def _joined(burst: Burst, further: Burst) -> Burst:
    tells = burst.tells or further.tells
    if burst.tells and further.tells:
        pairs = zip(burst.tells, further.tells, strict=True)
        tells = tuple(replace(tell, signal=_as_one(tell.signal, other.signal)) for tell, other in pairs)
    return Burst(events=burst.events + further.events, wanted=burst.wanted + further.wanted, tells=tells)


def _as_one(signal: Signal, later: Signal) -> Signal:
    moments = [each.occurred_at for each in (signal, later) if each.occurred_at is not None]
    return signal.model_copy(
        update={"others": (*signal.others, later.event_id), "occurred_at": max(moments, default=None)}
    )
