"""A project changes hands, begins or ends."""

import pytest

from fivered.chassis.refusal import StateConflict
from fivered.services.property import errors


@pytest.mark.covers("F19-flow")
def test_another_company_takes_over_with_fresh_deadlines_and_nothing_signed(bench, town):
    town.found()
    town.appoint("P2C", "per_wu", "COMMITTEE_PART_TIME_MEMBER")
    agreement = town.agree()
    town.street_clerk()
    old = town.issue("S3")
    town.district().do(
        "register_company", {"company_id": "pco_b", "name": "信达", "uscc": "91370899MA0000003P"}
    )
    bench.fire("2025-03-10T09:00:00")
    order = {
        "project_id": "prj_a",
        "company_id": "pco_b",
        "manager_person_id": "per_new",
        "new_project_id": "prj_b",
    }
    version = town.version("projects", "project_id", "prj_a")
    with pytest.raises(StateConflict):
        bench.do("hand_over_project", order | {"company_id": "pco_a"}, version=version)
    with pytest.raises(errors.IdTaken):
        bench.do("hand_over_project", order | {"new_project_id": "prj_a"}, version=version)
    made = bench.do("hand_over_project", order, version=version)
    assert (made["id"], made["predecessor"], made["orders"]) == ("prj_b", "prj_a", 1)
    cards = {name: bench.ask("project", {"project_id": name}) for name in ("prj_a", "prj_b")}
    assert cards["prj_a"]["state"] == "CLOSED"
    assert cards["prj_b"]["agreements_active"] == 0
    assert cards["prj_b"]["appointments"]["P2C"]["active"] is None
    fresh = cards["prj_b"]["open_rectifications"][0]
    assert fresh["due"] > old["due"]
    # The old order is no longer anybody's clock, and its record stays where it was.
    bench.fire("2025-03-13T00:00:00")
    assert not bench.published("rectification_overdue.v1")
    kept = bench.ask("rectification", {"rectification_id": old["id"]})
    assert (kept["state"], kept["company_id"]) == ("ENDED", "pco_a")
    assert bench.ask("agreement", {"agreement_id": agreement})["end_reason"] == "PROJECT_CLOSED"
    statuses = [
        (event["subject"], event["data"]["status"])
        for event in bench.published("project_registered.v1")
    ]
    assert statuses == [("prj_a", "IN_SERVICE"), ("prj_a", "CLOSED"), ("prj_b", "IN_SERVICE")]
    bench.fire("2025-04-03T00:00:00")
    town.steward_markers("2025-03")
    found = {
        project["project_id"]: project["in_service"]
        for event in bench.published("month_measured.v1")
        for project in event["data"]["projects"]
    }
    assert found == {"prj_a": False, "prj_b": True}


@pytest.mark.covers("F19-flow")
def test_the_month_of_a_hand_over_is_measured_for_both_companies(bench, town):
    """P40: of the old one everything stood as after its end, so nothing of its days counted."""
    town.found()
    town.appoint("P2C", "per_wu", "COMMITTEE_PART_TIME_MEMBER")
    town.agree()
    town.district().do(
        "register_company", {"company_id": "pco_b", "name": "信达", "uscc": "91370899MA0000003P"}
    )
    bench.fire("2025-03-20T09:00:00")
    order = {
        "project_id": "prj_a",
        "company_id": "pco_b",
        "manager_person_id": "per_new",
        "new_project_id": "prj_b",
    }
    version = town.version("projects", "project_id", "prj_a")
    town.district().do("hand_over_project", order, version=version)
    bench.fire("2025-04-03T00:00:00")
    town.steward_markers("2025-03")
    bench.fire("2025-05-10T00:00:00")
    town.steward_markers("2025-04")
    found = {
        (event["data"]["period"], project["project_id"]): project
        for event in bench.published("month_measured.v1")
        for project in event["data"]["projects"]
    }

    def served(period, project_id):
        said = found[period, project_id]
        return said["company_id"], said["in_service"], said["served_from"], said["served_to"]

    assert served("2025-03", "prj_a") == ("pco_a", False, "2025-03-03", "2025-03-19")
    assert served("2025-03", "prj_b") == ("pco_b", True, "2025-03-20", "2025-03-31")
    assert served("2025-04", "prj_a") == ("pco_a", False, None, None)
    assert served("2025-04", "prj_b") == ("pco_b", True, "2025-04-01", "2025-04-30")
    old, new = found["2025-03", "prj_a"], found["2025-03", "prj_b"]
    # As it stood on its last day, and as it stands with the new one.
    assert (old["p2c_active_last_day"], old["agreements_active_last_day"]) == (True, 1)
    assert (new["p2c_active_last_day"], new["agreements_active_last_day"]) == (False, 0)
    assert (old["p2c_gap_days"], new["p2c_gap_days"]) == (0, 12)
    assert not old["cross_full_month"]
    # It has 60 days to sign its own agreements.
    assert (old["took_over"], new["took_over"]) == (None, "2025-03-20")
    assert found["2025-04", "prj_b"]["took_over"] == "2025-03-20"


