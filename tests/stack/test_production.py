"""The parts of a deployment, each a process with settings from its environment, on a Temporal of their own."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from starter.client import SegueClient
from starter.embedded import free_port
from starter.inbox.server import Inbox
from storage.database import Database
from temporal import connect
from tests.stack.books import Books
from tests.stack.deployment import WORKER, WRITE_KEY, Deployment
from tests.stack.processes import QUIET_HOURS_OFF, finish
from tests.stack.server import temporal_server
from tests.stack.shop import ORDER, Backend
from tests.stack.terminal import Terminal, objection
from tests.stack.waiting import until
from workflows.vocabulary import search

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMESPACE = "shop"
"""Made by the tests: the dev server's own namespace has the search attributes from the start."""

STOPS_WITHIN = 5.0
"""Real seconds, with nothing under way."""


async def make_namespace(client: Client) -> None:
    """Make the namespace, and wait until the server takes it up."""
    retention = Duration(seconds=86_400)
    request = RegisterNamespaceRequest(namespace=NAMESPACE, workflow_execution_retention_period=retention)
    await client.workflow_service.register_namespace(request)

    async def look() -> bool:
        try:
            await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=NAMESPACE))
        except RPCError:
            return False
        return True

    await until(look)


async def search_attributes(client: Client) -> dict[str, int]:
    """Search attributes that the namespace has of its own, with their types."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    return dict((await client.operator_service.list_search_attributes(request)).custom_attributes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deployment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """A server, a mail server and a database file, set up by the commands that are for it; no process runs yet."""
    folder = tmp_path_factory.mktemp("production")
    inbox = Inbox(folder / "inbox", smtp_port=0, http_port=0)
    await inbox.start()
    database = Database(str(folder / "segue.db"))
    async with temporal_server(folder) as server:
        await make_namespace(await connect(server.address))
        settings = QUIET_HOURS_OFF | {
            "SEGUE_DATABASE": str(folder / "segue.db"),
            "SEGUE_TEMPORAL": server.address,
            "SEGUE_NAMESPACE": NAMESPACE,
            "SEGUE_SMTP": inbox.smtp_url,
            "SEGUE_SECRET": "a secret of some length",
            "SEGUE_WRITE_KEYS": WRITE_KEY,
            "SEGUE_PUBLIC_URL": "https://mail.shop.example",
        }
        client = await connect(server.address, namespace=NAMESPACE)
        deployment = Deployment(folder, client, settings, Books(database, folder / "inbox"))
        terminal = Terminal(**settings)
        await asyncio.gather(terminal.say("migrate"), terminal.say("register-search-attributes"))
        try:
            yield deployment
        finally:
            deployment.end()
    await database.aclose()
    await inbox.stop()


async def test_search_attributes_are_registered_and_may_be_again(deployment: Deployment) -> None:
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    wanted = {key.name: keyword for key in search.ALL}
    assert await search_attributes(deployment.client) == wanted

    again = await Terminal(**deployment.settings).say("register-search-attributes")
    assert again == f"Temporal knows Segue's search attributes in namespace {NAMESPACE}.\n"
    assert await search_attributes(deployment.client) == wanted


async def test_an_order_reported_to_one_process_is_confirmed_by_another(deployment: Deployment) -> None:
    (_, url), _ = await asyncio.gather(deployment.serve("collector"), deployment.work("worker"))
    async with SegueClient(url, WRITE_KEY) as client:
        await Backend(client).identify("petra")
        await Backend(client).order("petra", "o-1")

    letter = await deployment.books.letter("petra")
    row = await deployment.books.row_of(letter)
    assert (row.journey, row.template) == (ORDER, "post_purchase/confirmation")
    (status,) = await Terminal(**deployment.settings).read("status", "petra")
    assert (status["workflow_id"], status["state"]) == ("post-purchase/petra/o-1", "running")
    await deployment.books.agree()


async def test_each_process_tells_what_it_did_and_what_the_sdk_and_the_database_know(deployment: Deployment) -> None:
    collector, worker = await asyncio.gather(deployment.scrape("collector"), deployment.scrape("worker"))

    assert collector.value("segue_events_accepted_total", call="track", event="Order Completed", key="backend") == 1
    assert collector.value("segue_events_accepted_total", call="identify", event="other", key="backend") == 1
    assert collector.value("segue_dispatching") == 1
    assert collector.value("segue_dispatch_seconds_count") == 1
    assert collector.value("segue_dispatch_lag_seconds") == 0
    assert collector.value("segue_erasures_asked_total") == 0
    assert collector.value("temporal_request_total", operation="StartWorkflowExecution") == 1
    assert collector.value("segue_mails_total") is None, "mails are the worker's"

    assert worker.value("segue_enrollments_begun_total", journey=ORDER) == 1
    assert worker.value("segue_gate_decisions_total", journey=ORDER, verdict="send", asked="first") == 1
    assert worker.value("segue_mails_total", journey=ORDER, end="sent") == 1
    assert worker.value("segue_handover_seconds_count", end="accepted") == 1
    assert worker.value("temporal_workflow_task_execution_latency_seconds_count", workflow_type=ORDER)
    assert worker.value("segue_events_accepted_total") is None, "events are the collector's"

    told = set(collector.label_values("")) | set(worker.label_values(""))
    assert not [value for value in told if "petra" in value or "o-1" in value], "no label says whose it is"
    for each in (collector, worker):
        assert each.value("segue_scrape_missing_total") == 0


async def test_a_process_that_is_told_to_stop_does_so_at_once(deployment: Deployment) -> None:
    (collector, _), worker = await asyncio.gather(deployment.serve("another-collector"), deployment.work("another"))
    for process in (collector, worker):
        told = time.monotonic()
        assert process.stop(signal.SIGTERM) == 0
        assert time.monotonic() - told < STOPS_WITHIN
        assert "Traceback" not in process.output


async def test_a_wrong_setting_is_named_in_a_line(deployment: Deployment) -> None:
    closed = f"127.0.0.1:{free_port()}"

    async def worker_refused(settings: dict[str, str]) -> str:
        return objection(await asyncio.to_thread(finish, WORKER, environment=settings), by="worker", status=1)

    said = await asyncio.gather(
        Terminal().refused("serve"),
        Terminal(**deployment.settings).refused("serve", SEGUE_PACE="quick"),
        worker_refused({"SEGUE_DATABASE": deployment.settings["SEGUE_DATABASE"]}),
        worker_refused(deployment.settings | {"SEGUE_TEMPORAL": closed}),
        Terminal(**deployment.settings).refused("serve", SEGUE_WRITE_KEYS=""),
    )
    assert said[0] == "not set: SEGUE_DATABASE, SEGUE_PUBLIC_URL, SEGUE_SECRET; see docs/operate.md"
    assert said[1].startswith("SEGUE_PACE: ")
    assert said[2] == "a worker needs SEGUE_SMTP or SEGUE_PROVIDER, SEGUE_SECRET, SEGUE_PUBLIC_URL; see docs/operate.md"
    assert said[3].startswith(f"Temporal does not answer at {closed}: ")
    assert said[4].startswith("nobody could report anything: set SEGUE_WRITE_KEYS, or make a key with `segue keys")
