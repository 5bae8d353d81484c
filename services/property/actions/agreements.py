"""Joint agreements and their commitments."""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.fields import Sha256
from fivered.chassis.files import FileId
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import StateConflict
from fivered.chassis.requests import UNIQUE, Request
from fivered.chassis.telling import tell
from fivered.services.property import errors, replies, rules
from fivered.services.property.actions import ground
from fivered.services.property.actions.ground import References
from fivered.services.property.storage import agreed, rows, tables
from fivered.services.property.storage.rows import Row, Values

OPEN_BEFORE = timedelta(days=10)
SIDE_ROLES = {
    "PROJECT": ("R_PM", "R_PCO"),
    # The street stands in where those of the community may not.
    "COMMUNITY": ("R_SECRETARY", "R_CADRE", "R_STREET"),
}


def _require_side(tx: Tx, project_id: str, side: str) -> None:
    """Refuse a role of the other side, and for the community a person who has a post in the
    project.

    That only its own manager or company acts for a project holds of every command.
    """
    if tx.actor.role not in SIDE_ROLES[side]:
        raise errors.WrongSide(role=tx.actor.role, side=side)
    if side == "COMMUNITY":
        ground.require_no_interest(tx, ground.project(tx, project_id))


def _on_the_other_side(tx: Tx, row: Row) -> None:
    """Refuse the side that submitted: the other one accepts."""
    other = "COMMUNITY" if row.responsible == "PROJECT" else "PROJECT"
    _require_side(tx, row.project_id, other)


def _own_side(role: str) -> str:
    """Return for whom of the three a role agrees to waive."""
    if role == "R_STREET":
        return "street"
    return "project" if role in SIDE_ROLES["PROJECT"] else "community"


class CommitmentItem(Request, frozen=True):
    """One dated obligation of an agreement."""

    title: Annotated[str, Meta(min_length=1, max_length=200, examples=["每季度公开收支"]), PUBLIC]
    responsible: Annotated[Literal["PROJECT", "COMMUNITY"], Meta(examples=["PROJECT"])]
    due_date: Annotated[date, Meta(examples=["2025-05-20"])] | None = None
    recurrence: Literal["ONCE", "MONTHLY", "QUARTERLY"] = "ONCE"
    evidence_kinds: Annotated[
        list[Annotated[PublicText, Meta(max_length=40)]],
        UNIQUE,
        Meta(max_length=10, examples=[["PHOTO"]]),
    ] = field(default_factory=list)


class DraftAgreement(Request, frozen=True):
    """起草党建联建协议 / Draft a joint agreement; the two kinds make the pair."""

    project_id: Annotated[str, Meta(examples=["prj_honghe"])]
    type: Annotated[
        Literal["JOINT_BUILDING", "CREDIT_DELIBERATION"], Meta(examples=["JOINT_BUILDING"])
    ]
    valid_from: Annotated[date, Meta(examples=["2025-01-10"])]
    text_sha256: Sha256
    valid_to: (
        Annotated[
            date,
            Meta(description="届满日(不含),默认 12 个月 / first day on which it no longer holds"),
        ]
        | None
    ) = None
    commitments: Annotated[
        list[CommitmentItem], Meta(max_length=50, description="签署时至少 4 项")
    ] = field(default_factory=list)
    supersedes: Annotated[str, Meta(description="被修订的协议 / the one that it amends")] | None = (
        None
    )
    file: Annotated[
        FileId | None, Meta(description="协议文本,摘要须相同 / the file itself, of that digest")
    ] = None
    text: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=50_000,
                description="协议文本,其摘要须与 text_sha256 一致 / its text, of that digest",
            ),
            PUBLIC,
        ]
        | None
    ) = None


