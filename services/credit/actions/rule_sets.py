"""Rule sets: imported, approved, published, retired; once published, nothing in them changes.

A draft is judged by the loader at every step (`drafts`). Who published a set wrote nothing in it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from fivered.chassis.fields import Day
from fivered.chassis.free_text import PublicText
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.actions import drafts, publishing, telling
from fivered.services.credit.errors import (
    ConsultationNotEnded,
    EndsSooner,
    NoLegalReview,
    NoRulesLeft,
    NotPeriodStart,
    PeriodTaken,
    RuleSetChanged,
    SameAsAuthor,
    TextTooShort,
)
from fivered.services.credit.rules import loader
from fivered.services.credit.storage import notices as notice_store
from fivered.services.credit.storage import rule_sets as store
from fivered.services.credit.storage.in_force import digest_of

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Tx
    from fivered.chassis.records import Row


class ImportRuleSet(Request, frozen=True):
    """导入随系统发布的规则集 / Publish a rule set that comes with the system."""

    code: Annotated[str, Meta(min_length=1, max_length=40, examples=["RC-2025.1"])]


class ApproveRuleSet(Request, frozen=True):
    """审定;合法性审查意见必填 / Approve; the reference of the legal review is required."""

    rule_set_id: str
    legal_review_ref: (
        Annotated[
            PublicText,
            Meta(
                max_length=200,
                examples=["任司审〔2025〕3号"],
                description="审查意见文号 / reference",
            ),
        ]
        | None
    ) = None


class PublishRuleSet(Request, frozen=True):
    """发布;发布人不得是起草人 / Publish; nobody who wrote in it can."""

    rule_set_id: str
    effective_from: (
        Annotated[
            Day,
            Meta(
                description="未来月份的第一天,默认草案所载 / first day of a future month",
                examples=["2025-07-01"],
            ),
        ]
        | None
    ) = None


class RetireRuleSet(Request, frozen=True):
    """废止或撤回;须写明理由 / Retire or withdraw; a reason is required."""

    rule_set_id: str
    reason: Annotated[
        PublicText,
        Meta(
            min_length=1,
            max_length=400,
            description="理由,不少于 10 个字 / why, at least 10 characters",
            examples=["条款与上级新规不一致,先行撤回重拟"],
        ),
    ]
    from_day: (
        Annotated[
            Day,
            Meta(
                description="自哪一天起不再适用,须为未来月份第一天,默认下月;尚未生效的整体"
                "撤回 / first day without it, default next month; one not begun yet is "
                "withdrawn as a whole",
                examples=["2025-07-01"],
            ),
        ]
        | None
    ) = None
    without_successor: Annotated[
        bool,
        Meta(description="确认此后该区没有规则集 / the district will have no rules from then on"),
    ] = False


def import_rule_set(tx: Tx, payload: ImportRuleSet) -> replies.RuleSetDone:
    """导入规则集 / Import a rule set.

    Read a shipped rule set, judge it and publish it. Twice gives the same answer.

    Raises:
        NotFound: No rule set of that code comes with this service.
        RuleSetChanged: Another content was published under this code before.
        RuleSetInvalid: And the other refusals of the loader; nothing is stored.
    """
    try:
        document = loader.shipped(payload.code)
    except FileNotFoundError as error:
        raise NotFound(kind="rule_set", id=payload.code) from error
    digest = digest_of(document)
    loaded = loader.load(document)
    tx.require_scope(loaded.scope)
    known = store.by_code(tx.conn, payload.code, lock=True)
    if known is not None:
        if known.digest != digest:
            raise RuleSetChanged(code=payload.code)
        return _imported(known)
    row = store.add(
        tx.conn,
        rule_set_id=tx.new_id("rls"),
        code=payload.code,
        version=loaded.version,
        area=loaded.scope,
        state="PUBLISHED",
        effective_from=loaded.effective_from,
        author=loaded.author[:64],
        publisher=tx.actor.id,
        legal_review=loaded.legal_review,
        published_at=tx.now,
        body=document,
        digest=digest,
        row_version=1,
        title=document.get("title_zh"),
        authors=[],
        created_at=tx.now,
    )
    store.end_before(tx.conn, loaded.scope, loaded.effective_from, payload.code)
    return _imported(row)


def _imported(row: Row) -> replies.RuleSetDone:
    return replies.RuleSetDone.of(row, id=row.rule_set_id, number=row.code, version=row.row_version)


def approve_rule_set(tx: Tx, payload: ApproveRuleSet) -> replies.RuleSetDone:
    """审定 / Approve after consultation and legal review.

    Approve a draft whose consultation is over, with the reference of its legal review.

    Raises:
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is not under consultation.
        ConsultationNotEnded: The public still has time.
        NoLegalReview: No reference is given.
        RuleSetInvalid: And the other refusals of the loader.
    """
    row = drafts.locked(tx, payload.rule_set_id, "CONSULTING")
    if tx.now < row.consulted_until:
        raise ConsultationNotEnded(until=telling.last_day(row.consulted_until))
    review = (payload.legal_review_ref or "").strip()
    if not review:
        raise NoLegalReview(field="legal_review_ref")
    drafts.judge(tx, row.body)
    approved = store.kept(
        store.move(
            tx.conn,
            row.rule_set_id,
            state="APPROVED",
            legal_review=review[:200],
            approved_by=tx.actor.id,
            approved_at=tx.now,
        )
    )
    return drafts.reply(approved)


def publish_rule_set(tx: Tx, payload: PublishRuleSet) -> replies.RuleSetDone:
    """发布 / Publish; immutable from then on.

    Publish an approved rule set; from then on nothing in it changes.

    Raises:
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is not approved.
        SameAsAuthor: The caller wrote in it.
        NoLegalReview: It has no reference of a legal review.
        NotPeriodStart: It would not begin with a month that is still to come.
        PeriodTaken: Another rule set begins on that day.
        RuleSetInvalid: And the other refusals of the loader.
    """
    row = drafts.locked(tx, payload.rule_set_id, "APPROVED")
    if tx.actor.id in (row.author, *row.authors):
        raise SameAsAuthor
    if not row.legal_review:
        raise NoLegalReview(field="legal_review_ref")
    document = drafts.headed(dict(row.body), payload.effective_from, None)
    document |= drafts.drafted(tx) | {
        "publisher": f"{tx.actor.role} {tx.actor.scope}(发布)",
        "legal_review": row.legal_review,
    }
    loaded = drafts.judge(tx, document)
    begins = loaded.effective_from
    drafts.require_to_come(tx, begins)
    store.lock_in_force(tx.conn, row.area)
    following = store.next_begin(tx.conn, row.area, begins)
    if following is not None and following.effective_from == begins:
        raise PeriodTaken(code=following.code, on=begins.isoformat(), field="effective_from")
    done = store.kept(
        store.publish(
            tx.conn,
            row.rule_set_id,
            body=document,
            digest=digest_of(document),
            publisher=tx.actor.id,
            effective_from=begins,
            effective_to=following.effective_from if following is not None else None,
            published_at=tx.now,
        )
    )
    store.end_before(tx.conn, row.area, begins, row.code)
    starts = tx.calendar.midnight(begins)
    tx.arm("rule_set_begins", row.rule_set_id, starts)
    body = {
        "rule_set_id": done.rule_set_id,
        "rule_set": done.code,
        "title": done.title,
        "effective_from": begins,
        "digest": done.digest,
        "legal_review": done.legal_review,
        **drafts.asked_by(done),
        "changes": drafts.changes_to_what_holds(tx, done),
    }
    notice_id = drafts.put_notice(tx, done, "RULES", body, starts)
    store.noted(tx.conn, done.rule_set_id, notice_id)
    return drafts.reply(done, due=starts, notice_id=notice_id)


def on_rule_set_turn(tx: Tx, due: Due) -> None:
    """A rule set comes into force, or one ends: what has ended by this day is retired."""
    row = store.by_id(tx.conn, due.ref)
    if row is not None:
        store.retire(tx.conn, row.area, tx.calendar.local_date(due.due_at), tx.now)


def retire_rule_set(tx: Tx, payload: RetireRuleSet) -> replies.RuleSetDone:
    """废止;尚未生效的撤回 / Retire; withdraw what has not begun.

    End a published rule set: withdraw it before it begins, or end it with a month to come.

    What was awarded under it stays. A set that is not published is taken back by `revise`.

    Raises:
        TextTooShort: No reason.
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is not published, or has ended.
        SameAsAuthor: The caller wrote in it.
        NotPeriodStart: It would not end with a month that is still to come.
        EndsSooner: It ends by that day already.
        NoRulesLeft: Nothing would be in force from then on, and the caller has not said so.
    """
    reason = payload.reason.strip()
    if len(reason) < drafts.LEAST_REASON:
        raise TextTooShort(field="reason", least=drafts.LEAST_REASON)
    row = drafts.locked(tx, payload.rule_set_id, "PUBLISHED")
    if tx.actor.id in (row.author, *row.authors):
        raise SameAsAuthor
    store.lock_in_force(tx.conn, row.area)
    row = drafts.locked(tx, payload.rule_set_id, "PUBLISHED")
    if row.effective_from > tx.calendar.local_date(tx.now):
        done = _withdraw(tx, row, payload, reason)
    else:
        done = _end(tx, row, payload, reason)
    ends: date = done.effective_to
    held = store.on(tx.conn, row.area, ends)
    if held is None and len(row.area) == 6 and not payload.without_successor:
        raise NoRulesLeft(on=ends.isoformat(), field="without_successor")
    body = {
        "rule_set_id": done.rule_set_id,
        "rule_set": done.code,
        "title": done.title,
        "effective_from": done.effective_from,
        "effective_to": ends,
        "withdrawn": done.state == "RETIRED",
        "reason": reason,
        "digest": done.digest,
        "instead": held.code if held is not None else None,
    }
    until = tx.calendar.midnight(ends)
    notice_id = drafts.put_notice(tx, done, "RULES", body, until, corrects=row.notice_id)
    published = notice_store.notice(tx.conn, row.notice_id) if row.notice_id else None
    if done.state == "RETIRED" and published is not None and published.state != "WITHDRAWN":
        publishing.take_down(tx, row.notice_id, reason, notice_id)
    return drafts.reply(done, due=until, notice_id=notice_id)


def _withdraw(tx: Tx, row: Row, payload: RetireRuleSet, reason: str) -> Row:
    """Let a rule set never begin: what it would have ended goes on."""
    if payload.from_day not in (None, row.effective_from.isoformat()):
        raise NotPeriodStart(on=payload.from_day, field="from_day")
    before = store.ended_by(tx.conn, row.area, row.effective_from)
    if before is not None:
        ends = [day for day in (row.effective_to, before.retire_on) if day is not None]
        store.end(tx.conn, before.rule_set_id, effective_to=min(ends, default=None))
    tx.disarm("rule_set_begins", row.rule_set_id)
    return _retired(tx, row, row.effective_from, reason, state="RETIRED", retired_at=tx.now)


def _end(tx: Tx, row: Row, payload: RetireRuleSet, reason: str) -> Row:
    """End a rule set that is in force with a month to come."""
    following = tx.calendar.next_period(tx.calendar.period(tx.now))
    text = payload.from_day or f"{following}-01"
    ends = drafts.first_day(text, "from_day")
    if ends is None or ends <= tx.calendar.local_date(tx.now):
        raise NotPeriodStart(on=text, field="from_day")
    if row.effective_to is not None and row.effective_to <= ends:
        raise EndsSooner(code=row.code, on=row.effective_to.isoformat(), field="from_day")
    tx.arm("rule_set_ends", row.rule_set_id, tx.calendar.midnight(ends))
    return _retired(tx, row, ends, reason)


def _retired(tx: Tx, row: Row, ends: date, reason: str, **more: object) -> Row:
    return store.kept(
        store.end(
            tx.conn,
            row.rule_set_id,
            effective_to=ends,
            retire_on=ends,
            retired_by=tx.actor.id,
            retired_because=reason[:400],
            **more,
        )
    )
