"""Whose the events of a batch are, and who turns out to be whom."""

from collections.abc import Mapping

from domain.event import Event, EventType
from domain.identity import IdKind, Key, Resolution, random_id, resolve
from tests.storage.samples import added, identify, track

V1 = (IdKind.ANONYMOUS, "v1")


def alias(previous: str, user: str) -> Event:
    return track("alias", user, type=EventType.ALIAS, previous_id=previous)


def visit(product: str = "hat") -> Event:
    return added(product, None, anonymous_id="v1")


def found(*events: Event, known: Mapping[Key, str] | None = None) -> Resolution:
    return resolve(events, known or {})


def test_what_came_before_the_sign_in_is_theirs_and_what_came_after_the_next_one_is_the_next_ones() -> None:
    sign_in = identify("anna", anonymous_id="v1")
    resolution = found(visit(), sign_in, visit(), identify("ben", anonymous_id="v1"), visit())

    assert resolution.customers == ("anna", "anna", "anna", "ben", "ben")
    assert resolution.joins == (("anon-v1", "anna"),)
    assert resolution.causes == {"anon-v1": sign_in.message_id}
    assert resolution.aliases == {V1: "ben"}


def test_a_device_that_passes_on_brings_nothing_of_the_one_before() -> None:
    resolution = found(visit(), identify("ben", anonymous_id="v1"), known={V1: "anna"})
    assert (resolution.customers, resolution.joins) == (("anna", "ben"), ())


def test_a_chain_ends_at_the_last_whatever_the_order_of_its_links() -> None:
    forwards = found(alias("a", "b"), alias("b", "c"), added("hat", "a"))
    backwards = found(alias("b", "c"), alias("a", "b"), added("hat", "a"))

    for resolution in (forwards, backwards):
        assert set(resolution.customers) == {"c"}
        assert dict(resolution.joins).items() >= {"a": "c", "b": "c"}.items()
        assert resolution.aliases[IdKind.USER, "a"] == resolution.aliases[IdKind.USER, "b"] == "c"


def test_an_address_that_was_the_user_id_is_joined_to_the_user_id_that_follows() -> None:
    address = (IdKind.USER, "anna@example.com")
    made_up = random_id(address)

    assert found(alias("anna@example.com", "customer-42"), known={address: made_up}).joins == (
        (made_up, "customer-42"),
    )


def test_where_two_addresses_share_a_made_up_id_neither_takes_the_other_along() -> None:
    one, other = (IdKind.USER, "anna@example.com"), (IdKind.USER, "ben@example.com")
    made_up = random_id(one)

    resolution = found(alias("anna@example.com", "customer-42"), known={one: made_up, other: made_up})

    assert resolution.joins == ()
    assert resolution.aliases[one] == "customer-42"
    assert other not in resolution.aliases
