"""python -m tests.fuzz [--cases 10000] [--seed 1]: cases after the story, in one process."""

from __future__ import annotations

import argparse
import shutil
import sys

from testkit import servers
from tests.fuzz.run import SETTINGS, run, said
from tests.systems import Embedded, told


def main() -> None:
    """Start a system, tell the story, send the cases, print what was wrong."""
    arguments = argparse.ArgumentParser(prog="make fuzz")
    arguments.add_argument("--cases", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    folder = servers.new_folder("fuzz-")
    system = Embedded(folder)
    system.made = True
    try:
        running = system.start(**SETTINGS)
        told(running)
        found = run(running, folder / "data", cases=asked.cases, seed=asked.seed)
        log = (folder / "log").read_text("utf-8", "replace")
    finally:
        system.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(said(found))
    if faults := [line for line in log.splitlines() if "Traceback" in line or "ERROR" in line]:
        print(f"\nits log has {len(faults)} faults, the first: {faults[0][:500]}")
    sys.exit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
