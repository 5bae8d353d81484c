"""Audit: one plain row per command that took effect. Days are sealed by `audit_seals`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from fivered.chassis.messages import Call


def row_of(call: Call, digest: str, reply: object) -> Mapping[str, object]:
    """Return the row that says who did what; it is written in the transaction of the command."""
    target = reply.get("id") if isinstance(reply, dict) else None
    state = reply.get("state") if isinstance(reply, dict) else None
    return {
        "at": datetime.now(UTC),
        "actor": call.actor.id,
        "role": call.actor.role,
        "scope": call.actor.scope,
        "action": call.method,
        "target": str(target)[:120] if target else None,
        "result": str(state or "DONE")[:40],
        "digest": digest,
        "trace": (call.traceparent or "")[:64] or None,
        "session": call.actor.session[:64] or None,
        "address": call.actor.address[:45] or None,
        "refused": None,
    }
