"""Way in: what the steward service can be told, asked, and what it hears. No rule stands here."""

from __future__ import annotations

from typing import Any

from chassis.bus import (
    ANY_ROLE,
    PUBLIC,
    Due,
    Heard,
    Job,
    Nothing,
    Service,
    Tx,
    command,
    job,
    query,
    shown,
    subscribe,
    timer,
)
from chassis.calendar import Year
from chassis.deadlines import Move
from chassis.imports import Imports
from chassis.sealing import Sealing
from services.steward import actions, events, storage, views
from services.steward.actions import (
    calendar,
    cases,
    ground,
    imports,
    merges,
    missed,
    people,
    posts,
    records,
    retention,
    reveals,
)
from services.steward.rules import access
from services.steward.rules.requests import HANDLERS, SCREENERS, STREET
from services.steward.settings import PII_KEY, StewardSettings
from services.steward.views import cases as case_views
from services.steward.views import ground as ground_views
from services.steward.views import people as people_views
from services.steward.views import posts as post_views
from services.steward.views import records as record_views

REGISTRARS = access.INTAKE
APPOINTERS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT", "R_SYSTEM")
ORGANISERS = access.ORGANISERS
WATCHERS = (
    "R_CADRE",
    "R_SECRETARY",
    "R_STREET",
    "R_STREET_LEAD",
    "R_DISTRICT",
    "R_DISTRICT_LEAD",
    "R_AUDITOR",
    "R_SYSTEM",
)


