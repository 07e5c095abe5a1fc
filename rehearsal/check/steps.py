"""The rule about dead steps: whatever stands in a journey can happen."""

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import ModuleType

from rehearsal.check.rule import Rule
from rehearsal.check.subject import Subject
from rehearsal.check.violation import Violation
from rehearsal.check.ways import is_first, line_of
from rehearsal.graph import Branch, Node
from rehearsal.snapshot import Place
from rehearsal.world import WENT_OUT, TurnKind
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.verbs import Send

_VERBS = frozenset(
    name
    for name, item in vars(Journey).items()
    if inspect.iscoroutinefunction(item) and not name.startswith("_") and name != "steps"
)
"""Names of the methods that a journey awaits."""


def _dead_steps(subject: Subject) -> Iterator[Violation]:
    yield from _not_awaited(subject)
    if subject.is_explored:  # of what was not explored nobody can say that it never happens
        yield from _never_sent(subject)
        yield from _never_reached(subject)


def _not_awaited(subject: Subject) -> Iterator[Violation]:
    """A verb does nothing until it is awaited, and nobody is told."""
    for method in _methods_of(subject.journey):
        awaited = {id(node.value) for node in ast.walk(method) if isinstance(node, ast.Await)}
        for node in ast.walk(method):
            if isinstance(node, ast.Expr) and _is_verb(node.value) and id(node.value) not in awaited:
                yield Violation(
                    line=node.lineno,
                    about=str(node.col_offset),
                    wrong=f"`{ast.unparse(node)}` is not awaited, so it does nothing.",
                    remedy=f"Write `await {ast.unparse(node)}`.",
                )


def _never_sent(subject: Subject) -> Iterable[Violation]:
    goes_out = {_mail_of(node) for node in subject.nodes if any(map(_went_out, node.branches))}

    def watch(_: None, branch: Branch) -> tuple[None, Violation | None]:
        node = branch.node
        if not isinstance(node.verb, Send) or not is_first(branch) or _mail_of(node) in goes_out:
            return None, None
        return None, Violation(
            line=line_of(node),
            about=node.verb.template,
            wrong=f"{node.verb.template} goes out on no path{_why_not(branch)}.",
            remedy="Take it out, send it earlier, or let it stay fresh for longer (`stale_after=`).",
        )

    return subject.watch(None, watch)


def _never_reached(subject: Subject) -> Iterator[Violation]:
    reached = {(line, column) for node in subject.nodes for _, line, column in node.place}
    for call in _verbs_of(subject.journey):
        if (call.lineno, call.col_offset) not in reached:
            yield Violation(
                line=call.lineno,
                about=str(call.col_offset),
                wrong=f"No path reaches `{ast.unparse(call)}`.",
                remedy="Take it out, or mend the condition that keeps everybody away from it.",
            )


def _mail_of(node: Node) -> tuple[Place, str] | None:
    return (node.place, node.verb.template) if isinstance(node.verb, Send) else None


def _went_out(branch: Branch) -> bool:
    return any(turn.kind in WENT_OUT for turn in branch.turns)


def _why_not(branch: Branch) -> str:
    dropped = [turn.words for turn in branch.turns if turn.kind is TurnKind.DROPPED]
    return f": {dropped[-1].split(', first possible')[0]}" if dropped else ""


def _verbs_of(journey: type[Journey]) -> Iterator[ast.Await]:
    """The verbs that stand in a journey's methods."""
    for method in _methods_of(journey):
        yield from (node for node in ast.walk(method) if isinstance(node, ast.Await) and _is_verb(node.value))


def _methods_of(journey: type[Journey]) -> Iterator[ast.AsyncFunctionDef]:
    """A journey's methods, those it inherits from another journey included."""
    for cls in journey.__mro__[: journey.__mro__.index(Journey)]:
        for method in _methods(cls):
            if getattr(journey, method.name, None) is vars(cls).get(method.name):
                yield method


def _is_verb(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _VERBS
        case _:
            return False


def _methods(cls: type) -> Iterator[ast.AsyncFunctionDef]:
    """The methods that the class defines by itself; none where its source cannot be read."""
    tree = _tree(sys.modules[cls.__module__])
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
            yield from (item for item in node.body if isinstance(item, ast.AsyncFunctionDef))


@lru_cache
def _tree(module: ModuleType) -> ast.Module:
    try:
        return ast.parse(inspect.getsource(module))
    except (OSError, TypeError):
        return ast.Module(body=[], type_ignores=[])


DEAD_STEPS = Rule("dead-steps", "Every step is reached by somebody, and every mail goes to somebody.", _dead_steps)
