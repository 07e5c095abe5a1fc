"""The linter as a whole: samples, languages, translations, severity; and that all shipped mails pass."""

from pathlib import Path

import pytest

from mail.context import TEMPLATES
from mail.lint.finding import Severity
from mail.lint.lint import Lint
from tests.mail.lint.broken import CUSTOMERS, GOOD, TRANSACTIONAL, linted, written

GERMAN = {
    "subject": "Eine Lampe, die bleibt",
    "preheader": "Worauf Sie achten können, bevor Sie sich entscheiden.",
    "heading": "<h1>Einmal richtig</h1>",
    "body": "Wenn Sie eine Lampe suchen, beginnen Sie mit dem Licht.",
    "call": GOOD["call"].replace("See the lamps", "Zu den Lampen"),
    "leave": GOOD["leave"].replace("Unsubscribe", "Abmelden"),
}
TRANSLATED = written(GERMAN)


SHIPPED = Lint()


@pytest.mark.parametrize("name", sorted(SHIPPED.names))
def test_every_shipped_mail_passes(name: str) -> None:
    assert SHIPPED.run([name]).errors == ()


def test_every_shipped_template_is_linted_for_all_samples_in_all_its_languages() -> None:
    lint = Lint(customers=CUSTOMERS)
    seen = {(mail.template, mail.language) for name in lint.names for mail in lint.mails(name)}
    files = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.glob("*/**/*.mjml.j2")}
    expected = {name.removesuffix(".mjml.j2") for name in files if not name.startswith("partials/")}
    assert {name if language == "en" else f"{name}.{language}" for name, language in seen} == expected


def test_what_several_samples_show_is_one_finding(tmp_path: Path) -> None:
    [found] = linted(tmp_path, {"broken": written({"body": "We noticed you."})})
    assert (found.template, found.language, found.sample, found.more) == ("lamps/broken", "en", "somebody", 1)
    assert found.quoted == "We noticed you."


def test_what_is_broken_twice_in_a_mail_counts_for_one_sample(tmp_path: Path) -> None:
    picture = '<img src="https://shop.example/a.png" />'
    [found] = linted(tmp_path, {"broken": written({"more": f"<mj-text>{picture}{picture}</mj-text>"})})
    assert found.more == 1
    assert found.quoted == '<img src="https://shop.example/a.png">'


def test_only_the_sample_that_breaks_is_named(tmp_path: Path) -> None:
    [found] = linted(tmp_path, {"broken": written({"heading": "<h1>{{ customer.first_name or '' }}</h1>"})})
    assert (found.rule, found.sample, found.more) == ("heading", "nobody", 0)


def test_a_mail_that_cannot_be_made_breaks_that_rule_alone(tmp_path: Path) -> None:
    [found] = linted(tmp_path, {"broken": written({"body": "{{ basket }}", "call": ""})})
    assert found.wrong == "It cannot be made: lamps/broken.mjml.j2, line 6: 'basket' is undefined."
    assert found.remedy.startswith("Mend templates/lamps/broken.mjml.j2; ")


def test_what_the_shop_says_is_not_the_authors_fault(tmp_path: Path) -> None:
    words = "{{ shop.name }}: {{ shop.returns_note }} {% for line in cart.lines %}{{ line.name }}{% endfor %}"
    assert linted(tmp_path, {"right": written({"body": words})}) == ()


def test_names_that_were_shortened_are_still_data(tmp_path: Path) -> None:
    words = "{{ shop.returns_note | truncate(27, true, '…', 0) }} Is that so?"
    assert linted(tmp_path, {"right": written({"body": words})}) == ()


# -- severity ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"subject": "A lamp that lasts, and what to look for before you choose"}, "The subject has 57 characters; ph"),
        ({"body": "A long story. " * 6_500}, "Its HTML has 9"),
    ],
)
def test_advice_does_not_fail_the_check(changed: dict[str, str], wrong: str, tmp_path: Path) -> None:
    found = linted(tmp_path, {"lax": written(changed)})
    assert {each.severity for each in found} == {Severity.ADVICE}
    assert found[0].wrong.startswith(wrong)
    report = Lint(tmp_path, customers=CUSTOMERS).run()
    assert (report.errors, report.advice) == ((), found)


# -- marketing and transactional ---------------------------------------------------------------------------------------


def test_mail_that_is_owed_needs_neither_way_out_nor_address(tmp_path: Path) -> None:
    plain = written({"leave": "Your order", "address": ""})
    assert linted(tmp_path, {"owed": f"{TRANSACTIONAL}{plain}{{% endblock %}}"}) == ()


# -- languages ---------------------------------------------------------------------------------------------------------


def test_a_translation_that_says_the_same_passes(tmp_path: Path) -> None:
    assert linted(tmp_path, {"lamp": written({}), "lamp.de": TRANSLATED}) == ()


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        (
            {"call": GERMAN["call"].replace("/lamps", "/sofas")},
            "Its call to action leads to https://shop.example/sofas,",
        ),
        (
            {"more": "<mj-text><h2>Mehr</h2></mj-text>"},
            "Where the English mail has a https://mail.shop.example/u/1 “Unsub",
        ),
        ({"body": GOOD["body"]}, "A line is left in English in the mail in 'de'."),
        ({"subject": GOOD["subject"]}, "A line is left in English in the mail in 'de'."),
    ],
)
def test_a_translation_that_differs_is_found(changed: dict[str, str], wrong: str, tmp_path: Path) -> None:
    found = linted(tmp_path, {"lamp": written({}), "lamp.de": written(GERMAN | changed)})
    assert {(each.rule, each.language) for each in found} == {("translation", "de")}
    assert found[0].wrong.startswith(wrong)


def test_rules_hold_for_translations_too(tmp_path: Path) -> None:
    source = written(GERMAN | {"body": "Wir haben gesehen, dass Sie Lampen mögen."})
    [found] = linted(tmp_path, {"lamp": written({}), "lamp.de": source})
    assert (found.rule, found.language) == ("not-creepy", "de")


def test_a_translation_says_its_language(tmp_path: Path) -> None:
    source = written(GERMAN | {"root": 'lang="en" dir="ltr"'})
    [found] = linted(tmp_path, {"lamp": written({}), "lamp.de": source})
    assert (found.rule, found.wrong) == ("language", "The page says lang='en', and is 'de'.")


def test_hebrew_is_read_from_right_to_left(tmp_path: Path) -> None:
    found = linted(tmp_path, {"lamp": written({}), "lamp.he": written(GERMAN)})
    assert {(each.rule, each.wrong) for each in found} == {("language", "The page says dir='ltr', and is 'rtl'.")}


def test_a_translation_without_an_original_is_found(tmp_path: Path) -> None:
    [found] = linted(tmp_path, {"lamp.de": TRANSLATED})
    assert (found.rule, found.language) == ("renders", "en")
    assert "there is no lamps/lamp.mjml.j2" in found.wrong


def test_a_journey_in_two_languages_is_advised_against(tmp_path: Path) -> None:
    [found] = linted(tmp_path, {"lamp": written({}), "lamp.de": TRANSLATED, "sofa": written({})})
    assert (found.severity, found.template, found.rule) == (Severity.ADVICE, "lamps/sofa", "translation")
    assert found.remedy.startswith("Write templates/lamps/sofa.de.mjml.j2")
