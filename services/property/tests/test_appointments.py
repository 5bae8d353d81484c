"""Cross-appointments both ways, their guards, gaps and coverage."""

import pytest

from fivered.chassis.i18n import problem_of
from fivered.chassis.refusal import NotFound, StateConflict
from fivered.services.property import errors
from fivered.services.property.errors.again import ThereAlready
from testkit.bench import instant


def nominate(bench, town, **changes):
    town.secretary()
    return bench.do(
        "nominate",
        {
            "project_id": "prj_a",
            "direction": "P2C",
            "person_id": "per_wu",
            "target_post": "COMMITTEE_PART_TIME_MEMBER",
        }
        | changes,
    )


@pytest.mark.covers("P2", "F6-flow")
def test_both_directions_are_filled_and_the_card_shows_them(bench, town):
    town.found()
    town.enrol_cadre("per_wang")
    gaps = town.street_clerk().ask("coverage_gaps", {"scope": town.street})
    assert gaps["items"][0]["missing"] == ["P2C", "C2P"]
    bench.at("2025-03-06T09:00:00")
    into = town.appoint("P2C", "per_wu", "PARTY_BRANCH_MEMBER")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    assert (into["state"], into["gap_days"]) == ("ACTIVE", 3)
    card = town.manager().ask("project", {"project_id": "prj_a"})
    assert card["appointments"]["P2C"]["active"]["person_id"] == "per_wu"
    deputy = card["appointments"]["C2P"]["active"]
    assert deputy["unpaid"] is True
    assert deputy["abstains_in"] == ["FEES", "COMPANY_CONTRACT"]
    assert card["appointments"]["C2P"]["gap_since"] is None
    assert [e["data"]["direction"] for e in bench.published("appointment_activated.v1")] == [
        "P2C",
        "C2P",
    ]
    assert town.street_clerk().ask("coverage_gaps")["items"] == []
    share = bench.ask("indicators", {"period": "2025-03"})["M-18"]["cross_appointments"]
    assert share == {"part": 1, "whole": 1, "percent": "100.00"}


@pytest.mark.covers("P2")
@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"target_post": "PROJECT_DEPUTY_MANAGER"}, errors.PostNotAllowed),
        ({"person_id": "per_other"}, errors.NotCurrentManager),
        ({"target_post": "PARTY_BRANCH_MEMBER"}, errors.NotPartyMember),
        (
            {"direction": "C2P", "target_post": "PROJECT_DEPUTY_MANAGER"},
            errors.NotCommitteeMember,
        ),
        ({"project_id": "prj_none"}, NotFound),
    ],
)
def test_a_nomination_against_the_rules_is_refused(bench, town, change, refusal):
    town.found()
    with pytest.raises(refusal):
        nominate(bench, town, **change)


@pytest.mark.covers("P2")
def test_membership_of_the_committees_is_known_by_enrolment_liaison_or_a_stated_basis(bench, town):
    town.found()
    c2p = {"direction": "C2P", "target_post": "PROJECT_DEPUTY_MANAGER"}
    town.enrol_cadre("per_wang")
    assert nominate(bench, town, person_id="per_wang", **c2p)["state"] == "NOMINATED"
    # Nobody consents in time; who is nominated anew is nominated by what is known then.
    bench.fire("2025-03-12T09:00:00")
    bench.consume(
        "steward", "steward_left.v1", {"steward_id": "stw_per_wang"}, subject="x", sequence=2
    )
    with pytest.raises(errors.NotCommitteeMember):
        nominate(bench, town, person_id="per_wang", **c2p)
    link = {
        "link_id": "lnk_9",
        "tier": "COMMUNITY_CADRE",
        "target_kind": "GRID",
        "target": town.grid,
        "official_id": "off_9",
        "person_id": "per_wang",
    }
    bench.consume("forum", "liaison_assigned.v1", link, subject="lnk_9")
    assert nominate(bench, town, person_id="per_wang", **c2p)["state"] == "NOMINATED"
    bench.fire("2025-03-22T09:00:00")
    bench.consume("forum", "liaison_ended.v1", link, subject="lnk_9", sequence=2)
    basis = {"committee_basis": "社区换届选举公告〔2024〕1号"}
    assert nominate(bench, town, person_id="per_wang", **c2p, **basis)["state"] == "NOMINATED"


