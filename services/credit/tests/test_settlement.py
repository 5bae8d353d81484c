"""The month of a community: barrier, draft, review, confirm, publish, final, close."""

import uuid

import pytest

from fivered.chassis import inbox, jobs
from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict, VersionConflict
from fivered.services.credit.errors import (
    HashChanged,
    Incomplete,
    NotToCheck,
    SameAsReviewer,
    SampleNotChecked,
)
from fivered.services.credit.service import Credit
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import attended, rated
from testkit.bench import instant, open_bench

pytestmark = pytest.mark.slow

PERIOD = "2025-03"
CUT_OFF = "2025-04-03T00:00"
WD5 = "2025-04-08T09:00"
NOTICE_END = "2025-04-16T00:00"
STREET = "370811015"

STEWARD_ROW = {
    "steward_id": "stw_1",
    "person_id": "per_s",
    "community": stage.COMMUNITY,
    "duty": "GRID_WORKER",
    "type": "FULL_TIME",
    "orders": 12,
    "accepted_on_time": 12,
    "proactive_closed": 0,
    "visits": 61,
    "visit_quota": 60,
    "attendance_full": True,
    "on_roster": True,
}
PROJECT_ROW = {
    "project_id": "prj_1",
    "company_id": "pco_1",
    "community": stage.COMMUNITY,
    "in_service": True,
    "households": 1200,
    "requests": 160,
    "contacted_on_time": 158,
    "due_resolutions": 156,
    "resolved_on_time": 150,
    "rated": 80,
    "satisfied": 74,
    "complaints_valid": 9,
    "rolling_complaints": 100,
    "rolling_complaints_before": 100,
    "rolling_households": 1200,
    "rolling_households_before": 1200,
    "p2c_active_last_day": True,
    "c2p_active_last_day": True,
    "p2c_gap_days": 0,
    "c2p_gap_days": 0,
    "cross_full_month": True,
    "agreements_active_last_day": 2,
    "agreements_full_month": 2,
    "commitments_due": 10,
    "commitments_on_time": 9,
    "tripartite_held": True,
    "overdue_rectifications_open": 0,
}


def rows(steward=STEWARD_ROW, project=None):
    found = {"steward": {"stewards": [steward] if steward else []}}
    if project:
        found["property"] = {"projects": [project]}
    return found


def run_jobs(bench):
    while jobs.run_next(bench.runtime):
        pass
    failed = bench.rows("SELECT error FROM jobs WHERE state = 'FAILED'")
    assert failed == []


def settlement_of(bench, area=stage.COMMUNITY, period=PERIOD):
    bench.as_("R_AUDITOR", person="per_auditor", scope="370811")
    found = bench.ask("settlements", {"period": period, "community": area})["items"]
    assert len(found) == 1, found
    return bench.ask("settlement", {"settlement_id": found[0]["id"]})


def entry_of(card, subject_id):
    return next(item for item in card["items"] if item["subject"] == subject_id)


def review(
    bench, card, *, checked=None, role="R_SECRETARY", area=stage.COMMUNITY, person="per_secretary"
):
    bench.as_(role, person=person, scope=area)
    return bench.do(
        "review_settlement",
        {
            "settlement_id": card["id"],
            "hash": card["hash"],
            "checked": card["to_check"] if checked is None else checked,
        },
        version=card["version"],
    )


def confirm(bench, card, version, *, role="R_STREET", area=STREET, person="per_street"):
    bench.as_(role, person=person, scope=area)
    return bench.do(
        "confirm_settlement", {"settlement_id": card["id"], "hash": card["hash"]}, version=version
    )


def close_month(bench, *, at="2025-04-03T10:00", given=None):
    """Markers before the cut-off, cut-off, draft."""
    bench.at("2025-04-02T20:00")
    stage.markers(bench, PERIOD, rows=given or rows())
    bench.fire(at)
    run_jobs(bench)
    return settlement_of(bench)


def credit_stage(bench):
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    stage.resident(bench, "per_a", ("SCORING", "POINTS", "PUBLIC_LIST"))
    stage.resident(bench, "per_b")
    bench.at("2025-03-10T21:00").deliver(
        [rated(bench, at="2025-03-10T10:00"), rated(bench, at="2025-03-11T10:00", stars=4)]
    )
    bench.deliver([attended(bench, "per_a", f"2025-03-{day}T20:00") for day in (10, 12, 14)])


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


