"""Refusals of credit: each a rule that said no, with a stable code."""

from __future__ import annotations

from fivered.chassis.refusal import CALLER_DECEASED, CALLER_MERGED, Guard, Refusal, StateConflict

# --------------------------------------------------------------------------------------------------
# Refusals of the points ledger (raised in `rules/`)


class PointsNotAllowed(Refusal):
    """Points for a kind that cannot spend them, or for a deed that must stay unpaid (REQ-L16)."""

    text = "规则 {rule} 不得发放积分:{reason} / Rule {rule} must not give points: {reason}"


class InsufficientPoints(Refusal):
    text = (
        "可用积分不足:可用 {available},需要 {needed}"
        " / Not enough points: {available} available, {needed} needed"
    )


# --------------------------------------------------------------------------------------------------
# Refusals of the steps of a redemption: told as `hold_rejected`, with the code as its reason


class NotSpendable(Refusal):
    text = "该钱包的积分不能由此人兑换 / The points of this wallet cannot be spent by this person"


class NoWallet(Refusal):
    text = (
        "此人没有积分钱包:未授权参加积分,或登记尚未收到"
        " / This person has no wallet of points: either there is no "
        "consent to points, or the registration has not arrived yet"
    )


class NotAMember(Refusal):
    text = (
        "家庭积分只能由该家庭的成年成员使用"
        " / Only an adult member of a household can spend its points"
    )


class ConsentWithdrawn(Refusal):
    text = (
        "授权已撤回,积分已过可使用期限"
        " / Consent was withdrawn, and the time to spend the points is over"
    )


class ConsentSuspended(StateConflict):
    code = "CONSENT_SUSPENDED"
    text = (
        "该家庭目前没有原成年成员在住,家庭授权已暂停:不记分、不能兑换,积分保留 90 天;"
        "原成年成员迁回后恢复,新入住的成年成员可另行授权"
        " / No adult who had lived in this household lives in it now, so its consent is "
        "suspended: nothing is scored or spent, and its points are kept for 90 days. It goes on "
        "when such an adult is back; adults who are new there may consent anew"
    )


class HolderDeceased(StateConflict):
    """A person who has died spends, consents, speaks and objects no more."""

    code = "HOLDER_DECEASED"
    text = "当事人已去世 / The person concerned has died"


class HolderGone(StateConflict):
    code = "HOLDER_GONE"
    text = (
        "当事人已不是登记居民(已迁出,或登记已合并)"
        " / The person concerned is no registered resident any more (moved out, or merged with "
        "another registration)"
    )


class CallerDeceased(HolderDeceased):
    text = CALLER_DECEASED
    of_caller = True


class CallerMerged(HolderGone):
    text = CALLER_MERGED
    of_caller = True


class HoldDiffers(Refusal):
    """The same redemption is asked for with another content; nothing tells which one is meant."""

    status = 409
    text = (
        "兑换 {redemption} 的钱包、合伙人或积分与已登记的不一致"
        " / Redemption {redemption} was recorded with another wallet, partner or number of points"
    )


class HoldWithdrawn(Refusal):
    """Its end, or a later step, came before the request for it."""

    code = "TOMBSTONE"
    status = 409
    text = (
        "兑换 {redemption} 未曾冻结积分,或在冻结前已取消"
        " / No points were ever held for redemption {redemption}, or it was given up before"
    )


class CapturedTwice(Refusal):
    status = 409
    text = (
        "兑换 {redemption} 的积分已核销,不能重复核销"
        " / The points of redemption {redemption} were captured already and are not captured twice"
    )


class AlreadyCaptured(Refusal):
    status = 409
    text = (
        "兑换 {redemption} 的积分已核销,不能解除冻结"
        " / The points of redemption {redemption} were captured and cannot be released"
    )


class AlreadyReleased(Refusal):
    status = 409
    text = (
        "兑换 {redemption} 的冻结积分已退回,不能核销或退还"
        " / The points of redemption {redemption} were released and cannot be captured or refunded"
    )


class AlreadyRefunded(Refusal):
    status = 409
    text = (
        "兑换 {redemption} 的积分已退还,不能再核销或解除冻结"
        " / The points of redemption {redemption} were refunded and cannot be captured or released"
    )


class RefundedTwice(Refusal):
    status = 409
    text = (
        "兑换 {redemption} 的积分已退还,不能重复退还"
        " / The points of redemption {redemption} were refunded already and are not refunded twice"
    )


class NotCaptured(Refusal):
    status = 409
    text = (
        "兑换 {redemption} 的积分尚未核销,不能退还"
        " / The points of redemption {redemption} were not captured yet and cannot be refunded"
    )


