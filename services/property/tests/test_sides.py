"""Three sides meet, sign and check in a compound, and nobody is two of them (K12, K14)."""

import pytest

from fivered.chassis.refusal import Invalid, StateConflict
from fivered.services.property import errors

pytestmark = pytest.mark.slow

MEMBERS = ("per_o0", "per_o1", "per_o2", "per_o3", "per_o4")
DEPUTY = "PROJECT_DEPUTY_MANAGER"


@pytest.fixture
def compound(town):
    """A project with a committee of its owners and a deputy manager from the community."""
    town.found()
    town.settle(*MEMBERS)
    town.enrol_cadre("per_wang")
    town.elect(MEMBERS)
    return town


def nominate(town, person, direction="C2P", post=DEPUTY, **more):
    body = {"project_id": "prj_a", "direction": direction, "person_id": person, "target_post": post}
    return town.secretary().do("nominate", body | more)


def meet(town, project="prj_a", decisions=(), held_at="2025-03-02T15:00:00+08:00", **attendees):
    present = {"COMMITTEE": ["per_sun"], "OWNERS": ["per_o0"], "PROPERTY": ["per_wu"]}
    return town.secretary().do(
        "hold_meeting",
        {
            "project_id": project,
            "held_at": held_at,
            "chair": "per_sun",
            "attendees": present | attendees,
            "minutes_sha256": "c" * 64,
            "decisions": list(decisions),
        },
    )


def name_manager(town, person, who=None):
    body = {"project_id": "prj_a", "person_id": person}
    version = town.version("projects", "project_id", "prj_a")
    return (who or town.company)().do("change_manager", body, version=version)


@pytest.mark.parametrize("person", ["per_wu", "per_zheng", "per_staff", "per_o0"])
def test_who_serves_a_project_or_its_owners_is_not_the_communitys_person_in_it(compound, person):
    """The manager became his own deputy from the community, on any document's word."""
    town = compound
    town.settle("per_staff")
    town.enrol_staff("per_staff")
    with pytest.raises(errors.OneSideOnly):
        nominate(town, person, committee_basis="纪要〔2025〕3号")


def test_who_has_become_the_manager_meanwhile_is_not_filed_as_deputy(compound):
    town = compound
    which = {"appointment_id": nominate(town, "per_new", committee_basis="纪要")["id"]}
    town.bench.as_("R_RESIDENT", person="per_new", scope=town.grid).do("consent_appointment", which)
    document = {"document_ref": "纪要〔2025〕3号"}
    town.secretary().do("approve_appointment", which | document, version=2)
    town.company().do("approve_appointment", which | document, version=3)
    name_manager(town, "per_new")
    with pytest.raises(errors.OneSideOnly):
        town.street_clerk().do("file_appointment", which, version=4)


@pytest.mark.parametrize("person", ["per_wang", "per_deputy", "per_o0"])
def test_a_project_is_not_managed_by_its_community_or_owners(compound, person):
    town = compound
    town.settle("per_deputy")
    deputy = nominate(town, "per_deputy", committee_basis="纪要")["id"]
    which = {"appointment_id": deputy}
    town.bench.as_("R_RESIDENT", person="per_deputy", scope=town.grid).do(
        "consent_appointment", which
    )
    document = {"document_ref": "纪要〔2025〕3号"}
    town.secretary().do("approve_appointment", which | document, version=2)
    town.company().do("approve_appointment", which | document, version=3)
    town.street_clerk().do("file_appointment", which, version=4)
    for who in (town.company, town.street_clerk):
        with pytest.raises(errors.OneSideOnly) as refused:
            name_manager(town, person, who)
        assert refused.value.field == "person_id"
    named = {"company_id": "pco_a", "representatives": ["per_zheng", person], "document_ref": "函"}
    with pytest.raises(errors.OneSideOnly):
        town.street_clerk().do("change_representatives", named, version=1)


@pytest.mark.parametrize(
    ("field", "who"),
    [
        ("manager_person_id", {"manager": "per_wang"}),
        ("company_id", {"representatives": ("per_wang",)}),
    ],
)
def test_a_project_is_not_registered_under_one_of_its_communitys_committees(town, field, who):
    town.enrol_cadre("per_wang")
    with pytest.raises(errors.OneSideOnly) as refused:
        town.found(**who)
    assert refused.value.field == field
    assert not town.bench.rows("SELECT 1 FROM projects")


def test_the_communitys_person_in_a_project_sits_neither_for_it_nor_for_the_owners(compound):
    """Two members of the community's committees filled two of the three sides."""
    town = compound
    town.settle("per_wang")
    town.appoint("C2P", "per_wang", DEPUTY)
    for side in ("PROPERTY", "OWNERS"):
        with pytest.raises(errors.NotOfThisSide):
            meet(town, **{side: ["per_wang"]})
    assert meet(town, COMMITTEE=["per_sun", "per_wang"])["state"] == "HELD"


