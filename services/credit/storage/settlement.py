"""Settlements, their entries, notices and objections; the formula of the month in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from chassis import records
from chassis import storage as store
from services.credit.rules import settlement as month
from services.credit.rules import standing as rules
from services.credit.storage import bulk
from services.credit.storage import tables as t

V = TypeVar("V")
# A value of one execution, or the parameter of a statement that is written once.
Value: TypeAlias = V | sa.BindParameter[V]

OPEN = ("OPEN", "DRAFTED", "REVIEWED")
PUBLISHED = ("PUBLISHED", "FINALISING", "SETTLED")
CONFIRMED = ("CONFIRMED", *PUBLISHED)
PERSONS = ("RES", "HH")
# Entries of months that are over.
FINAL = ("FINAL", "PROVISIONAL")
# Objections: those that hold an entry, and those that are not over.
UNDECIDED = ("FILED", "ACCEPTED")
GOING_ON = (*UNDECIDED, "REVIEW_REQUESTED")


def confirmed_periods(conn: sa.Connection, area: str, since: str) -> set[str]:
    """Return the months from `since` on that are confirmed in an area.

    The others are not confirmed before the transaction ends, so that what it changes in them is
    seen by whoever confirms. Drafts go on meanwhile.
    """
    row = t.settlements.c
    asked = (
        sa.select(row.period, row.state)
        .where(row.area == area, row.period >= since)
        .order_by(row.period)
    )
    found = conn.execute(store.lock(asked, conn, shared=True))
    return {month.period for month in found if month.state in CONFIRMED}


def drafted_since(conn: sa.Connection, period: str) -> list[str]:
    """Return the months from one on whose draft has begun, oldest first.

    Also while a draft is still running: what it has read by then may be outdated.
    """
    month = t.months.c
    asked = sa.select(month.period).where(month.period >= period, month.draft_job.is_not(None))
    return list(conn.execute(asked.order_by(month.period)).scalars())


def open_months(conn: sa.Connection, area: str) -> list[str]:
    """Return the months of an area that are drafted and not published, oldest first."""
    row = t.settlements.c
    asked = sa.select(row.period).where(
        row.area == area, row.state.in_((*OPEN, "CONFIRMED")), row.digest.is_not(None)
    )
    return list(conn.execute(asked.order_by(row.period)).scalars())


def is_published(conn: sa.Connection, period: str, area: str) -> bool:
    """Tell whether the month of an area is published: from then on it is not drafted again."""
    row = t.settlements.c
    asked = sa.select(row.settlement_id).where(
        row.period == period, row.area == area, row.state.in_(PUBLISHED)
    )
    return conn.execute(asked).first() is not None


def settlement(conn: sa.Connection, settlement_id: str, *, lock: bool = False) -> Any:
    """Return a settlement, or None."""
    asked = sa.select(t.settlements).where(t.settlements.c.settlement_id == settlement_id)
    return conn.execute(store.lock(asked, conn) if lock else asked).first()


def of_month(conn: sa.Connection, period: str, area: str, *, weak: bool = False) -> Any:
    """Return and lock the settlement of a month and area, or None.

    Args:
        conn: The transaction.
        period: The month.
        area: The area.
        weak: Those who change awards of the month need not wait, as for a draft they need not.
    """
    row = t.settlements.c
    asked = sa.select(t.settlements).where(row.period == period, row.area == area)
    return conn.execute(store.lock(asked, conn, weak=weak)).first()


def begin(conn: sa.Connection, settlement_id: str, period: str, area: str, at: datetime) -> Any:
    """Make the settlement of a month and area if there is none; return and lock it."""
    conn.execute(
        store.insert(conn, t.settlements)
        .values(
            settlement_id=settlement_id,
            period=period,
            area=area,
            state="OPEN",
            complete=False,
            missing=[],
            entries=0,
            unfunded_points=0,
            to_check=[],
            checked=[],
            created_at=at,
            version=1,
        )
        .on_conflict_do_nothing()
    )
    return of_month(conn, period, area, weak=True)


def change(conn: sa.Connection, settlement_id: str, **values: Any) -> None:
    """Change columns of a settlement."""
    conn.execute(
        sa.update(t.settlements)
        .where(t.settlements.c.settlement_id == settlement_id)
        .values(**values, version=t.settlements.c.version + 1)
    )


def areas_of(conn: sa.Connection, end: datetime) -> list[str]:
    """Return the areas in which subjects settle at the end of a month, the small ones first."""
    subject, here = t.subjects.c, t.belonging(end)
    asked = (
        sa.select(here.c.area)
        .select_from(t.subjects.join(here, here.c.subject_id == subject.subject_id))
        .where(
            subject.opened_at < end,
            sa.or_(subject.closed_at.is_(None), subject.closed_at >= end),
            sa.or_(subject.state != "CLOSED", subject.closed_at.is_not(None)),
        )
        .distinct()
    )
    found = [row.area for row in conn.execute(asked)]
    return sorted(found, key=lambda code: (-len(code), code))


# --------------------------------------------------------------------------------------------------
# The formula (rules/standing.py is the reference; a property test keeps the two equal)


def _least(one: Any, other: Any) -> Any:
    return sa.case((one < other, one), else_=other)


def _most(one: Any, other: Any) -> Any:
    return sa.case((one > other, one), else_=other)


def _joined(one: Any, other: Any) -> Any:
    return sa.cast(one, sa.String) + sa.cast(other, sa.String)


def score_sql(kind: Any, good: Any, bad: Any) -> Any:
    """Return the score of G and B as an expression over a column with the kind."""
    whens = []
    for name, scale in rules.SCALES.items():
        kinds = [code for code, known in rules.KINDS.items() if known.scale == name]
        gain = good if scale.good_cap is None else _least(good, sa.literal(scale.good_cap))
        raw = sa.literal(scale.base) + gain - (bad if scale.losses else sa.literal(0))
        whens.append(
            (
                kind.in_(kinds),
                _most(sa.literal(scale.floor), _least(sa.literal(scale.ceiling), raw)),
            )
        )
    return sa.case(*whens)


def grade_sql(kind: Any, score: Any) -> Any:
    """Return the grade of a score as an expression."""
    whens = []
    for name, scale in rules.SCALES.items():
        kinds = [code for code, known in rules.KINDS.items() if known.scale == name]
        for least, grade in scale.thresholds:
            whens.append((sa.and_(kind.in_(kinds), score >= least), grade))
        whens.append((kind.in_(kinds), scale.thresholds[-1][1]))
    return sa.case(*whens)


def counts_sql(period: Value[str]) -> Any:
    """Return whether an award counts in a month: it is valid then and effective, or it is a
    deduction that this month's settlement lists.

    One that was taken back after the month was confirmed still ends with it, or later: what was
    confirmed is published, and `drop_taken_back` lets it go before it is final.
    """
    award = t.awards.c
    return sa.and_(
        award.period <= period,
        award.to_period >= period,
        sa.or_(award.effective, _listed(period)),
    )


def _listed(period: Value[str] | sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return whether an award is a deduction that the settlement of a month lists."""
    award = t.awards.c
    return sa.and_(
        award.deduction,
        award.period == period,
        sa.or_(
            award.state.in_(("APPROVED", "REVERSED")),
            sa.and_(award.state == "PROPOSED", award.decides == "SETTLEMENT"),
        ),
    )


