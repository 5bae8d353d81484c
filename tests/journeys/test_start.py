"""What a newcomer trips over says so in one line."""

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from fivered.chassis.installed import service_class, service_names
from fivered.chassis.publisher import Lost, Publisher
from fivered.chassis.settings import describe
from fivered.chassis.up import filled_without_demo
from testkit import servers
from testkit.bench import open_bench
from testkit.waiting import wait_until
from tests.systems import ROOT

# An address at which nobody listens.
NOBODY = "amqp://guest:guest@127.0.0.1:9/%2F"
FIVERED = str(Path(sys.executable).with_name("fivered"))


def run(*command, **environ):
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def only_line(done):
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    assert done.returncode == 2
    return lines[0]


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(FIVERED, "up", "--data", str(tmp_path / "d"), "--port", str(port))
    assert f"port {port} of 127.0.0.1 is taken" in only_line(done)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = run(FIVERED, "up", "--data", str(blocked / "d"), "--port", "0")
    assert f"cannot write in {blocked / 'd'}" in only_line(done)


def test_a_file_that_is_no_database_is_named(tmp_path):
    """K19: eighty lines of traceback, and no file."""
    broken = tmp_path / "forum.sqlite"
    broken.write_text("this is no database, whatever its name says\n")
    done = run(FIVERED, "up", "--data", str(tmp_path), "--port", "0")
    assert f"the database {broken}: file is not a database" in only_line(done)


def test_a_demonstration_listens_on_loopback_only(tmp_path):
    done = run(FIVERED, "up", "--demo", "--host", "0.0.0.0", "--data", str(tmp_path / "d"))
    assert "loopback only" in only_line(done)


def test_a_demonstration_does_not_begin_on_a_folder_of_real_people(tmp_path):
    bench = open_bench(service_class("steward"), f"sqlite:///{tmp_path}/steward.sqlite")
    assert bench.runtime.process.demo_clock is False
    assert filled_without_demo(tmp_path) == []
    area = {"code": "370811015901", "name": "春晖", "kind": "COMMUNITY"}
    bench.as_("R_DISTRICT", scope="370811").do("define_area", area)
    bench.runtime.close()
    done = run(FIVERED, "up", "--demo", "--data", str(tmp_path), "--port", "0")
    assert "no demonstration (steward): its clock is not moved" in only_line(done)
    with closing(sqlite3.connect(tmp_path / "steward.sqlite")) as conn:
        assert conn.execute("SELECT * FROM clock").fetchall() == []
        # One that began as a demonstration goes on as one.
        conn.execute("INSERT INTO clock (name, offset_us) VALUES ('demo', 0)")
        conn.commit()
    assert filled_without_demo(tmp_path) == []


def test_only_a_demonstration_gives_tokens_of_its_people(tmp_path):
    """SEC low 11: `fivered demo token district` signed a working token in a real installation."""
    port = servers.free_port()
    data = tmp_path / "d"
    with (tmp_path / "log").open("wb") as log:
        command = [FIVERED, "up", "--data", str(data), "--port", str(port)]
        real = servers.spawn(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def answers():
        assert real.poll() is None, (tmp_path / "log").read_text()
        return (data / "running.json").exists()

    try:
        assert wait_until(answers, 60)
        done = run(FIVERED, "demo", "token", "district", "--data", str(data))
    finally:
        real.terminate()
        real.wait(30)
    assert done.stdout == ""
    assert "is no demonstration" in only_line(done)


def test_a_second_process_on_the_same_folder_is_refused(embedded):
    embedded.start()
    done = run(FIVERED, "up", "--data", str(embedded.folder / "data"), "--port", "0")
    assert "another process runs on" in only_line(done)


def test_nobody_else_on_the_machine_reads_the_data(embedded):
    """SEC-M13: the folder was 0755 and the databases in it 0644, old ones too."""
    data = embedded.folder / "data"
    data.mkdir(parents=True)
    (data / "keys.json").write_text("{}")
    (data / "keys.json").chmod(0o644)
    data.chmod(0o755)
    embedded.start()
    assert data.stat().st_mode & 0o077 == 0
    files = [path for path in data.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"keys.json", "steward.sqlite"}
    assert [path for path in files if path.stat().st_mode & 0o077] == []


def test_a_python_that_is_too_old_is_named():
    source = "import sys; sys.version_info = (3, 9, 18, 'final', 0); exec(open(sys.argv[1]).read())"
    done = run(sys.executable, "-c", source, "deploy/local/prepare.py")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "fivered needs Python 3.11 or newer; this is 3.9 (make run PYTHON=python3.12)"
    )


