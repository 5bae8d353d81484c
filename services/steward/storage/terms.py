"""Posts whose term ends."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.services.steward.storage.tables import steward_grids, stewards


def ending(conn: sa.Connection, scope: str, until: date, part: records.PartOfList) -> records.Page:
    """Return the posts of an area that are not left and whose term ends by a day, by its end."""
    asked = sa.select(stewards).where(
        stewards.c.term_ends <= until,
        stewards.c.status != "LEFT",
        stewards.c.steward_id.in_(
            sa.select(steward_grids.c.steward_id).where(store.within(steward_grids.c.grid, scope))
        ),
    )
    return records.page(conn, asked, part, (stewards.c.term_ends, stewards.c.steward_id))


def ends_in(conn: sa.Connection, scope: str) -> dict[str, date]:
    """Return the last day of the posts of an area that have one."""
    asked = (
        sa.select(stewards.c.steward_id, stewards.c.term_ends)
        .join(steward_grids, steward_grids.c.steward_id == stewards.c.steward_id)
        .where(stewards.c.term_ends.is_not(None), store.within(steward_grids.c.grid, scope))
    )
    return {row.steward_id: row.term_ends for row in conn.execute(asked)}


def cadres_of(conn: sa.Connection, community: str) -> list[str]:
    """Return the persons who hold a cadre's post in a community."""
    asked = sa.select(stewards.c.person_id).where(
        stewards.c.area == community,
        stewards.c.duty == "COMMUNITY_CADRE",
        stewards.c.status == "ACTIVE",
    )
    return sorted(conn.execute(asked).scalars())