@pytest.mark.covers("P2")
def test_a_direction_has_one_active_appointment_even_when_two_were_nominated(bench, town):
    # The secretary speaks for the company too; he may not be both sides of one post.
    town.found(representatives=["per_sun", "per_zheng"])
    first = nominate(bench, town)
    # The same once more is no second one.
    with pytest.raises(ThereAlready) as refused:
        nominate(bench, town)
    assert refused.value.params["number"] == first["id"]
    second = nominate(bench, town, target_post="PARTY_BRANCH_MEMBER", party_member=True)
    for made in (first, second):
        which = {"appointment_id": made["id"]}
        with pytest.raises(NotFound):
            bench.as_("R_PM", person="per_stranger").do("consent_appointment", which)
        bench.as_("R_PM", person="per_wu").do("consent_appointment", which)
        with pytest.raises(errors.DocumentRequired) as refused:
            town.secretary().do("approve_appointment", which, version=2)
        told = problem_of(refused.value, "fivered.services.property")
        assert told["message_zh"] == "须附社区党委会议纪要"
        assert told["message_en"].endswith(": minutes of the community party committee")
        paper = which | {"document_ref": "纪要"}
        town.secretary().do("approve_appointment", paper, version=2)
        with pytest.raises(StateConflict):
            town.secretary().do("approve_appointment", paper, version=3)
        with pytest.raises(errors.SamePerson):
            bench.as_("R_PCO", person="per_sun").do("approve_appointment", paper, version=3)
        town.company().do("approve_appointment", paper, version=3)
    town.street_clerk().do("file_appointment", {"appointment_id": first["id"]}, version=4)
    with pytest.raises(errors.DirectionTaken):
        town.street_clerk().do("file_appointment", {"appointment_id": second["id"]}, version=4)
    with pytest.raises(errors.DirectionTaken):
        nominate(bench, town)


@pytest.mark.covers("P2")
def test_a_nomination_without_consent_lapses_after_five_working_days(bench, town):
    town.found()
    made = nominate(bench, town)
    assert instant(made["due"]) == instant("2025-03-11T00:00:00")
    bench.fire("2025-03-10T23:59:00")
    assert not bench.published("appointment_ended.v1")
    bench.fire("2025-03-11T00:00:00")
    ended = bench.published("appointment_ended.v1")
    assert [event["data"]["reason"] for event in ended] == ["LAPSED"]
    # Who nominates again was told nothing.
    told = town.secretary().ask("my_messages")["items"]
    assert [one["code"] for one in told] == ["NOMINATION_LAPSED"]
    with pytest.raises(StateConflict):
        bench.as_("R_PM", person="per_wu").do("consent_appointment", {"appointment_id": made["id"]})


@pytest.mark.covers("F6-flow", "P2", "P3")
def test_a_new_manager_ends_the_former_ones_appointment_and_the_gap_is_counted_in_days(bench, town):
    town.found()
    held = town.appoint("P2C", "per_wu", "COMMITTEE_PART_TIME_MEMBER")
    bench.at("2025-05-30T10:00:00")
    town.district().do(
        "change_manager",
        {"project_id": "prj_a", "person_id": "per_new"},
        version=town.version("projects", "project_id", "prj_a"),
    )
    ended = bench.published("appointment_ended.v1")[0]["data"]
    assert (ended["appointment_id"], ended["reason"]) == (held["id"], "MANAGER_CHANGED")
    # Nor was who held the post.
    told = town.manager().ask("my_messages")["items"]
    assert [one["code"] for one in told] == ["APPOINTMENT_ENDED"]
    gap = town.street_clerk().ask("coverage_gaps")["items"][0]
    assert gap["since"]["P2C"] == "2025-05-30"
    # The manager's facts and the appointment's share one subject and grow in sequence.
    order = [e["sequence"] for e in bench.published() if e["subject"] == "prj_a"]
    assert order == sorted(order)
    assert len(set(order)) == len(order)
    bench.at("2025-06-03T10:00:00")
    again = town.appoint("P2C", "per_new", "COMMITTEE_PART_TIME_MEMBER")
    assert again["gap_days"] == 4
    with pytest.raises(errors.NotTheManager):
        town.manager("per_wu").do(
            "draft_agreement",
            {
                "project_id": "prj_a",
                "type": "JOINT_BUILDING",
                "valid_from": "2025-07-01",
                "text_sha256": town.text,
            },
        )
    ending = {"appointment_id": again["id"], "reason": "TRANSFER"}
    assert town.secretary().do("end_appointment", ending, version=5)["state"] == "ENDED"


