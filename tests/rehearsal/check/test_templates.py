"""The rule about templates, on templates that break in one way each."""

import shutil
from pathlib import Path

import pytest

from mail.context import TEMPLATES
from rehearsal.check.report import Check
from rehearsal.check.violation import Violation
from tests.rehearsal.check.wrong_journeys import HasNoTemplate

WHOLE = """{% extends "layout.mjml.j2" %}
{% block subject %}A lamp{% endblock %}
{% block preheader %}It is lit.{% endblock %}
{% block content %}<mj-section><mj-column><mj-text>BODY</mj-text></mj-column></mj-section>{% endblock %}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped templates, with room for a journey's."""
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    (tmp_path / "templates/lamps").mkdir()
    return tmp_path / "templates"


def write(folder: Path, name: str, body: str) -> None:
    (folder / f"lamps/{name}.mjml.j2").write_text(WHOLE.replace("BODY", body))


def violations(folder: Path) -> tuple[Violation, ...]:
    return Check({"has-no-template": HasNoTemplate}, templates=folder).run().violations


def test_a_template_that_renders_for_everybody_is_right(folder: Path) -> None:
    write(folder, "never_written", "{{ shop.name }}")
    write(folder, "never_written.de", "{{ shop.name }}")
    assert violations(folder) == ()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{{ offer.percent }}", "'None' has no attribute 'percent'"),
        ("{{ order.order_id }}", "'None' has no attribute 'order_id'"),  # the journey does not begin with an order
        ("{{ basket }}", "'basket' is undefined"),
        ("{% if %}", "Expected an expression"),
        ("<mj-unknown>", "lamps/never_written: "),
    ],
)
def test_a_template_that_breaks_for_one_sample_is_found(folder: Path, body: str, words: str) -> None:
    write(folder, "never_written", body)
    [found] = violations(folder)
    assert found.rule == "templates"
    assert words in found.wrong
    assert "(for the sample " in found.wrong
    assert found.path is not None
    assert found.path.timeline() == ("at 1 hour: waited 1 hour",)  # up to the mail, which would not go


def test_a_translation_that_breaks_is_found_though_no_sample_reads_it(folder: Path) -> None:
    write(folder, "never_written", "{{ shop.name }}")
    write(folder, "never_written.fr", "{{ boutique }}")
    [found] = violations(folder)
    assert "reading fr" in found.wrong


def test_the_original_is_rendered_though_every_sample_reads_a_translation(folder: Path) -> None:
    write(folder, "never_written", "{{ basket }}")
    for language in ("en", "de", "ja", "pt", "ar", "fr"):
        write(folder, f"never_written.{language}", "{{ shop.name }}")
    [found] = violations(folder)
    assert "'basket' is undefined" in found.wrong
