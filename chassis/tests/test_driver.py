"""`serve` speaks to PostgreSQL through psycopg2, with fewer ways: same results as without."""

import contextlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from fivered.chassis import database_errors, outbox
from fivered.chassis import storage as store
from fivered.chassis.driver import Connection

TABLE = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("small", sa.Integer),
    sa.Column("large", sa.BigInteger),
    sa.Column("share", sa.Float),
    sa.Column("price", sa.Numeric(10, 2)),
    sa.Column("open", sa.Boolean),
    sa.Column("on", sa.Date),
    sa.Column("at", sa.DateTime(timezone=True)),
    sa.Column("data", sa.LargeBinary),
    sa.Column("more", sa.JSON),
)
FULL = {
    "name": "100%（全）' \\",
    "small": 7,
    "large": 7,
    "share": 0.5,
    "price": Decimal("1.25"),
    "open": True,
    "on": date(2026, 3, 1),
    "at": datetime(2026, 3, 1, 8, tzinfo=UTC),
    "data": b"\x00\xff",
    "more": {"a": [1]},
}
USES = 8


@pytest.fixture
def engine(postgres_url):
    opened = store.open_engine(postgres_url, pool_size=1, cooperative=True)
    with opened.begin() as conn:
        TABLE.metadata.create_all(conn)
    yield opened
    opened.dispose()


def prepared(engine):
    """Return the statements that the one connection has prepared."""
    with store.reading(engine) as conn:
        return list(conn.execute(sa.text("select statement from pg_prepared_statements")).scalars())


def insert(engine, number, **values):
    with engine.begin() as conn:
        conn.execute(sa.insert(TABLE).values(id=number, **(FULL | values)))


def rows(engine):
    with store.reading(engine) as conn:
        return [dict(row) for row in conn.execute(sa.select(TABLE).order_by("id")).mappings()]


def test_values_of_every_kind_arrive_whether_prepared_or_not(engine):
    given = [{}] * USES
    given += [{name: None} for name in FULL] + [{}]
    given += [{"large": 1 << 40}, {"large": 3}, {"name": ""}, {"data": b""}]
    for number, values in enumerate(given):
        insert(engine, number, **values)
    assert rows(engine) == [FULL | {"id": n} | values for n, values in enumerate(given)]
    assert any("INSERT INTO things" in text for text in prepared(engine))


def test_a_place_that_was_null_so_far_may_hold_a_value(engine):
    nothing = dict.fromkeys(FULL)
    for number in range(USES):
        insert(engine, number, **nothing)
    insert(engine, USES)
    assert rows(engine)[-1] == FULL | {"id": USES}


def test_a_number_is_not_rounded_to_the_kind_of_the_numbers_before_it(engine):
    insert(engine, 1)
    for share in [1] * USES + [0.5, 2]:
        with engine.begin() as conn:
            shares = sa.text("select count(*) from things where share = :share")
            found = conn.execute(shares, {"share": share}).scalar()
        assert found == (1 if share == 0.5 else 0)


def test_what_is_asked_for_by_value_alone_comes_as_it_was_sent(engine):
    asked = sa.text("select :text as text, :number + 1 as number, :nothing as nothing")
    for _ in range(USES):
        with engine.begin() as conn:
            row = conn.execute(asked, {"text": "a", "number": 1, "nothing": None}).one()
            assert tuple(row) == ("a", 2, None)


def test_what_the_server_cannot_prepare_goes_as_it_is(engine):
    # A place that stands for a text here and for a number there.
    asked = sa.text("select count(*) from things where name = :given or small = :given")
    for number in range(USES):
        with engine.begin() as conn:
            conn.execute(sa.insert(TABLE).values(id=number, **FULL))
            conn.execute(asked, {"given": "7"})
    assert len(rows(engine)) == USES
    assert not any("count(*) from things" in text for text in prepared(engine))


def test_reads_are_not_prepared(engine):
    for _ in range(USES):
        rows(engine)
    assert not any("FROM things" in text for text in prepared(engine))


def test_what_is_undone_is_undone_and_the_statements_stay_prepared(engine):
    for number in range(USES):
        insert(engine, number)
    with pytest.raises(ZeroDivisionError), engine.begin() as conn:
        conn.execute(sa.insert(TABLE).values(id=99, **FULL))
        raise ZeroDivisionError
    with pytest.raises(sa.exc.IntegrityError):
        insert(engine, 0)
    insert(engine, 100)
    assert [row["id"] for row in rows(engine)] == [*range(USES), 100]


def test_a_first_statement_that_fails_leaves_a_connection_that_works(engine):
    with pytest.raises(sa.exc.ProgrammingError), engine.begin() as conn:
        conn.execute(sa.text("select * from nowhere"))
    with pytest.raises(sa.exc.ProgrammingError), engine.begin() as conn:
        conn.execute(sa.text("select from from"))
    insert(engine, 1)
    assert len(rows(engine)) == 1


