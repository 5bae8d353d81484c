"""What nobody decides within five working days passes to the next level, and never by silence."""

import pytest

from fivered.services.credit.errors import (
    ConflictOfInterest,
    NotAllowedToApprove,
    PassedOn,
    SameAsProposer,
)
from fivered.services.credit.rules import deciding
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_exclusion import overdue
from fivered.services.credit.tests.test_manual import approve, propose

STREET, DISTRICT = "370811015", "370811"
# Proposed on Monday 2025-03-03: the fifth working day after it is Monday 2025-03-10.
DUE = "2025-03-11T00:00"
# From the street on 2025-03-11: the fifth working day after it is 2025-03-18.
SECOND_DUE = "2025-03-19T00:00"


def credit_stage(bench):
    stage.rules(bench)
    stage.resident(bench, "per_a")
    stage.project(bench)
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def listed(bench, role="R_STREET", scope=STREET, **more):
    bench.as_(role, person="per_reader", scope=scope)
    return bench.ask("awards", more)["items"]


def waits(bench, **more):
    return [item["waits"] for item in listed(bench, "R_DISTRICT", DISTRICT, **more)]


@pytest.mark.covers("C18")
def test_an_undecided_proposal_passes_to_the_next_level_and_is_decided_there(credit):
    bench = credit
    made = propose(bench)
    assert made["due"] == stage.moment(DUE).isoformat()
    with pytest.raises(NotAllowedToApprove):
        approve(bench, made, role="R_STREET", person="per_st", scope=STREET)
    bench.fire("2025-03-10T23:59")
    assert waits(bench)[0] | {"since": ""} == {
        "for": "R_SECRETARY",
        "since": "",
        "due": stage.moment(DUE).isoformat(),
        "overdue": False,
    }
    assert waits(bench, overdue=True) == []
    bench.fire("2025-03-11T06:00")
    found = waits(bench, overdue=True)
    assert found == waits(bench, waits_for="R_STREET")
    assert (found[0]["for"], found[0]["overdue"]) == ("R_STREET", True)
    assert found[0]["since"] == stage.moment("2025-03-11T00:05").isoformat()
    assert found[0]["due"] == stage.moment(SECOND_DUE).isoformat()
    assert waits(bench, waits_for="R_SECRETARY") == []
    # The two people stay two, at every level.
    with pytest.raises(SameAsProposer):
        approve(bench, made, role="R_STREET", person="per_cadre", scope=STREET)
    with pytest.raises(NotAllowedToApprove):
        approve(bench, made, role="R_DISTRICT", person="per_d", scope=DISTRICT)
    done = approve(bench, made, role="R_STREET", person="per_st", scope=STREET)
    assert (done["state"], done["points"]) == ("APPROVED", 30)
    assert waits(bench, overdue=True) == []
    assert bench.ask("award", {"award_id": made["id"]})["waits"] is None


@pytest.mark.covers("C18")
def test_who_was_asked_first_may_still_decide_late(credit):
    bench = credit
    made = propose(bench)
    bench.fire("2025-03-20T06:00")
    assert [card["for"] for card in waits(bench)] == ["R_DISTRICT"]
    assert approve(bench, made)["state"] == "APPROVED"


@pytest.mark.covers("C18")
def test_at_the_top_it_stays_overdue_and_nothing_is_decided_by_silence(credit):
    bench = credit
    made = propose(bench)
    bench.fire("2025-03-27T06:00")
    before = waits(bench)[0]
    assert (before["for"], before["overdue"]) == ("R_DISTRICT", True)
    bench.fire("2025-06-30T06:00")
    assert waits(bench, state="PROPOSED", overdue=True) == [before]
    assert bench.rows("SELECT state, effective FROM awards") == [
        {"state": "PROPOSED", "effective": False}
    ]
    assert stage.trial_balance(bench)["accounts"].get("PENDING", 0) == 0
    done = approve(bench, made, role="R_DISTRICT", person="per_d", scope=DISTRICT)
    assert (done["state"], done["flags"]) == ("APPROVED", [])


@pytest.mark.covers("C18")
def test_a_decision_in_time_disarms(credit):
    bench = credit
    approve(bench, propose(bench))
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    other = propose(bench, evidence=["TJ-2"])
    bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
    bench.do("reject_award", {"award_id": other["id"], "note": "材料不实"}, version=1)
    bench.fire("2025-04-30T06:00")
    assert bench.rows("SELECT lapsed_at FROM awards") == [{"lapsed_at": None}] * 2
    assert waits(bench, overdue=True) == []


@pytest.mark.covers("C18", "C5")
def test_a_worker_that_was_down_changes_nothing(credit):
    bench = credit
    propose(bench)
    bench.fire("2025-03-19T06:00")
    late = waits(bench)
    assert late[0]["since"] == stage.moment("2025-03-19T00:05").isoformat()
    assert late[0]["for"] == "R_DISTRICT"


