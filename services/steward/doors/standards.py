"""Service standards: categories, service times and hours as data with versions."""

from __future__ import annotations

from fivered.chassis.bus import PUBLIC
from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import standards

doors = (
    command(
        "POST /service-standards", standards.propose_standard, roles=("R_DISTRICT",), status=201
    ),
    command(
        "POST /service-standards/{standard_id}/approve",
        standards.approve_standard,
        roles=("R_DISTRICT",),
        if_match=True,
    ),
    command(
        "POST /service-standards/{standard_id}/reject",
        standards.reject_standard,
        roles=("R_DISTRICT",),
        if_match=True,
    ),
    query("GET /service-standards", views.standards.service_standards, roles=(PUBLIC,)),
    query(
        "GET /service-standards/{standard_id}", views.standards.service_standard, roles=(PUBLIC,)
    ),
    query(
        "GET /service-standards/{standard_id}/diff",
        views.standards.service_standard_diff,
        roles=(PUBLIC,),
    ),
)
