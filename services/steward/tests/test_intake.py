"""What chats and the hotline bring is a draft until a person has looked at it, and one matter that
comes by three doors is one case."""

import pytest
import sqlalchemy as sa

from fivered.chassis.messages import SELF
from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.steward import errors, storage
from fivered.services.steward.errors import intake
from fivered.services.steward.tests.ground import (
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    LI,
    OTHER_CADRE,
    STAFF,
    STREET_SCOPE,
    STW_STAFF,
    WANG,
    Ground,
)
from fivered.services.steward.tests.test_desk import Someone

pytestmark = pytest.mark.slow

SENT = "2025-03-03T08:55:00+08:00"
CHAT, HOTLINE = "svc_chat", "svc_hotline"


def staffed_stage(bench):
    ground = Ground(bench)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
    ground.person(CHEN, "陈大文", phone="12800000066", grid=GRID_2)


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


def system(ground, who=HOTLINE):
    return Someone(ground, who, "R_STREET", STREET_SCOPE)


def desk(ground):
    return Someone(ground, OTHER_CADRE, "R_CADRE", COMMUNITY)


def order(ground, no="JN-17", **more):
    body = {
        "order_no": no, "area": COMMUNITY, "text": "来电人反映3号楼2单元楼道灯不亮", "sent_at": SENT,
        "phone": "12800000066", "answer_by": "2025-03-10T18:00:00+08:00",
    }  # fmt: skip
    return system(ground).do("receive_order", body | more)


def message(ground, no="m-1", **more):
    body = {
        "group_ref": "qun-1", "msg_id": no, "area": GRID, "text": "3号楼2单元楼道灯又不亮了",
        "sent_at": SENT, "sender_ref": "wx-7", "building": "3",
    }  # fmt: skip
    return system(ground, CHAT).do("receive_chat", body | more)


def steps(ground, who, after=None):
    asked = {"after": after} if after is not None else {}
    return [
        (one["external_ref"], one["step"])
        for one in system(ground, who).ask("intake_results", asked)["items"]
    ]


def told(ground, who):
    page = ground.bench.as_(SELF, person=who, scope="").ask("_messages", {"limit": 200})
    return [one["kind"] for one in reversed(page["items"])]


@pytest.mark.covers("S5", "S6")
def test_one_matter_by_three_doors_is_one_case_and_three_are_told(staffed):
    """ROWS 15: chat messages were cases at once, merged by hand, and nobody was notified."""
    by_phone = staffed.submit(
        who=None, reporter_id=LI, text="3号楼2单元楼道灯不亮", building="3",
        caller_phone="12800000002",
    )  # fmt: skip
    by_app = staffed.submit(WANG, text="3号楼2单元的灯不亮", building="3", channel="APP")
    assert [one["id"] for one in by_app["similar"]] == [by_phone["id"]]
    cadre = desk(staffed)
    cadre.do(
        "merge_request", {"request_id": by_app["id"], "into": by_phone["id"]},
        version=by_app["version"],
    )  # fmt: skip
    chat, ordered = message(staffed), order(staffed)
    assert (chat["state"], ordered["state"]) == ("WAITING", "WAITING")
    # Nothing is a case before somebody has looked at it.
    assert len(staffed.bench.rows("select 1 from requests")) == 2
    for item in (chat, ordered):
        card = cadre.ask("intake_item", {"item_id": item["id"]})
        assert card["similar"][0]["id"] == by_phone["id"]
        assert card["similar"][0]["likeness"] > 30
        joined = cadre.do(
            "join_intake", {"item_id": item["id"], "request_id": by_phone["id"]}, version=1
        )
        assert (joined["state"], joined["case_number"]) == ("JOINED", by_phone["number"])
    assert card["phone"] == "128****0066" and card["reporter_id"] == CHEN
    rows = staffed.bench.rows("select state from requests order by created_at, request_id")
    assert [one["state"] for one in rows] == ["DISPATCHED", "MERGED", "MERGED", "MERGED"]
    # It goes on for all of them, and each source is told of each step that it waits for.
    row = cadre.ask("request", {"request_id": by_phone["id"]})
    assert len(row["followers"]) == 3
    row = staffed.resolved(row)
    staffed.bench.fire("2025-03-07T00:00:00")
    kinds = ["REQ_ACCEPTED", "REQ_CONTACTED", "REQ_RESOLVED", "REQ_CLOSED"]
    for who in (LI, WANG, CHEN):
        assert told(staffed, who)[-4:] == kinds
    after = ["JOINED", "ACCEPTED", "RESOLVED", "CLOSED"]
    assert steps(staffed, HOTLINE) == [("JN-17", one) for one in after]
    assert steps(staffed, CHAT) == [("qun-1:m-1", one) for one in after]
    results = system(staffed).ask("intake_results")["items"]
    done = results[2]
    assert (done["outcome"], done["note"]) == ("SOLVED", "已更换灯泡")
    assert done["case_number"] == by_phone["number"] != done["number"]
    assert steps(staffed, HOTLINE, after=done["sequence"]) == [("JN-17", "CLOSED")]


