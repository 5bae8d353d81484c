"""A version of the service standards: proposed by one person, approved by another one, in force
from a day on. What was filed before stays under the version of then."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, field

from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.steward import rules, storage
from fivered.services.steward.actions.changes import Reason
from fivered.services.steward.errors.standards import (
    CategoryNotOffered,
    NoSuchPart,
    StandardProposed,
    StandardSamePerson,
    StandardTooEarly,
    StandardUnchanged,
)
from fivered.services.steward.replies.standards import StandardReply
from fivered.services.steward.rules.areas import DISTRICT
from fivered.services.steward.rules.standards import CategoryTerms, Hours, Standard, Times


class ProposeStandard(Request, frozen=True):
    """办理标准的修改 / What a new version of the service standards changes.

    Rows replace those of the same code in the last approved version; the others stay.
    """

    effective_from: Annotated[
        date,
        Meta(description="施行日期 / the first day on which it counts", examples=["2027-01-01"]),
    ]
    source: Annotated[
        str,
        Meta(
            min_length=2,
            max_length=300,
            description="依据 / by which decision",
            examples=["任城区网格服务办理规范(2027年修订)"],
        ),
        PUBLIC,
    ]
    hours: Annotated[list[Hours], PUBLIC, Meta(max_length=20)] = field(default_factory=list)
    times: Annotated[list[Times], Meta(max_length=5)] = field(default_factory=list)
    categories: Annotated[list[CategoryTerms], PUBLIC, Meta(max_length=200)] = field(
        default_factory=list
    )


class WhichStandard(Request, frozen=True):
    """A version of the service standards."""

    standard_id: str


class RejectStandard(Request, frozen=True):
    """理由 / A reason."""

    standard_id: str
    reason: Annotated[Reason, Meta(examples=["时限与省级规范不符"])]


def propose_standard(tx: Tx, payload: ProposeStandard) -> StandardReply:
    """起草办理标准 / Propose a version of the service standards; another person approves it.

    Raises:
        RoleDenied: The caller acts for a part of the district only.
        Invalid: What comes out cannot be measured by.
        StandardUnchanged: It changes nothing.
        StandardTooEarly: It would count from a day that is over, or before the last version does.
        StandardProposed: Another proposal waits.
    """
    tx.require_scope(DISTRICT)
    last = storage.standards.latest(tx.conn)
    _check_day(tx, payload.effective_from, last)
    base = storage.standards.content(last)
    new = rules.standards.merged(base, payload.hours, payload.times, payload.categories)
    if new == base:
        raise StandardUnchanged(field="categories")
    row = storage.standards.insert(
        tx.conn,
        standard_id=tx.new_id("std"),
        number=storage.standards.last_number(tx.conn) + 1,
        state="PROPOSED",
        based_on=last.standard_id,
        effective_from=payload.effective_from,
        effective_at=tx.calendar.midnight(payload.effective_from),
        source=payload.source,
        content=msgspec.to_builtins(new),
        proposed_by=tx.actor.id,
        proposed_at=tx.now,
        version=1,
    )
    if row is None:
        raise StandardProposed
    return StandardReply.of(row, id=row.standard_id)


def _check_day(tx: Tx, day: date, last: Row) -> None:
    earliest = max(tx.calendar.local_date(tx.now), last.effective_from)
    if day <= earliest:
        raise StandardTooEarly(day=earliest.isoformat(), field="effective_from")


def approve_standard(tx: Tx, payload: WhichStandard) -> StandardReply:
    """批准办理标准 / Approve a version that another person has proposed.

    Raises:
        RoleDenied: The caller acts for a part of the district only.
        NotFound: There is no such version.
        StateConflict: It was decided.
        StandardSamePerson: The caller proposed it.
        StandardTooEarly: The day from which it should count is here: draft it anew.
    """
    row = _open(tx, payload.standard_id)
    if row.proposed_by == tx.actor.id:
        raise StandardSamePerson
    _check_day(tx, row.effective_from, storage.standards.latest(tx.conn))
    return _decide(tx, row, "APPROVED", None)


def reject_standard(tx: Tx, payload: RejectStandard) -> StandardReply:
    """退回办理标准 / Turn a proposed version down, or take one's own back.

    Raises:
        RoleDenied: The caller acts for a part of the district only.
        NotFound: There is no such version.
        StateConflict: It was decided.
    """
    return _decide(tx, _open(tx, payload.standard_id), "REJECTED", payload.reason)


def _open(tx: Tx, standard_id: str) -> Row:
    tx.require_scope(DISTRICT)
    row = storage.standards.lock(tx.conn, standard_id)
    tx.check_version(row.version)
    if row.state != "PROPOSED":
        raise StateConflict(state=row.state)
    return row


def _decide(tx: Tx, row: Row, state: str, reason: str | None) -> StandardReply:
    row = storage.standards.update(
        tx.conn, row, state=state, reason=reason, decided_by=tx.actor.id, decided_at=tx.now
    )
    if row.proposed_by != tx.actor.id:
        tell(
            tx,
            f"STANDARD_{state}",
            row.proposed_by,
            about=("service_standard", row.standard_id),
            number=row.number,
            **({"reason": reason} if reason else {"day": row.effective_from.isoformat()}),
        )
    return StandardReply.of(row, id=row.standard_id)


def for_new(tx: Tx, category: str, part: str | None) -> tuple[str, Standard]:
    """Return the version in force, by its id, for a request that is filed now.

    Raises:
        CategoryNotOffered: New requests do not name this category any more.
        NoSuchPart: It has no such part.
    """
    standard_id = storage.standards.in_force(tx.conn, tx.now)
    standard = storage.standards.standard(tx.conn, standard_id)
    if not standard.known(category).offered:
        raise CategoryNotOffered(category=category, field="category")
    check_part(standard, category, part)
    return standard_id, standard


def check_part(standard: Standard, category: str, part: str | None) -> None:
    """Refuse a part that a category has not.

    Raises:
        NoSuchPart: It has no such part.
    """
    known = [one.category for one in standard.parts(category)]
    if part is not None and part not in known:
        raise NoSuchPart(category=category, part=part, known=known, field="subcategory")
