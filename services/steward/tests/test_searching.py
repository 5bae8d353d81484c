"""A caller's request is found by what the caller says, and a list is narrowed to what is looked for."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis.refusal import Invalid, RoleDenied
from fivered.services.steward import errors
from fivered.services.steward.errors.desk import BadCallerPhone, NamesClosed
from fivered.services.steward.storage.tables import requests
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    STAFF,
    STW_STAFF,
    WANG,
)
from fivered.services.steward.tests.test_lists import plans_of, scanned
from fivered.services.steward.views import searching

LONG = (
    "三号楼二单元的电梯停在七楼,门打不开,里面没有人。物业说下午来修,请尽快处理,老人上下楼不方便,谢谢各位同志。"
    * 2
)


@pytest.fixture
def desk(ground):
    """Requests of two residents, with what each says."""
    ground.staff()
    ground.made = {
        "lamp": ground.submit(WANG),
        "lift": ground.submit(WANG, text=LONG, category="LIFT", priority="P2"),
        "noise": ground.submit(
            LI, text="楼上ＫＴＶ 夜里很吵", category="NOISE", kind="COMPLAINT", channel="APP"
        ),
        "paper": ground.submit(None, text="墙上有小广告,请打 12812345678", channel="DOORSTEP"),
    }
    ground.write(
        ground.made["lamp"], handler=STW_STAFF, handler_person=STAFF, state="CLOSED", level=1
    )
    ground.write(ground.made["noise"], created_at=ground.bench.now - timedelta(days=30))
    ground.write(ground.made["lift"], due_resolve=ground.bench.now - timedelta(hours=1))
    return ground


def names(desk, reply):
    known = {one["id"]: name for name, one in desk.made.items()}
    return [known[item["id"]] for item in reply["items"]]


def found(desk, role="R_CADRE", scope=COMMUNITY, *, who=CADRE, **body):
    return desk.by(who, role, scope).do("find_requests", body)


def listed(desk, role="R_CADRE", scope=COMMUNITY, *, who=OTHER_CADRE, **body):
    return names(desk, desk.by(who, role, scope).ask("requests", body))


def test_a_list_is_narrowed_by_what_a_desk_looks_for(desk):
    now = desk.bench.now
    assert listed(desk, category="LIFT") == ["lift"]
    assert listed(desk, kind="COMPLAINT") == ["noise"]
    assert listed(desk, channel="APP", priority=None) == ["noise"]
    assert listed(desk, priority="P2") == ["lift"]
    assert listed(desk, level=1) == ["lamp"]
    assert listed(desk, overdue=True) == ["lift"]
    assert set(listed(desk, reporter_id=WANG)) == {"lamp", "lift"}
    assert listed(desk, handler_person=STAFF, state=["CLOSED"]) == ["lamp"]
    assert listed(desk, created_before=(now - timedelta(days=1)).isoformat()) == ["noise"]
    after = (now - timedelta(days=1)).isoformat()
    assert set(listed(desk, created_from=after)) == {"lamp", "lift", "paper"}
    desk.write(desk.made["paper"], reference="12345-7")
    desk.write(desk.made["noise"], external_ref="12345-8")
    assert listed(desk, external_ref="12345-7") == ["paper"]
    assert listed(desk, external_ref=" 12345-8") == ["noise"]
    assert listed(desk, category="LIFT", kind="COMPLAINT") == []
    # It narrows what somebody sees, and shows no more.
    assert listed(desk, "R_RESIDENT", GRID, who=LI, reporter_id=WANG) == []
    assert listed(desk, "R_GRID", GRID_2, who=GRID_WORKER, category="LIFT") == []


def test_who_handled_something_finds_it_again(desk):
    """A steward's and a manager's own past work was in no list."""
    for role in ("R_STEWARD", "R_PM"):
        assert listed(desk, role, GRID, who=STAFF) == []
        done = listed(desk, role, GRID, who=STAFF, handled=True, state=["CLOSED"])
        assert done == ["lamp"]
    assert listed(desk, "R_STEWARD", GRID, who=WANG, handled=True) == []


def test_lines_say_how_a_text_begins_where_that_is_asked_for(desk):
    page = desk.cadre().ask("requests", {"with_text": True})
    told = dict(zip(names(desk, page), (item["summary"] for item in page["items"]), strict=True))
    assert told["lamp"] == "楼道灯不亮"
    assert (len(told["lift"]), told["lift"][-1]) == (81, "…")
    assert LONG.startswith(told["lift"][:-1])
    assert "12812345678" in told["paper"]
    # Who only looks on reads it without numbers, as on the card.
    page = desk.by(OTHER_CADRE, "R_STREET", COMMUNITY[:9]).ask("requests", {"with_text": True})
    assert "12812345678" not in str(page)
    assert "summary" not in desk.cadre().ask("requests", {})["items"][0]


def test_a_request_is_found_by_phone_name_words_or_number(desk):
    assert set(names(desk, found(desk, phone="12812345678"))) == {"lamp", "lift"}
    assert set(names(desk, found(desk, name="王小丽"))) == {"lamp", "lift"}
    assert names(desk, found(desk, name="王小丽", category="LIFT")) == ["lift"]
    assert names(desk, found(desk, phone="12812345678", reporter_id=LI)) == []
    assert names(desk, found(desk, phone="12899999999")) == []
    number = desk.cadre().ask("request", {"request_id": desk.made["paper"]["id"]})["number"]
    assert names(desk, found(desk, number=f" {number.lower()} ")) == ["paper"]
    # Words: neither width, case nor blanks matter.
    assert names(desk, found(desk, text="电梯")) == ["lift"]
    assert names(desk, found(desk, text="ktv夜里")) == ["noise"]
    assert names(desk, found(desk, text="小广告", channel="DOORSTEP")) == ["paper"]
    reply = found(desk, text="没有这样的字")
    assert (reply["items"], reply["next"], reply["looked_through"]) == ([], None, 4)
    assert found(desk, text="电梯")["items"][0]["summary"].startswith("三号楼")
    # In the caller's area only.
    assert found(desk, "R_GRID", GRID_2, who=GRID_WORKER, text="电梯")["items"] == []
    with pytest.raises(RoleDenied):
        desk.by(CADRE, "R_CADRE", COMMUNITY).do(
            "find_requests", {"scope": "370811015902", "text": "电梯"}
        )
    with pytest.raises(NamesClosed):
        found(desk, "R_STREET", COMMUNITY[:9], name="王小丽")
    with pytest.raises(RoleDenied):
        found(desk, "R_RESIDENT", GRID, who=WANG, text="电梯")


def test_a_caller_s_number_and_a_part_of_a_request_s_number_find_it(desk):
    """Only registered numbers were found: who rings again from a fixed line was not."""
    desk.made["called"] = desk.submit(None, text="水管漏水", caller_phone="0537-2345678转21")
    desk.made["mobile"] = desk.submit(None, text="井盖松动", caller_phone="12812345678")
    for spelling in ("05372345678", "0537 2345678", "0537-2345678 转 3"):
        assert names(desk, found(desk, phone=spelling)) == ["called"], spelling
    assert set(names(desk, found(desk, phone="12812345678"))) == {"lamp", "lift", "mobile"}
    assert names(desk, found(desk, phone="12812345678", name="王小丽", category="LIFT")) == ["lift"]
    assert names(desk, found(desk, "R_GRID", GRID_2, who=GRID_WORKER, phone="05372345678")) == []
    with pytest.raises(BadCallerPhone):
        found(desk, phone="没有")
    number = desk.made["called"]["number"]
    for part in (number[3:], number[-8:].lower(), f" {number[5:]}"):
        assert names(desk, found(desk, number=part)) == ["called"], part
        assert listed(desk, number=part) == ["called"], part
    assert listed(desk, number="%") == []


def test_who_was_sought_reads_that_it_was_so(desk):
    found(desk, phone="12812345678")
    found(desk, text="电梯")
    reads = desk.by(WANG, "R_RESIDENT", GRID).ask("person_reads", {})["items"]
    assert [(one["door"], one["why"]) for one in reads if one["door"] == "find_requests"] == [
        ("find_requests", "PHONE")
    ]


def test_words_are_looked_for_in_so_many_texts_at_a_time(desk, monkeypatch):
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 20)
    monkeypatch.setattr(searching, "_AT_ONCE", 10)
    for n in range(25):
        desk.submit(WANG, text=f"门坏了{n}" if n % 5 == 0 else f"灯不亮{n}")
    seen, cursor, asked = [], None, 0
    while asked == 0 or cursor is not None:
        reply = found(desk, text="门坏", limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(reply["items"]) <= 2
        assert reply["looked_through"] <= 20
        seen += [item["summary"] for item in reply["items"]]
        cursor, asked = reply["next"], asked + 1
        assert asked < 20
    assert seen == [f"门坏了{n}" for n in (20, 15, 10, 5, 0)]
    with pytest.raises(Invalid):
        found(desk, text="灯不", cursor=found(desk, text="门坏", limit=2)["next"])


@pytest.mark.parametrize(
    "body",
    [{"external_ref": "1"}, {"overdue": True}, {"category": "LIFT"}, {"handled": True},
     {"reporter_id": WANG}],
    ids=str,
)  # fmt: skip
def test_what_is_looked_for_is_read_by_an_index(desk, body):
    bench = desk.bench.as_("R_DISTRICT", scope="370811")
    plans = plans_of(bench, lambda: bench.ask("requests", body))
    assert plans
    assert scanned(plans) == []
    with desk.bench.transaction() as tx:
        assert tx.conn.execute(sa.select(sa.func.count()).select_from(requests)).scalar() == 4


def test_what_is_refused_is_named(desk):
    """`order` beside `sort` was silent; a grid of others was said to be a wrong reporter."""
    with pytest.raises(Invalid) as refused:
        listed(desk, sort="due_resolve", order="oldest")
    assert refused.value.field == "order"
    assert set(listed(desk, order="oldest")) == set(listed(desk, sort="created_at"))
    with pytest.raises(RoleDenied) as denied:
        desk.by(GRID_WORKER, "R_GRID", GRID).do(
            "submit_request",
            {"channel": "PHONE", "kind": "REPAIR", "category": "NOISE", "grid": GRID_2,
             "text": "夜里很吵", "reporter_id": LI},
        )  # fmt: skip
    assert GRID_2 in str(denied.value)
    code = f"{COMMUNITY}-001-1"
    with pytest.raises(errors.BadPlaceCode) as bad:
        desk.cadre().do("define_place", {"place_code": code, "kind": "UNIT", "name": "1单元"})
    assert f"{COMMUNITY}-001-003-02" in str(bad.value)
