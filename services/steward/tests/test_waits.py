"""What waits for somebody is what the lists show, for whom may act, until it is done."""

from datetime import UTC, datetime

from fivered.chassis import records
from fivered.chassis.messages import SELF, SYSTEM
from fivered.services.steward import storage
from fivered.services.steward.actions import cases, sending
from fivered.services.steward.rules.routing import DUTIES
from fivered.services.steward.service import Steward
from fivered.services.steward.storage import escalations
from fivered.services.steward.storage.deliveries import deliveries
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    LI,
    OTHER_CADRE,
    SECOND,
    STAFF,
    STAFF_2,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
    person_id,
)
from fivered.services.steward.tests.test_calendar import YEAR, as_district
from fivered.services.steward.tests.test_cases import staffed  # noqa: F401
from fivered.services.steward.tests.test_grid_changes import MERGE
from fivered.services.steward.tests.test_standards import NEW
from testkit.waits import Waits

SECRETARY = (OTHER_CADRE, "R_SECRETARY", COMMUNITY)
HANDLER = (STAFF, "R_STEWARD", GRID)


def officer(ground, step, row, **more):
    return ground.by(OTHER_CADRE, "R_SECRETARY", COMMUNITY).do(step, more, version=row["version"])


def test_each_kind_waits_for_whom_may_act_and_is_gone_when_it_is_done(staffed):  # noqa: F811
    ground, waits = staffed, Waits(staffed.bench)
    resident = (WANG, "R_RESIDENT", COMMUNITY)

    def moved(kind, row, step, to=HANDLER, **more):
        return waits.until(
            kind, row["id"], lambda: ground.step(step, row, to[0], to[1], to[2], **more),
            to=to, not_to=[(SECOND, to[1], to[2])] if to == HANDLER else (),
        )  # fmt: skip

    # A request goes through all hands.
    row = ground.submit()
    row = moved("REQUEST_TO_ACCEPT", row, "accept_request")
    row = moved("REQUEST_TO_CONTACT", row, "contact_request", note="已电话联系")
    rests = {"request_id": row["id"], "ground": "PROCEDURE", "days": 1, "reason": "须先鉴定"}
    asked = ground.by(STAFF).do("pause_request", rests, version=row["version"])
    row = row | waits.until(
        "PAUSE_TO_DECIDE", row["id"], to=SECRETARY,
        not_to=[(STAFF, "R_SECRETARY", COMMUNITY), HANDLER, resident],
        act=lambda: officer(
            ground, "decide_pause", asked, request_id=row["id"], approved=True
        ),
    ) | {"id": row["id"]}  # fmt: skip
    row = moved(
        "REQUEST_TO_RESOLVE", row, "resolve_request", outcome="SOLVED", note="已更换",
        media=["sha256:1"],
    )  # fmt: skip
    row = waits.until(
        "REQUEST_TO_RATE", row["id"], lambda: ground.rate(row, stars=4, solved=False),
        to=resident, not_to=[(STAFF, "R_RESIDENT", COMMUNITY)],
    )  # fmt: skip
    own = [(STAFF, "R_SECRETARY", COMMUNITY)]
    waits.until(
        "REQUEST_TO_CLOSE", row["id"], to=SECRETARY, not_to=own,
        act=lambda: officer(ground, "close_request", row, request_id=row["id"], reason="已说明"),
    )  # fmt: skip

    shared = ground.submit()
    help_ = {"request_id": shared["id"], "steward_id": STW_STAFF_2, "reason": "请协办"}
    help_ = ground.by(OTHER_CADRE, "R_SECRETARY", COMMUNITY).do("ask_co_handler", help_)
    waits.until(
        "HELP_TO_ANSWER", help_["id"], to=(STAFF_2, "R_STEWARD", GRID), not_to=[HANDLER, SECRETARY],
        act=lambda: ground.by(STAFF_2).do(
            "answer_co_handling", {"co_handling_id": help_["id"], "accepts": True}, version=1
        ),
    )  # fmt: skip

    bad = ground.rate(ground.resolved(), stars=1, solved=False)
    waits.until(
        "RATING_TO_REVIEW", bad["id"], to=SECRETARY, not_to=own,
        act=lambda: officer(
            ground, "review_request", bad, request_id=bad["id"], upheld=True, reason="属实"
        ),
    )  # fmt: skip

    nobodys = ground.submit()
    ground.write(nobodys, state="SUBMITTED", handler=None, handler_person=None)
    waits.until(
        "REQUEST_TO_DISPATCH", nobodys["id"], to=SECRETARY, not_to=[resident, HANDLER],
        act=lambda: officer(
            ground, "dispatch_request", nobodys, request_id=nobodys["id"], handler=STW_STAFF
        ),
    )  # fmt: skip
    found = ground.by(STAFF).do(
        "submit_request",
        {"channel": "APP", "kind": "HAZARD", "category": "REPAIR_COMMON", "grid": GRID,
         "text": "巡查发现扶手松动"},
    )  # fmt: skip
    found = ground.resolved(found)
    look = {"request_id": found["id"], "confirmed": True, "reason": "现场已看"}
    waits.until(
        "FOUND_TO_CHECK", found["id"], to=SECRETARY, not_to=own,
        act=lambda: officer(ground, "check_found", found, **look),
    )  # fmt: skip

    # What people ask about their own data, and what is decided by two.
    wanted = ground.by(WANG, SELF, "").do("propose_correction", {"name": "王小莉"})
    waits.until(
        "CORRECTION_TO_DECIDE", wanted["id"], to=(CADRE, "R_CADRE", COMMUNITY),
        not_to=[(WANG, "R_CADRE", COMMUNITY), (CADRE, "R_CADRE", "370811015902")],
        act=lambda: officer(
            ground, "decide_correction", wanted, correction_id=wanted["id"], approved=True
        ),
    )  # fmt: skip
    asked = ground.by(LI, SELF, "").do("ask_erasure", {})
    waits.until(
        "ERASURE_TO_DECIDE", asked["id"], to=SECRETARY,
        not_to=[(LI, "R_SECRETARY", COMMUNITY), (SECOND, "R_CADRE", COMMUNITY)],
        act=lambda: officer(
            ground, "decide_erasure", asked, erasure_id=asked["id"], approved=False, reason="在办"
        ),
    )  # fmt: skip
    gone, twin = person_id(91), person_id(92)
    for who in (gone, twin):
        ground.person(who, "老陈", grid=GRID)
    ground.cadre(CADRE).do(
        "deactivate_person", {"person_id": gone, "reason": "DECEASED"}, version=1
    )
    waits.until(
        "DEATH_TO_CONFIRM", gone, to=SECRETARY, not_to=[(CADRE, "R_CADRE", COMMUNITY)],
        act=lambda: officer(
            ground, "decide_death", {"version": 1}, person_id=gone, confirmed=False
        ),
    )  # fmt: skip
    merge = ground.cadre(CADRE).do(
        "propose_merge", {"person_id": twin, "into": gone, "reason": "同一人"}, version=1
    )
    waits.until(
        "MERGE_TO_DECIDE", merge["id"], to=SECRETARY, not_to=[(CADRE, "R_CADRE", COMMUNITY)],
        act=lambda: officer(
            ground, "decide_merge", {"version": 1}, merge_id=merge["id"], confirmed=True
        ),
    )  # fmt: skip
    year = as_district(ground.bench, "per_one").do("propose_calendar_year", YEAR)
    waits.until(
        "YEAR_TO_APPROVE", year["id"], to=("per_two", "R_DISTRICT", "370811"),
        not_to=[("per_one", "R_DISTRICT", "370811")],
        act=lambda: as_district(ground.bench, "per_two").do(
            "approve_calendar_year", {"proposal_id": year["id"]}, version=1
        ),
    )  # fmt: skip
    draft = as_district(ground.bench, "per_one").do("propose_standard", NEW)
    waits.until(
        "STANDARD_TO_APPROVE", draft["id"], to=("per_two", "R_DISTRICT", "370811"),
        not_to=[("per_one", "R_DISTRICT", "370811"), SECRETARY],
        act=lambda: as_district(ground.bench, "per_two").do(
            "approve_standard", {"standard_id": draft["id"]}, version=1
        ),
    )  # fmt: skip
    served = {
        "person_id": WANG, "minutes": 60, "source": "QR", "date": "2025-03-01", "activity": "清雪",
    }  # fmt: skip
    hours = ground.cadre(CADRE).do("record_hours", served)
    waits.until(
        "HOURS_TO_CONFIRM", hours["id"], to=SECRETARY, not_to=[(CADRE, "R_CADRE", COMMUNITY)],
        act=lambda: officer(ground, "confirm_hours", hours, record_id=hours["id"], minutes=60),
    )  # fmt: skip
    danger = {"category": "FIRE_LANE", "grid": GRID, "place": "3 号楼东侧"}
    danger = ground.by(WANG, "R_RESIDENT", COMMUNITY).do("report_hazard", danger)
    waits.until(
        "HAZARD_TO_VERIFY", danger["id"], to=SECRETARY, not_to=[(WANG, "R_GRID", GRID)],
        act=lambda: officer(ground, "verify_hazard", danger, hazard_id=danger["id"], verified=False),
    )  # fmt: skip
    due = {"steward_id": STW_STAFF, "period": "2025-03", "lines": [{"person_id": WANG}]}
    (line,) = ground.by(STAFF).do("plan_visits", due)["items"]
    paid = {"client_id": "v", "grid": GRID, "purpose": "ROUTINE", "person_id": WANG,
            "occurred_at": "2025-03-03T08:00:00+08:00"}  # fmt: skip
    waits.until(
        "VISIT_DUE", line["id"], to=HANDLER, not_to=[(STAFF_2, "R_STEWARD", GRID), SECRETARY],
        act=lambda: ground.by(STAFF).do("record_visits", {"items": [paid]}),
    )  # fmt: skip
    danger = ground.by(WANG, "R_RESIDENT", COMMUNITY).do(
        "report_hazard", {"category": "REPAIR_COMMON", "grid": GRID, "place": "3 号楼扶手"}
    )
    found = officer(ground, "verify_hazard", danger, hazard_id=danger["id"], verified=True)
    mended = ground.bench.rows(
        "select request_id as id, version from requests where request_id = :i",
        i=found["request_id"],
    )[0]  # fmt: skip
    mended = ground.resolved(dict(mended))
    waits.until(
        "HAZARD_TO_CHECK", danger["id"], to=SECRETARY,
        not_to=[(ground.handler_of(mended), "R_SECRETARY", COMMUNITY), resident],
        act=lambda: officer(
            ground, "check_mended", found, hazard_id=danger["id"], mended=True, note="现场已看"
        ),
    )  # fmt: skip
    call = {"area": COMMUNITY, "title": "楼道清洁", "place": "红色驿站", "quota": 2,
            "start": "2025-03-08T09:00:00+08:00", "end": "2025-03-08T11:00:00+08:00"}  # fmt: skip
    called = ground.cadre().do("call_activity", call)
    now = ground.bench.now
    ground.bench.at("2025-03-08T11:00:00")
    waits.until(
        "ACTIVITY_TO_CLOSE", called["id"], to=SECRETARY,
        not_to=[resident, (OTHER_CADRE, "R_CADRE", "370811015902")],
        act=lambda: officer(ground, "close_activity", called, activity_id=called["id"]),
    )  # fmt: skip
    ground.bench.at(now)
    mine, theirs = (
        ground.shift(who, f"2025-03-{day}T08:00", f"2025-03-{day}T20:00")
        for who, day in ((STW_STAFF_2, 17), (STW_STAFF, 18))
    )
    swap = {"shift_id": mine["id"], "to_steward": STW_STAFF, "for_shift": theirs["id"]}
    swap = ground.by(STAFF_2).do("ask_swap", swap)
    answer = {"swap_id": swap["id"], "agrees": False}
    waits.until(
        "SWAP_TO_ANSWER", swap["id"], to=HANDLER, not_to=[(STAFF_2, "R_STEWARD", GRID)],
        act=lambda: ground.by(STAFF).do("answer_swap", answer, version=1),
    )  # fmt: skip
    waits.until(
        "GAP_AHEAD", GRID, to=SECRETARY, not_to=[(OTHER_CADRE, "R_STREET", COMMUNITY)],
        act=lambda: covered(ground),
    )  # fmt: skip
    silent = ground.resolved()
    with ground.bench.transaction() as tx:
        row = storage.cases.lock(tx.conn, silent["id"])
        cases.close(tx, row)
    to_call = ground.by(*SECRETARY).ask("return_visits", {"state": "OPEN"})["items"]
    visit = next(one for one in to_call if one["request_id"] == silent["id"])
    waits.until(
        "RETURN_VISIT", visit["id"], to=SECRETARY, not_to=own,
        act=lambda: officer(
            ground, "record_return_visit", visit, return_visit_id=visit["id"], reached=True,
            solved=True, note="居民满意",
        ),
    )  # fmt: skip
    overdue = ground.submit()
    told = {"request_id": overdue["id"], "area": COMMUNITY, "level": 1, "acting": False}
    with ground.bench.transaction() as tx:
        escalations.add(
            tx.conn, escalation_id="esc_1", person_id=OTHER_CADRE, at=ground.bench.now, **told
        )
    waits.until(
        "ESCALATED_TO_ME", overdue["id"], to=SECRETARY, not_to=[(SECOND, "R_CADRE", COMMUNITY)],
        act=lambda: ground.resolved(overdue),
    )  # fmt: skip
    brought = ground.by("svc_chat", "R_STREET", COMMUNITY[:9]).do(
        "receive_chat",
        {"group_ref": "qun-1", "msg_id": "m-1", "area": GRID, "text": "早上好",
         "sent_at": "2025-03-03T08:00:00+08:00"},
    )  # fmt: skip
    waits.until(
        "INTAKE_TO_CONFIRM", brought["id"], to=SECRETARY,
        not_to=[(OTHER_CADRE, "R_SECRETARY", "370811015902"), resident],
        act=lambda: officer(
            ground, "refuse_intake", brought, item_id=brought["id"], reason="NOT_A_REQUEST",
            note="群内问好",
        ),
    )  # fmt: skip
    dead = undelivered(ground)
    waits.until(
        "MESSAGE_UNDELIVERED", dead, to=SECRETARY, not_to=[resident, HANDLER],
        act=lambda: ground.by(OTHER_CADRE, "R_SECRETARY", COMMUNITY).do(
            "settle_delivery", {"delivery_id": dead, "how": "PHONE"}
        ),
    )  # fmt: skip
    order = {"steward_id": STW_STAFF_2, "term_ends": "2025-03-20", "reason": "聘期届满"}
    version = ground.bench.rows(
        "SELECT version FROM stewards WHERE steward_id = :i", i=STW_STAFF_2
    )[0]["version"]  # fmt: skip
    set_ = ground.by(OTHER_CADRE, "R_SECRETARY", COMMUNITY).do("set_term", order, version=version)
    waits.until(
        "TERM_ENDING", STW_STAFF_2, to=SECRETARY, not_to=[(OTHER_CADRE, "R_STREET", COMMUNITY)],
        act=lambda: ground.by(OTHER_CADRE, "R_SECRETARY", COMMUNITY).do(
            "set_term", order | {"term_ends": "2026-03-20"}, version=set_["version"]
        ),
    )  # fmt: skip
    street = ("R_STREET", "370811015")
    drawn = ground.by("per_one", *street).do("propose_grid_change", MERGE)
    waits.until(
        "GRID_CHANGE_TO_APPROVE", drawn["id"], to=("per_two", *street),
        not_to=[("per_one", *street), SECRETARY],
        act=lambda: ground.by("per_two", *street).do(
            "approve_grid_change", {"change_id": drawn["id"]}, version=1
        ),
    )  # fmt: skip
    assert waits.proved == {row.kind for row in Steward.waits}


