"""What a person was told of himself and of the subjects for which he speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chassis.i18n import english
from services.credit import views
from services.credit.storage import messages as store
from services.credit.storage import voices

if TYPE_CHECKING:
    from chassis.bus import Tx

# Each Chinese text has its English one in locale/en.po, like every text of a refusal.
TEXTS: Final = {
    "DEDUCTION_PROPOSED": (
        "{subject} 拟按规则 {rule} 记 {score} 分({period}),公示期内可异议;整改后可申请信用修复"
    ),
    "DEDUCTION_DECIDED": "{subject} 按规则 {rule} 的扣分经审核:{state}",
    "OBJECTION_DECIDED": "异议 {number} 已裁定:{outcome}",
    "OBJECTION_REVIEWED": "异议 {number} 已复核:{outcome}",
    "OBJECTION_FILED_FOR_YOU": "工作人员凭回执 {receipt} 为您提出异议 {number};如非本意,可撤回",
    "CORRECTION_STARTED": "工作人员对 {subject} 的记录发起更正 {number}",
    "REPAIR_APPLIED": "{subject} 的信用修复申请 {number} 已提交",
    "REPAIR_DECIDED": "{subject} 的信用修复申请 {number}:{state}",
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


@dataclass(frozen=True, slots=True)
class Messages:
    """Which page of one's messages."""

    limit: int = 50
    cursor: str | None = None


def mine(tx: Tx, question: Messages) -> dict[str, Any]:
    """Return what the caller was told, newest first, in both languages."""
    subjects = [row.subject_id for row in voices.subjects_of(tx.conn, tx.actor.id, tx.now)]
    rows, following = store.page(
        tx.conn,
        person_id=tx.actor.id,
        subject_ids=subjects,
        limit=views.limited(question.limit),
        cursor=question.cursor,
    )
    return {"items": [_card(row) for row in rows], "next": following}


def _card(row: Any) -> dict[str, Any]:
    text = TEXTS[row.code]
    return {
        "id": row.message_id,
        "code": row.code,
        "subject": row.subject_id,
        "ref": row.ref,
        "at": row.created_at.isoformat(),
        "text": text.format(**row.detail),
        "text_en": english("services.credit", text).format(**row.detail),
        "detail": row.detail,
    }
