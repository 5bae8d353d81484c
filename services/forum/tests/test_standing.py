"""Who takes part is looked up in the registry and the registers of posts, never believed."""

import pytest

from fivered.chassis.i18n import problem_of
from fivered.chassis.refusal import Invalid, RoleDenied
from fivered.services.forum import errors
from fivered.services.forum.tests.conftest import (
    ANA,
    BEN,
    CADRE,
    CAI,
    COMMUNITY,
    GRID,
    MANAGER,
    NEIGHBOURS,
    NEXT_GRID,
    OTHER_GRID,
    PROJECT,
    STREET,
    TEAM,
    WORKER,
)

pytestmark = pytest.mark.slow

START = "2025-03-07T19:00:00+08:00"
NOBODY = "per_unknown_1"
SECRETARY_AT_HOME = CAI


def moved(town, person, grid, sequence=5):
    town.bench.consume(
        "steward",
        "resident_moved.v1",
        {"person_id": person, "from_grid": GRID, "to_grid": grid, "community": grid[:12]},
        subject=person,
        sequence=sequence,
    )


def fact(town, name, person, sequence=7, **data):
    town.bench.consume(
        "steward",
        f"{name}.v1",
        {"person_id": person} | data,
        subject=person,
        sequence=sequence,
    )


def invitation(town, session_id, person):
    return town.bench.rows(
        "SELECT * FROM invitations WHERE session_id = :s AND person_id = :p", s=session_id, p=person
    )[0]


def people(town):
    town.live("per_next", grid=NEXT_GRID)
    town.live("per_far", grid=OTHER_GRID)
    town.live("per_child", adult=False)
    town.live("per_late")
    fact(town, "resident_deactivated", "per_late", reason="MOVED_OUT")


REFUSED = [
    (NOBODY, errors.NotRegistered),
    ("per_late", errors.NotRegistered),
    ("per_child", errors.UnderAge),
    ("per_far", errors.ScopeMismatch),
]


@pytest.mark.parametrize(("person", "refusal"), [*REFUSED, ("per_next", errors.ScopeMismatch)])
def test_who_signs_lives_where_the_matter_lies(town, person, refusal):
    """FP-D2 (a): unregistered persons, minors and people of other grids do not sign."""
    people(town)
    topic_id = town.submit()
    with pytest.raises(refusal) as refused:
        town.bench.as_("R_RESIDENT", person=person, scope="370811").do(
            "cosign_topic", {"topic_id": topic_id}
        )
    assert person not in refused.value.describe()
    assert town.bench.rows("SELECT * FROM cosigners") == []


@pytest.mark.parametrize(("person", "refusal"), REFUSED)
def test_who_proposes_is_an_adult_of_the_place_as_who_signs(town, person, refusal):
    """B4: a minor could propose, and neither sign nor speak for the own proposal."""
    people(town)
    with pytest.raises(refusal):
        town.bench.as_("R_RESIDENT", person=person, scope="370811").do("submit_topic", town.draft())
    with pytest.raises(refusal):
        town.cadre().do("submit_topic", town.draft(proposer_id=person, way="DOORSTEP"))
    assert town.bench.rows("SELECT * FROM topics") == []


def test_a_topic_stands_once_in_a_session(town):
    """C7: the same topic twice was taken."""
    topic_id = town.adopted()
    with pytest.raises(Invalid) as refused:
        town.schedule(topic_id, START, topic_ids=[topic_id, topic_id])
    assert refused.value.field == "topic_ids"


def test_a_matter_of_the_community_is_signed_by_its_other_grids(town):
    people(town)
    deputy = town.bench.as_("R_DEPUTY", person="per_deputy", scope=STREET)
    topic_id = deputy.do("submit_topic", town.draft(level="COMMUNITY", scope=[COMMUNITY]))["id"]
    assert town.resident("per_next").do("cosign_topic", {"topic_id": topic_id})["cosigners"] == 1
    with pytest.raises(errors.ScopeMismatch):
        town.resident("per_far").do("cosign_topic", {"topic_id": topic_id})


