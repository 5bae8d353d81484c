"""What every unit says of the release: its version, which chassis it stands on, the licence.

A unit is built from its own folder alone, so each states them; they are written from
`chassis.__version__` and the LICENSE of the repository by `python -m deploy.generate`. By itself
(`python -m deploy.units`) this goes before the contracts, which name the version of their unit.
"""

from __future__ import annotations

import re
from pathlib import Path

from deploy.local.prepare import ROOT, units
from fivered.chassis import __version__


def files() -> dict[Path, str]:
    """Return what is written into the units' own folders, by path."""
    licence = (ROOT / "LICENSE").read_text("utf-8")
    return {unit / "pyproject.toml": pyproject(unit) for unit in units()} | {
        unit / "LICENSE": licence for unit in units()
    }


def pyproject(unit: Path) -> str:
    """Return the pyproject.toml of a unit as this release has it."""
    text = (unit / "pyproject.toml").read_text("utf-8")
    text = re.sub(r'(?m)^version = ".*"$', f'version = "{__version__}"', text)
    return re.sub(r'"fivered-chassis[<>=][^"]*"', f'"fivered-chassis{fitting()}"', text)


def fitting() -> str:
    """Return which releases of the chassis fit a unit of this one: those of its minor number."""
    major, minor, *_ = (int(number) for number in __version__.split("."))
    return f">={major}.{minor},<{major}.{minor + 1}"


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, "utf-8")
