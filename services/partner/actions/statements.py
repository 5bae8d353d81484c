"""Month statements and the money fund that pays them."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta
from msgspec.structs import replace

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.checks import check_precondition
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Area, Id, Period
from fivered.chassis.free_text import Office, PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.chassis.text import PERIOD
from fivered.services.partner import events
from fivered.services.partner.actions import notices
from fivered.services.partner.actions.overdue import go_up
from fivered.services.partner.actions.partners import require_area, require_no_stake
from fivered.services.partner.errors import (
    AdjustmentsWrong,
    AdjustmentTooHigh,
    FundBelowCommitted,
    FundMonth,
    FundShort,
    LineGivenBack,
    LineUnknown,
    PaymentRefNeeded,
    UnknownArea,
    WindowOver,
)
from fivered.services.partner.replies import FundReply, StatementReply
from fivered.services.partner.rules import statements as rules
from fivered.services.partner.storage import partners as partner_store
from fivered.services.partner.storage import redemptions as redemption_store
from fivered.services.partner.storage import statements as store
from fivered.services.partner.storage.tables import funds, partners, statements

_PERIOD = re.compile(PERIOD)
# Never disarmed, for the reason that stands at the timers of redemptions.
CONFIRM_TIMER = "statement_confirm"
REVIEW_TIMER = "statement_review"
# How far from now the month of a new fund may lie, before and after.
FUND_MONTHS = 12


class WhichStatement(Request, frozen=True):
    """Which statement is meant."""

    statement_id: str


class DisputeStatement(Request, frozen=True):
    """结算异议 / What is wrong; without lines the whole statement."""

    statement_id: str
    reason: Annotated[
        PublicText, Meta(min_length=1, max_length=500, examples=["3 月 6 日一单金额有误"])
    ]
    lines: (
        Annotated[
            list[Id], UNIQUE, Meta(max_length=1000, description="兑换单编号 / redemption ids")
        ]
        | None
    ) = None


class Adjustment(Request, frozen=True):
    """The right amount of one line. Points are the ledger's and cannot be adjusted."""

    redemption_id: str
    amount_fen: Annotated[int, Meta(ge=0)]


class ReviewStatement(Request, frozen=True):
    """复核 / The statement stands, or amounts are put right."""

    statement_id: str
    outcome: Literal["UPHELD", "ADJUSTED"]
    reasons: Annotated[PublicText, Meta(max_length=500)]
    adjustments: Annotated[list[Adjustment], Meta(max_length=1000)] | None = None


class PayStatement(Request, frozen=True):
    """付款确认 / The fund's payment was made."""

    statement_id: str
    payment_ref: (
        Annotated[
            str,
            Office("the partner's operators and the office that pays the partner"),
            Meta(max_length=200, examples=["银行回单 0412"]),
        ]
        | None
    ) = None


class SetFund(Request, frozen=True):
    """设定共建基金 / The money of a street's or community's fund for a month."""

    area: Area
    period: Annotated[Period, Meta(examples=["2025-03"])]
    budget_fen: Annotated[int, Meta(ge=0, examples=[500000])]


def reply(row: Row, *, state: str, version: int) -> StatementReply:
    """Return what every command on a statement answers."""
    return StatementReply(
        id=row.statement_id,
        state=state,
        version=version,
        points=row.points,
        amount_fen=row.amount_fen,
        due=row.confirm_due if state == "ISSUED" else None,
    )


# --------------------------------------------------------------------------------------------------
# Issue


def issue(tx: Tx, due: Due) -> None:
    """Issue the statements of a month: what was redeemed in it, less what was given back.

    Where a refund that does not fit yet has used the points, they are not billed: all of it waits
    for the next month.
    """
    period = due.ref
    _begin, end = tx.calendar.month_bounds(period)
    # Partners before redemptions, as a refund locks them: none is approved against these points.
    found = partner_store.lock_many(tx.conn, redemption_store.partners_to_bill(tx.conn, end))
    redeemed = _by_partner(redemption_store.unbilled(tx.conn, end))
    given_back = redemption_store.refunds_to_offset(tx.conn)
    paid = store.amounts_paid(tx.conn, [row.redemption_id for row in given_back])
    refunds = _by_partner(given_back)
    done = store.issued_for(tx.conn, period)
    for partner_id in found:
        if partner_id in done:
            continue
        lines = rules.lines_that_fit(
            [_redeemed(row) for row in redeemed.get(partner_id, ())],
            [_given_back(row, paid[row.redemption_id]) for row in refunds.get(partner_id, ())],
        )
        points = sum(line.points for line in lines)
        if lines and points <= redemption_store.unbilled_points(tx.conn, partner_id):
            _issue_one(tx, partner_id, period, lines)


