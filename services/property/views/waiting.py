"""What can wait for somebody to act: the kinds of the list of things to do."""

from __future__ import annotations

from datetime import date

from fivered.chassis.bus import Tx
from fivered.chassis.fields import PartOfList
from fivered.chassis.waiting import MOST, Waits, by_another, to
from fivered.services.property import replies, rules
from fivered.services.property.views import calls, handovers, incidents, quality, registers, votes


def _deed(kind: str, text: str, act: str) -> Waits:
    return Waits(
        kind, text, act=act, view=registers.todo, asked=registers.TodoFilter(limit=MOST),
        since="since", due="due",
        to=to(replies.Waiting, lambda _tx, item: item.deed == kind),
    )  # fmt: skip


def _soon(tx: Tx) -> date:
    return tx.calendar.local_date(tx.now) + rules.REMIND


_HANDOVER: tuple[tuple[str, str, str, handovers.Deed], ...] = (
    ("HAND_OVER", "待移交的事项 / Something to hand over to another company", "hand_item", "HAND"),
    (
        "TAKE_OVER", "待接收的移交事项 / Something that another company has handed over",
        "receive_item", "RECEIVE",
    ),
    (
        "SETTLE_HANDOVER", "逾期未完成的移交事项 / Something that was not handed over in time",
        "settle_item", "SETTLE",
    ),
)  # fmt: skip


WAITS = (
    _deed(
        "CONSENT_TO_APPOINTMENT",
        "待本人同意的交叉任职 / A cross-appointment of one's own to consent to",
        "consent_appointment",
    ),
    _deed(
        "APPROVE_APPOINTMENT",
        "待批准的交叉任职 / A cross-appointment to approve",
        "approve_appointment",
    ),
    _deed("FILE_APPOINTMENT", "待备案的交叉任职 / A cross-appointment to file", "file_appointment"),
    _deed("SIGN_AGREEMENT", "待签署的协议 / An agreement to sign", "sign_agreement"),
    _deed("FULFIL_COMMITMENT", "待兑现的承诺 / A commitment to fulfil", "fulfil_commitment"),
    _deed("ACCEPT_COMMITMENT", "待验收的承诺 / A commitment to accept", "accept_commitment"),
    _deed("VALIDATE_COMPLAINT", "待认定的投诉 / A complaint to validate", "validate_complaint"),
    _deed(
        "CLOSE_COMPLAINT",
        "已认定、待办结的投诉 / A decided complaint to close",
        "close_complaint",
    ),
    _deed(
        "DECIDE_COMPLAINT_PROJECT",
        "待确定项目的投诉 / A complaint whose project is to be decided",
        "decide_complaint_project",
    ),
    _deed(
        "SUBMIT_RECTIFICATION",
        "待整改的通知单 / A rectification order to carry out",
        "submit_rectification",
    ),
    _deed(
        "CHECK_RECTIFICATION",
        "待复查的整改 / A rectification to check",
        "pass_rectification",
    ),
    _deed(
        "OVERDUE_RECTIFICATION",
        "逾期的整改 / A rectification that is overdue",
        "extend_rectification",
    ),
    _deed(
        "CONFIRM_WITHDRAWAL",
        "待确认撤销的整改 / A rectification whose withdrawal is to be confirmed",
        "withdraw_rectification",
    ),
    _deed("DO_WORK", "待办理的工单 / A work order to carry out", "deliver_work"),
    _deed(
        "OVERDUE_WORK",
        "逾期未办的会议工单 / A work order of a meeting that is not done in time",
        "extend_work",
    ),
    _deed("CHECK_WORK", "待验收的工单 / A work order to check", "check_work"),
    _deed("PUBLISH_DISCLOSURE", "待公示的事项 / A disclosure to publish", "publish_disclosure"),
    _deed("NAME_MANAGER", "待指定项目经理 / A project without a manager", "change_manager"),
    _deed(
        "NAME_REPRESENTATIVES",
        "待指定企业代表 / A company for which nobody speaks",
        "change_representatives",
    ),
    _deed(
        "CONFIRM_REPRESENTATIVES",
        "待确认的企业代表变更 / A change of who speaks for a company, to be confirmed",
        "change_representatives",
    ),
    _deed(
        "CONFIRM_REOPENING",
        "待确认的项目恢复 / The reopening of a project, to be confirmed",
        "reopen_project",
    ),
    _deed(
        "COMPLETE_COMMITTEE",
        "待补选的业委会 / An owners' committee to complete",
        "correct_committee",
    ),
    Waits(
        "END_INCIDENT",
        "预计时间已过、待确认恢复的通告"
        " / An announcement that should be over by now: to be ended or told anew",
        act="end_incident",
        view=incidents.incidents,
        asked=incidents.IncidentFilter(mine=True, overdue=True, limit=MOST),
        since="ends_at",
    ),
    Waits(
        "AGREEMENT_EXPIRING",
        "三十日内到期、须续签的协议 / An agreement that ends within 30 days",
        act="draft_agreement", view=registers.agreements,
        asked=lambda tx: registers.AgreementFilter(ends_by=_soon(tx), limit=MOST),
        since="active_from", shown="agreement",
    ),
    Waits(
        "ANSWER_MEETING_CALL",
        "待答复的会议邀请 / An invitation to a three-party meeting",
        act="answer_meeting_call", view=calls.meeting_calls,
        asked=calls.CallFilter(state="CALLED", mine=True, limit=MOST),
        since="created_at", due="starts_at",
        to=to(replies.MeetingCall, lambda tx, item: item.my_answer == "NONE"
              and item.starts_at > tx.now),
    ),
    Waits(
        "APPROVE_MINUTES",
        "待确认的会议纪要 / Minutes of a meeting to approve for one's side",
        act="approve_minutes", view=calls.meeting_minutes,
        asked=calls.MinutesFilter(state="DRAFT", mine=True, limit=MOST),
        since="created_at",
        to=to(replies.MinutesLine, lambda _tx, item: item.my_side in item.waits_for),
    ),
    Waits(
        "CAST_OWNERS_VOTE",
        "待投票的业主共同决定 / An owners' vote in which one's voice has not voted",
        act="cast_ballot", view=votes.my_ballots, asked=PartOfList(limit=MOST),
        since="opens_at", due="closes_at",
        to=to(replies.MyBallot, lambda _tx, item: item.choice is None),
    ),
    Waits(
        "CONFIRM_VOTE_PAPER",
        "待复核的纸质选票 / A paper ballot that another officer has entered",
        act="confirm_paper", view=votes.vote_papers,
        asked=votes.PaperFilter(state="ENTERED", limit=MOST),
        since="created_at", to=by_another("entered_by"),
    ),
    Waits(
        "DECIDE_VOTE_OBJECTION",
        "待答复的表决异议 / An objection to the result of an owners' vote",
        act="decide_vote_objection", view=votes.vote_objections,
        asked=votes.ObjectionFilter(state="OPEN", limit=MOST), since="created_at",
    ),
    *(
        Waits(
            kind, text, act=act, view=handovers.handover_items,
            asked=handovers.ItemFilter(waits_for=deed, limit=MOST),
            since="created_at", due="due_at", shown="handover_item",
        )
        for kind, text, act, deed in _HANDOVER
    ),
    Waits(
        "QUALITY_CHECK",
        "待抽查复核的整改、投诉 / An order or a complaint to be looked at again",
        act="record_quality_check", view=quality.quality_checks,
        asked=quality.CheckFilter(state="WAITING", for_me=True, limit=MOST), since="created_at",
    ),
)  # fmt: skip
