"""The month's marker, and the work orders that come of resolutions."""

import pytest

from fivered.chassis.bus import partition_of
from fivered.services.property import errors, rules
from testkit.bench import instant

REQUESTS = {
    "project_id": "prj_a",
    "community": "370811015901",
    "requests": 160,
    "contacted_on_time": 158,
    "due_resolutions": 156,
    "resolved_on_time": 150,
    "rated": 80,
    "satisfied": 74,
}
PAIR = [{"before": "sha256:b", "after": "sha256:a"}]


def measured(bench, period):
    found = [e for e in bench.published("month_measured.v1") if e["data"]["period"] == period]
    return [project for event in found for project in event["data"]["projects"]]


def build_may(bench, town):
    """E3: everything in place from before May; the month's own facts in May."""
    bench.at("2025-04-01T09:00:00")
    town.found(households=1200)
    town.link_officials()
    town.enrol_cadre("per_wang")
    town.appoint("P2C", "per_wu", "COMMITTEE_PART_TIME_MEMBER")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    items = [
        {
            "title": f"事项{n}",
            "responsible": "PROJECT",
            "due_date": "2025-05-20",
            "evidence_kinds": ["PHOTO"],
        }
        for n in range(5)
    ]
    first = town.agree(valid_from="2025-04-01", commitments=items)
    second = town.agree(
        "CREDIT_DELIBERATION", valid_from="2025-04-01", commitments=items, valid_to="2026-04-01"
    )
    for number in range(9):
        town.complain(f"req_{number}", at=f"2025-05-{number + 1:02d}T10:00:00")
    town.complain("req_bad", at="2025-05-05T10:00:00")
    town.cadre().do(
        "validate_complaint",
        {"complaint_id": town.complaint_of("req_bad"), "valid": False, "reason": "与物业无关"},
        version=1,
    )
    bench.fire("2025-05-12T09:00:00")
    due = bench.rows("SELECT commitment_id, version FROM commitments ORDER BY commitment_id")
    for row in due[:9]:
        town.manager().do(
            "fulfil_commitment",
            {"commitment_id": row["commitment_id"], "evidence": ["sha256:1"]},
            version=row["version"],
        )
    town.secretary().do(
        "hold_meeting",
        {
            "project_id": "prj_a",
            "held_at": "2025-05-10T15:00:00+08:00",
            "chair": "per_sun",
            "attendees": {"COMMITTEE": ["per_sun"], "PROPERTY": ["per_wu"]},
            "minutes_sha256": "c" * 64,
        },
    )
    return first, second


@pytest.mark.covers("E3", "F6-flow")
def test_the_month_of_the_worked_example_is_measured_input_by_input(bench, town):
    _, second = build_may(bench, town)
    bench.fire("2025-05-20T09:00:00")
    town.street_clerk()
    rec = {"rectification_id": town.issue("S3")["id"]}
    bench.fire("2025-06-01T00:00:00")
    # What happens in June does not change what May was.
    town.secretary().do(
        "terminate_agreement",
        {"agreement_id": second, "reason": "双方协商解除"},
        version=town.version("agreements", "agreement_id", second),
    )
    town.manager().do("submit_rectification", rec | {"evidence_pairs": PAIR}, version=2)
    bench.fire("2025-06-05T00:00:00")
    assert not measured(bench, "2025-05")
    town.steward_markers("2025-05", [REQUESTS])
    markers = [e for e in bench.published("month_measured.v1") if e["data"]["period"] == "2025-05"]
    assert [event["data"]["partition"] for event in markers] == [0, 1, 2, 3]
    assert measured(bench, "2025-05") == [
        {
            **REQUESTS,
            "company_id": "pco_a",
            "in_service": True,
            "households": 1200,
            "complaints_valid": 9,
            "rolling_complaints": 9,
            "rolling_complaints_before": 0,
            "rolling_households": 1200,
            "rolling_households_before": 0,
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
            "overdue_rectifications_open": 1,
            "served_from": "2025-05-01",
            "served_to": "2025-05-31",
            "took_over": None,
            "rolling_households_twelfths": None,
            "rolling_households_before_twelfths": None,
        }
    ]
    counts = {row["community"]: row for e in markers for row in e["data"]["communities"]}
    assert counts[town.community]["complaints_valid"] == 9


