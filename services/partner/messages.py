"""What those who act for a partner are told, by the code of the message."""

from __future__ import annotations

from fivered.chassis.refusal import sentences

MESSAGES = sentences(
    {
        # ------------------------------------------------------------ redemptions
        "VOUCHER_WAITS": (
            "兑换单 {number}“{title}”×{qty} 待核销,有效至 {until}"
            " / Redemption {number}, {qty} × “{title}”, waits to be verified; its voucher is good "
            "until {until}"
        ),
        "REDEMPTION_CANCELLED": (
            "兑换单 {number}“{title}”已取消,不再核销"
            " / Redemption {number}, “{title}”, is cancelled: nobody will come for it"
        ),
        "REDEMPTION_EXPIRED": (
            "兑换单 {number}“{title}”已过期,不再核销"
            " / Redemption {number}, “{title}”, has expired: nobody will come for it"
        ),
        "REFUND_ASKED": (
            "兑换单 {number}“{title}”有人申请退回,最迟 {until} 前由工作人员决定。理由:{reason}"
            " / A refund of redemption {number}, “{title}”, is asked for; an official decides by "
            "{until}. Reason: {reason}"
        ),
        "REFUND_APPROVED": (
            "兑换单 {number}“{title}”已同意退回,{points} 分从应结积分中扣回"
            " / The refund of redemption {number}, “{title}”, is approved; {points} points are "
            "taken off what is due to you"
        ),
        "REFUND_BORNE": (
            "兑换单 {number}“{title}”已同意退回,{points} 分由区承担"
            " / The refund of redemption {number}, “{title}”, is approved; the district bears its "
            "{points} points"
        ),
        "REFUND_DENIED": (
            "兑换单 {number}“{title}”的退回申请未获同意,原兑换有效。理由:{reason}"
            " / The refund of redemption {number}, “{title}”, is denied; the redemption stands. "
            "Reason: {reason}"
        ),
        # ------------------------------------------------------------ offers
        "OFFER_APPROVED": (
            "兑换项目“{title}”已批准,可以上架"
            " / The offer “{title}” is approved and may be published"
        ),
        "OFFER_REFUSED": (
            "兑换项目“{title}”未获批准:{reason} / The offer “{title}” is not approved: {reason}"
        ),
        "PRICES_APPROVED": (
            "“{title}”的新价格已批准,现为 {points} 分"
            " / The new prices of “{title}” are approved; it costs {points} points now"
        ),
        "PRICES_REFUSED": (
            "“{title}”的新价格未获批准,原价格不变:{reason}"
            " / The new prices of “{title}” are not approved, the old ones stay: {reason}"
        ),
        "OFFER_PAUSED": (
            "工作人员已下架“{title}” / An official has taken “{title}” off the list for now"
        ),
        "OFFER_ENDED": "工作人员已终止“{title}” / An official has ended “{title}”",
        # ------------------------------------------------------------ the partner itself
        "PARTNER_VETTED": (
            "“{name}”的资质已核验,待签约 / “{name}” is vetted; the agreement is to be signed"
        ),
        "PARTNER_REFUSED": (
            "“{name}”的申请不予受理,可重新申请:{reason}"
            " / The application of “{name}” is refused; it may apply again: {reason}"
        ),
        "PARTNER_ACTIVE": "“{name}”已签约生效 / “{name}” is a partner now",
        "PARTNER_RESUMED": (
            "“{name}”已恢复,原有项目请重新上架"
            " / “{name}” is a partner again; publish its offers anew"
        ),
        "PARTNER_SUSPENDED": (
            "“{name}”已暂停,已发出的兑换券仍须兑现:{reason}"
            " / “{name}” is suspended; open vouchers are still honoured: {reason}"
        ),
        "PARTNER_SUSPENDED_VOUCHERS_CANCELLED": (
            "“{name}”已暂停,已发出的兑换券均已取消:{reason}"
            " / “{name}” is suspended and all open vouchers are cancelled: {reason}"
        ),
        "PARTNER_EXITED": (
            "“{name}”已退出,未结的结算单照常支付:{reason}"
            " / “{name}” is no partner any more; open statements are still paid: {reason}"
        ),
        "OPERATORS_CHANGED": (
            "“{name}”的经办人已更换 / The persons who act for “{name}” are others now"
        ),
        # ------------------------------------------------------------ statements
        "STATEMENT_ISSUED": (
            "{period} 结算单已出:{points} 分,{yuan} 元。请在 {until} 前确认或提出异议,逾期视为确认"
            " / The statement of {period} is there: {points} points, {yuan} yuan. Confirm or "
            "dispute it by {until}; silence confirms it"
        ),
        "STATEMENT_SILENCE": (
            "{period} 结算单逾期未提出异议,视为确认:{yuan} 元"
            " / Nobody disputed the statement of {period} in time; it counts as confirmed: {yuan} "
            "yuan"
        ),
        "STATEMENT_REVIEWED": (
            "{period} 结算单的异议已复核,金额为 {yuan} 元。理由:{reason}"
            " / The dispute of the statement of {period} is decided: {yuan} yuan. Reason: {reason}"
        ),
        "STATEMENT_HELD": (
            "{period} 结算单待付:基金余额不足 {yuan} 元"
            " / The statement of {period} waits: the fund does not cover its {yuan} yuan"
        ),
        "STATEMENT_FUNDED": (
            "{period} 结算单的资金已落实:{yuan} 元"
            " / The statement of {period} waits for money no longer: {yuan} yuan"
        ),
        "STATEMENT_PAID": (
            "{period} 结算单已付:{yuan} 元,{points} 分已结清"
            " / The statement of {period} is paid: {yuan} yuan; its {points} points are settled"
        ),
    }
)
