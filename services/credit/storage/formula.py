"""The formula of the month in SQL.

`rules/standing.py` is the reference; a property test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.rules import standing as rules
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.bulk import constant, constants
from fivered.services.credit.storage.counting import Value, counts_sql
from fivered.services.credit.storage.digests import (
    awards_text,
    changed_since_drafted,
    entry_hash,
    hash_entries,
)


def _least(one: store.Expression, other: store.Expression) -> store.Expression:
    return sa.case((one < other, one), else_=other)


def _most(one: store.Expression, other: store.Expression) -> store.Expression:
    return sa.case((one > other, one), else_=other)


def _joined(one: store.Expression, other: store.Expression | str) -> store.Expression:
    return sa.cast(one, sa.String) + sa.cast(other, sa.String)


def score_sql(
    kind: store.Expression, good: store.Expression, bad: store.Expression
) -> store.Expression:
    """Return the score of G and B as an expression over a column with the kind."""
    whens = []
    for name, scale in rules.SCALES.items():
        gain = good if scale.good_cap is None else _least(good, constant(scale.good_cap))
        raw = constant(scale.base) + gain - (bad if scale.losses else constant(0))
        whens.append(
            (
                _of_scale(kind, name),
                _most(constant(scale.floor), _least(constant(scale.ceiling), raw)),
            )
        )
    return sa.case(*whens)


def grade_sql(kind: store.Expression, score: store.Expression) -> store.Expression:
    """Return the grade of a score as an expression."""
    whens = []
    for name, scale in rules.SCALES.items():
        reached = ((score >= constant(least), constant(grade)) for least, grade in scale.thresholds)
        lowest = constant(scale.thresholds[-1][1])
        whens.append((_of_scale(kind, name), sa.case(*reached, else_=lowest)))
    return sa.case(*whens)


def _of_scale(kind: store.Expression, name: str) -> sa.ColumnElement[bool]:
    return kind.in_(constants(code for code, known in rules.KINDS.items() if known.scale == name))


def _members(
    end: Value[datetime],
    here: sa.Subquery,
    *more: store.Expression,
    area: Value[str] | None = None,
    only: str | None = None,
) -> store.Select:
    """The subjects that settle in an area, or in any: open at the end of the month, persons with
    consent. The caller names the source where it is more than these two."""
    subject, span = t.subjects.c, t.consent_spans.c
    consented = sa.exists().where(
        span.subject_id == subject.subject_id,
        span.purpose == constant("SCORING"),
        span.since < end,
        sa.or_(span.until.is_(None), span.until >= end),
    )
    state = sa.case(
        (subject.kind.in_(constants((*PERSONS, "STW"))), subject.state), else_=t.state_at(end)
    ).label("state")
    belong = [here.c.subject_id == subject.subject_id]
    return sa.select(subject.subject_id, subject.kind, state, *more).where(
        *(belong if area is not None or more else []),
        *([here.c.area == area] if area is not None else []),
        subject.opened_at < end,
        sa.or_(subject.closed_at.is_(None), subject.closed_at >= end),
        subject.kind != constant("PCO"),
        sa.or_(subject.kind.not_in(constants(PERSONS)), consented),
        *([subject.subject_id == only] if only else []),
    )


def draft_entries(
    conn: sa.Connection,
    areas: Mapping[str, str],
    *,
    period: str,
    end: datetime,
    gate_source: Mapping[str, str],
) -> None:
    """Compute the entries of settlements anew: one statement, which reads the awards once.

    The companies of a district are computed outside the formula and added behind.

    Args:
        conn: The transaction; it holds the settlements' rows.
        areas: Settlement -> its area.
        period: The month.
        end: End of the month.
        gate_source: Kind -> source whose measures carry its gates.
    """
    wanted = list(areas)
    entry = t.entries.c
    conn.execute(sa.delete(t.entries).where(bulk.members(entry.settlement_id, wanted, conn)))
    drafting = _drafting(store.is_postgresql(conn), tuple(sorted(gate_source.items())))
    conn.execute(drafting, {"wanted": wanted, "its_period": period, "its_end": end})
    if not store.is_postgresql(conn):
        for settlement_id in wanted:
            hash_entries(conn, settlement_id, period)


ENTRY = [column.name for column in t.entries.columns]


@cache
def _drafting(where_the_rows_are: bool, gate_source: tuple[tuple[str, str], ...]) -> sa.Insert:
    """Return the statement that drafts, written once: that takes longer than to draft a village."""
    end = sa.bindparam("its_end", type_=store.UtcDateTime)
    period = sa.bindparam("its_period", type_=sa.String)
    row, here = t.settlements.c, t.belonging(end)
    members = (
        _members(end, here, row.settlement_id)
        .where(
            here.c.area == row.area,
            bulk.members_of(row.settlement_id, "wanted", array=where_the_rows_are),
        )
        .cte("members")
    )
    formula = _entries_of(
        where_the_rows_are, members, period, dict(gate_source), members.c.settlement_id
    )
    return t.entries.insert().from_select(ENTRY, formula)


def entries_sql(
    settlement_id: Value[str],
    period: Value[str],
    area: Value[str] | None,
    *,
    where_the_rows_are: bool,
    end: Value[datetime],
    gate_source: Mapping[str, str],
    only: str | None = None,
) -> store.Select:
    """Return the SELECT that computes the entries of a month and area (None: of every area), or
    that of one subject. Its columns are `ENTRY`; only PostgreSQL hashes where the rows are."""
    members = _members(end, t.belonging(end), area=area, only=only).cte("members")
    settled = _value(settlement_id)
    return _entries_of(where_the_rows_are, members, period, gate_source, settled)


def _value(given: Value[str]) -> sa.ColumnElement[str]:
    return given if isinstance(given, sa.BindParameter) else sa.literal(given)


def _entries_of(
    where_the_rows_are: bool,
    members: sa.CTE,
    period: Value[str],
    gate_source: Mapping[str, str],
    settlement_id: sa.ColumnElement[str],
) -> store.Select:
    sums, their_sums = _sums(where_the_rows_are, members, period)
    measure, pending = t.measures.c, t.pendings.c
    good = sa.func.coalesce(sums.c.good, constant(0))
    bad = sa.func.coalesce(sums.c.bad, constant(0))
    kind = members.c.kind
    carries = sa.or_(
        *(
            sa.and_(kind == constant(code), measure.source == constant(source))
            for code, source in sorted(gate_source.items())
        )
    )
    its_measures = sa.and_(
        measure.period == period, measure.subject_id == members.c.subject_id, carries
    )
    its_pending = sa.and_(pending.subject_id == members.c.subject_id, pending.period == period)
    scored = (
        sa.select(
            members.c.subject_id,
            kind.label("kind"),
            good.label("good"),
            bad.label("bad"),
            score_sql(kind, good, bad).label("score"),
            _active(members).label("active"),
            _failed(members).label("failed"),
            _vetoed(members, period).label("vetoed"),
            sa.func.coalesce(pending.points, constant(0)).label("pending"),
            settlement_id.label("settlement_id"),
            *([sums.c.awards] if where_the_rows_are else []),
        )
        .select_from(
            members.outerjoin(sums, their_sums)
            .outerjoin(t.measures, its_measures)
            .outerjoin(t.pendings, its_pending)
        )
        .cte("scored")
        # A planner would write each score in place of its name: ten thousand instructions of it in
        # SQLite, and in PostgreSQL eight times the time that the statement takes.
        .prefix_with("MATERIALIZED")
    )
    rows = _graded(where_the_rows_are, scored, period).subquery("entry")
    hashed = entry_hash(rows, rows.c.awards) if where_the_rows_are else sa.null()
    return sa.select(*(rows.c[name] for name in ENTRY[:-1]), hashed.label("hash"))


def _sums(
    where_the_rows_are: bool, members: sa.CTE, period: Value[str]
) -> tuple[sa.FromClause, sa.ColumnElement[bool]]:
    """Return what counts for and against each member, and which row is a member's."""
    award = t.awards.c
    asked = (
        sa.select(
            sa.func.sum(sa.case((award.deduction, constant(0)), else_=award.score)).label("good"),
            sa.func.sum(sa.case((award.deduction, -award.score), else_=constant(0))).label("bad"),
            *([awards_text(period).label("awards")] if where_the_rows_are else []),
        )
        .select_from(t.awards)
        .where(counts_sql(period))
    )
    if where_the_rows_are:
        # Subject by subject through the index: nothing is sorted and nothing spills, however many
        # awards a district has, and a step costs what its own subjects cost.
        own = asked.where(award.subject_id == members.c.subject_id)
        return own.lateral("sums"), sa.true()
    sums = (
        asked.add_columns(award.subject_id)
        .where(award.subject_id.in_(sa.select(members.c.subject_id)))
        .group_by(award.subject_id)
        .cte("sums")
    )
    return sums, sums.c.subject_id == members.c.subject_id


