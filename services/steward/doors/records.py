"""Hours, hazards, visits."""

from __future__ import annotations

from fivered.chassis.bus import ANY_ROLE
from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import records
from fivered.services.steward.rules import access
from fivered.services.steward.rules.requests import HANDLERS

ORGANISERS = access.ORGANISERS

doors = (
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
)
