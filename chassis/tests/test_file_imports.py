"""Files: every kind of wrong row, the dry run, going on after a crash, importing twice."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from fivered.chassis import jobs
from fivered.chassis.blobs import BlobMissing, Blobs, NoBlobs
from fivered.chassis.columns import Column
from fivered.chassis.importers import Importer
from fivered.chassis.refusal import NotFound, Refusal, RoleDenied
from fivered.chassis.tests.toy.importing import DIE_AFTER, HEARD, WRITTEN, ImportingToy
from testkit.bench import instant, open_bench

pytestmark = pytest.mark.slow

COUNTED = ("kind", "dry_run", "rows", "created", "unchanged", "refused", "errors")
HEADER = "counter_id,amount,since,at,open,colour,parts,note"


@pytest.fixture
def bench(database_url, tmp_path):
    WRITTEN.clear()
    DIE_AFTER.clear()
    HEARD.clear()
    opened = open_bench(ImportingToy, database_url, FIVERED_BLOBS=str(tmp_path / "blobs"))
    yield opened
    opened.runtime.close()


def blobs_of(bench):
    return Blobs(bench.runtime.process.blobs)


def send(bench, text, *, dry_run=False, kind="counters"):
    content = text if isinstance(text, bytes) else text.encode()
    with blobs_of(bench).receive() as receiving:
        receiving.write(content)
        blob = receiving.keep()
    return bench.do("_start_import", {"kind": kind, "sha256": blob.sha256, "dry_run": dry_run})


def finish(bench, reply):
    while jobs.run_next(bench.runtime):
        pass
    return bench.ask("_job", {"job_id": reply["id"]})


def killed(bench, batches):
    """Run a job whose process dies after some batches; nobody holds its lease any more."""
    DIE_AFTER.append(batches)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_next(bench.runtime)
    DIE_AFTER.clear()
    with bench.runtime.engine.begin() as conn:
        conn.execute(
            sa.update(bench.runtime.chassis.jobs).values(lease_until=instant("2020-01-01"))
        )


def load(bench, text, **given):
    card = finish(bench, send(bench, text, **given))
    assert card["state"] == "DONE", card["error"]
    return card["result"]


def counters(bench):
    rows = bench.rows("select counter_id, total from counters order by counter_id")
    return {row["counter_id"]: row["total"] for row in rows}


def numbered(count):
    return "counter_id,amount\n" + "".join(f"c{n:02d},{n}\n" for n in range(count))


def test_a_good_file_is_written_and_said_and_progress_is_kept(bench):
    reply = send(bench, numbered(10))
    card = finish(bench, reply)
    assert (card["state"], card["done"], card["total"]) == ("DONE", 10, 10)
    said = card["result"]
    assert {name: said[name] for name in said if name in COUNTED} == {
        "kind": "counters",
        "dry_run": False,
        "rows": 10,
        "created": 10,
        "unchanged": 0,
        "refused": 0,
        "errors": [],
    }
    assert counters(bench) == {f"c{n:02d}": n for n in range(10)}
    assert len(bench.published("added.v1")) == 10
    assert {event["actorrole"] for event in bench.published()} == {"R_DISTRICT"}


def test_the_file_is_gone_when_it_has_been_read(bench):
    reply = send(bench, numbered(1))
    finish(bench, reply)
    assert list(Path(bench.runtime.process.blobs).iterdir()) == []


def test_the_same_file_again_changes_nothing_and_says_nothing(bench):
    load(bench, numbered(10))
    again = load(bench, numbered(10))
    assert (again["created"], again["unchanged"], again["refused"]) == (0, 10, 0)
    assert len(bench.published()) == 10


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (",1,,,,,,", "counter_id", "CELL_MISSING"),
        ("C 1,1,,,,,,", "counter_id", "BAD_CELL"),
        ("c1,one,,,,,,", "amount", "BAD_CELL"),
        ("c1,101,,,,,,", "amount", "BAD_CELL"),
        ("c1,-1,,,,,,", "amount", "BAD_CELL"),
        ("c1,1.5,,,,,,", "amount", "BAD_CELL"),
        ("c1,1,2025-02-30,,,,,", "since", "BAD_CELL"),
        ("c1,1,,yesterday,,,,", "at", "BAD_CELL"),
        ("c1,1,,,perhaps,,,", "open", "BAD_CELL"),
        ("c1,1,,,,GREEN,,", "colour", "BAD_CELL"),
        ("c1,1,,,,,a|B,", "parts", "BAD_CELL"),
        ("c1,1,,,,,,a note that is far too long for it", "note", "BAD_CELL"),
        (b"c1,1,,,,,,a\0b", "note", "CELL_UNREADABLE"),
        ("c1,1,,,,,,a\u202eb", "note", "CELL_UNREADABLE"),
        ("c1,1,45717,,,,,", "since", "DAY_OF_A_SPREADSHEET"),
        ("3.70899E+17,1,,,,,,", "counter_id", "DIGITS_LOST"),
        ("c1,1,,,,,", "", "CELL_COUNT"),
        ("c1,1,,,,,,,", "", "CELL_COUNT"),
        ("c1,1,,,,,,after writing", "note", "TOO_MUCH"),
        ("c1,1,,,,,,找138-1234-5678", "note", "PII_FOUND"),
        ("c1,1,,,,,,37089919800305007X", "note", "PII_FOUND"),
        ("c1,1,,,,,,bug", "", "ROW_FAULT"),
    ],
)
def test_a_wrong_row_is_named_by_line_and_column_and_the_others_are_taken(bench, row, column, code):
    raw = row if isinstance(row, bytes) else row.encode()
    good = b"a1,1,,,,,,\n"
    file = HEADER.encode() + b"\n" + good + raw + b"\n" + b"b1,2,,,,,,\n"
    result = load(bench, file)
    assert (result["created"], result["refused"]) == (2, 1)
    (error,) = result["errors"]
    assert (error["line"], error["column"], error["code"]) == (3, column, code)
    assert error["message_zh"]
    assert error["message_en"]
    if column:
        assert error["expected_zh"]
        assert error["expected_en"]
    assert counters(bench) == {"a1": 1, "b1": 2}
    assert len(bench.published()) == 2


def test_an_error_never_repeats_what_stood_in_the_cell(bench):
    load(bench, "counter_id,amount\nsecretname,1\n")
    result = load(bench, "counter_id,amount\nsecretname,2\n")
    (error,) = result["errors"]
    assert error["code"] == "TOO_MUCH"
    assert "secretname" not in str(result)
    # FP-D14: "…" said of no value what it was.
    assert error["message_zh"] == "超过上限 〔编号〕"
    assert error["message_en"].endswith("[counter_id]")


def test_lines_are_counted_as_an_editor_counts_them(bench):
    file = "\ufeff" + HEADER + '\r\na1,1,,,,,,"two\r\nlines"\r\n\r\nb1,x,,,,,,\r\n'
    result = load(bench, file)
    assert [error["line"] for error in result["errors"]] == [5]
    assert result["rows"] == 2


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("", "没有可读的表头"),
        (b"c\xff\xfe\xff,1\n\xff\xff\n", "GB18030"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 .xls"),
        (b"PK\x03\x04 nothing", "工作簿无法打开"),
        ("代号,量\nc1,1\n".encode("gbk"), "未知 代号, 量"),
        ("\ufeffcounter_id,am\u200bount x\nc1,1\n", "<U\\+200B>"),
        (",".join(["counter_id"] * 500), "列数超过"),
        ("amount\n1\n", "缺少 counter_id"),
        ("counter_id,weight\nc1,1\n", "未知 weight"),
        ("counter_id,amount,amount\nc1,1,1\n", "重复 amount"),
    ],
)
def test_a_wrong_header_refuses_the_file_at_once(bench, file, says):
    with pytest.raises(Refusal, match=says):
        send(bench, file)
    assert bench.rows("select * from jobs") == []


@pytest.mark.parametrize(
    ("tail", "code"),
    [('d1,4,,,,,,"never closed', "QUOTE_OPEN"), ("d1,4,,,,,," + "x" * 300_000, "LINE_TOO_LONG")],
)
def test_a_line_that_cannot_be_read_is_named_and_what_follows_it_is_read(bench, tail, code):
    """IN-A5: a quote that was not closed swallowed fifty residents without a word."""
    rows = "".join(f"a{n},{n},,,,,,\n" for n in range(6))
    after = "".join(f"b{n},{n},,,,,,\n" for n in range(60))
    result = load(bench, HEADER + "\n" + rows + tail + "\n" + after)
    assert (result["created"], result["refused"]) == (66, 1)
    assert [(error["line"], error["code"]) for error in result["errors"]] == [(8, code)]
    assert result["lines"] == 1 + 6 + 1 + 60


def test_a_row_that_stands_within_a_quote_is_not_swallowed(bench):
    """IN-A5: the second row's ids stood in the first one's last cell."""
    file = HEADER + '\nc1,1,,,,,,"open\nc2,2,,,,,,closed"\nc3,3,,,,,,x\n'
    result = load(bench, file)
    assert [(error["line"], error["code"]) for error in result["errors"]] == [(2, "QUOTE_OPEN")]
    assert counters(bench) == {"c2": 2, "c3": 3}


def test_a_dry_run_checks_against_the_database_and_writes_nothing(bench):
    load(bench, "counter_id,amount\nc01,1\n")
    result = load(bench, "counter_id,amount\nc01,1\nc02,2\nc01,9\nc03,x\n", dry_run=True)
    assert result["dry_run"] is True
    assert (result["created"], result["unchanged"], result["refused"]) == (1, 1, 2)
    assert [error["line"] for error in result["errors"]] == [4, 5]
    assert counters(bench) == {"c01": 1}
    assert len(bench.published()) == 1


def test_a_dry_run_answers_as_the_run_does_where_rows_of_other_batches_clash(bench):
    """Batches are of four rows; a row that was refused, or that failed, stands in nobody's way."""
    rows = [*(f"c{n},{n}," for n in range(8)), "c3,9,", "c5,5,", "d,1,bug", "e,1,after writing"]
    rows += ["", *(f"f{n},{n}," for n in range(4)), "d,2,", "e,3,", "e,3,", "e,4,", "f0,1,"]
    file = "counter_id,amount,note\n" + "".join(f"{row}\n" for row in rows)
    tried = load(bench, file, dry_run=True)
    assert counters(bench) == {}
    assert bench.published() == []
    done = load(bench, file)
    assert tried == done | {"dry_run": True}
    assert (done["created"], done["unchanged"]) == (14, 2)
    assert [(one["line"], one["code"]) for one in done["errors"]] == [
        (10, "TOO_MUCH"),
        (12, "ROW_FAULT"),
        (13, "TOO_MUCH"),
        (22, "TOO_MUCH"),
        (23, "TOO_MUCH"),
    ]