def undelivered(ground):
    """A message to a resident that was given up."""
    with ground.bench.transaction() as tx:
        told = sending.Told("msg_1", WANG, "REQ_LATE", "MATTERS", urgent=False, at=tx.now)
        row = sending.row(tx, told, "SMS", tx.now) | {"state": "DEAD", "next_at": None}
        records.add(tx.conn, deliveries, **row)
    return row["delivery_id"]


def covered(ground):
    """Let somebody sit in the grid day and night, and say why some duties have nobody."""
    lines = [
        {"steward_id": who, "weekdays": [1, 2, 3, 4, 5, 6, 7], "start": start, "end": end,
         "place": "红色驿站"}
        for who, start, end in ((STW_STAFF, "08:00", "20:00"), (STW_STAFF_2, "20:00", "08:00"))
    ]  # fmt: skip
    month = {"grid": GRID, "first": "2025-03-02", "last": "2025-04-20", "lines": lines}
    ground.by(OTHER_CADRE, "R_SECRETARY", COMMUNITY).do("plan_shifts", month)
    ground.cadre().do(
        "publish_board", {"grid": GRID, "reasons": dict.fromkeys(DUTIES, "本网格不设")}
    )


def test_what_waits_is_told_once_by_due_date_and_counted(staffed):  # noqa: F811
    ground, waits = staffed, Waits(staffed.bench)
    late = ground.submit()
    urgent = ground.submit(category="LIFT", priority="P1")
    for _ in range(5):
        ground.submit()
    # In two roles of one area the same is not counted twice.
    rights = [("R_STEWARD", GRID), ("R_CADRE", COMMUNITY)]
    told = waits.of(STAFF, *rights)["REQUEST_TO_ACCEPT"]
    assert (told["count"], told["more"], len(told["first"])) == (7, False, 5)
    assert told["first"][0]["id"] == urgent["id"]
    assert told["first"][1]["id"] == late["id"]
    assert told["first"][0]["act"] == f"POST /v1/steward/requests/{urgent['id']}/accept"
    assert told["first"][0]["href"] == f"/v1/steward/requests/{urgent['id']}"
    assert waits.of(STAFF) == {}
    assert waits.of("per_nobody", ("R_RESIDENT", COMMUNITY)) == {}