def _active(members: sa.CTE) -> sa.ColumnElement[bool]:
    kind = members.c.kind
    # A project that served in the month is measured, and settles although it was closed since.
    served = sa.and_(kind == constant("PRJ"), sa.func.coalesce(t.measures.c.active, sa.false()))
    return sa.and_(
        sa.func.coalesce(t.measures.c.active, kind != constant("STW")),
        sa.or_(
            kind.in_(constants((*PERSONS, "STW"))), members.c.state == constant("ACTIVE"), served
        ),
    )


def _failed(members: sa.CTE) -> sa.ColumnElement[str]:
    """Return the gates that a member has missed; of one that is not measured, all of its kind."""
    unmeasured = sa.case(
        *(
            (
                members.c.kind == constant(code),
                constant(",".join(rules.gates_failed(code, rules.Measures()))),
            )
            for code in sorted(rules.KINDS)
        ),
        else_=constant(""),
    )
    return sa.func.coalesce(t.measures.c.gates_failed, unmeasured)


def _vetoed(members: sa.CTE, period: Value[str]) -> sa.ColumnElement[bool]:
    return sa.and_(
        members.c.kind.not_in(constants(PERSONS)),
        sa.exists().where(
            t.vetoes.c.subject_id == members.c.subject_id,
            t.vetoes.c.state == constant("ACTIVE"),
            t.vetoes.c.from_period <= period,
            t.vetoes.c.to_period >= period,
        ),
    )