@pytest.mark.parametrize(("person", "refusal"), [*REFUSED, ("per_next", errors.ScopeMismatch)])
def test_who_is_named_as_a_resident_is_one_of_the_area(town, person, refusal):
    """FP-D2 (c)."""
    people(town)
    topic_id = town.adopted()
    named = [*town.named(), {"person_id": person, "capacity": "RESIDENT_REP"}]
    with pytest.raises(refusal):
        town.schedule(topic_id, START, invitees=named)


@pytest.mark.parametrize(
    "capacity",
    ["MERCHANT", "UNIT", "PROPERTY", "DEPUTY", "OFFICIAL", "PARTY_MEMBER", "STATION_HOST"],
)
@pytest.mark.parametrize("person", [NOBODY, "per_elsewhere"])
def test_who_speaks_for_a_shop_a_project_or_an_office_is_known_to(town, capacity, person):
    """FP-D2 (c): the operator of a shop in another street is nobody here."""
    town.partner("ptn_far", "per_elsewhere", area="370811016001")
    town.company("per_elsewhere", company="pco_far")
    topic_id = town.adopted()
    with pytest.raises(errors.CapacityUnproved) as refused:
        town.schedule(topic_id, START, invitees=town.named(8, [(person, capacity)]))
    assert refused.value.params["person_id"] == person


@pytest.mark.parametrize("person", [NOBODY, "per_gone"])
def test_an_expert_is_somebody_whom_a_register_knows(town, person):
    """H1-13: an id that names nobody was invited, and the message waited for nobody."""
    town.live("per_gone")
    fact(town, "resident_deactivated", "per_gone", reason="DECEASED")
    topic_id = town.adopted()
    with pytest.raises(errors.UnknownExpert) as refused:
        town.schedule(topic_id, START, invitees=town.named(8, [(person, "EXPERT")]))
    assert (refused.value.field, refused.value.params["person_id"]) == ("invitees", person)
    known = town.named(8, [(who, "EXPERT") for who in ("per_m0", MANAGER, "per_property")])
    session_id = town.schedule(topic_id, START, invitees=known)
    assert not invitation(town, session_id, MANAGER)["voting"]


def test_operators_representatives_and_post_holders_are_invited(town):
    town.live("per_expert", grid=OTHER_GRID)
    topic_id = town.adopted()
    session_id = town.schedule(
        topic_id,
        START,
        invitees=town.named(8, [("per_m0", "MERCHANT"), ("per_property", "PROPERTY"),
                                (MANAGER, "PROPERTY"), ("per_deputy", "DEPUTY"),
                                ("per_expert", "EXPERT")]),
    )  # fmt: skip
    assert invitation(town, session_id, "per_m0")["voting"]
    assert not invitation(town, session_id, "per_expert")["voting"]


def test_an_operator_who_was_replaced_does_not_vote(town):
    topic_id = town.adopted()
    session_id = town.schedule(topic_id, START, invitees=town.named(8, [("per_m0", "MERCHANT")]))
    town.bench.at(START)
    town.open(session_id, ANA, "per_m0")
    town.bench.consume(
        "partner",
        "partner_operators_changed.v1",
        {"partner_id": "ptn_shops", "org_id": "org_ptn_shops", "operators": ["per_m9"]},
        subject="ptn_shops",
        sequence=2,
    )
    with pytest.raises(errors.CapacityUnproved):
        town.vote(session_id, topic_id, "per_m0", "FOR")


def test_an_official_of_the_place_is_not_named_as_a_resident(town):
    town.live(CADRE)
    topic_id = town.adopted()
    named = [*town.named(), {"person_id": CADRE, "capacity": "RESIDENT_REP"}]
    with pytest.raises(errors.PersonTwice):
        town.schedule(topic_id, START, invitees=named)


