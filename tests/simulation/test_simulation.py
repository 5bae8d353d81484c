"""Seeds of the simulation: what a fault of the bus may do, and that the simulation would see it."""

import re
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from fivered.chassis import inbox
from fivered.chassis.relay import Relay
from tests.simulation import run as simulation
from tests.simulation.world import Home, Unlike
from tests.systems import ROOT

# Of computing. The two minutes are `make simulate`.
SECONDS = 40


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.covers("C5", "E12", "N1")
def test_the_worlds_of_many_seeds_end_as_if_nothing_had_gone_wrong():
    asked = [sys.executable, "-m", "tests.simulation", "--seconds", str(SECONDS)]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    seeds, faults = map(int, re.match(r"(\d+) seeds in \d+ s, (\d+) faults", done.stdout).groups())
    assert seeds >= 20
    assert faults > 10 * seeds


# --------------------------------------------------------------------------------------------------
# What it would see


@pytest.fixture(scope="module")
def home():
    with ExitStack() as stack:
        yield Home(stack)


def heard_again_counts(monkeypatch):
    monkeypatch.setattr(inbox, "enter", _enter_all)


def _enter_all(_tx, _handler, event_ids, _now):
    return list(event_ids)


def marked_before_it_is_confirmed(monkeypatch):
    send = Relay._send_window

    def marking(relay, publisher, database):
        table = relay.runtime.chassis.outbox
        publish = publisher.publish

        def publish_marked(window, outcome):
            with relay.runtime.engine.begin() as conn:
                sent = sa.update(table).where(table.c.id.in_([row.id for row in window]))
                conn.execute(sent.values(sent_at=datetime.now(UTC)))
            publish(window, outcome)

        publisher.publish = publish_marked
        return send(relay, publisher, database)

    monkeypatch.setattr(Relay, "_send_window", marking)


def sent_newest_first(monkeypatch):
    read = Relay._read
    monkeypatch.setattr(Relay, "_read", lambda relay, database: read(relay, database)[::-1])


def first_of_a_connection_in_one_window(monkeypatch):
    """A queue whose leader was away for a moment refused an event and took the next one."""
    monkeypatch.setattr(Relay, "_careful", lambda _relay, found: found)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("breaks", "seen"),
    [
        (heard_again_counts, "more than once"),
        (marked_before_it_is_confirmed, "no effect of|waits in vain|are stuck"),
        (sent_newest_first, "out of order"),
        (first_of_a_connection_in_one_window, "out of order"),
    ],
)
def test_a_seed_fails_where_the_mechanism_is_broken(home, monkeypatch, breaks, seen):
    breaks(monkeypatch)
    with pytest.raises(Unlike, match=seen):
        for seed in range(8, 40):
            simulation.run(home, seed)
