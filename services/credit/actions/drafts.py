"""The drafts of rule sets: written, discarded, put before the public.

A draft is judged by the loader at every step, so what the law and the house forbid never gets as
far as the public. Consultation, approval and publication (`rule_sets`) leave its rules as they are;
who wants other rules takes it back to DRAFT, and the consultation begins anew.
"""

from __future__ import annotations

import copy
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, field

from fivered.chassis.fields import Day, Id
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import Invalid, NotFound, StateConflict, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.credit import replies
from fivered.services.credit.actions import areas, publishing, telling
from fivered.services.credit.errors import (
    CommentEmpty,
    ConsultationEnded,
    NotPeriodStart,
    RuleNotInSet,
    RuleSetCodeTaken,
    TextTooShort,
)
from fivered.services.credit.rules import loader
from fivered.services.credit.rules.changes import changes
from fivered.services.credit.rules.errors import RuleSetInvalid
from fivered.services.credit.rules.model import Document, RuleSet
from fivered.services.credit.storage import notices as notice_store
from fivered.services.credit.storage import rule_sets as store
from fivered.services.credit.storage.in_force import digest_of, rules_in_force

if TYPE_CHECKING:
    from fivered.chassis.bus import Due, Tx
    from fivered.chassis.records import Row

CONSULTATION_WORKING_DAYS = 10
TO_COME = "待定"
LONGEST_COMMENT = 2000
LEAST_REASON = 10


