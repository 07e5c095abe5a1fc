"""The ear: whether anybody on stage has a use for an event by its name. What is told is the dispatcher's to decide."""

from collections.abc import Iterable

from domain.enrollment import EnrollmentRow, State
from domain.event import EMAIL_LINK_CLICKED, ORDER_COMPLETED, UNSUBSCRIBED
from domain.signals import Click, Purchase
from workflows.catalogue import journey_named
from workflows.vocabulary import Journey
from workflows.vocabulary.inbox import COMMON_EXITS
from workflows.vocabulary.listening import listens_to, texts_of

_REACTIONS = {ORDER_COMPLETED: Purchase, EMAIL_LINK_CLICKED: Click}


def anybody_listens(rows: Iterable[EnrollmentRow], event: str) -> bool:
    """Whether a running enrollment's journey names the event. As a return to the shop it may be told of any."""
    running = {row.journey for row in rows if row.state is not State.ENDED}
    return any(_listens(journey_named(journey), event) for journey in running)


def _listens(journey: type[Journey], event: str) -> bool:
    plan = journey.plan
    if event in (plan.goal, *plan.exits, UNSUBSCRIBED, *COMMON_EXITS) or event in texts_of(journey):
        return True  # waited for, or an activity that a quiet time is counted from
    return event in _REACTIONS and _REACTIONS[event] in listens_to(journey)
