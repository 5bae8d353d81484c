"""Three-party meetings: called, answered, held, their minutes approved, their work done."""

import hashlib

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.property import errors
from fivered.services.property.errors.meetings import NotCommitteeMember, ObserverSeated
from fivered.services.property.tests.test_waits import (
    CADRE,
    COMMUNITY,
    FAR,
    GRID,
    MANAGER,
    OTHER,
    SECRETARY,
    Waits,
    _of,
)  # fmt: skip

OWNERS = tuple(f"per_o{number}" for number in range(5))
AT = "2025-03-20T15:00:00+08:00"
CLERK = ("per_qian", "R_STREET", "370811015")


@pytest.fixture
def place(town):
    town.found()
    town.settle(*OWNERS)
    town.elect(OWNERS)
    town.enrol_cadre("per_li")
    return town


def call(town, **changes):
    asked = {
        "project_id": "prj_a", "starts_at": AT, "place": "红帆驿站", "agenda": ["充电桩选址"],
    }  # fmt: skip
    return town.secretary().do("call_meeting", asked | changes)["id"]


def owner(town, person=OWNERS[0]):
    return town.bench.as_("R_RESIDENT", person=person, scope=town.grid)


def hold(town, call_id=None, **changes):
    told = {
        "project_id": "prj_a", "held_at": AT, "chair": "per_sun", "minutes_sha256": "b" * 64,
        "attendees": {
            "COMMITTEE": ["per_sun"], "OWNERS": [OWNERS[0]], "PROPERTY": ["per_wu"],
        },
    }  # fmt: skip
    return town.secretary().do(
        "hold_meeting", told | ({"call_id": call_id} if call_id else {}) | changes
    )


def test_a_meeting_is_called_answered_moved_and_held(place):
    bench = place.bench
    made = call(place)
    which = {"call_id": made}
    card = bench.ask("meeting_call", which)
    sides = {(one["side"], one["person_id"]) for one in card["invited"]}
    assert sides == {
        ("COMMITTEE", "per_sun"), ("PROPERTY", "per_wu"), *(("OWNERS", one) for one in OWNERS),
    }  # fmt: skip
    told = bench.rows("SELECT person_id FROM messages WHERE code = 'MEETING_CALLED'")
    assert {row["person_id"] for row in told} == {"per_wu", *OWNERS}
    # Who is invited finds it and answers; who is not learns nothing.
    assert owner(place).ask("meeting_calls", {})["items"][0]["my_answer"] == "NONE"
    bench.do("answer_meeting_call", which | {"answer": "NO", "note": "出差"})
    bench.do("answer_meeting_call", which | {"answer": "YES"})
    with pytest.raises(NotFound):
        owner(place, "per_x").ask("meeting_call", which)
    with pytest.raises(NotFound):
        bench.do("answer_meeting_call", which | {"answer": "YES"})
    assert bench.ask("meeting_calls", {})["total"] == 0
    answers = {
        one["person_id"]: one["answer"]
        for one in owner(place).ask("meeting_call", which)["invited"]
    }
    assert answers[OWNERS[0]] == "YES"

    moved = which | {"starts_at": "2025-03-21T15:00:00+08:00", "reason": "主任出差,改期召开"}
    version = place.version("meeting_calls", "call_id", made)
    with pytest.raises(errors.ReasonRequired):
        place.secretary().do("move_meeting_call", moved | {"reason": "是"}, version=version)
    with pytest.raises(errors.MeetingPast):
        place.secretary().do(
            "move_meeting_call",
            moved | {"starts_at": AT[:8] + "01T15:00:00+08:00"},
            version=version,
        )
    place.secretary().do("move_meeting_call", moved, version=version)
    assert owner(place).ask("meeting_call", which)["my_answer"] == "NONE"
    for asked, total in (
        ({"from_day": "2025-03-21", "to_day": "2025-03-21"}, 1), ({"to_day": "2025-03-20"}, 0),
        ({"project_id": "prj_a", "state": "CALLED"}, 1), ({"state": "HELD"}, 0),
    ):  # fmt: skip
        assert place.manager().ask("meeting_calls", asked)["total"] == total

    bench.at("2025-03-21T18:00:00")
    with pytest.raises(StateConflict):
        owner(place).do("answer_meeting_call", which | {"answer": "NO"})
    with pytest.raises(errors.CallOfAnother):
        hold(place, made)
    held = hold(place, made, held_at="2025-03-21T15:10:00+08:00")
    assert bench.ask("meeting_call", which)["meeting_id"] == held["id"]
    with pytest.raises(errors.CallOfAnother):
        hold(place, made, held_at="2025-03-21T16:10:00+08:00")
    with pytest.raises(StateConflict):
        place.secretary().do("cancel_meeting_call", which | {"reason": "议题已另行解决"}, version=3)
    assert bench.ask("meetings", {"from_day": "2025-03-21", "to_day": "2025-03-21"})["total"] == 1
    assert bench.ask("meetings", {"to_day": "2025-03-20"})["total"] == 0


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"starts_at": "2025-03-01T15:00:00+08:00"}, errors.MeetingPast),
        ({"starts_at": "2025-08-01T15:00:00+08:00"}, errors.MeetingPast),
        ({"property": ["per_rival"]}, errors.NotOfThisSide),
        ({"owners": ["per_wu"]}, errors.NotOfThisSide),
        ({"owners": [OWNERS[0]], "committee": [OWNERS[0]]}, errors.NotOfThisSide),
        ({"project_id": "prj_none"}, NotFound),
    ],
)
def test_who_does_not_sit_for_a_side_is_not_invited_for_it(place, changes, refusal):
    with pytest.raises(refusal):
        call(place, **changes)
    with pytest.raises(RoleDenied):
        place.bench.as_("R_CADRE", person="per_f", scope="370811015902").do(
            "call_meeting",
            {"project_id": "prj_a", "starts_at": AT, "place": "站", "agenda": ["一"]},
        )


