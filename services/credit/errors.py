"""Refusals of credit: each a rule that said no, with a stable code."""

from __future__ import annotations

from chassis.refusal import Refusal

# --------------------------------------------------------------------------------------------------
# Refusals of the rules: rule sets and the points ledger (raised in `rules/`)


class RuleSetInvalid(Refusal):
    """A rule set cannot be read: one field of one rule is not what it must be."""

    code = "RULE_SET_INVALID"
    text = "规则 {rule} 的字段 {at} 有误:应为 {expected}"


class NegativeRuleForPerson(Refusal):
    """Natural persons and households never lose anything (REQ-L01, REQ-L02)."""

    code = "NEGATIVE_RULE_FOR_PERSON"
    text = "规则 {rule} 对居民或家庭扣分:自然人和家庭只加分,不扣分"


class DeductionFromOwnAct(Refusal):
    """Whoever files, objects, says his opinion or votes can never lose by it."""

    code = "DEDUCTION_FROM_OWN_ACT"
    text = "规则 {rule} 因 {event} 扣分:提出诉求、投诉、异议、意见或表决的行为不得导致扣分"


class ForbiddenTopic(Refusal):
    """The matter may not be the subject of a rule for persons (DOMAIN 4.9, end)."""

    code = "FORBIDDEN_TOPIC"
    text = "规则 {rule} 涉及禁止纳入个人信用的事项:{topic}"


class SeriousNeedsDocument(Refusal):
    """A SERIOUS rule without a legally effective document (REQ-L04)."""

    code = "SERIOUS_NEEDS_DOCUMENT"
    text = "规则 {rule} 属严重失信,必须要求已生效的法律文书"


class SeverityMissing(Refusal):
    """A deduction that does not say how severe it is."""

    code = "SEVERITY_MISSING"
    text = "扣分规则 {rule} 未注明严重程度"


class HearingMissing(Refusal):
    """A GENERAL or SERIOUS deduction that no person decides."""

    code = "HEARING_MISSING"
    text = "扣分规则 {rule} 属一般或严重失信,须经人工审核并听取当事人意见"


class UnknownEvent(Refusal):
    """A rule is bound to an event that nobody says, or to a field that it does not have."""

    code = "UNKNOWN_EVENT"
    text = "规则 {rule} 绑定的事件 {event} 不存在,或没有字段 {member}"


class BandsOverlap(Refusal):
    """Two bands give one value two scores."""

    code = "BANDS_OVERLAP"
    text = "规则 {rule} 的分档重叠:第 {first} 档与第 {second} 档"


class CapInvalid(Refusal):
    """A cap limits nothing, or limits it to nothing."""

    code = "CAP_INVALID"
    text = "规则 {rule} 的上限有误:{reason}"


class DuplicateRule(Refusal):
    """Two rules of one set have the same code."""

    code = "DUPLICATE_RULE"
    text = "规则编码 {rule} 重复"


class PointsNotAllowed(Refusal):
    """Points for a kind that cannot spend them, or for a deed that must stay unpaid (REQ-L16)."""

    code = "POINTS_NOT_ALLOWED"
    text = "规则 {rule} 不得发放积分:{reason}"


class InsufficientPoints(Refusal):
    """There are fewer points to spend than are asked for."""

    code = "INSUFFICIENT_POINTS"
    text = "可用积分不足:可用 {available},需要 {needed}"
