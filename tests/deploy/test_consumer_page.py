"""What docs/roles/consumer.md tells users of other libraries works as it is written (OP-M3)."""

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

import kombu
import pika
import pytest
import yaml
from fivered_client import connect

from testkit.bench import broker_url, private_rabbit
from testkit.waiting import wait_until

__all__ = ["broker_url", "private_rabbit"]

pytestmark = pytest.mark.servers

PAGE = Path(__file__).resolve().parents[2] / "docs/roles/consumer.md"


def block(language, word):
    """Return the page's block in a language that contains a word."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (text,) = [text for text in found if word in text]
    return text


@pytest.fixture
def queue(broker_url):
    """A queue of an outside consumer that holds one fact."""
    connection = pika.BlockingConnection(pika.URLParameters(broker_url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.exchange_declare("steward.events", "topic", durable=True)
    with connect(broker_url, name="board") as client:
        client.subscribe("steward:request_resolved.v1", print)
        client.prepare()
    body = {"specversion": "1.0", "id": str(uuid.uuid4()), "data": {"n": 1}}
    channel.basic_publish(
        "steward.events",
        "request_resolved.v1.0",
        json.dumps(body),
        pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2),
    )
    yield "ext.board.steward"
    connection.close()


def test_kombu_hears_with_what_the_page_says(broker_url, queue):
    exec(block("python", "register("), {})
    heard = []
    with kombu.Connection(broker_url) as connection:
        consumer = kombu.Consumer(
            connection.channel(),
            [kombu.Queue(queue, no_declare=True)],
            accept=["cloudevents"],
            callbacks=[lambda body, message: (heard.append(body), message.ack())],
        )
        with consumer:
            connection.drain_events(timeout=10)
    assert [body["data"] for body in heard] == [{"n": 1}]


def test_nameko_hears_with_what_the_page_says(broker_url, queue, tmp_path):
    config = yaml.safe_load(block("yaml", "SERIALIZERS"))
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"AMQP_URI": broker_url, **config}))
    (tmp_path / "board.py").write_text(
        "import eventlet; eventlet.monkey_patch()\n"
        "import json, pathlib, yaml\n"
        "from kombu import Queue\n"
        "from nameko.messaging import consume\n"
        "from nameko.runners import ServiceRunner\n"
        "class Board:\n"
        "    name = 'board'\n"
        f"    @consume(Queue({queue!r}, no_declare=True))\n"
        "    def hear(self, body):\n"
        "        pathlib.Path('heard').write_text(json.dumps(body['data']))\n"
        "runner = ServiceRunner(yaml.safe_load(pathlib.Path('config.yaml').read_text()))\n"
        "runner.add_service(Board)\n"
        "runner.start()\n"
        "runner.wait()\n"
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "board.py"],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        assert wait_until((tmp_path / "heard").exists, 30), (tmp_path / "log").read_text()
        assert wait_until(lambda: (tmp_path / "heard").read_text() == '{"n": 1}', 5)
    finally:
        process.kill()
        process.wait(10)
