"""What was refused for want of a right stands in the audit; who audits an area reads it there."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis import denials
from fivered.chassis.messages import SYSTEM, Actor, Call, new_uuid
from fivered.chassis.refusal import Guard, Invalid, NotFound, Refusal, RoleDenied
from testkit.sealing import sealed

BODY = {"counter_id": "cnt_1", "amount": 1}
KEPT = "select actor, role, scope, action, target, result, refused, session, address from audit"


def call(bench, method, body, role="R_MERCHANT", person="per_1", **more):
    actor = Actor(person, role, "370811015901", "ses_1", "10.0.0.7")
    return bench.runtime.call(Call(method, body, actor, new_uuid(), **more))


def refused(bench, method, body, **more):
    with pytest.raises(Refusal) as found:
        call(bench, method, body, **more)
    return found.value


@pytest.mark.covers("REQ-L09")
def test_a_refusal_for_want_of_a_right_says_who_tried_what_and_from_where(bench):
    """SEC-M10: the audit held only what took effect."""
    assert isinstance(refused(bench, "add", BODY), RoleDenied)
    [row] = bench.rows(KEPT)
    assert row == {
        "actor": "per_1", "role": "R_MERCHANT", "scope": "370811015901", "action": "add",
        "target": "cnt_1", "result": "DENIED", "refused": "ROLE_DENIED", "session": "ses_1",
        "address": "10.0.0.7",
    }  # fmt: skip
    # Nothing that somebody wrote, no secret, and no number stands in it.
    refused(bench, "add", {"counter_id": "13812345678", "amount": 1, "more": "my words"})
    rows = bench.rows("select * from audit order by id")
    assert rows[1]["target"] is None
    assert "my words" not in str(rows)
    assert rows[1]["digest"].startswith("k1:")
    assert rows[1]["digest"] != rows[0]["digest"]


def test_a_caller_writes_nothing_into_the_audit_by_the_name_of_a_thing(bench):
    """`per_wang_xiaoli_13912345678` stood there as it came."""
    ours = "cnt_0196a3d2-6f1c-7c3a-9d5e-139123456789"
    for told, kept in (
        (ours, ours),
        ("cnt_17", "cnt_17"),
        ("per_wang_xiaoli_13912345678", "per_…"),
        ("per_139-1234-5678", "per_…"),
        ("client_credentials", None),
        ("cnt_" + "x" * 37, None),
        ("cnt_ words of mine", None),
    ):
        refused(bench, "add", {"counter_id": told, "amount": 1})
        assert bench.rows("select target from audit order by id")[-1]["target"] == kept, told
    # Nor by what it asks the audit itself for, nor by a trace.
    auditor = bench.as_("R_AUDITOR", person="per_9", scope="370811")
    auditor.ask("_audit", {"target": "words of mine"})
    bench.as_("R_DISTRICT").do("add", BODY)
    refused(bench, "add", BODY, traceparent="00-13912345678-words-01")
    read, done, denied = bench.rows("select target, trace from audit order by id")[-3:]
    assert read["target"] is None
    assert "words" not in str([done, denied])


def test_a_refusal_says_that_it_is_a_denial_whatever_its_status(bench):
    """Another person has to do it: those of 422 left no row."""
    mine = type(
        "SecondHand", (Guard,), {"text": "须由另一人 / Another person does", "denial": True}
    )
    assert mine.status == 422
    assert mine().denies
    assert not Guard().denies


def test_what_is_wrong_or_not_there_is_no_denial(bench):
    with pytest.raises(Invalid):
        bench.do("add", {"amount": "x"})
    with pytest.raises(NotFound):
        bench.runtime.call(Call("nothing", {}, bench.actor, new_uuid()))
    assert bench.rows(KEPT) == []


def test_nobody_fills_the_disk_with_refusals(bench, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(denials.time, "monotonic", lambda: now[0])
    for _ in range(denials._BURST + 7):
        refused(bench, "add", BODY)
    assert len(bench.rows(KEPT)) == denials._BURST
    # Another person has a share of their own, and the number of those without a row is told.
    refused(bench, "add", BODY, person="per_2")
    *_, mine, told = bench.rows(KEPT + " order by id")
    assert mine["actor"] == "per_2"
    assert (told["actor"], told["target"], told["refused"]) == (
        "system", "+7", "NOT_WRITTEN_SINGLY",
    )  # fmt: skip
    now[0] += denials._EVERY_S
    refused(bench, "add", BODY)
    refused(bench, "add", BODY)
    assert len(bench.rows(KEPT)) == denials._BURST + 3
    # All together have one as well.
    for number in range(denials._BURST_OF_ALL + 50):
        refused(bench, "add", BODY, person=f"per_{number}x")
    assert len(bench.rows(KEPT)) < denials._BURST_OF_ALL + 50


def test_an_accepted_command_costs_no_statement_more(bench):
    """The row says more, and is written by the same statement as before."""
    seen = []
    sa.event.listen(
        bench.runtime.engine, "before_cursor_execute", lambda _c, _x, text, *_r: seen.append(text)
    )
    bench.do("add", BODY)
    audited = [text for text in seen if "audit" in text]
    assert len(audited) == 1
    assert "address" in audited[0]
    if bench.runtime.engine.dialect.name == "postgresql":
        assert "outbox" in audited[0]
    seen.clear()
    refused(bench, "add", BODY)
    assert len([text for text in seen if "INSERT" in text]) == 1


def test_the_answer_stays_where_a_denial_cannot_be_written(bench, caplog):
    with bench.runtime.engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE audit RENAME TO audit_away")
    try:
        assert isinstance(refused(bench, "add", BODY), RoleDenied)
    finally:
        with bench.runtime.engine.begin() as conn:
            conn.exec_driver_sql("ALTER TABLE audit_away RENAME TO audit")
    assert "denial_not_written" in caplog.text


def test_what_the_gateway_has_refused_is_taken_from_the_system_alone(bench):
    one = {"at": "2026-03-03T12:00:00+08:00", "action": "add", "actor": "per_7"}
    one |= {"role": "R_CADRE", "scope": "370811015901", "refused": "ROLE_DENIED"}
    told = {"denials": [one | {"address": "10.0.0.9"}], "over": 3}
    assert isinstance(refused(bench, "_denied", told), RoleDenied)
    bench.runtime.call(Call("_denied", told, SYSTEM, new_uuid()))
    rows = bench.rows(KEPT + " where result = 'DENIED' order by id")
    assert [(row["actor"], row["address"], row["target"]) for row in rows] == [
        ("per_1", "10.0.0.7", None), ("per_7", "10.0.0.9", None), ("system", None, "+3"),
    ]  # fmt: skip
    # These rows are what it has done; a further one would say nothing.
    assert len(bench.rows(KEPT)) == len(rows)
    same = Call("_denied", told, SYSTEM, "the-same-key")
    assert [bench.runtime.call(same) for _ in range(2)]
    assert len(bench.rows(KEPT)) == len(rows) + 2


@pytest.mark.covers("REQ-L09")
def test_an_auditor_reads_the_rows_of_the_own_area_and_leaves_one(bench, monkeypatch):
    """Nobody could read the audit: R_AUDITOR had no door."""
    bench.as_("R_DISTRICT", person="per_1").do("add", BODY)
    bench.as_("R_DISTRICT", person="per_2", scope="370812").do("add", BODY)
    refused(bench, "add", BODY, person="per_3")
    street = bench.as_("R_AUDITOR", person="per_9", scope="370811015")
    assert [row["actor"] for row in street.ask("_audit")["items"]] == ["per_3"]
    district = bench.as_("R_AUDITOR", person="per_9", scope="370811")
    read, denied, done = district.ask("_audit")["items"]
    assert (read["action"], read["result"], read["scope"]) == ("_audit", "READ", "370811015")
    assert (denied["result"], denied["refused"], denied["address"]) == (
        "DENIED", "ROLE_DENIED", "10.0.0.7",
    )  # fmt: skip
    assert done["actor"] == "per_1"
    for asked, found in (
        ({"result": "DENIED"}, ["per_3"]),
        ({"actor": "per_1"}, ["per_1"]),
        ({"action": "add"}, ["per_3", "per_1"]),
        # As rows of the gateway's own doors have it.
        ({"action": "GET /v1/setup"}, []),
        ({"action": "GET /v1/things/{thing_id}/parts.csv"}, []),
        ({"target": "cnt_1", "actor": "per_3"}, ["per_3"]),
        ({"until": done["at"]}, []),
        ({"since": denied["at"], "action": "add"}, ["per_3"]),
    ):
        got = district.ask("_audit", asked)["items"]
        assert [row["actor"] for row in got] == found, asked
    first = district.ask("_audit", {"action": "add", "limit": 1})
    now = datetime.now(UTC)
    for day in (1, 2):
        sealed(bench.runtime, now + timedelta(days=day), 1)
    seals = district.ask("_audit_seals", {"limit": 1})
    second = district.ask("_audit", {"action": "add", "limit": 1, "cursor": first["next"]})
    assert [row["actor"] for row in second["items"]] == ["per_1"]
    # A cursor names a row of this service's list; another one's is not followed here.
    monkeypatch.setattr(bench.runtime, "name", "other")
    for door, cursor in (("_audit", first["next"]), ("_audit_seals", seals["next"])):
        with pytest.raises(Invalid):
            district.ask(door, {"cursor": cursor} | ({"action": "add"} if door == "_audit" else {}))
    monkeypatch.undo()
    for role in ("R_DISTRICT", "R_CADRE", "R_RESIDENT"):
        with pytest.raises(RoleDenied):
            bench.as_(role).ask("_audit")
