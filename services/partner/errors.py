"""Why the partner service says no. Texts are Chinese; English stands in `locale/en.po`."""

from chassis.refusal import Guard, Refusal


class UsccMalformed(Guard):
    """The code has another length or alphabet; nobody may override that."""

    guard = "USCC_INVALID"
    text = "统一社会信用代码 {uscc} 格式不正确:应为 18 位,不含 I、O、S、V、Z"


class UsccCheckFailed(Guard):
    """The check character is wrong; an official may record a reason and go on."""

    guard = "USCC_CHECK"
    text = "统一社会信用代码 {uscc} 校验位不符;如证照确为此号,由社区或街道在 uscc_override 中说明"


class LevelAreaMismatch(Guard):
    """A street-level partner belongs to a street (9 digits), a community-level one to 12."""

    guard = "LEVEL_AREA"
    text = "{level} 级合伙人的区域代码应为 {digits} 位"


class PartnerExists(Refusal):
    """The same organisation is a partner of this area already, or the id means another one."""

    code = "PARTNER_EXISTS"
    status = 409
    text = "该单位在 {area} 已登记为合伙人或编号已被占用:{id}"


class OfferExists(Refusal):
    """The client-chosen id belongs to another offer."""

    code = "OFFER_EXISTS"
    status = 409
    text = "兑换项目编号 {id} 已用于其他项目"


class OperatorsNeeded(Guard):
    """A partner needs somebody who verifies vouchers."""

    guard = "OPERATORS_NEEDED"
    text = "合伙人至少需要一名经办人"


class UnknownPerson(Guard):
    """Nobody of this id is registered, or the fact of it is still on its way."""

    guard = "UNKNOWN_PERSON"
    text = "人员 {person_id} 未登记或已迁出;刚登记的,请稍后再试"


class Deceased(Guard):
    """The dead act for nobody and redeem nothing."""

    guard = "DECEASED"
    text = "人员 {person_id} 已登记去世,不能办理"


class UnderAge(Guard):
    """Only an adult acts for a partner."""

    guard = "UNDER_AGE"
    text = "人员 {person_id} 未成年或年龄未登记,不能担任经办人"


class MergedAway(Refusal):
    """The id was given up after a double registration."""

    code = "PERSON_MERGED"
    status = 409
    text = "人员 {id} 的登记已合并,请使用保留的编号"


class PartnerDiffers(Refusal):
    """The id is known with other content."""

    code = "PARTNER_DIFFERS"
    status = 409
    text = "合伙人 {id} 已登记且内容不同:{what}"


class OfferDiffers(Refusal):
    """The id is known with other content."""

    code = "OFFER_DIFFERS"
    status = 409
    text = "兑换项目 {id} 已登记且内容不同:{what}"


class PartnerNotActive(Guard):
    """The partner may not offer or verify anything now."""

    guard = "PARTNER_NOT_ACTIVE"
    text = "合伙人当前状态为 {state},不能办理"


class CategoryForbidden(Guard):
    """Treatment, tobacco, alcohol, cash and what turns into cash cannot be redeemed."""

    guard = "OFFER_CATEGORY_FORBIDDEN"
    text = "积分不得兑换此类项目:{what}"


class ScopeTooWide(Guard):
    """An offer is valid inside its partner's area only."""

    guard = "SCOPE_TOO_WIDE"
    text = "项目适用范围 {scope} 超出合伙人所在区域 {area}"


class PriceRange(Guard):
    """A price, value or rate lies outside its range."""

    guard = "PRICE_RANGE"
    text = "{what} 应在 {least} 至 {most} 之间"


class SettleMode(Guard):
    """A partner that sponsors is not paid."""

    guard = "SETTLE_MODE"
    text = "让利不结算的合伙人,项目结算标准应为 0"


class ValidityWrong(Guard):
    """The offer's dates make no sense."""

    guard = "VALIDITY"
    text = "项目有效期不正确:{reason}"


