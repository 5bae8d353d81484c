"""The way in to Red Property: entrypoints only; no rule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis import deadlines
from chassis.bus import (
    ANY_ROLE,
    PUBLIC,
    Due,
    Heard,
    Projection,
    Service,
    Tx,
    command,
    query,
    shown,
    subscribe,
    timer,
)
from chassis.calendar import Calendar
from chassis.imports import Imports
from services.property import events
from services.property.actions import (
    agreements,
    appointments,
    calendar,
    complaints,
    disclosures,
    heard,
    imports,
    meetings,
    months,
    organisations,
    rectifications,
    works,
)
from services.property.settings import Settings
from services.property.storage import tables
from services.property.views import orders, rates, registers
from services.property.views import projects as cards

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


def next_month_end(now: datetime, calendar: Calendar) -> tuple[str, datetime]:
    """Return (month, its end) of the month that ends first after `now`."""
    period = calendar.period(now)
    return period, calendar.month_bounds(period)[1]


class Property(Imports, Service):
    """Companies, projects and what the community and they owe each other."""

    name = "property"
    shown_by = shown(
        company_id="company",
        project_id="project",
        committee_id="committee",
        appointment_id="appointment",
        agreement_id="agreement",
        meeting_id="meeting",
        complaint_id="complaint",
        rectification_id="rectification",
        work_id="work",
    )
    counts = frozenset({"due"})
    tables = tables.metadata
    settings_type = Settings
    says = events.SAYS
    importers = imports.IMPORTERS
    projections = (Projection("grades", "credit", "on_credit", ("grades",)),)

    # ------------------------------------------------------------------------------- organisations

    @command(roles=REGISTRARS)
    def register_company(self, tx: Tx, body: organisations.RegisterCompany) -> dict[str, Any]:
        """Register a property company."""
        return organisations.register_company(tx, body)

    @command(roles=REGISTRARS, if_match=True)
    def change_representatives(
        self, tx: Tx, body: organisations.ChangeRepresentatives
    ) -> dict[str, Any]:
        """Two registrars change who speaks for a company."""
        return organisations.change_representatives(tx, body)

    @command(roles=REGISTRARS, if_match=True)
    def correct_company(self, tx: Tx, body: organisations.CorrectCompany) -> dict[str, Any]:
        """Put right what is registered of a company."""
        return organisations.correct_company(tx, body)

    @command(roles=REGISTRARS, if_match=True)
    def correct_project(self, tx: Tx, body: organisations.CorrectProject) -> dict[str, Any]:
        """Put right what is registered of a project."""
        return organisations.correct_project(tx, body)

    @command(roles=COMMUNITY, if_match=True)
    def correct_committee(self, tx: Tx, body: organisations.CorrectCommittee) -> dict[str, Any]:
        """Put right what is registered of an owners' committee."""
        return organisations.correct_committee(tx, body)

    @command(roles=REGISTRARS)
    def register_project(self, tx: Tx, body: organisations.RegisterProject) -> dict[str, Any]:
        """Register a project."""
        return organisations.register_project(tx, body)

    @command(roles=("R_PCO", "R_STREET", "R_DISTRICT"), if_match=True)
    def change_manager(self, tx: Tx, body: organisations.ChangeManager) -> dict[str, Any]:
        """Change a project's manager."""
        return organisations.change_manager(tx, body)

    @command(roles=("R_CADRE", "R_STREET", "R_DISTRICT"), if_match=True)
    def count_households(self, tx: Tx, body: organisations.CountHouseholds) -> dict[str, Any]:
        """Set a project's households from a day on."""
        return organisations.count_households(tx, body)

    @command(roles=REGISTRARS, if_match=True)
    def change_project_status(self, tx: Tx, body: organisations.ChangeStatus) -> dict[str, Any]:
        """Begin a prepared project's service, or close a project."""
        return organisations.change_status(tx, body)

    @command(roles=REGISTRARS, if_match=True)
    def hand_over_project(self, tx: Tx, body: organisations.HandOver) -> dict[str, Any]:
        """Another company takes over the compound."""
        return organisations.hand_over(tx, body)

    @command(roles=COMMUNITY)
    def register_committee(self, tx: Tx, body: organisations.RegisterCommittee) -> dict[str, Any]:
        """Register an owners' committee."""
        return organisations.register_committee(tx, body)

    @timer("committee_expire")
    def on_committee_expire(self, tx: Tx, due: Due) -> None:
        """A committee's term is over."""
        organisations.expire_committee(tx, due)

    # -------------------------------------------------------------------------- cross-appointments

    @command(roles=("R_SECRETARY",))
    def nominate(self, tx: Tx, body: appointments.Nominate) -> dict[str, Any]:
        """Nominate a person for a cross-appointment."""
        return appointments.nominate(tx, body)

    @command(roles=(ANY_ROLE,))
    def consent_appointment(self, tx: Tx, body: appointments.Which) -> dict[str, Any]:
        """The nominee consents."""
        return appointments.consent(tx, body)

    @command(roles=("R_SECRETARY", "R_PCO"), if_match=True)
    def approve_appointment(self, tx: Tx, body: appointments.Approve) -> dict[str, Any]:
        """One side approves."""
        return appointments.approve(tx, body)

    @command(roles=("R_STREET",), if_match=True)
    def file_appointment(self, tx: Tx, body: appointments.Which) -> dict[str, Any]:
        """The street files."""
        return appointments.file(tx, body)

    @command(roles=("R_SECRETARY",), if_match=True)
    def end_appointment(self, tx: Tx, body: appointments.End) -> dict[str, Any]:
        """End an appointment."""
        return appointments.end(tx, body)

    @timer("appt_consent")
    def on_appt_consent(self, tx: Tx, due: Due) -> None:
        """A nomination lapses."""
        appointments.lapse(tx, due)

    @timer("appt_file")
    def on_appt_file(self, tx: Tx, due: Due) -> None:
        """A filing is late."""
        appointments.remind_to_file(tx, due)

    # ---------------------------------------------------------------------------------- agreements

    @command(roles=("R_SECRETARY", "R_CADRE", "R_PM"))
    def draft_agreement(self, tx: Tx, body: agreements.DraftAgreement) -> dict[str, Any]:
        """Draft a joint agreement."""
        return agreements.draft(tx, body)

    @command(roles=("R_PM", "R_PCO", "R_SECRETARY"), if_match=True)
    def sign_agreement(self, tx: Tx, body: agreements.SignAgreement) -> dict[str, Any]:
        """One side signs."""
        return agreements.sign(tx, body)

    @command(roles=("R_SECRETARY", "R_STREET"), if_match=True)
    def terminate_agreement(self, tx: Tx, body: agreements.Terminate) -> dict[str, Any]:
        """End an agreement before its time."""
        return agreements.terminate(tx, body)

    @command(roles=("R_PM", "R_PCO", "R_SECRETARY", "R_CADRE"), if_match=True)
    def fulfil_commitment(self, tx: Tx, body: agreements.Fulfil) -> dict[str, Any]:
        """The responsible side shows that it was done."""
        return agreements.fulfil(tx, body)

    @command(roles=("R_PM", "R_PCO", "R_SECRETARY", "R_CADRE"), if_match=True)
    def accept_commitment(self, tx: Tx, body: agreements.AcceptCommitment) -> dict[str, Any]:
        """The other side counter-signs or refuses."""
        return agreements.accept(tx, body)

    @command(roles=("R_PM", "R_PCO", "R_SECRETARY", "R_CADRE", "R_STREET"), if_match=True)
    def waive_commitment(self, tx: Tx, body: agreements.Waive) -> dict[str, Any]:
        """One of the three agrees to waive."""
        return agreements.waive(tx, body)

    @timer("agr_start")
    def on_agr_start(self, tx: Tx, due: Due) -> None:
        """An agreement's first day."""
        agreements.start(tx, due)

    @timer("agr_expiring")
    def on_agr_expiring(self, tx: Tx, due: Due) -> None:
        """Thirty days before an agreement's end."""
        agreements.remind_of_expiry(tx, due)

    @timer("agr_expire")
    def on_agr_expire(self, tx: Tx, due: Due) -> None:
        """An agreement's end."""
        agreements.expire(tx, due)

    @timer("cmt_open")
    def on_cmt_open(self, tx: Tx, due: Due) -> None:
        """Ten days before a commitment's date."""
        agreements.open_commitment(tx, due)

    @timer("cmt_due")
    def on_cmt_due(self, tx: Tx, due: Due) -> None:
        """A commitment's due instant."""
        agreements.commitment_due(tx, due)

    # ----------------------------------------------------------------------------------- meetings

    @command(roles=("R_SECRETARY", "R_CADRE"))
    def hold_meeting(self, tx: Tx, body: meetings.HoldMeeting) -> dict[str, Any]:
        """Record a three-party meeting."""
        return meetings.hold(tx, body)

    @command(roles=COMMUNITY, if_match=True)
    def annul_meeting(self, tx: Tx, body: meetings.Annul) -> dict[str, Any]:
        """Take back a three-party meeting that was recorded by mistake."""
        return meetings.annul(tx, body)

    @timer("tripartite_month", schedule=next_month_end)
    def on_tripartite_month(self, tx: Tx, due: Due) -> None:
        """A month's end: who held no meeting."""
        meetings.month_ends(tx, due)

    # --------------------------------------------------------------------------------- complaints

    @command(roles=COMMUNITY, if_match=True)
    def validate_complaint(self, tx: Tx, body: complaints.Validate) -> dict[str, Any]:
        """Decide whether a complaint is valid."""
        return complaints.validate(tx, body)

    @command(roles=COMMUNITY, if_match=True)
    def close_complaint(self, tx: Tx, body: complaints.CloseComplaint) -> dict[str, Any]:
        """Close a decided complaint."""
        return complaints.close(tx, body)

    @command(roles=COMMUNITY, if_match=True)
    def decide_complaint_project(self, tx: Tx, body: complaints.Decide) -> dict[str, Any]:
        """Say which project a complaint is about, or that it is about none."""
        return complaints.decide(tx, body)

    @timer("cpl_undecided")
    def on_cpl_undecided(self, tx: Tx, due: Due) -> None:
        """Nobody has said yet which project a complaint is about."""
        complaints.remind_undecided(tx, due)

    @command(roles=("R_DISTRICT",))
    def import_complaint_history(self, tx: Tx, body: complaints.ImportHistory) -> dict[str, Any]:
        """Load monthly counts from before this system."""
        return complaints.import_history(tx, body)

    @command(roles=("R_DISTRICT",))
    def correct_complaint_history(self, tx: Tx, body: complaints.CorrectHistory) -> dict[str, Any]:
        """Restate a loaded month."""
        return complaints.correct_history(tx, body)

    # ----------------------------------------------------------------------------- rectifications

    @command(roles=COMMUNITY)
    def issue_rectification(self, tx: Tx, body: rectifications.Issue) -> dict[str, Any]:
        """Issue an order."""
        return rectifications.issue(tx, body)

    @command(roles=("R_PM",), if_match=True)
    def acknowledge_rectification(self, tx: Tx, body: rectifications.Which) -> dict[str, Any]:
        """The manager takes note."""
        return rectifications.acknowledge(tx, body)

    @command(roles=("R_PM",), if_match=True)
    def submit_rectification(self, tx: Tx, body: rectifications.Submit) -> dict[str, Any]:
        """The manager submits evidence."""
        return rectifications.submit(tx, body)

    @command(roles=COMMUNITY, if_match=True)
    def pass_rectification(self, tx: Tx, body: rectifications.Pass) -> dict[str, Any]:
        """The fix is good."""
        return rectifications.pass_(tx, body)

    @command(roles=COMMUNITY, if_match=True)
    def fail_rectification(self, tx: Tx, body: rectifications.Fail) -> dict[str, Any]:
        """The fix is not good."""
        return rectifications.fail(tx, body)

    @command(roles=("R_STREET", "R_STREET_LEAD"), if_match=True)
    def withdraw_rectification(self, tx: Tx, body: rectifications.Withdraw) -> dict[str, Any]:
        """Two persons withdraw an order."""
        return rectifications.withdraw(tx, body)

    @command(roles=("R_STREET", "R_STREET_LEAD"), if_match=True)
    def extend_rectification(self, tx: Tx, body: rectifications.Extend) -> dict[str, Any]:
        """The street gives an order more time, once."""
        return rectifications.extend(tx, body)

    @timer("rec_due")
    def on_rec_due(self, tx: Tx, due: Due) -> None:
        """An order's due instant."""
        rectifications.fall_due(tx, due)

    @timer("rec_l2")
    def on_rec_l2(self, tx: Tx, due: Due) -> None:
        """An overdue order goes up to the district."""
        rectifications.escalate(tx, due)

    @timer("rec_check")
    def on_rec_check(self, tx: Tx, due: Due) -> None:
        """A check is late."""
        rectifications.remind_checker(tx, due)

    @timer("rec_close")
    def on_rec_close(self, tx: Tx, due: Due) -> None:
        """A passed order is closed."""
        rectifications.close(tx, due)

    # -------------------------------------------------------------------------- works, disclosures

    @command(roles=("R_PM",), if_match=True)
    def start_work(self, tx: Tx, body: works.Which) -> dict[str, Any]:
        """The manager starts a work order."""
        return works.start(tx, body)

    @command(roles=("R_PM",), if_match=True)
    def deliver_work(self, tx: Tx, body: works.Deliver) -> dict[str, Any]:
        """The manager delivers a work order."""
        return works.deliver(tx, body)

    @command(roles=("R_CADRE", "R_SECRETARY"), if_match=True)
    def check_work(self, tx: Tx, body: works.CheckWork) -> dict[str, Any]:
        """The community checks the work of a meeting's decision."""
        return works.check(tx, body)

    @command(roles=COMMUNITY, if_match=True)
    def cancel_work(self, tx: Tx, body: works.Cancel) -> dict[str, Any]:
        """The community cancels the work of a meeting's decision."""
        return works.cancel(tx, body)

    @command(roles=COMMUNITY, if_match=True)
    def extend_work(self, tx: Tx, body: works.Extend) -> dict[str, Any]:
        """The community or the street gives the work of a meeting's decision more time."""
        return works.extend(tx, body)

    @command(roles=COMMUNITY, if_match=True)
    def reassign_work(self, tx: Tx, body: works.Reassign) -> dict[str, Any]:
        """Another project does the work of a meeting's decision."""
        return works.reassign(tx, body)

    @timer("wrk_due")
    def on_wrk_due(self, tx: Tx, due: Due) -> None:
        """A work order's due instant."""
        works.fall_due(tx, due)

    @command(roles=COMMUNITY, if_match=True)
    def cancel_disclosure(self, tx: Tx, body: disclosures.Cancel) -> dict[str, Any]:
        """The community takes a disclosure off the list."""
        return disclosures.cancel(tx, body)

    @command(roles=COMMUNITY)
    def schedule_disclosure(self, tx: Tx, body: disclosures.Schedule) -> dict[str, Any]:
        """Put a disclosure on a project's list."""
        return disclosures.schedule(tx, body)

    @command(roles=("R_PM",), if_match=True)
    def publish_disclosure(self, tx: Tx, body: disclosures.Publish) -> dict[str, Any]:
        """The manager publishes."""
        return disclosures.publish(tx, body)

    @timer("dsc_due")
    def on_dsc_due(self, tx: Tx, due: Due) -> None:
        """A disclosure's due instant."""
        disclosures.fall_due(tx, due)

    # ------------------------------------------------------------------------------- heard, months

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
        events.StewardEnrolledHeard,
        events.StewardLeftHeard,
        events.PersonRegisteredHeard,
        events.ResidentRegisteredHeard,
        events.ResidentMovedHeard,
        events.ResidentReturnedHeard,
        events.ResidentCorrectedHeard,
        events.ResidentCameOfAgeHeard,
        events.ResidentDeactivatedHeard,
        events.PersonMergedHeard,
        events.RequestSubmittedHeard,
        events.RequestCorrectedHeard,
        events.RequestReopenedHeard,
        events.RequestMergedHeard,
        events.RequestRejectedHeard,
        events.RequestCancelledHeard,
        events.StewardMonthHeard,
    )
    def on_steward(self, tx: Tx, batch: list[Heard]) -> None:
        """Areas, people, cadres, complaints and the month's markers."""
        heard.steward(tx, batch)

    @subscribe("credit", events.SettlementFinalisedHeard)
    def on_credit(self, tx: Tx, batch: list[Heard]) -> None:
        """Final grades."""
        heard.credit(tx, batch)

    @subscribe(
        "forum",
        events.LiaisonAssignedHeard,
        events.LiaisonEndedHeard,
        events.TaskAssignedHeard,
        events.TaskAcceptedHeard,
        events.TaskReworkHeard,
        events.TaskOverdueHeard,
    )
    def on_forum(self, tx: Tx, batch: list[Heard]) -> None:
        """The liaison chain and the tasks of resolutions."""
        heard.forum(tx, batch)

    @timer("cutoff", schedule=lambda now, calendar: calendar.next_cutoff(now))
    def on_cutoff(self, tx: Tx, due: Due) -> None:
        """Our own cut-off of a month."""
        months.cut_off(tx, due)

    # ------------------------------------------------------------------------------------- queries

    @query(roles=(ANY_ROLE,))
    def project(self, tx: Tx, body: cards.WhichProject) -> dict[str, Any]:
        """A project's card."""
        return cards.card(tx, body)

    @query(roles=(PUBLIC,))
    def projects(self, tx: Tx, body: cards.ProjectFilter) -> dict[str, Any]:
        """Projects."""
        return cards.projects(tx, body)

    @query(roles=(PUBLIC,))
    def board(self, tx: Tx, body: cards.WhichProject) -> dict[str, Any]:
        """A compound's public board."""
        return cards.board(tx, body)

    @query(roles=(ANY_ROLE,))
    def company(self, tx: Tx, body: cards.WhichCompany) -> dict[str, Any]:
        """A company's card."""
        return cards.company(tx, body)

    @query(roles=(ANY_ROLE,))
    def companies(self, tx: Tx, body: registers.CompanyFilter) -> dict[str, Any]:
        """Companies."""
        return registers.companies(tx, body)

    @query(roles=(ANY_ROLE,))
    def committees(self, tx: Tx, body: registers.CommitteeFilter) -> dict[str, Any]:
        """Owners' committees."""
        return registers.committees(tx, body)

    @query(roles=(ANY_ROLE,))
    def committee(self, tx: Tx, body: registers.WhichCommittee) -> dict[str, Any]:
        """One owners' committee."""
        return registers.committee(tx, body)

    @query(roles=(ANY_ROLE,))
    def appointments(self, tx: Tx, body: registers.AppointmentFilter) -> dict[str, Any]:
        """Appointments, and whom they wait for."""
        return registers.appointments(tx, body)

    @query(roles=(ANY_ROLE,))
    def agreements(self, tx: Tx, body: registers.AgreementFilter) -> dict[str, Any]:
        """Agreements, and whom they wait for."""
        return registers.agreements(tx, body)

    @query(roles=STAFF_AND_COMPANY)
    def meetings(self, tx: Tx, body: registers.MeetingFilter) -> dict[str, Any]:
        """Three-party meetings."""
        return registers.meetings(tx, body)

    @query(roles=STAFF_AND_COMPANY)
    def meeting(self, tx: Tx, body: registers.WhichMeeting) -> dict[str, Any]:
        """One three-party meeting."""
        return registers.meeting(tx, body)

    @query(roles=(ANY_ROLE,))
    def todo(self, tx: Tx, body: registers.Nothing) -> dict[str, Any]:
        """What waits for the caller in his acting role."""
        return registers.todo(tx, body)

    @query(roles=(ANY_ROLE,))
    def appointment(self, tx: Tx, body: cards.WhichAppointment) -> dict[str, Any]:
        """An appointment."""
        return cards.appointment(tx, body)

    @query(roles=(ANY_ROLE,))
    def agreement(self, tx: Tx, body: cards.WhichAgreement) -> dict[str, Any]:
        """An agreement."""
        return cards.agreement(tx, body)

    @query(roles=STAFF)
    def agreement_noncompliance(self, tx: Tx, body: cards.InArea) -> dict[str, Any]:
        """Projects whose agreements stay on paper."""
        return cards.noncompliance(tx, body)

    @query(roles=STAFF)
    def coverage_gaps(self, tx: Tx, body: cards.InArea) -> dict[str, Any]:
        """Projects that lack a direction."""
        return cards.coverage_gaps(tx, body)

    @query(roles=STAFF)
    def indicators(self, tx: Tx, body: cards.MonthInArea) -> dict[str, Any]:
        """Indicators M-17, M-18, M-25, M-27."""
        return cards.indicators(tx, body)

    @query(roles=(ANY_ROLE,))
    def complaint_rate(self, tx: Tx, body: rates.RateQuestion) -> dict[str, Any]:
        """Complaint rate and its change year on year."""
        return rates.complaint_rate(tx, body)

    @query(roles=(ANY_ROLE,))
    def complaints(self, tx: Tx, body: orders.ComplaintFilter) -> dict[str, Any]:
        """Complaints."""
        return orders.complaints(tx, body)

    @query(roles=(ANY_ROLE,))
    def complaint(self, tx: Tx, body: orders.WhichComplaint) -> dict[str, Any]:
        """One complaint."""
        return orders.complaint(tx, body)

    @query(roles=(ANY_ROLE,))
    def undecided_complaints(self, tx: Tx, body: orders.UndecidedFilter) -> dict[str, Any]:
        """Complaints whose project is not known yet."""
        return orders.undecided(tx, body)

    @query(roles=(ANY_ROLE,))
    def my_messages(self, tx: Tx, body: orders.Mine) -> dict[str, Any]:
        """What the caller was told."""
        return orders.my_messages(tx, body)

    @query(roles=STAFF_AND_COMPANY)
    def rectifications(self, tx: Tx, body: orders.OrderFilter) -> dict[str, Any]:
        """Rectification orders."""
        return orders.rectifications(tx, body)

    @query(roles=STAFF)
    def overdue_rectifications(self, tx: Tx, body: orders.OverdueFilter) -> dict[str, Any]:
        """Overdue orders of an area."""
        return orders.overdue(tx, body)

    @query(roles=STAFF_AND_COMPANY)
    def rectification(self, tx: Tx, body: orders.WhichOrder) -> dict[str, Any]:
        """One rectification order."""
        return orders.rectification(tx, body)

    @query(roles=(ANY_ROLE,))
    def works(self, tx: Tx, body: orders.WorkFilter) -> dict[str, Any]:
        """Work orders."""
        return orders.works(tx, body)

    @query(roles=(ANY_ROLE,))
    def work(self, tx: Tx, body: orders.WhichWork) -> dict[str, Any]:
        """One work order."""
        return orders.work(tx, body)

    @query(roles=(PUBLIC,))
    def disclosures(self, tx: Tx, body: orders.DisclosureFilter) -> dict[str, Any]:
        """Disclosures."""
        return orders.disclosures(tx, body)
