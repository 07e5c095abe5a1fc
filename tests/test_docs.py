"""The documentation tells the truth: its examples run, and its tables and diagrams are compared with the code.

`python -m tests.test_docs` writes the table of settings into docs/operate.md.
"""

import ast
import importlib
import inspect
import json
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from domain.clock import REAL_TIME
from domain.event import EventType
from domain.facts import FACTS, Fact
from domain.gate import RULES
from domain.message import MessageStatus
from domain.moments import MOMENTS, Moment
from domain.segment_api import parse_call
from domain.signals import Click
from mail.context import TEMPLATES, RenderContext, samples
from mail.render import Templates
from rehearsal.stage import Stage
from rehearsal.stage.performance import perform
from rehearsal.stage.script import parse_script
from settings import PREFIX, Settings, load_settings
from starter.cli import app as command_line
from starter.cli.rehearse import show_performance
from storage.database import Database
from storage.transitions import TRANSITIONS
from tests.pages import DOCS, PAGES
from tests.starter.collectors import KEY, make_collector, served, stored_events
from tests.workflows.samples import Answer, delivery, play, start
from workflows import vocabulary
from workflows.catalogue import JOURNEYS
from workflows.vocabulary import Journey
from workflows.vocabulary.trigger import Trigger
from workflows.vocabulary.verbs import Reaction, ReadFact, Send, Verb

EVERYTHING = "\n".join(PAGES.values())

BEGIN, END = "<!-- settings: made by `python -m tests.test_docs` -->\n", "<!-- end of settings -->"
GROUPS = {
    "webhooks": "[providers](providers.md)",
    "browser": "[write keys](#write-keys)",
    "rates": "[limits](#limits-of-requests)",
    "caps": "[the gate](gate.md)",
    "cool_downs": "[the gate](gate.md)",
    "breaker": "[the flow](#the-flow)",
    "thresholds": "[intent](intent.md)",
    "thresholds__segments": "[intent](intent.md#segments)",
    "sources": "[sources](sources.md)",
    "retention": "[privacy](privacy.md#how-long-what-is-kept)",
}
"""Where more is told of a group of settings. The first of each group says so."""


