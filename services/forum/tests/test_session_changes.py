"""Sessions are listed, moved and called off; who was there is corrected, before and after."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.forum import errors
from fivered.services.forum.tests.conftest import (
    ANA,
    BEN,
    CADRE,
    COMMUNITY,
    GRID,
    NEIGHBOURS,
    OTHER_COMMUNITY,
    OTHER_GRID,
    STREET,
)

pytestmark = pytest.mark.slow

START = "2025-03-07T19:00:00+08:00"
LATER = "2025-03-10T19:00:00+08:00"
VOTERS = [ANA, BEN, *NEIGHBOURS][:8]


def scheduled(town, **changes):
    topic_id = town.adopted()
    return topic_id, town.schedule(topic_id, START, **changes)


def held(town, choices):
    """Eight voters; the first ones vote as given."""
    topic_id, session_id = scheduled(town)
    town.bench.at(START)
    town.open(session_id, *VOTERS)
    for person, choice in zip(VOTERS, choices, strict=False):
        town.vote(session_id, topic_id, person, choice)
    town.secretary()
    tally = town.on_session("close_vote", session_id, topic_id=topic_id)
    return topic_id, session_id, tally


def correct(town, session_id, person, attended, reason="误点"):
    body = {"session_id": session_id, "person_id": person, "attended": attended, "reason": reason}
    return town.bench.do("correct_attendance", body)


def test_sessions_are_listed_by_area_state_and_topic(town):
    """FP-D11."""
    topic_id, session_id = scheduled(town)
    for enter in (town.resident, town.secretary, town.street):
        (item,) = enter().ask("session_list", {"scope": GRID[:9]})["items"]
        assert (item["id"], item["start"]) == (session_id, "2025-03-07T11:00:00+00:00")
        assert item["topics"][0]["title"] == "小院停车"
        assert "per_" not in str(item)
    asked = town.resident().ask
    assert asked("session_list", {"scope": OTHER_COMMUNITY})["items"] == []
    assert asked("session_list", {"state": "ENDED"})["items"] == []
    assert len(asked("session_list", {"topic_id": topic_id})["items"]) == 1
    with pytest.raises(RoleDenied):
        town.bench.as_("R_RESIDENT", person="x", scope="370802").ask(
            "session_list", {"scope": STREET}
        )


def test_a_session_is_moved_with_the_same_notice_and_everyone_answers_anew(town):
    """FP-D11."""
    _topic, session_id = scheduled(town)
    (mine,) = town.resident(ANA).ask("my_invitations")["items"]
    town.bench.do("answer_invitation", {"invitation_id": mine["id"], "answer": "YES"})
    town.secretary()
    with pytest.raises(errors.NoticeTooShort):
        town.on_session(
            "move_session", session_id, start="2025-03-05T19:00:00+08:00", reason="停电"
        )
    with pytest.raises(errors.OverTenWorkingDays):
        town.on_session(
            "move_session", session_id, start="2025-03-20T19:00:00+08:00", reason="停电"
        )
    town.on_session("move_session", session_id, start=LATER, place="居委会", reason="停电")
    (mine,) = town.resident(ANA).ask("my_invitations")["items"]
    assert (mine["answer"], mine["place"]) == ("NONE", "居委会")
    told = town.bench.ask("my_messages")["items"][0]
    assert "2025-03-10 19:00" in told["text"]
    assert "居委会" in told["text"]
    card = town.bench.ask("session", {"session_id": session_id})
    assert "DTSTART:20250310T110000Z" in card["ical"]
    assert "SEQUENCE:2" in card["ical"]
    town.bench.at(START)
    with pytest.raises(errors.TooEarly):
        town.open(session_id)


def test_a_session_is_called_off_and_its_topic_waits_for_another(town):
    """FP-D11: that is no adjournment."""
    topic_id, session_id = scheduled(town)
    due = town.row("topics", "topic_id", topic_id)["session_due"]
    town.cadre()
    with pytest.raises(errors.NotHost):
        town.on_session("cancel_session", session_id, reason="停电")
    town.secretary()
    town.on_session("cancel_session", session_id, reason="停电")
    row = town.row("topics", "topic_id", topic_id)
    assert (row["state"], row["adjournments"], row["session_due"]) == ("ADOPTED", 0, due)
    told = {m["code"]: m["text"] for m in town.resident(BEN).ask("my_messages")["items"]}
    assert "停电" in told["SESSION_CANCELLED"]
    assert "STATUS:CANCELLED" in town.bench.ask("session", {"session_id": session_id})["ical"]
    town.secretary()
    with pytest.raises(StateConflict):
        town.on_session("cancel_session", session_id, reason="停电")
    again = town.schedule(topic_id, LATER)
    town.bench.at(LATER)
    town.open(again)
    with pytest.raises(StateConflict):
        town.on_session("cancel_session", again, reason="停电")


def test_somebody_is_uninvited_while_residents_stay_the_majority(town):
    others = [(f"per_m{n}", "MERCHANT") for n in range(3)]
    _topic, session_id = scheduled(town, invitees=town.named(4, others))

    def withdraw(person):
        row = town.bench.rows(
            "SELECT * FROM invitations WHERE session_id = :s AND person_id = :p",
            s=session_id, p=person,
        )[0]  # fmt: skip
        body = {"invitation_id": row["invitation_id"], "reason": "已不经营"}
        return town.bench.do("withdraw_invitation", body, version=row["version"])

    town.secretary()
    with pytest.raises(errors.ResidentMajority):
        withdraw(ANA)
    with pytest.raises(errors.OfOffice):
        withdraw(CADRE)
    withdraw("per_m0")
    withdraw(ANA)
    room = town.secretary().ask("session", {"session_id": session_id})
    assert room["quorum"]["voting_invited"] == 5
    assert "已不经营" in town.resident(ANA).ask("my_messages")["items"][0]["text"]


def test_a_helper_at_the_door_records_who_has_come(town):
    """FP-D14: a cadre was listed as helper and refused."""
    _topic, session_id = scheduled(town)
    town.bench.at(START)
    town.open(session_id)
    body = {"session_id": session_id, "person_ids": [ANA]}
    assert town.cadre("per_cadre2").do("record_attendance", body)["voting_present"] == 1
    with pytest.raises(RoleDenied):
        town.bench.as_("R_CADRE", person="x", scope=OTHER_COMMUNITY).do("record_attendance", body)


def test_a_mistaken_tick_is_taken_back_with_its_vote(town):
    """FP-D11: it counted for quorum and earned points."""
    topic_id, session_id = scheduled(town)
    town.bench.at(START)
    town.open(session_id, *VOTERS[:7])
    town.vote(session_id, topic_id, ANA, "AGAINST")
    with pytest.raises(errors.SamePerson):
        town.cadre(ANA)
        correct(town, session_id, ANA, attended=False)
    town.cadre("per_cadre2")
    assert correct(town, session_id, ANA, attended=False)["voting_present"] == 6
    with pytest.raises(StateConflict):
        correct(town, session_id, ANA, attended=False)
    with pytest.raises(errors.NotPresent):
        town.vote(session_id, topic_id, ANA, "FOR")
    for person in VOTERS[1:7]:
        town.vote(session_id, topic_id, person, "FOR")
    town.secretary()
    tally = town.on_session("close_vote", session_id, topic_id=topic_id)
    assert (tally["for"], tally["against"], tally["voting_present"]) == (6, 0, 6)
    said = [e["data"]["person_id"] for e in town.bench.published("attendance_recorded.v1")]
    assert ANA not in said


def test_after_the_close_a_correction_is_said_and_the_vote_stands_if_it_must(town):
    """FP-D11."""
    topic_id, session_id, tally = held(town, ["FOR"] * 8)
    assert tally["passed"]
    town.cadre("per_cadre2")
    with pytest.raises(RoleDenied):
        correct(town, session_id, BEN, attended=False)
    answer = correct_as_secretary(town, session_id, BEN)
    assert answer["void"] == []
    (said,) = town.bench.published("attendance_corrected.v1")
    assert said["data"] == {
        "session_id": session_id,
        "person_id": BEN,
        "capacity": "RESIDENT_REP",
        "attended": False,
    }
    assert town.state(topic_id) == "OPINION_DUE"
    card = town.resident().ask("topic", {"topic_id": topic_id})
    assert card["tally"]["voting_present"] == 7


def correct_as_secretary(town, session_id, person, *, attended=False):
    town.secretary()
    return correct(town, session_id, person, attended)


@pytest.mark.parametrize("state", ["OPINION_DUE", "OPINION_DRAFTED", "PUBLICISED"])
def test_a_vote_that_could_have_gone_otherwise_is_void(town, state):
    """FP-D11: nobody knows how the absent one voted, so that vote counts against the outcome."""
    topic_id, session_id, tally = held(town, ["FOR"] * 5 + ["AGAINST"] * 3)
    assert tally["passed"]
    if state != "OPINION_DUE":
        town.opinion(topic_id)
    if state == "PUBLICISED":
        town.secretary()
        town.on_topic("publicise_opinion", topic_id)
    answer = correct_as_secretary(town, session_id, BEN)
    assert answer["void"] == []
    answer = correct_as_secretary(town, session_id, ANA)
    assert answer["void"] == [topic_id]
    row = town.row("topics", "topic_id", topic_id)
    assert (row["state"], row["opinion_id"]) == ("ADOPTED", None)
    assert town.bench.ask("notices", {})["items"] == []
    told = town.resident(NEIGHBOURS[0]).ask("my_messages")["items"][0]
    assert told["code"] == "TOPIC_VOTE_VOID"
    town.bench.fire("2025-03-13T00:00:00")
    assert town.state(topic_id) == "ADOPTED"
    town.schedule(topic_id, "2025-03-18T19:00:00+08:00")


def test_without_quorum_after_all_the_vote_is_void_and_too_late_the_street_is_asked(town):
    topic_id, session_id, _tally = held(town, ["FOR"] * 8)
    for person in VOTERS[:2]:
        assert correct_as_secretary(town, session_id, person)["void"] == []
    town.opinion(topic_id)
    town.secretary()
    town.on_topic("publicise_opinion", topic_id)
    town.bench.fire("2025-03-14T00:00:00")
    assert town.state(topic_id) == "RESOLVED"
    assert correct_as_secretary(town, session_id, VOTERS[2])["void"] == [topic_id]
    assert town.state(topic_id) == "RESOLVED"
    doubts = [
        e for e in town.bench.rows("SELECT * FROM escalations") if e["deadline"] == "vote_doubt"
    ]
    assert [e["person_id"] for e in doubts] == ["per_team"]


def test_who_was_there_after_all_is_credited_for_the_day_of_the_session(town):
    topic_id, session_id = scheduled(town)
    town.bench.at(START)
    town.open(session_id, *VOTERS[:7])
    for person in VOTERS[:6]:
        town.vote(session_id, topic_id, person, "FOR")
    town.secretary()
    town.on_session("close_vote", session_id, topic_id=topic_id)
    town.bench.at("2025-04-02T09:00:00")
    answer = correct_as_secretary(town, session_id, VOTERS[7], attended=True)
    assert (answer["voting_present"], answer["void"]) == (8, [])
    said = town.bench.published("attendance_recorded.v1")[-1]
    assert (said["data"]["person_id"], said["period"]) == (VOTERS[7], "2025-03")


def test_an_objector_is_answered_with_reasons_and_told(town):
    """FP-D9: objectors were never answered."""
    topic_id = town.publicised()
    ana = town.resident(ANA).do("object_to_opinion", {"topic_id": topic_id, "text": "影响绿地"})
    town.bench.fire("2025-03-18T00:00:00")
    assert town.state(topic_id) == "RESOLVED"
    late = [
        e
        for e in town.bench.rows("SELECT * FROM escalations")
        if e["deadline"] == "objection_answer"
    ]
    assert [e["person_id"] for e in late] == ["per_team"]
    body = {
        "objection_id": ana["id"],
        "outcome": "TAKEN_UP",
        "reasons": "绿地面积不变,车位避开花坛",
    }
    with pytest.raises(RoleDenied):
        town.resident(ANA).do("answer_objection", body)
    with pytest.raises(errors.SamePerson):
        town.secretary(ANA).do("answer_objection", body)
    with pytest.raises(errors.ReasonsRequired):
        town.secretary().do("answer_objection", body | {"reasons": "好"})
    town.secretary().do("answer_objection", body)
    with pytest.raises(StateConflict):
        town.secretary().do("answer_objection", body)
    told = town.resident(ANA).ask("my_messages")["items"][0]
    assert (told["code"], told["ref"]) == ("OBJECTION_ANSWERED", ana["id"])
    assert "绿地面积不变" in told["text"]
    (mine,) = town.bench.ask("objections", {"mine": True})["items"]
    assert (mine["state"], mine["reasons"]) == ("ANSWERED", "绿地面积不变,车位避开花坛")
    assert town.resident(BEN).ask("objections", {"mine": True})["items"] == []
    with pytest.raises(NotFound):
        town.bench.ask("objections", {"topic_id": topic_id})
    (seen,) = town.cadre().ask("objections", {"topic_id": topic_id})["items"]
    assert ANA not in str(seen)
    before = len(town.bench.rows("SELECT * FROM escalations"))
    town.bench.fire("2025-03-18T12:00:00")
    assert len(town.bench.rows("SELECT * FROM escalations")) == before


@pytest.mark.parametrize("outcome", ["SUSTAINED", "DISMISSED"])
def test_everyone_who_objected_is_told_what_both_sides_decided(town, outcome):
    """FP-D9."""
    topic_id = town.publicised()
    for person, claim in ((ANA, True), (BEN, False)):
        body = {"topic_id": topic_id, "text": "堵住门口", "directly_affected": claim}
        town.resident(person).do("object_to_opinion", body)
    reasons = "现场核实,通行宽度足够四米"
    with pytest.raises(errors.SamePerson):
        town.secretary(BEN)
        town.on_topic("resolve_objection", topic_id, outcome=outcome, reasons=reasons)
    town.secretary()
    town.on_topic("resolve_objection", topic_id, outcome=outcome, reasons=reasons)
    assert town.resident(ANA).ask("objections", {"mine": True})["items"][0]["state"] == "OPEN"
    town.street()
    town.on_topic("resolve_objection", topic_id, outcome=outcome, reasons="同意社区意见并已复勘")
    for person in (ANA, BEN):
        codes = {m["code"]: m for m in town.resident(person).ask("my_messages")["items"]}
        assert reasons in codes[f"OBJECTION_{outcome}"]["text"]
        (mine,) = town.bench.ask("objections", {"mine": True})["items"]
        assert mine["outcome"] == outcome
    assert COMMUNITY in str(town.bench.published())


def test_whose_attendance_is_corrected_is_told(town):
    """F15: everybody was told but the absent one, who could not contradict."""
    _topic, session_id, _tally = held(town, ["FOR"] * 8)
    town.secretary()
    for attended, code in ((False, "ATTENDANCE_REMOVED"), (True, "ATTENDANCE_ADDED")):
        correct(town, session_id, BEN, attended=attended)
        told = {m["code"]: m for m in town.resident(BEN).ask("my_messages")["items"]}
        assert "误点" in told[code]["text"]
        town.secretary()


def test_only_officials_send_somebody_else(town):
    """K4: a resident was told about officials of the same tier."""
    _topic, session_id = scheduled(town)
    row = town.bench.rows(
        "SELECT * FROM invitations WHERE session_id = :s AND person_id = :p", s=session_id, p=ANA
    )[0]
    body = {"invitation_id": row["invitation_id"], "answer": "DELEGATE"}
    for more in ({}, {"delegate_person_id": BEN}):
        with pytest.raises(errors.NoDelegate):
            town.resident(ANA).do("answer_invitation", body | more)


def comes(town, person):
    """Whether a person's invitation stands, or None where there is none."""
    rows = town.bench.rows("SELECT * FROM invitations WHERE person_id = :p", p=person)
    return rows[0]["revoked_at"] is None if rows else None


