"""What a new installation needs of property projects."""

import sqlalchemy as sa

from fivered.chassis.cards import Step
from fivered.services.property.storage.tables import projects

FIRST_STEPS = (
    Step(
        "PROJECTS",
        "已登记有负责人的物业项目 / A property project with a manager: POST /v1/property/projects",
        sa.exists().where(projects.c.manager_person_id.is_not(None)),
        needed=False,
    ),
)
