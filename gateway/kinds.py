"""What the gateway's documents and pages call kinds of notices and honours."""

KINDS = {
    "SETTLEMENT": "月度赋分公示",
    "COMMENDATION": "表彰公示",
    "CONSULTATION": "规则征求意见",
    "RULES": "规则发布",
}
LEVELS = {"COMMUNITY": "社区级", "STREET": "街道级", "DISTRICT": "区级"}
FORMS = {"NOTICE": "通报表扬", "STAR": "星级光荣榜", "FORMAL": "评比达标表彰"}
