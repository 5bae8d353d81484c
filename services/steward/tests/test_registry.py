"""The registers can be corrected, people come back, come of age, and are one person each."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict, VersionConflict
from fivered.services.steward import errors
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    IDS,
    LI,
    OTHER_CADRE,
    STW_GRID,
    STW_STAFF,
    WANG,
    person_id,
)
from fivered.services.steward.tests.test_calendar import YEAR

MINOR_ID = "37089920070315001X"
TWIN = person_id(51)


def leave(ground, who=WANG, reason="MOVED_OUT", version=1):
    order = {"person_id": who, "reason": reason}
    return ground.cadre(CADRE).do("deactivate_person", order, version=version)


def said(ground, fact):
    return [event["data"] for event in ground.bench.published(fact)]


def by_id(ground, who=WANG, *, role="R_CADRE", scope=COMMUNITY):
    return ground.by(CADRE, role, scope).ask("person", {"person_id": who})


# --------------------------------------------------------------------------------------------------
# Coming back


@pytest.mark.parametrize("person", [WANG, None, CHEN])
def test_who_moved_out_and_is_registered_again_is_the_same_person_and_back(ground, person):
    """IN-A7: he stayed MOVED_OUT, or became a second person by leaving his number out."""
    leave(ground)
    again = ground.person(person, "王小丽", id_no=IDS["WANG"], phone="12812345678", grid=GRID_2)
    assert (again["id"], again["state"], again["version"]) == (WANG, "ACTIVE", 3)
    assert said(ground, "resident_returned.v1") == [
        {
            "person_id": WANG,
            "community": COMMUNITY,
            "grid": GRID_2,
            "is_adult": True,
            "household_id": None,
        }
    ]
    assert by_id(ground)["grid"] == GRID_2


def test_a_list_of_last_year_brings_nobody_back_and_says_so(ground):
    """IN-A7: an import counted him "unchanged"."""
    leave(ground)
    line = {"person_id": WANG, "name": "王小丽", "synthetic": True, "id_no": IDS["WANG"],
            "phone": "12812345678", "grid": GRID}  # fmt: skip
    (item,) = ground.cadre(CADRE).do("register_people", {"people": [line]})["items"]
    assert (item["result"], item["person_id"]) == ("PERSON_GONE", WANG)


def test_a_death_recorded_by_mistake_is_corrected_by_a_cadre(ground):
    """IN-A7: there was no door at all."""
    dead = ground.dies(WANG, by=CADRE)
    with pytest.raises(errors.PersonGone):
        ground.person(None, "王小丽", id_no=IDS["WANG"], grid=GRID)
    order = {"person_id": WANG, "grid": GRID, "reason": "误登"}
    with pytest.raises(RoleDenied):
        ground.by(GRID_WORKER, "R_GRID", GRID).do("return_person", order, version=dead["version"])
    with pytest.raises(VersionConflict):
        ground.cadre(CADRE).do("return_person", order, version=1)
    back = ground.cadre(CADRE).do("return_person", order, version=dead["version"])
    assert back["state"] == "ACTIVE"
    with pytest.raises(StateConflict):
        ground.cadre(CADRE).do("return_person", order, version=back["version"])
    assert [data["grid"] for data in said(ground, "resident_returned.v1")] == [GRID]


def test_a_phone_that_somebody_else_has_by_now_does_not_come_back(ground):
    """IN-A7: the phone was free while he was away."""
    gone = leave(ground)
    ground.person(CHEN, "陈静", phone="12812345678", grid=GRID)
    order = {"person_id": WANG, "grid": GRID, "reason": "迁回"}
    with pytest.raises(errors.PhoneTaken):
        ground.cadre(CADRE).do("return_person", order, version=gone["version"])
    order["phone"] = "12812345670"
    ground.cadre(CADRE).do("return_person", order, version=gone["version"])
    assert by_id(ground)["phone"] == "128****5670"


def test_who_has_no_phone_any_more_comes_back_without_one(ground):
    """H6-8: the number was another household's, and only a new one let him come back."""
    gone = leave(ground)
    ground.person(CHEN, "陈静", phone="12812345678", grid=GRID)
    away = {"person_id": WANG, "reason": "号码停用", "clear": ["phone"]}
    with pytest.raises(StateConflict):
        ground.cadre(CADRE).do("correct_person", away | {"name": "王小莉"}, version=gone["version"])
    told = len(said(ground, "resident_corrected.v1"))
    freed = ground.cadre(CADRE).do("correct_person", away, version=gone["version"])
    assert freed["state"] == "MOVED_OUT"
    assert len(said(ground, "resident_corrected.v1")) == told
    order = {"person_id": WANG, "grid": GRID, "reason": "迁回"}
    back = ground.cadre(CADRE).do("return_person", order, version=freed["version"])
    assert (back["state"], by_id(ground)["phone"]) == ("ACTIVE", None)


