"""Who acts for a project and who sees it: looked up in the register, never believed (K14)."""

import pytest

from fivered.chassis.refusal import (
    NotFound,
    NumberOfAPerson,
    Refusal,
    RoleDenied,
    StateConflict,
    VersionConflict,
)
from fivered.services.property import errors

RIVAL = "per_rival"


def rival(town, role="R_PCO"):
    return town.bench.as_(role, person=RIVAL, scope=town.street)


def change(town, people, *, version, company="pco_a"):
    return town.bench.do(
        "change_representatives",
        {"company_id": company, "representatives": people, "document_ref": "授权书〔2025〕1号"},
        version=version,
    )


def bare_company(town):
    """A company of which nobody has said who speaks for it, as the demo's was."""
    body = {"company_id": "pco_a", "name": "宏达物业", "uscc": "91370899MA0000000E"}
    town.district().do("register_company", body)
    town.found()


def test_a_company_without_representatives_is_spoken_for_by_nobody(bench, town):
    """SEC-H1: any R_PCO of the area took over the project."""
    bare_company(town)
    with pytest.raises(errors.NotTheCompany):
        rival(town).do("change_manager", {"project_id": "prj_a", "person_id": RIVAL}, version=2)
    card = town.cadre().ask("project", {"project_id": "prj_a"})
    assert (card["manager_person_id"], card["version"]) == ("per_wu", 2)


@pytest.mark.parametrize("role", ["R_PCO", "R_PM"])
@pytest.mark.parametrize("version", [1, 77])
def test_a_strangers_hand_is_refused_before_the_version_is_told(bench, town, role, version):
    """SEC-H1, SEC low 4: sign, fulfil, accept, waive by a stranger; 403 and never 412."""
    bare_company(town)
    agreement = town.agree()
    item = bench.rows("SELECT commitment_id AS c FROM commitments ORDER BY due_date LIMIT 1")[0]
    which = {"commitment_id": item["c"]}
    sign = {"agreement_id": agreement, "side": "PROJECT", "text_sha256": town.text}
    for method, body in (
        ("sign_agreement", sign),
        ("fulfil_commitment", which | {"evidence": ["sha256:1"]}),
        ("accept_commitment", which),
        ("waive_commitment", which | {"reason": "不再需要这一项"}),
    ):
        with pytest.raises((errors.NotTheCompany, errors.NotTheManager)) as refused:
            rival(town, role).do(method, body, version=version)
        assert refused.value.status == 403


def test_every_command_of_a_manager_asks_who_he_is_before_which_version_he_saw(bench, town):
    """SEC low 4: orders, works and disclosures told a stranger that they exist and changed."""
    town.found()
    town.street_clerk()
    order = town.issue("S3")["id"]
    held = town.secretary().do(
        "hold_meeting",
        {
            "project_id": "prj_a",
            "held_at": "2025-03-02T15:00:00+08:00",
            "chair": "per_sun",
            "attendees": {"COMMITTEE": ["per_sun"], "OWNERS": [], "PROPERTY": ["per_wu"]},
            "minutes_sha256": "c" * 64,
            "decisions": [{"text": "充电桩选址", "kind": "WORK", "due_date": "2025-03-20"}],
        },
    )
    work = {"work_id": held["decisions"][0]["opened"]}
    listed = town.cadre().do(
        "schedule_disclosure",
        {"project_id": "prj_a", "kind": "FEES", "title": "收支", "due_date": "2025-04-15"},
    )
    for method, body in (
        ("acknowledge_rectification", {"rectification_id": order}),
        ("submit_rectification", {"rectification_id": order}),
        ("start_work", work),
        ("deliver_work", work),
        ("publish_disclosure", {"disclosure_id": listed["id"], "doc_sha256": "d" * 64}),
    ):
        # Orders are hidden from him, works and disclosures are not.
        with pytest.raises((errors.NotTheManager, NotFound)) as refused:
            rival(town, "R_PM").do(method, body, version=99)
        assert refused.type is (NotFound if "rectification_id" in body else errors.NotTheManager)
        with pytest.raises(VersionConflict):
            town.manager().do(method, body, version=99)
    town.enrol_cadre("per_wang")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    checks = (
        ("check_work", work | {"accepted": True}),
        ("pass_rectification", {"rectification_id": order}),
        ("fail_rectification", {"rectification_id": order, "reason": "不合格的理由"}),
    )
    for method, body in checks:
        with pytest.raises(errors.ConflictOfInterest):
            town.cadre("per_wang").do(method, body, version=99)
        with pytest.raises((RoleDenied, NotFound)) as refused:
            bench.as_("R_CADRE", person="per_far", scope="370811015902").do(
                method, body, version=99
            )
        assert refused.type is (NotFound if "rectification_id" in body else RoleDenied)


