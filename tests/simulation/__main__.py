"""python -m tests.simulation [--seed N | --seeds N] [--seconds S] [--first N]

Lives through the worlds of some seeds and says which one ended as it must not.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
import traceback
from collections import Counter
from contextlib import ExitStack

from tests.simulation.run import run
from tests.simulation.world import Home


def main() -> int:
    """Run; returns 1 where a seed has failed."""
    ask = argparse.ArgumentParser(prog="python -m tests.simulation")
    ask.add_argument("--seed", type=int, help="this one alone")
    ask.add_argument("--seeds", type=int, default=10_000, help="so many")
    ask.add_argument("--first", type=int, default=1, help="the first of them")
    ask.add_argument(
        "--seconds", type=float, default=float("inf"), help="of computing; then it stops"
    )
    given = ask.parse_args()
    logging.disable(logging.CRITICAL)
    seeds = (
        [given.seed] if given.seed is not None else range(given.first, given.first + given.seeds)
    )
    begun, faults, done = time.process_time(), Counter(), 0
    with ExitStack() as stack:
        home = Home(stack)
        for seed in seeds:
            if time.process_time() - begun > given.seconds:
                break
            try:
                faults += run(home, seed)
            except Exception as error:
                where = "" if isinstance(error, AssertionError) else traceback.format_exc()
                print(f"{where}seed {seed}: {error}\nagain: make simulate SEED={seed}")
                return 1
            done += 1
    took = time.process_time() - begun
    print(f"{done} seeds in {took:.0f} s, {faults.total()} faults, every world ended as it must")
    for name, times in sorted(faults.items()):
        print(f"  {times:7} {name}")
    return 0


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of a set of ids must be that of the run that failed.
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.simulation", *sys.argv[1:]],
            os.environ | {"PYTHONHASHSEED": "0"},
        )
    sys.exit(main())
