"""The frozen log of a published month: what it is gathered from, and where it is kept.

The live rows go on changing after a month is published: objections are decided, awards repaired,
consents withdrawn. What the month was computed from is therefore written down when it is published,
in parts of a few hundred subjects, and never changed.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t

# --------------------------------------------------------------------------------------------------
# What a month is computed from


def subjects(conn: sa.Connection, settlement_id: str) -> list[str]:
    """Return the subjects of a settlement. Databases sort texts differently; we sort ours."""
    asked = sa.select(t.entries.c.subject_id).where(t.entries.c.settlement_id == settlement_id)
    return sorted(row.subject_id for row in conn.execute(asked))


def _by_subject(conn: sa.Connection, asked: store.Select) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in records.rows(conn, asked):
        found[row.subject_id].append(row)
    return found


def heads(conn: sa.Connection, end: datetime, subject_ids: Sequence[str]) -> dict[str, Row]:
    """Return subject -> its row as it was just before the end of the month."""
    asked = sa.select(
        t.subjects.c.subject_id, t.subjects.c.kind, t.state_at(end).label("state")
    ).where(bulk.members(t.subjects.c.subject_id, list(subject_ids), conn))
    return {row.subject_id: row for row in records.rows(conn, asked)}


def consents(conn: sa.Connection, subject_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return subject -> its spans of consent to scoring and to points."""
    span = t.consent_spans.c
    return _by_subject(
        conn,
        sa.select(t.consent_spans)
        .where(
            bulk.members(span.subject_id, list(subject_ids), conn),
            span.purpose.in_(("SCORING", "POINTS")),
        )
        .order_by(span.subject_id, span.purpose, span.since),
    )


