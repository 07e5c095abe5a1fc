"""Typed stubs of the activities: the only names by which workflows know them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from domain import calls
from domain.intent import Intent
from domain.offer import Offer

Q = TypeVar("Q")
A = TypeVar("A")

LOCAL_TIMEOUT = timedelta(seconds=30)
"""Scoring, gate and rendering are milliseconds of database and CPU; half a minute is a database in trouble."""

FORGOTTEN = ("UnknownCustomerError", "UnknownMessageError")
"""Types of errors that say: the database no longer knows them. No retry finds them again."""

LOCAL_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=5),
    non_retryable_error_types=FORGOTTEN,
)
"""0.2 s, 0.4 s … 5 min, for as long as the database is away: an outage delays a journey and never ends it."""

SEND_TIMEOUT = timedelta(minutes=5)
"""One SMTP conversation: half a minute a command, two minutes for the last answer (see `mail.smtp`)."""

SEND_HEARTBEAT = timedelta(seconds=20)
"""A worker that hands a mail over says so every few seconds; after such a silence it counts as dead."""

SEND_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=10),
    non_retryable_error_types=FORGOTTEN,
)
"""2 s, 4 s … 10 min: a mail server that says *later* delays a mail and never loses it. One that says when is obeyed."""


@dataclass(frozen=True)
class LocalStub(Generic[Q, A]):
    """An activity run inside the workflow task: one marker in history, no round trip through the server."""

    name: str
    answer: type[A]

    async def __call__(self, request: Q, summary: str | None = None) -> A:
        """Run it to its end, however often that takes."""
        result: A = await workflow.execute_local_activity(
            self.name,
            request,
            result_type=self.answer,
            start_to_close_timeout=LOCAL_TIMEOUT,
            retry_policy=LOCAL_RETRY,
            summary=summary,
        )
        return result


admit = LocalStub[calls.AdmitRequest, calls.Admission](calls.ADMIT, calls.Admission)
close = LocalStub[calls.CloseRequest, bool](calls.CLOSE, bool)
score = LocalStub[calls.ScoreRequest, Intent](calls.SCORE, Intent)
decide = LocalStub[calls.GateRequest, calls.Gated](calls.GATE, calls.Gated)
drop = LocalStub[calls.DropRequest, bool](calls.DROP, bool)
render = LocalStub[calls.RenderRequest, calls.Rendered](calls.RENDER, calls.Rendered)
read_fact = LocalStub[calls.FactRequest, calls.FactAnswer](calls.READ_FACT, calls.FactAnswer)
read_last_activity = LocalStub[calls.ActivityRequest, calls.LastActivity](calls.READ_ACTIVITY, calls.LastActivity)
find_local_time = LocalStub[calls.LocalTimeRequest, calls.LocalTime](calls.NEXT_LOCAL, calls.LocalTime)
read_moment = LocalStub[calls.MomentRequest, calls.MomentAnswer](calls.READ_MOMENT, calls.MomentAnswer)
suppress = LocalStub[calls.SuppressRequest, bool](calls.SUPPRESS, bool)
choose_offer = LocalStub[calls.OfferRequest, Offer](calls.CHOOSE_OFFER, Offer)
choose_variant = LocalStub[calls.VariantRequest, calls.Variant](calls.CHOOSE_VARIANT, calls.Variant)


def start_sending(request: calls.SendRequest, summary: str) -> "workflow.ActivityHandle[calls.Delivery]":
    """Begin to hand a message to the mail server: a normal activity, visible and retried by the server.

    Cancelling the handle stops further retries; an attempt under way hears of it, ends as it would have, and its
    result is kept.
    """
    handle: workflow.ActivityHandle[calls.Delivery] = workflow.start_activity(
        calls.SEND,
        request,
        result_type=calls.Delivery,
        start_to_close_timeout=SEND_TIMEOUT,
        heartbeat_timeout=SEND_HEARTBEAT,
        retry_policy=SEND_RETRY,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=summary,
    )
    return handle
