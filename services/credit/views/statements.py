"""Statements of points, files that were asked for, and an entry as each viewer may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, Meta

from fivered.chassis.fields import Instant
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.errors import Gone, NotReady
from fivered.services.credit.rules import severity
from fivered.services.credit.rules.standing import PERSONS
from fivered.services.credit.storage import awards, registry, voices
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import notices as notice_store
from fivered.services.credit.storage import settlement as settlement_store
from fivered.services.credit.storage import statements as store
from fivered.services.credit.storage.in_force import rules_in_force
from fivered.services.credit.storage.published import ORGANISATIONS, gates
from fivered.services.credit.views import cards as cards_views
from fivered.services.credit.views import entries

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx
    from fivered.chassis.records import Row
    from fivered.services.credit.storage.in_force import InForce

MOST_LINES = 1000
MEDIA = {
    "CSV": "text/csv; charset=utf-8",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Statement(Request, frozen=True):
    """Whose lines, and from when to when."""

    subject: Annotated[str, Meta(max_length=80, examples=["RES:per_0001"])] | None = None
    since: Annotated[Instant, Meta(description="起始(含) / from, inclusive")] | None = None
    until: (
        Annotated[
            Instant,
            Meta(
                description="截止(不含),其时余额见 closing / until; `closing` is the balance then"
            ),
        ]
        | None
    ) = None


class OneExport(Request, frozen=True):
    """Which file is meant."""

    export_id: str


class OneEntry(Request, frozen=True):
    """Whose entry of which settlement."""

    settlement_id: str
    subject_id: str


def statement(tx: Tx, payload: Statement) -> replies.StatementReply:
    """我的积分对账单 / My statement of points.

    Return the lines of one's own accounts with what stood before and after them.

    Raises:
        NotFound: The subject is not the caller's.
        Invalid: The span is empty, or holds more than 1,000 lines.
    """
    own = [row.subject_id for row in voices.subjects_of(tx.conn, tx.actor.id, tx.now)]
    preferred = f"RES:{tx.actor.id}"
    subject = payload.subject or (preferred if preferred in own else next(iter(own), ""))
    if subject not in own:
        raise NotFound(kind="subject", id=payload.subject or tx.actor.id)
    until = payload.until
    if payload.since is not None and payload.since >= (until or tx.now):
        raise Invalid(field="since", reason=said("since 应早于 until / since is before until"))
    lines: list[replies.StatementLine] = []
    for line in store.lines_of(tx.conn, subject, since=payload.since, until=until):
        if len(lines) == MOST_LINES:
            raise Invalid(
                field="since",
                reason=said(
                    (
                        "超过 {most_lines} 行,请缩短时间段或导出文件"
                        " / more than {most_lines} lines: ask for a shorter time or an export"
                    ),
                    most_lines=MOST_LINES,
                ),
            )
        lines.append(replies.StatementLine.of(line, at=line.posted_at, account=line.side))
    opening = (
        store.balances_at(tx.conn, subject, payload.since) if payload.since is not None else {}
    )
    return replies.StatementReply(
        subject=subject,
        since=payload.since,
        until=until or tx.now,
        opening=opening,
        lines=lines,
        closing=store.balances_at(tx.conn, subject, until),
    )


# --------------------------------------------------------------------------------------------------
# Files


def _own(tx: Tx, export_id: str) -> Row:
    row = store.export(tx.conn, export_id)
    if row is None or row.requested_by != tx.actor.id:
        raise NotFound(kind="export", id=export_id)
    return row


def export(tx: Tx, payload: OneExport) -> replies.ExportReply:
    """导出文件的状态 / How far a file is.

    Return how far a file is, to the person who asked for it.

    Raises:
        NotFound: There is none, or another person asked for it.
    """
    row = _own(tx, payload.export_id)
    return replies.ExportReply.of(row, id=row.export_id, state=_state(tx, row))


def _state(tx: Tx, row: Row) -> str:
    over = row.expires_at is not None and row.expires_at <= tx.now
    return "EXPIRED" if over else str(row.state)


def export_file(tx: Tx, payload: OneExport) -> replies.FileReply:
    """下载导出文件 / Download a file.

    Return where the bytes of a file lie, to the person who asked for it.

    Raises:
        NotFound: There is none, or another person asked for it.
        NotReady: It is not made yet.
        Gone: It is not kept any more.
    """
    row = _own(tx, payload.export_id)
    state = _state(tx, row)
    if state == "EXPIRED":
        raise Gone
    if state != "READY":
        raise NotReady
    return replies.FileReply.of(row, media_type=MEDIA[row.format])


# --------------------------------------------------------------------------------------------------
# One entry, four viewers


def settlement_entry(tx: Tx, payload: OneEntry) -> replies.EntryReply:
    """赋分条目(按查看人展示) / An entry as the caller may see it.

    The public sees organisations that were published, with reasons but without MINOR deductions,
    and of persons the grade of those on the red list. The subject sees all of its own; a reviewer
    of the area sees who decided; an auditor also sees the digests against which it is checked.

    Raises:
        NotFound: There is none that the caller may see.
    """
    in_force = rules_in_force(tx.conn)
    row = settlement_store.settlement(tx.conn, payload.settlement_id)
    known = None
    if row is not None:
        months = entry_store.entries_of(tx.conn, payload.subject_id, period=row.period)
        known = next((one for one in months if one.settlement_id == row.settlement_id), None)
    if row is None or known is None:
        raise NotFound(kind="entry", id=payload.subject_id)
    viewer = _viewer(tx, row, known.subject_id)
    if viewer == "PUBLIC":
        return _public(tx, row, known, in_force)
    rows = awards.of_subject(tx.conn, [known.subject_id], valid_in=row.period)
    cards = []
    for award in rows:
        acted = cards_views.chain(award) if viewer != "SELF" else UNSET
        cards.append(cards_views.award_card(tx, award, in_force, chain=acted))
    card = entries.card(known, replies.EntryCard)
    found = replies.EntryReply(viewer=viewer, **msgspec.structs.asdict(card), awards=cards)
    if viewer == "AUDITOR":
        notice = notice_store.notice(tx.conn, row.notice_id) if row.notice_id else None
        found.settlement_digest = row.digest
        found.notice_digest = notice.digest if notice is not None else None
        found.reviewed_by, found.confirmed_by = row.reviewed_by, row.confirmed_by
    return found


def _viewer(tx: Tx, row: Row, subject_id: str) -> replies.Viewer:
    if voices.speaks_for(tx.conn, subject_id, tx.actor.id, tx.now):
        return "SELF"
    if tx.actor.role in cards_views.STAFF and tx.actor.covers(row.area):
        return "AUDITOR" if tx.actor.role == "R_AUDITOR" else "REVIEWER"
    return "PUBLIC"


def _public(tx: Tx, row: Row, known: Row, in_force: InForce) -> replies.EntryReply:
    missing = NotFound(kind="entry", id=known.subject_id)
    if row.published_at is None or known.state == "DRAFT":
        raise missing
    if known.kind in PERSONS:
        notice = notice_store.known(tx.conn, row.notice_id)
        listed = {person["subject"] for person in notice.body.get("red_list", [])}
        still = registry.consented(tx.conn, [known.subject_id], "PUBLIC_LIST")
        hangs = notice.state != "WITHDRAWN" and notice.down_at > tx.now
        if known.subject_id not in listed & still or known.state == "HELD" or not hangs:
            raise missing
        return replies.EntryReply(
            viewer="PUBLIC", subject=known.subject_id, period=known.period, grade=known.grade
        )
    if known.kind not in ORGANISATIONS:
        raise missing
    reasons = []
    for award in awards.of_subject(tx.conn, [known.subject_id], period=row.period):
        rule = in_force.rule_of(award)
        # What the score counts is listed: a deduction from the publication of its month on.
        counts = award.effective or (award.deduction and award.state in ("APPROVED", "REVERSED"))
        if rule is None or award.score == 0 or not counts or award.to_period < known.period:
            continue
        level = severity.SEVERITIES.get(rule.severity or "")
        # A repaired item is not published any more; a minor one never is.
        if award.deduction and (level is None or not level.published or award.state == "REPAIRED"):
            continue
        reasons.append(
            replies.EntryReason(rule=rule.code, reason=rule.public_reason, score=award.score)
        )
    return replies.EntryReply(
        viewer="PUBLIC",
        subject=known.subject_id,
        kind=known.kind,
        period=known.period,
        score=known.score,
        grade=known.grade,
        gates_failed=gates(known.gates_failed),
        note=cards_views.HELD_NOTE if known.state == "HELD" else None,
        reasons=reasons,
    )
