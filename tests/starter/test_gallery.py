"""The gallery, over HTTP: every mail is on it, in every view, and nothing in it can run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser
from starlette.testclient import TestClient

from mail.preview import PICTURES, Previews
from starter.inbox.app import create_app
from starter.inbox.mailbox import Mailbox


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with TestClient(create_app(Mailbox(tmp_path_factory.mktemp("mails")))) as client:
        yield client


def test_gallery_shows_every_mail_with_subject_and_preheader(http: TestClient) -> None:
    page = http.get("/gallery")
    assert page.status_code == 200
    document = LexborHTMLParser(page.text)
    previews = Previews()
    frames = [frame.attributes["src"] or "" for frame in document.css("iframe")]
    assert [frame.removeprefix("/gallery/").partition("/body")[0] for frame in frames] == list(previews.languages)
    shown = document.body.text() if document.body else ""
    for name in previews.languages:
        body = previews.body(name)
        assert body.subject in shown
        assert body.preheader in shown


def test_gallery_runs_nothing_and_loads_nothing_from_elsewhere(http: TestClient) -> None:
    for path in ("/gallery", "/gallery/cart/reminder", "/gallery/cart/reminder?view=text"):
        page = http.get(path)
        assert "<script" not in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
    body = http.get("/gallery/cart/reminder/body")
    assert body.headers["content-security-policy"].startswith("sandbox allow-popups")


def test_gallery_is_usable_by_keyboard_and_ear(http: TestClient) -> None:
    document = LexborHTMLParser(http.get("/gallery").text)
    assert all(frame.attributes.get("title") for frame in document.css("iframe"))
    assert len(document.css("label select")) == len(document.css("select")) == 2
    assert [len(document.css(tag)) > 0 for tag in ("h1", "h2", "h3")] == [True] * 3
    words = [link.attributes.get("aria-label") or link.text(strip=True) for link in document.css(".views a")]
    assert len(words) == len(set(words))


def test_language_and_sample_are_chosen_by_address(http: TestClient) -> None:
    german = http.get("/gallery", params={"language": "de"}).text
    assert "Ihr Warenkorb ist gespeichert" in german
    own = http.get("/gallery/cart/reminder", params={"sample": "german_customer"}).text
    assert "Ihr Warenkorb ist gespeichert" in own
    assert '<option value="german_customer" selected>' in own


def test_mail_is_shown_light_dark_narrow_and_as_text(http: TestClient) -> None:
    def body(view: str) -> str:
        return http.get("/gallery/cart/reminder/body", params={"view": view}).text

    assert "@media not all" in body("light")
    assert "@media all" in body("dark")
    assert "prefers-color-scheme" not in body("light") + body("dark")
    assert '<iframe class="narrow"' in http.get("/gallery/cart/reminder?view=narrow").text
    assert "Return to your cart &lt;https://shop.example/cart&gt;" in http.get("/gallery/cart/reminder?view=text").text


def test_pictures_of_the_sample_shop_are_served(http: TestClient) -> None:
    document = LexborHTMLParser(http.get("/gallery/cart/reminder/body").text)
    sources = [image.attributes["src"] or "" for image in document.css("img")]
    assert sources
    for source in sources:
        assert http.get(source).content == (PICTURES / Path(source).name).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/gallery/cart/nothing",
        "/gallery/cart/nothing/body",
        "/gallery?sample=nobody",
        "/gallery/../settings",
        "/gallery/pictures/..%2Fproducts.png",
        "/gallery/pictures/none.png",
    ],
)
def test_what_is_not_there_is_not_found(http: TestClient, path: str) -> None:
    assert http.get(path).status_code == 404