def test_a_dry_run_that_was_killed_in_the_middle_answers_as_one_that_was_not(bench):
    file = numbered(11) + "c03,9\nc04,4\n"
    reply = send(bench, file, dry_run=True)
    killed(bench, 2)
    tried = finish(bench, reply)["result"]
    assert [one["line"] for one in tried["errors"]] == [13]
    assert tried == load(bench, file) | {"dry_run": True}


def test_a_job_that_was_killed_in_the_middle_goes_on_and_nothing_is_doubled(bench):
    reply = send(bench, numbered(11) + "c99,x\n")
    killed(bench, 2)
    assert len(counters(bench)) == 8
    WRITTEN.clear()
    card = finish(bench, reply)
    assert card["state"] == "DONE"
    assert WRITTEN == [3]
    result = card["result"]
    assert (result["rows"], result["created"], result["refused"]) == (12, 11, 1)
    assert result["errors"][0]["line"] == 13
    assert sorted(event["subject"] for event in bench.published()) == [
        f"c{n:02d}" for n in range(11)
    ]


BRANCHES = [
    "abc",
    "ab",
    "xyz",
    "b",
    "bad",
    "",
    "bac",
    "ba",
    "B",
    "acd",
    "ac",
    "a",
    "abd",
    "bab",
    "a",
]