@pytest.mark.covers("C18")
def test_what_recurs_at_midnight_arms_its_next_runs_by_one_statement(credit):
    bench = credit
    bench.fire("2025-03-10T00:04")
    with stage.statements_of(bench) as asked:
        fired = bench.fire("2025-03-10T00:05")
    assert fired == 3
    assert sum("INSERT INTO timers" in one for one in asked) == 1
    armed = bench.rows("SELECT kind FROM timers WHERE ref = '2025-03-11' ORDER BY kind")
    assert [row["kind"] for row in armed] == ["award_lapse", "nominee_days", "veto_days"]


@pytest.mark.covers("C18", "N2", "REQ-L05")
def test_what_events_propose_passes_on_too_all_of_it_in_one_statement(credit):
    bench = credit
    at = "2025-03-03T10:00"
    bench.at(at).deliver([overdue(bench, "S1", order=f"rct_{n}", at=at) for n in range(300)])
    assert {card["for"] for card in waits(bench, limit=200)} == {"R_STREET"}
    timers = bench.rows("SELECT count(*) AS n FROM timers WHERE kind = 'award_lapse'")
    assert timers == [{"n": 1}]
    bench.fire("2025-03-10T23:59")
    with stage.statements_of(bench) as asked:
        bench.fire("2025-03-11T06:00")
    assert sum(one.startswith("UPDATE awards") for one in asked) == 1
    found = bench.rows("SELECT waits_for, count(*) AS n FROM awards GROUP BY waits_for")
    assert found == [{"waits_for": "R_DISTRICT", "n": 300}]
    assert bench.rows("SELECT state FROM awards WHERE state <> 'PROPOSED'") == []


@pytest.mark.covers("N6", "C18")
def test_who_holds_a_post_there_must_stay_out_and_is_told_who_may_decide(credit):
    bench = credit
    bench.consume(
        "property",
        "appointment_activated.v1",
        {
            "appointment_id": "apt_1",
            "project_id": "prj_1",
            "direction": "C2P",
            "person_id": "per_dual",
            "post": "副经理",
        },
        subject="apt_1",
    )
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    made = propose(bench, rule="R-PRJ-18", subject="PRJ:prj_1")
    with pytest.raises(ConflictOfInterest) as refused:
        approve(bench, made, role="R_STREET", person="per_dual", scope=STREET)
    assert refused.value.status == 403
    assert refused.value.params == {
        "subject": "PRJ:prj_1",
        "role": "R_STREET",
        "substitute": "R_DISTRICT",
    }
    assert "R_DISTRICT" in refused.value.describe()
    done = approve(bench, made, role="R_STREET", person="per_other", scope=STREET)
    assert done["state"] == "APPROVED"


@pytest.mark.covers("C18")
def test_a_level_decides_from_the_first_one_up_to_the_one_that_it_waits_for():
    allowed = ("R_SECRETARY",)

    def decide(waits_for):
        roles = ("R_GRID", *deciding.LEVELS, "R_SYSTEM")
        return [role for role in roles if deciding.may_decide(role, allowed, waits_for)]

    assert deciding.first_level(allowed) == "R_SECRETARY"
    assert decide(None) == decide("R_SECRETARY") == ["R_SECRETARY"]
    assert decide("R_STREET") == ["R_SECRETARY", "R_STREET"]
    assert decide("R_DISTRICT") == ["R_SECRETARY", "R_STREET", "R_DISTRICT"]
    assert deciding.first_level(("R_STREET", "R_DISTRICT")) == "R_STREET"
    assert deciding.TOP not in deciding.NEXT


def test_a_deduction_that_has_passed_on_is_decided_where_it_waits(credit):
    """t2 C10: it waited for R_DISTRICT, its lists did not say so, and R_STREET approved it."""
    bench = credit
    at = "2025-03-03T10:00"
    bench.at(at).deliver([overdue(bench, "S1", order="rct_1", at=at)])
    bench.fire("2025-03-11T06:00")
    (card,) = listed(bench)
    order = {"award_id": card["id"], "note": "属实"}
    bench.as_("R_STREET", person="per_st", scope=STREET)
    for decision in ("approve_award", "reject_award"):
        with pytest.raises(PassedOn) as refused:
            bench.do(decision, order, version=card["version"])
    assert refused.value.params["waits_for"] == "R_DISTRICT"
    bench.as_("R_DISTRICT", person="per_d", scope=DISTRICT)
    sheet = bench.ask("subject", {"subject_id": "PRJ:prj_1"})
    waits_for = [one["waits"]["for"] for one in sheet["awards"] if one["id"] == card["id"]]
    assert waits_for == ["R_DISTRICT"]
    assert sheet["awards"][0]["waits"]["overdue"]
    done = bench.do("approve_award", order, version=card["version"])
    assert done["state"] == "APPROVED"
    assert listed(bench)[0]["waits"] is None
