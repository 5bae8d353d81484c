"""Consents that come as a file: the command's rules, a fixed number of statements."""

from dataclasses import replace

import pytest

from fivered.chassis.blobs import Blobs
from fivered.chassis.refusal import NotFound
from fivered.services.credit.errors import SameAsProposer
from fivered.services.credit.service import Credit
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import run_jobs
from testkit.bench import database_url, open_bench  # noqa: F401

pytestmark = pytest.mark.slow

GRID = "370811015901001"
HEADER = "consent_id,person_id,notice_version,purposes,channel,evidence_ref\n"


# Whom the template names.
PERSON = "per_01941f29-7c00-7000-8000-000000000021"


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
    bench.consume(
        "steward", "resident_registered.v1", data, subject=person_id(number), scope=GRID[:12]
    )


@pytest.fixture
def bench(database_url, tmp_path):  # noqa: F811
    opened = open_bench(Credit, database_url, FIVERED_BLOBS=str(tmp_path / "blobs"))
    for number in range(1, 6):
        register(opened, number)
    yield opened
    opened.runtime.close()


def test_the_template_of_awards_is_taken_at_any_time(bench):
    """IN-B13: its example day was fixed, and refused once it lay more than a year back."""
    stage.rules(bench)
    bench.at("2026-11-28T10:00:00")
    stage.resident(bench, PERSON)
    bench.at("2026-11-30T10:00:00")
    (card,) = (one for one in bench.ask("_importers")["items"] if one["kind"] == "awards")
    assert card["template"].count(f"RES:{PERSON}") == 1
    result = bench.load("awards", card["template"])
    assert counts(result) == (1, 0, 0), result["errors"]


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
    impatient = replace(bench.runtime.process, import_patience_s=0.0)
    monkeypatch.setattr(bench.runtime, "process", impatient)
    result = bench.load("consents", HEADER + row(1) + row(9))
    assert counts(result) == (1, 0, 1)
    assert result["errors"][0]["code"] == "IDENTITY_NOT_VERIFIED"
    register(bench, 9)
    assert counts(bench.load("consents", HEADER + row(1) + row(9))) == (1, 1, 0)


# --------------------------------------------------------------------------------------------------
# Proposals of awards

AWARDS = "subject,rule_code,occurred_at,evidence,level,document_no,reason\n"


def proposed(number, **given):
    cells = {
        "subject": f"RES:{person_id(number)}",
        "rule_code": "R-RES-11",
        "occurred_at": "2025-03-03T09:00:00+08:00",
        "evidence": f"TJ-{number}",
        "level": "",
        "document_no": "",
        "reason": "调解成功",
    } | given
    return ",".join(cells.values()) + "\n"


@pytest.fixture
def consented(bench):
    stage.rules(bench)
    bench.load("consents", HEADER + row(1) + row(2) + row(3))
    bench.at("2025-03-03T12:00")
    return bench.as_("R_STREET", person="per_street", scope="370811015")


def test_a_line_about_what_was_rejected_says_so_and_is_not_unchanged(consented):
    """H3-11: nothing waited for anybody, and nothing was proposed by it."""
    bench = consented
    file = AWARDS + proposed(1) + proposed(2)
    assert counts(bench.load("awards", file)) == (2, 0, 0)
    waiting = bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY).ask("awards")
    award = next(one for one in waiting["items"] if one["subject"].endswith(person_id(1)))
    bench.do("reject_award", {"award_id": award["id"], "note": "材料不实"}, version=1)
    bench.as_("R_STREET", person="per_street", scope="370811015")
    for dry_run in (True, False):
        told = bench.load("awards", file, dry_run=dry_run)
        assert counts(told) == (0, 1, 1)
        assert [(one["line"], one["code"]) for one in told["errors"]] == [(2, "DEED_DECIDED")]