@pytest.mark.covers("E14")
def test_a_company_is_registered_under_a_checked_code_or_with_a_recorded_reason(bench, town):
    company = {"name": "宏达物业", "company_id": "pco_a"}
    for wrong in ("91370899MA00000251", "91370899MI0000000E", "91370899MA0000000"):
        with pytest.raises(errors.UsccInvalid):
            town.district().do("register_company", company | {"uscc": wrong})
    made = town.district().do("register_company", company | {"uscc": "91370899-ma00000250"})
    again = bench.do("register_company", company | {"uscc": "９１３７０８９９ＭＡ00000250"})
    assert (made["id"], again["id"]) == ("pco_a", "pco_a")
    with pytest.raises(errors.UsccTaken):
        bench.do("register_company", {"name": "别家", "uscc": "91370899MA00000250"})
    with pytest.raises(errors.IdTaken):
        bench.do("register_company", company | {"uscc": "91110108551385082Q"})
    odd = bench.do(
        "register_company",
        {"name": "老企业", "uscc": "913708", "override_reason": "换证期间,旧证号核实无误"},
    )
    card = bench.ask("company", {"company_id": odd["id"]})
    assert card["uscc_valid"] is False
    assert card["uscc_override_reason"] == "换证期间,旧证号核实无误"
    assert len(bench.published("company_registered.v1")) == 2


def test_a_project_is_registered_once_with_its_first_manager(bench, town):
    town.found()
    town.found()
    assert len(bench.published("project_registered.v1")) == 1
    told = bench.published("project_manager_changed.v1")[0]
    assert told["data"] == {"project_id": "prj_a", "person_id": "per_wu"}
    order = {
        "project_id": "prj_a",
        "company_id": "pco_a",
        "name": "另一个",
        "community": town.community,
        "grids": [town.grid],
        "households": 10,
        "manager_person_id": "per_wu",
    }
    with pytest.raises(errors.IdTaken):
        bench.do("register_project", order)
    with pytest.raises(errors.AreaInvalid):
        bench.do("register_project", order | {"grids": ["370811002901001"]})
    listed = bench.ask("projects", {"scope": town.street})
    assert [row["id"] for row in listed["items"]] == ["prj_a"]


def test_an_owners_committee_is_odd_in_number_serves_its_term_and_expires(bench, town):
    town.found()
    order = {
        "project_id": "prj_a",
        "kind": "YWH",
        "members": ["per_1", "per_2", "per_3", "per_4", "per_5"],
        "chair": "per_1",
        "term_from": "2022-04-01",
        "term_to": "2025-04-01",
    }
    for wrong in (
        {"members": ["per_1", "per_2", "per_3", "per_4"]},
        {"chair": "per_9"},
        {"term_to": "2024-01-01"},
    ):
        with pytest.raises(errors.CommitteeSize) as refused:
            town.secretary().do("register_committee", order | wrong)
        assert refused.value.field in wrong
    town.settle(*order["members"])
    town.secretary().do("register_committee", order)
    assert bench.ask("project", {"project_id": "prj_a"})["owners_committee"]["members"] == 5
    bench.fire("2025-04-01T00:00:00")
    assert bench.ask("project", {"project_id": "prj_a"})["owners_committee"] is None