def test_two_registrars_change_who_speaks_for_a_company_and_it_is_said(bench, town):
    """SEC-H1: representatives could not be added later."""
    bare_company(town)
    town.street_clerk("per_qian")
    with pytest.raises(errors.SamePerson):
        change(town, ["per_qian"], version=1)
    assert change(town, ["per_zheng"], version=1)["state"] == "PROPOSED"
    with pytest.raises(errors.SamePerson):
        change(town, ["per_zheng"], version=2)
    with pytest.raises(errors.NotTheCompany):
        town.company().do("change_manager", {"project_id": "prj_a", "person_id": "x"}, version=2)
    assert not bench.published("company_representatives_changed.v1")
    town.street_clerk("per_qian2")
    assert change(town, ["per_zheng"], version=2)["state"] == "CHANGED"
    (said,) = bench.published("company_representatives_changed.v1")
    assert said["data"] == {"company_id": "pco_a", "representatives": ["per_zheng"]}
    with pytest.raises(StateConflict):
        change(town, ["per_zheng"], version=3)
    changed = town.company().do(
        "change_manager", {"project_id": "prj_a", "person_id": "per_new"}, version=2
    )
    assert changed["version"] == 3
    shown = town.district().ask("company", {"company_id": "pco_a"})
    assert shown["representatives"] == ["per_zheng"]
    assert [row["what"] for row in shown["history"]][-1] == "REPRESENTATIVES_CHANGED"
    public = bench.as_("R_RESIDENT", person="per_x", scope=town.grid).ask(
        "company", {"company_id": "pco_a"}
    )
    assert "representatives" not in public
    with pytest.raises(RoleDenied):
        bench.as_("R_STREET", person="per_far", scope="370811002").do(
            "change_representatives",
            {"company_id": "pco_a", "representatives": [], "document_ref": "x"},
            version=3,
        )
    # Taken off the list he speaks for it no longer.
    for person, version in (("per_zhao", 3), ("per_zhao2", 4)):
        bench.as_("R_DISTRICT", person=person)
        change(town, [], version=version)
    with pytest.raises(errors.NotTheCompany):
        town.company().do("change_manager", {"project_id": "prj_a", "person_id": "y"}, version=3)


def test_a_registrar_does_not_name_himself_when_he_registers_a_company(bench, town):
    """SEC-H1: beneficiary and registrar are two persons."""
    with pytest.raises(errors.SamePerson):
        town.district().do(
            "register_company",
            {"name": "甲", "uscc": "91370899MA0000000E", "representatives": ["per_zhao"]},
        )


