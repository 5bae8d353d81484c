"""The life of a rule set: draft, consultation, approval, publication, retirement.

A draft is judged by the loader at every step, so what the law and the house forbid never gets as
far as the public. Consultation, approval and publication leave its rules as they are; whoever wants
other rules takes it back to DRAFT, and the consultation begins anew.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from chassis.fields import Day, Id
from chassis.free_text import PUBLIC, PublicText
from chassis.refusal import Invalid, NotFound, StateConflict, said
from services.credit.actions import publishing
from services.credit.errors import (
    CommentEmpty,
    ConsultationEnded,
    ConsultationNotEnded,
    EndsSooner,
    NoLegalReview,
    NoRulesLeft,
    NotPeriodStart,
    PeriodTaken,
    RuleNotInSet,
    RuleSetCodeTaken,
    RuleSetInvalid,
    SameAsAuthor,
    TextTooShort,
)
from services.credit.rules import loader
from services.credit.rules.changes import changes
from services.credit.rules.model import RuleSet
from services.credit.storage import notices as notice_store
from services.credit.storage import rule_sets as store
from services.credit.storage.in_force import digest_of, rules_in_force

if TYPE_CHECKING:
    from chassis.bus import Due, Tx

CONSULTATION_WORKING_DAYS = 10
TO_COME = "待定"
LONGEST_COMMENT = 2000
LEAST_REASON = 10


@dataclass(frozen=True, slots=True)
class CreateRuleSet:
    """起草规则集:复制现行规则或提交全文 / Draft a rule set: a copy, or a whole document."""

    document: (
        Annotated[
            dict[str, Any],
            PUBLIC,
            Meta(
                max_length=100,
                description="全文;起草人、发布人和审查意见由系统填写 / the whole document instead",
            ),
        ]
        | None
    ) = None
    based_on: (
        Annotated[
            str,
            Meta(
                max_length=40,
                description="复制哪一规则集,默认现行 / code of the set to copy, default "
                "the one in force",
                examples=["RC-2025.1"],
            ),
        ]
        | None
    ) = None
    version: (
        Annotated[
            str,
            Meta(
                pattern=r"^[0-9]{4}\.[0-9]{1,3}$",
                description="副本的版本号 / version of the copy",
                examples=["2025.2"],
            ),
        ]
        | None
    ) = None
    effective_from: (
        Annotated[
            Day,
            Meta(
                description="某月第一天,默认下月 / first day of a month, default the next one",
                examples=["2025-07-01"],
            ),
        ]
        | None
    ) = None
    title: (
        Annotated[PublicText, Meta(max_length=200, examples=["任城区城市社区信用规则 2025.2"])]
        | None
    ) = None
    topic_id: (
        Annotated[
            str,
            Meta(
                max_length=64,
                description="提出修订的议题 / the forum's topic that asks for it",
                examples=["tpc_0192f0c1"],
            ),
        ]
        | None
    ) = None
    resolution_no: (
        Annotated[
            PublicText,
            Meta(
                max_length=64,
                description="协商成果文号 / number of its resolution",
                examples=["协议〔2025〕第3号"],
            ),
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True)
class EditRuleSet:
    """修改草案 / Change a draft: some rules, or the whole document."""

    rule_set_id: str
    document: (
        Annotated[
            dict[str, Any], PUBLIC, Meta(max_length=100, description="全文 / the whole document")
        ]
        | None
    ) = None
    put: Annotated[
        list[Annotated[dict[str, Any], Meta(max_length=100)]],
        PUBLIC,
        Meta(
            max_length=500,
            description="新增或替换的规则 / rules that are added or replaced, by code",
        ),
    ] = field(default_factory=list)
    drop: Annotated[
        list[Id],
        Meta(
            max_length=500,
            description="删除的规则编码 / codes of rules left out",
            examples=[["R-UNT-04"]],
        ),
    ] = field(default_factory=list)
    effective_from: Annotated[Day, Meta(examples=["2025-07-01"])] | None = None
    title: Annotated[PublicText, Meta(max_length=200)] | None = None
    topic_id: (
        Annotated[
            str,
            Meta(
                max_length=64,
                description="提出修订的议题 / the forum's topic that asks for it",
                examples=["tpc_0192f0c1"],
            ),
        ]
        | None
    ) = None
    resolution_no: (
        Annotated[
            PublicText,
            Meta(
                max_length=64,
                description="协商成果文号 / number of its resolution",
                examples=["协议〔2025〕第3号"],
            ),
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True)
class WhichRuleSet:
    """Which rule set is meant."""

    rule_set_id: str


@dataclass(frozen=True, slots=True)
class ApproveRuleSet:
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


@dataclass(frozen=True, slots=True)
class PublishRuleSet:
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


@dataclass(frozen=True, slots=True)
class RetireRuleSet:
    """废止或撤回;须写明理由 / Retire or withdraw; a reason is required."""

    rule_set_id: str
    reason: Annotated[
        PublicText,
        Meta(
            min_length=1,
            max_length=400,
            description="理由,不少于10个字 / why, at least 10 characters",
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


@dataclass(frozen=True, slots=True)
class DiscardRuleSet:
    """放弃草案;须写明理由 / Discard a draft; a reason is required."""

    rule_set_id: str
    reason: Annotated[
        PublicText,
        Meta(
            min_length=1,
            max_length=400,
            description="理由,不少于10个字 / why, at least 10 characters",
            examples=["与下一版合并修订,本草案不再进行"],
        ),
    ]


@dataclass(frozen=True, slots=True)
class CommentOnRuleSet:
    """对征求意见稿提出意见 / Comment on a draft under consultation."""

    rule_set_id: str
    text: Annotated[PublicText, Meta(min_length=1, max_length=2000, examples=["建议提高议事加分"])]
    rule_code: Annotated[str, Meta(max_length=40, examples=["R-RES-03"])] | None = None


# --------------------------------------------------------------------------------------------------
# Draft


def _drafted(tx: Tx) -> dict[str, str]:
    """Return who signs a draft: offices, since everybody reads the document. The rows beside it
    know the persons, and that the author is not the publisher."""
    author = f"{tx.actor.role} {tx.actor.scope}(起草)"
    return {"author": author, "publisher": TO_COME, "legal_review": TO_COME}


def create_rule_set(tx: Tx, payload: CreateRuleSet) -> dict[str, Any]:
    """起草规则集 / Draft a rule set.

    Raises:
        NotFound: The rule set to copy does not exist.
        NotPeriodStart: It would not begin with a month.
        RuleSetCodeTaken: There is one of that version already.
        RuleSetInvalid: And the other refusals of the loader; nothing is stored.
        RoleDenied: Its scope is not the caller's.
    """
    based_on = None
    if payload.document is not None:
        document = copy.deepcopy(payload.document)
    else:
        source = _source(tx, payload.based_on)
        document, based_on = copy.deepcopy(source.body), source.code
        if not payload.version:
            raise Invalid(
                field="version", reason=said("副本须有新的版本号 / a copy has a version of its own")
            )
        document["version"] = payload.version
        document["id"] = f"{source.code.rpartition('-')[0]}-{payload.version.partition('.')[0]}"
        following = tx.calendar.next_period(tx.calendar.period(tx.now))
        document["effective_from"] = f"{following}-01"
    document = _headed(document, payload.effective_from, payload.title)
    document |= _drafted(tx)
    loaded = _judge(tx, document)
    if store.by_code(tx.conn, loaded.code, lock=True) is not None:
        raise RuleSetCodeTaken(code=loaded.code, field="version")
    rule_set_id = tx.new_id("rls")
    store.add(
        tx.conn,
        {
            "rule_set_id": rule_set_id,
            "code": loaded.code,
            "version": loaded.version,
            "area": loaded.scope,
            "state": "DRAFT",
            "effective_from": loaded.effective_from,
            "effective_to": None,
            "author": tx.actor.id,
            "publisher": None,
            "legal_review": None,
            "consulted_until": None,
            "published_at": None,
            "body": document,
            "digest": digest_of(document),
            "row_version": 1,
            "title": str(document.get("title_zh") or loaded.code)[:200],
            "based_on": based_on,
            "authors": [tx.actor.id],
            "notice_id": None,
            "consulted_from": None,
            "approved_by": None,
            "approved_at": None,
            "retired_at": None,
            "topic_id": _ref(payload.topic_id),
            "resolution_no": _ref(payload.resolution_no),
            "created_at": tx.now,
        },
    )
    return _reply(store.by_id(tx.conn, rule_set_id))


def edit_rule_set(tx: Tx, payload: EditRuleSet) -> dict[str, Any]:
    """修改草案 / Change a draft.

    Change a draft. Whoever changes it is one of its authors.

    Raises:
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is a draft no longer.
        RuleNotInSet: A rule to leave out is not in it.
        RuleSetInvalid: And the other refusals of the loader; nothing is changed.
    """
    row = _locked(tx, payload.rule_set_id, "DRAFT")
    document = copy.deepcopy(row.body if payload.document is None else payload.document)
    if payload.document is None:
        document["rules"] = _with_rules(document["rules"], payload)
    document = _headed(document, payload.effective_from, payload.title)
    document |= _drafted(tx)
    loaded = _judge(tx, document)
    if loaded.code != row.code:
        raise RuleSetInvalid(rule="-", at="version", expected=row.version, field="version")
    store.edit(
        tx.conn,
        row.rule_set_id,
        body=document,
        digest=digest_of(document),
        effective_from=loaded.effective_from,
        title=str(document.get("title_zh") or loaded.code)[:200],
        authors=sorted({*row.authors, tx.actor.id}),
        topic_id=_ref(payload.topic_id) or row.topic_id,
        resolution_no=_ref(payload.resolution_no) or row.resolution_no,
    )
    return _reply(store.by_id(tx.conn, row.rule_set_id))


def _ref(text: str | None) -> str | None:
    return (text or "").strip()[:64] or None


def _source(tx: Tx, code: str | None) -> Any:
    if code is None:
        found = rules_in_force(tx.conn).on(tx.calendar.local_date(tx.now))
        code = found[0] if found else "-"
    row = store.by_code(tx.conn, code)
    if row is None or row.state not in store.IN_FORCE:
        raise NotFound(kind="rule_set", id=code)
    return row


def _headed(
    document: dict[str, Any], effective_from: str | None, title: str | None
) -> dict[str, Any]:
    if effective_from is not None:
        document["effective_from"] = effective_from
    if title is not None:
        document["title_zh"] = title
        document.pop("title_en", None)
    return document


def _with_rules(known: list[Any], payload: EditRuleSet) -> list[Any]:
    codes = {rule["code"] for rule in known}
    for code in payload.drop:
        if code not in codes:
            raise RuleNotInSet(rule=code, field="drop")
    put = {str(rule.get("code")): rule for rule in payload.put}
    kept = [put.pop(rule["code"], rule) for rule in known if rule["code"] not in payload.drop]
    return [*kept, *put.values()]


def _judge(tx: Tx, document: dict[str, Any]) -> RuleSet:
    """Let the loader judge a document that is not in force yet."""
    _first_day(str(document.get("effective_from") or ""))
    loaded = loader.load(document)
    tx.require_scope(loaded.scope)
    if loaded.street:
        _judge_street(tx, loaded)
    return loaded


def _judge_street(tx: Tx, loaded: RuleSet) -> None:
    """A street adds to the district's rules, within what they give, under letters of its own."""
    district = rules_in_force(tx.conn).on(loaded.effective_from)
    if district is None:
        raise RuleSetInvalid(
            rule="-",
            at="effective_from",
            expected="a day with rules of the district",
            field="effective_from",
        )
    loader.judge_amounts(loaded, district[1].rule_set)
    other = store.elsewhere(tx.conn, f"{loaded.id.rpartition('-')[0]}-", loaded.scope)
    if other is not None:
        raise RuleSetCodeTaken(code=other, field="id")


