"""Who may report and ask what, over HTTP: keys of the environment, keys of the database, and their scopes."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from domain.visitor import BrowserPolicy
from domain.write_key import Scope, hash_key
from starter.collector import keys as module
from starter.embedded import free_port
from storage.customers import Customers
from storage.database import Database
from storage.identities import Identities
from storage.permissions import Permissions
from storage.write_keys import WriteKeys
from tests.metrics.readings import moved
from tests.stack.waiting import until
from tests.starter.collectors import KEY, client_of, make_collector, stored_events
from tests.starter.issuing import NOW, make_key

TRACK = {"type": "track", "userId": "anna", "event": "Product Added", "messageId": "m-1"}
BOUNCED = {"type": "track", "userId": "anna", "event": "Email Bounced", "messageId": "m-2"}


async def is_used(database: Database) -> bool:
    """Whether it is written down of the only key that it was used."""
    async with database.read() as session:
        [key] = await WriteKeys(session).list()
    return key.last_used_at is not None


@pytest.mark.parametrize(
    ("scopes", "may_report", "may_ask"),
    [((Scope.EVENTS,), 200, 403), ((Scope.BROWSER,), 200, 403), ((Scope.READ,), 403, 404)],
)
async def test_a_key_is_good_for_its_scopes(
    database: Database, scopes: Sequence[Scope], may_report: int, may_ask: int
) -> None:
    _, key = await make_key(database, *scopes)
    async with client_of(make_collector(database), key) as http:
        reported, asked = await http.post("/v1/track", json=TRACK), await http.get("/v1/coupons/NONE")
    assert (reported.status_code, asked.status_code) == (may_report, may_ask)
    assert all("segue keys create" in each.text for each in (reported, asked) if each.status_code == 403)


async def test_the_environments_keys_may_all_but_what_a_browser_does(sqlite_database: Database) -> None:
    plain, hashed = KEY, "kept-by-its-hash"
    app = make_collector(sqlite_database, write_keys=[plain, f"sha256:{hash_key(hashed)}"])
    for key in (plain, hashed):
        async with client_of(app, key) as http:
            assert (await http.post("/v1/track", json=BOUNCED)).status_code == 200
            assert (await http.get("/v1/coupons/NONE")).status_code == 404
    async with client_of(app, hash_key(hashed)) as http:  # who reads the environment cannot report with it
        assert (await http.post("/v1/track", json=TRACK)).status_code == 401


async def test_a_new_key_works_soon_and_a_revoked_one_no_longer(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_FOR", 0.2)
    monkeypatch.setattr(module, "MISSED_AFTER", 0.1)
    async with client_of(make_collector(sqlite_database), "no key yet") as http:

        async def status(key: str) -> int:
            return (await http.post("/v1/track", json=TRACK, auth=httpx2.BasicAuth(key, ""))).status_code

        async def becomes(key: str, wanted: int) -> None:
            async def is_so() -> bool:
                return await status(key) == wanted

            await until(is_so)

        assert await status("no key yet") == 401
        key_id, key = await make_key(sqlite_database, Scope.EVENTS)
        await becomes(key, 200)
        await becomes(key, 200)
        async with sqlite_database.transaction() as session:
            await WriteKeys(session).revoke(key_id, NOW)
        await becomes(key, 401)
        await until(lambda: is_used(sqlite_database))


async def test_nobody_waits_until_it_is_written_down_that_a_key_was_used(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_FOR", 0.0)
    _, key = await make_key(sqlite_database, Scope.READ)
    async with client_of(make_collector(sqlite_database), key) as http:
        async with sqlite_database.transaction():  # SQLite has one at a time
            for _ in range(3):
                answer = await asyncio.wait_for(http.get("/v1/coupons/NONE"), 5)
                assert answer.status_code == 404
        await until(lambda: is_used(sqlite_database))


async def test_strangers_do_not_make_us_ask_the_database_each_time(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    valid = WriteKeys.valid

    async def counted(self: WriteKeys) -> Any:
        nonlocal asked
        asked += 1
        return await valid(self)

    monkeypatch.setattr(WriteKeys, "valid", counted)
    async with client_of(make_collector(sqlite_database), "unknown") as http:
        await asyncio.gather(*(http.post("/v1/track", json=TRACK) for _ in range(20)))
    assert asked == 1


async def test_without_its_database_a_key_is_neither_right_nor_wrong() -> None:
    nowhere = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/segue")
    async with client_of(make_collector(nowhere), "unknown") as http:
        answers = await asyncio.gather(*(http.post("/v1/track", json=TRACK) for _ in range(20)))
    await nowhere.aclose()
    assert {(answer.status_code, "Retry-After" in answer.headers) for answer in answers} == {(503, True)}


async def test_of_a_batch_a_browser_stores_what_it_may_and_hears_of_the_rest(sqlite_database: Database) -> None:
    _, key = await make_key(sqlite_database, Scope.BROWSER)
    async with client_of(make_collector(sqlite_database), None) as http:
        answer = await http.post("/v1/batch", json={"batch": [BOUNCED, TRACK], "writeKey": key})
        alone = await http.post("/v1/track", json=BOUNCED | {"writeKey": key})
    assert answer.status_code == 200
    assert [each["field"] for each in answer.json()["errors"]] == ["batch.0.event"]
    assert (alone.status_code, alone.json()["error"]["field"]) == (403, "event")
    [stored] = await stored_events(sqlite_database)
    assert (stored.event.message_id, stored.event.public) == ("browser:m-1", True)


async def test_a_word_of_consent_from_a_page_is_left_out_and_told_and_the_rest_is_taken(
    sqlite_database: Database,
) -> None:
    """Segment's library keeps traits, and sends them with each later identify: one refusal would be one for ever."""
    key_id, key = await make_key(sqlite_database, Scope.BROWSER)
    said = {"email": "anna@shop.example", "marketing_consent": True, "email_frequency": "never"}
    call = {"type": "identify", "userId": "anna", "anonymousId": "v-1", "traits": said, "writeKey": key}
    cart = TRACK | {"userId": None, "anonymousId": "v-1", "properties": {"product_id": "lamp"}, "writeKey": key}
    with capture_logs() as logs, moved() as metrics:
        async with client_of(make_collector(sqlite_database), None) as http:
            await http.post("/v1/track", json=cart)
            answers = [await http.post("/v1/identify", json=call) for _ in range(3)]
            batch = await http.post("/v1/batch", json={"batch": [BOUNCED, call], "writeKey": key})
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    told = answers[0].json()
    assert (told["success"], [each["field"] for each in told["ignored"]]) == (
        True,
        ["traits.marketing_consent", "traits.email_frequency"],
    )
    assert all("from your backend" in each["message"] for each in told["ignored"])
    assert [each["field"] for each in batch.json()["ignored"]] == [
        "batch.1.traits.marketing_consent",
        "batch.1.traits.email_frequency",
    ]
    assert [each["field"] for each in batch.json()["errors"]] == ["batch.0.event"]

    async with sqlite_database.read() as session:
        anna = await Customers(session).get("anna")
        assert (await Identities(session).former_ids("anna")) == ("anon-v-1",)  # signed in: the cart came along
        assert await Permissions(session).consent("anna", "news") is None
    assert anna is not None
    assert (anna.email, anna.traits, len(anna.cart.lines)) == ("anna@shop.example", {"email": "anna@shop.example"}, 1)

    lines = [line for line in logs if line["event"] == "a trait does not count"]
    assert [(line["key"], line["field"]) for line in lines] == [
        (key_id, "traits.marketing_consent"),
        (key_id, "traits.email_frequency"),
    ]
    assert metrics.of("segue_traits_ignored_total") == {("marketing_consent", "key"): 4, ("email_frequency", "key"): 4}


