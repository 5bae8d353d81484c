"""What was changed in the registers of people, areas and stewards."""

from __future__ import annotations

from typing import Any

import msgspec

from chassis.bus import Tx
from chassis.i18n import problem_of
from chassis.refusal import Refusal
from services.steward import storage


def told(refusal: Refusal) -> dict[str, str]:
    """Return why one of many was refused, in both languages."""
    said = problem_of(refusal, "services.steward")
    return {"message_zh": said["message_zh"], "message_en": said["message_en"]}


def before(tx: Tx, change: Any) -> dict[str, Any]:
    """Return what a register said before a change."""
    return storage.people.before(storage.vault(tx.settings.keys), change)


def note_change(
    tx: Tx,
    kind: str,
    ref: str,
    version: int,
    action: str,
    *,
    before: dict[str, Any],
    reason: str | None = None,
) -> None:
    """Keep what a register said before, and who changed it why."""
    vault = storage.vault(tx.settings.keys)
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
        reason=vault.seal_or_none(reason, f"{ref}.reason"),
        before=vault.seal(msgspec.json.encode(before).decode(), f"{ref}.before"),
    )
