"""A link has its power from the mailbox it lies in: what it opens after joins, on shared devices, at a new address."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from domain import event as names
from domain.message import Kind
from domain.write_key import Scope
from mail.links import DataRequest
from storage.database import Database
from storage.erasures import Erasures
from storage.events import EventStore
from storage.ledger import HandOverAnswer, Ledger
from storage.permissions import Permissions
from storage.preferences import PreferenceLog
from storage.suppressions import Suppressions
from storage.write_keys import WriteKeys
from tests.mail.feedback.providers import by_sendgrid
from tests.stack.waiting import until
from tests.starter.collectors import BROWSER, LINKS, client_of, make_collector, stored_events
from tests.starter.forms import FORM
from tests.starter.mails import path_of, sent_message
from tests.starter.reports import doors as webhooks
from tests.starter.reports import now, post, sendgrid
from tests.storage.everything import contents
from tests.storage.samples import NOON, added, commit, identify, read_customer

VICTIM = {"email": "vera@private.example", "firstName": "Vera", "phone": "+49 170 1", "locale": "de-DE"}
ATTACKER = {"email": "mallory@evil.example"}
_HELD_UP = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database"
    " WHERE NOT granted AND datname = current_database()"
)
FORMER = "This mail is not yours here any more"


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(make_collector(database), key=None) as client:
        yield client


async def sign_in(database: Database, user: str = "vera", visitor: str = "v9", **traits: str) -> None:
    await commit(database, identify(user, anonymous_id=visitor, traits=traits))


async def mailed_visitor(database: Database, visitor: str = "v9", traits: dict[str, str] = ATTACKER) -> str:
    """A visitor with an address, and a mail that went there."""
    await commit(database, identify(None, anonymous_id=visitor, traits=traits), added(user=None, anonymous_id=visitor))
    return await sent_message(database, f"anon-{visitor}")


async def opt_outs(database: Database, customer: str = "vera") -> frozenset[str]:
    async with database.read() as session:
        return await Permissions(session).opt_outs(customer)


async def to_be_erased(database: Database) -> list[str]:
    async with database.read() as session:
        return [erasure.customer for erasure in await Erasures(session).open()]


async def names_of(database: Database) -> list[str]:
    return [stored.event.name for stored in await stored_events(database)]


def doors(message: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Everything behind a link that is the customer's alone."""
    centre = path_of(LINKS.preferences(message))
    asking = LINKS.asking_token(message)
    return [
        ("GET", centre, {}),
        *(("GET", f"{centre}?done={done}", {}) for done in ("save", "export")),
        *(("POST", centre, {"data": form}) for form in (FORM, {"do": "leave"}, {"do": "return"}, {"do": "nonsense"})),
        *(("POST", centre, {"data": {"do": what, "asking": asking}}) for what in DataRequest),
        *(
            (method, path_of(LINKS.data_request(message, what)), {})
            for what in DataRequest
            for method in ("GET", "POST")
        ),
        *((method, f"/r/{LINKS.undo_token(message)}", {}) for method in ("GET", "POST")),
    ]


async def assert_shut(database: Database, client: httpx2.AsyncClient, message: str) -> None:
    """Nothing behind the message's links opens, tells anything, or changes anything."""
    before = len(await stored_events(database))
    for method, path, form in doors(message):
        answer = await client.request(method, path, **form)
        assert (answer.status_code, FORMER in answer.text) == (410, True), (method, path, answer.text)
        assert "private" not in answer.text
        assert "Vera" not in answer.text
    assert len(await stored_events(database)) == before
    assert await to_be_erased(database) == []
    async with database.read() as session:
        assert (await PreferenceLog(session).choices("vera")).frequency is None


async def test_nobody_takes_a_customers_data_by_naming_their_id(database: Database) -> None:
    """With the key in a page: a visitor with an address of their own says that they are somebody whose id they know."""
    await commit(database, identify("vera", traits=VICTIM), added("boots", "vera"))
    async with database.transaction() as session:
        _, browser = await WriteKeys(session).create("page", [Scope.BROWSER], NOON)
    app = make_collector(database)
    async with client_of(app, key=browser) as page:
        await page.post("/v1/identify", json={"anonymousId": "v9", "traits": ATTACKER})
        message = await sent_message(database, "anon-v9", "data_request")
        assert (await page.post("/v1/identify", json={"anonymousId": "v9", "userId": "vera"})).status_code == 200
    async with client_of(app, key=None) as client:
        await assert_shut(database, client, message)