class CreateRuleSet(Request, frozen=True):
    """起草规则集:复制现行规则或提交全文 / Draft a rule set: a copy, or a whole document."""

    document: (
        Annotated[
            Document,
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


class EditRuleSet(Request, frozen=True):
    """修改草案 / Change a draft: some rules, or the whole document."""

    rule_set_id: str
    document: (
        Annotated[Document, PUBLIC, Meta(max_length=100, description="全文 / the whole document")]
        | None
    ) = None
    put: Annotated[
        list[Annotated[Document, Meta(max_length=100)]],
        PUBLIC,
        Meta(
            max_length=500,
            description="新增或替换的规则 / rules that are added or replaced, by code",
        ),
    ] = field(default_factory=list)
    drop: Annotated[
        list[Id],
        UNIQUE,
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


class WhichRuleSet(Request, frozen=True):
    """Which rule set is meant."""

    rule_set_id: str


class DiscardRuleSet(Request, frozen=True):
    """放弃草案;须写明理由 / Discard a draft; a reason is required."""

    rule_set_id: str
    reason: Annotated[
        PublicText,
        Meta(
            min_length=1,
            max_length=400,
            description="理由,不少于 10 个字 / why, at least 10 characters",
            examples=["与下一版合并修订,本草案不再进行"],
        ),
    ]


class CommentOnRuleSet(Request, frozen=True):
    """对征求意见稿提出意见 / Comment on a draft under consultation."""

    rule_set_id: str
    text: Annotated[PublicText, Meta(min_length=1, max_length=2000, examples=["建议提高议事加分"])]
    rule_code: Annotated[str, Meta(max_length=40, examples=["R-RES-03"])] | None = None


# --------------------------------------------------------------------------------------------------
# Draft


def drafted(tx: Tx) -> dict[str, str]:
    """Return who signs a draft: offices, since everybody reads the document. The rows beside it
    know the persons, and that the author is not the publisher."""
    author = f"{tx.actor.role} {tx.actor.scope}(起草)"
    return {"author": author, "publisher": TO_COME, "legal_review": TO_COME}


def create_rule_set(tx: Tx, payload: CreateRuleSet) -> replies.RuleSetDone:
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
    document = headed(document, payload.effective_from, payload.title)
    document |= drafted(tx)
    loaded = judge(tx, document)
    if store.by_code(tx.conn, loaded.code, lock=True) is not None:
        raise RuleSetCodeTaken(code=loaded.code, field="version")
    row = store.add(
        tx.conn,
        rule_set_id=tx.new_id("rls"),
        code=loaded.code,
        version=loaded.version,
        area=loaded.scope,
        state="DRAFT",
        effective_from=loaded.effective_from,
        author=tx.actor.id,
        body=document,
        digest=digest_of(document),
        row_version=1,
        title=str(document.get("title_zh") or loaded.code)[:200],
        based_on=based_on,
        authors=[tx.actor.id],
        topic_id=_ref(payload.topic_id),
        resolution_no=_ref(payload.resolution_no),
        created_at=tx.now,
    )
    return reply(row)


def edit_rule_set(tx: Tx, payload: EditRuleSet) -> replies.RuleSetDone:
    """修改草案 / Change a draft.

    Change a draft. A person who changes it is one of its authors.

    Raises:
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is a draft no longer.
        RuleNotInSet: A rule to leave out is not in it.
        RuleSetInvalid: And the other refusals of the loader; nothing is changed.
    """
    row = locked(tx, payload.rule_set_id, "DRAFT")
    document = copy.deepcopy(row.body if payload.document is None else payload.document)
    if payload.document is None:
        document["rules"] = _with_rules(document["rules"], payload)
    document = headed(document, payload.effective_from, payload.title)
    document |= drafted(tx)
    loaded = judge(tx, document)
    if loaded.code != row.code:
        raise RuleSetInvalid(rule="-", at="version", expected=row.version, field="version")
    changed = store.kept(
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
    )
    return reply(changed)


def _ref(text: str | None) -> str | None:
    return (text or "").strip()[:64] or None


def _source(tx: Tx, code: str | None) -> Row:
    if code is None:
        found = rules_in_force(tx.conn).on(tx.calendar.local_date(tx.now))
        code = found[0] if found else "-"
    row = store.by_code(tx.conn, code)
    if row is None or row.state not in store.IN_FORCE:
        raise NotFound(kind="rule_set", id=code)
    return row


def headed(document: Document, effective_from: str | None, title: str | None) -> Document:
    """Return a document with another first day, or another title."""
    if effective_from is not None:
        document["effective_from"] = effective_from
    if title is not None:
        document["title_zh"] = title
        document.pop("title_en", None)
    return document


def _with_rules(known: list[Document], payload: EditRuleSet) -> list[Document]:
    codes = {rule["code"] for rule in known}
    for code in payload.drop:
        if code not in codes:
            raise RuleNotInSet(rule=code, field="drop")
    put = {str(rule.get("code")): rule for rule in payload.put}
    kept = [put.pop(rule["code"], rule) for rule in known if rule["code"] not in payload.drop]
    return [*kept, *put.values()]


def judge(tx: Tx, document: Document) -> RuleSet:
    """Let the loader judge a document that is not in force yet."""
    first_day(str(document.get("effective_from") or ""))
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
    areas.require_known(tx, loaded.scope, field="scope")
    loader.judge_amounts(loaded, district[1].rule_set)
    other = store.elsewhere(tx.conn, f"{loaded.id.rpartition('-')[0]}-", loaded.scope)
    if other is not None:
        raise RuleSetCodeTaken(code=other, field="id")


def first_day(text: str, at: str = "effective_from") -> date | None:
    """Return the day, or None where it is no date, which the loader tells better."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    if day.day != 1:
        raise NotPeriodStart(on=text, field=at)
    return day


def require_to_come(tx: Tx, begins: date) -> None:
    """Refuse a first day that is not to come."""
    if begins <= tx.calendar.local_date(tx.now):
        raise NotPeriodStart(on=begins.isoformat(), field="effective_from")


def locked(tx: Tx, rule_set_id: str, *states: str) -> Row:
    """Return and lock a rule set of the caller's scope in one of some states.

    Raises:
        NotFound: There is none.
        StateConflict: It is in another state.
    """
    row = store.by_id(tx.conn, rule_set_id, lock=True)
    if row is None or not tx.actor.covers(row.area):
        raise NotFound(kind="rule_set", id=rule_set_id)
    tx.check_version(row.row_version)
    state = store.state_of(row)
    if state not in states:
        raise StateConflict(state=state)
    return row


def reply(row: Row, **more: object) -> replies.RuleSetDone:
    """Return where a rule set stands."""
    return replies.RuleSetDone.of(
        row,
        id=row.rule_set_id,
        number=row.code,
        state=store.state_of(row),
        version=row.row_version,
        effective_from=row.effective_from,
        **more,
    )


def discard_rule_set(tx: Tx, payload: DiscardRuleSet) -> replies.RuleSetDone:
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
    row = locked(tx, payload.rule_set_id, "DRAFT")
    discarded = store.kept(
        store.move(
            tx.conn,
            row.rule_set_id,
            state="DRAFT",
            retired_at=tx.now,
            retired_by=tx.actor.id,
            retired_because=reason,
        )
    )
    return reply(discarded)


# --------------------------------------------------------------------------------------------------
# Consultation


def consult_rule_set(tx: Tx, payload: WhichRuleSet) -> replies.RuleSetDone:
    """公开征求意见(10个工作日) / Consult the public for 10 working days.

    Put a draft before the public for 10 working days; its rules stay as they are from here on.

    Raises:
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is no draft.
        NotPeriodStart: It would not begin with a month that is still to come.
        RuleSetInvalid: And the other refusals of the loader.
    """
    row = locked(tx, payload.rule_set_id, "DRAFT")
    require_to_come(tx, judge(tx, row.body).effective_from)
    until = tx.calendar.due(tx.now, CONSULTATION_WORKING_DAYS)
    body = {
        "rule_set_id": row.rule_set_id,
        "rule_set": row.code,
        "title": row.title,
        "effective_from": row.effective_from,
        "digest": row.digest,
        "comments_until": until,
        **asked_by(row),
        "changes": changes_to_what_holds(tx, row),
    }
    notice_id = put_notice(tx, row, "CONSULTATION", body, until)
    done = store.kept(
        store.move(
            tx.conn,
            row.rule_set_id,
            state="CONSULTING",
            notice_id=notice_id,
            consulted_from=tx.now,
            consulted_until=until,
        )
    )
    tx.arm("consultation_end", row.rule_set_id, until, {"notice_id": notice_id})
    return reply(done, due=until, notice_id=notice_id)


def asked_by(row: Row) -> dict[str, object]:
    """Return the forum's outcome that asked for an amendment, as notices say it."""
    named = {"topic_id": row.topic_id, "resolution_no": row.resolution_no}
    return {"asked_by": named} if any(named.values()) else {}


def changes_to_what_holds(tx: Tx, row: Row) -> dict[str, object] | None:
    """Return what a rule set changes of that in force now; None where none is."""
    in_force, today = rules_in_force(tx.conn), tx.calendar.local_date(tx.now)
    # What a street adds is compared with what it has added so far.
    found = in_force.on(today) if len(row.area) == 6 else in_force.street(row.area, today)
    if found is None:
        return None
    since = changes(store.body_of(tx.conn, found[0]), row.body)
    return {"from": found[0], **msgspec.structs.asdict(since)}


def put_notice(
    tx: Tx, row: Row, kind: str, body: object, until: datetime, *, corrects: str | None = None
) -> str:
    """Publish something about a rule set. Returns the notice's id."""
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


def comment_on_rule_set(tx: Tx, payload: CommentOnRuleSet) -> replies.Done:
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
        raise ConsultationEnded(until=telling.last_day(row.consulted_until))
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
    return replies.Done(id=comment_id, state="FILED", version=1)


def revise_rule_set(tx: Tx, payload: WhichRuleSet) -> replies.RuleSetDone:
    """退回草案 / Take back to draft; consultation begins anew.

    Take a rule set that is not published back to DRAFT; its consultation begins anew later.

    Raises:
        NotFound: There is no such rule set in the caller's scope.
        StateConflict: It is a draft, or published.
    """
    row = locked(tx, payload.rule_set_id, "CONSULTING", "APPROVED")
    notice = notice_store.notice(tx.conn, row.notice_id)
    if notice is not None and notice.state == "PUBLISHED":
        notice_store.change(tx.conn, row.notice_id, state="WITHDRAWN")
    tx.disarm("consultation_end", row.rule_set_id)
    revised = store.kept(
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
    )
    return reply(revised)