def draft_agreement(tx: Tx, payload: DraftAgreement) -> replies.Made:
    """起草协议 / Draft a joint agreement.

    Draft an agreement; the guards of substance hold when it is signed.

    Raises:
        NotFound: There is no such project or agreement to amend.
        NotTheManager: A manager drafts for a project of another manager.
        StateConflict: The agreement to amend is not in force, or is another project's.
        OtherType: The agreement to amend is of the other type.
        AmendedAlready: Another amendment of it is signed.
        TextChanged: The text has another digest than the one that is named.
        ValidityOver24Months: The validity ends before it begins.
        ThereAlready: The same draft is not signed.
    """
    if (
        payload.text is not None
        and sha256(payload.text.encode()).hexdigest() != payload.text_sha256
    ):
        raise errors.TextChanged(field="text")
    row = _draft(tx, payload, tx.new_id("agr"))
    project = ground.project(tx, row.project_id)
    sides = rows.committee_people(tx.conn, row.area) | {project.manager_person_id}
    about = ("agreement", row.agreement_id)
    tell(tx, "AGREEMENT_TO_SIGN", sides - {tx.actor.id}, about=about, name=project.name)
    return ground.reply(replies.Made, tables.agreements, row)


def _draft(tx: Tx, payload: DraftAgreement, agreement_id: str) -> Row:
    project = ground.project(tx, payload.project_id)
    if tx.actor.role == "R_PM":
        ground.require_manager(tx, payload.project_id)
    else:
        tx.require_scope(project.area)
    ground.require_open(project)
    if payload.valid_to is not None and payload.valid_to <= payload.valid_from:
        raise errors.ValidityOver24Months(field="valid_to")
    if payload.supersedes is not None:
        former = ground.found(tx, tables.agreements, payload.supersedes)
        if former.project_id != payload.project_id or former.state not in ("SIGNED", "ACTIVE"):
            raise StateConflict(state=former.state, field="supersedes")
        _require_amendable(tx, former, payload.type)
    valid_to = payload.valid_to or rules.add_months(payload.valid_from, 12)
    ground.require_new(
        tx,
        tables.agreements,
        ("DRAFT", "PROPOSED"),
        "text_sha256",
        project_id=payload.project_id,
        type=payload.type,
        text_sha256=payload.text_sha256,
        valid_from=payload.valid_from,
        valid_to=valid_to,
    )
    row = records.create(
        tx,
        tables.agreements,
        step="DRAFTED",
        note={"type": payload.type},
        **records.values_from(
            payload,
            tables.agreements,
            agreement_id=agreement_id,
            valid_to=valid_to,
            state="DRAFT",
            area=project.area,
            version=1,
            created_at=tx.now,
        ),
    )
    files.attach_document(tx, payload.file, payload.text_sha256, agreement_id=agreement_id)
    if payload.text is not None:
        records.add(tx.conn, agreed.texts, agreement_id=agreement_id, text=payload.text)
    records.add_all(
        tx.conn,
        tables.agreement_items,
        [_item(agreement_id, number, item) for number, item in enumerate(payload.commitments, 1)],
    )
    return row


def _item(agreement_id: str, number: int, item: CommitmentItem) -> Values:
    return {
        "agreement_id": agreement_id,
        "item": number,
        "title": item.title,
        "responsible": item.responsible,
        "due_date": item.due_date,
        "recurrence": item.recurrence,
        "evidence_kinds": list(item.evidence_kinds),
    }


class AgreementLine(Request, frozen=True):
    """导入的协议及其一项 / One item of an agreement; the agreement stands on each of its lines."""

    agreement_id: Annotated[str, Meta(pattern=r"^agr_[A-Za-z0-9_-]{1,58}$")]
    item: Annotated[int, Meta(ge=1, le=50)]
    project_id: str
    type: Literal["JOINT_BUILDING", "CREDIT_DELIBERATION"]
    valid_from: date
    text_sha256: Sha256
    title: Annotated[str, Meta(min_length=1, max_length=200), PUBLIC]
    responsible: Literal["PROJECT", "COMMUNITY"]
    valid_to: date | None = None
    due_date: date | None = None
    recurrence: Literal["ONCE", "MONTHLY", "QUARTERLY"] = "ONCE"
    evidence_kinds: Annotated[
        list[Annotated[PublicText, Meta(max_length=40)]], UNIQUE, Meta(max_length=10)
    ] = field(default_factory=list)


