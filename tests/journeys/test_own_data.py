"""A person asks for all that is kept about them, over HTTP, from every service (REQ-L08)."""

import csv
import io
import zipfile

import pytest
import sqlalchemy as sa

from fivered.chassis.cli import main
from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.messages import SYSTEM
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.gateway.app import create
from fivered.gateway.tests.conftest import Site, problem_of, settings
from fivered.services.steward.tests.ground import COMMUNITY, GRID, LI, WANG
from testkit.bench import environment
from testkit.waiting import wait_until

AWAY = "partner"
NAMES = sorted(service_names())


@pytest.fixture
def site(tmp_path):
    """All services but one, which is installed and does not answer."""
    kinds = [service_class(name) for name in NAMES if name != AWAY]
    given = environment(
        *(kind.settings_type for kind in kinds),
        FIVERED_DEMO_CLOCK="1",
        FIVERED_DEMO_START="2025-03-03T09:00:00",
        FIVERED_SYNTHETIC="1",
    )
    opened = {}
    for kind in kinds:
        path = f"sqlite:///{tmp_path}/{kind.name}.sqlite"
        opened[kind.name] = Runtime.open(kind, path, environ=given)
        migrate_service(kind, opened[kind.name].engine)
    host = EmbeddedHost(opened)
    host.start()
    site = Site(host)
    site.runtimes, site.given = opened, given
    site.app = create(host, settings=settings(), services=NAMES)
    for code, kind in ((COMMUNITY, "COMMUNITY"), (GRID, "GRID")):
        area = {"code": code, "name": "春晖", "kind": kind}
        assert site.ask("POST", "/v1/steward/areas", json=area).status_code == 201
    for who, name, phone in ((WANG, "王小丽", "12812345678"), (LI, "李明", "12800000002")):
        person = {"person_id": who, "name": name, "phone": phone, "grid": GRID, "synthetic": True}
        assert site.ask("POST", "/v1/steward/people", json=person).status_code == 201
        order = {
            "channel": "APP", "kind": "REPAIR", "category": "LIFT", "grid": GRID,
            "text": f"=电梯停了,{name}报",
        }  # fmt: skip
        made = site.ask("POST", "/v1/steward/requests", person=who, grants=RESIDENT, json=order)
        assert made.status_code == 201, made.text
    yield site
    host.stop()


RESIDENT = [{"role": "R_RESIDENT", "scope": GRID}]


def own(site, who, query=""):
    return site.ask("GET", f"/v1/me/data{query}", person=who, grants=RESIDENT)


def test_a_person_is_given_all_that_is_kept_and_told_who_did_not_answer(site):
    answer = own(site, WANG)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["person_id"] == WANG
    assert not told["complete"]
    assert told["missing"] == [AWAY]
    rows = {
        f"{service}.{table['table']}": table["rows"]
        for service, one in told["services"].items()
        for table in one["tables"]
    }
    (person,) = rows["steward.persons"]
    assert (person["name"], person["phone"]) == ("王小丽", "12812345678")
    (request,) = rows["steward.requests"]
    assert request["text"] == "=电梯停了,王小丽报"
    assert {"李明", LI, "12800000002"} & set(answer.text.replace(",", '"').split('"')) == set()
    assert "李明" not in answer.text
    assert LI not in answer.text
    assert "phone_hmac" not in answer.text
    assert answer.headers["cache-control"] == "no-store"

    # As files: one per table, no formulas, and a page that says what they are.
    packed = zipfile.ZipFile(io.BytesIO(own(site, WANG, "?format=csv").content))
    assert "未答复" in packed.read("README.txt").decode()
    text = packed.read("steward/requests.csv").decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(text))
    assert line["text"] == "'=电梯停了,王小丽报"

    # Each time is noted, and the person reads it; after five times it is enough for the day.
    reads = site.ask("GET", "/v1/steward/person-reads", person=WANG, grants=RESIDENT).json()
    assert [(one["door"], one["why"]) for one in reads["items"]] == [("my_data", "SELF")] * 2
    for _ in range(3):
        assert own(site, WANG).status_code == 200
    problem = problem_of(own(site, WANG))
    assert (problem["status"], problem["code"]) == (429, "RATE_LIMIT")
    assert own(site, LI).status_code == 200

    # The audit of each says so as it says everything else: in real time, and from where.
    with site.runtimes["credit"].engine.connect() as conn:
        asked = "SELECT at, address FROM audit WHERE action = 'my_data' ORDER BY id LIMIT 1"
        at, address = conn.execute(sa.text(asked)).one()
    assert str(at)[:10] >= "2026" and address

    # No service gives its part past the count, nor where it cannot be counted.
    for name in NAMES:
        direct = site.ask("GET", f"/v1/{name}/my-data", person=LI, grants=RESIDENT)
        assert direct.status_code == 404, name
    with site.runtimes["steward"].engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE person_reads RENAME TO person_reads_away")
    assert own(site, LI).status_code >= 500
    with site.runtimes["steward"].engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE person_reads_away RENAME TO person_reads")
    assert site.ask("GET", "/v1/me/data", grants=None).status_code == 401
    assert own(site, WANG, "?format=pdf").status_code == 422


