"""Private RabbitMQ and PostgreSQL servers on free loopback ports, without containers.

For tests and for `make up`. Nothing of the machine's own servers is touched: own epmd, own home
and Erlang cookie, own data folders, everything bound to 127.0.0.1.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import pwd
import secrets
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from testkit.tied import tie_to

# What a broker with its management interface needs of the plugin folder; linking only these
# nearly halves the time to start, because every module found there is loaded.
_PLUGINS = (
    "rabbit-", "rabbit_common", "rabbitmq_prelaunch", "ra-", "aten", "gen_batch_server", "osiris",
    "ranch", "cuttlefish", "getopt", "credentials_obfuscation", "jsx", "recon", "seshat",
    "stdout_formatter", "syslog", "sysmon_handler", "enough", "systemd", "observer_cli",
    "amqp10_common", "rabbitmq_management-", "rabbitmq_management_agent", "rabbitmq_web_dispatch",
    "cowboy", "cowlib", "amqp_client", "prometheus", "quantile_estimator",
    # Releases from 3.12 on need these as well.
    "horus", "khepri", "thoas", "redbug", "accept", "eetcd", "gun", "base64url",
    # And from 4.0 on these.
    "oauth2_client", "jose",
)  # fmt: skip


class ServerMissing(RuntimeError):
    """A server program is not installed; the message names the Debian package."""


class ServerFailed(RuntimeError):
    """A server did not start; the message has the end of its log."""


# Ports that this process has handed out, held by a lock each: the kernel lets go of it when the
# process ends, however it ends. The oldest are let go of, so that a long test does not run out of
# descriptors.
_CLAIMED: deque[int] = deque()
_MOST_CLAIMED = 200


def claims() -> Path:
    """Return the folder in which ports are claimed, which all processes of a user share."""
    folder = Path(tempfile.gettempdir()) / f"fivered-ports-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def free_port() -> int:
    """Return a loopback port that nobody uses and that nobody else was given.

    Below the range from which the system takes ports for outgoing connections: a broker binds its
    port seconds after it was chosen, and one of those could have taken it meanwhile. For the same
    reason a port is claimed for this process: two that choose at once never choose the same.
    """
    folder = claims()
    for _ in range(200):
        port = 15_000 + secrets.randbelow(17_000)
        claim = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(claim)
            continue
        _CLAIMED.append(claim)
        if len(_CLAIMED) > _MOST_CLAIMED:
            os.close(_CLAIMED.popleft())
        return port
    raise ServerFailed("no free loopback port between 15000 and 32000")


# A child is tied to the thread that started it, so one thread that lives as long as its process
# starts them all.
_STARTER = ThreadPoolExecutor(1, "starter")


def spawn(
    command: Sequence[str], *, ending: int = signal.SIGKILL, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a program that ends with this process, whatever ends it (on Linux).

    Args:
        command: The program and its arguments.
        ending: The signal that the program gets from the kernel when this process has ended.
        options: Of `subprocess.Popen`.
    """
    parent = os.getpid()

    def tie() -> None:
        if not tie_to(parent, ending):
            os._exit(1)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, preexec_fn=tie, **options)  # noqa: PLW1509, S603  see tie

    return _STARTER.submit(start).result()


def tie_to_make() -> None:
    """End with the `make` that runs this program, whatever ends it (on Linux): one that was killed
    would leave it running. `MAKE_PID` of the environment says which."""
    make = os.environ.pop("MAKE_PID", "")
    if make and not tie_to(int(make)):
        sys.exit(1)


# Reads what is to go, a line each, until the process that writes it has ended; then it goes. The
# servers that use it have been told to end then, and may write for a moment yet.
_SWEEPER = r"""
trap '' HUP INT TERM
tab=$(printf '\t')
while IFS=$tab read -r what folder; do set -- "$@" "$what" "$folder"; done
while [ $# -gt 0 ]; do
  if [ "$1" = mount ]; then umount -l "$2"; fi
  tries=0
  while [ "$1" = folder ] && [ -e "$2" ] && [ $tries -lt 100 ]; do
    rm -rf -- "$2"
    [ -e "$2" ] && sleep 0.1
    tries=$((tries + 1))
  done
  shift 2
done
"""
_SWEPT: dict[int, int] = {}


