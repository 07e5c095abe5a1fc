"""The catalogue of all journeys, docs/journeys.md, made from their declarations and from what exploring them found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import cleandoc

from mail.context import samples
from mail.render import Templates
from rehearsal.draw import chart, wait_in_words
from rehearsal.explore import EVENING, MORNING, explore
from rehearsal.fold import Folded, fold
from rehearsal.graph import Branch, Exploration
from rehearsal.measures import Measures, heaviest, measure
from rehearsal.mermaid import Shape
from rehearsal.plan_in_words import again, event_in_words, measured_by, segment, settings
from workflows.vocabulary import verbs
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.words import in_words

SAMPLE = "new_shopper"
"""The sample customer whose mails lend their subjects."""

INTRODUCTION = """\
# Journeys

Every journey: whom it is for, what it sends, and every way it can go. This page is made by
`segue draw --docs` from the code, by exploring all paths of each journey, and a test holds it to them.

In the pictures a parallelogram is a mail, with *owed* where it goes even after the journey has ended; a diamond is
a reaction or a fact that leads to different places; words on an arrow are what the customer does or what is waited for.
A mail that was not sent has an arrow of its own only where something else follows. Waits and settings are the defaults.

Paths are counted from an enrollment that begins on a Monday at 09:00 UTC, and from one at 20:30, just before the quiet
hours. What can come at any time is rehearsed at a few moments of each wait, and a quiet wait begins anew once.
"""


def catalogue(journeys: Mapping[str, type[Journey]], templates: Templates) -> str:
    """The page, in Markdown."""
    entries = [_Entry(journeys[name], templates) for name in sorted(journeys)]
    return "\n".join([INTRODUCTION, _overview(entries), *(entry.section() for entry in entries)])


@dataclass(frozen=True)
class _Entry:
    """One journey, with what was found of it."""

    journey: type[Journey]
    templates: Templates

    @property
    def plan(self) -> Plan:
        return self.journey.plan

    @cached_property
    def explorations(self) -> tuple[Exploration, ...]:
        return tuple(explore(self.journey, begins=begins) for begins in (MORNING, EVENING))

    @cached_property
    def measures(self) -> tuple[Measures, ...]:
        return tuple(measure(exploration) for exploration in self.explorations)

    @cached_property
    def folded(self) -> Folded:
        return fold(self.explorations[0])

    @property
    def most_mails(self) -> str:
        counts = [measures.most_mails for measures in self.measures]
        return "no limit" if None in counts else str(max(filter(None, counts), default=0))

    @property
    def longest(self) -> str:
        paths = [measures.longest for measures in self.measures if measures.longest is not None]
        return in_words(max(path.lasts for path in paths)) if paths else "no limit"

    def section(self) -> str:
        return "\n".join(
            [
                f"## {self.plan.name}\n",
                f"{cleandoc(self.journey.__doc__ or '')}\n",
                f"```mermaid\n{chart(self.explorations[0])}```\n",
                _table(("", ""), self._facts()),
                _table(("step", "template", "subject", "stage", "kind"), self._mails()),
            ]
        )

    def _facts(self) -> Iterator[tuple[str, str]]:
        plan = self.plan
        yield "starts with", plan.trigger.describe()
        yield "for whom", "; ".join(segment(plan, self._asks()))
        yield "goal", event_in_words(plan.goal)
        yield "ends without it", "; ".join([*map(event_in_words, plan.exits), "the exits that all journeys have"])
        yield "topic", plan.topic
        yield "lane, priority", f"{plan.lane.value}, {plan.priority}"
        yield "owner", plan.owner
        yield "again", again(plan)
        yield "settings", ", ".join(settings(plan)) or "none"
        yield "waits", "; ".join(self._waits()) or "none"
        yield "judged by", measured_by(plan)
        yield from self._figures()

    def _figures(self) -> Iterator[tuple[str, str]]:
        begun = [f"{begins:%H:%M}" for begins in (MORNING, EVENING)]
        counts = ["no end" if measures.paths is None else f"{measures.paths:,}" for measures in self.measures]
        yield "paths", ", ".join(f"{count} begun at {at}" for count, at in zip(counts, begun, strict=True))
        paths = [measures.longest for measures in self.measures if measures.longest is not None]
        longest = max(paths, key=lambda path: path.lasts, default=None)
        yield "longest path", "there is none" if longest is None else f"{in_words(longest.lasts)}: {longest.told}"
        yield "most mails on a path", self.most_mails
        yield "most marketing mails in 48 hours", str(max(each.most_in_two_days for each in self.measures))

    def _asks(self) -> list[str]:
        drawn = chart(self.explorations[0]).shows
        return [
            box.words.rstrip("?")
            for step, box in drawn.items()
            if box.shape is Shape.QUESTION and not isinstance(step.verb, verbs.Reaction)
        ]

    def _waits(self) -> list[str]:
        return list(dict.fromkeys(filter(None, map(wait_in_words, self.folded.steps))))

    def _mails(self) -> Iterator[tuple[str, ...]]:
        asked = [node.verb for node in self.explorations[0].nodes]
        offered = {verb.template for verb in asked if isinstance(verb, verbs.Send) and verb.offer is not None}
        sample = samples()[SAMPLE]
        for mail in dict.fromkeys(self.folded.mails):
            subject = self.templates.render(mail.template, sample).subject
            notes = (mail.kind.value, "urgent" if mail.urgent else "", "may carry an offer")
            kind = ", ".join(filter(None, notes if mail.template in offered else notes[:2]))
            yield self._steps(mail), f"`{mail.template}`", subject, mail.stage.value, kind

    def _steps(self, mail: verbs.Send) -> str:
        """The names that the ledger may have for it: a second one on the same path is numbered."""
        name = mail.template.rpartition("/")[2]
        if self.measures[0].paths is None:
            return f"{name}, {name}-2, …"

        def sends(branch: Branch) -> int:
            return getattr(branch.node.verb, "template", None) == mail.template

        times = sum(map(sends, heaviest(self.explorations[0], sends, 0).branches))
        return ", ".join([name, *(f"{name}-{number}" for number in range(2, times + 1))])


def _overview(entries: Sequence[_Entry]) -> str:
    head = ("journey", "starts with", "goal", "mails at most", "takes at most", "lane, priority", "owner")
    return _table(
        head,
        (
            (
                f"[{entry.plan.name}](#{entry.plan.name})",
                entry.plan.trigger.describe(),
                event_in_words(entry.plan.goal),
                entry.most_mails,
                entry.longest,
                f"{entry.plan.lane.value}, {entry.plan.priority}",
                entry.plan.owner,
            )
            for entry in entries
        ),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"
