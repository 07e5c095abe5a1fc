"""Journeys made of data: a small program that a journey carries out, so that hypothesis can write journeys.

The program's state lives where a journey's state may live: in loops, nested coroutines, locals, lists and attributes.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st

from domain.facts import FIRST_ORDER, HAS_CART, Fact
from domain.message import Kind, Stage
from domain.moments import RENEWAL, Timing
from domain.signals import Click, Revisit, Signal
from tests.workflows.journeys import plan
from workflows.vocabulary import Journey

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Mail:
    template: str
    urgent: bool = False
    owed: bool = False
    keep: bool = False
    """Remember the delivery, and return if it did not go out."""


@dataclass(frozen=True)
class Pause:
    hours: int


@dataclass(frozen=True)
class Answer:
    kinds: tuple[type[Signal], ...]
    hours: int
    heard: tuple[Any, ...]
    silence: tuple[Any, ...]


@dataclass(frozen=True)
class Ask:
    facts: tuple[Fact[bool], ...]
    all_true: tuple[Any, ...]
    """Carried out when all are true; they are read in one expression, so that answers wait half evaluated."""


@dataclass(frozen=True)
class Count:
    """Remember a fact in an attribute of the journey, and mail if it was true twice."""

    fact: Fact[bool]


@dataclass(frozen=True)
class Repeat:
    times: int
    body: tuple[Any, ...]


@dataclass(frozen=True)
class Before:
    """Wait until so long before a renewal, and mail if that came in time."""

    hours: int


@dataclass(frozen=True)
class Sunset:
    """Send no more mail."""


Op = Mail | Pause | Answer | Ask | Count | Repeat | Before | Sunset

_leaves = st.one_of(
    st.builds(Mail, st.sampled_from(["a/one", "a/two"]), st.booleans(), st.booleans(), st.booleans()),
    st.builds(Pause, st.sampled_from([1, 24, 30])),
    st.builds(Count, st.just(HAS_CART)),
    st.builds(Before, st.sampled_from([0, 7, 48])),
    st.builds(Sunset),
)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    body = st.lists(inner, max_size=2).map(tuple)
    return st.one_of(
        st.builds(Answer, st.sampled_from([(Click,), (Click, Revisit)]), st.sampled_from([2, 23]), body, body),
        st.builds(Ask, st.sampled_from([(HAS_CART,), (FIRST_ORDER, HAS_CART)]), body),
        st.builds(Repeat, st.just(2), body),
    )


programs: st.SearchStrategy[tuple[Op, ...]] = st.lists(
    st.recursive(_leaves, _nested, max_leaves=3), min_size=1, max_size=3
).map(tuple)


class Programmed(Journey):
    """Carries out a program."""

    plan = plan("programmed")
    program: ClassVar[tuple[Op, ...]] = ()
    seen = 0

    async def steps(self) -> None:
        await self._carry_out(self.program)

    async def _carry_out(self, ops: tuple[Op, ...]) -> bool:
        for op in ops:
            if not await self._do(op):
                return False
        return True

    async def _do(self, op: Op) -> bool:  # noqa: C901 -- a case for each operation
        match op:
            case Mail():
                return await self._mail(op)
            case Pause(hours):
                await self.wait(hours * HOUR)
            case Answer():
                return await self._answer(op)
            case Ask(facts, then):
                true = [await self.fact(fact) for fact in facts]
                return await self._carry_out(then if all(true) else ())
            case Count(fact):
                self.seen = self.seen + await self.fact(fact)
                if self.seen == 2:
                    await self.send("a/counted")
            case Before(hours):
                if await self.until(RENEWAL, before=hours * HOUR) is Timing.ON_TIME:
                    await self.send("a/renewal")
            case Sunset():
                await self.suppress("no answer")
            case Repeat(times, body):
                for _ in range(times):
                    await self._carry_out(body)
        return True

    async def _answer(self, op: Answer) -> bool:
        heard = await self.reaction(*op.kinds, within=op.hours * HOUR)
        return await self._carry_out(op.heard if isinstance(heard, Click) else op.silence)

    async def _mail(self, op: Mail) -> bool:
        kind = Kind.TRANSACTIONAL if op.owed else Kind.MARKETING
        delivery = await self.send(op.template, kind=kind, urgent=op.urgent, stage=Stage.PURCHASE)
        return delivery.went_out or not op.keep


def journey_of(program: tuple[Op, ...]) -> type[Journey]:
    """A journey that carries out a program."""
    return type("Generated", (Programmed,), {"program": program})
