"""Batches, duplicates, poison and parking."""

import argparse

import msgspec
import pytest
import sqlalchemy as sa

from fivered.chassis import commands, inbox, process, timers
from fivered.chassis.messages import new_uuid
from fivered.chassis.settings import CommandFailed
from fivered.chassis.tests.toy.service import FAIL


def amounts(bench):
    return [row["amount"] for row in bench.rows("SELECT amount FROM entries ORDER BY id")]


def added(bench, amount, subject="c", **attributes):
    note = attributes.pop("note", "")
    return bench.event(
        "toy", "added.v1", {"amount": amount, "note": note}, subject=subject, **attributes
    )


def test_an_event_heard_twice_takes_effect_once(bench):
    event = added(bench, 5)
    assert bench.deliver([event, event]) == 1
    assert bench.deliver([event]) == 0
    assert amounts(bench) == [5]


def test_unknown_fields_are_ignored(bench):
    bench.consume("toy", "added.v1", {"amount": 3, "new_field": {"a": 1}})
    assert amounts(bench) == [3]


def test_an_event_that_fails_twice_and_then_works_takes_effect_once(bench):
    FAIL["flaky"] = 3  # once in the batch, then twice alone
    bench.deliver([added(bench, 1), added(bench, 2, "d", note="flaky"), added(bench, 3, "e")])
    assert sorted(amounts(bench)) == [1, 2, 3]
    assert bench.parked() == []


def test_poison_is_parked_with_what_follows_of_its_subject_and_nobody_else_waits(bench):
    FAIL["bad"] = 1000
    batch = [
        added(bench, 1, "a", sequence=1),
        added(bench, 2, "b", sequence=1, note="bad"),
        added(bench, 3, "b", sequence=2),
        added(bench, 4, "c", sequence=1),
    ]
    assert bench.deliver(batch) == 2
    assert bench.deliver([added(bench, 5, "b", sequence=3), added(bench, 6, "a", sequence=2)]) == 1
    assert amounts(bench) == [1, 4, 6]
    assert [(row["reason"], row["subject"]) for row in bench.parked()] == [
        ("FAILED", "b"),
        ("BEHIND", "b"),
        ("BEHIND", "b"),
    ]
    assert "told to fail at bad" in bench.parked()[0]["error"]
    # Delivered again by the wire: nothing is parked twice, nothing takes effect.
    assert bench.deliver(batch) == 0
    assert len(bench.parked()) == 3


def test_a_retry_takes_the_parked_events_into_effect_in_their_order(bench):
    FAIL["bad"] = 1000
    bench.deliver([added(bench, 2, "b", note="bad"), added(bench, 3, "b"), added(bench, 4, "b")])
    FAIL.clear()
    first = bench.parked()[0]["id"]
    assert inbox.mark_parked(bench.runtime, [first], "RETRY", "operator") == 1
    assert inbox.retry_parked(bench.runtime, "toy") == 3
    assert amounts(bench) == [2, 3, 4]
    assert bench.parked() == []
    bench.deliver([added(bench, 5, "b")])
    assert amounts(bench) == [2, 3, 4, 5]


def test_a_retry_that_fails_again_stays_parked(bench):
    FAIL["bad"] = 1000
    bench.deliver([added(bench, 2, "b", note="bad"), added(bench, 3, "b")])
    inbox.mark_parked(bench.runtime, [bench.parked()[0]["id"]], "RETRY", "operator")
    assert inbox.retry_parked(bench.runtime, "toy") == 0
    assert [row["state"] for row in bench.parked()] == ["PARKED", "PARKED"]
    assert bench.parked()[0]["attempts"] == 5