def _members(
    end: Value[datetime],
    here: sa.Subquery,
    *more: sa.ColumnElement[Any],
    area: Value[str] | None = None,
    only: str | None = None,
) -> sa.Select[Any]:
    """The subjects that settle in an area, or in any: open at the end of the month, persons with
    consent. The caller names the source where it is more than these two."""
    subject, span = t.subjects.c, t.consent_spans.c
    consented = sa.exists().where(
        span.subject_id == subject.subject_id,
        span.purpose == "SCORING",
        span.since < end,
        sa.or_(span.until.is_(None), span.until >= end),
    )
    state = sa.case(
        (subject.kind.in_((*PERSONS, "STW")), subject.state), else_=t.state_at(end)
    ).label("state")
    belong = [here.c.subject_id == subject.subject_id]
    return sa.select(subject.subject_id, subject.kind, state, *more).where(
        *(belong if area is not None or more else []),
        *([here.c.area == area] if area is not None else []),
        subject.opened_at < end,
        sa.or_(subject.closed_at.is_(None), subject.closed_at >= end),
        subject.kind != "PCO",
        sa.or_(subject.kind.not_in(PERSONS), consented),
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
    entry, row = t.entries.c, t.settlements.c
    conn.execute(sa.delete(t.entries).where(bulk.members(entry.settlement_id, wanted, conn)))
    here = t.belonging(end)
    members = (
        _members(end, here, row.settlement_id)
        .where(here.c.area == row.area, bulk.members(row.settlement_id, wanted, conn))
        .cte("members")
    )
    formula = _entries_of(
        store.is_postgresql(conn), members, period, gate_source, members.c.settlement_id
    )
    conn.execute(t.entries.insert().from_select(ENTRY, formula))
    if not store.is_postgresql(conn):
        for settlement_id in wanted:
            hash_entries(conn, settlement_id, period)


ENTRY = [column.name for column in t.entries.columns]


def entries_sql(
    settlement_id: Value[str],
    period: Value[str],
    area: Value[str] | None,
    *,
    where_the_rows_are: bool,
    end: Value[datetime],
    gate_source: Mapping[str, str],
    only: str | None = None,
) -> sa.Select[Any]:
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
) -> sa.Select[Any]:
    award, measure = t.awards.c, t.measures.c
    sums: Any = (
        sa.select(
            sa.func.sum(sa.case((award.deduction, 0), else_=award.score)).label("good"),
            sa.func.sum(sa.case((award.deduction, -award.score), else_=0)).label("bad"),
            *([_awards_text(period).label("awards")] if where_the_rows_are else []),
        )
        .select_from(t.awards)
        .where(counts_sql(period))
    )
    if where_the_rows_are:
        # Subject by subject through the index: nothing is sorted and nothing spills, however many
        # awards a district has, and a step costs what its own subjects cost.
        sums = sums.where(award.subject_id == members.c.subject_id).lateral("sums")
        their_sums = sa.true()
    else:
        sums = (
            sums.add_columns(award.subject_id)
            .where(award.subject_id.in_(sa.select(members.c.subject_id)))
            .group_by(award.subject_id)
            .cte("sums")
        )
        their_sums = sums.c.subject_id == members.c.subject_id
    good = sa.func.coalesce(sums.c.good, 0)
    bad = sa.func.coalesce(sums.c.bad, 0)
    kind = members.c.kind
    carries = sa.or_(
        *(
            sa.and_(kind == code, measure.source == source)
            for code, source in sorted(gate_source.items())
        )
    )
    active = sa.and_(
        sa.func.coalesce(measure.active, kind != "STW"),
        sa.or_(kind.in_((*PERSONS, "STW")), members.c.state == "ACTIVE"),
    )
    unmeasured = sa.case(
        *(
            (kind == code, ",".join(rules.gates_failed(code, rules.Measures())))
            for code in sorted(rules.KINDS)
        ),
        else_="",
    )
    failed = sa.func.coalesce(measure.gates_failed, unmeasured)
    vetoed = sa.and_(
        kind.not_in(PERSONS),
        sa.exists().where(
            t.vetoes.c.subject_id == members.c.subject_id,
            t.vetoes.c.state == "ACTIVE",
            t.vetoes.c.from_period <= period,
            t.vetoes.c.to_period >= period,
        ),
    )
    scored = (
        sa.select(
            members.c.subject_id,
            kind.label("kind"),
            good.label("good"),
            bad.label("bad"),
            score_sql(kind, good, bad).label("score"),
            active.label("active"),
            failed.label("failed"),
            vetoed.label("vetoed"),
            sa.func.coalesce(t.pendings.c.points, 0).label("pending"),
            settlement_id.label("settlement_id"),
            *([sums.c.awards] if where_the_rows_are else []),
        )
        .select_from(
            members.outerjoin(sums, their_sums)
            .outerjoin(
                t.measures,
                sa.and_(
                    measure.period == period,
                    measure.subject_id == members.c.subject_id,
                    carries,
                ),
            )
            .outerjoin(
                t.pendings,
                sa.and_(
                    t.pendings.c.subject_id == members.c.subject_id,
                    t.pendings.c.period == period,
                ),
            )
        )
        .cte("scored")
        # A planner would write each score in place of its name: ten thousand instructions of it in
        # SQLite, and in PostgreSQL eight times the time that the statement takes.
        .prefix_with("MATERIALIZED")
    )
    rated = (
        sa.select(scored, grade_sql(scored.c.kind, scored.c.score).label("raw"))
        .cte("rated")
        .prefix_with("MATERIALIZED")
    )
    row = rated.c
    raw = row.raw
    nr = rules.NOT_RATED
    comma = sa.case((row.failed == "", ""), else_=_joined(row.failed, ","))
    graded: sa.Select[Any] = sa.select(
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
            (row.vetoed, "D"),
            (sa.and_(raw == "AAA", row.failed != ""), "AA"),
            else_=raw,
        ).label("grade"),
        sa.case(
            (sa.not_(row.active), ""),
            (row.vetoed, _joined(comma, rules.VETO)),
            else_=row.failed,
        ).label("gates_failed"),
        row.pending.label("points_pending"),
        sa.literal(0).label("released"),
        sa.literal("DRAFT").label("state"),
        *([row.awards] if where_the_rows_are else []),
    )
    entry = graded.subquery("entry").c
    hashed = _entry_hash(entry, entry.awards) if where_the_rows_are else sa.null()
    return sa.select(*(entry[name] for name in ENTRY[:-1]), hashed.label("hash"))


