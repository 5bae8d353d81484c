"""A generated district comes in through the open port, also over a killed process."""

import csv
import json
import sqlite3
import threading
from contextlib import closing

import pytest

from fivered.chassis.cli import main
from fivered.clients.load.files import read, write
from fivered.clients.load.generator import District
from fivered.clients.load.sending import Sender, token
from testkit.waiting import wait_until


def count(embedded, service, statement):
    path = embedded.folder / "data" / f"{service}.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        return conn.execute(statement).fetchone()[0]


def heard_by(embedded, service, statement, wanted):
    """Wait until a projection holds what it must; another service needs its time to hear."""
    wait_until(lambda: count(embedded, service, statement) == wanted, 60, every=0.05)
    return count(embedded, service, statement)


def imported(embedded, folder, *more):
    return main(["load", "import", str(folder), "--data", str(embedded.folder / "data"), *more])


@pytest.mark.timeout(300)
@pytest.mark.covers("REQ-L22")
def test_two_thousand_residents_come_in_and_a_second_time_changes_nothing(
    embedded, tmp_path, capsys
):
    district = District(2000, 7)
    folder = tmp_path / "district"
    rows = {one.kind: one.rows for one in write(district, folder)}
    embedded.start()

    # OP 1.2: what names rows of the files before is no fault of a dry run.
    kinds = ("areas", "people", "companies")
    only = [part for kind in kinds for part in ("--only", kind)]
    assert imported(embedded, folder, "--dry-run", *only) == 0
    assert count(embedded, "property", "select count(*) from companies") == 0

    assert imported(embedded, folder) == 0
    said = capsys.readouterr().out
    for kind, many in rows.items():
        assert f"{kind}: {many:,} rows" in said
    adults = count(
        embedded, "steward", "select count(*) from persons where is_adult and grid != ''"
    )
    assert adults > 1500
    people = "select count(*) from people"
    assert heard_by(embedded, "credit", people, 2000) == 2000
    assert heard_by(embedded, "forum", "select count(*) from residents", 2000) >= 2000
    assert count(embedded, "credit", "select count(*) from consents") == rows["consents"]
    assert (
        # Each waits for an official who did not import it.
        count(embedded, "partner", "select count(*) from offers where state='DRAFT'")
        == (rows["offers"])
    )
    assert count(embedded, "property", "select count(*) from projects") == rows["projects"]
    for service in ("steward", "property", "partner", "credit", "forum"):
        assert count(embedded, service, "select count(*) from parked") == 0, service
    assert not any((embedded.folder / "data" / "blobs").iterdir())

    # Run again: nothing is sent. Sent again all the same: nothing changes.
    assert imported(embedded, folder) == 0
    assert capsys.readouterr().out.count("in already") == len(rows)
    spoken = count(embedded, "steward", "select count(*) from outbox")
    assert imported(embedded, folder, "--again") == 0
    again = capsys.readouterr().out
    assert again.count("created 0,") == len(rows)
    assert count(embedded, "steward", "select count(*) from outbox") == spoken
    assert embedded.stop() == 0


def table(folder, kind):
    with (folder / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def put(folder, kind, *rows):
    with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)


@pytest.mark.timeout(300)
def test_a_district_of_ones_own_comes_in_with_its_officials_and_committees(
    embedded, tmp_path, capsys
):
    """OP 1.7: officials, links, deputies, committees and agreements were typed in one by one."""
    write(District(1000, 7), tmp_path)
    project = table(tmp_path, "projects")[0]
    grid = project["grids"].split("|")[0]
    adults = [
        one["person_id"]
        for one in table(tmp_path, "people")
        if one["grid"] and one["id_no"][6:10] < "2000"
    ]
    official = {"official_id": "off_1", "person_id": adults[6], "tier": "COMMUNITY_CADRE",
                "post": "社区党委委员", "area": grid[:12]}  # fmt: skip
    link = {"link_id": "lnk_1", "official_id": "off_1", "target_kind": "GRID", "target": grid}
    deputy = {"deputy_id": "dep_1", "person_id": adults[7], "kind": "PEOPLES_CONGRESS",
              "level": "TOWN", "streets": grid[:9]}  # fmt: skip
    committee = {"committee_id": "owc_1", "project_id": project["project_id"], "kind": "YWH",
                 "members": "|".join(adults[:5]), "chair": adults[0], "term_from": "2025-01-01",
                 "term_to": "2030-01-01"}  # fmt: skip
    item = {"agreement_id": "agr_1", "item": "1", "project_id": project["project_id"],
            "type": "JOINT_BUILDING", "valid_from": "2025-03-10", "valid_to": "",
            "text_sha256": "a" * 64, "title": "每季度公开收支", "responsible": "PROJECT",
            "due_date": "2025-05-20", "recurrence": "ONCE", "evidence_kinds": "PHOTO"}  # fmt: skip
    put(tmp_path, "officials", official)
    put(tmp_path, "liaisons", link, link | {"link_id": "lnk_2", "target": "999"})
    put(tmp_path, "deputies", deputy)
    put(tmp_path, "committees", committee)
    put(tmp_path, "agreements", item)
    embedded.start()

    # The bad line is told, and everything else comes in.
    assert imported(embedded, tmp_path) == 1
    said = capsys.readouterr().out
    assert "liaisons.csv:3 [target] AREA_MISMATCH" in said
    for service, kind, of in (
        ("forum", "officials", "officials"),
        ("forum", "liaisons", "liaisons"),
        ("forum", "deputies", "deputies"),
        ("property", "committees", "owners_committees"),
        ("property", "agreements", "agreements"),
    ):
        assert f"{kind}: " in said, said
        assert count(embedded, service, f"select count(*) from {of}") == 1, (kind, said)
    put(tmp_path, "liaisons", link)
    assert imported(embedded, tmp_path) == 0
    assert "liaisons: 1 rows, created 0, unchanged 1" in capsys.readouterr().out
    assert embedded.stop() == 0


@pytest.mark.timeout(300)
@pytest.mark.covers("REQ-L22")
def test_an_import_whose_process_is_killed_goes_on_and_doubles_nothing(embedded, tmp_path):
    folder = tmp_path / "district"
    write(District(8000, 7), folder)
    files = {one.kind: one for one in read(folder)}
    running = embedded.start()
    assert imported(embedded, folder, "--only", "areas") == 0

    half = threading.Event()
    sender = Sender(running.address, token(running.token_key), folder)

    def tell(done, _total):
        if done >= 2000:
            half.set()

    results = []
    thread = threading.Thread(
        target=lambda: results.append(sender.take(files["people"], tell)), daemon=True
    )
    thread.start()
    assert half.wait(60)
    embedded.kill9()
    before = count(embedded, "steward", "select count(*) from persons")
    assert 0 < before < files["people"].rows
    # The same sender waits for the system to come back, and goes on with the same job.
    embedded.start()
    thread.join(120)
    sender.close()
    (outcome,) = results
    assert outcome.state == "DONE", outcome.error
    assert outcome.result["created"] == files["people"].rows
    assert outcome.result["refused"] == 0
    registered = (
        "select count(*), count(distinct subject) from outbox where fact='resident_registered.v1'"
    )
    assert count(embedded, "steward", registered) == 8000
    assert count(embedded, "steward", registered.replace("count(*), ", "")) == 8000
    assert heard_by(embedded, "credit", "select count(*) from people", 8000) == 8000
    memory = json.loads((folder / ".sent.json").read_text())
    assert len(memory) == 2
    assert embedded.stop() == 0
