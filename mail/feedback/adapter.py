"""What every provider's adapter keeps: a request is trusted or not, and then read."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pydantic import Field

from domain.errors import PermanentError
from domain.feedback import Report
from domain.model import Instant, Value


class UntrustedReportError(PermanentError):
    """A webhook's request is not the provider's, or too old. The message is for our log, not for the answer."""


class StaleReportError(UntrustedReportError):
    """A webhook's request was signed too long ago, or in the future: it may be a repetition by whoever saw it."""


class UnreadableReportError(PermanentError):
    """A trusted request is not what the provider documents."""


class WebhookRequest(Value):
    """A webhook's request. Signatures are about `body` as it came, byte for byte."""

    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes = Field(repr=False)
    real_at: Instant
    """When it arrived, in real time."""


class Adapter(Protocol):
    """One provider's webhook."""

    @property
    def name(self) -> str:
        """As in the address of the webhook and in ids of events."""
        ...

    def verify(self, request: WebhookRequest) -> str | None:
        """Make sure that the provider sent it.

        Returns:
            A token that signs this request alone, where the signature leaves the body out; else None.

        Raises:
            UntrustedReportError: it did not, or long ago.
        """
        ...

    def read(self, request: WebhookRequest) -> Sequence[Report]:
        """Read a request that was verified. Reports of no interest are left out.

        Raises:
            UnreadableReportError: it is no JSON, or of another shape altogether.
        """
        ...


def require_fresh(seconds: str, request: WebhookRequest, tolerance: timedelta) -> None:
    """Make sure that a signed timestamp, in seconds since 1970, is not too far from now.

    Raises:
        StaleReportError: it is.
        UntrustedReportError: it is none.
    """
    try:
        signed_at = datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise UntrustedReportError("the timestamp is none") from None
    require_near(signed_at, request, tolerance)


def require_near(at: datetime, request: WebhookRequest, tolerance: timedelta) -> None:
    """Make sure that a signed moment is not too far from now.

    Raises:
        StaleReportError: it is.
    """
    if abs(request.real_at - at) > tolerance:
        raise StaleReportError("the timestamp is too far from now")