def fences(page: str, language: str) -> list[str]:
    """The page's code of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGES[page], flags=re.MULTILINE | re.DOTALL)


def file_in(page: str, path: str) -> str:
    """The code that the page gives for a file: the next fence after its name."""
    found = re.search(rf"`{re.escape(path)}`.*?^```\w+\n(.*?)^```$", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    assert found is not None, f"{page} shows no {path}"
    return found[1]


# -- links, paths, names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            target = ((DOCS / page).parent / path).resolve() if path else DOCS / page
            assert target.exists(), link
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE) if anchor else []
            assert not anchor or anchor in [heading.lower().replace(" ", "-") for heading in headings], link


def test_every_page_is_in_the_index_and_every_decision_in_its_own() -> None:
    pages = {name for name in PAGES if "/" not in name} - {"README.md"}
    assert pages <= set(re.findall(r"\((.+?)\)", PAGES["README.md"]))
    decisions = {Path(name).name for name in PAGES if name.startswith("decisions/")} - {"README.md"}
    assert decisions == set(re.findall(r"\((.+?)\)", PAGES["decisions/README.md"]))


@pytest.mark.parametrize("page", [name for name in PAGES if re.match(r"decisions/\d", name)])
def test_a_decision_has_all_its_parts(page: str) -> None:
    number = Path(page).name[:4]
    assert PAGES[page].startswith(f"# {number}: ")
    parts = re.findall(r"^\*\*(\w+)", PAGES[page], re.MULTILINE)
    assert parts == ["Date", "Context", "Choice", "Rejected", "Consequence"]


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(rf"\b{PREFIX}([A-Z]\w*?)(?=__|\W)", EVERYTHING))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_every_command_that_is_shown_exists() -> None:
    shown = re.findall(r"(?:^|`|collector )segue ([a-z][a-z-]+)", EVERYTHING, re.MULTILINE)
    assert shown
    for name in shown:
        assert command_line[name].name, name


# -- concepts ----------------------------------------------------------------------------------------------------------


def test_the_state_diagram_is_the_table_of_transitions() -> None:
    [diagram] = [block for block in fences("concepts.md", "mermaid") if block.startswith("stateDiagram")]
    drawn = set(re.findall(r"^    (\S+) --> ([^:\s]+)", diagram, re.MULTILINE))
    by_name = {None: "[*]"} | {status: status.value.replace(" ", "_") for status in MessageStatus}
    allowed = {(by_name[one], by_name[other]) for one, others in TRANSITIONS.items() for other in others}
    final = {(by_name[status], "[*]") for status, others in TRANSITIONS.items() if not others}
    assert drawn == allowed | final


# -- the gate ----------------------------------------------------------------------------------------------------------


def test_the_table_of_the_gates_rules_has_every_rule_in_its_order() -> None:
    shown = re.findall(r"^\| `([\w -]+)` \|.*\|$", PAGES["gate.md"], re.MULTILINE)
    assert [name for name in shown if name.islower()] == [*RULES]


def test_the_send_windows_that_are_shown_are_windows() -> None:
    [shown] = re.findall(r'^`(\[\{"days".*\}\])`', PAGES["gate.md"], re.MULTILINE)
    assert load_settings({}, windows=json.loads(shown)).windows[0].end == time(18)


# -- settings ----------------------------------------------------------------------------------------------------------


def settings_table() -> str:
    """Every setting with its default and meaning, as Markdown."""
    return "".join(["| setting | default | |\n", "|---|---|---|\n", *_rows()])


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from _rows_within(name, field.default)
        else:
            yield _row(name, field.default, field.description or "")


def _rows_within(name: str, group: BaseModel) -> Iterator[str]:
    more = f" See {GROUPS[name]}." if name in GROUPS else ""
    for inner, value in group:
        if isinstance(value, BaseModel):
            yield from _rows_within(f"{name}__{inner}", value)
        else:
            yield _row(f"{name}__{inner}", value, _meaning(type(group), inner) + more)
            more = ""


def _meaning(group: type[BaseModel], name: str) -> str:
    """The first sentence of what stands below a setting: the table has no room for reasons."""
    described = group.model_fields[name].description
    assert described, f"say below {group.__name__}.{name} what it is; the class needs use_attribute_docstrings"
    return " ".join(described.split()).split(". ")[0].rstrip(".") + "."


def _row(name: str, value: object, meaning: str) -> str:
    shown = f"`{_shown(value)}`" if value not in (None, {}, ()) else ""
    return f"| `{PREFIX}{name.upper()}` | {shown} | {meaning} |\n"


def _shown(value: object) -> str:
    match value:
        case time():
            return f"{value:%H:%M}"
        case timedelta():
            return str(TypeAdapter(timedelta).dump_python(value, mode="json"))
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def with_table(page: str) -> str:
    """The page with the table as it should be."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}{settings_table()}{END}{rest.partition(END)[2]}"


def test_the_table_of_settings_is_the_settings() -> None:
    assert PAGES["operate.md"] == with_table(PAGES["operate.md"]), "run: python -m tests.test_docs"


# -- write a journey ---------------------------------------------------------------------------------------------------