def test_a_project_is_not_compared_with_a_year_of_which_nobody_knows_a_part(bench, town):
    """Five known months stood for twelve, and its complaints had risen by half (K11)."""
    town.found("prj_a")
    town.found("prj_b", grid="370811015901002")
    loaded = rules.months_between("2023-06", "2025-02")
    for project, known in (("prj_a", loaded[7:]), ("prj_b", loaded)):
        counts = [{"period": one, "households": 1200, "complaints": 10} for one in known]
        town.district().do(
            "import_complaint_history", {"project_id": project, "origin": "台账", "rows": counts}
        )
    bench.fire("2025-06-05T00:00:00")
    town.steward_markers("2025-05", [REQUESTS])
    assert [
        (one["rolling_households"], one["rolling_households_before"])
        for one in measured(bench, "2025-05")
    ] == [(1200, 0), (1200, 1200)]


def test_the_mean_of_the_households_is_said_exactly_where_the_windows_are_compared(bench, town):
    """H4-7: with whole households a small project's change crossed a limit that it had not."""
    town.found("prj_a")
    counts = [
        {"period": one, "households": 40 if one < "2024-12" else 41, "complaints": 1}
        for one in rules.months_between("2023-06", "2025-02")
    ]
    town.district().do(
        "import_complaint_history", {"project_id": "prj_a", "origin": "台账", "rows": counts}
    )
    bench.fire("2025-06-05T00:00:00")
    town.steward_markers("2025-05", [REQUESTS])
    (one,) = measured(bench, "2025-05")
    # Six months of 40, three of 41, and three of what the register says.
    assert one["rolling_households_twelfths"] == 6 * 40 + 3 * 41 + 3 * 1200
    assert one["rolling_households_before_twelfths"] == 12 * 40


@pytest.mark.covers("E3", "F6-flow")
def test_an_agreement_that_expired_on_the_last_day_and_a_gap_of_two_days_show_in_the_month(
    bench, town
):
    build_may(bench, town)
    third = town.agree(
        "CREDIT_DELIBERATION",
        valid_from="2025-05-12",
        valid_to="2025-05-31",
        commitments=town.dated("2025-05-20"),
    )
    assert third
    bench.fire("2025-05-30T10:00:00")
    town.district().do(
        "change_manager",
        {"project_id": "prj_a", "person_id": "per_new"},
        version=town.version("projects", "project_id", "prj_a"),
    )
    bench.fire("2025-06-05T00:00:00")
    town.steward_markers("2025-05", [REQUESTS])
    may = measured(bench, "2025-05")[0]
    assert (may["p2c_active_last_day"], may["p2c_gap_days"]) == (False, 2)
    assert (may["c2p_active_last_day"], may["c2p_gap_days"]) == (True, 0)
    assert may["cross_full_month"] is False
    assert (may["agreements_active_last_day"], may["agreements_full_month"]) == (2, 2)
    assert may["overdue_rectifications_open"] == 0


@pytest.mark.covers("E3")
def test_one_agreement_that_ends_on_the_last_day_leaves_one_in_force(bench, town):
    bench.at("2025-04-01T09:00:00")
    town.found()
    town.agree(valid_from="2025-04-01")
    town.agree(
        "CREDIT_DELIBERATION",
        valid_from="2025-04-01",
        valid_to="2025-05-31",
        commitments=town.dated("2025-05-20"),
    )
    bench.fire("2025-06-05T00:00:00")
    town.steward_markers("2025-05", [REQUESTS])
    may = measured(bench, "2025-05")[0]
    assert (may["agreements_active_last_day"], may["agreements_full_month"]) == (1, 1)
    # Nobody was ever appointed: the gap runs since the registration.
    assert may["p2c_gap_days"] == may["c2p_gap_days"] == 61


