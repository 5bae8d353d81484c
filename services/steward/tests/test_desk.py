"""What a desk does with a case beside its steps: notes and replies, and what is put right."""

import pytest
import sqlalchemy as sa

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.actions import notes
from fivered.services.steward.errors import desk
from fivered.services.steward.storage.desk import request_calls, request_notes
from fivered.services.steward.tests.ground import (
    CHEN,
    COMMUNITY,
    GRID,
    LI,
    OTHER_CADRE,
    STAFF,
    STW_STAFF,
    WANG,
    Ground,
    person_id,
    steward_id,
)
from fivered.services.steward.tests.test_followers import sweep

pytestmark = pytest.mark.slow

ELSEWHERE = "370811015902"
GRID_ELSEWHERE = "370811015902001"
FAR = "370811016901"
GRID_FAR = "370811016901001"
CADRE_ELSEWHERE, STW_ELSEWHERE = person_id(31), steward_id(31)


def staffed_stage(bench):
    """The usual stewards on shift, and a second community with a cadre and a resident."""
    ground = Ground(bench)
    ground.staff()
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T22:00")
    bench = ground.bench.as_("R_DISTRICT")
    for code, name, kind in (
        (ELSEWHERE, "锦绣社区", "COMMUNITY"),
        (GRID_ELSEWHERE, "第一网格", "GRID"),
        (FAR, "南张社区", "COMMUNITY"),
        (GRID_FAR, "第一网格", "GRID"),
    ):
        bench.do("define_area", {"code": code, "name": name, "kind": kind})
    ground.person(CHEN, "陈大文", grid=GRID_ELSEWHERE)
    ground.person(CADRE_ELSEWHERE, "吴清")
    ground.steward(STW_ELSEWHERE, CADRE_ELSEWHERE, "COMMUNITY_CADRE", (GRID_ELSEWHERE,))


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


class Someone:
    """A person who acts in a role, whoever has acted meanwhile."""

    def __init__(self, ground, who, role="R_STEWARD", scope=GRID):
        self.ground, self.said = ground, (who, role, scope)

    def do(self, *args, **more):
        return self.ground.by(*self.said).do(*args, **more)

    def ask(self, *args):
        return self.ground.by(*self.said).ask(*args)


def write(who, row, text, visibility="PUBLIC", **more):
    return who.do(
        "add_note", {"request_id": row["id"], "text": text, "visibility": visibility} | more
    )


def texts(who, row):
    return [one["text"] for one in who.ask("request_notes", {"request_id": row["id"]})["items"]]


def told(who, row):
    """The texts that stand in the timeline as somebody reads it, by the kind of step."""
    lines = who.ask("timeline", {"request_id": row["id"]})["items"]
    return [(one["action"], one["detail"]["text"]) for one in lines if "text" in one["detail"]]


