"""Scraping a process as Prometheus does."""

from collections.abc import Iterator

import httpx2
from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """One answer of `/metrics`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """The sum of a metric's series that have these labels; None where there is none."""
        found = [
            sample.value for sample in self._samples if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return sum(found) if found else None

    def label_values(self, prefix: str) -> Iterator[str]:
        """Every value of every label of metrics whose name begins so."""
        for sample in self._samples:
            if sample.name.startswith(prefix):
                yield from sample.labels.values()


async def scrape(url: str) -> Scrape:
    """Ask once."""
    async with httpx2.AsyncClient() as http:
        answer = await http.get(url)
    assert answer.status_code == 200
    return Scrape(answer.text)
