"""What stands in a module of journeys and cannot be deployed is said in a line, whoever asks for a journey."""

import asyncio
import shutil
from pathlib import Path

import pytest

import workflows
from tests.stack.terminal import Terminal

HEAD = '''"""Of a test."""

from workflows.vocabulary import Journey, On, Plan, journey


'''
PLAN = '    plan = Plan(name="{name}", trigger=On("Never"), goal=None, topic="tests", owner="tests")\n'
STEPS = """
    async def steps(self) -> None:
        \"\"\"Do nothing.\"\"\"
"""
WELCOME = "@journey\nclass Welcome(Journey):\n" + PLAN.format(name="welcome") + STEPS
ABSTRACT = 'class Base(Journey):\n    """Of several; says nothing of a plan."""\n\n\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the journeys, which processes load instead."""
    copy = tmp_path / "workflows"
    shutil.copytree(Path(workflows.__path__[0]), copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def terminal(folder: Path) -> Terminal:
    return Terminal(PYTHONPATH=str(folder.parent))


async def test_a_journey_may_be_made_from_a_base_without_a_plan(folder: Path, terminal: Terminal) -> None:
    (folder / "welcome.py").write_text(HEAD + ABSTRACT + WELCOME.replace("(Journey)", "(Base)"))
    assert "welcome" in await terminal.refused("draw")


async def test_two_journeys_of_one_name_are_both_named(folder: Path, terminal: Terminal) -> None:
    (folder / "welcome.py").write_text(HEAD + WELCOME.replace('"welcome"', '"cart-recovery"'))
    assert await terminal.refused("draw") == (
        "two journeys are named 'cart-recovery', workflows.cart_recovery.CartRecovery and workflows.welcome.Welcome: "
        "give one of them a plan of another name"
    )


@pytest.mark.parametrize("base", ["Journey", "CartRecovery"])
async def test_a_journey_that_is_not_decorated_is_named(folder: Path, terminal: Terminal, base: str) -> None:
    """Made from another journey it would inherit that one's workflow."""
    plain = WELCOME.removeprefix("@journey\n").replace("(Journey)", f"({base})")
    (folder / "welcome.py").write_text(HEAD + "from workflows.cart_recovery import CartRecovery\n\n\n" + plain)
    said = await terminal.refused("draw")
    assert said == "workflows.welcome.Welcome is no workflow: write @journey above the class"


@pytest.mark.parametrize(
    ("broken", "line", "why"),
    [
        ("class Welcome(Journey:\n", 6, "SyntaxError: invalid syntax"),
        ("from workflows import nothing\n", 6, "ImportError: cannot import name 'nothing' from 'workflows'"),
        ("import no_such_module\n", 6, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("NONE = {}\nNONE['key']\n", 7, "KeyError: 'key'"),
    ],
)
async def test_a_module_that_cannot_be_loaded_is_named_with_line_and_error(
    folder: Path, terminal: Terminal, broken: str, line: int, why: str
) -> None:
    (folder / "welcome.py").write_text(HEAD + broken)
    assert (await terminal.refused("draw")).startswith(f"{folder / 'welcome.py'}, line {line}: {why}")


async def test_every_command_that_needs_a_journey_says_so(folder: Path, terminal: Terminal) -> None:
    (folder / "welcome.py").write_text(HEAD + "import no_such_module\n")
    commands = [["check"], ["rehearse", "cart-recovery"], ["journeys"], ["replay"], ["up"], ["serve"]]
    for said in await asyncio.gather(*(terminal.refused(*command) for command in commands)):
        assert said == f"{folder / 'welcome.py'}, line 6: ModuleNotFoundError: No module named 'no_such_module'"