def _first_day(text: str, at: str = "effective_from") -> date | None:
    """Return the day, or None where it is no date, which the loader tells better."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    if day.day != 1:
        raise NotPeriodStart(on=text, field=at)
    return day


def _require_to_come(tx: Tx, begins: date) -> None:
    if begins <= tx.calendar.local_date(tx.now):
        raise NotPeriodStart(on=begins.isoformat(), field="effective_from")


def _locked(tx: Tx, rule_set_id: str, *states: str) -> Any:
    row = store.by_id(tx.conn, rule_set_id, lock=True)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="rule_set", id=rule_set_id)
    tx.check_version(row.row_version)
    state = store.state_of(row)
    if state not in states:
        raise StateConflict(state=state)
    return row


def _reply(row: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": row.rule_set_id,
        "number": row.code,
        "state": store.state_of(row),
        "version": row.row_version,
        "digest": row.digest,
        "effective_from": row.effective_from.isoformat(),
        **more,
    }


def discard_rule_set(tx: Tx, payload: DiscardRuleSet) -> dict[str, Any]:
    """放弃草案 / Discard a draft.

    End a draft that nobody takes further; its version is not used again.

    One under consultation, or approved, is taken back to DRAFT first.

    Raises:
        TextTooShort: No reason.
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is no draft.
    """
    reason = payload.reason.strip()
    if len(reason) < LEAST_REASON:
        raise TextTooShort(field="reason", least=LEAST_REASON)
    row = _locked(tx, payload.rule_set_id, "DRAFT")
    store.move(
        tx.conn,
        row.rule_set_id,
        state="DRAFT",
        retired_at=tx.now,
        retired_by=tx.actor.id,
        retired_because=reason,
    )
    return _reply(store.by_id(tx.conn, row.rule_set_id))


# --------------------------------------------------------------------------------------------------
# Consultation


def consult_rule_set(tx: Tx, payload: WhichRuleSet) -> dict[str, Any]:
    """公开征求意见(10个工作日) / Consult the public for 10 working days.

    Put a draft before the public for 10 working days; its rules stay as they are from here on.

    Raises:
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is no draft.
        NotPeriodStart: It would not begin with a month that is still to come.
        RuleSetInvalid: And the other refusals of the loader.
    """
    row = _locked(tx, payload.rule_set_id, "DRAFT")
    _require_to_come(tx, _judge(tx, row.body).effective_from)
    until = tx.calendar.due(tx.now, CONSULTATION_WORKING_DAYS)
    body = {
        "rule_set_id": row.rule_set_id,
        "rule_set": row.code,
        "title": row.title,
        "effective_from": row.effective_from.isoformat(),
        "digest": row.digest,
        "comments_until": until.isoformat(),
        **_asked_by(row),
        "changes": changes_to_what_holds(tx, row),
    }
    notice_id = _notice(tx, row, "CONSULTATION", body, until)
    store.move(
        tx.conn,
        row.rule_set_id,
        state="CONSULTING",
        notice_id=notice_id,
        consulted_from=tx.now,
        consulted_until=until,
    )
    tx.arm("consultation_end", row.rule_set_id, until, {"notice_id": notice_id})
    done = store.by_id(tx.conn, row.rule_set_id)
    return _reply(done, due=until.isoformat(), notice_id=notice_id)


def _asked_by(row: Any) -> dict[str, Any]:
    """Return the forum's outcome that asked for an amendment, as notices say it."""
    named = {"topic_id": row.topic_id, "resolution_no": row.resolution_no}
    return {"asked_by": named} if any(named.values()) else {}