def test_the_host_is_the_caller_or_an_official_of_the_place(town):
    topic_id = town.adopted()
    with pytest.raises(errors.CapacityUnproved):
        town.schedule(topic_id, START, host_id="per_anybody")
    assert town.schedule(topic_id, START, host_id=CADRE)


def test_a_session_whose_host_has_died_is_led_by_who_answers_for_the_place(town):
    """K13: it waited for a dead host, and nobody was told."""
    session_id = town.schedule(town.adopted(), START, host_id=CADRE)
    town.official("per_heir", "COMMUNITY_CADRE", COMMUNITY, "off_heir")
    town.link("off_heir", "GRID", GRID)
    # The host lives in no grid: the registry of residents does not know this host.
    fact(town, "resident_deactivated", CADRE, reason="DECEASED")
    assert town.bench.parked() == []
    assert town.row("officials", "official_id", "off_cadre")["state"] == "ENDED"
    told = town.cadre("per_heir").ask("my_messages")["items"]
    # The successor comes by office too.
    assert [row["code"] for row in told] == ["HOST_DIED", "INVITED"]
    town.bench.at(START)
    assert town.on_session("open_session", session_id)["state"] == "OPEN"


def test_the_street_is_told_of_a_dead_host_where_the_community_has_no_cadre(town):
    town.schedule(town.adopted(), START, host_id=CADRE)
    fact(town, "resident_deactivated", CADRE, reason="DECEASED")
    lead = town.bench.as_("R_STREET", person=TEAM, scope=STREET)
    assert [row["code"] for row in lead.ask("my_messages")["items"]] == ["HOST_DIED"]


def test_a_cosigner_who_moved_away_is_not_invited_by_himself(town):
    topic_id = town.submit()
    for person in (BEN, CAI):
        town.resident(person).do("cosign_topic", {"topic_id": topic_id})
    moved(town, BEN, OTHER_GRID)
    for person in NEIGHBOURS:
        town.resident(person).do("opt_in", {})
    town.adopt(topic_id)
    session_id = town.schedule(topic_id, START, auto=True, invitees=[])
    rows = town.bench.rows("SELECT person_id FROM invitations WHERE session_id = :s", s=session_id)
    assert BEN not in {row["person_id"] for row in rows}
    assert CAI in {row["person_id"] for row in rows}


@pytest.mark.parametrize(
    ("how", "refusal"), [("moved", errors.NotPresent), ("died", errors.CallerGone)]
)
def test_who_leaves_before_the_vote_does_not_count_and_does_not_vote(town, how, refusal):
    topic_id = town.adopted()
    session_id = town.schedule(topic_id, START)
    town.bench.at(START)
    town.open(session_id, ANA, BEN)
    if how == "moved":
        moved(town, BEN, OTHER_GRID)
    else:
        fact(town, "resident_deactivated", BEN, reason="DECEASED")
    with pytest.raises(refusal):
        town.vote(session_id, topic_id, BEN, "FOR")
    quorum = town.secretary().ask("session", {"session_id": session_id})["quorum"]
    assert (quorum["voting_invited"], quorum["voting_present"]) == (7, 1)
    with pytest.raises(errors.NotInvited):
        town.secretary().do("record_attendance", {"session_id": session_id, "person_ids": [BEN]})


def test_two_matters_of_two_grids_have_each_its_own_voters(town):
    town.live("per_next", grid=NEXT_GRID)
    town.official("per_w2", "GRID_WORKER", NEXT_GRID, "off_w2")
    town.link("off_cadre", "GRID", NEXT_GRID)
    here, there = town.adopted(), town.adopted("per_next", scope=[NEXT_GRID])
    named = [*town.named(), {"person_id": "per_next", "capacity": "RESIDENT_REP"}]
    session_id = town.schedule(here, START, topic_ids=[here, there], invitees=named)
    town.bench.at(START)
    town.open(session_id, ANA, "per_next")
    town.vote(session_id, there, "per_next", "FOR")
    with pytest.raises(errors.ScopeMismatch):
        town.vote(session_id, here, "per_next", "FOR")
    with pytest.raises(errors.ScopeMismatch):
        town.vote(session_id, there, ANA, "FOR")
    town.secretary()
    tally = town.on_session("close_vote", session_id, topic_id=there)
    assert (tally["voting_invited"], tally["voting_present"], tally["passed"]) == (1, 1, True)


