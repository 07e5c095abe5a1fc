"""What an enrollment shows of itself: current details in the Temporal UI, and the answer to the `status` query.

Current details are not part of the replayed contract and may change freely.
"""

from datetime import datetime

from domain.carried import DisplayState
from domain.enrollment import Outcome, Progress, Start, State
from domain.intent import Intent
from domain.pause import Pause
from workflows.vocabulary.words import at_minute

KEPT_LINES = 40
"""Lines of the story kept; a journey has a handful of steps, so this only guards against a runaway."""


class Display:
    """Keeps the story of one enrollment in words. With a `state`, goes on where that of an earlier run ended."""

    def __init__(self, start: Start, state: DisplayState | None = None, paused: Pause | None = None) -> None:
        state = state or DisplayState()
        self._start = start
        self._lines: list[str] = [*state.story]
        self._last, self._repeats = "", 0
        self._outcome: Outcome | None = None
        self.customer = start.customer
        """Whose it is: another than it began with, once it is known who that was."""
        self.step = state.step
        self.doing = "starting"
        self.next_due: datetime | None = None
        self.intent: Intent | None = state.intent
        self.paused = paused

    def state(self) -> DisplayState:
        """What the next run needs to go on."""
        return DisplayState(step=self.step, intent=self.intent, story=tuple(self._lines))

    @property
    def has_ended(self) -> bool:
        """Whether an outcome is shown."""
        return self._outcome is not None

    def note(self, at: datetime, line: str) -> None:
        """Add a line to the story. One that repeats the last takes its place, so that a burst leaves the rest."""
        self._repeats = self._repeats + 1 if line == self._last else 1
        kept = self._lines[:-1] if self._repeats > 1 else self._lines
        times = f" ({self._repeats} times)" if self._repeats > 1 else ""
        self._lines = [*kept, f"{at_minute(at)} · {line}{times}"][-KEPT_LINES:]
        self._last = line

    def doing_now(self, doing: str, due: datetime | None = None) -> None:
        """Say what goes on, and when it ends by itself."""
        self.doing, self.next_due = doing, due

    def end(self, at: datetime, outcome: Outcome) -> None:
        """Say how it ended."""
        self._outcome = outcome
        self.paused = None
        self.doing_now("ended")
        self.note(at, f"ended: {outcome.kind.value} ({outcome.why})")

    def progress(self) -> Progress:
        """The answer to the `status` query."""
        return Progress(
            enrollment=self._start.enrollment,
            journey=self._start.journey,
            customer=self.customer,
            state=State.RUNNING if self._outcome is None else State.ENDED,
            step=self.step,
            doing=self.doing,
            next_due=None if self.paused else self.next_due,
            intent=self.intent,
            history=tuple(self._lines),
            outcome=self._outcome,
            paused=self.paused,
        )

    def markdown(self) -> str:
        """Current details for the Temporal UI: where it is, why, and what comes next."""
        due = f", until {at_minute(self.next_due)} at the latest" if self.next_due and not self.paused else ""
        head = [f"**Now:** {self.doing}{due}"]
        if self.paused:
            because = f", because {self.paused.reason}" if self.paused.reason else ""
            head.insert(0, f"**Paused** since {at_minute(self.paused.since)}{because}")
        if self.customer != self._start.customer:
            head.insert(0, f"**Customer:** {self.customer}, who was {self._start.customer} when it began")
        if self._start.carried:
            # Temporal gives its static summary to the first run alone.
            head.insert(0, f"**{self._start.title}**, run {self._start.carried.runs + 1}")
        if self.step:
            head.append(f"**Step:** {self.step}")
        if self.intent:
            head.append(f"**Intent:** {self.intent.tier.value} · {self.intent.why}")
        if self.intent and self.intent.parts:
            head.append("\n".join(f"- {name}: {text}" for name, text in self.intent.explained()[:-1]))
        if self._outcome:
            revenue = f", revenue {self._outcome.revenue:.2f}" if self._outcome.revenue else ""
            head.append(f"**Outcome:** {self._outcome.kind.value} — {self._outcome.why}{revenue}")
        story = "\n".join(f"- {line}" for line in self._lines)
        return "\n\n".join(head) + (f"\n\n### So far\n{story}" if story else "")
