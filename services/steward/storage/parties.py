"""Who is a party of which project, company or partner; and who answers for a place meanwhile."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from chassis import storage as store
from services.steward.storage.tables import parties, projects


def keep(conn: sa.Connection, ref: str, post: str, person_id: str, *, ended: bool) -> None:
    """Keep that a person holds a post, or holds it no longer."""
    statement = store.insert(conn, parties).values(
        ref=ref, post=post, person_id=person_id, ended=ended
    )
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["ref", "post", "person_id"], set_={"ended": ended}
        )
    )


def replace(conn: sa.Connection, ref: str, post: str, people: Iterable[str]) -> None:
    """Keep who holds a post now; the holder of before no longer has it."""
    mine = sa.and_(parties.c.ref == ref, parties.c.post == post)
    conn.execute(sa.update(parties).where(mine).values(ended=True))
    for person_id in sorted(set(people)):
        keep(conn, ref, post, person_id, ended=False)


def of(conn: sa.Connection, refs: Iterable[str]) -> set[str]:
    """Return the persons who hold a post in any of these, or in the company of a project."""
    named = set(refs)
    companies = sa.select(projects.c.company_id).where(
        projects.c.project_id.in_(named), projects.c.company_id.is_not(None)
    )
    asked = sa.select(parties.c.person_id).where(
        parties.c.ended.is_(False),
        sa.or_(parties.c.ref.in_(named), parties.c.ref.in_(companies)),
    )
    return set(conn.execute(asked).scalars()) if named else set()
