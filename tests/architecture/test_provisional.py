"""Whatever shows a deadline in working days says when it rests on a year without data (ruling 13).

A service names such members of its replies in `counts`. A deadline that is in neither of the lists
below is one that nobody has thought of.
"""

import re
from dataclasses import fields

import pytest

from fivered.chassis.installed import service_class
from fivered.chassis.storage import ChassisTables, UtcDateTime
from fivered.gateway.app import doors_of

SERVICES = ("credit", "forum", "partner", "property", "steward")
NAME = re.compile(r"(^|_)(due|until|down)(_|$)|(^|_)ends_at$")

# No working days are counted: a day that somebody has named, hours, days of the calendar, or how
# long something has held.
OTHERWISE = {
    "credit": {
        "compounds.until", "consent_spans.until", "places.until", "posts.until", "states.until",
        "subjects.spendable_until", "until", "spendable_until", "counts_until",
    },
    "forum": {
        "liaisons.until", "tasks.due_at", "topics.poll_until", "due_at", "due_date", "until",
        "poll_until",
    },
    # Whether it ends, not when.
    "partner": {"winding_down"},
    "property": {
        "commitments.due_at", "disclosures.due_at", "project_managers.until", "works.due_at",
        "due_at", "due_date", "until", "commitments_due", "incidents.ends_at", "ends_at",
        "owners_votes.count_due_at", "objections_until",
        "owners_votes.objections_until", "seats.until", "room_owners.until",
    },
    "steward": {
        "requests.due_accept", "requests.due_contact", "due_accept", "due_contact", "until",
        "new_due", "contacts_due", "resolutions_due", "phone_codes.until", "message_choices.email_until",
        "known_incidents.ends_at", "ends_at",
        # Of a plan of visits the end of its month; hours; minutes.
        "due_at", "hazards.look_due", "look_due", "valid_until",
        # The request itself marks it: `paused_until`.
        "request_pauses.until",
    },
}  # fmt: skip
# Tables of the chassis: no deadline of the domain is kept in them.
MECHANISMS = {field.name for field in fields(ChassisTables)}
# Columns that are shown under another name.
SHOWN_AS = {
    "credit.awards.due_at": "due",
    "credit.consent_proposals.due_at": "due",
    "credit.rule_sets.consulted_until": "comments_until",
    "property.appointments.due_at": "due",
    "property.rectifications.due_at": "due",
    "property.handovers.due_at": "due",
    "property.handover_items.due_at": "due",
    "steward.request_clocks.due_at": "due",
}


@pytest.mark.parametrize("name", SERVICES)
def test_every_deadline_that_is_kept_is_marked_where_it_is_shown(name):
    """B10: of a topic's deadlines none was marked."""
    service = service_class(name)
    found = {
        f"{table.name}.{column.name}"
        for table in service.tables.tables.values()
        for column in table.columns
        if table.name not in MECHANISMS
        and isinstance(column.type, UtcDateTime)
        and NAME.search(column.name)
    }
    missing = {
        place
        for place in found - OTHERWISE[name]
        if SHOWN_AS.get(f"{name}.{place}", place.partition(".")[2]) not in service.counts
    }
    assert missing == set()


@pytest.mark.parametrize("name", SERVICES)
def test_every_card_that_promises_a_deadline_marks_it(name):
    """B10: walks every reply of every door."""
    counts = service_class(name).counts
    fields = {
        field
        for door in doors_of(name)
        for schema in (door.reply.schema, *door.reply.parts.values())
        for field in schema.get("properties", ())
        if NAME.search(field)
    }
    assert fields - counts - OTHERWISE[name] == set()