# --------------------------------------------------------------------------------------------------
# Who lives in no grid

STREET, DISTRICT = "370811015", "370811"


@pytest.mark.parametrize(
    ("registrar", "may", "may_not"),
    [
        (("R_CADRE", COMMUNITY), ("R_CADRE", COMMUNITY), ("R_CADRE", "370811015902")),
        (("R_STREET", STREET), ("R_STREET", STREET), ("R_CADRE", COMMUNITY)),
        (("R_CADRE", COMMUNITY), ("R_STREET", STREET), ("R_STREET", "370811016")),
        (("R_DISTRICT", DISTRICT), ("R_DISTRICT", DISTRICT), ("R_STREET", STREET)),
    ],
)
def test_who_lives_in_no_grid_dies_leaves_and_returns_where_he_is_registered(
    ground, registrar, may, may_not
):
    """K13: NOT_RESIDENT, so that an official who had died stayed in office for ever."""
    body = {"person_id": TWIN, "name": "冯远", "synthetic": True}
    ground.by(CADRE, *registrar).do("register_person", body)
    order = {"person_id": TWIN, "reason": "DECEASED"}
    with pytest.raises(NotFound):
        ground.by(CADRE, *may_not).do("deactivate_person", order, version=1)
    waits = ground.by(CADRE, *may).do("deactivate_person", order, version=1)
    assert (waits["state"], waits["version"]) == ("ACTIVE", 1)
    decide = {"person_id": TWIN, "confirmed": True}
    with pytest.raises(NotFound):
        ground.by(OTHER_CADRE, *may_not).do("decide_death", decide, version=1)
    gone = ground.by(OTHER_CADRE, *may).do("decide_death", decide, version=1)
    assert gone["state"] == "DECEASED"
    assert said(ground, "resident_deactivated.v1") == [{"person_id": TWIN, "reason": "DECEASED"}]
    back = {"person_id": TWIN, "reason": "误登"}
    with pytest.raises(NotFound):
        ground.by(CADRE, *may_not).do("return_person", back, version=2)
    ground.by(CADRE, *may).do("return_person", back, version=2)
    left = {"person_id": TWIN, "reason": "MOVED_OUT"}
    assert ground.by(CADRE, *may).do("deactivate_person", left, version=3)["state"] == "MOVED_OUT"
    heard = [event for event in ground.bench.published() if event["subject"] == TWIN]
    assert [
        (event["type"].removeprefix("steward."), int(event["sequence"])) for event in heard
    ] == [
        ("person_registered.v1", 1),
        ("resident_deactivated.v1", 2),
        ("person_registered.v1", 3),
        ("resident_deactivated.v1", 4),
    ]


def test_who_lived_in_a_grid_does_not_return_into_none(ground):
    leave(ground)
    with pytest.raises(errors.GridNeeded) as refused:
        ground.cadre(CADRE).do("return_person", {"person_id": WANG, "reason": "迁回"}, version=2)
    assert refused.value.field == "grid"


# --------------------------------------------------------------------------------------------------
# Who exists


def test_an_intake_of_the_area_is_told_who_it_is_and_nobody_else(ground):
    """SP-D15, OP-B4: 409 without the id, a dead end also for the cadre."""
    number = {"name": "王小丽", "synthetic": True, "id_no": IDS["WANG"]}
    phone = {"name": "陈静", "synthetic": True, "phone": "12812345678"}
    for body, refusal in ((number, errors.PersonExists), (phone, errors.PhoneTaken)):
        with pytest.raises(refusal) as told:
            ground.cadre(CADRE).do("register_person", body)
        assert told.value.params["person_id"] == WANG
        assert WANG in told.value.describe()
        with pytest.raises(refusal) as untold:
            ground.by(CADRE, "R_CADRE", "370811015902").do("register_person", body)
        assert WANG not in repr(untold.value.params) + untold.value.describe()


