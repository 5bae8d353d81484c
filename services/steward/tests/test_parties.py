"""Who is a party of a matter, what is put right in it, and what the forum hands over."""

import pytest

from fivered.chassis.refusal import Invalid, RoleDenied, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    POLICE,
    STAFF,
    STAFF_2,
    STW_CADRE,
    STW_GRID,
    STW_POLICE,
    STW_STAFF,
    WANG,
    Ground,
    person_id,
    steward_id,
)

STW_OTHER = steward_id(16)
PROJECT = {
    "project_id": "prj_1",
    "company_id": "pco_1",
    "community": COMMUNITY,
    "grids": [GRID],
    "households": 1200,
    "status": "IN_SERVICE",
}
COMPLAINT = {"kind": "COMPLAINT", "category": "PROPERTY_SERVICE", "text": "乱收费"}


def staffed_stage(bench):
    ground = Ground(bench)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
    ground.shift(STW_CADRE, "2025-03-03T08:00", "2025-03-03T22:00")
    ground.bench.consume("property", "project_registered.v1", PROJECT, subject="prj_1")


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


def appointed(ground, person=CADRE, fact="activated"):
    ended = {"reason": "TERM"} if fact == "ended" else {}
    ground.bench.consume(
        "property",
        f"appointment_{fact}.v1",
        {
            "appointment_id": "apt_1",
            "project_id": "prj_1",
            "direction": "C2P",
            "person_id": person,
            "post": "PROJECT_DEPUTY_MANAGER",
        }
        | ended,
        subject="apt_1",
    )


def card(ground, reply):
    return ground.cadre().ask("request", {"request_id": reply["id"]})


def test_a_complaint_is_never_given_to_who_holds_a_post_in_the_project(staffed):
    """SP-D6: the deputy manager of the project resolved the complaint about it."""
    appointed(staffed)
    # The only cadre is a party: somebody else of the community stands in, never the property.
    waits = staffed.submit(**COMPLAINT)
    assert (waits["state"], waits["handler"]) == ("DISPATCHED", STW_GRID)
    staffed.steward(STW_OTHER, OTHER_CADRE, "COMMUNITY_CADRE", (GRID,))
    assert staffed.submit(**COMPLAINT)["handler"] == STW_OTHER
    # What is not about the project is his as before.
    assert staffed.submit(category="POLICY")["handler"] == STW_CADRE
    dispatch = {"request_id": waits["id"], "handler": STW_CADRE}
    with pytest.raises(errors.ConflictOfInterest) as refused:
        staffed.cadre().do("dispatch_request", dispatch, version=2)
    assert refused.value.params["substitute"] == STW_OTHER
    appointed(staffed, fact="ended")
    assert staffed.cadre().do("dispatch_request", dispatch, version=2)["handler"] == STW_CADRE


def test_who_becomes_a_party_loses_what_he_has_in_hand(staffed):
    """SP-D6."""
    staffed.steward(STW_OTHER, OTHER_CADRE, "COMMUNITY_CADRE", (GRID,))
    reply = staffed.submit(**COMPLAINT)
    assert reply["handler"] == STW_CADRE
    staffed.step("accept_request", reply, CADRE, "R_CADRE", COMMUNITY)
    appointed(staffed)
    assert (card(staffed, reply)["state"], card(staffed, reply)["handler"]) == (
        "DISPATCHED",
        STW_OTHER,
    )


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("dispatch_request", {}),
        ("reject_request", {"reason": "NO_SUBSTANCE", "note": "收费符合合同"}),
        ("correct_request", {"reason": "不是投诉", "kind": "CONSULT"}),
    ],
)
def test_a_party_decides_nothing_and_is_told_who_does(staffed, method, body):
    """SP-D6: steward knew of no appointment; property's refusal named nobody instead."""
    staffed.steward(STW_OTHER, OTHER_CADRE, "COMMUNITY_CADRE", (GRID,))
    appointed(staffed)
    reply = staffed.submit(**COMPLAINT)
    with pytest.raises(errors.ConflictOfInterest) as refused:
        staffed.step(method, reply, CADRE, "R_CADRE", COMMUNITY, **body)
    assert (refused.value.code, refused.value.status) == ("CONFLICT_OF_INTEREST", 403)
    assert refused.value.params["substitute"] == STW_OTHER


