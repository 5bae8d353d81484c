"""What a public notice says of the entries of a settlement, and would say of them now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fivered.chassis.records import Row
from fivered.services.credit.rules import published as rules
from fivered.services.credit.storage import counting
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import settlement as store
from fivered.services.credit.storage.in_force import rules_in_force

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx

RED_LIST = ("AA", "AAA")
ORGANISATIONS = rules.ORGANISATIONS


class Now(NamedTuple):
    """What a notice would say of an entry now, and the state of the entry."""

    item: rules.Item
    state: str


def gates(text: str) -> list[str]:
    """Return the names of missed gates."""
    return text.split(",") if text else []


def published_now(tx: Tx, settlement_id: str, subjects: Collection[str]) -> dict[str, Now]:
    """Return subject -> what a notice would say of it now; nothing of a person who is not on the
    red list any more."""
    row = store.settlement(tx.conn, settlement_id)
    if row is None or not subjects:
        return {}
    entries = entry_store.entries(tx.conn, settlement_id, subjects=subjects)
    shown = [e for e in entries if e.kind in ORGANISATIONS or e.grade in RED_LIST]
    items = items_of(tx, row, shown, subjects)
    return {item.subject: Now(item, entry.state) for item, entry in zip(items, shown, strict=True)}


def items_of(
    tx: Tx, row: Row, entries: Sequence[Row], only: Collection[str] | None
) -> list[rules.Item]:
    """Return what a notice says of entries, each in the words of its kind."""
    in_force = rules_in_force(tx.conn)
    reasons: dict[str, list[rules.Reason]] = defaultdict(list)
    if entries:
        for award in counting.listed_awards(tx.conn, row.settlement_id, row.period, only):
            found = rules.reason_of(in_force.rule_of(award), award.score, deduction=award.deduction)
            if found is not None:
                reasons[award.subject_id].append(found)
    return [
        rules.item_of(
            entry.kind,
            entry.subject_id,
            score=entry.score,
            grade=entry.grade,
            gates_failed=gates(entry.gates_failed),
            reasons=reasons.get(entry.subject_id, []),
        )
        for entry in entries
    ]