def enter_line(tx: Tx, line: AgreementLine) -> replies.Made:
    """Draft the agreement of a line, or add the line's item to its draft; both sides sign it as any
    other one.

    Raises:
        NotFound: There is no such project.
        IdTaken: The id, or the item's number, stands for something else.
        StateConflict: The agreement is signed, and has no such item.
    """
    row = records.find(tx.conn, tables.agreements, line.agreement_id, lock=True)
    if row is None:
        ground.found(tx, tables.projects, line.project_id)
        draft = DraftAgreement(
            project_id=line.project_id,
            type=line.type,
            valid_from=line.valid_from,
            text_sha256=line.text_sha256,
            valid_to=line.valid_to,
        )
        row = _draft(tx, draft, line.agreement_id)
    wanted: Values = {
        name: getattr(line, name) for name in ("project_id", "type", "valid_from", "text_sha256")
    }
    wanted["valid_to"] = line.valid_to or rules.add_months(line.valid_from, 12)
    if not tx.actor.covers(row.area) or not ground.same(row, wanted):
        raise errors.IdTaken(field="agreement_id", id=line.agreement_id)
    item = CommitmentItem(
        line.title, line.responsible, line.due_date, line.recurrence, line.evidence_kinds
    )
    said = _item(line.agreement_id, line.item, item)
    there = rows.agreement_item(tx.conn, line.agreement_id, line.item)
    if there is not None and not ground.same(there, said):
        raise errors.IdTaken(field="item", id=f"{line.agreement_id} {line.item}")
    if there is None:
        if row.state != "DRAFT":
            raise StateConflict(state=row.state, field="agreement_id")
        records.add(tx.conn, tables.agreement_items, **said)
    return ground.reply(replies.Made, tables.agreements, row)


class SignAgreement(Request, frozen=True):
    """签署 / One side signs the text with this digest: the project first, then the community."""

    agreement_id: str
    side: Annotated[Literal["PROJECT", "COMMUNITY"], Meta(examples=["PROJECT"])]
    text_sha256: Sha256


def sign_agreement(tx: Tx, payload: SignAgreement) -> replies.Made:
    """签署协议 / Sign.

    Sign for one side: the project first (PROPOSED), then the community (SIGNED).

    With both signatures it becomes active at once where `valid_from` has come.

    Raises:
        WrongSide, NotTheManager: The actor does not stand for this side.
        StateConflict: It is not this side's turn.
        TextChanged: The digest is not that of the draft.
        TooFewCommitments, CommitmentIncomplete, CommitmentRepeated, ValidityOver24Months: Paper
            agreements.
        AgreementOver: Its validity has ended.
        OtherType, AmendedAlready: The agreement that it amends is of the other type, or another
            amendment of it is signed.
    """
    row = ground.meant(
        tx,
        tables.agreements,
        payload.agreement_id,
        may=lambda tx, _row: _require_side(tx, _row.project_id, payload.side),
    )
    turn = {"PROJECT": "DRAFT", "COMMUNITY": "PROPOSED"}[payload.side]
    if row.state != turn:
        raise StateConflict(state=row.state)
    if payload.text_sha256 != row.text_sha256:
        raise errors.TextChanged(field="text_sha256")
    items = rows.items_of(tx.conn, payload.agreement_id)
    rules.check_signable(
        items, valid_from=row.valid_from, valid_to=row.valid_to, today=ground.today(tx)
    )
    if row.supersedes is not None:
        # The former one's row is the lock under which it has at most one amendment.
        former = ground.found(tx, tables.agreements, row.supersedes)
        _require_amendable(tx, former, row.type)
    if payload.side == "PROJECT":
        row = records.change(
            tx,
            tables.agreements,
            row,
            step="SIGNED_BY_PROJECT",
            state="PROPOSED",
            signed_by_project=tx.actor.id,
            signed_project_at=tx.now,
        )
        return ground.reply(replies.Made, tables.agreements, row)
    if row.signed_by_project == tx.actor.id:
        raise errors.SamePerson
    row = records.change(
        tx,
        tables.agreements,
        row,
        step="SIGNED_BY_COMMUNITY",
        state="SIGNED",
        signed_by_community=tx.actor.id,
        signed_community_at=tx.now,
    )
    start = tx.calendar.midnight(row.valid_from)
    if start <= tx.now:
        row = _activate(tx, row)
    else:
        tx.arm("agr_start", payload.agreement_id, start)
    return ground.reply(replies.Made, tables.agreements, row)


