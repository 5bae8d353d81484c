"""Begin: all tables, and the areas that are shipped."""

import csv
from datetime import UTC, datetime
from importlib import resources

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0001"
down_revision = None

# Under the district's code, but run by others (DOMAIN 1.1).
ELSEWHERE = {"370811002", "370811109", "370811401"}
BEGINNING = datetime(2024, 12, 31, 16, tzinfo=UTC)


def upgrade():
    create_tables()
    ship_areas()


def ship_areas():
    """Bring the district and its 15 units; a timer says them, for a migration cannot."""
    shipped = resources.files("fivered.services.steward").joinpath("data/rencheng_areas.csv")
    rows = [
        {
            "code": row["code"],
            "name": row["name"],
            "kind": kind_of(row["code"]),
            "parent": row["parent_code"] if len(row["code"]) > 6 else "",
            "version": 1,
            "created_at": BEGINNING,
        }
        for row in csv.DictReader(shipped.read_text("utf-8").splitlines())
        if row["code"] not in ELSEWHERE
    ]
    text = [sa.column(name) for name in ("code", "name", "kind", "parent")]
    areas = sa.table(
        "areas", *text, sa.column("version"), sa.column("created_at", store.UtcDateTime())
    )
    op.bulk_insert(areas, rows)
    timers = sa.table(
        "timers",
        sa.column("kind"),
        sa.column("ref"),
        sa.column("due_at", store.UtcDateTime()),
        sa.column("data", store.Json),
        sa.column("attempts"),
    )
    op.bulk_insert(
        timers,
        [
            {
                "kind": "SHIPPED_AREAS",
                "ref": "370811",
                "due_at": BEGINNING,
                "data": {},
                "attempts": 0,
            }
        ],
    )


def kind_of(code):
    if len(code) == 6:
        return "DISTRICT"
    return "TOWN" if 100 <= int(code[6:]) <= 199 else "STREET"