async def test_a_joined_visitors_way_out_is_done_and_changes_nothing_of_the_customer(
    database: Database, client: httpx2.AsyncClient
) -> None:
    await commit(database, identify("vera", traits=VICTIM))
    message = await mailed_visitor(database)
    await sign_in(database)
    path = path_of(LINKS.unsubscribe(message))
    for answer in [await client.get(path), await client.post(path, data={"List-Unsubscribe": "One-Click"})]:
        assert answer.status_code == 200
        assert '<html lang="en">' in answer.text  # the customer's own language would tell something of them
        assert "private" not in answer.text
    assert "This mail brings nothing more" in answer.text
    assert await opt_outs(database) == frozenset()
    assert names.UNSUBSCRIBED not in await names_of(database)


async def test_a_click_from_another_mailbox_leads_on_and_is_not_the_customers(
    database: Database, client: httpx2.AsyncClient
) -> None:
    await commit(database, identify("vera", traits=VICTIM))
    message = await mailed_visitor(database)
    own = await mailed_visitor(database, "v8", {"email": VICTIM["email"]})
    await sign_in(database)
    await sign_in(database, visitor="v8")
    for each in (message, own):
        assert (await client.get(path_of(LINKS.click(each, 0)))).status_code == 302
        assert (await client.get(path_of(LINKS.open(each)))).status_code == 200
    brought = [each.event for each in await stored_events(database) if each.event.properties.get("message")]
    assert {each.properties["message"] for each in brought} == {own}
    assert len(brought) == 2


async def test_a_visitors_links_open_the_page_of_whom_they_turned_out_to_be_in_their_own_mailbox(
    database: Database, client: httpx2.AsyncClient
) -> None:
    await commit(database, identify("vera", traits=VICTIM))
    message = await mailed_visitor(database, traits={"email": VICTIM["email"]})
    await sign_in(database)
    assert "v•••@p…" in (await client.get(path_of(LINKS.preferences(message)))).text
    export = await client.post(path_of(LINKS.data_request(message, DataRequest.EXPORT)))
    assert export.json()["customer"] == "vera"
    await client.post(path_of(LINKS.unsubscribe(message)))
    assert await opt_outs(database) == {"*"}
    assert (
        "Ihre Daten werden gelöscht"
        in (await client.post(path_of(LINKS.data_request(message, DataRequest.ERASURE)))).text
    )
    assert await to_be_erased(database) == ["vera"]


async def test_on_a_shared_device_the_readers_before_open_nothing_of_the_next_persons(
    database: Database, client: httpx2.AsyncClient
) -> None:
    await commit(database, identify("vera", traits=VICTIM), identify("ben", traits={"email": "ben@shop.example"}))
    bens = await sent_message(database, "ben")
    visitors = await mailed_visitor(database, traits={"email": "ben@shop.example"})
    await sign_in(database)
    await sign_in(database, "ben")
    await sign_in(database)
    await assert_shut(database, client, visitors)
    assert "b•••@s…" in (await client.get(path_of(LINKS.preferences(bens)))).text


async def test_a_former_address_of_the_customer_opens_nothing_and_still_leads_out(
    database: Database, client: httpx2.AsyncClient
) -> None:
    await commit(database, identify("vera", traits={"email": "vera.old@work.example"}))
    message = await sent_message(database, "vera")
    await commit(database, identify("vera", traits=VICTIM))
    await assert_shut(database, client, message)
    left = await client.post(path_of(LINKS.unsubscribe(message)))
    assert (left.status_code, "You are unsubscribed" in left.text, "/r/" in left.text) == (200, True, False)
    assert await opt_outs(database) == {"*"}

    await commit(database, identify("vera", traits={"email": "vera.old@work.example"}))
    assert (await client.get(path_of(LINKS.preferences(message)))).status_code == 200


