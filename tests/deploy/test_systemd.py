"""systemd's units: well-formed, confined, and started when they say so."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from deploy import fill_in
from fivered.chassis import supervised
from fivered.chassis.installed import service_names

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy/systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]
analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="apt-get install systemd: it looks at units"
)
# 10 is a process that may do everything, 0 one that may do nothing.
MOST_EXPOSED = 15


@pytest.fixture
def copies(tmp_path):
    """The units as files, with a program that is there on every machine."""
    for path in UNITS:
        text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", path.read_text("utf-8"))
        (tmp_path / path.name).write_text(text)
    return tmp_path


@analyze
def test_systemd_takes_every_unit_without_a_word(copies):
    paths = [str(copies / path.name) for path in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    broken = copies / UNITS[0].name
    broken.write_text(broken.read_text() + "Restrat=always\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(broken)], capture_output=True, text=True, check=False
    )
    assert "Restrat" in done.stderr


@analyze
def test_no_unit_may_do_more_than_it_needs(copies):
    for path in SERVICES:
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}",
             str(copies / path.name)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_each_unit_reads_the_file_of_its_own_and_no_variable_holds_a_key(tmp_path):
    fill_in.fill_in(tmp_path, "b:1", "p:1")
    page = (ROOT / "docs/bare-metal.md").read_text("utf-8")
    for path in SERVICES:
        text = path.read_text("utf-8")
        credentials = dict(re.findall(r"(?m)^LoadCredential=(\w+):/etc/fivered/(\S+)$", text))
        names = ":".join(f"%d/{one}" for one in credentials)
        assert f"Environment=FIVERED_SETTINGS={names}\n" in text
        # Who owns the tables, no other unit is told.
        owner = ["owner"] if path.name == "fivered-migrate@.service" else []
        assert list(credentials) == ["settings", *owner]
        for given in credentials.values():
            for name in service_names():
                assert (tmp_path / given.replace("%i", name)).is_file()
        for ports in re.findall(r"(?m)^EnvironmentFile=/etc/fivered/(\S+)\.conf$", text):
            for name in service_names():
                assert f" {ports.replace('%i', name)}" in page
        assert not re.search(r"(?m)^Environment=.*(KEY|URL)", text)
        assert path.name.replace(".service", "") in page
    for name in service_names():
        assert name in page


def test_what_is_started_is_told_once_and_only_to_systemd(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        supervised.tell_started()
        supervised.tell_started()
        assert told.recv(64) == b"READY=1"
        with pytest.raises(BlockingIOError):
            told.recv(64)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    supervised.tell_started()


@pytest.mark.servers
def test_serve_work_and_the_gateway_say_that_they_have_started(shared_house):
    house = shared_house.quiet()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        path = house.folder / "notify"
        told.bind(str(path))
        told.settimeout(60)
        try:
            for kind, unit in (("serve", "credit"), ("work", "credit"), ("gateway", "gateway")):
                command = (kind,) if unit == "gateway" else (kind, unit)
                port = {} if unit != "gateway" else {"FIVERED_GATEWAY_PORT": "0"}
                house.spawn(*command, unit=unit, NOTIFY_SOCKET=str(path), **port)
                assert told.recv(64) == b"READY=1", kind
        finally:
            house.quiet()
            path.unlink()
