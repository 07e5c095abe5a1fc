"""Consents, granted or refused, with where and when that was said: what has no source proves nothing."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.model import Instant, Value
from domain.profile import ALL_MARKETING
from starter.imports.fields import (
    WRITE_A_MOMENT,
    FieldError,
    read_address,
    read_identifier,
    read_moment,
    read_words,
    require_known,
    require_storable,
)
from starter.imports.kind import Item, Kind, Stored, item_of
from starter.imports.rows import Columns, Mistake, read_rows
from starter.lines import Lines
from storage.customers import Customers
from storage.identities import Identities
from storage.permissions import Consent, Permissions

COLUMNS: Final = Columns(("id", "email", "topic", "granted", "source", "at", "wording"))

_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_LONGEST_TOPIC: Final = 100
_LONGEST_SOURCE: Final = 200
_LONGEST_WORDING: Final = 10_000
_UNKNOWN = ("nobody is known by it", "import the customer first")


class Statement(Value):
    """One row."""

    user_id: str | None
    email: str | None
    topic: str
    granted: bool
    source: str
    at: Instant
    wording: str | None = None


class ConsentImport(Kind[Statement]):
    """Rows of `id` or `email`, `topic`, `granted`, `source`, `at` and `wording`.

    Args:
        topics: those that there are. A row about another is refused: it would change nothing, and nobody would know.
    """

    name = "consent"

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = frozenset((*topics, ALL_MARKETING))

    def read(self, lines: Lines, after: int, now: datetime) -> Iterator[Item[Statement] | Mistake]:
        """Statements behind a line."""
        rows = read_rows(lines, COLUMNS, after)
        read = partial(_statement, now=now, topics=self._topics)
        return (row if isinstance(row, Mistake) else item_of(row, read) for row in rows)

    async def store(self, session: AsyncSession, items: Sequence[Item[Statement]], _now: datetime) -> Stored:
        """Add them to the log. What a recipient refused by a link of ours stays refused."""
        # A visitor who signs in, or somebody who is erased: what is found must still be so when it is written.
        await Identities(session).hold_shared()
        found = await _customers(session, items)
        held = await Customers(session).hold_all({each for whose in found for each in whose})
        who = [tuple(each for each in whose if each in held) for whose in found]
        consents = [
            (item.line, _consent(item.value, each)) for item, whose in zip(items, who, strict=True) for each in whose
        ]
        are_new = await Permissions(session).record_past([consent for _, consent in consents])
        stored = len({line for (line, _), is_new in zip(consents, are_new, strict=True) if is_new})
        mistakes = _unknown(items, who)
        return Stored(stored=stored, unchanged=len(items) - len(mistakes) - stored, mistakes=mistakes)

    async def check(self, session: AsyncSession, items: Sequence[Item[Statement]]) -> Sequence[Mistake]:
        """Whom nobody knows."""
        return _unknown(items, await _customers(session, items))


def _consent(said: Statement, customer: str) -> Consent:
    return Consent(
        customer=customer,
        topic=said.topic,
        granted=said.granted,
        source=said.source,
        at=said.at,
        wording=said.wording,
    )


def _unknown(items: Sequence[Item[Statement]], who: Sequence[Sequence[str]]) -> list[Mistake]:
    return [
        Mistake(item.line, item.last, "id" if item.value.user_id else "email", *_UNKNOWN)
        for item, whose in zip(items, who, strict=True)
        if not whose
    ]


async def _customers(session: AsyncSession, items: Sequence[Item[Statement]]) -> list[Sequence[str]]:
    """Whose each statement is; nobody's where nobody is known.

    What was refused for an address is refused for its mailbox: by everybody who has it. One of them agrees.
    """
    statements = [item.value for item in items]
    by_id = await Identities(session).find_users({each.user_id for each in statements if each.user_id})
    addresses = {each.email for each in statements if each.user_id is None and each.email}
    by_address = await Customers(session).of_addresses(addresses) if addresses else {}
    known = await Customers(session).load({*by_id.values()})
    named = {user_id: (customer,) for user_id, customer in by_id.items() if customer in known}
    return [
        named.get(each.user_id, ()) if each.user_id else _meant(by_address.get(each.email or "", ()), each)
        for each in statements
    ]


def _meant(sharers: Sequence[str], said: Statement) -> Sequence[str]:
    return sharers[:1] if said.granted else sharers


def _statement(fields: dict[str, Any], now: datetime, topics: frozenset[str]) -> Statement:
    require_known(fields, COLUMNS)
    require_storable(fields)
    identifier, email = read_identifier(fields), read_address(fields)
    if identifier is None and email is None:
        raise FieldError("id", "is missing", "give an id or an email")
    source, at = read_words(fields, "source", _LONGEST_SOURCE), read_moment(fields, now)
    topic = _topic(read_words(fields, "topic", _LONGEST_TOPIC), topics)
    if source is None:
        raise FieldError(
            "source", "is missing", "say where it was said, e.g. checkout form: without, it proves nothing"
        )
    if at is None:
        raise FieldError("at", "is missing", f"say when it was said; {WRITE_A_MOMENT}")
    return Statement(
        user_id=identifier,
        email=email,
        topic=topic,
        granted=_granted(fields.get("granted")),
        source=source,
        at=at,
        wording=read_words(fields, "wording", _LONGEST_WORDING),
    )


def _topic(said: str | None, topics: frozenset[str]) -> str:
    one_of = f"name one of: {', '.join(sorted(topics - {ALL_MARKETING}))}; * is all marketing"
    if said is None:
        raise FieldError("topic", "is missing", one_of)
    if said not in topics:
        raise FieldError("topic", "no journey has it", one_of)
    return said


def _granted(value: object) -> bool:
    said = value.lower() if isinstance(value, str) else value
    if said is True or said in _YES:
        return True
    if said is False or said in _NO:
        return False
    raise FieldError("granted", "is neither yes nor no", "write true or false, yes or no, 1 or 0")
