"""Which tests take turns: those that start whole installations, make releases, or tell the longest
stories.

They are more than a third of the computing of all tests and change seldom, so `make test` runs a
quarter of them: the commit says which. `make test-all` runs all of them, as does pytest where it is
called by itself. Before a release all have to pass.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VARIABLE, ALL = "FIVERED_TEST_TURN", "all"
# Each about four minutes of computing.
TURNS: tuple[tuple[str, ...], ...] = (
    (
        "chassis/tests/test_broker_faults.py",
        "chassis/tests/test_consumers.py",
        "chassis/tests/test_distributed.py",
        "tests/deploy/test_restore.py",
        "tests/deploy/test_tls.py",
        "tests/journeys/test_keys.py",
        "tests/journeys/test_over_rabbitmq.py",
        "tests/journeys/test_templates.py",
        "tests/journeys/test_traces.py",
        "tests/journeys/test_year_end.py",
        "tests/upgrade/test_upgrade.py",
    ),
    (
        "gateway/tests/test_serving.py",
        "tests/deploy/test_second_try.py",
        "tests/deploy/test_membership.py",
        "tests/deploy/test_systemd.py",
        "tests/faults/test_disorder.py",
        "tests/journeys/test_first_day.py",
        "tests/journeys/test_load.py",
        "tests/journeys/test_story.py",
        "tests/journeys/test_tools_beside_a_run.py",
        "tests/simulation/test_simulation.py",
    ),
    (
        "chassis/tests/test_repartition.py",
        "chassis/tests/test_leases.py",
        "tests/credit_order/test_arrival_order.py",
        "tests/deploy/test_least_permissions.py",
        "tests/deploy/test_rotation.py",
        "tests/deploy/test_tools.py",
        "tests/faults/test_embedded_kill.py",
        "tests/journeys/test_metrics.py",
        "tests/journeys/test_unseen.py",
        "tests/journeys/test_webhooks.py",
    ),
    (
        "clients/python/tests/test_with_broker.py",
        "chassis/tests/test_delivery_limits.py",
        "gateway/tests/test_history.py",
        "tests/chaos/test_chaos.py",
        "tests/deploy/test_files.py",
        "tests/deploy/test_release.py",
        "tests/faults/test_distributed_kill.py",
        "tests/faults/test_killed_import.py",
        "tests/fuzz/test_fuzz.py",
        "tests/journeys/test_project_month.py",
    ),
)


def of_commit(folder: Path = ROOT) -> str:
    """Return whose turn it is at the commit of a checkout, from 1; `all` where there is none."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=False
    )
    return str(1 + int(done.stdout, 16) % len(TURNS)) if done.returncode == 0 else ALL


def waiting(files: Iterable[str]) -> set[str]:
    """Return those of some test files whose turn it is not.

    Raises:
        ValueError: FIVERED_TEST_TURN is neither a turn nor `all`.
    """
    turn = os.environ.get(VARIABLE) or ALL
    if turn == ALL:
        return set()
    if turn not in {str(number) for number in range(1, len(TURNS) + 1)}:
        raise ValueError(f"{VARIABLE} must be 1 to {len(TURNS)}, or {ALL}, and not {turn}")
    others = {one for turns in TURNS if turns is not TURNS[int(turn) - 1] for one in turns}
    return others & set(files)
