"""The way in to Red Property: entrypoints only; no rule."""

from __future__ import annotations

from datetime import datetime

from fivered.chassis import deadlines, going_out, own_data
from fivered.chassis.bus import (
    ANY_ROLE,
    PUBLIC,
    Projection,
    Service,
    Tx,
    shown,
)
from fivered.chassis.calendar import Calendar, DeadlineMoved
from fivered.chassis.facts import published_in, read_in
from fivered.chassis.file_imports import Imports
from fivered.chassis.table import command, query, subscribe, timer
from fivered.services.property import errors, events
from fivered.services.property.actions import (
    agreements,
    appointments,
    bodies,
    calendar,
    calls,
    committees,
    companies,
    complaint_history,
    complaints,
    disclosures,
    heard,
    imports,
    incidents,
    meetings,
    months,
    projects,
    quality,
    rectifications,
    rooms,
    vote_papers,
    votes,
    works,
)
from fivered.services.property.doors import details
from fivered.services.property.doors import handovers as handing_over
from fivered.services.property.doors import registers as registered
from fivered.services.property.messages import TELLS
from fivered.services.property.settings import Settings
from fivered.services.property.storage import people, personal, tables
from fivered.services.property.storage.first_steps import FIRST_STEPS
from fivered.services.property.views import bodies as bodies_seen
from fivered.services.property.views import calls as calls_seen
from fivered.services.property.views import commitments as commitments_seen
from fivered.services.property.views import disclosures as published
from fivered.services.property.views import incidents as announcements
from fivered.services.property.views import messages, orders, rates, registers, restatements
from fivered.services.property.views import projects as cards
from fivered.services.property.views import quality as seconds
from fivered.services.property.views import rooms as rooms_seen
from fivered.services.property.views import statistics as counted
from fivered.services.property.views import votes as votes_seen
from fivered.services.property.views.waiting import WAITS

STAFF = (
    "R_CADRE",
    "R_SECRETARY",
    "R_STREET",
    "R_STREET_LEAD",
    "R_DISTRICT",
    "R_DISTRICT_LEAD",
    "R_AUDITOR",
)
STAFF_AND_COMPANY = (*STAFF, "R_PM", "R_PCO")
REGISTRARS = ("R_STREET", "R_DISTRICT")
COMMUNITY = ("R_CADRE", "R_SECRETARY", "R_STREET")
ANNOUNCERS = ("R_PM", *incidents.OFFICE, *incidents.FIELD)
REGISTER = (*COMMUNITY, "R_DISTRICT")
DOERS = ("R_PM", "R_CADRE", "R_SECRETARY")
LEADERS = ("R_SECRETARY", "R_CADRE")


def next_month_end(now: datetime, calendar: Calendar) -> tuple[str, datetime]:
    """Return (month, its end) of the month that ends first after `now`."""
    period = calendar.period(now)
    return period, calendar.month_bounds(period)[1]