def _require_amendable(tx: Tx, former: Row, kind: str) -> None:
    """Refuse to amend an agreement of the other type, or what is amended by another one already.

    Raises:
        OtherType: It is of the other type; the pair of the two would be broken (DOMAIN 2.2.3).
        AmendedAlready: Another amendment of it is signed.
    """
    if former.type != kind:
        raise errors.OtherType(field="supersedes", type=former.type)
    other = rows.amendment_of(tx.conn, former.agreement_id)
    if other is not None:
        raise errors.AmendedAlready(field="supersedes", agreement=former.agreement_id, other=other)


def _activate(tx: Tx, row: Row) -> Row:
    agreement_id = row.agreement_id
    row = records.change(
        tx, tables.agreements, row, step="ACTIVATED", state="ACTIVE", active_from=tx.now
    )
    if row.supersedes is not None:
        former = records.find(tx.conn, tables.agreements, row.supersedes, lock=True)
        if former is not None and former.state in ("SIGNED", "ACTIVE"):
            _finish(tx, former, "TERMINATED", "SUPERSEDED")
    over = tx.calendar.midnight(row.valid_to)
    tx.arm("agr_expire", agreement_id, over)
    if over - rules.REMIND > tx.now:
        tx.arm("agr_expiring", agreement_id, over - rules.REMIND)
    _open_commitments(tx, row)
    return row


def _open_commitments(tx: Tx, row: Row) -> None:
    """Turn the items into dated commitments, one row for each time that it falls due."""
    new: list[Values] = []
    for item in rows.items_of(tx.conn, row.agreement_id):
        for day in rules.occurrences(
            item.due_date,
            item.recurrence,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        ):
            due_at = tx.calendar.midnight(day + timedelta(days=1))
            if due_at <= tx.now:
                # It fell due before the agreement was signed; nobody had promised it then.
                continue
            new.append(_commitment(tx, row, item, day, due_at))
    records.add_all(tx.conn, tables.commitments, new)
    for commitment in new:
        if commitment["state"] == "SCHEDULED":
            opens = commitment["due_at"] - OPEN_BEFORE
            tx.arm("cmt_open", commitment["commitment_id"], opens)
        tx.arm("cmt_due", commitment["commitment_id"], commitment["due_at"])


def _commitment(tx: Tx, row: Row, item: Row, day: date, due_at: Any) -> Values:
    blank = dict.fromkeys(column.name for column in tables.commitments.columns)
    return blank | {
        "commitment_id": tx.new_id("cmt"),
        "agreement_id": row.agreement_id,
        "project_id": row.project_id,
        "item": item.item,
        "title": item.title,
        "responsible": item.responsible,
        "evidence_kinds": item.evidence_kinds,
        "due_date": day,
        "due_at": due_at,
        "state": "DUE" if due_at - OPEN_BEFORE <= tx.now else "SCHEDULED",
        "evidence": [],
        "area": row.area,
        "version": 1,
        "created_at": tx.now,
    }


class Terminate(Request, frozen=True):
    """理由 / A reason that others can read."""

    agreement_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["双方协商一致"])]


def terminate_agreement(tx: Tx, payload: Terminate) -> replies.Made:
    """终止协议 / End an agreement.

    End an agreement; what it would still have asked for is cancelled, and its sides are told.

    Raises:
        ReasonRequired: There is no reason.
        StateConflict: It has ended.
    """
    row = ground.meant(tx, tables.agreements, payload.agreement_id, may=ground.uninterested)
    ground.require_reason(payload.reason)
    if row.state in ("EXPIRED", "TERMINATED"):
        raise StateConflict(state=row.state)
    _tell_sides(tx, row, "TERMINATED", payload.reason)
    return ground.reply(
        replies.Made, tables.agreements, _finish(tx, row, "TERMINATED", payload.reason)
    )


def _tell_sides(tx: Tx, row: Row, what: str, more: str) -> None:
    """Tell the manager, and who signed for the community, what becomes of an agreement; not the
    caller, nor of a draft, which binds nobody."""
    project = ground.project(tx, row.project_id)
    sides = {project.manager_person_id, row.signed_by_community} - {None, tx.actor.id}
    if row.state == "DRAFT":
        return
    for person in sorted(sides):
        ground.tell(tx, person, f"{row.type}_{what}", said=f"{project.name}({more})")


