"""Draws a journey as a Mermaid flowchart, from what exploring it found, so that the picture cannot be out of date.

Mails, and questions whose answers lead to different places, are boxes; waits are words on arrows. What may end the
journey at any moment stands once, at the side. A question whose answers all lead on to the same place is not drawn.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from domain.enrollment import Outcome, OutcomeKind
from rehearsal.explore import explore
from rehearsal.fold import End, Folded, Step, Target, fold
from rehearsal.graph import Exploration
from rehearsal.mermaid import Arrow, Box, Shape, flowchart, named
from rehearsal.told import Told
from workflows.vocabulary import verbs
from workflows.vocabulary.journey import Journey
from workflows.vocabulary.verbs import SIGNAL_WORDS
from workflows.vocabulary.words import in_words

THEN = ", then "

_NOT_SENT: dict[str, str] = {Told.UNKNOWN: "perhaps sent", Told.REFUSED: "refused", Told.DROPPED: "not sent"}


@dataclass
class Chart:
    """Boxes and arrows. `shows` are the steps that are boxes, `passes` those that arrows pass on their way."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    shows: dict[Step, Box] = field(default_factory=dict)
    passes: set[Step] = field(default_factory=set)

    def add(self, shape: Shape, words: str, name: str = "") -> Box:
        """Add a box. Its name is made of its words, or of `name`."""
        box = Box(named(name or words, (box.name for box in self.boxes)), shape, words)
        self.boxes.append(box)
        return box

    def __str__(self) -> str:
        return flowchart(self.boxes, self.arrows)


def draw(journey: type[Journey]) -> str:
    """A journey as Mermaid, with the waits that its settings have by default."""
    return str(chart(explore(journey)))


def chart(exploration: Exploration) -> Chart:
    """What has been explored, as boxes and arrows."""
    return _Drawing(fold(exploration)).chart


class _Drawing:
    def __init__(self, folded: Folded) -> None:
        self.chart = Chart()
        self._folded = folded
        self._ends: dict[End, Box] = {}
        start = self.chart.add(Shape.TERMINAL, folded.plan.trigger.describe(), "start")
        drawn = _drawn(folded.steps)
        for step in drawn:
            shape, words, name = _box(step, folded)
            self.chart.shows[step] = self.chart.add(shape, words, name)
        self._connect(start, [("", folded.begins)])
        for step in drawn:
            self._connect(self.chart.shows[step], _told(step))
        self._at_any_moment()

    def _connect(self, box: Box, told: Iterable[tuple[str, Target]]) -> None:
        """Draw the arrows from a box: one for all answers that lead to the same place by the same waits."""
        same: dict[tuple[Target, tuple[str, ...]], list[str]] = {}
        for what, to in told:
            target, waits = self._follow(to)
            same.setdefault((target, waits), []).append(what)
        for (target, waits), answers in same.items():
            words = _either(answers)
            self.chart.arrows.append(Arrow(box, self._box_of(target), THEN.join(filter(None, (words, *waits)))))

    def _follow(self, to: Target) -> tuple[Target, tuple[str, ...]]:
        """Where an arrow ends, and what is waited for on the way."""
        waits: list[str] = []
        while isinstance(to, Step) and to not in self.chart.shows:
            self.chart.passes.add(to)
            waits.append(wait_in_words(to))
            [to] = to.leads_to
        return to, tuple(filter(None, waits))

    def _box_of(self, target: Target) -> Box:
        if isinstance(target, Step):
            return self.chart.shows[target]
        if target not in self._ends:
            shape = Shape.TERMINAL if target is End.COMPLETED else Shape.WAIT
            self._ends[target] = self.chart.add(shape, target.value)
        return self._ends[target]

    def _at_any_moment(self) -> None:
        """Draw the endings at the side: those that the plan names come before those that every journey has."""
        own = [name.lower() for name in self._folded.plan.exits]
        endings = sorted(self._folded.endings, key=lambda ending: ending.why not in own)
        if not endings:
            return
        moment = self.chart.add(Shape.MOMENT, "at any moment", "anywhere")
        for kind in sorted({ending.kind for ending in endings}, key=list(OutcomeKind).index):
            alike = [ending for ending in endings if ending.kind is kind]
            revenue = ", with its revenue" if any(ending.revenue for ending in alike) else ""
            end = self.chart.add(Shape.TERMINAL, f"{kind.value}{revenue}", kind.value)
            self.chart.arrows.append(Arrow(moment, end, ", ".join(_why(each) for each in alike), dotted=True))


