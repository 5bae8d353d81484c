"""What went out to people, and what could not."""

from fivered.chassis.table import command, query
from fivered.services.steward.actions import undelivered
from fivered.services.steward.views import sent

ROLES = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
ONE = "/message-deliveries/{delivery_id}"

doors = (
    query("GET /message-deliveries", sent.message_deliveries, roles=ROLES),
    query(f"GET {ONE}", sent.message_delivery, roles=ROLES),
    command("POST /message-deliveries/retry", undelivered.retry_deliveries, roles=ROLES),
    command(f"POST {ONE}/retry", undelivered.retry_delivery, roles=ROLES),
    command(f"POST {ONE}/settle", undelivered.settle_delivery, roles=ROLES),
)
