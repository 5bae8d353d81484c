"""Which awards count in a month, and what they come to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias, TypeVar

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.bulk import constant, constants

V = TypeVar("V")


# A value of one execution, or the parameter of a statement that is written once.
Value: TypeAlias = V | sa.BindParameter[V]


def counts_sql(period: Value[str]) -> sa.ColumnElement[bool]:
    """Return whether an award counts in a month: it is valid then and effective, or it is a
    deduction that this month's settlement lists.

    One that was taken back after the month was confirmed still ends with it, or later: what was
    confirmed is published, and `drop_taken_back` lets it go before it is final.
    """
    award = t.awards.c
    return sa.and_(
        award.period <= period,
        award.to_period >= period,
        sa.or_(award.effective, listed(period)),
    )


def listed(period: Value[str] | sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return whether an award is a deduction that the settlement of a month lists."""
    award = t.awards.c
    return sa.and_(
        award.deduction,
        award.period == period,
        sa.or_(
            award.state.in_(constants(("APPROVED", "REVERSED"))),
            sa.and_(award.state == constant("PROPOSED"), award.decides == constant("SETTLEMENT")),
        ),
    )


def valid_sums(
    conn: sa.Connection, period: str, subject_ids: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Return (G, B) of subjects in a month."""
    award = t.awards.c
    asked = (
        sa.select(
            award.subject_id,
            sa.func.sum(sa.case((award.deduction, 0), else_=award.score)),
            sa.func.sum(sa.case((award.deduction, -award.score), else_=0)),
        )
        .where(counts_sql(period), bulk.members(award.subject_id, list(subject_ids), conn))
        .group_by(award.subject_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in conn.execute(asked)}


def vetoed(conn: sa.Connection, period: str, subject_ids: Sequence[str]) -> set[str]:
    """Return which of the subjects are vetoed in a month."""
    veto = t.vetoes.c
    asked = sa.select(veto.subject_id).where(
        bulk.members(veto.subject_id, list(subject_ids), conn),
        veto.state == "ACTIVE",
        veto.from_period <= period,
        veto.to_period >= period,
    )
    return {row.subject_id for row in conn.execute(asked)}


def listed_awards(
    conn: sa.Connection, settlement_id: str, period: str, subjects: Collection[str] | None = None
) -> list[Row]:
    """Return the awards of a month that count in a settlement, or of some subjects of it, by
    subject, rule and time.

    Older awards that still count were listed by the settlement of their own month.
    """
    asked = _LISTED
    if subjects is not None:
        asked = asked.where(bulk.members(t.awards.c.subject_id, sorted(subjects), conn))
    return records.rows(conn, asked, {"settlement_id": settlement_id, "period": period})


# Written once: every draft is looked at each night.
_PERIOD = sa.bindparam("period", type_=sa.String)
_LISTED = (
    sa.select(
        t.awards.c.award_id,
        t.awards.c.subject_id,
        t.awards.c.rule_set,
        t.awards.c.rule_code,
        t.awards.c.day,
        t.awards.c.score,
        t.awards.c.points,
        t.awards.c.deduction,
        t.awards.c.state,
        t.awards.c.decides,
        t.awards.c.effective,
        t.awards.c.source,
        t.awards.c.fact,
        t.awards.c.capped,
    )
    .select_from(t.awards.join(t.entries, t.entries.c.subject_id == t.awards.c.subject_id))
    .where(
        t.entries.c.settlement_id == sa.bindparam("settlement_id"),
        t.awards.c.period == _PERIOD,
        counts_sql(_PERIOD),
    )
    .order_by(t.awards.c.subject_id, t.awards.c.rule_code, t.awards.c.day, t.awards.c.award_id)
)