def _drawn(steps: Sequence[Step]) -> list[Step]:
    """The steps that are boxes: mails, and what leads to several places, or round in a circle of waits."""
    drawn = {step for step in steps if isinstance(step.verb, verbs.Send) or len(step.leads_to) != 1}
    for step in steps:
        met: set[Step] = set()
        to: Target = step
        while isinstance(to, Step) and to not in drawn:
            if to in met:
                drawn.add(to)
                break
            met.add(to)
            [to] = to.leads_to
    return [step for step in steps if step in drawn]


def _box(step: Step, folded: Folded) -> tuple[Shape, str, str]:
    """Shape, words and name of a step's box."""
    match step.verb:
        case verbs.Send() as mail:
            name = _name(mail, folded.mails)
            marks = ", ".join(_marks(mail, folded.mails))
            return Shape.MAIL, f"{name} ({marks})" if marks else name, name
        case verbs.Reaction(within=within):
            return Shape.QUESTION, f"within {in_words(within)}", "answer"
        case verbs.ReadFact(fact):
            return Shape.QUESTION, f"{fact.name}?", fact.name
        case verbs.ChooseVariant(experiment):
            return Shape.QUESTION, f"variant of {experiment}", experiment
        case verbs.Score():
            return Shape.QUESTION, "intent", "intent"
        case verbs.ChooseOffer():
            return Shape.QUESTION, "offer", "offer"
        case _ if words := wait_in_words(step):
            return Shape.WAIT, words, "wait"
        case verb:
            return Shape.QUESTION, verb.describe(), verb.wire_name


def _name(mail: verbs.Send, mails: Sequence[verbs.Send]) -> str:
    """A mail's name, as its step in the ledger has it; with the folder where the journey sends from several."""
    folders = {each.template.rpartition("/")[0] for each in mails}
    name = mail.template.rpartition("/")[2] if len(folders) == 1 else mail.template
    return name.replace("_", " ")


def _marks(mail: verbs.Send, mails: Sequence[verbs.Send]) -> Iterator[str]:
    """That it is owed, and whatever else tells it from a mail of the same template."""
    others = [each for each in mails if each.template == mail.template]
    if mail.is_owed:
        yield "owed"
    if mail.urgent and not all(each.urgent for each in others):
        yield "urgent"
    if len({each.stage for each in others}) > 1:
        yield mail.stage.value
    if len({each.stale_after for each in others}) > 1:
        yield f"stale after {in_words(mail.stale_after)}" if mail.stale_after else "never stale"


def wait_in_words(step: Step) -> str:
    """What a step waits for; empty where no time passes."""
    match step.verb:
        case verbs.Wait(duration):
            return in_words(duration) if duration else ""
        case verbs.WaitUntil():
            return _until_a_moment(step)
        case verbs.WaitUntilLocal(wall_clock):
            return f"until {wall_clock:%H:%M} local time"
        case verbs.Quiet(duration):
            return f"quiet for {in_words(duration)}"
        case verbs.Until(moment, before):
            return f"until {in_words(before)} before the {moment.name}" if before else f"until the {moment.name}"
        case verbs.Reaction(kinds, within):
            return f"up to {in_words(within)} for {' or '.join(SIGNAL_WORDS[kind] for kind in kinds)}"
        case _:
            return ""


def _until_a_moment(step: Step) -> str:
    lasted = sorted({node.branches[0].lasted for node in step.nodes if node.branches})
    if not lasted or lasted[-1] == timedelta():
        return ""
    shortest, longest = in_words(lasted[0]) if lasted[0] else "no time", in_words(lasted[-1])
    return longest if len(lasted) == 1 else f"{shortest} to {longest}"


def _told(step: Step) -> Iterator[tuple[str, Target]]:
    """What the journey is told, and what follows. What leads where a mail that went leads is not worth a word."""
    usual = step.ways.get(Told.SENT, []) if isinstance(step.verb, verbs.Send) else []
    yield from (("", to) for to in usual)
    for what, targets in step.ways.items():
        yield from ((_NOT_SENT.get(what, what), to) for to in targets if to not in usual)


def _either(answers: Iterable[str]) -> str:
    told = list(dict.fromkeys(filter(None, answers)))
    if {_NOT_SENT[Told.REFUSED], _NOT_SENT[Told.DROPPED]} <= set(told):
        told.remove(_NOT_SENT[Told.REFUSED])
    return " or ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def _why(ending: Outcome) -> str:
    return "by an operator" if ending.kind is OutcomeKind.CANCELLED else ending.why