def test_what_is_given_up_says_by_whom_and_is_there(bench, monkeypatch):
    """K17: nobody gave up a row that was not there, and the command said that it was done."""
    monkeypatch.setattr(commands, "open_runtime", lambda _name: bench.runtime)
    monkeypatch.setattr(type(bench.runtime), "close", lambda _self: None)
    FAIL["bad"] = 1000
    bench.deliver([added(bench, 2, "b", note="bad")])
    (row,) = bench.parked()

    def run(action, *ids, by=""):
        given = argparse.Namespace(service="toy", action=action, ids=list(ids), by=by)
        return commands.run_parked(given)

    for refused, told in (
        (("drop", row["id"]), "--by"),
        (("drop", row["id"], 99), "99"),
        (("show", 99), "99"),
    ):
        with pytest.raises(CommandFailed, match=told):
            run(*refused, by="" if told == "--by" else "lin")
    assert run("drop", row["id"], by="lin") == 0
    assert bench.rows("SELECT decided_by FROM parked") == [{"decided_by": "lin"}]


def test_a_dropped_event_lets_the_next_one_through(bench):
    FAIL["bad"] = 1000
    bench.deliver([added(bench, 2, "b", note="bad"), added(bench, 3, "b")])
    inbox.mark_parked(bench.runtime, [bench.parked()[0]["id"]], "DROPPED", "operator")
    assert inbox.retry_parked(bench.runtime, "toy") == 1
    assert amounts(bench) == [3]


def test_unreadable_bytes_and_wrong_data_are_parked_with_their_reason(bench):
    broken = inbox.Delivery(b"{not json", "toy", 0)
    schema = bench.event("toy", "added.v1", {"amount": "many"}, subject="s")
    unknown = bench.event("toy", "renamed.v9", {"amount": 1})
    assert bench.deliver([broken, schema, unknown, added(bench, 7, "z")]) == 1
    assert amounts(bench) == [7]
    parked = bench.parked()
    assert [row["reason"] for row in parked] == ["UNREADABLE", "SCHEMA", "UNKNOWN_FACT"]
    assert "$.amount" in parked[1]["error"]
    assert bytes(parked[0]["body"]) == b"{not json"


def test_an_earlier_event_is_not_parked_behind_a_later_one_of_its_subject(bench):
    good = added(bench, 1, "s")
    schema = bench.event("toy", "added.v1", {"amount": "many"}, subject="s")
    later = added(bench, 2, "s")
    bench.deliver([good, schema, later])
    assert amounts(bench) == [1]
    assert [row["reason"] for row in bench.parked()] == ["SCHEMA", "BEHIND"]


def test_two_deliveries_of_one_id_with_other_words_count_once(bench):
    one = new_uuid()
    bench.deliver([added(bench, 1, event_id=one), added(bench, 9, event_id=one)])
    assert amounts(bench) == [1]


def test_who_speaks_as_another_is_parked_and_not_believed(bench):
    """SEC low 8: an event of /fivered/partner on another service's exchange took effect."""
    for wrong in ({"source": "/fivered/partner"}, {"type": "partner.added.v1"}):
        said = bench.event("toy", "added.v1", {"amount": 1, "note": ""}, subject="s")
        body = msgspec.json.encode(msgspec.json.decode(said.body) | wrong)
        assert bench.deliver([inbox.Delivery(body, "toy", 0)]) == 0
    assert [row["reason"] for row in bench.parked()] == ["UNREADABLE", "UNREADABLE"]
    assert bench.rows("SELECT 1 FROM entries") == []


def test_one_round_takes_up_all_that_was_marked_events_and_timers(bench):
    """What a process without partitions of its own does every second (`process.retry_parked`)."""
    FAIL["bad"] = FAIL["timer"] = 1000
    bench.deliver([added(bench, 2, "b", note="bad"), added(bench, 3, "b"), added(bench, 4, "c")])
    bench.do("remind", {"counter_id": "c"})
    bench.at("2025-03-03T18:00")
    for _ in range(timers.TRIES):
        timers.fire_due(bench.runtime)
        with bench.runtime.engine.begin() as conn:
            conn.execute(sa.update(bench.runtime.chassis.timers).values(next_try_at=None))
    FAIL.clear()
    parked = {row["source"]: row["id"] for row in reversed(bench.parked())}
    assert parked.keys() == {"toy", "timer"}
    # Nothing is tried that nobody has marked.
    process.retry_parked(bench.runtime)
    assert amounts(bench) == [4]
    inbox.mark_parked(bench.runtime, list(parked.values()), "RETRY", "operator")
    process.retry_parked(bench.runtime)
    assert amounts(bench) == [4, 2, 3]
    assert bench.parked() == []
    assert timers.fire_due(bench.runtime) == 1


