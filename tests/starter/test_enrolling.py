"""What Temporal's refusals mean for one enrollment and for everybody else."""

from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import UnavailableError
from domain.signals import Click
from starter.dispatch.enrolling import Enroller, HeldError, RejectedByTemporalError, StillFullError

FULL = "exceeded workflow execution limit for signal events"


class Refusing:
    """A Temporal client whose workflows refuse every signal."""

    def __init__(self, status: RPCStatusCode, message: str) -> None:
        self._error = RPCError(message, status, b"")

    def get_workflow_handle(self, identifier: str) -> Any:
        return self

    async def signal(self, name: str, signal: object) -> None:
        raise self._error


def enroller(status: RPCStatusCode, message: str) -> Enroller:
    return Enroller(cast("Client", Refusing(status, message)))


async def test_a_run_that_is_full_holds_up_its_customer_alone_and_loses_no_event() -> None:
    with pytest.raises(StillFullError) as caught:
        await enroller(RPCStatusCode.INVALID_ARGUMENT, FULL).tell("cart-recovery/anna", Click(event_id="c"))
    assert isinstance(caught.value, HeldError)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (RPCStatusCode.INVALID_ARGUMENT, RejectedByTemporalError),
        (RPCStatusCode.UNAVAILABLE, UnavailableError),
    ],
)
async def test_other_refusals_are_for_good_or_an_outage(status: RPCStatusCode, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        await enroller(status, "no").tell("cart-recovery/anna", Click(event_id="c"))
    assert not isinstance(caught.value, HeldError)


async def test_an_enrollment_that_has_ended_is_told_nothing() -> None:
    assert not await enroller(RPCStatusCode.NOT_FOUND, "workflow not found").tell(
        "cart-recovery/anna", Click(event_id="c")
    )
