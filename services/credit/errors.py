"""Refusals of credit: each a rule that said no, with a stable code."""

from __future__ import annotations

from chassis.refusal import Guard, Refusal, StateConflict

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


class RuleCaseFailed(Refusal):
    """A rule does not give what its own worked case says."""

    code = "RULE_CASE_FAILED"
    text = "规则 {rule} 的算例“{case}”不成立:应为 {expected},实际为 {found}"


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


# --------------------------------------------------------------------------------------------------
# Refusals of the steps of a redemption: told as `hold_rejected`, with the code as its reason


class NotSpendable(Refusal):
    """The wallet is for honour only, or somebody else's."""

    code = "NOT_SPENDABLE"
    text = "该钱包的积分不能由此人兑换"


class NoWallet(Refusal):
    """Nobody of this id is registered here, or he has not consented: there are no points."""

    code = "NO_WALLET"
    text = "此人没有积分钱包:未授权参加积分,或登记尚未收到"


class NotAMember(Refusal):
    """Only an adult who lives in a household spends its points."""

    code = "NOT_A_MEMBER"
    text = "家庭积分只能由该家庭的成年成员使用"


class ConsentWithdrawn(Refusal):
    """The time in which points can be spent after a withdrawal is over."""

    code = "CONSENT_WITHDRAWN"
    text = "授权已撤回,积分已过可使用期限"


class ConsentSuspended(StateConflict):
    """No adult who had lived in a household lives in it now; nothing is scored or spent for it."""

    code = "CONSENT_SUSPENDED"
    text = (
        "该家庭目前没有原成年成员在住,家庭授权已暂停:不记分、不能兑换,积分保留90天;"
        "原成年成员迁回后恢复,新入住的成年成员可另行授权"
    )


class HolderDeceased(StateConflict):
    """Whoever has died spends, consents, speaks and objects no more."""

    code = "HOLDER_DECEASED"
    text = "该主体的持有人已去世"


class HolderGone(StateConflict):
    """Whoever is no resident any more consents and speaks for nobody."""

    code = "HOLDER_GONE"
    text = "该主体的持有人已不是登记居民(已迁出,或登记已合并)"


class HoldDiffers(Refusal):
    """One redemption, two contents: which of them is meant nobody can know."""

    code = "HOLD_DIFFERS"
    status = 409
    text = "兑换 {redemption} 的钱包、合伙人或积分与已登记的不一致"


class HoldWithdrawn(Refusal):
    """Its end, or a later step, came before the request for it."""

    code = "TOMBSTONE"
    status = 409
    text = "兑换 {redemption} 未曾冻结积分,或在冻结前已取消"


class CapturedTwice(Refusal):
    """The points have gone to the partner already, by another message."""

    code = "CAPTURED_TWICE"
    status = 409
    text = "兑换 {redemption} 的积分已核销,不能重复核销"


class AlreadyCaptured(Refusal):
    """What has gone to the partner is not released; it is refunded."""

    code = "ALREADY_CAPTURED"
    status = 409
    text = "兑换 {redemption} 的积分已核销,不能解除冻结"


class AlreadyReleased(Refusal):
    """The points have returned to their owner: there is nothing to capture or to refund."""

    code = "ALREADY_RELEASED"
    status = 409
    text = "兑换 {redemption} 的冻结积分已退回,不能核销或退还"


class AlreadyRefunded(Refusal):
    """Captured points have returned to their owner: there is nothing to capture or to release."""

    code = "ALREADY_REFUNDED"
    status = 409
    text = "兑换 {redemption} 的积分已退还,不能再核销或解除冻结"


class RefundedTwice(Refusal):
    """Captured points have returned to their owner already, by another message."""

    code = "REFUNDED_TWICE"
    status = 409
    text = "兑换 {redemption} 的积分已退还,不能重复退还"


class NotCaptured(Refusal):
    """What is still held is released, not refunded."""

    code = "NOT_CAPTURED"
    status = 409
    text = "兑换 {redemption} 的积分尚未核销,不能退还"


# --------------------------------------------------------------------------------------------------
# Refusals of actions: consent, awards, settlement, objection


class RuleSetChanged(Refusal):
    """Another content was published under this code; a published rule set is immutable."""

    code = "RULE_SET_CHANGED"
    status = 409
    text = "规则集 {code} 已以其他内容发布,已发布的规则不可更改"


class PersonUnknown(Guard):
    """The registry has told nothing of this person yet."""

    guard = "IDENTITY_NOT_VERIFIED"
    text = "尚未收到人员 {person} 的登记信息,请稍后再试"


class UnderAge(Guard):
    """A person below 18 has no credit account (REQ-L06)."""

    guard = "UNDER_AGE"
    text = "未满18周岁,不参加信用赋分"


