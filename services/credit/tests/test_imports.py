"""Consents that come as a file: the command's rules, a fixed number of statements."""

import pytest

from chassis.testing import database_url, open_bench  # noqa: F401
from services.credit.service import Credit

GRID = "370811015901001"
HEADER = "consent_id,person_id,notice_version,purposes,channel,evidence_ref\n"


def person_id(number):
    return f"per_00000000-0000-7000-8000-{number:012d}"


def consent_id(number):
    return f"cns_00000000-0000-7000-8000-{number:012d}"


def row(number, **given):
    cells = {
        "consent_id": consent_id(number),
        "person_id": person_id(number),
        "notice_version": "2025.1",
        "purposes": "SCORING|POINTS",
        "channel": "PAPER",
        "evidence_ref": f"F-{number}",
    } | given
    return ",".join(cells.values()) + "\n"


def register(bench, number, **given):
    data = {
        "person_id": person_id(number),
        "community": GRID[:12],
        "grid": GRID,
        "is_adult": True,
        "household_id": "hh_1",
        "synthetic": True,
    } | given
    bench.hear(
        "steward", "resident_registered.v1", data, subject=person_id(number), scope=GRID[:12]
    )


@pytest.fixture
def bench(database_url, tmp_path):  # noqa: F811
    opened = open_bench(Credit, database_url, FIVERED_BLOBS=str(tmp_path / "blobs"))
    for number in range(1, 6):
        register(opened, number)
    yield opened
    opened.runtime.close()


def counts(result):
    return result["created"], result["unchanged"], result["refused"]


def stored(bench, table, number):
    found = bench.rows(f"select * from {table} where subject_id = :s", s=f"RES:{person_id(number)}")
    for one in found:
        for name in ("subject_id", "ref", "holder", "person_id", "consent_id", "evidence_ref"):
            one.pop(name, None)
    return found


@pytest.mark.covers("REQ-L01")
def test_a_consent_by_file_is_the_same_as_one_by_command(bench):
    assert counts(bench.load("consents", HEADER + row(1))) == (1, 0, 0)
    bench.as_("R_DISTRICT").do(
        "grant_consent",
        {
            "person_id": person_id(2),
            "notice_version": "2025.1",
            "purposes": ["SCORING", "POINTS"],
            "channel": "PAPER",
            "evidence_ref": "F-2",
        },
    )
    for table in ("consents", "consent_spans", "subjects"):
        by_file, by_command = stored(bench, table, 1), stored(bench, table, 2)
        assert by_file
        assert by_file == by_command, table


def test_the_same_file_again_is_unchanged_and_other_content_is_refused(bench):
    file = HEADER + row(1) + row(2) + row(1)
    assert counts(bench.load("consents", file)) == (2, 1, 0)
    assert counts(bench.load("consents", file)) == (0, 3, 0)
    other = HEADER + row(1, purposes="SCORING") + row(3, consent_id=consent_id(2))
    result = bench.load("consents", other)
    assert [error["code"] for error in result["errors"]] == ["CONSENT_DIFFERS"] * 2


@pytest.mark.covers("REQ-L06")
@pytest.mark.parametrize(
    ("given", "column", "code"),
    [
        ({"person_id": person_id(8)}, "person_id", "UNDER_AGE"),
        ({"notice_version": "2019"}, "notice_version", "NOTICE_OUTDATED"),
        ({"purposes": "POINTS"}, "purposes", "PURPOSE_MISSING"),
        ({"purposes": "SCORING|SELLING"}, "purposes", "BAD_CELL"),
        ({"evidence_ref": ""}, "evidence_ref", "CELL_MISSING"),
    ],
)
def test_a_wrong_consent_is_refused_by_line_and_column(bench, given, column, code):
    register(bench, 8, is_adult=False)
    result = bench.load("consents", HEADER + row(1) + row(2, **given))
    assert counts(result) == (1, 0, 1)
    (error,) = result["errors"]
    assert (error["line"], error["column"], error["code"]) == (3, column, code)


def test_a_consent_that_was_withdrawn_does_not_come_back_by_an_old_file(bench):
    bench.load("consents", HEADER + row(1))
    bench.as_("R_RESIDENT", person=person_id(1)).do(
        "withdraw_consent", {"consent_id": consent_id(1)}
    )
    bench.as_("R_DISTRICT")
    result = bench.load("consents", HEADER + row(1))
    assert [error["code"] for error in result["errors"]] == ["CONSENT_DIFFERS"]


def test_a_dry_run_opens_no_account(bench):
    assert counts(bench.load("consents", HEADER + row(1), dry_run=True)) == (1, 0, 0)
    assert bench.rows("select * from consents") == []
    assert bench.rows("select * from subjects where kind = 'RES'") == []


def test_somebody_the_registry_has_not_told_of_is_waited_for_and_then_refused(bench, monkeypatch):
    monkeypatch.setattr("chassis.imports._PATIENCE_S", 0.0)
    monkeypatch.setattr("chassis.imports._PAUSE_S", 0.0)
    result = bench.load("consents", HEADER + row(1) + row(9))
    assert counts(result) == (1, 0, 1)
    assert result["errors"][0]["code"] == "IDENTITY_NOT_VERIFIED"
    register(bench, 9)
    assert counts(bench.load("consents", HEADER + row(1) + row(9))) == (1, 1, 0)
