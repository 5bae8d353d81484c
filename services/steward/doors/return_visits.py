"""Calls about closed cases."""

from __future__ import annotations

from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import return_visits
from fivered.services.steward.rules.requests import SCREENERS

doors = (
    query("GET /return-visits", views.return_visits.return_visits, roles=SCREENERS),
    command(
        "POST /return-visits/{return_visit_id}/record",
        return_visits.record_return_visit,
        roles=SCREENERS,
        if_match=True,
    ),
)
