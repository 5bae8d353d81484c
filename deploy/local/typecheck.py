"""`make types`: mypy --strict over every unit of this checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deploy.local.prepare import units

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run mypy once over all units."""
    named = [str(unit.relative_to(ROOT)).replace("/", ".") for unit in units()]
    packages = [part for name in named if "-" not in name for part in ("-p", name)]
    return subprocess.run(
        [sys.executable, "-m", "mypy", *packages, "-p", "testkit", "-p", "deploy"],
        cwd=ROOT,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