def branches():
    return "counter_id,amount\n" + "".join(f"{name},\n" if name else "\n" for name in BRANCHES)


def test_rows_that_refer_to_rows_below_them_are_taken_in_one_job(bench):
    """IN-B12. Batches are of four rows, so that what is referred to lies in another batch."""
    result = load(bench, branches(), kind="branches")
    assert (result["rows"], result["created"], result["unchanged"]) == (14, 11, 1)
    assert [(one["line"], one["code"]) for one in result["errors"]] == [
        (4, "NOTHING_ABOVE"),
        (10, "BAD_CELL"),
    ]
    assert (result["lines"], result["blank_lines"], result["refused"]) == (16, 1, 2)
    assert set(counters(bench)) == {*BRANCHES} - {"", "xyz", "B"}


def test_a_dry_run_of_such_a_file_answers_as_the_run_does(bench):
    tried = load(bench, branches(), kind="branches", dry_run=True)
    assert counters(bench) == {}
    assert bench.published() == []
    done = load(bench, branches(), kind="branches")
    assert tried == done | {"dry_run": True}


@pytest.mark.parametrize("steps", range(1, 4))
def test_such_a_file_goes_on_in_the_tier_in_which_its_job_was_killed(bench, steps):
    reply = send(bench, branches(), kind="branches")
    WRITTEN.clear()
    killed(bench, steps)
    result = finish(bench, reply)["result"]
    assert (result["rows"], result["created"], result["unchanged"]) == (14, 11, 1)
    assert [one["line"] for one in result["errors"]] == [4, 10]
    assert (result["lines"], result["blank_lines"]) == (16, 1)