def test_who_would_come_for_an_official_does_not_when_that_one_comes_or_sends_another(town):
    """H5-10: the first delegate stayed invited beside the official, and beside the second one."""
    for number in (2, 3):
        town.official(f"per_cadre{number}", "COMMUNITY_CADRE", COMMUNITY, f"off_cadre{number}")
    scheduled(town)
    (mine,) = town.bench.rows("SELECT * FROM invitations WHERE person_id = :p", p=CADRE)

    def answers(**body):
        body = {"invitation_id": mine["invitation_id"]} | body
        town.cadre(CADRE).do("answer_invitation", body)
        return comes(town, "per_cadre2"), comes(town, "per_cadre3")

    assert answers(answer="DELEGATE", delegate_person_id="per_cadre2") == (True, None)
    assert answers(answer="DELEGATE", delegate_person_id="per_cadre3") == (False, True)
    told = town.cadre("per_cadre2").ask("my_messages")["items"]
    assert [one["code"] for one in told] == ["DELEGATE_DISMISSED", "INVITED"]
    assert answers(answer="NO", delegate_person_id="per_cadre2") == (True, False)
    assert answers(answer="YES") == (False, False)
    assert comes(town, CADRE) is True


def test_who_comes_for_an_official_does_not_when_that_one_has_left_office(town):
    """H5-10: the successor was invited, and who would have come for the former one stayed."""
    town.official("per_cadre2", "COMMUNITY_CADRE", COMMUNITY, "off_cadre2")
    scheduled(town)
    (mine,) = town.bench.rows("SELECT * FROM invitations WHERE person_id = :p", p=CADRE)
    body = {"answer": "DELEGATE", "delegate_person_id": "per_cadre2"}
    town.cadre(CADRE).do("answer_invitation", body | {"invitation_id": mine["invitation_id"]})
    town.district().do("end_official", {"official_id": "off_cadre", "reason": "调离"}, version=1)
    town.official("per_heir", "COMMUNITY_CADRE", COMMUNITY, "off_heir")
    town.link("off_heir", "GRID", GRID)
    assert [comes(town, one) for one in (CADRE, "per_cadre2", "per_heir")] == [False, False, True]


