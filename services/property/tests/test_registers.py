"""What is registered can be put right, and everybody finds what waits for him."""

import re
from dataclasses import fields

import pytest

from fivered.chassis.refusal import Invalid, RoleDenied, StateConflict, VersionConflict
from fivered.chassis.storage import ChassisTables
from fivered.services.property import errors
from fivered.services.property.storage import people, tables

MEMBERS = tuple(f"per_o{number}" for number in range(5))


def test_a_companys_name_and_code_are_put_right_and_said_again(bench, town):
    """SP-D33: a company's name could not be corrected."""
    town.found()
    which = {"company_id": "pco_a", "reason": "营业执照更名"}
    with pytest.raises(errors.NothingChanges):
        town.district().do("correct_company", which | {"name": "宏达物业"}, version=1)
    with pytest.raises(errors.UsccInvalid):
        bench.do("correct_company", which | {"uscc": "91370899MA0000000F"}, version=1)
    with pytest.raises(errors.ReasonRequired):
        bench.do("correct_company", which | {"name": "宏达", "reason": " "}, version=1)
    with pytest.raises(RoleDenied):
        bench.as_("R_STREET", person="per_f", scope="370811002").do(
            "correct_company", which | {"name": "宏达"}, version=77
        )
    new = {"name": "宏达物业有限公司", "uscc": "91370899MA0000003P"}
    town.street_clerk().do("correct_company", which | new, version=1)
    with pytest.raises(VersionConflict):
        bench.do("correct_company", which | {"name": "别名"}, version=1)
    card = bench.ask("company", {"company_id": "pco_a"})
    assert (card["name"], card["uscc"], card["version"]) == (*new.values(), 2)
    entry = card["history"][-1]
    assert entry["what"] == "CORRECTED"
    assert entry["detail"]["before"] == {"name": "宏达物业", "uscc": "91370899MA0000000E"}
    said = [event["data"]["uscc"] for event in bench.published("company_registered.v1")]
    assert said == ["91370899MA0000000E", "91370899MA0000003P"]
    assert bench.published("company_registered.v1")[1]["data"]["representatives"] == ["per_zheng"]


def test_a_projects_places_are_put_right_and_waiting_complaints_find_it(bench, town):
    """SP-D33, SP-D5: a project's name and grids could not be corrected."""
    town.found()
    town.complain("req_1", project=None, category="PROPERTY_SERVICE", grid="370811015901007")
    assert town.cadre().ask("undecided_complaints")["total"] == 1
    which = {"project_id": "prj_a", "reason": "登记时遗漏网格"}
    far = {"grids": [town.grid, "370811015902001"]}
    with pytest.raises(errors.AreaInvalid):
        town.street_clerk().do("correct_project", which | far, version=2)
    with pytest.raises(errors.ConflictOfInterest):
        town.street_clerk("per_wu").do("correct_project", which | {"name": "x"}, version=99)
    twice = {"grids": [town.grid, "370811015901007", town.grid]}
    with pytest.raises(Invalid) as refused:
        town.street_clerk().do("correct_project", which | twice, version=2)
    assert refused.value.field == "grids"
    assert f"{town.grid} 重复" in refused.value.describe()
    both = {"grids": [town.grid, "370811015901007"], "name": "宏河苑一期"}
    town.street_clerk().do("correct_project", which | both, version=2)
    card = town.cadre().ask("project", {"project_id": "prj_a"})
    assert (card["name"], card["grids"]) == ("宏河苑一期", [town.grid, "370811015901007"])
    assert card["history"][-1]["detail"]["before"] == {"name": "宏河苑", "grids": [town.grid]}
    assert bench.published("project_registered.v1")[-1]["data"]["grids"] == card["grids"]
    assert town.cadre().ask("undecided_complaints")["total"] == 0
    # The complaint is a record: from now on another company takes it over or not at all.
    with pytest.raises(errors.HandOverInstead):
        other(town)
        town.street_clerk().do("correct_project", which | {"company_id": "pco_b"}, version=3)


def other(town):
    town.district().do(
        "register_company", {"company_id": "pco_b", "name": "信达", "uscc": "91370899MA0000003P"}
    )


def test_a_project_under_the_wrong_company_is_put_right_while_it_has_no_record(bench, town):
    """SP-D33: the company of a fresh project was a slip of the pen for ever."""
    town.found()
    other(town)
    fix = {"project_id": "prj_a", "company_id": "pco_b", "reason": "登记时选错企业"}
    town.street_clerk().do("correct_project", fix, version=2)
    assert bench.published("project_registered.v1")[-1]["data"]["company_id"] == "pco_b"


