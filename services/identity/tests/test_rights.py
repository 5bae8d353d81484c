"""Rights follow from facts, or from offices that two people granted, and end with them."""

import itertools

import pytest

from fivered.chassis.messages import SYSTEM
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.identity.errors import (
    DistrictBegun,
    GrantExists,
    GrantOfFact,
    OwnGrant,
    RolesExclude,
    ScopeForRole,
    SecondPerson,
    SessionEnded,
    UnknownArea,
    UnknownPerson,
)
from fivered.services.identity.storage import accounts
from fivered.services.identity.storage.tables import grants
from fivered.services.identity.tests.conftest import COMMUNITY, DISTRICT, GRID, OTHER_GRID, STREET

ANA = "per_ana"
_HELD = {"person_id": ANA}


def propose(house, by="per_zhou", role="R_STREET", scope=STREET, person=ANA, **more):
    body = {"person_id": person, "role": role, "scope": scope, "reason": "任命"} | more
    return house.as_("R_DISTRICT", by, DISTRICT).do("propose_grant", body)


def decide(house, step, grant, by="per_qin", *, role="R_DISTRICT", scope=DISTRICT):
    body = {"grant_id": grant["id"]} | ({} if step == "approve_grant" else {"reason": "离任"})
    return house.as_(role, by, scope).do(step, body, version=grant["version"])


# --------------------------------------------------------------------------------------------------
# Offices


def test_an_office_is_granted_by_two_people_and_ends_at_once(house):
    house.resident(ANA)
    grant = propose(house)
    assert ("R_STREET", STREET, "OFFICE") not in house.rights(ANA)
    with pytest.raises(SecondPerson):
        decide(house, "approve_grant", grant, by="per_zhou")
    with pytest.raises(OwnGrant):
        decide(house, "approve_grant", grant, by=ANA)
    # Another person has to do it: a want of right, though it is no 403.
    denied = house.bench.rows("select actor, refused from audit where result = 'DENIED'")
    told = [(row["actor"], row["refused"]) for row in denied]
    assert {("per_zhou", "SECOND_PERSON"), (ANA, "OWN_GRANT")} <= {*told}
    grant = decide(house, "approve_grant", grant)
    assert ("R_STREET", STREET, "OFFICE") in house.rights(ANA)
    with pytest.raises(GrantExists):
        propose(house)
    grant = decide(house, "end_grant", grant)
    assert (grant["state"], grant["ended_at"] is None) == ("ENDED", False)
    assert ("R_STREET", STREET, "OFFICE") not in house.rights(ANA)
    with pytest.raises(StateConflict):
        decide(house, "end_grant", grant)
    assert propose(house)["state"] == "PROPOSED"


def test_a_peers_right_to_administer_is_ended_by_two_or_by_the_operator(house):
    """A tester put every other administrator out, alone."""
    zhou, qin = house.first_day("zhou")["person_id"], house.first_day("qin")["person_id"]
    house.resident(ANA)
    grant = decide(house, "approve_grant", propose(house, zhou, "R_DISTRICT", DISTRICT), by=qin)
    grant = decide(house, "end_grant", grant, by=zhou)
    assert (grant["state"], grant["end_proposed_by"], grant["end_reason"]) == (
        "ACTIVE", zhou, "离任",
    )  # fmt: skip
    with pytest.raises(SecondPerson):
        decide(house, "end_grant", grant, by=zhou)
    with pytest.raises(OwnGrant):
        decide(house, "refuse_grant", grant, by=ANA)
    grant = decide(house, "refuse_grant", grant, by=qin)
    assert (grant["state"], grant["end_proposed_by"]) == ("ACTIVE", None)
    grant = decide(house, "end_grant", decide(house, "end_grant", grant, by=qin), by=ANA)
    assert (grant["state"], house.rights(ANA)) == ("ENDED", [("R_RESIDENT", GRID, "RESIDENT")])

    # Of two, one is gone: nobody is left who could agree.
    house.bench.actor = SYSTEM
    house.bench.do("_end_first_day", {"login": "qin", "district": DISTRICT})
    assert house.rights(qin) == []
    with pytest.raises(NotFound):
        house.bench.do("_end_first_day", {"login": "qin", "district": DISTRICT})
    assert house.rights(house.first_day("third")["person_id"])


