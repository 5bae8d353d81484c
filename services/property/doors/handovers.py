"""What one company hands over to the next."""

from __future__ import annotations

from fivered.chassis.table import command, query, timer
from fivered.services.property.actions import handovers
from fivered.services.property.views import ground
from fivered.services.property.views import handovers as seen

SIDES = ("R_PM", "R_PCO")
READERS = (*ground.STAFF, *SIDES)

doors = (
    command(
        "POST /handover-items",
        handovers.add_handover_item,
        roles=(*SIDES, "R_SECRETARY", "R_STREET"),
        status=201,
    ),
    command("POST /handover-items/{item_id}/hand", handovers.hand_item, roles=SIDES, if_match=True),
    command(
        "POST /handover-items/{item_id}/receive",
        handovers.receive_item,
        roles=SIDES,
        if_match=True,
    ),
    command(
        "POST /handover-items/{item_id}/settle",
        handovers.settle_item,
        roles=("R_STREET",),
        if_match=True,
    ),
    query("GET /handovers", seen.handovers, roles=READERS),
    query("GET /handovers/{handover_id}", seen.handover, roles=READERS),
    query("GET /handover-items", seen.handover_items, roles=READERS),
    query("GET /handover-items/{item_id}", seen.handover_item, roles=READERS),
    timer("handover_due", handovers.fall_due),
)
