"""What the project and every unit say of themselves: the release, the licence, whom to tell."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from deploy.local.prepare import units
from fivered.chassis import LICENCE, __version__
from fivered.chassis.settings import describe
from fivered.gateway.settings import GatewaySettings

ROOT = Path(__file__).resolve().parents[2]
UNITS = [str(unit.relative_to(ROOT)) for unit in units()]


def project(unit):
    return tomllib.loads((ROOT / unit / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_release_is_said_once_and_everything_says_it():
    # The files that are written from it are compared in test_files.py.
    listed = subprocess.run(
        ["git", "grep", "-F", f'"{__version__}"', "--", "*.py", "Makefile", "deploy",
         ":!*.yaml", ":!*/tests/*", ":!tests/*"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    # A binding of AsyncAPI has a version of its own.
    said = {one.partition(":")[0] for one in listed if "_BINDING =" not in one}
    assert said == {"chassis/__init__.py"}
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


def test_the_licence_is_the_official_text_in_every_unit():
    official = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    for folder in (ROOT, *units()):
        text = (folder / "LICENSE").read_bytes()
        assert hashlib.sha256(text).hexdigest() == official, folder
    assert "Apache License 2.0](LICENSE)" in (ROOT / "README.md").read_text("utf-8")


def test_who_finds_a_weakness_reads_whom_to_tell_and_what_is_supported():
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    minor = __version__.rpartition(".")[0]
    assert f"| {minor} | yes |" in text, "SECURITY.md names the releases that get fixes"
    names = {name for name, _, _ in describe(GatewaySettings)}
    assert set(re.findall(r"FIVERED_[A-Z_]+", text)) <= names
    for path in re.findall(r"`((?:deploy|tests)/[\w./]+)`|\]\(([\w./]+)\)", text):
        assert (ROOT / "".join(path)).exists(), path
    # An address that is nobody's here may be somebody's elsewhere.
    assert not re.findall(r"\S+@\S+", text)
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text("utf-8")
