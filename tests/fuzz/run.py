"""Runs the driver against a system on which the story was told."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from deploy.local.prepare import prepare
from fivered.chassis.installed import service_class, service_names
from fivered.clients.demo import district as place
from fivered.clients.demo.api import Person, token
from fivered.gateway.doors import ROLES
from tests.systems import Running

# An environment beside the one of the tests, in the same folder.
ENVIRONMENT = Path(sys.prefix) / "fuzz"
# The clock would move for all that comes after it.
LEAVE = ["POST /v1/clock"]
# A receiver of webhooks that is listed, on this machine, and at which nobody listens.
NOBODY = "127.0.0.1:9"
SETTINGS = {
    "FIVERED_PERSON_RATE": "0",
    "FIVERED_ADDRESS_RATE": "0",
    "FIVERED_WEBHOOK_HOSTS": NOBODY,
}
# Names of places and members that hold what exists, beside ids.
NAMES = ("grid", "code", "scope", "area", "month", "grids")
MOST = 6
# How long the area of a role is; 12 characters (a community) where nothing else is said.
AREAS = {"R_RESIDENT": 15, "R_MERCHANT": 15, "R_CONSUMER": 15, "R_STREET": 9, "R_DISTRICT": 6}


def actors(key: str) -> dict[str, dict[str, str]]:
    """Return role -> token and header, for each role that there is, and for nobody."""
    found = {"": {"token": "", "acting": ""}}
    for role in sorted(ROLES):
        person = next(
            (one for one in place.PEOPLE.values() if role in dict(one.grants)),
            Person(
                role,
                place.PEOPLE["resident3"].person_id,
                ((role, place.GRID[: AREAS.get(role, 12)]),),
            ),
        )
        found[role] = {"token": token(key, person), "acting": role}
    return found


def pool(folder: Path) -> dict[str, list[str]]:
    """Return name of a column -> values that the story has left there."""
    found: dict[str, list[str]] = {}
    for service in service_names():
        with closing(sqlite3.connect(f"file:{folder}/{service}.sqlite?mode=ro", uri=True)) as conn:
            for table in service_class(service).tables.sorted_tables:
                for column in table.columns:
                    name = column.name
                    if not (name.endswith("_id") or name in NAMES):
                        continue
                    rows = conn.execute(
                        f"SELECT DISTINCT {name} FROM {table.name}"
                        f" WHERE {name} IS NOT NULL LIMIT {MOST}"
                    ).fetchall()
                    known = found.setdefault(name, [])
                    known += [row[0] for row in rows if isinstance(row[0], str)]
    return {name: sorted(set(values)) for name, values in found.items() if values}


def run(running: Running, folder: Path, *, cases: int, seed: int) -> dict:
    """Send cases; returns what the driver writes.

    Args:
        running: The system.
        folder: Its databases.
        cases: How many are sent.
        seed: What they are drawn by.
    """
    prepare("fuzz", ENVIRONMENT)
    told = {
        "address": running.address,
        "seed": seed,
        "cases": cases,
        "actors": actors(running.token_key),
        "pool": pool(folder) | {"url": [f"http://{NOBODY}/told"]},
        "leave": LEAVE,
    }
    done = subprocess.run(
        [ENVIRONMENT / "bin" / "python", "-I", Path(__file__).with_name("driver.py")],
        input=json.dumps(told), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    found: dict = json.loads(done.stdout)
    return found


def said(found: dict) -> str:
    """Return what was found, as lines."""
    lines = [
        f"{found['cases']} cases to {found['doors']} doors, {found['linked']} of them by a link",
        f"{len(found['served'])} doors answered 2xx; {found['processor_s']} s of computing here",
    ]
    for role, statuses in sorted(found["statuses"].items()):
        counted = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
        lines.append(f"  {role or 'nobody':16} {counted}")
    for one in found["wrong"]:
        lines.append(f"\n{one['operation']} as {one['role'] or 'nobody'} ({one['times']} times)")
        lines.append(f"  {one['check']}: {one['says']}\n  {one['answer']}\n  {one['repeat']}")
    return "\n".join(lines)