@pytest.mark.parametrize(("person", "refusal"), REFUSED)
def test_who_objects_lives_in_the_community(town, person, refusal):
    """FP-D2 (b): a stranger of another district does not stop a resolution."""
    people(town)
    topic_id = town.publicised()
    with pytest.raises(refusal):
        town.bench.as_("R_RESIDENT", person=person, scope="370811").do(
            "object_to_opinion", {"topic_id": topic_id, "text": "我反对", "directly_affected": True}
        )
    town.bench.fire("2025-03-13T00:00:00")
    assert town.state(topic_id) == "RESOLVED"


def test_directly_affected_is_what_the_registry_or_staff_say(town):
    """FP-D2 (d): the objector's own tick does not stop a resolution."""
    people(town)
    topic_id = town.publicised()
    body = {"topic_id": topic_id, "text": "我反对", "directly_affected": True}
    answer = town.resident("per_next").do("object_to_opinion", body)
    assert answer["state"] == "NOTED"
    confirm = {"objection_id": answer["id"], "reason": "车库出口正对车位"}
    with pytest.raises(RoleDenied):
        town.resident("per_next").do("confirm_objection", confirm)
    with pytest.raises(errors.SamePerson):
        town.cadre("per_next").do("confirm_objection", confirm)
    assert town.cadre().do("confirm_objection", confirm)["state"] == "OPEN"
    town.bench.fire("2025-03-13T00:00:00")
    assert town.state(topic_id) == "PUBLICISED"


def test_five_of_another_grid_do_not_stop_a_grids_matter(town):
    topic_id = town.publicised()
    for n in range(5):
        town.live(f"per_next{n}", grid=NEXT_GRID)
        body = {"topic_id": topic_id, "text": "不赞成"}
        answer = town.resident(f"per_next{n}").do("object_to_opinion", body)
        assert (answer["state"], answer["objectors"]) == ("NOTED", 0)
    town.bench.fire("2025-03-13T00:00:00")
    assert town.state(topic_id) == "RESOLVED"


@pytest.mark.parametrize(("person", "refusal"), [REFUSED[0], REFUSED[1], REFUSED[3]])
def test_a_topic_is_raised_for_people_of_the_place(town, person, refusal):
    people(town)
    with pytest.raises(refusal):
        town.bench.as_("R_RESIDENT", person=person, scope="370802").do("submit_topic", town.draft())
    worker = town.bench.as_("R_GRID", person="per_worker", scope=GRID)
    with pytest.raises(refusal):
        worker.do("submit_topic", town.draft(way="DOORSTEP", proposer_id=person))
    with pytest.raises(refusal):
        worker.do("submit_topic", town.draft(way="DOORSTEP", cosigners=[BEN, person]))


def test_a_deputy_is_in_office_and_other_roles_act_in_their_area(town):
    stranger = town.bench.as_("R_DEPUTY", person="per_nobody", scope=STREET)
    with pytest.raises(errors.CapacityUnproved):
        stranger.do("submit_topic", town.draft())
    manager = town.bench.as_("R_PM", person=MANAGER, scope="370811016001")
    with pytest.raises(RoleDenied):
        manager.do("submit_topic", town.draft())


