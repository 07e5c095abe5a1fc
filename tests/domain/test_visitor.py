"""What somebody with a browser's key can say, and cannot."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from domain import event as names
from domain.customer import Customer
from domain.errors import NotAllowedError
from domain.event import Event, EventType
from domain.folding import absorb, fold
from domain.identity import resolve
from domain.ignored import Why, ignored_in
from domain.profile import read_traits
from domain.visitor import BrowserPolicy, Visitors
from workflows.catalogue import JOURNEYS
from workflows.vocabulary.inbox import COMMON_EXITS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VISITORS = Visitors(BrowserPolicy(hosts=("cdn.example",)), "https://www.shop.example/de", "")


def event(name: str = names.PRODUCT_ADDED, kind: EventType = EventType.TRACK, **fields: Any) -> Event:
    values = {"message_id": "m-1", "user_id": "anna", "occurred_at": NOON, "received_at": NOON}
    return Event(type=kind, name=name, **(values | fields))


def identify(user: str | None = "anna", **traits: Any) -> Event:
    return event("identify", EventType.IDENTIFY, user_id=user, properties=traits)


@pytest.mark.parametrize(
    "name",
    [*names.CONCLUDED, *names.DATA_REQUESTS, "Unsubscribed", "Email Bounced", "Email X", "Customer Erased"],
)
def test_what_only_segue_or_a_provider_knows_is_refused(name: str) -> None:
    with pytest.raises(NotAllowedError, match="report it from your backend") as refused:
        VISITORS.admit(event(name), "batch.3")
    assert refused.value.field == "batch.3.event"


def test_of_all_that_ends_a_journey_a_page_reports_what_visitors_do_there() -> None:
    ends = {end for journey in JOURNEYS.values() for end in (journey.plan.goal, *journey.plan.exits) if end}
    assert {end for end in ends.union(COMMON_EXITS) if is_admitted(end)} == {
        names.ORDER_COMPLETED,
        names.PRODUCT_ADDED,
        names.CHECKOUT_STARTED,
        names.SUBSCRIPTION_STARTED,
        names.PRODUCT_SHARED,
        names.RECORDING_WATCHED,
    }
    assert not is_admitted(names.SUBSCRIPTION_UPDATED)  # it puts off what a subscriber is owed


def is_admitted(name: str) -> bool:
    with suppress(NotAllowedError):
        return VISITORS.admit(event(name)).public
    return False


@pytest.mark.parametrize(
    "traits",
    [
        {"consent": True},
        {"consent": {"news": False}},
        {"marketing_consent": True},
        {"emailOptIn": False},
        {"email_frequency": "never"},
        {"consent": {"news": {"granted": True}}},
        {"consent": "true"},
    ],
)
def test_consent_is_left_out_wherever_it_stands(traits: dict[str, Any]) -> None:
    """And no more than that: libraries keep traits, so that a refusal would hold for all later calls of a browser."""
    both = {**traits, "plan": "gold"}
    for said in (
        identify(**both),
        event(context={"traits": both}),
        identify().model_copy(update={"context": {"traits": both}}),
    ):
        admitted = VISITORS.admit(said)
        assert read_traits(admitted) == {"plan": "gold"}
        [ignored] = ignored_in(said, by_page=True)
        assert (ignored.trait, ignored.why) == (next(iter(traits)), Why.KEY)
    assert VISITORS.admit(event(properties=both)).properties == both  # a thing's, nobody's word


@pytest.mark.parametrize("name", [names.ORDER_COMPLETED, names.PRODUCT_VIEWED, "Whatever"])
def test_what_visitors_do_is_admitted_and_marked(name: str) -> None:
    admitted = VISITORS.admit(event(name))
    assert (admitted.name, admitted.public) == (name, True)


def test_a_shop_may_refuse_more() -> None:
    with pytest.raises(NotAllowedError):
        Visitors(BrowserPolicy(refuses=(names.ORDER_COMPLETED,)), "https://shop.example").admit(
            event(names.ORDER_COMPLETED)
        )


def test_the_id_of_an_event_to_come_cannot_be_taken() -> None:
    assert VISITORS.admit(event(message_id="unsubscribe-m1")).message_id == "browser:unsubscribe-m1"
    longest = VISITORS.admit(event(message_id="m" * 256)).message_id
    assert len(longest) < 256
    assert longest == VISITORS.admit(event(message_id="m" * 256)).message_id


# Whose mails go where ------------------------------------------------------------------------------------------------


def known(customer: str = "anna", email: str | None = "anna@shop.example") -> Customer:
    return Customer(id=customer, email=email, first_name="Anna", first_seen_at=NOON, last_seen_at=NOON)


def told(customer: Customer, said: Event) -> Customer:
    return fold(customer, VISITORS.admit(said), customer_id=customer.id).customer


def test_a_stranger_cannot_have_a_customers_mails() -> None:
    after = told(known(), identify(email="mallory@evil.example", firstName="You won", plan="gold"))
    assert (after.email, after.first_name) == ("anna@shop.example", "Anna")
    assert after.traits == {"plan": "gold"}
    by_another_call = event(context={"traits": {"email": "mallory@evil.example"}})
    assert told(known(), by_another_call).email == "anna@shop.example"


def test_a_visitor_may_tell_and_correct_their_own_address() -> None:
    assert told(known(email=None), identify(email="anna@new.example")).email == "anna@new.example"
    visitor = known("anon-1", "ana@typo.example")
    assert told(visitor, identify(None, email="anna@new.example")).email == "anna@new.example"


@pytest.mark.parametrize("customer", [known(), known("anon-1"), known(email=None)])
def test_a_stranger_does_not_decide_how_many_mails_come_and_when(customer: Customer) -> None:
    assert told(customer, identify(segment="vip", best_hour=3, bestHour=3, plan="gold")).traits == {"plan": "gold"}


def test_a_stranger_does_not_move_a_customer_to_another_zone_or_language() -> None:
    anna = known().model_copy(update={"timezone": "Europe/Vienna", "locale": "de"})
    elsewhere = {"timezone": "Asia/Tokyo", "locale": "ja", "language": "ja"}
    for said in (identify(**elsewhere), event(context=elsewhere), event(context={"traits": elsewhere})):
        after = told(anna, said)
        assert (after.timezone, after.locale, after.traits) == ("Europe/Vienna", "de", {})
    first = told(known(), event(context={"timezone": "Europe/Vienna", "locale": "de"}))
    assert (first.timezone, first.locale) == ("Europe/Vienna", "de")
    assert told(anna.model_copy(update={"id": "anon-1"}), identify(**elsewhere)).timezone == "Asia/Tokyo"


@pytest.mark.parametrize("email", ["evil@evil.example", "anna@shop.example", None])
def test_who_signs_in_on_a_page_brings_a_customer_neither_name_nor_address(email: str | None) -> None:
    who = {"firstName": "Idiot", "name": "Idiot", "birthday": "2000-12-06", "segment": "vip", "consent": True}
    visitor = known("anon-1", email).model_copy(update={"first_name": "Idiot", "traits": who | {"plan": "gold"}})
    anna = known().model_copy(update={"first_name": None})
    joined = absorb(anna, visitor, customer_id="anna", by_page=True)
    assert (joined.email, joined.first_name, joined.traits) == ("anna@shop.example", None, {"plan": "gold"})
    by_backend = absorb(anna, visitor, customer_id="anna")
    assert by_backend.first_name == ("Idiot" if email == anna.email else None)
    first = absorb(known(email=None), visitor, customer_id="anna", by_page=True)
    assert first.email == email


def test_an_address_that_something_was_said_for_stays_until_a_backend_changes_it() -> None:
    """Else a stranger's yes, or no, would be moved to the mailbox of somebody else."""
    visitor, moved = known("anon-1", "mallory@evil.example"), identify(None, email="anna@shop.example")
    bound = fold(visitor, VISITORS.admit(moved), customer_id="anon-1", is_bound=True).customer
    assert bound.email == "mallory@evil.example"
    assert fold(visitor, moved, customer_id="anon-1", is_bound=True).customer.email == "anna@shop.example"


