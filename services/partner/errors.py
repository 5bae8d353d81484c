"""Why the partner service says no, in both languages."""

from fivered.chassis.refusal import CALLER_DECEASED, CALLER_GONE, CALLER_MERGED, Guard, Refusal


class UsccMalformed(Guard):
    guard = "USCC_INVALID"
    text = (
        "统一社会信用代码 {uscc} 格式不正确:应为 18 位,不含 I、O、S、V、Z"
        " / The unified social credit code {uscc} is malformed: 18 characters without I, O, S, V, "
        "Z"
    )


class UsccCheckFailed(Guard):
    guard = "USCC_CHECK"
    text = (
        "统一社会信用代码 {uscc} 校验位不符;如证照确为此号,由社区或街道在 uscc_override 中说明"
        " / The check character of the unified social credit code {uscc} is wrong; if the licence "
        "really says so, the community or street registers it with a reason in uscc_override"
    )


class LevelAreaMismatch(Guard):
    guard = "LEVEL_AREA"
    text = (
        "{level}级合伙人的区域代码应为 {digits} 位"
        " / The area code of a {level} partner has {digits} digits"
    )


class PartnerExists(Refusal):
    status = 409
    text = (
        "该单位在 {area} 已登记为合伙人或编号已被占用:{id}"
        " / This organisation is a partner in {area} already, or the id is taken: {id}"
    )


class OfferExists(Refusal):
    status = 409
    text = "兑换项目编号 {id} 已用于其他项目 / The offer id {id} belongs to another offer"


class OperatorsNeeded(Guard):
    text = "合伙人至少需要一名经办人 / A partner needs at least one operator"


class UnknownPerson(Guard):
    text = (
        "人员 {person_id} 未登记或已迁出;刚登记的,请稍后再试"
        " / {person_id} is not registered, or has moved out; if the registration is new, try "
        "again in a moment"
    )


class Deceased(Guard):
    text = (
        "人员 {person_id} 已登记去世,不能办理"
        " / {person_id} is registered as deceased; this is not possible"
    )


class UnderAge(Guard):
    text = (
        "人员 {person_id} 未成年或年龄未登记,不能担任经办人"
        " / {person_id} is no adult, or the age is not registered; only an adult acts for a "
        "partner"
    )


class MergedAway(Refusal):
    code = "PERSON_MERGED"
    status = 409
    text = (
        "人员 {id} 的登记已合并,请使用保留的编号"
        " / The registration {id} was merged into another one; use the id that was kept"
    )


class CallerGone(UnknownPerson):
    text = CALLER_GONE
    of_caller = True


class CallerDeceased(Deceased):
    text = CALLER_DECEASED
    of_caller = True


class CallerMerged(MergedAway):
    text = CALLER_MERGED
    of_caller = True


class PartnerDiffers(Refusal):
    status = 409
    text = (
        "合伙人 {id} 已登记且内容不同:{what}"
        " / The partner {id} is registered with other content: {what}"
    )


class OfferDiffers(Refusal):
    status = 409
    text = (
        "兑换项目 {id} 已登记且内容不同:{what}"
        " / The offer {id} is registered with other content: {what}"
    )


class PartnerNotActive(Guard):
    text = "合伙人当前状态为 {state},不能办理 / The partner is {state}; this is not possible now"


class CategoryForbidden(Guard):
    """Treatment, tobacco, alcohol, cash and what turns into cash cannot be redeemed."""

    guard = "OFFER_CATEGORY_FORBIDDEN"
    text = "积分不得兑换此类项目:{what} / Points may not buy this: {what}"


class ScopeTooWide(Guard):
    text = (
        "项目适用范围 {scope} 超出合伙人所在区域 {area}"
        " / The offer's scope {scope} exceeds the partner's area {area}"
    )


class PriceRange(Guard):
    text = "{what}应在 {least} 至 {most} 之间 / {what} must lie between {least} and {most}"


class SettleMode(Guard):
    text = (
        "让利不结算的合伙人,项目结算标准应为 0"
        " / A partner that sponsors is paid nothing: settle_fen_per_point must be 0"
    )


class ValidityWrong(Guard):
    guard = "VALIDITY"
    text = "项目有效期不正确:{reason} / The offer's validity is wrong: {reason}"


class ConflictOfInterest(Guard):
    denial = True
    text = (
        "您或您的同住家人与此事项有利害关系,应当回避,由本级其他工作人员办理"
        " / You or somebody you live with has a stake in this matter; another official of your "
        "level decides"
    )


class OwnShop(ConflictOfInterest):
    guard = "CONFLICT_OF_INTEREST"
    text = (
        "经办人及其家庭不得兑换或评价本合伙人的项目"
        " / Those who act for a partner, and their households, neither redeem nor rate its offers"
    )


class LevelDenied(Guard):
    denial = True
    guard = "WRONG_LEVEL"
    text = "{level}级项目应由 {role} 审批 / Offers of level {level} are approved by {role}"


