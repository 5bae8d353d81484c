"""Grids that are split and merged on a day."""

from __future__ import annotations

from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import grid_changes
from fivered.services.steward.rules import access

CHANGERS = ("R_STREET", "R_DISTRICT")

doors = (
    command("POST /grid-changes", grid_changes.propose_grid_change, roles=CHANGERS, status=201),
    command(
        "POST /grid-changes/{change_id}/approve",
        grid_changes.approve_grid_change,
        roles=CHANGERS,
        if_match=True,
    ),
    command(
        "POST /grid-changes/{change_id}/reject",
        grid_changes.reject_grid_change,
        roles=CHANGERS,
        if_match=True,
    ),
    command(
        "POST /grid-changes/{change_id}/withdraw",
        grid_changes.withdraw_grid_change,
        roles=CHANGERS,
        if_match=True,
    ),
    query("GET /grid-changes", views.grid_changes.grid_changes, roles=access.OVERSIGHT),
    query("GET /grid-changes/{change_id}", views.grid_changes.grid_change, roles=access.OVERSIGHT),
)