def _by_partner(found: Sequence[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in found:
        groups.setdefault(row.partner_id, []).append(row)
    return groups


def _redeemed(row: Row) -> rules.Line:
    return rules.Line(row.redemption_id, "REDEEMED", row.points, row.settle_fen, row.redeemed_at)


def _given_back(row: Row, paid_fen: int) -> rules.Line:
    """Return the line that takes back what was paid, which a review may have adjusted."""
    return rules.Line(row.redemption_id, "REFUND", -row.points, -paid_fen, row.redeemed_at)


def _issue_one(tx: Tx, partner_id: str, period: str, lines: list[rules.Line]) -> None:
    partner = records.get(tx.conn, partners, partner_id)
    statement_id = tx.new_id("stm")
    confirm_due = tx.calendar.due(tx.now, rules.CONFIRM_WORKING_DAYS)
    row = records.create(
        tx,
        statements,
        step="issue",
        statement_id=statement_id,
        partner_id=partner_id,
        period=period,
        area=partner.area,
        points=sum(line.points for line in lines),
        amount_fen=sum(line.amount_fen for line in lines),
        state="ISSUED",
        confirm_due=confirm_due,
        version=1,
        created_at=tx.now,
    )
    store.add_lines(tx.conn, statement_id, lines)
    redemption_store.bill(
        tx.conn,
        statement_id,
        [line.redemption_id for line in lines if line.kind == "REDEEMED"],
        [line.redemption_id for line in lines if line.kind == "REFUND"],
    )
    tx.arm(CONFIRM_TIMER, statement_id, confirm_due)
    notices.of_statement(tx, "STATEMENT_ISSUED", row, until=tx.calendar.minute(confirm_due))


# --------------------------------------------------------------------------------------------------
# Confirm, dispute, review


def _own(tx: Tx, statement_id: str, *states: str) -> Row:
    """Return a statement of a partner for which the caller acts, held.

    Raises:
        NotFound: It is another partner's.
        StateConflict: It is in another state.
        WindowOver: Its five working days are over.
    """
    row = records.locked(tx.conn, statements, statement_id)
    if not partner_store.is_operator(tx.conn, row.partner_id, tx.actor.id):
        raise NotFound(kind="statement", id=statement_id)
    records.require_state(row, *states)
    tx.check_version(row.version)
    if tx.now >= row.confirm_due:
        raise WindowOver(until=tx.calendar.minute(row.confirm_due))
    return row


def confirm_statement(tx: Tx, payload: WhichStatement) -> StatementReply:
    """确认结算单 / Confirm a statement.

    Confirm a statement as its partner.

    Raises:
        NotFound: It is another partner's.
        StateConflict: It is not ISSUED.
        WindowOver: Silence has confirmed it.
    """
    row = _own(tx, payload.statement_id, "ISSUED")
    return _commit(tx, row, "confirm", tx.actor.id)


def confirm_by_silence(tx: Tx, due: Due) -> None:
    """Treat a statement as confirmed when its partner said nothing for five working days."""
    row = records.locked(tx.conn, statements, due.ref)
    if row.state == "ISSUED":
        notices.of_statement(tx, "STATEMENT_SILENCE", row)
        _commit(tx, row, "silence", "SILENCE")


def _commit(tx: Tx, row: Row, step: str, who: str) -> StatementReply:
    """Promise the statement's money out of the fund, or hold the statement until there is some."""
    fund = store.fund_for(tx.conn, row.area, row.period, hold=True)
    enough = _fits(tx, fund, row.amount_fen)
    state = "CONFIRMED" if enough else "HELD"
    version = records.change(
        tx,
        statements,
        row,
        step=step,
        state=state,
        confirmed_at=tx.now,
        confirmed_by=who,
        fund_id=fund.fund_id if fund and enough else None,
    ).version
    if not enough:
        held = fact_of(
            events.StatementHeld, row, concerned=partner_store.operators_of(tx.conn, row.partner_id)
        )
        tx.publish(held, subject=row.statement_id, scope=row.area, sequence=version)
        notices.of_statement(tx, "STATEMENT_HELD", row)
    return reply(row, state=state, version=version)


def _publish_funded(tx: Tx, row: Row, version: int, state: str) -> None:
    """Say that a statement that was held waits for money no longer."""
    if state != "PAID":
        notices.of_statement(tx, "STATEMENT_FUNDED", row)
    tx.publish(
        events.StatementFunded(row.statement_id, state),
        subject=row.statement_id,
        scope=row.area,
        sequence=version,
    )


def _fits(tx: Tx, fund: Row | None, amount_fen: int) -> bool:
    budget = fund.budget_fen if fund else 0
    bound = sum(store.bound_fen(tx.conn, fund.fund_id).values()) if fund else 0
    return rules.fits(budget_fen=budget, committed_fen=bound, amount_fen=amount_fen)


def dispute_statement(tx: Tx, payload: DisputeStatement) -> StatementReply:
    """提出异议 / Dispute a statement.

    Say as its partner that a statement is wrong; an official reviews it in 5 working days.

    Raises:
        NotFound: It is another partner's.
        StateConflict: It is not ISSUED.
        WindowOver: Silence has confirmed it.
        LineUnknown: A disputed line is not on it.
    """
    if not 1 <= len(payload.reason.strip()) <= 500:
        raise Invalid(
            field="reason",
            reason=said("请写明异议理由,500 字以内 / say what is wrong, in at most 500 characters"),
        )
    row = _own(tx, payload.statement_id, "ISSUED")
    lines = store.lines_of(tx.conn, row.statement_id)
    known = {line.redemption_id for line in lines}
    for redemption_id in payload.lines or ():
        if redemption_id not in known:
            raise LineUnknown(field="lines", redemption_id=redemption_id)
    review_due = tx.calendar.due(tx.now, rules.REVIEW_WORKING_DAYS)
    tx.arm(REVIEW_TIMER, row.statement_id, review_due)
    version = records.change(
        tx,
        statements,
        row,
        step="dispute",
        state="DISPUTED",
        note=payload.reason.strip(),
        dispute_reason=payload.reason.strip(),
        disputed_lines=payload.lines or [],
        review_due=review_due,
    ).version
    return replace(reply(row, state="DISPUTED", version=version), due=review_due)


def review_overdue(tx: Tx, due: Due) -> None:
    """Lay a dispute that nobody has reviewed in time before the level above.

    Money is never paid by silence.
    """
    row = records.locked(tx.conn, statements, due.ref)
    if row.state != "DISPUTED" or tx.now < row.review_due:
        return
    go_up(
        tx,
        due,
        statements,
        row,
        step="review_overdue",
        fact=lambda level: fact_of(
            events.DisputeOverdue,
            row,
            level=level,
            concerned=partner_store.operators_of(tx.conn, row.partner_id),
        ),
    )


def review_statement(tx: Tx, payload: ReviewStatement) -> StatementReply:
    """复核异议 / Decide a dispute.

    Decide a dispute; the statement is confirmed with what came out.

    One that waits for money is looked at once more in the same way: what is wrong is put right.

    Raises:
        StateConflict: It is neither DISPUTED nor HELD.
        ConflictOfInterest: The official acts for the partner.
        AdjustmentsWrong: The outcome and the adjustments do not fit.
        LineUnknown: An adjusted line is not on it.
        LineGivenBack: An adjusted line was refunded since.
    """
    row = records.locked(tx.conn, statements, payload.statement_id)
    tx.require_scope(row.area)
    records.require_state(row, "DISPUTED", "HELD")
    tx.check_version(row.version)
    require_no_stake(tx, row.partner_id)
    if (payload.outcome == "ADJUSTED") != bool(payload.adjustments):
        raise AdjustmentsWrong(field="adjustments")
    amount_fen = _adjust(tx, row, payload.adjustments or [])
    disputed = row.state == "DISPUTED"
    row = records.update(tx.conn, statements, row, amount_fen=amount_fen)
    notices.of_statement(tx, "STATEMENT_REVIEWED", row, reason=payload.reasons)
    records.note(
        tx, statements, row, step="review", state=payload.outcome, note=payload.reasons[:500]
    )
    if disputed and tx.now >= row.review_due:
        tx.publish(
            events.DisputeReviewed(row.statement_id, payload.outcome),
            subject=row.statement_id,
            scope=row.area,
            sequence=row.version,
        )
    if disputed:
        return _commit(tx, row, "reviewed", tx.actor.id)
    confirm_held(tx, row.area, row.period)
    row = records.known(tx.conn, statements, row.statement_id)
    return reply(row, state=row.state, version=row.version)


def _adjust(tx: Tx, row: Row, adjustments: Sequence[Adjustment]) -> int:
    """Put the amounts of lines right and return the statement's new amount."""
    stand = store.lines_of(tx.conn, row.statement_id)
    lines = {line.redemption_id: line for line in stand if line.kind == "REDEEMED"}
    given_back = {line.redemption_id for line in stand if line.kind == "REFUND"}
    worth = store.worth_of(tx.conn, lines)
    amount: int = row.amount_fen
    seen: set[str] = set()
    for number, one in enumerate(adjustments):
        line = lines.get(one.redemption_id)
        if line is None or one.redemption_id in seen:
            raise LineUnknown(
                field=f"adjustments[{number}].redemption_id", redemption_id=one.redemption_id
            )
        if one.redemption_id in given_back:
            raise LineGivenBack(
                field=f"adjustments[{number}].redemption_id", redemption_id=one.redemption_id
            )
        if one.amount_fen < 0:
            raise Invalid(
                field=f"adjustments[{number}].amount_fen",
                reason=said("金额不得为负 / an amount is not negative"),
            )
        most = worth[one.redemption_id]
        if one.amount_fen > most:
            raise AdjustmentTooHigh(field=f"adjustments[{number}].amount_fen", most=most)
        seen.add(one.redemption_id)
        amount += one.amount_fen - line.amount_fen
        store.set_line_amount(tx.conn, row.statement_id, line.line_no, one.amount_fen)
    if amount < 0:
        raise Invalid(
            field="adjustments",
            reason=said("结算单金额不得为负 / the amount of a statement is not negative"),
        )
    return amount


# --------------------------------------------------------------------------------------------------
# Money


def pay_statement(tx: Tx, payload: PayStatement) -> StatementReply:
    """付款确认 / Record the payment.

    Record that the fund has paid; the points leave the partner's receivable in credit.

    A statement that was held is paid when the fund suffices by now.

    Raises:
        StateConflict: It is neither CONFIRMED nor HELD.
        ConflictOfInterest: The official acts for the partner.
        PaymentRefNeeded: Money is paid, and no paper is named.
        FundShort: The fund does not cover it.
    """
    row = records.locked(tx.conn, statements, payload.statement_id)
    tx.require_scope(row.area)
    records.require_state(row, "CONFIRMED", "HELD")
    tx.check_version(row.version)
    require_no_stake(tx, row.partner_id)
    fund_id = row.fund_id
    if row.state == "HELD":
        fund = store.fund_for(tx.conn, row.area, row.period, hold=True)
        if not _fits(tx, fund, row.amount_fen):
            bound = sum(store.bound_fen(tx.conn, fund.fund_id).values()) if fund else 0
            raise FundShort(
                area=fund.area if fund else row.area,
                period=row.period,
                budget=fund.budget_fen if fund else 0,
                committed=bound,
                amount=row.amount_fen,
            )
        fund_id = fund.fund_id if fund else None
    payment_ref = (payload.payment_ref or "").strip() or None
    if row.amount_fen and payment_ref is None:
        raise PaymentRefNeeded(field="payment_ref", amount=row.amount_fen)
    version = records.change(
        tx,
        statements,
        row,
        step="pay",
        state="PAID",
        note=payment_ref,
        fund_id=fund_id,
        paid_at=tx.now,
        paid_by=tx.actor.id,
        payment_ref=payment_ref,
    ).version
    redemption_store.settle(tx.conn, row.statement_id, by=tx.actor, at=tx.now)
    notices.of_statement(tx, "STATEMENT_PAID", row)
    if row.state == "HELD":
        _publish_funded(tx, row, version, "PAID")
    # Refunds may have taken everything back; then there is nothing to burn.
    if row.points:
        tx.publish(
            fact_of(events.PartnerSettled, row),
            subject=row.statement_id,
            scope=row.area,
            sequence=version,
            period=row.period,
        )
    return reply(row, state="PAID", version=version)


def set_fund(tx: Tx, payload: SetFund) -> FundReply:
    """设定共建基金预算 / Set a fund's budget.

    Set a month's budget; statements that waited for money are confirmed as far as it goes.

    Raises:
        Invalid: The area or the month is unreadable.
        UnknownArea: The registry has not told of the area.
        FundMonth: A fund is new, and its month too far away.
        FundBelowCommitted: More than that is promised or paid already.
        PreconditionRequired, VersionConflict: It is set already, and the caller has not seen what
            it is now.
    """
    require_area("area", payload.area)
    tx.require_scope(payload.area)
    _require_period(payload.period)
    if len(payload.area) == 15:
        raise Invalid(
            field="area",
            reason=said(
                "基金按区、街道、社区设立 / a fund belongs to a district, a street or a community"
            ),
        )
    if not 0 <= payload.budget_fen <= rules.MOST_BUDGET_FEN:
        raise Invalid(
            field="budget_fen",
            reason=said(
                "预算应在 0 至 {most} 分之间 / a budget is 0 to {most} fen",
                most=rules.MOST_BUDGET_FEN,
            ),
        )
    row = store.fund_at(tx.conn, payload.area, payload.period, hold=True)
    if row is None:
        _require_near(tx, payload.period)
        if not partner_store.has_area(tx.conn, payload.area):
            raise UnknownArea(field="area", area=payload.area)
        level = {6: "DISTRICT", 9: "STREET"}.get(len(payload.area), "COMMUNITY")
        row = records.add(
            tx.conn,
            funds,
            **records.values_from(
                payload,
                funds,
                fund_id=tx.new_id("fnd"),
                level=level,
                version=1,
                created_at=tx.now,
            ),
        )
    else:
        check_precondition(if_match=True, version=tx.expected_version)
        tx.check_version(row.version)
        committed = sum(store.bound_fen(tx.conn, row.fund_id).values())
        if payload.budget_fen < committed:
            raise FundBelowCommitted(field="budget_fen", committed=committed)
        row = records.update(tx.conn, funds, row, budget_fen=payload.budget_fen)
    records.note(tx, funds, row, step="budget", state="SET", note=str(payload.budget_fen))
    released = confirm_held(tx, payload.area, payload.period)
    return FundReply(
        id=row.fund_id,
        state="SET",
        version=row.version,
        budget_fen=payload.budget_fen,
        confirmed=released,
    )


def _require_near(tx: Tx, period: str) -> None:
    """Refuse a month for which no fund begins: long ago, or more than a year ahead.

    Statements of a month are issued and paid in the months after it, so that a fund of the past
    year may still be lacking.

    Raises:
        FundMonth: It is another one.
    """
    now = tx.calendar.period(tx.now)
    first, last = (tx.calendar.next_period(now, months) for months in (-FUND_MONTHS, FUND_MONTHS))
    if not first <= period <= last:
        raise FundMonth(field="period", period=period, first=first, last=last)


def _require_period(period: str) -> None:
    if not _PERIOD.match(period):
        raise Invalid(
            field="period", reason=said("月份格式应为 YYYY-MM / a month is written YYYY-MM")
        )


def confirm_held(tx: Tx, area: str, period: str) -> list[str]:
    """Confirm the statements that waited for money, as far as it goes now. Returns their ids."""
    confirmed = []
    for row in store.held_under(tx.conn, area, period):
        fund = store.fund_for(tx.conn, row.area, row.period, hold=True)
        if not _fits(tx, fund, row.amount_fen):
            continue
        done = records.change(
            tx,
            statements,
            row,
            step="funded",
            state="CONFIRMED",
            fund_id=fund.fund_id if fund else None,
        )
        _publish_funded(tx, row, done.version, "CONFIRMED")
        confirmed.append(row.statement_id)
    return confirmed
