"""What a steward may take up: cases of the own grids that nobody has, or accepted in time."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Grid, Limit, WithTotal
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage


class PoolOf(Request, frozen=True):
    """待认领 / Of which grid, and which part of it."""

    grid: Grid
    sort: Annotated[Literal["due_resolve", "-due_resolve"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def pool(tx: Tx, payload: PoolOf) -> Page[replies.desk.PoolCard]:
    """待认领 / Cases that may be taken up.

    Answer the cases of a grid that nobody has, or that somebody was given and did not accept in
    time, which the caller serves by a duty of their category; what is due soonest first, without
    words and reporter.

    Raises:
        RoleDenied: The grid lies outside the caller's scope.
    """
    tx.require_scope(payload.grid)
    served = {
        post.duty
        for post in storage.posts.of_person(tx.conn, tx.actor.id)
        if post.status == "ACTIVE"
        and post.duty in rules.routing.DUTIES
        and payload.grid in storage.posts.grids_of(tx.conn, post.steward_id)
    }
    here = bool(storage.ground.serving(tx.conn, payload.grid))
    fitting = [
        (kind, project, indoor, cadre_only)
        for kind in storage.desk.pool_kinds(tx.conn, payload.grid, tx.now)
        for project, indoor, cadre_only in itertools.product((True, False), repeat=3)
        if served.intersection(
            rules.routing.duties_for(
                kind.category,
                storage.standards.duties(tx.conn, kind),
                has_project=project or here,
                indoor=indoor,
                cadre_only=cadre_only,
            )
        )
    ]
    found = storage.desk.pool(
        tx.conn,
        payload.grid,
        tx.now,
        payload,
        person_id=tx.actor.id,
        fitting=fitting,
        duties=served,
        returns=rules.requests.MAX_RETURNS,
    )
    return found.listed(lambda row: replies.desk.PoolCard.of(row, id=row.request_id, late=row.late))
