"""The operator's commands beside `make run` find the system by themselves (OP-M7)."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.systems import Embedded

FIVERED = str(Path(sys.executable).with_name("fivered"))


def test_doctor_events_and_parked_find_what_runs_here(tmp_path):
    system = Embedded(tmp_path / ".fivered")
    system.made = True
    system.start()

    def run(*command):
        clean = {name: value for name, value in os.environ.items() if "FIVERED" not in name}
        return subprocess.run(
            [FIVERED, *command], cwd=tmp_path, env=clean, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip

    try:
        said = run("doctor")
        assert "BAD" not in said.stdout, said.stdout
        assert said.returncode == 0
        assert "none is needed" in said.stdout
        assert run("parked", "list", "credit").stdout == "nothing of credit is parked\n"
        tail = run("events", "tail", "steward", "--limit", "1")
        assert json.loads(tail.stdout)["outbox_id"] > 0
        # Consumers of the embedded mode read by themselves; one may be set back while it is stopped.
        counted = run("events", "replay", "steward", "--only-to", "credit", "--dry-run")
        assert "would go out again to credit only" in counted.stdout
    finally:
        assert system.stop() == 0
    # Nothing runs any more, and nothing is guessed.
    assert run("parked", "list", "credit").returncode == 2
