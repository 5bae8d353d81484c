"""Who is a party of which project, company or partner; and who answers for a place meanwhile."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.services.steward.storage.tables import parties, projects


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


_REFS: sa.BindParameter[str] = sa.bindparam("refs", expanding=True)
_OF = sa.select(parties.c.person_id).where(
    parties.c.ended.is_(False),
    sa.or_(
        parties.c.ref.in_(_REFS),
        parties.c.ref.in_(
            sa.select(projects.c.company_id).where(
                projects.c.project_id.in_(_REFS), projects.c.company_id.is_not(None)
            )
        ),
    ),
)


def of(conn: sa.Connection, refs: Iterable[str]) -> set[str]:
    """Return the persons who hold a post in any of these, or in the company of a project."""
    named = set(refs)
    return set(conn.execute(_OF, {"refs": sorted(named)}).scalars()) if named else set()