@pytest.mark.covers("P9")
def test_a_prepared_project_is_measured_only_from_its_service_on(bench, town):
    town.found()
    order = {
        "project_id": "prj_p",
        "company_id": "pco_a",
        "name": "新苑",
        "community": town.community,
        "grids": [town.grid],
        "households": 300,
        "manager_person_id": "per_wu",
        "status": "PREPARING",
    }
    made = bench.do("register_project", order)
    which = {"project_id": "prj_p"}
    with pytest.raises(StateConflict):
        bench.do("change_project_status", which | {"status": "CLOSED"}, version=made["version"])
    bench.at("2025-04-01T08:00:00")
    bench.do("change_project_status", which | {"status": "IN_SERVICE"}, version=2)
    bench.fire("2025-04-03T00:00:00")
    town.steward_markers("2025-03")
    bench.fire("2025-05-10T00:00:00")
    town.steward_markers("2025-04")
    seen = [
        (event["data"]["period"], project["in_service"])
        for event in bench.published("month_measured.v1")
        for project in event["data"]["projects"]
        if project["project_id"] == "prj_p"
    ]
    assert seen == [("2025-03", False), ("2025-04", True)]
    with pytest.raises(errors.ReasonRequired):
        town.district().do("change_project_status", which | {"status": "CLOSED"}, version=3)
    closing = which | {"status": "CLOSED", "reason": "合同到期未续"}
    assert bench.do("change_project_status", closing, version=3)["state"] == "CLOSED"


def test_nothing_begins_with_a_project_that_is_closed(bench, town):
    """K13: orders, posts and agreements of a closed project could be ended by nobody."""
    town.found()
    bench.at("2025-03-10T09:00:00")
    closing = {"project_id": "prj_a", "status": "CLOSED", "reason": "合同到期未续"}
    town.district().do("change_project_status", closing, version=2)
    project = {"project_id": "prj_a"}
    meeting = {
        "held_at": "2025-03-10T10:00:00+08:00",
        "chair": "per_sun",
        "attendees": {"COMMITTEE": ["per_sun"], "OWNERS": [], "PROPERTY": ["per_wu"]},
        "minutes_sha256": "c" * 64,
    }
    bench.at("2025-03-11T09:00:00")
    for who, method, body, version in (
        (
            town.secretary,
            "nominate",
            {
                "direction": "P2C",
                "person_id": "per_wu",
                "target_post": "COMMITTEE_PART_TIME_MEMBER",
            },
            None,
        ),
        (
            town.secretary,
            "draft_agreement",
            {"type": "JOINT_BUILDING", "valid_from": "2025-03-11", "text_sha256": town.text},
            None,
        ),
        (town.cadre, "issue_rectification", {"severity": "S3", "facts": "x", "basis": "y"}, None),
        (
            town.cadre,
            "schedule_disclosure",
            {"kind": "FEES", "title": "收支", "due_date": "2025-04-15"},
            None,
        ),
        (town.secretary, "hold_meeting", meeting, None),
        (town.company, "change_manager", {"person_id": "per_x"}, 3),
    ):
        with pytest.raises(StateConflict):
            who().do(method, project | body, version=version)
    earlier = meeting | {"held_at": "2025-03-05T10:00:00+08:00"}
    assert town.secretary().do("hold_meeting", project | earlier)["state"] == "HELD"


def assigned(town, *, project="prj_a", sequence=1, overdue=False):
    data = {
        "task_id": "tsk_1",
        "topic_id": "top_1",
        "community": town.community,
        "responsible_kind": "PROJECT",
        "responsible_id": project,
        "due_at": "2025-03-20T00:00:00+08:00",
        "title": "施划车位",
    }
    fact = "task_assigned.v1"
    if overdue:
        data, fact = (
            {name: data[name] for name in data if name not in {"due_at", "title"}},
            ("task_overdue.v1"),
        )
        data["level"] = 1
    town.bench.consume("forum", fact, data, subject="tsk_1", sequence=sequence)


def test_the_work_of_a_resolution_is_not_the_closed_projects(bench, town):
    """K13: the departed company's manager did it, and was ordered to."""
    town.found()
    assigned(town)
    (work,) = bench.rows("SELECT work_id, version FROM works")
    town.hand_over()
    assert [e["data"]["predecessor_id"] for e in bench.published("project_registered.v1")] == [
        None, None, "prj_a",
    ]  # fmt: skip
    which = {"work_id": work["work_id"]}
    with pytest.raises(StateConflict):
        town.manager().do("start_work", which, version=work["version"])
    # Overdue before the forum has heard of it: the order goes to who has the compound.
    assigned(town, overdue=True, sequence=2)
    (order,) = bench.rows("SELECT project_id, facts FROM rectifications")
    assert order["project_id"] == "prj_b"
    assert "tsk_1" not in order["facts"]
    assert "施划车位" in order["facts"]
    assigned(town, project="prj_b", sequence=3)
    version = town.version("works", "work_id", work["work_id"])
    assert town.manager("per_new").do("start_work", which, version=version)["state"] == "DOING"
