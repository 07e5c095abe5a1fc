"""Readings of the process's metrics: what a block of a test has moved."""

from collections.abc import Iterator
from contextlib import contextmanager

from metrics.registry import REGISTRY

Sample = tuple[str, frozenset[tuple[str, str]]]


class Moved:
    """By how much each series has risen or fallen since the block began; complete once it has ended."""

    def __init__(self) -> None:
        self._before = _read()
        self._moved: dict[Sample, float] = {}

    def read(self) -> None:
        """Look again."""
        self._moved = {
            sample: value - self._before.get(sample, 0.0)
            for sample, value in _read().items()
            if value != self._before.get(sample, 0.0)
        }

    def of(self, name: str) -> dict[tuple[str, ...], float]:
        """The changes of one metric, by the values of its labels in the order of their names."""
        return {
            tuple(value for _, value in sorted(labels)): change
            for (found, labels), change in self._moved.items()
            if found == name
        }


def _read() -> dict[Sample, float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
    }


@contextmanager
def moved() -> Iterator[Moved]:
    """See what the block moves."""
    found = Moved()
    yield found
    found.read()