def test_a_committee_gets_a_new_member_within_its_term_and_a_new_one_after_it(bench, town):
    """OP 1.7: an owners' committee could not be changed, read or listed."""
    town.found()
    town.settle(*MEMBERS, "per_new")
    made = town.elect(MEMBERS)
    which = {"committee_id": made["id"], "reason": "补选一名委员"}
    with pytest.raises(errors.NotRegistered):
        fix = {"members": [*MEMBERS[:4], "per_nobody"]}
        town.secretary().do("correct_committee", which | fix, version=1)
    with pytest.raises(errors.CommitteeSize):
        town.secretary().do("correct_committee", which | {"members": MEMBERS[:4]}, version=1)
    fix = {"members": [*MEMBERS[:4], "per_new"], "term_to": "2028-06-01"}
    town.secretary().do("correct_committee", which | fix, version=1)
    card = town.cadre().ask("committee", {"committee_id": made["id"]})
    assert "per_new" in card["members"]
    assert card["history"][-1]["detail"]["before"]["term_to"] == "2028-01-01"
    resident = bench.as_("R_RESIDENT", person="per_x", scope=town.grid)
    public = resident.ask("committee", {"committee_id": made["id"]})
    assert public["size"] == 5
    assert not {"members", "chair", "history"} & set(public)
    renewed = town.elect(MEMBERS, term_from="2025-02-01", term_to="2029-02-01")
    listed = town.cadre().ask("committees", {"project_id": "prj_a"})["items"]
    assert {row["id"]: row["state"] for row in listed} == {
        renewed["id"]: "IN_TERM",
        made["id"]: "EXPIRED",
    }
    with pytest.raises(StateConflict):
        town.secretary().do("correct_committee", which | {"kind": "WGH"}, version=3)


# --------------------------------------------------------------------------------------------------
# What waits for whom


def deeds(who):
    return who.ask("todo")["counts"]


def test_everybody_finds_the_appointment_that_waits_for_him(bench, town):
    """OP-M2: the street files appointments, and nothing listed what was to be filed."""
    town.found()
    made = town.secretary().do(
        "nominate",
        {
            "project_id": "prj_a",
            "direction": "P2C",
            "person_id": "per_wu",
            "target_post": "COMMITTEE_PART_TIME_MEMBER",
        },
    )
    which = {"appointment_id": made["id"]}

    def waits(side):
        listed = town.street_clerk().ask("appointments", {"waits_for": side})
        return [row["id"] for row in listed["items"]]

    assert waits("NOMINEE") == [made["id"]]
    assert deeds(town.manager())["CONSENT_TO_APPOINTMENT"] == 1
    town.manager().do("consent_appointment", which)
    assert waits("SECRETARY") == waits("COMPANY") == [made["id"]]
    assert deeds(town.secretary())["APPROVE_APPOINTMENT"] == 1
    assert deeds(town.company())["APPROVE_APPOINTMENT"] == 1
    assert deeds(town.company("per_rival")) == {}
    town.secretary().do("approve_appointment", which | {"document_ref": "纪要"}, version=2)
    assert waits("SECRETARY") == []
    town.company().do("approve_appointment", which | {"document_ref": "函"}, version=3)
    assert waits("STREET") == [made["id"]]
    todo = town.street_clerk().ask("todo")
    (item,) = todo["items"]
    assert (item["deed"], item["id"], item["version"]) == ("FILE_APPOINTMENT", made["id"], 4)
    town.street_clerk().do("file_appointment", which, version=item["version"])
    assert deeds(town.street_clerk()) == {}
    active = town.cadre().ask("appointments", {"state": "ACTIVE"})
    assert active["total"] == 1
    mine = bench.as_("R_RESIDENT", person="per_wu", scope=town.grid)
    assert mine.ask("appointments")["total"] == 1
    stranger = bench.as_("R_RESIDENT", person="per_x", scope=town.grid)
    assert stranger.ask("appointments")["total"] == 0