# --------------------------------------------------------------------------------------------------
# Refusals of actions: consent, awards, settlement, objection


class RuleSetChanged(Refusal):
    status = 409
    text = (
        "规则集 {code} 已以其他内容发布,已发布的规则不可更改"
        " / Rule set {code} was published with another content; published rules never change"
    )


class PersonUnknown(Guard):
    guard = "IDENTITY_NOT_VERIFIED"
    text = (
        "尚未收到人员 {person} 的登记信息,请稍后再试"
        " / The registry has not told of person {person} yet; try again later"
    )


class UnknownArea(Guard):
    text = (
        "区域 {area} 尚未登记,请核对代码;刚登记的,请稍后再试"
        " / There is no area {area}: check the code, or try again later if it was defined just now"
    )


class UnderAge(Guard):
    """A person below 18 has no credit account (REQ-L06)."""

    text = (
        "未满 18 周岁,不参加信用赋分,也不代表单位"
        " / Nobody under 18 takes part in scoring, or speaks for an organisation"
    )


class NoticeOutdated(Guard):
    text = (
        "授权告知书版本已更新:当前版本 {current}"
        " / The consent notice has changed: version {current} is in force"
    )


class NoticeNotPublished(Guard):
    text = (
        "授权告知书版本 {version} 尚未公布或尚未生效:当前版本 {current}"
        " / Version {version} of the consent notice is not published, or not in force yet: "
        "version {current} is in force"
    )


class NoticeVersionTaken(Refusal):
    status = 409
    text = (
        "授权告知书版本 {version} 已存在,请使用新的版本号"
        " / Version {version} of the consent notice exists already; use another one"
    )


class NoticeDayPast(Guard):
    text = (
        "告知书生效日期不得早于 {first} / A consent notice is in force from {first} at the earliest"
    )


class PurposeMissing(Guard):
    text = "授权 {purpose} 须同时授权 {needed} / Consent to {purpose} needs consent to {needed}"


class PurposesLeftOut(Guard):
    """Who registers a consent for somebody takes nothing away by it."""

    text = (
        "代办登记须包含本人现有的授权用途 {purposes};要撤回,请凭回执办理撤回"
        " / The purposes that stand belong to it: {purposes}; to take one away withdraw it by the "
        "person's receipt"
    )


class HousemateWithdrew(Guard):
    """A household's account needs that no adult of it objects (DOMAIN 1.5)."""

    text = (
        "本户另一成年成员已撤回家庭授权,须由其本人重新授权"
        " / Another adult of the household has withdrawn its consent; only that person gives it "
        "again"
    )


class EvidenceRequired(Guard):
    text = "须提供依据材料 / Something must be shown as evidence"


class NoteRequired(EvidenceRequired):
    """A proposal is refused with words, not with a document."""

    code = "EVIDENCE_REQUIRED"
    text = "不予认可须写明理由 / A person who rejects a proposal says why"


class NotOfHousehold(Guard):
    text = "该人员不属于此家庭 / The person does not belong to this household"


class NoConsent(Guard):
    """A natural person is scored only with their consent at the time of the deed (REQ-L01)."""

    text = "当事人在 {at} 未授权参加信用赋分 / The person had not consented to scoring at {at}"


class SubjectClosed(Guard):
    """What a subject does while it is closed is not scored; an office opens it again."""

    text = (
        "{subject} 自 {since} 起已注销,此后的行为不计分;商户和驻区单位可由街道或区重新启用"
        " / {subject} is closed since {since}: what is done from then on is not scored. The street "
        "or the district can open a merchant or unit again"
    )


class RuleNotInForce(Guard):
    text = "规则 {rule} 在 {on} 未生效 / Rule {rule} was not in force on {on}"


class NotAllowedToPropose(Guard):
    denial = True
    text = (
        "规则 {rule} 不能由角色 {role} 提出"
        " / The role {role} does not propose awards of rule {rule}"
    )


class NotAllowedToApprove(Guard):
    denial = True
    text = (
        "规则 {rule} 不能由角色 {role} 审核"
        " / The role {role} does not approve awards of rule {rule}"
    )


class LegalDocumentRequired(Guard):
    """A SERIOUS matter needs the number of a legally effective document (REQ-L04)."""

    text = (
        "规则 {rule} 须填写已生效法律文书的文号"
        " / Rule {rule} needs the number of a legally effective document"
    )


class LevelUnknown(Guard):
    text = "规则 {rule} 没有等级 {level} / Rule {rule} has no level {level}"