# --------------------------------------------------------------------------------------------------
# Companies


def company_projects(
    conn: sa.Connection, period: str, district: str
) -> dict[str, list[tuple[int | None, int, str]]]:
    """Return company -> (score, households, grade) of its projects in a month."""
    project, entry = t.projects.c, t.entries.c
    asked = (
        sa.select(project.company_id, entry.score, project.households, entry.grade)
        .select_from(
            t.projects.join(
                t.entries,
                sa.and_(
                    entry.subject_id == _joined("PRJ:", project.project_id),
                    entry.period == period,
                ),
            )
        )
        .where(project.area.like(f"{district}%"))
        .order_by(project.company_id, project.project_id)
    )
    found: dict[str, list[tuple[int | None, int, str]]] = {}
    for row in conn.execute(asked):
        found.setdefault(row.company_id, []).append((row.score, row.households, row.grade))
    return found


def projects_of_company(conn: sa.Connection, period: str, company_id: str) -> list[Any]:
    """Return (project_id, households, score, grade) of a company's projects in a month."""
    project, entry = t.projects.c, t.entries.c
    asked = (
        sa.select(project.project_id, project.households, entry.score, entry.grade)
        .join(
            t.entries,
            sa.and_(
                entry.subject_id == _joined("PRJ:", project.project_id), entry.period == period
            ),
        )
        .where(project.company_id == company_id)
        .order_by(project.project_id)
    )
    return list(conn.execute(asked))