def test_the_deputy_manager_is_not_of_the_owners_committee(compound):
    town = compound
    town.settle("per_wang")
    town.appoint("C2P", "per_wang", DEPUTY)
    with pytest.raises(errors.OnTheProjectsSide):
        town.elect((*MEMBERS[:4], "per_wang"))


def live_together(town, *people, household="hh_pm"):
    for person in people:
        town.bench.consume(
            "steward",
            "resident_registered.v1",
            {"person_id": person, "community": town.community, "grid": town.grid, "is_adult": True,
             "household_id": household, "synthetic": True},
            subject=person,
            sequence=2,
        )  # fmt: skip


@pytest.mark.parametrize("post", ["per_wu", "per_zheng", "per_staff"])
def test_who_lives_with_a_projects_people_decides_nothing_about_it(compound, post):
    """K12: the manager's wife found complaints about him invalid, and passed his fixes."""
    town = compound
    town.enrol_staff("per_staff")
    live_together(town, post, "per_kin")
    which = {"complaint_id": town.complain()}
    body = which | {"valid": False, "reason": "查无此事,不成立"}
    with pytest.raises(errors.ConflictOfInterest) as refused:
        town.cadre("per_kin").do("validate_complaint", body, version=1)
    assert refused.value.params["substitute"] == "per_wang"
    assert "同户" in refused.value.describe()
    order = town.cadre().do(
        "issue_rectification",
        {"project_id": "prj_a", "severity": "S3", "facts": "楼道堆物", "basis": "合同第 3 条"},
    )
    withdraw = {"rectification_id": order["id"], "reason": "签发有误,撤回"}
    with pytest.raises(errors.ConflictOfInterest):
        town.street_clerk("per_kin").do("withdraw_rectification", withdraw, version=1)
    assert town.cadre("per_kin").ask("todo")["counts"] == {}
    with pytest.raises(errors.OnTheProjectsSide):
        town.elect((*MEMBERS[:4], "per_kin"))
    with pytest.raises(errors.NotOfThisSide):
        meet(town, OWNERS=["per_kin"])


def test_who_manages_a_project_sits_for_no_committee_of_the_community(compound):
    """Its secretary managed the project, and chaired its meetings for the community."""
    town = compound
    town.bench.consume(
        "steward",
        "person_merged.v1",
        {"person_id": "per_wu", "into": "per_sun", "community": town.community},
        subject="per_wu",
        sequence=9,
    )
    with pytest.raises(errors.NotOfThisSide):
        meet(town, COMMITTEE=["per_sun"], PROPERTY=["per_zheng"])


def test_the_owners_committee_goes_with_the_compound(compound):
    """After a hand-over the owners had no committee, and a meeting needed two sides only."""
    town = compound
    town.hand_over()
    (row,) = town.secretary().ask("committees", {"project_id": "prj_b"})["items"]
    assert (row["members"], row["state"]) == (list(MEMBERS), "IN_TERM")
    town.bench.at("2025-03-05T09:00:00")
    since = {"held_at": "2025-03-04T15:00:00+08:00", "PROPERTY": ["per_new"]}
    with pytest.raises(errors.QuorumNotMet):
        meet(town, "prj_b", OWNERS=[], **since)
    assert meet(town, "prj_b", **since)["two_sided"] is False


def test_others_hear_who_sits_for_the_owners(compound):
    """The forum believed a person who called himself one of them."""
    town = compound
    town.hand_over()
    town.bench.fire("2028-01-01T00:30:00")
    said = town.bench.published("owners_committee_changed.v1")
    assert [(one["data"]["project_id"], one["data"]["state"]) for one in said] == [
        ("prj_a", "IN_TERM"), ("prj_b", "IN_TERM"), ("prj_b", "EXPIRED"),
    ]  # fmt: skip
    assert {tuple(one["data"]["members"]) for one in said} == {MEMBERS}
    assert [int(one["sequence"]) for one in said] == [1, 2, 3]


def test_committees_of_before_are_said_once(compound):
    bench = compound.bench
    before = bench.published("owners_committee_changed.v1")
    with bench.runtime.transaction(bench.actor) as tx:
        tx.arm("tell_committees", "ALL", tx.now)
    bench.fire("2025-04-01T00:00:00")
    said = [one["data"] for one in bench.published("owners_committee_changed.v1")]
    assert said == [one["data"] for one in before] * 2