@pytest.mark.covers("F7-flow", "C8", "E12")
def test_the_marker_waits_for_the_cut_off_and_all_four_of_stewards_and_goes_out_once(bench, town):
    town.found()
    for code in ("370811015902", "370811002901"):
        bench.consume(
            "steward",
            "area_defined.v1",
            {"code": code, "name": "示例", "kind": "COMMUNITY", "parent": code[:9]},
            subject=code,
        )
    town.steward_markers("2025-03", partitions=range(4))
    assert not bench.published("month_measured.v1")
    bench.fire("2025-04-02T23:59:59")
    assert not bench.published("month_measured.v1")
    bench.fire("2025-04-03T00:00:00")
    said = bench.published("month_measured.v1")
    assert len(said) == 4
    assert {instant(event["time"]) for event in said} == {instant("2025-04-03T00:00:00")}
    town.steward_markers("2025-03")
    assert len(bench.published("month_measured.v1")) == 4
    where = {
        row["community"]: event["data"]["partition"]
        for event in said
        for row in event["data"]["communities"]
    }
    assert where == {
        code: partition_of(code) for code in ("370811015901", "370811015902", "370811002901")
    }
    # April: the cut-off comes first, then the markers one by one.
    bench.fire("2025-05-10T00:00:00")
    town.steward_markers("2025-04", partitions=range(3))
    assert len(bench.published("month_measured.v1")) == 4
    town.steward_markers("2025-04", partitions=[3])
    assert len(bench.published("month_measured.v1")) == 8


@pytest.mark.covers("F7-flow", "E12")
def test_what_lies_behind_the_marker_in_one_batch_is_late_and_not_counted(bench, town):
    town.found()
    bench.fire("2025-04-03T00:00:00")
    town.steward_markers("2025-03", partitions=range(3))
    body = {"kind": "COMPLAINT", "category": "LIFT", "grid": town.grid, "project_id": "prj_a"}
    batch = [
        bench.event(
            "steward",
            "request_submitted.v1",
            body | {"request_id": "req_before"},
            subject="req_before",
            occurred_at="2025-03-20T10:00:00",
        ),
        bench.event(
            "steward",
            "month_measured.v1",
            {"period": "2025-03", "partition": 3, "partitions": 4},
            subject="2025-03",
            partition=3,
        ),
        bench.event(
            "steward",
            "request_submitted.v1",
            body | {"request_id": "req_behind"},
            subject="req_behind",
            occurred_at="2025-03-20T11:00:00",
        ),
    ]
    assert bench.deliver(batch) == 3
    assert measured(bench, "2025-03")[0]["complaints_valid"] == 1
    shown = town.district().ask("complaint_rate", {"scope": town.community, "year": 2025})
    march = shown["current"]["months"][2]
    assert (march["complaints"], march["revised"]) == (1, 2)


@pytest.mark.covers("F1-flow")
def test_a_resolutions_task_becomes_a_work_order_delivered_reworked_and_closed(bench, town):
    town.found()
    task = {
        "task_id": "tsk_1",
        "topic_id": "top_1",
        "community": town.community,
        "responsible_kind": "PROJECT",
        "responsible_id": "prj_a",
        "due_at": "2025-03-20T00:00:00+08:00",
    }
    bench.consume("forum", "task_assigned.v1", task, subject="tsk_1")
    bench.consume("forum", "task_assigned.v1", task, subject="tsk_1", sequence=1)
    other = task | {"task_id": "tsk_2", "responsible_kind": "COMMUNITY", "responsible_id": "x"}
    bench.consume("forum", "task_assigned.v1", other, subject="tsk_2")
    listed = bench.as_("R_RESIDENT", person="per_li", scope=town.grid).ask(
        "works", {"project_id": "prj_a"}
    )
    assert [(row["id"], row["state"]) for row in listed["items"]] == [("wrk_1", "ASSIGNED")]
    work = {"work_id": "wrk_1"}
    with pytest.raises(errors.NotTheManager):
        town.manager("per_other").do("start_work", work, version=1)
    town.manager().do("start_work", work, version=1)
    town.manager().do("deliver_work", work | {"evidence": ["sha256:7"]}, version=2)
    said = bench.published("work_delivered.v1")[0]["data"]
    assert said == {
        "work_id": "wrk_1",
        "task_id": "tsk_1",
        "topic_id": "top_1",
        "project_id": "prj_a",
        "evidence": ["sha256:7"],
    }
    short = {name: task[name] for name in ("task_id", "topic_id", "responsible_kind")}
    short["responsible_id"] = "prj_a"
    bench.consume(
        "forum", "task_rework.v1", short | {"reason": "返工"}, subject="tsk_1", sequence=2
    )
    assert bench.ask("work", work)["state"] == "DOING"
    town.manager().do("deliver_work", work | {"evidence": ["sha256:8"]}, version=4)
    bench.consume("forum", "task_accepted.v1", short, subject="tsk_1", sequence=3)
    shown = bench.ask("work", work)
    assert (shown["state"], shown["rework_count"]) == ("CLOSED", 1)
    assert [row["what"] for row in shown["history"]] == [
        "ASSIGNED",
        "STARTED",
        "DELIVERED",
        "REWORK",
        "DELIVERED",
        "CLOSED",
    ]