class NoticeOutdated(Guard):
    """Consent was given to a notice that is not the present one."""

    guard = "NOTICE_OUTDATED"
    text = "授权告知书版本已更新:当前版本 {current}"


class PurposeMissing(Guard):
    """One purpose needs another."""

    guard = "PURPOSE_MISSING"
    text = "授权 {purpose} 须同时授权 {needed}"


class EvidenceRequired(Guard):
    """Something must be shown."""

    guard = "EVIDENCE_REQUIRED"
    text = "须提供依据材料"


class NotOfHousehold(Guard):
    """The person does not belong to the household."""

    guard = "NOT_OF_HOUSEHOLD"
    text = "该人员不属于此家庭"


class NoConsent(Guard):
    """A natural person is scored only with his consent at the time of the deed (REQ-L01)."""

    guard = "NO_CONSENT"
    text = "当事人在 {at} 未授权参加信用赋分"


class RuleNotInForce(Guard):
    """No such rule was in force when the deed was done."""

    guard = "RULE_NOT_IN_FORCE"
    text = "规则 {rule} 在 {on} 未生效"


class NotAllowedToPropose(Guard):
    """Another role proposes awards of this rule, or none by hand."""

    guard = "NOT_ALLOWED_TO_PROPOSE"
    text = "规则 {rule} 不能由角色 {role} 提出"


class NotAllowedToApprove(Guard):
    """Another role approves awards of this rule."""

    guard = "NOT_ALLOWED_TO_APPROVE"
    text = "规则 {rule} 不能由角色 {role} 审核"


class LegalDocumentRequired(Guard):
    """A SERIOUS matter needs the number of a legally effective document (REQ-L04)."""

    guard = "LEGAL_DOCUMENT_REQUIRED"
    text = "规则 {rule} 须填写已生效法律文书的文号"


class LevelUnknown(Guard):
    """The rule has no such level."""

    guard = "LEVEL_UNKNOWN"
    text = "规则 {rule} 没有等级 {level}"


class WrongKind(Guard):
    """The rule is for another kind of subject."""

    guard = "WRONG_KIND"
    text = "规则 {rule} 不适用于主体 {subject}"


class ClockSkew(Guard):
    """It is said to have happened in the future, or too long ago."""

    guard = "CLOCK_SKEW"
    text = "发生时间 {at} 不在允许范围内"


class SelfApproval(Guard):
    """Nobody does anything official about himself."""

    guard = "SELF_APPROVAL"
    text = "不能办理涉及本人的事项"


class SameAsProposer(Guard):
    """Who proposed does not approve (maker and checker)."""

    guard = "SAME_AS_PROPOSER"
    text = "提出人与审核人不能为同一人"


class ConflictOfInterest(Guard):
    """Who holds a post in an organisation, operates or represents it, or lives in a household with
    whom it concerns, does nothing official about it."""

    guard = "CONFLICT_OF_INTEREST"
    status = 403
    text = (
        "经办人与 {subject} 有任职、经营、代表或同户关系,须回避;"
        "可由无此关系的其他 {role} 办理,或依程序转由 {substitute} 办理"
    )


class YieldsToRule(Guard):
    """The same deed was awarded under a rule that excludes this one."""

    guard = "YIELDS_TO_RULE"
    text = "同一事项已按规则 {other} 赋分,规则 {rule} 不再适用"


class ProposalDiffers(Guard):
    """The same deed was proposed with other content before."""

    guard = "PROPOSAL_DIFFERS"
    text = "同一事项已以不同内容提出:{award}"


class PassedOn(Guard):
    """A deduction that was not decided in time has passed to the next level for good."""

    guard = "LAPSED"
    text = "该扣分逾期未审核,已转由 {waits_for} 审核"
    names = ("waits_for",)


class HashChanged(Guard):
    """What is confirmed is not what was seen."""

    guard = "HASH_CHANGED"
    text = "赋分草案已变更,请重新查看后确认"


class Incomplete(Guard):
    """A required source has not told all of its month."""

    guard = "INCOMPLETE"
    text = "数据不完整,不能确认:{missing}"


class SampleNotChecked(Guard):
    """All deductions and at least 5 % of the awards by hand must have been looked at."""

    guard = "SAMPLE_NOT_CHECKED"
    text = "须核对全部扣分和不少于5%的人工赋分:尚缺 {missing} 项"


class SameAsReviewer(Guard):
    """Who reviewed a settlement does not confirm it."""

    guard = "SAME_AS_REVIEWER"
    text = "核对人与确认人不能为同一人"


class NotSubject(Guard):
    """Only the subject itself may object to this."""

    guard = "NOT_SUBJECT"
    text = "只有当事人可以对此提出异议"