def test_who_moves_away_is_told_that_his_invitation_has_lapsed(town):
    scheduled(town)
    moved = {
        "person_id": BEN,
        "from_grid": GRID,
        "to_grid": OTHER_GRID,
        "community": OTHER_COMMUNITY,
    }
    town.bench.consume("steward", "resident_moved.v1", moved, subject=BEN, sequence=5)
    told = {m["code"] for m in town.resident(BEN).ask("my_messages")["items"]}
    assert "INVITATION_LAPSED" in told


def test_who_has_left_his_office_neither_leads_nor_attends_by_it(town):
    """K14: the former official opened the session, was ticked, and the successor was not invited."""
    topic_id, session_id = scheduled(town, host_id=CADRE)
    town.district().do("end_official", {"official_id": "off_cadre", "reason": "调离"}, version=1)
    town.official("per_heir", "COMMUNITY_CADRE", COMMUNITY, "off_heir")
    town.link("off_heir", "GRID", GRID)
    by_person = {
        row["person_id"]: row
        for row in town.bench.rows("SELECT * FROM invitations WHERE capacity = 'OFFICIAL'")
    }
    assert by_person[CADRE]["revoked_at"] is not None
    assert by_person["per_heir"]["revoked_at"] is None
    assert "INVITED" in {m["code"] for m in town.cadre("per_heir").ask("my_messages")["items"]}
    told = {m["code"] for m in town.cadre(CADRE).ask("my_messages")["items"]}
    assert "INVITATION_LAPSED" in told
    town.bench.at(START)
    town.cadre(CADRE)
    with pytest.raises(errors.NotHost):
        town.on_session("open_session", session_id)
    town.open(session_id, *VOTERS)
    assert town.state(topic_id) == "DELIBERATING"