class LevelNeeded(LevelUnknown):
    text = "规则 {rule} 按等级计分,须填写等级 / Rule {rule} has levels: the award needs to name one"


class WrongKind(Guard):
    text = "规则 {rule} 不适用于主体 {subject} / Rule {rule} is not for the subject {subject}"


class OtherKind(WrongKind):
    """Somebody is nominated for a commendation of another kind of subject."""

    text = (
        "表彰 {commendation} 的对象类别为 {kind},不能提名 {subject}"
        " / Commendation {commendation} is for the kind {kind}: {subject} cannot be nominated"
    )


class CommendationGranted(StateConflict):
    """A commendation is granted, which is another word than of a consent or a budget."""

    text = "表彰已颁发,不能执行此操作 / This is not possible: the commendation is granted"


class CommendationApproved(StateConflict):
    """The notice of a commendation by which somebody is commended already stays what it was."""

    text = (
        "公示所涉表彰 {number} 已有对象获批,公示不能撤回;表彰有误的,请撤销该对象的表彰"
        " / Somebody is commended by this notice (commendation {number}), so it is not withdrawn; "
        "take the commendation back from who should not have it"
    )


class ClockSkew(Guard):
    """It is said to have happened in the future, or too long ago."""

    text = "发生时间 {at} 不在允许范围内 / The time {at} lies outside what is accepted"


class SelfApproval(Guard):
    denial = True
    text = "不能办理涉及本人的事项 / Nobody decides a matter of their own"


class SameAsProposer(Guard):
    denial = True
    text = "提出人与审核人不能为同一人 / Who proposed does not approve"


class ConflictOfInterest(Guard):
    """Who holds a post in an organisation, operates or represents it, or lives in a household with
    whom it concerns, does nothing official about it."""

    status = 403
    text = (
        "经办人与 {subject} 有任职、经营、代表或同户关系,须回避;可由无此关系的其他 {role} 办理,"
        "或依程序转由 {substitute} 办理"
        " / The caller holds a post at {subject}, operates or represents it, or lives with whom "
        "it concerns, and must stay out; another {role} without such a tie may act, or it passes "
        "to {substitute} in due course"
    )


class YieldsToRule(Guard):
    text = (
        "同一事项已按规则 {other} 赋分,规则 {rule} 不再适用"
        " / The same deed was awarded under rule {other}; rule {rule} yields to it"
    )


class ProposalDiffers(Guard):
    text = (
        "同一事项已以不同内容提出:{award}"
        " / The same deed was proposed with other content before: {award}"
    )


class PassedOn(Guard):
    guard = "LAPSED"
    text = (
        "该扣分逾期未审核,已转由 {waits_for} 审核"
        " / Nobody decided this deduction in time; it has passed to {waits_for}"
    )
    names = ("waits_for",)


class HashChanged(Guard):
    text = (
        "赋分草案已变更,请重新查看后确认"
        " / The draft has changed; look at it again before confirming"
    )


class Incomplete(Guard):
    """A required source has not told all of its month."""

    text = (
        "数据不完整,不能确认:{missing} / The data is incomplete and cannot be confirmed: {missing}"
    )


class EarlierMonthOpen(Guard):
    """A deduction of an earlier month counts in this one too, and that month is not published."""

    text = (
        "请先公布 {period}:该月尚有扣分计入本月,先确认本月将漏计"
        " / Publish {period} first: a deduction of it counts in this month too, which would be "
        "left out"
    )


class SampleNotChecked(Guard):
    text = (
        "须核对全部扣分和不少于 5%的人工赋分:尚缺 {missing} 项"
        " / All deductions and at least 5 % of the awards by hand must be looked at: {missing} "
        "are missing"
    )


class NotToCheck(Guard):
    text = (
        "赋分 {award} 不在本草案待核对名单(to_check)中"
        " / The award {award} is none of those that this draft names in `to_check`"
    )


class SameAsReviewer(Guard):
    denial = True
    text = "核对人与确认人不能为同一人 / Who reviewed does not confirm"


class NotSubject(Guard):
    denial = True
    text = "只有当事人可以对此提出异议 / Only the subject can object to this"


class TooLate(Guard):
    text = "已超过 12 个月的异议期限 / Objections are possible for 12 months"


class AlreadyObjected(Guard):
    text = "对此已有未办结的异议 {number} / Objection {number} to this is still open"


class InChain(Guard):
    denial = True
    text = (
        "参与过该事项的人员不能裁定该事项,须由其他人员办理"
        " / Who had a hand in the matter does not decide it; somebody else must"
    )


