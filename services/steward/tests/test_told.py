"""Each kind of message is told to whom it concerns, and to nobody else."""

import inspect

import pytest

from fivered.chassis.messages import SELF
from fivered.services.steward.messages import TELLS
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    LI,
    OTHER_CADRE,
    POLICE,
    SECOND,
    STAFF,
    STAFF_2,
    STREET_SCOPE,
    STW_POLICE,
    STW_STAFF,
    STW_STAFF_2,
    WANG,
    Ground,
)
from fivered.services.steward.tests.test_calendar import as_district
from fivered.services.steward.tests.test_standards import NEW


@pytest.fixture
def ground(bench):
    bench.at("2025-03-03T09:00:00")

    def build(bench):
        Ground(bench).begin().staff()

    return Ground(bench).staged(build)


def told(bench, *ids):
    """Return {kind: people} of what was said, of the things with these ids or of all."""
    found = {}
    for row in bench.rows("SELECT kind, person_id, about_id FROM told ORDER BY message_id"):
        if not ids or row["about_id"] in ids:
            found.setdefault(row["kind"], []).append(row["person_id"])
    return found


def texts(bench, person):
    page = bench.as_(SELF, person=person, scope="").ask("_messages", {"limit": 200})
    for one in page["items"]:
        said = one["text_zh"] + one["text_en"]
        # Times are those of the clock on the wall.
        assert not any(sign in said for sign in ("{", "+00:00", "T0", "T1", "Z)")), said
    return {one["kind"]: one["text_zh"] for one in page["items"]}


def _resolved(ground):
    request = ground.submit()
    handler = ground.handler_of(request)
    yield "REQ_RECEIVED", WANG, request
    yield "REQ_DISPATCHED", WANG, request
    yield "REQ_GIVEN", handler, request
    ground.by(WANG, "R_RESIDENT", COMMUNITY).do("urge_request", {"request_id": request["id"]})
    yield "REQ_URGED", handler, request
    row = ground.bench.rows("SELECT version FROM requests WHERE request_id = :i", i=request["id"])[
        0
    ]
    ground.resolved(request | row)
    for kind in ("REQ_ACCEPTED", "REQ_CONTACTED", "REQ_RESOLVED"):
        yield kind, WANG, request
    ground.rate(request, stars=1, solved=False)
    yield "REQ_RATED", handler, request
    row = ground.bench.rows("SELECT version FROM requests WHERE request_id = :i", i=request["id"])[
        0
    ]
    review = {"request_id": request["id"], "upheld": False, "reason": "经核查不属实"}
    ground.bench.as_("R_STREET", person=SECOND, scope=STREET_SCOPE).do(
        "review_request", review, version=row["version"]
    )
    yield "REQ_REVIEWED", WANG, request
    yield "REQ_CLOSED", WANG, request
    said = texts(ground.bench, WANG)
    assert "已解决" in said["REQ_RESOLVED"]
    assert request["number"] in said["REQ_DISPATCHED"]


def _reopened(ground):
    request = ground.resolved()
    reopened = ground.by(WANG, "R_RESIDENT", COMMUNITY).do(
        "reopen_request",
        {"request_id": request["id"], "reason": "还是不亮"},
        version=request["version"],
    )
    yield "REQ_REOPENED", None, request  # who reopened it knows
    handler = ground.handler_of(reopened)
    assert told(ground.bench)["REQ_GIVEN"] == [handler, handler]


def _refused(ground):
    request = ground.submit()
    ground.step(
        "reject_request", request, OTHER_CADRE, "R_CADRE", COMMUNITY, reason="OUT_OF_SCOPE",
        note="请联系供电公司",
    )  # fmt: skip
    yield "REQ_REJECTED", WANG, request
    assert "请联系供电公司" in texts(ground.bench, WANG)["REQ_REJECTED"]


