"""Statements and files: one's own, as of a time; for offices by their role; for nobody else."""

import csv
import io
import re
import tempfile

import openpyxl
import pytest

from fivered.chassis import jobs
from fivered.chassis.blobs import Blobs
from fivered.chassis.inbox import Outage
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied
from fivered.chassis.spreadsheets import cell
from fivered.services.credit.errors import Gone, NotReady
from fivered.services.credit.service import Credit
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import (
    DISTRICT,
    STREET,
    award,
    final_month,
    run_jobs,
)
from testkit.bench import database_url, open_bench  # noqa: F401
from testkit.disks import small_disk

pytestmark = pytest.mark.slow


@pytest.fixture
def credit(database_url, tmp_path):  # noqa: F811
    bench = open_bench(Credit, database_url, FIVERED_BLOBS=str(tmp_path / "blobs"))
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.resident(bench, "per_a")
    bench.at("2025-03-03T09:00")
    award(bench, "RES:per_a", "R-RES-13", level="STREET", deed="BZ-1")
    yield bench
    bench.runtime.close()


def made(bench, order, *, role="R_RESIDENT", person="per_a", scope=stage.GRID):
    bench.as_(role, person=person, scope=scope)
    reply = bench.do("start_export", order)
    with pytest.raises(NotReady):
        bench.ask("export_file", {"export_id": reply["id"]})
    assert bench.ask("export", {"export_id": reply["id"]})["state"] == "QUEUED"
    run_jobs(bench)
    assert bench.ask("export", {"export_id": reply["id"]})["state"] == "READY"
    found = bench.ask("export_file", {"export_id": reply["id"]})
    with Blobs(bench.runtime.process.blobs).open(found["sha256"]) as file:
        content = file.read()
    assert len(content) == found["size"]
    return reply["id"], found, content


def sheet(content):
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [list(row) for row in book.active.iter_rows(values_only=True)]


def table(content):
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.covers("REQ-L08")
def test_a_statement_says_what_stood_before_what_moved_and_what_stands(credit):
    bench = credit
    final_month(bench, "2025-03")
    stage.partner(bench, "ptn_h")
    bench.at("2025-04-29T10:00").deliver(
        [
            stage.redemption(
                bench, "requested", "rdm_1", "2025-04-29T10:00", points=20, wallet="RES:per_a"
            )
        ]
    )
    bench.at("2025-05-05T09:00").as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    whole = bench.ask("statement")
    assert [(line["kind"], line["account"], line["amount"]) for line in whole["lines"]] == [
        ("AWARD", "PENDING", 30),
        ("RELEASE", "AVAILABLE", 30),
        ("RELEASE", "PENDING", -30),
        ("HOLD", "AVAILABLE", -20),
        ("HOLD", "HELD", 20),
    ]
    assert whole["opening"] == {}
    assert {k: v for k, v in whole["closing"].items() if v} == {"AVAILABLE": 10, "HELD": 20}
    # The balance as of a date: before the release, before the hold.
    march = bench.ask("statement", {"until": "2025-04-01T00:00:00+08:00"})
    assert march["closing"] == {"PENDING": 30}
    late = bench.ask("statement", {"since": "2025-04-29T00:00:00+08:00"})
    assert {k: v for k, v in late["opening"].items() if v} == {"AVAILABLE": 30}
    assert len(late["lines"]) == 2
    with pytest.raises(Invalid):
        bench.ask(
            "statement",
            {"since": "2025-05-01T00:00:00+08:00", "until": "2025-04-01T00:00:00+08:00"},
        )
    with pytest.raises(NotFound):
        bench.ask("statement", {"subject": "RES:per_b"})
    with pytest.raises(NotFound):
        bench.as_("R_AUDITOR", person="per_auditor").ask("statement", {"subject": "RES:per_a"})

    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    _, found, content = made(bench, {"kind": "STATEMENT", "format": "CSV"})
    assert found["media_type"] == "text/csv; charset=utf-8"
    lines = table(content)
    assert lines[0] == ["入账时间", "行为时间", "事项", "依据", "月份", "账户", "变动", "余额"]
    assert [line[2:3] + line[5:] for line in lines[1:]] == [
        ["记入待发积分", "待发积分", "30", "30"],
        ["积分发放", "可用积分", "30", "30"],
        ["积分发放", "待发积分", "-30", "0"],
        ["兑换冻结", "可用积分", "-20", "10"],
        ["兑换冻结", "兑换冻结积分", "20", "20"],
    ]


def test_a_settlement_goes_to_offices_as_csv_and_as_a_workbook(credit):
    bench = credit
    settled = final_month(bench, "2025-03")
    staff = {"role": "R_STREET", "person": "per_street", "scope": STREET}
    order = {"kind": "SETTLEMENT", "settlement_id": settled["id"]}
    _, found, content = made(bench, order | {"format": "CSV"}, **staff)
    assert found["name"].endswith(".csv")
    lines = table(content)
    assert lines[0][:4] == ["月份", "地区", "主体", "类别"]
    assert lines[1][:4] == ["2025-03", stage.COMMUNITY, "RES:per_a", "居民"]
    # Below a heading that people read stands no code but of a subject and an area.
    codes = re.compile(r"[A-Z]{2,}_[A-Z_]+|[A-Z]{3,}")
    assert [one for line in lines[1:] for one in line[3:] if codes.search(one)] == []
    _, found, content = made(bench, order | {"format": "XLSX"}, **staff)
    assert found["media_type"].startswith("application/vnd.openxmlformats")
    rows = sheet(content)
    assert ["" if value is None else str(value) for value in rows[1]] == lines[1]
    # A number is a number in the workbook.
    assert isinstance(rows[1][6], int)


