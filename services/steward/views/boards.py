"""Contact boards of before: which versions there were, and what stood on one."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.replies.visits import BoardVersion, OldBoard, OldEntry

PACKAGE = "fivered.services.steward"


class BoardList(Request, frozen=True):
    """分页 / Which part of a list."""

    grid: str
    sort: Annotated[Literal["version", "-version"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichBoard(Request, frozen=True):
    """Which version of a board is meant."""

    grid: str
    version: Annotated[int, Meta(ge=1, le=1_000_000)]


def contact_boards(tx: Tx, payload: BoardList) -> Page[BoardVersion]:
    """公示牌历次版本 / The versions of a grid's contact board, newest first.

    Raises:
        RoleDenied: The grid lies outside the caller's scope.
    """
    tx.require_scope(payload.grid)
    found = storage.rota.boards(tx.conn, payload.grid, payload)
    return found.listed(
        lambda row: BoardVersion.of(row, entries=len(row.entries), vacant=sorted(row.reasons))
    )


def contact_board_version(tx: Tx, payload: WhichBoard) -> OldBoard:
    """旧版公示牌 / One version of a grid's contact board, as it was published.

    Whoever has taken the consent back since then is named by the id only.

    Raises:
        NotFound: There is no such version in the caller's area.
    """
    row = storage.rota.board(tx.conn, payload.grid, payload.version)
    if row is None or not rules.access.may_see(tx.actor, "standing", payload.grid):
        raise NotFound(kind="contact_board", id=f"{payload.grid} {payload.version}")
    vault = storage.vault(tx)

    def entry(said: dict[str, str]) -> OldEntry:
        post = storage.posts.known(tx.conn, said["steward_id"])
        person = storage.people.person(tx.conn, post.person_id) if post.board_consent else None
        name = vault.open(person.name, f"{person.person_id}.name") if person is not None else None
        told = {**said, **in_words(PACKAGE, "duty", said["duty"])}
        return OldEntry.of(told, name=name)

    return OldBoard.of(
        row,
        grid_name="".join(storage.ground.names(tx.conn, payload.grid)),
        entries=[entry(said) for said in row.entries],
    )
