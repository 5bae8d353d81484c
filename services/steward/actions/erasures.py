"""Erasing what is kept about a person: asked for, reviewed by somebody else, and told to all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from fivered.chassis import own_data, records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.free_text import Office, PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.services.steward import events, replies, rules, storage
from fivered.services.steward.actions import kinship
from fivered.services.steward.actions.changes import note_change
from fivered.services.steward.actions.people import leave
from fivered.services.steward.errors import (
    ReasonNeeded,
    ReceiptNeeded,
    RecorderConfirms,
)

# Within these a request is decided (days).
DAYS = 15
# So often an approved one that is held up is looked at.
LOOKS_AGAIN = timedelta(hours=1)


class AskErasure(Request, frozen=True):
    """申请删除 / For oneself; staff for a person who asks on paper."""

    person_id: (
        Annotated[str, Meta(description="代为申请时填写 / by staff, for a person")] | None
    ) = None
    receipt: (
        Annotated[
            str,
            Office("staff of the area: the number of the signed paper"),
            Meta(min_length=2, max_length=100, examples=["SQ-2025-0007"]),
        ]
        | None
    ) = None


class DecideErasure(Request, frozen=True):
    """审核 / Whether it is done; a refusal says why."""

    erasure_id: str
    approved: bool
    reason: Annotated[PublicText, Meta(max_length=300)] | None = None


class WhichErasure(Request, frozen=True):
    """Which request is meant."""

    erasure_id: str


def ask_erasure(tx: Tx, payload: AskErasure) -> replies.ErasureCard:
    """申请删除个人信息 / Ask that the own data be erased.

    Ask that the own data be erased, or, as staff, for a person who has signed that on paper.

    答复写明删除什么、保留什么、有何未了事项;15 日内审核。The answer says what goes, what stays
    and what is in the way. It is decided within 15 days.

    Raises:
        NotFound: No such person here.
        ReceiptNeeded: Staff names the signed paper.
        RoleDenied: The caller is neither the person nor staff of the area.
        StateConflict: The registration was given up or erased.
        SelfConfirm: It is somebody of the caller's household.
    """
    person_id = payload.person_id or tx.actor.id
    row = storage.people.lock(tx.conn, person_id)
    own = person_id == tx.actor.id
    if not own and tx.actor.role not in rules.access.SENIORS:
        raise RoleDenied(role=tx.actor.role, field="person_id")
    if row is None or not (own or tx.actor.covers(row.grid or row.area)):
        raise NotFound(kind="person", id=person_id)
    if row.status in {"MERGED", "ERASED"}:
        raise StateConflict(state=row.status)
    if not own:
        kinship.require_not_own(tx, person_id)
        if payload.receipt is None:
            raise ReceiptNeeded(field="receipt")
    known = storage.erasures.waiting(tx.conn, person_id)
    if known is not None:
        return _card(tx, known)
    found = storage.erasures.insert(
        tx.conn,
        erasure_id=tx.new_id("ers"),
        person_id=person_id,
        area=row.area,
        state="ASKED",
        receipt=payload.receipt,
        asked_by=tx.actor.id,
        created_at=tx.now,
        decide_by=tx.now + timedelta(days=DAYS),
        version=1,
    )
    return _card(tx, found)


def _card(tx: Tx, row: Row) -> replies.ErasureCard:
    vault = storage.vault(tx)
    return replies.ErasureCard.about(row, *storage.erasures.told(tx.conn, vault, row))


def _waiting(tx: Tx, erasure_id: str) -> Row:
    row = storage.erasures.erasure(tx.conn, erasure_id)
    if row is None:
        raise NotFound(kind="erasure", id=erasure_id)
    own = tx.actor.id in {row.person_id, row.asked_by}
    if not own and not (tx.actor.role in rules.access.SENIORS and tx.actor.covers(row.area)):
        raise NotFound(kind="erasure", id=erasure_id)
    tx.check_version(row.version)
    records.require_state(row, *storage.erasures.WAITING)
    return row


def withdraw_erasure(tx: Tx, payload: WhichErasure) -> replies.ErasureCard:
    """撤回删除申请 / Withdraw a request that was not carried out.

    Raises:
        NotFound: No such request of the caller.
        RoleDenied: Somebody else has asked.
        StateConflict: It was decided.
    """
    row = _waiting(tx, payload.erasure_id)
    if tx.actor.id not in {row.person_id, row.asked_by}:
        raise RoleDenied(role=tx.actor.role)
    return _card(tx, storage.erasures.update(tx.conn, row, state="WITHDRAWN"))


def decide_erasure(tx: Tx, payload: DecideErasure) -> replies.ErasureCard:
    """审核删除申请 / Decide whether the data of a person are erased.

    Approve or refuse it. An approved one takes effect in all services and cannot be undone: the
    registration ends, its account is closed. As long as the person holds something (`holds`) it is
    HELD, and goes on by itself within an hour after that was handed over.

    有未交接事项(`holds`)的,批准后为 HELD,交接后一小时内自动执行。

    账目、已公布月份、审计以编号保留。Ledger, published months and audit keep the id.

    Raises:
        NotFound: No such request here.
        ReasonNeeded: A refusal says why.
        RecorderConfirms: Neither who asked decides, nor that household.
        SelfConfirm: It is somebody of the caller's household.
        StateConflict: It was decided.
    """
    if tx.first is not None:
        # The reason is in no stored reply: it is told from the row, as long as it stands there.
        return _card(tx, storage.erasures.known(tx.conn, str(tx.first["id"])))
    waiting = _waiting(tx, payload.erasure_id)
    row = storage.people.locked(tx.conn, waiting.person_id)
    kinship.require_not_own(tx, row.person_id)
    if kinship.is_own(tx, waiting.asked_by):
        raise RecorderConfirms
    if not payload.approved and payload.reason is None:
        raise ReasonNeeded(field="reason")
    state = _carried_out(tx, waiting, row) if payload.approved else "REFUSED"
    vault = storage.vault(tx)
    decided = storage.erasures.update(
        tx.conn,
        waiting,
        state=state,
        reason=vault.seal_or_none(payload.reason, f"{waiting.erasure_id}.reason", row.person_id),
        decided_by=tx.actor.id,
        decided_at=tx.now,
    )
    # Of one that is carried out nobody is left who could be told.
    if state != "DONE":
        kind = f"ERASURE_{state}"
        tell(tx, kind, row.person_id, about=("erasure", waiting.erasure_id))
    return _card(tx, decided)


def _carried_out(tx: Tx, asked: Row, row: Row) -> str:
    """Carry out what was approved, or look again later; returns the state of the request."""
    if storage.erasures.holds(tx.conn, row.person_id):
        tx.arm("erasure", asked.erasure_id, tx.now + LOOKS_AGAIN)
        return "HELD"
    _carry_out(tx, row)
    return "DONE"


def on_held(tx: Tx, due: Due) -> None:
    """批准的删除在交接后执行 / An approved erasure goes on when everything was handed over."""
    asked = storage.erasures.known(tx.conn, due.ref)
    if asked.state != "HELD":
        return
    row = storage.people.locked(tx.conn, asked.person_id)
    if _carried_out(tx, asked, row) == "DONE":
        storage.erasures.update(tx.conn, asked, state="DONE")


def erase_again(tx: Tx, person_ids: Sequence[str]) -> None:
    """Carry out what was decided and is forgotten after a restore: without asking again."""
    for person_id in person_ids:
        row = storage.people.lock(tx.conn, person_id)
        if row is None or row.status in {"ERASED", "MERGED"}:
            own_data.erase(tx, [person_id])
            continue
        _carry_out(tx, row)
        storage.erasures.end(tx.conn, person_id, tx.now)


def _carry_out(tx: Tx, row: Row) -> None:
    if row.status == "ACTIVE":
        row = leave(tx, row, "MOVED_OUT")
    own_data.erase(tx, [row.person_id])
    gone = storage.erasures.mark_erased(tx.conn, storage.people.locked(tx.conn, row.person_id))
    note_change(tx, "PERSON", row.person_id, gone.version, "erase", before={})
    everyone = [row.person_id, *storage.people.given_up_for(tx.conn, row.person_id)]
    storage.corrections.end(tx.conn, everyone, tx.now)
    for person_id in everyone:
        tx.publish(
            events.PersonErased(person_id),
            subject=person_id,
            scope=row.area,
            sequence=gone.version,
        )
