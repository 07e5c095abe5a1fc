"""How mails speak: words, dates and prices in the reader's way."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.customer import CartLine
from domain.errors import TemplateError
from domain.offer import OfferKind
from mail.context import TEMPLATES, Offer, Recipient, RenderContext, Shop
from mail.render import SUFFIX, Templates
from mail.speech import WORDS, Speech, words

FRIDAY = datetime(2026, 12, 4, 18, tzinfo=ZoneInfo("Europe/Berlin"))
LANGUAGES = sorted(path.stem for path in (TEMPLATES / WORDS).glob("*.json"))
PLACE = re.compile(r"\{[a-z_]+\}")


def speech(language: str = "en", locale: str | None = None) -> Speech:
    return Speech(TEMPLATES, language, locale)


@pytest.mark.parametrize(
    ("language", "locale", "price", "date", "appointment"),
    [
        ("en", None, "$1,234.50", "Friday, December 4", "Friday, December 4 at 6:00 PM (GMT+01:00)"),
        ("en", "en-GB", "US$1,234.50", "Friday 4 December", "Friday 4 December at 18:00 (CET)"),
        ("en", "pt_BR", "$1,234.50", "Friday, December 4", "Friday, December 4 at 6:00 PM (GMT+01:00)"),
        ("de", "de-DE", "1.234,50 $", "Freitag, 4. Dezember", "Freitag, 4. Dezember, 18:00 Uhr (MEZ)"),
        ("de", "de_AT", "$ 1.234,50", "Freitag, 4. Dezember", "Freitag, 4. Dezember, 18:00 Uhr (MEZ)"),
    ],
)
def test_prices_and_dates_follow_language_and_country(
    language: str, locale: str | None, price: str, date: str, appointment: str
) -> None:
    spoken = speech(language, locale)
    assert " ".join(spoken.money(1234.5, "USD").split()) == price
    assert spoken.day(FRIDAY) == date
    assert " ".join(str(spoken.day_and_time(FRIDAY)).split()) == appointment


def test_prices_of_other_currencies_have_their_own_cents() -> None:
    written = [" ".join(speech().money(1234, currency).split()) for currency in ("JPY", "SEK", "XXT")]
    assert written == ["¥1,234", "SEK 1,234.00", "XXT 1,234.00"]


def test_greenwich_is_not_so_far_from_itself() -> None:
    assert str(speech().day_and_time(datetime(2026, 12, 4, 18, tzinfo=UTC))).endswith("(GMT)")


@pytest.mark.parametrize("locale", ["", "x", "../../etc", "en_ZZ", "de-Latn-DE", "zz-ZZ", "en-\x00", "_", "€"])
def test_any_locale_that_a_backend_reports_is_spoken_somehow(locale: str) -> None:
    assert speech("en", locale).day(FRIDAY).startswith("Friday")


@pytest.mark.parametrize(
    ("days", "english", "german"),
    [
        (0, "today", "heute"),
        (1, "tomorrow", "morgen"),
        (2, "in 2 days", "in 2 Tagen"),
        (45, "in 45 days", "in 45 Tagen"),
    ],
)
def test_distance_counts_days_on_the_readers_calendar(days: int, english: str, german: str) -> None:
    now = (FRIDAY - timedelta(days=days)).replace(hour=0, minute=5).astimezone(UTC)
    assert speech().distance(FRIDAY, now) == english
    assert speech("de").distance(FRIDAY, now) == german


def test_what_is_past_has_no_distance() -> None:
    assert speech().distance(FRIDAY, FRIDAY + timedelta(minutes=1)) == ""
    assert speech().distance(FRIDAY, FRIDAY + timedelta(days=3)) == ""


def test_offer_that_ends_at_midnight_is_good_through_the_day_before() -> None:
    offer = Offer(kind=OfferKind.FREE_SHIPPING, expires_at=datetime(2026, 12, 5, tzinfo=UTC))
    assert offer.last_moment is not None
    assert speech().day(offer.last_moment) == "Friday, December 4"


def test_product_without_a_name_is_named_by_its_id() -> None:
    assert speech().product_name(CartLine(product_id="p-1", name=" ")) == "Item p-1"
    assert speech("de").product_name(CartLine(product_id="p-1")) == "Artikel p-1"


def test_words_take_values_as_text() -> None:
    assert speech().word("hello", name="<b>{name}") == "Hello &lt;b&gt;{name},"


def test_missing_words_are_said_in_english(tmp_path: Path) -> None:
    folder = tmp_path / WORDS
    folder.mkdir()
    (folder / "en.json").write_text('{"bye": "Goodbye", "thanks": "Thank you"}')
    (folder / "fr.json").write_text('{"bye": "Au revoir"}')
    french = Speech(tmp_path, "fr", "fr-FR")
    assert (french.word("bye"), french.word("thanks")) == ("Au revoir", "Thank you")
    assert Speech(tmp_path, "sv").word("bye") == "Goodbye"


def test_words_are_read_again_when_they_change(tmp_path: Path) -> None:
    file = tmp_path / "en.json"
    file.write_text('{"bye": "Goodbye"}')
    assert words(tmp_path, "en") == {"bye": "Goodbye"}
    written_at = file.stat().st_mtime_ns
    file.write_text('{"bye": "Farewell"}')
    os.utime(file, ns=(written_at, written_at))  # many file systems tell moments apart by milliseconds alone
    assert words(tmp_path, "en") == {"bye": "Farewell"}


@pytest.mark.parametrize(
    ("said", "problem"),
    [("{{ word('nothing') }}", "en.json has no word 'nothing'"), ("{{ word('hello') }}", "has a place for 'name'")],
)
def test_word_that_nobody_wrote_is_an_error_of_the_template(tmp_path: Path, said: str, problem: str) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / WORDS).mkdir()
    (tmp_path / WORDS / "en.json").write_text('{"hello": "Hello {name}"}')
    (tmp_path / f"test/one{SUFFIX}").write_text(said)
    context = RenderContext(
        customer=Recipient(),
        shop=Shop(name="Lumen", url="https://shop.example", postal_address="1 Main St", support_email="a@b.example"),
        unsubscribe_url="https://mail.shop.example/u/x",
    )
    with pytest.raises(TemplateError, match=rf"test/one\.mjml\.j2, line 1: .*{problem}"):
        Templates(tmp_path).render("test/one", context)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_with_the_same_places(language: str) -> None:
    english, translated = (json.loads((TEMPLATES / WORDS / f"{name}.json").read_text()) for name in ("en", language))
    assert translated.keys() == english.keys()
    for name, text in translated.items():
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(english[name])), name


def test_every_language_that_mails_are_written_in_has_words() -> None:
    templates = Templates(TEMPLATES)
    spoken = {language for name in templates.names() for language in templates.languages(name)}
    assert spoken <= set(LANGUAGES)


def test_every_word_is_said_somewhere() -> None:
    sources = "".join(path.read_text() for path in TEMPLATES.glob(f"**/*{SUFFIX}"))
    sources += (Path(__file__).parents[2] / "mail" / "speech.py").read_text()
    assert [name for name in words(TEMPLATES / WORDS, "en") if f'"{name}"' not in sources] == []