def test_a_host_who_leaves_hands_the_session_to_another_cadre(town):
    town.official("per_heir", "COMMUNITY_CADRE", COMMUNITY, "off_heir")
    _topic, session_id = scheduled(town, host_id=CADRE)
    town.district().do("end_official", {"official_id": "off_cadre", "reason": "调离"}, version=1)
    told = {m["code"] for m in town.cadre("per_heir").ask("my_messages")["items"]}
    assert "HOST_LEFT" in told
    town.bench.at(START)
    assert town.on_session("open_session", session_id)["state"] == "OPEN"


def test_a_session_is_not_held_on_another_day_without_a_new_notice(town):
    _topic, session_id = scheduled(town)
    town.bench.at("2025-03-08T09:00:00+08:00")
    with pytest.raises(errors.DayOver):
        town.open(session_id)
    town.on_session("move_session", session_id, start="2025-03-12T19:00:00+08:00", reason="停电")
    town.bench.at("2025-03-12T19:00:00+08:00")
    town.open(session_id)


def test_a_session_that_has_closed_a_vote_was_held_though_its_last_topic_is_discontinued(town):
    """H5-8: it was called off, and who was there for the vote could not be corrected any more."""
    first, last = town.adopted(), town.adopted(BEN)
    start = "2025-03-07T19:00:00+08:00"
    session_id = town.schedule(first, start, topic_ids=[first, last])
    town.bench.at(start)
    present = VOTERS[:7]
    town.open(session_id, *present)
    for who in present:
        town.vote(session_id, first, who, "FOR")
    town.secretary()
    town.on_session("close_vote", session_id, topic_id=first)
    town.street()
    town.on_topic("discontinue_topic", last, reason="施工许可未获批准")
    assert town.row("sessions", "session_id", session_id)["state"] == "ENDED"
    answer = correct_as_secretary(town, session_id, VOTERS[7], attended=True)
    assert (answer["voting_present"], answer["void"]) == (8, [])
