"""What other services have told goes out as people want; what cannot be delivered is seen."""

from dataclasses import replace

import pytest

from fivered.chassis import gauges, metrics
from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.steward.tests.ground import CADRE, COMMUNITY, LI, WANG
from fivered.services.steward.tests.test_deliveries import PHONE, out  # noqa: F401
from testkit import exposition

STREET, OTHER = "370811015", "370811016901"


def told(out, *to, kind="OBJECTION_OVERDUE", group="POINTS", source="credit", **more):  # noqa: F811
    message = {
        "message_id": f"msg_{source}_{kind}", "to": list(to), "kind": kind, "group": group,
        "urgent": False, "at": out.bench.now.isoformat(), "text_zh": "异议逾期", "text_en": "Late",
    } | more  # fmt: skip
    event = out.bench.event(source, "messages_told.v1", {"messages": [message]})
    out.bench.deliver([event, event])
    out.work()


def office(out, role="R_CADRE", scope=COMMUNITY):  # noqa: F811
    return out.bench.as_(role, person=CADRE, scope=scope)


def test_what_another_service_tells_goes_out_once_as_its_person_wants(out):  # noqa: F811
    told(out, WANG)
    out.choose({"POINTS": ["SMS"]})
    told(out, WANG, LI, "per_nobody", source="partner")
    told(out, WANG, group="MATTERS", source="forum")
    (sent,) = out.texts()
    assert (sent["to"], sent["kind"]) == (PHONE, "partner_objection_overdue")
    assert (sent["text_zh"], sent["text_en"]) == ("异议逾期", "Late")
    # Nothing of what it said is kept.
    assert "异议逾期" not in str(out.bench.rows("SELECT * FROM deliveries"))
    # In the quiet hours it waits; of what was told days ago nothing goes out.
    out.bench.at("2025-03-03T22:00:00")
    told(out, WANG, source="property")
    told(out, WANG, source="forum", at="2025-02-20T10:00:00+08:00")
    assert len(out.texts()) == 1
    out.later("2025-03-04T08:00:01")
    assert [one["kind"] for one in out.texts()[1:]] == ["property_objection_overdue"]


def test_what_cannot_be_delivered_is_seen_sent_again_or_told_otherwise(out):  # noqa: F811
    out.choose({"POINTS": ["SMS"]})
    out.receiver.answer = lambda _number, _handler: 410
    for source in ("credit", "partner", "forum"):
        told(out, WANG, source=source)
    listed = office(out).ask("message_deliveries", {"state": "DEAD", "total": True})
    assert (listed["total"], listed["items"][0]["status"]) == (3, 410)
    first, second, _third = (one["id"] for one in listed["items"])
    shown = office(out).ask("message_delivery", {"delivery_id": first})
    assert (shown["person_id"], shown["area"], shown["service"]) == (WANG, COMMUNITY, "forum")
    assert PHONE not in str(listed) and "异议逾期" not in str(listed)
    # The street sees how many and why, not whom; another community sees none of it.
    above = office(out, "R_STREET", STREET).ask("message_deliveries", {"channel": "SMS"})["items"]
    assert {"person_id" in one for one in above} == {False} and len(above) == 3
    assert office(out, scope=OTHER).ask("message_deliveries")["items"] == []
    with pytest.raises(RoleDenied):
        office(out).ask("message_deliveries", {"scope": STREET})
    for method in ("message_delivery", "retry_delivery"):
        with pytest.raises(NotFound):
            stranger = office(out, scope=OTHER)
            ask = stranger.ask if method == "message_delivery" else stranger.do
            ask(method, {"delivery_id": first})
    # An operator reads it on the page of metrics, and the doctor says it.
    end = metrics.READ.add(gauges.own(out.bench.runtime))
    assert exposition.here()("fivered_steward_deliveries", channel="SMS", state="DEAD") == 3
    end()
    with out.bench.transaction() as tx:
        (found,) = out.bench.runtime.instance().looked_at(tx)
    assert "3 messages could not be delivered" in found[1]
    # Sent again one by one, told otherwise, or all together; also days later.
    out.bench.at("2025-03-07T10:00:00")
    out.receiver.answer = lambda _number, _handler: 200
    assert office(out).do("retry_delivery", {"delivery_id": first})["state"] == "WAITING"
    out.work()
    assert office(out).ask("message_delivery", {"delivery_id": first})["state"] == "SENT"
    settled = office(out).do("settle_delivery", {"delivery_id": second, "how": "PHONE"})
    assert (settled["state"], settled["settled"]) == ("SETTLED", "PHONE")
    for step, how in (("retry_delivery", {}), ("settle_delivery", {"how": "VISIT"})):
        with pytest.raises(StateConflict):
            office(out).do(step, {"delivery_id": second} | how)
    assert office(out, scope=OTHER).do("retry_deliveries", {"scope": OTHER})["retried"] == 0
    assert (
        office(out).do("retry_deliveries", {"scope": COMMUNITY, "channel": "EMAIL"})["retried"] == 0
    )
    assert office(out).do("retry_deliveries", {"scope": COMMUNITY}) == {"retried": 1, "more": False}
    out.work()
    assert [one["kind"] for one in out.texts()] == [
        "forum_objection_overdue", "credit_objection_overdue",
    ]  # fmt: skip
    assert "异议逾期" not in str(out.bench.rows("SELECT * FROM deliveries"))


def test_a_district_without_a_sender_queues_nothing(out):  # noqa: F811
    out.choose({"POINTS": ["SMS"]})
    out.bench.runtime.settings = replace(
        out.bench.runtime.settings, sender_url="", mail_server=""
    )  # fmt: skip
    told(out, WANG)
    assert out.bench.rows("SELECT * FROM deliveries") == []