@pytest.mark.parametrize(
    "asked", [{"phone": "128-1234-5678"}, {"id_no": IDS["WANG"]}, {"phone": "+8612812345678"}]
)
def test_a_caller_is_found_by_his_phone_or_number_and_the_search_is_noted(ground, asked):
    """SP-D15: who takes a call finds the caller; each search leaves a row, hit or not."""
    (found,) = ground.cadre(CADRE).ask("people", asked)["items"]
    assert (found["person_id"], found["name"], found["grid"]) == (WANG, "王小丽", GRID)
    assert found["phone"] == "128****5678"
    for role, scope in (("R_GRID", GRID_2), ("R_CADRE", "370811015902")):
        assert ground.by(CADRE, role, scope).ask("people", asked)["items"] == []
    with pytest.raises(RoleDenied):
        ground.by(LI, "R_RESIDENT", COMMUNITY).ask("people", asked)
    reads = ground.bench.as_("R_AUDITOR").ask("person_reads", {})["items"]
    searches = [row["person_id"] for row in reads if row["door"] == "people"]
    assert searches == [None, None, WANG]


def test_members_of_one_household_share_a_phone_and_others_do_not(ground):
    """IN-B4: husband and wife with one phone."""
    home = {"grid": GRID, "household_id": "hh_1", "phone": "12800000077"}
    ground.person(CHEN, "陈静", **home)
    assert ground.person(TWIN, "冯远", **home)["state"] == "ACTIVE"
    for other in (
        home | {"household_id": "hh_2"}, home | {"grid": GRID_2},
        {"grid": GRID, "phone": home["phone"]},
    ):  # fmt: skip
        with pytest.raises(errors.PhoneTaken):
            ground.person(person_id(52), "冯近", **other)
    found = ground.cadre(CADRE).ask("people", {"phone": home["phone"]})["items"]
    assert [item["person_id"] for item in found] == [CHEN, TWIN]


# --------------------------------------------------------------------------------------------------
# Corrections


def test_what_was_registered_wrongly_is_corrected_and_the_history_tells(ground):
    """IN-A7, SP-D33: nothing of a person could be corrected (409 ID_TAKEN)."""
    order = {
        "person_id": WANG, "name": "王小莉", "phone": "12812345679", "household_id": "hh_9",
        "reason": "登记时写错",
    }  # fmt: skip
    with pytest.raises(NotFound):
        ground.by(CADRE, "R_CADRE", "370811015902").do("correct_person", order, version=1)
    with pytest.raises(VersionConflict):
        ground.cadre(CADRE).do("correct_person", order, version=7)
    done = ground.cadre(CADRE).do("correct_person", order, version=1)
    assert done["version"] == 2
    assert by_id(ground)["name"] == "王小莉"
    assert said(ground, "resident_corrected.v1") == [
        {"person_id": WANG, "is_adult": True, "household_id": "hh_9"}
    ]
    (entry,) = ground.cadre(OTHER_CADRE).ask("person_history", {"person_id": WANG})["items"]
    assert (entry["actor_id"], entry["reason"], entry["version"]) == (CADRE, "登记时写错", 2)
    assert entry["before"] == {"name": "王小丽", "phone": "128****5678", "household_id": None}
    # S13: the person himself was told that there is no such person.
    assert ground.by(WANG, "R_RESIDENT", COMMUNITY).ask("person_history", {"person_id": WANG})[
        "items"
    ] == [entry]
    with pytest.raises(NotFound):
        ground.by(CHEN, "R_RESIDENT", COMMUNITY).ask("person_history", {"person_id": WANG})
    district = ground.bench.as_("R_DISTRICT").ask("person_history", {"person_id": WANG})
    assert district["items"][0]["before"]["name"] == "王*丽"
    # The old phone is free; the new content is what a repeated registration is compared with.
    ground.person(CHEN, "陈静", phone="12812345678", grid=GRID)
    with pytest.raises(errors.IdTaken):
        ground.person(WANG, "王小丽", id_no=IDS["WANG"], phone="12812345678", grid=GRID)
    same = {"phone": "12812345679", "grid": GRID, "household_id": "hh_9"}
    assert ground.person(WANG, "王小莉", id_no=IDS["WANG"], **same)["version"] == 2


