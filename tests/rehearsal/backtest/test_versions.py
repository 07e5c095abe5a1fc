"""Loading a journey as of a git ref: from a checkout made for the test, with today's untouched."""

import subprocess
import sys
from pathlib import Path

import pytest

import workflows
from domain.errors import ConfigurationError, JourneyError, UnknownJourneyError
from rehearsal.backtest.comparison import Kind
from rehearsal.backtest.fate import Rules
from rehearsal.backtest.history import History
from rehearsal.backtest.report import backtest
from rehearsal.backtest.versions import journey_at
from tests.rehearsal.backtest.recordings import DAY, HOUR, MONDAY, added, the_end
from workflows.cart_recovery import CartRecovery

TODAY = Path(workflows.__path__[0], "cart_recovery.py").read_text()
SLOWER = TODAY.replace("reaction: Duration = timedelta(hours=23)", "reaction: Duration = timedelta(hours=30)")
HELPED = TODAY.replace("class Waits(", "from workflows.pauses import QUIET\n\n\nclass Waits(").replace(
    "timedelta(hours=1)", "QUIET"
)


class Checkout:
    """A git checkout with a package of journeys in a folder of it."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "shop" / "workflows"
        self.folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> str:
        """Run git there."""
        as_somebody = ("-c", "user.name=Anna", "-c", "user.email=anna@shop.example", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(self.folder), *as_somebody, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def commit(self, **modules: str) -> str:
        """Write modules and commit them; the commit's hash."""
        for name, source in modules.items():
            (self.folder / f"{name}.py").write_text(source)
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "-m", "Change the journeys")
        return self.git("rev-parse", "HEAD").strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """An empty checkout."""
    return Checkout(tmp_path)


def test_an_earlier_version_is_loaded_beside_todays(checkout: Checkout) -> None:
    first = checkout.commit(__init__="", cart_recovery=SLOWER)
    checkout.commit(cart_recovery=TODAY)
    before = {name: module for name, module in sys.modules.items() if name.startswith("workflows")}

    earlier = journey_at(first, "cart-recovery", checkout.folder)

    assert earlier is not CartRecovery
    assert (earlier.plan.name, earlier.__module__) == ("cart-recovery", "workflows.cart_recovery")
    assert {name: module for name, module in sys.modules.items() if name.startswith("workflows")} == before
    assert workflows.cart_recovery.CartRecovery is CartRecovery
    assert checkout.git("status", "--short") == ""


def test_its_difference_is_the_changed_wait(checkout: Checkout) -> None:
    checkout.commit(cart_recovery=SLOWER)
    history = History([added(0 * HOUR), the_end(20 * DAY)])

    report = backtest(
        CartRecovery, history, Rules(), against=("main", journey_at("main", "cart-recovery", checkout.folder))
    )

    moved = [(each.kind, each.mail, each.moved) for each in report.differences]
    assert moved == [
        (Kind.MOVED, "cart/objections", -6 * HOUR),
        (Kind.MOVED, "cart/social_proof", -6 * HOUR),
        (Kind.MOVED, "cart/last_call", -6 * HOUR),
    ]
    assert report.against is not None
    assert [mail.at - MONDAY for mail in report.against.courses[0].mails] == [1 * HOUR, 31 * HOUR, 55 * HOUR, 79 * HOUR]


def test_a_helper_beside_it_is_that_of_the_ref(checkout: Checkout) -> None:
    pauses = "from workflows.vocabulary import timedelta\n\nQUIET = timedelta(hours={})\n"
    two = checkout.commit(cart_recovery=HELPED, pauses=pauses.format(2))
    three = checkout.commit(pauses=pauses.format(3))
    history = History([added(0 * HOUR), the_end(20 * DAY)])
    first = {}
    for ref in (two, three):
        report = backtest(journey_at(ref, "cart-recovery", checkout.folder), history, Rules())
        first[ref] = report.run.courses[0].mails[0].at - MONDAY

    assert first == {two: 2 * HOUR, three: 3 * HOUR}
    assert "workflows.pauses" not in sys.modules
    assert not hasattr(workflows, "pauses")


def test_settings_that_the_ref_had_not_yet_are_left_out(checkout: Checkout) -> None:
    older = TODAY.replace("    between: Duration = timedelta(hours=24)\n", "").replace(
        "waits.between", "timedelta(hours=24)"
    )
    checkout.commit(cart_recovery=older)
    history = History([added(0 * HOUR), the_end(20 * DAY)])
    earlier = journey_at("main", "cart-recovery", checkout.folder)

    report = backtest(CartRecovery, history, Rules(), settings={"between": "PT26H"}, against=("main", earlier))

    assert {each.mail: each.moved for each in report.differences} == {
        "cart/social_proof": 2 * HOUR,
        "cart/last_call": 4 * HOUR,
    }


def test_another_broken_module_does_not_stand_in_the_way(checkout: Checkout) -> None:
    checkout.commit(cart_recovery=TODAY, a_draft="this is no Python\n")

    assert journey_at("main", "cart-recovery", checkout.folder).plan.name == "cart-recovery"


def test_what_is_missing_is_said(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    checkout.commit(cart_recovery=TODAY.replace("HasCart,", "HasCart,\n    NudgeGently,"))

    with pytest.raises(JourneyError, match=r"cannot import name 'NudgeGently' from 'workflows\.vocabulary'"):
        journey_at("main", "cart-recovery", checkout.folder)
    with pytest.raises(ConfigurationError, match="git knows no commit 'v9' here"):
        journey_at("v9", "cart-recovery", checkout.folder)
    with pytest.raises(ConfigurationError, match="git knows no commit '--output=x' here"):
        journey_at("--output=x", "cart-recovery", checkout.folder)
    checkout.commit(cart_recovery="", pauses=TODAY.replace('"cart-recovery"', '"basket-recovery"'))
    with pytest.raises(UnknownJourneyError, match="no journey was named 'cart-recovery' as of main"):
        journey_at("main", "cart-recovery", checkout.folder)


def test_a_folder_that_is_no_checkout_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    with pytest.raises(ConfigurationError, match="is in no checkout"):
        journey_at("main", "cart-recovery", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="needs git, which is not installed"):
        journey_at("main", "cart-recovery", tmp_path)


def test_a_version_that_asks_for_what_is_no_more_is_told_so(checkout: Checkout) -> None:
    checkout.commit(cart_recovery=TODAY.replace("await self.quiet(", "await self.rest("))
    earlier = journey_at("main", "cart-recovery", checkout.folder)

    with pytest.raises(JourneyError, match=r"as of main, under today's vocabulary: .* has no attribute 'rest'"):
        backtest(CartRecovery, History([added(0 * HOUR)]), Rules(), against=("main", earlier))
