"""Companies and projects that come as files."""

import pytest

from fivered.services.property.tests.conftest import registered

COMPANIES = "company_id,name,uscc\npco_1,任城区示例·春晖物业有限公司,91370899MA0000000E\n"
PROJECTS = "project_id,company_id,name,community,grids,households,area_m2,manager_person_id\n"
MEMBERS = [f"per_{number}" for number in range(1, 6)]
COMMITTEES = "committee_id,project_id,kind,members,chair,term_from,term_to\n"
SITS = f"owc_1,prj_1,YWH,{'|'.join(MEMBERS)},per_1,2025-01-01,2029-01-01\n"
AGREEMENTS = (
    "agreement_id,item,project_id,type,valid_from,valid_to,text_sha256,title,responsible,due_date,"
    "recurrence,evidence_kinds\n"
)
ONE = "prj_1,pco_1,春晖苑,370811015901,370811015901001|370811015901002,800,72000,per_m\n"


@pytest.fixture
def bench(files):
    for person in ("per_m", *MEMBERS):
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
    # The person who manages the example's project sits on no committee of its owners.
    for card in bench.ask("_importers")["items"]:
        if card["kind"] == "projects":
            card["template"] = card["template"].replace("per_1", "per_m")
        assert counts(bench.load(card["kind"], card["template"])) == (1, 0, 0)


def errors(result):
    return [(one["line"], one["column"], one["code"]) for one in result["errors"]]


def test_a_line_that_says_something_else_than_is_stored_is_no_unchanged_one(bench):
    """Who speaks for a company, and how many households a project has, was dropped unsaid."""
    heading, first = COMPANIES.splitlines()
    said = f"{heading},representatives\n{first},per_m\n"
    assert counts(bench.load("companies", said)) == (1, 0, 0)
    # A line that leaves it out says nothing of it.
    assert counts(bench.load("companies", COMPANIES)) == (0, 1, 0)
    result = bench.load("companies", said.replace("per_m", MEMBERS[0]))
    assert (counts(result), errors(result)) == (
        (0, 0, 1),
        [(2, "representatives", "COMPANY_DIFFERS")],
    )
    bench.load("projects", PROJECTS + ONE)
    result = bench.load("projects", PROJECTS + ONE.replace(",800,", ",801,"))
    assert (counts(result), errors(result)) == ((0, 0, 1), [(2, "households", "PROJECT_DIFFERS")])


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
    assert counts(result) == (4, 0, 4)
    assert errors(result) == [
        (4, "buildings", "BUILDING_TAKEN"),
        (5, "project_id", "ID_TAKEN"),
        (7, "buildings", "PROJECT_DIFFERS"),
        (9, "buildings", "BUILDING_TAKEN"),
    ]


def item(number, title="每季度公开收支", agreement="agr_1", project="prj_1", digest="a" * 64):
    return (
        f"{agreement},{number},{project},JOINT_BUILDING,2025-03-10,,{digest},{title},PROJECT,"
        "2025-05-20,ONCE,PHOTO|TEXT\n"
    )


def test_owners_committees_come_as_a_file(bench):
    """OP 1.7: at the start of a district each was typed in through the interface."""
    bench.load("companies", COMPANIES)
    bench.load("projects", PROJECTS + ONE)
    assert bench.load("committees", COMMITTEES + SITS, dry_run=True)["errors"] == []
    assert bench.rows("select * from owners_committees") == []
    assert counts(bench.load("committees", COMMITTEES + SITS)) == (1, 0, 0)
    assert counts(bench.load("committees", COMMITTEES + SITS)) == (0, 1, 0)
    (said,) = bench.published("owners_committee_changed.v1")
    assert (said["data"]["committee_id"], said["data"]["project_id"]) == ("owc_1", "prj_1")
    wrong = (
        SITS.replace("per_1,2025", "per_2,2025"),
        SITS.replace("owc_1", "owc_2").replace("|per_5", ""),
        SITS.replace("owc_1", "owc_3").replace("per_5", "per_m"),
        SITS.replace("owc_1", "owc_4").replace("prj_1", "prj_9"),
        SITS.replace("owc_1", "owc_5").replace("2025-01", "2020-01").replace("2029", "2025"),
        SITS.replace("owc_1", "5"),
    )
    result = bench.load_twice("committees", COMMITTEES + "".join(wrong), batch=2)
    assert counts(result) == (0, 0, 6)
    assert errors(result) == [
        (2, "committee_id", "ID_TAKEN"),
        (3, "members", "COMMITTEE_RULES"),
        (4, "members", "ON_THE_PROJECTS_SIDE"),
        (5, "project_id", "NOT_FOUND"),
        (6, "term_to", "DUE_IN_PAST"),
        (7, "committee_id", "BAD_CELL"),
    ]


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_agreements_come_as_a_file_of_their_items_and_are_signed_as_any_other(bench, batch):
    bench.load("companies", COMPANIES)
    bench.load("projects", PROJECTS + ONE)
    titles = ("每季度公开收支", "每月清洗水箱", "每年检修电梯", "每年公布维修资金")
    file = AGREEMENTS + "".join(item(n, title) for n, title in enumerate(titles, 1))
    file += (
        item(2, "另一事项") + item(5, digest="b" * 64) + item(1, agreement="agr_2", project="prj_9")
    )
    result = bench.load_twice("agreements", file, batch=batch)
    assert counts(result) == (4, 0, 3)
    assert errors(result) == [
        (6, "item", "ID_TAKEN"),
        (7, "agreement_id", "ID_TAKEN"),
        (8, "project_id", "NOT_FOUND"),
    ]
    bench.as_("R_STREET", scope="370811015", person="per_street")
    card = bench.ask("agreement", {"agreement_id": "agr_1"})
    assert (card["state"], card["valid_to"]) == ("DRAFT", "2026-03-10")
    assert [one["title"] for one in card["items"]] == list(titles)
    sign = {"agreement_id": "agr_1", "text_sha256": "a" * 64}
    manager = bench.as_("R_PM", scope="370811015901001", person="per_m")
    manager.do("sign_agreement", sign | {"side": "PROJECT"}, version=card["version"])
    bench.as_("R_DISTRICT", scope="370811", person="per_zhao")
    late = bench.load("agreements", AGREEMENTS + item(1) + item(5, "签署后补一项"))
    assert counts(late) == (0, 1, 1)
    assert errors(late) == [(3, "agreement_id", "STATE_CONFLICT")]