def test_whom_a_number_names_is_changed_by_a_cadre_and_never_to_somebody_else_s(ground):
    """IN-A7."""
    order = {"person_id": WANG, "id_no": IDS["LI"], "reason": "号码写错"}
    with pytest.raises(RoleDenied):
        ground.by(GRID_WORKER, "R_GRID", GRID).do("correct_person", order, version=1)
    with pytest.raises(errors.PersonExists):
        ground.cadre(CADRE).do("correct_person", order, version=1)
    with pytest.raises(errors.NumberTellsBirth):
        ground.cadre(CADRE).do(
            "correct_person", {"person_id": WANG, "birth_year": 1990, "reason": "写错"}, version=1
        )
    ground.bench.at("2025-02-20T09:00:00")
    ground.cadre(CADRE).do("correct_person", order | {"id_no": MINOR_ID}, version=1)
    assert said(ground, "resident_corrected.v1")[-1]["is_adult"] is False
    ground.bench.fire("2025-03-15T00:00:00")
    assert [data["person_id"] for data in said(ground, "resident_came_of_age.v1")] == [WANG]


def test_the_name_of_an_area_is_corrected_and_said_again(ground):
    """SP-D33: 409 AREA_EXISTS for ever."""
    order = {"code": COMMUNITY, "name": "春辉社区", "reason": "名称写错"}
    district = ground.bench.as_("R_STREET", scope="370811015")
    assert district.do("correct_area", order, version=1)["version"] == 2
    events = [e for e in ground.bench.published("area_defined.v1") if e["subject"] == COMMUNITY]
    assert [event["data"]["name"] for event in events] == ["春晖社区", "春辉社区"]
    assert events[0]["sequence"] < events[1]["sequence"]
    (entry,) = district.ask("area_history", {"code": COMMUNITY})["items"]
    assert (entry["before"], entry["reason"]) == ({"name": "春晖社区"}, "名称写错")
    with pytest.raises(NotFound):
        ground.bench.as_("R_STREET", scope="370811001").do("correct_area", order, version=2)


def test_a_steward_s_phone_grids_and_duty_are_corrected_and_boards_follow(ground):
    """SP-D33: neither phone nor grids of a steward could be changed."""
    ground.staff()
    for grid in (GRID, GRID_2):
        reasons = dict.fromkeys(
            ("BUILDING_HEAD", "WATER", "POWER", "GAS", "HEAT", "NETWORK", "GRID_WORKER",
             "PROPERTY_STAFF"), "未配备",
        )  # fmt: skip
        ground.cadre(CADRE).do("publish_board", {"grid": grid, "reasons": reasons})
    order = {
        "steward_id": STW_GRID, "work_phone": "(0537)7654321", "grids": [GRID_2],
        "reason": "调整网格",
    }  # fmt: skip
    done = ground.cadre(CADRE).do("correct_steward", order, version=1)
    assert done["version"] == 2
    event = ground.bench.published("steward_enrolled.v1")[-1]
    assert (event["data"]["grids"], int(event["sequence"])) == ([GRID_2], 2)

    def shown(grid):
        board = ground.bench.ask("contact_board", {"grid": grid})
        return {entry["steward_id"]: entry["work_phone"] for entry in board["entries"]}

    assert STW_GRID not in shown(GRID)
    assert shown(GRID_2)[STW_GRID] == "05377654321"
    with pytest.raises(errors.AlreadySteward):
        ground.steward(None, GRID_WORKER, "PROPERTY_STAFF")
        ground.cadre(CADRE).do(
            "correct_steward",
            {"steward_id": STW_GRID, "duty": "PROPERTY_STAFF", "reason": "岗位写错"},
            version=2,
        )
    items = ground.cadre(CADRE).ask("steward_history", {"steward_id": STW_GRID})["items"]
    assert items[0]["before"] == {"grids": [GRID], "work_phone": "05370000001"}
    assert STW_STAFF in shown(GRID)


# --------------------------------------------------------------------------------------------------
# Coming of age


def test_a_minor_comes_of_age_on_his_birthday(ground):
    """CR-D3: who was registered as a minor never came of age."""
    ground.bench.at("2025-02-20T09:00:00")
    ground.person(CHEN, "陈静", id_no=MINOR_ID, grid=GRID)
    assert by_id(ground, CHEN)["is_adult"] is False
    ground.bench.fire("2025-03-14T23:59:00")
    assert said(ground, "resident_came_of_age.v1") == []
    ground.bench.fire("2025-03-15T00:00:00")
    assert said(ground, "resident_came_of_age.v1") == [
        {"person_id": CHEN, "community": COMMUNITY, "grid": GRID}
    ]
    assert by_id(ground, CHEN)["is_adult"] is True