class Property(Imports, Service):
    """Companies, projects and what the community and they owe each other."""

    name = "property"
    data_map = personal.DATA_MAP
    shown_by = shown(
        company_id="company",
        project_id="project",
        committee_id="committee",
        body_id="community_body",
        room_id="room",
        vote_id="owners_vote",
        call_id="meeting_call",
        paper_id="vote_paper",
        objection_id="vote_objection",
        appointment_id="appointment",
        agreement_id="agreement",
        meeting_id="meeting",
        complaint_id="complaint",
        rectification_id="rectification",
        work_id="work",
        incident_id="incident",
        check_id="quality_check",
        handover_id="handover",
        item_id="handover_item",
        disclosure_id="disclosure",
    )
    counts = frozenset({"check_due_at", "due"})
    tables = tables.metadata
    first_steps = FIRST_STEPS
    waits = WAITS
    tells = TELLS
    told_elsewhere = (messages.TOLD,)
    standing = people.standing
    merged = errors.CallerMerged
    deceased = errors.CallerDeceased
    settings_type = Settings
    after_told = staticmethod(going_out.after_told)
    publishes = (DeadlineMoved, going_out.MessagesTold, *published_in(events))
    deadline_words = (
        "appt_consent", "appt_approve", "appt_file", "cmt_due", "cpl_undecided", "rec_due",
        "rec_l2", "rec_check", "rec_close", "wrk_due", "wrk_up", "dsc_due", "tripartite_month",
        "cutoff", "handover_due",
    )  # fmt: skip
    importers = imports.IMPORTERS
    projections = (Projection("grades", "credit", "on_credit", ("grades",)),)
    title = "红色物业 / Red Property"
    about = (
        "社区与物业交叉任职、协议兑现、投诉与整改，成效公开。"
        " / Cross-appointments, kept agreements, complaints and rectifications."
    )
    doors = (
        # ---------------------------------------------- companies, projects, committees
        command(
            "POST /companies",
            companies.register_company,
            roles=REGISTRARS,
            status=201,
        ),
        command(
            "POST /companies/{company_id}/representatives",
            companies.change_representatives,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /companies/{company_id}/correct",
            companies.correct_company,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /projects/{project_id}/correct",
            projects.correct_project,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /owners-committees/{committee_id}/correct",
            committees.correct_committee,
            roles=COMMUNITY,
            if_match=True,
        ),
        command(
            "POST /projects",
            projects.register_project,
            roles=REGISTRARS,
            status=201,
        ),
        command(
            "POST /projects/{project_id}/manager",
            projects.change_manager,
            roles=("R_PCO", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        command(
            "POST /projects/{project_id}/households",
            projects.count_households,
            roles=("R_CADRE", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        command(
            "POST /projects/{project_id}/status",
            projects.change_project_status,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /projects/{project_id}/reopen",
            projects.reopen_project,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /projects/{project_id}/hand-over",
            projects.hand_over_project,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /owners-committees",
            committees.register_committee,
            roles=COMMUNITY,
            status=201,
        ),
        command("POST /community-bodies", bodies.register_body, roles=REGISTRARS, status=201),
        command(
            "POST /community-bodies/{body_id}/correct",
            bodies.correct_body,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /community-bodies/{body_id}/members",
            bodies.change_seats,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /community-bodies/{body_id}/end",
            bodies.end_body,
            roles=REGISTRARS,
            if_match=True,
        ),
        query("GET /community-bodies", bodies_seen.community_bodies, roles=(ANY_ROLE,)),
        query("GET /community-bodies/{body_id}", bodies_seen.community_body, roles=(ANY_ROLE,)),
        # ------------------------------------------------------------ rooms and owners
        command("POST /rooms", rooms.register_room, roles=REGISTER, status=201),
        command("POST /rooms/{room_id}/correct", rooms.correct_room, roles=REGISTER, if_match=True),
        command(
            "POST /rooms/{room_id}/transfer", rooms.transfer_room, roles=REGISTER, if_match=True
        ),
        query("GET /rooms", rooms_seen.rooms, roles=(ANY_ROLE,)),
        query("GET /rooms/{room_id}", rooms_seen.room, roles=(ANY_ROLE,)),
        query(
            "GET /projects/{project_id}/owner-register",
            rooms_seen.owner_register,
            roles=(*STAFF_AND_COMPANY, "R_OWNERS"),
        ),
        # ------------------------------------------------------------ the owners' votes
        command("POST /owners-votes", votes.call_vote, roles=COMMUNITY, status=201),
        command(
            "POST /owners-votes/{vote_id}/cancel",
            votes.cancel_vote,
            roles=COMMUNITY,
            if_match=True,
        ),
        command("POST /owners-votes/{vote_id}/cast", votes.cast_ballot, roles=(ANY_ROLE,)),
        command("POST /owners-votes/{vote_id}/revoke", votes.revoke_ballot, roles=(ANY_ROLE,)),
        command(
            "POST /owners-votes/{vote_id}/count", votes.count_vote, roles=COMMUNITY, if_match=True
        ),
        command("POST /vote-papers", vote_papers.enter_paper, roles=COMMUNITY, status=201),
        command(
            "POST /vote-papers/{paper_id}/confirm",
            vote_papers.confirm_paper,
            roles=COMMUNITY,
            if_match=True,
        ),
        command(
            "POST /vote-papers/{paper_id}/reject",
            vote_papers.reject_paper,
            roles=COMMUNITY,
            if_match=True,
        ),
        command("POST /vote-objections", votes.object_to_vote, roles=(ANY_ROLE,), status=201),
        command(
            "POST /vote-objections/{objection_id}/decide",
            votes.decide_vote_objection,
            roles=REGISTRARS,
            if_match=True,
        ),
        query("GET /owners-votes", votes_seen.owners_votes, roles=(PUBLIC,)),
        query("GET /owners-votes/{vote_id}", votes_seen.owners_vote, roles=(PUBLIC,)),
        query(
            "GET /owners-votes/{vote_id}/ballots",
            votes_seen.vote_ballots,
            roles=(*COMMUNITY, "R_AUDITOR"),
        ),
        query("GET /my-ballots", votes_seen.my_ballots, roles=(ANY_ROLE,)),
        query(
            "GET /vote-papers/{paper_id}", votes_seen.vote_paper, roles=(*COMMUNITY, "R_AUDITOR")
        ),
        query("GET /vote-papers", votes_seen.vote_papers, roles=(*COMMUNITY, "R_AUDITOR")),
        query("GET /vote-objections", votes_seen.vote_objections, roles=(ANY_ROLE,)),
        query("GET /vote-objections/{objection_id}", votes_seen.vote_objection, roles=(ANY_ROLE,)),
        timer(going_out.TIMER, going_out.say, together=going_out.SPAN),
        timer("vote_open", votes.open_vote),
        timer("vote_remind", votes.remind),
        timer("vote_close", votes.close_vote),
        timer("vote_count", votes.count_overdue),
        timer("vote_final", votes.finish_vote),
        *registered.doors,
        timer("body_expire", bodies.expire_body),
        timer("committee_expire", committees.expire_committee),
        timer("tell_committees", committees.tell_committees),
        # ------------------------------------------------------------ cross-appointments
        command(
            "POST /appointments",
            appointments.nominate,
            roles=("R_SECRETARY",),
            status=201,
        ),
        command(
            "POST /appointments/{appointment_id}/consent",
            appointments.consent_appointment,
            roles=(ANY_ROLE,),
        ),
        command(
            "POST /appointments/{appointment_id}/approve",
            appointments.approve_appointment,
            roles=("R_SECRETARY", "R_PCO"),
            if_match=True,
        ),
        command(
            "POST /appointments/{appointment_id}/file",
            appointments.file_appointment,
            roles=("R_STREET",),
            if_match=True,
        ),
        command(
            "POST /appointments/{appointment_id}/end",
            appointments.end_appointment,
            roles=("R_SECRETARY",),
            if_match=True,
        ),
        timer("appt_consent", appointments.lapse),
        timer("appt_approve", appointments.remind_to_approve),
        timer("appt_file", appointments.remind_to_file),
        # ------------------------------------------------------------ agreements
        command(
            "POST /agreements",
            agreements.draft_agreement,
            roles=("R_SECRETARY", "R_CADRE", "R_PM"),
            status=201,
        ),
        command(
            "POST /agreements/{agreement_id}/sign",
            agreements.sign_agreement,
            roles=("R_PM", "R_PCO", "R_SECRETARY", "R_STREET"),
            if_match=True,
        ),
        command(
            "POST /agreements/{agreement_id}/terminate",
            agreements.terminate_agreement,
            roles=("R_SECRETARY", "R_STREET"),
            if_match=True,
        ),
        command(
            "POST /commitments/{commitment_id}/fulfil",
            agreements.fulfil_commitment,
            roles=("R_PM", "R_PCO", "R_SECRETARY", "R_CADRE"),
            if_match=True,
        ),
        command(
            "POST /commitments/{commitment_id}/accept",
            agreements.accept_commitment,
            roles=("R_PM", "R_PCO", "R_SECRETARY", "R_CADRE", "R_STREET"),
            if_match=True,
        ),
        command(
            "POST /commitments/{commitment_id}/waive",
            agreements.waive_commitment,
            roles=("R_PM", "R_PCO", "R_SECRETARY", "R_CADRE", "R_STREET"),
            if_match=True,
        ),
        timer("agr_start", agreements.start),
        timer("agr_expiring", agreements.remind_of_expiry),
        timer("agr_expire", agreements.expire),
        timer("cmt_open", agreements.open_commitment),
        timer("cmt_due", agreements.commitment_due),
        # ------------------------------------------------------------ meetings
        command(
            "POST /tripartite-meetings",
            meetings.hold_meeting,
            roles=("R_SECRETARY", "R_CADRE"),
            status=201,
        ),
        command(
            "POST /tripartite-meetings/{meeting_id}/annul",
            meetings.annul_meeting,
            roles=COMMUNITY,
            if_match=True,
        ),
        command("POST /meeting-calls", calls.call_meeting, roles=LEADERS, status=201),
        command(
            "POST /meeting-calls/{call_id}/answer", calls.answer_meeting_call, roles=(ANY_ROLE,)
        ),
        command(
            "POST /meeting-calls/{call_id}/move",
            calls.move_meeting_call,
            roles=LEADERS,
            if_match=True,
        ),
        command(
            "POST /meeting-calls/{call_id}/cancel",
            calls.cancel_meeting_call,
            roles=LEADERS,
            if_match=True,
        ),
        command(
            "POST /tripartite-meetings/{meeting_id}/minutes",
            calls.draft_minutes,
            roles=LEADERS,
            if_match=True,
        ),
        command(
            "POST /tripartite-meetings/{meeting_id}/approve-minutes",
            calls.approve_minutes,
            roles=(ANY_ROLE,),
        ),
        query("GET /meeting-calls", calls_seen.meeting_calls, roles=(ANY_ROLE,)),
        query("GET /meeting-calls/{call_id}", calls_seen.meeting_call, roles=(ANY_ROLE,)),
        query("GET /meeting-minutes", calls_seen.meeting_minutes, roles=(ANY_ROLE,)),
        query(
            "GET /tripartite-meetings/{meeting_id}/minutes",
            calls_seen.minutes,
            roles=(ANY_ROLE,),
        ),
        timer("tripartite_month", meetings.month_ends, schedule=next_month_end),
        # ------------------------------------------------------------ complaints
        command(
            "POST /complaints/{complaint_id}/validate",
            complaints.validate_complaint,
            roles=COMMUNITY,
            if_match=True,
        ),
        command(
            "POST /complaints/{complaint_id}/close",
            complaints.close_complaint,
            roles=COMMUNITY,
            if_match=True,
        ),
        command(
            "POST /undecided-complaints/{undecided_id}/decide",
            complaints.decide_complaint_project,
            roles=COMMUNITY,
            if_match=True,
        ),
        *details.doors,
        *handing_over.doors,
        timer("cpl_undecided", complaints.remind_undecided),
        command(
            "POST /projects/{project_id}/complaint-history",
            complaint_history.import_complaint_history,
            roles=("R_DISTRICT",),
        ),
        command(
            "POST /projects/{project_id}/complaint-history/correct",
            complaint_history.correct_complaint_history,
            roles=("R_DISTRICT",),
        ),
        # ------------------------------------------------------------ rectifications
        command(
            "POST /rectifications",
            rectifications.issue_rectification,
            roles=COMMUNITY,
            status=201,
        ),
        command(
            "POST /rectifications/{rectification_id}/acknowledge",
            rectifications.acknowledge_rectification,
            roles=("R_PM",),
            if_match=True,
        ),
        command(
            "POST /rectifications/{rectification_id}/submit",
            rectifications.submit_rectification,
            roles=("R_PM",),
            if_match=True,
        ),
        command(
            "POST /rectifications/{rectification_id}/pass",
            rectifications.pass_rectification,
            roles=COMMUNITY,
            if_match=True,
        ),
        command(
            "POST /rectifications/{rectification_id}/fail",
            rectifications.fail_rectification,
            roles=COMMUNITY,
            if_match=True,
        ),
        command(
            "POST /rectifications/{rectification_id}/withdraw",
            rectifications.withdraw_rectification,
            roles=("R_STREET", "R_STREET_LEAD"),
            if_match=True,
        ),
        command(
            "POST /rectifications/{rectification_id}/extend",
            rectifications.extend_rectification,
            roles=("R_STREET", "R_STREET_LEAD"),
            if_match=True,
        ),
        command(
            "POST /quality-checks",
            quality.ask_quality_check,
            roles=("R_STREET", "R_DISTRICT"),
            status=201,
        ),
        command(
            "POST /quality-checks/{check_id}/record",
            quality.record_quality_check,
            roles=("R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        query("GET /quality-checks", seconds.quality_checks, roles=STAFF),
        query("GET /quality-checks/{check_id}", seconds.quality_check, roles=STAFF),
        timer("rec_due", rectifications.fall_due),
        timer("rec_l2", rectifications.escalate),
        timer("rec_check", rectifications.remind_checker),
        timer("rec_close", rectifications.close),
        # ------------------------------------------------------------ works, disclosures
        command(
            "POST /works/{work_id}/start",
            works.start_work,
            roles=DOERS,
            if_match=True,
        ),
        command(
            "POST /works/{work_id}/deliver",
            works.deliver_work,
            roles=DOERS,
            if_match=True,
        ),
        command(
            "POST /works/{work_id}/check",
            works.check_work,
            roles=COMMUNITY,
            if_match=True,
        ),
        command(
            "POST /works/{work_id}/cancel",
            works.cancel_work,
            roles=COMMUNITY,
            if_match=True,
        ),
        command(
            "POST /works/{work_id}/extend",
            works.extend_work,
            roles=COMMUNITY,
            if_match=True,
        ),
        command(
            "POST /works/{work_id}/reassign",
            works.reassign_work,
            roles=COMMUNITY,
            if_match=True,
        ),
        timer("wrk_due", works.fall_due),
        timer("wrk_up", works.go_up),
        command(
            "POST /disclosures/{disclosure_id}/cancel",
            disclosures.cancel_disclosure,
            roles=COMMUNITY,
            if_match=True,
        ),
        command(
            "POST /disclosures",
            disclosures.schedule_disclosure,
            roles=COMMUNITY,
            status=201,
        ),
        command(
            "POST /disclosures/{disclosure_id}/publish",
            disclosures.publish_disclosure,
            roles=("R_PM",),
            if_match=True,
        ),
        command(
            "POST /disclosures/{disclosure_id}/correct",
            disclosures.correct_disclosure,
            roles=("R_PM",),
            if_match=True,
        ),
        timer("dsc_due", disclosures.fall_due),
        # ------------------------------------------------------------ outages, works, faults
        command(
            "POST /incidents",
            incidents.announce_incident,
            roles=ANNOUNCERS,
            status=201,
        ),
        command(
            "POST /incidents/{incident_id}/update",
            incidents.update_incident,
            roles=ANNOUNCERS,
            if_match=True,
        ),
        command(
            "POST /incidents/{incident_id}/end",
            incidents.end_incident,
            roles=ANNOUNCERS,
            if_match=True,
        ),
        command(
            "POST /incidents/{incident_id}/cancel",
            incidents.cancel_incident,
            roles=ANNOUNCERS,
            if_match=True,
        ),
        command(
            "POST /incidents/{incident_id}/follow", incidents.follow_incident, roles=(ANY_ROLE,)
        ),
        command(
            "POST /incidents/{incident_id}/unfollow", incidents.unfollow_incident, roles=(ANY_ROLE,)
        ),
        timer("inc_start", incidents.begin),
        query("GET /incidents", announcements.incidents, roles=(PUBLIC,)),
        query("GET /incidents/{incident_id}", announcements.incident, roles=(PUBLIC,)),
        # ------------------------------------------------------------ heard, months
        subscribe("steward", events.CalendarYearHeard, then=deadlines.consume, name="on_calendar"),
        subscribe("steward", events.PersonErasedHeard, then=own_data.consume, name="on_erased"),
        subscribe(
            "steward",
            *read_in(events, "steward", but=(events.CalendarYearHeard, events.PersonErasedHeard)),
            then=heard.steward,
        ),
        subscribe("credit", *read_in(events, "credit"), then=heard.credit),
        subscribe("forum", *read_in(events, "forum"), then=heard.forum),
        timer("cutoff", months.cut_off, schedule=lambda now, calendar: calendar.next_cutoff(now)),
        # ------------------------------------------------------------ queries
        query(
            "GET /projects/{project_id}",
            cards.project,
            roles=(ANY_ROLE,),
        ),
        query("GET /projects", cards.projects, roles=(PUBLIC,)),
        query("GET /projects/{project_id}/board", cards.board, roles=(PUBLIC,)),
        query(
            "GET /companies/{company_id}",
            cards.company,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /companies",
            registers.companies,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /owners-committees",
            registers.committees,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /owners-committees/{committee_id}",
            registers.committee,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /appointments",
            registers.appointments,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /agreements",
            registers.agreements,
            roles=(ANY_ROLE,),
        ),
        query("GET /commitments", commitments_seen.commitments, roles=STAFF_AND_COMPANY),
        query(
            "GET /tripartite-meetings",
            registers.meetings,
            roles=(*STAFF_AND_COMPANY, "R_OWNERS"),
        ),
        query(
            "GET /tripartite-meetings/{meeting_id}",
            registers.meeting,
            roles=(*STAFF_AND_COMPANY, "R_OWNERS"),
        ),
        query("GET /todo", registers.todo, roles=(ANY_ROLE,)),
        query(
            "GET /appointments/{appointment_id}",
            cards.appointment,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /agreements/{agreement_id}",
            cards.agreement,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /agreement-noncompliance",
            cards.agreement_noncompliance,
            roles=STAFF,
        ),
        query("GET /coverage-gaps", cards.coverage_gaps, roles=STAFF),
        query("GET /indicators", cards.indicators, roles=STAFF),
        query("GET /complaint-rate", rates.complaint_rate, roles=(ANY_ROLE,)),
        query("GET /statistics", counted.statistics, roles=(ANY_ROLE,)),
        query("GET /complaint-rates", rates.complaint_rates, roles=(ANY_ROLE,)),
        query(
            "GET /complaint-restatements", restatements.complaint_restatements, roles=(ANY_ROLE,)
        ),
        query(
            "GET /complaints",
            orders.complaints,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /complaints/{complaint_id}",
            orders.complaint,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /undecided-complaints",
            orders.undecided_complaints,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /messages",
            orders.my_messages,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /rectifications",
            orders.rectifications,
            roles=STAFF_AND_COMPANY,
        ),
        query(
            "GET /overdue-rectifications",
            orders.overdue_rectifications,
            roles=STAFF,
        ),
        query(
            "GET /rectifications/{rectification_id}",
            orders.rectification,
            roles=STAFF_AND_COMPANY,
        ),
        query("GET /works", orders.works, roles=(ANY_ROLE,)),
        query("GET /works/{work_id}", orders.work, roles=(ANY_ROLE,)),
        query(
            "GET /disclosures",
            orders.disclosures,
            roles=(PUBLIC,),
        ),
        query("GET /disclosures/{disclosure_id}", published.disclosure, roles=(PUBLIC,)),
    )

    def deadline_moved(self, tx: Tx, move: deadlines.Move) -> None:
        """Write down that a deadline is later, and tell the people who wait."""
        calendar.deadline_moved(tx, move)
