"""What every unit says of itself: the release, its licence, what its wheel holds."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from chassis import LICENCE, __version__
from deploy.local.prepare import units

ROOT = Path(__file__).resolve().parents[2]
UNITS = [str(unit.relative_to(ROOT)) for unit in units()]


def project(unit):
    return tomllib.loads((ROOT / unit / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_release_is_said_once_and_everything_says_it():
    # The files that are written from it are compared in test_files.py.
    listed = subprocess.run(
        ["git", "grep", "-lF", f'"{__version__}"', "--", "*.py", "Makefile", "deploy",
         ":!*.yaml", ":!*/tests/*"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert listed == ["chassis/__init__.py"]
    assert {project(unit)["version"] for unit in UNITS} == {__version__}
    minor = __version__.rpartition(".")[0]
    for unit in UNITS:
        assert re.fullmatch("fivered-[a-z]+", project(unit)["name"])
        for needed in project(unit)["dependencies"]:
            if needed.startswith("fivered-"):
                assert needed.startswith(f"fivered-chassis>={minor},<"), unit
    for contract in ROOT.glob("services/*/contracts/api.json"):
        assert json.loads(contract.read_text("utf-8"))["version"] == __version__
    document = json.loads((ROOT / "docs/asyncapi.json").read_text("utf-8"))
    assert document["info"]["version"] == __version__
    assert document["info"]["license"]["name"] == LICENCE["identifier"]
    assert document["info"]["contact"]["name"]
    said = subprocess.run(
        [str(Path(sys.executable).with_name("fivered")), "--version"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout == f"fivered {__version__}\n"
