from typing import Any

import httpx2
import pytest

from mail.links import Links
from storage.database import Database
from tests.starter.collectors import KEY, LINKS, client_of, make_collector, served, stored_events

SETTINGS = f"/v1/projects/{KEY}/settings"
PLAIN = Links("http://127.0.0.1:8100", ["a secret of some length"])


async def own_server(database: Database, path: str, name: str, links: Links | None = None, **headers: str) -> Any:
    """What the library is told of its own server."""
    async with client_of(make_collector(database, links=links or LINKS), key=None) as http:
        answer = await http.get(path, headers=headers)
    assert answer.status_code == 200
    [told] = answer.json()["integrations"].items()
    assert told[0] == name
    return told[1]


@pytest.mark.parametrize(
    ("path", "name"),
    [(SETTINGS, "Segment.io"), (f"/customerio{SETTINGS}", "Customer.io Data Pipelines")],
)
async def test_the_library_is_sent_back_to_where_it_asked(sqlite_database: Database, path: str, name: str) -> None:
    told = await own_server(sqlite_database, path, name, host="events.shop.example:8443")
    assert told["apiKey"] == KEY
    assert (told["protocol"], told["apiHost"]) == ("https", "events.shop.example:8443/v1")


@pytest.mark.parametrize(
    ("links", "host", "protocol"),
    [
        (None, "events.shop.example", "https"),  # the public address is https: a proxy ends it
        (None, "localhost:8100", "http"),
        (None, "[::1]:8100", "http"),
        (PLAIN, "events.shop.example", "http"),
    ],
)
async def test_the_protocol_is_the_browsers(
    sqlite_database: Database, links: Links | None, host: str, protocol: str
) -> None:
    assert (await own_server(sqlite_database, SETTINGS, "Segment.io", links, host=host))["protocol"] == protocol


async def test_any_key_is_answered_alike(sqlite_database: Database) -> None:
    async with client_of(make_collector(sqlite_database), key=None) as http:
        known, unknown = [(await http.get(SETTINGS.replace(KEY, key))).text for key in (KEY, "unknown")]
    assert known.replace(KEY, "unknown") == unknown


@pytest.mark.parametrize("host", ["", "shop example", "evil.example/path?", "a@b", '"'])
async def test_a_host_that_is_none_is_refused(sqlite_database: Database, host: str) -> None:
    async with client_of(make_collector(sqlite_database), key=None) as http:
        assert (await http.get(SETTINGS, headers={"host": host})).status_code == 400


async def test_rudderstacks_library_is_given_no_destinations(sqlite_database: Database) -> None:
    async with client_of(make_collector(sqlite_database), key="any") as http:
        for path in ("/sourceConfig/", "/sourceConfig"):
            source = (await http.get(path, params={"writeKey": "any"})).json()["source"]
            assert (source["enabled"], source["destinations"]) == (True, [])
            assert (await http.head(path)).status_code == 200


async def test_the_librarys_own_metrics_are_not_kept(sqlite_database: Database) -> None:
    async with client_of(make_collector(sqlite_database), key=None) as http:
        assert (await http.post("/v1/m", content='{"series":[]}')).status_code == 204


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"/beacon/v1/batch?writeKey={KEY}", {}, 200),
        ("/beacon/v1/batch?writeKey=another", {}, 401),
        ("/api/s/track", {"X-Write-Key": KEY}, 200),
        ("/api/s/track", {"X-Write-Key": "another"}, 401),
        (f"/v1/track?writeKey={KEY}", {}, 401),  # addresses are written down by proxies
        ("/v1/track", {"X-Write-Key": KEY}, 401),
    ],
)
async def test_a_key_may_stand_beside_only_where_a_library_needs_it(
    sqlite_database: Database, path: str, headers: dict[str, str], status: int
) -> None:
    call = {"type": "track", "anonymousId": "visitor", "event": "Product Viewed"}
    body: dict[str, Any] = {"batch": [call]} if "batch" in path else call
    async with client_of(make_collector(sqlite_database), key=None) as http:
        assert (await http.post(path, json=body, headers=headers)).status_code == status
    assert len(await stored_events(sqlite_database)) == (status == 200)


async def test_over_a_real_connection_the_host_is_the_servers(sqlite_database: Database) -> None:
    async with served(make_collector(sqlite_database)) as url, httpx2.AsyncClient(base_url=url) as http:
        told = (await http.get(SETTINGS)).json()["integrations"]["Segment.io"]
    assert f"{told['protocol']}://{told['apiHost']}" == f"{url}/v1"