@pytest.fixture
def wishlist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Journey]:
    """The page's journey, loaded and deployed, with its template."""
    # On the path and not in `workflows`: the sandbox loads it anew, from wherever it can be imported.
    (tmp_path / "wishlist.py").write_text(file_in("write-a-journey.md", "workflows/wishlist.py"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "wishlist", raising=False)
    found: type[Journey] = importlib.import_module("wishlist").Wishlist
    monkeypatch.setitem(JOURNEYS, found.plan.name, found)
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    (templates / "wishlist").mkdir()
    source = file_in("write-a-journey.md", "templates/wishlist/reminder.mjml.j2")
    (templates / "wishlist/reminder.mjml.j2").write_text(source)
    monkeypatch.setattr("rehearsal.stage.opening.TEMPLATES", templates)
    return found


def _answers(*, has_cart: bool = False, click: bool = False, status: MessageStatus = MessageStatus.SENT) -> Answer:
    def answer(verb: Verb[Any]) -> object:
        match verb:
            case ReadFact():
                return has_cart
            case Send():
                return delivery(status)
            case Reaction():
                return Click(event_id="c-1") if click else None
            case _:
                return None

    return answer


def test_everything_that_a_template_reads_is_named() -> None:
    told = PAGES["write-a-journey.md"].partition("A template reads ")[2].partition("(`mail/context.py`")[0]
    assert set(re.findall(r"`(\w+)`", told)) == set(RenderContext.model_fields)


def test_the_example_is_a_workflow_of_its_plans_name(wishlist: type[Journey]) -> None:
    run: Any = getattr(wishlist, "run")  # noqa: B009 -- made by the decorator, which types cannot tell
    assert inspect.iscoroutinefunction(run)
    definition = getattr(wishlist, "__temporal_workflow_definition")
    assert definition.name == "wishlist"
    assert set(definition.signals) == {"click", "revisit", "purchase", "unsubscribe", "observe", "join"}


@pytest.mark.parametrize(
    ("answers", "reminders"),
    [
        (_answers(), 2),
        (_answers(click=True), 1),
        (_answers(has_cart=True), 0),
        (_answers(status=MessageStatus.DROPPED), 1),
    ],
    ids=["silence", "click", "cart", "dropped"],
)
def test_the_example_runs_without_temporal(wishlist: type[Journey], answers: Answer, reminders: int) -> None:
    asked = play(wishlist(start(journey="wishlist")), answers)
    assert [verb.template for verb in asked if isinstance(verb, Send)] == ["wishlist/reminder"] * reminders


def test_the_example_mail_renders_for_every_sample(wishlist: type[Journey], tmp_path: Path) -> None:
    templates = Templates(tmp_path / "templates")
    subjects = {templates.render("wishlist/reminder", sample).subject for sample in samples().values()}
    assert subjects == {"Still on your wishlist"}


@pytest.mark.parametrize("name", re.findall(r"^async def (test_\w+)", PAGES["write-a-journey.md"], re.MULTILINE))
async def test_the_example_test_passes(wishlist: type[Journey], stage: Stage, name: str) -> None:
    names: dict[str, Any] = {}
    exec(file_in("write-a-journey.md", "tests/scenarios/test_wishlist.py"), names)
    test: Callable[[Stage], Awaitable[None]] = names[name]
    await test(stage)


async def test_the_rehearsal_that_is_shown_is_what_is_seen(
    wishlist: type[Journey], stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    show_performance(await perform(stage, wishlist, (), at_most=timedelta(days=400)), wishlist, lasting=timedelta())
    [shown] = fences("write-a-journey.md", "text")
    assert _words(capsys.readouterr().out) == _words(shown)


def test_the_rehearsals_that_are_shown_can_be_read(wishlist: type[Journey]) -> None:
    shown = re.findall(r'^segue rehearse wishlist "(.+?)"', PAGES["write-a-journey.md"], re.MULTILINE)
    assert [parse_script(script, wishlist.plan) for script in shown]


def _words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip()]


def test_the_table_of_verbs_has_every_verb_and_argument() -> None:
    shown = dict(re.findall(r"^\| `([a-z]\w+)\((.*?)\)` \|", PAGES["write-a-journey.md"], re.MULTILINE))
    verbs = {name: each for name, each in vars(Journey).items() if _is_verb(name, each)}
    assert set(shown) == set(verbs)
    arguments = [name for name in inspect.signature(Journey.send).parameters if name != "self"]
    assert re.findall(r"\w+", shown["send"]) == arguments


def _is_verb(name: str, member: object) -> bool:
    return inspect.iscoroutinefunction(member) and not name.startswith("_") and name != "steps"


def _first_cells(heading: str) -> list[str]:
    """The names in the table under a heading of the page."""
    section = PAGES["write-a-journey.md"].partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)", section, re.MULTILINE)


