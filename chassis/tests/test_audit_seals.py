"""Sealed days of the audit: whoever changes what was written is told of, row by row."""

import json
import logging
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis import append_only, audit_seals, cli, doctor, embedded, work
from fivered.chassis import storage as store
from fivered.chassis.messages import SYSTEM
from fivered.chassis.settings import CommandFailed
from testkit.sealing import sealed
from testkit.waiting import wait_until

# A day in Shanghai begins at 16:00 UTC.
NOON = datetime(2026, 3, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
ROW = {
    "actor": "per_1", "role": "R_CADRE", "scope": "370811015901", "action": "add", "target": "c1",
    "result": "DONE", "digest": "k1:abc", "trace": "00-1-2-01", "session": "ses_1",
    "address": "10.0.0.1", "refused": None,
}  # fmt: skip


def write(bench, *times, **members):
    with bench.runtime.engine.begin() as conn:
        rows = [ROW | members | {"at": at} for at in times]
        conn.execute(bench.runtime.chassis.audit.insert(), rows)


def two_days(bench):
    """Rows 1 to 3 on March 3rd, 4 and 5 on the 4th, both sealed, and row 6 that is not."""
    for day in (NOON, NOON + DAY):
        write(bench, day, day + timedelta(hours=1), *([day] if day == NOON else []))
        sealed(bench.runtime, day + DAY, 1)
    write(bench, NOON + 2 * DAY)


def look(bench, kept=None, today=date(2026, 3, 6)):
    tables, name = bench.runtime.chassis, bench.runtime.name
    with store.reading(bench.runtime.engine) as conn:
        return audit_seals.verify(conn, tables, name, kept, today=today)


def found(bench, kept=None, **more):
    return [str(one) for one in look(bench, kept, **more).findings]


def hashes(bench):
    return {str(row["day"]): row["hash"] for row in bench.rows("select day, hash from audit_seals")}


def tamper(bench, *statements, **values):
    """Change something as the owner may, who has taken the triggers away."""
    tables = ("audit", "audit_seals", "audit_marks")
    with bench.runtime.engine.begin() as conn:
        for table in tables:
            append_only._let_go(conn, table)
            if store.is_postgresql(conn):
                conn.exec_driver_sql(f"GRANT ALL ON {table} TO CURRENT_USER")
        for statement in statements:
            conn.execute(sa.text(statement), values)
        append_only.hold(conn)


def once(bench, *statements, **values):
    """Tell what is found after a change, and take it back."""
    tables = ("audit", "audit_seals", "audit_marks")
    kept = {}
    with bench.runtime.engine.begin() as conn:
        for table in tables:
            whole = getattr(bench.runtime.chassis, table)
            kept[whole] = [dict(row) for row in conn.execute(whole.select()).mappings()]
    tamper(bench, *statements, **values)
    named = found(bench)
    tamper(bench, *(f"DELETE FROM {table}" for table in tables))
    with bench.runtime.engine.begin() as conn:
        for whole, rows in kept.items():
            conn.execute(whole.insert(), rows)
    assert found(bench) == []
    return named


FIRST, SECOND = "2026-03-03", "2026-03-04"
# What is done, and what is told first.
ROWS = {
    "DELETE FROM audit WHERE id = 2": f"ROW_MISSING {FIRST} row 2",
    "DELETE FROM audit WHERE id = 5": f"ROW_MISSING {SECOND} row 5",
    "DELETE FROM audit WHERE id < 4": f"ROW_MISSING {FIRST} row 1",
    "UPDATE audit SET id = 99 WHERE id = 1": f"ROW_MISSING {FIRST} row 1",
}
SEALS = {
    "UPDATE audit_seals SET day = '2026-02-01' WHERE place = 1": "SEAL_ALTERED 2026-02-01",
    "UPDATE audit_seals SET last_id = 2 WHERE place = 1": f"SEAL_ALTERED {FIRST}",
    "UPDATE audit_seals SET rows = 7 WHERE place = 2": f"SEAL_ALTERED {SECOND}",
    "UPDATE audit_seals SET marks = 'x' WHERE place = 2": f"SEAL_ALTERED {SECOND}",
    "UPDATE audit_seals SET previous = 'x' WHERE place = 1": f"SEAL_ALTERED {FIRST}",
    "UPDATE audit_seals SET hash = 'x' WHERE place = 1": f"SEAL_ALTERED {FIRST}",
    "UPDATE audit_seals SET sealed_by = 'x' WHERE place = 2": f"SEAL_ALTERED {SECOND}",
    "DELETE FROM audit_seals WHERE place = 1": "SEAL_MISSING -",
    "DELETE FROM audit_marks WHERE place = 1": f"MARKS_ALTERED {FIRST}",
}


@pytest.mark.covers("REQ-L09")
def test_the_first_row_is_named_that_is_not_as_it_was_sealed(bench):
    two_days(bench)
    assert found(bench) == []
    other = {"at": NOON + timedelta(microseconds=1), "trace": None, "refused": "ROLE_DENIED"}
    for member in {**ROW, "at": None}:
        value = other.get(member, "other")
        change = f"UPDATE audit SET {member} = :value WHERE id = 2"
        bound = {"value": value} if member != "at" else {}
        if member == "at":
            moved = "interval '1 microsecond'"
            plus = f"at + {moved}" if is_pg(bench) else "'2026-03-03 04:00:00.000001'"
            change = f"UPDATE audit SET at = {plus} WHERE id = 2"
        named = once(bench, change, **bound)
        assert named == [f"ROW_ALTERED {FIRST} row 2"], member
    for statement, first in (ROWS | SEALS).items():
        assert once(bench, statement)[:1] == [first], statement
    day = ("DELETE FROM audit WHERE id < 4", "DELETE FROM audit_marks WHERE place = 1")
    assert once(bench, *day) == [f"ROWS_MISSING {FIRST}"]
    columns = ", ".join(["at", *ROW])
    own = "OVERRIDING SYSTEM VALUE " if is_pg(bench) else ""
    added = f"INSERT INTO audit (id, {columns}) {own}SELECT -1, {columns} FROM audit WHERE id = 2"
    assert once(bench, added) == [f"ROW_ADDED {FIRST} row -1"]
    swap = [
        f"UPDATE audit SET id = {new} WHERE id = {old}" for old, new in ((2, 99), (5, 2), (99, 5))
    ]
    assert once(bench, *swap) == [f"ROW_ALTERED {FIRST} row 2", f"ROW_ALTERED {SECOND} row 5"]


def is_pg(bench):
    return bench.runtime.engine.dialect.name == "postgresql"


@pytest.mark.covers("REQ-L09")
def test_the_newest_seals_are_missed_when_somebody_has_removed_them(bench):
    """ "0 rows of 0 days are what was sealed", and 0: without a seal there was nothing to compare."""
    two_days(bench)
    today = date(2026, 3, 7)
    assert found(bench, today=today) == []
    # Written late, with an instant of a day that is sealed: the next seal holds it.
    write(bench, NOON)
    assert found(bench, today=today) == []
    last = ("DELETE FROM audit_seals WHERE place = 2", "DELETE FROM audit_marks WHERE place = 2")
    tamper(bench, *last)
    assert found(bench, today=today) == [f"SEAL_MISSING {SECOND} row 4"]
    tamper(bench, "DELETE FROM audit_seals", "DELETE FROM audit_marks")
    assert found(bench, today=today) == [
        f"SEAL_MISSING {FIRST} row 1", f"SEAL_MISSING {SECOND} row 4",
    ]  # fmt: skip


def test_who_writes_the_whole_chain_anew_is_told_of_by_a_copy_outside(bench, caplog):
    caplog.set_level(logging.INFO, "fivered.audit")
    two_days(bench)
    kept = {FIRST: caplog.records[0].hash, SECOND: caplog.records[1].hash}
    assert kept == hashes(bench)
    assert found(bench, kept) == []
    forged = ["UPDATE audit SET actor = 'per_9' WHERE id = 4"]
    tamper(bench, *forged, "DELETE FROM audit_seals", "DELETE FROM audit_marks")
    for now in (NOON + DAY, NOON + 2 * DAY):
        sealed(bench.runtime, now, 1)
    assert found(bench) == []
    assert found(bench, kept) == [f"SEAL_REPLACED {FIRST}", f"SEAL_REPLACED {SECOND}"]
    tamper(bench, "DELETE FROM audit_seals WHERE place = 2")
    assert found(bench, hashes(bench) | {SECOND: kept[SECOND]}) == [f"SEAL_MISSING {SECOND}"]


def unsealed(tx, now):
    """Return what doctor says of days that are not sealed; whose the tables are it says behind."""
    return [one for one in doctor._unsealed(tx, now) if "not sealed" in one[1]]


def test_a_day_is_sealed_when_it_is_over_and_each_once(bench):
    midnight = datetime(2026, 3, 3, 16, tzinfo=UTC)
    write(bench, NOON, midnight - timedelta(microseconds=1), midnight)
    sealed(bench.runtime, midnight + timedelta(minutes=9), 1)
    [seal] = bench.rows("select day, last_id from audit_seals")
    assert (str(seal["day"]), seal["last_id"]) == ("2026-03-02", 0)
    sealed(bench.runtime, midnight + timedelta(minutes=10), 1)
    assert audit_seals.seal(bench.runtime, now=midnight + timedelta(minutes=11)) == 0
    # Written late, with an instant of a day that is sealed: it belongs to the next one.
    write(bench, NOON)
    three_days_later = midnight + timedelta(days=3, hours=1)
    with bench.runtime.snapshot(SYSTEM) as tx:
        [(state, told)] = unsealed(tx, three_days_later)
        assert (state, "not sealed since 2026-03-03" in told) == (None, True)
        assert unsealed(tx, midnight + DAY) == []
    # Nobody worked for three days; each has its seal, also the one without a row.
    sealed(bench.runtime, three_days_later, 3)
    rows = bench.rows("select day, last_id, rows from audit_seals order by place")
    assert [(row["last_id"], row["rows"]) for row in rows] == [
        (0, 0),
        (2, 2),
        (4, 2),
        (4, 0),
        (4, 0),
    ]
    assert found(bench) == []
    assert look(bench).until == "2026-03-06"


def test_a_day_waits_for_a_transaction_that_is_still_to_commit(bench):
    if not is_pg(bench):
        pytest.skip("SQLite has one writer: ids are given in the order of the commits")
    audit = bench.runtime.chassis.audit
    with bench.runtime.engine.connect() as late, late.begin() as open_still:
        late.execute(audit.insert(), [ROW | {"at": NOON}])
        write(bench, NOON)
        assert audit_seals.seal(bench.runtime, now=NOON + DAY) == 0
        open_still.commit()
    sealed(bench.runtime, NOON + DAY, 1)
    [seal] = bench.rows("select last_id, rows from audit_seals")
    assert (seal["last_id"], seal["rows"]) == (2, 2)
    assert found(bench) == []


def test_who_works_seals_and_the_process_that_is_all_does_too(bench):
    """Each round of either host; of two workers at one day, one."""
    write(bench, datetime.now(UTC) - 3 * DAY)

    def sealed_by(look):
        """Look until the day is sealed: a transaction of another test on the same PostgreSQL makes
        it wait."""

        def seals():
            look()
            return bool(bench.rows("select rows from audit_seals"))

        assert wait_until(seals, 30)
        return bench.rows("select rows from audit_seals")

    [sealed] = sealed_by(lambda: work.sweep(bench.runtime))
    assert sealed["rows"] == 1
    tamper(bench, "DELETE FROM audit_seals", "DELETE FROM audit_marks")
    assert sealed_by(embedded.Writer(bench.runtime, {})._sweep) == [sealed]
    tamper(bench, "DELETE FROM audit_seals", "DELETE FROM audit_marks")
    ready = []

    def is_ready():
        ready.append(audit_seals._ready(bench.runtime, NOON.date()))
        return ready[-1] is not None

    assert wait_until(is_ready, 30)
    assert [audit_seals._seal(bench.runtime, ready[-1]) for _ in range(2)] == [True, False]
    assert len(bench.rows("select * from audit_seals")) == 1


def test_rows_of_old_days_are_dropped_and_their_seals_stay(bench):
    today = datetime.now(audit_seals.SHANGHAI).date()
    with pytest.raises(CommandFailed, match="rows are kept for 183 days"):
        audit_seals.drop(bench.runtime, today, "per_1", "k1:x")
    # At noon: a day is sealed once it has been over for ten minutes.
    long_ago = (datetime.now(UTC) - timedelta(days=400)).replace(hour=4)
    for day in (long_ago, long_ago + DAY, long_ago + 2 * DAY):
        write(bench, day)
        sealed(bench.runtime, day + DAY, 1)
    before = (long_ago + 2 * DAY).astimezone(audit_seals.SHANGHAI).date()
    assert audit_seals.drop(bench.runtime, before, "per_1", "k1:x") == (2, 2)
    seen = look(bench, today=today)
    assert (seen.findings, seen.dropped, seen.rows) == ([], 2, 1)
    said = bench.rows("select action, actor, target from audit order by id")[1]
    assert said == {"action": "_drop_audit", "actor": "per_1", "target": f"< {before}"}
    # By hand, in days that are not old enough, it is no dropping; nor is it behind what is there.
    young = before + timedelta(days=100)
    assert found(bench, today=young) == [
        f"ROWS_MISSING {before - 2 * DAY}",
        f"ROWS_MISSING {before - DAY}",
    ]
    tamper(bench, "UPDATE audit SET actor = 'per_9' WHERE action = 'add'")
    with pytest.raises(CommandFailed, match="not what was sealed: ROW_ALTERED"):
        audit_seals.drop(bench.runtime, before, "per_1", "k1:x")


def test_the_command_names_it_and_fails(bench, database_url, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FIVERED_TOY_DATABASE_URL", database_url)
    monkeypatch.setattr("fivered.chassis.verifying.services_of", lambda _names: ["toy"])
    monkeypatch.setattr(
        "fivered.chassis.verifying.service_class", lambda _name: type(bench.runtime.instance())
    )
    two_days(bench)
    # The command looks at the present day, by which the sixth should be sealed.
    assert cli.main(["verify", "audit", "all"]) == 1
    assert "SEAL_MISSING 2026-03-05 row 6" in capsys.readouterr().out
    tamper(bench, "DELETE FROM audit WHERE id = 6")
    write(bench, datetime.now(UTC))
    assert cli.main(["verify", "audit", "all"]) == 0
    assert (
        "5 rows of 2 days are what was sealed until 2026-03-04; 1 rows since"
        in capsys.readouterr().out
    )
    copies = tmp_path / "seals.json"
    items = [{"service": "toy", "day": day, "hash": one} for day, one in hashes(bench).items()]
    copies.write_text(json.dumps({"items": items}))
    assert cli.main(["verify", "audit", "toy", "--against", str(copies)]) == 0
    copies.write_text("\n".join(f"web-1 | {json.dumps(one | {'hash': 'x'})}" for one in items))
    capsys.readouterr()
    assert cli.main(["verify", "audit", "toy", "--against", str(copies)]) == 1
    assert "SEAL_REPLACED 2026-03-03" in capsys.readouterr().out
    tamper(bench, "UPDATE audit SET actor = 'per_9' WHERE id = 5")
    assert cli.main(["verify", "audit", "toy", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["findings"] == [{"what": "ROW_ALTERED", "day": SECOND, "row": 5}]
    assert cli.main(["verify", "audit", "toy", "--against", str(tmp_path / "none")]) == 2