def test_what_was_sent_under_an_id_that_is_given_up_is_the_kept_persons(consented):
    """Who had asked could not look at the job any more, and approved what the file proposed."""
    bench = consented
    with Blobs(bench.runtime.process.blobs).receive() as receiving:
        receiving.write((AWARDS + proposed(1)).encode())
        order = {"kind": "awards", "sha256": receiving.keep().sha256, "dry_run": False}
    job = {"job_id": bench.do("_start_import", order)["id"]}
    merged = {"person_id": "per_street", "into": "per_kept", "community": stage.COMMUNITY}
    bench.consume("steward", "person_merged.v1", merged, subject="per_street")
    run_jobs(bench)
    bench.as_("R_SECRETARY", person="per_other", scope=stage.COMMUNITY)
    with pytest.raises(NotFound):
        bench.ask("_job", job)
    bench.as_("R_SECRETARY", person="per_kept", scope=stage.COMMUNITY)
    assert bench.ask("_job", job)["state"] == "DONE"
    (award,) = bench.ask("awards", {"state": "PROPOSED"})["items"]
    with pytest.raises(SameAsProposer):
        bench.do("approve_award", {"award_id": award["id"], "note": "属实"}, version=1)


@pytest.mark.covers("C18", "C5")
def test_a_file_of_awards_is_tried_first_and_then_waits_for_a_second_person(consented):
    bench = consented
    file = AWARDS + proposed(1) + proposed(2) + proposed(1)
    assert counts(bench.load("awards", file, dry_run=True)) == (2, 1, 0)
    assert bench.rows("SELECT award_id FROM awards") == []
    assert counts(bench.load("awards", file)) == (2, 1, 0)
    assert counts(bench.load("awards", file)) == (0, 3, 0)
    found = bench.rows("SELECT award_id, state, points, proposed_by, waits_for FROM awards")
    assert {(one["state"], one["proposed_by"], one["waits_for"]) for one in found} == {
        ("PROPOSED", "per_street", "R_SECRETARY")
    }
    assert stage.trial_balance(bench)["accounts"].get("PENDING", 0) == 0
    order = {"award_id": str(found[0]["award_id"]), "note": "属实"}
    bench.as_("R_SECRETARY", person="per_street", scope=stage.COMMUNITY)
    with pytest.raises(SameAsProposer):
        bench.do("approve_award", order, version=1)
    bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
    assert bench.do("approve_award", order, version=1)["points"] == 30
    # One by hand is the same as one of the file.
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    by_hand = {"subject": f"RES:{person_id(2)}", "rule_code": "R-RES-11", "evidence": ["TJ-2"]}
    made = bench.do("propose_award", by_hand | {"occurred_at": "2025-03-03T09:00:00+08:00"})
    assert made["id"].replace("-", "") in {str(one["award_id"]).replace("-", "") for one in found}
    assert len(bench.rows("SELECT award_id FROM awards")) == 2


def test_the_same_deed_with_another_reason_is_not_unchanged(consented):
    """t2 C2: the new reason was lost without a word."""
    bench = consented
    assert counts(bench.load("awards", AWARDS + proposed(1, reason="调解成功"))) == (1, 0, 0)
    for dry_run in (True, False):
        told = bench.load("awards", AWARDS + proposed(1, reason="上门调解三次"), dry_run=dry_run)
        assert counts(told) == (0, 0, 1)
        assert [(e["column"], e["code"]) for e in told["errors"]] == [
            ("reason", "PROPOSAL_DIFFERS")
        ]
    assert counts(bench.load("awards", AWARDS + proposed(1, reason="调解成功"))) == (0, 1, 0)
    # A line without one says nothing else.
    assert counts(bench.load("awards", AWARDS + proposed(1, reason=""))) == (0, 1, 0)
    both = AWARDS + proposed(2, reason="甲说") + proposed(2, reason="乙说")
    assert counts(bench.load("awards", both, dry_run=True)) == (1, 0, 1)
    assert counts(bench.load("awards", both)) == (1, 0, 1)