async def test_the_way_out_of_a_mail_from_before_signing_up_leads_out_at_a_new_address(
    database: Database, client: httpx2.AsyncClient
) -> None:
    """The usual way: mailed as a visitor, an account with the same address, which changes later."""
    old = {"email": "vera.old@work.example"}
    message = await mailed_visitor(database, traits=old)
    await sign_in(database, **old)
    await commit(database, identify("vera", traits=VICTIM))
    await assert_shut(database, client, message)
    await client.post(path_of(LINKS.unsubscribe(message)))
    assert await opt_outs(database) == {"*"}


async def test_what_a_stranger_does_with_a_joined_mail_is_not_the_customers_by_their_provider_either(
    database: Database,
) -> None:
    await commit(database, identify("vera", traits=VICTIM))
    message = await mailed_visitor(database)
    await sign_in(database)
    done = [
        sendgrid(message, "unsubscribe", email=ATTACKER["email"]),
        sendgrid(message, "open", email=ATTACKER["email"], useragent=BROWSER),
        sendgrid(message, "click", email=ATTACKER["email"], useragent=BROWSER, url="https://shop.example/lamp"),
    ]
    async with webhooks(database) as http:
        assert await post(http, "sendgrid", by_sendgrid(done, now())) == 200
    assert await opt_outs(database) == frozenset()
    assert not {names.EMAIL_OPENED, names.EMAIL_LINK_CLICKED, "Customer Returned"}.intersection(
        await names_of(database)
    )


async def test_a_complaint_that_names_no_address_is_of_the_mailbox_its_mail_went_to(database: Database) -> None:
    await commit(database, identify("vera", traits=VICTIM))
    message = await mailed_visitor(database)
    await sign_in(database)
    report = sendgrid(message, "spamreport")
    del report["email"]
    async with webhooks(database) as http:
        assert await post(http, "sendgrid", by_sendgrid([report], now())) == 200
    await commit(database, identify("mallory", traits=ATTACKER))
    async with database.read() as session:
        assert await Suppressions(session).reason("vera") is None
        assert await Suppressions(session).reason("mallory") == "complaint"


async def test_an_old_row_without_a_mailbox_opens_unless_it_came_by_a_join(
    database: Database, client: httpx2.AsyncClient
) -> None:
    await commit(database, added(user="vera"), added(user=None, anonymous_id="v9"))
    own, visitors = await sent_message(database, "vera"), await sent_message(database, "anon-v9")
    await commit(database, identify("vera", traits=VICTIM))
    await sign_in(database)
    assert (await client.get(path_of(LINKS.preferences(own)))).status_code == 200
    await assert_shut(database, client, visitors)
    await client.post(path_of(LINKS.unsubscribe(visitors)))  # whose mail it was nobody knows: out they get
    assert await opt_outs(database) == {"*"}


async def test_a_mail_that_may_lie_in_two_mailboxes_opens_in_none(
    database: Database, client: httpx2.AsyncClient
) -> None:
    """Owed mail whose answer was lost is handed over again: to the address of that moment."""
    await commit(database, identify("vera", traits=VICTIM), identify(None, anonymous_id="v9", traits=ATTACKER))
    message = await sent_message(database, "anon-v9", kind=Kind.TRANSACTIONAL, is_heard=False)
    await sign_in(database)
    await hand_over_again(database, message, VICTIM["email"])
    await assert_shut(database, client, message)


async def hand_over_again(database: Database, message: str, address: str) -> None:
    async with database.transaction() as session:
        assert (await Ledger(session).hand_over(message, NOON, address=address)).answer is HandOverAnswer.PROCEED


# -- at the same moment ------------------------------------------------------------------------------------------------


async def amid_sign_in(database: Database, request: Awaitable[httpx2.Response]) -> httpx2.Response:
    """What is answered to a request that comes while the join is under way, and has to wait for it."""
    async with database.transaction() as session:
        await EventStore(session).commit([identify("vera", anonymous_id="v9")])
        waiting = asyncio.ensure_future(request)
        if not database.is_sqlite:  # there the request waits for its turn to write

            async def is_held_up() -> bool:
                async with database.read() as other:
                    return bool((await (await other.connection()).execute(_HELD_UP)).scalar())

            await until(is_held_up, bool)
        else:
            await asyncio.sleep(0)
    return await waiting


