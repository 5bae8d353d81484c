"""The real server: it says when it is ready, ends cleanly, and knows a taken port."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from fivered.chassis.settings import SettingsError, read
from fivered.gateway.app import serve_embedded
from fivered.gateway.identity import issue
from fivered.gateway.serving import listen
from fivered.gateway.settings import GatewaySettings
from fivered.gateway.tests.conftest import DISTRICT, settings
from testkit import servers
from testkit.bench import KEY

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# Nothing here is encrypted, and to read the machine's certificates takes longer than a request.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def start(folder, port):
    return servers.spawn(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "fivered.gateway.tests.serve_toy",
            str(folder),
            str(port),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_after_the_requests_that_it_has(tmp_path, number):
    port = servers.free_port()
    headers = {"Authorization": f"Bearer {issue(KEY, 'per_1', [DISTRICT], 1)}"}
    taken = []
    with start(tmp_path, port) as process:
        assert process.stdout.readline() == "ready\n"

        def add(_n):
            try:
                answer = httpx.post(
                    f"http://127.0.0.1:{port}/v1/toy/counters",
                    json={"counter_id": "c1", "amount": 1},
                    headers=headers | {"Idempotency-Key": uuid.uuid4().hex},
                    verify=PLAIN,
                )
            except httpx.HTTPError:
                return
            taken.append(answer.status_code)
            if len(taken) == 20:
                process.send_signal(number)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(60)))
        assert process.wait(20) == 0
        assert process.stdout.read() == "stopped\n"
    # What was answered is there.
    with start(tmp_path, port) as again:
        assert again.stdout.readline() == "ready\n"
        found = httpx.get(f"http://127.0.0.1:{port}/v1/toy/counters/c1", headers=headers).json()
        assert found["total"] >= taken.count(201) >= 20
        again.terminate()


def test_a_taken_port_is_one_clear_line(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        process = start(tmp_path, holder.getsockname()[1])
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert out.startswith("cannot listen on 127.0.0.1:")
    assert out.count("\n") == 1


def test_the_embedded_process_serves_its_host_until_it_is_told_to_stop(host, monkeypatch):
    # The settings come from the environment here, as in `fivered up`.
    monkeypatch.setenv("FIVERED_TOKEN_KEY", KEY)
    sock = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    asked = []

    def ask():
        asked.append(httpx.get(f"{address}/v1").status_code)
        signal.raise_signal(signal.SIGINT)

    def ready():
        threading.Thread(target=ask).start()

    serve_embedded(host, services=["toy"], sock=sock, ready=ready)
    assert asked == [200]


def test_every_setting_that_is_missing_or_wrong_is_named():
    with pytest.raises(SettingsError) as found:
        read(GatewaySettings, {"FIVERED_TOKEN_KEY": "short", "FIVERED_GATEWAY_PORT": "x"})
    assert len(found.value.problems) == 2
    with pytest.raises(SettingsError, match="FIVERED_TOKEN_KEY is not set"):
        read(GatewaySettings, {})
    assert KEY not in repr(settings())


def test_without_a_broker_address_the_process_says_what_is_missing():
    env = {n: v for n, v in os.environ.items() if not n.startswith("FIVERED_")}
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "fivered.gateway"],
        check=False,
        cwd=ROOT,
        env=env | {"FIVERED_ACTOR_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert found.returncode == 2
    assert found.stderr.splitlines() == [
        "fivered: FIVERED_TOKEN_KEY is not set: Key that signs the bearer tokens of people"
    ]
