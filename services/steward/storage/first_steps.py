"""What a new installation needs of the ground and its people."""

import sqlalchemy as sa

from fivered.chassis.cards import Step
from fivered.services.steward.storage import tables as t

FIRST_STEPS = (
    Step(
        "AREAS",
        "已登记社区和网格 / A community and a grid: POST /v1/steward/areas",
        sa.exists().where(t.areas.c.kind == "COMMUNITY")
        & sa.exists().where(t.areas.c.kind == "GRID"),
    ),
    Step(
        "PEOPLE",
        "已登记居民 / A resident: POST /v1/steward/people, or a file",
        sa.exists().where(t.persons.c.grid.is_not(None)),
    ),
    Step(
        "GRID_WORKERS",
        "已有在岗网格员 / A grid worker on a post: POST /v1/steward/stewards",
        sa.exists().where(t.stewards.c.status == "ACTIVE", t.stewards.c.duty == "GRID_WORKER"),
    ),
    Step(
        "SENDER",
        "已接入短信发送,可用短信验证码登录"
        " / A sender of messages, so that people sign in by a code on their phone:"
        " FIVERED_SENDER_URL, FIVERED_SENDER_SECRET",
        "has_sender",
        needed=False,
    ),
)