def test_the_day_of_birth_stands_nowhere_in_clear(ground):
    """CR-D3, DOMAIN 1.3: a timer tells that somebody comes of age, and not who."""
    ground.person(CHEN, "陈静", id_no="370899200803150017", grid=GRID)
    (row,) = ground.bench.rows("select * from persons where person_id = :id", id=CHEN)
    assert b"2008-03-15" not in b"".join(
        bytes(value) for value in row.values() if isinstance(value, bytes | memoryview)
    )
    timers = ground.bench.rows("select * from timers where kind = 'COMING_OF_AGE'")
    assert [row["ref"] for row in timers] == ["2026-03-15"]
    assert CHEN not in repr(timers)


def test_who_gave_a_year_only_is_certainly_of_age_a_year_later(ground):
    """CR-D3: those without an identity number."""
    ground.person(CHEN, "陈静", birth_year=2007, grid=GRID)
    ground.bench.fire("2025-12-31T23:59:00")
    assert said(ground, "resident_came_of_age.v1") == []
    ground.bench.fire("2026-01-01T00:00:00")
    assert [data["person_id"] for data in said(ground, "resident_came_of_age.v1")] == [CHEN]


def test_who_lives_in_no_grid_is_told_to_those_who_name_him(ground):
    """t1 B1: a shop's operator and a manager live elsewhere; nobody could look them up."""
    ground.bench.at("2025-02-20T09:00:00")
    ground.person(CHEN, "陈静", id_no=MINOR_ID)
    assert said(ground, "person_registered.v1")[-1] == {"person_id": CHEN, "is_adult": False}
    assert CHEN not in [data["person_id"] for data in said(ground, "resident_registered.v1")]
    ground.bench.fire("2025-03-15T00:00:00")
    assert said(ground, "person_registered.v1")[-1] == {"person_id": CHEN, "is_adult": True}
    assert said(ground, "resident_came_of_age.v1") == []


def test_everybody_who_was_registered_before_is_told_once_and_in_parts(ground, monkeypatch):
    monkeypatch.setattr("fivered.services.steward.actions.announcing._PART", 3)
    people = [
        {"name": "陈静", "synthetic": True, "birth_year": 1990} | ({"grid": GRID} if n % 2 else {})
        for n in range(8)
    ]
    ground.bench.as_("R_DISTRICT").do("register_people", {"people": people})
    before = len(said(ground, "person_registered.v1"))
    with ground.bench.runtime.transaction(ground.bench.actor) as tx:
        tx.arm("TELL_REGISTERED", "ALL", tx.now)
    ground.bench.fire("2025-04-01T00:00:00")
    told = [data["person_id"] for data in said(ground, "person_registered.v1")][before:]
    there = ground.bench.rows("select person_id from persons where status = 'ACTIVE'")
    assert sorted(told) == sorted(row["person_id"] for row in there)


def test_a_large_year_comes_of_age_in_parts_and_each_is_told_once(ground, monkeypatch):
    """CR-D3: every seventeen-year-old of a census."""
    monkeypatch.setattr("fivered.services.steward.actions.announcing._PART", 3)
    people = [
        {"name": "陈静", "synthetic": True, "birth_year": 2007, "grid": GRID} for _ in range(8)
    ]
    ground.bench.as_("R_DISTRICT").do("register_people", {"people": people})
    ground.bench.fire("2026-01-01T00:00:00")
    grown = [data["person_id"] for data in said(ground, "resident_came_of_age.v1")]
    assert len(grown) == len(set(grown)) == 8


# --------------------------------------------------------------------------------------------------
# Double registrations


def merge(ground, into=WANG, who=TWIN):
    order = {"person_id": who, "into": into, "reason": "同一人登记两次"}
    return ground.cadre(CADRE).do("propose_merge", order, version=1)


@pytest.fixture
def twin(ground):
    """Wang once more, without her number, with a post, a request and hours."""
    ground.person(TWIN, "王小丽", phone="12800000051", grid=GRID_2)
    ground.staff()
    ground.steward(STW_STAFF[:-1] + "7", TWIN, "BUILDING_HEAD")
    request = ground.submit(TWIN)
    hours = {"person_id": TWIN, "minutes": 60, "source": "QR", "date": "2025-03-01",
             "activity": "清雪"}  # fmt: skip
    ground.cadre().do("record_hours", hours)
    return request


