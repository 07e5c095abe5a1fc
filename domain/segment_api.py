"""The Segment HTTP tracking API: calls as clients send them, read into `domain.event`.

Sources: segment.com/docs/connections/spec and …/connections/sources/catalog/libraries/server/http-api. As tolerant as
Segment is: unknown fields are ignored, ids may be null or numbers, traits and properties may be null. Strict where a
slip would lose what the event means, or where a database could not keep it. What is refused is named by its path.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from domain.clock import PacedClock
from domain.errors import InvalidEventError
from domain.event import LONGEST_MESSAGE_ID, TRACK_NAMES, Event, EventType
from domain.soundness import join, require_sound

MAX_CALLS: Final = 2_500
"""Calls in one batch. Clients send a hundred; the bound keeps one request from holding up the others."""

MAX_ID: Final = 200
MAX_NAME: Final = 256
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Earlier moments are mistakes: a zero of some platform's date type, never the time of an event."""


def parse_moment(value: object) -> datetime | None:
    """Read an ISO 8601 moment; without an offset it is UTC. Null and the empty text are no moment.

    Raises:
        ValueError: it is none; the text says what to send.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError("must be an ISO 8601 moment, such as 2026-01-31T12:00:00Z")


def _read_id(value: object) -> object:
    """Numbers become texts, as 42 and 42.0 are the same id in JavaScript; an empty text is no id."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(int(value)) if float(value).is_integer() else repr(value)
    return value


def _read_required_id(value: object) -> object:
    if (identifier := _read_id(value)) is None:
        raise ValueError("must not be empty")
    return identifier


def _read_event_name(value: object) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError("must not be empty: it is the event's name, such as Product Added")
    return value


