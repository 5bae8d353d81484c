"""What is taken up unasked, done with many at once, taken for one matter, and counted apart."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.steward import errors, rules
from fivered.services.steward.errors import desk
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    POLICE,
    STAFF,
    STAFF_2,
    STW_GRID,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
    steward_id,
)
from fivered.services.steward.tests.test_desk import Someone, staffed  # noqa: F401

pytestmark = pytest.mark.slow


def cadre(ground):
    return Someone(ground, OTHER_CADRE, "R_CADRE", COMMUNITY)


def take(who, row):
    return who.do("take_request", {"request_id": row["id"]}, version=row["version"])


def pool(who):
    return [one["id"] for one in who.ask("pool", {"grid": GRID})["items"]]


def test_a_steward_takes_up_what_nobody_has_and_the_first_one_has_it(staffed):  # noqa: F811
    """ROWS S7: no pool, no take-over."""
    first, second = Someone(staffed, STAFF), Someone(staffed, STAFF_2)
    row = staffed.submit()
    staffed.write(row, state="SUBMITTED", handler=None, handler_person=None)
    assert pool(first) == pool(second) == [row["id"]]
    # Nobody to whose duty or grid it does not belong.
    police, elsewhere = Someone(staffed, POLICE), Someone(staffed, LI)
    assert pool(police) == pool(elsewhere) == []
    with pytest.raises(RoleDenied):
        first.ask("pool", {"grid": GRID_2})
    for who in (police, elsewhere):
        with pytest.raises(NotFound):
            take(who, row)
    taken = take(second, row)
    assert (taken["state"], taken["handler"], taken["late"]) == ("ACCEPTED", STW_STAFF_2, False)
    assert taken["due_resolve"] == row["due_resolve"]
    with pytest.raises(StateConflict):
        take(first, taken)
    lines = Someone(staffed, WANG, "R_RESIDENT", COMMUNITY).ask(
        "timeline", {"request_id": row["id"]}
    )["items"]
    assert [one["action"] for one in lines][-2:] == ["take", "accept"]
    assert pool(first) == []
    # One that somebody was given stays that person's until the time to accept it is over.
    other = staffed.submit()
    waits = second if staffed.handler_of(other) == STAFF else first
    with pytest.raises(NotFound):
        take(waits, other)
    both = staffed.by(OTHER_CADRE, "R_CADRE", COMMUNITY)
    with pytest.raises(desk.StillInTime):
        both.do("take_request", {"request_id": other["id"]}, version=other["version"])
    # A party of the matter does not take it.
    own = staffed.submit(STAFF)
    staffed.write(own, state="SUBMITTED", handler=None, handler_person=None)
    assert own["id"] not in pool(first)
    with pytest.raises(errors.ConflictOfInterest):
        take(first, own)


def test_an_office_takes_one_step_with_many_and_reads_what_became_of_each(staffed):  # noqa: F811
    rows = [staffed.submit() for _ in range(2)]
    for row in rows:
        staffed.write(row, state="SUBMITTED", handler=None, handler_person=None)
    done = staffed.rate(staffed.resolved(), stars=4, solved=False)
    items = [{"request_id": row["id"], "version": row["version"]} for row in (*rows, done)]
    items[1]["version"] = 1
    found = cadre(staffed).do(
        "batch_requests", {"action": "DISPATCH", "items": items, "handler": STW_STAFF}
    )["items"]
    assert [one["result"] for one in found] == ["done", "VERSION_CONFLICT", "STATE_CONFLICT"]
    assert (found[0]["handler"], found[0]["state"]) == (STW_STAFF, "DISPATCHED")
    assert found[1]["message_zh"]
    with pytest.raises(errors.ReasonRequired):
        cadre(staffed).do("batch_requests", {"action": "CLOSE", "items": items})
    closed = cadre(staffed).do(
        "batch_requests", {"action": "CLOSE", "items": items, "reason": "已电话说明"}
    )["items"]
    assert [one["result"] for one in closed] == [
        "VERSION_CONFLICT", "VERSION_CONFLICT", "done"
    ]  # fmt: skip
    # What was refused has left nothing: no step and no event.
    steps = cadre(staffed).ask("timeline", {"request_id": rows[1]["id"]})["items"]
    assert [one["action"] for one in steps] == ["submit", "dispatch"]
    assert len(staffed.bench.published("request_closed.v1")) == 1


def test_who_files_reads_what_may_be_the_same_and_a_wrong_merge_is_parted(staffed):  # noqa: F811
    """ROWS S6: filing suggested nothing, nothing accepted was merged, and nothing parted again."""
    first = staffed.submit(text="3号楼2单元楼道灯不亮", building="3")
    assert first["similar"] == []
    staffed.submit(LI, text="车位被占", category="PARKING", grid=GRID)
    again = staffed.submit(LI, text="3号楼2单元的楼道灯不亮了", building="3")
    (found,) = again["similar"]
    assert found["id"] == first["id"] and found["likeness"] > 60
    assert "text" not in found and "reporter_id" not in found
    other = staffed.submit(text="5号楼门禁灯坏", building="5")
    assert [one["id"] for one in other["similar"]][-1] in {first["id"], again["id"]}
    assert other["similar"][0]["likeness"] < 40
    asked = {"grid": GRID, "category": "REPAIR_COMMON", "building": "5"}
    assert cadre(staffed).ask("similar_requests", asked)["items"][0]["id"] == other["id"]
    # The second one was accepted by now; it is merged all the same, and goes its own way again.
    again = staffed.step("accept_request", again, staffed.handler_of(again))
    into = {"request_id": again["id"], "into": first["id"]}
    merged = cadre(staffed).do("merge_request", into, version=again["version"])
    assert merged["state"] == "MERGED"
    order = {"request_id": again["id"], "reason": "两处不同的灯"}
    with pytest.raises(errors.ConflictOfInterest):
        Someone(staffed, LI, "R_CADRE", COMMUNITY).do(
            "unmerge_request", order, version=merged["version"]
        )
    staffed.bench.at("2025-03-04T10:00:00+08:00")
    parted = cadre(staffed).do("unmerge_request", order, version=merged["version"])
    assert (parted["state"], parted["due_resolve"]) == ("DISPATCHED", again["due_resolve"])
    told = Someone(staffed, LI, "R_RESIDENT", COMMUNITY)
    lines = told.ask("timeline", {"request_id": again["id"]})["items"]
    assert [one["action"] for one in lines][-2:] == ["unmerge", "dispatch"]
    said = staffed.bench.published("request_corrected.v1")[-1]["data"]
    assert (said["request_id"], said["parted_from"]) == (again["id"], first["id"])
    clocks = staffed.bench.rows(
        "select which from request_clocks where request_id = :id and done_at is null"
        " and not voided order by which",
        id=again["id"],
    )
    assert [one["which"] for one in clocks] == ["ACCEPT", "CONTACT", "RESOLVE"]
    with pytest.raises(StateConflict):
        cadre(staffed).do("unmerge_request", order, version=parted["version"])


@pytest.mark.covers("S13")
def test_how_requests_end_is_counted_apart(staffed):  # noqa: F811
    """ROWS S13: the figures knew closed, rated and solved alone."""
    for outcome in ("SOLVED", "SOLVED", "EXPLAINED"):
        staffed.resolved(outcome=outcome)
    rated = staffed.resolved(outcome="UNSOLVABLE")
    staffed.bench.fire("2025-03-05T09:00:00")
    staffed.rate(rated, stars=4, solved=True)
    first, second, third = (staffed.submit() for _ in range(3))
    reject = {"request_id": first["id"], "reason": "OUT_OF_SCOPE", "note": "属市政管理"}
    cadre(staffed).do("reject_request", reject, version=first["version"])
    merge = {"request_id": second["id"], "into": third["id"]}
    cadre(staffed).do("merge_request", merge, version=second["version"])
    staffed.step("cancel_request", staffed.submit(), WANG, "R_RESIDENT", COMMUNITY, reason="好了")
    staffed.bench.fire("2025-03-08T09:00:00")
    asked = {"scope": COMMUNITY, "period": "2025-03"}
    found = cadre(staffed).ask("three_rates", asked)["endings"]
    said = ("confirmed", "disputed", "unrated")
    assert [
        (one["ending"], one.get("ground"), one["requests"], *(one.get(name) for name in said))
        for one in found
    ] == [
        ("CANCELLED", None, 1, None, None, None),
        ("EXPLAINED", None, 1, 0, 0, 1),
        ("MERGED", None, 1, None, None, None),
        ("REJECTED", "OUT_OF_SCOPE", 1, None, None, None),
        ("SOLVED", None, 2, 0, 0, 2),
        ("UNSOLVABLE", None, 1, 1, 0, 0),
    ]
    # A merge that is undone is no ending; one that is made again is one.
    for _ in range(2):
        row = cadre(staffed).ask("request", {"request_id": second["id"]})
        part = {"request_id": row["id"], "reason": "不是同一事项"}
        row = cadre(staffed).do("unmerge_request", part, version=row["version"])
        ends = cadre(staffed).ask("three_rates", asked)["endings"]
        assert [one for one in ends if one["ending"] == "MERGED"] == []
        cadre(staffed).do("merge_request", merge, version=row["version"])
    ends = cadre(staffed).ask("three_rates", asked)["endings"]
    assert [one["requests"] for one in ends if one["ending"] == "MERGED"] == [1]
    assert found[0]["ending_zh"] and found[3]["ending_en"]
    assert cadre(staffed).ask("three_rates", asked | {"scope": GRID_2})["endings"] == []


def test_likeness_is_of_the_texts_alone():
    like = rules.alike.likeness
    assert like("楼道灯不亮", "楼道灯不亮") == 100
    assert like("楼道灯不亮", "车位被占") == 0 == like("", "灯")
    assert like("楼道 灯不亮", "楼道灯不亮了") > 70
    order = rules.alike.order
    assert sorted([order("3", "5", 90), order("3", None, 10), order("3", "3", 60)]) == [
        (False, -60), (False, -10), (True, -90)
    ]  # fmt: skip


def test_one_building_is_merged_however_it_is_written_and_a_rating_of_the_other_is_told_apart(
    staffed,  # noqa: F811
):
    """3栋 and 3号楼 were two places. A merged reporter's rating was gone, and nobody was told."""
    first = staffed.submit(building="3号楼")
    far = staffed.submit(building="13栋")
    with pytest.raises(errors.NotMergeable):
        cadre(staffed).do(
            "merge_request", {"request_id": far["id"], "into": first["id"]}, version=far["version"]
        )
    second = staffed.submit(LI, building="3栋")
    into = {"request_id": second["id"], "into": first["id"]}
    assert cadre(staffed).do("merge_request", into, version=second["version"])["state"] == "MERGED"
    resident = Someone(staffed, LI, "R_RESIDENT", COMMUNITY)
    row = cadre(staffed).ask("request", {"request_id": first["id"]})
    staffed.resolved(row)
    rating = {"request_id": second["id"], "stars": 1, "solved": False}
    rated = resident.do("rate_request", rating)
    assert (rated["state"], rated["merged_into"]) == ("MERGED", first["id"])
    order = {"request_id": second["id"], "reason": "两处不同的灯"}
    cadre(staffed).do("unmerge_request", order, version=rated["version"])
    lines = resident.ask("timeline", {"request_id": second["id"]})["items"]
    (line,) = [one for one in lines if one["action"] == "unmerge"]
    assert (line["detail"]["stars"], line["detail"]["solved"]) == (1, False)
    said = staffed.bench.rows("select * from told where kind = 'REQ_RATING_APART'")
    assert [(one["person_id"], one["about_id"]) for one in said] == [(LI, second["id"])]


