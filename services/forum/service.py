"""The forum's doors: which command, question, fact and timer leads to which action."""

from __future__ import annotations

from typing import ClassVar

import sqlalchemy as sa

from fivered.chassis import deadlines, going_out, own_data
from fivered.chassis.bus import (
    ANY_ROLE,
    PUBLIC,
    Service,
    Tx,
    shown,
)
from fivered.chassis.calendar import DeadlineMoved
from fivered.chassis.facts import published_in, read_in
from fivered.chassis.file_imports import Imports
from fivered.chassis.table import command, query, subscribe, timer
from fivered.services.forum import errors, events, rules, storage, views
from fivered.services.forum.actions import (
    acceptance,
    analyses,
    attendance,
    calendar,
    closing,
    endings,
    heard,
    imports,
    invitations,
    liaison,
    opinions,
    sessions,
    supervisions,
    tasks,
    topics,
    votes,
)
from fivered.services.forum.actions import escalations as urging
from fivered.services.forum.settings import ForumSettings
from fivered.services.forum.storage.first_steps import FIRST_STEPS

# Who keeps the registers of officials and deputies.
KEEPERS = ("R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD")
PROPOSERS = (
    "R_RESIDENT",
    "R_STEWARD",
    "R_GRID",
    "R_CADRE",
    "R_SECRETARY",
    "R_STREET",
    "R_STREET_LEAD",
    "R_DEPUTY",
    "R_OWNERS",
    "R_PM",
    "R_PCO",
)
# Where nobody of the community may lead the talk about a matter, the street does.
HOSTS = ("R_SECRETARY", "R_CADRE", "R_STREET", "R_STREET_LEAD")
DOERS = ("R_CADRE", "R_SECRETARY", "R_GRID", "R_STEWARD", "R_PM", "R_PCO")
JUDGES = ("R_RESIDENT", "R_DEPUTY", "R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD")
LEADERS = ("R_SECRETARY", "R_STREET", "R_STREET_LEAD")


