"""`make release` in a clone: what stops it, what it builds, what it tags."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from deploy.local.prepare import units
from deploy.release import unpack
from fivered.chassis import __version__, api, releases

ROOT = Path(__file__).resolve().parents[2]
LINT = "\nlint:\n\t@echo linted\n"


def git(folder, *arguments):
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "", "GIT_COMMITTER_NAME": "a",
           "GIT_COMMITTER_EMAIL": ""}  # fmt: skip
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | who, check=True, capture_output=True,
        text=True,
    )  # fmt: skip
    return done.stdout.strip()


def change(clone, path, pattern, text):
    file = clone / path
    before = file.read_text("utf-8")
    after = re.sub(pattern, text, before, count=1)
    assert after != before
    file.write_text(after, "utf-8")


def release(clone, *options):
    who = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": ""}
    return subprocess.run(
        [sys.executable, "-m", "deploy.release", *options], cwd=clone, env=os.environ | who,
        check=False, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture
def clone(tmp_path):
    """A clone of what is committed, with a lint that takes no time, a dated entry, frozen facts."""
    git(tmp_path, "clone", "-q", "--no-tags", str(ROOT), "clone")
    folder = tmp_path / "clone"
    # What is not committed here yet is looked at too.
    for name in ("deploy/release.py", "deploy/sbom.py", "chassis/__init__.py", "CHANGELOG.md"):
        (folder / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    change(folder, "Makefile", r"(?s)\nlint: .*?\n\n", LINT + "\n")
    change(
        folder, "CHANGELOG.md", rf"## \[{__version__}\] - \S+", f"## [{__version__}] - 2026-12-01"
    )
    for contract in folder.glob("services/*/contracts/api.json"):
        events = (contract.parent / "events").glob("*.json")
        facts = {path.stem: json.loads(path.read_text("utf-8")) for path in events}
        doors = api.read_file(contract.read_bytes())
        for path, frozen in releases.freeze(contract.parent, facts, doors).items():
            path.write_text(json.dumps(frozen), "utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Ready")
    return folder


@pytest.mark.parametrize(
    ("path", "pattern", "text", "said"),
    [
        ("Makefile", "@echo linted", "@false", "make lint"),
        ("CHANGELOG.md", r"\] - 2026-12-01", "] - unreleased", "say the day"),
        ("CHANGELOG.md", rf"## \[{__version__}\]", "## [9.9.9]", "has no entry"),
        ("gateway/pyproject.toml", r'\nversion = "[^"]*"', '\nversion = "0.0.1"', "make generate"),
        (
            "services/credit/contracts/released.json",
            '"settlement_published.v1"',
            '"x.v1"',
            "settlement_published.v1",
        ),
        (
            "services/forum/contracts/released_doors.json",
            '"status": 201',
            '"status": 200',
            "forum:doors",
        ),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_tagged(clone, path, pattern, text, said):
    change(clone, path, pattern, text)
    git(clone, "commit", "-qam", "Broken")
    done = release(clone)
    assert done.returncode == 1
    assert said in done.stderr
    assert git(clone, "tag", "--list", "v*") == ""
    assert not (clone / "dist").exists()


def test_what_is_not_committed_is_no_part_of_a_release(clone):
    (clone / "new.txt").write_text("new")
    done = release(clone)
    assert (done.returncode, "not clean" in done.stderr) == (1, True)


@pytest.mark.timeout(600)
def test_a_release_is_tagged_and_holds_a_wheel_and_an_archive_of_every_unit(clone, tmp_path):
    dry = release(clone, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert git(clone, "tag", "--list", "v*") == ""
    tried = (clone / "dist/SHA256SUMS").read_text("utf-8")
    done = release(clone)
    assert done.returncode == 0, done.stderr
    tagged = git(clone, "cat-file", "tag", f"v{__version__}")
    entry = (clone / "CHANGELOG.md").read_text("utf-8").split("\n## [")[1]
    # A line that begins with # is a heading, not a comment of git.
    assert entry.partition("\n")[2].strip() in tagged
    assert git(clone, "rev-parse", f"v{__version__}^{{commit}}") == git(clone, "rev-parse", "HEAD")
    assert git(clone, "status", "--porcelain") == ""
    # Made a second time from the same commit, the wheels are the same.
    listed = (clone / "dist/SHA256SUMS").read_text("utf-8")
    wheels = [line for line in listed.splitlines() if line.endswith(".whl")]
    assert wheels == [line for line in tried.splitlines() if line.endswith(".whl")]
    files = {}
    for line in listed.splitlines():
        digest, name = line.split("  ")
        files[name] = clone / "dist" / name
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest
    assert {path.name for path in (clone / "dist").iterdir()} == {*files, "SHA256SUMS"}
    for unit in units():
        name = tomllib.loads((unit / "pyproject.toml").read_text("utf-8"))["project"]["name"]
        stem = f"{name.replace('-', '_')}-{__version__}"
        with zipfile.ZipFile(files[f"{stem}-py3-none-any.whl"]) as wheel:
            inside = {one for one in wheel.namelist() if ".dist-info/" not in one}
        assert not [one for one in inside if "/tests/" in one or "testkit" in one]
        whole = json.loads(files[f"{stem}.cdx.json"].read_text("utf-8"))
        assert whole["metadata"]["component"]["name"] == name
        # Who builds from the archive gets the same wheel.
        with tarfile.open(files[f"{stem}.tar.gz"]) as archive:
            unpack(archive, tmp_path)
        asked = f"from setuptools import build_meta as b; b.build_wheel({str(tmp_path)!r})"
        subprocess.run(
            [sys.executable, "-c", asked], cwd=tmp_path / stem, check=True, capture_output=True
        )
        with zipfile.ZipFile(tmp_path / f"{stem}-py3-none-any.whl") as wheel:
            assert {one for one in wheel.namelist() if ".dist-info/" not in one} == inside
    again = release(clone)
    assert (again.returncode, "there already" in again.stderr) == (1, True)