def test_other_companies_see_nothing_of_a_projects_complaints_orders_and_history(bench, town):
    """SEC-M3: R_PCO of any other company read complaints, orders and who did what."""
    town.found()
    body = {
        "company_id": "pco_b",
        "name": "信达",
        "uscc": "91370899MA0000003P",
        "representatives": [RIVAL],
    }
    town.district().do("register_company", body)
    town.complain("req_1")
    complaint = town.cadre().ask("complaints")["items"][0]["id"]
    town.street_clerk()
    order = town.issue("S3")["id"]
    town.enrol_cadre("per_wang")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    appointment = bench.rows("SELECT appointment_id AS a FROM appointments")[0]["a"]
    for role in ("R_PCO", "R_PM"):
        for method, which in (
            ("complaint", {"complaint_id": complaint}),
            ("rectification", {"rectification_id": order}),
            ("appointment", {"appointment_id": appointment}),
        ):
            with pytest.raises(NotFound):
                rival(town, role).ask(method, which)
        for method in ("complaints", "rectifications"):
            for more in ({}, {"project_id": "prj_a"}):
                assert rival(town, role).ask(method, more)["items"] == []
        card = rival(town, role).ask("project", {"project_id": "prj_a"})
        assert (card["open_rectifications"], card["last_month"]) == ([], None)
    assert town.company().ask("complaint", {"complaint_id": complaint})["id"] == complaint
    for who in (town.company(), town.manager()):
        assert [row["id"] for row in who.ask("complaints")["items"]] == [complaint]
        assert [row["id"] for row in who.ask("rectifications")["items"]] == [order]
    assert len(town.company().ask("project", {"project_id": "prj_a"})["open_rectifications"]) == 1


def test_nobody_approves_or_files_his_own_post(bench, town):
    """K12: the manager who also speaks for his company approved his own appointment."""
    body = {
        "company_id": "pco_a",
        "name": "宏达物业",
        "uscc": "91370899MA0000000E",
        "representatives": ["per_wu"],
    }
    town.district().do("register_company", body)
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
    town.manager().do("consent_appointment", which)
    with pytest.raises(errors.SamePerson):
        town.company("per_wu").do("approve_appointment", which | {"document_ref": "函"}, version=2)
    with pytest.raises(Refusal):
        bench.as_("R_STREET", person="per_wu", scope=town.street).do(
            "file_appointment", which, version=2
        )


def test_texts_that_others_read_hold_nobodys_number(bench, town):
    """K15: the board, orders and what a complainant is told take no phone or identity number."""
    town.found()
    phone, id_no = "联系 １３８-1234-5678", "业主 370811 19900307 0012"
    which = {"complaint_id": town.complain()}
    order = {"project_id": "prj_a", "severity": "S3", "facts": "x", "basis": "合同"}
    meeting = {
        "project_id": "prj_a",
        "held_at": "2025-03-02T15:00:00+08:00",
        "chair": "per_sun",
        "attendees": {"COMMITTEE": ["per_sun"], "OWNERS": [], "PROPERTY": ["per_wu"]},
        "minutes_sha256": "c" * 64,
    }
    for person, method, body, field in (
        (town.cadre, "validate_complaint", which | {"valid": True, "reason": phone}, "reason"),
        (town.cadre, "issue_rectification", order | {"facts": id_no}, "facts"),
        (
            town.cadre,
            "schedule_disclosure",
            {"project_id": "prj_a", "kind": "FEES", "title": phone, "due_date": "2025-04-15"},
            "title",
        ),
        (
            town.secretary,
            "hold_meeting",
            meeting | {"decisions": [{"text": "好"}, {"text": id_no}]},
            "decisions.1.text",
        ),
    ):
        with pytest.raises(NumberOfAPerson) as refused:
            person().do(method, body, version=1 if "complaint" in method else None)
        assert refused.value.field == field


def test_floor_area_is_bounded_and_keeps_its_hundredths(bench, town):
    """IN-A17: 1e308 was a fault, and a file refused what the door took."""
    town.found()
    body = {
        "company_id": "pco_a",
        "name": "新苑",
        "community": town.community,
        "grids": [town.grid],
        "households": 3,
        "manager_person_id": "per_m",
    }
    with pytest.raises(Refusal) as refused:
        town.district().do("register_project", body | {"area_m2": 1e308})
    assert refused.value.status == 422
    town.district().do("register_project", body | {"area_m2": 125830.56})
    kept = bench.rows("SELECT area_m2_hundredths AS a FROM projects WHERE name = '新苑'")
    assert kept == [{"a": 12583056}]


