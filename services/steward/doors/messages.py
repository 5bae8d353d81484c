"""What went out to people, and what could not."""

from fivered.chassis.table import command, query
from fivered.services.steward.actions import undelivered
from fivered.services.steward.views import sent

ROLES = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_DISTRICT")
# Who operates the channels sees what does not get through, and sends it once more; an office says
# that somebody was told otherwise.
OPERATORS = (*ROLES, "R_SYSTEM")
ONE = "/message-deliveries/{delivery_id}"

doors = (
    query("GET /message-deliveries", sent.message_deliveries, roles=OPERATORS),
    query(f"GET {ONE}", sent.message_delivery, roles=OPERATORS),
    command("POST /message-deliveries/retry", undelivered.retry_deliveries, roles=OPERATORS),
    command(f"POST {ONE}/retry", undelivered.retry_delivery, roles=OPERATORS),
    command(f"POST {ONE}/settle", undelivered.settle_delivery, roles=ROLES),
)