def _merged(ground):
    first, second = ground.submit(), ground.submit(LI)
    second = ground.step(
        "merge_request", second, OTHER_CADRE, "R_CADRE", COMMUNITY, into=first["id"]
    )
    yield "REQ_MERGED", LI, second
    row = ground.bench.rows("SELECT version FROM requests WHERE request_id = :i", i=first["id"])[0]
    ground.resolved(first | row)
    # Whose request was merged is told of the own number, once.
    assert told(ground.bench)["REQ_RESOLVED"] == [WANG, LI]
    assert second["number"] in texts(ground.bench, LI)["REQ_RESOLVED"]
    assert first["number"] in texts(ground.bench, LI)["REQ_MERGED"]
    yield "REQ_RESOLVED", LI, second
    again = ground.submit(category="NOISE"), ground.submit(LI, category="NOISE")
    ground.step("merge_request", again[1], OTHER_CADRE, "R_CADRE", COMMUNITY, into=again[0]["id"])
    handler = ground.handler_of(again[0])
    row = ground.bench.rows("SELECT version FROM requests WHERE request_id = :i", i=again[0]["id"])[
        0
    ]
    ground.by(WANG, "R_RESIDENT", COMMUNITY).do(
        "cancel_request", {"request_id": again[0]["id"]}, version=row["version"]
    )
    yield "REQ_TAKEN_BACK", handler, again[0]
    yield "REQ_GOES_ON", LI, again[1]


def _given_back(ground):
    request = ground.submit()
    handler = ground.handler_of(request)
    request = ground.step("return_request", request, handler, reason="不属于物业责任范围")
    yield "REQ_RETURNED", WANG, request
    assert told(ground.bench)["REQ_GIVEN"] == [handler, ground.handler_of(request)]
    ground.step(
        "correct_request", request, OTHER_CADRE, "R_CADRE", COMMUNITY, building="3 号楼",
        reason="登记有误",
    )  # fmt: skip
    yield "REQ_CORRECTED", WANG, request


def _late(ground):
    bench = ground.bench
    request = ground.submit()
    first = ground.handler_of(request)
    bench.fire("2025-03-03T11:00:01")
    yield "REQ_TAKEN", first, request
    second = ground.handler_of(request)
    assert told(bench)["REQ_GIVEN"] == [first, second]
    bench.fire("2025-03-31T09:00:00")
    handler = ground.handler_of(request)
    yield "REQ_CONTACT_OVERDUE", handler, request
    yield "REQ_OVERDUE", handler, request
    yield "REQ_LATE", WANG, request
    assert told(bench)["REQ_ESCALATED"] == [WANG, WANG]
    assert set(told(bench)["REQ_NOT_ACCEPTED"]) == {handler}
    yield "REQ_ESCALATED", WANG, request
    yield "REQ_NOT_ACCEPTED", handler, request


def _urgent(ground):
    request = ground.submit(category="WATER", priority="P2")
    yield "REQ_GIVEN_URGENT", ground.handler_of(request), request
    long = ground.submit(category="OLD_COMPOUND")
    handler = ground.handler_of(long)
    long = ground.step("accept_request", long, handler)
    ground.step(
        "extend_request", long, OTHER_CADRE, "R_CADRE", COMMUNITY, reason="材料需采购",
        new_due="2025-03-19T17:00:00+08:00",
    )  # fmt: skip
    yield "REQ_EXTENDED", WANG, long