def test_nobody_audits_and_administers(house):
    """Testers made an auditor an administrator, and the reverse."""
    house.resident(ANA)
    pairs = (("R_AUDITOR", DISTRICT), ("R_DISTRICT", DISTRICT), ("R_STREET", STREET)), (
        ("R_SECRETARY", COMMUNITY), ("R_AUDITOR", DISTRICT),
    )  # fmt: skip
    for first, *others in pairs:
        held = propose(house, role=first[0], scope=first[1])
        for active in (False, True):
            held = decide(house, "approve_grant", held) if active else held
            for role, scope in others:
                with pytest.raises(RolesExclude) as refused:
                    propose(house, role=role, scope=scope)
                assert (refused.value.params["scope"], refused.value.field) == (
                    held["scope"],
                    "role",
                )
        decide(house, "end_grant", held)
    # Both were proposed before this was refused: only one of them is approved.
    audits = propose(house, role="R_AUDITOR", scope=DISTRICT)
    with house.bench.transaction() as tx:
        tx.conn.execute(
            grants.update().values(role="R_DISTRICT").where(grants.c.state == "PROPOSED")
        )
    administers = propose(house, role="R_STREET", scope=STREET)
    with house.bench.transaction() as tx:
        mine = grants.c.grant_id == audits["id"]
        tx.conn.execute(grants.update().values(role="R_AUDITOR").where(mine))
    for one in (audits, administers):
        with pytest.raises(RolesExclude):
            decide(house, "approve_grant", one)


def test_no_office_is_granted_in_an_area_that_is_not_there(house):
    """A cadre was made for 370811999999."""
    house.resident(ANA)
    unknown = {"R_CADRE": "370811999999", "R_STREET": "370811999", "R_CONSUMER": "370811015999"}
    # As long as nothing of the district is known, nobody can tell.
    first = propose(house, role="R_CADRE", scope=COMMUNITY)
    for sequence, code in enumerate((DISTRICT, STREET, COMMUNITY), 1):
        data = {"code": code, "kind": "X", "parent": "", "name": "春晖"}
        house.hear("steward", "area_defined", data, sequence=sequence)
    for role, scope in unknown.items():
        with pytest.raises(UnknownArea) as refused:
            propose(house, role=role, scope=scope)
        assert (refused.value.field, refused.value.params) == ("scope", {"area": scope})
    district = house.as_("R_DISTRICT", "per_zhou", DISTRICT)
    with pytest.raises(UnknownArea):
        district.do("create_account", {"login": "feng", "area": "370811999999"})
    with pytest.raises(UnknownArea):
        system = {"name": "热线", "scopes": ["public.read"], "area": "370811999", "reason": "热线"}
        district.do("propose_service_account", system)
    # Nor is an administrator begun with, by a slip of the operator's pen.
    with pytest.raises(UnknownArea):
        house.first_day("zhou", "370812")
    assert house.first_day("zhou")
    assert decide(house, "approve_grant", first)["state"] == "ACTIVE"
    assert propose(house, role="R_STREET", scope=STREET)
    assert district.do("create_account", {"login": "feng", "area": COMMUNITY})


def test_a_proposal_is_refused_or_taken_back(house):
    house.resident(ANA)
    for by in ("per_qin", "per_zhou"):
        grant = decide(house, "refuse_grant", propose(house), by=by)
        assert grant["state"] == "REFUSED"
        with pytest.raises(StateConflict):
            decide(house, "approve_grant", grant)


def test_nobody_proposes_beyond_the_own_office(house):
    house.resident(ANA)
    with pytest.raises(OwnGrant):
        propose(house, by=ANA)
    with pytest.raises(ScopeForRole):
        propose(house, role="R_STREET", scope=COMMUNITY)
    with pytest.raises(UnknownPerson):
        propose(house, person="per_nobody")
    with pytest.raises(Invalid):
        propose(house, to_at="2020-01-01T00:00:00+08:00")
    street = house.as_("R_STREET", "per_meng", STREET)
    body = {"person_id": ANA, "reason": "任命"}
    with pytest.raises(RoleDenied):
        street.do("propose_grant", body | {"role": "R_DISTRICT", "scope": DISTRICT})
    with pytest.raises(RoleDenied):
        street.do("propose_grant", body | {"role": "R_STREET", "scope": STREET})
    with pytest.raises(RoleDenied):
        street.do("propose_grant", body | {"role": "R_SECRETARY", "scope": "370811001901"})
    with pytest.raises(ScopeForRole):
        street.do("propose_grant", body | {"role": "R_MERCHANT", "scope": GRID})
    for role in ("R_SECRETARY", "R_MERCHANT"):
        assert street.do("propose_grant", body | {"role": role, "scope": COMMUNITY})
    grant = propose(house)
    with pytest.raises(RoleDenied):
        decide(house, "approve_grant", grant, role="R_STREET", scope=STREET)
    with pytest.raises(NotFound):
        decide(house, "approve_grant", grant, role="R_STREET", scope="370811001")


