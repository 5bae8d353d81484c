"""python -m tests.chaos.cluster [--rounds N] [--only WORDS] [--tell S]

Three RabbitMQ nodes with quorum queues under load: the node of a queue's leader is killed, cut off
or hangs, and comes back; all are restarted one after the other. One event after the other is
committed for that queue, and one call after the other made, before, while and after that happens;
whatever was committed must have its one effect, in order.

Says how long it took until all was back: the longest that an event waited for its effect at the
hearer, or a call for its answer, from the fault on (from its own commit, where that was later), all
those until the cluster is whole again. `nothing` is the same without a fault: what the machine adds.
What took longer than --tell is told with everything that processes and nodes have logged meanwhile.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from datetime import UTC, datetime

from fivered.chassis import topology
from fivered.chassis.messages import Actor
from fivered.chassis.partitioning import partition_of
from fivered.chassis.tests.toy.service import Added
from testkit import servers
from testkit.cluster import Cluster
from testkit.waiting import wait_until
from tests.chaos.scene import PATIENCE_S, Broken, Calling, Scene, Servers, insist

_OFFICE = Actor("per_1", "R_DISTRICT", "370811")
_SUBJECT = "direct"


class Probes(Calling):
    """Commits events one after the other, and makes calls one after the other.

    Attributes:
        took: For events and for calls, when each began and when it had its effect (s, monotonic).
    """

    def __init__(self, scene):
        self._scene = scene
        self.took = {"events": [], "calls": []}
        super().__init__(len(self.took))

    def _call(self, n):
        what = list(self.took)[n]
        ask = {"events": self._scene.commit, "calls": self._scene.ask}[what]
        while self._may(n):
            begun = time.monotonic()
            try:
                ask()
            except Exception as error:
                self._failed(n, f"{what}: {error!r}")
                return
            self.took[what].append((begun, time.monotonic()))

    def more(self, count):
        """Wait until so many of each that begin from now on had their effect."""
        since = time.monotonic()

        def enough():
            return self.fault or all(
                sum(begun >= since for begun, _ in found) >= count for found in self.took.values()
            )

        if not wait_until(enough, PATIENCE_S, every=0.02) or self.fault:
            raise Broken(self.fault or "no probe comes through")

    def longest(self, what, fault):
        """Return the longest that one of them took, as far as it was after a fault (s)."""
        return max(done - max(begun, fault) for begun, done in self.took[what] if done > fault)


class ClusterScene(Scene):
    """The toy on three nodes, each of which its processes know."""

    said = 0

    def _broker_url(self, _stack, admin):
        self.vhost = admin.rpartition("/")[2]
        self.world.env["FIVERED_LOG_LEVEL"] = "INFO"
        return admin

    @property
    def cluster(self):
        return self.on.rabbit

    def leader(self):
        """Return the node that leads the queue of what is committed."""
        return self.cluster.node_of(self._queue(), self.vhost)

    def _queue(self):
        return topology.queue_name("toy", "toy", partition_of(_SUBJECT))

    def commit(self):
        """Commit an event and wait for its effect."""
        self.said += 1
        with self.world.runtime.transaction(_OFFICE) as tx:
            tx.publish(Added(0), subject=_SUBJECT, scope="370811", sequence=self.said)
        asked = "SELECT count(*) FROM entries WHERE subject = :subject AND sequence = :n"
        self._until(
            lambda: self.world.one(asked, subject=_SUBJECT, n=self.said) == 1,
            "the effect of an event",
        )

    def ask(self):
        """Call until it is answered."""
        insist(self.caller, "probe")
        self._probed += 1

    def whole(self):
        """Wait until every queue has its three members again."""

        def online():
            try:
                return self.cluster.members_online(self._queue(), self.vhost) == 3
            except (OSError, servers.ServerFailed):
                return False

        if not wait_until(online, PATIENCE_S, every=0.2):
            raise Broken("a member of a queue does not come back")

    def told(self, since, until):
        """Return what was logged in a time, by whom, and when the events that took long in it
        were committed, sent and heard."""
        begin, end = (datetime.fromtimestamp(at, UTC) for at in (since, until))
        lines = []
        for name, process in self.processes.items():
            for line in process.log.read_text().splitlines():
                with_at = json.loads(line) if line.startswith("{") else {}
                if begin <= datetime.fromisoformat(with_at.get("at", _LONG_AGO)) <= end:
                    lines.append((datetime.fromisoformat(with_at.pop("at")), name, str(with_at)))
        for node in self.cluster.nodes:
            for path in node.base.glob("log/*.log"):
                for line in path.read_text().splitlines():
                    try:
                        at = datetime.fromisoformat(line[:32])
                    except ValueError:
                        continue
                    if begin <= at <= end:
                        lines.append((at, node.nodename, line[33:]))
        asked = (
            "SELECT recorded_at, sent_at, heard_at, o.subject FROM outbox o LEFT JOIN inbox i"
            " ON i.event_id = o.event_id WHERE recorded_at BETWEEN :begin AND :end"
            " AND (heard_at - recorded_at > interval '0.7 s' OR heard_at IS NULL)"
            " ORDER BY recorded_at LIMIT 12"
        )
        for row in self.world.rows(asked, begin=begin, end=end):
            lines.append(
                (
                    row["recorded_at"],
                    "committed",
                    str(
                        {
                            name: at.time().isoformat() if hasattr(at, "time") else at
                            for name, at in row.items()
                        }
                    ),
                )
            )
        return [
            f"{at.astimezone(UTC).time().isoformat('milliseconds')} {who}: {what[:400]}"
            for at, who, what in sorted(lines)
        ]


_LONG_AGO = "2000-01-01T00:00:00+00:00"


def _leader_killed(scene):
    scene.hit = scene.leader()
    return scene.hit.kill9


def _comes_back(scene):
    return scene.hit.start


def _cut_off(scene):
    scene.hit = scene.leader()
    return lambda: scene.cluster.part(scene.hit)


def _healed(scene):
    return lambda: scene.cluster.heal(scene.hit)


def _restarted(scene):
    def restart():
        for node in scene.cluster.nodes:
            node.end()
            node.start()
            scene.whole()

    return restart


def _hung(scene):
    scene.hit = scene.leader()
    return scene.hit.suspend


def _started_anew(scene):
    def start():
        # One that went on would find the others ahead of it: RabbitMQ calls that a partition, and
        # its database does not come together again by itself.
        scene.hit.kill9()
        scene.hit.start()

    return start


def _nothing(_scene):
    return lambda: time.sleep(2)


# What befalls the cluster, and what ends it: each finds out first, and returns what is then done.
DEEDS = {
    "nothing": (_nothing, "", None),
    "leader killed": (_leader_killed, "killed node back", _comes_back),
    "leader cut off": (_cut_off, "cut off node healed", _healed),
    "rolling restart": (_restarted, "", None),
    "leader hangs": (_hung, "hung node started anew", _started_anew),
}
# So many events and calls have their effect before the next thing is done.
_AFTER = 5


def befall(scene, probes, deed, *, whole):
    """Do something while events are committed. Returns when, as monotonic and as epoch seconds."""
    do = deed(scene)
    at, wall = time.monotonic(), time.time()
    do()
    probes.more(_AFTER)
    if whole:
        scene.whole()
        probes.more(_AFTER)
    return at, wall


def main() -> int:
    """Run; returns 1 where something did not hold."""
    ask = argparse.ArgumentParser(prog="python -m tests.chaos.cluster")
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--only", default="", help="what has one of these words: killed,cut")
    ask.add_argument("--short", action="store_true", help="bring nothing back")
    ask.add_argument("--tell", type=float, default=float("inf"), help="what took longer (s)")
    given = ask.parse_args()
    logging.disable(logging.CRITICAL)
    begun = time.monotonic()
    took = defaultdict(list)
    with ExitStack() as stack:
        folder = stack.enter_context(servers.temporary_folder("chaos-"))
        cluster = Cluster()
        stack.callback(cluster.stop)
        postgres = servers.Postgres()
        stack.callback(postgres.stop)
        on = Servers(cluster.start(), postgres.start(), None)
        scene = ClusterScene(stack, on, folder)
        probes = Probes(scene)
        stack.callback(probes.end)
        print(f"ready after {time.monotonic() - begun:.0f} s", flush=True)
        # In turns, so that a machine that is busier for a while slows all kinds alike.
        wanted = [name for name in DEEDS if any(one in name for one in given.only.split(","))]
        for name in wanted * given.rounds:
            deed, back, after = DEEDS[name]
            try:
                for load in (scene.load, probes):
                    load.begin()
                probes.more(_AFTER)
                steps = [(name, deed, after is None)]
                if after is not None and not given.short:
                    steps.append((back, after, True))
                for what, do, whole in steps:
                    at, wall = befall(scene, probes, do, whole=whole)
                    _tell(probes, what, at, took)
                    if took["events", what][-1] > given.tell:
                        print("\n".join(scene.told(wall - 1, time.time())), flush=True)
                probes.pause()
                scene.settle()
                scene.check()
            except Broken as error:
                print(f"{name}: {error}")
                print("\n".join(scene.told(time.time() - PATIENCE_S - 30, time.time())))
                return 1
        done = scene.load.answered.total()
    for (what, name), times in sorted(took.items()):
        found = sorted(times)
        p50, p95 = found[len(found) // 2], found[min(len(found) - 1, int(len(found) * 0.95))]
        print(
            f"{what:6} {len(found):4} times  p50 {p50:6.2f} s  p95 {p95:6.2f} s"
            f"  max {found[-1]:6.2f} s  {name}"
        )
    print(f"{done} calls and {scene.said} events of their own, each one effect, in order")
    return 0


def _tell(probes, name, at, took):
    told = []
    for what in probes.took:
        took[what, name].append(found := probes.longest(what, at))
        told.append(f"{what} {found:6.2f} s")
    print(f"{'  '.join(told)}  load {os.getloadavg()[0]:5.1f}  {name}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
