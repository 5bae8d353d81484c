"""Commands and queries through the doors."""

import pytest
import sqlalchemy as sa

from fivered.chassis.messages import Call
from fivered.chassis.refusal import (
    IdempotencyMismatch,
    Invalid,
    KeyRequired,
    NotFound,
    PreconditionRequired,
    RoleDenied,
    VersionConflict,
)
from fivered.chassis.tests.toy.service import TooMuch, Toy
from testkit.bench import assert_no_drift


def test_a_command_changes_the_row_and_says_so_in_one_transaction(bench):
    assert bench.do("add", {"counter_id": "c", "amount": 5})["version"] == 1
    assert bench.do("add", {"counter_id": "c", "amount": 6})["version"] == 2
    assert bench.ask("total", {"counter_id": "c"})["total"] == 11
    said = bench.published("added.v1")
    assert [event["data"]["amount"] for event in said] == [5, 6]
    assert said[0]["type"] == "toy.added.v1"
    assert said[0]["source"] == "/fivered/toy"
    assert said[0]["time"] == "2025-03-03T01:00:00Z"
    assert said[0]["period"] == "2025-03"
    assert said[1]["sequence"] == f"{2:020d}"


@pytest.mark.covers("R6")
def test_the_same_key_gives_the_stored_reply_and_no_second_effect(bench):
    first = bench.do("add", {"counter_id": "c", "amount": 5}, key="k1")
    assert bench.do("add", {"counter_id": "c", "amount": 5}, key="k1") == first
    assert bench.ask("total", {"counter_id": "c"})["total"] == 5
    assert len(bench.published()) == 1


def test_what_is_not_to_be_kept_is_in_no_table_and_answered_again(bench):
    """SP-D16: a reply with a number of a person stayed in the table of keys for 30 days."""
    order = {"counter_id": "c", "amount": 11}
    first = bench.do("whisper", order, key="k1")
    assert first["secret"] == "whisper 77"
    assert bench.do("whisper", order, key="k1") == first
    assert bench.ask("total", {"counter_id": "c"})["total"] == 11
    assert len(bench.published()) == 1
    kept = bench.rows("select reply from idempotency")
    assert "secret" not in str(kept)
    assert "whisper 77" not in str(kept + bench.rows("select * from audit"))
    assert len(bench.rows("select 1 as one from audit")) == 1


@pytest.mark.covers("R6")
def test_the_same_key_with_another_body_is_refused(bench):
    bench.do("add", {"counter_id": "c", "amount": 5}, key="k1")
    with pytest.raises(IdempotencyMismatch):
        bench.do("add", {"counter_id": "c", "amount": 6}, key="k1")


def test_a_refusal_changes_nothing_and_leaves_the_key_free(bench):
    with pytest.raises(TooMuch) as refused:
        bench.do("add", {"counter_id": "c", "amount": 5000}, key="k1")
    assert refused.value.describe() == "超过上限 1000"
    assert bench.published() == []
    bench.do("add", {"counter_id": "c", "amount": 5}, key="k1")


def test_a_command_without_key_is_refused(bench):
    with pytest.raises(KeyRequired):
        bench.runtime.call(Call("add", {"counter_id": "c", "amount": 5}, bench.actor))


def test_another_role_is_denied(bench):
    bench.as_("R_RESIDENT")
    with pytest.raises(RoleDenied):
        bench.do("add", {"counter_id": "c", "amount": 5})


def test_a_change_must_say_which_version_it_has_seen(bench):
    bench.do("add", {"counter_id": "c", "amount": 5})
    with pytest.raises(PreconditionRequired):
        bench.do("reset", {"counter_id": "c"})
    with pytest.raises(VersionConflict):
        bench.do("reset", {"counter_id": "c"}, version=7)
    assert bench.do("reset", {"counter_id": "c"}, version=1)["version"] == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"counter_id": "c"}, "amount"),
        ({"counter_id": "c", "amount": "5"}, "amount"),
        ({"counter_id": "c", "amount": 5, "colour": "red"}, "colour"),
        ({"counter_id": "c", "amount": 10**30}, "amount"),
        ({"counter_id": "a\0b", "amount": 5}, "counter_id"),
    ],
)
def test_a_body_that_cannot_be_read_says_where(bench, body, field):
    with pytest.raises(Invalid) as refused:
        bench.do("add", body)
    assert refused.value.field == field


def test_a_method_that_does_not_exist_is_not_found(bench):
    for method in ("nothing", "on_toy", "on_reminder", "__init__"):
        with pytest.raises(NotFound):
            bench.do(method, {})


def test_every_command_leaves_an_audit_row(bench):
    bench.as_("R_DISTRICT", person="per_1").do("add", {"counter_id": "c", "amount": 5})
    rows = bench.rows("SELECT actor, role, action, target, result FROM audit")
    assert rows == [
        {"actor": "per_1", "role": "R_DISTRICT", "action": "add", "target": "c", "result": "ADDED"}
    ]


def test_the_migrated_database_agrees_with_the_tables(bench):
    assert_no_drift(Toy, bench.runtime.engine)


def test_drift_is_noticed(bench):
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.text("ALTER TABLE counters ADD COLUMN stray INTEGER"))
    with pytest.raises(AssertionError, match="stray"):
        assert_no_drift(Toy, bench.runtime.engine)
