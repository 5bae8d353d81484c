"""The registry: what is stored, who is refused, and what each viewer may know."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, VersionConflict
from fivered.services.steward import errors
from fivered.services.steward.service import Steward
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    IDS,
    LI,
    OTHER_CADRE,
    STAFF,
    WANG,
    person_id,
)
from testkit.bench import open_bench


@pytest.mark.covers("REQ-L09", "REQ-L07")
def test_names_and_numbers_are_nowhere_in_clear(ground):
    bench = ground.bench
    row = bench.rows("select * from persons where person_id = :id", id=WANG)[0]
    stored = repr([bytes(v) if isinstance(v, memoryview) else v for v in row.values()])
    for secret in ("王小丽", "12812345678", IDS["WANG"], "19800101"):
        assert secret not in stored
        assert secret.encode() not in b"".join(
            bytes(v) for v in row.values() if isinstance(v, bytes | memoryview)
        )
    assert row["birth_year"] == 1980
    said = repr(bench.published())
    assert "王小丽" not in said
    assert "12812345678" not in said


def test_a_resident_is_said_and_a_person_without_a_grid_is_none(ground):
    said = {event["subject"]: event for event in ground.bench.published("resident_registered.v1")}
    assert set(said) == {WANG, LI}
    assert said[WANG]["data"] == {
        "person_id": WANG,
        "community": COMMUNITY,
        "grid": GRID,
        "is_adult": True,
        "household_id": None,
        "synthetic": True,
    }
    assert said[WANG]["scope"] == COMMUNITY


def test_registering_the_same_person_again_answers_the_first(ground):
    again = ground.person(WANG, "王小丽", id_no=IDS["WANG"], phone="128-1234-5678", grid=GRID)
    assert again == {"id": WANG, "state": "ACTIVE", "version": 1}
    assert len(ground.bench.published("resident_registered.v1")) == 2


@pytest.mark.parametrize(
    ("who", "name", "more", "refusal"),
    [
        (WANG, "王大丽", {"grid": GRID}, errors.IdTaken),
        (CHEN, "陈静", {"id_no": IDS["WANG"]}, errors.PersonExists),
        (CHEN, "陈静", {"phone": "12812345678"}, errors.PhoneTaken),
        (CHEN, "陈", {}, Invalid),
        (CHEN, "Chen Jing", {}, errors.BadName),
        (CHEN, "陈静", {"grid": "370811015901999"}, errors.UnknownGrid),
        (CHEN, "陈静", {"id_no": "370899198001010013"}, errors.BadIdNumber),
        (CHEN, "陈静", {"phone": "13800000000"}, errors.SyntheticMark),
        (CHEN, "陈静", {"synthetic": False, "phone": "12800000009"}, errors.SyntheticMark),
        ("per_1", "陈静", {}, errors.BadId),
    ],
)
def test_who_cannot_be_registered(ground, who, name, more, refusal):
    with pytest.raises(refusal):
        ground.person(who, name, **more)
    assert len(ground.bench.published("resident_registered.v1")) == 2


@pytest.mark.covers("REQ-L22")
def test_an_installation_of_real_people_takes_no_invented_ones(database_url):
    bench = open_bench(Steward, database_url)
    try:
        with pytest.raises(errors.SyntheticNotAllowed):
            bench.do("register_person", {"name": "陈静", "synthetic": True})
        real = {"name": "陈静", "synthetic": False, "phone": "13800000000"}
        assert bench.do("register_person", real)["state"] == "ACTIVE"
        defined = {"code": "370811015001", "name": "某社区", "kind": "COMMUNITY"}
        assert bench.do("define_area", defined)["state"] == "DEFINED"
    finally:
        bench.runtime.close()


def test_many_people_are_taken_or_refused_one_by_one(ground):
    bench = ground.bench.as_("R_DISTRICT")
    people = [
        {"name": "陈静", "synthetic": True, "grid": GRID, "person_id": person_id(21)},
        {"name": "x", "synthetic": True},
        {"name": "王小丽", "synthetic": True, "id_no": IDS["WANG"]},
        {"name": "冯远", "synthetic": True, "grid": GRID, "phone": "12800000031"},
        {"name": "冯近", "synthetic": True, "grid": GRID, "phone": "12800000031"},
        {"name": "陈静", "synthetic": True, "grid": GRID, "person_id": person_id(21)},
    ]
    before = len(bench.published("resident_registered.v1"))
    items = bench.do("register_people", {"people": people})["items"]
    assert [item["result"] for item in items] == [
        "stored",
        "BAD_NAME",
        "PERSON_EXISTS",
        "stored",
        "PHONE_TAKEN",
        "stored",
    ]
    assert len(bench.published("resident_registered.v1")) == before + 2


def test_a_grid_worker_registers_in_his_own_grid_only(ground):
    bench = ground.bench.as_("R_GRID", scope=GRID)
    with pytest.raises(RoleDenied):
        bench.do("register_person", {"name": "陈静", "synthetic": True, "grid": GRID_2})


@pytest.mark.covers("F18-flow")
def test_a_resident_moves_and_leaves_and_others_hear_it(ground):
    bench = ground.bench.as_("R_CADRE", scope=COMMUNITY)
    moved = bench.do("move_person", {"person_id": WANG, "to_grid": GRID_2}, version=1)
    assert moved["version"] == 2
    event = bench.published("resident_moved.v1")[0]
    assert event["data"]["from_grid"] == GRID
    assert event["data"]["to_grid"] == GRID_2
    with pytest.raises(VersionConflict):
        bench.do("deactivate_person", {"person_id": WANG, "reason": "MOVED_OUT"}, version=1)
    bench.do("deactivate_person", {"person_id": WANG, "reason": "MOVED_OUT"}, version=2)
    assert bench.published("resident_deactivated.v1")[0]["data"]["reason"] == "MOVED_OUT"
    # The phone is free again; the identity number stays with the person.
    assert ground.person(CHEN, "陈静", phone="12812345678")["state"] == "ACTIVE"


def test_nobody_is_put_into_a_household_that_lies_elsewhere(ground):
    """B3: a cadre moved a person to 902, into a household of 901, and he held its wallet."""
    ground.person(CHEN, "陈静", grid=GRID, household_id="hh_t2")
    bench = ground.bench.as_("R_STREET", scope=COMMUNITY[:9])
    elsewhere = COMMUNITY[:9] + "999"
    bench.do("define_area", {"code": elsewhere, "name": "他社区", "kind": "COMMUNITY"})
    bench.do("define_area", {"code": elsewhere + "001", "name": "他网格", "kind": "GRID"})
    order = {"person_id": WANG, "to_grid": elsewhere + "001", "household_id": "hh_t2"}
    bench.as_("R_CADRE", scope=COMMUNITY)
    with pytest.raises(errors.HouseholdElsewhere):
        bench.do("move_person", order, version=1)
    assert bench.do("move_person", order | {"to_grid": GRID_2}, version=1)["version"] == 2


def test_a_steward_is_not_deactivated_before_he_leaves_his_post(ground):
    ground.person(CHEN, "陈静", grid=GRID)
    ground.steward(None, CHEN, "BUILDING_HEAD")
    bench = ground.bench.as_("R_CADRE", scope=COMMUNITY)
    with pytest.raises(errors.StillSteward):
        bench.do("deactivate_person", {"person_id": CHEN, "reason": "DECEASED"}, version=1)


def card_of(bench, who):
    return bench.ask("people_cards", {"ids": [who]})["items"][0]


@pytest.mark.covers("E14", "C17", "REQ-L03")
@pytest.mark.parametrize(
    ("role", "viewer", "scope", "name", "phone", "id_no"),
    [
        ("R_ANONYMOUS", "", "", "王*丽", None, None),
        ("R_RESIDENT", LI, COMMUNITY, "王*丽", None, None),
        ("R_RESIDENT", WANG, COMMUNITY, "王小丽", "12812345678", "370899********0012"),
        ("R_CADRE", CADRE, COMMUNITY, "王小丽", "128****5678", "370899********0012"),
        ("R_CADRE", CADRE, "370811015902", "王*丽", None, None),
        ("R_GRID", CADRE, GRID, "王小丽", "128****5678", "370899********0012"),
        ("R_GRID", CADRE, GRID_2, "王*丽", None, None),
        ("R_DISTRICT", CADRE, "370811", "王*丽", None, None),
        ("R_STEWARD", STAFF, GRID, "王*丽", None, None),
    ],
)
def test_what_a_viewer_knows_of_a_resident(  # noqa: PLR0917  one argument per column of the table
    ground, role, viewer, scope, name, phone, id_no
):
    card = card_of(ground.bench.as_(role, person=viewer, scope=scope), WANG)
    assert card["name"] == name
    assert card.get("phone") == phone
    assert card.get("id_no") == id_no
    assert card["community"] == COMMUNITY


@pytest.mark.covers("C17")
def test_the_handler_of_an_open_case_knows_name_and_masked_phone_until_it_ends(ground):
    ground.staff().shift(ground_staff(), "2025-03-03T08:00", "2025-03-03T20:00")
    request = ground.submit()
    who = ground.handler_of(request)
    card = card_of(ground.by(who), WANG)
    assert (card["name"], card["phone"]) == ("王小丽", "128****5678")
    assert "id_no" not in card
    ground.resolved(request)
    assert card_of(ground.by(who), WANG)["name"] == "王*丽"


def ground_staff():
    from fivered.services.steward.tests.ground import STW_STAFF

    return STW_STAFF


@pytest.mark.covers("REQ-L17")
def test_a_steward_on_the_board_is_known_by_name_and_work_phone_only(ground):
    ground.person(CHEN, "陈静", phone="12800000017", grid=GRID)
    ground.steward(None, CHEN, "BUILDING_HEAD", work_phone="0537-0000002")
    card = card_of(ground.bench.as_("R_ANONYMOUS", person="", scope=""), CHEN)
    assert card["name"] == "陈静"
    assert card["steward"]["work_phone"] == "05370000002"
    assert "phone" not in card


def test_cards_come_in_the_order_asked_and_the_unknown_are_left_out(ground):
    ids = [LI, person_id(99), WANG, LI]
    items = ground.bench.ask("people_cards", {"ids": ids})["items"]
    assert [item["person_id"] for item in items] == [LI, WANG]


def test_a_person_s_standing_is_nobody_else_s_business(ground):
    bench = ground.bench.as_("R_RESIDENT", person=LI, scope=COMMUNITY)
    with pytest.raises(NotFound):
        bench.ask("person", {"person_id": WANG})
    assert bench.ask("person", {"person_id": LI})["grid"] == GRID_2
    cadre = ground.cadre(OTHER_CADRE).ask("person", {"person_id": WANG})
    assert (cadre["is_adult"], cadre["birth_year"]) == (True, None)


def test_one_line_that_cannot_be_read_stops_no_other_registration(ground):
    """A year of birth that was no number refused five hundred people."""
    person = {"name": "孙悦", "synthetic": True, "grid": GRID}
    people = [
        person | {"birth_year": "一九八〇"},
        person,
        person | {"name": 5},
        person | {"shoe_size": 43},
        {"name": "钱多"},
    ]
    lines = ground.cadre(CADRE).do("register_people", {"people": people})["items"]
    assert [(one["line"], one["result"], one.get("field")) for one in lines] == [
        (0, "VALIDATION", "birth_year"),
        (1, "stored", None),
        (2, "VALIDATION", "name"),
        (3, "VALIDATION", "shoe_size"),
        (4, "VALIDATION", "synthetic"),
    ]