@pytest.mark.covers("C14")
def test_the_trial_balance_of_any_time_sums_to_zero(credit):
    bench = credit
    final_month(bench, "2025-03")
    bench.as_("R_AUDITOR", person="per_auditor", scope=DISTRICT)
    early = bench.ask("trial_balance", {"at": "2025-04-01T00:00:00+08:00"})
    assert (early["sum"], early["balanced"], early["accounts"]["PENDING"]) == (0, True, 30)
    now = bench.ask("trial_balance")
    assert (now["sum"], now["accounts"]["AVAILABLE"]) == (0, 30)
    _, _, content = made(
        bench,
        {"kind": "TRIAL_BALANCE", "format": "XLSX", "at": "2025-04-01T00:00:00+08:00"},
        role="R_AUDITOR",
        person="per_auditor",
        scope=DISTRICT,
    )
    rows = sheet(content)
    assert ["待发积分", "PENDING", 30] in rows
    assert all(row[0] and not row[0].isascii() for row in rows)
    assert rows[-1] == ["合计", None, 0]


def test_every_refusal_of_an_export(credit):
    bench = credit
    settled = final_month(bench, "2025-03")
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    with pytest.raises(Invalid):
        bench.do("start_export", {"kind": "EVERYTHING", "format": "CSV"})
    with pytest.raises(Invalid):
        bench.do("start_export", {"kind": "STATEMENT", "format": "PDF"})
    with pytest.raises(RoleDenied):
        bench.do("start_export", {"kind": "TRIAL_BALANCE", "format": "CSV"})
    order = {"kind": "SETTLEMENT", "format": "CSV", "settlement_id": settled["id"]}
    with pytest.raises(RoleDenied):
        bench.do("start_export", order)
    with pytest.raises(NotFound):
        bench.do("start_export", {"kind": "STATEMENT", "format": "CSV", "subject": "RES:per_b"})
    bench.as_("R_STREET", person="per_street", scope="370811016")
    with pytest.raises(NotFound):
        bench.do("start_export", order)
    bench.as_("R_STREET", person="per_street", scope=STREET)
    with pytest.raises(Invalid):
        bench.do("start_export", {"kind": "SETTLEMENT", "format": "CSV"})
    with pytest.raises(NotFound):
        bench.do("start_export", order | {"settlement_id": "stl_nothing"})
    assert bench.rows("SELECT count(*) AS n FROM exports") == [{"n": 0}]


@pytest.mark.covers("REQ-L08")
def test_a_file_is_given_to_who_asked_for_it_and_for_a_while(credit):
    bench = credit
    export_id, _, _ = made(bench, {"kind": "STATEMENT", "format": "CSV"})
    for role, person in (("R_RESIDENT", "per_b"), ("R_DISTRICT", "per_district")):
        bench.as_(role, person=person, scope=DISTRICT)
        for question in ("export", "export_file"):
            with pytest.raises(NotFound):
                bench.ask(question, {"export_id": export_id})
    bench.at("2025-03-04T10:00").as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    assert bench.ask("export", {"export_id": export_id})["state"] == "EXPIRED"
    with pytest.raises(Gone):
        bench.ask("export_file", {"export_id": export_id})


@pytest.mark.parametrize("form", ["CSV", "XLSX"])
def test_a_file_that_finds_no_room_is_made_when_there_is_some(credit, tmp_path, monkeypatch, form):
    """Where a workbook found none, the job ended with a fault, and nobody could go on."""
    bench = credit
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "blobs"))
    with small_disk(tmp_path / "blobs", "1m") as disk:
        bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
        asked = bench.do("start_export", {"kind": "STATEMENT", "format": form})
        disk.fill()
        # As often as a job may die, and once more.
        for _ in range(jobs.TRIES + 1):
            with pytest.raises(Outage):
                run_jobs(bench)
        assert [path.name for path in disk.folder.iterdir()] == ["ballast"]
        assert bench.ask("export", {"export_id": asked["id"]})["state"] == "QUEUED"
        disk.empty()
        run_jobs(bench)
        assert bench.ask("export", {"export_id": asked["id"]})["state"] == "READY"
        assert len(list(disk.folder.iterdir())) == 1


def test_no_cell_is_taken_for_a_formula():
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1"):
        assert cell(text) == f"'{text}"
    assert (cell(-30), cell("济宁"), cell(None)) == (-30, "济宁", None)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_no_calendar_holds_is_refused_with_its_field(credit, at):
    credit.as_("R_AUDITOR", person="per_auditor", scope="370811")
    with pytest.raises(Invalid) as refused:
        credit.ask("trial_balance", {"at": at})
    assert refused.value.field == "at"


def test_a_time_of_which_something_may_still_be_written_is_refused(credit):
    """K8: it was only said that one should take a time a minute ago."""
    credit.at("2025-04-01T09:00:00").as_("R_AUDITOR", person="per_auditor", scope=DISTRICT)
    near = {"at": "2025-04-01T08:59:30+08:00"}
    for asked in (
        lambda: credit.ask("trial_balance", near),
        lambda: credit.do("start_export", {"kind": "TRIAL_BALANCE", "format": "CSV"} | near),
    ):
        with pytest.raises(Invalid) as refused:
            asked()
        assert refused.value.field == "at"
    assert credit.ask("trial_balance", {"at": "2025-04-01T08:59:00+08:00"})["balanced"] is True
