"""The audit: rows are added to it and never changed, by nobody who serves or works."""

import pytest
import sqlalchemy as sa

from fivered.chassis import append_only, doctor
from fivered.chassis.messages import SYSTEM, Actor, Call, new_uuid

CHANGES = (
    "UPDATE audit SET actor = 'per_9'",
    "UPDATE audit SET digest = 'k1:other'",
    "UPDATE audit SET digest = 'plain'",
    "DELETE FROM audit",
    "UPDATE audit_seals SET hash = 'x'",
    "DELETE FROM audit_seals",
    "DELETE FROM audit_marks",
)
ON_ONE = {
    "sqlite": ("INSERT OR REPLACE INTO audit SELECT * FROM audit",),
    "postgresql": ("TRUNCATE audit", "TRUNCATE audit_seals, audit_marks"),
}


def fill(bench):
    """One row in each of the three tables."""
    bench.do("add", {"counter_id": "c", "amount": 1})
    tables, seal = bench.runtime.chassis, {"place": 1, "day": bench.now.date(), "last_id": 1}
    seal |= dict.fromkeys(("marks", "previous", "hash", "sealed_by"), "x")
    with bench.runtime.engine.begin() as conn:
        conn.execute(tables.audit_seals.insert(), [seal | {"rows": 1, "sealed_at": bench.now}])
        conn.execute(tables.audit_marks.insert(), [{"place": 1, "part": 0, "marks": b"x"}])


def refused(bench, statement):
    with pytest.raises(sa.exc.DBAPIError) as found, bench.runtime.engine.begin() as conn:
        conn.exec_driver_sql(statement)
    return str(found.value.orig)


@pytest.mark.covers("REQ-L09")
def test_rows_of_the_audit_are_neither_changed_nor_removed(bench):
    """SEC-M10: each service's role could delete what it had done."""
    fill(bench)
    before = bench.rows("select * from audit")
    for statement in (*CHANGES, *ON_ONE[bench.runtime.engine.dialect.name]):
        assert "is append-only" in refused(bench, statement), statement
    assert bench.rows("select * from audit") == before
    with bench.runtime.engine.begin() as conn:
        # As a restored backup does, and an owner who has dropped old days.
        append_only.hold(conn)
        with append_only.lifted(conn, "audit"):
            conn.exec_driver_sql("DELETE FROM audit")
    assert "is append-only" in refused(bench, "DELETE FROM audit_seals")
    bench.do("add", {"counter_id": "c", "amount": 1})
    assert "is append-only" in refused(bench, "DELETE FROM audit")
    assert len(bench.rows("select * from audit")) == 1


@pytest.mark.covers("REQ-L09")
def test_doctor_says_where_the_rows_can_be_changed(bench):
    fill(bench)

    def told():
        with bench.runtime.snapshot(SYSTEM) as tx:
            return [text for ok, text in doctor._unsealed(tx, bench.now) if ok is False]

    assert told() == []
    postgresql = bench.runtime.engine.dialect.name == "postgresql"
    for table in ("audit", "audit_seals", "audit_marks"):
        away = f"{table}_row ON {table}" if postgresql else f"{table}_delete"
        with bench.runtime.engine.begin() as conn:
            conn.exec_driver_sql(f"DROP TRIGGER {away}")
        [text] = told()
        assert f"rows of {table} can be changed or removed" in text
        with bench.runtime.engine.begin() as conn:
            append_only.hold(conn)
        assert told() == []


def test_a_row_says_from_which_session_and_address_the_command_came(bench):
    actor = Actor("per_1", "R_DISTRICT", "370811", "ses_1", "2001:db8::1")
    bench.runtime.call(Call("add", {"counter_id": "c", "amount": 1}, actor, new_uuid()))
    bench.do("add", {"counter_id": "c", "amount": 1})
    mine, other = bench.rows("select session, address, refused from audit order by id")
    assert (mine["session"], mine["address"], mine["refused"]) == ("ses_1", "2001:db8::1", None)
    assert (other["session"], other["address"]) == (None, None)