def vetoes(conn: sa.Connection, period: str, subject_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return subject -> the vetoes that are in force in a month."""
    veto = t.vetoes.c
    return _by_subject(
        conn,
        sa.select(t.vetoes)
        .where(
            bulk.members(veto.subject_id, list(subject_ids), conn),
            veto.state == "ACTIVE",
            veto.from_period <= period,
            veto.to_period >= period,
        )
        .order_by(veto.subject_id, veto.veto_id),
    )


def measures(conn: sa.Connection, period: str, subject_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return subject -> what was measured of it."""
    measure = t.measures.c
    return _by_subject(
        conn,
        sa.select(t.measures)
        .where(measure.period == period, bulk.members(measure.subject_id, list(subject_ids), conn))
        .order_by(measure.subject_id, measure.source),
    )


def hours(
    conn: sa.Connection, period: str, since: date, subject_ids: Sequence[str]
) -> dict[str, list[Row]]:
    """Return subject -> its records of hours for deeds from `since` on, up to a month."""
    hour = t.hours.c
    return _by_subject(
        conn,
        sa.select(t.hours)
        .where(
            bulk.members(hour.subject_id, list(subject_ids), conn),
            hour.period <= period,
            hour.day >= since,
        )
        .order_by(hour.subject_id, hour.rule_code, hour.period, hour.occurred_at, hour.event_id),
    )


def awards(conn: sa.Connection, period: str, subject_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return subject -> its awards that count in a month or fill a cap window of it, in the order
    in which caps take them."""
    award = t.awards.c
    other = t.awards.alias("other")
    same_window = sa.exists().where(
        other.c.subject_id == award.subject_id,
        other.c.rule_code == award.rule_code,
        other.c.cap_window == award.cap_window,
        other.c.period == period,
    )
    return _by_subject(
        conn,
        sa.select(t.awards)
        .where(
            bulk.members(award.subject_id, list(subject_ids), conn),
            award.period <= period,
            sa.or_(award.period == period, award.to_period >= period, same_window),
        )
        .order_by(award.subject_id, award.period, award.occurred_at, award.award_id),
    )


def awards_of(conn: sa.Connection, subject_ids: Sequence[str]) -> list[Row]:
    """Return all awards of subjects, in the order in which caps take them."""
    award = t.awards.c
    asked = (
        sa.select(t.awards)
        .where(bulk.members(award.subject_id, list(subject_ids), conn))
        .order_by(award.subject_id, award.period, award.occurred_at, award.award_id)
    )
    return records.rows(conn, asked)


def entries(conn: sa.Connection, settlement_id: str, subject_ids: Sequence[str]) -> dict[str, Row]:
    """Return subject -> its entry."""
    entry = t.entries.c
    asked = sa.select(t.entries).where(
        entry.settlement_id == settlement_id,
        bulk.members(entry.subject_id, list(subject_ids), conn),
    )
    return {row.subject_id: row for row in records.rows(conn, asked)}


# --------------------------------------------------------------------------------------------------
# Where it is kept


def add_part(conn: sa.Connection, settlement_id: str, part: int, texts: Sequence[str]) -> None:
    """Keep the next lines of a log. A part that is there already is an error of ours."""
    body = zlib.compress("".join(f"{text}\n" for text in texts).encode(), 6)
    conn.execute(
        t.month_logs.insert().values(
            settlement_id=settlement_id, part=part, lines=len(texts), body=body
        )
    )


def parts(conn: sa.Connection, settlement_id: str) -> int:
    """Return in how many parts a log is kept; 0 when there is none."""
    asked = sa.select(sa.func.count()).where(t.month_logs.c.settlement_id == settlement_id)
    return int(conn.execute(asked).scalar() or 0)


def part_lines(conn: sa.Connection, settlement_id: str, part: int) -> list[str]:
    """Return the lines of one part, without their ends; empty when there is no such part."""
    asked = sa.select(t.month_logs.c.body).where(
        t.month_logs.c.settlement_id == settlement_id, t.month_logs.c.part == part
    )
    body = conn.execute(asked).scalar()
    return zlib.decompress(bytes(body)).decode().split("\n")[:-1] if body is not None else []


def lines(conn: sa.Connection, settlement_id: str) -> Iterator[str]:
    """Yield all lines of a log in order, one part in memory at a time."""
    for part in range(parts(conn, settlement_id)):
        yield from part_lines(conn, settlement_id, part)


def key_of(conn: sa.Connection, notice_id: str, settlement_id: str) -> str:
    """Return under which key the log of a notice is kept: a corrected one has its own."""
    return notice_id if parts(conn, notice_id) else settlement_id


@dataclass(frozen=True, slots=True)
class Published:
    """A notice of a month.

    Attributes:
        settlement_id: The settlement that names it, whatever it names itself.
        digest: What it says of the entries.
        log: The digest of its log.
        row: The row of the notice.
    """

    settlement_id: str
    digest: str
    log: str | None
    row: Row


def published(conn: sa.Connection, period: str, area: str | None = None) -> list[Published]:
    """Return the notices of a month: those that name it, and those of its settlements."""
    notice, row = t.notices.c, t.settlements.c
    named = sa.select(row.notice_id).where(row.period == period, row.notice_id.is_not(None))
    if area is not None:
        named = named.where(row.area == area)
    own = sa.and_(notice.period == period, notice.kind == "SETTLEMENT")
    if area is not None:
        own = sa.and_(own, notice.area == area)
    asked = (
        sa.select(t.notices)
        .where(sa.or_(own, notice.notice_id.in_(named)))
        .order_by(notice.area, notice.published_at)
    )
    found = records.rows(conn, asked)
    stands = {
        one.notice_id: one.settlement_id
        for one in conn.execute(
            sa.select(row.notice_id, row.settlement_id).where(
                row.notice_id.in_([one.notice_id for one in found])
            )
        )
    }
    return [
        Published(
            stands.get(one.notice_id) or one.settlement_id,
            one.body.get("digest", "-"),
            one.body.get("log"),
            one,
        )
        for one in found
        if stands.get(one.notice_id) or one.settlement_id
    ]


def unpublished(conn: sa.Connection, period: str, area: str | None = None) -> list[Row]:
    """Return the settlements of a month that say they are published and whose notice is gone."""
    row, notice = t.settlements.c, t.notices.c
    asked = sa.select(t.settlements).where(
        row.period == period,
        row.published_at.is_not(None),
        row.notice_id.not_in(sa.select(notice.notice_id).where(notice.settlement_id.is_not(None)))
        if area is None
        else sa.and_(
            row.area == area,
            row.notice_id.not_in(
                sa.select(notice.notice_id).where(notice.settlement_id.is_not(None))
            ),
        ),
    )
    return records.rows(conn, asked.order_by(row.area))