class TooLate(Guard):
    """Objections are possible for 12 months."""

    guard = "TOO_LATE"
    text = "已超过12个月的异议期限"


class AlreadyObjected(Guard):
    """There is one objection at a time to one thing."""

    guard = "ALREADY_OBJECTED"
    text = "对此已有未办结的异议 {number}"


class InChain(Guard):
    """Who had a hand in it does not decide the objection."""

    guard = "IN_CHAIN"
    text = "参与过该事项的人员不能裁定异议,须由其他人员办理"


class ReasonsRequired(Guard):
    """A decision gives its reasons."""

    guard = "REASONS_REQUIRED"
    text = "裁定须说明理由,不少于20个字"


class TextRequired(Guard):
    """An objection says what is wrong."""

    guard = "TEXT_REQUIRED"
    text = "须写明异议内容,不少于{least}个字"


class NotFiler(Guard):
    """Only whoever filed an objection withdraws it or asks for its review."""

    guard = "NOT_FILER"
    text = "只有提出人可以办理"


class AlreadyExtended(Guard):
    """The time of a decision is extended once."""

    guard = "ALREADY_EXTENDED"
    text = "裁定期限已延长过一次,不能再延长"


class DeadlinePassed(Guard):
    """The time in which this could be done is over."""

    guard = "DEADLINE_PASSED"
    text = "期限已于 {until} 届满"


class NothingToReview(Guard):
    """An objection that was upheld has reached all that it asked for."""

    guard = "NOTHING_TO_REVIEW"
    text = "异议已获支持,无须复核"


class NoHigherLevel(Guard):
    """Above the district nobody reviews."""

    guard = "NO_HIGHER_LEVEL"
    text = "区级裁定为终局裁定,没有上一级可以复核"


class LevelTooLow(Guard):
    """A review is made on a higher level than the decision."""

    guard = "LEVEL_TOO_LOW"
    text = "复核须由裁定人的上一级办理,{role} 的层级不够"


class WorseThanDecided(Guard):
    """Nobody is worse off because he asked for a review."""

    guard = "WORSE_THAN_DECIDED"
    text = "复核结果不得比原裁定 {outcome} 更不利于提出人"


class ConsentDiffers(Guard):
    """The person, or the id, has a consent with other content already."""

    guard = "CONSENT_DIFFERS"
    text = "已有内容不同的授权"


# --------------------------------------------------------------------------------------------------
# Refusals of the life of a rule set


class NotPeriodStart(Guard):
    """Rules begin with a month that has not begun."""

    guard = "NOT_PERIOD_START"
    text = "生效日期 {on} 须为未来月份的第一天"


class ConsultationNotEnded(Guard):
    """The public has 10 working days to say what it thinks of a draft (REQ-L02)."""

    guard = "CONSULTATION_NOT_ENDED"
    text = "征求意见期至 {until} 结束,此前不能审定"


class ConsultationEnded(Guard):
    """Comments are taken while the consultation lasts."""

    guard = "CONSULTATION_ENDED"
    text = "征求意见期已于 {until} 结束"


class NoLegalReview(Guard):
    """No rules without the reference of a legal review (REQ-L02)."""

    guard = "NO_LEGAL_REVIEW"
    text = "须填写合法性审查意见的文号"


class SameAsAuthor(Guard):
    """Who wrote rules neither publishes nor retires them."""

    guard = "SAME_AS_AUTHOR"
    text = "起草人不能发布或废止自己起草的规则集"


class RuleSetCodeTaken(Refusal):
    """There is a rule set of that version already."""

    code = "RULE_SET_CODE_TAKEN"
    status = 409
    text = "规则集 {code} 已存在,请使用新的版本号"


class PeriodTaken(Guard):
    """Two rule sets cannot begin on one day."""

    guard = "PERIOD_TAKEN"
    text = "规则集 {code} 已定于 {on} 生效"


class EndsSooner(Guard):
    """It ends on that day, or before it, already."""

    guard = "ENDS_SOONER"
    text = "规则集 {code} 已定于 {on} 失效"


class NoRulesLeft(Guard):
    """A district without rules gives nobody anything; whoever wants that says so."""

    guard = "NO_RULES_LEFT"
    text = "自 {on} 起该区将没有生效的规则集;确需如此的,须注明 without_successor"


class RuleNotInSet(Guard):
    """The rule set has no such rule."""

    guard = "RULE_NOT_IN_SET"
    text = "规则集中没有规则 {rule}"


class CommentEmpty(Guard):
    """A comment says something."""

    guard = "COMMENT_EMPTY"
    text = "意见内容不能为空"


# --------------------------------------------------------------------------------------------------
# Refusals of repair, veto, commendation, notice and export


class TextTooShort(Guard):
    """Something must be written down, and this says nothing."""

    guard = "TEXT_TOO_SHORT"
    text = "须写明情况,不少于{least}个字"