def test_the_sides_approve_the_minutes_and_then_everybody_reads_them(place):
    bench, waits = place.bench, Waits(place.bench)
    bench.at("2025-03-20T18:00:00")
    which = {"meeting_id": hold(place)["id"]}
    text = "会议商定六月底前完成充电桩选址。"
    draft = which | {"text": text, "files": ["sha256:5c"]}
    with pytest.raises(errors.ConflictOfInterest):
        place.cadre("per_wu").do("draft_minutes", draft, version=1)
    made = place.secretary().do("draft_minutes", draft, version=1)
    people = bench.rows("SELECT person_id FROM told WHERE kind = 'MINUTES_TO_APPROVE'")
    meeting = bench.ask("meeting", which)
    there = {one for side in meeting["attendees"].values() for one in side}
    assert {row["person_id"] for row in people} == there - {bench.actor.id}
    assert made["text_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    sign = which | {"text_sha256": made["text_sha256"]}
    with pytest.raises(NotFound):
        owner(place, "per_x").ask("minutes", which)
    with pytest.raises(NotFound):
        bench.do("approve_minutes", sign | {"side": "OWNERS"})
    with pytest.raises(errors.NotOfThisSide):
        owner(place).do("approve_minutes", sign | {"side": "PROPERTY"})
    with pytest.raises(errors.ReasonRequired):
        bench.do("approve_minutes", sign | {"side": "OWNERS", "accepted": False})
    # One side finds them wrong: they are written anew, and approved anew.
    place.manager().do("approve_minutes", sign | {"side": "PROPERTY"})
    wrong = {"side": "OWNERS", "accepted": False, "reason": "遗漏停车收费一项"}
    owner(place).do("approve_minutes", sign | wrong)
    place.secretary().do("draft_minutes", draft | {"text": text + "停车收费下次再议。"}, version=1)
    assert bench.ask("meeting_minutes", {})["items"][0]["approved_by"] == []
    with pytest.raises(errors.TextChanged):
        place.manager().do("approve_minutes", sign | {"side": "PROPERTY"})
    sign["text_sha256"] = owner(place).ask("minutes", which)["text_sha256"]
    waits.until(
        "APPROVE_MINUTES", which["meeting_id"],
        lambda: owner(place).do("approve_minutes", sign | {"side": "OWNERS"}),
        to=(OWNERS[0], "R_RESIDENT", GRID), not_to=[(OWNERS[1], "R_RESIDENT", GRID), FAR],
    )  # fmt: skip
    place.manager().do("approve_minutes", sign | {"side": "PROPERTY"})
    place.secretary().do("approve_minutes", sign | {"side": "COMMITTEE"})
    card = owner(place, "per_x").ask("minutes", which)
    assert (card["state"], card["approved_by"]) == ("APPROVED", ["COMMITTEE", "OWNERS", "PROPERTY"])
    assert "停车收费" in card["text"]
    assert "history" not in card
    with pytest.raises(StateConflict):
        place.secretary().do("draft_minutes", draft, version=1)


def test_an_invitation_waits_until_it_is_answered(place):
    waits = Waits(place.bench)
    made = call(place)
    waits.until(
        "ANSWER_MEETING_CALL", made,
        lambda: place.manager().do("answer_meeting_call", {"call_id": made, "answer": "YES"}),
        to=MANAGER, not_to=[OTHER, FAR],
    )  # fmt: skip


def test_what_the_community_takes_on_falls_due_goes_to_the_street_and_is_checked_by_it(place):
    bench, waits = place.bench, Waits(place.bench)
    bench.at("2025-03-20T18:00:00")
    held = hold(
        place,
        decisions=[
            {"text": "社区协调供电接入", "kind": "RECORD", "due_date": "2025-03-28", "responsible": "COMMUNITY"},
            {"text": "公布选址图", "kind": "RECORD", "due_date": "2025-03-28"},
            {"text": "知悉一季度收支", "kind": "RECORD"},
        ],
    )  # fmt: skip
    ours, theirs, none = (one["opened"] for one in held["decisions"])
    assert none is None
    work = {"work_id": ours}
    assert ours in waits.things("DO_WORK", *_of(SECRETARY))
    assert set(waits.things("DO_WORK", *_of(MANAGER))) == {theirs}
    with pytest.raises(errors.WrongSide):
        place.manager().do("start_work", work, version=1)
    with pytest.raises(errors.WrongSide):
        place.cadre().do("start_work", {"work_id": theirs}, version=1)
    place.cadre().do("start_work", work, version=1)
    bench.fire("2025-03-29T00:00:00")
    # The project's is ordered, the community's goes before the street.
    orders = bench.rows("SELECT work_id AS w FROM rectifications")
    assert [row["w"] for row in orders] == [theirs]
    card = place.street_clerk().ask("work", work)
    assert card["overdue"] is True
    assert [one["what"] for one in card["history"]][-2:] == ["OVERDUE", "ESCALATED"]
    version = card["version"]
    waits.until(
        "OVERDUE_WORK", ours,
        lambda: place.cadre().do("deliver_work", work | {"evidence": ["sha256:1"]}, version=version),
        to=CLERK, not_to=[CADRE, FAR],
    )  # fmt: skip
    with pytest.raises(errors.WrongSide):
        place.secretary().do("check_work", work | {"accepted": True}, version=version + 1)
    waits.until(
        "CHECK_WORK", ours,
        lambda: place.street_clerk().do("check_work", work | {"accepted": True}, version=version + 1),
        to=CLERK, not_to=[("per_li", "R_CADRE", COMMUNITY)],
    )  # fmt: skip
    assert place.cadre().ask("work", work)["state"] == "CLOSED"


def test_residents_sit_in_apart_from_who_holds_the_post(place):
    bench = place.bench
    place.settle("per_res", "per_kin")
    which = {"call_id": call(place, observers=["per_res"])}
    invited = bench.ask("meeting_call", which)["invited"]
    assert [one["person_id"] for one in invited if one["side"] == "OBSERVER"] == ["per_res"]
    assert len(invited) == 3 + len(OWNERS)
    owner(place, "per_res").do("answer_meeting_call", which | {"answer": "YES"})
    for changes, refusal in (
        ({"owners": [OWNERS[0], "per_res"]}, NotCommitteeMember),
        ({"observers": [OWNERS[0]]}, ObserverSeated),
        ({"observers": ["per_unknown"]}, errors.NotHeardOf),
    ):
        with pytest.raises(refusal):
            call(place, **changes)
    bench.at("2025-03-20T18:00:00")
    sides = {"COMMITTEE": ["per_sun"], "PROPERTY": ["per_wu"]}
    with pytest.raises(NotCommitteeMember):
        hold(place, attendees=sides | {"OWNERS": [OWNERS[0], "per_res"]})
    # Who only sits in makes no side complete.
    with pytest.raises(errors.QuorumNotMet):
        hold(place, attendees=sides, observers=["per_res"])
    with pytest.raises(ObserverSeated):
        hold(place, observers=[OWNERS[0]])
    held = {"meeting_id": hold(place, observers=["per_res", "per_kin", "per_res"])["id"]}
    card = bench.ask("meeting", held)
    assert card["observers"] == ["per_res", "per_kin"]
    assert "per_res" not in str(card["attendees"])
    board = bench.ask("board", {"project_id": "prj_a"})["meetings"][0]
    assert board["present"] == {"COMMITTEE": 1, "OWNERS": 1, "PROPERTY": 1}
    # Minutes are approved by who sat for a side.
    text = place.secretary().do("draft_minutes", held | {"text": "商定六月底前完成。"}, version=1)
    sign = held | {"side": "OWNERS", "text_sha256": text["text_sha256"]}
    with pytest.raises(NotFound):
        owner(place, "per_res").do("approve_minutes", sign)
