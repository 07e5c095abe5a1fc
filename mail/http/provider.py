"""What differs between providers: how a mail is asked for, and how the answer reads. Everything else is the client's.

A new provider is one module with a class that keeps `Provider`, and a line in `mail.http.catalogue`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

import httpx2

from domain.model import Value


class Call(Value):
    """One POST request that hands one mail over."""

    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    """Sent as JSON. The same mail always makes the same body: providers compare repetitions."""


class Accepted(Value):
    """The provider has taken responsibility for the mail, now or at an earlier attempt."""


class Deferred(Value):
    """Certainly not accepted; try later. `wait`: when, if the provider said so. `ours`: we have to mend something."""

    problem: str
    wait: timedelta | None = None
    ours: bool = False


class Refused(Value):
    """Never accepted. `no_mailbox`: because nobody can be written to at that address."""

    code: int
    problem: str
    no_mailbox: bool = False


class Unheard(Value):
    """Perhaps accepted: the provider failed after it had the mail. Where it knows repetitions, ask again."""

    problem: str
    wait: timedelta | None = None


class Unknowable(Value):
    """Perhaps accepted, and asking again cannot tell."""


Reading = Accepted | Deferred | Refused | Unheard | Unknowable


class Provider(Protocol):
    """One provider's API."""

    @property
    def name(self) -> str:
        """As people write it."""
        ...

    @property
    def repeats_safely(self) -> timedelta | None:
        """For how long the provider recognises a repetition by `Mail.key`; None: it does not."""
        ...

    def call(self, raw: bytes, key: str) -> Call:
        """Write the request for a mail: a whole RFC 5322 message, and its key."""
        ...

    def read(self, answer: httpx2.Response) -> Reading:
        """Read an answer that came whole, whatever its status."""
        ...
