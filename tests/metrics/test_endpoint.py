"""`/metrics`: on an address of its own, right after a restart, and never without an answer."""

import asyncio
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import httpx2
import pytest
from prometheus_client.core import Metric

from domain.clock import PacedClock, SystemClock
from domain.errors import ConfigurationError, UnavailableError
from domain.warm_up import WarmUp
from metrics import endpoint
from metrics.endpoint import serving_metrics
from settings import load_settings
from starter.collector.paths import ALIASES
from starter.figures import Figures
from starter.privacy import Privacy
from storage.breakers import Breakers
from storage.database import Database
from tests.metrics.readings import moved
from tests.stack.scrape import scrape
from tests.starter.collectors import client_of, make_collector
from tests.storage.samples import added, commit, identify

HERE = "127.0.0.1"


async def test_what_waits_is_read_from_the_database(database: Database) -> None:
    clock = SystemClock()
    asked_at = clock.now() - timedelta(minutes=90)
    await commit(database, identify("anna", at=asked_at), added(user="anna", at=clock.now() - timedelta(minutes=2)))
    await commit(database, identify("bert", at=clock.now()))

    class Before(SystemClock):
        def now(self) -> datetime:
            return asked_at

    await Privacy(database, Before()).request_erasure("anna", "a test")
    async with database.transaction() as session:
        await Breakers(session).open("cart-recovery", "too many bounces", clock.now())
        await Breakers(session).open("welcome", "too many complaints", clock.now())
        await Breakers(session).rearm("welcome", clock.now())
    figures = Figures(database, clock, WarmUp(start=date(2999, 1, 1), per_day=(50, 100)))

    async with serving_metrics(HERE, 0, figures=figures.read) as url:
        found = await scrape(url)
    lag = found.value("segue_dispatch_lag_seconds")
    assert lag is not None
    assert 5_400 <= lag < 5_500
    wait = found.value("segue_erasure_wait_seconds")
    assert wait is not None
    assert 5_400 <= wait < 5_500
    assert found.value("segue_events_undelivered") == 3
    assert (found.value("segue_erasures_asked_total"), found.value("segue_erasures_done_total")) == (1, 0)
    assert found.value("segue_breaker_open", journey="cart-recovery") == 1
    assert found.value("segue_breaker_open", journey="welcome") == 0
    assert (found.value("segue_warm_up_limit_mails"), found.value("segue_warm_up_mails")) == (50, 0)


async def test_times_are_real_ones_whatever_the_pace(sqlite_database: Database) -> None:
    now = SystemClock().now()

    class Still(SystemClock):
        def now(self) -> datetime:
            return self.paced.product(now)

    clock = Still(PacedClock(anchor_real=now - timedelta(hours=1), anchor_product=now, pace=3_600))
    await commit(sqlite_database, added(user="anna", at=clock.now() - timedelta(hours=60)))
    (lag,) = [
        each for each in await Figures(sqlite_database, clock).read() if each.name == "segue_dispatch_lag_seconds"
    ]
    assert lag.samples[0].value == pytest.approx(60)


async def test_a_part_that_is_away_or_slow_is_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> Iterable[Metric]:
        raise UnavailableError("the database is away")

    async def slow() -> Iterable[Metric]:
        await asyncio.sleep(60)
        return ()

    monkeypatch.setattr(endpoint, "PATIENCE", 0.2)
    with moved() as metrics:
        for figures in (away, slow):
            async with serving_metrics(HERE, 0, figures=figures, sdk=f"{HERE}:9") as url:
                found = await scrape(url)
            assert found.value("process_start_time_seconds")
            assert found.value("segue_dispatch_lag_seconds") is None
    assert metrics.of("segue_scrape_missing_total") == {("database",): 2, ("temporal",): 2}


async def test_nothing_but_metrics_is_answered_and_nothing_is_served_unless_asked_for() -> None:
    settings = load_settings({})
    assert (settings.metrics_port, settings.metrics_host) == (None, HERE)
    async with serving_metrics(settings.metrics_host, settings.metrics_port) as url:
        assert url == ""
    async with serving_metrics(HERE, 0) as url, httpx2.AsyncClient() as http:
        root = url.removesuffix("/metrics")
        assert [(await http.get(root + path)).status_code for path in ("/", "/health", "/docs")] == [404, 404, 404]
        assert (await http.post(url)).status_code == 405
        taken = int(root.rpartition(":")[2])
        with pytest.raises(ConfigurationError, match=f"SEGUE_METRICS_PORT {taken}: cannot listen on"):
            async with serving_metrics(HERE, taken):
                pass


async def test_the_collector_tells_nobody_its_metrics(sqlite_database: Database) -> None:
    """How a shop does, and a way to make its database work, are not for whoever reaches the collector."""
    app = make_collector(sqlite_database)
    async with client_of(app) as backend, client_of(app, None) as stranger:
        for http in (backend, stranger):
            for path in ("/metrics", "/metrics/", "/v1/metrics", "//metrics"):
                answer = await http.get(path)
                assert (answer.status_code, b"segue_" in answer.content) == (404, False), path
    assert not [path for paths in ALIASES.values() for path in paths if "metrics" in path]