def test_who_watches_a_task_is_a_resident_or_holds_a_post(town):
    topic_id = town.resolved()
    town.secretary()
    with pytest.raises(errors.NotRegistered):
        town.on_topic("assign_tasks", topic_id, tasks=[town.task(supervisors=[BEN, NOBODY])])
    town.live("per_child", adult=False)
    with pytest.raises(errors.SupervisorRequired):
        town.on_topic("assign_tasks", topic_id, tasks=[town.task(supervisors=["per_child"])])
    assert town.on_topic(
        "assign_tasks", topic_id, tasks=[town.task(supervisors=[BEN, "per_deputy"])]
    )


def test_who_comes_of_age_returns_or_is_corrected_takes_part_again(town):
    town.live("per_child", adult=False)
    town.live("per_wrong", adult=False)
    fact(town, "resident_came_of_age", "per_child", sequence=2, community=COMMUNITY, grid=GRID)
    fact(town, "resident_corrected", "per_wrong", sequence=2, is_adult=True)
    fact(town, "resident_deactivated", CAI, sequence=2, reason="MOVED_OUT")
    fact(town, "resident_returned", CAI, sequence=3, community=COMMUNITY, grid=GRID, is_adult=True)
    topic_id = town.submit()
    for person in ("per_child", "per_wrong", CAI):
        assert town.resident(person).do("cosign_topic", {"topic_id": topic_id})
    assert town.resident("per_child").do("opt_in", {})["state"] == "OPTED_IN"


def test_facts_of_one_batch_are_kept_in_their_order(town):
    at = [
        ("resident_deactivated.v1", {"person_id": CAI, "reason": "MOVED_OUT"}, 2),
        ("resident_returned.v1", {"person_id": CAI, "community": COMMUNITY, "grid": NEXT_GRID,
                                  "is_adult": True}, 3),
    ]  # fmt: skip
    town.bench.deliver(
        [town.bench.event("steward", f, d, subject=CAI, sequence=n) for f, d, n in at]
    )
    row = town.row("residents", "person_id", CAI)
    assert (bool(row["active"]), row["grid"]) == (True, NEXT_GRID)


def test_a_person_registered_twice_is_one_person_here(town):
    """person_merged: signatures, invitations, opt-in, liaison and topics follow the one that stays."""
    topic_id = town.submit("per_n01")
    for person in (ANA, BEN):
        town.resident(person).do("cosign_topic", {"topic_id": topic_id})
    town.resident(ANA).do("opt_in", {})
    town.adopt(topic_id)
    session_id = town.schedule(topic_id, START)
    fact(town, "person_merged", ANA, into=BEN, community=COMMUNITY)
    assert town.bench.rows("SELECT person_id FROM cosigners") == [{"person_id": BEN}]
    assert town.bench.rows("SELECT person_id FROM opt_ins") == [{"person_id": BEN}]
    invited = town.bench.rows(
        "SELECT person_id FROM invitations WHERE session_id = :s", s=session_id
    )
    assert [row["person_id"] for row in invited].count(BEN) == 1
    assert ANA not in {row["person_id"] for row in invited}
    fact(town, "person_merged", CADRE, into="per_cadre_one", community=COMMUNITY)
    chain = town.cadre().ask("chain", {"target": GRID})
    assert chain["rungs"][1]["officials"][0]["person_id"] == "per_cadre_one"
    fact(town, "person_merged", "per_n01", into="per_n02", community=COMMUNITY)
    assert town.row("topics", "topic_id", topic_id)["proposer"] == "per_n02"
    with pytest.raises(errors.NotRegistered):
        town.submit("per_n01")


def test_a_session_takes_five_hundred_named_people(town):
    """FP-D13."""
    people_ = [f"per_v{n:03d}" for n in range(500)]
    for person in people_:
        town.live(person)
    topic_id = town.adopted()
    session_id = town.schedule(
        topic_id,
        START,
        invitees=[{"person_id": p, "capacity": "RESIDENT_REP"} for p in people_],
    )
    town.bench.at(START)
    town.open(session_id, *people_)
    for person in people_[:251]:
        town.vote(session_id, topic_id, person, "FOR")
    town.secretary()
    tally = town.on_session("close_vote", session_id, topic_id=topic_id)
    assert (tally["voting_present"], tally["for"], tally["passed"]) == (500, 251, True)


