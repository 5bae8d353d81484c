"""The files that partner takes: partners whose agreement is signed, and drafts of offers."""

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.columns import Column, ColumnsOf
from fivered.chassis.file_imports import Importer, Row, given, known_by, one_by_one
from fivered.chassis.text import fold
from fivered.services.partner.actions import offers, partners
from fivered.services.partner.errors import UnknownPerson
from fivered.services.partner.storage import tables

_PARTNER = ColumnsOf(partners.RegisterPartner)
_SIGNED = ColumnsOf(partners.AgreePartner)
_OFFER = ColumnsOf(offers.DraftOffer)


_DAY = (
    "日期,如 2025-01-31,或带时区的时间,如 2025-01-31T09:00:00+08:00"
    " / a day such as 2025-01-31, or a time such as 2025-01-31T09:00:00+08:00"
)
# What a file says of the paper before; nobody is believed for it.
_NOTES = ("operator", "approver")


def _register(tx: Tx, row: Row) -> object:
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

    A person who imports the file has entered it, and so does not approve it. The file's words on
    who drafted and who approved it on paper are noted; nobody is believed for them.
    """
    is_new = records.find(tx.conn, tables.offers, row["offer_id"]) is None
    offers.draft_offer(
        tx, offers.DraftOffer(**given({name: row[name] for name in row if name not in _NOTES}))
    )
    told = {name: row[name] for name in _NOTES if row[name]}
    if is_new and told:
        offers.note_import(tx, row["offer_id"], told)


PARTNERS = Importer(
    "partners",
    "红色合伙人 / Partners",
    (
        _PARTNER("partner_id", "合伙人编号 / id", "ptn_1", required=True),
        _PARTNER("org_name", "单位名称 / organisation", "任城区示例·春晖理发店"),
        _PARTNER("uscc", "统一社会信用代码 / unified social credit code", "92370899MA00000084"),
        _PARTNER("category", "行业 / trade", "BARBER"),
        _PARTNER("level", "层级 / level", "COMMUNITY"),
        _PARTNER("area", "街道(9 位)或社区(12 位)代码 / street or community", "370811015911"),
        _PARTNER("settle_mode", "结算方式 / who pays", "FUND"),
        _PARTNER("operators", "经办人员编号 / persons who act for it", "per_1"),
        _SIGNED(
            "agreement_ref",
            "协议编号;填写即为已签约 / signed agreement; empty: it only applies",
            "协议-0001",
        ),
        _PARTNER("uscc_override", "代码校验不通过时的放行理由 / why a wrong code is taken", ""),
    ),
    one_by_one(known_by(tables.partners, "partner_id"), "partner_id", _register),
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
        _OFFER("offer_id", "优惠编号 / id", "off_1", required=True),
        _OFFER("partner_id", "合伙人编号 / partner", "ptn_1"),
        _OFFER("kind", "类别 / kind", "SERVICE"),
        _OFFER("title", "名称 / title", "理发一次"),
        _OFFER("points_price", "积分价 / points", "60"),
        _OFFER("face_value_fen", "面值(分)/ value in fen", "2500"),
        _OFFER("settle_fen_per_point", "每分结算额(分)/ fen paid per point", "10"),
        _OFFER("stock_total", "库存 / stock", "50"),
        _OFFER("audience", "对象 / for whom", "BOTH"),
        _OFFER("scope", "适用区域 / where", "370811015911"),
        _OFFER("valid_from", "起始日 / first day", "2025-01-01", days=0, expects=_DAY),
        _OFFER("valid_to", "截止日 / last day", "2026-12-31", days=365, expects=_DAY),
        _OFFER("per_person_month", "每人每月限兑 / pieces per person and month", ""),
        _OFFER("voucher_ttl_h", "兑换券有效小时 / hours that a voucher is good", ""),
        _OFFER("category", "受限类别(如有)/ restricted category", ""),
        Column("operator", "拟稿经办人员编号(仅备注)/ who drafted it on paper: a note", "per_1"),
        Column(
            "approver",
            "纸面审批人员编号(仅备注,不作为审批)/ who approved it on paper: a note, no approval",
            "per_2",
        ),
    ),
    one_by_one(known_by(tables.offers, "offer_id"), "offer_id", _offer),
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