def test_a_batch_waits_for_facts_that_are_still_on_their_way(bench):
    result = load(bench, HEADER + "\na1,1,,,,,,\nb1,2,,,,,,wait\n")
    assert (result["created"], result["refused"]) == (2, 0)
    assert len(bench.published()) == 2


def test_waiting_ends_and_the_rows_are_refused(bench, monkeypatch):
    impatient = replace(bench.runtime.process, import_patience_s=0.0)
    monkeypatch.setattr(bench.runtime, "process", impatient)
    monkeypatch.setattr("fivered.chassis.tests.toy.importing.HEARD", NeverHeard())
    result = load(bench, HEADER + "\na1,1,,,,,,\nb1,2,,,,,,wait\n")
    assert (result["created"], result["refused"]) == (1, 1)
    assert result["errors"][0]["code"] == "NOT_HEARD_OF"


class NeverHeard(set):
    def add(self, _name):
        pass


def test_only_the_first_thousand_errors_are_kept_and_all_are_counted(bench):
    result = load(bench, "counter_id,amount\n" + "c1,x\n" * 1203)
    assert result["refused"] == 1203
    assert len(result["errors"]) == 1000


def test_the_template_is_a_file_that_is_taken(bench):
    card = bench.ask("_importer", {"kind": "counters"})
    assert card["template"].splitlines()[0] == HEADER
    assert load(bench, card["template"])["created"] == 1
    assert [one["kind"] for one in bench.ask("_importers")["items"]] == ["counters", "branches"]
    assert {"name", "meaning", "required", "expected_zh", "example"} <= set(card["columns"][0])


def test_who_may_not_send_files_is_refused(bench):
    bench.as_("R_RESIDENT")
    with pytest.raises(RoleDenied):
        send(bench, numbered(1))


def test_an_unknown_kind_and_a_missing_file_are_refused(bench):
    with pytest.raises(NotFound):
        send(bench, numbered(1), kind="stars")
    with pytest.raises(BlobMissing):
        bench.do("_start_import", {"kind": "counters", "sha256": "0" * 64})
    with pytest.raises(BlobMissing):
        bench.do("_start_import", {"kind": "counters", "sha256": "../../etc/passwd"})


def test_without_a_folder_no_file_is_taken():
    with pytest.raises(NoBlobs):
        Blobs("")


def test_files_that_nobody_came_for_are_swept(tmp_path):
    blobs = Blobs(tmp_path)
    with blobs.receive() as receiving:
        receiving.write(b"x")
        kept = receiving.keep()
    with blobs.receive() as left:
        left.write(b"y")
    old = time.time() - 100
    os.utime(blobs.path(kept.sha256), (old, old))
    assert blobs.sweep(1000) == 0
    assert blobs.sweep(10) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_kind_of_file_says_which_column_it_has_declared_wrongly():
    parcel, weight = Column("parcel", "包裹 / parcel", "p1"), Column("weight", "g", "20")

    def importer(*columns, apart):
        return Importer("parcels", "包裹 / Parcels", columns, list, lambda r: [r["parcel"]], apart)

    assert importer(parcel, weight, apart=("weight",)).key_columns() == {"parcel"}
    with pytest.raises(TypeError, match=r"parcels: in a key or apart\? weight"):
        importer(parcel, weight, apart=())
    wrong = replace(weight, kind="integer", example="heavy")
    with pytest.raises(TypeError, match="parcels: weight does not take its example 'heavy'"):
        importer(parcel, wrong, apart=("weight",))