@pytest.mark.covers("C18", "REQ-L01")
@pytest.mark.parametrize(
    ("given", "column", "code"),
    [
        ({"subject": f"RES:{person_id(9)}"}, "subject", "NOT_FOUND"),
        ({"rule_code": "R-RES-99"}, "rule_code", "RULE_NOT_IN_FORCE"),
        ({"rule_code": "R-RES-03"}, "", "NOT_ALLOWED_TO_PROPOSE"),
        ({"rule_code": "R-HH-01"}, "subject", "WRONG_KIND"),
        ({"occurred_at": "2025-04-03T09:00:00+08:00"}, "occurred_at", "CLOCK_SKEW"),
        ({"occurred_at": "gestern"}, "occurred_at", "BAD_CELL"),
        ({"level": "STREET"}, "level", "LEVEL_UNKNOWN"),
        (
            {"evidence": "TJ-1|F-7", "subject": f"RES:{person_id(1)}"},
            "evidence",
            "PROPOSAL_DIFFERS",
        ),
        ({"subject": f"RES:{person_id(4)}"}, "subject", "NO_CONSENT"),
    ],
)
def test_a_wrong_line_is_named_by_line_column_and_code_and_the_others_are_taken(
    consented, given, column, code
):
    bench = consented
    if code == "NO_CONSENT":
        bench.at("2025-03-03T09:00").as_("R_DISTRICT").load("consents", HEADER + row(4))
        given = given | {"occurred_at": "2025-03-01T09:00:00+08:00"}
        bench.as_("R_STREET", person="per_street", scope="370811015").at("2025-03-03T12:00")
    result = bench.load("awards", AWARDS + proposed(1) + proposed(2, **given))
    assert counts(result) == (1, 0, 1)
    (error,) = result["errors"]
    assert (error["line"], error["column"], error["code"]) == (3, column, code)
    assert error["message_zh"] != error["message_en"]


# --------------------------------------------------------------------------------------------------
# Rows that clash lie in different batches; the dry run says what the run says of them


def errors(result):
    return [(one["line"], one["column"], one["code"]) for one in result["errors"]]


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_a_dry_run_of_consents_says_what_the_run_says(bench, batch):
    rows = [
        row(1),
        row(2),
        row(3),
        row(1, purposes="SCORING"),
        row(4, consent_id=consent_id(2)),
        row(5, person_id=person_id(3), purposes="SCORING"),
        # The same consent under another number is the one that is there, in any batch.
        row(7, person_id=person_id(3)),
        row(1, purposes="POINTS|SCORING"),
        row(2, consent_id=consent_id(6), purposes="SCORING"),
    ]
    result = bench.load_twice("consents", HEADER + "".join(rows), batch=batch)
    assert counts(result) == (3, 2, 4)
    assert errors(result) == [(line, "consent_id", "CONSENT_DIFFERS") for line in (5, 6, 7, 10)]


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_a_dry_run_of_awards_says_what_the_run_says(consented, batch):
    rows = [
        proposed(1),
        proposed(2),
        proposed(3),
        proposed(1, evidence="ｔj-１", occurred_at="2025-03-03T10:00:00+08:00"),
        proposed(1, evidence="tj-1"),
        proposed(2, evidence="TJ-1"),
        proposed(3, evidence="TJ-3|F-7"),
    ]
    result = consented.load_twice("awards", AWARDS + "".join(rows), batch=batch)
    assert counts(result) == (4, 1, 2)
    assert errors(result) == [(line, "evidence", "PROPOSAL_DIFFERS") for line in (5, 8)]


def test_a_refused_row_names_its_rule_and_says_which_cell_it_means(consented):
    """C3, FP-D14: "规则 … 在 … 未生效", "规则 … 不适用于主体 …"."""
    unknown = proposed(1, rule_code="R-NO-1")
    other = proposed(2, subject="PRJ:prj_1")
    result = consented.load("awards", AWARDS + unknown + other)
    said = [(one["message_zh"], one["message_en"]) for one in result["errors"]]
    assert len(said) == 2
    assert "R-NO-1" in said[0][0]
    assert "R-NO-1" in said[0][1]
    assert "〔信用主体〕" in said[1][0]
    assert "[subject]" in said[1][1]
    assert "…" not in str(said)