def test_nobody_unknown_is_entered_into_the_draw(town):
    with pytest.raises(errors.NotRegistered):
        town.resident(NOBODY).do("opt_in", {})


@pytest.mark.parametrize("who", [NOBODY, OTHER_GRID[:12], "370802001001"])
def test_who_carries_out_a_task_of_the_community_is_of_the_place(town, who):
    topic_id = town.resolved()
    town.secretary()
    task = town.task(responsible_kind="COMMUNITY", responsible_id=who)
    with pytest.raises(errors.ResponsibleUnknown):
        town.on_topic("assign_tasks", topic_id, tasks=[task])
    task = town.task(responsible_kind="COMMUNITY", responsible_id=CADRE)
    assert town.on_topic("assign_tasks", topic_id, tasks=[task])


def test_a_representative_of_the_company_neither_watches_nor_judges_its_work(town):
    town.live("per_property")
    topic_id = town.resolved()
    town.secretary()
    with pytest.raises(errors.ConflictOfInterest):
        town.on_topic(
            "assign_tasks", topic_id, tasks=[town.task(supervisors=[BEN, "per_property"])]
        )
    (task,) = town.on_topic("assign_tasks", topic_id, tasks=[town.task()])["tasks"]
    town.bench.as_("R_PCO", person="per_property", scope="370811")
    assert town.on_task("start_task", task["id"])["state"] == "DOING"
    town.delivered(task["id"])
    town.cadre("per_property")
    with pytest.raises(errors.ConflictOfInterest):
        town.on_task("accept_task", task["id"], finding="合格")


def test_who_lives_with_who_does_the_work_does_not_judge_it(town):
    """K12: the wife of the project's manager accepted its work, as a supervisor and as a cadre."""
    _, (task_id,) = town.implementing(town.task(supervisors=[BEN, CAI]))
    town.bench.as_("R_PM", person=MANAGER, scope=COMMUNITY)
    town.on_task("start_task", task_id)
    town.delivered(task_id)
    for person, household in ((MANAGER, "hh_m"), (BEN, "hh_m"), (CADRE, "hh_m"), (CAI, "hh_c")):
        town.live(person, household=household, sequence=9)
    for judge in (lambda: town.resident(BEN), town.cadre):
        judge()
        with pytest.raises(errors.OwnMatter):
            town.on_task("accept_task", task_id, finding="合格")
    town.resident(CAI)
    town.on_task("accept_task", task_id, finding="合格")


def test_a_delegate_is_an_official_of_the_place(town):
    town.official("per_far_cadre", "COMMUNITY_CADRE", OTHER_GRID[:12], "off_far")
    session_id = town.schedule(town.adopted(), START)
    mine = invitation(town, session_id, CADRE)["invitation_id"]
    body = {"invitation_id": mine, "answer": "DELEGATE", "delegate_person_id": "per_far_cadre"}
    with pytest.raises(errors.DelegateTier):
        town.cadre().do("answer_invitation", body)


def test_nobody_speaks_for_a_project_that_is_closed(town):
    """K14: the manager of the company that had left was invited, with a vote."""
    topic_id = town.adopted()
    town.project_is(PROJECT, "CLOSED", sequence=9)
    with pytest.raises(errors.CapacityUnproved):
        town.schedule(topic_id, START, invitees=town.named(others=[(MANAGER, "PROPERTY")]))
    session_id = town.schedule(topic_id, START, auto=True)
    card = town.bench.ask("session", {"session_id": session_id})
    assert MANAGER not in {row["person_id"] for row in card["invitations"]}


