"""The toy takes photos and papers that prove something of a counter."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import files
from fivered.chassis.bus import shown
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Reply
from fivered.chassis.requests import Request
from fivered.chassis.table import command, query
from fivered.chassis.tests.toy.importing import ImportingToy
from fivered.chassis.transaction import Tx


class Prove(Request, frozen=True):
    counter_id: str
    media: Annotated[list[str], Meta(max_length=20)]
    refuse: bool = False


class Proved(Reply):
    id: str


def prove(tx: Tx, payload: Prove) -> Proved:
    """佐证 / Prove."""
    files.attach(tx, payload.media, counter_id=payload.counter_id, whose="per_1")
    if payload.refuse:
        raise NotFound(kind="proof", id="—")
    return Proved(payload.counter_id)


class Which(Request, frozen=True):
    counter_id: str


class Secret(Proved):
    media: list[str]


def secret(tx: Tx, payload: Which) -> Secret:
    """只有区级可见附件 / The district alone is told of what was sent with it."""
    table = tx.runtime.chassis.files
    asked = sa.select(table.c.file_id).where(table.c.thing_id == payload.counter_id)
    told = tx.conn.execute(asked).scalars() if tx.actor.role == "R_DISTRICT" else ()
    return Secret(payload.counter_id, list(told))


class FilingToy(ImportingToy):
    shown_by = shown(counter_id="secret")
    doors = (
        command("POST /proofs", prove, roles=("*",), status=201),
        query("GET /counters/{counter_id}", secret, roles=("R_DISTRICT", "R_CADRE")),
    )
