"""What was changed in the registers of people, areas and stewards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

import msgspec
from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.i18n import problem_of
from fivered.chassis.records import Row
from fivered.chassis.refusal import Refusal
from fivered.services.steward import storage
from fivered.services.steward.storage.people import Before

# Why a register is changed.
Reason = Annotated[str, Meta(min_length=2, max_length=300), PUBLIC]


class Refused(TypedDict):
    """What a line of a batch says that was refused: why, in both languages too."""

    result: str
    field: str
    message_zh: str
    message_en: str


def refused(refusal: Refusal) -> Refused:
    """Return what the line of one of many says that was refused."""
    said = problem_of(refusal, "fivered.services.steward")
    return {
        "result": refusal.guard or refusal.code,
        "field": refusal.field,
        "message_zh": said["message_zh"],
        "message_en": said["message_en"],
    }


def before(tx: Tx, change: Row) -> Before:
    """Return what a register said before a change."""
    return storage.people.before(storage.vault(tx), change)


def note_change(
    tx: Tx,
    kind: str,
    ref: str,
    version: int,
    action: str,
    *,
    before: Mapping[str, object],
    reason: str | None = None,
) -> None:
    """Keep what a register said before, and who changed it why."""
    vault = storage.vault(tx)
    storage.people.write_change(
        tx.conn,
        kind=kind,
        ref=ref,
        version=version,
        at=tx.now,
        actor_id=tx.actor.id,
        actor_role=tx.actor.role,
        action=action,
        fields=sorted(before),
        reason=vault.seal_or_none(reason, f"{ref}.reason", ref),
        before=vault.seal(msgspec.json.encode(before).decode(), f"{ref}.before", ref),
    )