def test_who_is_named_to_say_whose_it_is_may_say_so(staffed):
    """K12: the substitute was the reporter's wife, and was refused in turn."""
    third, other = person_id(61), steward_id(61)
    staffed.person(third, "郑安")
    staffed.steward(STW_OTHER, OTHER_CADRE, "COMMUNITY_CADRE", (GRID,))
    appointed(staffed, OTHER_CADRE)
    reply = staffed.submit(who=None, **COMPLAINT)
    assert reply["handler"] == STW_CADRE

    def substitute():
        body = {"person_id": WANG, "reason": "本人来电"}
        with pytest.raises(errors.ConflictOfInterest) as refused:
            staffed.step("attach_reporter", reply, OTHER_CADRE, "R_CADRE", COMMUNITY, **body)
        return refused.value.params["substitute"]

    staffed.steward(other, third, "COMMUNITY_CADRE", (GRID,))
    assert substitute() == other
    kin(staffed, third, WANG)
    assert substitute() != other
    kin(staffed, CADRE)
    assert substitute() == COMMUNITY[:9]


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("attach_reporter", {"person_id": LI, "reason": "本人来电"}),
        ("cancel_request", {"receipt": "本人来电 03-03"}),
        ("extend_request", {"reason": "等待批复", "new_due": "2025-03-20T18:00:00+08:00"}),
        ("correct_request", {"reason": "并不急", "priority": "P4"}),
    ],
)
def test_the_handler_is_not_named_for_what_he_may_not_do_himself(staffed, method, body):
    """K12: the only free cadre of the community had it in hand, was named, and was refused."""
    third = steward_id(61)
    staffed.steward(STW_OTHER, OTHER_CADRE, "COMMUNITY_CADRE", (GRID,))
    appointed(staffed)
    reply = staffed.submit(priority="P3", **COMPLAINT)
    assert reply["handler"] == STW_OTHER
    if method == "extend_request":
        reply = staffed.step("accept_request", reply, OTHER_CADRE)

    def substitute():
        with pytest.raises(errors.ConflictOfInterest) as refused:
            staffed.step(method, reply, CADRE, "R_CADRE", COMMUNITY, **body)
        return refused.value.params["substitute"]

    assert substitute() == COMMUNITY[:9]
    staffed.person(person_id(61), "郑安")
    staffed.steward(third, person_id(61), "COMMUNITY_CADRE", (GRID,))
    assert substitute() == third


def test_who_is_named_for_a_merger_is_a_party_of_neither(staffed):
    """K12: the wife of the one's reporter was named by the husband of the other's."""
    third = person_id(61)
    staffed.person(third, "郑安")
    staffed.steward(STW_OTHER, OTHER_CADRE, "COMMUNITY_CADRE", (GRID,))
    kin(staffed, CADRE, WANG)
    into = staffed.submit(category="NOISE")
    row = staffed.submit(LI, category="NOISE")
    kin(staffed, OTHER_CADRE, LI, home="hh_2")

    def substitute():
        with pytest.raises(errors.ConflictOfInterest) as refused:
            staffed.step("merge_request", row, CADRE, "R_CADRE", COMMUNITY, into=into["id"])
        return refused.value.params["substitute"]

    assert substitute() == COMMUNITY[:9]
    staffed.steward(steward_id(61), third, "COMMUNITY_CADRE", (GRID,))
    assert substitute() == steward_id(61)


