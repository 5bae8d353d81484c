"""What one company hands over to the next: listed, handed over, taken over, or settled."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.property import errors
from fivered.services.property.tests.test_calendar import loaded
from fivered.services.property.tests.test_calls import CLERK, hold, place  # noqa: F401
from fivered.services.property.tests.test_waits import FAR, GRID, STREET, Waits, _of

GOES = ("per_zheng", "R_PCO", STREET)
COMES = ("per_rival", "R_PCO", STREET)


def told(bench, kind):
    asked = "SELECT person_id FROM told WHERE kind = :k ORDER BY person_id"
    return [row["person_id"] for row in bench.rows(asked, k=kind)]


def goes(town):
    return town.company("per_zheng")


def comes(town):
    return town.company("per_rival")


@pytest.fixture
def list_(place):  # noqa: F811
    """A hand-over with an open order, a work of a meeting, and a complaint; and its items."""
    town, bench = place, place.bench
    town.link_officials()
    town.complain("req_1")
    town.street_clerk()
    town.issue("S3")
    bench.at("2025-03-20T18:00:00")
    hold(town, decisions=[{"text": "安装充电桩", "kind": "WORK", "due_date": "2025-03-28"}])
    town.hand_over()
    (row,) = town.street_clerk().ask("handovers", {"project_id": "prj_a"})["items"]
    return row["id"]


def items(town, handover, who=goes):
    card = who(town).ask("handover", {"handover_id": handover})
    return card, {(one["kind"], one["title"]): one for one in card["items"]}


def test_keys_papers_and_open_work_go_from_one_company_to_the_next(list_, place):  # noqa: F811
    bench, waits = place.bench, Waits(place.bench)
    card, lines = items(place, list_)
    assert (card["project_id"], card["new_project_id"]) == ("prj_a", "prj_b")
    kinds = [one["kind"] for one in card["items"]]
    assert {one: kinds.count(one) for one in ("ORDER", "WORK", "COMPLAINT", "KEYS", "FUNDS")} == {
        "ORDER": 1, "WORK": 1, "COMPLAINT": 1, "KEYS": 1, "FUNDS": 1,
    }  # fmt: skip
    # What is open is what the new company has now; who complained stands nowhere.
    work = lines["WORK", "安装充电桩"]
    assert place.street_clerk().ask("work", {"work_id": work["concerns"]})["project_id"] == "prj_b"
    (order,) = (one for one in card["items"] if one["kind"] == "ORDER")
    of = bench.ask("rectification", {"rectification_id": order["concerns"]})
    assert (of["project_id"], of["state"]) == ("prj_b", "ISSUED")
    assert "SR-2025" not in str(card)
    assert told(bench, "HANDOVER_BEGUN") == ["per_new", "per_rival", "per_wu", "per_zheng"]

    # Only who comes, and the community, adds to the list; others do not see it.
    more = {"handover_id": list_, "kind": "KEYS", "title": "地下车库道闸遥控器"}
    with pytest.raises(errors.NotTheCompany):
        goes(place).do("add_handover_item", more)
    key = comes(place).do("add_handover_item", more)["id"]
    for scope, role in ((GRID, "R_RESIDENT"), ("370811015902", "R_CADRE")):
        bench.as_(role, person="per_far", scope=scope)
        with pytest.raises((NotFound, RoleDenied)):
            bench.ask("handover", {"handover_id": list_})
    which = {"item_id": key}
    handed = which | {"quantity": 3, "remark": "遥控器三只", "files": ["sha256:1"]}
    with pytest.raises(errors.NotTheCompany):
        comes(place).do("hand_item", handed, version=1)
    with pytest.raises(StateConflict):
        comes(place).do("receive_item", which | {"complete": True}, version=1)
    goes(place).do("hand_item", handed, version=1)
    other = next(iter(waits.things("HAND_OVER", *_of(GOES))))
    waits.until(
        "HAND_OVER", other, lambda: goes(place).do("hand_item", {"item_id": other}, version=1),
        to=GOES, not_to=[COMES, FAR],
    )  # fmt: skip
    with pytest.raises(StateConflict):
        goes(place).do("hand_item", handed, version=2)
    # One is missing: it is the other company's again.
    lacks = which | {"complete": False, "reason": "缺少遥控器一只"}
    with pytest.raises(errors.ReasonRequired):
        comes(place).do("receive_item", which | {"complete": False}, version=2)
    assert set(waits.things("TAKE_OVER", *_of(COMES))) == {key, other}
    waits.until(
        "TAKE_OVER", key, lambda: comes(place).do("receive_item", lacks, version=2), to=COMES,
        not_to=[GOES, FAR],
    )  # fmt: skip
    assert told(bench, "HANDOVER_MISSING") == ["per_wu", "per_zheng"]
    goes(place).do("hand_item", handed, version=3)
    place.manager("per_new").do("receive_item", which | {"complete": True}, version=4)
    line = place.street_clerk().ask("handover_item", which)
    assert (line["state"], line["quantity"], line["handed_by"]) == ("RECEIVED", 3, "per_zheng")
    assert "handed_by" not in goes(place).ask("handover_item", which)


def test_what_is_not_handed_over_in_time_is_settled_by_the_street(list_, place):  # noqa: F811
    bench, waits = place.bench, Waits(place.bench)
    _, lines = items(place, list_)
    first = next(iter(lines.values()))["id"]
    # Ten working days from Thursday 20 March; 4 April is a holiday.
    bench.fire("2025-04-03T00:00:00")
    assert told(bench, "HANDOVER_LATE") == []
    assert waits.things("SETTLE_HANDOVER", *_of(CLERK)) == {}
    bench.fire("2025-04-04T00:00:00")
    assert told(bench, "HANDOVER_LATE") == [
        "per_new", "per_off_lnk_1", "per_rival", "per_wu", "per_zheng",
    ]  # fmt: skip
    assert place.street_clerk().ask("handovers", {"overdue": True})["total"] == 1
    settle = {"item_id": first, "reason": "原企业失联,由街道组织换锁"}
    with pytest.raises(errors.ReasonRequired):
        bench.do("settle_item", settle | {"reason": "是"}, version=1)
    waits.until(
        "SETTLE_HANDOVER", first,
        lambda: place.street_clerk().do("settle_item", settle, version=1), to=CLERK,
        not_to=[GOES, FAR],
    )  # fmt: skip
    with pytest.raises(StateConflict):
        bench.do("settle_item", settle, version=2)
    assert told(bench, "HANDOVER_DONE") == []
    # With the last item it is done, both are told, and nothing is added any more.
    for one in place.street_clerk().ask("handover_items", {"handover_id": list_})["items"]:
        if one["state"] == "PENDING":
            bench.do("settle_item", settle | {"item_id": one["id"]}, version=one["version"])
    card, _ = items(place, list_)
    assert (card["state"], card["overdue"]) == ("DONE", True)
    assert len(told(bench, "HANDOVER_DONE")) == 4
    late = {"handover_id": list_, "kind": "KEYS", "title": "地下车库道闸遥控器"}
    with pytest.raises(StateConflict):
        comes(place).do("add_handover_item", late)


def test_a_year_that_is_loaded_gives_a_hand_over_as_many_working_days(town):
    """Begun on 25 December: ten working days; the year 2027 makes two of them free."""
    bench = town.bench.at("2026-12-25T10:00")
    town.found()
    town.link_officials()
    town.hand_over()
    (before,) = town.street_clerk().ask("handovers", {})["items"]
    loaded(bench)
    card = town.street_clerk().ask("handover", {"handover_id": before["id"]})
    assert (card["due"][:10], before["due"][:10]) == ("2027-01-13", "2027-01-11")
    assert {one["due"] for one in card["items"]} == {card["due"]}
    assert card["history"][-1]["what"] == "DEADLINE_MOVED"
    bench.fire("2027-01-13T23:00")
    assert bench.ask("handover", {"handover_id": before["id"]})["overdue"] is False
    bench.fire("2027-01-14T00:00")
    assert bench.ask("handover", {"handover_id": before["id"]})["overdue"] is True
