"""The gateway is tested in front of a real embedded host with the chassis's toy service."""

import json
import uuid
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path

import anyio
import httpx
import pytest

from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import FileSettings, Secret, read
from fivered.chassis.tests.toy.filing import FilingToy, Prove, Proved
from fivered.chassis.tests.toy.service import FAIL, Toy
from fivered.gateway.app import create
from fivered.gateway.doors import ANY, Doors
from fivered.gateway.identity import issue
from fivered.gateway.settings import GatewaySettings
from fivered.gateway.tests.toy_routes import DOORS
from testkit.bench import KEY, environment
from testkit.s3 import s3_store  # noqa: F401

DISTRICT = {"role": "R_DISTRICT", "scope": "370811"}
RESIDENT = {"role": "R_RESIDENT", "scope": "370811015901"}


def settings(**given):
    return GatewaySettings(
        **{"token_key": Secret(KEY), "demo_clock": True, "check_replies": True} | given
    )


class Site:
    """A gateway in front of a host, asked without a network."""

    def __init__(self, host):
        self.host = host
        self.app = None

    def build(self, *, services=("toy",), extra=(DOORS,), **given):
        self.app = create(
            self.host, settings=settings(**given), services=list(services), extra=extra
        )
        return self

    @asynccontextmanager
    async def client(self):
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield client

    def ask(self, verb, path, *, grants=(DISTRICT,), person="per_1", key=True, headers=(), **rest):
        """Make one request. grants=None: without a token. key=True: a new one."""
        sent = dict(headers)
        if grants is not None:
            sent.setdefault("Authorization", f"Bearer {issue(KEY, person, grants, 1)}")
        if key is True and verb != "GET":
            sent["Idempotency-Key"] = uuid.uuid4().hex
        elif isinstance(key, str):
            sent["Idempotency-Key"] = key

        async def one():
            async with self.client() as client:
                return await client.request(verb, path, headers=sent, **rest)

        return anyio.run(one)

    def add(self, amount=5, counter="c1", note="", **rest):
        body = {"counter_id": counter, "amount": amount, "note": note}
        return self.ask("POST", "/v1/toy/counters", json=body, **rest)


def open_host(folder):
    given = environment(FIVERED_DEMO_CLOCK="1", FIVERED_DEMO_START="2025-01-02T09:00:00")
    runtime = Runtime.open(Toy, f"sqlite:///{folder}/toy.sqlite", environ=given)
    migrate_service(Toy, runtime.engine)
    return EmbeddedHost({"toy": runtime})


@pytest.fixture
def host(tmp_path):
    FAIL.clear()
    opened = open_host(tmp_path)
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def site(host):
    return Site(host).build()


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.servers)])
def place(request, tmp_path):
    """Where files lie: below a folder, or what is kept in a bucket of a real store."""
    given = {"FIVERED_BLOBS": str(tmp_path / "blobs")}
    if request.param == "bucket":
        given |= request.getfixturevalue("s3_store").new_bucket()
    return read(FileSettings, given)


@pytest.fixture
def folder(place):
    return Path(place.blobs)


@pytest.fixture
def toy(tmp_path, place):
    runtime = Runtime.open(FilingToy, f"sqlite:///{tmp_path}/toy.sqlite", environ=environment())
    runtime.process = replace(runtime.process, **asdict(place))
    migrate_service(FilingToy, runtime.engine)
    host = EmbeddedHost({"toy": runtime})
    host.start()
    doors = Doors("toy", tag=DOORS.tag, imports=["counters"])
    doors.command(
        "POST", "/proofs", "prove", body=Prove, reply=Proved, roles=ANY, status=201,
        summary="佐证 / Prove",
    )  # fmt: skip
    host.doors = doors
    yield host
    host.stop()


def problem_of(response):
    """Check that an answer is a problem with all its members, and return it."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    found = json.loads(response.content)
    assert found["status"] == response.status_code
    assert found["type"] == f"/problems/{found['guard'] or found['code']}"
    assert found["title"]
    assert found["detail"] in {found["message_zh"], found["message_en"]}
    assert found["message_zh"]
    assert found["message_en"]
    assert len(found["trace_id"]) == 32
    assert found["trace_id"] in response.headers["traceparent"]
    assert "Traceback" not in response.text
    return found
