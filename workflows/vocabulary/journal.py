"""The journal of an enrollment: what its sequence asked for and was answered, so that another run can go on from there.

Pure: code and journal are compared without Temporal. The comparison is as lenient as Temporal's own replay: the same
verbs in the same order, about the same facts, experiments and changes. Durations, texts and templates may be others.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from domain.carried import Entry
from domain.enrollment import Start
from domain.errors import JournalMismatchError
from workflows.vocabulary.script import Script
from workflows.vocabulary.verbs import ChooseVariant, ReadFact, Since, Verb

_STRICT = (ReadFact, ChooseVariant, Since)
"""Verbs whose recorded answer says nothing about anything else."""


class Sequenced(Protocol):
    """Something with a sequence: a journey."""

    def steps(self) -> Coroutine[Any, Any, None]:
        """The sequence, in verbs."""
        ...


@dataclass(frozen=True)
class Divergence:
    """A place at which the code asks for something else than the journal has."""

    place: int
    """Counts the journal's lines, from 1."""
    recorded: str
    asked: str
    """What the code does there now."""

    def __str__(self) -> str:
        return f"step {self.place}: the journal has “{self.recorded}”, the code now {self.asked}"


@dataclass(frozen=True)
class Fit:
    """How a journey's code fits a journal."""

    breaks: Divergence | None
    """Where the code cannot go on from the journal."""
    differs: tuple[Divergence, ...]
    """Where it can, and would have asked for something else."""
    open: Verb[Any] | None
    """What the code asks for after the journal's last line; None when it ends or breaks."""


def fit(journey: Callable[[Start], Sequenced], start: Start, entries: Sequence[Entry]) -> Fit:
    """Compare a journey's code with an enrollment's journal. An error of the code counts as a break."""
    follower, asked = _Follower(entries), None
    script = Script(journey(start.model_copy(update={"carried": None})).steps())
    try:
        asked = follower.follow(script)
    except Exception as error:
        follower.fail(error)
    finally:
        script.close()
    return Fit(breaks=follower.breaks, differs=tuple(follower.differs), open=asked)


class Journal:
    """What one enrollment has asked for, in all of its runs."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self._entries = list(entries)
        self._changes: dict[str, bool] = {}

    def entries(self) -> tuple[Entry, ...]:
        """Every line, the oldest first."""
        return tuple(self._entries)

    def record(self, verb: Verb[Any], answer: Any) -> None:
        """Add a line."""
        if isinstance(verb, Since):
            self._changes[verb.change] = answer
        line = Entry(verb=verb.wire_name, about=verb.about, words=verb.describe(), answer=verb.encode(answer))
        self._entries.append(line)

    def settled(self, verb: Verb[Any]) -> bool | None:
        """The answer to a `since` that was answered before: an enrollment has one for each change."""
        return self._changes.get(verb.change) if isinstance(verb, Since) else None

    def fast_forward(self, script: Script) -> Verb[Any] | None:
        """Run a sequence from its beginning through all recorded answers, to the verb that is open.

        Returns:
            That verb; None when the sequence is over.

        Raises:
            JournalMismatchError: the code does not fit; names the place.
        """
        follower = _Follower(self._entries)
        verb = follower.follow(script)
        if follower.breaks is not None:
            raise JournalMismatchError(
                f"{follower.breaks}: deploy code that still fits, or guard the change by `since`"
            )
        self._changes = follower.changes
        return verb


class _Follower:
    """Runs code along a journal, and notes where they part."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self.place = 0
        self.breaks: Divergence | None = None
        self.differs: list[Divergence] = []
        self.changes = {entry.about: bool(entry.answer) for entry in entries if _is_guard(entry)}

    def follow(self, script: Script) -> Verb[Any] | None:
        """Run to the end of the journal, and return the verb that is open then; or to the first break."""
        verb = script.begin()
        for entry in self._entries:
            self.place += 1
            while isinstance(verb, Since) and not _asks_for(verb, entry):
                # The change was not there when the enrollment passed.
                verb = script.answer(self.changes.setdefault(verb.change, False))
            if _is_guard(entry) and not _asks_for(verb, entry):
                self.differs.append(self._divergence(entry, verb))  # a guard was taken out; nothing depends on it now
                continue
            try:
                answer = _answer(verb, entry)
            except ValueError:
                self.breaks = self._divergence(entry, verb)
                return None
            if verb is not None and _is_other(verb, entry):
                self.differs.append(self._divergence(entry, verb))
            verb = script.answer(answer)
        return verb

    def fail(self, error: Exception) -> None:
        """Note that the code itself fails."""
        recorded = self._entries[self.place - 1].words if self.place else "nothing yet"
        self.breaks = Divergence(self.place, recorded, f"raises {type(error).__name__}: {error}")

    def _divergence(self, entry: Entry, verb: Verb[Any] | None) -> Divergence:
        asked = "ends" if verb is None else f"asks for “{verb.describe()}”"
        told = f": {entry.answer['kind']}" if isinstance(entry.answer, dict) and "kind" in entry.answer else ""
        return Divergence(self.place, entry.words + told, asked)


def _answer(verb: Verb[Any] | None, entry: Entry) -> Any:
    if verb is None or verb.wire_name != entry.verb or (isinstance(verb, _STRICT) and verb.about != entry.about):
        raise ValueError("the verb asks for something else")
    return verb.decode(entry.answer)


def _is_other(verb: Verb[Any], entry: Entry) -> bool:
    """Whether the code takes the answer, and would today have asked for something else."""
    return verb.about != entry.about or (isinstance(verb, ChooseVariant) and entry.answer not in verb.variants)


def _is_guard(entry: Entry) -> bool:
    return entry.verb == Since.wire_name


def _asks_for(verb: Verb[Any] | None, entry: Entry) -> bool:
    return verb is not None and (verb.wire_name, verb.about) == (entry.verb, entry.about)