def test_two_people_make_two_registrations_one(ground, twin):
    """IN-A7, K7: a double registration stayed two people, with two credit accounts."""
    proposed = merge(ground)
    assert merge(ground) == proposed
    decide = {"merge_id": proposed["id"], "confirmed": True}
    with pytest.raises(errors.RecorderConfirms):
        ground.cadre(CADRE).do("decide_merge", decide, version=1)
    (waiting,) = ground.cadre(OTHER_CADRE).ask("person_merges", {})["items"]
    assert (waiting["id"], waiting["reason"]) == (proposed["id"], "同一人登记两次")
    assert ground.cadre(OTHER_CADRE).do("decide_merge", decide, version=1)["state"] == "CONFIRMED"
    (event,) = ground.bench.published("person_merged.v1")
    assert event["data"] == {"person_id": TWIN, "into": WANG, "community": COMMUNITY}
    # The id that was given up leads to the one that stays.
    pointer = ground.cadre(CADRE).ask("person", {"person_id": TWIN})
    assert (pointer["status"], pointer["merged_into"]) == ("MERGED", WANG)
    card = ground.cadre(CADRE).ask("people_cards", {"ids": [TWIN]})["items"][0]
    assert (card["person_id"], card["merged_into"], card["name"]) == (TWIN, WANG, "王小丽")
    with pytest.raises(errors.PersonMergedAway) as told:
        ground.person(TWIN, "王小丽", phone="12800000051", grid=GRID_2)
    assert told.value.params["person_id"] == WANG
    # Everything that was his is hers.
    mine = ground.by(WANG, "R_RESIDENT", COMMUNITY)
    assert [item["id"] for item in mine.ask("requests", {"mine": True})["items"]] == [twin["id"]]
    assert len(mine.ask("volunteer_hours", {})["items"]) == 1
    with pytest.raises(errors.StillSteward):
        leave(ground, WANG, version=by_id(ground, WANG)["version"])


@pytest.mark.parametrize(("grid", "home"), [(GRID, "hh_twin"), (GRID_2, None)])
def test_the_id_that_stays_gains_the_household_of_its_place(ground, grid, home):
    """He left his household, and its account, by being registered once only."""
    ground.person(TWIN, "王小丽", phone="12800000051", grid=grid, household_id="hh_twin")
    decide = {"merge_id": merge(ground)["id"], "confirmed": True}
    ground.cadre(OTHER_CADRE).do("decide_merge", decide, version=1)
    assert by_id(ground, WANG)["household_id"] == home
    said = [event["data"] for event in ground.bench.published("resident_corrected.v1")]
    assert [data["household_id"] for data in said if data["person_id"] == WANG] == (
        [home] if home else []
    )


def test_a_phone_that_another_household_shares_is_not_gained(ground):
    """Two households had one number after a merge."""
    phone, family = "12800000061", {"grid": GRID, "household_id": "hh_c"}
    ground.person(TWIN, "陈静", phone=phone, **family)
    ground.person(CHEN, "陈明", phone=phone, **family)
    stays = {"grid": GRID_2, "household_id": "hh_d"}
    ground.person(WANG[:-2] + "62", "陈静", **stays)
    order = {"person_id": TWIN, "into": WANG[:-2] + "62", "reason": "同一人登记两次"}
    made = ground.cadre(CADRE).do("propose_merge", order, version=1)
    decide = {"merge_id": made["id"], "confirmed": True}
    ground.cadre(OTHER_CADRE).do("decide_merge", decide, version=1)
    found = [by_id(ground, who) for who in (WANG[:-2] + "62", CHEN)]
    assert [one["phone"] for one in found] == [None, "128****0061"]


def confirm_merge(ground):
    decide = {"merge_id": merge(ground)["id"], "confirmed": True}
    ground.cadre(OTHER_CADRE).do("decide_merge", decide, version=1)


def test_who_proposed_a_year_under_another_id_does_not_load_it(ground, twin):
    made = ground.by(TWIN, "R_DISTRICT", "370811").do("propose_calendar_year", YEAR)
    confirm_merge(ground)
    with pytest.raises(errors.CalendarSamePerson):
        ground.by(WANG, "R_DISTRICT", "370811").do(
            "approve_calendar_year", {"proposal_id": made["id"]}, version=1
        )


