"""What exploring finds: a graph of states, joined by the outcomes of their verbs."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.enrollment import Outcome
from rehearsal.fates import Rehearsed
from rehearsal.snapshot import Place
from rehearsal.world import Turn, World
from workflows.vocabulary import verbs
from workflows.vocabulary.plan import Plan


class Node:
    """A verb that is about to be performed in one state. `first` is the branch it was first reached by."""

    __slots__ = ("branches", "code", "first", "place", "verb", "world")

    def __init__(
        self, verb: verbs.Verb[Any], where: Place, code: Hashable | None, world: World, first: "Branch | None"
    ) -> None:
        self.verb, self.place, self.code, self.world, self.first = verb, where, code, world, first
        self.branches: list[Branch] = []


class Branch:
    """One outcome of a node's verb.

    `to` is the next verb, or how it ended; None where the bound was reached, or where the journey goes round for ever:
    then `back_at` is where it was before.
    """

    __slots__ = ("back_at", "fate", "node", "to", "turns", "world")

    def __init__(self, node: Node, fate: Rehearsed, turns: tuple[Turn, ...], world: World) -> None:
        self.node, self.fate, self.turns, self.world = node, fate, turns, world
        self.to: Node | Outcome | None = None
        self.back_at: Node | None = None

    @property
    def lasted(self) -> timedelta:
        """From the moment the verb began until this outcome stood."""
        return self.world.now - self.node.world.now


@dataclass
class Exploration:
    """Everything a journey can do."""

    plan: Plan
    begins: datetime
    root: Node | Outcome | None = None
    nodes: list[Node] = field(default_factory=list)
    merged: int = 0
    """Branches that led to a state already explored."""
    unexplored: list[Branch] = field(default_factory=list)
    """Branches whose further course was not explored, because the bound was reached."""
    endless: list[Branch] = field(default_factory=list)
    """Branches that bring the code back to where it was, holding what it held: what came before may come again for
    ever."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left out."""
        return not self.unexplored
