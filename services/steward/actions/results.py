"""What goes back to the systems from which a request came: each step for which they wait."""

from __future__ import annotations

from collections.abc import Mapping

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.services.steward import storage

_STEPS = {
    "dispatch": "DISPATCHED", "redispatch": "DISPATCHED", "transfer": "DISPATCHED",
    "take": "DISPATCHED", "accept": "ACCEPTED", "resolve": "RESOLVED", "close": "CLOSED",
    "reject": "REJECTED", "reopen": "REOPENED", "cancel": "CANCELLED", "merge": "JOINED",
    "unmerge": "PARTED", "go_on": "PARTED",
}  # fmt: skip
_WITH_DUE = ("DISPATCHED", "REOPENED", "PARTED")


def of_step(tx: Tx, row: Row, action: str, detail: Mapping[str, object]) -> None:
    """Keep a step of a request for the sources of what it grew from, and of what follows it."""
    name = _STEPS.get(action)
    if name is None or (name == "DISPATCHED" and row.handler is None):
        return
    items = storage.intake.below(tx.conn, row.request_id)
    if items:
        case = storage.cases.root(tx.conn, row)
        kept = {one: detail[one] for one in ("duty", "outcome", "reason", "note") if one in detail}
        if name not in {"REJECTED", "RESOLVED", "DISPATCHED"}:
            kept = {}
        elif name != "REJECTED":
            kept.pop("reason", None)
        if name in _WITH_DUE:
            kept["due"] = row.due_resolve.isoformat()
        keep(tx, items, name, case.request_id, kept)


def keep(
    tx: Tx, items: list[Row], step: str, request_id: str | None, detail: Mapping[str, object]
) -> None:
    """Keep a step for the sources of some items."""
    storage.intake.add_results(
        tx.conn,
        [
            {
                "source": one.source,
                "item_id": one.item_id,
                "area": one.area,
                "step": step,
                "request_id": request_id,
                "detail": detail,
                "at": tx.now,
            }
            for one in items
        ],
    )