class ConflictOfInterest(Guard):
    """Somebody would decide or gain on his own behalf."""

    guard = "CONFLICT_OF_INTEREST"
    text = "经办人不得兑换本合伙人的项目,也不得审批与本人有关的事项"


class LevelDenied(Guard):
    """Street-level offers are approved by the street, community-level ones by the community."""

    guard = "WRONG_LEVEL"
    text = "{level} 级项目应由 {role} 审批"


class OfferClosed(Guard):
    """The offer cannot be redeemed now."""

    guard = "OFFER_CLOSED"
    text = "该项目当前不可兑换"


class NotInScope(Guard):
    """The offer is not valid where the holder lives."""

    guard = "NOT_IN_SCOPE"
    text = "该项目只适用于 {scope}"


class WrongAudience(Guard):
    """The offer is not for this kind of wallet, or the person has no such wallet."""

    guard = "AUDIENCE"
    text = "该项目不面向 {wallet} 积分账户"


class LimitReached(Guard):
    """The person has used his share of this month."""

    guard = "LIMIT_REACHED"
    text = "本月每人限兑 {limit} 份,已兑 {used} 份"


class OutOfStock(Guard):
    """There is not enough left."""

    guard = "OUT_OF_STOCK"
    text = "库存不足"


class BadVoucher(Guard):
    """The code is not the one of this redemption."""

    guard = "BAD_VOUCHER"
    text = "兑换码不正确"


class TooManyTries(Guard):
    """Wrong codes were tried too often; the limit is per redemption and hour."""

    guard = "TOO_MANY_TRIES"
    status = 429
    text = "兑换码错误次数过多,请一小时后再试"


class VoucherExpired(Guard):
    """The voucher's time is over, even where the timer has not fired yet."""

    guard = "EXPIRED"
    text = "兑换码已过期"


class OperatorIsHolder(Guard):
    """Nobody verifies his own voucher."""

    guard = "OPERATOR_IS_HOLDER"
    text = "不得核销本人的兑换单"


class ReasonNeeded(Guard):
    """A partner cancels for one of two reasons only, because one of them costs score."""

    guard = "REASON_REQUIRED"
    text = "合伙人取消须选择原因:缺货(OUT_OF_STOCK)或停业(CLOSED)"


class AlreadyRated(Guard):
    """A redemption is rated once."""

    guard = "ALREADY_RATED"
    text = "该兑换单已评价"


class WindowOver(Guard):
    """The time for this has passed."""

    guard = "WINDOW_OVER"
    text = "已超过期限 {until}"


class RefundDecided(Guard):
    """A denied refund is asked for once more, with other reasons; then it is over."""

    guard = "REFUND_DECIDED"
    text = "退回申请已被驳回:{reasons};可以新的理由再申请一次,由街道审理"


class StreetDecides(Guard):
    """What was denied once is decided by the street, and not by whoever denied it."""

    guard = "STREET_DECIDES"
    text = "再次申请的退回由街道另一名人员审理"


class ReceivableShort(Guard):
    """Points are given back only out of points that the partner will still be paid for."""

    guard = "RECEIVABLE_SHORT"
    text = "合伙人未结积分 {open} 不足以冲减 {points},请待其有新的核销后办理"


class FundShort(Guard):
    """The fund of the area and month does not cover the statement."""

    guard = "FUND_SHORT"
    text = "共建基金不足:{area} {period} 预算 {budget} 分,已占用 {committed} 分,本单 {amount} 分"


class LineUnknown(Guard):
    """A line that is disputed or adjusted is not on the statement."""

    guard = "LINE_UNKNOWN"
    text = "结算单中没有兑换单 {redemption_id}"


class AdjustmentsWrong(Guard):
    """What was decided and what should be changed do not fit."""

    guard = "ADJUSTMENTS"
    text = "复核结论为调整(ADJUSTED)时须给出调整明细,为维持(UPHELD)时不得给出"


class FundBelowCommitted(Guard):
    """Money that is promised cannot be taken out of the budget."""

    guard = "BUDGET_BELOW_COMMITTED"
    text = "预算不得低于已占用的 {committed} 分"
