"""What every unit says of the release: its version, and which chassis it stands on.

A unit is built from its own folder alone, so each states both; they are written from
`chassis.__version__` by `python -m deploy.generate`.
"""

from __future__ import annotations

import re
from pathlib import Path

from chassis import __version__
from deploy.local.prepare import units


def files() -> dict[Path, str]:
    """Return what is written into the units' own folders, by path."""
    return {unit / "pyproject.toml": pyproject(unit) for unit in units()}


def pyproject(unit: Path) -> str:
    """Return the pyproject.toml of a unit as this release has it."""
    text = (unit / "pyproject.toml").read_text("utf-8")
    text = re.sub(r'(?m)^version = ".*"$', f'version = "{__version__}"', text)
    return re.sub(r'"fivered-chassis[<>=][^"]*"', f'"fivered-chassis{fitting()}"', text)


def fitting() -> str:
    """Return which releases of the chassis fit a unit of this one: those of its minor number."""
    major, minor, *_ = (int(number) for number in __version__.split("."))
    return f">={major}.{minor},<{major}.{minor + 1}"
