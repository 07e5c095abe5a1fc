"""The Temporal SDK's own metrics: it serves them itself, on loopback, and a scrape of ours fetches them along."""

import socket
from typing import Final

import httpx2

PATIENCE: Final = 2.0
"""Seconds. It answers from memory."""


def sdk_address(port: int | None) -> str | None:
    """An address of this machine that nobody listens on, for the SDK's native part: it cannot be told to take any.

    None where no metrics are served, which `port` being None says.
    """
    if port is None:
        return None
    with socket.create_server(("127.0.0.1", 0)) as found:
        return f"127.0.0.1:{found.getsockname()[1]}"


def sdk_client(address: str) -> httpx2.AsyncClient:
    """A client for it. Proxies of the environment are not asked: it is a process talking to itself."""
    return httpx2.AsyncClient(base_url=f"http://{address}", timeout=PATIENCE, trust_env=False)


async def read_sdk(client: httpx2.AsyncClient) -> bytes:
    """What the SDK has counted so far, in the text format.

    Raises:
        httpx2.HTTPError: it does not answer.
    """
    answer = await client.get("/metrics")
    return answer.raise_for_status().content.strip() + b"\n"