def test_a_list_that_stands_in_order_is_read_as_far_as_it_is_told(ground):
    """All 2,000 rows of a queue were read for each page of fifty, and what was behind them was not
    counted."""
    due = [f"2025-03-{day:02d}T09:00:00Z" for day in (20, 18, 18, 18, 19, 21)]
    filed = [ground.submit() for _ in due]
    for row, at in zip(filed, due, strict=True):
        ground.write(row, due_resolve=datetime.fromisoformat(at))
    # What is due at one time stands in the order in which it was filed, whatever its id is.
    ground.write(filed[3], created_at=datetime(2025, 3, 1, tzinfo=UTC))
    order = [filed[place]["id"] for place in (3, 1, 2, 4, 0, 5)]

    def told(*, rights=(("R_SECRETARY", COMMUNITY),), first, after=None):
        body = {
            "person_id": OTHER_CADRE, "kinds": ["REQUEST_TO_DISPATCH"], "first": first,
            "rights": [{"role": role, "scope": scope} for role, scope in rights],
        }  # fmt: skip
        ground.bench.actor = SYSTEM
        [kind] = ground.bench.ask("_waiting", body | ({"after": after} if after else {}))["kinds"]
        assert (kind["count"], kind["more"]) == (len(due), False)
        return kind["first"]

    for first in range(1, len(due) + 1):
        assert [one["id"] for one in told(first=first)] == order[:first]
    walked, after = [], None
    while page := told(first=1, after=after):
        walked += [one["id"] for one in page]
        after = {name: page[0][name] for name in ("due", "since", "id")}
        after |= {"service": "steward", "kind": "REQUEST_TO_DISPATCH"}
    assert walked == order
    # Who may act by two rights sees each once.
    both = (("R_SECRETARY", COMMUNITY), ("R_CADRE", COMMUNITY))
    assert [one["id"] for one in told(rights=both, first=9)] == order
    assert told(first=0) == []
