"""Companies and projects that come as files."""

import pytest

from services.property.tests.conftest import registered

COMPANIES = "company_id,name,uscc\npco_1,任城区示例·春晖物业有限公司,91370899MA0000000E\n"
PROJECTS = "project_id,company_id,name,community,grids,households,area_m2,manager_person_id\n"
ONE = "prj_1,pco_1,春晖苑,370811015901,370811015901001|370811015901002,800,72000,per_m\n"


@pytest.fixture
def bench(files):
    for person in ("per_m", "per_1"):
        registered(files, person)
    return files


def counts(result):
    return result["created"], result["unchanged"], result["refused"]


def test_companies_and_projects_are_registered_and_said_once(bench):
    for _ in range(2):
        bench.load("companies", COMPANIES)
        again = bench.load("projects", PROJECTS + ONE)
    assert counts(again) == (0, 1, 0)
    facts = [event["type"].partition(".")[2] for event in bench.published()]
    assert facts == ["company_registered.v1", "project_registered.v1", "project_manager_changed.v1"]
    registered = bench.published("project_registered.v1")[0]["data"]
    assert registered["grids"] == ["370811015901001", "370811015901002"]
    assert registered["households"] == 800


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("pco_2,x,91370899MA0000000F", "uscc", "USCC_INVALID"),
        ("pco_2,x,91370899MA0000000E", "uscc", "USCC_TAKEN"),
        ("pco_1,另一家,91370899MA0000003P", "company_id", "ID_TAKEN"),
        ("2,x,91370899MA0000003P", "company_id", "BAD_CELL"),
    ],
)
def test_a_wrong_company_is_refused_by_line_and_column(bench, row, column, code):
    result = bench.load("companies", COMPANIES + row + "\n")
    assert counts(result) == (1, 0, 1)
    (error,) = result["errors"]
    assert (error["line"], error["column"], error["code"]) == (3, column, code)
    assert "91370899MA" not in error["message_zh"]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("prj_2,pco_9,x,370811015901,370811015901001,1,,per_m", "company_id", "NOT_FOUND"),
        ("prj_2,pco_1,x,370811015901,370811015902001,1,,per_m", "grids", "AREA_INVALID"),
        ("prj_1,pco_1,别的苑,370811015901,370811015901001,1,,per_m", "project_id", "ID_TAKEN"),
        ("prj_2,pco_1,x,370811015901,370811015901001,few,,per_m", "households", "BAD_CELL"),
    ],
)
def test_a_wrong_project_is_refused_and_leaves_nothing_behind(bench, row, column, code):
    bench.load("companies", COMPANIES)
    result = bench.load("projects", PROJECTS + ONE + row + "\n")
    assert counts(result) == (1, 0, 1)
    (error,) = result["errors"]
    assert (error["line"], error["column"], error["code"]) == (3, column, code)
    assert len(bench.published("project_registered.v1")) == 1
    assert [one["project_id"] for one in bench.rows("select project_id from projects")] == ["prj_1"]


def test_a_sheets_floor_area_is_read_as_the_doors(bench):
    """IN-A17: 125830.56 was refused in CSV as no whole number."""
    bench.load("companies", COMPANIES)
    result = bench.load("projects", PROJECTS + ONE.replace("72000", "125830.56"))
    assert counts(result) == (1, 0, 0)
    assert bench.rows("SELECT area_m2_hundredths AS a FROM projects") == [{"a": 12583056}]
    for wrong in ("1e308", "-1", "999999999"):
        row = ONE.replace("72000", wrong).replace("prj_1", "prj_2")
        (error,) = bench.load("projects", PROJECTS + row)["errors"]
        assert error["column"] == "area_m2"


def test_a_dry_run_registers_nothing(bench):
    assert counts(bench.load("companies", COMPANIES, dry_run=True)) == (1, 0, 0)
    assert bench.rows("select * from companies") == []
    assert bench.published() == []


def test_every_template_is_taken(bench):
    for card in bench.ask("_importers")["items"]:
        assert counts(bench.load(card["kind"], card["template"])) == (1, 0, 0)


def errors(result):
    return [(one["line"], one["column"], one["code"]) for one in result["errors"]]


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_a_dry_run_of_companies_says_what_the_run_says(bench, batch):
    """Rows that clash lie in different batches."""
    first, other = COMPANIES.splitlines()[1], "pco_2,夏晖物业,91370899MA0000003P"
    rows = [
        first,
        other,
        "pco_3,秋晖物业,91370899 ma00-00000e",
        "pco_1,冬晖物业,91370899MA0000009A",
        first.replace("MA0000000E", " ma0000000Ｅ"),
        "pco_4,冬晖物业,91370899MA0000009A",
        other.replace("pco_2", "pco_5"),
    ]
    file = COMPANIES.splitlines()[0] + "\n" + "\n".join(rows)
    result = bench.load_twice("companies", file, batch=batch)
    assert counts(result) == (3, 1, 3)
    assert errors(result) == [
        (4, "uscc", "USCC_TAKEN"),
        (5, "company_id", "ID_TAKEN"),
        (8, "uscc", "USCC_TAKEN"),
    ]


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_a_dry_run_of_projects_says_what_the_run_says(bench, batch):
    """Two projects of a grid have the same building; the rows lie in different batches."""
    bench.load("companies", COMPANIES)

    def project(number, name, grids, buildings):
        return f"prj_{number},pco_1,{name},370811015901,{grids},9,,per_m,{buildings}\n"

    one, two, both = "370811015901001", "370811015901002", "370811015901001|370811015901002"
    file = PROJECTS.replace("\n", ",buildings\n") + "".join(
        (
            project(1, "春晖苑", both, "1号楼|2号楼"),
            project(2, "夏晖苑", one, "3号楼"),
            project(3, "秋晖苑", two, "２号楼 1单元"),
            project(1, "冬晖苑", one, "5号楼"),
            project(4, "冬晖苑", two, "3号楼|5号楼"),
            project(1, "春晖苑", both, "9号楼"),
            project(5, "梅苑", one, "9号楼"),
            project(6, "兰苑", two, "5号楼"),
        )
    )
    result = bench.load_twice("projects", file, batch=batch)
    assert counts(result) == (4, 1, 3)
    assert errors(result) == [
        (4, "buildings", "BUILDING_TAKEN"),
        (5, "project_id", "ID_TAKEN"),
        (9, "buildings", "BUILDING_TAKEN"),
    ]