def test_a_backend_may_change_an_address() -> None:
    assert fold(known(), identify(email="anna@new.example"), customer_id="anna").customer.email == "anna@new.example"


def test_first_addresses_can_be_left_to_backends() -> None:
    strict = Visitors(BrowserPolicy(addresses=False), "https://shop.example")
    for said in (identify(email="a@b.example"), event(context={"traits": {"email": "a@b.example"}})):
        after = fold(known(email=None), strict.admit(said), customer_id="anna").customer
        assert after.email is None
        assert "email" not in after.traits
    # Nor a visitor's: whoever they turn out to be would take it over.
    assert strict.admit(identify(None, email="a@b.example")).properties == {}


@pytest.mark.parametrize("anonymous", ["victim", None])
def test_nobody_becomes_somebody_else_by_alias(anonymous: str | None) -> None:
    said = event("alias", EventType.ALIAS, user_id="mallory", previous_id="victim", anonymous_id=anonymous)
    assert dict(resolve([said], {}).joins)["victim"] == "mallory"  # as a backend may say
    assert dict(resolve([VISITORS.admit(said)], {}).joins) == {"anon-victim": "mallory"}


def test_alias_names_the_anonymous_id_of_its_own_call_alone() -> None:
    with pytest.raises(NotAllowedError, match="anonymousId alone"):
        VISITORS.admit(event("alias", EventType.ALIAS, user_id="mallory", previous_id="victim", anonymous_id="other"))


