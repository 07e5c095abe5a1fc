"""Names of metrics are a promise: docs/metrics.md has them all, and alerts use no others.

`python -m tests.metrics.test_documented` writes the page's tables.
"""

import asyncio
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from prometheus_client.metrics import MetricWrapperBase

from domain.clock import SystemClock
from domain.feedback import Happening
from domain.message import MessageStatus
from domain.warm_up import WarmUp
from metrics import endpoint, enrollments, events, mails, reports, requests, upkeep
from metrics.registry import REGISTRY
from starter.figures import Figures
from storage.database import Database

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/metrics.md"
ALERTS = (ROOT / "deploy/prometheus/alerts.yml").read_text()
SCRAPES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

COUNTING = (events, requests, reports, enrollments, mails, upkeep, endpoint)
"""All modules that count, in the order of the table."""

WORDS: Mapping[str, set[str]] = {
    "kind": {each.value for each in Happening},
    "outcome": {each.value for each in reports.Became},
    "end": {each.value for each in MessageStatus},
}
"""What the labels that alerts choose by may be."""

SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


class Shown(NamedTuple):
    """A metric, as the table shows it."""

    name: str
    type: str
    labels: tuple[str, ...]
    about: str


def counted() -> Iterator[Shown]:
    """What processes count."""
    for module in COUNTING:
        for value in vars(module).values():
            if isinstance(value, MetricWrapperBase) and value in REGISTRY._collector_to_names:
                [metric] = value.describe()
                yield Shown(metric.name, metric.type, value._labelnames, metric.documentation)


def read() -> Iterator[Shown]:
    """What is read from the database."""

    async def figures() -> list[Any]:
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"{folder}/segue.db")
            await database.migrate()
            found = await Figures(database, SystemClock(), WarmUp(start=date(2999, 1, 1), per_day=(1,))).read()
            await database.aclose()
        return found

    for metric in asyncio.run(figures()):
        yield Shown(metric.name, metric.type, metric._labelnames, f"*Database.* {metric.documentation}")


def everything() -> list[Shown]:
    return [*counted(), *read()]


def table() -> str:
    """Every metric, as Markdown."""
    lines = ["| metric | labels | |\n", "|---|---|---|\n"]
    for shown in everything():
        name = shown.name + ("_total" if shown.type == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in shown.labels)
        lines.append(f"| `{name}` | {labels} | {shown.about} |\n")
    return "".join(lines)


def filled(page: str) -> str:
    """The page with its tables as they should be."""
    for name, text in (("metrics", table()), ("alerts", f"```yaml\n{ALERTS}```\n")):
        begin, end = f"<!-- {name}: made by `python -m tests.metrics.test_documented` -->\n", f"<!-- end of {name} -->"
        before, rest = page.split(begin)
        page = f"{before}{begin}{text}{end}{rest.partition(end)[2]}"
    return page


def test_the_page_has_every_metric_and_the_alerts() -> None:
    assert PAGE.read_text() == filled(PAGE.read_text()), "run: python -m tests.metrics.test_documented"


def test_names_follow_prometheus_conventions() -> None:
    for shown in everything():
        assert re.fullmatch(r"segue_[a-z_]+", shown.name)
        assert shown.about.endswith(".")
        assert not (shown.type != "counter" and shown.name.endswith("_total")), shown
        if shown.type == "histogram":
            assert shown.name.endswith(("_seconds", "_events")), shown
    assert not {label for shown in everything() for label in shown.labels} - {
        *("call", "key", "event", "error", "outcome", "why", "limit", "provider", "kind", "response", "by", "journey"),
        *("verdict", "rule", "asked", "end", "keeping", "source", "part", "trait"),
    }, "a label that is new: are its values few, and do they stand in code?"


def test_alerts_use_metrics_labels_and_words_that_there_are() -> None:
    labels_of = {f"{each.name}{suffix}": each.labels for each in everything() for suffix in SUFFIXES[each.type]}
    rules = [rule for group in yaml.safe_load(ALERTS)["groups"] for rule in group["rules"]]
    assert len(rules) == 3
    for rule in rules:
        assert rule["annotations"]["summary"]
        chosen = re.findall(r"(segue_\w+)(?:\{(.*?)\})?", rule["expr"])
        assert chosen
        for name, choice in chosen:
            assert name in labels_of, name
            for label, value in re.findall(r'(\w+)="(.*?)"', choice):
                assert label in labels_of[name]
                assert value in WORDS[label]


def test_what_is_scraped_is_what_the_compose_file_serves_to_its_own_network_alone() -> None:
    [job] = SCRAPES["scrape_configs"]
    [found] = job["dns_sd_configs"]
    for name in found["names"]:
        service = COMPOSE["services"][name]
        assert service["environment"]["SEGUE_METRICS_PORT"] == str(found["port"])
        assert service["expose"] == [str(found["port"])]
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert published
    assert not [port for port in published if str(found["port"]) in str(port)]


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
