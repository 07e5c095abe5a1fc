"""Reactions that no step has read yet, in bounded space: those of one kind about one thing are one.

Pure. However often somebody clicks, a burst gets one answer, and none of it is left over for a later question.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from domain.carried_inbox import UnreadReaction
from domain.signals import SIGNAL_NAMES, Signal

S = TypeVar("S", bound=Signal)

ROOM = 24_000
"""Bytes of JSON for all of them: a hundred subjects or so. What finds no room joins the latest of its kind."""

LONGEST_TEXT = 256
"""Characters kept of each text: as many as an event's id or name may have."""

_FRAME = 200
"""Bytes that one may take besides its fields, with what the fields may grow by when others join."""

_KINDS = {name: kind for kind, name in SIGNAL_NAMES.items()}

_Key = tuple[type[Signal], tuple[object, ...]]


@dataclass(frozen=True)
class _Kept:
    signal: Signal
    happened: datetime
    size: int

    def joined_by(self, signal: Signal, happened: datetime) -> "_Kept":
        """Both as one: what the first said, when the later happened."""
        when = signal.occurred_at if happened >= self.happened else self.signal.occurred_at
        together = {"more": self.signal.count + signal.count - 1, "occurred_at": when}
        return replace(self, signal=self.signal.model_copy(update=together), happened=max(self.happened, happened))


class Unread:
    """Keeps reactions until a step takes them, the one whose first event was told first before the others."""

    def __init__(self, reactions: Iterable[UnreadReaction] = ()) -> None:
        self._kept: dict[_Key, _Kept] = {}
        for reaction in reactions:
            if reaction.kind in _KINDS:  # a kind of tomorrow's code: no step of today's asks for it
                self._keep(_KINDS[reaction.kind].model_validate(reaction.signal), reaction.happened)

    def add(self, signal: Signal, happened: datetime) -> None:
        """Keep a reaction; its further ids become a number."""
        signal = _shortened(signal)
        key = self._place_for(signal)
        if key in self._kept:
            self._kept[key] = self._kept[key].joined_by(signal, happened)
        else:
            self._keep(signal, happened)

    def take(self, kinds: tuple[type[S], ...]) -> S | None:
        """Take the first of these kinds away."""
        for key, kept in self._kept.items():
            if isinstance(kept.signal, kinds):
                del self._kept[key]
                return kept.signal
        return None

    def holds(self, kinds: tuple[type[Signal], ...]) -> bool:
        """Whether `take` would return something."""
        return any(issubclass(kind, kinds) for kind, _ in self._kept)

    def forget_before(self, moment: datetime) -> None:
        """Drop what happened before then. Several that are one happened when the latest of them did."""
        self._kept = {key: kept for key, kept in self._kept.items() if kept.happened >= moment}

    def state(self) -> tuple[UnreadReaction, ...]:
        """All of them, to be handed over."""
        return tuple(
            UnreadReaction(
                kind=SIGNAL_NAMES[type(kept.signal)],
                signal=kept.signal.model_dump(mode="json", exclude_defaults=True),
                happened=kept.happened,
            )
            for kept in self._kept.values()
        )

    def _keep(self, signal: Signal, happened: datetime) -> None:
        self._kept[type(signal), signal.subject] = _Kept(signal, happened, _size_of(signal))

    def _place_for(self, signal: Signal) -> _Key:
        """Where it belongs: to those about the same; without room, to the latest of its kind, if there is one."""
        own = (type(signal), signal.subject)
        if own in self._kept or sum(kept.size for kept in self._kept.values()) + _size_of(signal) <= ROOM:
            return own
        return next((key for key in reversed(self._kept) if key[0] is type(signal)), own)


def _shortened(signal: Signal) -> Signal:
    """The signal without its further ids, and with no longer texts than an event may have."""
    texts = {name: text[:LONGEST_TEXT] for name, text in signal if isinstance(text, str)}
    return signal.model_copy(update={**texts, "others": (), "more": signal.count - 1})


def _size_of(signal: Signal) -> int:
    return _FRAME + len(signal.model_dump_json(exclude_defaults=True).encode())
