"""`make images`: build every unit's image by deploy/Dockerfile with buildah, on a base that is made
here, and start each; `make images UNITS="credit gateway"`: these only.

No registry and no engine is asked: the base is a Debian 13 made by debootstrap, with its Python
3.13 in place of the one of python:3.13-slim-trixie. What is built shows that the recipe builds and
that each unit starts in it as the user of the containers; it is not what is shipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy import manifests
from deploy.local import next as newer
from fivered.chassis import __version__
from fivered.chassis.installed import service_names
from testkit import servers

ROOT = Path(__file__).resolve().parents[2]
BASE = f"localhost/fivered/base:{newer.SUITE}"
_PACKAGES = f"python{newer.PYTHON}-venv,ca-certificates"
# In a namespace: no image is started by an engine here.
_BUILD = ("bud", "--isolation", "chroot", "--layers", "-q")


def main(chosen: Sequence[str]) -> int:
    """Build and start the chosen units, or all. Returns the exit code."""
    servers.tie_to_make()
    try:
        units = folders(chosen)
        newer.require()
        base()
        for unit in units:
            began = time.monotonic()
            image = build(unit)
            print(f"{image}: {started(unit, image)} ({time.monotonic() - began:.0f} s)", flush=True)
    except newer.CannotRun as why:
        print(f"fivered: make images cannot run: {why}", file=sys.stderr)
        return 1
    return 0


def folders(chosen: Sequence[str]) -> list[str]:
    """Return the folders of units by their names; all where none is named.

    Raises:
        CannotRun: There is no such unit.
    """
    known = {name: f"services/{name}" for name in service_names()} | {"gateway": "gateway"}
    if strange := [name for name in chosen if name not in known]:
        raise newer.CannotRun(f"no unit is named {strange[0]}; there are {', '.join(known)}")
    return [known[name] for name in chosen or known]


def _buildah(*words: str) -> str:
    """Run buildah; returns what it says.

    Raises:
        CannotRun: It failed; the message has its last lines.
    """
    if shutil.which("buildah") is None:
        raise newer.CannotRun("buildah is not installed: apt-get install -y buildah")
    done = subprocess.run(
        ["buildah", *words], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise newer.CannotRun(f"this step failed: buildah {' '.join(words[:8])}\n{last}")
    return done.stdout.strip()


def base() -> None:
    """Make the base, unless it is there.

    Raises:
        CannotRun: It could not be made.
    """
    if BASE in _buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
        return
    print(f"making {BASE} (once) ...", flush=True)
    place = newer.cache() / "base"
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        newer.made(place, "base", place, newer.mirror(), _PACKAGES)
        made = _buildah("from", "scratch")
        try:
            _buildah("add", "-q", made, str(place), "/")
            path = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
            _buildah("config", "--env", f"PATH={path}", "--env", "LC_ALL=C.UTF-8", made)
            _buildah("commit", "-q", made, BASE)
        finally:
            _buildah("rm", made)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def build(unit: str) -> str:
    """Build a unit's image; returns its name.

    Raises:
        CannotRun: A step of the recipe failed.
    """
    image = f"localhost/fivered/{unit.rpartition('/')[2]}:{__version__}"
    given = [f"BASE={BASE}", f"UNIT={unit}", f"VERSION={__version__}"]
    arguments = [word for one in given for word in ("--build-arg", one)]
    _buildah(*_BUILD, "-f", "deploy/Dockerfile", *arguments, "-t", image, ".")
    return image


def started(unit: str, image: str) -> str:
    """Start a unit in its image as the containers' user, with nothing set: it names every setting
    that it lacks. Returns what was seen.

    Raises:
        CannotRun: It did something else.
    """
    command = ["gateway"] if unit == "gateway" else ["serve", unit.rpartition("/")[2]]
    made = _buildah("from", image)
    try:
        run = ["buildah", "run", "--isolation", "chroot", "--user", str(manifests.USER), made, "--"]
        fivered = "/opt/fivered/bin/fivered"
        version = subprocess.run(
            [*run, fivered, "--version"], capture_output=True, text=True, check=False
        )
        done = subprocess.run(
            [*run, fivered, *command], capture_output=True, text=True, check=False
        )
        said = done.stderr
        if version.stdout.strip() != f"fivered {__version__}" or "is not set" not in said:
            raise newer.CannotRun(f"{image} does not start: {version.stderr} {said}")
        check = "test -w /var/lib/fivered/blobs && ! test -w /opt/fivered && id -u"
        who = subprocess.run([*run, "sh", "-c", check], capture_output=True, text=True, check=False)
        if who.stdout.strip() != str(manifests.USER):
            raise newer.CannotRun(f"{image}: file modes are not those of its user: {who.stderr}")
        return f"{version.stdout.strip()}, user {who.stdout.strip()}"
    finally:
        _buildah("rm", made)


if __name__ == "__main__":
    os.environ.setdefault("BUILDAH_ISOLATION", "chroot")
    sys.exit(main(sys.argv[1:]))