def committee(town, *members, state="IN_TERM", project=PROJECT, sequence=1):
    told = {"committee_id": "owc_1", "project_id": project, "members": members, "state": state}
    town.bench.consume(
        "property", "owners_committee_changed.v1", told, subject="owc_1", sequence=sequence
    )


def test_who_speaks_for_the_owners_sits_on_their_committee_in_its_term(town):
    """K14: a person who was called a member of the owners' committee voted for the owners."""
    topic_id = town.adopted()
    invitees = town.named(others=[(CAI, "OWNERS_COMMITTEE")])
    raised = town.draft(level="COMMUNITY", scope=[COMMUNITY])
    for told in (None, {"state": "EXPIRED"}, {"project": "prj_elsewhere"}):
        if told is not None:
            committee(town, CAI, "per_n09", **told)
        with pytest.raises(errors.CapacityUnproved):
            town.schedule(topic_id, START, invitees=invitees)
        with pytest.raises(errors.CapacityUnproved):
            town.bench.as_("R_OWNERS", person=CAI, scope=COMMUNITY).do("submit_topic", raised)
    committee(town, CAI, "per_n09", sequence=2)
    owner = town.bench.as_("R_OWNERS", person=CAI, scope=COMMUNITY)
    assert owner.do("submit_topic", raised)["state"] == "COLLECTED"
    session_id = town.schedule(topic_id, START, invitees=invitees)
    assert invitation(town, session_id, CAI)["voting"]


def test_a_grid_worker_who_has_died_answers_for_nothing(town):
    fact(town, "resident_deactivated", WORKER, reason="DECEASED")
    assert town.bench.parked() == []
    assert town.row("officials", "official_id", "off_worker")["state"] == "ENDED"


def test_a_grid_worker_who_has_left_his_post_answers_for_nothing(town):
    """K13: the dead headed the chain for ever, was invited by office and got what was overdue."""
    town.official(WORKER, "COMMUNITY_CADRE", COMMUNITY, "off_promoted")
    for duty, state in (("VOLUNTEER", "ACTIVE"), ("GRID_WORKER", "ENDED")):
        left = {"steward_id": f"stw_{duty}", "person_id": WORKER, "duty": duty}
        town.bench.consume("steward", "steward_left.v1", left, subject=left["steward_id"])
        assert town.row("officials", "official_id", "off_worker")["state"] == state
    rung = town.cadre().ask("chain", {"target": GRID})["rungs"][0]
    assert (rung["tier"], rung["gap"]) == ("GRID_WORKER", True)
    assert town.row("officials", "official_id", "off_promoted")["state"] == "ACTIVE"


# --------------------------------------------------------------------------------------------------
# One person, resident and official


DECISIONS = [
    ("adopt_topic", {"owners_matter": False}),
    ("reject_topic", {"reason": "NOT_PUBLIC"}),
    ("redirect_topic", {"reason": "单户事项"}),
    ("hide_topic", {"reason": "含他人隐私"}),
]


@pytest.mark.parametrize(("command", "body"), DECISIONS)
@pytest.mark.parametrize("whose", [ANA, BEN])
def test_nobody_decides_on_a_topic_of_his_own_household(town, whose, command, body):
    """K12: the secretary adopted the own topic, for which the proposer is paid."""
    for person in (ANA, BEN):
        town.live(person, household="hh_1", sequence=3)
    topic_id = town.submit(whose)
    town.secretary(ANA)
    with pytest.raises(errors.OwnMatter):
        town.on_topic(command, topic_id, **body)
    town.secretary()
    assert town.on_topic(command, topic_id, **body)["version"] == 2


def test_the_street_adopts_what_the_only_secretary_has_raised(town):
    topic_id = town.submit(SECRETARY_AT_HOME)
    town.street()
    assert town.on_topic("adopt_topic", topic_id, owners_matter=False)["state"] == "ADOPTED"


