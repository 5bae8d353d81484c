"""`make test-next`: where it cannot run it says so and fails, and it leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import images
from deploy.local import next as newer
from fivered.chassis.installed import service_names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder for the Debian, and no Debian to be made."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("MAKE_PID", raising=False)
    return newer.cache()


def said(capsys, *chosen):
    assert newer.main(chosen) == 1
    return capsys.readouterr().err


def test_without_root_it_says_so_and_fails(place, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "cannot run: only root may make mounts" in said(capsys)
    assert not place.exists()


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A PATH on which only these programs are found; they do what is written into them."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def give(**texts):
        for name, text in texts.items():
            program = folder / name
            program.write_text(f"#!/bin/sh\n{text}\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return give


def test_without_namespaces_it_says_so_and_fails(place, programs, capsys):
    programs(unshare="echo 'unshare failed: Operation not permitted' >&2; exit 1")
    told = said(capsys)
    assert "makes no namespace with mounts: unshare failed: Operation not permitted" in told


def test_without_debootstrap_it_says_so_and_fails(place, programs, capsys):
    programs(unshare="exit 0", modprobe="exit 0")
    told = said(capsys)
    assert "debootstrap is not installed, and there is no apt-get" in told or "overlay" in told


def test_a_step_that_fails_leaves_no_half_made_debian(place, programs, monkeypatch, capsys):
    monkeypatch.setattr(newer, "require", lambda: None)
    programs(unshare="echo 'E: Failed getting release file http://mirror'; exit 1")
    told = said(capsys)
    assert "this step failed: debian" in told
    assert "Failed getting release file" in told
    assert not (place / "root").exists()


def test_the_mirror_is_that_of_this_machine():
    assert newer.mirror().startswith(("http://", "https://"))
    assert newer.mirror().rstrip("/").endswith("/debian")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes namespaces")
def test_what_was_mounted_is_gone_with_the_process_however_it_ends(tmp_path):
    at = tmp_path / "there"
    at.mkdir()
    program = (
        "import os, signal, sys; from pathlib import Path; from deploy.local import next as n;"
        f"n._mount('-t', 'tmpfs', 'tmpfs', {str(at)!r}); Path({str(at)!r}, 'x').write_text('x');"
        "os.system('sleep 60 &'); print('up', flush=True); signal.pause()"
    )
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", sys.executable, "-c"]
    with subprocess.Popen([*command, program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "up\n"
        run.kill()
        # The pipe ends when the last process that holds it has ended.
        assert run.stdout.read() == ""
    assert not list(at.iterdir())
    assert str(at) not in Path("/proc/mounts").read_text()


def test_images_are_built_of_the_units_that_are_named(monkeypatch, capsys):
    monkeypatch.delenv("MAKE_PID", raising=False)
    assert images.folders(["credit", "gateway"]) == ["services/credit", "gateway"]
    assert len(images.folders([])) == len(service_names()) + 1
    assert images.main(["credi"]) == 1
    assert "no unit is named credi; there are credit, forum" in capsys.readouterr().err
