"""Redemptions: a person's own, one of them with its voucher, and the service share."""

from datetime import datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.decimals import percent, ratio
from fivered.chassis.fields import SORT, Area, Cursor, Limit, PartOfList, Period, WithTotal
from fivered.chassis.i18n import in_words
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.partner import replies
from fivered.services.partner.replies import RedemptionState
from fivered.services.partner.rules.vouchers import voucher
from fivered.services.partner.storage import partners as partner_store
from fivered.services.partner.storage import redemptions as store
from fivered.services.partner.storage.tables import offers, redemptions

OFFICIALS = ("R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD", "R_DISTRICT", "R_DISTRICT_LEAD")
READERS = (*OFFICIALS, "R_AUDITOR")


class RedemptionsQuery(Request, frozen=True):
    """我的兑换单筛选 / Filter of the caller's own redemptions, or of those at the own desk."""

    state: RedemptionState | None = None
    desk: Annotated[
        bool,
        Meta(
            description="我经办的合伙人的兑换单,不含持有人 / those of the partners for which I act,"
            " without their holders"
        ),
    ] = False
    sort: Annotated[Literal["created_at", "-created_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class RedemptionQuery(Request, frozen=True):
    """Which redemption is wanted."""

    redemption_id: str


class ShareQuery(Request, frozen=True):
    """服务占比范围 / Area and months, both included."""

    scope: Annotated[Area, Meta(examples=["370811015"])]
    period_from: Annotated[Period, Meta(examples=["2025-01"])]
    period_to: Annotated[Period, Meta(examples=["2025-03"])]


def refund_due(row: Row) -> datetime | None:
    """Return by when a refund is decided, while it waits."""
    due: datetime | None = row.refund_due
    return due if row.state == "REFUND_REVIEW" else None


def redemption_card(row: Row, title: str) -> replies.RedemptionCard:
    """Return a redemption as its holder and its partner see it, without the voucher."""
    reason = in_words("fivered.services.partner", "reason", row.reason) if row.reason else {}
    return replies.RedemptionCard.of(
        row, id=row.redemption_id, title=title, refund_due=refund_due(row), **reason
    )


def desk_line(row: Row) -> replies.DeskLine:
    """Return one line of a partner's desk: no holder, no voucher."""
    return replies.DeskLine.of(row, id=row.redemption_id, refund_due=refund_due(row))


def redemptions_list(tx: Tx, payload: RedemptionsQuery) -> Page[replies.RedemptionCard]:
    """我的兑换单 / My redemptions.

    Return the caller's own redemptions, of all wallets, and those of the household's wallet; or
    those of the partners for which the caller acts.
    """
    mine = store.belongs_to(tx.actor.id)
    if payload.desk:
        mine = redemptions.c.partner_id.in_(partner_store.partners_of(tx.actor.id))
    query = (
        sa.select(redemptions, offers.c.title)
        .join(offers, offers.c.offer_id == redemptions.c.offer_id)
        .where(mine)
    )
    if payload.state:
        query = query.where(redemptions.c.state == payload.state)
    found = records.page(
        tx.conn, query, payload, (redemptions.c.created_at, redemptions.c.redemption_id)
    )
    return found.listed(lambda row: redemption_card(row, row.title))


def waiting_refunds(tx: Tx, payload: PartOfList) -> Page[replies.WaitingRefund]:
    """待我审理的退回 / Refunds that wait for my decision.

    Return the refunds that wait for the caller's decision: none of the caller's household, or of
    a partner in which one of them has a stake.
    """
    query = store.refunds_to_decide(tx.conn, tx.actor.id, tx.actor.role, tx.actor.scope)
    found = records.page(
        tx.conn, query, payload, (redemptions.c.created_at, redemptions.c.redemption_id)
    )
    return found.listed(
        lambda row: replies.WaitingRefund.of(row, id=row.redemption_id, refund_due=refund_due(row))
    )


def redemption(tx: Tx, payload: RedemptionQuery) -> replies.RedemptionCard:
    """兑换单 / One redemption.

    Return one redemption; the voucher only to whom the points belong, and only while it can be
    used.

    Raises:
        NotFound: There is none, or it is no concern of the caller's.
    """
    row = records.get(tx.conn, redemptions, payload.redemption_id)
    mine = store.is_owner(tx.conn, row.redemption_id, tx.actor.id)
    if not (mine or _concerned(tx, row)):
        raise NotFound(kind="redemption", id=payload.redemption_id)
    card = redemption_card(row, records.get(tx.conn, offers, row.offer_id).title)
    if not mine:
        card.holder = row.holder
    elif row.state == "RESERVED" and tx.now < row.expires_at:
        card.voucher = voucher(tx.settings.voucher_key, row.redemption_id)
    card.history = steps_of(tx, redemptions, row.redemption_id)
    return card


def steps_of(tx: Tx, table: sa.Table, row_id: str) -> list[replies.Step]:
    """Return the history of one thing as it travels."""
    return [replies.Step.of(one) for one in records.steps_of(tx.conn, table, row_id)]


def _concerned(tx: Tx, row: Row) -> bool:
    if tx.actor.role in READERS:
        return tx.actor.covers(row.area) or tx.actor.covers(row.community or row.area)
    return tx.actor.role == "R_PARTNER" and partner_store.is_operator(
        tx.conn, row.partner_id, tx.actor.id
    )


def service_share(tx: Tx, payload: ShareQuery) -> replies.Shares:
    """服务类占比 / The service share of redemption.

    Return how much of what was redeemed are services and discounts, month by month.

    Raises:
        Invalid: The months are unreadable, in the wrong order, or more than 36.

    Source:
        DOMAIN M-13.
    """
    months: list[replies.Share] = []
    try:
        tx.calendar.month_bounds(payload.period_from)
        tx.calendar.month_bounds(payload.period_to)
    except ValueError as error:
        raise Invalid(
            field="period_from", reason=said("月份格式应为 YYYY-MM / a month is written YYYY-MM")
        ) from error
    period = payload.period_from
    while period <= payload.period_to:
        if len(months) == 36:
            raise Invalid(
                field="period_to", reason=said("最多查询 36 个月 / at most 36 months are asked for")
            )
        begin, end = tx.calendar.month_bounds(period)
        months.append(_share(period, store.points_by_kind(tx.conn, payload.scope, begin, end)))
        period = tx.calendar.next_period(period)
    if not months:
        raise Invalid(
            field="period_to",
            reason=said("结束月份早于开始月份 / the last month is before the first"),
        )
    return replies.Shares(scope=payload.scope, items=months)


def _share(period: str, points: dict[str, int]) -> replies.Share:
    services = points.get("SERVICE", 0) + points.get("DISCOUNT", 0)
    goods = points.get("GOODS", 0)
    return replies.Share(
        period=period,
        points_services=services,
        points_goods=goods,
        share_percent=percent(ratio(services, services + goods)),
    )
