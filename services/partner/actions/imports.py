"""The files that partner takes: partners whose agreement is signed, and drafts of offers."""

from collections.abc import Callable, Sequence
from typing import Any, get_args

import sqlalchemy as sa

from chassis import records
from chassis.bus import Tx
from chassis.columns import Column
from chassis.file_imports import Importer, Row, one_by_one
from chassis.text import AREA, STREET_OR_COMMUNITY, fold
from services.partner.actions import offers, partners
from services.partner.errors import UnknownPerson
from services.partner.storage import tables

_ID = r"[A-Za-z0-9_-]{1,56}"


def _known(table: sa.Table, key: str) -> Callable[[Tx, Sequence[Row]], set[str]]:
    def known(tx: Tx, rows: Sequence[Row]) -> set[str]:
        return records.present(tx.conn, table, [row[key] for row in rows])

    return known


def _register(tx: Tx, row: Row) -> Any:
    """Enter a partner; with a signed agreement it is active at once, as after vetting."""
    agreement = row["agreement_ref"]
    order = partners.RegisterPartner(
        **{name: value for name, value in row.items() if name != "agreement_ref"}
    )
    is_new = records.find(tx.conn, tables.partners, row["partner_id"]) is None
    reply = partners.register_partner(tx, order)
    if not is_new and agreement is not None:
        partners.require_agreement(tx, row["partner_id"], agreement)
    if is_new and agreement is not None:
        partners.vet_partner(tx, partners.WhichPartner(order.partner_id or ""))
        partners.agree_partner(tx, partners.AgreePartner(order.partner_id or "", agreement))
    return reply


def _offer(tx: Tx, row: Row) -> None:
    """Enter an offer that waits for an official of its level, as one that was typed in does.

    A person who imports the file has entered it, so he does not approve it. The file's words on
    who drafted and who approved it on paper are noted; nobody is believed for them.
    """
    given = {
        name: value
        for name, value in row.items()
        if name not in {"operator", "approver"} and value is not None
    }
    is_new = records.find(tx.conn, tables.offers, row["offer_id"]) is None
    offers.draft_offer(tx, offers.DraftOffer(**given))
    told = {name: row[name] for name in ("operator", "approver") if row[name]}
    if is_new and told:
        offers.note_import(tx, row["offer_id"], told)


PARTNERS = Importer(
    "partners",
    "红色合伙人 / Partners",
    (
        Column(
            "partner_id",
            "合伙人编号 / id",
            "ptn_1",
            required=True,
            pattern=f"ptn_{_ID}",
        ),
        Column(
            "org_name",
            "单位名称 / organisation",
            "任城区示例·春晖理发店",
            required=True,
            public=True,
        ),
        Column(
            "uscc",
            "统一社会信用代码 / unified social credit code",
            "92370899MA00000084",
            required=True,
            longest=40,
        ),
        Column(
            "category",
            "行业 / trade",
            "BARBER",
            required=True,
            choices=get_args(partners.Category),
        ),
        Column(
            "level",
            "层级 / level",
            "COMMUNITY",
            required=True,
            choices=("STREET", "COMMUNITY"),
        ),
        Column(
            "area",
            "街道(9位)或社区(12位)代码 / street or community",
            "370811015911",
            required=True,
            pattern=STREET_OR_COMMUNITY,
        ),
        Column(
            "settle_mode",
            "结算方式 / who pays",
            "FUND",
            required=True,
            choices=("FUND", "SPONSOR", "MIXED"),
        ),
        Column(
            "operators",
            "经办人员编号 / persons who act for it",
            "per_1",
            kind="list",
            required=True,
        ),
        Column(
            "agreement_ref",
            "协议编号;填写即为已签约 / signed agreement; empty: it only applies",
            "协议-0001",
            public=True,
        ),
        Column(
            "uscc_override",
            "代码校验不通过时的放行理由 / why a wrong code is taken",
            "",
            public=True,
        ),
    ),
    one_by_one(_known(tables.partners, "partner_id"), "partner_id", _register),
    # Of one organisation the first row says the name.
    lambda row: [row["partner_id"], fold(row["uscc"]).replace("-", "")],
    apart=(
        "org_name",
        "category",
        "level",
        "area",
        "settle_mode",
        "operators",
        "agreement_ref",
        "uscc_override",
    ),
    # The named person may be registered already, and partner not have heard of it yet.
    awaits=(UnknownPerson,),
)

OFFERS = Importer(
    "offers",
    "优惠与服务 / Offers",
    (
        Column("offer_id", "优惠编号 / id", "off_1", required=True, pattern=f"off_{_ID}"),
        Column("partner_id", "合伙人编号 / partner", "ptn_1", required=True, longest=64),
        Column(
            "kind",
            "类别 / kind",
            "SERVICE",
            required=True,
            choices=("GOODS", "SERVICE", "DISCOUNT"),
        ),
        Column("title", "名称 / title", "理发一次", required=True, public=True),
        Column("points_price", "积分价 / points", "60", kind="integer", required=True, low=0),
        Column(
            "face_value_fen",
            "面值(分)/ value in fen",
            "2500",
            kind="integer",
            required=True,
            low=0,
        ),
        Column(
            "settle_fen_per_point",
            "每分结算额(分)/ fen paid per point",
            "10",
            kind="integer",
            required=True,
            low=0,
        ),
        Column("stock_total", "库存 / stock", "50", kind="integer", required=True, low=0),
        Column(
            "audience",
            "对象 / for whom",
            "BOTH",
            required=True,
            choices=("RESIDENT", "STEWARD", "BOTH"),
        ),
        Column(
            "scope",
            "适用区域 / where",
            "370811015911",
            required=True,
            pattern=AREA,
        ),
        Column("valid_from", "起始日 / first day", "2025-01-01", required=True, longest=40, days=0),
        Column("valid_to", "截止日 / last day", "2026-12-31", required=True, longest=40, days=365),
        Column(
            "per_person_month",
            "每人每月限兑 / pieces per person and month",
            "",
            kind="integer",
            low=1,
        ),
        Column(
            "voucher_ttl_h",
            "兑换券有效小时 / hours that a voucher is good",
            "",
            kind="integer",
            low=1,
        ),
        Column("category", "受限类别(如有)/ restricted category", "", longest=40),
        Column("operator", "拟稿经办人员编号(仅备注)/ who drafted it on paper: a note", "per_1"),
        Column(
            "approver",
            "纸面审批人员编号(仅备注,不作为审批)/ who approved it on paper: a note, no approval",
            "per_2",
        ),
    ),
    one_by_one(_known(tables.offers, "offer_id"), "offer_id", _offer),
    lambda row: [row["offer_id"]],
    apart=(
        "partner_id",
        "kind",
        "title",
        "points_price",
        "face_value_fen",
        "settle_fen_per_point",
        "stock_total",
        "audience",
        "scope",
        "valid_from",
        "valid_to",
        "per_person_month",
        "voucher_ttl_h",
        "category",
        "operator",
        "approver",
    ),
)

IMPORTERS = (PARTNERS, OFFERS)