def test_everybody_finds_the_agreement_that_waits_for_his_signature(bench, town):
    """OP-M2: agreements waiting for the community's signature were nowhere listed."""
    town.found()
    made = town.secretary().do(
        "draft_agreement",
        {
            "project_id": "prj_a",
            "type": "JOINT_BUILDING",
            "valid_from": "2025-03-03",
            "text_sha256": town.text,
            "commitments": town.commitments(),
        },
    )
    assert deeds(town.manager())["SIGN_AGREEMENT"] == 1
    sign = {"agreement_id": made["id"], "text_sha256": town.text, "side": "PROJECT"}
    town.manager().do("sign_agreement", sign, version=1)
    assert deeds(town.secretary())["SIGN_AGREEMENT"] == 1
    assert town.cadre().ask("agreements", {"waits_for": "COMMUNITY"})["total"] == 1
    assert town.cadre().ask("agreements", {"waits_for": "PROJECT"})["total"] == 0
    resident = bench.as_("R_RESIDENT", person="per_x", scope=town.grid)
    (public,) = resident.ask("agreements", {"scope": town.community})["items"]
    assert "signed_by_project" not in public
    card = resident.ask("agreement", {"agreement_id": made["id"]})
    assert "signed_by_project" not in card


def test_the_days_work_of_community_manager_and_street_is_listed(bench, town):
    """OP-M2, SP-D11: what waits, by role; a person who has a post in the project is spared."""
    town.found()
    town.link_officials()
    town.complain("req_1")
    town.complain("req_2", project="prj_unknown")
    town.street_clerk()
    order = town.issue("S3")["id"]
    town.manager()
    assert deeds(town.manager()) == {"SUBMIT_RECTIFICATION": 1}
    assert deeds(town.manager("per_rival")) == {}
    assert deeds(town.cadre()) == {"VALIDATE_COMPLAINT": 1, "DECIDE_COMPLAINT_PROJECT": 1}
    town.enrol_cadre("per_wang")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    assert deeds(town.cadre("per_wang")) == {"DECIDE_COMPLAINT_PROJECT": 1}
    bench.fire("2025-03-13T00:00:00")
    assert deeds(town.street_clerk()) == {
        "OVERDUE_RECTIFICATION": 1,
        "DECIDE_COMPLAINT_PROJECT": 1,
    }
    lead = bench.as_("R_STREET_LEAD", person="per_lead", scope=town.street)
    assert deeds(lead) == {"OVERDUE_RECTIFICATION": 1}
    district = bench.as_("R_DISTRICT_LEAD", person="per_dl", scope="370811")
    assert deeds(district) == {}
    assert lead.ask("overdue_rectifications", {"level": 2})["total"] == 0
    bench.fire("2025-03-18T00:00:00")
    bench.as_("R_DISTRICT_LEAD", person="per_dl", scope="370811")
    assert deeds(bench) == {"OVERDUE_RECTIFICATION": 1}
    assert bench.ask("overdue_rectifications", {"level": 2})["items"][0]["id"] == order


def test_companies_and_meetings_are_listed_and_read(bench, town):
    """OP-M2: companies, meetings had no list; a meeting could not be read by its id."""
    town.found()
    listed = town.street_clerk().ask("companies", {"scope": town.street})
    assert [(row["id"], row["spoken_for"]) for row in listed["items"]] == [("pco_a", True)]
    assert bench.ask("companies", {"scope": "370811002"})["total"] == 0
    held = {
        "project_id": "prj_a",
        "held_at": "2025-03-02T15:00:00+08:00",
        "chair": "per_sun",
        "attendees": {"COMMITTEE": ["per_sun"], "OWNERS": [], "PROPERTY": ["per_wu"]},
        "minutes_sha256": "c" * 64,
    }
    made = town.secretary().do("hold_meeting", held)
    for who in (town.cadre(), town.manager(), town.company()):
        assert [row["id"] for row in who.ask("meetings")["items"]] == [made["id"]]
        assert who.ask("meeting", {"meeting_id": made["id"]})["chair"] == "per_sun"
    assert town.company("per_rival").ask("meetings")["total"] == 0
    proposal = {"company_id": "pco_a", "representatives": ["per_n"], "document_ref": "函"}
    town.street_clerk().do("change_representatives", proposal, version=1)
    assert deeds(town.street_clerk()) == {}
    assert deeds(town.street_clerk("per_second")) == {"CONFIRM_REPRESENTATIVES": 1}


