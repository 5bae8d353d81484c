"""The forum's doors: which command, question, fact and timer leads to which action."""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa

from chassis import deadlines
from chassis.bus import (
    ANY_ROLE,
    PUBLIC,
    Due,
    Heard,
    Service,
    Tx,
    command,
    query,
    shown,
    subscribe,
    timer,
)
from services.forum import events, rules, storage, views
from services.forum.actions import (
    calendar,
    hearing,
    liaison,
    opinions,
    sessions,
    tasks,
    topics,
)
from services.forum.actions import escalations as urging
from services.forum.settings import ForumSettings

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
HOSTS = ("R_SECRETARY", "R_CADRE")
DOERS = ("R_CADRE", "R_SECRETARY", "R_GRID", "R_STEWARD", "R_PM", "R_PCO")
JUDGES = ("R_RESIDENT", "R_DEPUTY", "R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD")
LEADERS = ("R_SECRETARY", "R_STREET", "R_STREET_LEAD")


class Forum(Service):
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
    settings_type = ForumSettings
    says = events.SAYS

    # ------------------------------------------------------------------------------------- liaison

    @command(roles=(*KEEPERS, "R_SECRETARY"))
    def register_official(self, tx: Tx, body: liaison.RegisterOfficial) -> dict[str, Any]:
        """登记干部: register an official."""
        return liaison.register_official(tx, body)

    @command(roles=(*KEEPERS, "R_SECRETARY"), if_match=True)
    def end_official(self, tx: Tx, body: liaison.EndOfficial) -> dict[str, Any]:
        """干部离任: end an official's term with all his links."""
        return liaison.end_official(tx, body)

    @command(roles=(*KEEPERS, "R_SECRETARY"))
    def assign_liaison(self, tx: Tx, body: liaison.AssignLiaison) -> dict[str, Any]:
        """建立包保联系: link an official to a target."""
        return liaison.assign_liaison(tx, body)

    @command(roles=(*KEEPERS, "R_SECRETARY"), if_match=True)
    def end_liaison(self, tx: Tx, body: liaison.EndLiaison) -> dict[str, Any]:
        """解除包保联系: end a link."""
        return liaison.end_liaison(tx, body)

    @command(roles=KEEPERS)
    def register_deputy(self, tx: Tx, body: liaison.RegisterDeputy) -> dict[str, Any]:
        """登记“两代表一委员”: register a deputy."""
        return liaison.register_deputy(tx, body)

    @command(roles=KEEPERS, if_match=True)
    def end_deputy(self, tx: Tx, body: liaison.EndDeputy) -> dict[str, Any]:
        """代表离任: end a deputy's term."""
        return liaison.end_deputy(tx, body)

    @command(roles=("R_RESIDENT", "R_GRID", "R_CADRE", "R_SECRETARY"))
    def opt_in(self, tx: Tx, body: liaison.OptIn) -> dict[str, Any]:
        """同意参加随机抽选: let a resident be drawn."""
        return liaison.opt_in(tx, body)

    @command(roles=("R_RESIDENT", "R_GRID", "R_CADRE", "R_SECRETARY"))
    def opt_out(self, tx: Tx, body: liaison.OptIn) -> dict[str, Any]:
        """退出随机抽选: take a resident out of the draw."""
        return liaison.opt_out(tx, body)

    @query(roles=("R_RESIDENT", "R_GRID", "R_CADRE", "R_SECRETARY"))
    def opt_ins(self, tx: Tx, q: views.OptInsAsked) -> dict[str, Any]:
        """随机抽选名单: who agreed to be drawn."""
        return views.opt_ins(tx, q)

    @query(roles=(ANY_ROLE,))
    def supervisions(self, tx: Tx, q: views.SupervisionsAsked) -> dict[str, Any]:
        """监督记录: what supervisors found."""
        return views.supervisions(tx, q)

    @query(roles=(ANY_ROLE,))
    def chain(self, tx: Tx, q: views.ChainOf) -> dict[str, Any]:
        """包保联系链: the liaison chain above a target."""
        return views.chain(tx, q)

    @query(roles=(ANY_ROLE,))
    def coverage(self, tx: Tx, q: views.CoverageOf) -> dict[str, Any]:
        """包保联系覆盖 (M-19): coverage per tier."""
        return views.coverage(tx, q)

    @query(roles=(ANY_ROLE,))
    def officials(self, tx: Tx, q: views.OfficialsAsked) -> dict[str, Any]:
        """干部名册: officials of an area."""
        return views.officials(tx, q)

    @query(roles=(ANY_ROLE,))
    def liaisons(self, tx: Tx, q: views.LiaisonsAsked) -> dict[str, Any]:
        """包保联系: links of an area."""
        return views.liaisons(tx, q)

    @query(roles=(ANY_ROLE,))
    def deputies(self, tx: Tx, q: views.DeputiesAsked) -> dict[str, Any]:
        """两代表一委员: deputies of a street."""
        return views.deputies(tx, q)

    @query(roles=(ANY_ROLE,))
    def deputy_record(self, tx: Tx, q: views.DeputyRecordOf) -> dict[str, Any]:
        """代表履职记录 (M-24): a deputy's year."""
        return views.deputy_record(tx, q)

    # ------------------------------------------------------------------------- collect and analyse

    @command(roles=PROPOSERS)
    def submit_topic(self, tx: Tx, body: topics.SubmitTopic) -> dict[str, Any]:
        """提出议题: step 1."""
        return topics.submit_topic(tx, body)

    @command(roles=("R_RESIDENT",))
    def cosign_topic(self, tx: Tx, body: topics.WhichTopic) -> dict[str, Any]:
        """联署: sign a topic."""
        return topics.cosign(tx, body)

    @command(roles=PROPOSERS, if_match=True)
    def edit_topic(self, tx: Tx, body: topics.EditTopic) -> dict[str, Any]:
        """修改议题: before anybody signs or analyses it."""
        return topics.edit(tx, body)

    @command(roles=PROPOSERS, if_match=True)
    def withdraw_topic(self, tx: Tx, body: topics.WhichTopic) -> dict[str, Any]:
        """撤回议题: by the proposer, before the analysis."""
        return topics.withdraw(tx, body)

    @command(roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD"), if_match=True)
    def hide_topic(self, tx: Tx, body: topics.HideTopic) -> dict[str, Any]:
        """隐藏议题内容: from all but staff and the proposer, with reason."""
        return topics.hide(tx, body)

    @command(roles=("R_SECRETARY",), if_match=True)
    def adopt_topic(self, tx: Tx, body: topics.AdoptTopic) -> dict[str, Any]:
        """研判采纳: step 2."""
        return topics.adopt(tx, body)

    @command(roles=("R_SECRETARY",), if_match=True)
    def reject_topic(self, tx: Tx, body: topics.RejectTopic) -> dict[str, Any]:
        """不予采纳: reject with a stated reason."""
        return topics.reject(tx, body)

    @command(roles=("R_CADRE", "R_SECRETARY"), if_match=True)
    def redirect_topic(self, tx: Tx, body: topics.RedirectTopic) -> dict[str, Any]:
        """转红色管家办理: a matter of one household."""
        return topics.redirect(tx, body)

    @command(roles=("R_CADRE", "R_SECRETARY"), if_match=True)
    def merge_topic(self, tx: Tx, body: topics.MergeTopic) -> dict[str, Any]:
        """合并同类议题: merge into another."""
        return topics.merge(tx, body)

    @command(roles=PROPOSERS)
    def appeal_topic(self, tx: Tx, body: topics.WhichTopic) -> dict[str, Any]:
        """申请街道复核: ask the street once."""
        return topics.appeal(tx, body)

    @command(roles=("R_STREET", "R_STREET_LEAD"), if_match=True)
    def review_topic(self, tx: Tx, body: topics.ReviewRejection) -> dict[str, Any]:
        """街道复核: decide on a rejection."""
        return topics.review_rejection(tx, body)

    # ---------------------------------------------------------------------------------- deliberate

    @command(roles=("R_SECRETARY",))
    def schedule_session(self, tx: Tx, body: sessions.ScheduleSession) -> dict[str, Any]:
        """安排协商会: step 3."""
        return sessions.schedule_session(tx, body)

    @command(roles=HOSTS, if_match=True)
    def move_session(self, tx: Tx, body: sessions.MoveSession) -> dict[str, Any]:
        """改期: hold a session at another time or place."""
        return sessions.move_session(tx, body)

    @command(roles=HOSTS, if_match=True)
    def cancel_session(self, tx: Tx, body: sessions.CancelSession) -> dict[str, Any]:
        """取消会议: call off a session."""
        return sessions.cancel_session(tx, body)

    @command(roles=HOSTS, if_match=True)
    def withdraw_invitation(self, tx: Tx, body: sessions.WithdrawInvitation) -> dict[str, Any]:
        """撤回邀请: uninvite somebody."""
        return sessions.withdraw_invitation(tx, body)

    @command(roles=(*HOSTS, "R_STREET", "R_STREET_LEAD"))
    def correct_attendance(self, tx: Tx, body: sessions.CorrectAttendance) -> dict[str, Any]:
        """更正签到: who was there after all, or was not."""
        return sessions.correct_attendance(tx, body)

    @command(roles=(ANY_ROLE,))
    def answer_invitation(self, tx: Tx, body: sessions.AnswerInvitation) -> dict[str, Any]:
        """答复邀请: one's own invitation."""
        return sessions.answer_invitation(tx, body)

    @command(roles=HOSTS, if_match=True)
    def open_session(self, tx: Tx, body: sessions.WhichSession) -> dict[str, Any]:
        """开会: open the session."""
        return sessions.open_session(tx, body)

    @command(roles=HOSTS)
    def record_attendance(self, tx: Tx, body: sessions.RecordAttendance) -> dict[str, Any]:
        """签到: record who has come."""
        return sessions.record_attendance(tx, body)

    @command(roles=(ANY_ROLE,))
    def vote(self, tx: Tx, body: sessions.CastVote) -> dict[str, Any]:
        """表决: cast one's vote."""
        return sessions.vote(tx, body)

    @query(roles=(*LEADERS, "R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR"))
    def recount(self, tx: Tx, body: sessions.Recount) -> dict[str, Any]:
        """重新计票: count the ballots of a closed vote again."""
        return sessions.recount(tx, body)

    @command(roles=HOSTS, if_match=True)
    def close_vote(self, tx: Tx, body: sessions.CloseVote) -> dict[str, Any]:
        """结束表决: count, with quorum."""
        return sessions.close_vote(tx, body)

    @command(roles=HOSTS, if_match=True)
    def adjourn_session(self, tx: Tx, body: sessions.Adjourn) -> dict[str, Any]:
        """休会: end without a vote."""
        return sessions.adjourn(tx, body)

    # ------------------------------------------------------------------------------------- opinion

    @command(roles=("R_CADRE", "R_SECRETARY"), if_match=True)
    def draft_opinion(self, tx: Tx, body: opinions.DraftOpinion) -> dict[str, Any]:
        """起草协商意见: step 4."""
        return opinions.draft_opinion(tx, body)

    @command(roles=("R_SECRETARY",), if_match=True)
    def publicise_opinion(self, tx: Tx, body: topics.WhichTopic) -> dict[str, Any]:
        """公示协商意见: three working days on the board."""
        return opinions.publicise(tx, body)

    @command(roles=("R_RESIDENT",))
    def object_to_opinion(self, tx: Tx, body: opinions.ObjectToOpinion) -> dict[str, Any]:
        """提出异议: object while the notice stands."""
        return opinions.object_to_opinion(tx, body)

    @command(roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD"))
    def confirm_objection(self, tx: Tx, body: opinions.ConfirmObjection) -> dict[str, Any]:
        """确认直接利害关系: the objector is directly affected."""
        return opinions.confirm_objection(tx, body)

    @command(roles=("R_SECRETARY", "R_STREET", "R_STREET_LEAD"), if_match=True)
    def resolve_objection(self, tx: Tx, body: opinions.ResolveObjection) -> dict[str, Any]:
        """处理异议: community and street decide alike."""
        return opinions.resolve_objection(tx, body)

    @command(roles=LEADERS)
    def answer_objection(self, tx: Tx, body: opinions.AnswerObjection) -> dict[str, Any]:
        """答复异议: answer one who objected."""
        return opinions.answer_objection(tx, body)

    @command(roles=("R_SECRETARY", "R_STREET"), if_match=True)
    def record_owners_vote(self, tx: Tx, body: opinions.RecordOwnersVote) -> dict[str, Any]:
        """登记业主大会表决: Civil Code art. 278."""
        return opinions.record_owners_vote(tx, body)

    # ----------------------------------------------------------------------------------- supervise

    @command(roles=("R_SECRETARY",), if_match=True)
    def assign_tasks(self, tx: Tx, body: tasks.AssignTasks) -> dict[str, Any]:
        """下达落实任务: step 5."""
        return tasks.assign_tasks(tx, body)

    @command(roles=DOERS, if_match=True)
    def start_task(self, tx: Tx, body: tasks.WhichTask) -> dict[str, Any]:
        """开始办理: the work has begun."""
        return tasks.start_task(tx, body)

    @command(roles=DOERS, if_match=True)
    def report_progress(self, tx: Tx, body: tasks.ReportProgress) -> dict[str, Any]:
        """报告进展: how far the work is."""
        return tasks.report_progress(tx, body)

    @command(roles=("R_CADRE", "R_SECRETARY", "R_GRID", "R_STEWARD"), if_match=True)
    def deliver_task(self, tx: Tx, body: tasks.DeliverTask) -> dict[str, Any]:
        """交付社区任务: with evidence."""
        return tasks.deliver_task(tx, body)

    @command(roles=JUDGES, if_match=True)
    def accept_task(self, tx: Tx, body: tasks.AcceptTask) -> dict[str, Any]:
        """验收: supervisor and cadre, two calls."""
        return tasks.accept_task(tx, body)

    @command(roles=JUDGES, if_match=True)
    def rework_task(self, tx: Tx, body: tasks.ReworkTask) -> dict[str, Any]:
        """退回返工: the work is not as resolved."""
        return tasks.rework_task(tx, body)

    @command(roles=LEADERS, if_match=True)
    def extend_task(self, tx: Tx, body: tasks.ExtendTask) -> dict[str, Any]:
        """任务延期: a new term, with reason."""
        return tasks.extend_task(tx, body)

    @command(roles=LEADERS, if_match=True)
    def reassign_task(self, tx: Tx, body: tasks.ReassignTask) -> dict[str, Any]:
        """改派任务: somebody else does it."""
        return tasks.reassign_task(tx, body)

    @command(roles=LEADERS, if_match=True)
    def cancel_task(self, tx: Tx, body: tasks.EndTask) -> dict[str, Any]:
        """取消任务: it is not done, with reason."""
        return tasks.cancel_task(tx, body)

    @command(roles=LEADERS, if_match=True)
    def reopen_task(self, tx: Tx, body: tasks.EndTask) -> dict[str, Any]:
        """重新办理: accepted work is done again."""
        return tasks.reopen_task(tx, body)

    @command(roles=LEADERS, if_match=True)
    def change_supervisors(self, tx: Tx, body: tasks.ChangeSupervisors) -> dict[str, Any]:
        """更换监督员: others watch the task."""
        return tasks.change_supervisors(tx, body)

    @command(roles=JUDGES)
    def step_down(self, tx: Tx, body: tasks.WhichTask) -> dict[str, Any]:
        """不再担任监督员: a supervisor steps down."""
        return tasks.step_down(tx, body)

    @command(roles=("R_STREET", "R_STREET_LEAD"), if_match=True)
    def discontinue_topic(self, tx: Tx, body: tasks.DiscontinueTopic) -> dict[str, Any]:
        """街道终止办理: end a topic that cannot go on."""
        return tasks.discontinue_topic(tx, body)

    @command(roles=("R_RESIDENT", "R_DEPUTY"))
    def record_supervision(self, tx: Tx, body: tasks.RecordSupervision) -> dict[str, Any]:
        """监督记录: what a supervisor has seen."""
        return tasks.record_supervision(tx, body)

    @command(roles=("R_SECRETARY",), if_match=True)
    def close_topic(self, tx: Tx, body: tasks.CloseTopic) -> dict[str, Any]:
        """办结: publish the result and open the poll."""
        return tasks.close_topic(tx, body)

    @command(roles=(ANY_ROLE,))
    def rate_topic(self, tx: Tx, body: tasks.RateTopic) -> dict[str, Any]:
        """满意度评价: by those who took part."""
        return tasks.rate_topic(tx, body)

    # ----------------------------------------------------------------------------------- questions

    @query(roles=(ANY_ROLE,))
    def topic_wall(self, tx: Tx, q: views.TopicsAsked) -> dict[str, Any]:
        """议题墙: the topic wall."""
        return views.topics(tx, q)

    @query(roles=(ANY_ROLE,))
    def topic(self, tx: Tx, q: views.TopicOf) -> dict[str, Any]:
        """议题: with the five steps and their artefacts."""
        return views.topic(tx, q)

    @query(roles=(ANY_ROLE,))
    def topic_timeline(self, tx: Tx, q: views.TopicOf) -> dict[str, Any]:
        """议题时间线: what happened, in order."""
        return views.timeline(tx, q)

    @query(roles=(ANY_ROLE,))
    def session(self, tx: Tx, q: views.SessionOf) -> dict[str, Any]:
        """协商会: the session room."""
        return views.session(tx, q)

    @query(roles=(ANY_ROLE,))
    def session_list(self, tx: Tx, q: views.SessionsAsked) -> dict[str, Any]:
        """协商会列表: sessions of an area."""
        return views.sessions(tx, q)

    @query(roles=(ANY_ROLE,))
    def objections(self, tx: Tx, q: views.ObjectionsAsked) -> dict[str, Any]:
        """异议: one's own, or those to a topic, with what was decided."""
        return views.objections(tx, q)

    @query(roles=(ANY_ROLE,))
    def my_invitations(self, tx: Tx, q: views.Mine) -> dict[str, Any]:
        """我的邀请: the caller's invitations."""
        return views.my_invitations(tx, q)

    @query(roles=(ANY_ROLE,))
    def my_messages(self, tx: Tx, q: views.Mine) -> dict[str, Any]:
        """我的消息: what the caller was told."""
        return views.my_messages(tx, q)

    @query(roles=(ANY_ROLE,))
    def task(self, tx: Tx, q: views.TaskOf) -> dict[str, Any]:
        """任务: with its supervision."""
        return views.task(tx, q)

    @query(roles=(ANY_ROLE,))
    def task_ledger(self, tx: Tx, q: views.TasksAsked) -> dict[str, Any]:
        """任务台账: tasks with their progress."""
        return views.tasks(tx, q)

    @query(roles=(ANY_ROLE,))
    def escalations(self, tx: Tx, q: views.EscalationsAsked) -> dict[str, Any]:
        """督办: what was missed, and before whom it came."""
        return views.escalations(tx, q)

    @command(roles=tuple(rules.RANK_OF_ROLE), if_match=True)
    def acknowledge_escalation(self, tx: Tx, body: urging.WhichEscalation) -> dict[str, Any]:
        """督办签收: somebody sees to it."""
        return urging.acknowledge(tx, body)

    @command(roles=tuple(rules.RANK_OF_ROLE), if_match=True)
    def decide_escalation(self, tx: Tx, body: urging.DecideEscalation) -> dict[str, Any]:
        """督办办结: what was done about it."""
        return urging.decide(tx, body)

    @query(roles=(PUBLIC,))
    def notices(self, tx: Tx, q: views.NoticesAsked) -> dict[str, Any]:
        """协商意见公示: published opinions."""
        return views.notices(tx, q)

    @query(roles=(PUBLIC,))
    def notice(self, tx: Tx, q: views.NoticeOf) -> dict[str, Any]:
        """协商意见公示: one of them."""
        return views.notice(tx, q)

    @query(roles=(PUBLIC,))
    def funnel(self, tx: Tx, q: views.FunnelOf) -> dict[str, Any]:
        """协商漏斗 (M-15): how far topics come."""
        return views.funnel(tx, q)

    # ------------------------------------------------------------------------------------- hearing

    @subscribe("steward", events.CalendarYearHeard)
    def on_calendar(self, tx: Tx, heard: list[Heard]) -> None:
        """A year's working days are known: open deadlines are counted again."""
        deadlines.hear(tx, heard)

    def deadline_moved(self, tx: Tx, move: deadlines.Move) -> None:
        """Write down that a deadline is later, and tell whoever waits."""
        calendar.deadline_moved(tx, move)

    @subscribe(
        "steward",
        events.AreaDefinedHeard,
        events.ResidentRegisteredHeard,
        events.ResidentMovedHeard,
        events.ResidentDeactivatedHeard,
        events.ResidentCameOfAgeHeard,
        events.ResidentReturnedHeard,
        events.ResidentCorrectedHeard,
        events.PersonMergedHeard,
        events.RequestSubmittedHeard,
        events.RequestEscalatedHeard,
        events.RequestResolvedHeard,
        events.RequestClosedHeard,
        events.RequestMergedHeard,
    )
    def on_steward(self, tx: Tx, heard: list[Heard]) -> None:
        """Keep the ground and its residents."""
        hearing.hear_steward(tx, heard)

    @subscribe(
        "property",
        events.ProjectRegisteredHeard,
        events.ProjectManagerChangedHeard,
        events.AppointmentActivatedHeard,
        events.AppointmentEndedHeard,
        events.WorkDeliveredHeard,
        events.CompanyRegisteredHeard,
        events.CompanyRepresentativesChangedHeard,
        events.RectificationEscalatedHeard,
        events.RectificationPassedHeard,
        events.RectificationWithdrawnHeard,
    )
    def on_property(self, tx: Tx, heard: list[Heard]) -> None:
        """Keep projects and posts; take deliveries of our tasks."""
        hearing.hear_property(tx, heard)

    @subscribe(
        "partner",
        events.PartnerAdmittedHeard,
        events.PartnerOperatorsChangedHeard,
        events.PartnerExitedHeard,
    )
    def on_partner(self, tx: Tx, heard: list[Heard]) -> None:
        """Keep who speaks for shops and units."""
        hearing.hear_partner(tx, heard)

    @subscribe("credit", events.ObjectionEscalatedHeard, events.ObjectionEndedHeard)
    def on_credit(self, tx: Tx, heard: list[Heard]) -> None:
        """List overdue objections for the level above."""
        hearing.hear_credit(tx, heard)

    # -------------------------------------------------------------------------------------- timers

    @timer("liaison_until")
    def on_liaison_until(self, tx: Tx, due: Due) -> None:
        """A link's time is over."""
        liaison.end_at_term(tx, due)

    @timer("topic_screen")
    def on_topic_screen(self, tx: Tx, due: Due) -> None:
        """The analysis is late."""
        topics.miss_deadline(tx, due)

    @timer("topic_session")
    def on_topic_session(self, tx: Tx, due: Due) -> None:
        """The session is late."""
        topics.miss_deadline(tx, due)

    @timer("opinion_draft")
    def on_opinion_draft(self, tx: Tx, due: Due) -> None:
        """The opinion is late."""
        topics.miss_deadline(tx, due)

    @timer("task_assign")
    def on_task_assign(self, tx: Tx, due: Due) -> None:
        """The tasks are late."""
        topics.miss_deadline(tx, due)

    @timer("topic_appeal")
    def on_topic_appeal(self, tx: Tx, due: Due) -> None:
        """The street's review is late."""
        topics.miss_deadline(tx, due)

    @timer("topic_redirect")
    def on_topic_redirect(self, tx: Tx, due: Due) -> None:
        """The stewards have not registered what was redirected to them."""
        topics.miss_deadline(tx, due)

    @timer("session_held")
    def on_session_held(self, tx: Tx, due: Due) -> None:
        """A session was opened and nobody has ended it."""
        topics.miss_deadline(tx, due)

    @timer("opinion_publicise")
    def on_opinion_publicise(self, tx: Tx, due: Due) -> None:
        """The opinion is drafted and not published."""
        topics.miss_deadline(tx, due)

    @timer("owners_vote")
    def on_owners_vote(self, tx: Tx, due: Due) -> None:
        """The owners' vote has not come."""
        topics.miss_deadline(tx, due)

    @timer("topic_close")
    def on_topic_close(self, tx: Tx, due: Due) -> None:
        """The work is accepted and the topic not closed."""
        topics.miss_deadline(tx, due)

    @timer("task_accept")
    def on_task_accept(self, tx: Tx, due: Due) -> None:
        """Delivered work waits for its acceptance."""
        tasks.miss_acceptance(tx, due)

    @timer("objection_answer")
    def on_objection_answer(self, tx: Tx, due: Due) -> None:
        """Nobody has answered an objection."""
        opinions.miss_answer(tx, due)

    @timer("opinion_notice")
    def on_opinion_notice(self, tx: Tx, due: Due) -> None:
        """The notice has ended."""
        opinions.end_notice(tx, due)

    @timer("session_answers")
    def on_session_answers(self, tx: Tx, due: Due) -> None:
        """A day is left and some have not answered."""
        sessions.remind_host(tx, due)

    @timer("task_due")
    def on_task_due(self, tx: Tx, due: Due) -> None:
        """A task is overdue."""
        tasks.overdue(tx, due)

    @timer("supervision_gap")
    def on_supervision_gap(self, tx: Tx, due: Due) -> None:
        """Nobody has looked for 14 days."""
        tasks.miss_supervision(tx, due)

    @timer("cutoff", schedule=lambda now, calendar: calendar.next_cutoff(now))
    def on_cutoff(self, tx: Tx, due: Due) -> None:
        """The month is cut off."""
        hearing.measure_month(tx, due)
