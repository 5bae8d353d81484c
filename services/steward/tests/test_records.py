"""Volunteer hours, hazards and visits."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    SECOND,
    STW_GRID,
    WANG,
)


def record(ground, **more):
    body = {
        "person_id": WANG,
        "minutes": 480,
        "source": "QR",
        "date": "2025-03-01",
        "activity": "楼道清洁",
    } | more
    return ground.cadre(CADRE).do("record_hours", body)


def confirm(ground, reply, minutes=None, *, who=OTHER_CADRE, role="R_CADRE", scope=COMMUNITY):
    return ground.by(who, role, scope).do(
        "confirm_hours",
        {"record_id": reply["id"], "minutes": minutes or reply["minutes"]},
        version=reply["version"],
    )


@pytest.mark.covers("E1")
def test_confirmed_hours_are_said_with_their_day_and_month(ground):
    ground.bench.at("2025-03-03T09:00:00")
    reply = confirm(ground, record(ground))
    assert reply["state"] == "CONFIRMED"
    (event,) = ground.bench.published("volunteer_hours_confirmed.v1")
    assert event["data"] == {
        "record_id": reply["id"],
        "person_id": WANG,
        "minutes": 480,
        "source": "QR",
        "date": "2025-03-01",
    }
    assert event["time"] == "2025-03-01T15:59:59.999000Z"
    assert event["period"] == "2025-03"


def test_hours_of_today_have_happened_now(ground):
    confirm(ground, record(ground, date="2025-03-03"))
    (event,) = ground.bench.published("volunteer_hours_confirmed.v1")
    assert event["time"] == "2025-03-03T01:00:00Z"


@pytest.mark.covers("E1", "F16-flow")
def test_a_correction_says_both_numbers_and_belongs_to_its_own_month(ground):
    reply = confirm(ground, record(ground, date="2025-02-15", minutes=150))
    ground.bench.at("2025-03-10T09:00:00")
    corrected = ground.cadre().do(
        "correct_hours",
        {"record_id": reply["id"], "minutes": 90, "reason": "登记有误"},
        version=reply["version"],
    )
    assert (corrected["minutes"], corrected["previous_minutes"]) == (90, 150)
    (event,) = ground.bench.published("volunteer_hours_corrected.v1")
    assert event["data"] == {
        "record_id": reply["id"],
        "person_id": WANG,
        "minutes": 90,
        "previous_minutes": 150,
        "source": "QR",
        "date": "2025-02-15",
    }
    assert event["period"] == "2025-03"


def test_the_daily_cap_is_told_and_refuses_nothing(ground):
    first = confirm(ground, record(ground, minutes=300))
    assert first["daily_cap"] is False
    second = confirm(ground, record(ground, minutes=240))
    assert (second["day_minutes"], second["daily_cap"]) == (540, True)
    with pytest.raises(errors.DayTooLong):
        confirm(ground, record(ground, minutes=1000))


def test_nobody_confirms_his_own_hours(ground):
    ground.person("per_00000000-0000-7000-8000-000000000031", "何平", grid=GRID)
    mine = "per_00000000-0000-7000-8000-000000000031"
    reply = record(ground, person_id=mine)
    with pytest.raises(errors.SelfConfirm):
        confirm(ground, reply, who=mine)
    done = confirm(ground, reply)
    with pytest.raises(StateConflict):
        confirm(ground, done)
    with pytest.raises(errors.SelfConfirm):
        ground.cadre(mine).do(
            "correct_hours",
            {"record_id": done["id"], "minutes": 500, "reason": "多算一些"},
            version=done["version"],
        )


def test_two_places_at_once_are_refused(ground):
    times = {"check_in": "2025-03-01T09:00:00+08:00", "check_out": "2025-03-01T11:00:00+08:00"}
    record(ground, minutes=120, **times)
    with pytest.raises(errors.Overlap):
        record(ground, minutes=30, **times | {"check_in": "2025-03-01T10:59:00+08:00",
                                              "check_out": "2025-03-01T12:00:00+08:00"})  # fmt: skip
    with pytest.raises(errors.BadSpan):
        record(ground, minutes=121, person_id=LI, **times)
    after = {"check_in": "2025-03-01T11:00:00+08:00", "check_out": "2025-03-01T12:00:00+08:00"}
    assert record(ground, minutes=60, **after)["state"] == "RECORDED"


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"date": "2025-03-04"}, errors.ClockSkew),
        ({"person_id": CADRE}, errors.NotResident),
        ({"person_id": "per_unknown"}, errors.UnknownPerson),
        ({"record_id": "vol_1"}, errors.BadId),
    ],
)
def test_hours_that_cannot_be_recorded(ground, more, refusal):
    with pytest.raises(refusal):
        record(ground, **more)


def test_old_hours_need_the_street(ground):
    reply = record(ground, date="2025-01-31")
    with pytest.raises(errors.TooOld):
        confirm(ground, reply)
    assert confirm(ground, reply, role="R_STREET", scope="370811015")["state"] == "CONFIRMED"


def test_hours_of_years_ago_are_refused_with_the_earliest_day(ground):
    """B5: service of 2019 was recorded in 2025, in all ways."""
    with pytest.raises(errors.TooLongAgo) as refused:
        record(ground, date="2019-01-01", source="BACKFILL")
    assert (refused.value.guard, refused.value.field) == ("TOO_OLD", "date")
    assert "2024-03-04" in refused.value.describe()
    with pytest.raises(errors.TooLongAgo):
        record(ground, date="2024-03-03")
    assert record(ground, date="2024-03-04")["state"] == "RECORDED"
    times = {"check_in": "2019-01-01T09:00:00+08:00", "check_out": "2019-01-01T19:00:00+08:00"}
    with pytest.raises(errors.BadSpan):
        record(ground, **times)
    old = record(ground, date="2025-01-30", minutes=60)
    with pytest.raises(errors.TooOld) as refused:
        confirm(ground, old)
    assert "2025-02-02" in refused.value.describe()


def test_visits_too_old_are_told_the_earliest_day(ground):
    """B5: a device was told a code."""
    ground.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
    reply = ground.by(GRID_WORKER).do(
        "record_visits", {"items": [visit("a", "2019-01-01T09:00:00+08:00")]}
    )
    (item,) = reply["items"]
    assert (item["result"], item["field"]) == ("TOO_OLD", "occurred_at")
    assert "2025-02-02" in item["message_zh"]


def test_a_resident_records_for_himself_only_and_a_chosen_id_is_idempotent(ground):
    record_id = "vol_00000000-0000-7000-8000-000000000001"
    body = {
        "person_id": WANG,
        "minutes": 60,
        "source": "GPS",
        "date": "2025-03-02",
        "activity": "清雪",
        "record_id": record_id,
    }
    bench = ground.by(WANG, "R_RESIDENT", COMMUNITY)
    assert bench.do("record_hours", body) == bench.do("record_hours", body)
    with pytest.raises(errors.IdTaken):
        bench.do("record_hours", body | {"minutes": 90})
    with pytest.raises(RoleDenied):
        ground.by(LI, "R_RESIDENT", COMMUNITY).do("record_hours", body)
    # Who serves elsewhere learns from a refusal neither where she lives nor that there is such a
    # person; nor does a resident who names somebody.
    with pytest.raises(errors.UnknownPerson):
        ground.by("per_far", "R_CADRE", "370811015902").do("record_hours", body)
    with pytest.raises(RoleDenied):
        nobody = {"person_id": "per_unknown", "record_id": None}
        ground.by(LI, "R_RESIDENT", COMMUNITY).do("record_hours", body | nobody)
    mine = ground.by(WANG, "R_RESIDENT", COMMUNITY).ask("volunteer_hours", {})["items"]
    assert [item["id"] for item in mine] == [record_id]
    with pytest.raises(NotFound):
        ground.by(LI, "R_RESIDENT", COMMUNITY).ask("volunteer_hours", {"person_id": WANG})


def test_a_hazard_is_verified_by_somebody_else(ground):
    body = {"category": "FIRE_LANE", "grid": GRID, "place": "3 号楼东侧"}
    reply = ground.by(WANG, "R_RESIDENT", COMMUNITY).do("report_hazard", body)
    verdict = {"hazard_id": reply["id"], "verified": True}
    with pytest.raises(errors.SelfConfirm):
        ground.cadre(WANG).do("verify_hazard", verdict, version=1)
    with pytest.raises(NotFound):
        ground.by(GRID_WORKER, "R_GRID", GRID_2).do("verify_hazard", verdict, version=1)
    done = ground.by(GRID_WORKER, "R_GRID", GRID).do("verify_hazard", verdict, version=1)
    assert done["state"] == "TRUE"
    assert ground.bench.published("hazard_verified.v1")[0]["data"] == {
        "hazard_id": reply["id"],
        "reporter": WANG,
        "category": "FIRE_LANE",
        "verified": True,
    }
    with pytest.raises(StateConflict):
        ground.by(GRID_WORKER, "R_GRID", GRID).do("verify_hazard", verdict, version=2)


def visit(client, at="2025-03-31T22:00:00+08:00", grid=GRID):
    return {"client_id": client, "grid": grid, "purpose": "ELDERLY_CARE", "occurred_at": at}


def upload(ground, *items):
    reply = ground.by(GRID_WORKER).do("record_visits", {"items": list(items)})
    return [(item["result"], item["late"]) for item in reply["items"]]


@pytest.mark.covers("E12", "F16-flow")
def test_visits_collected_offline_count_in_their_month_until_its_cut_off(ground):
    ground.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
    bench = ground.bench
    bench.at("2025-04-02T10:00:00")
    assert upload(ground, visit("a")) == [("stored", False)]
    assert upload(ground, visit("b"), visit("a"), visit("c"), visit("c")) == [
        ("stored", False),
        ("duplicate", False),
        ("stored", False),
        ("duplicate", False),
    ]
    bench.at("2025-04-03T09:00:00")
    assert upload(ground, visit("d")) == [("stored", True)]
    asked = {"steward_id": STW_GRID, "period": "2025-03"}
    march = ground.by(GRID_WORKER).ask("visits", asked)["items"]
    assert sorted(item["client_id"] for item in march) == ["a", "b", "c"]
    april = ground.by(GRID_WORKER).ask("visits", asked | {"period": "2025-04"})["items"]
    assert [(item["client_id"], item["late"]) for item in april] == [("d", True)]
    assert april[0]["occurred_at"] == "2025-03-31T14:00:00+00:00"


def test_a_device_s_number_in_other_case_is_the_same_visit(ground):
    """K4: `V-1` and `v-1` of one steward were two visits; it is shown as it was sent."""
    ground.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
    ground.bench.at("2025-04-02T10:00:00")
    assert upload(ground, visit("V-1"), visit("ｖ-1")) == [("stored", False), ("duplicate", False)]
    again = upload(ground, visit("v-1"), visit("V-1"), visit("v-1", "2025-04-01T09:00:00+08:00"))
    assert again == [("duplicate", False), ("duplicate", False), ("conflict", False)]
    asked = {"steward_id": STW_GRID, "period": "2025-03"}
    march = ground.by(GRID_WORKER).ask("visits", asked)["items"]
    assert [item["client_id"] for item in march] == ["V-1"]
    assert upload(ground, visit("ﷺ" * 60)) == [("VALIDATION", False)]


@pytest.mark.covers("E12", "F16-flow")
def test_each_visit_is_taken_or_refused_by_itself(ground):
    ground.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
    found = upload(
        ground,
        visit("a", "2025-03-03T09:10:00+08:00"),
        visit("b", "2025-01-31T09:00:00+08:00"),
        visit("c", "2025-03-03T08:00:00+08:00", GRID_2),
        visit("d", "2025-03-03T08:00:00+08:00"),
    )
    assert [result for result, _late in found] == [
        "CLOCK_SKEW",
        "TOO_OLD",
        "NOT_MY_GRID",
        "stored",
    ]


def test_one_visit_that_cannot_be_read_stops_no_other(ground):
    """One broken date refused all that a device had collected."""
    ground.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
    good = visit("a", "2025-03-03T08:00:00+08:00")
    lines = [
        visit("b", "2025-13-45T08:00:00+08:00"),
        good,
        visit("c", "2025-03-03T08:00:00+08:00") | {"grid": "三号网格"},
        visit("d", "2025-03-03T08:00:00+08:00") | {"findings": ["电话 13812345678"]},
        visit("e", "2025-03-03T08:00:00+08:00") | {"weather": "晴"},
        {"client_id": "f"},
        "g",
    ]
    reply = ground.by(GRID_WORKER).do("record_visits", {"items": lines})
    assert [(i["client_id"], i["result"], i.get("field")) for i in reply["items"]] == [
        ("b", "VALIDATION", "occurred_at"),
        ("a", "stored", None),
        ("c", "VALIDATION", "grid"),
        ("d", "PII_FOUND", "findings.0"),
        ("e", "VALIDATION", "weather"),
        ("f", "VALIDATION", "grid"),
        ("", "VALIDATION", ""),
    ]
    assert "日期时间" in reply["items"][0]["message_zh"]
    assert upload(ground, good) == [("duplicate", False)]


def test_who_is_no_steward_records_no_visits(ground):
    with pytest.raises(NotFound):
        upload(ground, visit("a"))


def test_nobody_confirms_what_his_household_did_or_reported(ground):
    """K12: hours of the same household were confirmed three times out of three."""
    wife, husband = (f"per_00000000-0000-7000-8000-00000000004{n}" for n in (1, 2))
    for who in (wife, husband):
        ground.person(who, "何平", grid=GRID, household_id="hh_he")
    hours = record(ground, person_id=wife)
    with pytest.raises(errors.SelfConfirm):
        confirm(ground, hours, who=husband)
    done = confirm(ground, hours)
    with pytest.raises(errors.SelfConfirm):
        ground.by(husband, "R_CADRE", COMMUNITY).do(
            "correct_hours",
            {"record_id": done["id"], "minutes": 240, "reason": "补记"},
            version=done["version"],
        )
    body = {"category": "FIRE_LANE", "grid": GRID, "place": "3 号楼东侧"}
    danger = ground.by(wife, "R_RESIDENT", COMMUNITY).do("report_hazard", body)
    with pytest.raises(errors.SelfConfirm):
        ground.by(husband, "R_CADRE", COMMUNITY).do(
            "verify_hazard",
            {"hazard_id": danger["id"], "verified": True},
            version=danger["version"],
        )


def test_no_more_minutes_are_confirmed_than_he_was_there(ground):
    """K14: five hours were confirmed of two."""
    body = {
        "person_id": WANG, "minutes": 120, "source": "QR", "date": "2025-03-02", "activity": "清雪",
        "check_in": "2025-03-02T08:00:00+08:00", "check_out": "2025-03-02T10:00:00+08:00",
    }  # fmt: skip
    made = ground.cadre(OTHER_CADRE).do("record_hours", body)
    order = {"record_id": made["id"], "minutes": 300}
    with pytest.raises(errors.BadSpan):
        ground.cadre(CADRE).do("confirm_hours", order, version=made["version"])
    order["minutes"] = 120
    assert ground.cadre(CADRE).do("confirm_hours", order, version=made["version"])["minutes"] == 120


def test_no_more_minutes_are_confirmed_than_were_recorded(ground):
    """A whole day was confirmed of half an hour."""
    made = record(ground, minutes=30)
    with pytest.raises(errors.MoreThanDeclared) as refused:
        confirm(ground, made, 31)
    assert (refused.value.field, refused.value.params) == ("minutes", {"limit": 30})
    done = confirm(ground, made, 30)
    more = {"record_id": done["id"], "minutes": 60, "reason": "签到表记为一小时,登记有误"}
    corrected = ground.cadre(SECOND).do("correct_hours", more, version=done["version"])
    assert corrected["minutes"] == 60


def test_who_confirmed_hours_does_not_make_them_more_and_why_they_are_stays(ground):
    """H2-11: half an hour was confirmed and made a day by one person, and the reason was lost."""
    done = confirm(ground, record(ground, minutes=30))
    which = {"record_id": done["id"]}
    more = which | {"minutes": 60, "reason": "签到表记为一小时,登记有误"}
    with pytest.raises(errors.ConfirmerRaises) as refused:
        ground.cadre(OTHER_CADRE).do("correct_hours", more, version=done["version"])
    assert refused.value.field == "minutes"
    less = which | {"minutes": 20, "reason": "提前离场"}
    lessened = ground.cadre(OTHER_CADRE).do("correct_hours", less, version=done["version"])
    ground.cadre(SECOND).do("correct_hours", more, version=lessened["version"])
    asked = ground.by(WANG, "R_RESIDENT", COMMUNITY).ask("volunteer_record_history", which)
    assert [
        (line["actor_id"], line["before"], line["reason"], line["fields"])
        for line in asked["items"]
    ] == [
        (SECOND, {"minutes": 20}, more["reason"], ["minutes"]),
        (OTHER_CADRE, {"minutes": 30}, less["reason"], ["minutes"]),
    ]
    with pytest.raises(NotFound):
        ground.by(LI, "R_RESIDENT", COMMUNITY).ask("volunteer_record_history", which)


def test_who_has_left_brings_the_visits_of_before(ground):
    """K13: what a device had noted while he served was lost with his leaving."""
    ground.steward(STW_GRID, GRID_WORKER, "GRID_WORKER")
    ground.bench.at("2025-03-05T18:00:00")
    leaves = {"steward_id": STW_GRID, "reason": "本人申请调离"}
    ground.bench.as_("R_CADRE", person=CADRE, scope=COMMUNITY).do(
        "leave_steward", leaves, version=1
    )
    ground.bench.at("2025-03-05T20:00:00")
    served = visit("a", "2025-03-05T11:00:00+08:00")
    after = visit("b", "2025-03-05T19:00:00+08:00")
    assert [result for result, _late in upload(ground, served, after)] == ["stored", "NOT_MY_GRID"]
    ground.bench.at("2025-04-20T09:00:00")
    with pytest.raises(NotFound):
        upload(ground, visit("c", "2025-04-01T11:00:00+08:00"))