def test_who_is_named_for_a_post_is_not_public_before_he_holds_it(bench, town):
    """K15, SEC low 2: the list hid a nominee from strangers and the project's card told him."""
    town.found()
    town.enrol_cadre("per_wang")
    order = {
        "project_id": "prj_a",
        "direction": "C2P",
        "person_id": "per_wang",
        "target_post": "PROJECT_DEPUTY_MANAGER",
    }
    town.secretary().do("nominate", order)
    for read, enter in (
        (True, town.secretary),
        (True, town.manager),
        (True, lambda: bench.as_("R_RESIDENT", person="per_wang", scope=town.grid)),
        (False, lambda: bench.as_("R_RESIDENT", person="per_x", scope=town.grid)),
        (False, lambda: bench.as_("R_PM", person="per_rival", scope=town.community)),
        (False, lambda: bench.as_("R_CADRE", person="per_far", scope="370811015902")),
    ):
        card = enter().ask("project", {"project_id": "prj_a"})
        (pending,) = card["appointments"]["C2P"]["pending"]
        assert (pending["state"], "per_wang" in str(card)) == ("NOMINATED", read)


def approved(bench, town):
    town.found(representatives=("per_zheng", "per_two"))
    made = nominate(bench, town)
    which = {"appointment_id": made["id"]}
    bench.as_("R_RESIDENT", person="per_wu", scope=town.grid).do("consent_appointment", which)
    return which


def test_nobody_files_what_he_nominated_or_approved(bench, town):
    """K12: one person approved as the secretary and filed as the street."""
    which = approved(bench, town)
    document = {"document_ref": "纪要〔2025〕3号"}
    town.secretary().do("approve_appointment", which | document, version=2)
    town.company().do("approve_appointment", which | document, version=3)
    assert "FILE_APPOINTMENT" not in town.street_clerk("per_sun").ask("todo")["counts"]
    for person in ("per_sun", "per_zheng"):
        with pytest.raises(errors.SamePerson):
            town.street_clerk(person).do("file_appointment", which, version=4)
    assert town.street_clerk().ask("todo")["counts"] == {"FILE_APPOINTMENT": 1}
    town.street_clerk().do("file_appointment", which, version=4)


def test_the_only_representatives_own_post_is_not_his_to_approve(bench, town):
    """His list kept it, the refusal did not say why, and it waited for ever."""
    town.found(representatives=("per_wu",))
    made = nominate(bench, town)
    which = {"appointment_id": made["id"]}
    bench.as_("R_RESIDENT", person="per_wu", scope=town.grid).do("consent_appointment", which)
    himself = town.company("per_wu")
    assert "APPROVE_APPOINTMENT" not in himself.ask("todo")["counts"]
    with pytest.raises(errors.OwnAppointment) as refused:
        himself.do("approve_appointment", which | {"document_ref": "同意函"}, version=2)
    assert "另一名授权代表" in refused.value.describe()


def test_an_appointment_that_waits_says_until_when_and_whom_it_waits_for(bench, town):
    which = approved(bench, town)
    (item,) = town.company().ask("todo")["items"]
    assert (item["deed"], item["about"]) == ("APPROVE_APPOINTMENT", "COMMITTEE_PART_TIME_MEMBER")
    assert instant(item["due"]) == instant("2025-03-11T00:00:00")
    town.company().do("approve_appointment", which | {"document_ref": "同意函"}, version=2)
    bench.fire("2025-03-11T00:00:00")
    told = town.secretary().ask("my_messages")["items"]
    assert [one["code"] for one in told] == ["APPROVAL_LATE"]
    assert town.company().ask("my_messages")["items"] == []
    card = town.secretary().ask("appointment", which)
    assert (card["state"], card["history"][-1]["what"]) == ("CONSENTED", "APPROVAL_LATE")
    # A clock that is over does not run: it was shown as what the step waits for.
    (line,) = town.secretary().ask("appointments", {})["items"]
    for shown in (card, line):
        assert (shown["due"], instant(shown["overdue_since"])) == (
            None,
            instant("2025-03-11T00:00:00"),
        )
