"""Refusals of rule sets: what a rule says that it may not say, each with a stable code."""

from __future__ import annotations

from fivered.chassis.refusal import Refusal


class RuleSetInvalid(Refusal):
    text = (
        "规则 {rule} 的字段 {at} 有误:应为 {expected}"
        " / Rule {rule}, field {at}: expected {expected}"
    )


class NegativeRuleForPerson(Refusal):
    """Natural persons and households never lose anything (REQ-L01, REQ-L02)."""

    text = (
        "规则 {rule} 对居民或家庭扣分:自然人和家庭只加分,不扣分"
        " / Rule {rule} deducts from residents or households: natural persons and households only "
        "ever gain"
    )


class DeductionFromOwnAct(Refusal):
    text = (
        "规则 {rule} 因 {event} 扣分:提出诉求、投诉、异议、意见或表决的行为不得导致扣分"
        " / Rule {rule} deducts on {event}: filing a request, complaint, objection or opinion, or "
        "voting, can never cost anything"
    )


class ForbiddenTopic(Refusal):
    """The matter may not be the subject of a rule for persons (DOMAIN 4.9, end)."""

    text = (
        "规则 {rule} 涉及禁止纳入个人信用的事项:{topic}"
        " / Rule {rule} is about a matter that must not be scored for persons: {topic}"
    )


class SeriousNeedsDocument(Refusal):
    """A SERIOUS rule without a legally effective document (REQ-L04)."""

    text = (
        "规则 {rule} 属严重失信,必须要求已生效的法律文书"
        " / Rule {rule} is SERIOUS and must require a legally effective document"
    )


class SeverityMissing(Refusal):
    text = "扣分规则 {rule} 未注明严重程度 / Rule {rule} deducts and does not say how severe it is"


class HearingMissing(Refusal):
    text = (
        "扣分规则 {rule} 属一般或严重失信,须经人工审核并听取当事人意见"
        " / Rule {rule} is GENERAL or SERIOUS: a person must decide after hearing the party"
    )


class UnknownEvent(Refusal):
    text = (
        "规则 {rule} 绑定的事件 {event} 不存在,或没有字段 {member}"
        " / Rule {rule} is bound to the event {event}, which does not exist or has no field "
        "{member}"
    )


class BandsOverlap(Refusal):
    """Two bands give one value two scores."""

    text = (
        "规则 {rule} 的分档重叠:第 {first} 档与第 {second} 档"
        " / Rule {rule}: bands {first} and {second} overlap"
    )


class CapInvalid(Refusal):
    text = "规则 {rule} 的上限有误:{reason} / Rule {rule} has a cap that cannot be: {reason}"


class RuleCaseFailed(Refusal):
    text = (
        "规则 {rule} 的算例“{case}”不成立:应为 {expected},实际为 {found}"
        ' / Rule {rule} does not give what its case "{case}" says: expected {expected}, got '
        "{found}"
    )


class DuplicateRule(Refusal):
    """Two rules of one set have the same code."""

    text = "规则编码 {rule} 重复 / The rule code {rule} occurs twice"