@pytest.mark.parametrize("kind", ["serve", "work"])
def test_every_missing_variable_is_listed_at_once(kind):
    bare = {name: "" for name in os.environ if name.startswith("FIVERED_")}
    done = run(FIVERED, kind, "steward", **bare)
    assert done.returncode == 2
    for name in ("ACTOR_PUBLIC", "DIGEST_KEY", "STEWARD_PII_KEY", "STEWARD_DATABASE_URL"):
        assert f"FIVERED_{name} is not set" in done.stderr, done.stderr


def test_a_service_that_is_not_installed_is_answered_with_those_that_are():
    done = run(FIVERED, "migrate", "nothing")
    assert done.returncode == 2
    assert "installed: credit, forum, identity, partner, property, steward" in done.stderr


def test_services_are_looked_up_before_the_first_of_them_is_migrated(tmp_path):
    """H6-14: "no service 'all' is installed", after steward was migrated."""
    names = service_names()
    urls = {
        f"FIVERED_{name.upper()}_DATABASE_URL": f"sqlite:///{tmp_path}/{name}.sqlite"
        for name in names
    }
    keys = {
        setting: "k" * 32
        for name in names
        for setting, default, _help in describe(service_class(name).settings_type)
        if not default and setting.endswith("_KEY")
    } | {"FIVERED_ACTOR_KEY": "k" * 32}
    done = run(FIVERED, "migrate", "steward", "nothing", **urls, **keys)
    assert "no service 'nothing' is installed here" in only_line(done)
    assert list(tmp_path.iterdir()) == []
    done = run(FIVERED, "migrate", "steward", "all", "steward", **urls, **keys)
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == names, done.stderr
    done = run(FIVERED, "contracts", "check", "steward", "nothing")
    assert "no service 'nothing' is installed here" in only_line(done)
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("credit", "credit is a user of this installation: name another"),
        ("gateway", "gateway is a user of this installation"),
        ("topology", "topology is a user of this installation"),
        ("a b", "'a b' is no user name"),
        ("board.steward", "'board.steward' is no user name"),
        ("board\n", "is no user name"),
    ],
)
def test_an_outside_consumer_is_none_of_our_users(user, said):
    """The commands that were printed took a service's own rights away."""
    add = ("consumer", "add", user, "--events", "steward")
    assert said in only_line(run(FIVERED, *add, FIVERED_BROKER_URL=NOBODY))


def test_what_a_command_does_not_take_is_told():
    """It was overlooked: `topology apply credit` applied all, `calendar show FILE` showed nothing
    of the file."""
    done = run(FIVERED, "topology", "policies", "credit", FIVERED_BROKER_URL=NOBODY)
    assert "topology policies takes no name: 'credit'" in only_line(done)
    assert "calendar show takes no file" in only_line(run(FIVERED, "calendar", "show", "2027.json"))


def test_a_broker_or_a_database_that_is_away_or_none_is_told_in_words():
    """`the broker: AMQPConnectionError`, and a traceback for an address that is none."""
    url = {"FIVERED_CREDIT_DATABASE_URL": "postgresql://credit:x@127.0.0.1:9/credit"}
    away = only_line(run(FIVERED, "verify", "credit", "2025-05", **url))
    assert "the database cannot be read: connection failed" in away
    wrong = run(FIVERED, "verify", "credit", "2025-05", FIVERED_CREDIT_DATABASE_URL="credit")
    assert "FIVERED_CREDIT_DATABASE_URL is wrong: it begins with" in only_line(wrong)
    with pytest.raises(Lost, match="Connection refused"):
        Publisher(NOBODY, "a test", "steward.events")


def test_a_month_of_another_century_is_told_as_such():
    """H6-14: "9999-12 is no month"."""
    done = run(FIVERED, "verify", "credit", "9999-12")
    assert "'9999-12' is not a month of 2000-01 to 2099-12" in only_line(done)


def test_the_story_without_a_running_system_says_what_to_start(tmp_path):
    done = run(FIVERED, "demo", "story", "--data", str(tmp_path))
    assert f"fivered up --data {tmp_path}" in only_line(done)


@pytest.mark.covers("C9")
def test_what_is_read_elsewhere_leads_to_the_port_that_was_given(embedded):
    running = embedded.start()
    feed = httpx.get(f"{running.address}/v1/credit/notices.atom", trust_env=False).text
    assert f'href="{running.address}/v1/credit/notices.atom"' in feed
