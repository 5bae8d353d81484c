"""python -m tests.chaos.cluster [--rounds N] [--seed N]

Three RabbitMQ nodes with quorum queues under load: the node of the leaders is killed, a node is cut
off from the others and comes back, all are restarted one after the other, a node hangs. Says how
long it took at most until an event that was committed meanwhile had its effect, and until a call was
answered and had its; whatever was committed must have its one effect, in order.
"""

from __future__ import annotations

import argparse
import logging
import sys
import threading
import time
from collections import defaultdict
from contextlib import ExitStack

from fivered.chassis.messages import Actor
from fivered.chassis.tests.toy.service import Added
from testkit import servers
from testkit.cluster import Cluster
from testkit.waiting import wait_until
from tests.chaos.scene import PATIENCE_S, Broken, Scene, Servers

_OFFICE = Actor("per_1", "R_DISTRICT", "370811")


class ClusterScene(Scene):
    """The toy on three nodes, each of which its processes know."""

    said = 0

    def _broker_url(self, _stack, admin):
        self.vhost = admin.rpartition("/")[2]
        return admin

    @property
    def cluster(self):
        return self.on.rabbit

    def leader(self):
        """Return the node that leads the queue of most that is said."""
        return self.cluster.node_of(self._queue(), self.vhost)

    def _queue(self):
        return next(iter(self.world.installation.queues())).name

    def event_recovered(self, since):
        """Commit an event and wait for its effect. Returns how long it is since then (s)."""
        self.said += 1
        with self.world.runtime.transaction(_OFFICE) as tx:
            tx.publish(Added(0), subject="direct", scope="370811", sequence=self.said)
        asked = "SELECT count(*) FROM entries WHERE subject = 'direct' AND sequence = :n"
        self._until(lambda: self.world.one(asked, n=self.said) == 1, "the effect of an event")
        return time.monotonic() - since

    def whole(self):
        """Wait until every queue has its three members again."""

        def online():
            try:
                return self.cluster.members_online(self._queue(), self.vhost) == 3
            except (OSError, servers.ServerFailed):
                return False

        if not wait_until(online, PATIENCE_S, every=0.2):
            raise Broken("a member of a queue does not come back")


def _leader_killed(scene):
    scene.leader().kill9()


def _brought_back(scene):
    for node in scene.cluster.nodes:
        if not node.running:
            node.start()


def _cut_off(scene):
    scene.parted = scene.leader()
    scene.cluster.part(scene.parted)


def _healed(scene):
    scene.cluster.heal(scene.parted)


def _restarted(scene):
    for node in scene.cluster.nodes:
        node.end()
        node.start()
        scene.whole()


def _hung(scene):
    scene.parted = scene.leader()
    scene.parted.suspend()


def _goes_on(scene):
    scene.parted.suspend(on=False)


# What is done while events and calls are timed, and what is done afterwards.
DEEDS = {
    "the node of the leaders is killed": (_leader_killed, _brought_back),
    "the node of the leaders is cut off": (_cut_off, _healed),
    "the nodes are restarted, one by one": (_restarted, None),
    "the node of the leaders hangs": (_hung, _goes_on),
}


def timed(scene, deed):
    """Do something, and commit events and make calls meanwhile, one after the other. Returns the
    longest that one of each took (s)."""
    events, calls = [], []
    doing = threading.Thread(target=deed, args=(scene,), daemon=True)
    doing.start()
    left = _AFTER
    while left:
        left -= not doing.is_alive()
        events.append(scene.event_recovered(time.monotonic()))
        calls.append(scene.recovered(time.monotonic()))
    doing.join()
    return max(events), max(calls)


# So many of each after the deed is done.
_AFTER = 5


def main() -> int:
    """Run; returns 1 where something did not hold."""
    ask = argparse.ArgumentParser(prog="python -m tests.chaos.cluster")
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--only", default="", help="what has these words")
    ask.add_argument("--short", action="store_true", help="bring nothing back")
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
        print(f"ready after {time.monotonic() - begun:.0f} s", flush=True)
        wanted = [name for name in DEEDS if given.only in name] * given.rounds
        for name in wanted:
            scene.load.begin()
            time.sleep(0.5)
            deed, after = DEEDS[name]
            try:
                event, call = timed(scene, deed)
                print(f"events {event:6.2f} s  calls {call:6.2f} s  {name}", flush=True)
                took["events", name].append(event)
                took["calls", name].append(call)
                if not given.short:
                    if after is not None:
                        after(scene)
                    scene.whole()
                scene.settle()
                scene.check()
            except Broken as error:
                print(f"{name}: {error}")
                for process in scene.processes.values():
                    print(f"--- {process.log.name}\n{process.log.read_text()[-2000:]}")
                return 1
        done = scene.load.answered.total()
    for (what, name), times in took.items():
        found = sorted(times)
        p50, p95 = found[len(found) // 2], found[min(len(found) - 1, int(len(found) * 0.95))]
        print(f"{what:6} {len(found):4} times  p50 {p50:6.2f} s  p95 {p95:6.2f} s  {name}")
    print(f"{done} calls and {scene.said} events of their own, each one effect, in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