def test_an_order_becomes_a_request_once_and_goes_back_step_by_step(staffed):
    first = order(staffed)
    assert order(staffed)["duplicate"] is True
    assert order(staffed, " jn-17 ")["id"] == first["id"]
    with pytest.raises(intake.ItemDiffers):
        order(staffed, text="别的事情")
    cadre = desk(staffed)
    file = {"item_id": first["id"], "kind": "REPAIR", "category": "REPAIR_COMMON"}
    with pytest.raises(intake.GridNeededHere):
        cadre.do("file_intake", file, version=1)
    # Systems bring, people decide; and each where it has to do.
    for who, refused in (
        (system(staffed), intake.OnlyPeople),
        (Someone(staffed, LI, "R_CADRE", "370811015902"), NotFound),
        (Someone(staffed, STAFF), RoleDenied),
    ):
        with pytest.raises(refused):
            who.do("file_intake", file | {"grid": GRID}, version=1)
    with pytest.raises(intake.OnlySystems):
        Someone(staffed, LI, "R_STREET", STREET_SCOPE).do(
            "receive_chat",
            {"group_ref": "q", "msg_id": "1", "area": GRID, "text": "灯坏了", "sent_at": SENT},
        )
    filed = cadre.do("file_intake", file | {"grid": GRID}, version=1)
    with pytest.raises(StateConflict):
        cadre.do("file_intake", file | {"grid": GRID}, version=filed["version"])
    card = cadre.ask("request", {"request_id": filed["request_id"]})
    assert (card["channel"], card["external_ref"]) == ("HOTLINE_12345", "JN-17")
    assert (card["reporter_id"], card["text"]) == (CHEN, "来电人反映3号楼2单元楼道灯不亮")
    (call,) = cadre.ask("request_calls", {"request_id": card["id"]})["items"]
    assert call["phone"] == "128****0066"
    # Until when the hotline wants an answer reads who handles it.
    (note,) = cadre.ask("request_notes", {"request_id": card["id"]})["items"]
    assert (note["kind"], note["text"]) == ("NOTE", "来源要求于 2025-03-10 18:00 前答复")
    # A clerk who has the order on paper files it by hand: it is the same one.
    by_hand = {
        "channel": "HOTLINE_12345", "kind": "REPAIR", "category": "REPAIR_COMMON", "grid": GRID,
        "text": "灯", "external_ref": "JN-17",
    }  # fmt: skip
    with pytest.raises(errors.ReferenceTaken) as taken:
        cadre.do("submit_request", by_hand)
    assert taken.value.params["number"] == filed["number"]
    card = staffed.resolved(card)
    cadre_said = {"request_id": card["id"], "reason": "没有修好"}
    staffed.by(CHEN, "R_RESIDENT", COMMUNITY).do(
        "reopen_request", cadre_said, version=card["version"]
    )
    expected = ["FILED", "DISPATCHED", "ACCEPTED", "RESOLVED", "REOPENED"]
    assert [step for _, step in steps(staffed, HOTLINE)] == expected
    assert steps(staffed, CHAT) == []
    (filed_step, given, *_) = system(staffed).ask("intake_results")["items"]
    assert filed_step["due"] == given["due"] and given["duty"] == "PROPERTY_STAFF"
    assert told(staffed, CHEN)[:2] == ["REQ_RECEIVED", "REQ_DISPATCHED"]


def test_the_desk_refuses_with_a_reason_and_lists_what_waits(staffed):
    chatter, second = message(staffed), message(staffed, "m-2")
    street = order(staffed, area=STREET_SCOPE)
    cadre = desk(staffed)
    waiting = cadre.ask("intake_items", {"state": "WAITING", "total": True})
    # What names no community is the street's to look at.
    assert [one["id"] for one in waiting["items"]] == [second["id"], chatter["id"]]
    with pytest.raises(NotFound):
        cadre.ask("intake_item", {"item_id": street["id"]})
    official = Someone(staffed, LI, "R_STREET", STREET_SCOPE)
    assert official.ask("intake_item", {"item_id": street["id"]})["text"]
    mine = system(staffed, CHAT).ask("intake_items")["items"]
    assert {one["id"] for one in mine} == {chatter["id"], second["id"]}
    with pytest.raises(NotFound):
        system(staffed, CHAT).ask("intake_item", {"item_id": street["id"]})
    no = {"item_id": chatter["id"], "reason": "NOT_A_REQUEST", "note": "群内闲聊,不是诉求"}
    assert cadre.do("refuse_intake", no, version=1)["state"] == "REFUSED"
    (step,) = system(staffed, CHAT).ask("intake_results")["items"]
    assert (step["step"], step["reason"], step["note"]) == (
        "REFUSED", "NOT_A_REQUEST", "群内闲聊,不是诉求"
    )  # fmt: skip
    assert cadre.ask("intake_items", {"state": "REFUSED"})["items"][0]["reason_zh"]
    # A case that is over takes nothing in.
    over = staffed.submit()
    staffed.step("cancel_request", over, WANG, "R_RESIDENT", COMMUNITY)
    with pytest.raises(intake.CaseOver):
        cadre.do("join_intake", {"item_id": second["id"], "request_id": over["id"]}, version=1)
    # Whom it tells of has it erased: words, number and key are gone after their time.
    kept = staffed.bench.rows("select text, phone from intake_items where phone is not null")
    assert kept and all("12800000066" not in str(bytes(one["phone"])) for one in kept)


def test_what_one_source_is_told_is_committed_in_the_order_of_its_numbers(ground):
    """A source goes on from the last number that it read: a lower one must not come later."""
    engine = ground.bench.runtime.engine
    if engine.dialect.name != "postgresql":
        return  # SQLite has one writer.
    said = {
        "source": HOTLINE, "item_id": "itm_1", "area": GRID, "step": "FILED", "request_id": None,
        "detail": {}, "at": ground.bench.now,
    }  # fmt: skip
    with engine.begin() as first, engine.connect() as second:
        storage.intake.add_results(first, [said])
        second.execute(sa.text("SET lock_timeout = '50ms'"))
        storage.intake.add_results(second, [said | {"source": CHAT}])
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            storage.intake.add_results(second, [said])
