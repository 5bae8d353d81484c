"""Make the release of what is committed: python -m deploy.release [--dry-run].

It looks first: a clean tree, a tag that is free, a dated entry in CHANGELOG.md, facts that are
frozen, `make lint`. Then it builds a wheel and a source archive of every unit into `dist/`, with
its bill of materials and SHA256SUMS beside them, and tags. With --dry-run it does all of that but
tags nothing. It sends nothing anywhere: what to send it says at its end.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from io import BytesIO
from pathlib import Path

from deploy import sbom
from deploy.local.prepare import ROOT, units
from fivered.chassis import __version__, api, releases

TAG = f"v{__version__}"
DIST = ROOT / "dist"


class NotYet(Exception):
    """What has to be done before there can be a release."""


def check() -> None:
    """Look at everything that can be seen at once.

    Raises:
        NotYet: Something is missing.
    """
    dirty = _git("status", "--porcelain")
    if dirty:
        raise NotYet(f"the tree is not clean:\n{dirty}")
    if _git("tag", "--list", TAG):
        raise NotYet(f"{TAG} is there already: say another version in chassis/__init__.py")
    for unit in units():
        said = tomllib.loads((unit / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        if said != __version__:
            raise NotYet(f"{unit.relative_to(ROOT)} is {said}, not {__version__}: make generate")
    notes()
    loose = not_frozen()
    if loose:
        raise NotYet(f"not frozen: {', '.join(loose)}: fivered contracts release, and commit")


def notes() -> str:
    """Return what CHANGELOG.md says of this release.

    Raises:
        NotYet: Nothing, or not on which day it is made.
    """
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    entry = rf"(?ms)^## \[{re.escape(__version__)}\] - (\S+)$(.*?)(?=^## \[|\Z)"
    found = re.search(entry, text)
    if found is None:
        raise NotYet(f"CHANGELOG.md has no entry: ## [{__version__}] - YYYY-MM-DD")
    try:
        dt.date.fromisoformat(found[1])
    except ValueError:
        raise NotYet(f"CHANGELOG.md: {__version__} is {found[1]}: say the day") from None
    return found[2].strip()


def not_frozen() -> list[str]:
    """Return the facts and doors that may still change: those not released as they stand."""
    found = []
    for path in sorted(ROOT.glob("services/*/contracts/events/*.json")):
        frozen = releases.facts_in(path.parents[1]).get(path.stem)
        if frozen is None or frozen["schema"] != json.loads(path.read_text("utf-8"))["schema"]:
            found.append(f"{path.parts[-4]}:{path.stem}")
    for path in sorted(ROOT.glob("services/*/contracts/api.json")):
        before = releases.doors_in(path.parent)
        if releases.frozen_doors(api.read_file(path.read_bytes()), before) != before:
            found.append(f"{path.parts[-3]}:doors")
    return found


def lint() -> None:
    """Run `make lint`.

    Raises:
        NotYet: It finds something.
    """
    if subprocess.run(["make", "lint"], cwd=ROOT, check=False).returncode:
        raise NotYet("make lint finds what is shown above")


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack an archive, as data where this Python can: 3.11 can from its fourth release on."""
    archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
    archive.extractall(folder)  # nosec B202  # what git made; filtered as data


def build() -> list[Path]:
    """Build every unit from its committed files; returns what lies in `dist/` then.

    Raises:
        NotYet: A unit cannot be built.
    """
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    # Files carry the time of the commit, so that a second build gives the same wheels.
    environment = os.environ | {"SOURCE_DATE_EPOCH": _git("log", "-1", "--format=%ct")}
    for unit in units():
        packed = subprocess.run(
            ["git", "archive", "--format=tar", f"HEAD:{unit.relative_to(ROOT)}"],
            cwd=ROOT, check=True, capture_output=True,
        ).stdout  # fmt: skip
        for kind in ("wheel", "sdist"):
            # setuptools leaves folders behind where it builds, and packs what it finds there.
            with tempfile.TemporaryDirectory() as source:
                with tarfile.open(fileobj=BytesIO(packed)) as archive:
                    unpack(archive, Path(source))
                asked = f"from setuptools import build_meta as b; b.build_{kind}({str(DIST)!r})"
                done = subprocess.run(
                    [sys.executable, "-c", asked],
                    cwd=source, env=environment, check=False, capture_output=True, text=True,
                )  # fmt: skip
            if done.returncode:
                raise NotYet(f"{unit.relative_to(ROOT)}: no {kind}:\n{done.stderr[-2000:]}")
    for wheel in sorted(DIST.glob("*.whl")):
        sbom.write(wheel, int(environment["SOURCE_DATE_EPOCH"]))
    made = sorted(DIST.iterdir())
    sums = [f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in made]
    (DIST / "SHA256SUMS").write_text("".join(sums), "utf-8")
    return made


def tag() -> None:
    """Tag the commit; the tag says what the changelog says."""
    text = f"Five Red {__version__}\n\n{notes()}\n"
    _git("tag", "--annotate", "--cleanup=verbatim", "--message", text, TAG)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    """Make the release of this checkout; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="make release", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--dry-run", action="store_true", help="check and build, tag nothing")
    given = parser.parse_args(arguments)
    try:
        check()
        lint()
        made = build()
        if not given.dry_run:
            tag()
    except NotYet as why:
        print(f"release: {why}", file=sys.stderr)
        return 1
    print(f"{len(made)} files and SHA256SUMS lie in dist/")
    if given.dry_run:
        print(f"dry run: {TAG} is not tagged")
    else:
        print(f"{TAG} is tagged. To send it: git push origin {TAG}, and dist/.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
