"""Questions about volunteer activities: what there is, who takes part, and the code of now."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.replies.activities import ActivityCard, ActivityCode, SignupCard
from fivered.services.steward.storage.activities import PLACED

PACKAGE = "fivered.services.steward"


class ActivityList(Request, frozen=True):
    """志愿活动筛选 / Which activities."""

    scope: Annotated[Area, Meta(description="本区域及其上级 / of an area, or for it")] | None = None
    state: Literal["CALLED", "CALLED_OFF", "ENDED"] | None = None
    when: Annotated[
        Literal["AHEAD", "OVER"] | None, Meta(description="未开始、已到时 / ahead, or over")
    ] = None
    mine: Annotated[bool, Meta(description="本人报名的 / that the caller takes part in")] = False
    sort: Annotated[Literal["start", "-start"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichActivity(Request, frozen=True):
    """Which activity is meant."""

    activity_id: str


class SignupList(Request, frozen=True):
    """分页 / Which part of a list."""

    activity_id: str
    sort: Annotated[Literal["signed_at", "-signed_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def activities(tx: Tx, payload: ActivityList) -> Page[ActivityCard]:
    """志愿活动 / Volunteer activities, the first to begin first."""
    found = storage.activities.page(
        tx.conn,
        payload.scope or "",
        payload,
        state=payload.state,
        ended_by=tx.now if payload.when == "OVER" else None,
        begins_after=tx.now if payload.when == "AHEAD" else None,
        of_person=tx.actor.id if payload.mine else None,
    )
    counts = storage.activities.counted(tx.conn, [row.activity_id for row in found.rows])
    return found.listed(lambda row: _card(tx, row, counts.get(row.activity_id, {})))


def activity(tx: Tx, payload: WhichActivity) -> ActivityCard:
    """志愿活动 / One volunteer activity.

    Raises:
        NotFound: No such activity.
    """
    row = storage.activities.activity(tx.conn, payload.activity_id)
    if row is None:
        raise NotFound(kind="activity", id=payload.activity_id)
    counts = storage.activities.counted(tx.conn, [row.activity_id])
    return _card(tx, row, counts.get(row.activity_id, {}))


def _organises(tx: Tx, row: Row) -> bool:
    return tx.actor.role in rules.access.ORGANISERS and tx.actor.covers(row.area)


def _card(tx: Tx, row: Row, counts: dict[str, int]) -> ActivityCard:
    own = storage.activities.signup(tx.conn, row.activity_id, tx.actor.id) if tx.actor.id else None
    card = ActivityCard.of(
        row,
        id=row.activity_id,
        start=row.start_at,
        end=row.end_at,
        full=sum(counts.get(state, 0) for state in PLACED) >= row.quota,
        mine=own.state if own is not None else UNSET,
        **in_words(PACKAGE, "state", row.state),
    )
    if _organises(tx, row):
        card.signed = counts.get("PLACED", 0)
        card.waiting = counts.get("IN_LINE", 0)
        card.present = counts.get("CAME", 0) + counts.get("SERVED", 0)
    return card


def _organised(tx: Tx, activity_id: str) -> Row:
    row = storage.activities.activity(tx.conn, activity_id)
    if row is None or not _organises(tx, row):
        raise NotFound(kind="activity", id=activity_id)
    return row


def activity_signups(tx: Tx, payload: SignupList) -> Page[SignupCard]:
    """活动报名名单 / Who takes part, in the order in which they signed up.

    Raises:
        NotFound: No such activity in the caller's area.
    """
    row = _organised(tx, payload.activity_id)
    found = storage.activities.signups_page(tx.conn, row.activity_id, payload)
    return found.listed(
        lambda one: SignupCard.of(
            one,
            id=one.signup_id,
            signed_at=one.created_at,
            **in_words(PACKAGE, "state", one.state),
        )
    )


def activity_code(tx: Tx, payload: WhichActivity) -> ActivityCode:
    """签到码 / The code with which people check in and out now.

    Answer the code and what its QR code says, to who organises there: it is shown on the spot.

    Raises:
        NotFound: No such activity in the caller's area.
    """
    row = _organised(tx, payload.activity_id)
    turn = rules.activities.turn_of(tx.now)
    code = storage.activities.code_of(storage.vault(tx), row.activity_id, turn)
    return ActivityCode(
        activity_id=row.activity_id,
        code=code,
        payload=f"fivered:activity:{row.activity_id}:{code}",
        valid_until=rules.activities.end_of(turn),
    )
