"""A transport that keeps what it is given: for tests, rehearsals and dry runs."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from domain.errors import DeferredByServerError, RefusedMessageError
from mail.bounce import names_no_mailbox
from mail.transport import Handover, Line, Mail, Transport


class RecordingTransport(Transport):
    """Accepts every mail and keeps it, unless told to fail the next ones.

    `mails` are those accepted, in order. `attempts` are all deliveries asked for, failed ones included. While `away` is
    set nobody gets a line.
    """

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.attempts: list[Mail] = []
        self.away = False
        self._troubles: deque[Callable[[], Handover]] = deque()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A line that keeps the mail, or fails as told; none while the server is away."""
        if self.away:
            raise DeferredByServerError("the mail server cannot be used")
        yield _RecordingLine(self)

    def take(self, mail: Mail) -> Handover:
        """Keep a mail, or fail as told."""
        self.attempts.append(mail)
        if self._troubles:
            return self._troubles.popleft()()
        self.mails.append(mail)
        return Handover.ACCEPTED

    async def aclose(self) -> None:
        """Keep everything: what was recorded stays readable."""

    def refuse_next(self, times: int = 1, *, code: int = 550, problem: str = "no such mailbox") -> None:
        """Make the next deliveries fail for good."""

        def refuse() -> Handover:
            raise RefusedMessageError(code, problem, no_mailbox=names_no_mailbox(code, problem))

        self._troubles.extend([refuse] * times)

    def defer_next(self, times: int = 1, *, problem: str = "451 try again later") -> None:
        """Make the next deliveries fail for now."""

        def defer() -> Handover:
            raise DeferredByServerError(problem)

        self._troubles.extend([defer] * times)

    def lose_next(self, times: int = 1) -> None:
        """Make the next deliveries end unseen. The mails are in `attempts` only."""
        self._troubles.extend([lambda: Handover.UNKNOWN] * times)

    def to(self, recipient: str) -> list[Mail]:
        """The accepted mails of one recipient, in order."""
        return [mail for mail in self.mails if mail.recipient == recipient]


class _RecordingLine:
    def __init__(self, transport: RecordingTransport) -> None:
        self._transport = transport
        self.written = False

    async def deliver(self, mail: Mail) -> Handover:
        self.written = True
        return self._transport.take(mail)