def changes_to_what_holds(tx: Tx, row: Any) -> dict[str, Any] | None:
    """Return what a rule set changes of that in force now; None where none is."""
    in_force, today = rules_in_force(tx.conn), tx.calendar.local_date(tx.now)
    # What a street adds is compared with what it has added so far.
    found = in_force.on(today) if len(row.area) == 6 else in_force.street(row.area, today)
    if found is None:
        return None
    return {"from": found[0], **changes(store.body_of(tx.conn, found[0]), row.body)}


def _notice(
    tx: Tx, row: Any, kind: str, body: dict[str, Any], until: Any, *, corrects: str | None = None
) -> str:
    notice_id = publishing.put_up(
        tx,
        kind=kind,
        area=row.area,
        period=row.effective_from.isoformat()[:7],
        body=body,
        until=until,
        corrects=corrects,
    )
    publishing.tell(tx, notice_id, kind=kind, area=row.area, until=until)
    return notice_id


def on_consultation_end(tx: Tx, due: Due) -> None:
    """The 10 working days are over: the notice has ended, and the draft may be approved."""
    row = store.by_id(tx.conn, due.ref, lock=True)
    if row is None or row.state != "CONSULTING" or row.notice_id != due.data.get("notice_id"):
        return
    notice_store.change(tx.conn, row.notice_id, state="ENDED")


