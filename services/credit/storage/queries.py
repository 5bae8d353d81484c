"""Lists and look-ups that only views ask."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import tables as t


def settlements_page(
    conn: sa.Connection,
    *,
    area: str,
    exact: bool,
    period: str | None,
    state: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return settlements of an area and what lies in it."""
    row = t.settlements.c
    asked = sa.select(t.settlements).where(row.area == area if exact else row.area.like(f"{area}%"))
    if period:
        asked = asked.where(row.period == period)
    if state:
        asked = asked.where(row.state == state)
    return records.page(conn, asked, part, (row.created_at, row.settlement_id), newest_first=True)


def notices_page(
    conn: sa.Connection,
    *,
    area: str,
    period: str | None,
    at: datetime,
    part: records.PartOfList,
) -> records.Page:
    """Return the notices of an area and what lies in it that were not taken down."""
    row = t.notices.c
    asked = sa.select(t.notices).where(
        row.area.like(f"{area}%"), row.down_at > at, row.state != "WITHDRAWN"
    )
    if period:
        asked = asked.where(row.period == period)
    return records.page(conn, asked, part, (row.published_at, row.notice_id), newest_first=True)


def grants_page(
    conn: sa.Connection, *, area: str, state: str | None, part: records.PartOfList
) -> records.Page:
    """Return the grants of a district's budget."""
    row = t.budget_grants.c
    asked = sa.select(t.budget_grants).where(row.area == area)
    if state:
        asked = asked.where(row.state == state)
    return records.page(conn, asked, part, (row.proposed_at, row.grant_id), newest_first=True)


def objections_page(
    conn: sa.Connection,
    *,
    area: str,
    state: str | None,
    kind: str | None,
    part: records.PartOfList,
) -> records.Page:
    """Return the objections of an area and what lies in it."""
    row = t.objections.c
    asked = sa.select(t.objections).where(row.area.like(f"{area}%"))
    if kind:
        asked = asked.where(row.kind == kind)
    if state:
        asked = asked.where(row.state == state)
    return records.page(conn, asked, part, (row.filed_at, row.objection_id), newest_first=True)


def subjects_page(
    conn: sa.Connection, *, area: str, kind: str | None, part: records.PartOfList
) -> records.Page:
    """Return organisations and stewards of an area and what lies in it; persons are not listed."""
    row = t.subjects.c
    place = sa.func.coalesce(row.grid, row.area) if len(area) > len("370811015901") else row.area
    asked = sa.select(t.subjects).where(place.like(f"{area}%"), row.kind.not_in(PERSONS))
    if kind:
        asked = asked.where(row.kind == kind)
    return records.page(conn, asked, part, (row.opened_at, row.subject_id), newest_first=True)


def _of_place(area: str) -> sa.ColumnElement[bool]:
    """Return which awards are about subjects of an area, companies with a project there included;
    of a grid only those about subjects of that grid."""
    award, subject, project = t.awards.c, t.subjects.c, t.projects.c
    if len(area) > len("370811015901"):
        return award.subject_id.in_(sa.select(subject.subject_id).where(subject.grid == area))
    companies = sa.select(sa.literal("PCO:") + project.company_id).where(
        project.area.like(f"{area}%"), project.status != "CLOSED"
    )
    return sa.or_(award.area.like(f"{area}%"), award.subject_id.in_(companies))


def proposals_page(
    conn: sa.Connection, *, scope: str, state: str | None, part: records.PartOfList
) -> records.Page:
    """Return the consents that are proposed in the name of persons of an area."""
    row = t.consent_proposals.c
    asked = sa.select(t.consent_proposals).where(
        sa.func.coalesce(row.grid, row.area).like(f"{scope}%")
    )
    if state:
        asked = asked.where(row.state == state)
    return records.page(conn, asked, part, (row.proposed_at, row.proposal_id), newest_first=True)


def awards_page(
    conn: sa.Connection,
    *,
    area: str,
    state: str | None,
    waits_for: str | None,
    overdue_at: datetime | None,
    subject: str | None = None,
    rule: str | None = None,
    occurred: tuple[datetime | None, datetime | None] = (None, None),
    part: records.PartOfList,
) -> records.Page:
    """Return awards that a person decides, of an area and what lies in it.

    Args:
        conn: The transaction.
        area: The area.
        state: Their state; None is any.
        waits_for: The level that must decide; None is any, decided ones too.
        overdue_at: Now: those whose time at some level is over. None is all.
        subject: About this subject.
        rule: By this rule.
        occurred: Of what happened since the first and before the second.
        part: Which part of them.
    """
    row = t.awards.c
    # Written out, so that every plan may use the index of such awards: they are few among millions.
    by_person = row.decides == sa.literal_column("'PERSON'")
    asked = sa.select(t.awards).where(_of_place(area), by_person)
    if state:
        asked = asked.where(row.state == state)
    if waits_for or overdue_at:
        asked = asked.where(row.state == "PROPOSED", row.due_at.is_not(None))
    if waits_for:
        asked = asked.where(row.waits_for == waits_for)
    if overdue_at:
        asked = asked.where(sa.or_(row.lapsed_at.is_not(None), row.due_at <= overdue_at))
    if subject:
        asked = asked.where(row.subject_id == subject)
    if rule:
        asked = asked.where(row.rule_code == rule)
    since, before = occurred
    if since is not None:
        asked = asked.where(row.occurred_at >= since)
    if before is not None:
        asked = asked.where(row.occurred_at < before)
    by = (row.proposed_at, row.award_id)
    return records.page(conn, asked, part, by, newest_first=True, sorts={"due_at": row.due_at})


def consents_of(conn: sa.Connection, person_id: str) -> list[Row]:
    """Return the consents that a person gave, the person's own first."""
    row = t.consents.c
    asked = sa.select(t.consents).where(row.person_id == person_id)
    return records.rows(conn, asked.order_by(row.subject_id.desc()))


def previous_scores(
    conn: sa.Connection, settlement_id: str, period: str
) -> dict[str, tuple[int | None, str]]:
    """Return score and grade of the newest final month before, for the movers of a draft."""
    now, before, older = (t.entries.alias(name) for name in ("now", "before", "older"))
    # The newest one of each through the index: a subject has one for every month of years.
    newest = (
        sa.select(sa.func.max(older.c.period))
        .where(
            older.c.subject_id == now.c.subject_id,
            older.c.period < period,
            older.c.state.in_(entry_store.FINAL),
        )
        .scalar_subquery()
    )
    asked = (
        sa.select(before.c.subject_id, before.c.score, before.c.grade)
        .select_from(now.join(before, before.c.subject_id == now.c.subject_id))
        .where(
            now.c.settlement_id == settlement_id,
            before.c.period == newest,
            before.c.state.in_(entry_store.FINAL),
        )
    )
    return {row.subject_id: (row.score, row.grade) for row in conn.execute(asked)}


def unfunded(conn: sa.Connection) -> int:
    """Return the points that wait for funds."""
    asked = sa.select(sa.func.coalesce(sa.func.sum(t.settlements.c.unfunded_points), 0))
    return int(conn.execute(asked).scalar() or 0)
