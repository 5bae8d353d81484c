"""What a new installation needs of the rules."""

import sqlalchemy as sa

from fivered.chassis.cards import Step
from fivered.services.credit.rules import loader
from fivered.services.credit.storage import rule_sets
from fivered.services.credit.storage.tables import rule_sets as t

_STANDS = t.c.state.in_(rule_sets.IN_FORCE)

FIRST_STEPS = (
    Step(
        "RULES",
        "已有规则集 / A rule set is published: POST /v1/credit/rule-sets/import, or one's own",
        sa.exists().where(_STANDS),
    ),
    Step(
        "RULES_ADOPTED",
        "区县已发布自己的规则集,示例规则集不再适用"
        " / The district has rules of its own in place of the sample: POST /v1/credit/rule-sets"
        " (based_on), consult, approve, publish",
        sa.exists().where(_STANDS, t.c.code.not_in(loader.shipped_codes())),
    ),
)
