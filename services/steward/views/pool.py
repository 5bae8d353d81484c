"""What a steward may take up: cases of the own grids that nobody has, or accepted in time."""

from __future__ import annotations

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
    posts = [
        post
        for post in storage.posts.of_person(tx.conn, tx.actor.id)
        if post.status == "ACTIVE" and post.duty in rules.routing.DUTIES
    ]
    served = {
        (grid, post.duty)
        for post in posts
        for grid in storage.posts.grids_of(tx.conn, post.steward_id)
    }
    found = storage.desk.pool(tx.conn, [payload.grid], tx.now, payload)
    has_project = {
        grid: bool(storage.ground.serving(tx.conn, grid))
        for grid in {row.grid for row in found.rows}
    }
    items = []
    for row in found.rows:
        duties = rules.routing.duties_for(
            row.category,
            has_project=row.project_id is not None or has_project[row.grid],
            indoor=row.indoor,
            cadre_only=row.returns >= rules.requests.MAX_RETURNS,
        )
        own = tx.actor.id in {row.reporter_id, row.handler_person}
        if not own and any((row.grid, duty) in served for duty in duties):
            items.append(replies.desk.PoolCard.of(row, id=row.request_id, late=row.late))
    return found.of(items)
