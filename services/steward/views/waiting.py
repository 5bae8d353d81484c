"""What can wait for somebody to act, each by the list in which it stands."""

from __future__ import annotations

from typing import Literal

from fivered.chassis.bus import Nothing, Tx
from fivered.chassis.waiting import MOST, Waits, by_another, to
from fivered.services.steward import replies, storage
from fivered.services.steward.replies import activities as acts
from fivered.services.steward.replies import rota as told
from fivered.services.steward.replies.standards import StandardCard
from fivered.services.steward.rules.requests import STREET
from fivered.services.steward.views import (
    activities,
    calendar,
    cases,
    co_handling,
    corrections,
    desk,
    erasures,
    escalations,
    grid_changes,
    intake,
    people,
    planning,
    records,
    return_visits,
    rota,
    sent,
    standards,
    terms,
)

_REVIEWS = ("PENDING", "STREET")


def _step(item: replies.RequestCard) -> str:
    """Return what is to be done next with a request in hand."""
    if item.state == "DISPATCHED":
        return "accept"
    return "contact" if item.contacted_at is None and item.due_contact is not None else "resolve"


def _next(step: str) -> Waits:
    texts = {
        "accept": "待接单的诉求 / A request to accept",
        "contact": "待联系的诉求人 / A reporter to contact",
        "resolve": "待办结的诉求 / A request to resolve",
    }
    return Waits(
        f"REQUEST_TO_{step.upper()}",
        texts[step],
        act=f"{step}_request",
        view=cases.workbench,
        asked=cases.PartOfWorkbench(limit=MOST),
        since="created_at",
        due=f"due_{step}",
        to=to(replies.RequestCard, lambda _tx, item: _step(item) == step),
    )


def _queued(*states: cases.State) -> cases.RequestList:
    return cases.RequestList(state=[*states], sort="due_resolve", limit=MOST)


def _unchecked(check: Literal["FOUND", "RATING"]) -> cases.RequestList:
    return cases.RequestList(check=check, order="oldest", limit=MOST)


def _outside(tx: Tx, item: replies.RequestCard) -> bool:
    """Tell whether somebody else than the caller has it in hand."""
    return item.handler_person != tx.actor.id


def _reviewed_by_caller(tx: Tx, item: replies.RequestCard) -> bool:
    at = _REVIEWS if tx.actor.role in STREET else _REVIEWS[:1]
    return item.review in at and _outside(tx, item)


def _found(tx: Tx, item: replies.RequestCard) -> bool:
    unseen = item.state not in {"SUBMITTED", "RETURNED", "RATED"} and item.review not in _REVIEWS
    return unseen and _outside(tx, item)


def _of_another(tx: Tx, item: replies.CalendarYear) -> bool:
    """Tell whether a year was proposed by somebody else; the list does not name who has."""
    waiting = storage.calendar.waiting(tx.conn)
    mine = {row.proposal_id for row in waiting if row.proposed_by == tx.actor.id}
    return item.state == "PROPOSED" and item.id not in mine


def _drafted_by_another(tx: Tx, item: StandardCard) -> bool:
    """Tell whether a version was proposed by somebody else; the list does not name who has."""
    row = storage.standards.find(tx.conn, item.id)
    return row is not None and row.proposed_by != tx.actor.id


def _hazard_of_another(tx: Tx, item: replies.HazardCard) -> bool:
    row = storage.records.one_hazard(tx.conn, item.id)
    return row is not None and tx.actor.id not in {row.reporter_id, row.reported_by}


def _mended_by_another(tx: Tx, item: replies.HazardCard) -> bool:
    row = storage.records.one_hazard(tx.conn, item.id)
    case = storage.records.requests_of(tx.conn, [item.mending.request_id]) if item.mending else {}
    handlers = {one.handler_person for one in case.values()}
    return row is not None and tx.actor.id not in {row.reporter_id, *handlers}


def _asks_caller(tx: Tx, item: told.SwapCard) -> bool:
    row = storage.posts.steward(tx.conn, item.to_steward)
    return row is not None and row.person_id == tx.actor.id and item.starts_at > tx.now