@pytest.mark.covers("F7-flow", "C8", "C9", "R10", "N3")
def test_a_month_goes_from_markers_to_spendable_points(credit):
    bench = credit
    card = close_month(bench)
    assert card["state"] == "DRAFTED"
    assert card["complete"]
    assert card["missing"] == []
    steward = entry_of(card, "STW:stw_1")
    # Two ratings +2 +1, all orders in time +3, visits +3, attendance +2.
    assert (steward["good"], steward["bad"], steward["score"]) == (11, 0, 86)
    assert (steward["grade"], steward["gates_failed"]) == ("AAA", [])
    resident = entry_of(card, "RES:per_a")
    assert (resident["score"], resident["grade"]) == (1003, "A")
    assert resident["points_pending"] == 30
    assert entry_of(card, "RES:per_b")["score"] == 1000

    bench.at("2025-04-07T10:00")
    version = review(bench, card)["version"]
    reply = confirm(bench, card, version)
    assert reply["state"] == "CONFIRMED"
    assert bench.published("settlement_published.v1") == []
    bench.fire(WD5)
    published = bench.published("settlement_published.v1")[0]
    assert published["data"]["period"] == PERIOD
    assert published["time"] == "2025-04-08T01:00:00Z"
    assert published["data"]["objection_until"].startswith("2025-04-15T16:00")
    bench.as_("R_ANONYMOUS", person="", scope="")
    notices = bench.ask("notices", {"scope": stage.COMMUNITY})["items"]
    assert [notice["period"] for notice in notices] == [PERIOD]
    notice = bench.ask("notice", {"notice_id": notices[0]["id"]})
    assert notice["number"].startswith("GS-X-20250408-")
    assert notice["body"]["digest"] == card["hash"]
    assert notice["body"]["red_list"] == []

    bench.fire("2025-04-15T23:59")
    assert stage.balances(bench, "RES:per_a") == (0, 0)
    bench.fire("2025-04-16T00:01")
    assert stage.balances(bench, "RES:per_a") == (30, 0)
    assert stage.balances(bench, "STW:stw_1") == (65, 0)
    card = settlement_of(bench)
    assert card["state"] == "SETTLED"
    assert {item["state"] for item in card["items"]} == {"FINAL"}
    final = bench.published("settlement_finalised.v1")[0]["data"]
    assert [entry["subject"] for entry in final["entries"]] == ["STW:stw_1"]
    stage.trial_balance(bench)
    sheet = bench.as_("R_RESIDENT", person="per_a").ask("me")["subjects"][0]
    assert sheet["standing"] == {
        "period": PERIOD,
        "score": 1003,
        "grade": "A",
        "gates_failed": [],
    }
    assert sheet["points"]["lots"][0]["expires_at"].startswith("2026-12-31T16:00")


@pytest.mark.covers("C8", "E12")
def test_drafting_again_gives_the_same_digest_and_changes_nothing(credit):
    bench = credit
    card = close_month(bench)
    before = bench.rows("SELECT count(*) AS n FROM postings")
    bench.as_("R_STREET", person="per_street", scope=STREET)
    bench.do("draft_settlement", {"period": PERIOD, "community": stage.COMMUNITY})
    run_jobs(bench)
    again = settlement_of(bench)
    assert (again["hash"], again["version"]) == (card["hash"], card["version"])
    assert bench.rows("SELECT count(*) AS n FROM postings") == before


@pytest.mark.covers("C5", "C8")
def test_the_digest_is_the_same_whatever_the_order_of_arrival_and_the_database(tmp_path):
    digests = set()
    for name in ("forward", "backward"):
        bench = open_bench(Credit, f"sqlite:///{tmp_path}/{name}.sqlite").at("2025-02-20T09:00")
        stage.rules(bench)
        stage.steward(bench, "stw_1", "per_s")
        stage.resident(bench, "per_a")
        bench.at("2025-03-30T21:00")
        said = [
            rated(bench, f"01961111-0000-7000-8000-0000000000{n:02d}", at=f"2025-03-{n:02d}T10:00")
            for n in range(10, 24)
        ]
        for event in said if name == "forward" else reversed(said):
            bench.deliver([event])
        digests.add(close_month(bench)["hash"])
        stage.trial_balance(bench)
        bench.runtime.close()
    assert len(digests) == 1


