"""Scores of stewards."""

from __future__ import annotations

from fivered.chassis.bus import ANY_ROLE
from fivered.chassis.table import query
from fivered.services.steward import views
from fivered.services.steward.rules import access

doors = (
    query("GET /stewards/{steward_id}/score", views.scores.steward_score, roles=(ANY_ROLE,)),
    query("GET /steward-scores", views.scores.steward_scores, roles=access.WATCHERS),
)
