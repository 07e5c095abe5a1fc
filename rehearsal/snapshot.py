"""Where a suspended journey stands, and what its code holds: two that hold the same at the same place go on alike.

A coroutine cannot be copied, but it can be looked at. `gc.get_referents` visits everything its frame refers to, names
and half-evaluated expressions and the iterators of loops included, which `f_locals` alone would miss. Moments are taken
as their distance from now, so that a state an exact number of days later is the same state; see `reads_the_calendar`.
What cannot be compared makes the whole state incomparable, and it is then never merged with another: slower, not wrong.
"""

import ast
import gc
import inspect
import sys
import types
from collections.abc import Coroutine, Hashable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from itertools import islice
from typing import Any

from pydantic import BaseModel

from workflows.vocabulary.journey import Journey

_VOCABULARY = inspect.getfile(Journey)

Place = tuple[tuple[str, int, int], ...]
"""Function, line and column of each of the journey's own frames, the outermost first."""

_OF_THE_CALENDAR = frozenset(
    {"weekday", "isoweekday", "isocalendar", "toordinal", "strftime", "isoformat", "ctime", "timetuple"}
    | {"year", "month", "day", "hour", "minute", "second", "date", "time", "timetz", "timestamp", "astimezone", "start"}
)
"""Attributes that tell one day from another. `start` holds the moment the enrollment began."""

_PLAIN = (type(None), bool, int, float, complex, str, bytes, timedelta, time, date, Enum, range, type)
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType)
_FOLLOWED = (types.CoroutineType, types.GeneratorType, types.CodeType, types.MethodType)
"""Other parts of the chain of coroutines: each is looked at in its turn, or says no more than the verb does."""

_SOME: tuple[Iterable[object], ...] = ((), [], range(0), {}, {}.items(), {}.values(), "")
_ITERATORS = tuple(type(iter(each)) for each in _SOME)


class _IncomparableError(Exception):
    """Something that is held cannot be compared."""


def frames(steps: Coroutine[Any, Any, Any]) -> Iterator[tuple[Any, types.FrameType]]:
    """The journey's own coroutines, outermost first; the vocabulary's hold nothing that the verb does not say."""
    inner: Any = steps
    while isinstance(inner, types.CoroutineType):
        if inner.cr_code.co_filename != _VOCABULARY and inner.cr_frame is not None:
            yield inner, inner.cr_frame
        inner = inner.cr_await


def place(steps: Coroutine[Any, Any, Any]) -> Place:
    """Where the journey's code awaits now."""
    return tuple(_position(frame.f_code, frame.f_lasti) for _, frame in frames(steps))


def held(
    steps: Coroutine[Any, Any, Any], now: datetime | None, engines_own: frozenset[str] = frozenset()
) -> Hashable | None:
    """What the journey's code holds, as a value to compare by; None when it cannot be compared.

    Args:
        steps: suspended at a verb.
        now: moments are taken relative to it. None: as they are.
        engines_own: attributes of the journey that are the engine's, and that no answer changes.
    """
    freezer = _Freezer(now, engines_own)
    try:
        return tuple(freezer.freeze_frame(coroutine, frame) for coroutine, frame in frames(steps))
    except _IncomparableError:
        return None


def reads_the_calendar(journey: type[Journey]) -> bool:
    """Whether a journey's module may tell one day from another, so that no state is like one of another day.

    Errs on the side of *yes*: any attribute of such a name counts, whatever it is an attribute of.
    """
    try:
        tree = ast.parse(inspect.getsource(sys.modules[journey.__module__]))
    except (OSError, KeyError, TypeError):
        return True
    return any(isinstance(node, ast.Attribute) and node.attr in _OF_THE_CALENDAR for node in ast.walk(tree))


@lru_cache(maxsize=4096)
def _position(code: types.CodeType, instruction: int) -> tuple[str, int, int]:
    line, _, column, _ = next(islice(code.co_positions(), instruction // 2, None))
    return (code.co_qualname, line or code.co_firstlineno, column or 0)


class _Freezer:
    """Turns what is held into values. Mutable things are numbered in the order met, so that sharing shows."""

    def __init__(self, now: datetime | None, engines_own: frozenset[str]) -> None:
        self._now, self._engines_own = now, engines_own
        self._met: dict[int, int] = {}

    def freeze_frame(self, coroutine: object, frame: types.FrameType) -> Hashable:
        names = tuple(sorted(frame.f_locals))  # an unset name leaves no gap among the referents
        referents = (each for each in gc.get_referents(coroutine) if each is not frame)
        return (frame.f_code, frame.f_lasti, names, tuple(self.freeze(each) for each in referents))

    def freeze(self, value: Any) -> Hashable:
        if isinstance(value, datetime):
            return value if self._now is None else ("moment", value - self._now)
        if isinstance(value, _PLAIN):
            return (type(value), value)  # True, 1 and 1.0 are equal, and not alike
        if isinstance(value, Journey):
            own = {name: each for name, each in vars(value).items() if name not in self._engines_own}
            return ("journey", self._freeze_mutable(own))
        if isinstance(value, list | dict | set):
            return self._freeze_mutable(value)
        return self._freeze_frozen(value)

    def _freeze_frozen(self, value: Any) -> Hashable:
        match value:
            case BaseModel():
                return (type(value), *(self.freeze(each) for each in vars(value).values()))
            case tuple():
                return (type(value), *(self.freeze(each) for each in value))
            case frozenset():
                return frozenset(self.freeze(each) for each in value)
            case _ if isinstance(value, _ITERATORS):
                return (type(value), self.freeze(value.__reduce__()[1:]))
            case _ if isinstance(value, _FOLLOWED):
                return type(value).__name__
            case _ if isinstance(value, _CODE) or _is_itself_alone(value):
                return (type(value), id(value))
            case _:
                raise _IncomparableError(type(value).__name__)

    def _freeze_mutable(self, value: "list[Any] | dict[Any, Any] | set[Any]") -> Hashable:
        if id(value) in self._met:
            return ("again", self._met[id(value)])
        self._met[id(value)] = len(self._met)
        match value:
            case dict():
                return (dict, *((self.freeze(name), self.freeze(each)) for name, each in value.items()))
            case set():
                return (set, frozenset(self.freeze(each) for each in value))
            case _:
                return (list, *(self.freeze(each) for each in value))


def _is_itself_alone(value: object) -> bool:
    """Whether it is equal to nothing else and never altered by a journey: a fact, a trigger."""
    return type(value).__module__.split(".")[0] in ("domain", "workflows") and type(value).__eq__ is object.__eq__
