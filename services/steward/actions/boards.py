"""Contact boards: who serves in a grid, published by people and renewed when posts change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, field

from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PublicText
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import DutyWithoutEntry


class PublishBoard(Request, frozen=True):
    """发布公示牌 / Publish a contact board."""

    grid: str
    reasons: Annotated[
        dict[str, Annotated[PublicText, Meta(max_length=200)]],
        Meta(
            max_length=50,
            description="无人岗位的说明 / why a duty has no name",
            examples=[{"GAS": "本小区未通燃气"}],
        ),
    ] = field(default_factory=dict)


def publish_board(tx: Tx, payload: PublishBoard) -> replies.Changed:
    """发布管家公示牌 / Publish a grid's contact board.

    Publish a grid's contact board: every required duty has a name or a stated reason. One that says
    what the newest one says stays that one.

    Raises:
        UnknownGrid: No such grid.
        DutyWithoutEntry: A duty has neither.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    require_serving(tx)
    storage.ground.require_grid(tx.conn, payload.grid)
    tx.require_scope(payload.grid)
    # The grid's row orders rivals: each publishes the board after that of the other one.
    storage.ground.lock_area(tx.conn, payload.grid)
    entries = _entries(tx, payload.grid)
    covered = {entry["duty"] for entry in entries}
    reasons = {
        duty: reason.strip()
        for duty, reason in payload.reasons.items()
        if duty in rules.routing.DUTIES and duty not in covered and reason.strip()
    }
    open_duties = [d for d in rules.routing.DUTIES if d not in covered and d not in reasons]
    if open_duties:
        raise DutyWithoutEntry(duties=", ".join(open_duties), field="reasons")
    before = storage.posts.board(tx.conn, payload.grid)
    if before is not None and (before.entries, before.reasons) == (entries, reasons):
        return replies.Changed(id=payload.grid, state="PUBLISHED", version=before.version)
    version = _insert(tx, payload.grid, entries, reasons)
    return replies.Changed(id=payload.grid, state="PUBLISHED", version=version)


def _entries(tx: Tx, grid: str, *, without: str = "") -> list[dict[str, str]]:
    return [
        {"steward_id": row.steward_id, "duty": row.duty}
        for row in storage.posts.serving(tx.conn, grid)
        if row.board_consent and row.steward_id != without
    ]


def _insert(tx: Tx, grid: str, entries: list[dict[str, str]], reasons: dict[str, str]) -> int:
    before = storage.posts.board(tx.conn, grid)
    version = before.version + 1 if before is not None else 1
    storage.posts.insert_board(
        tx.conn,
        grid=grid,
        version=version,
        area=grid[:12],
        entries=entries,
        reasons=reasons,
        published_at=tx.now,
        published_by=tx.actor.id,
    )
    return int(version)


def republish(tx: Tx, steward: Row, *, without: bool = False) -> None:
    """Publish the boards of a steward's grids anew; a duty that lost its last name is vacant.

    With `without` they are published as if that person did not serve there.
    """
    left_out = steward.steward_id if without else ""
    for grid in storage.posts.grids_of(tx.conn, steward.steward_id):
        storage.ground.lock_area(tx.conn, grid)
        before = storage.posts.board(tx.conn, grid)
        if before is not None:
            renew(tx, grid, before.reasons, without=left_out)


def renew(tx: Tx, grid: str, said: Mapping[str, str], *, without: str = "") -> None:
    """Publish a board as posts stand now, with the reasons said before for who is missing."""
    entries = _entries(tx, grid, without=without)
    covered = {entry["duty"] for entry in entries}
    served = {row.duty for row in storage.posts.serving(tx.conn, grid) if row.steward_id != without}
    reasons = {
        duty: str(rules.words.reason_of(said.get(duty), served=duty in served))
        for duty in rules.routing.DUTIES
        if duty not in covered
    }
    _insert(tx, grid, entries, reasons)
