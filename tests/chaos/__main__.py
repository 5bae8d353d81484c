"""python -m tests.chaos [--faults N] [--seed N] [--short] [--district | --clocks]

Lets faults befall the toy on real servers under load, one after the other, and looks after each of
them: every event that was committed has one effect, in the order of its subject; the books balance;
every call that was answered is done, once. Says how long it took until a call had its effect again.
With --district they befall the five services and the gateway; see `district.py`. With --clocks the
clocks of the processes step; see `clocks.py`.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time
from collections import defaultdict
from contextlib import ExitStack

from testkit import servers
from tests.chaos import clocks
from tests.chaos.district import DistrictScene
from tests.chaos.faults import DISTRICT, FAULTS, draw
from tests.chaos.scene import Broken, Scene, open_servers


def main() -> int:
    """Run; returns 1 where something did not hold."""
    ask = argparse.ArgumentParser(prog="python -m tests.chaos")
    ask.add_argument("--faults", type=int, default=1000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--short", action="store_true", help="without the faults that take long")
    ask.add_argument("--seconds", type=float, default=float("inf"), help="then it stops")
    ask.add_argument("--district", action="store_true", help="the five services and the gateway")
    ask.add_argument("--clocks", action="store_true", help="the clocks of the processes step")
    ask.add_argument("--only", default="", help="faults whose name has these words")
    given = ask.parse_args()
    logging.disable(logging.CRITICAL)
    chance = random.Random(given.seed)
    took, begun = defaultdict(list), time.monotonic()
    with ExitStack() as stack:
        folder = stack.enter_context(servers.temporary_folder("chaos-"))
        if given.clocks and clocks.library() is None:
            ask.error("not installed: apt-get install -y libfaketime")
        kind = DistrictScene if given.district else clocks.ClockScene if given.clocks else Scene
        scene = kind(stack, open_servers(stack), folder)
        print(f"seed {given.seed}; ready after {time.monotonic() - begun:.0f} s", flush=True)
        begun = time.monotonic()
        faults = clocks.STEPS if given.clocks else DISTRICT if given.district else FAULTS
        for number, fault in enumerate(
            draw(chance, given.faults, short=given.short, only=given.only, of=faults), 1
        ):
            if time.monotonic() - begun > given.seconds:
                break
            scene.load.begin()
            time.sleep(chance.uniform(0.1, 0.4))
            try:
                seconds = scene.recovered(fault.befall(scene, chance))
                scene.settle()
                scene.check()
            except Broken as error:
                print(f"fault {number} of seed {given.seed}, {fault.name}: {error}")
                for name, process in scene.processes.items():
                    print(f"--- {name}\n{process.log.read_text()[-1500:]}")
                return 1
            took[fault.name].append(seconds)
            print(f"{number:5} {seconds:7.2f} s  {fault.name}", flush=True)
        done = scene.load.answered.total()
        if given.clocks:
            print(f"{scene.end()} reminders, each fired once")
    tell(took, done)
    return 0


def tell(took, done) -> None:
    """Tell the times to recovery: the median, and what 95 of 100 are within."""
    every = sorted(seconds for found in took.values() for seconds in found)
    for name, times in [*sorted(took.items()), ("all of them", every)]:
        found = sorted(times)
        p50, p95 = found[len(found) // 2], found[min(len(found) - 1, int(len(found) * 0.95))]
        print(f"{len(found):5} times  p50 {p50:6.2f} s  p95 {p95:6.2f} s  {name}")
    print(f"{len(every)} faults, {done} calls, each event one effect, in order")


if __name__ == "__main__":
    sys.exit(main())