def comment_on_rule_set(tx: Tx, payload: CommentOnRuleSet) -> dict[str, Any]:
    """提出意见 / Comment on a draft.

    File a comment on a draft under consultation.

    Raises:
        NotFound: No such rule set is before the public.
        ConsultationEnded: The 10 working days are over.
        CommentEmpty: It says nothing.
        RuleNotInSet: It is about a rule that the draft does not have.
    """
    row = store.by_id(tx.conn, payload.rule_set_id)
    if row is None or row.state not in ("CONSULTING", "APPROVED"):
        raise NotFound(kind="rule_set", id=payload.rule_set_id)
    if row.state != "CONSULTING" or tx.now >= row.consulted_until:
        raise ConsultationEnded(until=row.consulted_until.isoformat())
    text = payload.text.strip()
    if not text or len(text) > LONGEST_COMMENT:
        raise CommentEmpty(field="text")
    codes = {rule["code"] for rule in row.body["rules"]}
    if payload.rule_code is not None and payload.rule_code not in codes:
        raise RuleNotInSet(rule=payload.rule_code, field="rule_code")
    comment_id = tx.new_id("cmt")
    store.add_comment(
        tx.conn,
        {
            "comment_id": comment_id,
            "rule_set_id": row.rule_set_id,
            "person_id": tx.actor.id,
            "rule_code": payload.rule_code,
            "text": text,
            "filed_at": tx.now,
        },
    )
    return {"id": comment_id, "state": "FILED", "version": 1}


