"""Areas that a person names: looked up in what the registry has told."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.services.credit.errors import UnknownArea
from fivered.services.credit.storage import registry


def require_known(tx: Tx, code: str, *, field: str = "area") -> None:
    """Refuse an area of which the registry has not told.

    Raises:
        UnknownArea: There is none.
    """
    if not registry.has_area(tx.conn, code):
        raise UnknownArea(field=field, area=code)
