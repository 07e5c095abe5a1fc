"""Transport: whatever takes a finished mail over. What it may answer is the whole contract.

A hand-over has three ends, and callers must be able to tell them apart: the server has the mail (`ACCEPTED`), it has
certainly not (an error), or nobody saw its answer (`UNKNOWN`), where sending again may double the mail. A server that
recognises a mail by its key spares us the third: there, nobody having seen its answer is an error as well
(`UnheardError`), and handing the same mail over again brings the answer.
"""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import Field, StringConstraints

from domain.model import Value

BareAddress = Annotated[str, StringConstraints(pattern=r"^[!-~]+@[!-~]+$", max_length=320)]
"""A mail address in ASCII, without name and angle brackets: what an SMTP envelope takes."""


class Mail(Value):
    """One mail for one recipient, ready for the wire. `raw` is a whole RFC 5322 message with CRLF line ends."""

    sender: BareAddress
    """The envelope's sender, where bounces go."""
    recipient: BareAddress
    raw: bytes = Field(repr=False)
    message_id: str
    """As in the header."""
    key: str
    """The ledger's id of the message, the same at every attempt: by it a provider recognises a repetition."""


class Handover(StrEnum):
    """How a hand-over ended that did not fail for certain."""

    ACCEPTED = "accepted"
    """The server has taken responsibility for the mail."""
    UNKNOWN = "unknown"
    """The connection broke or timed out after the mail was written and before the server's answer came."""


class Line(Protocol):
    """A connection that is ready to take a mail."""

    @property
    def written(self) -> bool:
        """Whether the server may have a mail, because its end was written."""
        ...

    async def deliver(self, mail: Mail) -> Handover:
        """Hand one mail over. Never tries twice once the mail itself was written.

        Raises:
            DeferredByServerError: Certainly not accepted; try later (4xx, timeout or hang-up before the data).
            RefusedSenderError: The same, until the operator has mended what the server has against us.
            UnheardError: The answer was not seen, and the mail may be handed over again (see `repeats_safely`).
            RefusedMessageError: The server will never accept this mail (5xx).
        """
        ...


class Transport(ABC):
    """Delivers mails, several at a time if asked so."""

    @property
    def repeats_safely(self) -> timedelta | None:
        """For how long after its first hand-over the same mail may be handed over again without doubling it.

        None, as for SMTP: not at all. Real time, as the server counts it.
        """
        return None

    @abstractmethod
    def line(self) -> AbstractAsyncContextManager[Line]:
        """A line for one mail: waits for a free one, connects and logs in, all before anything is at stake.

        Whoever records that a mail is handed over does so with the line in hand; until then nothing was tried.

        Raises:
            DeferredByServerError: There is none now; try later.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Let go of all connections. Deliveries under way end as if the line broke."""

    async def deliver(self, mail: Mail) -> Handover:
        """Hand one mail over on a line of its own. Raises as `line` and `Line.deliver` do."""
        async with self.line() as line:
            return await line.deliver(mail)