def revise_rule_set(tx: Tx, payload: WhichRuleSet) -> dict[str, Any]:
    """退回草案 / Take back to draft; consultation begins anew.

    Take a rule set that is not published back to DRAFT; its consultation begins anew later.

    Raises:
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is a draft, or published.
    """
    row = _locked(tx, payload.rule_set_id, "CONSULTING", "APPROVED")
    notice = notice_store.notice(tx.conn, row.notice_id)
    if notice is not None and notice.state == "PUBLISHED":
        notice_store.change(tx.conn, row.notice_id, state="WITHDRAWN")
    tx.disarm("consultation_end", row.rule_set_id)
    store.move(
        tx.conn,
        row.rule_set_id,
        state="DRAFT",
        notice_id=None,
        consulted_from=None,
        consulted_until=None,
        approved_by=None,
        approved_at=None,
        legal_review=None,
    )
    return _reply(store.by_id(tx.conn, row.rule_set_id))


# --------------------------------------------------------------------------------------------------
# Approval and publication


def approve_rule_set(tx: Tx, payload: ApproveRuleSet) -> dict[str, Any]:
    """审定 / Approve after consultation and legal review.

    Approve a draft whose consultation is over, with the reference of its legal review.

    Raises:
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is not under consultation.
        ConsultationNotEnded: The public still has time.
        NoLegalReview: No reference is given.
        RuleSetInvalid: And the other refusals of the loader.
    """
    row = _locked(tx, payload.rule_set_id, "CONSULTING")
    if tx.now < row.consulted_until:
        raise ConsultationNotEnded(until=row.consulted_until.isoformat())
    review = (payload.legal_review_ref or "").strip()
    if not review:
        raise NoLegalReview(field="legal_review_ref")
    _judge(tx, row.body)
    store.move(
        tx.conn,
        row.rule_set_id,
        state="APPROVED",
        legal_review=review[:200],
        approved_by=tx.actor.id,
        approved_at=tx.now,
    )
    return _reply(store.by_id(tx.conn, row.rule_set_id))


def publish_rule_set(tx: Tx, payload: PublishRuleSet) -> dict[str, Any]:
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
    row = _locked(tx, payload.rule_set_id, "APPROVED")
    if tx.actor.id in (row.author, *row.authors):
        raise SameAsAuthor
    if not row.legal_review:
        raise NoLegalReview(field="legal_review_ref")
    document = _headed(dict(row.body), payload.effective_from, None)
    document |= _drafted(tx) | {
        "publisher": f"{tx.actor.role} {tx.actor.scope}(发布)",
        "legal_review": row.legal_review,
    }
    loaded = _judge(tx, document)
    begins = loaded.effective_from
    _require_to_come(tx, begins)
    store.lock_in_force(tx.conn, row.area)
    following = store.next_begin(tx.conn, row.area, begins)
    if following is not None and following.effective_from == begins:
        raise PeriodTaken(code=following.code, on=begins.isoformat(), field="effective_from")
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
    store.end_before(tx.conn, row.area, begins, row.code)
    starts = tx.calendar.midnight(begins)
    tx.arm("rule_set_begins", row.rule_set_id, starts)
    done = store.by_id(tx.conn, row.rule_set_id)
    body = {
        "rule_set_id": done.rule_set_id,
        "rule_set": done.code,
        "title": done.title,
        "effective_from": begins.isoformat(),
        "digest": done.digest,
        "legal_review": done.legal_review,
        **_asked_by(done),
        "changes": changes_to_what_holds(tx, done),
    }
    notice_id = _notice(tx, done, "RULES", body, starts)
    store.noted(tx.conn, done.rule_set_id, notice_id)
    return _reply(done, due=starts.isoformat(), notice_id=notice_id)


