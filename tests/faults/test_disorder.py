"""Events come twice and in another order, and all of them once more: the end state is the same."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from deploy.local.up import running
from testkit.waiting import wait_until
from tests.systems import ROOT, told

SERVICES = ("credit", "forum", "partner", "property", "steward")
DISORDER = (sys.executable, "-m", "tests.faults.disorder")


# --------------------------------------------------------------------------------------------------
# One process


def read(system, service, statement):
    path = system.folder / "data" / f"{service}.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        return conn.execute(statement).fetchall()


def parked(system):
    asked = "SELECT source, fact, reason, error FROM parked WHERE state <> 'DROPPED'"
    return {name: rows for name in SERVICES if (rows := read(system, name, asked))}


def heard(system):
    return {name: read(system, name, "SELECT count(*) FROM inbox")[0][0] for name in SERVICES}


def cursors(system):
    """How far every subscriber has read every source."""
    return {
        (name, source): position
        for name in SERVICES
        for source, position in read(system, name, "SELECT source, position FROM cursors")
    }


def read_all_again(system):
    """Set every cursor back to the beginning, as a restored backup may."""
    for name in SERVICES:
        path = system.folder / "data" / f"{name}.sqlite"
        with closing(sqlite3.connect(path)) as conn, conn:
            assert conn.execute("UPDATE cursors SET position = 0").rowcount > 0


@pytest.mark.timeout(400)
@pytest.mark.covers("C5", "C8", "E12", "N12", "F16-flow")
def test_with_every_event_twice_and_in_another_order_the_story_ends_the_same(embedded, expected):
    embedded.program = DISORDER
    system = embedded.start()
    assert told(system) == expected
    once = told(system, exact=True)
    assert parked(embedded) == {}
    assert embedded.stop() == 0

    # And once more: everything that was ever said is read again, in disorder too.
    ends, receipts = cursors(embedded), heard(embedded)
    read_all_again(embedded)
    again = embedded.start()

    def all_read():
        return all(cursors(embedded)[key] >= end for key, end in ends.items())

    assert wait_until(all_read, 60, every=0.1)
    assert heard(embedded) == receipts
    assert parked(embedded) == {}
    assert told(again, exact=True) == once


# --------------------------------------------------------------------------------------------------
# RabbitMQ and PostgreSQL


def fivered(environment, *arguments):
    """Run a command of an operator in the installation's environment."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("fivered")), *arguments],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.servers
@pytest.mark.timeout(900)
@pytest.mark.covers(
    "C5", "E12", "F1-flow", "F2-flow", "F3-flow", "F4-flow", "F5-flow", "F7-flow", "N1"
)
def test_the_story_over_rabbitmq_ends_the_same_and_so_when_everything_is_sent_again(
    installation, expected
):
    assert told(installation.running) == expected
    once = told(installation.running, exact=True)
    environment = running(installation.state)["environment"]
    for service in SERVICES:
        ((said,),) = installation.rows(service, "SELECT count(*) FROM outbox")
        out = fivered(environment, "events", "replay", service)
        assert out.startswith(f"{said} events of {service} ")

    unsent = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"

    def all_sent():
        return all(installation.rows(name, unsent) == [(0,)] for name in SERVICES)

    assert wait_until(all_sent, 120, every=0.1)
    # Told once more: what the replay had done would show.
    assert told(installation.running, exact=True) == once
    for service in SERVICES:
        assert installation.rows(service, "SELECT count(*) FROM parked") == [(0,)]
