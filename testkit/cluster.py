"""Three RabbitMQ nodes on loopback that are one broker, to be killed, cut off and restarted."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
from typing import Any

from testkit import servers

NAMES = ("r1", "r2", "r3")
_CONF = """
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.discovery_retry_limit = 10
cluster_formation.discovery_retry_interval = 300
cluster_partition_handling = pause_minority
net_ticktime = 8
queue_master_locator = client-local
"""


class Cluster:
    """Three nodes with one cookie and one epmd.

    Attributes:
        nodes: They, in the order of their names.
    """

    def __init__(self) -> None:
        self.base = servers.new_folder("cluster-")
        self._epmd_port = servers.free_port()
        self._epmd: subprocess.Popen[bytes] | None = None
        peers = "\n".join(
            f"cluster_formation.classic_config.nodes.{n} = {name}@localhost"
            for n, name in enumerate(NAMES, 1)
        )
        cookie = secrets.token_hex(16)
        self.nodes = []
        for name in NAMES:
            home = self.base / name / "home"
            home.mkdir(parents=True)
            (home / ".erlang.cookie").write_text(cookie)
            (home / ".erlang.cookie").chmod(0o400)
            node = servers.Rabbit(
                self.base / name, conf=_CONF + peers, name=name, epmd_port=self._epmd_port
            )
            self.nodes.append(node)

    def start(self, seconds: float = 120) -> Cluster:
        """Start all, and wait until they are one."""
        self._epmd = servers.start_epmd(self._epmd_port, self.base / "epmd")
        for node in self.nodes:
            node.begin()
        for node in self.nodes:
            node.wait(seconds)
        self.nodes[0].ctl("await_online_nodes", str(len(NAMES)), timeout=seconds)
        return self

    def new_vhost(self) -> str:
        """Make an empty vhost and return its AMQP URL, which names every node."""
        vhost = self.nodes[0].new_vhost().rpartition("/")[2]
        return self.url(vhost, [node.port for node in self.nodes])

    @staticmethod
    def url(vhost: str, ports: list[int]) -> str:
        """Return the AMQP URL of a vhost at some ports of this host."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        return f"amqp://guest:guest@{hosts}/{vhost}"

    def node_of(self, queue: str, vhost: str) -> servers.Rabbit:
        """Return the node on which a queue has its leader."""
        for node in self.nodes:
            if not node.running:
                continue
            try:
                found: dict[str, Any] = node.api("GET", f"/queues/{vhost}/{queue}")
            except (OSError, servers.ServerFailed):
                continue
            name = found.get("leader") or found.get("node")
            return next(one for one in self.nodes if one.nodename == name)
        raise servers.ServerFailed(f"nobody knows {queue}")

    def members_online(self, queue: str, vhost: str) -> int:
        """Return how many nodes have their copy of a queue at work."""
        for node in self.nodes:
            if node.running:
                found = node.api("GET", f"/queues/{vhost}/{queue}")
                return len(found.get("online") or ())
        return 0

    def part(self, node: servers.Rabbit) -> None:
        """Cut a node off from the others, which go on without it: they believe its word no more.

        From all of them at once: where one still sees it that another has lost, RabbitMQ takes that
        for a partial partition, and the other pauses as well, until the cluster is whole.
        """
        others = [f"'{other.nodename}'" for other in self.nodes if other is not node]
        cookies = [f"erlang:set_cookie({other}, parted)" for other in others]
        cut = f"[spawn(fun() -> erlang:disconnect_node(N) end) || N <- [{', '.join(others)}]]"
        self._eval(node, [*cookies, cut])

    def heal(self, node: servers.Rabbit) -> None:
        """End what `part` has begun."""
        cookie = json.dumps((self.base / NAMES[0] / "home/.erlang.cookie").read_text())
        deeds = [
            f"erlang:set_cookie('{other.nodename}', list_to_atom({cookie})),"
            f" net_kernel:connect_node('{other.nodename}')"
            for other in self.nodes
            if other is not node
        ]
        self._eval(node, deeds)

    @staticmethod
    def _eval(node: servers.Rabbit, deeds: list[str]) -> None:
        # A node that pauses in this moment may do it and not answer.
        with contextlib.suppress(subprocess.TimeoutExpired):
            node.ctl("eval", ", ".join(deeds) + ".", timeout=20)

    def stop(self) -> None:
        """Stop all; nothing is kept."""
        for node in self.nodes:
            node.suspend(on=False)
            node.kill9()
        if self._epmd is not None:
            self._epmd.terminate()
            self._epmd.wait(5)
        shutil.rmtree(self.base, ignore_errors=True)


__all__ = ["Cluster"]
