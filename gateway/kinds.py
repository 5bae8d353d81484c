"""What the gateway's documents and pages call kinds of notices and honours."""

from fivered.chassis.refusal import sentences

KINDS = sentences(
    {
        "SETTLEMENT": "月度赋分公示 / Credit of a month",
        "COMMENDATION": "表彰公示 / Commendation",
        "CONSULTATION": "规则征求意见 / Consultation on rules",
        "RULES": "规则发布 / Rules published",
    }
)
LEVELS = sentences(
    {"COMMUNITY": "社区级 / Community", "STREET": "街道级 / Street", "DISTRICT": "区级 / District"}
)
FORMS = sentences(
    {
        "NOTICE": "通报表扬 / Notice of praise",
        "STAR": "星级光荣榜 / Star",
        "FORMAL": "评比达标表彰 / Formal commendation",
    }
)
