"""What a journey listens to: the kinds of signals that its code names, found by reading the compiled code.

A journey can wait for no signal that it does not name somewhere, so nothing else needs to be told to it. An annotation
names nothing, and there is nothing to declare that could drift from the code. In doubt a kind counts as named: a signal
that nobody waits for costs four events of a history, one that is missing costs an answer.
"""

from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, get_args

from domain.moments import Moment
from domain.signals import SIGNAL_NAMES, Observation, Signal
from workflows.vocabulary.journey import Journey

_VOCABULARY = __name__.rpartition(".")[0]


def listens_to(journey: type[Journey]) -> frozenset[type[Signal]]:
    """The kinds of signals that a journey's own code names; one that names `Signal` names all.

    Read are the functions of the class and of the classes it is made from, what is nested in them, and functions and
    classes of journeys' modules that they name. A name may also stand for several kinds: a tuple or a union.
    """
    named = tuple(value for value in _Reading(journey).values if isinstance(value, type) and issubclass(value, Signal))
    return frozenset(kind for kind in SIGNAL_NAMES if issubclass(kind, named))


def observes(journey: type[Journey]) -> frozenset[str]:
    """Names of events that the journey is told of as an `Observation`.

    Every text its code says, if it names an `Observation`; and what may move a moment that it names.
    """
    moments = [value for value in _Reading(journey).values if isinstance(value, Moment)]
    moving = frozenset(name for moment in moments for name in moment.said_by)
    return moving | (texts_of(journey) if Observation in listens_to(journey) else frozenset())


def texts_of(journey: type[Journey]) -> frozenset[str]:
    """Every text that the journey's code says; names of events among them."""
    return frozenset(value for value in _Reading(journey).values if isinstance(value, str))


class _Reading:
    """Collects the values that a journey's code names, once each function."""

    def __init__(self, journey: type[Journey]) -> None:
        self.values: list[object] = []
        self._read: set[object] = set()
        # A journey's package, which in a test is the test's own. The vocabulary names every kind, for everybody.
        self._ours = {"workflows", journey.__module__.partition(".")[0]}
        for cls in journey.__mro__:
            if cls not in Journey.__mro__:
                self._read_class(cls)

    def _read_class(self, cls: type) -> None:
        # Of what Python and libraries keep in a class under such names only functions are code.
        members = [(name, part) for name, member in vars(cls).items() for part in _parts_of(member)]
        self._take(part for name, part in members if isinstance(part, FunctionType) or not name.startswith("__"))

    def _read_function(self, function: FunctionType) -> None:
        cells = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
        self._take([*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()])
        for code in _with_nested(function.__code__):
            self._take(code.co_consts)
            self._take(_resolved(code.co_names, function.__globals__))

    def _take(self, values: Iterable[object]) -> None:
        """Note values, and read on in those that are code of ours."""
        for value in values:
            for each in _parts_of(value):
                self.values.append(each)
                if isinstance(each, FunctionType | type) and each not in self._read and self._is_ours(each):
                    self._read.add(each)
                    self._read_on(each)

    def _read_on(self, item: FunctionType | type) -> None:
        if isinstance(item, FunctionType):
            self._read_function(item)
        else:
            self._read_class(item)

    def _is_ours(self, item: FunctionType | type) -> bool:
        module = item.__module__ or ""
        return module.partition(".")[0] in self._ours and not f"{module}.".startswith(f"{_VOCABULARY}.")


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_nested(constant)


def _resolved(names: Iterable[str], scope: dict[str, Any]) -> list[object]:
    """What names mean in a module, and attributes of that name in modules which they mean: `signals.Click`."""
    names = [*names]
    found = [scope[name] for name in names if name in scope]
    modules = [value for value in found if isinstance(value, ModuleType)]
    for module in modules:
        for value in (vars(module)[name] for name in names if name in vars(module)):
            found.append(value)
            if isinstance(value, ModuleType) and value not in modules:
                modules.append(value)
    return found


def _parts_of(value: object) -> Iterator[object]:
    """The value, or what it consists of: members of a collection or union, the function of a property or method."""
    match value:
        case tuple() | list() | set() | frozenset():
            for member in value:
                yield from _parts_of(member)
        case property():
            yield from (accessor for accessor in (value.fget, value.fset) if accessor)
        case staticmethod() | classmethod():
            yield value.__func__
        case _ if members := get_args(value):
            yield from _parts_of(members)
        case _:
            yield value


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 -- raises while nothing was assigned
    except ValueError:
        return False
    return True
