"""The databases of the release before, and that release itself."""

from __future__ import annotations

import io
import lzma
import shutil
import sqlite3
import subprocess
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from deploy import release
from deploy.local.prepare import units
from tests.systems import ROOT

RELEASE = "a860143"
FOLDER = Path(__file__).parent / "release_0_1_0"
SERVICES = ("credit", "forum", "partner", "property", "steward")


def dump(service: str, dialect: str) -> str:
    """Return the SQL that fills a service's database as the release before left it."""
    return lzma.decompress((FOLDER / f"{service}.{dialect}.sql.xz").read_bytes()).decode()


def restore_sqlite(service: str, path: Path) -> str:
    """Fill a file; returns its URL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as conn:
        conn.executescript(dump(service, "sqlite"))
    conn.close()
    return f"sqlite:///{path}"


def restore_postgresql(service: str, url: str) -> str:
    """Fill an empty database; returns its URL."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as conn:
        conn.connection.driver_connection.execute(dump(service, "postgresql"))
    engine.dispose()
    return url


def restore_folder(data: Path) -> None:
    """Make the data folder of an embedded system."""
    for service in SERVICES:
        restore_sqlite(service, data / f"{service}.sqlite")
    shutil.copy(FOLDER / "keys.json", data / "keys.json")


def code_of_the_release_before(folder: Path) -> Path:
    """Unpack the release before out of this repository's history.

    Where that folder is the current one, its units are the installed ones.
    """
    packed = subprocess.run(
        ["git", "archive", "--format=tar", RELEASE], cwd=ROOT, capture_output=True, check=False
    )
    assert packed.returncode == 0, (
        f"the history of this clone does not hold {RELEASE} (git fetch --unshallow): "
        + packed.stderr.decode()
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
        release.unpack(tar, folder)
    projects = [_project_of(unit) for unit in folder.glob("**/pyproject.toml")]
    known = {project["name"] for project in projects if project}
    # A unit that came later is installed here, and was not there then.
    later = [_project_of(unit / "pyproject.toml") for unit in units()]
    absent = [{"name": one["name"], "version": "0"} for one in later if one["name"] not in known]
    for project in [*projects, *absent]:
        if project:
            _install(project, folder)
    return folder


def _project_of(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8")).get("project", {})


def _install(project: dict[str, Any], folder: Path) -> None:
    """Write what an installed unit says of itself, which counts before what is installed here."""
    about = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir()
    said = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (about / "METADATA").write_text(said, "utf-8")
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {where}\n" for name, where in named.items())
        for group, named in project.get("entry-points", {}).items()
    )
    (about / "entry_points.txt").write_text(points, "utf-8")
