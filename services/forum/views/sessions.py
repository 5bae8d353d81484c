"""Sessions of an area, and the room of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import UNSET

from fivered.chassis import few, records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Area, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, RoleDenied
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.forum import replies, rules, storage
from fivered.services.forum.rules.ical import icalendar
from fivered.services.forum.views.cards import (
    is_near,
    sees_inside,
    tally_card,
    title_of,
)


class SessionOf(Request, frozen=True):
    """Which session."""

    session_id: str


class SessionsAsked(Request, frozen=True):
    """Which sessions."""

    scope: Area | None = None
    state: Literal["SCHEDULED", "OPEN", "ENDED", "ADJOURNED", "CANCELLED"] | None = None
    topic_id: str | None = None
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def session(tx: Tx, payload: SessionOf) -> replies.SessionReply:
    """协商会 / The session room.

    Return the session room: agenda, live quorum, who speaks for which grid, the calendar entry.

    Raises:
        NotFound: There is none.
    """
    row = records.find(tx.conn, storage.tables.sessions, payload.session_id)
    if row is None:
        raise NotFound(kind="session", id=payload.session_id)
    items = storage.agenda.agenda(tx.conn, payload.session_id)
    invited = storage.invitations.invitations_of(tx.conn, payload.session_id)
    if not is_near(tx, row.area) and tx.actor.id not in {i.person_id for i in invited}:
        raise NotFound(kind="session", id=payload.session_id)
    near = [code for item in items for code in rules.reach(item)]
    counted = rules.presence(invited, near)
    inside = sees_inside(tx, row.area) or tx.actor.id == row.host_id
    own = [i for i in invited if i.person_id == tx.actor.id]
    return replies.SessionReply.of(
        row,
        id=row.session_id,
        community=row.area,
        host_id=row.host_id if inside else UNSET,
        agenda=[
            replies.OnAgenda.of(
                item,
                title=title_of(tx, item),
                state=item.state,
                ballots=storage.votes.count_cast(tx.conn, row.session_id, item.topic_id),
                tally=tally_card(item),
            )
            for item in items
        ],
        quorum=replies.Quorum.of(counted, needed=counted.quorum, holds=_holds(counted)),
        capacities=_per_capacity(invited, whole=inside or bool(own)),
        draw=replies.Draw.of(row),
        representation=_representation(tx, items, invited, whole=inside or bool(own)),
        invitations=[
            replies.InvitationCard.of(one, id=one.invitation_id)
            for one in (invited if inside else own)
        ],
        ical=icalendar(
            session_id=row.session_id,
            start=row.start_at,
            place=row.place,
            titles=[title_of(tx, item) for item in items],
            version=row.version,
            stamp=row.notice_sent_at,
            cancelled=row.state in {"ADJOURNED", "CANCELLED"},
        ),
    )


def session_list(tx: Tx, payload: SessionsAsked) -> Page[replies.SessionCard]:
    """协商会列表 / Sessions of an area.

    Return the sessions of an area, newest first, with what they are about.

    Raises:
        RoleDenied: The area lies in another district.
    """
    scope = payload.scope or tx.actor.scope
    if not is_near(tx, scope):
        raise RoleDenied(role=tx.actor.role, scope=tx.actor.scope, area=scope)
    found = storage.sessions.session_page(
        tx.conn, payload, scope=scope, state=payload.state, topic_id=payload.topic_id
    )
    about = storage.agenda.agendas(tx.conn, [row.session_id for row in found.rows])
    return found.listed(
        lambda row: replies.SessionCard.of(
            row,
            id=row.session_id,
            community=row.area,
            start=row.start_at,
            topics=[
                replies.AgendaItem.of(one, title=title_of(tx, one), state=one.state)
                for one in about.get(row.session_id, ())
            ],
        )
    )


def _holds(counted: rules.Presence) -> bool:
    return (
        counted.voting_present > 0
        and counted.voting_present >= counted.quorum
        and counted.resident_present >= counted.residents_needed
    )


def _per_capacity(invited: Sequence[Row], *, whole: bool) -> dict[str, replies.CapacityCount]:
    """Return how many there are of each capacity; small numbers to who is in the room alone."""
    found: dict[str, list[Row]] = {}
    for row in invited:
        found.setdefault(row.capacity, []).append(row)
    shown = {
        capacity: replies.CapacityCount(
            invited=len(rows),
            yes=sum(row.answer == "YES" for row in rows),
            attended=sum(row.attended_at is not None for row in rows),
        )
        for capacity, rows in found.items()
    }
    if whole:
        return shown
    parts = {"yes": "invited", "attended": "invited"}
    return {capacity: few.hide(count, parts=parts) for capacity, count in shown.items()}


def _representation(
    tx: Tx, items: Sequence[Row], invited: Sequence[Row], *, whole: bool
) -> list[replies.Representation]:
    """Return, per affected grid, its adults and how many residents of it are invited and there;
    small numbers to who is in the room alone."""
    scope = sorted({code for item in items for code in item.scope})
    grids = sorted({g for code in scope for g in grids_of(tx, code)})
    adults = storage.heard.adults_per_grid(tx.conn, grids)
    side = [i for i in invited if i.capacity in rules.RESIDENT_SIDE]
    homes = storage.heard.residents_of(tx.conn, [i.person_id for i in side])
    shown = []
    for grid in grids:
        of_grid = [i for i in side if i.person_id in homes and homes[i.person_id].grid == grid]
        present = sum(i.attended_at is not None for i in of_grid)
        shown.append(
            replies.Representation(
                grid=grid,
                adults=adults.get(grid, 0),
                invited=len(of_grid),
                present=present,
                warning="GRID_NOT_PRESENT" if adults.get(grid) and not present else None,
            )
        )
    if whole:
        return shown
    return [few.hide(one, parts={"present": "invited"}) for one in shown]


def grids_of(tx: Tx, code: str) -> list[str]:
    """Return the grids of an area."""
    return [code] if len(code) == 15 else storage.heard.areas_in(tx.conn, code, 15)
