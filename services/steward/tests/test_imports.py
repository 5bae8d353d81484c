"""The registry's files: what a row must hold, and that it says what the command says."""

import pytest

from fivered.services.steward.service import Steward
from fivered.services.steward.tests.ground import COMMUNITY, GRID, IDS, died, person_id, steward_id
from testkit.bench import database_url, open_bench  # noqa: F401

pytestmark = pytest.mark.slow

AREAS = f"""code,name,kind,households,persons
370811015,观音阁街道,STREET,,
{COMMUNITY},春晖社区,COMMUNITY,,
{GRID},第一网格,GRID,400,1000
"""
PEOPLE = "person_id,name,phone,id_no,birth_year,grid,household_id,synthetic\n"
STEWARDS = "steward_id,person_id,type,duty,grids,work_phone,is_state_official\n"


@pytest.fixture
def bench(database_url, tmp_path):  # noqa: F811
    opened = open_bench(
        Steward, database_url, FIVERED_SYNTHETIC="1", FIVERED_BLOBS=str(tmp_path / "blobs")
    )
    yield opened
    opened.runtime.close()


def person(number, **given):
    row = {
        "person_id": person_id(number),
        "name": "王小丽",
        "phone": f"1280000{number:04d}",
        "id_no": "",
        "birth_year": "1980",
        "grid": GRID,
        "household_id": "hh_1",
        "synthetic": "true",
    } | given
    return ",".join(row.values()) + "\n"


def counts(result):
    return result["created"], result["unchanged"], result["refused"]


def test_areas_of_a_file_may_stand_below_each_other_and_shipped_ones_are_unchanged(bench):
    result = bench.load("areas", AREAS)
    assert counts(result) == (2, 1, 0)
    assert [event["subject"] for event in bench.published("area_defined.v1")] == [COMMUNITY, GRID]
    assert counts(bench.load("areas", AREAS)) == (0, 3, 0)


def test_a_grid_may_stand_above_its_community(bench):
    """IN-B12: such a grid was refused UNKNOWN_PARENT, and a dry run of a long file said so too."""
    head, street, community, grid = AREAS.splitlines(keepends=True)
    more = "".join(f"{COMMUNITY}{n},第{n}网格,GRID,400,1000\n" for n in range(201, 799))
    orphan = "370811015998001,孤网格,GRID,,\n"
    file = head + grid + orphan + more + community + street
    tried = bench.load("areas", file, dry_run=True)
    assert bench.published("area_defined.v1") == []
    done = bench.load("areas", file)
    assert counts(done) == (600, 1, 1)
    assert [(one["line"], one["code"]) for one in done["errors"]] == [(3, "UNKNOWN_PARENT")]
    assert tried == done | {"dry_run": True}
    said = [event["subject"] for event in bench.published("area_defined.v1")]
    assert said.index(COMMUNITY) < said.index(GRID)


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("3708110159,x,COMMUNITY,,", "code", "BAD_CELL"),
        ("370811015902,x,PARISH,,", "kind", "BAD_CELL"),
        ("370811015902,x,GRID,,", "code", "BAD_AREA_CODE"),
        ("370811002901,x,COMMUNITY,,", "code", "NOT_ADMINISTERED"),
        ("370811015999001,x,GRID,,", "code", "UNKNOWN_PARENT"),
        (f"{COMMUNITY},和韵社区,COMMUNITY,,", "code", "AREA_EXISTS"),
        ("370811015902,x,COMMUNITY,many,", "households", "BAD_CELL"),
    ],
)
def test_a_wrong_area_is_refused_by_line_and_column(bench, row, column, code):
    result = bench.load("areas", AREAS + row + "\n")
    assert counts(result) == (2, 1, 1)
    (error,) = result["errors"]
    assert (error["line"], error["code"]) == (5, code)
    assert error["column"] in {column, ""}