# What mails show -----------------------------------------------------------------------------------------------------


def test_what_mails_show_is_words() -> None:
    words = {"name": "See win.example\n", "title": "A" * 300, "product_id": "v1.lamp"}
    shown = VISITORS.admit(event(properties=words | {"products": [words]}, context={"traits": {"firstName": "b.evil"}}))
    said = {"name": "See win. example", "title": "A" * 100, "product_id": "v1.lamp"}
    assert shown.properties == said | {"products": [said]}
    assert shown.context == {"traits": {"firstName": "b. evil"}}
    assert VISITORS.admit(identify(email="anna@shop.example")).properties == {"email": "anna@shop.example"}


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("https://shop.example/p/1", True),
        ("https://WWW.Shop.example/p/1", True),
        ("https://img.shop.example/1.png", True),
        ("http://cdn.example/1.png", True),
        ("//shop.example/p/1", True),
        ("/p/1", True),
        ("Lamp, 3/4 size", True),
        ("https://evil.example/", False),
        ("https://shop.example.evil.example/", False),
        ("https://evilshop.example/", False),
        ("https://shop.example@evil.example/", False),
        ("https://evil.example\\@shop.example/", False),
        ("https:\\\\evil.example/", False),
        ("//evil.example/p", False),
        ("HTTPS://evil.example", False),
        ("javascript://shop.example/%0aalert(1)", False),
        ("You won! Claim it at https://evil.example", False),
        ("https://[bad", False),
        ("Lamp, see www.shop.example or shop.example/p/1", True),
        ("Lamp by Dr.Martens, made with Node.js", True),
        ("/img/lamp.png/large", True),
        ("You won! See www.evil.example", False),
        ("You won! See evil.example/prize", False),
    ],
)
def test_mails_do_not_link_where_a_stranger_likes(address: str, stays: bool) -> None:
    lamp = {
        "product_id": "lamp",
        "url": address,
        "nested": {"image_url": address},
        "referrer": "https://search.example",
    }
    shown = VISITORS.admit(event(properties=lamp | {"products": [lamp], "names": [address]})).properties
    assert ("url" in shown) is stays
    assert ("image_url" in shown["nested"]) is stays
    assert ("url" in shown["products"][0]) is stays
    assert (shown["names"] == [address]) is stays
    assert shown["referrer"] == "https://search.example"
