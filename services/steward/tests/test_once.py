"""What is said once counts once: deeds, visits, boards; and who is suspended acts for nobody."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.rules.routing import DUTIES
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    STAFF,
    STW_CADRE,
    STW_GRID,
    STW_POLICE,
    STW_STAFF,
    WANG,
)
from fivered.services.steward.tests.test_records import confirm, record, upload, visit

NINE = {"check_in": "2025-03-01T09:00:00+08:00", "check_out": "2025-03-01T11:00:00+08:00"}
BOARD = {
    "grid": GRID,
    "reasons": dict.fromkeys(DUTIES, "本小区未设"),
}


def suspended(ground, steward, reason="接受调查"):
    order = {"steward_id": steward, "reason": reason}
    version = ground.cadre().ask("steward", {"steward_id": steward})["version"]
    return ground.cadre().do("suspend_steward", order, version=version)


def test_the_same_deed_is_recorded_once(ground):
    first = record(ground, minutes=120)
    with pytest.raises(errors.SameDeed) as refused:
        record(ground, minutes=120, activity=" 楼道清洁")
    assert refused.value.params["record_id"] == first["id"]
    with pytest.raises(errors.SameDeed):
        record(ground, minutes=120, **NINE)
    # Other times, another length or another day are other deeds.
    record(ground, minutes=90)
    record(ground, minutes=60, **NINE)
    later = {"check_in": "2025-03-01T14:00:00+08:00", "check_out": "2025-03-01T15:00:00+08:00"}
    record(ground, minutes=60, **later)
    record(ground, minutes=120, date="2025-02-28")


def test_what_was_taken_back_stands_in_nobody_s_way(ground):
    reply = confirm(ground, record(ground, minutes=60, **NINE))
    order = {"record_id": reply["id"], "minutes": 0, "reason": "记错了人"}
    taken = ground.cadre().do("correct_hours", order, version=reply["version"])
    again = confirm(ground, record(ground, minutes=60, **NINE))
    assert again["state"] == "CONFIRMED"
    with pytest.raises(errors.Overlap):
        order = {"record_id": reply["id"], "minutes": 60, "reason": "没有记错"}
        ground.cadre().do("correct_hours", order, version=taken["version"])
    with pytest.raises(errors.BadSpan):
        order = {"record_id": again["id"], "minutes": 121, "reason": "多算一分钟"}
        ground.cadre().do("correct_hours", order, version=again["version"])


def test_what_nobody_has_confirmed_is_taken_back_and_stands_in_nobody_s_way(ground):
    """A slip could only be confirmed first; until then it kept what was right out."""
    slip = record(ground, minutes=60, **NINE)
    order = {"record_id": slip["id"], "minutes": 30, "reason": "记错了时间"}
    with pytest.raises(StateConflict):
        ground.cadre().do("correct_hours", order, version=1)
    taken = ground.cadre().do("correct_hours", order | {"minutes": 0}, version=1)
    assert (taken["state"], taken["minutes"], taken["previous_minutes"]) == ("CANCELLED", 0, 60)
    assert ground.bench.published("volunteer_hours_corrected.v1") == []
    for method in ("confirm_hours", "correct_hours"):
        with pytest.raises(StateConflict):
            more = {} if method == "confirm_hours" else {"reason": "没有记错"}
            ground.cadre().do(
                method, {"record_id": slip["id"], "minutes": 60} | more, version=taken["version"]
            )
    again = record(ground, minutes=60, **NINE)
    (waiting,) = ground.cadre().ask("volunteer_hours", {"scope": COMMUNITY})["items"]
    assert waiting["id"] == again["id"]
    asked = {"scope": COMMUNITY, "state": "CANCELLED"}
    (gone,) = ground.cadre().ask("volunteer_hours", asked)["items"]
    assert gone["id"] == slip["id"]
    history = ground.cadre().ask("volunteer_record_history", {"record_id": slip["id"]})
    assert history["items"][0]["before"] == {"minutes": 60, "state": "RECORDED"}


def test_hours_that_have_not_happened_are_not_recorded(ground):
    """At 09:00 nobody has served ten hours of the day that began at midnight in Shanghai."""
    with pytest.raises(errors.ClockSkew):
        record(ground, date="2025-03-03", minutes=600)
    ground.bench.at("2025-03-04T00:02:00")
    with pytest.raises(errors.ClockSkew):
        record(ground, date="2025-03-04", minutes=30)
    night = {"check_in": "2025-03-03T23:30:00+08:00", "check_out": "2025-03-04T00:01:00+08:00"}
    done = record(ground, date="2025-03-03", minutes=31, **night)
    assert confirm(ground, done)["state"] == "CONFIRMED"


def test_two_registrations_of_one_human_do_not_serve_twice(ground):
    ground.person(CHEN, "王晓丽", grid=GRID)
    one = confirm(ground, record(ground, minutes=120, **NINE))
    two = record(ground, person_id=CHEN, minutes=120, **NINE)
    plain = record(ground, person_id=CHEN, minutes=45, date="2025-02-27")
    record(ground, minutes=45, date="2025-02-27")
    order = {"person_id": CHEN, "into": WANG, "reason": "同一人登记两次"}
    proposal = ground.cadre(CADRE).do("propose_merge", order, version=1)
    assert "hours_twice" not in proposal
    merged = ground.cadre(OTHER_CADRE).do(
        "decide_merge", {"merge_id": proposal["id"], "confirmed": True}, version=1
    )
    assert merged["hours_twice"] == sorted([two["id"], plain["id"]])
    with pytest.raises(errors.Overlap) as refused:
        confirm(ground, two)
    assert refused.value.params["record_id"] == one["id"]


def test_a_list_of_visits_that_comes_again_is_known_whatever_he_serves_now(ground):
    ground.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
    ground.bench.at("2025-03-05T09:00:00")
    visits = [visit("a", "2025-03-04T09:00:00+08:00"), visit("b", "2025-03-04T10:00:00+08:00")]
    assert upload(ground, *visits) == [("stored", False)] * 2
    order = {"steward_id": STW_GRID, "grids": [GRID_2], "reason": "换网格"}
    ground.cadre().do("correct_steward", order, version=1)
    ground.bench.at("2025-04-20T09:00:00")
    assert upload(ground, *visits) == [("duplicate", False)] * 2
    assert upload(ground, visit("a", "2025-04-19T10:00:00+08:00", GRID_2)) == [("conflict", False)]


def test_a_post_begins_and_rests(ground):
    """Nobody visits a grid before he serves there, nor while he is suspended."""
    ground.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
    ground.bench.at("2025-03-10T09:00:00")
    order = {"steward_id": STW_GRID, "grids": [GRID, GRID_2], "reason": "增加网格"}
    ground.cadre().do("correct_steward", order, version=1)
    ground.bench.at("2025-03-12T09:00:00")
    suspended(ground, STW_GRID)
    assert upload(
        ground,
        visit("before", "2025-03-02T09:00:00+08:00"),
        visit("begins", "2025-03-03T08:00:00+08:00"),
        visit("other", "2025-03-09T09:00:00+08:00", GRID_2),
        visit("both", "2025-03-11T09:00:00+08:00", GRID_2),
    ) == [("NOT_MY_GRID", False), ("stored", False), ("NOT_MY_GRID", False), ("stored", False)]
    ground.bench.at("2025-03-14T09:00:00")
    assert upload(ground, visit("rests", "2025-03-13T09:00:00+08:00")) == [("NOT_MY_GRID", False)]
    ground.cadre().do("resume_steward", {"steward_id": STW_GRID}, version=3)
    ground.bench.at("2025-03-15T09:00:00")
    assert upload(
        ground,
        visit("rests", "2025-03-13T09:00:00+08:00"),
        visit("again", "2025-03-14T10:00:00+08:00"),
    ) == [("NOT_MY_GRID", False), ("stored", False)]


def test_who_is_suspended_acts_as_no_steward_and_sits_nowhere(ground):
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")
    to_come = ground.shift(STW_STAFF, "2025-03-04T08:00", "2025-03-04T20:00")
    suspended(ground, STW_STAFF, "服务态度被投诉")
    span = {"start": "2025-03-03T08:00:00+08:00", "end": "2025-03-05T08:00:00+08:00"}
    shifts = ground.cadre().ask("shifts", {"scope": GRID, "steward_id": STW_STAFF} | span)
    assert [(one["start"], one["end"]) for one in shifts["items"]] == [
        ("2025-03-03T00:00:00+00:00", "2025-03-03T01:00:00+00:00")
    ]
    with pytest.raises(StateConflict):
        ground.shift(STW_STAFF, "2025-03-05T08:00", "2025-03-05T20:00")
    with pytest.raises(errors.CallerNotServing):
        ground.by(STAFF).do("attend_shift", {"shift_id": to_come["id"]}, version=1)
    hours = record(ground, minutes=60)
    with pytest.raises(errors.CallerNotServing):
        confirm(ground, hours, who=STAFF, role="R_STEWARD", scope=GRID)
    with pytest.raises(errors.CallerNotServing):
        ground.by(STAFF).do(
            "submit_request",
            {"channel": "PHONE", "kind": "REPAIR", "category": "REPAIR_COMMON", "grid": GRID,
             "text": "替人报修", "reporter_id": WANG},
        )  # fmt: skip
    with pytest.raises(errors.CallerNotServing):
        ground.by(STAFF).do(
            "report_hazard",
            {"category": "FIRE_LANE", "grid": GRID, "place": "楼道", "reporter_id": WANG},
        )
    history = ground.cadre().ask("steward_history", {"steward_id": STW_STAFF})["items"]
    assert [(one["action"], one["reason"]) for one in history] == [("suspend", "服务态度被投诉")]


def test_a_grid_worker_who_left_records_nothing_by_the_role_that_the_token_still_names(ground):
    """SEC-C1: volunteer hours of a resident were recorded months later."""
    ground.staff()
    version = ground.cadre().ask("steward", {"steward_id": STW_GRID})["version"]
    gone = {"steward_id": STW_GRID, "reason": "调离"}
    ground.cadre().do("leave_steward", gone, version=version)
    hours = {"person_id": WANG, "minutes": 60, "source": "QR", "date": "2025-03-02",
             "activity": "巡逻"}  # fmt: skip
    by_name = {"channel": "PHONE", "kind": "REPAIR", "category": "REPAIR_COMMON", "grid": GRID,
               "text": "替人报修", "reporter_id": WANG}  # fmt: skip
    for step, body in (("record_hours", hours), ("submit_request", by_name)):
        with pytest.raises(errors.CallerNotServing):
            ground.by(GRID_WORKER, "R_GRID", scope=COMMUNITY).do(step, body)


def test_a_grid_worker_who_left_does_nothing_by_the_role_that_the_token_still_names(ground):
    """SEC-C1: the token still told phones in the clear, and moved residents."""
    ground.staff()
    case = ground.submit(LI)
    nobodys = ground.submit(who=None, category="NOISE", grid=GRID_2)
    danger = {"category": "FIRE_LANE", "grid": GRID, "place": "3 号楼东侧"}
    seen = ground.by(LI, "R_RESIDENT", COMMUNITY).do("report_hazard", danger)
    suspended(ground, STW_GRID)
    whom, span = {"person_id": WANG}, ("2025-03-04T08:00:00+08:00", "2025-03-04T20:00:00+08:00")
    shift = {"steward_id": STW_STAFF, "grid": GRID, "place": "红色驿站"}
    shift |= dict(zip(("start", "end"), span, strict=True))
    new = {"name": "何平", "grid": GRID, "synthetic": True}
    said = {"request_id": case["id"], "receipt": "来电录音 1"}
    whose = {"request_id": nobodys["id"], "person_id": LI, "reason": "来电补登"}
    for step, body, seen_version in (
        ("reveal_number", {"subject": WANG, "reason": "回电核实楼道灯的具体位置"}, None),
        ("register_person", new, None),
        ("register_people", {"people": [new]}, None),
        ("move_person", whom | {"to_grid": GRID_2}, 1),
        ("correct_person", whom | {"name": "王小莉", "reason": "写错"}, 1),
        ("return_person", whom | {"grid": GRID, "reason": "迁回原小区"}, 1),
        ("propose_merge", whom | {"into": LI, "reason": "同一人登记两次"}, 1),
        ("plan_shift", shift, None),
        ("publish_board", BOARD, None),
        ("attach_reporter", whose, ground.cadre().ask("request", {"request_id": nobodys["id"]})["version"]),
        ("verify_hazard", {"hazard_id": seen["id"], "verified": True}, 1),
        ("urge_request", said, None),
        ("cancel_request", said, case["version"]),
    ):  # fmt: skip
        with pytest.raises(errors.CallerNotServing):
            ground.by(GRID_WORKER, "R_GRID", scope=COMMUNITY).do(step, body, version=seen_version)


def test_a_grid_worker_who_left_reads_nobody_by_the_role_that_the_token_still_names(ground):
    """SEC-C1: the token went on showing the names of the grid's residents, and their requests."""
    ground.staff()
    ground.submit()
    was = ground.by(GRID_WORKER, "R_GRID", scope=GRID)
    assert was.ask("person", {"person_id": WANG})["name"] == "王小丽"
    assert was.ask("requests", {})["total"] == 1
    version = ground.cadre().ask("steward", {"steward_id": STW_GRID})["version"]
    gone = {"steward_id": STW_GRID, "reason": "调离"}
    ground.cadre().do("leave_steward", gone, version=version)
    left = ground.by(GRID_WORKER, "R_GRID", scope=GRID)
    with pytest.raises(NotFound):
        left.ask("person", {"person_id": WANG})
    (card,) = left.ask("people_cards", {"ids": [WANG]})["items"]
    assert card["name"] != "王小丽"
    assert left.ask("requests", {})["items"] == []
    with pytest.raises(RoleDenied):
        left.ask("requests", {"scope": GRID})
    # What is one's own stays one's own.
    assert left.ask("person", {"person_id": GRID_WORKER})["person_id"] == GRID_WORKER
    assert left.ask("steward", {"steward_id": STW_GRID})["person_id"] == GRID_WORKER