def test_a_right_with_an_end_is_in_no_token_that_lasts_longer(house):
    made = house.first_day("zhou")
    person = made["person_id"]
    house.staff(made=made)
    end = house.bench.now.replace(hour=1, minute=3)
    grant = propose(house, by="per_x", person=person, role="R_CONSUMER", scope=DISTRICT,
                    to_at=end.isoformat())  # fmt: skip
    decide(house, "approve_grant", grant)
    house.time.pass_(seconds=30)
    tokens = house.staff_again("zhou")
    said = house.read(tokens)
    assert {"role": "R_CONSUMER", "scope": DISTRICT} in said["grants"]
    assert said["exp"] - said["iat"] == (end - house.bench.now).total_seconds()
    house.bench.at(end)
    assert {"role": "R_CONSUMER", "scope": DISTRICT} not in house.read(house.refresh(tokens))[
        "grants"
    ]


def test_the_operator_names_two_administrators_and_no_third(house):
    house.first_day("zhou")
    house.first_day("qin")
    with pytest.raises(DistrictBegun):
        house.first_day("third")


# --------------------------------------------------------------------------------------------------
# Facts


ENROLLED = {"steward_id": "stw_1", "person_id": ANA, "community": COMMUNITY}
LIAISON = {"link_id": "lnk_1", "target_kind": "STREET", "target": STREET, "person_id": ANA}
PROJECT = {"project_id": "prj_1", "community": COMMUNITY, "status": "IN_SERVICE"}
COMMITTEE = {"committee_id": "com_1", "project_id": "prj_1", "members": [ANA], "state": "IN_TERM"}
# What begins a right, which one, and what ends it.
FACTS = {
    "a post": (
        [("steward", "steward_enrolled", ENROLLED | {"duty": "POLICE"})],
        [("R_STEWARD", COMMUNITY, "STEWARD")],
        [("steward", "steward_left", {"steward_id": "stw_1"})],
    ),
    "a grid worker": (
        [("steward", "steward_enrolled", ENROLLED | {"duty": "GRID_WORKER"})],
        [("R_GRID", COMMUNITY, "STEWARD"), ("R_STEWARD", COMMUNITY, "STEWARD")],
        [("steward", "steward_left", {"steward_id": "stw_1"})],
    ),
    "a cadre": (
        [("steward", "steward_enrolled", ENROLLED | {"duty": "COMMUNITY_CADRE"})],
        [("R_CADRE", COMMUNITY, "STEWARD"), ("R_STEWARD", COMMUNITY, "STEWARD")],
        [("steward", "steward_left", {"steward_id": "stw_1"})],
    ),
    "a project's manager": (
        [
            ("property", "project_registered", PROJECT),
            ("property", "project_manager_changed", {"project_id": "prj_1", "person_id": ANA}),
        ],
        [("R_PM", COMMUNITY, "PROJECT")],
        [("property", "project_manager_changed", {"project_id": "prj_1", "person_id": "per_b"})],
    ),
    "a project that closes": (
        [
            ("property", "project_manager_changed", {"project_id": "prj_1", "person_id": ANA}),
            ("property", "project_registered", PROJECT),
        ],
        [("R_PM", COMMUNITY, "PROJECT")],
        [("property", "project_registered", PROJECT | {"status": "CLOSED"})],
    ),
    "a company's representative": (
        [("property", "company_registered", {"company_id": "pco_1", "representatives": [ANA]})],
        [("R_PCO", DISTRICT, "COMPANY")],
        [
            (
                "property", "company_representatives_changed",
                {"company_id": "pco_1", "representatives": []},
            )
        ],
    ),
    "a member of a committee": (
        [("property", "owners_committee_changed", COMMITTEE)],
        [("R_OWNERS", COMMUNITY, "COMMITTEE")],
        [("property", "owners_committee_changed", COMMITTEE | {"state": "EXPIRED"})],
    ),
    "a partner's operator": (
        [
            ("partner", "partner_admitted", {"partner_id": "ptn_1", "area": COMMUNITY}),
            ("partner", "partner_operators_changed", {"partner_id": "ptn_1", "operators": [ANA]}),
        ],
        [("R_PARTNER", COMMUNITY, "PARTNER")],
        [("partner", "partner_exited", {"partner_id": "ptn_1"})],
    ),
    "an operator who goes": (
        [
            ("partner", "partner_operators_changed", {"partner_id": "ptn_1", "operators": [ANA]}),
            ("partner", "partner_admitted", {"partner_id": "ptn_1", "area": COMMUNITY}),
        ],
        [("R_PARTNER", COMMUNITY, "PARTNER")],
        [("partner", "partner_operators_changed", {"partner_id": "ptn_1", "operators": []})],
    ),
    "a district's leader": (
        [("forum", "liaison_assigned", LIAISON | {"tier": "DISTRICT_LEADER"})],
        [("R_DISTRICT_LEAD", STREET, "LIAISON")],
        [("forum", "liaison_ended", {"link_id": "lnk_1"})],
    ),
    "a deputy": (
        [
            (
                "forum", "deputy_began",
                {"deputy_id": "dep_1", "person_id": ANA, "streets": [STREET]},
            )
        ],
        [("R_DEPUTY", STREET, "DEPUTY")],
        [("forum", "deputy_ended", {"deputy_id": "dep_1"})],
    ),
    "a resident": (
        [
            (
                "steward", "resident_registered",
                {"person_id": ANA, "grid": GRID, "community": COMMUNITY},
            )
        ],
        [("R_RESIDENT", GRID, "RESIDENT")],
        [("steward", "resident_deactivated", {"person_id": ANA, "reason": "MOVED_OUT"})],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FACTS)
def test_a_right_begins_and_ends_with_its_fact(house, kind):
    begins, rights, ends = FACTS[kind]
    numbers = itertools.count(1)
    for source, fact, data in begins:
        house.hear(source, fact, data, sequence=next(numbers))
    assert house.rights(ANA) == rights
    for source, fact, data in ends:
        house.hear(source, fact, data, sequence=next(numbers))
    assert house.rights(ANA) == []


def test_a_token_of_before_counts_no_more_when_a_right_has_ended(house):
    house.resident(ANA)
    code = house.as_("R_GRID", "per_shi", COMMUNITY).do("enrol", {"person_id": ANA})["code"]
    body = {"code": code, "login": "xiaoli", "password": "a fine long sentence 7"}
    tokens = house.anybody().do("activate", body)
    assert house.read(tokens)["gen"] == 0
    moved = {"person_id": ANA, "to_grid": OTHER_GRID}
    house.hear("steward", "resident_moved", moved, sequence=2)
    assert house.endings("PERSON") == [(ANA, 1)]
    said = house.read(house.refresh(tokens))
    assert (said["gen"], said["grants"]) == (1, [{"role": "R_RESIDENT", "scope": OTHER_GRID}])


def test_who_has_died_has_no_right_and_no_account(house):
    house.resident(ANA)
    code = house.as_("R_GRID", "per_shi", COMMUNITY).do("enrol", {"person_id": ANA})["code"]
    body = {"code": code, "login": "xiaoli", "password": "a fine long sentence 7"}
    tokens = house.anybody().do("activate", body)
    house.hear("steward", "steward_enrolled", ENROLLED | {"duty": "GRID_WORKER"})
    decide(house, "approve_grant", propose(house))
    dead = {"person_id": ANA, "reason": "DECEASED"}
    house.hear("steward", "resident_deactivated", dead, sequence=2)
    assert house.rights(ANA) == []
    with pytest.raises(SessionEnded):
        house.refresh(tokens)
    # What is told of the dead later gives no right.
    house.hear("steward", "steward_enrolled", ENROLLED | {"steward_id": "stw_2"})
    assert house.rights(ANA) == []


def test_who_was_erased_has_no_account_and_the_login_is_free(house):
    house.resident(ANA)
    code = house.as_("R_GRID", "per_shi", COMMUNITY).do("enrol", {"person_id": ANA})["code"]
    body = {"code": code, "login": "xiaoli", "password": "a fine long sentence 7"}
    tokens = house.anybody().do("activate", body)
    house.hear("steward", "person_erased", {"person_id": ANA}, sequence=3)
    assert house.bench.parked() == []
    assert house.rights(ANA) == []
    with pytest.raises(SessionEnded):
        house.refresh(tokens)
    with house.bench.transaction() as tx:
        row = accounts.of_person(tx.conn, ANA)
        assert (row.state, row.login, row.password) == ("CLOSED", row.account_id, None)
    house.resident("per_next")
    code = house.as_("R_GRID", "per_shi", COMMUNITY).do("enrol", {"person_id": "per_next"})["code"]
    assert house.anybody().do("activate", body | {"code": code})["access_token"]


def test_rights_that_follow_from_facts_are_not_ended_by_hand(house):
    house.resident(ANA)
    (grant,) = house.as_("R_DISTRICT", "per_zhou", DISTRICT).ask("grant_list")["items"]
    with pytest.raises(GrantOfFact):
        decide(house, "end_grant", grant)


def test_a_fact_of_before_that_comes_late_changes_nothing(house):
    house.resident(ANA, sequence=1)
    house.hear("steward", "resident_moved", {"person_id": ANA, "to_grid": OTHER_GRID}, sequence=3)
    house.hear("steward", "resident_moved", {"person_id": ANA, "to_grid": GRID}, sequence=2)
    assert house.rights(ANA) == [("R_RESIDENT", OTHER_GRID, "RESIDENT")]


def test_a_residents_account_goes_where_the_person_lives(house):
    house.resident(ANA)
    worker = house.as_("R_GRID", "per_shi", COMMUNITY)
    code = worker.do("enrol", {"person_id": ANA})["code"]
    body = {"code": code, "login": "xiaoli", "password": "a fine long sentence 7"}
    house.anybody().do("activate", body)
    far = "370811001001001"
    house.hear("steward", "resident_moved", {"person_id": ANA, "to_grid": far}, sequence=2)
    there = house.as_("R_STREET", "per_yan", far[:9])
    assert [one["login"] for one in there.ask("account_list")["items"]] == ["xiaoli"]
    assert house.as_("R_STREET", "per_meng", STREET).ask("account_list")["items"] == []


def test_of_two_registrations_the_kept_one_has_the_rights_of_both(house):
    house.resident("per_old")
    code = house.as_("R_GRID", "per_shi", COMMUNITY).do("enrol", {"person_id": "per_old"})["code"]
    body = {"code": code, "login": "xiaoli", "password": "a fine long sentence 7"}
    tokens = house.anybody().do("activate", body)
    house.hear("steward", "steward_enrolled", ENROLLED | {"person_id": "per_old"})
    house.hear("steward", "person_merged", {"person_id": "per_old", "into": ANA}, sequence=5)
    with pytest.raises(SessionEnded):
        house.refresh(tokens)
    assert ("R_STEWARD", COMMUNITY, "STEWARD") in house.rights(ANA)
    assert house.rights("per_old") == []
    again = house.sign_in("xiaoli", "a fine long sentence 7")
    assert again["person_id"] == ANA
    house.hear("steward", "steward_left", {"steward_id": "stw_1"}, sequence=7)
    assert ("R_STEWARD", COMMUNITY, "STEWARD") not in house.rights(ANA)


def test_who_holds_what_is_listed_for_the_area(house):
    house.resident(ANA)
    house.resident("per_far", "370811001001001")
    auditor = house.as_("R_AUDITOR", "per_bai", DISTRICT)
    assert len(auditor.ask("grant_list")["items"]) == 2
    assert len(auditor.ask("grant_list", {"scope": STREET})["items"]) == 1
    assert auditor.ask("grant_list", {"role": "R_STREET"})["items"] == []
    street = house.as_("R_STREET", "per_meng", STREET)
    assert [one["person_id"] for one in street.ask("grant_list")["items"]] == [ANA]
    with pytest.raises(RoleDenied):
        street.ask("grant_list", {"scope": "370811001"})
    one = street.ask("grant_list")["items"][0]
    assert street.ask("grant", {"grant_id": one["id"]})["source"] == "RESIDENT"
    with pytest.raises(NotFound):
        house.as_("R_STREET", "per_yan", "370811001").ask("grant", {"grant_id": one["id"]})