def test_a_transaction_is_what_it_was_asked_to_be(engine):
    asked = sa.text(
        "select current_setting('transaction_isolation'), current_setting('transaction_read_only')"
    )
    with store.reading(engine) as conn:
        assert tuple(conn.execute(asked).one()) == ("repeatable read", "on")
    with engine.begin() as conn:
        assert tuple(conn.execute(asked).one()) == ("read committed", "off")
    with pytest.raises(sa.exc.InternalError, match="read-only"), store.reading(engine) as conn:
        conn.execute(sa.delete(TABLE))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(sa.text("vacuum things"))  # not possible in a transaction
    with engine.begin() as conn:
        assert tuple(conn.execute(asked).one()) == ("read committed", "off")


def test_a_savepoint_undoes_its_part(engine):
    with engine.begin() as conn:
        conn.execute(sa.insert(TABLE).values(id=1, **FULL))
        with pytest.raises(sa.exc.IntegrityError), conn.begin_nested():
            conn.execute(sa.insert(TABLE).values(id=1, **FULL))
        conn.execute(sa.insert(TABLE), [{"id": 2, **FULL}, {"id": 3, **FULL}])
    assert [row["id"] for row in rows(engine)] == [1, 2, 3]


def test_a_table_that_is_changed_under_a_plan_costs_one_more_try(engine):
    asked = sa.select(TABLE.c.small).where(TABLE.c.id == 1).with_for_update()

    def ask():
        with engine.begin() as conn:
            return conn.execute(asked).scalar()

    insert(engine, 1)
    assert [ask() for _ in range(USES)] == [7] * USES
    with engine.begin() as conn:
        conn.execute(sa.text("alter table things alter small type bigint"))
    with pytest.raises(sa.exc.DBAPIError) as caught:
        ask()
    assert database_errors.is_lost_race(caught.value)
    assert ask() == 7


def test_a_last_statement_takes_its_commit_along(engine, postgres_url):
    beside = store.open_engine(postgres_url)
    for number in range(USES):
        with engine.begin() as conn:
            assert store.end_with_next(conn)
            conn.execute(sa.insert(TABLE).values(id=number))
            with beside.connect() as other:
                seen = sa.select(sa.func.count()).select_from(TABLE)
                assert other.execute(seen).scalar_one() == number + 1
    assert len(rows(engine)) == USES
    beside.dispose()


def test_a_last_statement_that_fails_commits_nothing(engine):
    insert(engine, 1)
    for number in range(2, 2 + USES):
        with pytest.raises(sa.exc.IntegrityError) as failed, engine.begin() as conn:
            conn.execute(sa.insert(TABLE).values(id=number))
            assert store.end_with_next(conn)
            conn.execute(sa.insert(TABLE).values(id=1))
        assert database_errors.broken(failed.value) == "things_pkey"
        insert(engine, -number)
    assert {row["id"] for row in rows(engine)} == {1, *(-n for n in range(2, 2 + USES))}


def test_the_statement_of_a_part_is_not_the_last_of_the_whole(engine):
    with engine.begin() as conn:
        with conn.begin_nested():
            assert not store.end_with_next(conn)
            conn.execute(sa.insert(TABLE).values(id=1))
        conn.rollback()
    assert rows(engine) == []


def test_a_key_that_is_taken_is_told_by_the_last_statement(engine):
    metadata = store.new_metadata()
    tables = store.chassis_tables(metadata)
    with engine.begin() as conn:
        metadata.create_all(conn)
    kept = {"actor": "per_1", "method": "do", "digest": "d", "reply": {"a": 1}}
    for number in range(USES):
        keep = kept | {"key": f"k{number}", "created_at": datetime.now(UTC)}
        with engine.begin() as conn:
            conn.execute(sa.insert(TABLE).values(id=number))
            outbox.write(conn, tables, [], keep=keep, last=True)
        with pytest.raises(outbox.KeyTaken), engine.begin() as conn:
            conn.execute(sa.insert(TABLE).values(id=number + 100))
            outbox.write(conn, tables, [], keep=keep, last=True)
    assert [row["id"] for row in rows(engine)] == list(range(USES))


def test_a_lost_connection_is_told_as_before(engine):
    with engine.connect() as conn, pytest.raises(sa.exc.OperationalError) as caught:
        conn.execute(sa.text("select pg_terminate_backend(pg_backend_pid())"))
    assert caught.value.connection_invalidated
    insert(engine, 1)


def test_only_serve_uses_it(postgres_url):
    for cooperative in (True, False):
        opened = store.open_engine(postgres_url, cooperative=cooperative)
        with opened.connect() as conn:
            assert isinstance(conn.connection.dbapi_connection, Connection) is cooperative
        opened.dispose()


def test_a_reading_transaction_is_of_one_moment_and_the_next_one_writes(engine):
    def stands(conn):
        asked = "current_setting('transaction_isolation'), current_setting('transaction_read_only')"
        return tuple(conn.execute(sa.text(f"select {asked}")).one())

    for ending in ("asked", "unasked", "failed"):
        with contextlib.suppress(sa.exc.DBAPIError), store.reading(engine) as conn:
            if ending == "asked":
                assert stands(conn) == ("repeatable read", "on")
            if ending == "failed":
                conn.execute(sa.text("insert into things (id) values (1)"))
        with engine.begin() as conn:
            assert stands(conn) == ("read committed", "off"), ending
    assert rows(engine) == []
