"""What was missed and came before the liaison chain: whom it waits for, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from msgspec import UNSET, Meta

from fivered.chassis import records
from fivered.chassis.bus import Event, Tx
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import RoleDenied
from fivered.chassis.requests import Request
from fivered.services.forum import errors, events, replies, rules, storage
from fivered.services.forum.actions.record import (
    answering,
    tell,
)


class WhichEscalation(Request, frozen=True):
    """Which one is meant."""

    escalation_id: str


class DecideEscalation(Request, frozen=True):
    """督办办结 / What was done; it leaves the list with this."""

    escalation_id: str
    outcome: Annotated[
        Literal["URGED", "DIRECTED", "COORDINATED", "NO_ACTION"],
        Meta(description="已催办、已直接处置、已协调、不需处置"),
    ]
    done: Annotated[
        str, Meta(min_length=2, max_length=1000, examples=["已约谈物业,限三日内完成"]), PUBLIC
    ]


_TIERS = {
    "REQUEST": rules.REQUEST_TIERS,
    "RECTIFICATION": rules.STREET_TIERS,
    "OBJECTION": rules.STREET_TIERS,
    "REPAIR": rules.STREET_TIERS,
    "VETO": rules.STREET_TIERS,
    "NOMINEE": rules.STREET_TIERS,
    "REFUND": rules.STREET_TIERS,
    "DISPUTE": rules.STREET_TIERS,
    "STATEMENT": rules.STREET_TIERS,
}


_Escalated = (
    events.RequestEscalatedHeard
    | events.ObjectionEscalatedHeard
    | events.RepairEscalatedHeard
    | events.NomineeObjectionEscalatedHeard
    | events.RefundOverdueHeard
    | events.DisputeOverdueHeard
    | events.StatementHeldHeard
    | events.RectificationEscalatedHeard
)


def _what(data: _Escalated) -> tuple[str, str, str | None, str | None]:
    """Return the kind of a matter, its id, what people call it, and its grid."""
    match data:
        case events.RequestEscalatedHeard():
            return "REQUEST", data.request_id, data.number, data.grid
        case events.ObjectionEscalatedHeard():
            return "OBJECTION", data.objection_id, data.number, None
        case events.RepairEscalatedHeard():
            return "REPAIR", data.repair_id, data.number, None
        case events.VetoEscalatedHeard():
            return "VETO", data.veto_id, data.number, None
        case events.NomineeObjectionEscalatedHeard():
            return "NOMINEE", data.objection_id, data.number, None
        case events.RefundOverdueHeard():
            return "REFUND", data.redemption_id, data.number, None
        case events.DisputeOverdueHeard():
            return "DISPUTE", data.statement_id, data.period, None
        case events.StatementHeldHeard():
            return "STATEMENT", data.statement_id, data.period, None
        case _:
            return "RECTIFICATION", data.rectification_id, None, None


def consume_escalated(tx: Tx, event: Event) -> None:
    """Lay an overdue matter of another service before the person who answers for that level now.

    The chain is ours: who was named by the teller may have left since.
    """
    data = event.data
    source, ref, number, grid = _what(data)
    if storage.escalations.is_before_chain(tx.conn, source, ref, data.level):
        return
    tiers = _TIERS[source]
    tier = tiers[min(max(data.level, 1), len(tiers))]
    area = (grid or event.scope)[:12]
    whose = _Whose(
        getattr(data, "reporter_id", None),
        getattr(data, "barred", None),
        getattr(data, "concerned", None),
    )
    answers = answering(tx, grid or area, tier, _barred(tx, whose))
    row = records.add(
        tx.conn,
        storage.tables.escalations,
        escalation_id=tx.new_id("esc"),
        topic_id="",
        deadline=f"{source.lower()}_due",
        level=data.level,
        tier=tier,
        area=area,
        source=source,
        ref=ref,
        number=number,
        grid=grid,
        created_at=tx.now,
        **asdict(answers),
        **asdict(whose),
    )
    _tell(tx, row)


@dataclass(frozen=True, slots=True)
class _Whose:
    """Whose a matter is, and which officials are a party of it."""

    reporter_id: str | None
    barred: Sequence[str] | None
    concerned: Sequence[str] | None


def _barred(tx: Tx, row: _Whose | Row) -> set[str]:
    """Return who has no say in a matter: whose it is, their households now, and its other
    parties."""
    reporter = [row.reporter_id] if row.reporter_id else []
    own = storage.liaison.household_of(tx.conn, *reporter, *(row.concerned or ()))
    return own | set(row.barred or ())


def consume_reporter(tx: Tx, corrected: events.RequestCorrectedHeard) -> None:
    """Whose a request is has become known: it does not stay before the reporter's household."""
    if corrected.reporter_id is None:
        return
    for row in storage.escalations.waiting_of(tx.conn, "REQUEST", corrected.request_id):
        if row.reporter_id != corrected.reporter_id:
            changed = records.update(
                tx.conn, storage.tables.escalations, row, reporter_id=corrected.reporter_id
            )
            _lay_before(tx, changed)


