"""What a person says is wrong in the register: proposed by the person, decided by an official."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PublicText, Sealed
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, StateConflict, said
from fivered.chassis.requests import Request
from fivered.chassis.telling import tell
from fivered.chassis.vault import Vault
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.actions import kinship
from fivered.services.steward.actions.people import CorrectPerson, apply_correction, corrected
from fivered.services.steward.errors import (
    CorrectionReasonNeeded,
    NothingCorrected,
    TooManyProposals,
)

# Within these a proposal is decided (days).
DAYS = 15
# So many of a person wait at a time.
MOST = 3
# What the history says where who approved has said nothing.
OWN_WISH = "本人申请更正"


class ProposeCorrection(Request, frozen=True):
    """更正申请 / What is to stand in the register; what is left out stays."""

    name: (
        Annotated[
            str,
            Sealed("the person and who decides"),
            Meta(min_length=2, max_length=20, examples=["王小莉"]),
        ]
        | None
    ) = None
    phone: Annotated[str, Meta(max_length=40, examples=["12812345679"])] | None = None
    birth_year: Annotated[int, Meta(ge=1900, le=2100)] | None = None


class DecideCorrection(Request, frozen=True):
    """审核 / Whether it is put right; a refusal says why."""

    correction_id: str
    approved: bool
    reason: Annotated[PublicText, Meta(min_length=2, max_length=300)] | None = None


class WhichCorrection(Request, frozen=True):
    """哪一件申请 / Which proposal is meant."""

    correction_id: str


def propose_correction(tx: Tx, payload: ProposeCorrection) -> replies.CorrectionCard:
    """申请更正本人信息 / Propose a correction of the own data.

    Propose what is to stand in the register. An official decides within 15 days.

    证件号须持证件到社区更正。An identity number is corrected at the community, with the document.

    同时待审核的申请至多三件。At most three proposals of a person wait at a time.

    Raises:
        Invalid: Nothing is proposed, or a value cannot be one.
        BirthAhead: The year of birth lies in the future.
        NotFound: The caller is not registered.
        NothingCorrected: All of it stands in the register already.
        NumberTellsBirth: The year of birth follows from the identity number.
        PhoneTaken: The phone is another household's.
        StateConflict: The caller is no longer here.
        TooManyProposals: As many as may be wait for a decision.
    """
    vault = storage.vault(tx)
    if tx.first is not None:
        return _again(tx, vault)
    row = storage.people.lock(tx.conn, tx.actor.id)
    if row is None:
        raise NotFound(kind="person", id=tx.actor.id)
    if row.status != "ACTIVE":
        raise StateConflict(state=row.status)
    wanted = _wanted(tx, row, payload)
    if storage.corrections.open_of(tx.conn, row.person_id) >= MOST:
        raise TooManyProposals(limit=MOST)
    correction_id = tx.new_id("cor")
    made = storage.corrections.insert(
        tx.conn,
        correction_id=correction_id,
        person_id=row.person_id,
        area=row.area,
        state="ASKED",
        wanted=vault.seal(
            msgspec.json.encode(wanted).decode(), f"{correction_id}.wanted", row.person_id
        ),
        created_at=tx.now,
        decide_by=tx.now + timedelta(days=DAYS),
        version=1,
    )
    return replies.CorrectionCard.about(made, vault)


def _again(tx: Tx, vault: Vault) -> replies.CorrectionCard:
    """Return the proposal of a repeated request as it stands now: no stored reply holds what it
    says."""
    first = tx.first or {}
    return replies.CorrectionCard.about(storage.corrections.known(tx.conn, str(first["id"])), vault)


def _wanted(tx: Tx, row: Row, payload: ProposeCorrection) -> dict[str, object]:
    """Return what is to change, checked as it will be when somebody approves of it."""
    wanted: dict[str, object] = {}
    if payload.name is not None:
        wanted["name"] = rules.identity.check_name(payload.name)
    if payload.phone is not None:
        wanted["phone"] = rules.identity.check_phone(payload.phone, synthetic=row.synthetic)
    if payload.birth_year is not None:
        wanted["birth_year"] = payload.birth_year
    if not wanted:
        raise Invalid(field="name", reason=said("请写明要更正的内容 / say what is to be corrected"))
    order = CorrectPerson(
        person_id=row.person_id,
        reason=OWN_WISH,
        name=payload.name,
        phone=payload.phone,
        birth_year=payload.birth_year,
    )
    _columns, changed = corrected(tx, row, order)
    if not changed:
        raise NothingCorrected(field=next(iter(wanted)))
    return {name: value for name, value in wanted.items() if name in changed}


def withdraw_correction(tx: Tx, payload: WhichCorrection) -> replies.CorrectionCard:
    """撤回更正申请 / Withdraw a correction that was not decided.

    Raises:
        NotFound: No such proposal of the caller.
        StateConflict: It was decided or withdrawn.
    """
    waiting = storage.corrections.correction(tx.conn, payload.correction_id)
    if waiting is None or waiting.person_id != tx.actor.id:
        raise NotFound(kind="correction", id=payload.correction_id)
    tx.check_version(waiting.version)
    records.require_state(waiting, "ASKED")
    gone = storage.corrections.update(tx.conn, waiting, state="WITHDRAWN", wanted=None)
    return replies.CorrectionCard.about(gone, storage.vault(tx))


def decide_correction(tx: Tx, payload: DecideCorrection) -> replies.CorrectionCard:
    """审核更正申请 / Decide on a correction that a person has proposed.

    An approved one stands in the register at once, as by `/people/{person_id}/correct`.

    Raises:
        NotFound: No such proposal here.
        NumberTellsBirth: The year of birth follows from the identity number.
        PhoneTaken: The phone is another household's.
        CorrectionReasonNeeded: A refusal says why.
        SelfConfirm: It is somebody of the caller's household.
        StateConflict: It was decided, or the person is no longer here.
    """
    vault = storage.vault(tx)
    if tx.first is not None:
        return _again(tx, vault)
    waiting = storage.corrections.correction(tx.conn, payload.correction_id)
    if waiting is None or not tx.actor.covers(waiting.area):
        raise NotFound(kind="correction", id=payload.correction_id)
    tx.check_version(waiting.version)
    records.require_state(waiting, "ASKED")
    row = storage.people.locked(tx.conn, waiting.person_id)
    kinship.require_not_own(tx, row.person_id)
    if payload.approved:
        _put_right(tx, row, waiting, payload.reason)
    elif payload.reason is None:
        raise CorrectionReasonNeeded(field="reason")
    decided = storage.corrections.update(
        tx.conn,
        waiting,
        state="DONE" if payload.approved else "REFUSED",
        wanted=None,
        reason=vault.seal_or_none(
            payload.reason, f"{waiting.correction_id}.reason", waiting.person_id
        ),
        decided_by=tx.actor.id,
        decided_at=tx.now,
    )
    tell(
        tx,
        "CORRECTION_DONE" if payload.approved else "CORRECTION_REFUSED",
        waiting.person_id,
        about=("correction", waiting.correction_id),
    )
    return replies.CorrectionCard.about(decided, vault)


def _put_right(tx: Tx, row: Row, waiting: Row, reason: str | None) -> None:
    vault = storage.vault(tx)
    wanted = replies.wanted_of(waiting, vault)
    order = CorrectPerson(
        person_id=row.person_id,
        reason=reason or OWN_WISH,
        name=wanted.name,
        phone=wanted.phone,
        birth_year=wanted.birth_year,
    )
    apply_correction(tx, row, order)