@pytest.mark.covers("F7-flow", "N22")
def test_without_all_markers_there_is_no_draft_until_six_hours_later_and_no_confirmation(credit):
    bench = credit
    bench.at("2025-04-02T20:00")
    for source in ("steward", "partner", "forum"):
        stage.markers(bench, PERIOD, source=source, rows=rows())
    bench.fire("2025-04-03T05:59")
    run_jobs(bench)
    assert bench.rows("SELECT * FROM settlements WHERE period = '2025-03'") == []
    bench.fire("2025-04-03T06:01")
    run_jobs(bench)
    card = settlement_of(bench)
    assert not card["complete"]
    assert card["missing"] == ["property"]
    version = review(bench, card)["version"]
    with pytest.raises(Incomplete):
        confirm(bench, card, version)
    stage.markers(bench, PERIOD, source="property")
    run_jobs(bench)
    card = settlement_of(bench)
    assert (card["complete"], card["state"]) == (True, "DRAFTED")
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])


@pytest.mark.covers("F7-flow")
def test_parked_events_of_a_required_source_make_a_draft_incomplete(credit):
    bench = credit
    bench.deliver([inbox.Delivery(b"{not json", "steward", 0)])
    card = close_month(bench)
    assert card["missing"] == ["parked:steward"]
    with pytest.raises(Incomplete):
        confirm(bench, card, review(bench, card)["version"])
    inbox.mark_parked(bench.runtime, [bench.parked()[0]["id"]], "DROPPED", "operator")
    bench.as_("R_STREET", person="per_street", scope=STREET)
    bench.do("draft_settlement", {"period": PERIOD, "community": stage.COMMUNITY})
    run_jobs(bench)
    assert settlement_of(bench)["complete"]


@pytest.mark.covers("C8", "C18")
def test_confirming_needs_the_hash_another_person_and_the_right_roles(credit):
    bench = credit
    card = close_month(bench)
    bench.at("2025-04-07T10:00")
    with pytest.raises(StateConflict):
        confirm(bench, card, card["version"])
    with pytest.raises(NotFound):
        review(bench, card, area="370811016901")
    with pytest.raises(VersionConflict):
        review(bench, {**card, "version": 99})
    version = review(bench, card)["version"]
    with pytest.raises(HashChanged):
        confirm(bench, {**card, "hash": "0" * 64}, version)
    with pytest.raises(RoleDenied):
        confirm(bench, card, version, role="R_DISTRICT", area="370811")
    with pytest.raises(SameAsReviewer):
        confirm(bench, card, version, person="per_secretary")
    confirm(bench, card, version)
    with pytest.raises(StateConflict):
        confirm(bench, card, version + 1)


def missed(bench, at="2025-03-20T10:00", request_id="req_m"):
    return bench.event(
        "steward",
        "request_deadline_missed.v1",
        {
            "request_id": request_id,
            "which": "ACCEPT",
            "handler": "stw_1",
            "handler_person": "per_s",
            "on_shift": True,
        },
        subject=request_id,
        occurred_at=at,
    )


@pytest.mark.covers("C18", "N2", "REQ-L05")
def test_a_deduction_must_be_looked_at_and_counts_for_good_only_after_the_notice(credit):
    bench = credit
    bench.at("2025-03-20T10:00").deliver([missed(bench)])
    card = close_month(bench)
    assert len(card["to_check"]) == 1
    assert (entry_of(card, "STW:stw_1")["bad"], entry_of(card, "STW:stw_1")["score"]) == (1, 85)
    bench.at("2025-04-07T10:00")
    version = review(bench, card, checked=[])["version"]
    with pytest.raises(SampleNotChecked):
        confirm(bench, card, version)
    card["version"] = version
    version = review(bench, card)["version"]
    confirm(bench, card, version)
    states = "SELECT state, effective, decided_by FROM awards WHERE deduction"
    found = bench.rows(states)[0]
    assert (found["state"], bool(found["effective"]), found["decided_by"]) == (
        "APPROVED",
        False,
        "per_street",
    )
    bench.fire(NOTICE_END)
    assert bool(bench.rows(states)[0]["effective"])


def test_a_review_names_only_awards_that_have_to_be_looked_at(credit):
    """An unknown id in `checked` was taken silently: the reply said that it was looked at."""
    bench = credit
    bench.at("2025-03-20T10:00").deliver([missed(bench)])
    card = close_month(bench)
    stranger = str(uuid.uuid4())
    with pytest.raises(NotToCheck) as refused:
        review(bench, card, checked=[*card["to_check"], stranger])
    told = refused.value
    assert (told.field, told.params["award"]) == ("checked[1]", stranger)
    assert (now := bench.ask("settlement", {"settlement_id": card["id"]}))["checked"] == []
    assert now["version"] == card["version"]
    assert review(bench, card)["state"] == "REVIEWED"


