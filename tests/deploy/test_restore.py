"""The runbook's "Restoring a backup", carried out: nothing that credit had heard is lost (OP-B2)."""

import json
import shlex
from datetime import datetime

import psycopg
import pytest

from chassis.calendar import SHANGHAI
from clients.demo.api import Person, Refused
from testkit.waiting import wait_until
from tests.deploy.house import COMMUNITY, DISTRICT, GRID, RESIDENT, RUNNING

pytestmark = [pytest.mark.servers, pytest.mark.timeout(420)]

WORKER = Person("grid", "per_0190a000-0000-7000-8000-000000000003", (("R_GRID", GRID),))
CADRE = Person("cadre", "per_0190a000-0000-7000-8000-000000000004", (("R_CADRE", COMMUNITY),))
# What an account is: its balance, and whose; not the number of a row.
ACCOUNTS = {
    "system": "SELECT * FROM system_accounts ORDER BY 1",
    "pending": "SELECT * FROM pendings ORDER BY 1, 2",
    "wallets": "SELECT * FROM wallets ORDER BY 1, 2",
    "hours": "SELECT event_id, period, minutes FROM hours ORDER BY 1",
}


def accounts(house):
    with psycopg.connect(house.postgres.url("fivered_credit")) as conn:
        return {name: conn.execute(asked).fetchall() for name, asked in ACCOUNTS.items()}


def volunteer(api, number, minutes=60):
    """Two records of hours, one confirmed by somebody else than who took it down."""
    day = datetime.now(SHANGHAI).date()
    record = f"vol_0190a000-0000-7000-8000-{number:012d}"
    made = api.post(
        "/v1/steward/volunteer-hours",
        WORKER,
        {
            "record_id": record, "person_id": RESIDENT.person_id, "minutes": minutes,
            "source": "QR", "date": day.isoformat(), "activity": f"社区清洁日{number}",
        },
        key=f"hours-{number}",
    )  # fmt: skip
    path = f"/v1/steward/volunteer-hours/{record}/confirm"
    api.post(path, CADRE, {"minutes": minutes}, key=f"confirm-{number}", version=made["version"])


def settle(house):
    """Wait until everything that steward has said has been heard by credit."""

    def quiet():
        with psycopg.connect(house.postgres.url("fivered_steward")) as conn:
            (unsent,) = conn.execute("SELECT count(*) FROM outbox WHERE sent_at IS NULL").fetchone()
        left = [n for name, n in house.queues().items() if name.startswith("credit.steward.")]
        return unsent == 0 and not any(left)

    assert wait_until(quiet, 60, every=0.5), house.logs()


def replays(told):
    """The commands that a restore has told, each with the service whose environment it needs."""
    lines = [line.partition("#")[0] for line in told.splitlines()]
    found = [shlex.split(line)[1:] for line in lines if line.strip().startswith("fivered events")]
    return [(command, command[2]) for command in found]


def test_a_restored_credit_hears_again_what_it_had_forgotten(house, tmp_path):
    api = house.api()
    api.post("/v1/credit/rule-sets/import", DISTRICT, {"code": "RC-2025.1"}, key="rules")
    for code, kind in ((COMMUNITY, "COMMUNITY"), (GRID, "GRID")):
        body = {"code": code, "name": "春晖", "kind": kind}
        api.post("/v1/steward/areas", DISTRICT, body, key=code)
    # More than a hundred events come before the backup.
    for number in range(2, 112):
        body = {"code": f"{COMMUNITY}{number:03d}", "name": f"第{number}网格", "kind": "GRID"}
        api.post("/v1/steward/areas", DISTRICT, body, key=body["code"])
    person = {
        "person_id": RESIDENT.person_id, "name": "王小丽", "birth_year": 1976, "grid": GRID,
        "synthetic": True,
    }  # fmt: skip
    api.post("/v1/steward/people", DISTRICT, person, key="person")

    def consents():
        body = {"notice_version": "2025.1", "purposes": ["SCORING", "POINTS"]}
        try:
            return api.post("/v1/credit/consents", RESIDENT, body, key="consent")
        except Refused as refusal:
            if refusal.problem.get("guard") not in {"IDENTITY_NOT_VERIFIED", "UNKNOWN_PERSON"}:
                raise
            return None

    api.wait("credit hears of the resident", consents, seconds=30)
    volunteer(api, 1)
    settle(house)
    before = accounts(house)

    kept = str(tmp_path / "backups")
    made = house.run("backup", "credit", "--to", kept, "--keep", "14", unit="credit")
    assert "not in it: the keys FIVERED_ACTOR_KEY" in made
    assert house.run("backup", "verify", kept, unit="credit").startswith("ok ")

    for number in (2, 3):
        volunteer(api, number)
    settle(house)
    after = accounts(house)
    assert after != before
    assert after["pending"] != before["pending"]

    # The runbook's steps: stop, restore, say again, start.
    restore = ("restore", "credit", "--from", kept, "--replace", "credit")
    house.run(*restore, unit="credit", code=2)  # somebody still works on it
    house.end("serve-credit", "work-credit")
    told = house.run(*restore, unit="credit")
    assert accounts(house) == before
    commands = replays(told)
    assert "steward" in [source for _command, source in commands]
    for command, source in commands:
        if source in RUNNING:
            counted = house.run(*command, "--dry-run", unit=source)
            said = house.run(*command, unit=source)
            assert counted.split()[0] == said.split()[0]
    house.spawn("work", "credit", unit="credit")
    house.spawn("serve", "credit", unit="credit")
    house.wait_ready()
    settle(house)
    assert wait_until(lambda: accounts(house) == after, 30, every=0.5), (after, accounts(house))
    assert house.run("parked", "list", "credit", unit="credit").startswith("nothing")

    # To everybody, and without a limit: what is known is dropped at every consumer.
    everything = house.run("events", "replay", "steward", unit="steward")
    assert int(everything.split()[0]) > 110
    settle(house)
    assert accounts(house) == after
    api.close()


def test_tail_shows_the_newest_with_the_numbers_that_replay_takes(house):
    """OP-B2: it showed the oldest hundred, under the id of the event."""
    whole = [json.loads(line) for line in house.run(
        "events", "tail", "steward", "--limit", "100000", unit="steward").splitlines()]  # fmt: skip
    few = [
        json.loads(line)
        for line in house.run(
            "events", "tail", "steward", "--limit", "3", unit="steward"
        ).splitlines()
    ]
    assert few == whole[-3:]
    assert [event["outbox_id"] for event in whole] == sorted(e["outbox_id"] for e in whole)
    second = few[1]
    after = house.run(
        "events", "replay", "steward", "--after", str(few[0]["outbox_id"]), "--dry-run",
        unit="steward",
    )  # fmt: skip
    assert after.startswith("2 events of steward would go out again")
    last = house.run(
        "events", "tail", "steward", "--from", second["recorded_at"], "--to",
        str(second["outbox_id"]), unit="steward",
    )  # fmt: skip
    assert json.loads(last.splitlines()[-1])["id"] == second["id"]
