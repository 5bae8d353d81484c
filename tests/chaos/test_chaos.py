"""A short run of the chaos: seeded, each kind of fault that does not take long."""

import re
import subprocess
import sys

import pytest

from testkit import servers
from tests.systems import ROOT

# As many as a minute has room for; `make chaos` has a thousand.
FAULTS = 18


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.covers("C5", "N1", "N12")
def test_after_each_fault_every_event_has_one_effect_in_order():
    servers.require()
    asked = [sys.executable, "-m", "tests.chaos", "--short", "--seed", "1"]
    asked += ["--faults", str(FAULTS)]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    (faults, calls) = map(int, re.search(r"(\d+) faults, (\d+) calls", done.stdout).groups())
    assert faults == FAULTS
    assert calls > 5 * FAULTS


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.covers("C5", "N1", "N12")
def test_a_cluster_that_loses_its_leaders_loses_no_event_and_goes_on():
    """A service answered no calls while the node of its queue of calls was away."""
    servers.require()
    asked = [sys.executable, "-m", "tests.chaos.cluster", "--rounds", "1", "--only", "killed"]
    done = subprocess.run(
        [*asked, "--short"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    longest = re.search(r"events +(\S+) s  calls +(\S+) s", done.stdout).groups()
    # On a machine with nothing else to do half a second; here others work beside it.
    assert max(map(float, longest)) < 8