def sweep_when_ended(what: Literal["folder", "mount"], path: Path) -> None:
    """Have a folder deleted, or a file system unmounted, when this process has ended: also where
    it was killed. What is gone by then is none of the sweeper's business."""
    me = os.getpid()
    if me not in _SWEPT:
        reads, writes = os.pipe()
        quiet = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
        os.posix_spawn(
            "/bin/sh", ["sh", "-c", _SWEEPER], {"PATH": os.environ.get("PATH", os.defpath)},
            file_actions=[(os.POSIX_SPAWN_DUP2, reads, 0), quiet, (os.POSIX_SPAWN_DUP2, 1, 2)],
            setsid=True,
        )  # fmt: skip
        os.close(reads)
        _SWEPT[me] = writes
    os.write(_SWEPT[me], f"{what}\t{path}\n".encode())


def new_folder(prefix: str) -> Path:
    """Return a new folder, which goes with this process at the latest."""
    made = Path(tempfile.mkdtemp(prefix=prefix))
    sweep_when_ended("folder", made)
    return made


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Give a new folder, and delete it."""
    made = new_folder(prefix)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def rabbitmq_home() -> Path | None:
    """Return the folder of the newest installed RabbitMQ, or None."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*"), key=_version)
    return found[-1] if found else None


def rabbitmq_version() -> tuple[int, ...]:
    """Return the version of the newest installed RabbitMQ, such as (3, 10, 8); () for none."""
    home = rabbitmq_home()
    return _version(home) if home else ()


def postgresql_bin() -> Path | None:
    """Return the folder of the newest installed PostgreSQL's programs, or None."""
    found = [
        path.parent
        for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")
        if (path.parent / "postgres").exists()
    ]
    if found:
        return max(found, key=lambda path: _version(path.parent))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _version(path: Path) -> tuple[int, ...]:
    digits = path.name.rpartition("-")[2].split(".")
    return tuple(int(part) for part in digits if part.isdigit())


def missing() -> list[str]:
    """Return the Debian packages that private servers need and that are not installed."""
    lacking = []
    if rabbitmq_home() is None or shutil.which("epmd") is None:
        lacking.append("rabbitmq-server")
    if postgresql_bin() is None:
        lacking.append("postgresql")
    return lacking


def require() -> None:
    """Say in one line what must be installed before private servers can run.

    Raises:
        ServerMissing: Names the Debian packages.
    """
    lacking = missing()
    if lacking:
        raise ServerMissing(f"not installed: apt-get install -y {' '.join(lacking)}")