@pytest.mark.covers("N22", "C8")
@pytest.mark.parametrize(
    ("confirmed", "published"),
    [
        # Working day 5 is Tuesday the 8th; publication slips by working days, and is never skipped.
        ("2025-04-08T08:59", "2025-04-08T09:00"),
        ("2025-04-08T09:01", "2025-04-09T09:00"),
        ("2025-04-10T08:00", "2025-04-10T09:00"),
        ("2025-04-11T15:00", "2025-04-14T09:00"),
    ],
)
def test_a_settlement_confirmed_too_late_is_published_on_the_next_working_morning(
    credit, confirmed, published
):
    bench = credit
    card = close_month(bench)
    bench.fire(confirmed)
    reply = confirm(bench, card, review(bench, card)["version"])
    assert (reply["state"], instant(reply["due"])) == ("CONFIRMED", instant(published))
    bench.fire(published)
    (said,) = bench.published("settlement_published.v1")
    assert instant(said["time"]) == instant(published)
    assert settlement_of(bench)["state"] == "PUBLISHED"


def test_a_settlement_confirmed_late_at_nine_of_a_working_day_is_published_then(credit):
    bench = credit
    card = close_month(bench)
    bench.at("2025-04-10T09:00")
    reply = confirm(bench, card, review(bench, card)["version"])
    assert reply["state"] == "PUBLISHED"
    assert reply["notice_id"]


@pytest.mark.covers("C8", "E12")
def test_after_confirmation_nothing_enters_the_month_any_more(credit):
    bench = credit
    card = close_month(bench)
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.as_("R_STREET", person="per_street", scope=STREET)
    with pytest.raises(StateConflict):
        bench.do("draft_settlement", {"period": PERIOD, "community": stage.COMMUNITY})
    # One of the whole month leaves out what is confirmed.
    bench.as_("R_DISTRICT", person="per_district", scope=stage.COMMUNITY[:6])
    bench.do("draft_settlement", {"period": PERIOD})
    run_jobs(bench)
    assert settlement_of(bench)["hash"] == card["hash"]
    assert settlement_of(bench)["state"] == "CONFIRMED"


@pytest.mark.covers("C1", "C2")
def test_residents_stewards_projects_companies_and_shops_settle_each_by_its_own_instrument(credit):
    bench = credit
    bench.at("2025-03-12T10:00")
    stage.project(bench)
    bench.as_("R_STREET", person="per_st", scope=STREET).do(
        "open_subject", {"kind": "MER", "ref": "mer_1", "area": stage.COMMUNITY}
    )
    proposed = bench.as_("R_GRID", person="per_grid", scope=stage.COMMUNITY).do(
        "propose_award",
        {
            "subject": "MER:mer_1",
            "rule_code": "R-MER-01",
            "occurred_at": "2025-03-11T09:00:00+08:00",
            "evidence": ["JC-1", "JC-2"],
        },
    )
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY).do(
        "approve_award", {"award_id": proposed["id"]}, version=proposed["version"]
    )
    card = close_month(bench, given=rows(project=PROJECT_ROW))
    found, dimensions = {}, {}
    for subject in ("RES:per_a", "STW:stw_1", "PRJ:prj_1", "MER:mer_1"):
        entry = entry_of(card, subject)
        bench.as_("R_AUDITOR", person="per_auditor", scope="370811")
        told = bench.ask("explain", {"subject_id": subject, "period": PERIOD})
        instruments = {one["why"]["instrument"] for one in told["awards"]}
        assert len(instruments) == 1, subject
        dimensions[subject] = told["dimensions"]
        assert sum(told["dimensions"].values()) == entry["good"] - entry["bad"]
        found[subject] = (entry["score"], entry["grade"], instruments.pop())
    assert dimensions == {
        "RES:per_a": {"GOVERNANCE": 3},
        "STW:stw_1": {"SERVICE": 11},
        "PRJ:prj_1": {"GOVERNANCE": 6, "SERVICE": 5},
        "MER:mer_1": {"CONDUCT": 2},
    }
    assert found == {
        "RES:per_a": (1003, "A", "《城市社区信用管理办法(试行)》"),
        "STW:stw_1": (86, "AAA", "《城市社区信用管理办法(试行)》"),
        "PRJ:prj_1": (86, "AAA", "《“信用+物业”实施办法》"),
        "MER:mer_1": (77, "A", "《商超市场信用管理办法》"),
    }


