"""Reads what a process tells Prometheus."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families

from fivered.chassis import metrics


class Page:
    """One reading of `/metrics`.

    Attributes:
        families: The names of what was told, as `# TYPE` says them, with their kind.
    """

    def __init__(self, text: str) -> None:
        self.families: dict[str, str] = {}
        self._samples: list[tuple[str, dict[str, str], float]] = []
        for family in text_string_to_metric_families(text):
            name = family.name + ("_total" if family.type == "counter" else "")
            self.families[name] = family.type
            self._samples += [(s.name, s.labels, s.value) for s in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of a name that have these labels."""
        return sum(value for _, value in self._found(name, labels))

    def told(self, name: str, **labels: str) -> list[dict[str, str]]:
        """Return the labels of the samples of a name that have these labels."""
        return [found for found, _ in self._found(name, labels)]

    def _found(self, name: str, labels: dict[str, str]) -> Iterator[tuple[dict[str, str], float]]:
        for told, found, value in self._samples:
            if told == name and labels.items() <= found.items():
                yield found, value


def here() -> Page:
    """Return what this process tells."""
    return Page(metrics.text().decode())


def at(port: int | str) -> Page:
    """Return what the process with this health port tells."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:  # nosec B310  # this machine
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return Page(answer.read().decode())