def waited_for(conn: sa.Connection, settlement_id: str, period: str) -> list[Any]:
    """Return earlier settlements, oldest first, that hold a deduction which would count in this
    one as well, and whose notice has not ended."""
    award, row = t.awards.c, t.settlements.c
    here, earlier = t.entries.alias("here").c, t.entries.alias("earlier").c
    asked = (
        sa.select(row.settlement_id, row.period, row.state, row.objection_until)
        .where(
            here.settlement_id == settlement_id,
            award.subject_id == here.subject_id,
            award.period < period,
            award.to_period >= period,
            award.effective.is_(False),
            _listed(award.period),
            earlier.subject_id == award.subject_id,
            earlier.period == award.period,
            row.settlement_id == earlier.settlement_id,
            row.state.in_((*OPEN, "CONFIRMED", "PUBLISHED")),
        )
        .distinct()
        .order_by(row.period, row.settlement_id)
    )
    return list(conn.execute(asked))


def unconfirmed_project_areas(conn: sa.Connection, period: str, district: str) -> list[str]:
    """Return the areas with projects whose settlement of a month is not confirmed."""
    project, row = t.projects.c, t.settlements.c
    begun = sa.select(row.area).where(row.period == period)
    done = begun.where(row.state.in_(CONFIRMED))
    asked = (
        sa.select(project.area)
        .where(
            project.area.like(f"{district}%"),
            project.area.not_in(done),
            # Where the last project is closed, nothing may settle at all any more.
            sa.or_(project.status != "CLOSED", project.area.in_(begun)),
        )
        .distinct()
        .order_by(project.area)
    )
    return [found.area for found in conn.execute(asked)]


def companies(conn: sa.Connection, district: str, end: datetime) -> list[str]:
    """Return the ids of the companies that settle in a district."""
    subject, here = t.subjects.c, t.belonging(end)
    asked = (
        sa.select(subject.ref)
        .where(
            here.c.subject_id == subject.subject_id,
            here.c.area == district,
            subject.kind == "PCO",
            subject.opened_at < end,
            sa.or_(subject.closed_at.is_(None), subject.closed_at >= end),
        )
        .order_by(subject.ref)
    )
    return [row.ref for row in conn.execute(asked)]


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


