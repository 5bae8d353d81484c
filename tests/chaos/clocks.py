"""The toy on machines whose clocks step: by an hour, forwards and backwards, under load.

Each process sees a clock of its own (libfaketime, which reads what is added to the time from a
file); what runs by the monotonic clock goes on, as on a machine whose clock somebody sets. Callers
step with the services, which refuse a signature of another hour. Reminders are armed for an hour
later all the while: each fires once.
"""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

from fivered.chassis import rpc
from fivered.chassis.messages import new_uuid
from tests.chaos.faults import Fault
from tests.chaos.scene import DEADLINE_S, NAMES, Broken, Scene

HOUR_S = 3600
WORKERS = tuple(name for name in NAMES if name.startswith("work"))


def library():
    """Return the library that changes the time of a process, or None (Debian: libfaketime)."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


class ClockScene(Scene):
    """The toy, each process with a clock that can be set."""

    def __init__(self, stack, on, folder):
        self._library, self._folder = library(), folder
        self._steps = dict.fromkeys((*NAMES, "callers"), 0)
        self._armed = 0
        self._time, rpc.time = (
            rpc.time,
            SimpleNamespace(
                time=lambda: time.time() + self._steps["callers"],
                monotonic=time.monotonic,
                perf_counter=time.perf_counter,
            ),
        )
        stack.callback(setattr, rpc, "time", self._time)
        super().__init__(stack, on, folder)
        # What was signed just before the clocks stepped is of another hour when it arrives.
        self.caller.again = ("ROLE_DENIED",)

    def _start(self, name):
        self._write(name)
        return self.world.start(
            name[:-1],
            LD_PRELOAD=str(self._library),
            FAKETIME_TIMESTAMP_FILE=str(self._clock(name)),
            FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            FIVERED_DEMO_CLOCK="0",
        )

    def _clock(self, name):
        return self._folder / f"{name}.clock"

    def _write(self, name):
        # In one move: a process may read it at any time.
        new = self._folder / f"{name}.new"
        new.write_text(f"{self._steps[name]:+d}")
        new.replace(self._clock(name))

    def step(self, names, seconds):
        """Add to the clocks of some processes."""
        for name in names:
            self._steps[name] += seconds
            if name in NAMES:
                self._write(name)

    def everybody(self):
        """Return the names of all clocks."""
        return list(self._steps)

    def stepped(self, name):
        """Return by how much a clock has stepped until now (s)."""
        return self._steps[name]

    def remind(self, count):
        """Arm reminders for an hour later."""
        for _ in range(count):
            body, key = {"counter_id": f"reminder {self._armed}"}, new_uuid()
            self._until(lambda b=body, k=key: self._asked(b, k), "the answer of a reminder")
            self._armed += 1

    def _asked(self, body, key):
        try:
            self.caller.call("remind", body, key=key, deadline_s=DEADLINE_S)
        except rpc.CallFailed:
            return False
        return True

    def check(self):
        """See `Scene.check`; nothing fires twice, nor takes a place before an earlier event."""
        super().check()
        fired = self.world.rows(
            "SELECT subject, count(*) AS times FROM outbox WHERE subject LIKE 'reminder %'"
            " GROUP BY subject HAVING count(*) > 1"
        )
        if fired:
            raise Broken(f"fired more than once: {fired[:5]}")
        mixed = self.world.rows(_MIXED)
        if mixed:
            raise Broken(f"places are out of order: {mixed[:5]}")

    def end(self):
        """Let all clocks go on by two hours: whatever was armed must have fired then.

        Raises:
            Broken: Something has not, or twice.
        """
        ahead = max(self._steps.values())
        for name in self._steps:
            self.step([name], ahead + 2 * HOUR_S - self._steps[name])
        asked = "SELECT count(DISTINCT subject) FROM outbox WHERE subject LIKE 'reminder %'"
        self._until(lambda: self.world.one(asked) == self._armed, "a reminder")
        self.settle()
        self.check()
        return self._armed


# History is read by place: a later event of a subject must not stand before an earlier one.
_MIXED = """
SELECT subject, id, place, before FROM (
    SELECT subject, id, place, lag(place, 1, 0) OVER (PARTITION BY subject ORDER BY id) AS before
    FROM outbox WHERE place IS NOT NULL
) AS placed WHERE place <= before
"""


def _step(which):
    def befall(scene, chance):
        names = which(scene, chance)
        scene.remind(2)
        now = scene.stepped(names[0])
        # Never further than three hours from where it began.
        ways = [way for way in (HOUR_S, -HOUR_S) if abs(now + way) <= 3 * HOUR_S]
        scene.step(names, chance.choice(ways))
        return time.monotonic()

    return befall


def _kill(scene, chance):
    scene.kill(chance.choice(NAMES))
    return time.monotonic()


STEPS = (
    Fault("all clocks step by an hour", _step(lambda scene, _: scene.everybody()), 4, 4),
    Fault("the workers' clocks step by an hour", _step(lambda *_: WORKERS), 3, 3),
    Fault("one worker's clock steps by an hour", _step(lambda _, c: [c.choice(WORKERS)]), 3, 3),
    Fault("a process is killed", _kill, 1, 1),
)
