"""`make types`: mypy --strict over every unit of this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.local.prepare import units

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run mypy once over all units."""
    named = ["fivered." + str(unit.relative_to(ROOT)).replace("/", ".") for unit in units()]
    packages = [part for name in named for part in ("-p", name)]
    with tempfile.TemporaryDirectory() as folder:
        # mypy reads names from folders: the hooks of an editable installation tell it nothing.
        names = Path(folder) / "fivered"
        names.mkdir()
        (names / "__init__.pyi").touch()
        for top in sorted({unit.relative_to(ROOT).parts[0] for unit in units()}):
            (names / top).symlink_to(ROOT / top)
        done = subprocess.run(
            [sys.executable, "-m", "mypy", *packages, "-p", "testkit", "-p", "deploy"],
            cwd=ROOT,
            env=os.environ | {"MYPYPATH": folder},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    print(done.stdout.replace(f"{folder}/fivered/", "").replace("fivered/", ""), end="")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
