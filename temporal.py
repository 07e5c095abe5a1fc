"""How every process talks to Temporal: one client for worker, starter, tests and replay, so they cannot disagree."""

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any

import temporalio.api.enums.v1
import temporalio.api.operatorservice.v1
from pydantic import SecretStr
from temporalio.client import Client, Interceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from codec import EncryptionCodec
from domain.errors import ConfigurationError, UnavailableError
from workflows.vocabulary import search

TASK_QUEUE = "segue"
"""Frozen: running enrollments wait on it."""

DATA_CONVERTER: DataConverter = dataclasses.replace(
    pydantic_data_converter,
    # Failure messages may quote what a template or a server said: where payloads are encrypted they must be, too.
    failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
)

PASSED_THROUGH = ("domain", "workflows.vocabulary", "pydantic", "pydantic_core", "annotated_types")
"""What the sandbox does not load anew for each enrollment: ours, deterministic, tested. Journeys are not among them,
so a journey that reads a clock or draws a number is caught."""


def data_converter(payload_keys: SecretStr | None = None) -> DataConverter:
    """The one way values become payloads; with keys, encrypted ones.

    Raises:
        ConfigurationError: the keys are not as `codec.EncryptionCodec` wants them.
    """
    if payload_keys is None or not payload_keys.get_secret_value().strip():
        return DATA_CONVERTER
    return dataclasses.replace(DATA_CONVERTER, payload_codec=EncryptionCodec(payload_keys))


async def connect(
    address: str | None = None,
    *,
    namespace: str | None = None,
    embedded: bool = False,
    lazy: bool = False,
    interceptors: Sequence[Interceptor] = (),
    payload_keys: SecretStr | None = None,
) -> Client:
    """Connect to Temporal.

    Args:
        address: `host:port`. None: the SDK's environment configuration decides (`TEMPORAL_ADDRESS`,
            `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS_*`, profiles), which covers Temporal Cloud.
        namespace: overrides the configured one.
        embedded: it is the dev server of this machine; the environment, which may name a cluster, is not asked.
        lazy: connect at the first call, so that a collector can start while Temporal is away.
        interceptors: for logs and traces.
        payload_keys: the setting; alike for all that talk to one namespace.

    Raises:
        ConfigurationError: the keys are written wrongly.
        UnavailableError: nobody answers there.
    """
    config: dict[str, Any] = {} if embedded else dict(ClientConfig.load_client_connect_config())
    if address is not None:
        config["target_host"] = address
    if namespace is not None:
        config["namespace"] = namespace
    config.setdefault("target_host", "127.0.0.1:7233")
    converter = data_converter(payload_keys)
    try:
        return await Client.connect(**config, data_converter=converter, lazy=lazy, interceptors=list(interceptors))
    except (RuntimeError, RPCError) as error:
        where = config["target_host"]
        raise UnavailableError(f"Temporal does not answer at {where}: {in_plain_words(error)}") from error


def in_plain_words(error: Exception) -> str:
    """What went wrong with a connection; the SDK quotes the structures of the libraries below it."""
    said = error.message if isinstance(error, RPCError) else str(error)
    if "Connection refused" in said:
        return "nobody listens there"
    return "the connection failed" if "tonic::" in said else said


def workflow_runner() -> SandboxedWorkflowRunner:
    """The sandbox, the same for workers and replay."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))


async def register_search_attributes(client: Client, *, within: float = 30.0) -> None:
    """Register Segue's search attributes, and wait until the server knows them. Harmless when repeated.

    Args:
        client: connected to the namespace in question.
        within: seconds to wait for the server to take them up.

    Raises:
        UnavailableError: the server did not take them up in time.
        ConfigurationError: the server does not let us; the message names what to add by hand.
    """
    for key in search.ALL:
        await _add(client, key.name)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while loop.time() < deadline:
        if await _all_known(client):
            return
        await asyncio.sleep(0.1)
    raise UnavailableError("Temporal did not take up Segue's search attributes in time; run the command again")


async def _add(client: Client, name: str) -> None:
    request = temporalio.api.operatorservice.v1.AddSearchAttributesRequest(
        namespace=client.namespace,
        search_attributes={name: temporalio.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD},
    )
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            names = ", ".join(f"{each.name} (Keyword)" for each in search.ALL)
            raise ConfigurationError(
                f"this Temporal lets nobody register search attributes over its API ({error.message}); "
                f"add them by its own tools: {names}"
            ) from error
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def _all_known(client: Client) -> bool:
    request = temporalio.api.operatorservice.v1.ListSearchAttributesRequest(namespace=client.namespace)
    try:
        known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    except RPCError as error:
        if error.status is RPCStatusCode.UNIMPLEMENTED:
            return True  # the time-skipping test server, which knows them at once
        raise
    return all(key.name in known for key in search.ALL)