def put_entries(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add entries that were computed outside the formula (companies)."""
    bulk.insert(conn, t.entries, rows)


# --------------------------------------------------------------------------------------------------
# Entries


def entries(
    conn: sa.Connection,
    settlement_id: str,
    *,
    states: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    subjects: Collection[str] | None = None,
) -> list[Any]:
    """Return entries of a settlement in the order of their subjects."""
    entry = t.entries.c
    asked = sa.select(t.entries).where(entry.settlement_id == settlement_id)
    if subjects is not None:
        asked = asked.where(bulk.members(entry.subject_id, sorted(subjects), conn))
    if states is not None:
        asked = asked.where(entry.state.in_(list(states)))
    if kinds is not None:
        asked = asked.where(entry.kind.in_(list(kinds)))
    return list(conn.execute(asked.order_by(entry.subject_id)))


def entry(conn: sa.Connection, settlement_id: str, subject_id: str) -> Any:
    """Return and lock one entry, or None."""
    row = t.entries.c
    asked = sa.select(t.entries).where(
        row.settlement_id == settlement_id, row.subject_id == subject_id
    )
    return conn.execute(store.lock(asked, conn)).first()


def change_entry(conn: sa.Connection, settlement_id: str, subject_id: str, **values: Any) -> None:
    """Change columns of an entry."""
    row = t.entries.c
    conn.execute(
        sa.update(t.entries)
        .where(row.settlement_id == settlement_id, row.subject_id == subject_id)
        .values(**values)
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
) -> Any:
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
    return conn.execute(asked).first()


def change_entries(conn: sa.Connection, settlement_id: str, *, of: Sequence[str], to: str) -> int:
    """Change the state of all entries that are in one of the states."""
    row = t.entries.c
    return conn.execute(
        sa.update(t.entries)
        .where(row.settlement_id == settlement_id, row.state.in_(list(of)))
        .values(state=to)
    ).rowcount


def add_released(conn: sa.Connection, settlement_id: str, released: Mapping[str, int]) -> None:
    """Note what a release has made spendable per subject."""
    bulk.change(
        conn,
        t.entries,
        [
            {"settlement_id": settlement_id, "subject_id": subject, "released": points}
            for subject, points in sorted(released.items())
        ],
        keys=("settlement_id", "subject_id"),
        add=("released",),
    )


def entries_of(
    conn: sa.Connection, subject_id: str, *, period: str | None = None, final: bool = False
) -> list[Any]:
    """Return the entries of a subject, newest month first."""
    row = t.entries.c
    asked = sa.select(t.entries).where(row.subject_id == subject_id)
    if period is not None:
        asked = asked.where(row.period == period)
    if final:
        asked = asked.where(row.state.in_(FINAL))
    return list(conn.execute(asked.order_by(row.period.desc())))


def waiting_for_funds(conn: sa.Connection, district: str) -> list[Any]:
    """Return and lock the settlements with points that no budget has covered, oldest first."""
    row = t.settlements.c
    asked = (
        sa.select(t.settlements)
        .where(row.unfunded_points > 0, row.area.like(f"{district}%"))
        .order_by(row.period, row.area)
    )
    return list(conn.execute(store.lock(asked, conn)))


# --------------------------------------------------------------------------------------------------
# What a settlement lists


def listed_awards(
    conn: sa.Connection, settlement_id: str, period: str, subjects: Collection[str] | None = None
) -> list[Any]:
    """Return the awards of a month that count in a settlement, or of some subjects of it, by
    subject, rule and time.

    Older awards that still count were listed by the settlement of their own month.
    """
    award, entry = t.awards.c, t.entries.c
    asked = (
        sa.select(
            award.award_id,
            award.subject_id,
            award.rule_set,
            award.rule_code,
            award.day,
            award.score,
            award.points,
            award.deduction,
            award.state,
            award.decides,
            award.effective,
            award.source,
            award.fact,
            award.capped,
        )
        .select_from(t.awards.join(t.entries, entry.subject_id == award.subject_id))
        .where(entry.settlement_id == settlement_id, award.period == period, counts_sql(period))
        .order_by(award.subject_id, award.rule_code, award.day, award.award_id)
    )
    if subjects is not None:
        asked = asked.where(bulk.members(award.subject_id, sorted(subjects), conn))
    return list(conn.execute(asked))


# `rules.settlement.entry_digest`, word for word, where the rows are: a district has millions.


def _concat(*parts: sa.ColumnElement[Any] | str) -> sa.ColumnElement[str]:
    written = (sa.literal_column(f"'{part}'") if isinstance(part, str) else part for part in parts)
    return sa.func.concat(*written, type_=sa.Text)


def _awards_text(period: Value[str]) -> sa.ColumnElement[str]:
    """Return the aggregate that writes the awards of a month as the digest of an entry does."""
    award = t.awards.c
    text = _concat(
        "[", sa.func.to_json(award.rule_code), ',"', award.day, '",', award.score, ",",
        award.points, "]",
    )  # fmt: skip
    order: Any = postgresql.aggregate_order_by(
        sa.literal_column("','"), _binary(award.rule_code), award.day, award.score, award.points
    )
    return sa.func.string_agg(text, order).filter(
        award.period == period, sa.or_(award.score != 0, award.points != 0)
    )


def _entry_hash(entry: Any, awards: sa.ColumnElement[str]) -> sa.ColumnElement[bytes]:
    gate = sa.func.unnest(sa.func.string_to_array(entry.gates_failed, ",")).column_valued("gate")
    by_name: Any = postgresql.aggregate_order_by(sa.literal_column("','"), _binary(gate))
    gates = sa.select(
        sa.func.string_agg(sa.cast(sa.func.to_json(gate), sa.Text), by_name)
    ).scalar_subquery()
    text = _concat(
        "[", sa.func.to_json(entry.subject_id), ",", entry.good, ",", entry.bad, ",",
        sa.func.coalesce(sa.cast(entry.score, sa.Text), sa.literal_column("'null'")), ",",
        sa.func.to_json(entry.grade), ",[", sa.case((entry.gates_failed != "", gates)), "],[",
        awards, "]]",
    )  # fmt: skip
    return _sha256(text)


def _sha256(text: sa.ColumnElement[str]) -> sa.ColumnElement[bytes]:
    bytes_of = sa.func.convert_to(text, sa.literal_column("'UTF8'"))
    return sa.func.sha256(bytes_of, type_=sa.LargeBinary)


def _hex(value: sa.ColumnElement[bytes]) -> sa.ColumnElement[str]:
    return sa.func.encode(value, sa.literal_column("'hex'"), type_=sa.Text)


def _binary(text: sa.ColumnElement[str]) -> Any:
    """Order text as the reference orders it, whatever the locale of the database is."""
    return sa.collate(text, "C")


def _hashes_now(settlement_id: str, period: str) -> sa.Subquery:
    """Return (subject, hash) of the entries of a settlement as the awards are now."""
    award, entry = t.awards.c, t.entries.c
    listed = (
        sa.select(_awards_text(period).label("awards"))
        .where(award.subject_id == entry.subject_id, counts_sql(period))
        .lateral("listed")
    )
    return (
        sa.select(entry.subject_id, _entry_hash(entry, listed.c.awards).label("hash"))
        .select_from(t.entries.join(listed, sa.true()))
        .where(entry.settlement_id == settlement_id)
        .subquery("now")
    )


def _lines(conn: sa.Connection, settlement_id: str, period: str) -> list[month.EntryLine]:
    """Return the entries of a settlement with their awards as they are now."""
    awards: dict[str, list[month.AwardLine]] = defaultdict(list)
    for award in listed_awards(conn, settlement_id, period):
        awards[award.subject_id].append(
            month.AwardLine(award.rule_code, award.day.isoformat(), award.score, award.points)
        )
    return [
        month.EntryLine(
            subject=entry.subject_id,
            gain=entry.good,
            loss=entry.bad,
            score=entry.score,
            grade=entry.grade,
            gates_failed=tuple(entry.gates_failed.split(",")) if entry.gates_failed else (),
            awards=tuple(awards.get(entry.subject_id, ())),
        )
        for entry in entries(conn, settlement_id)
    ]


def hash_entries(conn: sa.Connection, settlement_id: str, period: str) -> None:
    """Give each entry that the formula did not hash its hash: companies, and all on SQLite."""
    entry = t.entries.c
    if store.is_postgresql(conn):
        now = _hashes_now(settlement_id, period)
        conn.execute(
            sa.update(t.entries)
            .where(
                entry.settlement_id == settlement_id,
                entry.subject_id == now.c.subject_id,
                entry.hash.is_(None),
            )
            .values(hash=now.c.hash)
        )
        return
    bulk.change(
        conn,
        t.entries,
        [
            {
                "settlement_id": settlement_id,
                "subject_id": line.subject,
                "hash": bytes.fromhex(month.entry_digest(line)),
            }
            for line in _lines(conn, settlement_id, period)
        ],
        keys=("settlement_id", "subject_id"),
        put=("hash",),
    )


def drafted(
    conn: sa.Connection, areas: Mapping[str, str], *, period: str, rule_set: str
) -> dict[str, tuple[int, str]]:
    """Return settlement -> (number of its entries, its digest), from the hashes of its entries.

    Args:
        conn: The transaction.
        areas: Settlement -> its area.
        period: The month.
        rule_set: Code of the rules in force.
    """
    found = {
        settlement_id: (0, _digest_of((), rule_set, period, area))
        for settlement_id, area in areas.items()
    }
    entry = t.entries.c
    if store.is_postgresql(conn):
        # One hash over the lines of an area, made where they are: they are many.
        lines = (
            sa.select(
                entry.settlement_id,
                sa.func.count().label("count"),
                sa.func.string_agg(
                    _concat(entry.subject_id, ":", _hex(entry.hash), sa.func.chr(10)),
                    postgresql.aggregate_order_by(
                        sa.literal_column("''"), _binary(entry.subject_id)
                    ),
                ).label("text"),
            )
            .where(bulk.members(entry.settlement_id, list(areas), conn))
            .group_by(entry.settlement_id)
            .subquery("lines")
        )
        head = sa.cast(month.header(rules=rule_set, period=period, community="")[:-1], sa.Text)
        row = t.settlements.c
        asked = sa.select(
            row.settlement_id,
            lines.c.count,
            _hex(_sha256(_concat(head, row.area, sa.func.chr(10), lines.c.text))),
        ).join(lines, lines.c.settlement_id == row.settlement_id)
        found |= {one: (count, digest) for one, count, digest in conn.execute(asked)}
        return found
    for settlement_id, code in areas.items():
        asked_one = sa.select(entry.subject_id, entry.hash).where(
            entry.settlement_id == settlement_id
        )
        hashes = sorted((row.subject_id, row.hash.hex()) for row in conn.execute(asked_one))
        found[settlement_id] = (len(hashes), _digest_of(hashes, rule_set, period, code))
    return found


def _digest_of(hashes: Iterable[tuple[str, str]], rule_set: str, period: str, area: str) -> str:
    digest = month.SettlementDigest(rules=rule_set, period=period, community=area)
    for subject_id, one in hashes:
        digest.add(subject_id, one)
    return digest.value()


def changed_since_drafted(conn: sa.Connection, settlement_id: str, period: str) -> bool:
    """Tell whether the awards that a settlement lists are other ones than when it was drafted."""
    entry = t.entries.c
    if store.is_postgresql(conn):
        now = _hashes_now(settlement_id, period)
        asked = (
            sa.select(sa.literal(1))
            .select_from(t.entries.join(now, now.c.subject_id == entry.subject_id))
            .where(entry.settlement_id == settlement_id, entry.hash != now.c.hash)
            .limit(1)
        )
        return conn.execute(asked).first() is not None
    asked = sa.select(entry.subject_id, entry.hash).where(entry.settlement_id == settlement_id)
    now_of = {
        line.subject: bytes.fromhex(month.entry_digest(line))
        for line in _lines(conn, settlement_id, period)
    }
    return any(now_of[row.subject_id] != row.hash for row in conn.execute(asked))


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
def _fresh(where_the_rows_are: bool, gate_source: tuple[tuple[str, str], ...]) -> sa.Select[Any]:
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


def to_look_at(
    conn: sa.Connection, settlement_ids: Sequence[str], period: str
) -> dict[str, tuple[list[str], list[str]]]:
    """Return settlement -> (deductions, other awards by hand) that it lists, as ids of awards."""
    award, entry = t.awards.c, t.entries.c
    asked = (
        sa.select(entry.settlement_id, award.award_id, award.deduction)
        .select_from(t.awards.join(t.entries, entry.subject_id == award.subject_id))
        .where(
            award.period == period,
            sa.or_(award.deduction, award.source == "manual"),
            counts_sql(period),
            bulk.members(entry.settlement_id, list(settlement_ids), conn),
        )
    )
    found: dict[str, tuple[list[str], list[str]]] = {one: ([], []) for one in settlement_ids}
    for settlement_id, award_id, deduction in conn.execute(asked):
        found[settlement_id][0 if deduction else 1].append(str(award_id))
    return found


def to_decide(conn: sa.Connection, settlement_id: str, period: str) -> list[str]:
    """Return the subjects whose automatic deductions the confirmation of a settlement decides."""
    award = t.awards.c
    asked = (
        sa.select(award.subject_id)
        .where(
            award.period == period,
            award.deduction,
            award.state == "PROPOSED",
            award.decides == "SETTLEMENT",
            award.subject_id.in_(
                sa.select(t.entries.c.subject_id).where(t.entries.c.settlement_id == settlement_id)
            ),
        )
        .distinct()
        .order_by(award.subject_id)
    )
    return list(conn.execute(asked).scalars())


def confirm_deductions(
    conn: sa.Connection, settlement_id: str, period: str, by: str, at: datetime
) -> None:
    """A person has confirmed the settlement: its automatic deductions are decided by him."""
    award = t.awards.c
    conn.execute(
        sa.update(t.awards)
        .where(
            award.period == period,
            award.deduction,
            award.state == "PROPOSED",
            award.decides == "SETTLEMENT",
            award.subject_id.in_(
                sa.select(t.entries.c.subject_id).where(t.entries.c.settlement_id == settlement_id)
            ),
        )
        .values(state="APPROVED", decided_by=by, decided_at=at, version=award.version + 1)
    )


def make_effective(conn: sa.Connection, period: str, subject_ids: Iterable[str]) -> list[Any]:
    """The notice has ended: the deductions of these subjects count for good. Returns them."""
    wanted = sorted(set(subject_ids))
    if not wanted:
        return []
    award = t.awards.c
    where = (
        award.period == period,
        award.deduction,
        award.state == "APPROVED",
        sa.not_(award.effective),
        bulk.members(award.subject_id, wanted, conn),
    )
    found = list(conn.execute(sa.select(t.awards).where(*where).order_by(award.award_id)))
    conn.execute(
        sa.update(t.awards).where(*where).values(effective=True, version=award.version + 1)
    )
    return found


def without_effect(conn: sa.Connection, period: str, subject_id: str) -> int:
    """Return the sum of a subject's deductions of a month that do not count for good yet."""
    award = t.awards.c
    asked = sa.select(sa.func.coalesce(sa.func.sum(-award.score), 0)).where(
        award.period == period,
        award.subject_id == subject_id,
        award.deduction,
        sa.not_(award.effective),
        counts_sql(period),
    )
    return int(conn.execute(asked).scalar() or 0)


def drop_taken_back(conn: sa.Connection, settlement_id: str, period: str, before: str) -> list[str]:
    """Let the deductions go that were taken back after their month was confirmed and before it is
    final. Returns their subjects.

    Args:
        conn: The transaction.
        settlement_id: Whose entries that are not final.
        period: The month.
        before: The month before it, with which they end now.
    """
    award, entry = t.awards.c, t.entries.c
    not_final = sa.select(entry.subject_id).where(
        entry.settlement_id == settlement_id, entry.state.in_(("PUBLISHED", "HELD"))
    )
    dropped = (
        sa.update(t.awards)
        .where(
            award.period == period,
            award.deduction,
            award.state == "REVERSED",
            sa.not_(award.effective),
            award.to_period >= period,
            award.subject_id.in_(not_final),
        )
        .values(to_period=before, version=award.version + 1)
        .returning(award.subject_id)
    )
    return sorted({row.subject_id for row in conn.execute(dropped)})


def untold_deductions(
    conn: sa.Connection, settlement_id: str, period: str
) -> list[Mapping[str, Any]]:
    """Return the deductions of a month, not counted yet, of which nobody has told their subjects.

    What an event or a person proposes is told at once; what is measured is not, until it is
    published.
    """
    award, entry, message = t.awards.c, t.entries.c, t.messages.c
    asked = (
        sa.select(t.awards)
        .join(t.entries, entry.subject_id == award.subject_id)
        .where(
            entry.settlement_id == settlement_id,
            award.period == period,
            award.deduction,
            sa.not_(award.effective),
            award.score < 0,
            award.state.in_(("APPROVED", "PROPOSED")),
        )
        .order_by(award.subject_id, award.award_id)
    )
    found = [row._asdict() for row in conn.execute(asked)]
    subjects = sorted({row["subject_id"] for row in found})
    told = set(
        conn.execute(
            sa.select(message.ref).where(
                bulk.members(message.subject_id, subjects, conn),
                message.code == "DEDUCTION_PROPOSED",
            )
        ).scalars()
    )
    return [row for row in found if str(row["award_id"]) not in told]


def drop_undecided(
    conn: sa.Connection, period: str, subject_id: str, at: datetime, *, award_id: str | None
) -> None:
    """Nobody decided in time: a deduction, or all of a subject's month, never has an effect."""
    award = t.awards.c
    conn.execute(
        sa.update(t.awards)
        .where(
            award.period == period,
            award.subject_id == subject_id,
            award.deduction,
            sa.not_(award.effective),
            award.state.in_(("APPROVED", "PROPOSED")),
            *([award.award_id == award_id] if award_id else []),
        )
        .values(state="REJECTED", reason="UNDECIDED", decided_at=at, version=award.version + 1)
    )


def undecided(conn: sa.Connection, period: str, subject_ids: Iterable[str]) -> list[Any]:
    """Return the undecided objections that hold entries of a month."""
    wanted = sorted(set(subject_ids))
    if not wanted:
        return []
    row = t.objections.c
    asked = sa.select(t.objections).where(
        row.period == period,
        row.holds_entry,
        row.state.in_(UNDECIDED),
        bulk.members(row.subject_id, wanted, conn),
    )
    return list(conn.execute(asked))


# --------------------------------------------------------------------------------------------------
# Notices and objections


def add_notice(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    """Store a notice; it is never edited."""
    conn.execute(t.notices.insert().values(**row))


def notice(conn: sa.Connection, notice_id: str, *, lock: bool = False) -> Any:
    """Return a notice, or None."""
    return records.find(conn, t.notices, notice_id, lock=lock)


def change_notice(conn: sa.Connection, notice_id: str, **values: Any) -> None:
    """Change the state of a notice; its body never changes."""
    assert "body" not in values  # noqa: S101  a notice is never edited
    conn.execute(
        sa.update(t.notices)
        .where(t.notices.c.notice_id == notice_id)
        .values(**values, version=t.notices.c.version + 1)
    )


def add_objection(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    """Store an objection."""
    conn.execute(t.objections.insert().values(**row))


def objection(conn: sa.Connection, objection_id: str, *, lock: bool = False) -> Any:
    """Return an objection, or None."""
    return records.find(conn, t.objections, objection_id, lock=lock)


def change_objection(conn: sa.Connection, objection_id: str, **values: Any) -> None:
    """Change columns of an objection."""
    conn.execute(
        sa.update(t.objections)
        .where(t.objections.c.objection_id == objection_id)
        .values(**values, version=t.objections.c.version + 1)
    )


def open_objection(
    conn: sa.Connection, target_id: str, kind: str, person_id: str | None = None
) -> Any:
    """Return an objection to something, or a correction of it, that has not ended, or None.

    Args:
        conn: The transaction.
        target_id: What it is about.
        kind: OBJECTION or CORRECTION.
        person_id: Only that of one person; None is anybody's.
    """
    row = t.objections.c
    asked = sa.select(t.objections).where(
        row.target_id == target_id, row.kind == kind, row.state.in_(GOING_ON)
    )
    if person_id is not None:
        asked = asked.where(row.person_id == person_id)
    return conn.execute(asked).first()


def others_undecided(conn: sa.Connection, known: Any) -> list[Any]:
    """Return and lock the other objections about what one is about that wait for a decision."""
    row = t.objections.c
    asked = (
        sa.select(t.objections)
        .where(
            row.target_id == known.target_id,
            row.kind == known.kind,
            row.state.in_(UNDECIDED),
            row.objection_id != known.objection_id,
        )
        .order_by(row.objection_id)
    )
    return list(conn.execute(store.lock(asked, conn)))


def deciders_about(conn: sa.Connection, target_id: str) -> set[str]:
    """Return who has decided objections about something."""
    row = t.objections.c
    asked = sa.select(row.decided_by).where(row.target_id == target_id, row.decided_by.is_not(None))
    return set(conn.execute(asked).scalars())


def objected_subjects(conn: sa.Connection, settlement_id: str, period: str) -> set[str]:
    """Return the subjects whose entry of a settlement is held by an undecided objection."""
    row, entry = t.objections.c, t.entries.c
    asked = (
        sa.select(row.subject_id)
        .select_from(t.objections.join(t.entries, entry.subject_id == row.subject_id))
        .where(
            entry.settlement_id == settlement_id,
            row.period == period,
            row.holds_entry,
            row.state.in_(UNDECIDED),
        )
    )
    return {found.subject_id for found in conn.execute(asked)}


def lapse_objections(
    conn: sa.Connection, period: str, subject_ids: Iterable[str], at: datetime
) -> None:
    """End the undecided objections to a month that is closed."""
    wanted = sorted(set(subject_ids))
    if not wanted:
        return
    row = t.objections.c
    conn.execute(
        sa.update(t.objections)
        .where(
            row.period == period,
            row.holds_entry,
            row.state.in_(UNDECIDED),
            bulk.members(row.subject_id, wanted, conn),
        )
        .values(state="LAPSED", overdue=True, decided_at=at, version=row.version + 1)
    )


def objections_of(
    conn: sa.Connection, *, subject_ids: Sequence[str] = (), person_id: str = ""
) -> list[Any]:
    """Return the objections about subjects or filed by a person, newest first."""
    row = t.objections.c
    wanted = sa.or_(row.subject_id.in_(list(subject_ids)), row.person_id == person_id)
    return list(
        conn.execute(
            sa.select(t.objections).where(wanted).order_by(row.filed_at.desc(), row.objection_id)
        )
    )
