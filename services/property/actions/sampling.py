"""Which of what was found good is looked at again."""

from __future__ import annotations

import hashlib
from typing import Literal

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.services.property.storage import tables
from fivered.services.property.storage.rows import Row

Kind = Literal["RECTIFICATION", "COMPLAINT"]
# One of so many is looked at again; which one, nobody can choose or foresee by its number.
ONE_OF = 5


def sample(tx: Tx, kind: Kind, row: Row, *, always: bool = False) -> None:
    """Let what was just found good wait for a second look, if it is one of the sample."""
    ref = str(getattr(row, records.key_of(TABLES[kind]).name))
    if always or is_drawn(ref, row.version):
        by = row.checked_by if kind == "RECTIFICATION" else tx.actor.id
        open_check(tx, kind, row, ref, found_good_by=by)


def is_drawn(ref: str, version: int) -> bool:
    """Tell whether a thing of this id is of the sample, as it is found good in a version."""
    return hashlib.sha256(f"{ref}|{version}".encode()).digest()[0] % ONE_OF == 0


TABLES = {"RECTIFICATION": tables.rectifications, "COMPLAINT": tables.complaints}


def open_check(tx: Tx, kind: str, row: Row, ref: str, *, found_good_by: str | None) -> Row:
    """Write that something waits for a second look."""
    return records.create(
        tx,
        tables.quality_checks,
        step="SAMPLED",
        check_id=tx.new_id("qck"),
        kind=kind,
        ref=ref,
        project_id=row.project_id,
        state="WAITING",
        found_good_by=found_good_by,
        looked_by=None,
        looked_at=None,
        finding=None,
        visited=False,
        satisfied=None,
        media=[],
        opened=None,
        area=row.area,
        version=1,
        created_at=tx.now,
    )