def _vocabulary(kind: type) -> set[str]:
    """What journeys can import of a kind."""
    return {name for name in vocabulary.__all__ if isinstance(getattr(vocabulary, name), kind)}


def test_the_tables_of_facts_and_moments_are_those_there_are() -> None:
    assert set(_first_cells("Facts")) == _vocabulary(Fact)
    assert set(_first_cells("Moments")) == _vocabulary(Moment)


@pytest.mark.parametrize(
    ("name", "moment"), [(name, getattr(vocabulary, name)) for name in sorted(_vocabulary(Moment))]
)
def test_the_table_of_moments_says_which_events_say_them(name: str, moment: Moment) -> None:
    row = next(line for line in PAGES["write-a-journey.md"].splitlines() if line.startswith(f"| `{name}`"))
    assert set(re.findall(r"“(.+?)”", row)) == set(moment.said_by)
    assert re.findall(r"`(\w+)`", row) == [name, moment.property, moment.same]


def test_the_table_of_triggers_has_every_condition_and_argument() -> None:
    shown = dict(re.findall(r"^\| `([A-Z]\w+)\((.*?)\)` \|", PAGES["write-a-journey.md"], re.MULTILINE))
    conditions = {name for name in _vocabulary(type) if issubclass(getattr(vocabulary, name), Trigger)}
    assert set(shown) == conditions
    for name, arguments in shown.items():
        takes = inspect.signature(getattr(vocabulary, name)).parameters
        assert re.findall(r"\w+", arguments) == list(takes), name


def test_the_trigger_the_fact_and_the_moment_that_are_shown_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.facts.FACTS", dict(FACTS))
    monkeypatch.setattr("domain.moments.MOMENTS", dict(MOMENTS))
    names = {name: getattr(vocabulary, name) for name in vocabulary.__all__}
    trigger, fact, _, moment = fences("write-a-journey.md", "python")[2:6]
    made: dict[str, Any] = {}
    for code in (trigger, fact, moment):
        exec(code, names, made)
    assert made["trigger"].names() == {"Product Viewed"}
    assert isinstance(made["SHARED"], Fact)
    assert isinstance(made["DELIVERY"], Moment)


# -- integrate and operate ---------------------------------------------------------------------------------------------


def test_the_calls_that_are_shown_are_calls() -> None:
    shown = re.findall(r"/v1/(\w+) -d '(\{.*?\})'", PAGES["integrate.md"], flags=re.DOTALL)
    assert len(shown) == 2
    for kind, body in shown:
        now = datetime.now(UTC)
        parse_call(json.loads(body), kind=EventType(kind), received_at_real=now, clock=REAL_TIME, new_id=lambda: "new")


def test_the_settings_shown_for_segments_client_exist() -> None:
    """That such calls arrive is tested in tests/clients/test_servers.py."""
    analytics = importlib.import_module("segment.analytics")
    [code] = [block for block in fences("integrate.md", "python") if "segment" in block]
    for name in re.findall(r"^analytics\.(\w+)", code, re.MULTILINE):
        assert hasattr(analytics, name)


async def test_the_example_of_our_client_arrives(sqlite_database: Database) -> None:
    [code] = [block for block in fences("integrate.md", "python") if "SegueClient" in block]
    names: dict[str, Any] = {}
    async with served(make_collector(sqlite_database)) as url:
        exec(code.replace("https://events.shop.example", url).replace("YOUR_WRITE_KEY", KEY), names)
        await names["report"]()
    assert [stored.event.name for stored in await stored_events(sqlite_database)] == ["identify", "Product Added"]


def test_every_python_example_is_python() -> None:
    for page in PAGES:
        for block in fences(page, "python"):
            ast.parse(block)


if __name__ == "__main__":
    path = DOCS / "operate.md"
    path.write_text(with_table(path.read_text()))
