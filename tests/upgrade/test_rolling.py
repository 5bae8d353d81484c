"""The release before is replaced by this one under load, process by process, and put back."""

import os
from contextlib import ExitStack, closing

import pytest

from fivered.chassis import topology
from fivered.clients.demo.api import Api
from fivered.clients.demo.district import PEOPLE
from testkit import servers
from testkit.waiting import wait_until
from tests.upgrade import ladder
from tests.upgrade.rolling import NEW, OLD, Installation, Load

# `make upgrade` with three of the services, or with all five: too long for every `make test`, for a
# start takes more than a second of a core, and there are 20, or 44.
ROLLS = os.environ.get("FIVERED_ROLLS", "")
WHOLE = ROLLS == "five"
SERVICES = ladder.SERVICES if WHOLE else ("steward", "credit", "partner")
BACK = SERVICES if WHOLE else ("partner",)
# The one that is restarted, as `systemctl restart` does, where others go on side by side.
RESTARTED = "partner"
# A `serve` of the release before that waits for its queue looks every 5 s; the rest is a start on a
# machine on which others work.
GAP_S = 60


@pytest.fixture
def on(tmp_path):
    servers.require()
    with ExitStack() as stack:
        yield Installation(stack, tmp_path, SERVICES)


@pytest.fixture
def load(on):
    """People who use an installation of the release before."""
    on.carry_out(OLD, "topology", "apply")
    on.start(OLD, *(f"{kind}-{name}" for name in SERVICES for kind in ("serve", "work")), "gateway")
    found = Load(on)
    found.begin()
    yield found
    found.end()


def restart(on, load, name):
    """Stop `serve` before the new one starts: its queue of calls goes, and comes anew as that of
    this release. Returns what was refused."""
    unit = f"serve-{name}"
    on.stop(on.now[unit])
    on.start(NEW, unit)
    return refused(load, name)


def put_back_behind_a_new_queue(on, load, name):
    """Put `serve` back where the queue of calls is of this release. Returns what was refused."""
    before = on.begin(OLD, f"serve-{name}")
    assert wait_until(lambda: "broker_waits" in before.log.read_text(), 180), "it does not wait"
    load.more()
    assert load.troubles == []
    on.stop(on.now[f"serve-{name}"])
    on.wait(before)
    return refused(load, name)


def refused(load, name):
    """Return how many calls were refused, and for how long (s); nothing else than that the service
    is not there may have been said."""
    load.more()
    times = [at for at, _, _ in load.troubles]
    assert {(service, why) for _, service, why in load.troubles} <= {(name, "SERVICE_UNAVAILABLE")}
    load.troubles.clear()
    span = max(times) - min(times) if times else 0.0
    assert span < GAP_S
    return f"{len(times)} within {span:.1f} s"


@pytest.mark.skipif(not ROLLS, reason="make upgrade runs it")
@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_units_go_forward_and_back_under_load_and_nothing_is_refused_lost_or_done_twice(on, load):
    """As docs/upgrade.md says: the topology, service by service, the gateway last; back, the
    gateway first, and nothing is migrated down; and forward again."""
    on.rabbit.set_policies(topology.policies())
    on.carry_out(NEW, "topology", "apply")
    applied = on.newest()
    said = {}
    for name in SERVICES:
        assert load.troubles == []
        on.carry_out(NEW, "migrate", name)
        # A call that meets the migration at a second table may be refused once.
        said[f"{name} migrated"] = refused(load, name)
        on.replace(NEW, f"work-{name}")
        if name == RESTARTED:
            said["restarted"] = restart(on, load, name)
        else:
            on.replace(NEW, f"serve-{name}")
    on.replace(NEW, "gateway")
    load.more()
    assert load.troubles == []

    on.replace(OLD, "gateway")
    for name in reversed(BACK):
        on.replace(OLD, f"work-{name}")
        if name == RESTARTED:
            said["put back"] = put_back_behind_a_new_queue(on, load, name)
        else:
            on.replace(OLD, f"serve-{name}")
    load.more()
    assert load.troubles == []

    for name in BACK:
        on.replace(NEW, f"serve-{name}", f"work-{name}")
    on.replace(NEW, "gateway")
    load.more()
    load.pause()
    assert load.troubles == []

    print(f"answered {dict(load.answered)}; refused, and done when it came again: {said}")
    everything_has_had_one_effect(on, applied)
    each_accepted_write_is_there_once(on, load)
    with closing(Api(on.address, on.token_key)) as api:
        sheet = api.get("/v1/credit/trial-balance", PEOPLE["auditor"])
    assert (sheet["balanced"], sheet["sum"]) == (True, 0)
    assert on.rows("credit", "SELECT sum(held) FROM wallets") == [(0,)]


def everything_has_had_one_effect(on, applied):
    """Each event at each service that consumes it: by the release before, what it published until
    the topology was applied; by this one, the rest."""
    assert wait_until(lambda: not on.unsent() and not on.parked(), 60, every=0.5), (
        on.unsent(),
        on.parked(),
    )
    assert wait_until(lambda: not on.wrong_effects(on.hears(NEW), applied), 30, every=0.5), (
        on.wrong_effects(on.hears(NEW), applied)[:9]
    )
    assert on.wrong_effects(on.hears(OLD), {})[:9] == []
    assert on.waiting_in_queues() == {}


def each_accepted_write_is_there_once(on, load):
    """What was answered, and nothing else that was made since."""
    for (service, table, column), accepted in load.kept.items():
        found = [row[0] for row in on.rows(service, f"SELECT {column} FROM {table}")]
        assert len(set(accepted)) == len(accepted) > 0
        assert set(found) - load.there[service, table, column] == set(accepted), table
