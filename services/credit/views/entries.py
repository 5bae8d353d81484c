"""An entry of a settlement."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from fivered.services.credit import replies
from fivered.services.credit.storage.published import gates

if TYPE_CHECKING:
    from fivered.chassis.records import Row

CardT = TypeVar("CardT", bound=replies.EntryCard)


def card(row: Row, kind: type[CardT], **more: object) -> CardT:
    """Return an entry.

    Args:
        row: The row.
        kind: `EntryCard`, or one that says more.
        more: What it says more.
    """
    return kind.of(
        row,
        subject=row.subject_id,
        gates_failed=gates(row.gates_failed),
        points_released=row.released,
        **more,
    )