def on_rule_set_turn(tx: Tx, due: Due) -> None:
    """A rule set comes into force, or one ends: what has ended by this day is retired."""
    row = store.by_id(tx.conn, due.ref)
    if row is not None:
        store.retire(tx.conn, row.area, tx.calendar.local_date(due.due_at), tx.now)


# --------------------------------------------------------------------------------------------------
# Retirement


def retire_rule_set(tx: Tx, payload: RetireRuleSet) -> dict[str, Any]:
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
    if len(reason) < LEAST_REASON:
        raise TextTooShort(field="reason", least=LEAST_REASON)
    row = _locked(tx, payload.rule_set_id, "PUBLISHED")
    if tx.actor.id in (row.author, *row.authors):
        raise SameAsAuthor
    store.lock_in_force(tx.conn, row.area)
    row = _locked(tx, payload.rule_set_id, "PUBLISHED")
    if row.effective_from > tx.calendar.local_date(tx.now):
        ends = _withdraw(tx, row, payload, reason)
    else:
        ends = _end(tx, row, payload, reason)
    held = store.on(tx.conn, row.area, ends)
    if held is None and len(row.area) == 6 and not payload.without_successor:
        raise NoRulesLeft(on=ends.isoformat(), field="without_successor")
    done = store.by_id(tx.conn, row.rule_set_id)
    body = {
        "rule_set_id": done.rule_set_id,
        "rule_set": done.code,
        "title": done.title,
        "effective_from": done.effective_from.isoformat(),
        "effective_to": ends.isoformat(),
        "withdrawn": done.state == "RETIRED",
        "reason": reason,
        "digest": done.digest,
        "instead": held.code if held is not None else None,
    }
    until = tx.calendar.midnight(ends)
    notice_id = _notice(tx, done, "RULES", body, until, corrects=row.notice_id)
    published = notice_store.notice(tx.conn, row.notice_id) if row.notice_id else None
    if done.state == "RETIRED" and published is not None and published.state != "WITHDRAWN":
        publishing.take_down(tx, row.notice_id, reason, notice_id)
    return _reply(done, due=until.isoformat(), notice_id=notice_id)


def _withdraw(tx: Tx, row: Any, payload: RetireRuleSet, reason: str) -> date:
    """Let a rule set never begin: what it would have ended goes on. Returns its first day."""
    if payload.from_day not in (None, row.effective_from.isoformat()):
        raise NotPeriodStart(on=payload.from_day, field="from_day")
    before = store.ended_by(tx.conn, row.area, row.effective_from)
    if before is not None:
        ends = [day for day in (row.effective_to, before.retire_on) if day is not None]
        store.end(tx.conn, before.rule_set_id, effective_to=min(ends, default=None))
    tx.disarm("rule_set_begins", row.rule_set_id)
    _retired(tx, row, row.effective_from, reason, state="RETIRED", retired_at=tx.now)
    return row.effective_from  # type: ignore[no-any-return]


def _end(tx: Tx, row: Any, payload: RetireRuleSet, reason: str) -> date:
    """End a rule set that is in force with a month to come. Returns the first day without it."""
    following = tx.calendar.next_period(tx.calendar.period(tx.now))
    text = payload.from_day or f"{following}-01"
    ends = _first_day(text, "from_day")
    if ends is None or ends <= tx.calendar.local_date(tx.now):
        raise NotPeriodStart(on=text, field="from_day")
    if row.effective_to is not None and row.effective_to <= ends:
        raise EndsSooner(code=row.code, on=row.effective_to.isoformat(), field="from_day")
    tx.arm("rule_set_ends", row.rule_set_id, tx.calendar.midnight(ends))
    _retired(tx, row, ends, reason)
    return ends


def _retired(tx: Tx, row: Any, ends: date, reason: str, **more: Any) -> None:
    store.end(
        tx.conn,
        row.rule_set_id,
        effective_to=ends,
        retire_on=ends,
        retired_by=tx.actor.id,
        retired_because=reason[:400],
        **more,
    )