class ReasonsRequired(Guard):
    text = "须说明理由,不少于 20 个字 / The reasons have at least 20 characters"


class TextRequired(Guard):
    text = (
        "须写明异议内容,不少于{least}个字"
        " / An objection must say what is wrong, in at least {least} characters"
    )


class NotFiler(Guard):
    denial = True
    text = "只有提出人可以办理 / Only the person who filed it can do this"


class AlreadyExtended(Guard):
    text = "裁定期限已延长过一次,不能再延长 / The time of the decision was extended once already"


class DeadlinePassed(Guard):
    text = "期限已于 {until} 届满 / The time for this ended at {until}"


class NothingToReview(Guard):
    text = "异议已获支持,无须复核 / The objection was upheld; there is nothing to review"


class NoHigherLevel(Guard):
    text = (
        "区级裁定为终局裁定,没有上一级可以复核"
        " / A decision of the district is final; no higher level reviews it"
    )


class LevelTooLow(Guard):
    denial = True
    text = (
        "复核须由裁定人的上一级办理,{role} 的层级不够"
        " / A review is made on a higher level than the decision; {role} is not high enough"
    )


class WorseThanDecided(Guard):
    text = (
        "复核结果不得比原裁定 {outcome} 更不利于提出人"
        " / A review may not be worse for the person who filed it than the decision {outcome}"
    )


class ConsentDiffers(Guard):
    text = "已有内容不同的授权 / There is a consent with other content already"


# --------------------------------------------------------------------------------------------------
# Refusals of the life of a rule set


class NotPeriodStart(Guard):
    text = (
        "生效日期 {on} 须为未来月份的第一天"
        " / Rules begin on the first day of a future month, not on {on}"
    )


class ConsultationNotEnded(Guard):
    """The public has 10 working days to say what it thinks of a draft (REQ-L02)."""

    text = (
        "征求意见期至 {until} 结束,此前不能审定"
        " / The consultation lasts until {until}; nothing is approved before"
    )


class ConsultationEnded(Guard):
    """Comments are taken while the consultation lasts."""

    text = "征求意见期已于 {until} 结束 / The consultation ended at {until}"


class NoLegalReview(Guard):
    """No rules without the reference of a legal review (REQ-L02)."""

    text = "须填写合法性审查意见的文号 / The reference of a legal review is required"


class SameAsAuthor(Guard):
    denial = True
    text = (
        "起草人不能发布或废止自己起草的规则集"
        " / Who wrote a rule set neither publishes nor retires it"
    )


class RuleSetCodeTaken(Refusal):
    status = 409
    text = (
        "规则集 {code} 已存在,请使用新的版本号"
        " / Rule set {code} exists already; use another version"
    )


class PeriodTaken(Guard):
    text = "规则集 {code} 已定于 {on} 生效 / Rule set {code} begins on {on} already"


class EndsSooner(Guard):
    text = "规则集 {code} 已定于 {on} 失效 / Rule set {code} ends on {on} already"


class NoRulesLeft(Guard):
    text = (
        "自 {on} 起该区将没有生效的规则集;确需如此的,须注明 without_successor"
        " / From {on} on the district would have no rules in force; say without_successor if that "
        "is meant"
    )


class RuleNotInSet(Guard):
    text = "规则集中没有规则 {rule} / The rule set has no rule {rule}"


class CommentEmpty(Guard):
    text = "意见内容不能为空 / A comment must say something"


# --------------------------------------------------------------------------------------------------
# Refusals of repair, veto, commendation, notice and export


class TextTooShort(Guard):
    text = (
        "须写明情况,不少于{least}个字 / Write down what it is about, in at least {least} characters"
    )


class NotADeduction(Guard):
    text = (
        "只有已生效的扣分可以申请信用修复 / Only a deduction that counts for good can be repaired"
    )


class TooEarly(Guard):
    """The shortest time of publication is not over (DOMAIN 4.8)."""

    text = (
        "{severity} 类失信信息最早可在 {earliest} 申请修复"
        " / An item of severity {severity} can be repaired from {earliest} on"
    )


class AlreadyApplied(Guard):
    text = "对此已有未办结的修复申请 {number} / There is an open application {number} about this"


class AlreadyProposed(Refusal):
    """The same evidence was proposed with another content."""

    status = 409
    text = (
        "依据相同的赋分 {award} 已经提出,但档次、日期、文号、理由或其他依据不同;"
        "如有误,请先退回原赋分"
        " / Award {award} was proposed by the same evidence with another level, day, document or "
        "reason, or without the rest of it; if that one is wrong it is rejected first"
    )


