"""The tables of the steward service."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.vault import Sealed

metadata = store.new_metadata()
chassis = store.chassis_tables(metadata)

_ON_ROSTER = sa.text("status <> 'LEFT'")
_UNCHECKED = sa.text("found_by IS NOT NULL AND checked_by IS NULL")
# A bad rating that somebody has to look into.
UNDER_REVIEW = sa.text("review IN ('PENDING', 'STREET')")

areas = sa.Table(
    "areas",
    metadata,
    sa.Column("code", store.Area, primary_key=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False, index=True),
    sa.Column("parent", store.Area, nullable=False, index=True),
    sa.Column("households", sa.Integer),
    sa.Column("persons", sa.Integer),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    # Of a grid that was split up or merged: when, and which ones took its place.
    sa.Column("ended_at", store.UtcDateTime),
    sa.Column("successors", store.Json),
)

# Names and numbers are sealed (chassis/vault.py); what is compared is a keyed digest.
persons = sa.Table(
    "persons",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("name", Sealed("{person_id}.name"), nullable=False),
    sa.Column("phone", Sealed("{person_id}.phone")),
    sa.Column("phone_hmac", sa.String(64)),
    sa.Column("id_no_mask", Sealed("{person_id}.id_no")),
    sa.Column("id_no_hmac", sa.String(64), unique=True),
    sa.Column("birth_year", sa.SmallInteger),
    # The day itself, for the day on which a minor comes of age.
    sa.Column("birthday", Sealed("{person_id}.birthday")),
    sa.Column("is_adult", sa.Boolean, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area, index=True),
    sa.Column("household_id", store.Id, index=True),
    # Building, unit and room.
    sa.Column("dwelling", Sealed("{person_id}.dwelling", ("building", "unit", "room"))),
    sa.Column("status", sa.String(12), nullable=False),
    # Given up after a double registration: who it is.
    sa.Column("merged_into", store.Id, index=True),
    sa.Column("synthetic", sa.Boolean, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    # The members of a household may share one phone.
    sa.Index("ix_persons_phone_hmac", "phone_hmac"),
    sa.Index("ix_persons_is_adult_birth_year", "is_adult", "birth_year"),
)

# By which names, initials and dwellings somebody is found: keyed digests, one per reading, of the
# area and the text, so that equal names of two communities are not alike here.
person_digests = sa.Table(
    "person_digests",
    metadata,
    sa.Column("digest", sa.String(32), primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True, index=True),
)

# What was changed in the registers, by whom and why, and what stood there before (sealed).
register_changes = sa.Table(
    "register_changes",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("ref", store.Id, nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("at", store.UtcDateTime, nullable=False),
    sa.Column("actor_id", store.Id, nullable=False),
    sa.Column("actor_role", sa.String(30), nullable=False),
    sa.Column("action", sa.String(24), nullable=False),
    sa.Column("fields", store.Json, nullable=False),
    sa.Column("reason", Sealed("{ref}.reason")),
    sa.Column("before", Sealed("{ref}.before")),
    sqlite_autoincrement=True,
)

# Two registrations that are one human: one person says so, another one confirms.
person_merges = sa.Table(
    "person_merges",
    metadata,
    sa.Column("merge_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("into", store.Id, nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reason", Sealed("{merge_id}.reason"), nullable=False),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
)

# That somebody died: one person says so, another one confirms.
person_deaths = sa.Table(
    "person_deaths",
    metadata,
    sa.Column("death_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index(
        "uq_person_deaths_open",
        "person_id",
        unique=True,
        postgresql_where=sa.text("state = 'PROPOSED'"),
        sqlite_where=sa.text("state = 'PROPOSED'"),
    ),
)

# That the data of somebody be erased: asked for by the person, or by staff on a signed paper, and
# decided by somebody else.
erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("erasure_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("state", sa.String(10), nullable=False),
    # The number of the paper, where staff asks for the person.
    sa.Column("receipt", sa.String(100)),
    sa.Column("asked_by", store.Id, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("decide_by", store.UtcDateTime, nullable=False),
    sa.Column("reason", Sealed("{erasure_id}.reason")),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index(
        "uq_erasures_open",
        "person_id",
        unique=True,
        postgresql_where=sa.text("state = 'ASKED'"),
        sqlite_where=sa.text("state = 'ASKED'"),
    ),
)

# What a person says is wrong in the register, and wants to stand there; an official decides.
corrections = sa.Table(
    "corrections",
    metadata,
    sa.Column("correction_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("state", sa.String(10), nullable=False),
    # What is to stand there, and why; emptied when it is decided.
    sa.Column("wanted", Sealed("{correction_id}.wanted")),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("decide_by", store.UtcDateTime, nullable=False),
    sa.Column("reason", Sealed("{correction_id}.reason")),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
)

stewards = sa.Table(
    "stewards",
    metadata,
    sa.Column("steward_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("type", sa.String(10), nullable=False),
    sa.Column("duty", sa.String(20), nullable=False),
    sa.Column("employer", sa.String(100)),
    sa.Column("work_phone", Sealed("{steward_id}.work_phone")),
    sa.Column("board_consent", sa.Boolean, nullable=False),
    sa.Column("spendable", sa.Boolean, nullable=False),
    sa.Column("is_state_official", sa.Boolean, nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("dispatched_at", store.UtcDateTime),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("left_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    # Whose word it is that the name may stand on a public board, and the paper where it is one.
    sa.Column("consent_ref", sa.String(100)),
    sa.Column("consent_by", store.Id),
    sa.Column("consent_at", store.UtcDateTime),
    sa.Column("weekly_hours", sa.SmallInteger),
    # Who takes over when the post is suspended or left.
    sa.Column("backup", store.Id),
    # The last day of the term, where the post has one.
    sa.Column("term_ends", sa.Date),
    # Of a building's head: which ones; all of the grids where nothing is said.
    sa.Column("buildings", store.Json),
    # A file of the person's picture, and when people may come or call.
    sa.Column("photo", store.Id),
    sa.Column("service_hours", sa.String(100)),
    sa.Index(
        "uq_stewards_person_duty",
        "person_id",
        "duty",
        unique=True,
        postgresql_where=_ON_ROSTER,
        sqlite_where=_ON_ROSTER,
    ),
)

# Who read what of whom; it is deleted after three years, and changed by nobody.
person_reads = sa.Table(
    "person_reads",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("at", store.UtcDateTime, nullable=False),
    sa.Column("actor_id", store.Id, nullable=False, index=True),
    sa.Column("actor_role", sa.String(30), nullable=False),
    sa.Column("scope", store.Area, nullable=False),
    sa.Column("door", sa.String(40), nullable=False),
    sa.Column("person_id", store.Id, index=True),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("why", sa.String(30), nullable=False),
    sa.Column("reason", Sealed("person_reads.reason")),
    # Of a number that was shown in the clear: which one, and for which case.
    sa.Column("field", sa.String(20)),
    sa.Column("request_id", store.Id),
    # Of a search: how many people it showed.
    sa.Column("found", sa.SmallInteger),
    sqlite_autoincrement=True,
)

# How many numbers somebody looked at on a day; the row orders rivals.
reveal_counts = sa.Table(
    "reveal_counts",
    metadata,
    sa.Column("actor_id", store.Id, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("seen", sa.Integer, nullable=False),
)

# Codes that were asked for to sign in, whether the phone is anybody's or not, and what came of it.
phone_codes = sa.Table(
    "phone_codes",
    metadata,
    sa.Column("code_id", store.Id, primary_key=True),
    # Both are gone as soon as the sender has them, or nobody is to get them.
    sa.Column("phone", Sealed("{code_id}.phone")),
    sa.Column("digits", Sealed("{code_id}.digits")),
    sa.Column("person_id", store.Id, index=True),
    # ASKED, WAITING (for the sender), SENT, NOBODY, HELD (too many), FAILED.
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # Of the last try: HTTP's, and why it was none.
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.String(200)),
    sa.Column("asked_at", store.UtcDateTime, nullable=False, index=True),
    sa.Column("tried_at", store.UtcDateTime),
    sa.Column("until", store.UtcDateTime, nullable=False),
)

# How often codes were asked for, by phone and by address (keyed digests); the row orders rivals.
code_limits = sa.Table(
    "code_limits",
    metadata,
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("since", store.UtcDateTime, nullable=False),
    sa.Column("last_at", store.UtcDateTime, nullable=False),
)

steward_grids = sa.Table(
    "steward_grids",
    metadata,
    sa.Column("steward_id", store.Id, primary_key=True),
    sa.Column("grid", store.Area, primary_key=True, index=True),
)

shifts = sa.Table(
    "shifts",
    metadata,
    sa.Column("shift_id", store.Id, primary_key=True),
    sa.Column("steward_id", store.Id, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area, nullable=False),
    sa.Column("start_at", store.UtcDateTime, nullable=False),
    sa.Column("end_at", store.UtcDateTime, nullable=False),
    sa.Column("local_day", sa.String(10), nullable=False),
    sa.Column("place", sa.String(100), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    # Whose word it is that somebody sat there; one's own plan counts for nothing yet.
    sa.Column("planned_by", store.Id),
    sa.Column("self_planned", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("attended_by", store.Id),
    sa.Column("attended_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_shifts_steward_id_end_at", "steward_id", "end_at"),
    sa.Index("ix_shifts_grid_end_at", "grid", "end_at"),
)

# That two stewards swap a shift, or that one takes the other's: one asks, the other answers.
shift_swaps = sa.Table(
    "shift_swaps",
    metadata,
    sa.Column("swap_id", store.Id, primary_key=True),
    sa.Column("shift_id", store.Id, nullable=False, index=True),
    sa.Column("for_shift", store.Id, index=True),
    sa.Column("from_steward", store.Id, nullable=False, index=True),
    sa.Column("to_steward", store.Id, nullable=False, index=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("starts_at", store.UtcDateTime, nullable=False),
    sa.Column("answered_at", store.UtcDateTime),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_shift_swaps_area_state", "area", "state", "created_at"),
)

contact_boards = sa.Table(
    "contact_boards",
    metadata,
    sa.Column("grid", store.Area, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("entries", store.Json, nullable=False),
    sa.Column("reasons", store.Json, nullable=False),
    sa.Column("published_at", store.UtcDateTime, nullable=False),
    sa.Column("published_by", store.Id, nullable=False),
)

requests = sa.Table(
    "requests",
    metadata,
    sa.Column("request_id", store.Id, primary_key=True),
    sa.Column("number", sa.String(30), nullable=False, unique=True),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("external_ref", sa.String(100)),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("category", sa.String(24), nullable=False),
    sa.Column("priority", sa.String(2), nullable=False),
    sa.Column("clock", sa.String(8), nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area, nullable=False),
    sa.Column("building", sa.String(40)),
    sa.Column("indoor", sa.Boolean, nullable=False),
    sa.Column("project_id", store.Id, index=True),
    sa.Column("reporter_id", store.Id, index=True),
    sa.Column("found_by", store.Id),
    sa.Column("text", Sealed("{request_id}.text"), nullable=False),
    sa.Column("media", store.Json, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("handler", store.Id),
    sa.Column("handler_person", store.Id),
    sa.Column("first_handler", store.Id),
    sa.Column("tried", store.Json, nullable=False),
    sa.Column("returns", sa.Integer, nullable=False),
    sa.Column("reopens", sa.Integer, nullable=False),
    sa.Column("urged", sa.Integer, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("extended", sa.Boolean, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("span_s", sa.Integer, nullable=False),
    sa.Column("occurred_at", store.UtcDateTime, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("due_accept", store.UtcDateTime),
    sa.Column("due_contact", store.UtcDateTime),
    sa.Column("due_resolve", store.UtcDateTime, nullable=False),
    sa.Column("accepted_at", store.UtcDateTime),
    sa.Column("contacted_at", store.UtcDateTime),
    sa.Column("resolved_at", store.UtcDateTime),
    sa.Column("closed_at", store.UtcDateTime),
    sa.Column("outcome", sa.String(12)),
    sa.Column("note", Sealed("{request_id}.note")),
    sa.Column("evidence", store.Json),
    sa.Column("rated_at", store.UtcDateTime),
    sa.Column("stars", sa.SmallInteger),
    sa.Column("solved", sa.Boolean),
    sa.Column("rating_text", Sealed("{request_id}.rating")),
    sa.Column("review", sa.String(12)),
    sa.Column("reviewed_by", store.Id),
    sa.Column("merged_into", store.Id, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    # `external_ref` is what the release before wrote; a reference now stands here, and whose it is
    # in `request_references`.
    sa.Column("reference", sa.String(100)),
    sa.Column("recorded_by", store.Id),
    sa.Column("topic_id", store.Id),
    sa.Column("against", store.Id),
    sa.Column("transfers", sa.Integer, nullable=False, server_default="0"),
    sa.Column("urged_at", store.UtcDateTime),
    # Until when its clock rests.
    sa.Column("paused_until", store.UtcDateTime),
    # The version of the service standards under which it was filed; the first where empty.
    sa.Column("standard_id", store.Id),
    sa.Column("subcategory", sa.String(24)),
    sa.Column("checked_by", store.Id),
    # When its texts were erased, as their time was over.
    sa.Column("erased_at", store.UtcDateTime),
    sa.UniqueConstraint("channel", "external_ref"),
    sa.Index("ix_requests_area_created_at", "area", "created_at"),
    sa.Index("ix_requests_grid_created_at", "grid", "created_at"),
    sa.Index("ix_requests_handler_state", "handler", "state"),
    sa.Index("ix_requests_closed_at", "closed_at"),
    sa.Index("ix_requests_category", "category", "created_at", "request_id"),
    sa.Index("ix_requests_reference", "reference"),
    sa.Index("ix_requests_external_ref", "external_ref"),
    sa.Index("ix_requests_rated_at", "rated_at"),
    # Lists are read in the order of an index, a part for each state that is asked for.
    sa.Index("ix_requests_created_at", "created_at", "request_id"),
    sa.Index("ix_requests_state_created_at", "state", "created_at", "request_id"),
    sa.Index("ix_requests_state_due_resolve", "state", "due_resolve", "request_id"),
    sa.Index("ix_requests_area_state", "area", "state", "created_at", "request_id"),
    sa.Index("ix_requests_grid_state", "grid", "state", "created_at", "request_id"),
    sa.Index("ix_requests_project_created_at", "project_id", "created_at", "request_id"),
    sa.Index("ix_requests_handler_person_state", "handler_person", "state"),
    sa.Index("ix_requests_first_handler_state", "first_handler", "state"),
    sa.Index(
        "ix_requests_under_review",
        "area",
        "created_at",
        "request_id",
        postgresql_where=UNDER_REVIEW,
        sqlite_where=UNDER_REVIEW,
    ),
    sa.Index(
        "ix_requests_unchecked",
        "area",
        "created_at",
        "request_id",
        postgresql_where=_UNCHECKED,
        sqlite_where=_UNCHECKED,
    ),
)

# Whose reference it is: an intake's, or one person's; the same digits of others are other ones.
request_references = sa.Table(
    "request_references",
    metadata,
    sa.Column("source", store.Id, primary_key=True),
    sa.Column("channel", sa.String(20), primary_key=True),
    sa.Column("community", store.Area, primary_key=True),
    sa.Column("reference", sa.String(100), primary_key=True),
    sa.Column("request_id", store.Id, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
)

# One row per clock that ever ran. The request's own columns say what is due now; what was missed
# stands here and is never overwritten by a transfer, an extension or a reopening.
request_clocks = sa.Table(
    "request_clocks",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("request_id", store.Id, nullable=False, index=True),
    sa.Column("which", sa.String(8), nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("project_id", store.Id),
    sa.Column("handler", store.Id),
    sa.Column("started_at", store.UtcDateTime, nullable=False),
    sa.Column("due_at", store.UtcDateTime, nullable=False),
    sa.Column("done_at", store.UtcDateTime),
    sa.Column("voided", sa.Boolean, nullable=False),
    sa.Index("ix_request_clocks_which_due_at", "which", "due_at"),
    sqlite_autoincrement=True,
)

request_timeline = sa.Table(
    "request_timeline",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("request_id", store.Id, nullable=False, index=True),
    sa.Column("at", store.UtcDateTime, nullable=False),
    sa.Column("action", sa.String(24), nullable=False),
    sa.Column("actor_id", store.Id, nullable=False),
    sa.Column("actor_role", sa.String(20), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("detail", store.Json, nullable=False),
    sa.Index("ix_request_timeline_action_at", "action", "at"),
    sqlite_autoincrement=True,
)

request_numbers = sa.Table(
    "request_numbers",
    metadata,
    sa.Column("day", sa.String(8), primary_key=True),
    sa.Column("community", store.Area, primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

volunteer_hours = sa.Table(
    "volunteer_hours",
    metadata,
    sa.Column("record_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("source", sa.String(8), nullable=False),
    sa.Column("activity", sa.String(100), nullable=False),
    sa.Column("check_in", store.UtcDateTime),
    sa.Column("check_out", store.UtcDateTime),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("recorded_by", store.Id),
    sa.Column("confirmed_by", store.Id),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_volunteer_hours_person_id_date", "person_id", "date"),
    sa.Index("ix_volunteer_hours_area_date", "area", "date"),
    sa.Index("ix_volunteer_hours_state", "state", "area", "created_at", "record_id"),
)

hazards = sa.Table(
    "hazards",
    metadata,
    sa.Column("hazard_id", store.Id, primary_key=True),
    sa.Column("reporter_id", store.Id, nullable=False, index=True),
    sa.Column("category", sa.String(24), nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area, nullable=False),
    sa.Column("place", sa.String(200), nullable=False),
    sa.Column("media", store.Json, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("reported_by", store.Id),
    sa.Column("verified_by", store.Id),
    # What removes it: the request that was filed when it was found to be one.
    sa.Column("request_id", store.Id),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    # Until when somebody is to look, and before which level it has come because nobody did.
    sa.Column("look_due", store.UtcDateTime),
    sa.Column("level", sa.SmallInteger, nullable=False, server_default="0"),
    # Who saw that it is gone, and when.
    sa.Column("mended_by", store.Id),
    sa.Column("mended_at", store.UtcDateTime),
    sa.Index("ix_hazards_request_id", "request_id"),
    sa.Index("ix_hazards_state", "state", "area", "created_at", "hazard_id"),
)

visits = sa.Table(
    "visits",
    metadata,
    sa.Column("visit_id", store.Id, primary_key=True),
    sa.Column("steward_id", store.Id, nullable=False),
    sa.Column("client_id", sa.String(64), nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area, nullable=False),
    sa.Column("building", sa.String(40)),
    sa.Column("purpose", sa.String(40), nullable=False),
    sa.Column("findings", store.Json, nullable=False),
    sa.Column("occurred_at", store.UtcDateTime, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    # The device's number folded; the release before wrote none.
    sa.Column("client_key", sa.String(64)),
    # Whom it was paid to, and what came of it.
    sa.Column("household_id", store.Id, index=True),
    sa.Column("person_id", store.Id, index=True),
    sa.Column("request_id", store.Id),
    sa.UniqueConstraint("steward_id", "client_id"),
    sa.Index("uq_visits_client_key", "steward_id", "client_key", unique=True),
    sa.Index("ix_visits_period_steward_id", "period", "steward_id"),
    sa.Index("ix_visits_grid_period", "grid", "period", "occurred_at", "visit_id"),
)

# Whom a steward is to visit in a month: a household or a person, and how often.
visit_plans = sa.Table(
    "visit_plans",
    metadata,
    sa.Column("plan_id", store.Id, primary_key=True),
    sa.Column("steward_id", store.Id, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("grid", store.Area, nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("household_id", store.Id),
    sa.Column("person_id", store.Id, index=True),
    sa.Column("care", sa.String(16), nullable=False),
    sa.Column("times", sa.SmallInteger, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(500)),
    sa.Column("planned_by", store.Id, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_visit_plans_period_steward_id", "period", "steward_id", "created_at", "plan_id"),
    sa.Index("ix_visit_plans_period_grid", "period", "grid", "created_at", "plan_id"),
)

volunteer_activities = sa.Table(
    "volunteer_activities",
    metadata,
    sa.Column("activity_id", store.Id, primary_key=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("title", sa.String(100), nullable=False),
    sa.Column("place", sa.String(200), nullable=False),
    sa.Column("text", sa.String(1000)),
    sa.Column("start_at", store.UtcDateTime, nullable=False),
    sa.Column("end_at", store.UtcDateTime, nullable=False),
    sa.Column("quota", sa.Integer, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(500)),
    sa.Column("organiser", store.Id, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_volunteer_activities_start_at", "start_at", "activity_id"),
    sa.Index("ix_volunteer_activities_area", "area", "start_at", "activity_id"),
)

# Who takes part, in the order in which they signed up.
activity_signups = sa.Table(
    "activity_signups",
    metadata,
    sa.Column("signup_id", store.Id, primary_key=True),
    sa.Column("activity_id", store.Id, nullable=False),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("signed_by", store.Id, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("check_in", store.UtcDateTime),
    sa.Column("check_out", store.UtcDateTime),
    sa.Column("record_id", store.Id),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_activity_signups_activity_id", "activity_id", "created_at", "signup_id"),
)

# What other services said, as far as it is needed here.
liaisons = sa.Table(
    "liaisons",
    metadata,
    sa.Column("link_id", store.Id, primary_key=True),
    sa.Column("target_kind", sa.String(12), nullable=False),
    sa.Column("target", store.Id, nullable=False, index=True),
    sa.Column("official_id", store.Id, nullable=False),
    sa.Column("person_id", store.Id),
    sa.Column("since", store.UtcDateTime, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
)

projects = sa.Table(
    "projects",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("households", sa.Integer, nullable=False),
    sa.Column("status", sa.String(14), nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("company_id", store.Id, index=True),
    sa.Column("buildings", store.Json),
)

project_grids = sa.Table(
    "project_grids",
    metadata,
    sa.Column("project_id", store.Id, primary_key=True),
    sa.Column("grid", store.Area, primary_key=True, index=True),
)

# What property has announced of outages, works and faults: one row for each grid.
known_incidents = sa.Table(
    "known_incidents",
    metadata,
    sa.Column("incident_id", store.Id, primary_key=True),
    sa.Column("grid", store.Area, primary_key=True, index=True),
    sa.Column("number", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("nature", sa.String(8), nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("buildings", store.Json, nullable=False),
    sa.Column("starts_at", store.UtcDateTime, nullable=False),
    sa.Column("ends_at", store.UtcDateTime, nullable=False),
    sa.Column("over", sa.Boolean, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
)

# Who holds a post in a project, company or partner, and so is a party of what is said against it.
# `post` is the appointment, or MANAGER, REPRESENTATIVE, OPERATOR; the newest word stands.
parties = sa.Table(
    "parties",
    metadata,
    sa.Column("ref", store.Id, primary_key=True),
    sa.Column("post", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True, index=True),
    sa.Column("ended", sa.Boolean, nullable=False),
)

steward_grades = sa.Table(
    "steward_grades",
    metadata,
    sa.Column("steward_id", store.Id, primary_key=True),
    sa.Column("period", store.Period, primary_key=True),
    sa.Column("settlement_id", store.Id, nullable=False),
    sa.Column("score", sa.Integer),
    sa.Column("grade", sa.String(8)),
)

# A year's working days as one person proposed them, until another one decides.
calendar_proposals = sa.Table(
    "calendar_proposals",
    metadata,
    sa.Column("proposal_id", store.Id, primary_key=True),
    sa.Column("year", sa.SmallInteger, nullable=False),
    sa.Column("off", store.Json, nullable=False),
    sa.Column("make_up", store.Json, nullable=False),
    sa.Column("source", sa.String(300), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("proposed_at", store.UtcDateTime, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("reason", sa.String(400)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index(
        "uq_calendar_proposals_open",
        "year",
        unique=True,
        postgresql_where=sa.text("state = 'PROPOSED'"),
        sqlite_where=sa.text("state = 'PROPOSED'"),
    ),
)

# Versions of the service standards: categories, service times and hours.
service_standards = sa.Table(
    "service_standards",
    metadata,
    sa.Column("standard_id", store.Id, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("based_on", store.Id),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("effective_at", store.UtcDateTime, nullable=False),
    sa.Column("source", sa.String(300), nullable=False),
    sa.Column("content", store.Json, nullable=False),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("proposed_at", store.UtcDateTime, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", store.UtcDateTime),
    sa.Column("reason", sa.String(400)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index(
        "uq_service_standards_open",
        "state",
        unique=True,
        postgresql_where=sa.text("state = 'PROPOSED'"),
        sqlite_where=sa.text("state = 'PROPOSED'"),
    ),
)

# Compounds, their buildings, units and dwellings; none of them is anybody's.
places = sa.Table(
    "places",
    metadata,
    sa.Column("place_code", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("parent", sa.String(40), index=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("area", store.Area, nullable=False),
    # Of a building, and of what stands in it.
    sa.Column("grid", store.Area, index=True),
    sa.Column("built_year", sa.SmallInteger),
    sa.Column("mode", sa.String(14)),
    sa.Column("project_id", store.Id),
    sa.Column("area_m2", sa.String(12)),
    sa.Column("occupancy", sa.String(8)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", store.UtcDateTime, nullable=False),
    sa.Column("ended_at", store.UtcDateTime),
    sa.Index("ix_places_area_kind", "area", "kind", "place_code"),
)

# Outlines on the map of areas, compounds and buildings, each with the box around it in millionths
# of a degree.
shapes = sa.Table(
    "shapes",
    metadata,
    sa.Column("shape_code", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("geometry", store.Json, nullable=False),
    sa.Column("west", sa.Integer, nullable=False),
    sa.Column("south", sa.Integer, nullable=False),
    sa.Column("east", sa.Integer, nullable=False),
    sa.Column("north", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("drawn_at", store.UtcDateTime, nullable=False),
    sa.Index("ix_shapes_box", "west", "east"),
)