def _finish(tx: Tx, row: Row, state: str, reason: str) -> Row:
    row = records.change(
        tx,
        tables.agreements,
        row,
        step=state,
        state=state,
        note={"reason": reason},
        ended_at=tx.now,
        end_reason=reason,
    )
    for kind in ("agr_start", "agr_expiring", "agr_expire"):
        tx.disarm(kind, row.agreement_id)
    for left in rows.open_commitments(tx.conn, row.agreement_id, tx.now):
        done = records.update(tx.conn, tables.commitments, left, state="CANCELLED")
        tx.disarm("cmt_open", done.commitment_id)
        tx.disarm("cmt_due", done.commitment_id)
    return row


def end_for_closed_project(tx: Tx, project_id: str) -> None:
    """End the agreements of a project that is closed."""
    for row in rows.agreements_not_over(tx.conn, project_id):
        _finish(tx, row, "TERMINATED", "PROJECT_CLOSED")


def start(tx: Tx, due: Due) -> None:
    """A signed agreement becomes active on its first day."""
    row = records.find(tx.conn, tables.agreements, due.ref, lock=True)
    if row is None or row.state != "SIGNED":
        return
    if row.supersedes is not None and rows.amendment_of(tx.conn, row.supersedes, active=True):
        # Two amendments of one agreement were signed before that was refused; the first holds.
        _finish(tx, row, "TERMINATED", "SUPERSEDED")
        return
    _activate(tx, row)


def remind_of_expiry(tx: Tx, due: Due) -> None:
    """Thirty days before the end both sides are reminded; it stands in the history."""
    row = records.find(tx.conn, tables.agreements, due.ref, lock=True)
    if row is not None and row.state == "ACTIVE":
        _tell_sides(tx, row, "EXPIRING", str(row.valid_to))
        records.note(
            tx, tables.agreements, row, step="EXPIRING", note={"valid_to": str(row.valid_to)}
        )


def expire(tx: Tx, due: Due) -> None:
    """An agreement ends at the beginning of `valid_to`."""
    row = records.find(tx.conn, tables.agreements, due.ref, lock=True)
    if row is not None and row.state == "ACTIVE":
        _finish(tx, row, "EXPIRED", "VALIDITY_ENDED")


# --------------------------------------------------------------------------------------------------
# Commitments


class Fulfil(Request, frozen=True):
    """佐证材料 / Evidence, by reference."""

    commitment_id: str
    evidence: References = field(default_factory=list)


def fulfil_commitment(tx: Tx, payload: Fulfil) -> replies.Submitted:
    """提交履约佐证 / Show that it was done.

    The responsible side shows that it was done; the submission stops the clock.

    Raises:
        WrongSide, NotTheManager: The actor does not stand for the responsible side.
        NotOpen: It is not open yet, or is done.
        StateConflict: The project is closed.
        EvidenceRequired: There is no evidence.
    """
    row = ground.meant(
        tx,
        tables.commitments,
        payload.commitment_id,
        may=lambda tx, _row: _require_side(tx, _row.project_id, _row.responsible),
    )
    ground.require_open(ground.project(tx, row.project_id))
    if row.state not in ("DUE", "OVERDUE"):
        raise errors.NotOpen(state=row.state)
    if not payload.evidence:
        raise errors.EvidenceRequired(field="evidence")
    files.attach(tx, payload.evidence, field="evidence", agreement_id=row.agreement_id)
    late = tx.now >= row.due_at
    row = records.change(
        tx,
        tables.commitments,
        row,
        step="SUBMITTED",
        state="SUBMITTED",
        evidence=list(payload.evidence),
        submitted_at=tx.now,
        submitted_by=tx.actor.id,
        note={"late": late},
    )
    project = ground.project(tx, row.project_id)
    agreement = records.get(tx.conn, tables.agreements, row.agreement_id)
    by_project = row.responsible == "PROJECT"
    other = agreement.signed_by_community if by_project else project.manager_person_id
    tell(
        tx, "COMMITMENT_TO_ACCEPT", other, about=("commitment", row.commitment_id),
        name=project.name, title=row.title,
    )  # fmt: skip
    return ground.reply(replies.Submitted, tables.commitments, row, late=late)


class AcceptCommitment(Request, frozen=True):
    """对方确认 / The other side counter-signs, or refuses with a reason."""

    commitment_id: str
    accepted: bool = True
    reason: Annotated[PublicText, Meta(max_length=1000)] = ""