def _desk(ground):
    request = ground.submit(category="OLD_COMPOUND")
    handler = ground.handler_of(request)
    note = {"request_id": request["id"], "text": "材料周三到"}
    ground.by(handler).do("add_note", note)
    ground.by(handler).do("add_note", note | {"visibility": "INTERNAL"})
    yield "REQ_REPLIED", WANG, request
    assert told(ground.bench)["REQ_REPLIED"] == [WANG]
    ground.by(WANG, "R_RESIDENT", COMMUNITY).do("add_note", note | {"text": "还有一处"})
    yield "REQ_ADDED", handler, request
    request = ground.step("accept_request", request, handler)
    request = ground.step("contact_request", request, handler, note="已电话联系")
    rest = {"ground": "PROCEDURE", "days": 1, "reason": "须先鉴定"}
    decide = OTHER_CADRE, "R_CADRE", COMMUNITY
    for approved in (False, True):
        ground.step("pause_request", request, handler, **rest)
        request["version"] += 1
        said = {"approved": approved, "reason": "请先查档"}
        request["version"] = ground.step("decide_pause", request, *decide, **said)["version"]
    yield "PAUSE_REFUSED", handler, request
    yield "PAUSE_GRANTED", handler, request
    yield "REQ_PAUSED", WANG, request
    assert "法定程序" in texts(ground.bench, WANG)["REQ_PAUSED"]
    ground.step("resume_request", request, handler)
    yield "REQ_RESUMED", WANG, request
    first, second = ground.submit(), ground.submit(LI)
    second = ground.step("merge_request", second, *decide, into=first["id"])
    row = ground.bench.rows("SELECT version FROM requests WHERE request_id = :i", i=first["id"])
    ground.resolved(first | row[0])
    second = ground.rate(second, stars=2, who=LI)
    ground.step("unmerge_request", second, *decide, reason="两处不同的灯")
    yield "REQ_PARTED", LI, second
    yield "REQ_RATING_APART", LI, second
    assert first["number"] in texts(ground.bench, LI)["REQ_PARTED"]


def _spoken_for(ground):
    request = ground.written_for()
    body = {"request_id": request["id"]} | ground.receipt(request)
    ground.cadre().do("urge_request", body)
    yield "REQ_SPOKEN_FOR", WANG, request
    assert ground.receipt(request)["receipt"] in texts(ground.bench, WANG)["REQ_SPOKEN_FOR"]


def _rota(ground):
    ground.shift(STW_STAFF, "2025-03-05T08:00", "2025-03-05T20:00")
    ground.shift(STW_STAFF, "2025-03-03T08:00", "2025-03-03T20:00")
    cadre = ground.cadre
    today, later = ground.bench.rows("SELECT shift_id AS id FROM shifts ORDER BY start_at")
    cadre().do("miss_shift", {"shift_id": today["id"]}, version=1)
    yield "SHIFT_MISSED", STAFF, today
    why = {"reason": "站点关闭"}
    moved = cadre().do(
        "move_shift",
        {"shift_id": later["id"], "start": "2025-03-05T09:00:00+08:00"} | why,
        version=1,
    )
    yield "SHIFT_MOVED", STAFF, moved
    offer = {"shift_id": moved["id"], "to_steward": STW_STAFF_2}
    swap = ground.by(STAFF).do("ask_swap", offer)
    yield "SWAP_ASKED", STAFF_2, moved
    no = {"swap_id": swap["id"], "agrees": False}
    ground.by(STAFF_2).do("answer_swap", no, version=1)
    yield "SWAP_ANSWERED", STAFF, moved
    assert "已拒绝" in texts(ground.bench, STAFF)["SWAP_ANSWERED"]
    ground.by(STAFF).do("ask_swap", offer)
    order = {"shift_id": moved["id"], "steward_id": STW_STAFF_2} | why
    given = cadre().do("move_shift", order, version=1)
    yield "SHIFT_GIVEN", STAFF_2, given
    yield "SHIFT_CANCELLED", STAFF, moved
    # What was asked about a shift that is gone is over for both.
    assert told(ground.bench, moved["id"])["SWAP_ANSWERED"] == [STAFF, STAFF, STAFF_2]
    cadre().do("cancel_shift", {"shift_id": given["id"]} | why, version=1)
    yield "SHIFT_CANCELLED", STAFF_2, given