WAITS = (
    _next("accept"),
    _next("contact"),
    _next("resolve"),
    Waits(
        "REQUEST_TO_DISPATCH",
        "待派单的诉求 / A request to give to a steward",
        act="dispatch_request", view=cases.queue, asked=_queued("SUBMITTED", "RETURNED"),
        since="created_at", due="due_resolve", in_order=True,
    ),
    Waits(
        "REQUEST_TO_CLOSE",
        "待结案的诉求 / A rated request to close",
        act="close_request", view=cases.queue, asked=_queued("RATED"), since="created_at",
        to=to(
            replies.RequestCard,
            lambda tx, item: item.review not in _REVIEWS and _outside(tx, item),
        ),
    ),
    Waits(
        "INTAKE_TO_CONFIRM",
        "待确认的来件 / Something from a chat or the hotline to confirm",
        act="file_intake", view=intake.intake_items,
        asked=intake.IntakeList(state="WAITING", limit=MOST),
        since="received_at", due="answer_by", shown="intake_item",
    ),
    Waits(
        "ESCALATED_TO_ME",
        "提请督办的诉求 / A request that was laid before you",
        act="add_note", view=escalations.escalations,
        asked=escalations.EscalationList(mine=True, open=True, limit=MOST),
        since="at", due="due_resolve", id="request_id",
    ),
    Waits(
        "RETURN_VISIT",
        "待回访的已结诉求 / A closed request to call about",
        act="record_return_visit", view=return_visits.return_visits,
        asked=return_visits.ReturnVisitList(state="OPEN", limit=MOST),
        since="drawn_at", due="due_at", to=by_another("handler_person"), shown="request",
    ),
    Waits(
        "PAUSE_TO_DECIDE",
        "待审批的暂停 / A pause to decide",
        act="decide_pause", view=desk.pauses, asked=desk.PauseList(state="ASKED", limit=MOST),
        since="asked_at", to=by_another("asked_by"), id="request_id",
    ),
    Waits(
        "MESSAGE_UNDELIVERED",
        "未送达的消息 / A message that could not be delivered",
        act="retry_delivery", view=sent.message_deliveries,
        asked=sent.DeliveryList(state="DEAD", limit=MOST), since="created_at",
    ),
    Waits(
        "HELP_TO_ANSWER",
        "待答复的协办请求 / A case with which one is asked to help",
        act="answer_co_handling", view=co_handling.co_handlings,
        asked=co_handling.CoHandlingList(state="ASKED", limit=MOST), since="asked_at",
        due="due_resolve",
    ),
    Waits(
        "RATING_TO_REVIEW",
        "待核查的差评 / A bad rating to review",
        act="review_request", view=cases.queue, asked=_unchecked("RATING"), since="created_at",
        to=to(replies.RequestCard, _reviewed_by_caller),
        # Of those who review, these read the queue.
        roles=("R_CADRE", "R_SECRETARY", "R_STREET"),
    ),
    Waits(
        "FOUND_TO_CHECK",
        "待核实的自行发现 / Something that a steward found, to be looked at",
        act="check_found", view=cases.queue, asked=_unchecked("FOUND"), since="created_at",
        to=to(replies.RequestCard, _found),
    ),
    Waits(
        "REQUEST_TO_RATE",
        "待评价的诉求 / A request of one's own to rate",
        act="rate_request", view=cases.requests,
        asked=cases.RequestList(mine=True, state=["RESOLVED"], order="oldest", limit=MOST),
        since="resolved_at", to=to(replies.RequestCard, lambda _tx, item: item.stars is None),
    ),
    Waits(
        "CORRECTION_TO_DECIDE",
        "待审核的更正申请 / A correction to decide",
        act="decide_correction", view=corrections.corrections,
        asked=corrections.CorrectionList(state="ASKED", limit=MOST),
        since="asked_at", due="decide_by", to=by_another("person_id"),
    ),
    Waits(
        "ERASURE_TO_DECIDE",
        "待审核的删除申请 / A request for erasure to decide",
        act="decide_erasure", view=erasures.erasures,
        asked=erasures.ErasureList(state="ASKED", limit=MOST),
        since="asked_at", due="decide_by", to=by_another("person_id", "asked_by"),
    ),
    Waits(
        "DEATH_TO_CONFIRM",
        "待确认的死亡登记 / A registered death to confirm",
        act="decide_death", view=people.person_deaths,
        asked=people.DeathList(state="PROPOSED", limit=MOST),
        since="proposed_at", to=by_another("proposed_by", "person_id"), id="person_id",
    ),
    Waits(
        "MERGE_TO_DECIDE",
        "待确认的重复登记合并 / Two registrations of one person to merge",
        act="decide_merge", view=people.person_merges,
        asked=people.MergeList(state="PROPOSED", limit=MOST),
        since="proposed_at", to=by_another("proposed_by", "person_id", "into"),
    ),
    Waits(
        "YEAR_TO_APPROVE",
        "待启用的年度工作日历 / A year's working days to approve",
        act="approve_calendar_year", view=calendar.calendar_years, asked=Nothing(), since="at",
        to=to(replies.CalendarYear, _of_another),
    ),
    Waits(
        "GRID_CHANGE_TO_APPROVE",
        "待批准的网格调整 / A split or merge of grids to approve",
        act="approve_grid_change", view=grid_changes.grid_changes,
        asked=grid_changes.GridChangeList(state="PROPOSED", limit=MOST), since="proposed_at",
        due="effective_on", to=by_another("proposed_by"),
    ),
    Waits(
        "STANDARD_TO_APPROVE",
        "待审核的办理标准 / A version of the service standards to approve",
        act="approve_standard", view=standards.service_standards,
        asked=standards.StandardList(state="PROPOSED", limit=MOST), since="proposed_at",
        due="effective_from", to=to(StandardCard, _drafted_by_another),
    ),
    Waits(
        "HOURS_TO_CONFIRM",
        "待确认的志愿服务 / Volunteer hours to confirm",
        act="confirm_hours", view=records.volunteer_hours,
        asked=lambda tx: records.HoursList(scope=tx.actor.scope, state="RECORDED", limit=MOST),
        since="date", to=by_another("person_id", "recorded_by"),
    ),
    Waits(
        "HAZARD_TO_VERIFY",
        "待核实的隐患 / A danger to verify",
        act="verify_hazard", view=records.hazards,
        asked=records.HazardList(state="PENDING", limit=MOST),
        since="reported_at", to=to(replies.HazardCard, _hazard_of_another),
    ),
    Waits(
        "HAZARD_TO_CHECK",
        "待复查的隐患整改 / A danger that was mended, to be looked at",
        act="check_mended", view=records.hazards,
        asked=records.HazardList(mending="TO_CHECK", limit=MOST),
        since="reported_at", to=to(replies.HazardCard, _mended_by_another),
    ),
    Waits(
        "ACTIVITY_TO_CLOSE",
        "已到时待结束的志愿活动 / A volunteer activity that is over, to be closed",
        act="close_activity", view=activities.activities,
        asked=lambda tx: activities.ActivityList(
            scope=tx.actor.scope, state="CALLED", when="OVER", limit=MOST
        ),
        since="end", to=to(acts.ActivityCard, lambda tx, item: tx.actor.covers(item.area)),
    ),
    Waits(
        "VISIT_DUE",
        "本月待走访的户、人 / Somebody to visit this month",
        act="record_visits", view=planning.visit_plans,
        asked=planning.PlanList(state="DUE", limit=MOST), since="created_at", due="due_at",
    ),
    Waits(
        "SWAP_TO_ANSWER",
        "待答复的换班申请 / A shift to swap",
        act="answer_swap", view=rota.shift_swaps, asked=rota.SwapList(state="ASKED", limit=MOST),
        since="asked_at", due="starts_at", to=to(told.SwapCard, _asks_caller),
    ),
    Waits(
        "GAP_AHEAD",
        "未来两周将缺岗的网格 / A grid in which somebody will be missing",
        act="plan_shifts", view=rota.gaps_ahead,
        asked=lambda tx: rota.AheadQuestion(scope=tx.actor.scope, limit=MOST),
        since="asked_at", due="first_gap",
        to=to(told.GapAhead, lambda _tx, item: item.first_gap is not None or bool(item.missing)),
        # Whose stewards they are; everybody above reads it in the list.
        roles=("R_CADRE", "R_SECRETARY"),
    ),
    Waits(
        "TERM_ENDING",
        "30 日内任期将满的岗位 / A post whose term ends within 30 days",
        act="set_term", view=terms.ending_terms,
        asked=lambda tx: terms.TermsQuestion(scope=tx.actor.scope, days=30, limit=MOST),
        since="term_ends", due="term_ends", roles=("R_CADRE", "R_SECRETARY"),
    ),
)  # fmt: skip