def test_staff_write_for_each_other_and_to_the_reporter_who_adds_and_urges_in_words(staffed):
    """ROWS S12: nobody could add a word to a case."""
    row = staffed.submit(text="楼道灯不亮,请打 12812345678")
    handler, resident = Someone(staffed, STAFF), Someone(staffed, WANG, "R_RESIDENT", COMMUNITY)
    cadre = Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY)
    first = write(handler, row, "配件缺货,已问厂家", "INTERNAL")
    assert (first["kind"], first["version"]) == ("NOTE", row["version"])
    assert write(handler, row, "配件周三到,到后上门")["kind"] == "REPLY"
    assert write(resident, row, "四楼的灯也不亮,回电 12812345678")["kind"] == "INFO"
    said = resident.do("urge_request", {"request_id": row["id"], "text": "老人夜里看不见路"})
    assert write(cadre, row, "请今天先装临时灯", "INTERNAL")["kind"] == "NOTE"
    public = ["配件周三到,到后上门", "四楼的灯也不亮,回电 12812345678", "老人夜里看不见路"]
    assert texts(resident, row) == public
    assert texts(handler, row) == ["配件缺货,已问厂家", *public, "请今天先装临时灯"]
    assert told(resident, row) == list(zip(("reply", "inform", "urge"), public, strict=True))
    assert told(cadre, row)[0] == ("note", "配件缺货,已问厂家")
    # Who wrote it is told to the staff; who looks on reads no number.
    assert "author_id" not in resident.ask("request_notes", {"request_id": row["id"]})["items"][0]
    street = Someone(staffed, person_id(41), "R_STREET_LEAD", "370811015")
    assert texts(street, row)[2] == "四楼的灯也不亮,回电 ***"
    # A party of the matter neither reads nor writes what the staff say, whatever the office.
    hers = Someone(staffed, WANG, "R_CADRE", COMMUNITY)
    assert texts(hers, row) == public
    with pytest.raises(RoleDenied):
        write(hers, row, "我来看看", "INTERNAL")
    # Another system that files for the area reads none of it.
    system = Someone(staffed, "svc_hotline", "R_SYSTEM", COMMUNITY)
    assert texts(system, row) == texts(street, row)[1:-1]
    # Strangers know nothing of it.
    for stranger in (
        Someone(staffed, LI, "R_RESIDENT", COMMUNITY),
        Someone(staffed, CHEN, "R_CADRE", FAR),
    ):
        with pytest.raises(NotFound):
            write(stranger, row, "路过")
        with pytest.raises(NotFound):
            texts(stranger, row)
    with pytest.raises(RoleDenied):
        write(resident, row, "只给你们看", "INTERNAL")
    # For somebody without an account staff who took no part, against a receipt.
    elder = staffed.written_for(LI)
    spoke = write(cadre, elder, "来电:单元门也坏了", **staffed.receipt(elder))
    assert spoke["kind"] == "INFO"
    with pytest.raises(errors.NotReporter):
        write(handler, row, "诉求人说不急", receipt="来电录音 0303-08")
    assert said["version"] == row["version"] + 1


def test_a_reporter_adds_so_often_a_day_and_not_to_what_is_over(staffed, monkeypatch):
    row = staffed.submit()
    resident = Someone(staffed, WANG, "R_RESIDENT", COMMUNITY)
    monkeypatch.setattr(notes, "PER_DAY", 2)
    monkeypatch.setattr(notes, "MOST", 4)
    for _ in range(2):
        write(resident, row, "还有一处")
    with pytest.raises(desk.TooManyNotes):
        write(resident, row, "还有一处")
    with pytest.raises(desk.TooManyNotes):
        resident.do("urge_request", {"request_id": row["id"], "text": "请快些"})
    staffed.bench.at("2025-03-04T09:00:00+08:00")
    write(resident, row, "今天又灭了一盏")
    write(Someone(staffed, STAFF), row, "知道了")
    with pytest.raises(desk.NotesFull):
        write(Someone(staffed, STAFF), row, "再记一条", "INTERNAL")
    other = staffed.submit()
    staffed.step("cancel_request", other, WANG, "R_RESIDENT", COMMUNITY)
    with pytest.raises(StateConflict):
        write(resident, other, "还是想说")
    # The staff may still note why.
    write(Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY), other, "本人来电撤回", "INTERNAL")


def test_who_follows_a_case_writes_to_the_own_request_and_reads_no_other_s_words(staffed):
    first = staffed.submit()
    second = staffed.submit(LI, text="三楼灯坏")
    cadre = Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY)
    cadre.do(
        "merge_request", {"request_id": second["id"], "into": first["id"]},
        version=second["version"],
    )  # fmt: skip
    write(Someone(staffed, STAFF), first, "已下单")
    li = Someone(staffed, LI, "R_RESIDENT", COMMUNITY)
    spoke = write(li, first, "我家门口最暗")
    assert spoke["request_id"] == second["id"]
    with pytest.raises(NotFound):
        texts(li, first)
    assert texts(li, second) == ["我家门口最暗"] == texts(Someone(staffed, STAFF), second)
    assert ("reply", "已下单") not in told(li, second)
    assert write(Someone(staffed, STAFF), second, "周三一并换")["kind"] == "REPLY"
    assert texts(li, second) == ["我家门口最暗", "周三一并换"]


