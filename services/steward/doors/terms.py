"""The terms of posts."""

from __future__ import annotations

from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import terms
from fivered.services.steward.rules import access

doors = (
    command(
        "POST /stewards/{steward_id}/term",
        terms.set_term,
        roles=access.SENIORS,
        if_match=True,
    ),
    query("GET /ending-terms", views.terms.ending_terms, roles=access.OVERSIGHT),
)
