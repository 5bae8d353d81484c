"""Which data about people partner keeps, table by table (`chassis/personal.py`)."""

from fivered.chassis.personal import OFFICE_STAYS, WORK, Held, Use, of_things

REGISTER = Use(
    purpose="持有人、经营者是否在册 / whether a holder or an operator is registered",
    basis=("13(1)(3)",),
    kept="长期,仅编号 / for good, as ids",
    readers="无 / nobody",
)
REDEMPTION = Use(
    purpose="积分兑换与结算 / redemptions and their settlement",
    basis=("13(1)(1)",),
    kept="长期,仅编号;结算单不可更改 / for good, as ids: statements never change",
    readers="本人、合伙人、经办人 / the person, the partner, who handles it",
    consent="`redemptions`;积分的授权在信用服务的 `consents`"
    " / the row itself; that points are kept: `consents` of the credit service",
)
OFFICE = Use(
    purpose="谁代表合伙人、谁在岗 / who acts for a partner, who is in post",
    basis=("13(1)(3)",),
    kept="长期,仅编号 / for good, as ids",
    readers="经办人 / who handles it",
)
_STATEMENTS = "结算单不可更改,只余编号 / statements never change; an id is left"

DATA_MAP = (
    Held(
        "people", REGISTER, whose="person_id", given_up="merged_into", general="household_id",
        things="state merged_into sequences", erased="household_id", stays="编号 / the id",
    ),
    Held(
        "redemptions", REDEMPTION,
        fades="refund_text", over="refund_asked_at", months=36,
        whose="holder", general="household_id refund_text",
        others="verified_by refund_decided_by wallet",
        things="redemption_id number partner_id offer_id kind month state ended_by reason"
        " refund_denied statement_id refund_statement_id refund_borne_by",
        erased="refund_text household_id", stays=_STATEMENTS,
    ),
    Held("voucher_tries", REDEMPTION, others="person_id", things="redemption_id"),
    Held("stewards", OFFICE, whose="person_id", things="steward_id", stays=OFFICE_STAYS),
    Held("partner_operators", OFFICE, whose="person_id", things="partner_id", stays=OFFICE_STAYS),
    Held("organisations", WORK, others="override_by", things="org_id uscc name uscc_override"),
    Held(
        "partners", WORK, others="created_by",
        things="partner_id org_id category level settle_mode agreement_ref state grade"
        " graded_period gates_failed",
    ),
    Held("messages", WORK, others="detail", things="message_id partner_id code ref"),
    Held(
        "offers", WORK, others="created_by",
        things="offer_id partner_id kind category title audience state",
    ),
    Held("offer_terms", WORK, others="proposed_by approved_by", things="offer_id state"),
    Held(
        "statements", WORK, others="confirmed_by paid_by disputed_lines dispute_reason",
        things="statement_id partner_id period state fund_id payment_ref",
    ),
    Held("history", WORK, others="actor note", things="kind subject step state role"),
    *of_things(
        areas="kind",
        funds="fund_id level period",
        numbers="series",
        statement_lines="statement_id redemption_id kind",
    ),
)  # fmt: skip
