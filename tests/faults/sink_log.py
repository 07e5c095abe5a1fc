"""What the sink wrote down, read while it still writes."""

from collections import Counter
from pathlib import Path

from pydantic import BaseModel

from tests.faults.trouble import TAKEN, Trouble


class Conversation(BaseModel, frozen=True):
    """One SMTP conversation that came as far as its recipient, at a real moment (seconds of the epoch)."""

    at: float
    what: Trouble
    to: str
    message_id: str = ""
    """Empty where it ended before the mail."""
    click: str | None = None
    leave: str | None = None
    centre: str | None = None
    """The preference centre's link."""
    data: str | None = None
    """The link that hands out or erases."""
    tag: str = ""
    """What the mail says it is called, for reports of it."""

    @property
    def ledger_id(self) -> str:
        """The ledger's id, from the Message-ID header."""
        return self.message_id.strip("<> ").split("@")[0]

    @property
    def taken(self) -> bool:
        return self.what in TAKEN


class SinkLog:
    """Reads on where it stopped."""

    def __init__(self, file: Path) -> None:
        self._file, self._read = file, 0
        self._found: list[Conversation] = []

    def all(self) -> list[Conversation]:
        """Every conversation so far, in order."""
        if self._file.exists():
            with self._file.open("rb") as stream:
                stream.seek(self._read)
                fresh = stream.read()
            whole = fresh[: fresh.rfind(b"\n") + 1]
            self._read += len(whole)
            self._found += [Conversation.model_validate_json(line) for line in whole.splitlines()]
        return self._found

    def taken_at(self, address: str) -> list[Conversation]:
        """Mails that were accepted for an address."""
        return [each for each in self.all() if each.taken and each.to == address]

    def attempts(self) -> Counter[str]:
        """How many conversations there were about each recipient and each mail."""
        found: Counter[str] = Counter()
        for each in self.all():
            found.update(about for about in (each.to, each.message_id) if about)
        return found