def accept_commitment(tx: Tx, payload: AcceptCommitment) -> replies.Submitted:
    """对方确认 / Counter-sign.

    The other side accepts (FULFILLED, or FULFILLED_LATE) or refuses the evidence.

    A refusal after the due instant makes it overdue at that moment.

    Raises:
        WrongSide, NotTheManager: The actor stands for the side that submitted.
        ConflictOfInterest: The caller holds a post in the project whose commitment it is.
        ReasonRequired: A refusal without a reason.
        StateConflict: Nothing is submitted.
    """
    row = ground.meant(tx, tables.commitments, payload.commitment_id, may=_on_the_other_side)
    records.require_state(row, "SUBMITTED")
    if row.submitted_by == tx.actor.id:
        raise errors.SamePerson
    if payload.accepted:
        late = row.submitted_at >= row.due_at
        state = "FULFILLED_LATE" if late else "FULFILLED"
        row = records.change(
            tx,
            tables.commitments,
            row,
            step=state,
            state=state,
            accepted_at=tx.now,
            accepted_by=tx.actor.id,
        )
        tx.disarm("cmt_due", payload.commitment_id)
        return ground.reply(replies.Submitted, tables.commitments, row, late=late)
    ground.require_reason(payload.reason)
    overdue = tx.now >= row.due_at
    row = records.change(
        tx,
        tables.commitments,
        row,
        step="REFUSED",
        state="OVERDUE" if overdue else "DUE",
        overdue_at=row.overdue_at or (tx.now if overdue else None),
        note={"reason": payload.reason},
    )
    return ground.reply(replies.Submitted, tables.commitments, row, late=overdue)


class Waive(Request, frozen=True):
    """理由 / A reason that others can read."""

    commitment_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["双方协商一致"])]


def waive_commitment(tx: Tx, payload: Waive) -> replies.Waived:
    """三方同意豁免 / Agree to waive.

    Both sides and the street agree, each with this command; with the third it is waived.

    Raises:
        ReasonRequired: There is no reason.
        ConflictOfInterest: The street's person holds a post in the project.
        SamePerson: One person would agree for two.
        StateConflict: It is fulfilled.
        AgreedAlready: This side has agreed.
    """
    own = _own_side(tx.actor.role)
    row = ground.meant(
        tx,
        tables.commitments,
        payload.commitment_id,
        may=None if own == "project" else ground.uninterested,
    )
    ground.require_reason(payload.reason)
    records.require_state(row, "SCHEDULED", "DUE", "OVERDUE")
    agreed = {
        name: getattr(row, f"waived_by_{name}") for name in ("project", "community", "street")
    }
    if agreed[own] is not None:
        raise errors.AgreedAlready
    if tx.actor.id in agreed.values():
        raise errors.SamePerson
    agreed[own] = tx.actor.id
    all_agreed = all(agreed.values())
    signed: dict[str, Any] = {f"waived_by_{own}": tx.actor.id}
    row = records.change(
        tx,
        tables.commitments,
        row,
        step="WAIVED_BY_" + own.upper(),
        state="WAIVED" if all_agreed else None,
        note={"reason": payload.reason},
        waive_reason=row.waive_reason or payload.reason,
        **signed,
    )
    if all_agreed:
        tx.disarm("cmt_open", payload.commitment_id)
        tx.disarm("cmt_due", payload.commitment_id)
    return ground.reply(
        replies.Waived,
        tables.commitments,
        row,
        agreed_by=[name for name, person in agreed.items() if person],
    )


def open_commitment(tx: Tx, due: Due) -> None:
    """Ten days before its date a commitment is opened."""
    row = records.find(tx.conn, tables.commitments, due.ref, lock=True)
    if row is not None and row.state == "SCHEDULED":
        row = records.change(tx, tables.commitments, row, step="DUE", state="DUE")


def commitment_due(tx: Tx, due: Due) -> None:
    """A commitment without a submission is overdue at its due instant."""
    row = records.find(tx.conn, tables.commitments, due.ref, lock=True)
    if row is not None and row.state in ("SCHEDULED", "DUE"):
        row = records.change(
            tx, tables.commitments, row, step="OVERDUE", state="OVERDUE", overdue_at=due.due_at
        )