class OfferClosed(Guard):
    text = "该项目当前不可兑换 / This offer cannot be redeemed now"


class NotInScope(Guard):
    text = "该项目只适用于 {scope} / This offer is valid in {scope} only"


class WrongAudience(Guard):
    guard = "AUDIENCE"
    text = "该项目不面向 {wallet} 积分账户 / This offer is not for {wallet} wallets"


class NoSuchWallet(WrongAudience):
    """The offer is for such wallets; the caller has none."""

    text = "您没有 {wallet} 积分账户 / You have no {wallet} wallet"


class LimitReached(Guard):
    text = (
        "本月每人限兑 {limit} 份,已兑 {used} 份"
        " / Each person may take {limit} a month; you have taken {used}"
    )


class OutOfStock(Guard):
    text = "库存不足 / There is not enough left"


class BadVoucher(Guard):
    text = "兑换码不正确 / The voucher is wrong"


class TooManyTries(Guard):
    status = 429
    text = "兑换码错误次数过多,请一小时后再试 / Too many wrong vouchers; try again in an hour"


class VoucherExpired(Guard):
    """The voucher's time is over, even where the timer has not fired yet."""

    guard = "EXPIRED"
    text = "兑换码已过期 / The voucher has expired"


class OperatorIsHolder(Guard):
    denial = True
    text = "不得核销本人或同住家人的兑换单 / Nobody verifies a voucher of their own household"


class ReasonNeeded(Guard):
    guard = "REASON_REQUIRED"
    text = (
        "合伙人取消须选择原因:缺货(OUT_OF_STOCK)或停业(CLOSED)"
        " / A partner cancels with the reason OUT_OF_STOCK or CLOSED"
    )


class AlreadyRated(Guard):
    text = "该兑换单已评价 / This redemption is rated already"


class WindowOver(Guard):
    text = "已超过期限 {until} / The time for this ended at {until}"


class RefundDecided(Guard):
    text = (
        "退回申请已被驳回:{reasons};可以新的理由再申请一次,由街道审理"
        " / The refund was denied: {reasons}; it is asked for once more, with other reasons, and "
        "the street decides"
    )


class StreetDecides(Guard):
    denial = True
    text = (
        "再次申请的退回由街道另一名人员审理"
        " / What is asked for again is decided by another person, of the street"
    )


class ReceivableShort(Guard):
    text = (
        "合伙人未结积分 {open} 不足以冲减 {points},请待其有新的核销后办理"
        " / The partner's open points {open} do not cover {points}; wait for its next redemptions"
    )


class FundShort(Guard):
    text = (
        "共建基金不足:{area} {period} 预算 {budget} 分,已占用 {committed} 分,本单 {amount} 分"
        " / The fund is short: {area} {period} has a budget of {budget} fen, {committed} are "
        "bound, this statement needs {amount}"
    )


class LineUnknown(Guard):
    text = "结算单中没有兑换单 {redemption_id} / The statement has no redemption {redemption_id}"


class LineGivenBack(Guard):
    guard = "ADJUSTMENTS"
    text = (
        "兑换单 {redemption_id} 已退回,该行金额不再调整"
        " / Redemption {redemption_id} was given back: its line is not adjusted any more"
    )


class AdjustmentTooHigh(Guard):
    guard = "ADJUSTMENTS"
    text = (
        "该行结算额不得超过所兑项目的价值({most} 分,人民币)"
        " / At most what the line is worth in the shop is paid for it: {most} fen"
    )


class AdjustmentsWrong(Guard):
    """What was decided and what should be changed do not fit."""

    guard = "ADJUSTMENTS"
    text = (
        "复核结论为调整(ADJUSTED)时须给出调整明细,为维持(UPHELD)时不得给出"
        " / ADJUSTED needs adjustments, UPHELD takes none"
    )


class PaymentRefNeeded(Guard):
    """Money leaves the fund by a paper that can be found again."""

    text = (
        "付款 {amount} 分须填写付款凭证编号(payment_ref)"
        " / A payment of {amount} fen names its paper, in “payment_ref”"
    )


class UnknownArea(Guard):
    text = (
        "区域 {area} 尚未登记,请核对代码;刚登记的,请稍后再试"
        " / There is no area {area}: check the code, or try again later if it was defined just now"
    )


class FundMonth(Guard):
    """A fund is set for a month that can still be paid from it, and not for a distant one."""

    text = (
        "月份 {period} 不可设定:新设基金的月份应在 {first} 至 {last} 之间"
        " / The month {period} is not to be set: a new fund is for a month from {first} to {last}"
    )


class FundBelowCommitted(Guard):
    """Money that is promised cannot be taken out of the budget."""

    guard = "BUDGET_BELOW_COMMITTED"
    text = (
        "预算不得低于已占用的 {committed} 分"
        " / The budget may not be less than the {committed} fen that are bound"
    )
