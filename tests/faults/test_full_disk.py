"""The disk of the embedded system is full: nobody is told that it worked, nothing is half there,
and all goes on when there is room."""

import sqlite3
from contextlib import closing

import httpx
import pytest

from fivered.clients.demo.api import Person, token
from testkit.disks import small_disk
from testkit.waiting import wait_until

COMMUNITY, GRID = "370811015901", "370811015901001"
DISTRICT = Person("district", "per_district", (("R_DISTRICT", "370811"),))
HEAD = "person_id,name,phone,id_no,birth_year,grid,household_id,synthetic\n"
ROWS = 1500


class Client:
    def __init__(self, running):
        self.http = httpx.Client(
            base_url=running.address,
            timeout=30,
            headers={
                "Authorization": f"Bearer {token(running.token_key, DISTRICT)}",
                "X-Acting-Role": "R_DISTRICT",
            },
        )

    def area(self, code, kind="COMMUNITY"):
        body = {"code": code, "name": "春晖", "kind": kind}
        return self.http.post("/v1/steward/areas", json=body, headers={"Idempotency-Key": code})

    def send(self, text, key):
        headers = {"Content-Type": "text/csv", "Idempotency-Key": key}
        return self.http.post("/v1/steward/imports/people", content=text.encode(), headers=headers)


def people(count):
    who = (f"per_0190a000-0000-7000-8000-{n:012d}" for n in range(count))
    return HEAD + "".join(f"{one},王小丽,,,1976,{GRID},,true\n" for one in who)


def is_problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


@pytest.mark.timeout(240)
def test_a_full_disk_is_told_and_waited_out(embedded):
    with small_disk(embedded.folder / "data", "24m") as disk:
        embedded.place()
        client = Client(embedded.start())
        blobs = embedded.folder / "data" / "blobs"
        for code, kind in ((COMMUNITY, "COMMUNITY"), (GRID, "GRID")):
            assert client.area(code, kind).status_code == 201

        disk.fill()
        for _ in range(3):
            said = is_problem(client.area("370811015902"), 503)
            assert said["code"] == "SERVICE_UNAVAILABLE"
        assert client.http.get("/v1/steward/areas").status_code == 200
        said = is_problem(client.send(people(ROWS), "people"), 507)
        assert said["code"] == "NO_ROOM"
        assert is_problem(client.send(people(1), "one"), 507)["code"] == "NO_ROOM"
        assert list(blobs.iterdir()) == []
        disk.empty()
        assert client.area("370811015902").json()["version"] == 1

        # There is room for the file, and not for what its rows become.
        before = len((embedded.folder / "log").read_text())
        disk.fill(left=1024 * 1024)
        job = client.send(people(ROWS), "people").json()["id"]

        def state():
            return client.http.get(f"/v1/steward/jobs/{job}").json()

        def told():
            return (embedded.folder / "log").read_text()[before:]

        assert wait_until(lambda: "storage_outage" in told(), 60), told()[-3000:]
        assert state()["state"] in {"QUEUED", "RUNNING"}
        assert state()["done"] < ROWS
        disk.empty()
        assert wait_until(lambda: state()["state"] == "DONE", 60), state()
        assert state()["result"]["created"] == ROWS
        client.http.close()
        assert embedded.stop() == 0
        with closing(sqlite3.connect(embedded.folder / "data" / "steward.sqlite")) as steward:
            (kept,) = steward.execute("SELECT count(*) FROM persons").fetchone()
            said = "SELECT count(DISTINCT subject), count(*) FROM outbox WHERE fact = ?"
            assert steward.execute(said, ("resident_registered.v1",)).fetchone() == (ROWS, ROWS)
        assert kept == ROWS
