"""What a person was told of himself and of the subjects for which he speaks."""

from __future__ import annotations

from datetime import date
from string import Formatter
from typing import TYPE_CHECKING, Any, Final

from chassis.fields import PartOfList
from chassis.i18n import told
from services.credit import views
from services.credit.storage import messages as store
from services.credit.storage import voices

if TYPE_CHECKING:
    from chassis.bus import Tx

# Each Chinese text has its English one in locale/en.po, like every text of a refusal. Of several
# the first one is taken of which everything is known: those of older releases say less.
TEXTS: Final[dict[str, str | tuple[str, ...]]] = {
    "DEDUCTION_PROPOSED": (
        "{subject} 拟按规则 {rule} 记 {score} 分({period}),公示期内可异议;整改后可申请信用修复"
    ),
    "DEDUCTION_DECIDED": "{subject} 按规则 {rule} 的扣分经审核:{state}",
    "OBJECTION_ACCEPTED": "{kind} {number} 已受理,应在 {until} 前裁定",
    "OBJECTION_EXTENDED": "{kind} {number} 的裁定期限延至 {until},理由:{reasons}",
    "OBJECTION_OVERDUE": "{kind} {number} 逾期未裁定,已报上一级督办",
    "OBJECTION_DECIDED": (
        "{kind} {number} 已裁定:{outcome}。理由:{reasons}。对裁定不服的,可在 {until} 前申请复核",
        "{kind} {number} 已裁定:{outcome}。理由:{reasons}",
        "异议 {number} 已裁定:{outcome}",
    ),
    "OBJECTION_REVIEWED": (
        "{kind} {number} 已复核:{outcome}。理由:{reasons}",
        "异议 {number} 已复核:{outcome}",
    ),
    "OBJECTION_REVIEW_OVERDUE": "{kind} {number} 逾期未复核,已报上一级督办;复核前裁定继续有效",
    "OBJECTION_LAPSED": (
        "{kind} {number} 到 {period} 结算关闭时仍未裁定,已终止:所涉扣分不计,该月按暂定结果计;"
        "仍有异议的,可以重新提出"
    ),
    "OBJECTION_FILED_FOR_YOU": "工作人员凭回执 {receipt} 为您提出异议 {number};如非本意,可撤回",
    "CORRECTION_STARTED": "工作人员对 {subject} 的记录发起更正 {number}",
    "REPAIR_APPLIED": "{subject} 的信用修复申请 {number} 已提交",
    "REPAIR_ACCEPTED": "{subject} 的信用修复申请 {number} 已受理,应在 {until} 前办结",
    "REPAIR_OVERDUE": "{subject} 的信用修复申请 {number} 逾期未办结,已报上一级督办",
    "REPAIR_WITHDRAWN": "{subject} 的信用修复申请 {number} 已撤回",
    "REPAIR_DECIDED": (
        "{subject} 的信用修复申请 {number}:{state}。理由:{reasons}",
        "{subject} 的信用修复申请 {number}:{state}",
    ),
    "COMMENDATION_PUBLIC": "{subject} 拟获表彰“{title}”,公示至 {until}",
    "COMMENDED": "{subject} 已获表彰“{title}”",
    "COMMENDATION_REVOKED": "{subject} 的表彰“{title}”已撤销。理由:{reasons}",
    "COMMENDATION_CANCELLED": "表彰“{title}”已取消。理由:{reasons}",
    "NOMINEE_OBJECTION_DECIDED": "您对表彰 {number} 候选对象的异议:{state}。理由:{reasons}",
    "CONSENT_PROPOSED": "工作人员 {by} 凭回执 {receipt} 拟为您登记信用授权;如非本意,可拒绝",
    "CONSENT_GIVEN": "工作人员 {by} 凭回执 {receipt} 为您登记了信用授权,可随时撤回",
    "CONSENT_WITHDRAWN": "工作人员 {by} 凭回执 {receipt} 为您撤回了信用授权",
    "HOUSEHOLD_JOINED": "您的户 {household} 于 {day} 新登记了一名成员;如不属实,请联系社区更正",
    "HOLDER_NAMED": "您被登记为 {subject} 的信用事务代表人",
    "HOLDER_CHANGED": "{subject} 的信用事务代表人已变更",
    "PERSON_MERGED": "您的重复登记已合并,积分、赋分、授权和异议均已转入现有编号",
    "DEADLINE_MOVED": "{number} 的办理期限因工作日历变更顺延至 {until}",
    "CAME_OF_AGE": "您已年满18周岁,可自愿授权参加信用赋分",
}


_PACKAGE = "services.credit"
PROVISIONAL: Final = "{text}(日期为暂定:当年工作日安排尚未公布)"


def _rests_on_no_data(tx: Tx, until: str | None) -> bool:
    """Tell whether a day that a message names was counted in a year whose working days nobody
    knows yet, and still lies ahead."""
    if until is None:
        return False
    day = date.fromisoformat(until)
    return day >= tx.calendar.local_date(tx.now) and tx.calendar.provisional(day)


def _members(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def messages(tx: Tx, question: PartOfList) -> dict[str, Any]:
    """我的消息 / My messages.

    Return what the caller was told, newest first, in both languages.
    """
    subjects = [row.subject_id for row in voices.subjects_of(tx.conn, tx.actor.id, tx.now)]
    rows, following = store.page(
        tx.conn,
        person_id=tx.actor.id,
        subject_ids=subjects,
        limit=views.limited(question.limit),
        cursor=question.cursor,
    )
    return {"items": [_card(tx, row) for row in rows], "next": following}


def _card(tx: Tx, row: Any) -> dict[str, Any]:
    known = TEXTS[row.code]
    texts = (known,) if isinstance(known, str) else known
    text = next((one for one in texts if _members(one) <= row.detail.keys()), texts[-1])
    texts_told = [told(_PACKAGE, text, row.detail, language) for language in ("zh", "en")]
    if _rests_on_no_data(tx, row.detail.get("until")):
        texts_told = [
            told(_PACKAGE, PROVISIONAL, {"text": one}, language)
            for one, language in zip(texts_told, ("zh", "en"), strict=True)
        ]
    return {
        "id": row.message_id,
        "code": row.code,
        "subject": row.subject_id,
        "ref": row.ref,
        "at": row.created_at.isoformat(),
        "text": texts_told[0],
        "text_en": texts_told[1],
        "detail": row.detail,
    }