async def test_the_public_key_does_not_lead_a_customers_mails_away(database: Database) -> None:
    """The victim has a cart and an address; the attacker knows the user id and the key in the page."""
    _, key = await make_key(database, Scope.BROWSER)
    app = make_collector(database)
    async with client_of(app) as backend:
        await backend.post("/v1/identify", json={"userId": "victim", "traits": {"email": "victim@shop.example"}})
    theirs = {"anonymousId": "a-1", "traits": {"email": "mallory@evil.example"}}
    async with client_of(app, key) as mallory:
        for path, body in (
            ("identify", {"userId": "victim", "traits": theirs["traits"]}),
            ("identify", theirs),
            ("identify", theirs | {"userId": "victim"}),
            ("track", {"userId": "victim", "event": "X", "context": {"traits": theirs["traits"]}}),
            ("identify", {"userId": "mallory", "traits": theirs["traits"]}),
            ("alias", {"previousId": "victim", "userId": "mallory"}),
            ("alias", {"previousId": "victim", "userId": "mallory", "anonymousId": "victim"}),
        ):
            assert (await mallory.post(f"/v1/{path}", json=body)).status_code == 200
    async with database.read() as session:
        victim = await Customers(session).get("victim")
        assert victim.email == "victim@shop.example"
        assert await Customers(session).find("victim") == "victim"
        assert await Customers(session).resolve(user_id="victim") == "victim"


