"""Commands beside a system of several processes look at that system, and at nothing else."""

import json
import os
from dataclasses import replace

import pytest

from fivered.chassis import cli, here, topology
from fivered.chassis.installed import service_class, service_names
from testkit.bench import environment

PII = "FIVERED_STEWARD_PII_KEY"


@pytest.fixture
def running(tmp_path, monkeypatch):
    """The note of a system whose credit has eight partitions, in the current folder."""
    for name in [name for name in os.environ if name.startswith("FIVERED_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".fivered" / "up"
    folder.mkdir(parents=True)
    known = topology.installation_of(map(service_class, service_names()))
    known.members["credit"] = replace(known.members["credit"], partitions=8)
    (folder / "installation.json").write_text(known.to_json(), "utf-8")
    pid = os.getpid()
    shared = environment() | {
        "FIVERED_INSTALLATION": str(folder / "installation.json"),
        "FIVERED_BROKER_URL": "amqp://a:b@127.0.0.1:1/v",
        "FIVERED_STEWARD_DATABASE_URL": "postgresql://127.0.0.1:1/steward",
        PII: "k" * 40,
    }
    here.leave(folder, {"supervisor": pid, "born": here.born(pid), "environment": shared})
    yield folder
    here.forget(folder)


@pytest.mark.parametrize("named", [(), ("--data", ".fivered/up")])
def test_the_topology_is_that_of_the_running_system(running, named, capsys):
    """T12-1: `apply` left out the queues of a number of partitions that had been changed."""
    assert cli.main(["topology", "show", *named]) == 0
    told = json.loads(capsys.readouterr().out)["services"]
    assert (told["credit"]["partitions"], told["forum"]["partitions"]) == (8, 4)
    assert cli.main(["topology", "permissions", *named]) == 0
    assert "credit" in capsys.readouterr().out


@pytest.mark.parametrize("named", [(), ("--data", ".fivered/up")])
def test_keys_are_those_of_its_processes_and_nothing_is_written(running, named, capsys):
    before = sorted(one.name for one in running.iterdir())
    assert cli.main(["keys", "rotate", *named]) == 0
    assert f"{PII}_BEFORE={'k' * 40}\n" in capsys.readouterr().out
    assert cli.main(["keys", "status", *named]) == 2
    assert "127.0.0.1" in capsys.readouterr().err
    assert sorted(one.name for one in running.iterdir()) == before


def test_to_look_where_the_installation_lies_takes_nothing_else(running, monkeypatch):
    before = dict(os.environ)
    assert topology.looked_at().members["credit"].partitions == 8
    assert dict(os.environ) == before
    # An environment of another installation is not mixed with what runs here.
    monkeypatch.setenv("FIVERED_BROKER_URL", "amqp://c:d@127.0.0.1:1/other")
    assert topology.looked_at().members["credit"].partitions == 4


def test_a_fault_of_the_broker_names_no_variable_that_nobody_has_set(running, monkeypatch, capsys):
    """T12-9: who runs `make up` has set none."""
    note = json.loads((running / "running.json").read_text())
    note["environment"]["FIVERED_BROKER_MANAGEMENT_URL"] = "http://a:b@127.0.0.1:1"
    here.leave(running, note)
    assert cli.main(["consumer", "list"]) == 2
    told = capsys.readouterr().err
    assert "the broker's management interface, http://127.0.0.1:1/api" in told
    assert "FIVERED_BROKER_MANAGEMENT_URL" not in told
    here.forget(running)
    for name in [name for name in os.environ if name.startswith("FIVERED_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FIVERED_BROKER_URL", "amqp://a:b@127.0.0.1:1/v")
    monkeypatch.setenv("FIVERED_BROKER_MANAGEMENT_URL", "http://a:b@127.0.0.1:2")
    assert cli.main(["consumer", "list"]) == 2
    assert "FIVERED_BROKER_MANAGEMENT_URL" in capsys.readouterr().err
