"""Subjects that no event opens: merchants and units in the area, by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chassis.refusal import Invalid, NotFound, StateConflict
from services.credit.storage import registry

if TYPE_CHECKING:
    from chassis.bus import Tx

BY_HAND = ("MER", "UNT")
_REF = re.compile(r"^[a-z]{2,4}_[A-Za-z0-9_-]{1,56}$")


@dataclass(frozen=True, slots=True)
class OpenSubject:
    """A merchant or unit that takes part, by its id where it is registered."""

    kind: str
    ref: str
    area: str


@dataclass(frozen=True, slots=True)
class CloseSubject:
    """A subject that takes part no more."""

    subject_id: str


def open_subject(tx: Tx, order: OpenSubject) -> dict[str, Any]:
    """Open a merchant or a unit as a subject. Twice gives the same answer.

    Raises:
        Invalid: Another kind, or an id or area of the wrong shape.
        RoleDenied: The area lies outside the caller's scope.
        StateConflict: It is open elsewhere.
    """
    if order.kind not in BY_HAND:
        raise Invalid(field="kind", reason=f"只能登记 {'、'.join(BY_HAND)}")
    if not _REF.match(order.ref):
        raise Invalid(field="ref", reason="编号格式应为 mer_… 或 unt_…")
    if not re.fullmatch(r"[0-9]{6}([0-9]{3}([0-9]{3})?)?", order.area):
        raise Invalid(field="area", reason="区划代码应为6、9或12位数字")
    tx.require_scope(order.area)
    subject_id = f"{order.kind}:{order.ref}"
    known = registry.subject(tx.conn, subject_id, lock=True)
    if known is not None and known.area is not None:
        if known.area != order.area:
            raise StateConflict(state=known.state, field="area")
        return {"id": subject_id, "state": known.state, "version": known.version}
    row = registry.stub(subject_id, tx.now)
    row |= {"area": order.area, "area_before": order.area, "area_since": tx.now}
    registry.put_subject(tx.conn, row)
    found = registry.subject(tx.conn, subject_id)
    return {"id": subject_id, "state": found.state, "version": found.version}


def close_subject(tx: Tx, order: CloseSubject) -> dict[str, Any]:
    """Close such a subject.

    Raises:
        NotFound: There is none.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is closed already, or opened by another service.
    """
    known = registry.subject(tx.conn, order.subject_id, lock=True)
    if known is None or known.area is None:
        raise NotFound(kind="subject", id=order.subject_id)
    tx.require_scope(known.area)
    tx.check_version(known.version)
    if known.state == "CLOSED" or known.kind not in BY_HAND:
        raise StateConflict(state=known.state)
    registry.change_subject(tx.conn, order.subject_id, state="CLOSED", closed_at=tx.now)
    return {"id": order.subject_id, "state": "CLOSED", "version": known.version + 1}