def test_the_pool_counts_what_one_may_take_and_holds_what_was_handed_to_one_s_duty(
    staffed,  # noqa: F811
):
    """The number was that of all; and what was handed to a duty nobody else of it could take."""
    property_staff, worker = Someone(staffed, STAFF), Someone(staffed, GRID_WORKER)
    rows = [staffed.submit(category=kind) for kind in ("REPAIR_COMMON", "NOISE", "OLD_COMPOUND")]
    for row in rows:
        staffed.write(row, state="SUBMITTED", handler=None, handler_person=None)

    def counted(who):
        page = who.ask("pool", {"grid": GRID, "total": True, "limit": 1})
        return page["total"], len(page["items"])

    assert (counted(property_staff), counted(worker)) == ((1, 1), (2, 1))
    second = Someone(staffed, LI)
    staffed.steward(steward_id(41), LI, "GRID_WORKER")
    staffed.shift(STW_GRID, "2025-03-03T08:00", "2025-03-03T22:00")
    row = staffed.submit(category="OLD_COMPOUND")
    row = staffed.step("accept_request", row, staffed.handler_of(row))
    given = staffed.step(
        "transfer_request", row, OTHER_CADRE, "R_CADRE", COMMUNITY,
        reason="须网格员协调", handler=STW_GRID,
    )  # fmt: skip
    assert staffed.handler_of(given) == GRID_WORKER
    assert given["id"] not in pool(second)
    staffed.write(given, due_accept=staffed.bench.now)
    assert given["id"] in pool(second) and given["id"] not in pool(worker)
    assert take(second, given)["state"] == "ACCEPTED"