@pytest.mark.covers("E3", "F6-flow")
def test_a_project_and_its_company_settle_with_gates(credit):
    bench = credit
    bench.at("2025-03-02T10:00")
    stage.project(bench)
    for number in (1, 2):
        bench.consume(
            "property",
            "rectification_passed.v1",
            {
                "rectification_id": f"rec_{number}",
                "project_id": "prj_1",
                "severity": "S3",
                "late": False,
            },
            subject=f"rec_{number}",
        )
    data = {"rectification_id": "rec_3", "project_id": "prj_1", "severity": "S3"}
    bench.consume("property", "rectification_overdue.v1", data, subject="rec_3")
    bench.consume("property", "rectification_escalated.v1", {**data, "level": 1}, subject="rec_3")
    card = close_month(bench, given=rows(project=PROJECT_ROW))
    entry = entry_of(card, "PRJ:prj_1")
    assert (entry["good"], entry["bad"], entry["score"], entry["grade"]) == (13, 5, 83, "AA")
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    run_jobs(bench)
    district = settlement_of(bench, area="370811")
    company = entry_of(district, "PCO:pco_1")
    assert (company["score"], company["grade"]) == (83, "AA")
    version = review(bench, district, role="R_DISTRICT", area="370811", person="per_d1")["version"]
    confirm(bench, district, version, role="R_DISTRICT", area="370811", person="per_d2")
    bench.fire(NOTICE_END)
    final = [event["data"] for event in bench.published("settlement_finalised.v1")]
    assert {entry["subject"] for f in final for entry in f["entries"]} == {
        "STW:stw_1",
        "PRJ:prj_1",
        "PCO:pco_1",
    }
    notice = bench.ask("notices", {"scope": stage.COMMUNITY})["items"][0]
    body = bench.ask("notice", {"notice_id": notice["id"]})["body"]
    organisation = body["organisations"][0]
    assert (organisation["ref"], organisation["score"], organisation["grade"]) == (
        "prj_1",
        83,
        "AA",
    )
    # MINOR deductions are not published.
    assert all(reason["score"] > 0 for reason in organisation["reasons"])


@pytest.mark.covers("E3", "F6-flow")
def test_a_missed_gate_lowers_to_aa_and_is_recorded(credit):
    bench = credit
    bench.at("2025-03-02T10:00")
    stage.project(bench)
    for number in (1, 2):
        bench.consume(
            "property",
            "rectification_passed.v1",
            {
                "rectification_id": f"rec_{number}",
                "project_id": "prj_1",
                "severity": "S3",
                "late": False,
            },
            subject=f"rec_{number}",
        )
    ended = PROJECT_ROW | {
        "p2c_active_last_day": False,
        "p2c_gap_days": 2,
        "cross_full_month": False,
    }
    card = close_month(bench, given=rows(project=ended))
    entry = entry_of(card, "PRJ:prj_1")
    assert (entry["score"], entry["raw_grade"], entry["grade"]) == (86, "AAA", "AA")
    assert entry["gates_failed"] == ["CROSS_APPOINTMENT"]


