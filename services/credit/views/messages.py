"""What a person was told of an own account and of the subjects for which the person speaks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from string import Formatter
from typing import TYPE_CHECKING, Final

from fivered.chassis import going_out
from fivered.chassis.fields import PartOfList
from fivered.chassis.i18n import told
from fivered.chassis.records import Row
from fivered.chassis.refusal import Sentence, said
from fivered.chassis.replies import Page
from fivered.chassis.storage import Select
from fivered.chassis.telling import Elsewhere, Leaving
from fivered.services.credit import replies
from fivered.services.credit.storage import messages as store
from fivered.services.credit.storage import voices

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx

_WRITTEN: Final[dict[str, str | tuple[str, ...]]] = {
    "DEDUCTION_PROPOSED": (
        "{subject} 拟按规则 {rule} 记 {score} 分({period}),公示期内可异议;整改后可申请信用修复"
        " / {subject}: a deduction of {score} under rule {rule} is proposed for {period}; you "
        "may object while the notice hangs, and apply for repair once it is put right"
    ),
    "VETO_PROPOSED": (
        "{subject} 拟自 {from_period} 至 {to_period} 被一票否决,经他人确认后生效。"
        "文号:{document_no}。理由:{reasons}"
        " / It is proposed to veto {subject} from {from_period} to {to_period}; it counts once "
        "another person has confirmed it. Document: {document_no}. Reasons: {reasons}"
    ),
    "VETO_IMPOSED": (
        (
            "{subject} 自 {from_period} 至 {to_period} 被一票否决(信用等级为 D)。"
            "文号:{document_no}。理由:{reasons}"
            " / A veto holds for {subject} from {from_period} to {to_period}: the grade is D. "
            "Document: {document_no}. Reasons: {reasons}"
        ),
        (
            "{subject} 因规则 {rule} 的扣分,自 {from_period} 至 {to_period} 被一票否决"
            "(信用等级为 D)"
            " / By a deduction under rule {rule} a veto holds for {subject} from {from_period} to "
            "{to_period}: the grade is D"
        ),
    ),
    "VETO_DROPPED": (
        "拟对 {subject} 的一票否决未获确认,不生效"
        " / The veto proposed for {subject} was not confirmed and does not count"
    ),
    "VETO_OVERDUE": (
        "对 {subject} 的一票否决提议截至 {until} 无人确认,已报上一级督办;未经他人确认不生效"
        " / Nobody confirmed the veto proposed for {subject} by {until}: the level above sees to "
        "it. It does not count until another person has confirmed it"
    ),
    "VETO_LIFTED": (
        "对 {subject} 的一票否决自 {from_period} 起解除"
        " / The veto on {subject} is lifted from {from_period} on"
    ),
    "DEDUCTION_DECIDED": (
        "{subject} 按规则 {rule} 的扣分经审核:{state}"
        " / {subject}: the deduction under rule {rule} was decided: {state}"
    ),
    "OBJECTION_ACCEPTED": (
        "{kind} {number} 已受理,应在 {until} 前裁定"
        " / The {kind} {number} was taken up; it is to be decided by {until}"
    ),
    "OBJECTION_EXTENDED": (
        "{kind} {number} 的裁定期限延至 {until},理由:{reasons}"
        " / The {kind} {number} is to be decided by {until} now, because: {reasons}"
    ),
    "OBJECTION_OVERDUE": (
        "{kind} {number} 逾期未裁定,已报上一级督办"
        " / The {kind} {number} was not decided in time; the level above was told to see to it"
    ),
    "OBJECTION_DECIDED": (
        (
            "{kind} {number} 已裁定:{outcome}。理由:{reasons}。对裁定不服的,"
            "可在 {until} 前申请复核"
            " / The {kind} {number} is decided: {outcome}. Reasons: {reasons}. Until {until} you "
            "may ask for a review"
        ),
        (
            "{kind} {number} 已裁定:{outcome}。理由:{reasons}"
            " / The {kind} {number} is decided: {outcome}. Reasons: {reasons}"
        ),
        "异议 {number} 已裁定:{outcome} / Objection {number} is decided: {outcome}",
    ),
    "OBJECTION_REVIEWED": (
        (
            "{kind} {number} 已复核:{outcome}。理由:{reasons}"
            " / The {kind} {number} is reviewed: {outcome}. Reasons: {reasons}"
        ),
        "异议 {number} 已复核:{outcome} / Objection {number} was reviewed: {outcome}",
    ),
    "OBJECTION_REVIEW_OVERDUE": (
        "{kind} {number} 逾期未复核,已报上一级督办;复核前裁定继续有效"
        " / The {kind} {number} was not reviewed in time; the level above was told to see to it; "
        "until then the decision stands"
    ),
    "OBJECTION_LAPSED": (
        "{kind} {number} 到 {period} 结算关闭时仍未裁定,已终止:所涉扣分不计,该月按暂定结果计;"
        "仍有异议的,可以重新提出"
        " / The {kind} {number} was not decided before the month {period} was closed, and has "
        "ended: the deductions it is about do not count, and the month stands as it was "
        "drafted; you may object anew"
    ),
    "OBJECTION_FILED_FOR_YOU": (
        "工作人员凭回执 {receipt} 为您提出异议 {number};如非本意,可撤回"
        " / Staff filed objection {number} for you by receipt {receipt}; withdraw it if you did "
        "not mean it"
    ),
    "CORRECTION_STARTED": (
        "工作人员对 {subject} 的记录发起更正 {number}"
        " / Staff started correction {number} of what the register says of {subject}"
    ),
    "REDEMPTION_ENDED": (
        "一笔兑换已终止({reason}),冻结的 {points} 积分已退回"
        " / A redemption has ended ({reason}); the {points} points that were held are back"
    ),
    "REDEMPTION_REFUNDED": (
        "一笔兑换的退回已同意,{points} 积分已退回 / A refund was approved; {points} points are back"
    ),
    "POINTS_GRACE": (
        "{subject} 的积分可使用至 {end},逾期作废"
        " / {subject} can spend the points until {end}; what is left then is gone"
    ),
    "HOUSEHOLD_EMPTY": (
        "您原来所在的户已无成年成员,其账户暂停,积分保留至 {end},逾期作废;"
        "您的登记有误、或仍属该户的,请在此之前联系社区更正"
        " / No adult belongs to your former household any more: its account is suspended, and "
        "its points are kept until {end}. If you are registered wrongly, or belong to it, ask your "
        "community to correct that before"
    ),
    "POINTS_REMIND": (
        "{subject} 有 {points} 积分可使用至 {end},逾期作废"
        " / {subject} can spend {points} points until {end}; what is left then is gone"
    ),
    "POINTS_EXPIRED": (
        "{subject} 有 {points} 积分到期未用,已作废"
        " / {subject} had {points} points that have run out"
    ),
    "REFUND_DENIED": (
        "兑换单 {number} 的退回申请未获同意,{points} 积分不退回,理由见该兑换单;"
        "兑换后七日内可凭新的理由再申请一次"
        " / The refund of {number} ({points} points) was denied; the redemption says why. Within "
        "seven days of the redemption you may ask once more, with other reasons"
    ),
    "REPAIR_APPLIED": (
        "{subject} 的信用修复申请 {number} 已提交 / Repair {number} was applied for, for {subject}"
    ),
    "REPAIR_ACCEPTED": (
        "{subject} 的信用修复申请 {number} 已受理,应在 {until} 前办结"
        " / The repair application {number} for {subject} is accepted and shall be decided by "
        "{until}"
    ),
    "REPAIR_OVERDUE": (
        "{subject} 的信用修复申请 {number} 逾期未办结,已报上一级督办"
        " / The repair application {number} for {subject} was not decided in time; the level "
        "above sees to it"
    ),
    "REPAIR_WITHDRAWN": (
        "{subject} 的信用修复申请 {number} 已撤回"
        " / The repair application {number} for {subject} was withdrawn"
    ),
    "REPAIR_LAPSED": (
        "{subject} 的信用修复申请 {number} 已终止:所涉扣分已撤销,无须修复"
        " / The repair application {number} for {subject} has ended: the deduction was taken "
        "back, and nothing is left to repair"
    ),
    "REPAIR_DECIDED": (
        (
            "{subject} 的信用修复申请 {number}:{state}。理由:{reasons}"
            " / The repair application {number} for {subject}: {state}. Reasons: {reasons}"
        ),
        "{subject} 的信用修复申请 {number}:{state} / Repair {number} for {subject}: {state}",
    ),
    "COMMENDATION_PUBLIC": (
        "{subject} 拟获表彰“{title}”,公示至 {until}"
        ' / {subject} shall be commended ("{title}"); the notice hangs until {until}'
    ),
    "COMMENDED": '{subject} 已获表彰“{title}” / The commendation "{title}" was given to {subject}',
    "COMMENDATION_REVOKED": (
        "{subject} 的表彰“{title}”已撤销。理由:{reasons}"
        ' / The commendation "{title}" was taken back from {subject}. Reasons: {reasons}'
    ),
    "COMMENDATION_CANCELLED": (
        "表彰“{title}”已取消。理由:{reasons}"
        ' / The commendation "{title}" was cancelled. Reasons: {reasons}'
    ),
    "COMMENDATION_LONGER": (
        "{subject} 拟获表彰“{title}”的公示因工作日历变更顺延至 {until}"
        ' / The notice of the commendation "{title}" for {subject} hangs until {until} now, since '
        "the working days have changed"
    ),
    "COMMENDATION_HELD": (
        "有人对 {subject} 拟获表彰“{title}”提出异议,裁定前暂缓"
        ' / Somebody objects to the commendation "{title}" for {subject}; it waits until that is '
        "decided"
    ),
    "COMMENDATION_GOES_ON": (
        "对 {subject} 的异议已裁定不影响拟获表彰“{title}”,继续办理"
        " / The objection to {subject} is decided and keeps nothing back: the commendation "
        '"{title}" goes on'
    ),
    "COMMENDATION_DROPPED": (
        "{subject} 不再列为表彰“{title}”的候选对象;原因可向公示单位查询"
        ' / The commendation "{title}" is no longer meant for {subject}; the office that '
        "published the notice says why"
    ),
    "COMMENDATION_NOTICE_DOWN": (
        "{subject} 拟获表彰“{title}”的公示已撤回。原因:{reasons}"
        ' / The notice of the commendation "{title}", in which {subject} stood, was taken down. '
        "Reason: {reasons}"
    ),
    "NOMINEE_OBJECTION_LATE": (
        "对 {subject} 拟获表彰“{title}”的异议逾期未裁定,已报上一级督办"
        ' / The objection to the commendation "{title}" for {subject} was not decided in time; the '
        "level above was told to see to it"
    ),
    "NOMINEE_OBJECTION_OVERDUE": (
        "您对表彰 {number} 候选对象的异议逾期未裁定,已报上一级督办"
        " / Your objection to a nominee of commendation {number} was not decided in time; the "
        "level above was told to see to it"
    ),
    "NOMINEE_OBJECTION_DECIDED": (
        "您对表彰 {number} 候选对象的异议:{state}。理由:{reasons}"
        " / Your objection to a nominee of commendation {number}: {state}. Reasons: {reasons}"
    ),
    "CONSENT_PROPOSED": (
        "工作人员凭回执 {receipt} 拟为您登记信用授权;如非本意,可拒绝"
        " / Staff propose a credit consent in your name by receipt {receipt}; refuse it if you "
        "did not mean it"
    ),
    "CONSENT_GIVEN": (
        "工作人员凭回执 {receipt} 为您登记了信用授权,可随时撤回"
        " / Staff registered a credit consent in your name by receipt {receipt}; you may withdraw "
        "it at any time"
    ),
    "CONSENT_WITHDRAWN": (
        (
            "工作人员凭回执 {receipt} 为您撤回了信用授权({purposes});如非本意,可重新授权"
            " / Staff withdrew your credit consent ({purposes}) by receipt {receipt}; give it "
            "again if you did not mean it"
        ),
        (
            "工作人员凭回执 {receipt} 为您撤回了信用授权"
            " / Staff withdrew your credit consent by receipt {receipt}"
        ),
    ),
    "HOUSEHOLD_CONSENT_GIVEN": (
        "您的户已授权参加信用赋分({purposes});任何成年成员可随时撤回"
        " / Your household has a credit consent now ({purposes}); any adult of it may "
        "withdraw that at any time"
    ),
    "HOUSEHOLD_CONSENT_WITHDRAWN": (
        "您的户的信用授权已由一名成年成员撤回({purposes}),由其本人可重新授权"
        " / An adult of your household withdrew its credit consent ({purposes}); that "
        "person may give it again"
    ),
    "HOUSEHOLD_JOINED": (
        "您的户于 {day} 新登记了一名成员;如不属实,请联系社区更正"
        " / Somebody was registered in your household on {day}; if that is wrong, "
        "your community puts it right"
    ),
    "SUBJECT_CLOSED": (
        "{subject} 自 {day} 起注销,此后的行为不计分;恢复经营的,可申请街道或区重新启用"
        " / {subject} is closed from {day} on: what it does then is not scored. If it goes on, ask "
        "the street or the district to open it again"
    ),
    "SUBJECT_REOPENED": (
        "{subject} 自 {day} 起重新启用。理由:{reason}"
        " / {subject} is open again from {day} on. Reason: {reason}"
    ),
    "HOLDER_NAMED": (
        "您被登记为 {subject} 的信用事务代表人"
        " / You are registered as the person who speaks for {subject} in matters of credit"
    ),
    "HOLDER_CHANGED": (
        "{subject} 的信用事务代表人已变更"
        " / Another person speaks for {subject} in matters of credit from now on"
    ),
    "PERSON_MERGED": (
        "您的重复登记已合并,积分、赋分、授权和异议均已转入现有编号"
        " / Your double registration was merged: points, awards, consents and objections moved to "
        "the id that was kept"
    ),
    "DEADLINE_MOVED": (
        "{number} 的办理期限因工作日历变更顺延至 {until}"
        " / {number}: its deadline is {until} now, since the working days have changed"
    ),
    "CAME_OF_AGE": (
        "您已年满 18 周岁,可自愿授权参加信用赋分"
        " / You are 18 years old now and may consent to scoring if you like"
    ),
}


# Of several the first one is taken of which everything is known: those of older releases say less.
TEXTS: Final[dict[str, tuple[Sentence, ...]]] = {
    code: tuple(map(Sentence, (texts,) if isinstance(texts, str) else texts))
    for code, texts in _WRITTEN.items()
}
_PACKAGE = "fivered.services.credit"
PROVISIONAL: Final = (
    "{text}(日期为暂定:当年工作日安排尚未公布)"
    " / {text} (the day is provisional: the working days of that year are not announced yet)"
)


def _rests_on_no_data(tx: Tx, until: str | None) -> bool:
    """Tell whether a day that a message names was counted in a year whose working days nobody
    knows yet, and still lies ahead."""
    if until is None:
        return False
    day = date.fromisoformat(until)
    return day >= tx.calendar.local_date(tx.now) and tx.calendar.provisional(day)


def _one_stop(text: Sentence, reasons: str | None) -> Sentence:
    """Let reasons that end their sentence themselves end it."""
    if not (reasons or "").rstrip().endswith(_STOPS):
        return text
    chinese, english = text.replace("{reasons}。", "{reasons}"), text.english
    return Sentence(f"{chinese} / {english.replace('{reasons}. ', '{reasons} ')}")


_STOPS = ("。", ".", "!", "?", "！", "？")


def _members(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _subjects(tx: Tx, person_id: str) -> set[str]:
    return {row.subject_id for row in voices.subjects_of(tx.conn, person_id, tx.now)}


def _of(tx: Tx, person_id: str) -> Select:
    return store.heads(tx.conn, person_id, sorted(_subjects(tx, person_id)))


def _texts(tx: Tx, message_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    subjects = _subjects(tx, tx.actor.id)
    cards = [_card(tx, row, subjects) for row in store.some(tx.conn, message_ids)]
    return {card.id: (card.text, card.text_en) for card in cards}


def messages(tx: Tx, payload: PartOfList) -> Page[replies.MessageCard]:
    """我的消息 / My messages.

    Return what the caller was told, newest first, in both languages.
    """
    subjects = _subjects(tx, tx.actor.id)
    found = store.page(
        tx.conn,
        person_id=tx.actor.id,
        subject_ids=sorted(subjects),
        part=payload,
    )
    return found.listed(lambda row: _card(tx, row, subjects))


def _addressed(
    row: Row, detail: Mapping[str, object], subjects: Collection[str]
) -> dict[str, object]:
    """Return what fills a message's places, where its subject is called as the reader is: a person
    knows no id of a subject. Of organisations their names are not kept here."""
    subject = row.detail.get("subject")
    # What is told to a subject is about that subject, also where its id was given up since.
    about = row.subject_id or subject
    if subject is None or about not in subjects:
        return dict(detail)
    kind = about.partition(":")[0]
    called = _YOU.get(kind) or said(_ORGANISATION, code=subject)
    return {**detail, "subject": called}


_YOU: Final = {
    "RES": said("您 / you"),
    "STW": said("您 / you"),
    "HH": said("您的户 / your household"),
}
_ORGANISATION: Final = "贵单位({code}) / your organisation ({code})"


def _told(tx: Tx, row: Row, subjects: Collection[str], *, leaves: bool = False) -> tuple[str, str]:
    """Return what a message says, in Chinese and in English; see `going_out.plain`."""
    detail = row.detail
    texts = TEXTS[row.code]
    text = next((one for one in texts if _members(one) <= detail.keys()), texts[-1])
    text = _one_stop(text, None if leaves else detail.get("reasons"))
    filled = _addressed(row, going_out.plain(detail) if leaves else detail, subjects)
    zh, en = (told(_PACKAGE, text, filled, language) for language in ("zh", "en"))
    en = en[:1].upper() + en[1:]
    if _rests_on_no_data(tx, detail.get("until")):
        zh = told(_PACKAGE, PROVISIONAL, {"text": zh}, "zh")
        en = told(_PACKAGE, PROVISIONAL, {"text": en}, "en")
    return zh, en


def _card(tx: Tx, row: Row, subjects: Collection[str]) -> replies.MessageCard:
    texts_told = _told(tx, row, subjects)
    return replies.MessageCard.of(
        row,
        id=row.message_id,
        subject=row.subject_id,
        at=row.created_at,
        text=texts_told[0],
        text_en=texts_told[1],
    )


def _out(tx: Tx, message_ids: Sequence[str]) -> Iterator[Leaving]:
    for row in store.some(tx.conn, message_ids):
        if row.person_id:
            to, subjects = {row.person_id}, _subjects(tx, row.person_id)
        else:
            to, subjects = voices.speakers_of(tx.conn, row.subject_id, tx.now), {row.subject_id}
        texts = _told(tx, row, subjects, leaves=True)
        yield Leaving(row.message_id, to, row.code, row.created_at, texts)


TOLD: Final = Elsewhere(
    kinds={code: texts[0] for code, texts in TEXTS.items()},
    to="本人,或信用主体的代表人 / the person, or who speaks for the subject",
    when="赋分、异议、修复、授权或结算走到该步时 / when the award, objection, repair, consent or "
    "settlement comes to that step",
    group="POINTS",
    of=_of,
    texts=_texts,
    out=_out,
)