class DeedDecided(Refusal):
    """The same evidence was proposed, and a person has found that it does not count."""

    status = 409
    text = (
        "依据相同的赋分 {award} 当前状态为“{state}”,不能凭同一依据再次提出;该结论有误的,"
        "请以认定其有误的文书编号为第一项依据重新提出,原依据列于其后"
        " / Award {award} was proposed by the same evidence and is {state}: the same evidence does "
        "not propose it again. If that was wrong, propose it with the number of the paper that "
        "found so as the first reference, and the former evidence after it"
    )


class AlreadyVetoed(Guard):
    text = (
        "文书 {document_no} 已对该主体作出一票否决,尚未解除"
        " / Document {document_no} has vetoed this subject already and is not lifted"
    )


class NotForPersons(Guard):
    """No list, veto or board of natural persons exists (REQ-L03)."""

    text = (
        "不设针对自然人或家庭的负面名单、一票否决或排名"
        " / There is no negative list, veto or board of natural persons or households"
    )


class BasisRequired(Guard):
    """A veto rests on a document, after the party was heard (REQ-L04)."""

    text = (
        "一票否决须填写依据文书和听取意见的记录"
        " / A veto needs the document that it rests on and the record of the hearing"
    )


class SpanInvalid(Guard):
    """The months are not in order, lie in what is final already, or are too many."""

    text = (
        "起止月份有误:应从 {earliest} 起,不晚于 {latest}"
        " / The months are wrong: from {earliest} at the earliest, until {latest} at the latest"
    )


class SamePerson(Guard):
    denial = True
    text = "前后两个环节不能由同一人办理 / Two steps in a row are taken by two persons"


class ApprovalDocumentRequired(Guard):
    """A formal commendation names the document that allows it (REQ-L13)."""

    text = (
        "评比达标表彰须填写批准文号"
        " / A formal commendation needs the number of the document that allows it"
    )


class FormalAtDistrictOnly(Guard):
    """Only the district commends formally (REQ-L13)."""

    text = (
        "评比达标表彰只能由区级开展;街道和社区可作通报表扬或月度之星"
        " / Only the district commends formally; streets and communities may praise by notice or "
        "name stars"
    )


class FormalOnceAYear(Guard):
    """At most one formal commendation a year (REQ-L13)."""

    text = "{year} 年度已开展过评比达标表彰 / There was a formal commendation in {year} already"


class LevelDiffers(Guard):
    text = "级别 {level} 与地区 {area} 不符 / Level {level} does not fit area {area}"


class OutsideArea(Guard):
    text = (
        "{subject} 不属于本次表彰的地区"
        " / {subject} does not belong to the area of this commendation"
    )


class AlreadyNominated(Guard):
    text = "{subject} 已被提名 / {subject} is nominated already"


class SelfNomination(Guard):
    denial = True
    text = "不能提名本人或本人任职的单位 / Nobody nominates themselves or where they hold a post"


class ReviewIncomplete(Guard):
    """Each eligible nominee is reviewed by a person, with written reasons (REQ-L05)."""

    text = (
        "以下候选对象缺少不少于 10 个字的评议意见:{missing}"
        " / These nominees lack a review of at least 10 characters: {missing}"
    )


class NotUnderReview(Guard):
    text = "{subject} 不在本次评议之列 / {subject} is not under review here"


class ReviewedTwice(Guard):
    text = "{subject} 有两条评议意见 / There are two reviews of {subject}"


class NobodyLeft(Guard):
    text = "没有符合条件的候选对象 / There is no nominee who meets the conditions"


class QuotaExceeded(Guard):
    text = (
        "拟表彰 {count} 个,超过名额 {quota} 个 / {count} shall be commended, the quota is {quota}"
    )


class NoticeRunning(Guard):
    text = (
        "公示至 {until} 结束后方可审批 / It can be approved when the notice has ended, at {until}"
    )


class NotInNotice(Guard):
    text = "不在公示期内 / No notice runs now"


class FormatUnknown(Guard):
    text = "{kind} 不支持格式 {format} / {kind} is not given as {format}"


class NotReady(Refusal):
    status = 409
    text = "文件尚未生成完毕 / The file is not made yet"


class LogGone(Refusal):
    """The log of a month is not kept for ever; its digests are, in the notice (REQ-L08)."""

    status = 410
    text = (
        "{period} 的计算记录已过保存期;公示中的摘要仍可用于核对"
        " / The log of {period} is not kept any more; the digests in the notice still verify a "
        "copy of it"
    )


class Gone(Refusal):
    status = 410
    text = "文件已过保存期,请重新导出 / The file is not kept any more; ask for it again"
