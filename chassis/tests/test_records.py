"""Records: lists in pages, rows with their history, running numbers."""

import base64
import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from msgspec import json

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.refusal import Invalid, NotFound
from fivered.chassis.requests import Request
from fivered.chassis.vault import Sealed

metadata = store.new_metadata()
letters = sa.Table(
    "letters",
    sa.MetaData(),
    sa.Column("letter_id", store.Id, primary_key=True),
    sa.Column("weight", sa.Integer),
    sa.Column("stamp", sa.String(10)),
    sa.Column("text", Sealed("{letter_id}.text")),
)
parcels = sa.Table(
    "parcels",
    metadata,
    sa.Column("parcel_id", store.Id, primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("due_at", store.UtcDateTime),
)
counters = sa.Table(
    "numbers",
    metadata,
    sa.Column("series", sa.String(40), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
START = datetime(2025, 3, 5, 1, tzinfo=UTC)


class Parcels(Request, frozen=True):
    size: int | None = None
    limit: int = 2
    cursor: str | None = None


class SortedParcels(Parcels, frozen=True):
    sort: str | None = None
    total: bool = False


class OtherParcels(Parcels, frozen=True):
    pass


class SendLetter(Request, frozen=True):
    text: str
    weight: int
    urgent: bool = False
    stamp: str | None = None


def test_what_a_caller_says_goes_where_a_column_is_called_like_it():
    payload = SendLetter(text="x", weight=20, urgent=True, stamp="mine")
    kept = records.values_from(payload, letters, letter_id="let_1", text=b"sealed", stamp="ours")
    assert kept == {"letter_id": "let_1", "text": b"sealed", "weight": 20, "stamp": "ours"}


def test_a_sealed_column_is_never_filled_with_what_a_caller_wrote():
    with pytest.raises(TypeError, match=r"letters\.text is sealed"):
        records.values_from(SendLetter(text="x", weight=20), letters, letter_id="let_1")


def test_values_are_read_like_the_row_that_they_become():
    row = records.unsaved({"letter_id": "let_1", "weight": 20})
    assert (row.weight, records.values_of(row)) == (20, {"letter_id": "let_1", "weight": 20})


@pytest.fixture
def engine(bench):
    metadata.create_all(bench.runtime.engine)
    yield bench.runtime.engine
    metadata.drop_all(bench.runtime.engine)


@pytest.fixture
def conn(engine):
    with engine.begin() as conn:
        # Of each three, two came at one instant.
        conn.execute(
            parcels.insert(),
            [
                {
                    "parcel_id": f"par_{n}",
                    "size": n % 2,
                    "created_at": START + timedelta(minutes=n - n % 3 // 2),
                    "due_at": START - timedelta(minutes=n // 2) if n % 3 else None,
                }
                for n in range(7)
            ],
        )
        yield conn


def shown(conn, asked=None, *, newest_first=False, counted=False):
    asked = asked or Parcels()
    query = sa.select(parcels)
    if asked.size is not None:
        query = query.where(parcels.c.size == asked.size)
    by = (parcels.c.created_at, parcels.c.parcel_id)
    return records.page(conn, query, asked, by, newest_first=newest_first, counted=counted)


def ids(page):
    return [row.parcel_id for row in page.rows]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_list_is_read_to_its_end_and_back_without_a_row_twice(conn, newest_first):
    there, cursor = [], None
    while True:
        page = shown(conn, Parcels(cursor=cursor), newest_first=newest_first)
        there.append(ids(page))
        if page.next is None:
            break
        cursor = page.next
    expected = [f"par_{n}" for n in range(7)]
    assert [one for part in there for one in part] == (expected[::-1] if newest_first else expected)
    back = [ids(page)]
    while page.prev is not None:
        page = shown(conn, Parcels(cursor=page.prev), newest_first=newest_first)
        back.append(ids(page))
    assert back[::-1] == there


def test_a_row_that_goes_is_no_reason_to_skip_another(conn):
    first = shown(conn)
    conn.execute(parcels.delete().where(parcels.c.parcel_id == "par_1"))
    assert ids(shown(conn, Parcels(cursor=first.next))) == ["par_2", "par_3"]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_page_whose_rows_are_gone_leads_back_to_those_that_stayed(conn, newest_first):
    """It was empty, and had no way back; nor had the first one a way on."""

    def at(cursor):
        return shown(conn, Parcels(cursor=cursor), newest_first=newest_first)

    def without(page):
        conn.execute(sa.delete(parcels).where(parcels.c.parcel_id.in_(ids(page))))

    first = at(None)
    second = at(first.next)
    third = at(second.next)
    for gone in (third, at(third.next)):
        without(gone)
    empty = at(second.next)
    assert (empty.rows, empty.next) == ([], None)
    again = at(empty.prev)
    assert (ids(again), ids(at(again.prev))) == (ids(second), ids(first))
    without(first)
    empty = at(second.prev)
    assert (empty.rows, empty.prev) == ([], None)
    assert ids(at(empty.next)) == ids(second)


@pytest.mark.parametrize("seed", range(6))
def test_what_stays_is_read_once_each_way_while_others_come_and_go(conn, seed):
    chance, number = random.Random(seed), 100
    stays = {f"par_{n}" for n in range(7)}

    def disturb():
        nonlocal number
        number += 1
        minute = timedelta(minutes=chance.randrange(-2, 9))
        new = {"parcel_id": f"par_{number}", "size": 0, "created_at": START + minute}
        conn.execute(parcels.insert().values(**new))
        known = conn.execute(sa.select(parcels.c.parcel_id)).scalars()
        gone = chance.choice(sorted(known))
        stays.discard(gone)
        conn.execute(sa.delete(parcels).where(parcels.c.parcel_id == gone))

    newest_first = seed % 2 == 0
    page = shown(conn, newest_first=newest_first)
    for way in ("next", "prev"):
        read, cursor = ids(page), getattr(page, way)
        while cursor is not None:
            disturb()
            page = shown(conn, Parcels(cursor=cursor), newest_first=newest_first)
            read += ids(page)
            cursor = getattr(page, way)
        assert len(read) == len(set(read))
        assert stays <= set(read)
        stays = set(conn.execute(sa.select(parcels.c.parcel_id)).scalars())


def test_a_list_is_counted_as_it_is_filtered(conn):
    page = shown(conn, Parcels(size=1), counted=True)
    assert (len(page.rows), page.total) == (2, 3)


@pytest.mark.parametrize("sort", [None, "created_at", "-created_at", "due_at", "-due_at", "size"])
def test_a_list_is_read_in_the_order_that_is_asked_for(conn, sort):
    """Also by a column that is empty in some rows, and in which several say the same."""
    by = (parcels.c.created_at, parcels.c.parcel_id)
    sorts = {"due_at": parcels.c.due_at, "size": parcels.c.size}

    def asked(**said):
        part = SortedParcels(sort=sort, **said)
        return records.page(conn, sa.select(parcels), part, by, newest_first=True, sorts=sorts)

    pages = [asked(total=True)]
    while pages[-1].next is not None:
        # The number is asked for once; a cursor leads on without it.
        pages.append(asked(cursor=pages[-1].next))
    assert [page.total for page in pages] == [7, None, None, None]
    read = [row for page in pages for row in page.rows]
    name = (sort or "-created_at").removeprefix("-")
    last = START + timedelta(days=1)
    assert read == sorted(
        read,
        key=lambda row: (getattr(row, name) if getattr(row, name) is not None else last, row.parcel_id),
        reverse=(sort or "-").startswith("-"),
    )  # fmt: skip
    back = asked(cursor=pages[-1].prev)
    assert ids(back) == ids(pages[-2])
    # A cursor belongs to its order.
    with pytest.raises(Invalid):
        records.page(
            conn,
            sa.select(parcels),
            SortedParcels(sort="-size", cursor=pages[0].next),
            by,
            sorts=sorts,
        )


def test_a_page_may_have_another_size_than_the_one_before(conn):
    first = shown(conn)
    assert len(shown(conn, Parcels(limit=4, cursor=first.next)).rows) == 4


def test_a_cursor_is_refused_with_other_filters_and_by_another_list(conn):
    cursor = shown(conn).next
    for asked in (Parcels(size=1, cursor=cursor), OtherParcels(cursor=cursor)):
        with pytest.raises(Invalid) as refused:
            shown(conn, asked)
        assert refused.value.field == "cursor"
    with pytest.raises(Invalid):
        shown(conn, Parcels(cursor=cursor), newest_first=True)


def test_a_damaged_cursor_is_refused(conn):
    cursor = shown(conn).next
    plain = json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    later = [*plain[:2], "2099-01-01T00:00:00+00:00", plain[3]]
    for damaged in (
        "nonsense",
        "",
        cursor[:-3],
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        "游标",
        base64.urlsafe_b64encode(json.encode(later)).decode(),
        base64.urlsafe_b64encode(json.encode({})).decode(),
        base64.urlsafe_b64encode(json.encode([])).decode(),
    ):
        with pytest.raises(Invalid) as refused:
            shown(conn, Parcels(cursor=damaged))
        assert refused.value.field == "cursor"


def test_a_row_that_is_not_there_is_named_by_its_kind(conn):
    with pytest.raises(NotFound) as refused:
        records.locked(conn, parcels, "par_none")
    assert refused.value.params == {"kind": "parcel", "id": "par_none"}


def test_a_change_gives_the_row_as_it_stands_and_is_refused_on_what_was_not_seen(conn):
    row = records.locked(conn, parcels, "par_0")
    changed = records.update(conn, parcels, row, size=9)
    assert (changed.size, changed.version) == (9, 2)
    with pytest.raises(store.LostChange):
        records.update(conn, parcels, row, size=8)


def test_numbers_of_a_series_are_unique_when_many_ask_at_once(engine):
    found = []

    def ask():
        for _ in range(10):
            with engine.begin() as conn:
                found.append(records.count_on(conn, counters, series="DH-20250305-015901"))

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert sorted(found) == list(range(1, 41))


def test_a_number_names_kind_day_and_community():
    series = records.series_of("DH", START.date(), "370811015")
    assert records.number_in(series, 7) == "DH-20250305-015000-00007"
