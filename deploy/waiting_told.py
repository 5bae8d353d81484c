"""Who hears that something waits: of each kind of `views/waiting.py` the messages that say so, or
why there is none. `docs/waiting.md` shows it, `tests/architecture` holds it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Why nobody is told that something waits.
WHY: Mapping[str, str] = MappingProxyType(
    {
        "DESK": (
            "区域内多人共办的清单,不特指某人;逾期另行提醒或上报"
            " / a list that several officials of an area share, which waits for none of them by "
            "name; what is late is told by its own messages"
        ),
        "OWN_STEP": (
            "本人自己的上一步,或本人已签字同意的事项"
            " / it follows from what that person did or signed"
        ),
        "ROUND": "按日历到来的例行事项 / it comes round by the calendar",
        "NOTICE": (
            "另有公开通告,人数众多"
            " / it is a public notice to everybody, and no single person's matter"
        ),
    }
)
# By service and kind: codes of messages, or one of `WHY`.
TOLD: Mapping[str, Mapping[str, tuple[str, ...] | str]] = MappingProxyType({
    "credit": {
        "AWARD_TO_APPROVE": "DESK",
        "SETTLEMENT_TO_REVIEW": "ROUND",
        "SETTLEMENT_TO_CONFIRM": "ROUND",
        "OBJECTION_TO_ACCEPT": "DESK",
        "OBJECTION_TO_DECIDE": "DESK",
        "OBJECTION_TO_REVIEW": "DESK",
        "REPAIR_TO_ACCEPT": "DESK",
        "REPAIR_TO_CHECK": "DESK",
        "REPAIR_TO_APPROVE": "DESK",
        "VETO_TO_CONFIRM": "DESK",
        "CONSENT_TO_CONFIRM": "DESK",
        "CONSENT_TO_RENEW": "NOTICE",
        "CONSENT_NOTICE_TO_APPROVE": "DESK",
        "BUDGET_TO_APPROVE": "DESK",
        "RULES_TO_CONSULT": "OWN_STEP",
        "RULES_TO_APPROVE": "DESK",
        "RULES_TO_PUBLISH": "DESK",
        "NOMINEES_TO_CHECK": "DESK",
        "NOMINEES_TO_REVIEW": "DESK",
        "COMMENDATION_TO_PUBLICISE": "DESK",
        "COMMENDATION_TO_APPROVE": "DESK",
        "COMMENDATION_TO_GRANT": "DESK",
        "NOMINEE_OBJECTION_TO_DECIDE": "DESK",
    },
    "forum": {
        "TOPIC_TO_SCREEN": "DESK",
        "APPEAL_TO_REVIEW": "DESK",
        "SESSION_TO_SCHEDULE": "DESK",
        "OPINION_TO_DRAFT": "DESK",
        "OPINION_TO_PUBLICISE": "DESK",
        "TASKS_TO_ASSIGN": "DESK",
        "TOPIC_TO_CLOSE": "DESK",
        "INVITATION_TO_ANSWER": ("INVITED",),
        "VOTE_TO_CAST": ("INVITED", "SESSION_MOVED"),
        "TASK_TO_START": ("TASK_GIVEN",),
        "TASK_TO_DELIVER": ("TASK_GIVEN",),
        "TASK_TO_REWORK": ("TASK_TO_REDO",),
        "TASK_TO_ACCEPT": "DESK",
        "TASK_TO_JUDGE": ("TASK_DELIVERED",),
        "ESCALATION_TO_ACKNOWLEDGE": (
            "ESCALATED", "DISPUTE_ESCALATED", "NOMINEE_ESCALATED", "OBJECTION_ESCALATED",
            "RECTIFICATION_ESCALATED", "REFUND_ESCALATED", "REPAIR_ESCALATED", "REQUEST_ESCALATED",
            "STATEMENT_ESCALATED", "TASK_OVERDUE", "TASK_WAITS", "VETO_ESCALATED",
        ),
        "ESCALATION_TO_DECIDE": "OWN_STEP",
    },
    "identity": {
        "GRANT_TO_APPROVE": ("GRANT_ASKED",),
        "GRANT_END_TO_AGREE": ("GRANT_END_ASKED",),
        "SYSTEM_TO_APPROVE": ("SYSTEM_ASKED",),
    },
    "partner": {
        "PARTNER_TO_VET": "DESK",
        "PARTNER_TO_AGREE": "DESK",
        "OFFER_TO_APPROVE": "DESK",
        "OFFER_TO_PUBLISH": ("OFFER_APPROVED",),
        "REDEMPTION_TO_VERIFY": ("VOUCHER_WAITS",),
        "REDEMPTION_TO_USE": "OWN_STEP",
        "REFUND_TO_DECIDE": "DESK",
        "STATEMENT_TO_CONFIRM": ("STATEMENT_ISSUED",),
        "STATEMENT_TO_REVIEW": "DESK",
        "STATEMENT_TO_PAY": "DESK",
    },
    "property": {
        "CONSENT_TO_APPOINTMENT": ("APPOINTMENT_ASKED",),
        "APPROVE_APPOINTMENT": "DESK",
        "FILE_APPOINTMENT": "DESK",
        "SIGN_AGREEMENT": ("AGREEMENT_TO_SIGN",),
        "FULFIL_COMMITMENT": "OWN_STEP",
        "ACCEPT_COMMITMENT": ("COMMITMENT_TO_ACCEPT",),
        "VALIDATE_COMPLAINT": "DESK",
        "CLOSE_COMPLAINT": "DESK",
        "DECIDE_COMPLAINT_PROJECT": "DESK",
        "SUBMIT_RECTIFICATION": ("ORDER_ISSUED",),
        "CHECK_RECTIFICATION": "DESK",
        "OVERDUE_RECTIFICATION": "DESK",
        "CONFIRM_WITHDRAWAL": "DESK",
        "DO_WORK": ("WORK_GIVEN",),
        "OVERDUE_WORK": ("WORK_LATE", "WORK_STILL_LATE", "WORK_OVERDUE"),
        "CHECK_WORK": "DESK",
        "PUBLISH_DISCLOSURE": "ROUND",
        "NAME_MANAGER": ("MANAGER_DIED",),
        "NAME_REPRESENTATIVES": "DESK",
        "CONFIRM_REPRESENTATIVES": "DESK",
        "CONFIRM_REOPENING": "DESK",
        "COMPLETE_COMMITTEE": ("MEMBER_DIED",),
        "END_INCIDENT": "OWN_STEP",
        "AGREEMENT_EXPIRING": ("JOINT_BUILDING_EXPIRING", "CREDIT_DELIBERATION_EXPIRING"),
        "ANSWER_MEETING_CALL": ("MEETING_CALLED", "MEETING_MOVED"),
        "APPROVE_MINUTES": ("MINUTES_TO_APPROVE",),
        "CAST_OWNERS_VOTE": ("VOTE_OPENED", "VOTE_CLOSING"),
        "CONFIRM_VOTE_PAPER": "DESK",
        "DECIDE_VOTE_OBJECTION": "DESK",
        "HAND_OVER": ("HANDOVER_BEGUN", "HANDOVER_MISSING"),
        "TAKE_OVER": ("HANDOVER_BEGUN",),
        "SETTLE_HANDOVER": ("HANDOVER_LATE",),
        "QUALITY_CHECK": "ROUND",
    },
    "steward": {
        "REQUEST_TO_ACCEPT": ("REQ_GIVEN", "REQ_GIVEN_URGENT"),
        "REQUEST_TO_CONTACT": ("REQ_GIVEN", "REQ_DUE_SOON", "REQ_DUE_SOON_URGENT"),
        "REQUEST_TO_RESOLVE": ("REQ_GIVEN", "REQ_DUE_SOON", "REQ_DUE_SOON_URGENT"),
        "REQUEST_TO_DISPATCH": "DESK",
        "REQUEST_TO_CLOSE": "DESK",
        "INTAKE_TO_CONFIRM": "DESK",
        "ESCALATED_TO_ME": ("REQ_BEFORE_YOU",),
        "RETURN_VISIT": "DESK",
        "PAUSE_TO_DECIDE": "DESK",
        "MESSAGE_UNDELIVERED": "DESK",
        "HELP_TO_ANSWER": ("CO_ASKED",),
        "RATING_TO_REVIEW": "DESK",
        "FOUND_TO_CHECK": "DESK",
        "REQUEST_TO_RATE": ("REQ_RESOLVED",),
        "CORRECTION_TO_DECIDE": "DESK",
        "ERASURE_TO_DECIDE": "DESK",
        "DEATH_TO_CONFIRM": "DESK",
        "MERGE_TO_DECIDE": "DESK",
        "YEAR_TO_APPROVE": "DESK",
        "GRID_CHANGE_TO_APPROVE": "DESK",
        "STANDARD_TO_APPROVE": "DESK",
        "HOURS_TO_CONFIRM": "DESK",
        "HAZARD_TO_VERIFY": ("HAZARD_REPORTED",),
        "HAZARD_TO_CHECK": "DESK",
        "ACTIVITY_TO_CLOSE": "OWN_STEP",
        "VISIT_DUE": ("VISITS_PLANNED",),
        "SWAP_TO_ANSWER": ("SWAP_ASKED",),
        "GAP_AHEAD": "DESK",
        "TERM_ENDING": ("POST_ENDS",),
    },
})  # fmt: skip