def test_a_party_takes_no_complaint_back_in_the_reporter_s_name(staffed):
    """SP-D6 with SP-D24."""
    appointed(staffed)
    reply = staffed.written_for(**COMPLAINT)
    receipt = staffed.receipt(reply)
    with pytest.raises(errors.ConflictOfInterest):
        staffed.step("cancel_request", reply, CADRE, "R_CADRE", COMMUNITY, **receipt)
    staffed.step("cancel_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY, **receipt)


@pytest.mark.parametrize("method", ["accept_request", "contact_request", "resolve_request"])
def test_a_party_who_has_it_in_hand_all_the_same_takes_no_step(staffed, method):
    appointed(staffed)
    reply = staffed.submit(**COMPLAINT)
    staffed.write(reply, handler=STW_CADRE, handler_person=CADRE)
    body = {"outcome": "EXPLAINED", "note": "收费符合合同"} if method == "resolve_request" else {}
    with pytest.raises(errors.ConflictOfInterest):
        staffed.step(method, reply, CADRE, "R_CADRE", COMMUNITY, **body)


def test_managers_representatives_and_operators_are_parties_too(staffed):
    """K12."""
    bench = staffed.bench
    data = {"company_id": "pco_1", "uscc": "91370899MA0000000E", "representatives": [CADRE]}
    bench.consume("property", "company_registered.v1", data, subject="pco_1")
    assert staffed.submit(**COMPLAINT)["handler"] == STW_GRID
    bench.consume(
        "property",
        "company_representatives_changed.v1",
        {"company_id": "pco_1", "representatives": []},
        subject="pco_1",
    )
    assert staffed.submit(**COMPLAINT)["handler"] == STW_CADRE
    manager = {"project_id": "prj_1", "person_id": CADRE}
    bench.consume("property", "project_manager_changed.v1", manager, subject="prj_1", sequence=2)
    assert staffed.submit(**COMPLAINT)["handler"] == STW_GRID
    ended = manager | {"reason": "DECEASED"}
    bench.consume("property", "project_manager_ended.v1", ended, subject="prj_1", sequence=3)
    assert staffed.submit(**COMPLAINT)["handler"] == STW_CADRE
    partner = {"partner_id": "ptn_1", "org_id": "org_1", "operators": [GRID_WORKER]}
    nuisance = {"category": "MERCHANT_NUISANCE", "text": "烧烤店油烟"}
    bench.consume("partner", "partner_operators_changed.v1", partner, subject="ptn_1")
    assert staffed.submit(**nuisance, against="org_1")["handler"] == STW_CADRE
    assert staffed.submit(**nuisance)["handler"] == STW_GRID


def test_the_handler_does_not_give_himself_more_time(staffed):
    """SP-D31."""
    reply = staffed.submit(category="OLD_COMPOUND")
    reply = staffed.step("accept_request", reply, CADRE, "R_CADRE", COMMUNITY)
    with pytest.raises(errors.OwnExtension):
        staffed.step(
            "extend_request", reply, CADRE, "R_CADRE", COMMUNITY,
            reason="等待配件", new_due="2025-03-20T18:00:00+08:00",
        )  # fmt: skip
    with pytest.raises(errors.OwnExtension):
        staffed.step(
            "correct_request", reply, CADRE, "R_CADRE", COMMUNITY, reason="不急", priority="P3"
        )


def test_handlers_hand_a_request_on_twice_and_then_a_cadre_decides(staffed):
    """SP-D22: seven times in a row, back and forth, and no cadre was asked."""
    reply = staffed.submit(category="NOISE")
    reply = staffed.step("accept_request", reply, GRID_WORKER)
    reply = staffed.step("transfer_request", reply, GRID_WORKER, reason="涉治安", duty="POLICE")
    reply = staffed.step("accept_request", reply, POLICE)
    with pytest.raises(errors.NobodyToDispatch):
        # Not back to who said that it is not his.
        staffed.step("transfer_request", reply, POLICE, reason="不涉治安", duty="GRID_WORKER")
    reply = staffed.step(
        "transfer_request", reply, POLICE, reason="不涉治安", duty="COMMUNITY_CADRE"
    )
    reply = staffed.step("accept_request", reply, CADRE, "R_CADRE", COMMUNITY)
    with pytest.raises(errors.TransferLimit):
        staffed.step(
            "transfer_request", reply, CADRE, "R_CADRE", COMMUNITY, reason="再转", duty="POLICE"
        )
    moved = staffed.step(
        "transfer_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY,
        reason="由民警办理", handler=STW_POLICE,
    )  # fmt: skip
    assert moved["handler"] == STW_POLICE
    assert moved["due_resolve"] == reply["due_resolve"]


def test_an_emergency_is_what_the_rules_name(staffed):
    """SP-D18, SEC low 5: noise with five minutes to accept, by anybody."""
    with pytest.raises(errors.NoEmergency):
        staffed.submit(category="NOISE", priority="P1")
    assert staffed.submit(category="GAS", priority="P1")["advice"]
    by_cadre = staffed.submit(who=None, category="NOISE", priority="P1")
    assert by_cadre["advice"]


def test_who_calls_it_an_emergency_himself_is_not_praised_for_arriving(staffed):
    reply = staffed.by(GRID_WORKER, "R_GRID", GRID).do(
        "submit_request",
        {
            "channel": "PHONE",
            "kind": "HELP",
            "category": "FIRE_LANE",
            "grid": GRID,
            "text": "消防通道被堵",
            "priority": "P1",
        },
    )
    reply = staffed.step("accept_request", reply, GRID_WORKER)
    staffed.step("contact_request", reply, GRID_WORKER, arrived=True)
    assert staffed.bench.published("emergency_arrival.v1") == []


def correct(ground, reply, who=OTHER_CADRE, **more):
    return ground.step(
        "correct_request", reply, who, "R_CADRE", COMMUNITY, reason="来电人说错了", **more
    )


def test_what_a_request_says_is_put_right_and_said(staffed):
    """S8, SP-D5: nobody could correct category or urgency, or name the project of a complaint."""
    bench = staffed.bench
    reply = staffed.submit(grid=GRID_2, **COMPLAINT)
    assert bench.published("request_submitted.v1")[0]["data"]["project_id"] is None
    two = PROJECT | {"grids": [GRID, GRID_2]}
    bench.consume("property", "project_registered.v1", two, subject="prj_1", sequence=2)
    with pytest.raises(errors.NothingCorrected):
        correct(staffed, staffed.submit(), kind="REPAIR")
    done = correct(staffed, reply, project_id="prj_1")
    said = bench.published("request_corrected.v1")[-1]
    assert (said["data"]["project_id"], said["data"]["kind"]) == ("prj_1", "COMPLAINT")
    # Property opens a complaint of it, names it to who complained, and counts it when it was filed.
    filed = bench.published("request_submitted.v1")[0]
    assert said["data"]["number"] == filed["data"]["number"]
    assert said["data"]["filed_at"] == filed["time"]
    assert int(said["sequence"]) == done["version"]
    with pytest.raises(errors.ProjectNotOfGrid):
        bench.consume(
            "property", "project_registered.v1",
            PROJECT | {"project_id": "prj_2", "grids": [GRID]}, subject="prj_2",
        )  # fmt: skip
        correct(staffed, done, project_id="prj_2")


def test_a_corrected_request_goes_to_who_takes_it_and_its_clocks_follow(staffed):
    reply = staffed.submit()
    assert reply["handler"] == STW_STAFF
    moved = correct(staffed, reply, category="NOISE")
    assert moved["handler"] == STW_GRID
    assert moved["due_resolve"] == reply["due_resolve"]
    urgent = correct(staffed, moved, priority="P2")
    assert urgent["due_resolve"] == "2025-03-04T01:00:00+00:00"
    assert urgent["due_contact"] == "2025-03-03T03:00:00+00:00"
    staffed.bench.fire("2025-03-03T11:00:00")
    missed = staffed.bench.published("request_deadline_missed.v1")
    assert "CONTACT" in {event["data"]["which"] for event in missed}
    asked = correct(staffed, card(staffed, reply), kind="CONSULT", priority="P3")
    assert asked["due_resolve"] == "2025-03-04T16:00:00+00:00"


def test_a_question_of_another_priority_keeps_its_time(staffed):
    """The answer was 500: questions of the third and of the fourth priority have one clock."""
    reply = staffed.submit(kind="CONSULT", priority="P3")
    less = correct(staffed, reply, priority="P4")
    assert less["due_resolve"] == reply["due_resolve"]
    assert card(staffed, less)["priority"] == "P4"


def test_what_became_a_complaint_about_the_property_leaves_the_property_s_hands(staffed):
    reply = staffed.step("accept_request", staffed.submit(), STAFF)
    moved = correct(staffed, reply, kind="COMPLAINT", category="PROPERTY_SERVICE")
    assert (moved["state"], moved["handler"]) == ("DISPATCHED", STW_CADRE)


def test_place_and_urgency_of_what_is_done_stay(staffed):
    reply = staffed.resolved()
    with pytest.raises(StateConflict):
        correct(staffed, reply, priority="P2")
    correct(staffed, reply, category="LIFT")
    with pytest.raises(errors.UnknownGrid):
        correct(staffed, staffed.submit(), grid="370811015901009")


def test_a_building_tells_which_of_two_projects_is_meant(staffed):
    """SP-D5: where two projects serve a grid, a complaint named none."""
    bench = staffed.bench
    for number, buildings in ((1, ["1号楼", "2号楼"]), (2, ["3号楼"])):
        data = PROJECT | {"project_id": f"prj_{number}", "buildings": buildings}
        bench.consume(
            "property", "project_registered.v1", data, subject=f"prj_{number}", sequence=5
        )
    staffed.submit(**COMPLAINT)
    staffed.submit(**COMPLAINT, building="３号楼")
    said = [e["data"] for e in bench.published("request_submitted.v1")]
    assert [data["project_id"] for data in said] == [None, "prj_2"]
    assert said[1]["building"] == "３号楼"
    # K4: the place is compared as every name is.
    staffed.submit(**COMPLAINT, building="3 号楼")
    assert bench.published("request_submitted.v1")[-1]["data"]["project_id"] == "prj_2"


def test_a_topic_of_one_household_becomes_a_request(staffed):
    """SP-D7: the proposer read that a steward has it, and no steward ever heard of it."""
    bench = staffed.bench
    topic = {
        "topic_id": "top_1",
        "community": COMMUNITY,
        "proposer": WANG,
        "title": "我家门口的灯",
        "text": "夜里不亮",
        "category": "REPAIR_COMMON",
    }
    delivery = bench.event("forum", "topic_redirected.v1", topic, subject="top_1")
    assert bench.deliver([delivery, delivery]) == 1
    said = bench.published("request_submitted.v1")
    assert [(e["data"]["topic_id"], e["data"]["channel"]) for e in said] == [("top_1", "FORUM")]
    assert (said[0]["data"]["reporter_id"], said[0]["data"]["grid"]) == (WANG, GRID)
    mine = staffed.by(WANG, "R_RESIDENT", COMMUNITY)
    listed = mine.ask("requests", {})["items"][0]
    assert listed["handler"] == STW_STAFF
    found = mine.ask("request", {"request_id": listed["id"]})
    assert (found["text"], found["topic_id"]) == ("我家门口的灯\n夜里不亮", "top_1")
    other = topic | {"topic_id": "top_2", "proposer": None, "category": "CHESS"}
    bench.consume("forum", "topic_redirected.v1", other, subject="top_2")
    assert bench.published("request_submitted.v1")[1]["data"]["category"] == "POLICY"
    with pytest.raises((Invalid, RoleDenied)):
        staffed.submit(channel="FORUM")


@pytest.mark.parametrize("named", ["none", "strangers", "his"])
def test_a_topic_that_is_said_to_be_a_request_is_filed_where_that_is_not_so(staffed, named):
    """K13: a cadre named a request that nobody had, and the matter was lost."""
    kin(staffed, WANG, OTHER_CADRE)
    ids = {
        "none": "req_zz",
        "strangers": staffed.submit(LI)["id"],
        "his": staffed.submit(WANG)["id"],
    }
    topic = {
        "topic_id": "top_1", "community": COMMUNITY, "proposer": WANG, "title": "门口的灯",
        "text": "夜里不亮", "category": "REPAIR_COMMON", "request_id": ids[named],
    }  # fmt: skip
    staffed.bench.consume("forum", "topic_request_named.v1", topic, subject="top_1")
    filed = [
        event["data"]["topic_id"]
        for event in staffed.bench.published("request_submitted.v1")
        if event["data"]["topic_id"]
    ]
    assert filed == ([] if named == "his" else ["top_1"])
    assert staffed.bench.parked() == []


@pytest.mark.parametrize("ended", [True, False])
def test_a_topic_that_is_a_request_nobody_has_in_hand_is_filed_anew(staffed, ended):
    """The proposer read that the stewards go on with his cancelled request; nobody did."""
    made = staffed.submit(WANG)
    if ended:
        staffed.step("cancel_request", made, WANG, role="R_RESIDENT")
    topic = {
        "topic_id": "top_1", "community": COMMUNITY, "proposer": WANG, "title": "门口的灯",
        "text": "夜里不亮", "category": "REPAIR_COMMON", "request_id": made["id"],
    }  # fmt: skip
    staffed.bench.consume("forum", "topic_request_named.v1", topic, subject="top_1")
    said = [event["data"]["topic_id"] for event in staffed.bench.published("request_submitted.v1")]
    assert ("top_1" in said) is ended


def test_a_gap_of_the_chain_shows_who_acts_meanwhile(staffed):
    """SP-D11: level 1 went to nobody, and the area showed null."""
    bench = staffed.bench
    link = {"link_id": "lnk_1", "tier": "STREET_TEAM", "target_kind": "COMMUNITY",
            "target": COMMUNITY, "official_id": "off_team", "person_id": "per_team"}  # fmt: skip
    bench.consume("forum", "liaison_assigned.v1", link, subject="lnk_1")
    chain = bench.ask("area", {"code": GRID})["liaison_chain"]
    assert [(rung["official_id"], rung.get("acting", False)) for rung in chain] == [
        ("off_team", True),
        ("off_team", False),
        (None, False),
    ]
    staffed.step("accept_request", staffed.submit(category="FRAUD"), POLICE)
    bench.fire("2025-03-20T00:00:00")
    said = [event["data"] for event in bench.published("request_escalated.v1")]
    assert [(data["level"], data["official_id"]) for data in said] == [
        (1, "off_team"),
        (2, "off_team"),
        (3, None),
    ]


def test_what_is_overdue_is_not_laid_before_a_party_of_it(staffed):
    """K12: the grid's cadre was told to see to the request of his own household."""
    bench = staffed.bench
    for number, (kind, target, who) in enumerate(
        (("GRID", GRID, CADRE), ("COMMUNITY", COMMUNITY, OTHER_CADRE))
    ):
        link = {"link_id": f"lnk_{number}", "tier": "GRID_WORKER", "target_kind": kind,
                "target": target, "official_id": f"off_{number}", "person_id": who}  # fmt: skip
        bench.consume("forum", "liaison_assigned.v1", link, subject=f"lnk_{number}")
    staffed.submit(who=WANG)
    kin(staffed, LI, CADRE)
    staffed.submit(who=LI)
    bench.fire("2025-03-08T00:00:00")
    said = [event["data"] for event in bench.published("request_escalated.v1")]
    first = [data["official_id"] for data in said if data["level"] == 1]
    assert sorted(first) == ["off_0", "off_1"]
    barred = {data["reporter_id"]: data["barred"] for data in said if data["level"] == 1}
    assert barred == {WANG: [], LI: [CADRE]}


def kin(ground, *persons, home="hh_kin"):
    """Let people be of one household."""
    for who in persons:
        (row,) = ground.bench.rows("SELECT version FROM persons WHERE person_id = :p", p=who)
        ground.bench.as_("R_DISTRICT").do(
            "correct_person",
            {"person_id": who, "household_id": home, "reason": "同户"},
            version=row["version"],
        )


def test_nobody_handles_what_his_household_reported(staffed):
    """K12: a steward took a request of his wife, was rated by her and earned points."""
    assert staffed.handler_of(staffed.submit()) == STAFF
    kin(staffed, WANG, STAFF)
    reply = staffed.submit()
    assert staffed.handler_of(reply) != STAFF
    reply = staffed.step("accept_request", reply, staffed.handler_of(reply))
    named = {"request_id": reply["id"], "handler": STW_STAFF}
    version = {"version": reply["version"]}
    with pytest.raises(errors.ConflictOfInterest) as refused:
        staffed.by(OTHER_CADRE, "R_CADRE", COMMUNITY).do(
            "transfer_request", named | {"reason": "由物业处理"}, **version
        )
    assert refused.value.params["substitute"] not in {"", STW_STAFF}
    assert "同户" in refused.value.describe()


def test_an_overdue_request_is_not_given_to_the_reporter_s_household(staffed):
    kin(staffed, WANG, CADRE)
    reply = staffed.submit()
    assert staffed.handler_of(reply) == STAFF
    staffed.bench.fire("2025-03-03T23:00")
    had = {
        line["detail"]["handler"]
        for line in staffed.by(OTHER_CADRE, "R_CADRE", COMMUNITY).ask(
            "timeline", {"request_id": reply["id"]}
        )["items"]
        if line["action"] == "redispatch"
    }
    assert had
    assert STW_CADRE not in had


def test_nobody_stands_in_for_kin_who_would_not_have_had_it(staffed):
    """As in a dispatch: a policeman of the household changes nothing about a repair."""
    staffed.shift(STW_GRID, "2025-03-03T08:00", "2025-03-03T22:00")
    kin(staffed, WANG, POLICE)
    reply = staffed.submit()
    assert staffed.handler_of(reply) == STAFF
    staffed.bench.fire("2025-03-03T21:00")
    (row,) = staffed.bench.rows("SELECT tried, handler FROM requests")
    had = f"{row['tried']} {row['handler']}"
    assert STW_CADRE in had
    assert STW_GRID not in had


def test_who_had_a_case_in_hand_is_no_kin_of_whom_it_is_attached_to(staffed):
    reply = staffed.submit(None)
    handler = staffed.handler_of(reply)
    kin(staffed, WANG, handler)
    with pytest.raises(errors.InChain):
        staffed.by(OTHER_CADRE, "R_CADRE", COMMUNITY).do(
            "attach_reporter",
            {"request_id": reply["id"], "person_id": WANG, "reason": "来电补登"},
            version=reply["version"],
        )


def test_nobody_files_with_the_token_of_the_dead(staffed):
    """K10: a request was filed two seconds after the reporter was recorded as dead."""
    (row,) = staffed.bench.rows("SELECT version FROM persons WHERE person_id = :p", p=WANG)
    staffed.dies(WANG, row["version"])
    with pytest.raises(errors.UnknownPerson):
        staffed.submit()


def test_a_matter_against_a_person_is_not_decided_by_him_or_his_household(staffed):
    """K12: the cadre rejected what a resident had written about him."""
    staffed.steward(STW_OTHER, OTHER_CADRE, "COMMUNITY_CADRE", (GRID,))
    about = {"kind": "HELP", "category": "POLICY", "text": "反映某干部", "against": CADRE}
    reply = staffed.submit(**about)
    assert reply["handler"] == STW_OTHER
    body = {"reason": "NO_SUBSTANCE", "note": "不受理"}
    with pytest.raises(errors.ConflictOfInterest):
        staffed.step("reject_request", reply, CADRE, "R_CADRE", COMMUNITY, **body)
    kin(staffed, CADRE, OTHER_CADRE)
    with pytest.raises(errors.ConflictOfInterest) as refused:
        staffed.step("reject_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY, **body)
    assert refused.value.params["substitute"] == COMMUNITY[:9]


def test_who_works_for_the_project_is_a_party_of_what_is_against_it(staffed):
    """K12: its own staff had the complaint in hand, and rejected another one."""
    about = {"kind": "COMPLAINT", "category": "CLEANING", "text": "无人清扫", "against": "prj_1"}
    assert staffed.handler_of(staffed.submit(**about)) not in {STAFF, STAFF_2}
    # What is not said to be against it is the staff's work.
    assert staffed.handler_of(staffed.submit(category="CLEANING")) == STAFF
    reply = staffed.submit(**COMPLAINT)
    body = {"reason": "NO_SUBSTANCE", "note": "不受理"}
    with pytest.raises(errors.ConflictOfInterest):
        staffed.step("reject_request", reply, STAFF, "R_CADRE", COMMUNITY, **body)
