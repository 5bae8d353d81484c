"""Posts whose term ends, and which duties nobody has then."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import storage
from fivered.services.steward.replies.terms import EndingTerm

PACKAGE = "fivered.services.steward"


class TermsQuestion(Request, frozen=True):
    """区域与天数 / Of which area, and how far ahead."""

    scope: Area
    days: Annotated[int, Meta(ge=0, le=400, description="未来天数 / days ahead")] = 60
    sort: Annotated[Literal["term_ends", "-term_ends"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def ending_terms(tx: Tx, payload: TermsQuestion) -> Page[EndingTerm]:
    """任期将满的岗位 / Posts whose term ends soon, or is over while nobody has left them.

    Answer them by the day on which they end, with the grids in which nobody else has the duty then.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
    """
    tx.require_scope(payload.scope)
    today = tx.calendar.local_date(tx.now)
    until = today + timedelta(days=payload.days)
    found = storage.terms.ending(tx.conn, payload.scope, until, payload)
    serving = storage.posts.serving_in(tx.conn, payload.scope, tx.now, past=False)
    ends = storage.terms.ends_in(tx.conn, payload.scope)

    def gaps(row: Row, grids: list[str]) -> list[str]:
        after: date = row.term_ends + timedelta(days=1)
        kept = {
            one.grid
            for one in serving
            if one.duty == row.duty
            and one.steward_id != row.steward_id
            and ends.get(one.steward_id, after) >= after
        }
        return [grid for grid in grids if grid not in kept]

    def card(row: Row) -> EndingTerm:
        grids = storage.posts.grids_of(tx.conn, row.steward_id)
        return EndingTerm.of(
            row,
            id=row.steward_id,
            community=row.area,
            grids=grids,
            state=row.status,
            days_left=(row.term_ends - today).days,
            gaps=gaps(row, grids),
            **in_words(PACKAGE, "duty", row.duty),
        )

    return found.listed(card)