@pytest.mark.covers("C17", "REQ-L03", "N19")
def test_a_notice_holds_ids_only_and_persons_only_by_their_consent(credit):
    bench = credit
    with bench.transaction() as tx:
        from fivered.services.credit.storage import awards as store
        from fivered.services.credit.storage import tables as t

        for person in ("per_a", "per_b"):
            known = {column.name: None for column in t.awards.c} | {
                "award_id": str(uuid.uuid4()),
                "subject_id": f"RES:{person}",
                "kind": "RES",
                "rule_set": "RC-2025.1",
                "rule_code": "R-RES-06",
                "source": "manual",
                "occurred_at": bench.now,
                "day": bench.now.date(),
                "period": PERIOD,
                "to_period": "2028-02",
                "points_period": PERIOD,
                "score_raw": 60,
                "points_raw": 0,
                "score": 60,
                "points": 0,
                "capped": False,
                "late": False,
                "correction": False,
                "recount": False,
                "deduction": False,
                "effective": True,
                "decides": "PERSON",
                "state": "APPROVED",
                "proposed_at": bench.now,
                "shard": 0,
                "version": 1,
            }
            store.add(tx.conn, [known])
    card = close_month(bench)
    assert entry_of(card, "RES:per_b")["grade"] == "AAA"
    bench.at("2025-04-10T09:00")
    reply = confirm(bench, card, review(bench, card)["version"])
    bench.as_("R_ANONYMOUS", person="", scope="")
    body = bench.ask("notice", {"notice_id": reply["notice_id"]})["body"]
    assert [person["ref"] for person in body["red_list"]] == ["per_a"]
    assert "score" not in body["red_list"][0]
    consent_id = bench.rows("SELECT consent_id FROM consents WHERE person_id = 'per_a'")[0][
        "consent_id"
    ]
    bench.as_("R_RESIDENT", person="per_a").do(
        "withdraw_consent", {"consent_id": consent_id, "purposes": ["PUBLIC_LIST"]}
    )
    assert bench.ask("notice", {"notice_id": reply["notice_id"]})["body"]["red_list"] == []


@pytest.mark.covers("C8")
def test_points_that_no_budget_covers_wait_and_are_released_by_the_next_grant(credit):
    bench = credit
    stage.grant(bench, 40)
    card = close_month(bench)
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire(NOTICE_END)
    # The resident's 30 are covered; the steward's 65 are not. The score is not touched.
    assert stage.balances(bench, "RES:per_a") == (30, 0)
    assert stage.balances(bench, "STW:stw_1") == (0, 0)
    found = stage.trial_balance(bench)
    assert found["budget"] == {"enforced": True, "left": 10, "unfunded_points": 65}
    assert settlement_of(bench)["state"] == "SETTLED"
    reply = stage.grant(bench, 60)
    assert reply["unfunded_points"] == 0
    assert stage.balances(bench, "STW:stw_1") == (65, 0)
    assert stage.trial_balance(bench)["budget"]["left"] == 5


@pytest.mark.covers("C8")
def test_what_is_taken_back_frees_the_budget_for_who_waits(credit):
    """H4-12: it lay there until somebody granted more."""
    bench = credit
    there = attended(bench, "per_a", "2025-03-20T20:00", session_id="ses_taken_back")
    bench.deliver([there])
    stage.grant(bench, 100)
    card = close_month(bench)
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire(NOTICE_END)
    # 40 of the resident are covered; of the steward's 65 only 60 would be.
    assert stage.balances(bench, "STW:stw_1") == (0, 0)
    absent = {"session_id": "ses_taken_back", "person_id": "per_a", "attended": False}
    bench.consume(
        "forum",
        "attendance_corrected.v1",
        absent | {"capacity": "RESIDENT"},
        subject="ses_taken_back",
    )
    assert stage.trial_balance(bench)["budget"]["left"] == 70
    bench.fire("2025-04-20T02:00")
    assert stage.balances(bench, "STW:stw_1") == (65, 0)
    assert stage.trial_balance(bench)["budget"] == {
        "enforced": True, "left": 5, "unfunded_points": 0,
    }  # fmt: skip


@pytest.mark.covers("C4", "C8")
def test_caps_are_computed_again_in_the_order_of_time(credit):
    bench = credit
    # Four count in a month. The earliest of five arrives last.
    bench.at("2025-03-30T09:00")
    late_comer = attended(bench, "per_b", "2025-03-01T20:00")
    bench.deliver([attended(bench, "per_b", f"2025-03-1{day}T20:00") for day in range(1, 6)])
    bench.deliver([late_comer])
    close_month(bench)
    found = bench.rows(
        "SELECT score, points, capped FROM awards WHERE subject_id = 'RES:per_b'"
        " ORDER BY occurred_at"
    )
    assert [row["score"] for row in found] == [1, 1, 1, 1, 0, 0]
    assert stage.trial_balance(bench)["accounts"]["PENDING"] == 30 + 40 + 65


@pytest.mark.covers("C8")
def test_a_settlement_says_how_many_entries_it_has(credit):
    bench = credit
    close_month(bench)
    told = bench.rows("SELECT settlement_id, entries FROM settlements")
    for row in told:
        found = bench.rows(
            "SELECT count(*) AS n FROM entries WHERE settlement_id = :s", s=row["settlement_id"]
        )
        assert row["entries"] == found[0]["n"] > 0
