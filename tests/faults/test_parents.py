"""Servers end with their parent, ports are handed out once, and a failed start is named."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import forked, supervisor, up
from fivered.chassis import here
from fivered.chassis.folder import keys_of
from fivered.chassis.health import HealthPage
from fivered.chassis.settings import SettingsError
from testkit import servers
from testkit.disks import small_disk
from testkit.waiting import wait_until
from tests.systems import ROOT

PORTS = (
    "import sys; from testkit.servers import free_port\n"
    "print(*(free_port() for _ in range(100)), flush=True); sys.stdin.read()"
)


def test_a_port_is_handed_out_once_to_processes_that_choose_at_the_same_time():
    """K19: `make up` gave one port to two of its processes."""
    choosing = [
        subprocess.Popen(
            [sys.executable, "-c", PORTS],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    try:
        chosen = [port for one in choosing for port in one.stdout.readline().split()]
    finally:
        for one in choosing:
            one.communicate("")
    assert len(chosen) == 600
    assert len(set(chosen)) == 600


UP = "import sys; from pathlib import Path; from deploy.local import up; "
UP += "up.start(Path(sys.argv[1]), int(sys.argv[2]))"


def stat(pid):
    """Return the name, state and parent of a process; nothing where there is none."""
    try:
        head, _, tail = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return "", "Z", 0
    return head.partition("(")[2], tail.split()[0], int(tail.split()[1])


def started_by(parent):
    """Return the name of each process that one has started, and that those have, by number."""
    there = {int(path.name): stat(path.name) for path in Path("/proc").glob("[0-9]*")}
    found, above = {}, {parent}
    while above:
        above = {pid for pid, (_, _, up) in there.items() if up in above}
        found |= {pid: there[pid][0] for pid in above}
    return found


def alive(pid):
    return stat(pid)[1] != "Z"


@pytest.mark.servers
@pytest.mark.parametrize(
    ("command", "met"),
    [
        # Its database is made, as its user is another; or the broker starts.
        (["-m", "bench", "commands", "--quick"], "postgres"),
        (["-c", UP], "beam.smp"),
    ],
    ids=["bench", "up"],
)
def test_nothing_is_left_of_what_was_killed(command, met):
    """K19, K21: `make bench`, `make test` and `make up` that were killed left servers, processes
    and folders."""
    servers.require()
    with servers.temporary_folder("killed-") as folder:
        folder.chmod(0o755)
        temporary = folder / "tmp"
        temporary.mkdir(0o755)
        asked = [str(folder / "state"), str(servers.free_port())] if met == "beam.smp" else []
        with subprocess.Popen(
            [sys.executable, *command, *asked], cwd=ROOT,
            env=os.environ | {"TMPDIR": str(temporary)}, stderr=subprocess.DEVNULL,
        ) as parent:  # fmt: skip
            try:
                assert wait_until(lambda: met in started_by(parent.pid).values(), 60, every=0.1)
                started = started_by(parent.pid)
            finally:
                parent.kill()

        def left():
            here = [path for path in temporary.iterdir() if "ports" not in path.name]
            return [name for pid, name in started.items() if alive(pid)] + here

        assert wait_until(lambda: not left(), 20), left()


@pytest.mark.servers
def test_who_cannot_start_is_named_with_its_reason_and_nothing_is_left(tmp_path):
    """K19: a process that could not start was started for ever, and nobody was told."""
    servers.require()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeError, match=rf"gateway cannot start: .*{port}"):
            up.start(tmp_path, port)
    assert up.running(tmp_path) is None
    assert None not in [one.poll() for one in up.STARTED]


def test_a_disk_without_room_is_named_before_anything_is_started(tmp_path):
    """K19: the supervisor could not even write why it ended, or all waited for half a minute."""
    with (
        small_disk(tmp_path / "state", "1m") as disk,
        pytest.raises(RuntimeError, match=f"no room in {disk.folder}: 1 MB are free"),
    ):
        up.start(disk.folder, servers.free_port())


def test_settings_that_are_wrong_are_told_before_anything_is_started(tmp_path, monkeypatch):
    """K19: a dozen processes were started before the first of them said it, after half a minute."""
    for name, value in (("FIVERED_PERSON_RATE", "many"), ("FIVERED_DEMO_START", "yesterday")):
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as told:
        supervisor.Supervisor(tmp_path, servers.free_port())._checked()
    assert told.value.problems == [
        "FIVERED_DEMO_START is wrong: 'yesterday' is no time like 2025-02-10T09:00:00",
        "FIVERED_PERSON_RATE is wrong: 'many' is no number",
    ]


def test_a_process_that_ends_for_its_settings_is_named_at_once(tmp_path):
    """K19: on a busy machine one that ended after ten seconds was taken for one that had run."""

    def ended(said, code):
        program = f"import sys; print({said!r}); sys.exit({code})"

        def begin(argv, env, log, cwd):
            with log.open("ab") as out:
                return servers.spawn(
                    [sys.executable, "-S", "-c", *argv], env=env, cwd=cwd, stdout=out
                )

        child = supervisor.Child("work-x", [program], {}, tmp_path / "log", begin)
        child.start()
        child.process.wait()
        child.next_try_at = 0
        child.start()
        child.process.wait()
        return child.why

    assert ended("fivered: FIVERED_X is wrong", 2) == "fivered: FIVERED_X is wrong"
    assert ended("fivered: FIVERED_HEALTH_PORT: port 7 is taken", 2) == ""
    assert ended("it crashed", 1) == ""


def test_what_processes_are_forked_from_is_killed_and_all_of_them_begin_again(tmp_path):
    """They end as they do by SIGTERM, and the next one is forked from a new one."""
    log = tmp_path / "log"
    log.touch()
    env = {
        "PATH": os.environ["PATH"],
        "FIVERED_BROKER_URL": f"amqp://a:b@127.0.0.1:{servers.free_port()}/x",
        "FIVERED_GATEWAY_PORT": str(servers.free_port()),
        **keys_of(tmp_path),
    }
    forker = forked.Forker("work", [], servers.spawn)
    try:
        gateways = []
        for _ in range(2):
            child = forker.start(["gateway"], env, log, tmp_path)
            assert wait_until(lambda: b"bus_unreachable" in log.read_bytes(), 30)
            gateways.append((child, stat(child.pid)[2]))
            if child is gateways[0][0]:
                os.kill(gateways[0][1], signal.SIGKILL)
                assert child.wait(30) == -signal.SIGTERM
                assert b"Finished server process" in log.read_bytes()
                log.write_bytes(b"")
        (first, its_parent), (second, parent) = gateways
        assert first.pid != second.pid
        assert its_parent != parent
        assert second.poll() is None
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0
        wrong = forker.start(["work", "nobody"], env, log, tmp_path)
        assert wrong.wait(30) == 2
        assert b"no service 'nobody' is installed" in log.read_bytes()
    finally:
        forker.end()


@pytest.mark.servers
def test_a_server_that_cannot_start_again_is_waited_for(tmp_path, capfd):
    """The supervisor ended all of `make up` when the disk of PostgreSQL was full."""
    servers.require()
    keeper = supervisor.Supervisor(tmp_path, 0)
    keeper.postgres = servers.Postgres().start()
    try:
        keeper.postgres.kill9()
        ahead = keeper.postgres.base / "data" / "pg_wal"
        ahead.rename(ahead.with_name("away"))
        keeper._look()
        assert "Postgres cannot start" in capfd.readouterr().err
        assert keeper.stopping.is_set() is keeper.postgres.running is False
        ahead.with_name("away").rename(ahead)
        keeper.next_server_at = 0
        keeper._look()
        assert keeper.postgres.running
    finally:
        keeper._end()


def test_a_second_start_leaves_the_first_one_alone(tmp_path):
    """K19: two that were started within half a minute ran both, took each other's note away, and
    `make down` ended one of them."""
    note = tmp_path / "running.json"
    with supervisor.alone(tmp_path):
        note.write_text('{"supervisor": 1}')
        with pytest.raises(RuntimeError, match="another one starts or runs on"):
            up.start(tmp_path, servers.free_port())
        assert note.exists()


def test_a_note_of_a_system_that_was_killed_names_nobody(tmp_path):
    """K19: after a restart of the machine its number is another's, whom `make down` would end; and
    where nobody asks how it ended, it stays in the process table."""
    note = tmp_path / "running.json"
    ended = servers.spawn([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    for kind in ("pid", "supervisor"):
        note.write_text(json.dumps({kind: ended.pid}))
        assert here.running(tmp_path) is None
        note.write_text(json.dumps({kind: os.getpid(), "born": "of another"}))
        assert here.running(tmp_path) is None
        note.write_text(json.dumps({kind: os.getpid(), "born": here.born(os.getpid())}))
        assert here.running(tmp_path) is not None
        # Of a release before.
        note.write_text(json.dumps({kind: os.getpid()}))
        assert here.running(tmp_path) is not None
    ended.wait()


def test_a_stranger_on_a_health_port_is_not_taken_for_the_process():
    """K19: /ready was answered by another process, and `make up` believed it."""
    port = servers.free_port()
    page = HealthPage(port, {}, {})
    page.start()
    child = servers.spawn([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=-1)
    ours = {"pid": os.getpid(), "health": port, "why": ""}
    try:
        found = {
            "address": f"http://127.0.0.1:{port}",
            "children": {"gateway": ours | {"health": ""}},
        }
        found["children"]["work-credit"] = ours
        assert up._not_ready(found) == ""
        found["children"]["work-credit"] = ours | {"pid": child.pid}
        assert "somebody else answers" in up._not_ready(found)
    finally:
        page.stop()
        child.communicate(b"")
