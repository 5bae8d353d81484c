"""The operator's commands beside `make run` find the system by themselves (OP-M7)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pika
import pytest

from fivered.chassis.cli import main
from fivered.clients.demo.api import Api
from fivered.clients.demo.district import PEOPLE
from tests.journeys.test_year_end import address
from tests.systems import Embedded

FIVERED = str(Path(sys.executable).with_name("fivered"))


def test_doctor_events_and_parked_find_what_runs_here(tmp_path):
    system = Embedded(tmp_path / ".fivered")
    system.made = True
    api = Api(*address(system.start(FIVERED_WEBHOOK_HOSTS="hooks.example.org")))
    hook = {"url": "https://hooks.example.org/"}
    api.post("/v1/steward/webhooks", PEOPLE["district"], hook, key="hook")
    api.close()

    def run(*command):
        clean = {name: value for name, value in os.environ.items() if "FIVERED" not in name}
        return subprocess.run(
            [FIVERED, *command], cwd=tmp_path, env=clean, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip

    try:
        said = run("doctor")
        assert "BAD" not in said.stdout, said.stdout
        assert said.returncode == 0
        assert "none is needed" in said.stdout
        # It is given where webhooks may go, and this shell is not.
        assert "webhooks of steward are not sent" not in said.stdout
        assert run("parked", "list", "credit").stdout == "nothing of credit is parked\n"
        tail = run("events", "tail", "steward", "--limit", "1")
        assert json.loads(tail.stdout)["outbox_id"] > 0
        # Consumers of the embedded mode read by themselves; one may be set back while it is stopped.
        counted = run("events", "replay", "steward", "--only-to", "credit", "--dry-run")
        assert "would go out again to credit only" in counted.stdout
        # H11-27: it asked a rabbitmqctl of this machine.
        alone = run("consumer", "list")
        assert alone.returncode == 2
        assert "one process, without a broker" in alone.stderr
    finally:
        assert system.stop() == 0
    # Nothing runs any more, and nothing is guessed.
    assert run("parked", "list", "credit").returncode == 2


def test_every_command_looks_at_the_folder_that_it_is_told(tmp_path, monkeypatch, capsys):
    """H11-13: beside `fivered up --data FOLDER` only a few knew the option; doctor said BAD."""
    system = Embedded(tmp_path / "mine")
    system.made = True
    data = tmp_path / "mine" / "data"
    running = system.start(FIVERED_WEBHOOK_HOSTS="hooks.example.org")
    hook = {"url": "https://hooks.example.org/"}
    api = Api(running.address, running.token_key)
    api.post("/v1/steward/webhooks", PEOPLE["district"], hook, key="hook")
    api.close()
    # Of another installation, which nobody asks for.
    strange = {
        "FIVERED_STEWARD_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "FIVERED_BROKER_URL": "amqp://nobody@127.0.0.1:1/nothing",
        "FIVERED_ACTOR_KEY": "x" * 40,
    }

    def run(*command, folder=data, code=0):
        done = main([*command, "--data", str(folder)])
        said = capsys.readouterr()
        assert done == code, (command, said)
        return said.out if code == 0 else said.err

    for name, value in strange.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    try:
        said = run("doctor")
        assert "BAD" not in said
        assert "none is needed" in said
        assert "nothing runs" not in said
        assert json.loads(run("top", "--once", "--json"))["waiting"]
        assert json.loads(run("events", "tail", "steward", "--limit", "1"))["outbox_id"] > 0
        assert "_webhook" in run("audit", "steward")
        assert "steward: 0 rows of 0 days are what was sealed; " in run("verify", "audit", "all")
        for command in (
            ("parked", "list", "credit"), ("timers", "steward"), ("jobs", "steward"),
            ("workers", "steward"), ("partitions", "credit"), ("calendar", "show"),
            ("keys", "status"), ("token", "--person", "per_1", "--grant", "R_DISTRICT:370811"),
            ("doctor", "heard", "credit", "steward"),
        ):  # fmt: skip
            run(*command)
        assert "one process, without a broker" in run("consumer", "list", code=2)
        assert "one process, without a broker" in run("topology", "apply", code=2)
    finally:
        assert system.stop() == 0
    # What lies there can be looked at, too, when nothing runs.
    assert "WARN up: nothing runs here: fivered up --data" in run("doctor")
    assert json.loads(run("events", "tail", "steward", "--limit", "1"))["outbox_id"] > 0
    assert f"nothing runs here: fivered up --data {data}" in run("top", "--once", code=2)
    assert "no databases in" in run("events", "tail", "steward", folder=tmp_path, code=2)


@pytest.mark.servers
@pytest.mark.timeout(400)
def test_beside_make_up_a_consumer_is_let_in_without_a_setting(installation, tmp_path):
    (tmp_path / ".fivered").mkdir()
    (tmp_path / ".fivered/up").symlink_to(installation.state)
    clean = {name: value for name, value in os.environ.items() if "FIVERED" not in name}

    def consumer(*words):
        return subprocess.run(
            [FIVERED, "consumer", *words], cwd=tmp_path, env=clean, capture_output=True, text=True,
            check=True, timeout=60,
        ).stdout  # fmt: skip

    url = consumer("add", "beside", "--events", "steward", "--apply").splitlines()[0]
    try:
        pika.BlockingConnection(pika.URLParameters(url)).close()
        assert "beside: " in consumer("list")
    finally:
        consumer("remove", "beside", "--yes")
