"""Rendering: a body in the ledger from fresh facts, or a reason why there is none."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from domain.calls import RenderRequest
from domain.coupon import Coupon
from domain.enrollment import Occasion
from domain.event import DATA_EXPORT_REQUESTED, ERASURE_REQUESTED, PREFERENCES_LINK_REQUESTED
from domain.message import Kind, MessageStatus
from domain.offer import Offer, OfferKind, OfferPolicy
from domain.preferences import Choices
from mail.links import DataRequest, Links
from storage.coupons import Coupons
from storage.database import Database
from storage.errors import IllegalTransitionError
from storage.ledger import Ledger, StoredBody
from storage.preferences import PreferenceLog
from tests.activities.crew import Crew, asking, rendering, sending
from tests.storage.samples import NOON, added, commit, identify, ordered

LINKS = Links("https://mail.lumen.example", ["test-secret-of-some-length"])


async def body(database: Database, message: str) -> StoredBody:
    async with database.read() as session:
        return await Ledger(session).body(message)


async def test_the_body_is_kept_in_the_ledger_and_only_its_size_is_told(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    gated = await crew.gate.decide_message(asking())
    rendered = await crew.rendering.render_message(rendering(gated.message))
    stored = await body(sqlite_database, gated.message)
    assert (rendered.problem, rendered.html_bytes) == (None, len(stored.html.encode()))
    assert stored.subject == "Anna, your cart is saved"
    assert "Lamp" in stored.text
    assert all(link.startswith("https://lumen.example") for link in stored.links if "lumen.example" in link)
    assert "https://mail.lumen.example" in stored.html  # links are tracked
    assert (await crew.row(gated.message)).status is MessageStatus.RENDERED


async def test_rendering_again_replaces_the_body_and_keeps_the_message_id(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    first = (await crew.row(message)).message_id
    await commit(sqlite_database, added("shade"))
    await crew.rendering.render_message(rendering(message))
    assert "Shade" in (await body(sqlite_database, message)).text
    assert (await crew.row(message)).message_id == first


async def test_what_was_sent_is_not_rendered_over(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    await crew.sending.send_message(sending(message))
    with pytest.raises(IllegalTransitionError):
        await crew.rendering.render_message(rendering(message))


async def test_a_message_that_an_earlier_life_dropped_is_told_of_as_dropped(sqlite_database: Database) -> None:
    """The worker closed the enrollment and died: the next one comes to the same step, and must not try for ever."""
    crew = Crew(sqlite_database)
    await crew.shopper()
    gated = await crew.gate.decide_message(asking())
    row = await crew.row(gated.message)
    async with sqlite_database.transaction() as session:
        await Ledger(session).end_open(row.enrollment, "the journey ended: order completed", NOON)
    rendered = await crew.rendering.render_message(rendering(gated.message))
    assert rendered.problem == "the journey ended: order completed"
    assert (await crew.row(gated.message)).status is MessageStatus.DROPPED


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (None, "there is no cart/reminder.mjml.j2"),
        ("{{ customer.shoe_size }}", "shoe_size"),
        ("{% if %}", "line 1"),
        ("<mjml><mj-body>", "cart/reminder"),
    ],
    ids=["missing", "undefined name", "syntax", "not MJML"],
)
async def test_a_template_that_does_not_render_drops_the_message_with_the_reason(
    sqlite_database: Database, tmp_path: Path, source: str | None, problem: str
) -> None:
    (tmp_path / "cart").mkdir()
    if source is not None:
        (tmp_path / "cart/reminder.mjml.j2").write_text(source)
    crew = Crew(sqlite_database, templates=tmp_path)
    await crew.shopper()
    gated = await crew.gate.decide_message(asking())
    rendered = await ActivityEnvironment().run(crew.rendering.render_message, rendering(gated.message))
    assert rendered.problem is not None
    assert rendered.problem.startswith("its template does not render: ")
    assert problem in rendered.problem
    row = await crew.row(gated.message)
    assert (row.status, row.reason) == (MessageStatus.DROPPED, rendered.problem)
    assert (await crew.sending.send_message(sending(gated.message))).status is MessageStatus.DROPPED
    assert crew.server.attempts == []


# -- coupons -----------------------------------------------------------------------------------------------------------

UNIQUE = OfferPolicy(discount_percent=10, unique_codes=True)
TEN_OFF = Offer(kind=OfferKind.DISCOUNT, percent=10)


async def claimed(crew: Crew, step: str = "last_call", offer: Offer = TEN_OFF) -> str:
    """A message with an offer that is about to be rendered."""
    request = asking(step=step).model_copy(update={"offer": offer})
    return (await crew.gate.decide_message(request)).message


async def coupon(database: Database, message: str) -> Coupon:
    async with database.read() as session:
        found = await Coupons(session).of_message(message)
    assert found is not None
    return found


async def test_a_discount_brings_a_code_of_its_own_that_is_the_same_at_every_rendering(
    sqlite_database: Database,
) -> None:
    crew = Crew(sqlite_database, offers=UNIQUE)
    await crew.shopper()
    message = await claimed(crew)
    await crew.rendering.render_message(rendering(message))
    made = await coupon(sqlite_database, message)
    first = await body(sqlite_database, message)
    await crew.rendering.render_message(rendering(message))
    assert made.code.startswith("LUMEN-")
    assert made.code in first.text
    assert made.code in (await body(sqlite_database, message)).text
    assert (made.customer, made.journey, made.kind, made.percent) == ("anna", "cart-recovery", OfferKind.DISCOUNT, 10)
    assert "March 8" in first.text  # seven days from noon of March 1, through the end of that day
    assert (made.issued_at, made.expires_at) == (NOON, datetime(2026, 3, 9, tzinfo=UTC))


async def test_an_order_that_bears_the_code_is_tied_to_the_message(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database, offers=UNIQUE)
    await crew.shopper()
    message = await claimed(crew)
    await crew.rendering.render_message(rendering(message))
    code = (await coupon(sqlite_database, message)).code
    await commit(sqlite_database, ordered(properties={"order_id": "7", "revenue": 99, "coupon": code}))
    redeemed = await coupon(sqlite_database, message)
    assert (redeemed.order_id, redeemed.revenue, redeemed.redeemed_at) == ("7", 99, NOON)


@pytest.mark.parametrize(
    ("policy", "offer", "shown"),
    [
        (
            OfferPolicy(discount_percent=10, discount_code="BACK10"),
            Offer(**dict(TEN_OFF) | {"code": "BACK10"}),
            "BACK10",
        ),
        (UNIQUE, Offer(kind=OfferKind.REASSURANCE), "help@lumen.example"),
    ],
    ids=["a static code", "nothing that costs"],
)
async def test_no_coupon_is_made_where_none_is_needed(
    sqlite_database: Database, policy: OfferPolicy, offer: Offer, shown: str
) -> None:
    crew = Crew(sqlite_database, offers=policy)
    await crew.shopper()
    message = await claimed(crew, offer=offer)
    await crew.rendering.render_message(rendering(message))
    assert shown in (await body(sqlite_database, message)).text
    async with sqlite_database.read() as session:
        assert await Coupons(session).list() == []


async def test_a_free_shipping_code_holds_to_the_end_of_the_customers_day(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database, offers=UNIQUE.model_copy(update={"valid_for": timedelta(days=2)}))
    await crew.shopper()
    await commit(sqlite_database, identify(traits={"timezone": "America/New_York"}))
    message = await claimed(crew, offer=Offer(kind=OfferKind.FREE_SHIPPING))
    await crew.rendering.render_message(rendering(message))
    made = await coupon(sqlite_database, message)
    assert made.expires_at == datetime(2026, 3, 4, 5, tzinfo=UTC)
    assert made.code in (await body(sqlite_database, message)).text


# -- what the recipient chose, and the links to their own pages --------------------------------------------------------


async def test_a_mail_is_written_in_the_language_that_its_reader_chose(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    await commit(sqlite_database, identify("anna", traits={"locale": "en-AT"}))
    async with sqlite_database.transaction() as session:
        await PreferenceLog(session).choose("anna", Choices(language="de"), NOON, "a test")
    text = (await body(sqlite_database, await crew.rendered())).text
    assert "Ihr Warenkorb" in text
    assert "120,00" in text


async def test_every_mail_leads_to_the_preference_centre_past_the_clicks(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    for kind in Kind:
        message = await crew.rendered(kind=kind, enrollment=f"e-{kind}")
        stored = await body(sqlite_database, message)
        [token] = set(re.findall(r"https://mail\.lumen\.example/p/([\w.-]+)", stored.html))
        assert LINKS.read_preferences(token) == message
        assert f"https://mail.lumen.example/p/{token}" in stored.text
        assert not [link for link in stored.links if "/p/" in link]


@pytest.mark.parametrize(
    ("event", "template", "asked_for"),
    [
        (DATA_EXPORT_REQUESTED, "data_request/export", DataRequest.EXPORT),
        (ERASURE_REQUESTED, "data_request/erasure", DataRequest.ERASURE),
        (PREFERENCES_LINK_REQUESTED, "data_request/link", None),
    ],
)
async def test_a_mail_about_data_holds_the_link_that_was_asked_for_and_no_other(
    sqlite_database: Database, event: str, template: str, asked_for: DataRequest | None
) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    request = asking(kind=Kind.TRANSACTIONAL).model_copy(update={"template": template})
    message = (await crew.gate.decide_message(request)).message
    occasion = Occasion(event_id="e", name=event, seq=1, occurred_at=NOON)
    await crew.rendering.render_message(RenderRequest(message=message, occasion=occasion, at=NOON))

    stored = await body(sqlite_database, message)
    found = set(re.findall(r"https://mail\.lumen\.example/d/(\w+)/([\w.-]+)", stored.html + stored.text))
    assert len(found) == (asked_for is not None)
    for what, token in found:
        assert LINKS.read_data_request(token, DataRequest(what)) == message
        assert what == asked_for


@pytest.mark.parametrize("wanted", [False, True])
async def test_marketing_tells_when_it_is_opened_if_that_is_wanted(sqlite_database: Database, wanted: bool) -> None:
    crew = Crew(sqlite_database, open_pixel=wanted)
    await crew.shopper()
    stored = await body(sqlite_database, await crew.rendered())
    assert stored.html.count('width="1" height="1"') == int(wanted)
    assert ("/o/" in stored.html, "/o/" in stored.text) == (wanted, False)


async def test_what_is_owed_never_tells_when_it_is_opened(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database, open_pixel=True)
    await crew.shopper()
    assert "/o/" not in (await body(sqlite_database, await crew.rendered(kind=Kind.TRANSACTIONAL))).html
