"""What everybody may read of requests: categories, how a matter of a common place goes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Nothing, Tx
from fivered.chassis.fields import SORT, Area, Cursor, Instant, Limit, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.fields import Category
from fivered.services.steward.replies.opened import CategoryPart
from fivered.services.steward.views.cases import WHAT

PACKAGE = "fivered.services.steward"
_TIMES = ("accepted_at", "contacted_at", "resolved_at", "rated_at", "closed_at")
Numbers = Annotated[
    list[Annotated[str, Meta(max_length=30)]],
    Meta(max_length=50, description="诉求编号 / numbers of requests"),
]


class OpenRequestList(Request, frozen=True):
    """筛选 / Which requests."""

    scope: Annotated[Area, Meta(description="区域 / area")] = rules.areas.DISTRICT
    number: Numbers | None = None
    category: Annotated[list[Category], Meta(max_length=30)] | None = None
    open: bool | None = None
    start: Instant | None = None
    end: Instant | None = None
    sort: Annotated[Literal["filed_at", "-filed_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class OpenStepList(Request, frozen=True):
    """筛选 / Which steps."""

    scope: Area = rules.areas.DISTRICT
    number: Numbers | None = None
    start: Instant | None = None
    end: Instant | None = None
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def request_categories(tx: Tx, _payload: Nothing) -> replies.CategoryCards:
    """诉求事项 / The categories of requests.

    Answer what a request may be about, in both languages, its parts, and who handles it: by the
    service standards in force.
    """
    standard_id = storage.standards.in_force(tx.conn, tx.now)
    known = storage.standards.standard(tx.conn, standard_id)
    return replies.CategoryCards(
        items=[
            replies.CategoryCard.of(
                one,
                kind=rules.opened.kind_of(one.category),
                common=one.category in rules.opened.COMMON,
                subcategories=[CategoryPart.of(part) for part in known.parts(one.category)],
            )
            for one in known.categories
            if one.parent is None and one.offered
        ],
        standard_id=standard_id,
    )


def _words(member: str, code: str) -> dict[str, str]:
    return {name: text or code for name, text in in_words(PACKAGE, member, code).items()}


def _own(tx: Tx) -> str | None:
    """Return the service account that asks: it also reads how its own requests go."""
    return tx.actor.id if tx.actor.is_service_account else None


def open_requests(tx: Tx, payload: OpenRequestList) -> Page[replies.OpenRequest]:
    """公开的诉求办理情况 / How requests of common places go.

    Answer how matters of common places go, newest first: what it is, in which grid, how far, until
    when. What somebody wrote, a door, a handler or a reporter is not told. Another system reads
    here, beside these, how the requests go that it has filed itself.
    """
    found = storage.opened.listed(
        tx.conn,
        payload.scope,
        _own(tx),
        payload,
        numbers=payload.number,
        categories=payload.category,
        is_open=payload.open,
        start=payload.start,
        end=payload.end,
    )
    grids = {row.grid for row in found.rows}
    places = {grid: "".join(storage.ground.names(tx.conn, grid)) for grid in grids}
    middles = storage.places.middles(tx.conn, grids)

    def card(row: Row) -> replies.OpenRequest:
        lon, lat = middles.get(row.grid, (None, None))
        times = [at for at in (getattr(row, name) for name in _TIMES) if at is not None]
        return replies.OpenRequest.of(
            row,
            **_words("state", row.state),
            open=rules.opened.is_open(row.state),
            place=places[row.grid],
            lat=lat,
            lon=lon,
            filed_at=row.created_at,
            updated_at=max([row.created_at, *times]),
            due=row.due_resolve,
        )

    return found.listed(card)


def open_request_steps(tx: Tx, payload: OpenStepList) -> Page[replies.OpenStep]:
    """公开的办理步骤 / The steps of requests of common places.

    Answer what was done about them, oldest first, without the words of anybody.
    """
    found = storage.opened.steps(
        tx.conn,
        payload.scope,
        _own(tx),
        payload,
        numbers=payload.number,
        start=payload.start,
        end=payload.end,
    )
    return found.listed(
        lambda row: replies.OpenStep(
            id=str(row.id),
            number=row.number,
            state=row.state,
            open=rules.opened.is_open(row.state),
            at=row.at,
            text_zh=str(WHAT[row.action]),
            text_en=WHAT[row.action].english,
        )
    )