def test_a_steward_sits_at_one_place_at_a_time_and_in_no_month_that_is_measured(ground):
    ground.staff()
    ground.shift(STW_CADRE, "2025-03-03T08:00", "2025-03-03T20:00")
    # One station serves both grids.
    ground.shift(STW_CADRE, "2025-03-03T08:00", "2025-03-03T20:00", GRID_2)
    order = {"steward_id": STW_POLICE, "place": "红色驿站"}
    span = {"start": "2025-03-03T08:00:00+08:00", "end": "2025-03-03T20:00:00+08:00"}
    ground.cadre().do("plan_shift", order | span | {"grid": GRID})
    with pytest.raises(errors.ShiftOverlap):
        ground.cadre().do("plan_shift", order | span | {"grid": GRID_2, "place": "东门岗亭"})
    ground.bench.at("2025-04-02T09:00:00")
    late = ground.shift(STW_STAFF, "2025-03-28T08:00", "2025-03-28T20:00")
    ground.bench.at("2025-04-04T09:00:00")
    with pytest.raises(errors.MonthOver):
        ground.shift(STW_STAFF, "2025-03-27T08:00", "2025-03-27T20:00")
    with pytest.raises(errors.MonthOver):
        ground.cadre().do("miss_shift", {"shift_id": late["id"]}, version=1)
    with pytest.raises(errors.MonthOver):
        ground.cadre().do("attend_shift", {"shift_id": late["id"]}, version=1)


