"""What a new installation needs before points buy something."""

import sqlalchemy as sa

from fivered.chassis.cards import Step
from fivered.services.partner.storage.tables import offers, partners

FIRST_STEPS = (
    Step(
        "PARTNERS",
        "已有合伙人 / An admitted partner: POST /v1/partner/partners",
        sa.exists().where(partners.c.admitted_at.is_not(None)),
        needed=False,
    ),
    Step(
        "OFFERS",
        "已有可兑换的项目 / An offer that points buy: POST /v1/partner/offers",
        sa.exists().where(offers.c.offer_id.is_not(None)),
        needed=False,
    ),
)
