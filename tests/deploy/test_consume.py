"""What docs/consume.md tells users of other libraries works as it is printed (OP-M3)."""

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pika
import pytest

from fivered.chassis import cli, topology
from fivered.chassis.broker import apply
from testkit.bench import private_rabbit
from testkit.waiting import wait_until

__all__ = ["private_rabbit"]

pytestmark = pytest.mark.servers

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/consume.md").read_text("utf-8")
AMQPLIB = "amqplib@2.3.1"


def recipe(title, language):
    """Return the program that stands under a title of the page."""
    part = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    (text,) = re.findall(rf"```{language}\n(.*?)```", part, re.DOTALL)
    return text


@pytest.fixture
def board(private_rabbit, tmp_path, monkeypatch):
    """The consumer that the page speaks of, let in by the command that it names."""
    url = private_rabbit.new_vhost()
    monkeypatch.setenv("FIVERED_BROKER_URL", url)
    monkeypatch.setenv("FIVERED_BROKER_MANAGEMENT_URL", private_rabbit.management_url)
    monkeypatch.setenv("FIVERED_INSTALLATION", str(ROOT / "deploy/installation.json"))
    apply(url, topology.Installation({"steward": topology.Member("steward")}))
    (command,) = re.findall(r"`fivered (consumer add [^`]+)`", PAGE)
    assert cli.main([*command.split(), "--credentials", str(tmp_path / "url")]) == 0
    monkeypatch.setenv("BOARD_URL", (tmp_path / "url").read_text().strip())
    yield Board(url, tmp_path)
    private_rabbit.forget_user("board")
    private_rabbit.delete_vhost(url)


class Board:
    """The installation's side: it says facts, and looks into the queue."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder

    def say(self, event_id):
        event = {
            "specversion": "1.0", "id": event_id, "source": "/fivered/steward",
            "type": "steward.request_resolved.v1", "subject": "req_1", "scope": "370811015901",
            "time": "2025-03-04T08:31:07Z", "sequence": "1", "data": {"request_id": "req_1"},
        }  # fmt: skip
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(
            "steward.events", "request_resolved.v1.0", json.dumps(event),
            pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2),
        )  # fmt: skip
        connection.close()

    def unacknowledged(self):
        """Tell whether something is left when nobody consumes any more."""
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        found = connection.channel().queue_declare("ext.board.steward", passive=True).method
        connection.close()
        return found.message_count

    def carries_out(self, *command):
        """Run a program: it hears each event once, and acknowledges."""
        first, second, third, fourth = (str(uuid.uuid4()) for _ in range(4))
        for one in (first, second, first):
            self.say(one)
        log = self.folder / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=os.environ | {"PYTHONWARNINGS": "ignore"},
            )  # fmt: skip
        try:
            assert wait_until(lambda: second in log.read_text(), 30), log.read_text()
            for one in (third, fourth):
                self.say(one)
                assert wait_until(lambda one=one: one in log.read_text(), 10), log.read_text()
        finally:
            process.terminate()
            process.wait(20)
        said = log.read_text()
        assert [said.count(one) for one in (first, second, third)] == [1, 1, 1], said
        assert "req_1" in said
        # What was not acknowledged comes back now: the last one may, if it was ended so soon.
        assert wait_until(lambda: self.unacknowledged() <= 1, 10)


@pytest.mark.parametrize("title", ["fivered-client", "pika", "kombu", "nameko"])
def test_a_program_in_python_hears_each_event_once(board, title):
    (board.folder / "board.py").write_text(recipe(title, "python"))
    board.carries_out(sys.executable, "board.py")


def test_a_program_for_node_hears_each_event_once(board):
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed: the recipe for Node was not run")
    fetched = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", AMQPLIB],
        cwd=board.folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    if fetched.returncode:
        last = fetched.stderr.strip().splitlines()[-1:]
        pytest.skip(f"the registry gives no {AMQPLIB}: the recipe for Node was not run ({last})")
    (board.folder / "board.mjs").write_text(recipe("Node: amqplib", "js"))
    board.carries_out("node", "board.mjs")


def test_without_the_import_kombu_would_lose_the_event():
    """Why the page has it; and the line for those who do not install the package does the same."""
    for line, known in (
        ("pass", False),
        ("import fivered_client.kombu", True),
        (
            "import json, kombu.serialization; " + re.findall(r"`(kombu\.serial[^`]+)`", PAGE)[0],
            True,
        ),
    ):
        asked = (
            f"{line}; import kombu.serialization as s;"
            " print('cloudevents' in s.registry.name_to_type)"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", asked],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == str(known)
