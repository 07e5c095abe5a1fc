"""Signed links: what is accepted back, and what is not."""

import itertools
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from domain.errors import ConfigurationError, ExpiredLinkError, InvalidLinkError
from mail.links import (
    ASKING_MAX_AGE,
    CLICK_MAX_AGE,
    DATA_REQUEST_MAX_AGE,
    PREFERENCES_MAX_AGE,
    UNDO_MAX_AGE,
    DataRequest,
    Links,
)

OLD, NEW = "an old secret of some length", "a new secret of some length"
MESSAGE = "m0123456789abcdef01234567"


@pytest.fixture
def links() -> Links:
    return Links("https://mail.shop.example/", [NEW])


def token(link: str) -> str:
    return link.rpartition("/")[2]


def test_click_link_gives_message_and_index_back(links: Links) -> None:
    link = links.click(MESSAGE, 3)
    assert link.startswith("https://mail.shop.example/c/")
    assert links.read_click(token(link)) == (MESSAGE, 3)


def test_unsubscribe_link_gives_message_back(links: Links) -> None:
    link = links.unsubscribe(MESSAGE)
    assert link.startswith("https://mail.shop.example/u/")
    assert links.read_unsubscribe(token(link)) == MESSAGE


def test_links_fit_in_a_line_of_text(links: Links) -> None:
    assert max(len(links.click(MESSAGE, 99)), len(links.unsubscribe(MESSAGE))) < 150


@pytest.mark.parametrize("position", [0, 5, 20, -1])
def test_tampered_link_is_refused(links: Links, position: int) -> None:
    for good, read in (
        (token(links.click(MESSAGE, 0)), links.read_click),
        (token(links.unsubscribe(MESSAGE)), links.read_unsubscribe),
    ):
        characters = list(good)
        characters[position] = "A" if characters[position] != "A" else "Q"
        with pytest.raises(InvalidLinkError):
            read("".join(characters))


@pytest.mark.parametrize("rubbish", ["", ".", "a.b.c", "ü", "\x00", "a" * 5000])
def test_rubbish_is_refused(links: Links, rubbish: str) -> None:
    with pytest.raises(InvalidLinkError):
        links.read_click(rubbish)
    with pytest.raises(InvalidLinkError):
        links.read_unsubscribe(rubbish)


def test_link_of_another_purpose_is_refused(links: Links) -> None:
    with pytest.raises(InvalidLinkError):
        links.read_click(token(links.unsubscribe(MESSAGE)))
    with pytest.raises(InvalidLinkError):
        links.read_unsubscribe(token(links.click(MESSAGE, 0)))


def test_rotation_signs_with_the_newest_and_verifies_with_all(links: Links) -> None:
    before = Links("https://mail.shop.example", [OLD])
    during = Links("https://mail.shop.example", [NEW, OLD])
    assert during.read_click(token(before.click(MESSAGE, 1))) == (MESSAGE, 1)
    assert during.read_unsubscribe(token(before.unsubscribe(MESSAGE))) == MESSAGE
    assert links.read_click(token(during.click(MESSAGE, 1))) == (MESSAGE, 1)
    with pytest.raises(InvalidLinkError):
        links.read_click(token(before.click(MESSAGE, 1)))


def test_click_link_ages_and_unsubscribe_link_never_does(links: Links, monkeypatch: pytest.MonkeyPatch) -> None:
    click, leave = token(links.click(MESSAGE, 0)), token(links.unsubscribe(MESSAGE))
    made_at = time.time()
    monkeypatch.setattr(time, "time", lambda: made_at + CLICK_MAX_AGE.total_seconds() - 10)
    assert links.read_click(click) == (MESSAGE, 0)
    monkeypatch.setattr(time, "time", lambda: made_at + CLICK_MAX_AGE.total_seconds() + 10)
    with pytest.raises(InvalidLinkError, match="age"):
        links.read_click(click)
    assert links.read_unsubscribe(leave) == MESSAGE


@pytest.mark.parametrize("secrets", [[], ["short"], [NEW, ""]])
def test_weak_secrets_are_refused(secrets: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"^SEGUE_SECRET: .*16 characters"):
        Links("https://mail.shop.example", secrets)


def test_base_must_be_a_web_address_and_secrets_stay_hidden(links: Links) -> None:
    with pytest.raises(ConfigurationError, match="https://"):
        Links("mail.shop.example", [NEW])
    assert NEW not in repr(links)


# -- every purpose of its own ------------------------------------------------------------------------------------------

Purpose = tuple[str, Callable[[str], object], timedelta | None]
"""A token, what reads it, and how long it is good for."""


def purposes(links: Links) -> dict[str, Purpose]:
    export, erasure = DataRequest
    return {
        "unsubscribe": (token(links.unsubscribe(MESSAGE)), links.read_unsubscribe, None),
        "click": (token(links.click(MESSAGE, 0)), links.read_click, CLICK_MAX_AGE),
        "open": (token(links.open(MESSAGE)), links.read_open, CLICK_MAX_AGE),
        "preferences": (token(links.preferences(MESSAGE)), links.read_preferences, PREFERENCES_MAX_AGE),
        "undo": (links.undo_token(MESSAGE), links.read_undo, UNDO_MAX_AGE),
        "asking": (links.asking_token(MESSAGE), links.read_asking, ASKING_MAX_AGE),
        "export": (
            token(links.data_request(MESSAGE, export)),
            partial(links.read_data_request, asked_for=export),
            DATA_REQUEST_MAX_AGE,
        ),
        "erasure": (
            token(links.data_request(MESSAGE, erasure)),
            partial(links.read_data_request, asked_for=erasure),
            DATA_REQUEST_MAX_AGE,
        ),
    }


def test_a_token_serves_its_own_purpose_and_no_other(links: Links) -> None:
    every = purposes(links)
    for (one, (made, _, _)), (other, (_, read, _)) in itertools.product(every.items(), repeat=2):
        if one == other:
            assert read(made) in {MESSAGE, (MESSAGE, 0)}
            continue
        with pytest.raises(InvalidLinkError) as refused:
            read(made)
        assert not isinstance(refused.value, ExpiredLinkError), (one, other)


@pytest.mark.parametrize("name", [*purposes(Links("https://mail.shop.example", [NEW]))])
def test_a_token_is_good_for_its_time_and_cannot_be_changed(
    links: Links, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, read, good_for = purposes(links)[name]
    for at in (0, 10, -5):
        with pytest.raises(InvalidLinkError):
            read(made[:at] + ("A" if made[at] != "A" else "Q") + made[at:][1:])
    if good_for is None:
        return
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + good_for.total_seconds() - 10)
    read(made)
    monkeypatch.setattr(time, "time", lambda: now + good_for.total_seconds() + 10)
    with pytest.raises(InvalidLinkError) as refused:
        read(made)
    assert isinstance(refused.value, ExpiredLinkError)
    assert refused.value.message == MESSAGE