async def test_an_erasure_that_a_visitor_confirmed_stays_with_the_visitor(
    database: Database, client: httpx2.AsyncClient
) -> None:
    await commit(database, identify("vera", traits=VICTIM))
    message = await mailed_visitor(database)
    await client.post(path_of(LINKS.data_request(message, DataRequest.ERASURE)))
    await sign_in(database)
    assert await to_be_erased(database) == ["anon-v9"]
    async with database.read() as session:
        assert await Suppressions(session).reason("vera") is None
        [erasure] = await Erasures(session).open()
    async with database.transaction() as session:
        await Erasures(session).forget(erasure, NOON)
    async with database.read() as session:
        assert await Suppressions(session).reason("vera") is None
    assert await to_be_erased(database) == []


@pytest.mark.parametrize(
    ("traits", "is_known", "by_page"),
    [(ATTACKER, True, False), (ATTACKER, True, True), (ATTACKER, False, False), ({}, True, True)],
)
async def test_what_a_visitor_asked_to_be_erased_goes_to_no_account_and_is_erased(
    database: Database, traits: dict[str, str], *, is_known: bool, by_page: bool
) -> None:
    """Whoever signs in before it is carried out finds the account as it was, and the browser theirs from then on."""
    if is_known:
        await commit(database, identify("vera", traits=VICTIM))
    await commit(database, identify(None, anonymous_id="v9", traits=traits), added(user=None, anonymous_id="v9"))
    async with database.transaction() as session:
        assert await Erasures(session).request("anon-v9", "a test", NOON)

    await commit(database, identify("vera", anonymous_id="v9", traits=VICTIM, public=by_page))
    await commit(database, identify("vera", anonymous_id="v9", public=by_page))

    vera = await read_customer(database, "vera")
    assert (vera.cart.lines, vera.email) == ((), VICTIM["email"])
    async with database.read() as session:
        [erasure] = await Erasures(session).open()
        assert erasure.customer == "anon-v9"
        assert await EventStore(session).of_names("vera", [names.PRODUCT_ADDED]) == []
    async with database.transaction() as session:
        await Erasures(session).forget(erasure, NOON)
    await commit(database, added("lamp", user=None, anonymous_id="v9"))
    assert [line.product_id for line in (await read_customer(database, "vera")).cart.lines] == ["lamp"]
    left = str(await contents(database))
    assert "boots" not in left
    assert ATTACKER["email"] not in left


async def test_an_erasure_asked_for_while_the_reader_signs_in_erases_whom_they_turned_out_to_be(
    database: Database, client: httpx2.AsyncClient
) -> None:
    await commit(database, identify("vera", traits=VICTIM))
    message = await mailed_visitor(database, traits={"email": VICTIM["email"]})
    path = path_of(LINKS.data_request(message, DataRequest.ERASURE))
    answer = await amid_sign_in(database, client.post(path))
    assert answer.status_code == 200
    assert await to_be_erased(database) == ["vera"]


@pytest.mark.parametrize("form", [{"do": "leave"}, FORM | {"topic": []}, FORM | {"frequency": "weekly"}])
async def test_what_is_chosen_while_the_reader_signs_in_is_kept(
    database: Database, client: httpx2.AsyncClient, form: dict[str, Any]
) -> None:
    await commit(database, identify("vera", traits=VICTIM))
    message = await mailed_visitor(database, traits={"email": VICTIM["email"]})
    path = path_of(LINKS.preferences(message))
    answer = await amid_sign_in(database, client.post(path, data=form))
    assert answer.status_code == 303
    async with database.read() as session:
        frequency = (await PreferenceLog(session).choices("vera")).frequency
        assert await Permissions(session).opt_outs("anon-v9") == frozenset()
        assert (await PreferenceLog(session).choices("anon-v9")).frequency is None
    assert frequency == "weekly" or await opt_outs(database)
