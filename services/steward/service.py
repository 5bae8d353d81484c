"""Way in: its commands, queries, subscriptions, timers and jobs. No rule stands here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fivered.chassis.api import Leaving
from fivered.chassis.bus import ANY_ROLE, PUBLIC, SELF, Service, Tx, shown
from fivered.chassis.calendar import DeadlineMoved, Year
from fivered.chassis.deadlines import Move
from fivered.chassis.facts import published_in, read_in
from fivered.chassis.file_imports import Imports
from fivered.chassis.messages import Actor
from fivered.chassis.sealing import Sealing
from fivered.chassis.table import command, job, query, subscribe, timer
from fivered.services.steward import errors, events, storage, views
from fivered.services.steward.actions import (
    announcing,
    calendar,
    calls,
    clocks,
    codes,
    corrections,
    deliveries,
    dispatch,
    endings,
    erasures,
    ground,
    handling,
    heard,
    imports,
    merges,
    missed,
    months,
    notes,
    own_data,
    pauses,
    people,
    places,
    pool,
    posts,
    ratings,
    records,
    registration,
    retention,
    reveals,
    rota,
    standing,
    submission,
)
from fivered.services.steward.actions.standing import serving
from fivered.services.steward.messages import TELLS
from fivered.services.steward.rules import access
from fivered.services.steward.rules.requests import HANDLERS, SCREENERS, STREET
from fivered.services.steward.settings import PII_KEY, StewardSettings
from fivered.services.steward.storage.first_steps import FIRST_STEPS

REGISTRARS = access.INTAKE
OWN = (ANY_ROLE, SELF)
APPOINTERS = access.SENIORS
ORGANISERS = access.ORGANISERS
WATCHERS = access.WATCHERS
HANDLERS_AND_SCREENERS = ("R_STEWARD", "R_GRID", *SCREENERS)
BY_ADDRESS = Leaving(date(2026, 11, 30), date(2027, 12, 31), "POST /v1/steward/people/search")


class Steward(Imports, Sealing, Service):
    """红色管家: the ground, the people on it, their stewards and their requests."""

    name = "steward"
    shown_by = shown(
        person_id="person",
        steward_id="steward",
        shift_id="shift",
        request_id="request",
        erasure_id="erasure",
        record_id="volunteer_record",
        hazard_id="hazard",
        enrol_steward="",
        record_hours="",
    )
    counts = frozenset({"due", "due_resolve", "due_before", "due_after", "paused_until"})
    loads_calendar = True
    standing = storage.people.standing
    merged = errors.CallerMerged
    deceased = errors.CallerGone
    moved_out = errors.CallerGone
    tables = storage.metadata
    data_map = storage.personal.DATA_MAP
    first_steps = FIRST_STEPS
    waits = views.waiting.WAITS
    tells = TELLS
    after_told = staticmethod(deliveries.after_told)
    settings_type = StewardSettings
    publishes = (DeadlineMoved, *published_in(events))
    deadline_words = (
        "REQ_ACCEPT", "REQ_NOBODY", "REQ_CONTACT", "REQ_RESOLVE", "REQ_PAUSE", "REQ_L2", "REQ_L3",
        "BAD_RATING_REVIEW", "cutoff", "retention",
    )  # fmt: skip
    importers = imports.IMPORTERS
    seals_with = PII_KEY
    title = "红色管家 / Red Steward"
    about = (
        "网格里的管家接诉求、按时办、居民评；诉求全程留痕。"
        " / Stewards of the grid take requests, keep deadlines, and are rated."
    )
    doors = (
        # ------------------------------------------------------------ ground and people
        command(
            "POST /areas",
            ground.define_area,
            roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"),
            status=201,
        ),
        command("POST /people", registration.register_person, roles=REGISTRARS, status=201),
        command("POST /people-batch", registration.register_people, roles=REGISTRARS),
        command(
            "POST /people/{person_id}/move",
            people.move_person,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /people/{person_id}/deactivate",
            people.deactivate_person,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        command(
            "POST /people/{person_id}/death",
            people.decide_death,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        query(
            "GET /person-deaths",
            views.people.person_deaths,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
        ),
        command(
            "POST /calendar-years",
            calendar.propose_calendar_year,
            roles=("R_DISTRICT",),
            status=201,
        ),
        command(
            "POST /calendar-years/{proposal_id}/approve",
            calendar.approve_calendar_year,
            roles=("R_DISTRICT",),
            if_match=True,
        ),
        command(
            "POST /calendar-years/{proposal_id}/reject",
            calendar.reject_calendar_year,
            roles=("R_DISTRICT",),
            if_match=True,
        ),
        query(
            "GET /calendar-years",
            views.calendar.calendar_years,
            roles=(PUBLIC,),
        ),
        command(
            "POST /places",
            places.define_place,
            roles=REGISTRARS,
            status=201,
        ),
        command(
            "POST /places/{place_code}/correct",
            places.correct_place,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /places/{place_code}/end",
            places.end_place,
            roles=APPOINTERS,
            if_match=True,
        ),
        query("GET /places", views.places.places, roles=(PUBLIC,)),
        query("GET /places/{place_code}", views.places.place, roles=(PUBLIC,)),
        query("GET /places/{place_code}/history", views.places.place_history, roles=REGISTRARS),
        query(
            "GET /places/{place_code}/households",
            views.places.households_at,
            roles=access.NEIGHBOURS,
        ),
        command("POST /shapes", places.draw_shape, roles=APPOINTERS, status=201),
        command(
            "POST /shapes/{shape_code}/remove",
            places.remove_shape,
            roles=APPOINTERS,
            if_match=True,
        ),
        query("GET /shapes", views.places.shapes, roles=(PUBLIC,)),
        query("GET /locate", views.places.locate, roles=(PUBLIC,), cost=2),
        command(
            "POST /areas/{code}/correct",
            ground.correct_area,
            roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"),
            if_match=True,
        ),
        command(
            "POST /people/{person_id}/correct",
            people.correct_person,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /people/{person_id}/return",
            people.return_person,
            roles=REGISTRARS,
            if_match=True,
        ),
        command(
            "POST /people/{person_id}/merge",
            merges.propose_merge,
            roles=REGISTRARS,
            if_match=True,
            status=201,
        ),
        command(
            "POST /person-merges/{merge_id}/decide",
            merges.decide_merge,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
            if_match=True,
        ),
        # It puts a number into an address, which proxies write down.
        query("GET /people", views.people.people, roles=REGISTRARS, leaving=BY_ADDRESS),
        command(
            "POST /people/search",
            views.finding.find_people,
            roles=REGISTRARS,
            unkept=("items",),
            before=serving,
        ),
        query(
            "GET /people/{person_id}/history",
            views.people.person_history,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /person-merges",
            views.people.person_merges,
            roles=REGISTRARS,
        ),
        query("GET /areas", views.ground.areas, roles=(PUBLIC,)),
        query("GET /areas/{code}", views.ground.area, roles=(PUBLIC,)),
        query(
            "GET /people-cards",
            views.people.people_cards,
            roles=(PUBLIC,),
            cost=5,
        ),
        query(
            "GET /people/{person_id}",
            views.people.person,
            roles=(ANY_ROLE,),
        ),
        command(
            "POST /pii/reveal",
            reveals.reveal_number,
            roles=access.CALLERS_BACK,
            unkept=("value",),
            common=True,
        ),
        command("POST /phone-codes", codes.ask_phone_code, roles=(PUBLIC,), unkept=("request_id",)),
        query("GET /phone-codes", views.codes.phone_codes, roles=("R_DISTRICT", "R_AUDITOR")),
        command(
            "POST /corrections",
            corrections.propose_correction,
            roles=(ANY_ROLE, SELF),
            unkept=("wanted",),
            status=201,
        ),
        query("GET /message-preferences", views.telling.message_choices, roles=OWN),
        command("POST /message-preferences", deliveries.choose_messages, roles=OWN),
        command("POST /message-preferences/email", deliveries.give_email, roles=OWN),
        command("POST /message-preferences/email/confirm", deliveries.confirm_email, roles=OWN),
        query("GET /corrections", views.corrections.corrections, roles=(ANY_ROLE, SELF)),
        command(
            "POST /corrections/{correction_id}/withdraw",
            corrections.withdraw_correction,
            roles=(ANY_ROLE, SELF),
            if_match=True,
        ),
        command(
            "POST /corrections/{correction_id}/decide",
            corrections.decide_correction,
            roles=("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT"),
            unkept=("reason",),
            if_match=True,
        ),
        # ------------------------------------------------------------ erasing one's data
        command(
            "POST /erasures",
            erasures.ask_erasure,
            roles=(ANY_ROLE, SELF),
            status=201,
        ),
        query("GET /erasures", views.erasures.erasures, roles=(ANY_ROLE, SELF)),
        query("GET /erasures/{erasure_id}", views.erasures.erasure, roles=(ANY_ROLE, SELF)),
        command(
            "POST /erasures/{erasure_id}/withdraw",
            erasures.withdraw_erasure,
            roles=(ANY_ROLE, SELF),
            if_match=True,
        ),
        command(
            "POST /erasures/{erasure_id}/decide",
            erasures.decide_erasure,
            roles=("R_SECRETARY", "R_STREET", "R_DISTRICT"),
            unkept=("reason",),
            if_match=True,
        ),
        query(
            "GET /person-reads",
            views.people.person_reads,
            roles=(ANY_ROLE,),
        ),
        # ------------------------------------------------------------ stewards
        command(
            "POST /stewards",
            posts.enrol_steward,
            roles=APPOINTERS,
            status=201,
        ),
        command(
            "POST /stewards/{steward_id}/correct",
            posts.correct_steward,
            roles=APPOINTERS,
            if_match=True,
        ),
        command(
            "POST /stewards/{steward_id}/board-consent",
            posts.agree_to_board,
            roles=(ANY_ROLE,),
            if_match=True,
        ),
        command(
            "POST /stewards/{steward_id}/suspend",
            posts.suspend_steward,
            roles=APPOINTERS,
            if_match=True,
        ),
        command(
            "POST /stewards/{steward_id}/resume",
            posts.resume_steward,
            roles=APPOINTERS,
            if_match=True,
        ),
        command(
            "POST /stewards/{steward_id}/leave",
            posts.leave_steward,
            roles=APPOINTERS,
            if_match=True,
        ),
        command(
            "POST /shifts",
            posts.plan_shift,
            roles=("R_GRID", *APPOINTERS),
            status=201,
        ),
        command(
            "POST /shifts/{shift_id}/attend",
            posts.attend_shift,
            roles=("R_STEWARD", "R_GRID", *APPOINTERS),
            if_match=True,
        ),
        command("POST /shift-plans", rota.plan_shifts, roles=("R_GRID", *APPOINTERS)),
        command("POST /shift-copies", rota.copy_shifts, roles=("R_GRID", *APPOINTERS)),
        command(
            "POST /shifts/{shift_id}/move",
            rota.move_shift,
            roles=("R_GRID", *APPOINTERS),
            if_match=True,
        ),
        command(
            "POST /shifts/{shift_id}/cancel",
            rota.cancel_shift,
            roles=("R_GRID", *APPOINTERS),
            if_match=True,
        ),
        command("POST /shift-swaps", rota.ask_swap, roles=("R_STEWARD", "R_GRID"), status=201),
        command(
            "POST /shift-swaps/{swap_id}/answer",
            rota.answer_swap,
            roles=("R_STEWARD", "R_GRID"),
            if_match=True,
        ),
        query("GET /shift-swaps", views.rota.shift_swaps, roles=(ANY_ROLE,)),
        query(
            "GET /households/{household_id}/stewards",
            views.rota.household_stewards,
            roles=(ANY_ROLE,),
        ),
        query("GET /places/{place_code}/stewards", views.rota.place_stewards, roles=(ANY_ROLE,)),
        query("GET /gaps-ahead", views.rota.gaps_ahead, roles=access.OVERSIGHT),
        query("GET /shifts", views.posts.shifts, roles=(ANY_ROLE,)),
        query("GET /shifts/{shift_id}", views.posts.shift, roles=(ANY_ROLE,)),
        command(
            "POST /shifts/{shift_id}/miss",
            posts.miss_shift,
            roles=APPOINTERS,
            if_match=True,
        ),
        command(
            "POST /grids/{grid}/board",
            posts.publish_board,
            roles=("R_GRID", *APPOINTERS),
            status=201,
        ),
        query(
            "GET /grids/{grid}/duty",
            views.posts.duty_board,
            roles=(PUBLIC,),
        ),
        query(
            "GET /grids/{grid}/board",
            views.posts.contact_board,
            roles=(PUBLIC,),
        ),
        query(
            "GET /grids/{grid}/vcard",
            views.posts.contact_cards,
            roles=(PUBLIC,),
        ),
        query(
            "GET /grids/{grid}/contacts.vcf",
            views.posts.contact_cards,
            name="contact_cards_file",
            roles=(PUBLIC,),
            produces="text/vcard",
        ),
        query("GET /coverage", views.posts.coverage, roles=WATCHERS),
        query("GET /grids/{grid}/gaps", views.posts.shift_gaps, roles=WATCHERS),
        query(
            "GET /stewards/{steward_id}",
            views.posts.steward,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /stewards/{steward_id}/history",
            views.posts.steward_history,
            roles=APPOINTERS,
        ),
        query(
            "GET /areas/{code}/history",
            views.ground.area_history,
            roles=("R_STREET", "R_DISTRICT", "R_SYSTEM"),
        ),
        query(
            "GET /stewards",
            views.posts.stewards,
            roles=access.OVERSIGHT,
        ),
        query(
            "GET /stewards/{steward_id}/month",
            views.posts.steward_month,
            roles=(ANY_ROLE,),
        ),
        # ------------------------------------------------------------ requests
        command(
            "POST /requests",
            submission.submit_request,
            roles=(ANY_ROLE,),
            status=201,
        ),
        command(
            "POST /requests/{request_id}/dispatch",
            dispatch.dispatch_request,
            roles=SCREENERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/accept",
            dispatch.accept_request,
            roles=HANDLERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/return",
            dispatch.return_request,
            roles=HANDLERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/transfer",
            dispatch.transfer_request,
            roles=("R_STEWARD", "R_GRID", *SCREENERS),
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/contact",
            handling.contact_request,
            roles=HANDLERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/extend",
            handling.extend_request,
            roles=SCREENERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/resolve",
            handling.resolve_request,
            roles=HANDLERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/rate",
            ratings.rate_request,
            roles=(ANY_ROLE,),
        ),
        command(
            "POST /requests/{request_id}/reopen",
            ratings.reopen_request,
            roles=(ANY_ROLE,),
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/cancel",
            endings.cancel_request,
            roles=(ANY_ROLE,),
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/urge",
            endings.urge_request,
            roles=(ANY_ROLE,),
        ),
        command(
            "POST /requests/{request_id}/notes",
            notes.add_note,
            roles=(ANY_ROLE,),
            status=201,
        ),
        query(
            "GET /requests/{request_id}/notes",
            views.cases.request_notes,
            roles=(ANY_ROLE,),
        ),
        command(
            "POST /requests/{request_id}/calls",
            calls.record_call,
            roles=HANDLERS_AND_SCREENERS,
            status=201,
        ),
        query(
            "GET /requests/{request_id}/calls",
            views.desk.request_calls,
            roles=HANDLERS_AND_SCREENERS,
        ),
        command(
            "POST /requests/{request_id}/caller",
            calls.show_caller,
            roles=access.CALLERS_BACK,
            unkept=("value",),
        ),
        query(
            "GET /requests/{request_id}/receipt",
            views.desk.receipt,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /requests/{request_id}/receipt.txt",
            views.desk.receipt,
            name="receipt_file",
            roles=(ANY_ROLE,),
            produces="text/plain",
        ),
        command(
            "POST /requests/{request_id}/pauses",
            pauses.pause_request,
            roles=HANDLERS,
            if_match=True,
            status=201,
        ),
        query(
            "GET /requests/{request_id}/pauses",
            views.desk.request_pauses,
            roles=(ANY_ROLE,),
        ),
        command(
            "POST /requests/{request_id}/pauses/decide",
            pauses.decide_pause,
            roles=SCREENERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/resume",
            pauses.resume_request,
            roles=HANDLERS_AND_SCREENERS,
            if_match=True,
        ),
        query("GET /pauses", views.desk.pauses, roles=SCREENERS),
        query("GET /pause-grounds", views.desk.pause_grounds, roles=(PUBLIC,)),
        command(
            "POST /requests/{request_id}/reject",
            endings.reject_request,
            roles=SCREENERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/merge",
            endings.merge_request,
            roles=SCREENERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/unmerge",
            endings.unmerge_request,
            roles=SCREENERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/take",
            pool.take_request,
            roles=HANDLERS,
            if_match=True,
        ),
        query("GET /grids/{grid}/pool", views.pool.pool, roles=HANDLERS),
        command("POST /requests-batch", pool.batch_requests, roles=SCREENERS),
        command(
            "POST /requests/{request_id}/reporter",
            submission.attach_reporter,
            roles=("R_GRID", *SCREENERS),
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/close",
            ratings.close_request,
            roles=SCREENERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/correct",
            handling.correct_request,
            roles=SCREENERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/check",
            ratings.check_found,
            roles=SCREENERS,
            if_match=True,
        ),
        command(
            "POST /requests/{request_id}/review",
            ratings.review_request,
            roles=("R_CADRE", "R_SECRETARY", *STREET),
            if_match=True,
        ),
        query(
            "GET /requests/{request_id}",
            views.cases.request,
            roles=(ANY_ROLE,),
        ),
        query("GET /requests", views.cases.requests, roles=(ANY_ROLE,)),
        command(
            "POST /requests/search",
            views.searching.find_requests,
            roles=REGISTRARS,
            unkept=("items",),
            before=serving,
        ),
        query("GET /workbench", views.cases.workbench, roles=HANDLERS),
        query("GET /queue", views.cases.queue, roles=SCREENERS),
        query(
            "GET /requests/{request_id}/timeline",
            views.cases.timeline,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /similar-requests",
            views.cases.similar_requests,
            roles=(ANY_ROLE,),
        ),
        query("GET /known-incidents", views.incidents.known_incidents, roles=(ANY_ROLE,)),
        query("GET /rates", views.cases.three_rates, roles=WATCHERS),
        query("GET /request-categories", views.opened.request_categories, roles=(PUBLIC,)),
        query("GET /open-requests", views.opened.open_requests, roles=(PUBLIC,)),
        query("GET /open-request-steps", views.opened.open_request_steps, roles=(PUBLIC,)),
        # ------------------------------------------------------------ hours, hazards, visits
        command(
            "POST /volunteer-hours",
            records.record_hours,
            roles=("R_RESIDENT", *ORGANISERS),
            status=201,
        ),
        command(
            "POST /volunteer-hours/{record_id}/confirm",
            records.confirm_hours,
            roles=ORGANISERS,
            if_match=True,
        ),
        command(
            "POST /volunteer-hours/{record_id}/correct",
            records.correct_hours,
            roles=ORGANISERS,
            if_match=True,
        ),
        command(
            "POST /hazards",
            records.report_hazard,
            roles=(ANY_ROLE,),
            status=201,
        ),
        command(
            "POST /hazards/{hazard_id}/verify",
            records.verify_hazard,
            roles=access.HAZARD_VERIFIERS,
            if_match=True,
        ),
        command("POST /visits-batch", records.record_visits, roles=HANDLERS),
        query(
            "GET /volunteer-hours",
            views.records.volunteer_hours,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /volunteer-hours/{record_id}",
            views.records.volunteer_record,
            roles=(ANY_ROLE,),
        ),
        query(
            "GET /volunteer-hours/{record_id}/history",
            views.records.volunteer_record_history,
            roles=(ANY_ROLE,),
        ),
        query("GET /hazards", views.records.hazards, roles=(ANY_ROLE,)),
        query(
            "GET /hazards/{hazard_id}",
            views.records.hazard,
            roles=(ANY_ROLE,),
        ),
        query("GET /visits", views.records.visits, roles=(ANY_ROLE,)),
        # ------------------------------------------------------------ consumed
        subscribe("property", *read_in(events, "property"), then=heard.property_said),
        subscribe("partner", *read_in(events, "partner"), then=heard.partners_said),
        subscribe("forum", *read_in(events, "forum"), then=heard.forum_said),
        subscribe("credit", *read_in(events, "credit"), then=heard.settlements_finalised),
        # ------------------------------------------------------------ timers
        timer("SHIPPED_AREAS", ground.announce_shipped),
        timer("TELL_REGISTERED", announcing.tell_registered),
        timer("COMING_OF_AGE", announcing.come_of_age),
        timer("FIND_BY_NAME", announcing.find_by_name),
        timer("REQ_ACCEPT", missed.accept_passed, together=missed.SPAN),
        timer("REQ_NOBODY", clocks.nobody_came),
        timer("REQ_CONTACT", clocks.contact_passed),
        timer("REQ_RESOLVE", clocks.resolve_passed),
        timer("REQ_PAUSE", pauses.pause_over),
        timer("REQ_L2", clocks.level_2_passed),
        timer("REQ_L3", clocks.level_3_passed),
        timer("REQ_AUTOCLOSE", clocks.autoclose),
        timer("BAD_RATING_REVIEW", clocks.review_passed),
        timer(
            "cutoff",
            months.cut_off,
            schedule=lambda now, calendar: calendar.next_cutoff(now),
        ),
        timer(
            "retention", retention.on_due, schedule=lambda now, calendar: calendar.next_cutoff(now)
        ),
        timer(codes.TIMER, codes.again),
        timer(deliveries.TIMER, deliveries.again),
        timer("erasure", erasures.on_held),
        job("sweep", retention.run),
        job(codes.JOB, codes.send, quick=True),
        job(deliveries.JOB, deliveries.send, quick=True),
    )

    def note_own_data(self, tx: Tx) -> None:
        """Note that the caller is given the own data, a few times a day."""
        own_data.note(tx)

    def erase_again(self, tx: Tx, person_ids: Sequence[str]) -> None:
        """Erase again whom a restored register has back."""
        erasures.erase_again(tx, person_ids)

    def reads_as(self, tx: Tx) -> Actor:
        """Return as whom somebody reads whose post as a steward may be over."""
        return standing.reader(tx)

    def deadline_moved(self, tx: Tx, move: Move) -> None:
        """Write into a request's timeline that it has more time."""
        calendar.deadline_moved(tx, move)

    def load_year(self, tx: Tx, year: Year) -> int:
        """Load a year for the operator who keeps the installation (`fivered calendar load`)."""
        return calendar.load(tx, year)
