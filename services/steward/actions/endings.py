"""Ends without a resolution, and urging."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from fivered.chassis.bus import SYSTEM, Tx
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.records import Row
from fivered.chassis.requests import Request
from fivered.services.steward import events, rules, storage
from fivered.services.steward.actions import notes
from fivered.services.steward.actions.cases import (
    HIS_WORDS,
    Reason,
    Receipt,
    change,
    contact_anew,
    end_clocks,
    locked,
    publish,
    publish_corrected,
    reply,
    require_oversight,
    require_own,
    speaker,
    spoken,
)
from fivered.services.steward.actions.dispatch import NOBODY, look_again, take_from_party
from fivered.services.steward.actions.parties import parties, require_impartial
from fivered.services.steward.actions.pauses import resumed
from fivered.services.steward.fields import RejectReason
from fivered.services.steward.replies import RequestReply


class UrgeRequest(Request, frozen=True):
    """催办 / Urge; for somebody without an account with a receipt."""

    request_id: str
    text: (
        Annotated[
            str,
            Meta(min_length=2, max_length=200, examples=["老人出行不便,请尽快"]),
            HIS_WORDS,
        ]
        | None
    ) = None
    receipt: Receipt | None = None


class RejectRequest(Request, frozen=True):
    """不予受理 / Not ours."""

    request_id: str
    reason: RejectReason
    note: Annotated[
        str,
        msgspec.Meta(min_length=2, max_length=500, description="告知诉求人 / told the reporter"),
        PUBLIC,
    ]


class MergeRequest(Request, frozen=True):
    """合并 / The same matter."""

    request_id: str
    into: Annotated[str, Meta(description="并入的诉求 / the open request that stays")]


class UnmergeRequest(Request, frozen=True):
    """撤销合并 / Why it is another matter."""

    request_id: str
    reason: Reason


class CancelRequest(Request, frozen=True):
    """撤回 / Take it back."""

    request_id: str
    reason: Annotated[str, msgspec.Meta(max_length=500), PUBLIC] | None = None
    receipt: Receipt | None = None


def cancel_request(tx: Tx, payload: CancelRequest) -> RequestReply:
    """撤回 / Take it back.

    The reporter takes the request back.

    Raises:
        NotReporter: Somebody else reported it.
        ReporterActs: Staff speak for nobody who has an account.
        ReceiptUnknown: Nor without the receipt of this request.
        StateConflict: It is done already.
    """
    row = locked(tx, payload.request_id)
    require_own(tx, row, payload.receipt)
    tx.check_version(row.version)
    rules.requests.check("cancel", row.state)
    row = resumed(tx, row)
    end_clocks(tx, row)
    heir = _hand_on(tx, row)
    detail = {"reason": payload.reason} if payload.reason else {}
    row = change(tx, row, "cancel", "CANCELLED", detail | spoken(payload.receipt))
    publish(tx, row, events.RequestCancelled(row.request_id, heir))
    return reply(row)


# What a case carries on when the first of those who were merged into it becomes its reporter.
_CARRIED = (
    "priority", "clock", "handler", "handler_person", "first_handler", "tried", "returns",
    "transfers", "level", "late", "extended", "span_s", "due_accept", "due_contact", "due_resolve",
    "accepted_at", "contacted_at",
)  # fmt: skip


def _hand_on(tx: Tx, row: Row) -> str | None:
    """A person who takes a request back takes nothing from those who were merged into it.

    The earliest of them carries the case on, with its handler and its deadlines.
    Returns its id, or None where nobody was merged into it.
    """
    heir = storage.cases.heir(tx.conn, row.request_id)
    if heir is None:
        return None
    storage.cases.follow(tx.conn, row.request_id, heir.request_id)
    heir = change(
        tx,
        heir,
        "go_on",
        row.state,
        {"from": row.number, "handler": row.handler},
        SYSTEM,
        merged_into=None,
        **{name: getattr(row, name) for name in _CARRIED},
    )
    running = {"RESOLVE": heir.due_resolve}
    if heir.state == "DISPATCHED":
        running["ACCEPT"] = heir.due_accept
    if heir.due_contact is not None and heir.contacted_at is None:
        running["CONTACT"] = heir.due_contact
    for which, due in running.items():
        # One that was missed stands with the request that missed it.
        if due > tx.now:
            storage.cases.start_clock(
                tx.conn, heir, which, due_at=due, now=tx.now, handler=heir.handler
            )
            tx.arm(f"REQ_{which}", heir.request_id, due)
    if 1 <= heir.level < rules.requests.LAST_LEVEL:
        level = heir.level + 1
        due = rules.requests.due_level(heir.due_resolve, level, tx.calendar)
        tx.arm(f"REQ_L{level}", heir.request_id, due)
    if heir.handler is None:
        look_again(tx, heir)
    return str(heir.request_id)


def reject_request(tx: Tx, payload: RejectRequest) -> RequestReply:
    """不予受理 / Reject.

    A cadre says that the matter is not ours, and the reporter reads why.

    Raises:
        StateConflict: Somebody has accepted it.
    """
    row = locked(tx, payload.request_id)
    require_oversight(tx, row)
    require_impartial(tx, row)
    tx.check_version(row.version)
    rules.requests.check("reject", row.state)
    end_clocks(tx, row)
    detail = {"reason": payload.reason, "note": payload.note}
    row = change(tx, row, "reject", "REJECTED", detail)
    publish(tx, row, events.RequestRejected(row.request_id, payload.reason))
    return reply(row)


def merge_request(tx: Tx, payload: MergeRequest) -> RequestReply:
    """合并 / Merge.

    A cadre confirms that two requests are one matter, also where one was accepted by now; the
    reporter follows the other one.

    Raises:
        NotMergeable: Place, category, state or time do not fit.
        MoreUrgent: It is more urgent than the one that would go on.
        NotFound: One of them does not exist here.
    """
    # Locking in the order of ids: two merges in opposite directions wait instead of deadlocking.
    rows = {name: locked(tx, name) for name in sorted({payload.request_id, payload.into})}
    row, target = rows[payload.request_id], rows[payload.into]
    require_oversight(tx, row)
    require_oversight(tx, target)
    require_impartial(tx, row, other=target)
    tx.check_version(row.version)
    rules.requests.check("merge", row.state)
    row = resumed(tx, row)
    apart = (
        row.building is not None
        and target.building is not None
        and not rules.dwellings.same_building(row.building, target.building)
    )
    rules.requests.check_merge(
        same_place=row.grid == target.grid and not apart,
        same_category=row.category == target.category,
        target_state=target.state,
        apart=row.created_at - target.created_at,
        same=row.request_id == target.request_id,
        priority=row.priority,
        target_priority=target.priority,
    )
    end_clocks(tx, row)
    row = change(
        tx, row, "merge", "MERGED", {"into": target.request_id}, merged_into=target.request_id
    )
    joined(tx, row, target)
    return msgspec.structs.replace(reply(row), merged_into=target.request_id)


def joined(tx: Tx, row: Row, case: Row) -> None:
    """Note with a case that a request follows it from now on, and say so."""
    case = change(tx, case, "merged", case.state, {"from": row.number})
    if case.handler_person in parties(tx, case):
        # The handler's own household reported what was merged into it.
        case = take_from_party(tx, case)
    publish(
        tx,
        row,
        events.RequestMerged(
            row.request_id, case.request_id, case.kind, case.category, case.project_id
        ),
    )


def unmerge_request(tx: Tx, payload: UnmergeRequest) -> RequestReply:
    """撤销合并 / Part what was merged.

    A cadre finds that two merged requests are two matters: this one goes its own way again, with
    the deadlines that it had; what of them is over begins anew. A rating that its reporter gave was
    of the other matter: it stays in the timeline, the reporter is told, and rates this one anew.

    Raises:
        StateConflict: It was not merged.
        ConflictOfInterest: The caller is a party of one of the matters.
    """
    row = locked(tx, payload.request_id)
    require_oversight(tx, row)
    tx.check_version(row.version)
    rules.requests.check("unmerge", row.state)
    case = locked(tx, row.merged_into)
    require_impartial(tx, row, other=case)
    values: dict[str, object] = dict.fromkeys(
        ("merged_into", "rated_at", "stars", "solved", "rating_text")
    )
    due = row.due_resolve
    if due <= tx.now:
        due = storage.standards.of(tx.conn, row).due_resolve(tx.now, tx.calendar)
    storage.cases.start_clock(tx.conn, row, "RESOLVE", due_at=due, now=tx.now, handler=None)
    tx.arm("REQ_RESOLVE", row.request_id, due)
    values |= contact_anew(tx, row, keep=row.due_contact)
    values |= {"due_resolve": due, "accepted_at": None, "level": 0, "tried": []}
    said: dict[str, object] = {"reason": payload.reason, "from": case.number}
    if row.stars is not None:
        # It was said of the case that this one followed; of the own matter nothing is said yet.
        said |= {"stars": row.stars, "solved": row.solved}
    change(tx, case, "parted", case.state, {"from": row.number})
    row = change(tx, row, "unmerge", "SUBMITTED", said, **NOBODY, **values)
    publish_corrected(tx, row, parted_from=case.request_id)
    return reply(look_again(tx, row) or row)


def urge_request(tx: Tx, payload: UrgeRequest) -> RequestReply:
    """催办 / Urge.

    The reporter urges, in words where wanted; it stands in the timeline and on the handler's bench.

    Raises:
        NotReporter: Somebody else reported it.
        ReporterActs: Staff speak for nobody who has an account.
        ReceiptUnknown: Nor without the receipt of this request.
        StateConflict: It is done already.
        UrgedJustNow: The reporter did so within the hour.
        TooManyNotes: The reporter has said enough today.
    """
    row = locked(tx, payload.request_id)
    own = speaker(tx, row, payload.receipt)
    case = storage.cases.root(tx.conn, own)
    rules.requests.check("urge", case.state)
    rules.requests.check_urging(own.urged_at, tx.now)
    said = spoken(payload.receipt)
    if payload.text is not None:
        said["note_id"] = notes.write(tx, own, "URGE", payload.text, payload.receipt)
    if own.state == "MERGED":
        case = locked(tx, case.request_id)
        change(tx, case, "urge", case.state, {}, urged=case.urged + 1)
        return reply(change(tx, own, "urge", own.state, said, urged_at=tx.now))
    return reply(
        change(
            tx,
            row,
            "urge",
            row.state,
            said,
            urged=row.urged + 1,
            urged_at=tx.now,
        )
    )
