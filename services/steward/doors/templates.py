"""Templates of replies."""

from __future__ import annotations

from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import templates
from fivered.services.steward.rules.requests import SCREENERS

KEEPERS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
WRITERS = ("R_STEWARD", "R_GRID", *SCREENERS)

doors = (
    command("POST /reply-templates", templates.add_template, roles=KEEPERS, status=201),
    command(
        "POST /reply-templates/{template_id}/change",
        templates.change_template,
        roles=KEEPERS,
        if_match=True,
    ),
    command(
        "POST /reply-templates/{template_id}/end",
        templates.end_template,
        roles=KEEPERS,
        if_match=True,
    ),
    query(
        "GET /reply-templates",
        views.templates.reply_templates,
        roles=("R_STEWARD", "R_GRID", *KEEPERS),
    ),
    query(
        "GET /reply-templates/{template_id}/versions",
        views.templates.template_versions,
        roles=("R_STEWARD", "R_GRID", *KEEPERS),
    ),
    query(
        "GET /requests/{request_id}/reply-templates",
        views.templates.request_templates,
        roles=WRITERS,
    ),
    command(
        "POST /requests/{request_id}/template-replies",
        templates.reply_by_template,
        roles=WRITERS,
        status=201,
    ),
)
