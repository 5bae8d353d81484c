"""The runbook's rotation of keys and passwords, carried out while people go on working."""

import json
import re
import subprocess
import sys
import threading

import psycopg
import pytest

from fivered.clients.demo.api import Person, Refused
from testkit.waiting import wait_until
from tests.deploy.house import COMMUNITY, DISTRICT, GRID, ROOT, RUNNING

pytestmark = [pytest.mark.servers, pytest.mark.timeout(420)]

CADRE = Person("cadre", "per_0190a000-0000-7000-8000-000000000004", (("R_CADRE", COMMUNITY),))
PII, DIGEST = "FIVERED_STEWARD_PII_KEY", "FIVERED_DIGEST_KEY"


class Work(threading.Thread):
    """Registers people and finds them again by phone; it waits for nothing and is never refused."""

    def __init__(self, house):
        super().__init__(daemon=True)
        self.api, self.waited = house.api(), []
        self.api.on_wait = self.waited.append
        self.done, self.failed = 0, None
        self.over = threading.Event()

    @staticmethod
    def person(n):
        return {
            "person_id": f"per_0190a007-0000-7000-8000-{n:012d}", "name": "王小丽", "grid": GRID,
            "phone": f"128{n:08d}", "synthetic": True,
        }  # fmt: skip

    def register(self, n):
        return self.api.post("/v1/steward/people", DISTRICT, self.person(n), key=f"person-{n}")

    def finds(self, n):
        (found,) = self.api.get("/v1/steward/people", CADRE, phone=f"128{n:08d}")["items"]
        return (found["person_id"], found["name"]) == (self.person(n)["person_id"], "王小丽")

    def run(self):
        try:
            while not self.over.wait(0.1):
                self.register(self.done)
                assert self.finds(self.done)
                # One of before, whatever key it was sealed with.
                assert self.finds(self.done // 2)
                self.done += 1
        except BaseException as error:
            self.failed = error

    def goes_on(self):
        before = self.done
        assert wait_until(lambda: self.failed or self.done > before + 1, 60), "nothing goes on"
        assert self.failed is None, self.failed


def test_keys_and_passwords_are_replaced_and_nobody_notices(house):
    """The keys that sign who acts: from the first new `serve` to the new gateway all was answered
    403."""
    api = house.api()
    for code, kind in ((COMMUNITY, "COMMUNITY"), (GRID, "GRID")):
        body = {"code": code, "name": "春晖", "kind": kind}
        api.post("/v1/steward/areas", DISTRICT, body, key=code)
    work = Work(house)
    work.start()
    work.goes_on()
    first = work.done

    printed = {
        name: re.split(
            r"^# \d.*$", house.run("keys", "rotate", name, unit="steward"), flags=re.MULTILINE
        )
        for name in (PII, DIGEST)
    }
    pairs = Pairs(house)
    for step in (1, 2):
        for name in (PII, DIGEST):
            house.write("steward", printed[name][step])
        for unit in RUNNING:
            house.write(unit, pairs.both)
        house.replace("serve-steward", "work-steward")
        work.goes_on()
    assert work.waited == []
    # The gateway has signed with the key before up to here. There is only one: people wait for it.
    house.write("gateway", pairs.gateway)
    house.end("gateway")
    house.spawn_gateway()
    work.goes_on()
    work.waited.clear()

    def safe():
        return "key before: yes" in house.run("keys", "status", unit="steward")

    assert wait_until(safe, 60, every=0.5)
    # Who repeats a request of then has its answer.
    assert work.register(0)["id"] == work.person(0)["person_id"]
    with pytest.raises(Refused, match="IDEMPOTENCY_MISMATCH"):
        api.post("/v1/steward/people", DISTRICT, work.person(1), key="person-0")
    house.write("steward", house.run("keys", "drop", PII, unit="steward"))
    house.write("steward", pairs.services)
    passwords(house, "steward")
    house.replace("serve-steward", "work-steward")
    work.goes_on()
    work.over.set()
    work.join(60)
    assert work.waited == []
    assert all(work.finds(n) for n in range(first))
    # Nothing of before opens anything.
    old = printed[PII][2].rpartition("=")[2].strip()
    assert old and old not in (house.folder / "env" / "steward.env").read_text()
    # Credit runs with the key of before; who asks for the house next starts it with the new one.
    house.quiet()


class Pairs:
    """New keys that sign who acts, by `fivered keys pair`: for the gateway, for the services, and
    for these while the gateway still has the old ones."""

    def __init__(self, house):
        said = house.run("keys", "pair", unit="gateway")
        lines = [line for line in said.splitlines() if line[0] != "#"]
        self.gateway = "\n".join(line for line in lines if "_PRIVATE=" in line)
        new = dict(line.split("=", 1) for line in lines if "_PUBLIC=" in line)
        old = house.environment("steward")
        self.services = "\n".join(f"{name}={key}" for name, key in new.items())
        self.both = "\n".join(f"{name}={old[name]},{key}" for name, key in new.items())


def passwords(house, unit):
    """Replace a unit's broker and database password by the table of the runbook."""
    path = house.folder / "env" / "passwords.json"
    known = json.loads(path.read_text())
    text = (house.folder / "env" / f"{unit}.env").read_text()
    for kind in ("broker", "database"):
        old, known[f"{kind} {unit}"] = known[f"{kind} {unit}"], f"new{kind}" * 5
        text = text.replace(old, known[f"{kind} {unit}"])
    path.write_text(json.dumps(known))
    subprocess.run(
        [sys.executable, "-m", "deploy.fill_in", "--folder", str(house.folder / "env")],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    house.shell(f"rabbitmqctl change_password {unit} {known[f'broker {unit}']}\n")
    with psycopg.connect(house.postgres.url(), autocommit=True) as conn:
        conn.execute(f"ALTER ROLE {unit} PASSWORD '{known[f'database {unit}']}'")
    (house.folder / "env" / f"{unit}.env").write_text(text)