def _graded(where_the_rows_are: bool, scored: sa.CTE, period: Value[str]) -> store.Select:
    rated = (
        sa.select(scored, grade_sql(scored.c.kind, scored.c.score).label("raw"))
        .cte("rated")
        .prefix_with("MATERIALIZED")
    )
    row = rated.c
    raw = row.raw
    nr, none = constant(rules.NOT_RATED), constant("")
    comma = sa.case((row.failed == none, none), else_=_joined(row.failed, constant(",")))
    return sa.select(
        row.settlement_id,
        row.subject_id,
        _value(period).label("period"),
        row.kind,
        row.good,
        row.bad,
        sa.case((row.active, row.score), else_=None).label("score"),
        sa.case((row.active, raw), else_=nr).label("raw_grade"),
        sa.case(
            (sa.not_(row.active), nr),
            (row.vetoed, constant("D")),
            (sa.and_(raw == constant("AAA"), row.failed != none), constant("AA")),
            else_=raw,
        ).label("grade"),
        sa.case(
            (sa.not_(row.active), none),
            (row.vetoed, _joined(comma, constant(rules.VETO))),
            else_=row.failed,
        ).label("gates_failed"),
        row.pending.label("points_pending"),
        constant(0).label("released"),
        constant("DRAFT").label("state"),
        *([row.awards] if where_the_rows_are else []),
    )


def draft_entry(
    conn: sa.Connection,
    settlement_id: str,
    subject_id: str,
    *,
    period: str,
    area: str,
    end: datetime,
    gate_source: Mapping[str, str],
) -> Row | None:
    """Compute one entry anew and return what the formula gives, or None."""
    asked = entries_sql(
        settlement_id,
        period,
        area,
        where_the_rows_are=store.is_postgresql(conn),
        end=end,
        gate_source=gate_source,
        only=subject_id,
    )
    return records.first(conn, asked)


_COMPARED = (
    "subject_id", "kind", "good", "bad", "score", "raw_grade", "grade", "gates_failed",
)  # fmt: skip


def outdated(
    conn: sa.Connection,
    settlement_id: str,
    period: str,
    area: str,
    *,
    end: datetime,
    gate_source: Mapping[str, str],
) -> bool:
    """Tell whether the formula gives other entries now than were drafted; companies stand outside
    of it."""
    asked = {"settlement_id": settlement_id, "period": period, "area": area, "end": end}
    fresh = _fresh(store.is_postgresql(conn), tuple(sorted(gate_source.items())))
    now = set(conn.execute(fresh, asked))
    then = set(conn.execute(_DRAFTED, asked))
    return now != then or changed_since_drafted(conn, settlement_id, period)


_DRAFTED = sa.select(*(t.entries.c[name] for name in _COMPARED)).where(
    t.entries.c.settlement_id == sa.bindparam("settlement_id"), t.entries.c.kind != "PCO"
)


@cache
def _fresh(where_the_rows_are: bool, gate_source: tuple[tuple[str, str], ...]) -> store.Select:
    """Return what the formula gives, as a statement that is written once: every draft is looked at
    each night, and writing the formula costs more than to run it."""
    fresh = entries_sql(
        sa.bindparam("settlement_id", type_=sa.String),
        sa.bindparam("period", type_=sa.String),
        sa.bindparam("area", type_=sa.String),
        where_the_rows_are=where_the_rows_are,
        end=sa.bindparam("end", type_=store.UtcDateTime),
        gate_source=dict(gate_source),
    ).subquery("fresh")
    return sa.select(*(fresh.c[name] for name in _COMPARED))