@pytest.mark.parametrize(
    ("field", "who"),
    [
        ("manager_person_id", {"manager": "per_o1"}),
        ("company_id", {"representatives": ("per_o1",)}),
    ],
)
def test_a_compound_is_not_handed_over_to_one_of_its_owners_committee(compound, field, who):
    with pytest.raises(errors.OneSideOnly) as refused:
        compound.hand_over(**who)
    assert refused.value.field == field


def test_a_meeting_has_no_more_decisions_than_a_meeting_has(compound):
    """K16: 2,000 of one call held the service for as long as they took."""
    town = compound
    item = {"text": "充电桩选址", "kind": "RECORD"}
    with pytest.raises(Invalid) as refused:
        meet(town, decisions=[item] * 51)
    assert refused.value.field == "decisions"
    assert len(meet(town, decisions=[item] * 50)["decisions"]) == 50


# --------------------------------------------------------------------------------------------------
# Who is named instead can


def submitted(town):
    """Return a commitment of the project, with its evidence, that waits for the community."""
    town.agree(commitments=town.dated("2025-03-07"))
    item = town.bench.rows("SELECT commitment_id AS c, version AS v FROM commitments LIMIT 1")[0]
    which = {"commitment_id": item["c"]}
    town.manager().do("fulfil_commitment", which | {"evidence": ["sha256:1"]}, version=item["v"])
    return which, item["v"] + 1


def test_the_street_accepts_where_the_community_may_not(compound):
    """The street was named, and was refused by the door."""
    town = compound
    town.appoint("C2P", "per_wang", DEPUTY)
    which, version = submitted(town)
    with pytest.raises(errors.ConflictOfInterest) as refused:
        town.cadre("per_wang").do("accept_commitment", which, version=version)
    assert refused.value.params["substitute"] == "R_STREET"
    assert town.street_clerk().do("accept_commitment", which, version=version)["state"] == (
        "FULFILLED"
    )


def test_the_street_signs_where_the_secretary_is_the_deputy(compound):
    town = compound
    town.enrol_cadre("per_two")
    town.appoint("C2P", "per_wang", DEPUTY)
    made = town.secretary().do(
        "draft_agreement",
        {"project_id": "prj_a", "type": "JOINT_BUILDING", "valid_from": "2025-03-03",
         "text_sha256": town.text, "commitments": town.commitments()},
    )  # fmt: skip
    sign = {"agreement_id": made["id"], "text_sha256": town.text}
    town.manager().do("sign_agreement", sign | {"side": "PROJECT"}, version=1)
    mine = sign | {"side": "COMMUNITY"}
    with pytest.raises(errors.ConflictOfInterest) as refused:
        town.bench.as_("R_SECRETARY", person="per_wang", scope=town.community).do(
            "sign_agreement", mine, version=2
        )
    # A cadre may not sign: he is not named.
    assert refused.value.params["substitute"] == "R_STREET"
    assert town.street_clerk().do("sign_agreement", mine, version=2)["state"] == "ACTIVE"


def test_the_street_checks_a_work_where_the_community_may_not(compound):
    town = compound
    town.appoint("C2P", "per_wang", DEPUTY)
    held = town.secretary().do(
        "hold_meeting",
        {
            "project_id": "prj_a",
            "held_at": "2025-03-02T15:00:00+08:00",
            "chair": "per_sun",
            "attendees": {"COMMITTEE": ["per_sun"], "OWNERS": ["per_o0"], "PROPERTY": ["per_wu"]},
            "minutes_sha256": "c" * 64,
            "decisions": [{"text": "充电桩选址", "kind": "WORK", "due_date": "2025-03-20"}],
        },
    )
    work = {"work_id": held["decisions"][0]["opened"]}
    town.manager().do("start_work", work, version=1)
    delivered = town.manager().do("deliver_work", work | {"evidence": ["sha256:1"]}, version=2)
    check = work | {"accepted": True}
    with pytest.raises(errors.ConflictOfInterest):
        town.cadre("per_wang").do("check_work", check, version=delivered["version"])
    town.street_clerk().do("check_work", check, version=delivered["version"])


def test_who_is_named_for_a_complaint_is_not_of_its_household(compound):
    """A member of the complainant's household learned neither why nor who decides instead."""
    town = compound
    live_together(town, "per_li", "per_res", "per_yang", household="hh_1")
    town.enrol_cadre("per_yang")
    which = {"complaint_id": town.complain()}
    body = which | {"valid": True, "reason": "现场核实,属实"}
    with pytest.raises(errors.SameHousehold) as refused:
        town.cadre("per_li").do("validate_complaint", body, version=1)
    assert refused.value.params["substitute"] == "per_wang"
    with pytest.raises(errors.OwnComplaint) as refused:
        town.cadre("per_res").do("validate_complaint", body, version=1)
    assert "per_wang" in refused.value.describe()
    town.cadre("per_wang").do("validate_complaint", body, version=1)