async def test_signing_in_by_the_public_key_brings_nothing_that_was_said_for_another_mailbox(
    database: Database,
) -> None:
    """Mallory agrees and refuses for her own mailbox, which the shop's backend reports, and then says she is others."""
    _, key = await make_key(database, Scope.BROWSER)
    app = make_collector(database)
    anna = {"email": "anna@shop.example", "consent": True, "timezone": "Europe/Vienna", "locale": "de"}
    async with client_of(app) as backend:
        for who, traits in (
            ({"userId": "anna"}, anna),
            ({"userId": "ben"}, {"email": "ben@shop.example"}),
            ({"userId": "cleo"}, {"email": "cleo@shop.example"}),
            ({"anonymousId": "m-1"}, {"email": "mallory@evil.example", "consent": {"news": False}}),
            ({"anonymousId": "m-2"}, {"email": "mallory@evil.example", "consent": True}),
            ({"anonymousId": "m-3"}, {"consent": True}),
        ):
            await backend.post("/v1/identify", json=who | {"traits": traits})
        await backend.post("/v1/track", json={"anonymousId": "m-1", "event": "Unsubscribed"})
    idiot = {"firstName": "Idiot", "birthday": "2000-12-06", "timezone": "Asia/Tokyo", "locale": "ja"}
    async with client_of(app, key) as mallory:
        for anonymous, victim, email in (
            ("m-1", "anna", "anna@shop.example"),
            ("m-2", "ben", "ben@shop.example"),
            ("m-3", "cleo", None),
        ):
            # As if the mailbox were the victim's, then to be the victim.
            told = idiot | ({"email": email} if email else {})
            await mallory.post("/v1/identify", json={"anonymousId": anonymous, "traits": told})
            said = await mallory.post("/v1/identify", json={"anonymousId": anonymous, "userId": victim, "traits": told})
            assert said.status_code == 200
        erased = await mallory.post("/v1/track", json={"userId": "anna", "event": "Customer Erased"})
    assert erased.status_code == 403
    async with database.read() as session:
        people, permissions = Customers(session), Permissions(session)
        assert await people.resolve(anonymous_id="m-1") == "anna"
        known = await people.get("anna")
        assert (known.email, known.first_name, known.timezone, known.locale) == (
            anna["email"],
            None,
            "Europe/Vienna",
            "de",
        )
        assert "birthday" not in known.traits
        assert [await permissions.consent("anna", topic) for topic in ("*", "news")] == [True, True]
        assert [await permissions.consent(who, "news") for who in ("ben", "cleo")] == [None, None]
        assert await permissions.opt_outs("anna") == frozenset()
        assert await permissions.opt_outs("anon-m-1") == {"*"}  # exported and erased with her
        assert "anon-m-1" in await Identities(session).former_ids("anna")


async def test_with_addresses_left_to_backends_a_visitors_does_not_come_along(sqlite_database: Database) -> None:
    _, key = await make_key(sqlite_database, Scope.BROWSER)
    app = make_collector(sqlite_database, browser=BrowserPolicy(addresses=False))
    async with client_of(app) as backend:
        await backend.post("/v1/identify", json={"userId": "anna", "traits": {"firstName": "Anna"}})
    async with client_of(app, key) as mallory:
        theirs = {"anonymousId": "m-1", "traits": {"email": "mallory@evil.example"}}
        await mallory.post("/v1/identify", json=theirs)
        await mallory.post("/v1/identify", json=theirs | {"userId": "anna"})
    async with sqlite_database.read() as session:
        assert (await Customers(session).get("anna")).email is None
