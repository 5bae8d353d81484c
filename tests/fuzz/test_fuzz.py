"""Cases that schemathesis draws, after the story: a short run, and what the driver would notice.

`make fuzz` sends 10,000.
"""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.local.prepare import prepare
from fivered.gateway.doors import ROLES
from tests.fuzz import run as fuzz

SEED, CASES = 20251130, 600


@pytest.mark.timeout(300)
def test_every_role_gets_documented_answers_from_every_door_and_no_fault(after_story):
    running = after_story.start(**fuzz.SETTINGS)
    found = fuzz.run(running, after_story.folder / "data", cases=CASES, seed=SEED)
    assert found["wrong"] == [], fuzz.said(found)
    assert after_story.stop() == 0
    assert "Traceback" not in (after_story.folder / "log").read_text("utf-8")
    # It reaches what it is meant to reach: every role, links, and more than refusals.
    assert set(found["statuses"]) == {"", *ROLES}
    served = {role for role, said in found["statuses"].items() if said.get("200", 0)}
    assert served >= ROLES - {"R_SYSTEM"}, "a role that no door served"
    assert found["linked"] > CASES / 20
    assert len(found["served"]) > found["doors"] / 5


TEXT = {"200": {"description": "", "content": {"application/json": {"schema": {
    "type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}}}}  # fmt: skip
ANSWERS = {
    "/good": (200, "application/json", b'{"name": "x"}'),
    "/fault": (500, "application/json", b'{"name": "x"}'),
    "/teapot": (418, "application/json", b'{"name": "x"}'),
    "/kind": (200, "text/plain", b"x"),
    "/schema": (200, "application/json", b'{"name": 7}'),
}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "wrong", "version": "1"},
    "paths": {
        path: {"get": {"operationId": path[1:], "x-roles": ["PUBLIC"], "parameters": [],
                       "responses": {**TEXT, "default": {"description": "any other"}}}}
        for path in ANSWERS
    },
    "components": {"links": {}},
}  # fmt: skip


class Wrong(BaseHTTPRequestHandler):
    """Answers what its document does not say."""

    def do_GET(self):
        status, kind, body = ANSWERS.get(
            self.path.partition("?")[0], (200, "application/json", json.dumps(DOCUMENT).encode())
        )
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said):
        """Say nothing."""


def test_the_driver_notices_faults_and_answers_that_are_documented_nowhere():
    prepare("fuzz", fuzz.ENVIRONMENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Wrong)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told = {
        "address": f"http://127.0.0.1:{server.server_port}",
        "seed": 1, "cases": 5, "pool": {}, "leave": [], "actors": {"": {"token": "", "acting": ""}},
    }  # fmt: skip
    try:
        done = subprocess.run(
            [fuzz.ENVIRONMENT / "bin" / "python", "-I", Path(fuzz.__file__).with_name("driver.py")],
            input=json.dumps(told), capture_output=True, text=True, check=True,
        )  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()
    found = json.loads(done.stdout)
    assert found["cases"] == 5
    assert {one["operation"] for one in found["wrong"]} == {
        "GET /fault", "GET /teapot", "GET /kind", "GET /schema",
    }  # fmt: skip