# --------------------------------------------------------------------------------------------------
# Agreements


def test_one_promise_does_not_count_four_times(compound):
    """SP-D9: four items that say the same passed as four."""
    town = compound
    item = {"title": "清扫", "responsible": "PROJECT", "due_date": "2025-04-01",
            "evidence_kinds": ["PHOTO"]}  # fmt: skip
    with pytest.raises(errors.CommitmentRepeated):
        town.agree(commitments=[item, item, item, item | {"title": "清扫 "}])


def test_an_agreement_is_amended_once(compound):
    """Two amendments of one agreement were both in force, and all their items counted."""
    town = compound
    former = town.agree()
    later = {"valid_from": "2025-04-01", "supersedes": former}
    draft = {"project_id": "prj_a", "type": "JOINT_BUILDING", "text_sha256": "b" * 64,
             "commitments": town.dated("2025-05-20")} | later  # fmt: skip
    second = town.secretary().do("draft_agreement", draft)["id"]
    first = town.agree(**later)
    with pytest.raises(errors.AmendedAlready):
        town.secretary().do("draft_agreement", draft)
    sign = {"agreement_id": second, "text_sha256": "b" * 64, "side": "PROJECT"}
    with pytest.raises(errors.AmendedAlready):
        town.manager().do("sign_agreement", sign, version=1)
    # As two were signed before that was refused.
    with town.bench.runtime.engine.begin() as conn:
        conn.exec_driver_sql(
            f"UPDATE agreements SET supersedes = NULL WHERE agreement_id='{first}'"
        )
    town.manager().do("sign_agreement", sign, version=1)
    town.secretary().do("sign_agreement", sign | {"side": "COMMUNITY"}, version=2)
    with town.bench.runtime.engine.begin() as conn:
        conn.exec_driver_sql(
            f"UPDATE agreements SET supersedes = '{former}' WHERE agreement_id = '{first}'"
        )
    town.bench.fire("2025-04-01T00:30:00")
    states = {
        row["agreement_id"]: row["state"] for row in town.bench.rows("SELECT * FROM agreements")
    }
    assert sorted(states.pop(one) for one in (first, second)) == ["ACTIVE", "TERMINATED"]
    assert states == {former: "TERMINATED"}


def test_what_a_closed_project_owed_waits_for_nobody(compound):
    """K13: its overdue commitments stayed in the lists of both sides for ever."""
    town = compound
    town.agree(commitments=town.dated("2025-03-05"))
    town.bench.fire("2025-03-07T00:00:00")
    town.hand_over()
    for who in (town.manager(), town.company(), town.secretary()):
        waits = {row["deed"] for row in who.ask("todo")["items"]}
        assert "FULFIL_COMMITMENT" not in waits
    item = town.bench.rows("SELECT commitment_id AS c, version AS v FROM commitments LIMIT 1")[0]
    with pytest.raises(StateConflict):
        town.manager().do(
            "fulfil_commitment",
            {"commitment_id": item["c"], "evidence": ["sha256:1"]},
            version=item["v"],
        )


def test_who_has_agreed_to_waive_is_told_so_in_words(compound):
    town = compound
    town.agree()
    item = town.bench.rows("SELECT commitment_id AS c, version AS v FROM commitments LIMIT 1")[0]
    waive = {"commitment_id": item["c"], "reason": "双方协商一致"}
    town.street_clerk().do("waive_commitment", waive, version=item["v"])
    with pytest.raises(StateConflict) as refused:
        town.street_clerk("per_qian2").do("waive_commitment", waive, version=item["v"] + 1)
    assert "WAIVED_BY" not in refused.value.describe()


def test_who_nominated_is_told_that_the_deputy_left_the_committees(compound):
    """K13: he stayed in office, no gap ran, and nobody heard of it."""
    town = compound
    town.appoint("C2P", "per_wang", DEPUTY)
    left = {"steward_id": "stw_per_wang", "person_id": "per_wang"}
    town.bench.consume("steward", "steward_left.v1", left, subject="stw_per_wang", sequence=2)
    told = town.bench.as_("R_SECRETARY", person="per_sun", scope=town.community)
    (message,) = told.ask("my_messages")["items"]
    assert (message["code"], "宏河苑" in message["text"]) == ("APPOINTEE_NO_CADRE", True)
    card = town.cadre().ask("project", {"project_id": "prj_a"})
    assert card["appointments"]["C2P"]["active"]["person_id"] == "per_wang"
