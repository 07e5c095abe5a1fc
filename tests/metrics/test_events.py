"""What the collector and the dispatcher count, and that nothing a sender makes up becomes a label."""

from datetime import timedelta

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from domain import event as names
from domain.clock import PacedClock
from domain.write_key import Scope
from metrics.registry import REGISTRY
from settings import RateSettings
from storage.database import Database
from tests.metrics.readings import moved
from tests.starter.collectors import client_of, make_collector
from tests.starter.held_out import HeldOut
from tests.starter.issuing import make_key
from tests.starter.posts import MINUTE, NOON, Post
from tests.starter.signing_in import sign_in, visitors
from workflows.vocabulary.routing import Routes

ADDRESS = "anna.qx7@briefkasten.example"


def track(name: str, message_id: str | None = None) -> dict[str, str]:
    """A track call; without a message id it gets one from the collector."""
    call = {"type": "track", "userId": "anna", "event": name}
    return call if message_id is None else call | {"messageId": message_id}


async def test_accepted_events_are_counted_by_call_key_and_known_name(sqlite_database: Database) -> None:
    _, browser = await make_key(sqlite_database, Scope.BROWSER)
    app = make_collector(sqlite_database)
    batch = [
        *(track(names.PRODUCT_ADDED, f"m-{number}") for number in range(3)),
        {"type": "page", "userId": "anna", "name": names.ORDER_COMPLETED},
        {"type": "identify", "userId": "anna", "traits": {"email": ADDRESS}},
    ]
    async with client_of(app) as backend, client_of(app, browser) as page:
        with moved() as metrics:
            for _ in range(2):
                assert (await backend.post("/v1/batch", json={"batch": batch})).status_code == 200
            assert (await page.post("/v1/track", json=track(names.PRODUCT_VIEWED))).status_code == 200
    assert metrics.of("segue_events_accepted_total") == {
        ("track", "Product Added", "backend"): 6,
        ("page", "other", "backend"): 2,
        ("identify", "other", "backend"): 2,
        ("track", "Product Viewed", "browser"): 1,
    }
    assert metrics.of("segue_events_stored_total") == {("new",): 8, ("repeated",): 3}
    assert metrics.of("segue_batch_events_count") == {(): 2}
    assert metrics.of("segue_commit_seconds_count") == {(): 3}


async def test_refusals_and_limits_are_counted_by_their_reason(sqlite_database: Database) -> None:
    _, browser = await make_key(sqlite_database, Scope.BROWSER)
    app = make_collector(sqlite_database, limits=RateSettings(wrong_key="1/hour", key="4/hour"))
    async with client_of(app) as backend, client_of(app, browser) as page, client_of(app, "wrong") as wrong:
        with moved() as metrics:
            batch = [{"type": "track", "event": "No Customer"}, track("Thing Done")]
            assert (await backend.post("/v1/batch", json={"batch": batch})).status_code == 200
            assert (await page.post("/v1/track", json=track(names.EMAIL_BOUNCED))).status_code == 403
            assert [(await wrong.post("/v1/track", json=track("X"))).status_code for _ in range(2)] == [401, 429]
            assert (await backend.post("/v1/track", content=b"{")).status_code == 400
            assert [(await backend.post("/v1/track", json=track("X"))).status_code for _ in range(3)] == [200, 200, 429]
    assert metrics.of("segue_events_refused_total") == {("InvalidEventError",): 1, ("NotAllowedError",): 1}
    assert metrics.of("segue_requests_refused_total") == {
        ("NotAllowedError",): 1,
        ("WrongKeyError",): 1,
        ("TooManyError",): 2,
        ("InvalidEventError",): 1,
    }
    assert metrics.of("segue_requests_limited_total") == {("wrong key",): 1, ("key",): 1}


async def test_nothing_that_a_sender_makes_up_becomes_a_label(sqlite_database: Database) -> None:
    app = make_collector(sqlite_database)
    made_up = [f"{ADDRESS} {number}" for number in range(300)]
    calls = [track(name) for name in made_up]
    calls += [{"type": "page", "userId": "anna", "name": name, "category": name} for name in made_up]
    calls += [{"type": "track", "event": name, name: name} for name in made_up]
    calls += [{"type": name} for name in made_up]
    before = len(generate_latest(REGISTRY).splitlines())
    async with client_of(app) as http:
        for begin in range(0, len(calls), 100):
            assert (await http.post("/v1/batch", json={"batch": calls[begin : begin + 100]})).status_code < 500
        for path in ("webhooks/sendgrid", "webhooks/nobody", "nothing"):
            await http.post(f"/{path}/{ADDRESS}", json={}, headers={"User-Agent": ADDRESS})
    scrape = generate_latest(REGISTRY)
    assert b"briefkasten" not in scrape
    assert len(scrape.splitlines()) < before + 40


async def test_deliveries_are_timed_from_the_arrival_and_put_off_ones_counted(sqlite_database: Database) -> None:
    post = Post(sqlite_database)
    await post.commit(post.added(), post.event(names.PRODUCT_VIEWED, "bert"))
    post.clock.moment = NOON + timedelta(seconds=40)
    post.temporal.away = True
    with moved() as metrics:
        with pytest.raises(Exception, match="away"):
            await post.deliver()
        post.temporal.away = False
        await post.deliver()
        await post.admit("anna")
        await post.commit(post.event(names.ORDER_COMPLETED, at=NOON + MINUTE, order_id="o-1", revenue=5))
        post.temporal.refuses.add("cart-recovery/anna")
        await post.deliver()
    assert metrics.of("segue_dispatch_seconds_count") == {(): 3}
    assert metrics.of("segue_dispatch_seconds_sum")[()] == pytest.approx(80, abs=1)
    assert metrics.of("segue_events_parked_total") == {(): 1}


async def test_who_is_held_out_has_ended_and_joins_end_the_enrollments_they_supersede(
    sqlite_database: Database,
) -> None:
    post = Post(sqlite_database)
    held_out = Post(sqlite_database, Routes({"held-out": HeldOut}, PacedClock(), {}))
    with moved() as metrics:
        await post.commit(visitors(post.added()), post.added())
        await post.deliver()
        await post.admit("anon-v1")
        await post.admit("anna")
        await post.commit(sign_in(post))
        await post.deliver()
        await post.deliver()
        await held_out.commit(post.event("Thing Done", "bert"))
        await held_out.deliver()
    assert metrics.of("segue_joins_total") == {(): 1}
    assert metrics.of("segue_enrollments_ended_total") == {
        ("cart-recovery", "superseded"): 1,
        ("held-out", "held out"): 1,
    }


async def test_lines_about_an_event_name_it_its_customer_and_nothing_that_a_sender_made_up(
    sqlite_database: Database,
) -> None:
    post = Post(sqlite_database)
    await post.commit(post.added())
    post.temporal.refuses.add("cart-recovery/anna")
    with capture_logs() as lines:
        await post.deliver()
    (parked,) = [line for line in lines if line["event"] == "event parked"]
    assert (parked["event_id"], parked["customer"], parked["name"]) == ("e-1", "anna", names.PRODUCT_ADDED)