class NotADeduction(Guard):
    """Only what was deducted, and counts for good, can be repaired."""

    guard = "NOT_A_DEDUCTION"
    text = "只有已生效的扣分可以申请信用修复"


class TooEarly(Guard):
    """The shortest time of publication is not over (DOMAIN 4.8)."""

    guard = "TOO_EARLY"
    text = "{severity} 类失信信息最早可在 {earliest} 申请修复"


class AlreadyApplied(Guard):
    """There is one application at a time."""

    guard = "ALREADY_APPLIED"
    text = "对此已有未办结的修复申请 {number}"


class AlreadyVetoed(Guard):
    """One document vetoes an organisation once, however often it is sent."""

    guard = "ALREADY_VETOED"
    text = "文书 {document_no} 已对该主体作出一票否决,尚未解除"


class NotForPersons(Guard):
    """No list, veto or board of natural persons exists (REQ-L03)."""

    guard = "NOT_FOR_PERSONS"
    text = "不设针对自然人或家庭的负面名单、一票否决或排名"


class BasisRequired(Guard):
    """A veto rests on a document, after the party was heard (REQ-L04)."""

    guard = "BASIS_REQUIRED"
    text = "一票否决须填写依据文书和听取意见的记录"


class SpanInvalid(Guard):
    """The months are not in order, lie in what is final already, or are too many."""

    guard = "SPAN_INVALID"
    text = "起止月份有误:应从 {earliest} 起,不晚于 {latest}"


class SamePerson(Guard):
    """Two steps are taken by two persons."""

    guard = "SAME_PERSON"
    text = "前后两个环节不能由同一人办理"


class ApprovalDocumentRequired(Guard):
    """A formal commendation names the document that allows it (REQ-L13)."""

    guard = "APPROVAL_DOCUMENT_REQUIRED"
    text = "评比达标表彰须填写批准文号"


class FormalAtDistrictOnly(Guard):
    """Only the district commends formally (REQ-L13)."""

    guard = "FORMAL_AT_DISTRICT_ONLY"
    text = "评比达标表彰只能由区级开展;街道和社区可作通报表扬或月度之星"


class FormalOnceAYear(Guard):
    """At most one formal commendation a year (REQ-L13)."""

    guard = "FORMAL_ONCE_A_YEAR"
    text = "{year} 年度已开展过评比达标表彰"


class LevelDiffers(Guard):
    """A community commends as a community, a street as a street."""

    guard = "LEVEL_DIFFERS"
    text = "级别 {level} 与地区 {area} 不符"


class OutsideArea(Guard):
    """The nominee belongs elsewhere."""

    guard = "OUTSIDE_AREA"
    text = "{subject} 不属于本次表彰的地区"


class AlreadyNominated(Guard):
    """One is nominated once."""

    guard = "ALREADY_NOMINATED"
    text = "{subject} 已被提名"


class SelfNomination(Guard):
    """Nobody nominates himself."""

    guard = "SELF_NOMINATION"
    text = "不能提名本人或本人任职的单位"


class ReviewIncomplete(Guard):
    """Each eligible nominee is reviewed by a person, with written reasons (REQ-L05)."""

    guard = "REVIEW_INCOMPLETE"
    text = "以下候选对象缺少不少于10个字的评议意见:{missing}"


class NobodyLeft(Guard):
    """There is nobody whom this could be about."""

    guard = "NOBODY_LEFT"
    text = "没有符合条件的候选对象"


class QuotaExceeded(Guard):
    """More nominees are supported than can be commended."""

    guard = "QUOTA_EXCEEDED"
    text = "拟表彰 {count} 个,超过名额 {quota} 个"


class NoticeRunning(Guard):
    """The public notice has not ended yet."""

    guard = "NOTICE_RUNNING"
    text = "公示至 {until} 结束后方可审批"


class NotInNotice(Guard):
    """Objections are made while the notice runs."""

    guard = "NOT_IN_NOTICE"
    text = "不在公示期内"


class FormatUnknown(Guard):
    """This is not given in this form."""

    guard = "FORMAT_UNKNOWN"
    text = "{kind} 不支持格式 {format}"


class NotReady(Refusal):
    """The file is not made yet."""

    code = "NOT_READY"
    status = 409
    text = "文件尚未生成完毕"


class LogGone(Refusal):
    """The log of a month is not kept for ever; its digests are, in the notice (REQ-L08)."""

    code = "LOG_GONE"
    status = 410
    text = "{period} 的计算记录已过保存期;公示中的摘要仍可用于核对"


class Gone(Refusal):
    """The file was there and is not kept any more."""

    code = "GONE"
    status = 410
    text = "文件已过保存期,请重新导出"