def test_nobody_reviews_the_rejection_of_his_own_topic(town):
    topic_id = town.submit(ANA)
    town.secretary()
    town.on_topic("reject_topic", topic_id, reason="NOT_PUBLIC")
    town.resident(ANA).do("appeal_topic", {"topic_id": topic_id})
    body = {"outcome": "OVERTURNED", "reasons": "属于公共事务,应当受理"}
    town.street(ANA)
    with pytest.raises(errors.OwnMatter):
        town.on_topic("review_topic", topic_id, **body)
    town.street()
    assert town.on_topic("review_topic", topic_id, **body)["state"] == "COLLECTED"


def test_who_raised_a_topic_or_votes_on_it_does_not_lead_the_talk(town):
    """K12: the host led the session on the own topic, ticked the own presence, voted and closed."""
    topic_id = town.adopted(ANA)
    body = {"topic_ids": [topic_id], "start": START, "place": "红帆驿站", "invitees": town.named()}
    for person in (ANA, BEN):
        with pytest.raises(errors.TakesPart):
            town.secretary(person).do("schedule_session", body)
    session_id = town.secretary(ANA).do("schedule_session", body | {"host_id": CADRE})["id"]
    town.bench.at(START)
    town.secretary(ANA)
    with pytest.raises(errors.TakesPart):
        town.on_session("open_session", session_id)
    town.open(session_id, BEN)
    with pytest.raises(errors.OwnAttendance):
        town.cadre().do("record_attendance", {"session_id": session_id, "person_ids": [CADRE]})


def test_the_street_leads_the_talk_about_what_the_only_cadre_has_raised(town):
    """K12: where the one cadre had raised it, nobody at all could open the session."""
    for person in (ANA, CADRE):
        town.live(person, household="hh_1", sequence=3)
    topic_id = town.adopted(ANA)
    body = {"topic_ids": [topic_id], "start": START, "place": "红帆驿站", "invitees": town.named()}
    with pytest.raises(errors.TakesPart) as refused:
        town.secretary(ANA).do("schedule_session", body)
    assert "the street" in str(problem_of(refused.value, "fivered.services.forum")["message_en"])
    session_id = town.street().do("schedule_session", body)["id"]
    town.bench.at(START)
    town.street()
    assert town.on_session("open_session", session_id)["state"] == "OPEN"


def test_the_street_does_not_lead_where_the_community_has_somebody(town):
    topic_id = town.adopted(ANA)
    body = {"topic_ids": [topic_id], "start": START, "place": "红帆驿站", "invitees": town.named()}
    with pytest.raises(errors.NotHost):
        town.street().do("schedule_session", body)


@pytest.mark.parametrize("when", ["before it opens", "before the close"])
def test_who_speaks_for_the_property_no_more_neither_votes_nor_counts(town, when):
    """K14: the manager of a company that had left counted for the quorum, and the ballot stood."""
    topic_id = town.adopted()
    session_id = town.schedule(topic_id, START, invitees=town.named(others=[(MANAGER, "PROPERTY")]))
    town.bench.at(START)
    if when == "before it opens":
        town.project_is(PROJECT, "CLOSED", sequence=9)
    present = [ANA, BEN, *NEIGHBOURS[:4]]
    town.open(session_id, *present)
    if when == "before the close":
        town.bench.do("record_attendance", {"session_id": session_id, "person_ids": [MANAGER]})
        town.vote(session_id, topic_id, MANAGER, "AGAINST")
        town.project_is(PROJECT, "CLOSED", sequence=9)
    for person in present:
        town.vote(session_id, topic_id, person, "FOR")
    town.secretary()
    tally = town.on_session("close_vote", session_id, topic_id=topic_id)
    counts = [tally[name] for name in ("voting_invited", "voting_present", "for", "against")]
    assert counts == [8, 6, 6, 0]
    told = {m["code"] for m in town.resident(MANAGER).ask("my_messages")["items"]}
    assert "INVITATION_LAPSED" in told
