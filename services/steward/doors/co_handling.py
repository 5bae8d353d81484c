"""Stewards who help with a case, and cases that were handed on."""

from __future__ import annotations

from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import co_handling
from fivered.services.steward.rules.requests import HANDLERS, SCREENERS

STAFF = ("R_STEWARD", "R_GRID", *SCREENERS)

doors = (
    command(
        "POST /requests/{request_id}/co-handlers",
        co_handling.ask_co_handler,
        roles=STAFF,
        status=201,
    ),
    query(
        "GET /requests/{request_id}/co-handlers",
        views.co_handling.co_handlers,
        roles=STAFF,
    ),
    command(
        "POST /co-handlings/{co_handling_id}/answer",
        co_handling.answer_co_handling,
        roles=HANDLERS,
        if_match=True,
    ),
    command(
        "POST /co-handlings/{co_handling_id}/end",
        co_handling.end_co_handling,
        roles=STAFF,
        if_match=True,
    ),
    query("GET /co-handlings", views.co_handling.co_handlings, roles=HANDLERS),
    query("GET /handed-on", views.co_handling.handed_on, roles=HANDLERS),
)