def _post(ground):
    """T1-6, T1-7: nobody was told of a new shift, nor of what was done to the own post."""
    post, cadre = {"id": STW_POLICE}, ground.cadre
    line = {"steward_id": STW_POLICE, "weekdays": [1, 2, 3], "start": "08:00", "end": "12:00",
            "place": "驿站"}  # fmt: skip
    plan = {"grid": GRID, "first": "2025-03-10", "last": "2025-03-16", "lines": [line]}
    assert cadre().do("plan_shifts", plan)["planned"] == 3
    assert "3 个班次,首班 2025-03-10 08:00" in texts(ground.bench, POLICE)["SHIFTS_PLANNED"]
    ground.shift(STW_POLICE, "2025-03-05T08:00", "2025-03-05T20:00")
    (shift,) = ground.bench.rows("SELECT shift_id AS id FROM shifts ORDER BY start_at LIMIT 1")
    yield "SHIFTS_PLANNED", POLICE, shift
    assert told(ground.bench)["SHIFTS_PLANNED"] == [POLICE] * 2

    def version():
        asked = "SELECT version FROM stewards WHERE steward_id = :id"
        return ground.bench.rows(asked, id=STW_POLICE)[0]["version"]

    def do(door, **more):
        cadre().do(door, {"steward_id": STW_POLICE, **more}, version=version())

    do("set_term", reason="续聘一年", term_ends="2026-03-31")
    yield "POST_TERM", POLICE, post
    do("agree_to_board", agrees=False)
    yield "POST_OFF_BOARD", POLICE, post
    do("suspend_steward", reason="待核查")
    assert "暂停" in texts(ground.bench, POLICE)["POST_STATE"]
    do("resume_steward")
    do("leave_steward", reason="调离岗位")
    yield "POST_STATE", POLICE, post
    assert told(ground.bench)["POST_STATE"] == [POLICE] * 3


def _own(ground):
    bench = ground.bench
    me = {"as_": ("R_RESIDENT", WANG, GRID)}
    for approved, kind in ((True, "CORRECTION_DONE"), (False, "CORRECTION_REFUSED")):
        role, person, scope = me["as_"]
        asked = bench.as_(role, person=person, scope=scope).do(
            "propose_correction", {"name": "王小莉" if approved else "王小红"}
        )
        bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY).do(
            "decide_correction",
            {"correction_id": asked["id"], "approved": approved, "reason": "经核对证件"},
            version=asked["version"],
        )
        yield kind, WANG, asked
    asked = bench.as_("R_RESIDENT", person=WANG, scope=GRID).do("ask_erasure", {"person_id": WANG})
    bench.as_("R_STREET", person=SECOND, scope=STREET_SCOPE).do(
        "decide_erasure",
        {"erasure_id": asked["id"], "approved": False, "reason": "有未结事项"},
        version=asked["version"],
    )
    yield "ERASURE_REFUSED", WANG, asked


def _deeds(ground):
    bench = ground.bench
    hours = bench.as_("R_RESIDENT", person=WANG, scope=GRID).do(
        "record_hours",
        {
            "person_id": WANG,
            "minutes": 60,
            "source": "QR",
            "date": "2025-03-02",
            "activity": "楼道清洁",
        },
    )
    cadre = bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY)
    hours = cadre.do("confirm_hours", {"record_id": hours["id"], "minutes": 60}, version=1)
    yield "HOURS_CONFIRMED", WANG, hours
    bench.as_("R_STREET", person=SECOND, scope=STREET_SCOPE).do(
        "correct_hours",
        {"record_id": hours["id"], "minutes": 30, "reason": "提前离场"},
        version=hours["version"],
    )
    yield "HOURS_CORRECTED", WANG, hours
    for verified, kind in ((True, "HAZARD_CONFIRMED"), (False, "HAZARD_UNFOUNDED")):
        hazard = bench.as_("R_RESIDENT", person=WANG, scope=GRID).do(
            "report_hazard",
            {"category": "SECURITY", "grid": GRID, "place": f"{verified:d} 号楼井盖破损"},
        )
        bench.as_("R_CADRE", person=OTHER_CADRE, scope=COMMUNITY).do(
            "verify_hazard", {"hazard_id": hazard["id"], "verified": verified},
            version=hazard.get("version", 1),
        )  # fmt: skip
        yield kind, WANG, hazard