def on_disk(folder, value):
    """Return in which files of a steward's database, logs of writes too, some bytes stand."""
    return [path.name for path in folder.glob("steward.sqlite*") if value in path.read_bytes()]


def test_an_erasure_reaches_every_service_and_a_backup_of_before_brings_nothing_back(
    site, tmp_path, monkeypatch
):
    def places():
        """Return where each service says that the person lives, or lived."""
        found = {}
        for name, table in (
            ("credit", "people"), ("forum", "residents"), ("identity", "people"),
            ("property", "people"),
        ):  # fmt: skip
            kept = service_class(name).tables.tables[table]
            with site.runtimes[name].engine.connect() as conn:
                asked = sa.select(kept).where(kept.c.person_id == WANG)
                row = conn.execute(asked).mappings().one_or_none()
            column = "household_id" if name == "forum" else "grid"
            found[name] = row is not None and row[column] is not None
        return found

    heard = {"credit", "identity", "property"}
    wait_until(lambda: {name for name, there in places().items() if there} >= heard, 20)
    for name, value in site.given.items():
        monkeypatch.setenv(name, value)
    for name in heard:
        monkeypatch.setenv(
            f"FIVERED_{name.upper()}_DATABASE_URL", f"sqlite:///{tmp_path}/{name}.sqlite"
        )
        assert main(["backup", name, "--to", str(tmp_path / "kept")]) == 0
    asked = site.ask("POST", "/v1/steward/erasures", person=WANG, grants=RESIDENT, json={})
    assert asked.status_code == 201, asked.text
    path = f"/v1/steward/erasures/{asked.json()['id']}"
    secretary = [{"role": "R_SECRETARY", "scope": COMMUNITY}]
    # Who decides finds it in the list of the area; who has no part in it does not.
    for grants, seen in ((secretary, 1), ([{"role": "R_SECRETARY", "scope": "370811015999"}], 0)):
        listed = site.ask(
            "GET", f"/v1/steward/erasures?scope={grants[0]['scope']}", person="per_secretary",
            grants=grants,
        )  # fmt: skip
        assert len(listed.json()["items"]) == seen, listed.text
    decided = {
        "person": "per_secretary", "grants": secretary, "json": {"approved": True},
        "headers": {"If-Match": '"1"'},
    }  # fmt: skip
    (waits,) = asked.json()["holds"]
    assert waits["kind"] == "REQUEST"
    mine = site.ask("GET", "/v1/steward/requests", person=WANG, grants=RESIDENT).json()["items"]
    cancelled = site.ask(
        "POST", f"/v1/steward/requests/{mine[0]['id']}/cancel", person=WANG, grants=RESIDENT,
        json={}, headers={"If-Match": f'"{mine[0]["version"]}"'},
    )  # fmt: skip
    assert cancelled.status_code == 200, cancelled.text
    keys = site.runtimes["steward"].chassis.person_keys
    with site.runtimes["steward"].engine.connect() as conn:
        key = conn.execute(sa.select(keys.c.wrapped).where(keys.c.person_id == WANG)).scalar_one()
    assert on_disk(tmp_path, key)
    done = site.ask("POST", f"{path}/decide", **decided)
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "DONE"
    # The key is nowhere on the disk any more, while the system runs.
    wait_until(lambda: not on_disk(tmp_path, key), 20)
    assert on_disk(tmp_path, key) == []
    wait_until(lambda: not any(places().values()), 20)
    for runtime in site.runtimes.values():
        with runtime.transaction(SYSTEM) as tx:
            parked = tx.conn.execute(sa.select(tx.runtime.chassis.parked.c.reason)).all()
        assert parked == []
    # The person still reads that it was done; and nobody else's data are gone.
    assert site.ask("GET", path, person=WANG, grants=RESIDENT).json()["state"] == "DONE"
    other = own(site, LI).json()["services"]["steward"]["tables"]
    assert "李明" in [t["rows"][0]["name"] for t in other if t["table"] == "persons"]

    # Restored alone, a service learns from the databases beside it who was erased since.
    site.host.stop()
    for name in heard:
        runtime = site.runtimes[name]
        with runtime.engine.begin() as conn:
            conn.execute(sa.delete(runtime.chassis.person_keys))
        runtime.engine.dispose()
        command = ["restore", name, "--from", str(tmp_path / "kept"), "--replace", name]
        assert main(command) == 0
        runtime.prepare()
        runtime.engine.dispose()
        assert main(["verify", "audit", name]) == 0
    assert not any(places().values())
