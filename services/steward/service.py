"""Way in: its commands, queries, subscriptions, timers and jobs. No rule stands here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fivered.chassis.bus import Service, Tx, shown
from fivered.chassis.calendar import DeadlineMoved, Year
from fivered.chassis.deadlines import Move
from fivered.chassis.facts import all_declared, published_in, read_in
from fivered.chassis.file_imports import Imports
from fivered.chassis.messages import Actor
from fivered.chassis.metrics import Sample
from fivered.chassis.sealing import Sealing
from fivered.chassis.table import job, subscribe, timer
from fivered.services.steward import doors, errors, events, storage, views
from fivered.services.steward.actions import (
    announcing,
    calendar,
    clocks,
    codes,
    deliveries,
    erasures,
    grid_changes,
    ground,
    hazards,
    heard,
    imports,
    missed,
    months,
    own_data,
    pauses,
    places,
    reminders,
    retention,
    sending,
    standing,
    terms,
)
from fivered.services.steward.messages import TELLS
from fivered.services.steward.settings import PII_KEY, StewardSettings
from fivered.services.steward.storage.first_steps import FIRST_STEPS

# What other services have told people, which is sent from here.
TOLD = (
    events.CreditToldHeard,
    events.ForumToldHeard,
    events.IdentityToldHeard,
    events.PartnerToldHeard,
    events.PropertyToldHeard,
)


class Steward(Imports, Sealing, Service):
    """红色管家: the ground, the people on it, their stewards and their requests."""

    name = "steward"
    shown_by = shown(
        person_id="person",
        steward_id="steward",
        card_id="steward_card",
        change_id="grid_change",
        shift_id="shift",
        item_id="intake_item",
        request_id="request",
        erasure_id="erasure",
        record_id="volunteer_record",
        hazard_id="hazard",
        plan_id="visit_plan",
        delivery_id="message_delivery",
        activity_id="activity",
        enrol_steward="",
        record_hours="",
    )
    counts = frozenset({"due", "due_at", "due_resolve", "due_before", "due_after", "paused_until"})
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
        "BAD_RATING_REVIEW", "HAZARD_LOOK", "cutoff", "retention",
    )  # fmt: skip
    importers = imports.IMPORTERS
    seals_with = PII_KEY
    title = "红色管家 / Red Steward"
    about = (
        "网格里的管家接诉求、按时办、居民评；诉求全程留痕。"
        " / Stewards of the grid take requests, keep deadlines, and are rated."
    )
    doors = (
        *doors.ground.doors,
        *doors.messages.doors,
        *doors.own_data.doors,
        *doors.stewards.doors,
        *doors.requests.doors,
        *doors.records.doors,
        *doors.visits.doors,
        *doors.activities.doors,
        *doors.intake.doors,
        *doors.return_visits.doors,
        *doors.scores.doors,
        *doors.templates.doors,
        *doors.escalations.doors,
        *doors.affected.doors,
        *doors.grid_changes.doors,
        *doors.standards.doors,
        *doors.co_handling.doors,
        *doors.terms.doors,
        # ------------------------------------------------------------ consumed
        subscribe("property", *read_in(events, "property", but=TOLD), then=heard.property_said),
        subscribe("partner", *read_in(events, "partner", but=TOLD), then=heard.partners_said),
        subscribe("forum", *read_in(events, "forum", but=TOLD), then=heard.forum_said),
        subscribe("credit", *read_in(events, "credit", but=TOLD), then=heard.settlements_finalised),
        *(
            subscribe(one.SOURCE, one, then=deliveries.consume, name=f"on_told_by_{one.SOURCE}")
            for one in all_declared(TOLD)
        ),
        # ------------------------------------------------------------ timers
        timer("SHIPPED_AREAS", ground.announce_shipped),
        timer("TELL_REGISTERED", announcing.tell_registered),
        timer("TELL_PLACES", places.tell_known),
        timer("COMING_OF_AGE", announcing.come_of_age),
        timer("FIND_BY_NAME", announcing.find_by_name),
        timer("REQ_ACCEPT", missed.accept_passed, together=missed.SPAN),
        timer(reminders.TIMER, reminders.remind),
        timer("REQ_NOBODY", clocks.nobody_came),
        timer("REQ_CONTACT", clocks.contact_passed),
        timer("REQ_RESOLVE", clocks.resolve_passed),
        timer("REQ_PAUSE", pauses.pause_over),
        timer("REQ_L2", clocks.level_2_passed),
        timer("REQ_L3", clocks.level_3_passed),
        timer(hazards.TIMER, hazards.look_passed),
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
        timer(sending.TIMER, sending.again),
        timer(terms.TIMER, terms.term_nears),
        timer(grid_changes.TIMER, grid_changes.carry_out),
        timer("erasure", erasures.on_held),
        job("sweep", retention.run),
        job(codes.JOB, codes.send, quick=True),
        job(sending.JOB, sending.send, quick=True),
    )

    def gauges(self, tx: Tx) -> Iterable[Sample]:
        """Return what an operator sees of messages that go out."""
        return views.gauges.gauges(tx)

    def looked_at(self, tx: Tx) -> Iterable[tuple[bool | None, str]]:
        """Tell the doctor of messages that could not be delivered."""
        return views.gauges.looked_at(tx)

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
