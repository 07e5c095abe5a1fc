"""Where a suspended journey stands, and what its code holds: two that hold the same at the same place go on alike.

A coroutine cannot be copied, but it can be looked at. `gc.get_referents` visits everything its frame refers to, names
and half-evaluated expressions and the iterators of loops included, which `f_locals` alone would miss. As long as no
journey has looked at the moment of a delivery it cannot know what day it is, and moments are left out. What cannot be
compared makes the whole state incomparable, and it is then never merged with another: slower, not wrong.
"""

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

from domain.facts import Fact
from rehearsal.delivery import RehearsedDelivery, moment_of
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.verbs import Verb

_VOCABULARY = inspect.getfile(Journey)

Place = tuple[tuple[str, int, int], ...]
"""Function, line and column of each of the journey's own frames, the outermost first."""

_PLAIN = (type(None), bool, int, float, complex, str, bytes, timedelta, time, date, Enum, range, type)
_LASTING = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, Fact)
"""They live as long as the program, so that no other takes their place."""

_AWAITED = Verb.__await__.__code__

_SOME: tuple[Iterable[object], ...] = ((), [], range(0), {}, {}.items(), {}.values(), "")
_ITERATORS: tuple[type, ...] = (*(type(iter(each)) for each in _SOME), type(reversed([])), enumerate, zip, reversed)


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
        now: other moments are taken relative to it, and those of deliveries left out. None: all as they are.
        engines_own: attributes of the journey that are the engine's, and that no answer changes.
    """
    freezer = _Freezer(now, engines_own)
    try:
        return tuple(freezer.freeze_frame(coroutine, frame) for coroutine, frame in frames(steps))
    except _IncomparableError:
        return None


@lru_cache(maxsize=4096)
def _position(code: types.CodeType, instruction: int) -> tuple[str, int, int]:
    line, _, column, _ = next(islice(code.co_positions(), instruction // 2, None))
    return (code.co_qualname, line or code.co_firstlineno, column or 0)


class _Freezer:
    """Turns what is held into values. Mutable things are numbered in the order met, so that sharing shows."""

    def __init__(self, now: datetime | None, engines_own: frozenset[str]) -> None:
        self._now, self._engines_own = now, engines_own
        self._met: dict[int, tuple[int, object]] = {}

    def freeze_frame(self, coroutine: object, frame: types.FrameType) -> Hashable:
        names = tuple(sorted(frame.f_locals))  # an unset name leaves no gap among the referents
        referents = (each for each in gc.get_referents(coroutine) if each is not frame)
        return (frame.f_code, frame.f_lasti, names, tuple(self.freeze(each) for each in referents))

    def freeze_generator(self, generator: "types.GeneratorType[Any, Any, Any]") -> Hashable:
        """A journey's own generator, as far as it has come. A verb's, at which all is suspended, says nothing more."""
        if generator.gi_code is _AWAITED or generator.gi_frame is None:
            return (generator.gi_code, generator.gi_frame is None)
        return self.freeze_frame(generator, generator.gi_frame)

    def freeze(self, value: Any) -> Hashable:
        if isinstance(value, datetime):
            return value if self._now is None else ("moment", value - self._now)
        if isinstance(value, _PLAIN):
            return (type(value), value)  # True, 1 and 1.0 are equal, and not alike
        if isinstance(value, Journey):
            own = {name: each for name, each in vars(value).items() if name not in self._engines_own}
            return self._freeze_mutable(value, own)
        if isinstance(value, list | dict | set):
            return self._freeze_mutable(value, value)
        return self._freeze_frozen(value)

    def _freeze_frozen(self, value: Any) -> Hashable:
        match value:
            case RehearsedDelivery():
                moment = moment_of(value) if self._now is None else None
                return (type(value), value.message, value.status, value.reason, moment)
            case BaseModel():
                return (type(value), *(self.freeze(each) for each in vars(value).values()))
            case tuple():
                return (type(value), *(self.freeze(each) for each in value))
            case frozenset():
                return frozenset(self.freeze(each) for each in value)
            case _ if isinstance(value, _ITERATORS):
                return (type(value), self.freeze(value.__reduce__()[1:]))
            case _:
                return self._freeze_code(value)

    def _freeze_code(self, value: Any) -> Hashable:
        match value:
            case types.CoroutineType() | types.CodeType():
                return type(value).__name__  # each is looked at in its turn
            case types.GeneratorType():
                return self.freeze_generator(value)
            case types.MethodType():
                return (id(value.__func__), self.freeze(value.__self__))
            case _ if isinstance(value, _LASTING):
                return (type(value), id(value))
            case _ if _is_plain(value):
                return self._freeze_mutable(value, vars(value))
            case _:
                raise _IncomparableError(type(value).__name__)

    def _freeze_mutable(self, value: object, content: "list[Any] | dict[Any, Any] | set[Any]") -> Hashable:
        if id(value) in self._met:
            return ("again", self._met[id(value)][0])
        self._met[id(value)] = (len(self._met), value)  # kept, so that no other takes its id meanwhile
        match content:
            case dict():
                return (type(value), *((self.freeze(name), self.freeze(each)) for name, each in content.items()))
            case set():
                return (type(value), frozenset(self.freeze(each) for each in content))
            case _:
                return (type(value), *(self.freeze(each) for each in content))


def _is_plain(value: object) -> bool:
    """Whether all that an object holds stands in its attributes: no slots, nothing built in."""
    classes = type(value).__mro__[:-1]
    return hasattr(value, "__dict__") and all(cls.__module__ not in sys.stdlib_module_names for cls in classes)