def _tell(tx: Tx, row: Row) -> None:
    """Tell the person who answers for it of a matter of another service."""
    if row.person_id is not None:
        tell(
            tx,
            f"{row.source}_ESCALATED",
            "",
            [row.person_id],
            ref=row.ref,
            matter=row.number or row.ref,
            level=str(row.level),
        )


def consume_ended(tx: Tx, refs: Sequence[str]) -> None:
    """Take from the lists what the other service has ended."""
    storage.escalations.settle_escalations(tx.conn, tx.now, "ENDED", refs=refs)


def follow_chain(tx: Tx, area: str) -> None:
    """After the chain of an area has changed, let what waits there wait for who answers now."""
    for row in storage.escalations.waiting_escalations(tx.conn, area):
        _lay_before(tx, row)


def follow_households(tx: Tx, people: Sequence[str]) -> None:
    """After people have moved in with others, nothing of one's household waits before oneself."""
    for row in storage.escalations.waiting_of_people(tx.conn, people):
        _lay_before(tx, row)


def _lay_before(tx: Tx, row: Row) -> None:
    """Let something wait for the person who answers for it now, and tell them where that is another
    one."""
    answers = answering(tx, row.grid or row.area, row.tier, _barred(tx, row))
    person = answers.person_id
    if person == row.person_id:
        return
    changed = records.update(
        tx.conn, storage.tables.escalations, row, state="OPEN", **asdict(answers)
    )
    if row.source in _TIERS:
        _tell(tx, changed)
    elif person is not None:
        tell(tx, "ESCALATED", row.topic_id, [person], ref=row.ref)


def _led(tx: Tx, escalation_id: str, *states: str) -> Row:
    """Return an escalation that the caller may see to, locked.

    Raises:
        NotFound: There is none in the caller's area, or before the caller.
        RoleDenied: It is before a tier above the caller's.
        OwnMatter: It is of the caller's household, or against it.
        VersionConflict: It has changed since the caller read it.
        StateConflict: It is in another state.
    """
    row = records.locked(tx.conn, storage.tables.escalations, escalation_id)
    if tx.actor.id != row.person_id:
        tx.require_sight(row.grid or row.area, kind="escalation", id=escalation_id)
        if rules.RANK_OF_ROLE[tx.actor.role] < rules.RANK_OF_TIER[row.tier]:
            raise RoleDenied(role=tx.actor.role)
    if tx.actor.id in _barred(tx, row):
        raise errors.OwnMatter
    tx.check_version(row.version)
    records.require_state(row, *states)
    return row


def acknowledge_escalation(tx: Tx, payload: WhichEscalation) -> replies.EscalationDone:
    """督办签收 / Say that one sees to it.

    Say that one has seen it and sees to it.

    Raises:
        NotFound, RoleDenied: It lies outside the caller's area, or before a tier above.
        OwnMatter: It is of the caller's household, or against it.
        StateConflict: Somebody has.
    """
    row = _led(tx, payload.escalation_id, "OPEN")
    row = records.change(
        tx, storage.tables.escalations, row, step="acknowledge", state="ACKNOWLEDGED"
    )
    return replies.EscalationDone.of(row, id=row.escalation_id, number=row.number or UNSET)


def decide_escalation(tx: Tx, payload: DecideEscalation) -> replies.EscalationDone:
    """督办办结 / What was done about it.

    Write down what was done; it leaves the list.

    Raises:
        NotFound, RoleDenied: It lies outside the caller's area, or before a tier above.
        OwnMatter: It is of the caller's household, or against it.
        StateConflict: It is done.
    """
    row = _led(tx, payload.escalation_id, *storage.escalations.WAITING)
    row = records.change(
        tx,
        storage.tables.escalations,
        row,
        step="decide",
        note={"outcome": payload.outcome},
        state="DONE",
        outcome=payload.outcome,
        done=payload.done,
        done_by=tx.actor.id,
        done_at=tx.now,
    )
    return replies.EscalationDone.of(
        row, id=row.escalation_id, number=row.number or UNSET, outcome=payload.outcome
    )