def _helped(ground):
    row = ground.submit()
    handler = ground.handler_of(row)

    def do(door, who=handler, **order):
        version = order.pop("version", None)
        return ground.by(who).do(door, order, version=version)

    for accepts, kind in ((False, "CO_DECLINED"), (True, "CO_ACCEPTED")):
        asked = {"request_id": row["id"], "steward_id": STW_POLICE, "reason": "请一同到场"}
        made = do("ask_co_handler", **asked)
        yield "CO_ASKED", POLICE, made
        order = {"co_handling_id": made["id"], "accepts": accepts, "reason": "已知悉"}
        made = do("answer_co_handling", POLICE, **order, version=1)
        yield kind, handler, made
    do("add_note", POLICE, request_id=row["id"], text="已到场", visibility="INTERNAL")
    yield "CO_NOTED", handler, row
    ground.resolved(row)
    yield "CO_CASE_STATE", POLICE, row
    over = {"co_handling_id": made["id"], "reason": "已完成"}
    do("end_co_handling", **over, version=made["version"])
    yield "CO_ENDED", POLICE, made


def _standards(ground):
    bench = ground.bench
    for step, kind, more in (
        ("reject_standard", "STANDARD_REJECTED", {"reason": "时限太长"}),
        ("approve_standard", "STANDARD_APPROVED", {}),
    ):
        made = as_district(bench, WANG).do("propose_standard", NEW)
        order = {"standard_id": made["id"], **more}
        as_district(bench, LI).do(step, order, version=1)
        yield kind, WANG, made


STORIES = (
    _resolved,
    _reopened,
    _refused,
    _merged,
    _given_back,
    _late,
    _urgent,
    _desk,
    _spoken_for,
    _rota,
    _post,
    _own,
    _deeds,
    _helped,
    _standards,
)
# Of what is tried elsewhere.
ELSEWHERE = {
    "ERASURE_HELD", "REQ_DUE_SOON", "REQ_DUE_SOON_URGENT", "REQ_DUE_ABOVE", "REQ_BEFORE_YOU",
    "ACTIVITY_PLACE", "ACTIVITY_WAITING", "ACTIVITY_CHANGED", "ACTIVITY_CANCELLED",
    "VISITS_PLANNED", "HAZARD_REPORTED", "HAZARD_OVERDUE", "HAZARD_MENDED",
    "POST_ENDS", "REQ_FIRST_ENDED",
    "INCIDENT_NEAR", "INCIDENT_MOVED", "INCIDENT_OFF", "INCIDENT_OVER",
    "GRID_CHANGE_APPROVED", "GRID_CHANGE_REJECTED", "GRID_CHANGE_WITHDRAWN", "GRID_CHANGE_COMES",
    "GRID_CHANGE_OFF", "GRID_CHANGE_EFFECTIVE", "GRID_CHANGE_FAILED",
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda one: one.__name__[1:])
def test_who_it_concerns_is_told_and_nobody_else(ground, story):
    for kind, person, thing in story(ground):
        assert kind in TELLS
        assert set(told(ground.bench, thing["id"]).get(kind, [])) == {person} - {None}, kind
    # Nobody is told of a thing of others: only its reporter, who has or had it, and who helps.
    for row in ground.bench.rows(
        "SELECT t.person_id, r.reporter_id, r.request_id FROM told t"
        " JOIN requests r ON r.request_id = t.about_id WHERE t.kind NOT LIKE 'REQ_GIVEN%'"
    ):
        had = ground.bench.rows(
            "SELECT person_id FROM told WHERE about_id = :i AND kind LIKE 'REQ_GIVEN%'"
            " UNION SELECT person_id FROM co_handlings WHERE request_id = :i",
            i=row["request_id"],
        )
        assert row["person_id"] in {row["reporter_id"], *(one["person_id"] for one in had)}


def test_every_kind_is_tried():
    tried = "".join(inspect.getsource(one) for one in STORIES)
    assert {kind for kind in TELLS if f'"{kind}"' not in tried} == ELSEWHERE
