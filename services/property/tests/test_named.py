"""Who is named for a post, a company or a committee is a registered adult who lives."""

import pytest

from fivered.chassis.refusal import StateConflict
from fivered.services.property import errors
from fivered.services.property.tests.conftest import registered

GHOST = "per_ghost"


def away(bench, reason):
    bench.consume(
        "steward",
        "resident_deactivated.v1",
        {"person_id": GHOST, "reason": reason},
        subject=GHOST,
        sequence=2,
    )


def unknown(_bench):
    pass


def minor(bench):
    registered(bench, GHOST, is_adult=False)


def dead(bench):
    registered(bench, GHOST)
    away(bench, "DECEASED")


def gone(bench):
    registered(bench, GHOST)
    away(bench, "MOVED_OUT")


def merged(bench):
    registered(bench, GHOST)
    data = {"person_id": GHOST, "into": "per_kept", "community": "370811015901"}
    bench.consume("steward", "person_merged.v1", data, subject=GHOST, sequence=2)


WHO = pytest.mark.parametrize(
    ("become", "guard"),
    [
        (unknown, "NOT_REGISTERED"),
        (gone, "NOT_REGISTERED"),
        (minor, "UNDER_AGE"),
        (dead, "DECEASED"),
        (merged, "PERSON_MERGED"),
    ],
)


def company(town):
    town.district().do(
        "register_company",
        {"name": "甲", "uscc": "91370899MA0000003P", "representatives": [GHOST]},
    )


def representatives(town):
    town.street_clerk().do(
        "change_representatives",
        {"company_id": "pco_a", "representatives": ["per_zheng", GHOST], "document_ref": "函"},
        version=1,
    )


def project(town):
    town.district().do(
        "register_project",
        {
            "company_id": "pco_a",
            "name": "宏河苑",
            "community": town.community,
            "grids": [town.grid],
            "households": 10,
            "manager_person_id": GHOST,
        },
    )


def manager(town):
    town.company().do(
        "change_manager",
        {"project_id": "prj_a", "person_id": GHOST},
        version=town.version("projects", "project_id", "prj_a"),
    )


def nominee(town):
    town.secretary().do(
        "nominate",
        {
            "project_id": "prj_a",
            "direction": "C2P",
            "person_id": GHOST,
            "target_post": "PROJECT_DEPUTY_MANAGER",
            "committee_basis": "选举结果公告",
        },
    )


def committee(town):
    others = [f"per_o{number}" for number in range(4)]
    town.settle(*others)
    town.elect((*others, GHOST))


@WHO
@pytest.mark.parametrize(
    "name",
    [company, representatives, project, manager, nominee, committee],
    ids=lambda f: f.__name__,
)
def test_nobody_is_named_who_is_no_registered_adult(bench, town, name, become, guard):
    """t1 B1: a minor spoke for a company and managed a project."""
    town.found()
    become(bench)
    with pytest.raises(errors.NotRegistered) as refused:
        name(town)
    assert refused.value.guard == guard


def test_who_dies_before_the_street_files_is_not_appointed(bench, town):
    town.found()
    registered(bench, GHOST)
    made = town.secretary().do(
        "nominate",
        {
            "project_id": "prj_a",
            "direction": "C2P",
            "person_id": GHOST,
            "target_post": "PROJECT_DEPUTY_MANAGER",
            "committee_basis": "选举结果公告",
        },
    )
    which = {"appointment_id": made["id"]}
    bench.as_("R_RESIDENT", person=GHOST, scope=town.grid).do("consent_appointment", which)
    paper = which | {"document_ref": "纪要〔2025〕3号"}
    town.secretary().do("approve_appointment", paper, version=2)
    town.company().do("approve_appointment", paper, version=3)
    away(bench, "DECEASED")
    # The death itself ends what was not filed yet; nobody has to notice it.
    with pytest.raises(StateConflict):
        town.street_clerk().do("file_appointment", which, version=5)
    ended = town.street_clerk().ask("appointment", which)
    assert (ended["state"], ended["end_reason"]) == ("ENDED", "DECEASED")


# --------------------------------------------------------------------------------------------------
# Households


def at_home(bench, town, person, household):
    data = {
        "person_id": person,
        "community": town.community,
        "grid": town.grid,
        "is_adult": True,
        "household_id": household,
        "synthetic": True,
    }
    bench.consume("steward", "resident_registered.v1", data, subject=person)


def test_nobody_decides_about_a_complaint_of_his_household(bench, town):
    """Task 8: steward and credit know the household, property did not."""
    town.found()
    at_home(bench, town, "per_li", "hh_1")
    at_home(bench, town, "per_res", "hh_1")
    which = {"complaint_id": town.complain()}
    verdict = which | {"valid": False, "reason": "现场核实不属实"}
    with pytest.raises(errors.SameHousehold):
        town.cadre().do("validate_complaint", verdict, version=1)
    made = town.cadre("per_other").do("validate_complaint", verdict, version=1)
    with pytest.raises(errors.SameHousehold):
        town.cadre().do("close_complaint", which | {"outcome": "已处理"}, version=made["version"])
    # He moves out of the household: he has no more to do with it.
    data = {"person_id": "per_li", "is_adult": True, "household_id": "hh_2"}
    bench.consume("steward", "resident_corrected.v1", data, subject="per_li", sequence=2)
    closed = town.cadre().do(
        "close_complaint", which | {"outcome": "已处理"}, version=made["version"]
    )
    assert closed["state"] == "CLOSED"


def test_who_lives_alone_or_nowhere_is_nobodys_household(bench, town):
    town.found()
    at_home(bench, town, "per_li", None)
    at_home(bench, town, "per_res", None)
    verdict = {"complaint_id": town.complain(), "valid": True, "reason": "现场核实属实"}
    assert town.cadre().do("validate_complaint", verdict, version=1)["valid"] == "YES"
