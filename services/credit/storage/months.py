"""The barrier: which months are cut off, which markers have come, and what they measured."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t


def closed(conn: sa.Connection, source: str) -> dict[int, set[str]]:
    """Return the months whose marker has come, per partition of a source.

    A month whose markers have all come is closed in every partition, also in those that there were
    not when it ended.
    """
    found: dict[int, set[str]] = defaultdict(set)
    marker = t.markers.c
    counts: Counter[str] = Counter()
    wanted: dict[str, int] = {}
    for row in conn.execute(
        sa.select(marker.partition, marker.period, marker.partitions).where(marker.source == source)
    ):
        found[row.partition].add(row.period)
        counts[row.period] += 1
        wanted[row.period] = max(row.partitions, wanted.get(row.period, 0))
    whole = {period for period, count in counts.items() if count >= wanted[period]}
    return _Closed(whole, found)


class _Closed(dict[int, set[str]]):
    """The closed months of each partition."""

    def __init__(self, whole: set[str], found: Mapping[int, set[str]]) -> None:
        super().__init__({partition: periods | whole for partition, periods in found.items()})
        self._whole = whole

    def __missing__(self, partition: int) -> set[str]:
        self[partition] = set(self._whole)
        return self[partition]


def add_marker(conn: sa.Connection, row: Mapping[str, object]) -> bool:
    """Store a marker. Returns False when that of its partition and month was there."""
    return records.add_new(conn, t.markers, **row) is not None


def put_measures(conn: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Store what a marker measured, one row per subject and source."""
    put = [
        name for name in (rows[0] if rows else {}) if name not in ("period", "subject_id", "source")
    ]
    bulk.upsert(conn, t.measures, rows, keys=("period", "subject_id", "source"), put=put)


def fill_areas(conn: sa.Connection, period: str, source: str, at: datetime) -> None:
    """Give subjects that only awards have named so far the area that a marker knows."""
    conn.execute(_FILLING, {"of": period, "told_by": source, "at": at})


def _filling() -> sa.Update:
    measure, at = t.measures.c, sa.bindparam("at", type_=store.UtcDateTime)
    told = sa.and_(measure.period == sa.bindparam("of"), measure.source == sa.bindparam("told_by"))
    area = (
        sa.select(measure.area)
        .where(told, measure.subject_id == t.subjects.c.subject_id)
        .scalar_subquery()
    )
    here = sa.select(measure.subject_id).where(told, measure.area.is_not(None))
    return (
        sa.update(t.subjects)
        .where(t.subjects.c.area.is_(None), t.subjects.c.subject_id.in_(here))
        .values(area=area, area_before=area, area_since=at)
    )


# Written once: each marker of each partition of a month runs it.
_FILLING = _filling()


def month(conn: sa.Connection, period: str) -> Row:
    """Return and lock the row of a month, making it first.

    Markers of several partitions arrive in several transactions; the lock lets the last of them
    see all the others.
    """
    records.add_new(conn, t.months, period=period, cut_off_at=None, overdue=False, draft_job=None)
    asked = sa.select(t.months).where(t.months.c.period == period)
    return records.one(conn, store.lock(asked, conn))


def change_month(conn: sa.Connection, period: str, **values: object) -> None:
    """Change columns of a month."""
    conn.execute(sa.update(t.months).where(t.months.c.period == period).values(**values))


def is_cut_off(conn: sa.Connection, period: str) -> bool:
    """Tell whether a month has been cut off."""
    asked = sa.select(t.months.c.cut_off_at).where(t.months.c.period == period)
    return conn.execute(asked).scalar() is not None


def arrived(conn: sa.Connection, period: str) -> dict[str, tuple[int, int]]:
    """Return source -> (markers that have come, partitions) of a month."""
    marker = t.markers.c
    rows = conn.execute(
        sa.select(marker.source, sa.func.count(), sa.func.max(marker.partitions))
        .where(marker.period == period)
        .group_by(marker.source)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def parked_sources(conn: sa.Connection, sources: Sequence[str]) -> dict[str, int]:
    """Return how many events of the sources are parked, where there are any."""
    parked = t.chassis.parked.c
    rows = conn.execute(
        sa.select(parked.source, sa.func.count())
        .where(parked.source.in_(list(sources)), parked.state.in_(("PARKED", "RETRY")))
        .group_by(parked.source)
    )
    return {row[0]: int(row[1]) for row in rows}


def measures_of(conn: sa.Connection, period: str, area: str, end: datetime) -> list[Row]:
    """Return what was measured in a month of the subjects that belonged to an area at its end."""
    measure, here = t.measures.c, t.belonging(end)
    asked = (
        sa.select(t.measures)
        .select_from(t.measures.join(here, here.c.subject_id == measure.subject_id))
        .where(measure.period == period, here.c.area == area)
        .order_by(measure.source, measure.event_id, measure.subject_id)
    )
    return records.rows(conn, asked)


def measures_of_subject(conn: sa.Connection, period: str, subject_id: str) -> list[Row]:
    """Return what was measured of one subject in a month."""
    measure = t.measures.c
    return records.rows(
        conn,
        sa.select(t.measures)
        .where(measure.period == period, measure.subject_id == subject_id)
        .order_by(measure.source),
    )