def create_tables():
    op.create_table(
        "areas",
        sa.Column("code", store.Area, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("parent", store.Area, nullable=False),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_areas"),
    )
    op.create_index("ix_areas_kind", "areas", ["kind"], unique=False)
    op.create_index("ix_areas_parent", "areas", ["parent"], unique=False)
    op.create_table(
        "contact_boards",
        sa.Column("grid", store.Area, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("entries", store.Json, nullable=False),
        sa.Column("reasons", store.Json, nullable=False),
        sa.Column("published_at", store.UtcDateTime(), nullable=False),
        sa.Column("published_by", store.Id, nullable=False),
        sa.PrimaryKeyConstraint("grid", "version", name="pk_contact_boards"),
    )
    op.create_table(
        "hazards",
        sa.Column("hazard_id", store.Id, nullable=False),
        sa.Column("reporter_id", store.Id, nullable=False),
        sa.Column("category", sa.String(length=24), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("grid", store.Area, nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("media", store.Json, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("verified_by", store.Id, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hazard_id", name="pk_hazards"),
    )
    op.create_index("ix_hazards_reporter_id", "hazards", ["reporter_id"], unique=False)
    op.create_table(
        "liaisons",
        sa.Column("link_id", store.Id, nullable=False),
        sa.Column("target_kind", sa.String(length=12), nullable=False),
        sa.Column("target", store.Id, nullable=False),
        sa.Column("official_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=True),
        sa.Column("since", store.UtcDateTime(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("link_id", name="pk_liaisons"),
    )
    op.create_index("ix_liaisons_target", "liaisons", ["target"], unique=False)
    op.create_table(
        "persons",
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hmac", store.Id, nullable=True),
        sa.Column("id_no_mask", sa.LargeBinary(), nullable=True),
        sa.Column("id_no_hmac", store.Id, nullable=True),
        sa.Column("birth_year", sa.SmallInteger(), nullable=True),
        sa.Column("is_adult", sa.Boolean(), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("grid", store.Area, nullable=True),
        sa.Column("household_id", store.Id, nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("digest", store.Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_persons"),
        sa.UniqueConstraint("id_no_hmac", name="uq_persons_id_no_hmac"),
    )
    op.create_index("ix_persons_grid", "persons", ["grid"], unique=False)
    op.create_index("ix_persons_household_id", "persons", ["household_id"], unique=False)
    op.create_index(
        "uq_persons_phone_hmac",
        "persons",
        ["phone_hmac"],
        unique=True,
        postgresql_where=sa.text("status = 'ACTIVE'"),
        sqlite_where=sa.text("status = 'ACTIVE'"),
    )
    op.create_table(
        "project_grids",
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("grid", store.Area, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "grid", name="pk_project_grids"),
    )
    op.create_index("ix_project_grids_grid", "project_grids", ["grid"], unique=False)
    op.create_table(
        "projects",
        sa.Column("project_id", store.Id, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=14), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_projects"),
    )
    op.create_table(
        "request_clocks",
        sa.Column("id", store.BigId, sa.Identity(always=False), nullable=False),
        sa.Column("request_id", store.Id, nullable=False),
        sa.Column("which", sa.String(length=8), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("project_id", store.Id, nullable=True),
        sa.Column("handler", store.Id, nullable=True),
        sa.Column("started_at", store.UtcDateTime(), nullable=False),
        sa.Column("due_at", store.UtcDateTime(), nullable=False),
        sa.Column("done_at", store.UtcDateTime(), nullable=True),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_request_clocks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_request_clocks_request_id", "request_clocks", ["request_id"], unique=False)
    op.create_index(
        "ix_request_clocks_which_due_at", "request_clocks", ["which", "due_at"], unique=False
    )
    op.create_table(
        "request_numbers",
        sa.Column("day", sa.String(length=8), nullable=False),
        sa.Column("community", store.Area, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "community", name="pk_request_numbers"),
    )
    op.create_table(
        "request_timeline",
        sa.Column("id", store.BigId, sa.Identity(always=False), nullable=False),
        sa.Column("request_id", store.Id, nullable=False),
        sa.Column("at", store.UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("actor_id", store.Id, nullable=False),
        sa.Column("actor_role", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("detail", store.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_request_timeline"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_request_timeline_request_id", "request_timeline", ["request_id"], unique=False
    )
    op.create_table(
        "requests",
        sa.Column("request_id", store.Id, nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("external_ref", sa.String(length=100), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("category", sa.String(length=24), nullable=False),
        sa.Column("priority", sa.String(length=2), nullable=False),
        sa.Column("clock", sa.String(length=8), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("grid", store.Area, nullable=False),
        sa.Column("building", sa.String(length=40), nullable=True),
        sa.Column("indoor", sa.Boolean(), nullable=False),
        sa.Column("project_id", store.Id, nullable=True),
        sa.Column("reporter_id", store.Id, nullable=True),
        sa.Column("found_by", store.Id, nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("media", store.Json, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("handler", store.Id, nullable=True),
        sa.Column("handler_person", store.Id, nullable=True),
        sa.Column("first_handler", store.Id, nullable=True),
        sa.Column("tried", store.Json, nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("reopens", sa.Integer(), nullable=False),
        sa.Column("urged", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("span_s", sa.Integer(), nullable=False),
        sa.Column("occurred_at", store.UtcDateTime(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(), nullable=False),
        sa.Column("due_accept", store.UtcDateTime(), nullable=True),
        sa.Column("due_contact", store.UtcDateTime(), nullable=True),
        sa.Column("due_resolve", store.UtcDateTime(), nullable=False),
        sa.Column("accepted_at", store.UtcDateTime(), nullable=True),
        sa.Column("contacted_at", store.UtcDateTime(), nullable=True),
        sa.Column("resolved_at", store.UtcDateTime(), nullable=True),
        sa.Column("closed_at", store.UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("evidence", store.Json, nullable=True),
        sa.Column("rated_at", store.UtcDateTime(), nullable=True),
        sa.Column("stars", sa.SmallInteger(), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("rating_text", sa.LargeBinary(), nullable=True),
        sa.Column("review", sa.String(length=12), nullable=True),
        sa.Column("reviewed_by", store.Id, nullable=True),
        sa.Column("merged_into", store.Id, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_requests"),
        sa.UniqueConstraint("channel", "external_ref", name="uq_requests_channel_external_ref"),
        sa.UniqueConstraint("number", name="uq_requests_number"),
    )
    op.create_index("ix_requests_area_created_at", "requests", ["area", "created_at"], unique=False)
    op.create_index("ix_requests_closed_at", "requests", ["closed_at"], unique=False)
    op.create_index("ix_requests_grid_created_at", "requests", ["grid", "created_at"], unique=False)
    op.create_index("ix_requests_handler_state", "requests", ["handler", "state"], unique=False)
    op.create_index("ix_requests_merged_into", "requests", ["merged_into"], unique=False)
    op.create_index("ix_requests_project_id", "requests", ["project_id"], unique=False)
    op.create_index("ix_requests_rated_at", "requests", ["rated_at"], unique=False)
    op.create_index("ix_requests_reporter_id", "requests", ["reporter_id"], unique=False)
    op.create_table(
        "shifts",
        sa.Column("shift_id", store.Id, nullable=False),
        sa.Column("steward_id", store.Id, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("grid", store.Area, nullable=False),
        sa.Column("start_at", store.UtcDateTime(), nullable=False),
        sa.Column("end_at", store.UtcDateTime(), nullable=False),
        sa.Column("local_day", sa.String(length=10), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shift_id", name="pk_shifts"),
    )
    op.create_index("ix_shifts_grid_end_at", "shifts", ["grid", "end_at"], unique=False)
    op.create_index("ix_shifts_steward_id_end_at", "shifts", ["steward_id", "end_at"], unique=False)
    op.create_table(
        "steward_grades",
        sa.Column("steward_id", store.Id, nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("settlement_id", store.Id, nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("grade", sa.String(length=8), nullable=True),
        sa.PrimaryKeyConstraint("steward_id", "period", name="pk_steward_grades"),
    )
    op.create_table(
        "steward_grids",
        sa.Column("steward_id", store.Id, nullable=False),
        sa.Column("grid", store.Area, nullable=False),
        sa.PrimaryKeyConstraint("steward_id", "grid", name="pk_steward_grids"),
    )
    op.create_index("ix_steward_grids_grid", "steward_grids", ["grid"], unique=False)
    op.create_table(
        "stewards",
        sa.Column("steward_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("duty", sa.String(length=20), nullable=False),
        sa.Column("employer", sa.String(length=100), nullable=True),
        sa.Column("work_phone", sa.LargeBinary(), nullable=True),
        sa.Column("board_consent", sa.Boolean(), nullable=False),
        sa.Column("spendable", sa.Boolean(), nullable=False),
        sa.Column("is_state_official", sa.Boolean(), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("dispatched_at", store.UtcDateTime(), nullable=True),
        sa.Column("created_at", store.UtcDateTime(), nullable=False),
        sa.Column("left_at", store.UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("steward_id", name="pk_stewards"),
    )
    op.create_index("ix_stewards_area", "stewards", ["area"], unique=False)
    op.create_index("ix_stewards_person_id", "stewards", ["person_id"], unique=False)
    op.create_index(
        "uq_stewards_person_duty",
        "stewards",
        ["person_id", "duty"],
        unique=True,
        postgresql_where=sa.text("status <> 'LEFT'"),
        sqlite_where=sa.text("status <> 'LEFT'"),
    )
    op.create_table(
        "visits",
        sa.Column("visit_id", store.Id, nullable=False),
        sa.Column("steward_id", store.Id, nullable=False),
        sa.Column("client_id", store.Id, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("grid", store.Area, nullable=False),
        sa.Column("building", sa.String(length=40), nullable=True),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("findings", store.Json, nullable=False),
        sa.Column("occurred_at", store.UtcDateTime(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("visit_id", name="pk_visits"),
        sa.UniqueConstraint("steward_id", "client_id", name="uq_visits_steward_id_client_id"),
    )
    op.create_index("ix_visits_period_steward_id", "visits", ["period", "steward_id"], unique=False)
    op.create_table(
        "volunteer_hours",
        sa.Column("record_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("activity", sa.String(length=100), nullable=False),
        sa.Column("check_in", store.UtcDateTime(), nullable=True),
        sa.Column("check_out", store.UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("confirmed_by", store.Id, nullable=True),
        sa.Column("digest", store.Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", store.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="pk_volunteer_hours"),
    )
    op.create_index(
        "ix_volunteer_hours_area_date", "volunteer_hours", ["area", "date"], unique=False
    )
    op.create_index(
        "ix_volunteer_hours_person_id_date", "volunteer_hours", ["person_id", "date"], unique=False
    )