def test_a_company_without_a_project_is_every_streets_of_its_district(bench, town):
    """SEC-H1: the second registrar finds what he has to confirm before there is a project."""
    town.district().do("register_company", {"name": "信达", "uscc": "91370899MA0000003P"})
    (company,) = bench.ask("companies")["items"]
    proposal = {"company_id": company["id"], "representatives": ["per_n"], "document_ref": "函"}
    town.street_clerk().do("change_representatives", proposal, version=1)
    assert deeds(town.street_clerk("per_second")) == {"CONFIRM_REPRESENTATIVES": 1}
    town.found(company=company["id"])
    far = bench.as_("R_STREET", person="per_far", scope="370811002")
    assert deeds(far) == {}
    with pytest.raises(RoleDenied):
        far.do("change_representatives", proposal, version=2)


def test_who_delivered_a_work_is_read_by_the_projects_own_people_only(bench, town):
    """SEC low 2, K15: any manager, and staff of any area, read it; a role alone is no right."""
    town.found()
    decisions = [{"text": "六月前完成充电桩选址", "kind": "WORK", "due_date": "2025-03-20"}]
    held = town.secretary().do(
        "hold_meeting",
        {
            "project_id": "prj_a",
            "held_at": "2025-03-02T15:00:00+08:00",
            "chair": "per_sun",
            "attendees": {"COMMITTEE": ["per_sun"], "OWNERS": [], "PROPERTY": ["per_wu"]},
            "minutes_sha256": "c" * 64,
            "decisions": decisions,
        },
    )
    work = {"work_id": held["decisions"][0]["opened"]}
    town.manager().do("start_work", work, version=1)
    town.manager().do("deliver_work", work | {"evidence": ["sha256:9"]}, version=2)
    for read, enter in (
        (True, town.manager),
        (True, town.company),
        (True, town.cadre),
        (True, town.street_clerk),
        (False, lambda: bench.as_("R_PM", person="per_rival", scope=town.community)),
        (False, lambda: bench.as_("R_PCO", person="per_rival", scope="370811")),
        (False, lambda: bench.as_("R_CADRE", person="per_far", scope="370811015902")),
        (False, lambda: bench.as_("R_RESIDENT", person="per_x", scope=town.grid)),
    ):
        (listed,) = enter().ask("works", {"project_id": "prj_a"})["items"]
        for card in (listed, enter().ask("work", work)):
            assert (card.get("delivered_by") == "per_wu", "per_wu" in str(card)) == (read, read)


def test_every_column_that_names_a_person_is_known_as_one():
    """K15, K7: a view shows none to strangers, and a merged person takes all of them along."""
    named = re.compile(r"(_by|_person_id|^person_id|^complainant_id|^chair|^members|^attendees)$")
    mechanisms = {field.name for field in fields(ChassisTables)} | {"history"}
    unknown = [
        f"{table.name}.{column.name}"
        for table in tables.metadata.tables.values()
        for column in table.columns
        if table.name not in mechanisms
        and named.search(column.name)
        and column.name not in people.PERSON_COLUMNS
    ]
    assert unknown == []


def test_what_waits_is_read_kind_by_kind_to_its_end(bench, town):
    """SP-D13: at most fifty of a kind were shown, the rest could not be reached."""
    town.found()
    for number in range(5):
        town.secretary().do(
            "draft_agreement",
            {
                "project_id": "prj_a",
                "type": "JOINT_BUILDING",
                "valid_from": f"2025-04-0{number + 1}",
                "text_sha256": town.text,
            },
        )
    asked = {"limit": 2}
    first = town.manager().ask("todo", asked)
    assert (first["counts"], first["more"]) == ({"SIGN_AGREEMENT": 5}, ["SIGN_AGREEMENT"])
    assert {one["about"] for one in first["items"]} == {"JOINT_BUILDING"}
    seen, asked = [], asked | {"deed": "SIGN_AGREEMENT"}
    while True:
        page = town.manager().ask("todo", asked)
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert len(set(seen)) == len(seen) == 5
    with pytest.raises(Invalid):
        town.manager().ask("todo", {"cursor": asked["cursor"]})


def test_gaps_and_paper_agreements_are_lists_with_pages(bench, town):
    """K16: every project of a district came in one answer."""
    for number in range(5):
        town.found(f"prj_{number}", grid=f"37081101590100{number + 1}")
    for method in ("coverage_gaps", "agreement_noncompliance"):
        seen, asked = [], {"limit": 2}
        while True:
            page = town.street_clerk().ask(method, asked)
            assert (page["total"], len(page["items"]) <= 2) == (5, True)
            seen += [one["project_id"] for one in page["items"]]
            if page["next"] is None:
                break
            asked["cursor"] = page["next"]
        assert sorted(seen) == [f"prj_{number}" for number in range(5)]