@pytest.mark.covers("F1-flow", "F3-flow")
def test_an_overdue_task_opens_one_order_however_often_it_goes_up(bench, town):
    town.found()
    short = {
        "task_id": "tsk_1",
        "topic_id": "top_1",
        "responsible_kind": "PROJECT",
        "responsible_id": "prj_a",
    }
    bench.consume(
        "forum", "task_assigned.v1", short | {"community": town.community}, subject="tsk_1"
    )
    for level in (1, 2):
        bench.consume(
            "forum",
            "task_overdue.v1",
            short | {"level": level},
            subject="tsk_1",
            sequence=level + 1,
        )
    orders = bench.published("rectification_issued.v1")
    assert [event["data"]["severity"] for event in orders] == ["S3"]
    assert bench.ask("work", {"work_id": "wrk_1"})["overdue"] is True
    listed = town.street_clerk().ask("rectifications", {"project_id": "prj_a"})
    assert listed["items"][0]["source"] == "TASK"


@pytest.mark.covers("E3")
def test_the_card_shows_the_newest_final_grade_with_the_gates_that_failed(bench, town):
    town.found()

    def finalise(period, grade, gates):
        entry = {
            "subject": "PRJ:prj_a",
            "kind": "PRJ",
            "ref": "prj_a",
            "score": 86,
            "grade": grade,
            "gates_failed": gates,
        }
        company = entry | {"subject": "PCO:pco_a", "kind": "PCO", "ref": "pco_a"}
        steward = entry | {"subject": "STW:stw_a", "kind": "STW", "ref": "stw_a"}
        bench.consume(
            "credit",
            "settlement_finalised.v1",
            {
                "settlement_id": f"set_{period}",
                "period": period,
                "community": town.community,
                "entries": [entry, company, steward],
            },
            subject=f"set_{period}",
        )

    assert bench.ask("project", {"project_id": "prj_a"})["credit"]["grade"] == "NR"
    finalise("2025-05", "AA", ["CROSS_APPOINTMENT"])
    finalise("2025-04", "B", [])
    shown = bench.ask("project", {"project_id": "prj_a"})
    assert shown["credit"] == {
        "grade": "AA",
        "score": 86,
        "period": "2025-05",
        "gates_failed": ["CROSS_APPOINTMENT"],
    }
    assert shown["company_credit"]["grade"] == "AA"
    assert len(bench.rows("SELECT ref FROM grades")) == 2


def test_one_of_six_who_was_not_content_is_told_to_who_looks_inside_the_project(bench, town):
    """Anybody who is signed in read how many, in the figures of the last month."""
    town.found("prj_a")
    bench.fire("2025-06-05T00:00:00")
    town.steward_markers("2025-05", [REQUESTS | {"rated": 6, "satisfied": 5}])

    def seen(doors):
        month = doors.ask("project", {"project_id": "prj_a"})["last_month"]
        return month["rated"], month["satisfied"], month.get("few"), month["requests"]

    neighbour = bench.as_("R_RESIDENT", person="per_x", scope=town.grid)
    assert seen(neighbour) == (6, None, ["satisfied"], 160)
    assert seen(town.secretary()) == (6, 5, None, 160)