def _read_text(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _read_object(value: object) -> object:
    return {} if value is None else value


Id = Annotated[Annotated[str, StringConstraints(max_length=MAX_ID)] | None, BeforeValidator(_read_id)]
RequiredId = Annotated[str, StringConstraints(max_length=MAX_ID), BeforeValidator(_read_required_id)]
MessageId = Annotated[
    Annotated[str, StringConstraints(max_length=LONGEST_MESSAGE_ID)] | None, BeforeValidator(_read_id)
]
Name = Annotated[Annotated[str, StringConstraints(max_length=MAX_NAME)] | None, BeforeValidator(_read_text)]
EventName = Annotated[str, StringConstraints(max_length=MAX_NAME), BeforeValidator(_read_event_name)]
Object = Annotated[dict[str, Any], BeforeValidator(_read_object)]
Moment = Annotated[datetime | None, BeforeValidator(parse_moment)]


Admit = Callable[[Event, str], Event]
"""Given an event and where it stands, e.g. `batch.3`: the event as it may be stored, or an InvalidEventError."""


class Call(BaseModel, ABC):
    """What all calls have in common: who, when, and what surrounded it."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)

    message_id: MessageId = None
    user_id: Id = None
    anonymous_id: Id = None
    timestamp: Moment = None
    original_timestamp: Moment = None
    sent_at: Moment = None
    context: Object = {}

    @property
    @abstractmethod
    def about(self) -> tuple[str, dict[str, Any]]:
        """The event's name and properties."""

    @property
    def is_somebodys(self) -> bool:
        """Whether it says whose event it is."""
        return self.user_id is not None or self.anonymous_id is not None


class Track(Call):
    """Something a customer did. Names are case-sensitive, and kept as they are."""

    type: Literal["track"] = "track"
    event: EventName
    properties: Object = {}

    @property
    def about(self) -> tuple[str, dict[str, Any]]:
        """The track event itself."""
        return self.event, self.properties


class Identify(Call):
    """Who a customer is."""

    type: Literal["identify"] = "identify"
    traits: Object = {}

    @property
    def about(self) -> tuple[str, dict[str, Any]]:
        """The traits."""
        return self.type, self.traits


class Page(Call):
    """A page seen on the web."""

    type: Literal["page"] = "page"
    name: Name = None
    category: Name = None
    properties: Object = {}

    @property
    def about(self) -> tuple[str, dict[str, Any]]:
        """The page, by its name if it has one. Server libraries send the category beside the properties.

        A page that is called like an event, "Order Completed" say, is none: triggers and exits go by names alone.
        """
        category = {} if self.category is None else {"category": self.category}
        name = self.name or self.type
        return f"Viewed {name} {self.type.title()}" if name in TRACK_NAMES else name, category | self.properties


class Screen(Page):
    """A screen seen in an app."""

    type: Literal["screen"] = "screen"  # type: ignore[assignment]


class Group(Call):
    """An account that a customer belongs to."""

    type: Literal["group"] = "group"
    group_id: RequiredId
    traits: Object = {}

    @property
    def about(self) -> tuple[str, dict[str, Any]]:
        """The group's traits, with its id among them."""
        return self.type, {**self.traits, "groupId": self.group_id}


class Alias(Call):
    """Two ids that are one person."""

    type: Literal["alias"] = "alias"
    previous_id: RequiredId
    user_id: RequiredId

    @property
    def about(self) -> tuple[str, dict[str, Any]]:
        """Nothing but the ids."""
        return self.type, {}


MODELS: Final[Mapping[EventType, type[Call]]] = {
    EventType.TRACK: Track,
    EventType.IDENTIFY: Identify,
    EventType.PAGE: Page,
    EventType.SCREEN: Screen,
    EventType.GROUP: Group,
    EventType.ALIAS: Alias,
}

_CALL: TypeAdapter[Call] = TypeAdapter(
    Annotated[Track | Identify | Page | Screen | Group | Alias, Field(discriminator="type")]
)


class Batch(NamedTuple):
    """What was read from a batch: each of its calls is in one of the two, in the order sent."""

    events: list[Event]
    refused: list[InvalidEventError]
    """What is wrong with the others, each named as `batch.3.userId`."""


def parse_batch(
    data: Mapping[str, Any],
    *,
    received_at_real: datetime,
    clock: PacedClock,
    new_id: Callable[[], str],
    admit: Admit | None = None,
) -> Batch:
    """Read the body of a batch. A call that is wrong takes no other with it: see docs/decisions/0030.

    The batch's `context` is merged into each call's, its `sentAt` counts for all. For arguments see `parse_call`;
    `admit` looks at each event and where it stands.

    Raises:
        InvalidEventError: the body as a whole is no batch.
    """
    calls = data.get("batch")
    if not isinstance(calls, list):
        raise InvalidEventError("batch", "must be a list of calls")
    if len(calls) > MAX_CALLS:
        raise InvalidEventError("batch", f"has {len(calls)} calls, {MAX_CALLS} are allowed: split it")
    shared = data.get("context")
    if shared is not None and not isinstance(shared, Mapping):
        raise InvalidEventError("context", "must be an object")
    sent_at = _sent_at(data)
    batch = Batch([], [])
    for index, call in enumerate(calls):
        path = f"batch.{index}"
        try:
            event = parse_call(
                _with_context(call, shared) if shared else call,
                kind=None,
                sent_at=sent_at,
                received_at_real=received_at_real,
                clock=clock,
                new_id=new_id,
                path=path,
            )
            batch.events.append(admit(event, path) if admit else event)
        except InvalidEventError as error:
            batch.refused.append(error)
    return batch


def parse_call(
    data: object,
    *,
    kind: EventType | None,
    sent_at: datetime | None = None,
    received_at_real: datetime,
    clock: PacedClock,
    new_id: Callable[[], str],
    path: str = "",
) -> Event:
    """Read one call.

    Args:
        data: the call, as parsed from JSON.
        kind: what the address says it is; None: the call's own `type` tells.
        sent_at: the sender's clock when it sent, real time; None: the call's own `sentAt`, if it has one.
        received_at_real: when it came in.
        clock: turns real moments into product time.
        new_id: makes the message id of a call that brings none.
        path: where in the body it stands, e.g. `batch.3`.

    Returns:
        The event, in product time and corrected for the sender's clock.

    Raises:
        InvalidEventError: it is not in the spec, larger than `MAX_CALL`, or cannot be stored.
    """
    if not isinstance(data, Mapping):
        raise InvalidEventError(path, "must be an object")
    require_sound(data, path)
    try:
        call = _CALL.validate_python(data if kind is None else {**data, "type": kind.value})
    except ValidationError as error:
        raise _explain(error, path) from None
    if not call.is_somebodys:
        raise InvalidEventError(join(path, "userId"), "is missing: give a userId, an anonymousId or both")
    name, properties = call.about
    return Event(
        message_id=call.message_id or new_id(),
        type=EventType(data["type"]) if kind is None else kind,
        name=name,
        user_id=call.user_id,
        anonymous_id=call.anonymous_id,
        previous_id=call.previous_id if isinstance(call, Alias) else None,
        occurred_at=_occurred_at(call, sent_at or call.sent_at, received_at_real, clock, path),
        received_at=clock.product(received_at_real),
        properties=properties,
        context=call.context,
    )


def _sent_at(data: Mapping[str, Any]) -> datetime | None:
    try:
        return parse_moment(data.get("sentAt"))
    except ValueError as error:
        raise InvalidEventError("sentAt", str(error)) from None


def _with_context(call: object, shared: Mapping[str, Any]) -> object:
    if not isinstance(call, Mapping):
        return call
    own = call.get("context")
    if own is not None and not isinstance(own, Mapping):
        return call  # wrong, and named as such when it is read
    return {**call, "context": {**shared, **(own or {})}}


def _occurred_at(call: Call, sent_at: datetime | None, received_at: datetime, clock: PacedClock, path: str) -> datetime:
    """Correct for a sender's wrong clock as Segment does: how long before sending it happened, that clock knows.

    Where both moments are there and differ, the sender's clock said the original one, and `timestamp` was given on
    purpose, such as an import's, or has been corrected already: it stands (RudderStack's client for Node sends both).
    """
    reported = call.timestamp or call.original_timestamp
    if reported is None:
        return clock.product(received_at)
    is_corrected = call.original_timestamp not in (None, reported)
    try:
        real = reported if sent_at is None or is_corrected else received_at - (sent_at - reported)
    except OverflowError:
        real = EARLIEST.replace(year=1)
    if real < EARLIEST:
        raise InvalidEventError(join(path, "timestamp"), "lies before 1970: leave it out if the moment is not known")
    return clock.product(min(real, received_at))  # nothing happens after it was reported


# Pydantic's findings in words a backend developer can act on -------------------------------------------------------

_PROBLEMS: Final = {
    "missing": "is missing: calls of this type need it",
    "string_type": "must be a text",
    "dict_type": "must be an object",
}


def _explain(error: ValidationError, path: str) -> InvalidEventError:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"].startswith("union_tag"):
        return InvalidEventError(join(path, "type"), f"must be one of {', '.join(EventType)}")
    field = join(path, ".".join(str(part) for part in first["loc"][1:]))  # the first part is the type
    return InvalidEventError(field, _problem(first["type"], first.get("ctx", {}), first["msg"]))


def _problem(kind: str, facts: Mapping[str, Any], otherwise: str) -> str:
    if kind == "value_error":
        return str(facts["error"])
    if kind == "string_too_long":
        return f"must have at most {facts['max_length']} characters"
    return _PROBLEMS.get(kind, otherwise)