def test_people_are_registered_and_said_as_by_the_command(bench):
    bench.load("areas", AREAS)
    file = PEOPLE + person(1, id_no=IDS["WANG"], birth_year="") + person(2, grid="", phone="")
    assert counts(bench.load("people", file)) == (2, 0, 0)
    bench.as_("R_DISTRICT").do(
        "register_person",
        {
            "person_id": person_id(3),
            "name": "王小丽",
            "phone": "12800009999",
            "birth_year": 1980,
            "grid": GRID,
            "household_id": "hh_1",
            "synthetic": True,
        },
    )
    by_file, by_command = bench.published("resident_registered.v1")
    assert by_file["subject"] == person_id(1)
    alike = ("aggregatetype", "sequence", "scope", "period", "actorrole", "actorid", "type")
    assert {name: by_file[name] for name in alike} == {name: by_command[name] for name in alike}
    assert set(by_file["data"]) == set(by_command["data"])
    assert counts(bench.load("people", file)) == (0, 2, 0)
    assert len(bench.published("resident_registered.v1")) == 2


@pytest.mark.covers("REQ-L22")
@pytest.mark.parametrize(
    ("given", "column", "code"),
    [
        ({"name": "Wang"}, "name", "BAD_NAME"),
        ({"phone": "138"}, "phone", "BAD_PHONE"),
        ({"phone": "13800001111"}, "phone", "SYNTHETIC_MARK"),
        ({"id_no": "370899198001010013"}, "id_no", "BAD_ID_NUMBER"),
        ({"id_no": "370811198001010018"}, "id_no", "BAD_ID_NUMBER"),
        ({"grid": "370811015901009"}, "grid", "UNKNOWN_GRID"),
        ({"grid": "370811"}, "grid", "BAD_CELL"),
        ({"person_id": "17"}, "person_id", "BAD_CELL"),
        ({"birth_year": "80"}, "birth_year", "BAD_CELL"),
        ({"synthetic": ""}, "synthetic", "CELL_MISSING"),
        ({"phone": "12800000001", "household_id": "hh_2"}, "phone", "PHONE_TAKEN"),
        ({"person_id": person_id(1)}, "person_id", "ID_TAKEN"),
    ],
)
def test_a_wrong_person_is_refused_and_the_error_names_nobody(bench, given, column, code):
    bench.load("areas", AREAS)
    file = (
        PEOPLE + person(1) + person(2, name="李明", **{"phone": "12800000002"} | given)
        if "name" not in given
        else PEOPLE + person(1) + person(2, **given)
    )
    result = bench.load("people", file)
    assert counts(result) == (1, 0, 1), result["errors"]
    (error,) = result["errors"]
    assert (error["line"], error["column"], error["code"]) == (3, column, code)
    for cell in file.splitlines()[2].split(","):
        # The code of a grid is no personal data: a person who corrects the row needs it.
        if len(cell) > 4 and not cell.startswith("370811015"):
            assert cell not in str({**error, "expected_zh": "", "expected_en": ""}), cell


def test_nobody_is_told_to_bring_a_dead_person_back(bench):
    """S23: the clerk read 已故〔人员编号〕,请办理回迁."""
    bench.load("areas", AREAS)
    bench.load("people", PEOPLE + person(1))
    died(bench, person_id(1), 1, by="per_x")
    bench.as_("R_DISTRICT", scope="370811", person="per_y")
    (error,) = bench.load("people", PEOPLE + person(1))["errors"]
    assert error["code"] == "PERSON_GONE"
    assert error["message_zh"] == "该人员已登记为“已故” 〔人员编号〕;如属误登,请由社区干部更正"
    assert "is back" not in error["message_en"]


def test_a_street_imports_only_into_its_own_street(bench):
    bench.load("areas", AREAS)
    bench.as_("R_STREET", scope="370811011")
    result = bench.load("people", PEOPLE + person(1))
    assert [error["code"] for error in result["errors"]] == ["AREA_DENIED"]
    assert counts(bench.as_("R_STREET", scope="370811015").load("people", PEOPLE + person(1))) == (
        1,
        0,
        0,
    )


def test_a_dry_run_of_people_registers_nobody(bench):
    bench.load("areas", AREAS)
    result = bench.load(
        "people", PEOPLE + person(1) + person(2, grid="370811015901009"), dry_run=True
    )
    assert counts(result) == (1, 0, 1)
    assert bench.rows("select person_id from persons") == []
    assert bench.published("resident_registered.v1") == []


