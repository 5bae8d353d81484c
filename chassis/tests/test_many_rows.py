"""Many rows in one statement: what stands in the table is what was given, however many they are."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from fivered.chassis import many_rows
from fivered.chassis import storage as store

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("thing_id", store.Id, primary_key=True),
    sa.Column("order", sa.Integer, nullable=False),
    sa.Column("short", sa.String(5)),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("at", store.UtcDateTime),
    sa.Column("day", sa.Date),
    sa.Column("yes", sa.Boolean),
    sa.Column("note", store.Json),
    sa.Column("left_out", sa.String(5), server_default="said"),
)
EAST = timezone(timedelta(hours=8))


@pytest.fixture(params=["work", "serve"])
def conn(request, bench):
    """A connection as a worker has it, and as `serve` has it, whose driver is another one."""
    engine = store.open_engine(
        bench.runtime.engine.url.render_as_string(hide_password=False),
        cooperative=request.param == "serve",
    )
    with engine.connect() as opened:
        things.create(opened)
        yield opened
        opened.rollback()
    engine.dispose()


def row(number, **given):
    even = number % 2 == 0
    return {
        "thing_id": f"thing_{number:03d}",
        "order": number,
        "short": "a,}\"'" if even else None,
        "sealed": b"\x00\\x{\xff" if even else None,
        "at": datetime(2025, 3, 1, 7, tzinfo=EAST) if even else None,
        "day": date(2025, 3, 1) if even else None,
        "yes": even,
        "note": {"说": ["一", None]} if even else None,
    } | given


@pytest.mark.parametrize("count", [100, 3])
def test_rows_stand_as_they_were_given(conn, count):
    rows = [row(number) for number in range(count)]
    assert many_rows.insert(conn, things, rows) == []
    found = [dict(one._mapping) for one in conn.execute(sa.select(things).order_by("order"))]
    at = datetime(2025, 2, 28, 23, tzinfo=UTC)
    expected = [one | {"left_out": "said", "at": at if one["at"] else None} for one in rows]
    assert found == expected


@pytest.mark.parametrize("count", [100, 3])
def test_those_whose_key_is_taken_are_left_out_where_that_is_asked(conn, count):
    many_rows.insert(conn, things, [row(1)])
    rows = [row(number, order=0) for number in range(count)]
    made = many_rows.insert(conn, things, rows, unless_taken=True, returning="thing_id")
    assert sorted(made) == [f"thing_{number:03d}" for number in range(count) if number != 1]
    kept = conn.execute(sa.select(things.c.order).where(things.c.thing_id == "thing_001"))
    assert kept.scalar() == 1
    with pytest.raises(sa.exc.IntegrityError), conn.begin_nested():
        many_rows.insert(conn, things, rows)


def test_what_is_too_long_for_its_column_is_refused_and_not_cut(conn):
    if not store.is_postgresql(conn):
        pytest.skip("SQLite holds no length")
    rows = [row(number, short="abcdef") for number in range(100)]
    with pytest.raises(sa.exc.DataError):
        many_rows.insert(conn, things, rows)


def test_no_row_is_no_statement(conn):
    assert many_rows.insert(conn, things, [], returning="thing_id") == []
