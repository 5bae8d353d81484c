"""What other systems bring, and what goes back to them."""

from __future__ import annotations

from fivered.chassis.bus import SYSTEM_ROLE
from fivered.chassis.table import command, query
from fivered.services.steward import views
from fivered.services.steward.actions import intake
from fivered.services.steward.rules.requests import SCREENERS

# A service account acts as an office of its street.
SYSTEMS = ("R_STREET", SYSTEM_ROLE)

doors = (
    command("POST /intake/wechat", intake.receive_chat, roles=SYSTEMS, status=201),
    command("POST /intake/12345", intake.receive_order, roles=SYSTEMS, status=201),
    query("GET /intake", views.intake.intake_items, roles=SCREENERS),
    query("GET /intake/{item_id}", views.intake.intake_item, roles=SCREENERS),
    command("POST /intake/{item_id}/file", intake.file_intake, roles=SCREENERS, if_match=True),
    command("POST /intake/{item_id}/join", intake.join_intake, roles=SCREENERS, if_match=True),
    command("POST /intake/{item_id}/refuse", intake.refuse_intake, roles=SCREENERS, if_match=True),
    query("GET /intake-results", views.intake.intake_results, roles=SCREENERS),
)