def test_stewards_are_enrolled_and_a_wrong_one_leaves_nothing_behind(bench):
    bench.load("areas", AREAS)
    bench.load("people", PEOPLE + person(1) + person(2))
    file = STEWARDS + "".join(
        f"{steward_id(number)},{person},{kind},{duty},{grids},12800000001,false\n"
        for number, person, kind, duty, grids in (
            (1, person_id(1), "FULL_TIME", "GRID_WORKER", GRID),
            (2, person_id(2), "FULL_TIME", "POLICE", GRID),
            (3, person_id(9), "PART_TIME", "POLICE", GRID),
            (4, person_id(2), "PART_TIME", "BUILDING_HEAD", f"{GRID}|370811015901009"),
            (5, person_id(2), "PART_TIME", "BUILDING_HEAD", GRID),
        )
    )
    result = bench.load("stewards", file)
    assert counts(result) == (2, 0, 3)
    assert [(e["line"], e["column"], e["code"]) for e in result["errors"]] == [
        (3, "type", "TYPE_DUTY_MISMATCH"),
        (4, "person_id", "UNKNOWN_PERSON"),
        (5, "grids", "UNKNOWN_GRID"),
    ]
    assert [e["subject"] for e in bench.published("steward_enrolled.v1")] == [
        steward_id(1),
        steward_id(5),
    ]
    assert counts(bench.load("stewards", file)) == (0, 2, 3)


def test_every_template_is_a_file_whose_header_is_taken(bench):
    for card in bench.ask("_importers")["items"]:
        bench.load(card["kind"], card["template"])


# --------------------------------------------------------------------------------------------------
# Rows that clash lie in different batches; the dry run says what the run says of them


def errors(result):
    return [(one["line"], one["column"], one["code"]) for one in result["errors"]]


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_a_dry_run_of_areas_says_what_the_run_says(bench, batch):
    head, street, community, grid = AREAS.splitlines(keepends=True)
    other = grid.replace("第一网格", "别的网格")
    file = head + grid + other + street + community + grid + other
    result = bench.load_twice("areas", file, batch=batch)
    assert counts(result) == (2, 2, 2)
    assert errors(result) == [(3, "", "AREA_EXISTS"), (7, "", "AREA_EXISTS")]


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_a_dry_run_of_people_says_what_the_run_says(bench, batch):
    bench.load("areas", AREAS)
    wang = "３７０８９９ 1980 0101-0012"
    rows = [
        person(1, id_no=IDS["WANG"], birth_year=""),
        person(2),
        person(3, id_no=wang, birth_year="", phone=""),
        person(1, phone="12800000055"),
        person(4, phone="+86 128-0000-0002", household_id="hh_2"),
        person(5, phone="12800000002"),
        person(6, phone="１２８ 0000 0002", household_id=""),
        person(1, id_no=wang, birth_year=""),
        # Its number stood only in a row that was refused.
        person(7, phone="12800000055", household_id="hh_7"),
        person(4, phone="12800000004", household_id="hh_2"),
        person(8, phone="12800000004"),
    ]
    result = bench.load_twice("people", PEOPLE + "".join(rows), batch=batch)
    assert counts(result) == (5, 1, 5)
    assert errors(result) == [
        (4, "id_no", "PERSON_EXISTS"),
        (5, "person_id", "ID_TAKEN"),
        (6, "phone", "PHONE_TAKEN"),
        (8, "phone", "PHONE_TAKEN"),
        (12, "phone", "PHONE_TAKEN"),
    ]


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_a_household_of_a_file_lives_in_one_community(bench, batch):
    """B3: files put people into households of other communities; a dry run says so too."""
    other = "370811015902"
    grids = f"{other},锦绣社区,COMMUNITY,,\n{other}001,一网格,GRID,400,1000\n"
    bench.load("areas", AREAS + grids)
    bench.load("people", PEOPLE + person(1, phone=""))
    rows = [
        person(2, phone="", grid=f"{other}001"),
        person(3, phone="", household_id="hh_2", grid=f"{other}001"),
        person(4, phone="", household_id="hh_2"),
        person(5, phone=""),
        person(6, phone="", household_id="", grid=f"{other}001"),
    ]
    result = bench.load_twice("people", PEOPLE + "".join(rows), batch=batch)
    assert counts(result) == (3, 0, 2)
    assert errors(result) == [
        (2, "household_id", "HOUSEHOLD_ELSEWHERE"),
        (4, "household_id", "HOUSEHOLD_ELSEWHERE"),
    ]


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_a_dry_run_of_stewards_says_what_the_run_says(bench, batch):
    bench.load("areas", AREAS)
    bench.load("people", PEOPLE + person(1) + person(2))
    file = STEWARDS + "".join(
        f"{steward_id(number)},{person_id(who)},{kind},{duty},{GRID},,false\n"
        for number, who, kind, duty in (
            (1, 1, "FULL_TIME", "GRID_WORKER"),
            (2, 2, "PART_TIME", "POLICE"),
            (3, 1, "FULL_TIME", "GRID_WORKER"),
            (3, 1, "PART_TIME", "POLICE"),
            (1, 2, "FULL_TIME", "GRID_WORKER"),
            (4, 2, "PART_TIME", "POLICE"),
            (1, 1, "FULL_TIME", "GRID_WORKER"),
        )
    )
    result = bench.load_twice("stewards", file, batch=batch)
    assert counts(result) == (3, 1, 3)
    assert errors(result) == [
        (4, "person_id", "ALREADY_STEWARD"),
        (6, "steward_id", "ID_TAKEN"),
        (7, "person_id", "ALREADY_STEWARD"),
    ]