def _wait_port(port: int, seconds: float, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + seconds
    while True:
        if process.poll() is not None:
            raise ServerFailed(f"exited with {process.returncode}: {_tail(log)}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            if time.monotonic() > end:
                raise ServerFailed(f"port {port} closed after {seconds} s: {_tail(log)}") from None
            time.sleep(0.05)
        else:
            return


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-1500:] if log.exists() else "no log"


def _children_of(pid: int) -> list[int]:
    """Return a handle of each child of a process, which is readable once that one has ended."""
    found = []
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
            with contextlib.suppress(ProcessLookupError):
                found.append(os.pidfd_open(int(child)))
    return found


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _denied(home: Path, permits: Collection[str]) -> list[str]:
    """Return the lines that forbid what RabbitMQ has deprecated, so that nothing of ours uses it;
    nodes before 3.12 do not know them."""
    names = ("transient_nonexcl_queues", "global_qos", "queue_master_locator", "ram_node_type")
    return [
        f"deprecated_features.permit.{n} = false"
        for n in names
        if n not in permits and _version(home) >= (3, 12)
    ]


# A scheduler without work waits for it by computing, unless it is told not to: of two cores that is
# a part which the tests need. It is a fifth of what a start takes.
_IDLE = " +sbwt none +sbwtdcpu none +sbwtdio none"


def start_epmd(port: int, log: Path) -> subprocess.Popen[bytes]:
    """Start what tells nodes of each other, and wait for it."""
    started = spawn(
        ["epmd", "-port", str(port), "-address", "127.0.0.1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _wait_port(port, 10, started, log)
    return started


# After a vhost was made: its queues are declared, and a second later they are on the disk.
_QUEUES_WRITTEN_S = 3.0


class Rabbit:
    """One private RabbitMQ node with its own epmd and its management interface.

    Attributes:
        port: AMQP port, kept over restarts.
        management_port: Port of the HTTP interface.
    """

    def __init__(
        self,
        base: str | Path | None = None,
        *,
        port: int | None = None,
        management_port: int | None = None,
        conf: str = "",
        permits: Collection[str] = (),
        name: str = "fivered",
        epmd_port: int | None = None,
    ) -> None:
        """Prepare a node.

        Args:
            base: Its folder; a temporary one otherwise.
            port: Its AMQP port; a free one otherwise.
            management_port: The port of its HTTP interface; a free one otherwise.
            conf: More lines of rabbitmq.conf.
            permits: Deprecated features that it allows all the same.
            name: Its name on this host.
            epmd_port: The port of the epmd that it shares with others; one of its own otherwise.
        """
        home = rabbitmq_home()
        if home is None or shutil.which("epmd") is None:
            raise ServerMissing("not installed: apt-get install -y rabbitmq-server")
        self._temporary = base is None
        # When a vhost was made last; what is declared in it follows at once.
        self._vhost_at = -1e9
        self.base = Path(base) if base is not None else new_folder("rabbit-")
        self.base.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.management_port = management_port or free_port()
        self.nodename = f"{name}@localhost"
        self._own_epmd = epmd_port is None
        self._epmd_port = epmd_port or free_port()
        self._epmd: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._denied = _denied(home, permits)
        self._sbin = self._link_tree(home)
        self._write_files(conf)
        self._env = self._environment()

    def _link_tree(self, home: Path) -> Path:
        tree = self.base / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        shutil.copytree(home / "sbin", tree / "sbin")
        shutil.copytree(home / "escript", tree / "escript")
        (tree / "plugins").mkdir()
        for plugin in (home / "plugins").iterdir():
            if plugin.name.startswith(_PLUGINS):
                (tree / "plugins" / plugin.name).symlink_to(plugin)
        return tree / "sbin"

    def _write_files(self, conf: str) -> None:
        cookie = self.base / "home/.erlang.cookie"
        cookie.parent.mkdir(exist_ok=True)
        if not cookie.exists():
            cookie.write_text(secrets.token_hex(16))
            cookie.chmod(0o400)
        lines = [
            f"listeners.tcp.1 = 127.0.0.1:{self.port}",
            "management.tcp.ip = 127.0.0.1",
            f"management.tcp.port = {self.management_port}",
            "management_agent.disable_metrics_collector = false",
            "log.file = rabbit.log",
            "disk_free_limit.absolute = 50MB",
            *self._denied,
            conf,
        ]
        (self.base / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (self.base / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.base / "env.conf").touch()

    def _environment(self) -> dict[str, str]:
        base = self.base
        # Without it the distribution port would listen on every interface.
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": str(base / "home"),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP": str(base / "crash"),
            "RABBITMQ_NODENAME": self.nodename,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": str(base / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(base / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(base / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(base / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(base / "data"),
            "RABBITMQ_LOG_BASE": str(base / "log"),
            "RABBITMQ_PID_FILE": str(base / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": loopback + " +S 1:1" + _IDLE,
            "RABBITMQ_CTL_ERL_ARGS": loopback,
        }

    def start(self, seconds: float = 90) -> Rabbit:
        """Start the node and wait until it accepts connections.

        Raises:
            ServerFailed: It did not start; the message has the end of its log.
        """
        self.begin()
        return self.wait(seconds)

    def begin(self) -> None:
        """Start the node, and do not wait for it."""
        log = self.base / "stdout"
        if self._own_epmd and (self._epmd is None or self._epmd.poll() is not None):
            self._epmd = start_epmd(self._epmd_port, log)
        with log.open("ab") as out:
            # `detached` makes the start script exec the VM: this process id is the broker's own,
            # so that a kill hits it and not a shell above it.
            self._process = spawn(
                [str(self._sbin / "rabbitmq-server")],
                env=self._env | {"detached": "1"},
                cwd=self.base,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def wait(self, seconds: float = 90) -> Rabbit:
        """Wait until the node accepts connections; see `start`."""
        if self._process is None:
            raise ServerFailed("it was not started")
        _wait_port(self.port, seconds, self._process, self.base / "stdout")
        self._wait_management(seconds)
        return self

    def suspend(self, *, on: bool = True) -> None:
        """Let the node hang, or go on: it keeps its connections and does nothing."""
        if self._process is not None:
            _signal_group(self._process, signal.SIGSTOP if on else signal.SIGCONT)

    def _wait_management(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                self.api("GET", "/overview")
            except (OSError, ServerFailed):
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
            else:
                return

    @property
    def running(self) -> bool:
        """Whether the node's process lives."""
        return self._process is not None and self._process.poll() is None

    def url(self, vhost: str = "/") -> str:
        """Return the AMQP URL of a vhost."""
        name = "%2F" if vhost == "/" else vhost
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{name}"

    @property
    def management_url(self) -> str:
        """The address of the management interface, with its administrator."""
        return f"http://guest:guest@127.0.0.1:{self.management_port}"

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the management interface; returns the decoded answer or None.

        Raises:
            ServerFailed: It answered with an error.
            OSError: It cannot be reached.
        """
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.management_port}/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": "Basic " + base64.b64encode(b"guest:guest").decode(),
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # nosec B310  # noqa: S310  see above
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                said = error.read()[:300].decode("utf-8", "replace")
            raise ServerFailed(f"{method} {path}: {error.code} {said}") from None
        return json.loads(text) if text else None

    def new_vhost(self) -> str:
        """Make an empty vhost (some 20 ms) and return its AMQP URL."""
        name = "t" + secrets.token_hex(6)
        self.api("PUT", f"/vhosts/{name}")
        self._vhost_at = time.monotonic()
        return self.url(name)

    def set_policies(self, policies: Mapping[str, Any], vhost: str = "%2F") -> None:
        """Give a vhost its policies by name."""
        for name, policy in policies.items():
            self.api("PUT", f"/policies/{vhost}/{name}", policy)

    def delete_vhost(self, url: str) -> None:
        """Remove the vhost of an AMQP URL with all that is in it."""
        self.api("DELETE", f"/vhosts/{url.rpartition('/')[2]}")

    def forget_user(self, name: str) -> None:
        """Remove a user, if there is one."""
        if any(one["name"] == name for one in self.api("GET", "/users")):
            self.api("DELETE", f"/users/{name}")

    def ctl_command(self, folder: Path) -> Path:
        """Write a `rabbitmqctl` of this node into a folder; returns it, to be run as it stands."""
        program = folder / "rabbitmqctl"
        variables = " ".join(
            f"{name}={shlex.quote(value)}"
            for name, value in self._env.items()
            if name not in os.environ or os.environ[name] != value
        )
        cd = f"cd {shlex.quote(str(self.base))}"
        run = f"exec env {variables} {self._sbin}/rabbitmqctl"
        program.write_text(f'#!/bin/sh\n{cd}\n{run} "$@"\n')
        program.chmod(0o755)
        return program

    def ctl(self, *arguments: str, timeout: float = 60) -> str:
        """Run rabbitmqctl (about 0.4 s) and return its output."""
        return subprocess.run(  # noqa: S603  our own arguments
            [str(self._sbin / "rabbitmqctl"), "-n", self.nodename, *arguments],
            env=self._env,
            cwd=self.base,
            check=True,
            capture_output=True,
            text=True,
            timeout=timeout,
        ).stdout

    def kill9(self) -> None:
        """Kill the node without a word, as a crash would, but not while its queues are new:
        RabbitMQ 4 writes which quorum queues there are up to a second after they were declared, and
        the last of them does not come back when it is killed before (deploy/RUNBOOK.md).
        """
        if self._process is not None:
            time.sleep(max(0.0, self._vhost_at + _QUEUES_WRITTEN_S - time.monotonic()))
            _signal_group(self._process, signal.SIGKILL)
            self._process.wait(10)

    def restart(self) -> Rabbit:
        """Stop cleanly and start again on the same port."""
        self.end()
        return self.start()

    def end(self) -> None:
        """Stop cleanly, to be started again."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill9()

    def stop(self) -> None:
        """Stop the node and its epmd; a temporary folder is removed."""
        if self._temporary:
            # Nobody will read its data again, and a clean stop takes some seconds.
            self.kill9()
        self.end()
        if self._epmd is not None and self._epmd.poll() is None:
            self._epmd.terminate()
            self._epmd.wait(5)
        if self._temporary:
            shutil.rmtree(self.base, ignore_errors=True)


class Postgres:
    """One private PostgreSQL cluster.

    `initdb` and `postgres` refuse root, so as root they run as the user `postgres` that Debian's
    package makes; that user must be able to reach the folder.

    Attributes:
        port: Kept over restarts.
    """

    def __init__(
        self,
        base: str | Path | None = None,
        *,
        port: int | None = None,
        durable: bool = False,
        conf: str = "",
        ahead: Path | None = None,
    ) -> None:
        """Prepare a cluster.

        Args:
            base: Its folder; a temporary one otherwise.
            port: Its port; a free one otherwise.
            durable: Whether it waits for the disk.
            conf: More lines of its settings.
            ahead: The folder of its write-ahead log, which may have a disk of its own; among its
                data otherwise.
        """
        programs = postgresql_bin()
        if programs is None:
            raise ServerMissing("not installed: apt-get install -y postgresql")
        self._programs = programs
        self._temporary = base is None
        self.base = Path(base) if base is not None else new_folder("pg-")
        self.base.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self._durable = durable
        self._conf = conf
        self._ahead = [] if ahead is None else ["-X", str(ahead)]
        self._drop: dict[str, Any] = {}
        if os.geteuid() == 0:
            try:
                owner = pwd.getpwnam("postgres")
            except KeyError:
                raise ServerMissing("not installed: apt-get install -y postgresql") from None
            os.chown(self.base, owner.pw_uid, owner.pw_gid)
            self._drop = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._data = self.base / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._env = {
            "PATH": f"{programs}:/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.base),
        }

    def give(self, folder: Path) -> None:
        """Make the server's user the owner of a folder."""
        if self._drop:
            os.chown(folder, self._drop["user"], self._drop["group"])

    def spawn(self, *command: str) -> subprocess.Popen[bytes]:
        """Start one of the server's programs as its user."""
        with (self.base / "log").open("ab") as log:
            return spawn(
                list(command), cwd=self.base, env=self._env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, **self._drop,
            )  # fmt: skip

    def _run(self, *command: str) -> None:
        subprocess.run(  # noqa: S603  our own arguments
            command,
            cwd=self.base,
            env=self._env,
            check=True,
            capture_output=True,
            timeout=120,
            **self._drop,
        )

    def start(self, seconds: float = 60) -> Postgres:
        """Make the cluster if there is none, start it and wait until it accepts connections.

        Raises:
            ServerFailed: It did not start; the message has the end of its log.
        """
        if not (self._data / "PG_VERSION").exists():
            self._run(
                str(self._programs / "initdb"), "-D", str(self._data), "-U", "postgres",
                "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                *self._ahead,
            )  # fmt: skip
        settings = [
            "listen_addresses='127.0.0.1'",
            f"port={self.port}",
            f"unix_socket_directories='{self.base}'",
            f"fsync={'on' if self._durable else 'off'}",
            "max_connections=200",
            # Otherwise a killed cluster leaves files behind in /dev/shm.
            "dynamic_shared_memory_type=mmap",
            self._conf,
        ]
        (self._data / "postgresql.auto.conf").write_text("\n".join(settings) + "\n")
        path = self.base / "log"
        with path.open("ab") as log:
            # Its own processes end with it; the signal is that of an immediate shutdown.
            self._process = spawn(
                [str(self._programs / "postgres"), "-D", str(self._data)],
                ending=signal.SIGQUIT,
                cwd=self.base,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._drop,
            )
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        end = time.monotonic() + seconds
        while subprocess.run(ready, env=self._env, check=False).returncode:  # noqa: S603  see above
            if self._process.poll() is not None or time.monotonic() > end:
                raise ServerFailed(_tail(path))
            time.sleep(0.03)
        return self

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._process is not None and self._process.poll() is None

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Create an empty database unless it exists, and return its URL."""
        import psycopg  # noqa: PLC0415  a broker alone needs no driver

        with psycopg.connect(self.url(), autocommit=True) as conn:
            found = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if found.fetchone() is None:
                conn.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def kill9(self) -> None:
        """Kill the server without a word, as a crash would. Its backends see it and end; until
        then they hold the memory without which it does not start again."""
        if self._process is not None:
            backends = _children_of(self._process.pid)
            _signal_group(self._process, signal.SIGKILL)
            self._process.wait(10)
            for handle in backends:
                select.select([handle], [], [], 10)
                os.close(handle)

    def restart(self) -> Postgres:
        """Stop (clients are cut off) and start again on the same port."""
        self._stop_server(signal.SIGINT)
        return self.start()

    def _stop_server(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill9()

    def stop(self) -> None:
        """Stop the server; a temporary folder is removed."""
        self._stop_server(signal.SIGINT)
        if self._temporary:
            shutil.rmtree(self.base, ignore_errors=True)


__all__ = [
    "Postgres",
    "Rabbit",
    "ServerFailed",
    "ServerMissing",
    "free_port",
    "missing",
    "new_folder",
    "require",
    "spawn",
    "sweep_when_ended",
    "temporary_folder",
    "tie_to_make",
]
