"""`fivered partitions`: how many partitions a service's events go out in, and changing it.

The order of a subject's events is that of one queue. So an event that goes into another queue than
the ones before it may not leave until those have taken effect everywhere: the change drains first.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from fivered.chassis import broker, here, partitioning, topology
from fivered.chassis.broker_users import BrokerUsersSettings, Users, UsersError, reach
from fivered.chassis.relay import LOOK_S
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import CommandFailed, read

# What the broker says of a queue is so old at most (s): it counts every five seconds, twice over.
COUNTED_S = 12.0
_LOOK_S = 1.0
_TRIES = 10


_ONE_PROCESS = "in one process there are no partitions"


def show(runtime: Runtime, *, as_json: bool = False) -> str:
    """Return in one line how many partitions a service has."""
    with runtime.engine.connect() as conn:
        found = partitioning.read(conn, runtime.chassis)
    if as_json:
        told = {"service": runtime.name, "partitions": found.in_force}
        becoming = None if found.was is None else found.partitions
        return json.dumps({**told, "becoming": becoming})
    if runtime.engine.dialect.name != "postgresql":
        return f"{runtime.name}: {_ONE_PROCESS}"
    if found.was is None:
        return f"{runtime.name}: {found.partitions} partitions"
    return (
        f"{runtime.name}: {found.was} partitions, which become {found.partitions} as soon as what"
        f" was published before has taken effect (fivered partitions {runtime.name}"
        f" {found.partitions} goes on)"
    )


class Change:
    """One change of the number of partitions; each step may be done again.

    Args:
        runtime: The service.
        partitions: The new number.
        users: What says how many events wait in a queue, acknowledged or not.
        url: Of the user that applies the topology.
        say: Tells what is done.
    """

    def __init__(
        self,
        runtime: Runtime,
        partitions: int,
        users: Users,
        url: str,
        say: Callable[[str], None],
    ) -> None:
        self._runtime, self._partitions = runtime, partitions
        self._users, self._url, self._say = users, url, say
        self._installation = topology.current_installation(runtime.service_cls)
        if not self._installation.file:
            raise CommandFailed(
                "FIVERED_INSTALLATION names no file: there the workers read which queues there are"
                " (fivered topology show)"
            )

    def run(self) -> None:
        """Make the queues, change the number, and remove the queues that are not needed any more.

        Raises:
            CommandFailed: It cannot go on now; the message says what to do, and the same command
                goes on from there.
        """
        name, wanted = self._runtime.name, self._partitions
        listed = self._installation.partitions_of(name)
        if listed < wanted:
            self._list(wanted)
        broker.apply(self._url, self._installation)
        found = self._begin()
        if found.partitions != wanted:
            raise CommandFailed(
                f"the change to {found.partitions} is not complete:"
                f" fivered partitions {name} {found.partitions}"
            )
        if found.was is not None:
            self._drain(found)
            partitioning.complete(self._runtime.engine, self._runtime.chassis)
            self._say(f"{name}: {wanted} partitions, before {found.was}")
        if self._installation.partitions_of(name) > wanted:
            self._list(wanted)
        self._remove()
        self._say(f"{name} has {wanted} partitions")

    def _list(self, partitions: int) -> None:
        """Write the number into the installation file, which every worker reads again."""
        name = self._runtime.name
        self._installation = self._installation.partitioned(name, partitions)
        path = Path(self._installation.file)
        try:
            # In one piece: others read it at any time.
            fresh = path.with_name(f"{path.name}.new")
            fresh.write_text(self._installation.to_json(), "utf-8")
            fresh.replace(path)
        except OSError as error:
            raise CommandFailed(
                f"{path} cannot be written ({error.strerror}): let it say"
                f' "partitions": {partitions} of {name}, then the same command again'
            ) from error
        self._say(f"{path}: {name} has {partitions} partitions")

    def _begin(self) -> partitioning.Partitioning:
        for _ in range(_TRIES):
            try:
                return partitioning.begin(
                    self._runtime.engine, self._runtime.chassis, self._partitions
                )
            except sa.exc.OperationalError as error:
                why = error
                time.sleep(_LOOK_S)
        raise CommandFailed(f"somebody writes for long: {why.orig}; try again") from why

    def _drain(self, found: partitioning.Partitioning) -> None:
        """Wait until all that was published before has taken effect at every consumer."""
        name, until = self._runtime.name, found.since or 0
        self._say(f"{name}: what is published from now on waits for what was published before")
        engine, tables = self._runtime.engine, self._runtime.chassis
        while left := partitioning.unsent(engine, tables, until):
            self._say(f"{left} events have not left yet")
            time.sleep(_LOOK_S)
        self._say(f"all have left; the broker's counts are trusted in {COUNTED_S:.0f} s")
        time.sleep(COUNTED_S)
        while full := {one: count for one, (count, _) in self._queues().items() if count}:
            told = ", ".join(f"{one} {count}" for one, count in sorted(full.items()))
            self._say(f"waits for {told}")
            time.sleep(_LOOK_S)

    def _remove(self) -> None:
        """Delete the queues beyond the number, once nobody consumes from them."""
        there = {one for one in self._queues() if _number(one) >= self._partitions}
        if not there:
            return
        self._say(f"{len(there)} queues go, as soon as the workers have let go of them")
        time.sleep(LOOK_S + _LOOK_S)
        while held := [one for one in there if self._queues().get(one, (0, 0))[1]]:
            self._say(f"still consumed: {', '.join(sorted(held))}")
            time.sleep(_LOOK_S)
        broker.delete_queues(self._url, there)

    def _queues(self) -> dict[str, tuple[int, int]]:
        """Return the queues of this source: how much is in each, taken or not, and how many
        consume from it."""
        consumers = "|".join(map(re.escape, self._installation.members))
        mine = re.compile(rf"({consumers})\.{re.escape(self._runtime.name)}\.[0-9]+")
        return {
            one.name: (one.messages, one.consumers)
            for one in self._users.queues()
            if mine.fullmatch(one.name)
        }


def _number(queue: str) -> int:
    return int(queue.rpartition(".")[2])


def change(runtime: Runtime, partitions: int, say: Callable[[str], None]) -> None:
    """Change the number of partitions of a service while it runs.

    Raises:
        CommandFailed: It cannot be changed so; the message says why and what to do.
    """
    if partitions not in {2**n for n in range(partitioning.MOST.bit_length())}:
        raise CommandFailed(f"a power of two, at most {partitioning.MOST}, not {partitions}")
    if runtime.engine.dialect.name != "postgresql":
        raise CommandFailed(_ONE_PROCESS)
    url = here.needed_broker_url("that applies the topology")
    try:
        users = reach(read(BrokerUsersSettings), topology.vhost_of(url))
        Change(runtime, partitions, users, url, say).run()
    except (topology.TopologyError, UsersError) as error:
        raise CommandFailed(str(error)) from error