def test_notes_are_sealed_and_go_with_the_texts_of_a_request(staffed):
    """REQ-L08: what was written in a case ends three years after its last step."""
    row = staffed.submit(caller_phone="12800000055")
    write(Someone(staffed, STAFF), row, "住户电话 12812345678", "INTERNAL")
    write(Someone(staffed, WANG, "R_RESIDENT", COMMUNITY), row, "回电 12812345678")
    with staffed.bench.transaction() as tx:
        kept = tx.conn.execute(sa.select(request_notes)).all()
        assert [(one.text is None, one.internal is None) for one in kept] == [
            (True, False), (False, True)
        ]  # fmt: skip
        assert all(b"12812345678" not in (one.text or one.internal) for one in kept)
    staffed.step("cancel_request", row, WANG, "R_RESIDENT", COMMUNITY)
    sweep(staffed, "2028-05-08T03:00:00")
    with staffed.bench.transaction() as tx:
        kept = tx.conn.execute(sa.select(request_notes)).all()
        (call,) = tx.conn.execute(sa.select(request_calls)).all()
    assert [(one.text, one.internal) for one in kept] == [(None, None)] * 2
    assert (call.phone, call.note, call.record_ref) == (None, None, None)


def correct(who, row, **more):
    return who.do(
        "correct_request",
        {"request_id": row["id"], "reason": "电话核实"} | more,
        version=row["version"],
    )


def test_a_correction_keeps_what_stood_there_before_and_the_deadlines(staffed):
    """ROWS S8: a case could not be moved to the community in which it lies."""
    row = staffed.submit()
    due = row["due_resolve"]
    row = correct(
        Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY), row, category="LIFT", building="5"
    )
    lines = Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY).ask(
        "timeline", {"request_id": row["id"]}
    )["items"]
    detail = next(one["detail"] for one in lines if one["action"] == "correct")
    assert detail["before"] == {"category": "REPAIR_COMMON", "building": None}
    assert (detail["category"], detail["building"]) == ("LIFT", "5")
    with pytest.raises(desk.BeyondReach):
        correct(Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY), row, grid=GRID_FAR)
    staffed.bench.at("2025-03-03T10:00:00+08:00")
    row = staffed.step("accept_request", row, staffed.handler_of(row))
    row = correct(Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY), row, grid=GRID_ELSEWHERE)
    assert (row["state"], row["handler"], row["due_resolve"]) == ("DISPATCHED", STW_ELSEWHERE, due)
    # The community that had it sees it no more, the other one does.
    with pytest.raises(NotFound):
        Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY).ask(
            "request", {"request_id": row["id"]}
        )
    there = Someone(staffed, CADRE_ELSEWHERE, "R_CADRE", ELSEWHERE)
    assert there.ask("request", {"request_id": row["id"]})["grid"] == GRID_ELSEWHERE
    clocks = staffed.bench.rows(
        "select which, area, done_at from request_clocks where request_id = :id order by id",
        id=row["id"],
    )
    # What was done in time there stays there.
    assert {(one["which"], one["area"]) for one in clocks} == {
        ("RESOLVE", ELSEWHERE), ("CONTACT", ELSEWHERE), ("ACCEPT", COMMUNITY),
        ("ACCEPT", ELSEWHERE),
    }  # fmt: skip
    assert staffed.bench.published("request_corrected.v1")[-1]["data"]["grid"] == GRID_ELSEWHERE


def test_whose_request_it_is_is_put_right_and_the_next_one_does_not_read_whose_it_was(staffed):
    row = staffed.submit(WANG)
    cadre, li = (
        Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY),
        Someone(staffed, LI, "R_RESIDENT", COMMUNITY),
    )
    with pytest.raises(errors.UnknownPerson):
        correct(cadre, row, reporter_id=CHEN)
    with pytest.raises(errors.NothingCorrected):
        correct(cadre, row, reporter_id=WANG)
    with pytest.raises(errors.InChain):
        correct(cadre, row, reporter_id=STAFF)
    row = correct(cadre, row, reporter_id=LI)
    told_li = li.ask("timeline", {"request_id": row["id"]})["items"][-1]["detail"]
    assert told_li["before"] == {} and WANG not in str(told_li)
    staff = cadre.ask("timeline", {"request_id": row["id"]})["items"][-1]["detail"]
    assert staff["before"] == {"reporter_id": WANG}
    with pytest.raises(NotFound):
        Someone(staffed, WANG, "R_RESIDENT", COMMUNITY).ask("request", {"request_id": row["id"]})
    assert staffed.bench.published("request_corrected.v1")[-1]["data"]["reporter_id"] == LI
    row = staffed.resolved(row)
    row = staffed.rate(row, who=LI)
    with pytest.raises(desk.RatedAlready):
        correct(cadre, row, reporter_id=WANG)
