"""A second look by telephone: people who had no part in a closed case ask its reporter whether it
is so. That is not the reporter's rating, and is counted apart."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.actions.cases import Reason, locked, note_step
from fivered.services.steward.actions.parties import require_impartial, require_outside_chain
from fivered.services.steward.actions.ratings import again
from fivered.services.steward.actions.standing import require_serving
from fivered.services.steward.errors import ReopenLimit, ReopenWindow
from fivered.services.steward.errors.desk import SolvedNeeded
from fivered.services.steward.replies.return_visits import ReturnVisitReply


class RecordReturnVisit(Request, frozen=True):
    """回访记录 / What came of a call about a closed case."""

    return_visit_id: str
    reached: Annotated[bool, Meta(description="是否接通 / whether somebody answered")]
    note: Annotated[Reason, Meta(examples=["居民称灯仍不亮"])]
    solved: (
        Annotated[bool, Meta(description="诉求人是否认为已解决,接通时必填 / needed when reached")]
        | None
    ) = None
    record_ref: (
        Annotated[
            str,
            Meta(
                min_length=2,
                max_length=100,
                description="录音编号 / the number of its recording",
                examples=["回访录音 0307-02"],
            ),
            PUBLIC,
        ]
        | None
    ) = None


def record_return_visit(tx: Tx, payload: RecordReturnVisit) -> ReturnVisitReply:
    """回访 / Note a call about a closed case.

    确认已解决的,回访办结;称未解决的,在重办期限和次数内自动重办;三次未接通的,记为未接通。
    Where the reporter says that it is not solved, the case is reopened within the limits of
    reopenings, in the reporter's name; after three calls that nobody answers it is over.

    Raises:
        NotFound: There is none in the caller's area.
        StateConflict: It was noted, or the case runs again.
        InChain: The caller took part in the case.
        ConflictOfInterest: The caller is a party of the matter.
        SolvedNeeded: Who was reached has said whether it is solved.
    """
    require_serving(tx)
    row = storage.return_visits.locked(tx.conn, payload.return_visit_id)
    if not tx.actor.covers(row.grid):
        raise NotFound(kind="return_visit", id=payload.return_visit_id)
    tx.check_version(row.version)
    records.require_state(row, "OPEN")
    case = locked(tx, row.request_id)
    records.require_state(case, *rules.requests.DONE)
    require_outside_chain(tx, case)
    require_impartial(tx, case, not_by="chain")
    if payload.reached and payload.solved is None:
        raise SolvedNeeded(field="solved")
    row = _kept(tx, row, case, payload)
    note_step(tx, case, "return_visit", {"outcome": row.outcome, "reached": payload.reached})
    if row.outcome == "DENIED_BY_CALL" and _reopened(tx, case, payload):
        row = storage.return_visits.update(tx.conn, row, reopened=True)
    return ReturnVisitReply.of(row, id=row.return_visit_id)


def _kept(tx: Tx, row: Row, case: Row, payload: RecordReturnVisit) -> Row:
    tries = row.tries + 1
    outcome = None
    if payload.reached:
        outcome = "CONFIRMED_BY_CALL" if payload.solved else "DENIED_BY_CALL"
    elif tries >= rules.return_visits.MOST_TRIES:
        outcome = "UNREACHED"
    note = storage.vault(tx).seal(payload.note, f"{row.return_visit_id}.note", case.reporter_id)
    return storage.return_visits.update(
        tx.conn,
        row,
        state="DONE" if outcome is not None else "OPEN",
        outcome=outcome,
        tries=tries,
        note=note,
        record_ref=payload.record_ref,
        called_by=tx.actor.id,
        called_at=tx.now,
    )


def _reopened(tx: Tx, case: Row, payload: RecordReturnVisit) -> bool:
    """Have a case done again, as its reporter wants; tell whether its limits let it."""
    said = {"reason": payload.note, "receipt": payload.record_ref or payload.return_visit_id}
    try:
        with tx.part():
            again(tx, case, case, said)
    except (ReopenLimit, ReopenWindow):
        return False
    return True
