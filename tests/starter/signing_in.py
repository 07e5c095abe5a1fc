"""Visitors, and the moment they sign in."""

from domain.event import Event, EventType
from tests.starter.posts import MINUTE, NOON, Post


def visitors(event: Event) -> Event:
    """The event, of somebody on whose browser nobody has signed in."""
    return event.model_copy(update={"user_id": None, "anonymous_id": "v1"})


def sign_in(post: Post, user: str = "anna") -> Event:
    changes = {"type": EventType.IDENTIFY, "anonymous_id": "v1"}
    return post.event("identify", user, at=NOON + 5 * MINUTE).model_copy(update=changes)