def test_what_this_release_cannot_read_is_read_once_and_not_at_each_look(bench):
    """Each look, every 15 s, read all of them again, with their bodies."""
    reads = bench.runtime.reads_of["toy"]
    reader = reads.pop("added.v1")
    bench.deliver([added(bench, number, "s", note="x" * 50_000) for number in (1, 2, 3)])
    bodies = []

    def counted(_conn, _cursor, statement, *_rest):
        asked, _, _ = statement.partition("FROM")
        bodies.extend(["read"] if "parked.body" in asked else [])

    sa.event.listen(bench.runtime.engine, "after_cursor_execute", counted)
    for _ in range(4):
        process.take_up_parked(bench.runtime)
    assert len(bodies) == 3
    bench.deliver([added(bench, 4, "s")])
    process.take_up_parked(bench.runtime)
    assert len(bodies) == 4
    assert {row["state"] for row in bench.parked()} == {"PARKED"}
    reads["added.v1"] = reader
    bodies.clear()
    process.take_up_parked(bench.runtime)
    assert len(bodies) == 4
    assert {row["state"] for row in bench.parked()} == {"RETRY"}


def test_one_round_goes_on_behind_what_was_dropped_and_keeps_what_fails_again(bench):
    FAIL["bad"] = 1000
    bench.deliver([added(bench, 2, "b", note="bad"), added(bench, 3, "b"), added(bench, 4, "b")])
    first = bench.parked()[0]["id"]
    inbox.mark_parked(bench.runtime, [first], "RETRY", "operator")
    process.retry_parked(bench.runtime)
    assert [row["state"] for row in bench.parked()] == ["PARKED"] * 3
    inbox.mark_parked(bench.runtime, [first], "DROPPED", "operator")
    process.retry_parked(bench.runtime)
    assert amounts(bench) == [3, 4]
    assert bench.parked() == []


def test_what_the_release_before_did_not_know_is_taken_up_before_what_comes_later(bench):
    """A worker of 0.1.0 parked facts and timers that were new to it, and there they stayed."""
    reads, known = bench.runtime.reads_of["toy"], bench.runtime.timers
    bench.do("remind", {"counter_id": "c"})
    reader, remind = reads.pop("added.v1"), known.pop("reminder")
    bench.deliver([added(bench, 1, "s"), added(bench, 2, "s"), added(bench, 3, "t", note="bad")])
    bench.at("2025-03-03T18:00")
    for _ in range(timers.TRIES):
        timers.fire_due(bench.runtime)
        with bench.runtime.engine.begin() as conn:
            conn.execute(sa.update(bench.runtime.chassis.timers).values(next_try_at=None))
    assert [row["reason"] for row in bench.parked()] == ["UNKNOWN_FACT"] * 3 + ["FAILED"]
    process.take_up_parked(bench.runtime)
    assert {row["state"] for row in bench.parked()} == {"PARKED"}

    reads["added.v1"], known["reminder"] = reader, remind
    FAIL["bad"] = 1000
    process.take_up_parked(bench.runtime)
    # A worker of the release before comes first.
    del reads["added.v1"]
    inbox.retry_parked(bench.runtime, "toy")
    assert {row["state"] for row in bench.parked() if row["source"] == "toy"} == {"PARKED"}
    reads["added.v1"] = reader
    process.take_up_parked(bench.runtime)
    bench.deliver([added(bench, 4, "s"), added(bench, 5, "u")])
    assert amounts(bench) == [5]
    process.retry_parked(bench.runtime)
    assert amounts(bench) == [5, 1, 2, 4]
    assert timers.fire_due(bench.runtime) == 1
    # What fails all the same waits for an operator.
    process.take_up_parked(bench.runtime)
    assert [(row["state"], row["subject"]) for row in bench.parked()] == [("PARKED", "t")]