class Steward(Imports, Sealing, Service):
    """红色管家: the ground, the people on it, their stewards and their requests."""

    name = "steward"
    shown_by = shown(
        person_id="person",
        steward_id="steward",
        shift_id="shift",
        request_id="request",
        record_id="volunteer_record",
        hazard_id="hazard",
        enrol_steward="",
        record_hours="",
    )
    counts = frozenset({"due", "due_resolve"})
    loads_calendar = True
    tables = storage.metadata
    settings_type = StewardSettings
    says = events.SAYS
    importers = imports.IMPORTERS
    seals_with = PII_KEY

    # ------------------------------------------------------------------------- ground and people

    @command(roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"))
    def define_area(self, tx: Tx, order: ground.DefineArea) -> dict[str, Any]:
        """Define a street, community or grid."""
        return actions.ground.define_area(tx, order)

    @command(roles=REGISTRARS)
    def register_person(self, tx: Tx, order: people.RegisterPerson) -> dict[str, Any]:
        """Register a person."""
        return actions.people.register_person(tx, order)

    @command(roles=REGISTRARS)
    def register_people(self, tx: Tx, order: people.RegisterPeople) -> dict[str, Any]:
        """Register up to 500 persons; each is taken or refused by itself."""
        return actions.people.register_people(tx, order)

    @command(roles=REGISTRARS, if_match=True)
    def move_person(self, tx: Tx, order: people.MovePerson) -> dict[str, Any]:
        """Move a resident to another grid."""
        return actions.people.move_person(tx, order)

    @command(roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"), if_match=True)
    def deactivate_person(self, tx: Tx, order: people.DeactivatePerson) -> dict[str, Any]:
        """Deactivate a resident who left or died."""
        return actions.people.deactivate_person(tx, order)

    @command(roles=("R_DISTRICT",))
    def propose_calendar_year(self, tx: Tx, order: calendar.ProposeCalendarYear) -> dict[str, Any]:
        """Propose a year's working days; another person loads them."""
        return actions.calendar.propose(tx, order)

    @command(roles=("R_DISTRICT",), if_match=True)
    def approve_calendar_year(self, tx: Tx, order: calendar.WhichProposal) -> dict[str, Any]:
        """Load a year that another person has proposed."""
        return actions.calendar.approve(tx, order)

    @command(roles=("R_DISTRICT",), if_match=True)
    def reject_calendar_year(self, tx: Tx, order: calendar.RejectCalendarYear) -> dict[str, Any]:
        """Turn a proposed year down."""
        return actions.calendar.reject(tx, order)

    @query(roles=(PUBLIC,))
    def calendar_years(self, tx: Tx, q: Nothing) -> dict[str, Any]:
        """Answer how far the working days are known."""
        return views.calendar.calendar_years(tx, q)

    def admit(self, tx: Tx) -> None:
        """Refuse who is dead, was merged, or, as a resident, has moved out."""
        actions.standing.admit(tx)

    def deadline_moved(self, tx: Tx, move: Move) -> None:
        """Write into a request's timeline that it has more time."""
        actions.calendar.deadline_moved(tx, move)

    def load_year(self, tx: Tx, year: Year) -> int:
        """Load a year for the operator who keeps the installation (`fivered calendar load`)."""
        return actions.calendar.load(tx, year)

    @command(roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"), if_match=True)
    def correct_area(self, tx: Tx, order: ground.CorrectArea) -> dict[str, Any]:
        """Correct an area's name or size."""
        return actions.ground.correct_area(tx, order)

    @command(roles=REGISTRARS, if_match=True)
    def correct_person(self, tx: Tx, order: people.CorrectPerson) -> dict[str, Any]:
        """Correct what was registered of a person."""
        return actions.people.correct_person(tx, order)

    @command(roles=REGISTRARS, if_match=True)
    def return_person(self, tx: Tx, order: people.ReturnPerson) -> dict[str, Any]:
        """Say that a person lives here again."""
        return actions.people.return_person(tx, order)

    @command(roles=REGISTRARS, if_match=True)
    def propose_merge(self, tx: Tx, order: merges.ProposeMerge) -> dict[str, Any]:
        """Propose that two registrations are one human."""
        return actions.merges.propose_merge(tx, order)

    @command(roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"), if_match=True)
    def decide_merge(self, tx: Tx, order: merges.DecideMerge) -> dict[str, Any]:
        """Confirm or reject that two registrations are one human."""
        return actions.merges.decide_merge(tx, order)

    @query(roles=REGISTRARS)
    def people(self, tx: Tx, q: people_views.PersonSearch) -> dict[str, Any]:
        """Answer who has exactly this phone or identity number."""
        return views.people.people(tx, q)

    @query(roles=(ANY_ROLE,))
    def person_history(self, tx: Tx, q: people_views.History) -> dict[str, Any]:
        """Answer what was changed of a person."""
        return views.people.person_history(tx, q)

    @query(roles=REGISTRARS)
    def person_merges(self, tx: Tx, q: people_views.MergeList) -> dict[str, Any]:
        """Answer the proposals that two registrations are one human."""
        return views.people.person_merges(tx, q)

    @query(roles=(PUBLIC,))
    def areas(self, tx: Tx, q: ground_views.AreaList) -> dict[str, Any]:
        """Answer areas below a root."""
        return views.ground.areas(tx, q)

    @query(roles=(PUBLIC,))
    def area(self, tx: Tx, q: ground_views.WhichArea) -> dict[str, Any]:
        """Answer one area."""
        return views.ground.area(tx, q)

    @query(roles=(PUBLIC,))
    def people_cards(self, tx: Tx, q: people_views.PeopleCards) -> dict[str, Any]:
        """Answer what the caller may know of many people."""
        return views.people.people_cards(tx, q)

    @query(roles=(ANY_ROLE,))
    def person(self, tx: Tx, q: people_views.WhichPerson) -> dict[str, Any]:
        """Answer one person's standing in the registry."""
        return views.people.person(tx, q)

    @command(roles=access.CALLERS_BACK, unkept=("value",))
    def reveal_number(self, tx: Tx, order: reveals.RevealNumber) -> dict[str, Any]:
        """Tell a person's phone to whoever has to call back."""
        return actions.reveals.reveal_number(tx, order)

    @query(roles=(ANY_ROLE,))
    def person_reads(self, tx: Tx, q: people_views.ReadList) -> dict[str, Any]:
        """Answer who read what of oneself, or for the auditor of the persons of an area."""
        return views.people.person_reads(tx, q)

    # ------------------------------------------------------------------------------------- stewards

    @command(roles=APPOINTERS)
    def enrol_steward(self, tx: Tx, order: posts.EnrolSteward) -> dict[str, Any]:
        """Make a person a steward."""
        return actions.posts.enrol_steward(tx, order)

    @command(roles=APPOINTERS, if_match=True)
    def correct_steward(self, tx: Tx, order: posts.CorrectSteward) -> dict[str, Any]:
        """Correct what was registered of a steward."""
        return actions.posts.correct_steward(tx, order)

    @command(roles=(ANY_ROLE,), if_match=True)
    def agree_to_board(self, tx: Tx, order: posts.BoardConsent) -> dict[str, Any]:
        """Say whether one's own name may stand on public boards."""
        return actions.posts.agree_to_board(tx, order)

    @command(roles=APPOINTERS, if_match=True)
    def suspend_steward(self, tx: Tx, order: posts.ReasonedSteward) -> dict[str, Any]:
        """Suspend a steward."""
        return actions.posts.suspend_steward(tx, order)

    @command(roles=APPOINTERS, if_match=True)
    def resume_steward(self, tx: Tx, order: posts.WhichSteward) -> dict[str, Any]:
        """Let a suspended steward serve again."""
        return actions.posts.resume_steward(tx, order)

    @command(roles=APPOINTERS, if_match=True)
    def leave_steward(self, tx: Tx, order: posts.ReasonedSteward) -> dict[str, Any]:
        """Let a steward leave and hand over."""
        return actions.posts.leave_steward(tx, order)

    @command(roles=("R_GRID", *APPOINTERS))
    def plan_shift(self, tx: Tx, order: posts.PlanShift) -> dict[str, Any]:
        """Plan a shift."""
        return actions.posts.plan_shift(tx, order)

    @command(roles=("R_STEWARD", "R_GRID", *APPOINTERS), if_match=True)
    def attend_shift(self, tx: Tx, order: posts.WhichShift) -> dict[str, Any]:
        """Say that somebody sits on shift."""
        return actions.posts.attend_shift(tx, order)

    @query(roles=(ANY_ROLE,))
    def shifts(self, tx: Tx, q: post_views.ShiftList) -> dict[str, Any]:
        """Answer shifts."""
        return views.posts.shifts(tx, q)

    @query(roles=(ANY_ROLE,))
    def shift(self, tx: Tx, q: post_views.WhichShift) -> dict[str, Any]:
        """Answer one shift."""
        return views.posts.shift(tx, q)

    @command(roles=APPOINTERS, if_match=True)
    def miss_shift(self, tx: Tx, order: posts.WhichShift) -> dict[str, Any]:
        """Mark a shift at which nobody sat."""
        return actions.posts.miss_shift(tx, order)

    @command(roles=("R_GRID", *APPOINTERS))
    def publish_board(self, tx: Tx, order: posts.PublishBoard) -> dict[str, Any]:
        """Publish a grid's contact board."""
        return actions.posts.publish_board(tx, order)

    @query(roles=(PUBLIC,))
    def duty_board(self, tx: Tx, q: post_views.WhichGrid) -> dict[str, Any]:
        """Answer who answers in a grid now."""
        return views.posts.duty_board(tx, q)

    @query(roles=(PUBLIC,))
    def contact_board(self, tx: Tx, q: post_views.WhichGrid) -> dict[str, Any]:
        """Answer a grid's contact board."""
        return views.posts.contact_board(tx, q)

    @query(roles=(PUBLIC,))
    def contact_cards(self, tx: Tx, q: post_views.WhichGrid) -> dict[str, Any]:
        """Answer a grid's contact board as vCards."""
        return views.posts.contact_cards(tx, q)

    @query(roles=WATCHERS)
    def coverage(self, tx: Tx, q: post_views.CoverageQuestion) -> dict[str, Any]:
        """Answer how the grids of an area are served in a month."""
        return views.posts.coverage(tx, q)

    @query(roles=WATCHERS)
    def shift_gaps(self, tx: Tx, q: post_views.GapQuestion) -> dict[str, Any]:
        """Answer when nobody sat in a grid."""
        return views.posts.shift_gaps(tx, q)

    @query(roles=(ANY_ROLE,))
    def steward(self, tx: Tx, q: post_views.WhichSteward) -> dict[str, Any]:
        """Answer a steward's card."""
        return views.posts.steward(tx, q)

    @query(roles=APPOINTERS)
    def steward_history(self, tx: Tx, q: post_views.StewardHistory) -> dict[str, Any]:
        """Answer what was changed of a steward."""
        return views.posts.steward_history(tx, q)

    @query(roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"))
    def area_history(self, tx: Tx, q: ground_views.AreaHistory) -> dict[str, Any]:
        """Answer what was changed of an area."""
        return views.ground.area_history(tx, q)

    @query(roles=("R_GRID", *WATCHERS))
    def stewards(self, tx: Tx, q: post_views.StewardList) -> dict[str, Any]:
        """Answer the stewards of an area."""
        return views.posts.stewards(tx, q)

    @query(roles=(ANY_ROLE,))
    def steward_month(self, tx: Tx, q: post_views.MonthQuestion) -> dict[str, Any]:
        """Answer what a steward's month counts."""
        return views.posts.steward_month(tx, q)

    # ------------------------------------------------------------------------------------- requests

    @command(roles=(ANY_ROLE,))
    def submit_request(self, tx: Tx, order: cases.SubmitRequest) -> dict[str, Any]:
        """Submit a request."""
        return actions.cases.submit_request(tx, order)

    @command(roles=SCREENERS, if_match=True)
    def dispatch_request(self, tx: Tx, order: cases.DispatchRequest) -> dict[str, Any]:
        """Give a request to a steward."""
        return actions.cases.dispatch_request(tx, order)

    @command(roles=HANDLERS, if_match=True)
    def accept_request(self, tx: Tx, order: cases.WhichRequest) -> dict[str, Any]:
        """Accept a request."""
        return actions.cases.accept_request(tx, order)

    @command(roles=HANDLERS, if_match=True)
    def return_request(self, tx: Tx, order: cases.ReasonedRequest) -> dict[str, Any]:
        """Give a request back."""
        return actions.cases.return_request(tx, order)

    @command(roles=("R_STEWARD", "R_GRID", *SCREENERS), if_match=True)
    def transfer_request(self, tx: Tx, order: cases.TransferRequest) -> dict[str, Any]:
        """Hand a request to whoever is competent."""
        return actions.cases.transfer_request(tx, order)

    @command(roles=HANDLERS, if_match=True)
    def contact_request(self, tx: Tx, order: cases.ContactRequest) -> dict[str, Any]:
        """Say that the reporter was contacted, or that somebody is on site."""
        return actions.cases.contact_request(tx, order)

    @command(roles=SCREENERS, if_match=True)
    def extend_request(self, tx: Tx, order: cases.ExtendRequest) -> dict[str, Any]:
        """Give a complex request more time."""
        return actions.cases.extend_request(tx, order)

    @command(roles=HANDLERS, if_match=True)
    def resolve_request(self, tx: Tx, order: cases.ResolveRequest) -> dict[str, Any]:
        """Say that a request is done."""
        return actions.cases.resolve_request(tx, order)

    @command(roles=(ANY_ROLE,))
    def rate_request(self, tx: Tx, order: cases.RateRequest) -> dict[str, Any]:
        """Rate a request."""
        return actions.cases.rate_request(tx, order)

    @command(roles=(ANY_ROLE,), if_match=True)
    def reopen_request(self, tx: Tx, order: cases.ReopenRequest) -> dict[str, Any]:
        """Say that a request was not done."""
        return actions.cases.reopen_request(tx, order)

    @command(roles=(ANY_ROLE,), if_match=True)
    def cancel_request(self, tx: Tx, order: cases.CancelRequest) -> dict[str, Any]:
        """Take a request back."""
        return actions.cases.cancel_request(tx, order)

    @command(roles=(ANY_ROLE,))
    def urge_request(self, tx: Tx, order: cases.UrgeRequest) -> dict[str, Any]:
        """Urge."""
        return actions.cases.urge_request(tx, order)

    @command(roles=SCREENERS, if_match=True)
    def reject_request(self, tx: Tx, order: cases.RejectRequest) -> dict[str, Any]:
        """Say that a matter is not ours."""
        return actions.cases.reject_request(tx, order)

    @command(roles=SCREENERS, if_match=True)
    def merge_request(self, tx: Tx, order: cases.MergeRequest) -> dict[str, Any]:
        """Confirm that two requests are one matter."""
        return actions.cases.merge_request(tx, order)

    @command(roles=("R_GRID", *SCREENERS), if_match=True)
    def attach_reporter(self, tx: Tx, order: cases.AttachReporter) -> dict[str, Any]:
        """Say whose request it is that came without a name."""
        return actions.cases.attach_reporter(tx, order)

    @command(roles=SCREENERS, if_match=True)
    def close_request(self, tx: Tx, order: cases.ReasonedRequest) -> dict[str, Any]:
        """Close a rated request."""
        return actions.cases.close_request(tx, order)

    @command(roles=SCREENERS, if_match=True)
    def correct_request(self, tx: Tx, order: cases.CorrectRequest) -> dict[str, Any]:
        """Put right what a request says."""
        return actions.cases.correct_request(tx, order)

    @command(roles=SCREENERS, if_match=True)
    def check_found(self, tx: Tx, order: cases.CheckFound) -> dict[str, Any]:
        """Say whether what a steward found himself is so."""
        return actions.cases.check_found(tx, order)

    @command(roles=("R_CADRE", "R_SECRETARY", *STREET), if_match=True)
    def review_request(self, tx: Tx, order: cases.ReviewRequest) -> dict[str, Any]:
        """Say whether a bad rating is right."""
        return actions.cases.review_request(tx, order)

    @query(roles=(ANY_ROLE,))
    def request(self, tx: Tx, q: case_views.WhichRequest) -> dict[str, Any]:
        """Answer a request's card."""
        return views.cases.request(tx, q)

    @query(roles=(ANY_ROLE,))
    def requests(self, tx: Tx, q: case_views.RequestList) -> dict[str, Any]:
        """Answer requests."""
        return views.cases.requests(tx, q)

    @query(roles=HANDLERS)
    def workbench(self, tx: Tx, q: case_views.Bench) -> dict[str, Any]:
        """Answer what the caller has in hand, due soonest first."""
        return views.cases.workbench(tx, q)

    @query(roles=SCREENERS)
    def queue(self, tx: Tx, q: case_views.RequestList) -> dict[str, Any]:
        """Answer what waits for the community's cadre."""
        return views.cases.queue(tx, q)

    @query(roles=(ANY_ROLE,))
    def timeline(self, tx: Tx, q: case_views.WhichRequest) -> dict[str, Any]:
        """Answer everything that happened to a request."""
        return views.cases.timeline(tx, q)

    @query(roles=(ANY_ROLE,))
    def similar_requests(self, tx: Tx, q: case_views.SimilarQuestion) -> dict[str, Any]:
        """Answer open requests that may be the same matter."""
        return views.cases.similar(tx, q)

    @query(roles=WATCHERS)
    def three_rates(self, tx: Tx, q: case_views.RatesQuestion) -> dict[str, Any]:
        """Answer the three rates of an area's month."""
        return views.cases.three_rates(tx, q)

    # ---------------------------------------------------------- volunteer hours, hazards and visits

    @command(roles=("R_RESIDENT", *ORGANISERS))
    def record_hours(self, tx: Tx, order: records.RecordHours) -> dict[str, Any]:
        """Record volunteer service."""
        return actions.records.record_hours(tx, order)

    @command(roles=ORGANISERS, if_match=True)
    def confirm_hours(self, tx: Tx, order: records.ConfirmHours) -> dict[str, Any]:
        """Confirm volunteer service."""
        return actions.records.confirm_hours(tx, order)

    @command(roles=ORGANISERS, if_match=True)
    def correct_hours(self, tx: Tx, order: records.CorrectHours) -> dict[str, Any]:
        """Correct volunteer service."""
        return actions.records.correct_hours(tx, order)

    @command(roles=(ANY_ROLE,))
    def report_hazard(self, tx: Tx, order: records.ReportHazard) -> dict[str, Any]:
        """Report a danger."""
        return actions.records.report_hazard(tx, order)

    @command(roles=access.HAZARD_VERIFIERS, if_match=True)
    def verify_hazard(self, tx: Tx, order: records.VerifyHazard) -> dict[str, Any]:
        """Say whether a reported danger is one."""
        return actions.records.verify_hazard(tx, order)

    @command(roles=HANDLERS)
    def record_visits(self, tx: Tx, order: records.RecordVisits) -> dict[str, Any]:
        """Store visits that a device collected."""
        return actions.records.record_visits(tx, order)

    @query(roles=(ANY_ROLE,))
    def volunteer_hours(self, tx: Tx, q: record_views.HoursList) -> dict[str, Any]:
        """Answer volunteer records."""
        return views.records.volunteer_hours(tx, q)

    @query(roles=(ANY_ROLE,))
    def volunteer_record(self, tx: Tx, q: record_views.WhichRecord) -> dict[str, Any]:
        """Answer one volunteer record."""
        return views.records.volunteer_record(tx, q)

    @query(roles=(ANY_ROLE,))
    def hazards(self, tx: Tx, q: record_views.HazardList) -> dict[str, Any]:
        """Answer hazards."""
        return views.records.hazards(tx, q)

    @query(roles=(ANY_ROLE,))
    def hazard(self, tx: Tx, q: record_views.WhichHazard) -> dict[str, Any]:
        """Answer one hazard."""
        return views.records.hazard(tx, q)

    @query(roles=(ANY_ROLE,))
    def visits(self, tx: Tx, q: record_views.VisitList) -> dict[str, Any]:
        """Answer a steward's visits of a month."""
        return views.records.visits(tx, q)

    # ---------------------------------------------------------------------------- what it hears

    @subscribe(
        "property",
        events.ProjectRegisteredHeard,
        events.AppointmentActivatedHeard,
        events.AppointmentEndedHeard,
        events.ProjectManagerChangedHeard,
        events.CompanyRegisteredHeard,
        events.CompanyRepresentativesChangedHeard,
    )
    def on_property(self, tx: Tx, heard: list[Heard]) -> None:
        """Keep which project serves which grids, and who is a party of it."""
        actions.heard.property_said(tx, heard)

    @subscribe("partner", events.PartnerAdmittedHeard, events.PartnerOperatorsChangedHeard)
    def on_partner(self, tx: Tx, heard: list[Heard]) -> None:
        """Keep who acts for which partner."""
        actions.heard.partners_said(tx, heard)

    @subscribe(
        "forum",
        events.LiaisonAssignedHeard,
        events.LiaisonEndedHeard,
        events.TopicRedirectedHeard,
    )
    def on_forum(self, tx: Tx, heard: list[Heard]) -> None:
        """Keep the liaison chain; file what was found to be one household's matter."""
        actions.heard.forum_said(tx, heard)

    @subscribe("credit", events.SettlementFinalisedHeard)
    def on_credit(self, tx: Tx, heard: list[Heard]) -> None:
        """Keep the stewards' grades."""
        actions.heard.settlements_finalised(tx, heard)

    # ----------------------------------------------------------------------------------- timers

    @timer("SHIPPED_AREAS")
    def on_shipped_areas(self, tx: Tx, _due: Due) -> None:
        """Say the areas that the first migration brought."""
        actions.ground.announce_shipped(tx)

    @timer("TELL_REGISTERED")
    def on_tell_registered(self, tx: Tx, due: Due) -> None:
        """Say who was registered before others looked people up."""
        actions.people.tell_registered(tx, due)

    @timer("COMING_OF_AGE")
    def on_birthday(self, tx: Tx, due: Due) -> None:
        """Somebody comes of age."""
        actions.people.come_of_age(tx, due)

    @timer("REQ_ACCEPT", together=missed.SPAN)
    def on_accept_passed(self, tx: Tx, dues: list[Due]) -> None:
        """Nobody accepted in time; after a night or an outage thousands at once."""
        missed.accept_passed(tx, dues)

    @timer("REQ_NOBODY")
    def on_nobody_came(self, tx: Tx, due: Due) -> None:
        """Nobody has it, and the accept time is over."""
        actions.clocks.nobody_came(tx, due)

    @timer("REQ_CONTACT")
    def on_contact_passed(self, tx: Tx, due: Due) -> None:
        """Nobody was contacted in time."""
        actions.clocks.contact_passed(tx, due)

    @timer("REQ_RESOLVE")
    def on_resolve_passed(self, tx: Tx, due: Due) -> None:
        """It was not resolved in time."""
        actions.clocks.resolve_passed(tx, due)

    @timer("REQ_L2")
    def on_level_2(self, tx: Tx, due: Due) -> None:
        """It was still open three working days later."""
        actions.clocks.level_2_passed(tx, due)

    @timer("REQ_L3")
    def on_level_3(self, tx: Tx, due: Due) -> None:
        """It was still open eight working days later."""
        actions.clocks.level_3_passed(tx, due)

    @timer("REQ_AUTOCLOSE")
    def on_autoclose(self, tx: Tx, due: Due) -> None:
        """72 hours after the resolution."""
        actions.clocks.autoclose(tx, due)

    @timer("BAD_RATING_REVIEW")
    def on_review_passed(self, tx: Tx, due: Due) -> None:
        """The community did not look into a bad rating in time."""
        actions.clocks.review_passed(tx, due)

    @timer("cutoff", schedule=lambda now, calendar: calendar.next_cutoff(now))
    def on_cutoff(self, tx: Tx, due: Due) -> None:
        """The month is cut off."""
        actions.months.cut_off(tx, due)

    @timer("retention", schedule=lambda now, calendar: calendar.next_cutoff(now))
    def on_retention(self, tx: Tx, due: Due) -> None:
        """Once a month: what was kept long enough goes."""
        retention.on_due(tx, due)

    @job("sweep")
    def sweep(self, running: Job) -> dict[str, Any]:
        """Delete who read what of whom years ago."""
        return retention.run(running)