def test_a_missed_shift_does_not_come_back_beside_the_one_in_its_place(ground):
    ground.staff()
    ground.bench.at("2025-03-05T09:00:00")
    first = ground.shift(STW_STAFF, "2025-03-05T08:00", "2025-03-05T20:00")
    ground.cadre().do("miss_shift", {"shift_id": first["id"]}, version=1)
    ground.shift(STW_STAFF, "2025-03-05T10:00", "2025-03-05T20:00")
    with pytest.raises(errors.ShiftOverlap):
        ground.cadre().do("attend_shift", {"shift_id": first["id"]}, version=2)


def test_the_same_board_is_published_once(ground):
    ground.staff()
    first = ground.cadre().do("publish_board", BOARD)
    assert ground.cadre(CADRE).do("publish_board", BOARD) == first
    other = BOARD | {"reasons": BOARD["reasons"] | {"GAS": "由市燃气公司管理"}}
    assert ground.cadre().do("publish_board", other)["version"] == first["version"] + 1


def test_consent_that_is_taken_back_on_paper_takes_the_name_from_the_board(ground):
    ground.staff()
    ground.cadre().do("publish_board", BOARD)

    def named():
        board = ground.bench.as_("R_ANONYMOUS", person="", scope="").ask(
            "contact_board", {"grid": GRID}
        )
        return STW_POLICE in {entry["steward_id"] for entry in board["entries"]}

    assert named()
    back = {"steward_id": STW_POLICE, "agrees": False}
    with pytest.raises(NotFound):
        ground.by(LI, "R_RESIDENT", COMMUNITY).do("agree_to_board", back, version=1)
    ground.cadre().do("agree_to_board", back, version=1)
    assert not named()
    with pytest.raises(NotFound):
        ground.cadre().do("agree_to_board", back | {"agrees": True}, version=2)


def test_a_contact_says_what_was_talked_about(ground):
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")
    reply = ground.submit()
    reply = ground.step("accept_request", reply, STAFF)
    with pytest.raises(errors.NoteNeeded):
        ground.step("contact_request", reply, STAFF)
    with pytest.raises(errors.NoteNeeded):
        ground.step("contact_request", reply, STAFF, note="  ")
    assert ground.step("contact_request", reply, STAFF, arrived=True)["state"] == "IN_PROGRESS"
