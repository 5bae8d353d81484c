"""The facts on the card of a service (`services/X/README.md`): what it publishes and consumes.

The words are those of the contract and of the reader; the rest of a card is written by hand.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path

from fivered.chassis.bus import Service, Subscription
from fivered.chassis.contracts import folder_of
from fivered.chassis.facts import Declared, all_declared

BEGIN = "<!-- facts: written by make generate -->"
END = "<!-- /facts -->"


def card(service_cls: type[Service]) -> tuple[Path, str]:
    """Return a service's card, and its text with the facts of the code.

    Raises:
        ValueError: The card has no place for them.
    """
    folder = folder_of(service_cls)
    path = folder.parent / "README.md"
    text = path.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no {BEGIN} … {END}")
    return path, f"{before}{BEGIN}\n{_facts(service_cls, folder)}\n{END}{after}"


def _facts(service_cls: type[Service], folder: Path) -> str:
    lines = ["## Publishes", "", "| fact | what | visibility |", "|---|---|---|"]
    for kind in all_declared(service_cls.publishes):
        contract = json.loads((folder / "events" / f"{kind.FACT}.json").read_text("utf-8"))
        what = contract["title"].removesuffix(".")
        lines.append(f"| `{kind.FACT}` | {what} | {kind.VISIBILITY} |")
    lines += ["", "## Consumes", "", "| fact | what it reads there |", "|---|---|"]
    for reader in _readers(service_cls):
        lines.append(f"| `{reader.SOURCE}.{reader.FACT}` | {_first(reader)} |")
    return "\n".join(lines)


def _readers(service_cls: type[Service]) -> list[type[Declared]]:
    found = {
        (reader.SOURCE, reader.FACT): reader
        for row in service_cls.doors
        if isinstance(row.door, Subscription)
        for reader in all_declared(row.door.readers)
    }
    return [found[key] for key in sorted(found)]


def _first(kind: type[object]) -> str:
    """Return the first paragraph of a docstring on one line."""
    first = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]
    return " ".join(first.split()).removesuffix(".")
