"""The databases of the release before go through every migration, and both releases serve them."""

import json
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.installed import service_class
from fivered.chassis.migrate import is_behind, migrate_service, package_of
from fivered.clients.demo.api import Api
from fivered.clients.demo.district import PEOPLE
from testkit.bench import databases, fresh_database
from testkit.drift import differences
from testkit.waiting import wait_until
from tests.systems import Embedded
from tests.upgrade import ladder

# Rows that a migration moves, by service: from which table into which (each takes them all).
MOVED = {"forum": {"votes": ("roll", "ballots")}}
END = json.loads((ladder.FOLDER / "end.json").read_text("utf-8"))


@pytest.fixture(params=databases())
def restored(request, tmp_path):
    """Return the function that restores a service's database of the release before."""
    opened = []

    def restore(service):
        database = fresh_database(request.param, tmp_path)
        opened.append(database)
        url = next(database)
        if request.param == "sqlite":
            return ladder.restore_sqlite(service, Path(sa.make_url(url).database))
        return ladder.restore_postgresql(service, url)

    yield restore
    for database in opened:
        next(database, None)


def counts(engine):
    with engine.connect() as conn:
        return {
            name: conn.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar()
            for name in sa.inspect(engine).get_table_names()
            if not name.startswith("alembic_version")
        }


# A new table that a migration fills, a row for each row of another one.
FILLED = {"credit": {"consent_acts": "consents"}}


@pytest.mark.parametrize("service", ladder.SERVICES)
def test_a_filled_database_goes_through_every_migration(restored, service):
    """K21"""
    engine = store.open_engine(restored(service))
    cls = service_class(service)
    before = counts(engine)
    assert is_behind(engine, package_of(cls))
    assert migrate_service(cls, engine)
    assert not is_behind(engine, package_of(cls))
    assert differences(cls, engine) == []
    after = counts(engine)
    for name, into in MOVED.get(service, {}).items():
        assert {after[table] for table in into} == {before.pop(name)}
    for name, of in FILLED.get(service, {}).items():
        assert after[name] == after[of] > 0
    assert {name: after[name] for name in before if after[name] < before[name]} == {}
    assert not migrate_service(cls, engine)
    engine.dispose()


def end_state(api):
    """What the story of the release before left, as the code of today says it."""
    sheet = api.get("/v1/credit/trial-balance", PEOPLE["auditor"])
    subjects = api.get("/v1/credit/me", PEOPLE["resident"])["subjects"]
    me = next(card for card in subjects if card["kind"] == "RES")
    settlements = api.get("/v1/credit/settlements", PEOPLE["street"])["items"]
    redemptions = api.get("/v1/partner/redemptions", PEOPLE["resident"])["items"]
    return {
        "accounts": sheet["accounts"],
        "sum": sheet["sum"],
        "points": {name: me["points"][name] for name in END["points"]},
        "standing": me["standing"],
        "redemptions": sorted([row["offer_id"], row["state"]] for row in redemptions),
        "settlements": sorted(
            [row["period"], row["community"], row["state"], row["hash"]]
            for row in settlements
            if row["state"] == "SETTLED"
        ),
    }


def kept(end):
    final = [row for row in end["settlements"] if row[2] == "SETTLED"]
    return {
        name: end[name] for name in ("accounts", "sum", "points", "standing", "redemptions")
    } | {"settlements": final}


def test_an_upgraded_system_says_what_the_release_before_said_and_goes_on(embedded):
    """K21: nothing of the months, accounts and vouchers changes; the next request is taken."""
    ladder.restore_folder(embedded.folder / "data")
    running = embedded.start()
    api = Api(running.address, running.token_key)
    try:
        assert end_state(api) == kept(END)
        for period in ("2025-01", "2025-02", "2025-03"):
            done = verified(embedded, period)
            assert done.returncode == 0, done.stdout + done.stderr
        filed = api.post(
            "/v1/steward/requests",
            PEOPLE["resident"],
            {
                "kind": "REPAIR",
                "category": "LIFT",
                "channel": "APP",
                "grid": "370811015901001",
                "text": "升级之后电梯又停了",
            },
            key="after-the-upgrade",
        )
        assert api.get(f"/v1/steward/requests/{filed['id']}", PEOPLE["resident"])["number"]
        assert wait_until(lambda: is_found_by_name(api, "resident"), 20)
    finally:
        api.close()


def is_found_by_name(api, who):
    """Tell whether somebody who was registered with the release before is found: names are sealed,
    and a timer reads them after the migration."""
    person = PEOPLE[who].person_id
    (card,) = api.get("/v1/steward/people-cards", PEOPLE["cadre"], ids=person)["items"]
    body = {"name": card["name"]}
    found = api.post("/v1/steward/people/search", PEOPLE["cadre"], body, key=str(uuid.uuid4()))
    return person in [one["person_id"] for one in found["items"]]


def verified(embedded, period):
    return subprocess.run(
        [*embedded.program, "verify", "credit", period, "--data", str(embedded.folder / "data")],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


OLD = "import sys; from chassis.cli import main; sys.exit(main(sys.argv[1:]))"
# A rolling upgrade migrates first, and serve and work of the release before do not migrate.
OLD_UP = "from chassis import migrate; migrate.migrate_service = lambda *_: False; " + OLD


def test_the_release_before_tells_its_story_on_the_tables_of_today(tmp_path):
    """K21: code N-1 serves on schema N."""
    old = ladder.code_of_the_release_before(tmp_path / "old")
    system = Embedded(tmp_path / "system")
    data = system.folder / "data"
    system.place()
    shutil.copy(ladder.FOLDER / "keys.json", data / "keys.json")
    python = [sys.executable, "-c"]
    system.program = (*python, OLD_UP)
    system.cwd = old
    system.start(district=True)
    try:
        end = tmp_path / "end.json"
        told = subprocess.run(
            [*python, OLD, "demo", "story", "--data", str(data), "--json", str(end)],
            cwd=old,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
        found = json.loads(end.read_text("utf-8"))
        del found["postings"]
        assert found == END
    finally:
        system.stop()
