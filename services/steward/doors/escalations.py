"""What was laid before somebody."""

from __future__ import annotations

from fivered.chassis.table import query
from fivered.services.steward import views
from fivered.services.steward.rules import access

doors = (query("GET /escalations", views.escalations.escalations, roles=access.WATCHERS),)
