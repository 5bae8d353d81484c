"""The runbook's "Restoring a backup", carried out: nothing that credit had heard is lost (OP-B2)."""

import json
import shlex
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from fivered.chassis.calendar import SHANGHAI
from fivered.clients.demo.api import Person, Refused
from testkit import servers
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
    # Today an hour after midnight is not long enough for an hour of work.
    day = datetime.now(SHANGHAI).date() - timedelta(days=1)
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


def restored(house, kept, before, after):
    """The runbook's steps: stop, restore, say again, start. Credit is as it was, then as it is."""
    house.end("serve-credit", "work-credit")
    told = house.run("restore", "credit", "--from", kept, "--replace", "credit", unit="credit")
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


def district(house, grids=2):
    """A community with a resident who is scored, as the first test of a house makes it."""
    api = house.api()
    api.post("/v1/credit/rule-sets/import", DISTRICT, {"code": "RC-2025.1"}, key="rules")
    for code, kind in ((COMMUNITY, "COMMUNITY"), (GRID, "GRID")):
        body = {"code": code, "name": "春晖", "kind": kind}
        api.post("/v1/steward/areas", DISTRICT, body, key=code)
    for number in range(2, grids):
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
    # The hours that count are those of yesterday: today an hour after midnight has none yet.
    with psycopg.connect(house.postgres.url("fivered_credit")) as conn:
        conn.execute("UPDATE consent_spans SET since = since - interval '2 days'")
    return api


def test_a_restored_credit_hears_again_what_it_had_forgotten(house, tmp_path):
    # More than a hundred events come before the backup.
    api = district(house, grids=112)
    volunteer(api, 1)
    settle(house)
    before = accounts(house)

    kept = str(tmp_path / "backups")
    made = house.run("backup", "credit", "--to", kept, "--keep", "14", unit="credit")
    assert "not in it: the keys " in made
    assert house.run("backup", "verify", kept, unit="credit").startswith("ok ")

    for number in (2, 3):
        volunteer(api, number)
    settle(house)
    after = accounts(house)
    assert after != before
    assert after["pending"] != before["pending"]

    restore = ("restore", "credit", "--from", kept, "--replace", "credit")
    house.run(*restore, unit="credit", code=2)  # somebody still works on it
    restored(house, kept, before, after)
    # A backup holds no rights: rows of the audit may be added again, and not removed.
    assert "are what was sealed" in house.run("verify", "audit", "credit", unit="credit")
    own = house.environment("credit")["FIVERED_CREDIT_DATABASE_URL"]
    denied = pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied")
    with psycopg.connect(own, autocommit=True) as conn, denied:
        conn.execute("DELETE FROM audit")

    # To everybody, and without a limit: what is known is dropped at every consumer.
    everything = house.run("events", "replay", "steward", unit="steward")
    assert int(everything.split()[0]) > 110
    settle(house)
    assert accounts(house) == after
    api.close()


@contextmanager
def archiving(postgres, to):
    """Keep the write-ahead log of a server as it is written, until the block ends."""
    to.mkdir()
    postgres.give(to)
    program = servers.postgresql_bin() / "pg_receivewal"
    archiver = postgres.spawn(str(program), "-d", postgres.url(), "-D", str(to), "--synchronous")
    try:
        yield
        with psycopg.connect(postgres.url(), autocommit=True) as conn:
            (written,) = conn.execute("SELECT pg_switch_wal()").fetchone()
            asked = "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= %s"
            arrived = lambda: conn.execute(asked, (written,)).fetchone()[0]  # noqa: E731
            assert wait_until(arrived, 30, every=0.1)
    finally:
        archiver.terminate()
        archiver.wait(20)


def recovered(house, base, archive, until):
    """A second server: the base backup, and the archive up to a moment, where it stops."""
    conf = [f"restore_command='cp {archive}/%f %p || cp {archive}/%f.partial %p'",
            f"recovery_target_time='{until}'"]  # fmt: skip
    (base / "data/recovery.signal").touch()
    return servers.Postgres(base, conf="\n".join(conf))


def test_one_service_is_brought_to_a_point_in_time(house, tmp_path):
    """The runbook's "Point in time": base backup, archive, a second server, backup, restore."""
    api = district(house)
    volunteer(api, 11)
    archive, base = (house.postgres.base / name for name in ("archive", "recovered"))
    with archiving(house.postgres, archive):
        program = servers.postgresql_bin() / "pg_basebackup"
        base.mkdir()
        house.postgres.give(base)
        house.postgres.spawn(
            str(program), "-d", house.postgres.url(), "-D", str(base / "data"), "-c", "fast",
            "-X", "none",
        ).wait(60)  # fmt: skip
        volunteer(api, 12)
        settle(house)
        before = accounts(house)
        with psycopg.connect(house.postgres.url()) as conn:
            (until,) = conn.execute("SELECT clock_timestamp()").fetchone()
        volunteer(api, 13)
        settle(house)
        after = accounts(house)
    assert len(after["hours"]) == len(before["hours"]) + 1

    kept = str(tmp_path / "backups")
    second = recovered(house, base, archive, until)
    second.start()
    try:
        url = house.environment("credit")["FIVERED_CREDIT_DATABASE_URL"]
        there = url.replace(f":{house.postgres.port}/", f":{second.port}/")
        house.run(
            "backup", "credit", "--to", kept, unit="credit", FIVERED_CREDIT_DATABASE_URL=there
        )
    finally:
        second.stop()
    (manifest,) = Path(kept).glob("credit-*/manifest.json")
    assert datetime.fromisoformat(json.loads(manifest.read_text())["made_at"]) < until
    restored(house, kept, before, after)
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
