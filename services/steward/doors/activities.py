"""Volunteer activities."""

from __future__ import annotations

from fivered.chassis.bus import ANY_ROLE, PUBLIC
from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import activities
from fivered.services.steward.rules import access

ORGANISERS = access.ORGANISERS

doors = (
    command("POST /activities", activities.call_activity, roles=ORGANISERS, status=201),
    command(
        "POST /activities/{activity_id}/change",
        activities.change_activity,
        roles=ORGANISERS,
        if_match=True,
    ),
    command(
        "POST /activities/{activity_id}/cancel",
        activities.cancel_activity,
        roles=ORGANISERS,
        if_match=True,
    ),
    command(
        "POST /activities/{activity_id}/close",
        activities.close_activity,
        roles=ORGANISERS,
        if_match=True,
    ),
    command("POST /activities/{activity_id}/sign-up", activities.sign_up, roles=(ANY_ROLE,)),
    command("POST /activities/{activity_id}/withdraw", activities.withdraw, roles=(ANY_ROLE,)),
    command("POST /activities/{activity_id}/check-in", activities.check_in, roles=("R_RESIDENT",)),
    command(
        "POST /activities/{activity_id}/check-out", activities.check_out, roles=("R_RESIDENT",)
    ),
    query("GET /activities", views.activities.activities, roles=(PUBLIC,)),
    query("GET /activities/{activity_id}", views.activities.activity, roles=(PUBLIC,)),
    query(
        "GET /activities/{activity_id}/sign-ups",
        views.activities.activity_signups,
        roles=ORGANISERS,
    ),
    query("GET /activities/{activity_id}/code", views.activities.activity_code, roles=ORGANISERS),
)
