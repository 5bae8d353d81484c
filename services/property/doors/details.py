"""What a complaint is about, more closely."""

from __future__ import annotations

from fivered.chassis.bus import PUBLIC
from fivered.chassis.table import command, query
from fivered.services.property.actions import complaint_details
from fivered.services.property.views import complaint_kinds

doors = (
    command(
        "POST /complaints/{complaint_id}/details",
        complaint_details.describe_complaint,
        roles=("R_RESIDENT", "R_CADRE", "R_SECRETARY"),
        if_match=True,
    ),
    query("GET /complaint-kinds", complaint_kinds.complaint_kinds, roles=(PUBLIC,)),
)
