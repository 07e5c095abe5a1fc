"""The one way to reach Temporal: what the environment decides, and what it does not."""

from collections.abc import AsyncIterator

import pytest

from domain.errors import UnavailableError
from domain.signals import Click
from starter.dispatch.enrolling import Enroller
from starter.embedded import free_port
from temporal import connect
from tests.house import time_skipping


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Of a server on this machine, without TLS."""
    async with time_skipping() as env:
        yield env.client.service_client.config.target_host


@pytest.mark.parametrize(("name", "value"), [("TEMPORAL_TLS", "true"), ("TEMPORAL_API_KEY", "a-key-of-the-cloud")])
async def test_the_embedded_server_is_reached_whatever_cluster_the_environment_names(
    address: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UnavailableError, match=address):
        await connect(address)  # the environment decides: no such server is here
    client = await connect(address, namespace="default", embedded=True)
    assert await client.service_client.check_health()


async def test_an_address_given_wins_over_the_environment_and_the_rest_is_taken_from_it(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "shop")
    assert (await connect(address)).namespace == "shop"
    assert (await connect(address, namespace="other")).namespace == "other"
    assert (await connect(address, embedded=True)).namespace == "default"


async def test_a_server_that_is_away_is_an_error_unless_it_may_come_later() -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    with pytest.raises(UnavailableError, match=f"Temporal does not answer at {nowhere}"):
        await connect(nowhere)
    client = await connect(nowhere, lazy=True)
    assert client.service_client.config.target_host == nowhere


async def test_a_lazy_client_says_that_temporal_is_away_as_any_other() -> None:
    enroller = Enroller(await connect(f"127.0.0.1:{free_port()}", lazy=True))
    with pytest.raises(UnavailableError, match="Temporal is away: nobody listens there"):
        await enroller.tell("cart-recovery/anna", Click(event_id="e-1"))
    with pytest.raises(UnavailableError):
        await enroller.look("cart-recovery/anna", "e-1")