def test_a_list_of_volunteers_becomes_records_that_wait_for_another_person(bench):
    """Only its dry run was tried."""
    bench.at("2025-03-05T09:00:00")
    bench.load("areas", AREAS)
    assert counts(bench.load("people", PEOPLE + person(1) + person(2)))[2] == 0
    head = "record_id,person_id,date,minutes,activity\n"
    ids = [f"vol_00000000-0000-7000-8000-{n:012d}" for n in range(6)]
    good = [
        f"{ids[0]},{person_id(1)},2025-03-01,120,楼道清洁\n",
        f"{ids[1]},{person_id(2)},2025-03-02,60,楼道清洁\n",
    ]
    bad = [
        f"{ids[2]},{person_id(9)},2025-03-01,60,楼道清洁\n",  # nobody
        f"{ids[3]},{person_id(1)},2025-04-01,60,楼道清洁\n",  # a day to come
        f"{ids[4]},{person_id(1)},2025-03-03,1500,楼道清洁\n",  # more than a day
    ]
    tried = bench.load("volunteer-hours", head + "".join(good + bad), dry_run=True)
    assert counts(tried) == (2, 0, 3)
    assert bench.rows("SELECT 1 FROM volunteer_hours") == []
    result = bench.load("volunteer-hours", head + "".join(good + bad))
    assert counts(result) == (2, 0, 3)
    assert [one["line"] for one in result["errors"]] == [4, 5, 6]
    assert all(one["message_zh"] and one["message_en"] for one in result["errors"])
    kept = "SELECT record_id, person_id, minutes, state FROM volunteer_hours ORDER BY record_id"
    rows = bench.rows(kept)
    assert [(row["record_id"], row["minutes"]) for row in rows] == [(ids[0], 120), (ids[1], 60)]
    # Sent again it changes nothing; with other minutes it is refused, and the record stays.
    assert counts(bench.load("volunteer-hours", head + "".join(good))) == (0, 2, 0)
    other = head + good[0].replace(",120,", ",90,")
    assert counts(bench.load("volunteer-hours", other)) == (0, 0, 1)
    assert bench.rows(kept) == rows
    # Whoever loads them confirms none of them.
    assert {row["state"] for row in rows} == {"RECORDED"}
    listed = bench.as_("R_CADRE", person=person_id(50), scope=COMMUNITY).ask(
        "volunteer_hours", {"person_id": person_id(1)}
    )
    assert [one["id"] for one in listed["items"]] == [ids[0]]