class Forum(Imports, Service):
    """红色议站: topics go through the five steps of 135 and end in verified work."""

    name = "forum"
    shown_by = shown(
        topic_id="topic",
        session_id="session",
        notice_id="notice",
        task_id="task",
    )
    counts = frozenset({"due", "ends_at", "opinion_due", "screen_due", "session_due", "tasks_due"})
    tables: ClassVar[sa.MetaData] = storage.metadata
    data_map = storage.personal.DATA_MAP
    first_steps = FIRST_STEPS
    waits = views.waiting.WAITS
    told_elsewhere = (views.messages.TOLD,)
    settings_type = ForumSettings
    standing = storage.heard.standing
    merged = errors.CallerMerged
    deceased = errors.CallerGone
    moved_out = errors.CallerGone
    after_told = staticmethod(going_out.after_told)
    publishes = (DeadlineMoved, going_out.MessagesTold, *published_in(events))
    deadline_words = (
        "topic_screen", "topic_session", "session_held", "opinion_draft", "opinion_publicise",
        "opinion_notice", "objection_answer", "owners_vote", "task_assign", "task_accept",
        "task_due", "task_responsible", "topic_appeal", "topic_redirect", "topic_close",
        "cutoff",
    )  # fmt: skip
    importers = imports.IMPORTERS
    title = "红色议站 / Red Station"
    about = (
        "“135”议事：议题征集、邀约协商、表决、督办、销号。"
        " / Deliberation: topics, invitations, votes, supervised tasks."
    )
    doors = (
        # ------------------------------------------------------------ liaison
        command(
            "POST /officials",
            liaison.register_official,
            roles=(*KEEPERS, "R_SECRETARY"),
            status=201,
        ),
        command(
            "POST /officials/{official_id}/end",
            liaison.end_official,
            roles=(*KEEPERS, "R_SECRETARY"),
            if_match=True,
        ),
        command(
            "POST /liaisons",
            liaison.assign_liaison,
            roles=(*KEEPERS, "R_SECRETARY"),
            status=201,
        ),
        command(
            "POST /liaisons/{link_id}/end",
            liaison.end_liaison,
            roles=(*KEEPERS, "R_SECRETARY"),
            if_match=True,
        ),
        command("POST /deputies", liaison.register_deputy, roles=KEEPERS, status=201),
        command(
            "POST /deputies/{deputy_id}/end",
            liaison.end_deputy,
            roles=KEEPERS,
            if_match=True,
        ),
        command(
            "POST /opt-ins",
            liaison.opt_in,
            roles=("R_RESIDENT", "R_GRID", "R_CADRE", "R_SECRETARY"),
            status=201,
        ),
        command(
            "POST /opt-ins/withdraw",
            liaison.opt_out,
            roles=("R_RESIDENT", "R_GRID", "R_CADRE", "R_SECRETARY"),
        ),
        query(
            "GET /opt-ins",
            views.liaison.opt_ins,
            roles=("R_RESIDENT", "R_GRID", "R_CADRE", "R_SECRETARY"),
        ),
        query(
            "GET /supervisions",
            views.supervisions.supervisions,
            roles=(ANY_ROLE,),
        ),
        query("GET /liaisons/chain", views.liaison.chain, roles=(ANY_ROLE,)),
        query(
            "GET /liaisons/coverage",
            views.liaison.coverage,
            roles=(ANY_ROLE,),
        ),
        query("GET /officials", views.liaison.officials, roles=(ANY_ROLE,)),
        query("GET /liaisons", views.liaison.liaisons, roles=(ANY_ROLE,)),
        query("GET /deputies", views.liaison.deputies, roles=(ANY_ROLE,)),
        query(
            "GET /deputies/{deputy_id}/record",
            views.liaison.deputy_record,
            roles=(ANY_ROLE,),
        ),
        # ------------------------------------------------------------ collect and analyse
        command("POST /topics", topics.submit_topic, roles=PROPOSERS, status=201),
        command(
            "POST /topics/{topic_id}/cosign",
            topics.cosign_topic,
            roles=("R_RESIDENT",),
        ),
        command(
            "POST /topics/{topic_id}/edit",
            topics.edit_topic,
            roles=PROPOSERS,
            if_match=True,
        ),
        command(
            "POST /topics/{topic_id}/withdraw",
            closing.withdraw_topic,
            roles=PROPOSERS,
            if_match=True,
        ),
        command(
            "POST /topics/{topic_id}/hide",
            topics.hide_topic,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD"),
            if_match=True,
        ),
        command(
            "POST /topics/{topic_id}/adopt",
            analyses.adopt_topic,
            roles=LEADERS,
            if_match=True,
        ),
        command(
            "POST /topics/{topic_id}/reject",
            analyses.reject_topic,
            roles=LEADERS,
            if_match=True,
        ),
        command(
            "POST /topics/{topic_id}/redirect",
            analyses.redirect_topic,
            roles=HOSTS,
            if_match=True,
        ),
        command(
            "POST /topics/{topic_id}/merge",
            analyses.merge_topic,
            roles=HOSTS,
            if_match=True,
        ),
        command(
            "POST /topics/{topic_id}/appeal",
            analyses.appeal_topic,
            roles=PROPOSERS,
        ),
        command(
            "POST /topics/{topic_id}/review",
            analyses.review_topic,
            roles=("R_STREET", "R_STREET_LEAD"),
            if_match=True,
        ),
        # ------------------------------------------------------------ deliberate
        command(
            "POST /sessions",
            sessions.schedule_session,
            roles=LEADERS,
            status=201,
        ),
        command(
            "POST /sessions/{session_id}/move",
            sessions.move_session,
            roles=HOSTS,
            if_match=True,
        ),
        command(
            "POST /sessions/{session_id}/cancel",
            sessions.cancel_session,
            roles=HOSTS,
            if_match=True,
        ),
        command(
            "POST /invitations/{invitation_id}/withdraw",
            invitations.withdraw_invitation,
            roles=HOSTS,
            if_match=True,
        ),
        command(
            "POST /sessions/{session_id}/attendance/correct",
            attendance.correct_attendance,
            roles=HOSTS,
        ),
        command(
            "POST /invitations/{invitation_id}/answer",
            invitations.answer_invitation,
            roles=(ANY_ROLE,),
        ),
        command(
            "POST /sessions/{session_id}/open",
            sessions.open_session,
            roles=HOSTS,
            if_match=True,
        ),
        command(
            "POST /sessions/{session_id}/attendance",
            attendance.record_attendance,
            roles=HOSTS,
        ),
        command("POST /sessions/{session_id}/vote", votes.vote, roles=(ANY_ROLE,)),
        query(
            "GET /sessions/{session_id}/recount",
            views.votes.recount,
            roles=(*LEADERS, "R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR"),
        ),
        command(
            "POST /sessions/{session_id}/close-vote",
            votes.close_vote,
            roles=HOSTS,
            if_match=True,
        ),
        command(
            "POST /sessions/{session_id}/adjourn",
            sessions.adjourn_session,
            roles=HOSTS,
            if_match=True,
        ),
        # ------------------------------------------------------------ opinion
        command(
            "POST /topics/{topic_id}/opinion",
            opinions.draft_opinion,
            roles=("R_CADRE", "R_SECRETARY"),
            if_match=True,
        ),
        command(
            "POST /topics/{topic_id}/publicise",
            opinions.publicise_opinion,
            roles=("R_SECRETARY",),
            if_match=True,
        ),
        command(
            "POST /topics/{topic_id}/object",
            opinions.object_to_opinion,
            roles=("R_RESIDENT",),
            status=201,
        ),
        command(
            "POST /objections/{objection_id}/confirm",
            opinions.confirm_objection,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD"),
        ),
        command(
            "POST /topics/{topic_id}/resolve-objection",
            opinions.resolve_objection,
            roles=("R_SECRETARY", "R_STREET", "R_STREET_LEAD"),
            if_match=True,
        ),
        command(
            "POST /objections/{objection_id}/answer",
            opinions.answer_objection,
            roles=LEADERS,
        ),
        command(
            "POST /topics/{topic_id}/owners-vote",
            opinions.record_owners_vote,
            roles=("R_SECRETARY", "R_STREET"),
            if_match=True,
        ),
        # ------------------------------------------------------------ supervise
        command(
            "POST /topics/{topic_id}/tasks",
            tasks.assign_tasks,
            roles=("R_SECRETARY",),
            if_match=True,
        ),
        command(
            "POST /tasks/{task_id}/start",
            tasks.start_task,
            roles=DOERS,
            if_match=True,
        ),
        command(
            "POST /tasks/{task_id}/progress",
            tasks.report_progress,
            roles=DOERS,
            if_match=True,
        ),
        command(
            "POST /tasks/{task_id}/deliver",
            tasks.deliver_task,
            roles=("R_CADRE", "R_SECRETARY", "R_GRID", "R_STEWARD"),
            if_match=True,
        ),
        command(
            "POST /tasks/{task_id}/accept",
            acceptance.accept_task,
            roles=JUDGES,
            if_match=True,
        ),
        command(
            "POST /tasks/{task_id}/rework",
            acceptance.rework_task,
            roles=JUDGES,
            if_match=True,
        ),
        command(
            "POST /tasks/{task_id}/extend",
            endings.extend_task,
            roles=LEADERS,
            if_match=True,
        ),
        command(
            "POST /tasks/{task_id}/reassign",
            endings.reassign_task,
            roles=LEADERS,
            if_match=True,
        ),
        command(
            "POST /tasks/{task_id}/cancel",
            endings.cancel_task,
            roles=LEADERS,
            if_match=True,
        ),
        command(
            "POST /tasks/{task_id}/reopen",
            endings.reopen_task,
            roles=LEADERS,
            if_match=True,
        ),
        command(
            "POST /tasks/{task_id}/supervisors",
            supervisions.change_supervisors,
            roles=LEADERS,
            if_match=True,
        ),
        command("POST /tasks/{task_id}/step-down", supervisions.step_down, roles=JUDGES),
        command(
            "POST /topics/{topic_id}/discontinue",
            closing.discontinue_topic,
            roles=("R_STREET", "R_STREET_LEAD"),
            if_match=True,
        ),
        command(
            "POST /supervisions",
            supervisions.record_supervision,
            roles=("R_RESIDENT", "R_DEPUTY"),
            status=201,
        ),
        command(
            "POST /topics/{topic_id}/close",
            closing.close_topic,
            roles=("R_SECRETARY",),
            if_match=True,
        ),
        command("POST /topics/{topic_id}/rate", closing.rate_topic, roles=(ANY_ROLE,)),
        # ------------------------------------------------------------ questions
        query("GET /topics", views.topics.topic_wall, roles=(ANY_ROLE,)),
        query(
            "GET /topics/{topic_id}",
            views.topics.topic,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /topics/{topic_id}/timeline",
            views.topics.topic_timeline,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /sessions/{session_id}",
            views.sessions.session,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /sessions/{session_id}/session.ics",
            views.sessions.session,
            name="session_file",
            roles=(ANY_ROLE,),
            produces="text/calendar",
        ),
        query(
            "GET /sessions",
            views.sessions.session_list,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /objections",
            views.opinions.objections,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /invitations",
            views.invitations.my_invitations,
            roles=(ANY_ROLE,),
        ),
        query("GET /messages", views.messages.my_messages, roles=(ANY_ROLE,)),
        query("GET /tasks/{task_id}", views.tasks.task, roles=(ANY_ROLE,)),
        query("GET /tasks", views.tasks.task_ledger, roles=(ANY_ROLE,)),
        query(
            "GET /escalations",
            views.escalations.escalations,
            roles=(ANY_ROLE,),
        ),
        command(
            "POST /escalations/{escalation_id}/acknowledge",
            urging.acknowledge_escalation,
            roles=tuple(rules.RANK_OF_ROLE),
            if_match=True,
        ),
        command(
            "POST /escalations/{escalation_id}/decide",
            urging.decide_escalation,
            roles=tuple(rules.RANK_OF_ROLE),
            if_match=True,
        ),
        query("GET /notices", views.opinions.notices, roles=(PUBLIC,)),
        query(
            "GET /notices/{notice_id}",
            views.opinions.notice,
            roles=(PUBLIC,),
        ),
        query("GET /funnel", views.months.funnel, roles=(PUBLIC,)),
        # ------------------------------------------------------------ consumed
        subscribe("steward", events.CalendarYearHeard, then=deadlines.consume, name="on_calendar"),
        subscribe("steward", events.PersonErasedHeard, then=own_data.consume, name="on_erased"),
        subscribe(
            "steward",
            *read_in(events, "steward", but=(events.CalendarYearHeard, events.PersonErasedHeard)),
            then=heard.consume_steward,
        ),
        subscribe("property", *read_in(events, "property"), then=heard.consume_property),
        subscribe("partner", *read_in(events, "partner"), then=heard.consume_partner),
        subscribe("credit", *read_in(events, "credit"), then=heard.consume_credit),
        # ------------------------------------------------------------ timers
        timer(going_out.TIMER, going_out.say, together=going_out.SPAN),
        timer("liaison_until", liaison.end_at_term),
        timer("deputy_from", liaison.begin_term),
        timer("deputy_until", liaison.end_term),
        timer("topic_screen", analyses.miss_deadline),
        timer("topic_session", analyses.miss_deadline),
        timer("opinion_draft", analyses.miss_deadline),
        timer("task_assign", analyses.miss_deadline),
        timer("topic_appeal", analyses.miss_deadline),
        timer("topic_redirect", analyses.miss_deadline),
        timer("session_held", analyses.miss_deadline),
        timer("opinion_publicise", analyses.miss_deadline),
        timer("owners_vote", analyses.miss_deadline),
        timer("topic_close", analyses.miss_deadline),
        timer("task_accept", acceptance.miss_acceptance),
        timer("objection_answer", opinions.miss_answer),
        timer("opinion_notice", opinions.end_notice),
        timer("session_answers", invitations.remind_host),
        timer("task_due", tasks.overdue),
        timer("task_responsible", tasks.miss_responsible),
        timer("supervision_gap", supervisions.miss_supervision),
        timer(
            "cutoff",
            heard.measure_month,
            schedule=lambda now, calendar: calendar.next_cutoff(now),
        ),
    )

    def deadline_moved(self, tx: Tx, move: deadlines.Move) -> None:
        """Write down that a deadline is later, and tell the people who wait."""
        calendar.deadline_moved(tx, move)
