"""Companies, whose score is the mean of their projects."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.records import Row
from fivered.services.credit.storage import tables as t

# Score, households and grade of a project in a month; no score where it is not rated.
Project: TypeAlias = tuple[int | None, int, str]


def company_projects(conn: sa.Connection, period: str, district: str) -> dict[str, list[Project]]:
    """Return company -> (score, households, grade) of its projects in a month."""
    project, entry = t.projects.c, t.entries.c
    asked = (
        sa.select(project.company_id, entry.score, project.households, entry.grade)
        .select_from(
            t.projects.join(
                t.entries,
                sa.and_(
                    entry.subject_id == sa.literal("PRJ:") + project.project_id,
                    entry.period == period,
                ),
            )
        )
        .where(project.area.like(f"{district}%"))
        .order_by(project.company_id, project.project_id)
    )
    found: dict[str, list[Project]] = {}
    for row in conn.execute(asked):
        found.setdefault(row.company_id, []).append((row.score, row.households, row.grade))
    return found


def projects_of_company(conn: sa.Connection, period: str, company_id: str) -> list[Row]:
    """Return (project_id, households, score, grade) of a company's projects in a month."""
    project, entry = t.projects.c, t.entries.c
    asked = (
        sa.select(project.project_id, project.households, entry.score, entry.grade)
        .join(
            t.entries,
            sa.and_(
                entry.subject_id == sa.literal("PRJ:") + project.project_id, entry.period == period
            ),
        )
        .where(project.company_id == company_id)
        .order_by(project.project_id)
    )
    return records.rows(conn, asked)


def companies(conn: sa.Connection, district: str, end: datetime) -> list[str]:
    """Return the ids of the companies that settle in a district."""
    return [row.ref for row in conn.execute(_COMPANIES, {"district": district, "end": end})]


def _companies() -> store.Select:
    end = sa.bindparam("end", type_=store.UtcDateTime)
    subject, here = t.subjects.c, t.belonging(end)
    return (
        sa.select(subject.ref)
        .where(
            here.c.subject_id == subject.subject_id,
            here.c.area == sa.bindparam("district"),
            subject.kind == "PCO",
            subject.opened_at < end,
            sa.or_(subject.closed_at.is_(None), subject.closed_at >= end),
        )
        .order_by(subject.ref)
    )


# Written once: every draft of a district is looked at each night.
_COMPANIES = _companies()