def test_who_rated_for_the_reporter_under_another_id_does_not_review_it(ground, twin):
    done = ground.resolved(ground.submit(None, text="楼道灯不亮"))
    rating = {"request_id": done["id"], "stars": 1, "solved": False} | ground.receipt(done)
    rated = ground.by(TWIN, "R_CADRE", COMMUNITY).do("rate_request", rating)
    confirm_merge(ground)
    verdict = {"upheld": False, "reason": "情况不实"}
    with pytest.raises(errors.InChain):
        ground.step("review_request", rated, WANG, "R_CADRE", COMMUNITY, **verdict)


def test_who_is_a_party_under_either_id_stays_one(ground, twin):
    """The id that stays had ended there, the other one had not: he was no party any more."""
    for sequence, operators in enumerate(([WANG], [TWIN]), start=1):
        told = {"partner_id": "ptn_1", "org_id": "org_1", "operators": operators}
        ground.bench.consume(
            "partner", "partner_operators_changed.v1", told, subject="ptn_1", sequence=sequence
        )
    confirm_merge(ground)
    held = ground.bench.rows("SELECT person_id, ended FROM parties WHERE ref = 'ptn_1'")
    assert [(row["person_id"], bool(row["ended"])) for row in held] == [(WANG, False)]


def test_what_is_sent_again_under_the_id_that_stays_is_the_same_request(ground, twin):
    """Each person's references are that person's own; the same matter was filed twice."""
    first = ground.submit(TWIN, external_ref="WX-77")
    confirm_merge(ground)
    again = ground.submit(WANG, external_ref="WX-77")
    assert (again["id"], again["duplicate"]) == (first["id"], True)


def test_a_proposal_that_waits_is_about_the_registration_that_stays(ground):
    """A death that was proposed could neither be confirmed nor was it the kept person's."""
    ground.person(TWIN, "王小丽", phone="12800000051", grid=GRID)
    asked = {"person_id": TWIN, "reason": "DECEASED"}
    ground.cadre(CADRE).do("deactivate_person", asked, version=1)
    confirm_merge(ground)
    (waiting,) = ground.cadre(OTHER_CADRE).ask("person_deaths", {})["items"]
    assert waiting["person_id"] == WANG


def test_a_link_that_is_told_after_a_merge_is_the_kept_persons(ground, twin):
    """The forum had named the id that was given up; what is overdue was laid before a party of it."""
    decide = {"merge_id": merge(ground)["id"], "confirmed": True}
    ground.cadre(OTHER_CADRE).do("decide_merge", decide, version=1)
    link = {"link_id": "lnk_1", "tier": "GRID_WORKER", "target_kind": "GRID", "target": GRID,
            "official_id": "off_1", "person_id": TWIN}  # fmt: skip
    ground.bench.consume("forum", "liaison_assigned.v1", link, subject="lnk_1")
    assert ground.bench.rows("SELECT person_id FROM liaisons") == [{"person_id": WANG}]


def test_what_waits_about_people_is_listed_for_the_grid_where_they_live(ground, twin):
    """A grid's lists were empty, and who works in one grid read the proposals of all."""
    proposed = merge(ground)
    ground.cadre(CADRE).do("deactivate_person", {"person_id": LI, "reason": "DECEASED"}, version=1)
    ground.cadre(CADRE).ask("person", {"person_id": LI})

    def listed(door, scope, **asked):
        found = ground.by(OTHER_CADRE, "R_CADRE", COMMUNITY).ask(door, {"scope": scope} | asked)
        return [item["person_id"] for item in found["items"]]

    for scope, merges, deaths in (
        (GRID, [], []),
        (GRID_2, [TWIN], [LI]),
        (COMMUNITY, [TWIN], [LI]),
    ):
        assert (listed("person_merges", scope), listed("person_deaths", scope)) == (merges, deaths)
    for grid, found in ((GRID, []), (GRID_2, [proposed["id"]])):
        waiting = ground.by(GRID_WORKER, "R_GRID", grid).ask("person_merges", {})["items"]
        assert [item["id"] for item in waiting] == found
    auditor = ground.by(OTHER_CADRE, "R_AUDITOR", "370811")
    read = [auditor.ask("person_reads", {"scope": grid})["items"] for grid in (GRID, GRID_2)]
    assert [{item["person_id"] for item in items} for items in read] == [set(), {LI}]


