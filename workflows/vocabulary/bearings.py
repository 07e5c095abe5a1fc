"""What an enrollment remembers between two verbs: what the next mail follows from, and when it is due."""

from datetime import datetime

from domain.carried import PerformerState
from domain.intent import Tier


class Bearings:
    """Begins with the occasion of the enrollment, or where an earlier run stood."""

    def __init__(self, occasion: str, state: PerformerState | None = None) -> None:
        state = state or PerformerState(because=f"after {occasion}")
        self.because = state.because
        """What led to the next mail, in words."""
        self.planned: datetime | None = state.planned
        """When the last wait was to end: a mail is due then, however late Temporal wakes us."""
        self.mails = state.mails
        """How many went out."""
        self.published: tuple[str, Tier] | None = state.published
        """Step and tier as Temporal's search attributes have them."""
        self._steps_named = dict(state.steps_named)

    def name_step(self, template: str) -> str:
        """A name for the step that sends a template, different each time."""
        name = template.rsplit("/", 1)[-1]
        self._steps_named[name] = count = self._steps_named.get(name, 0) + 1
        return name if count == 1 else f"{name}-{count}"

    def due(self, now: datetime) -> datetime:
        """When a mail that is asked for now is, or was, due."""
        return min(self.planned or now, now)

    def state(self) -> PerformerState:
        """What the next run needs to go on."""
        return PerformerState(
            because=self.because,
            planned=self.planned,
            mails=self.mails,
            steps_named=dict(self._steps_named),
            published=self.published,
        )
