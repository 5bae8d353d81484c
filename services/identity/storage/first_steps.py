"""What a new installation needs of accounts and offices."""

import sqlalchemy as sa

from fivered.chassis.cards import Step
from fivered.services.identity.storage.tables import accounts, grants

_DISTRICT = sa.and_(grants.c.role == "R_DISTRICT", grants.c.state == "ACTIVE")
_PROVEN = (
    sa.select(sa.func.count(sa.distinct(grants.c.person_id)))
    .select_from(grants.join(accounts, accounts.c.person_id == grants.c.person_id))
    .where(_DISTRICT, accounts.c.factor_since.is_not(None))
)

FIRST_STEPS = (
    Step(
        "ADMINISTRATORS",
        "已有两名启用身份验证器的区级管理员"
        " / Two administrators of the district, with authenticators: fivered init, sign-in",
        _PROVEN.scalar_subquery() >= 2,
    ),
    Step(
        "OFFICES",
        "已有街道或社区负责人"
        " / A street or a community has its office holder: POST /v1/identity/grants",
        sa.exists().where(
            grants.c.role.in_(("R_STREET", "R_SECRETARY")), grants.c.state == "ACTIVE"
        ),
    ),
)