def test_a_registrar_with_a_post_in_the_project_changes_nothing_of_it(bench, town):
    """K12: households are the complaint rate's denominator; a manager names no manager."""
    town.found()
    town.enrol_cadre("per_wang")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    count = {"project_id": "prj_a", "since": "2025-03-01", "households": 99999}
    with pytest.raises(errors.ConflictOfInterest):
        town.cadre("per_wang").do("count_households", count, version=99)
    with pytest.raises(errors.ConflictOfInterest):
        bench.as_("R_STREET", person="per_wang", scope=town.street).do(
            "change_manager", {"project_id": "prj_a", "person_id": "per_x"}, version=99
        )
    version = town.version("projects", "project_id", "prj_a")
    with pytest.raises(errors.SamePerson):
        town.street_clerk("per_qian").do(
            "change_manager", {"project_id": "prj_a", "person_id": "per_qian"}, version=version
        )
    with pytest.raises(errors.SamePerson):
        town.found("prj_b", manager="per_zhao")
    disclosure = {"project_id": "prj_a", "kind": "FEES", "title": "收支", "due_date": "2025-04-15"}
    with pytest.raises(errors.ConflictOfInterest):
        town.cadre("per_wang").do("schedule_disclosure", disclosure)


def test_nobody_closes_his_own_complaint_or_accepts_what_he_submitted(bench, town):
    """K12: one person in two roles of one check."""
    town.found()
    which = {"complaint_id": town.complain(by="li")}
    town.cadre("per_sheng").do(
        "validate_complaint", which | {"valid": True, "reason": "现场核实,属实"}, version=1
    )
    with pytest.raises(errors.SamePerson):
        town.cadre("per_li").do("close_complaint", which | {"outcome": "好了"}, version=2)
    town.agree()
    bench.fire("2025-05-11T00:00:00")
    item = bench.rows(
        "SELECT commitment_id AS c, version AS v FROM commitments WHERE responsible = 'COMMUNITY'"
    )[0]
    kept = {"commitment_id": item["c"]}
    bench.as_("R_SECRETARY", person="per_two", scope=town.community).do(
        "fulfil_commitment", kept | {"evidence": ["sha256:1"]}, version=item["v"]
    )
    for person, version in (("per_zhao", 1), ("per_second", 2)):
        bench.as_("R_DISTRICT", person=person)
        change(town, ["per_two", "per_zheng"], version=version)
    with pytest.raises(errors.SamePerson):
        town.company("per_two").do("accept_commitment", kept, version=item["v"] + 1)


def test_a_registrar_names_nobody_of_the_own_household(bench, town):
    """K12: an official could not name himself, but made his wife manager and representative."""
    town.found()
    for person in ("per_zhao", "per_qian", "per_wife"):
        home = "hh_q" if person != "per_zhao" else None
        bench.consume(
            "steward",
            "resident_registered.v1",
            {"person_id": person, "community": "370811015901", "grid": town.grid,
             "is_adult": True, "household_id": home, "synthetic": True},
            subject=person,
        )  # fmt: skip
    town.street_clerk("per_qian")
    with pytest.raises(errors.OwnHousehold) as refused:
        bench.do("change_manager", {"project_id": "prj_a", "person_id": "per_wife"}, version=2)
    assert (refused.value.field, refused.value.guard) == ("person_id", "SAME_PERSON")
    with pytest.raises(errors.OwnHousehold):
        body = {"company_id": "pco_a", "representatives": ["per_wife"], "document_ref": "授权书"}
        bench.do("change_representatives", body, version=1)
    with pytest.raises(errors.OwnHousehold):
        body = {"name": "乙", "uscc": "91370899MA0000003P", "representatives": ["per_wife"]}
        bench.do("register_company", body)
    project = {"project_id": "prj_b", "company_id": "pco_a", "name": "夏晖苑",
               "community": "370811015901", "grids": [town.grid], "households": 9,
               "manager_person_id": "per_wife", "buildings": ["9号楼"]}  # fmt: skip
    with pytest.raises(errors.OwnHousehold):
        bench.do("register_project", project)
    # Somebody else may, and who speaks for the company names whom it wants.
    named = {"project_id": "prj_a", "person_id": "per_wife"}
    assert town.district().do("change_manager", named, version=2)