def test_two_numbers_are_two_people_and_a_rejected_proposal_changes_nothing(ground):
    """K7: twins of one name are not merged by a slip."""
    with pytest.raises(errors.TwoNumbers):
        merge(ground, into=LI, who=WANG)
    ground.person(TWIN, "王小丽", phone="12800000051", grid=GRID)
    proposed = merge(ground)
    decide = {"merge_id": proposed["id"], "confirmed": False}
    assert ground.cadre(OTHER_CADRE).do("decide_merge", decide, version=1)["state"] == "REJECTED"
    assert by_id(ground, TWIN)["status"] == "ACTIVE"
    assert ground.bench.published("person_merged.v1") == []


def hours_for(ground, who, caller=OTHER_CADRE, scope=COMMUNITY):
    order = {"person_id": who, "activity": "清雪", "date": "2025-03-01", "minutes": 60}
    order |= {"source": "QR"}
    return ground.by(caller, "R_CADRE", scope).do("record_hours", order)


def test_a_clerk_is_told_what_became_of_whom_he_names(ground, twin):
    """S14: the dead and the merged were "not registered", and would be registered once more."""
    proposed = merge(ground)
    decide = {"merge_id": proposed["id"], "confirmed": True}
    ground.cadre(OTHER_CADRE).do("decide_merge", decide, version=1)
    ground.dies(LI, by=CADRE)
    with pytest.raises(errors.UnknownPerson, match=f"{TWIN} 已并入 {WANG},请使用该编号"):
        hours_for(ground, TWIN)
    with pytest.raises(errors.UnknownPerson, match=f"{LI} 已登记为") as refused:
        ground.steward(None, LI, "GRID_WORKER")
    assert refused.value.params["state"] == "DECEASED"
    # Whom a caller may not see he learns nothing of.
    with pytest.raises(errors.UnknownPerson, match="未登记") as refused:
        hours_for(ground, LI, scope="370811015902")
    assert set(refused.value.params) == {"person_id"}


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"birth_year": 2026}, errors.BirthAhead),
        ({"id_no": MINOR_ID, "birth_year": 1990}, errors.NumberTellsBirth),
    ],
)
def test_a_year_of_birth_is_not_believed(ground, more, refusal):
    """S6: one of next year was taken, and one that the identity number denies was swallowed."""
    with pytest.raises(refusal):
        ground.person(TWIN, "王小丽", grid=GRID_2, **more)
    ground.person(TWIN, "王小丽", grid=GRID_2)
    order = {"person_id": TWIN, "reason": "更正", **more}
    with pytest.raises(refusal):
        ground.cadre(CADRE).do("correct_person", order, version=1)


def test_the_number_and_home_of_the_given_up_registration_are_kept(ground):
    """K7: no matter which id stays, nothing that is known of the person is lost."""
    ground.person(TWIN, "王小丽")
    order = {"person_id": WANG, "into": TWIN, "reason": "同一人登记两次"}
    # Who lives in no grid belongs to the district, not to a community.
    district = ground.bench.as_("R_DISTRICT", person="per_one")
    proposed = district.do("propose_merge", order, version=1)
    decide = {"merge_id": proposed["id"], "confirmed": True}
    district = ground.bench.as_("R_DISTRICT", person="per_other")
    district.do("decide_merge", decide, version=1)
    found = by_id(ground, TWIN)
    assert (found["grid"], found["phone"], found["id_no"]) == (
        GRID, "128****5678", "370899********0012",
    )  # fmt: skip
    assert [data["person_id"] for data in said(ground, "resident_returned.v1")] == [TWIN]
    with pytest.raises(errors.PersonExists):
        ground.person(None, "王小丽", id_no=IDS["WANG"], grid=GRID)


def test_who_was_registered_without_a_grid_comes_to_live_here(ground):
    """K7: a shopkeeper or a cadre could become a resident only by the lie that he had moved out."""
    order = {"person_id": CADRE, "grid": GRID, "household_id": "hh_new", "reason": "搬来居住"}
    assert ground.bench.as_("R_DISTRICT").do("return_person", order, version=1)["state"] == "ACTIVE"
    (said,) = ground.bench.published("resident_returned.v1")
    assert (said["data"]["person_id"], said["data"]["grid"]) == (CADRE, GRID)
    with pytest.raises(StateConflict):
        ground.bench.as_("R_DISTRICT").do("return_person", order, version=2)
