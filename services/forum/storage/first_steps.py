"""What a new installation needs of liaison."""

import sqlalchemy as sa

from fivered.chassis.cards import Step
from fivered.services.forum.storage.tables import officials

FIRST_STEPS = (
    Step(
        "OFFICIALS",
        "已登记联系群众的干部 / An official who answers for an area: POST /v1/forum/officials",
        sa.exists().where(officials.c.state == "ACTIVE"),
        needed=False,
    ),
)
