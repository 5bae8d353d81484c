"""Offers: drafted by a partner, approved at its level, published, paused, ended."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta
from msgspec.structs import replace

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Area
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.i18n import problem_of
from fivered.chassis.records import Row
from fivered.chassis.refusal import (
    Invalid,
    NotFound,
    Refusal,
    StateConflict,
    VersionConflict,
    require_all,
    said,
)
from fivered.chassis.requests import Request
from fivered.services.partner import events
from fivered.services.partner.actions import notices
from fivered.services.partner.actions.partners import require_area, require_id, require_no_stake
from fivered.services.partner.errors import (
    ConflictOfInterest,
    OfferDiffers,
    OfferExists,
    OutOfStock,
    PartnerNotActive,
)
from fivered.services.partner.fields import OfferKind
from fivered.services.partner.replies import OfferOutcome, OfferReply, OffersReply
from fivered.services.partner.rules import offers as rules
from fivered.services.partner.storage import offers as store
from fivered.services.partner.storage import partners as partner_store
from fivered.services.partner.storage.tables import offers, partners

MOST_STOCK = 1_000_000


class DraftOffer(Request, frozen=True):
    """拟定兑换项目 / Enter an offer.

    Not for treatment, tobacco, alcohol, cash, prepaid cards or financial products.

    Attributes:
        per_person_month: Most pieces per person and month; None for no limit.
        category: Only to say that it is one of the forbidden ones; else free.
    """

    partner_id: str
    kind: Annotated[OfferKind, Meta(examples=["SERVICE"])]
    title: Annotated[PublicText, Meta(min_length=1, max_length=200, examples=["理发一次"])]
    points_price: Annotated[
        int, Meta(description="1–2000;折扣可为 0 / points per piece", examples=[60])
    ]
    face_value_fen: Annotated[
        int, Meta(ge=0, description="面值(分)/ value in fen", examples=[2500])
    ]
    settle_fen_per_point: Annotated[
        int, Meta(description="0–10,每积分付 / fen per point", examples=[10])
    ]
    stock_total: Annotated[int, Meta(ge=0, examples=[50])]
    audience: Annotated[Literal["RESIDENT", "STEWARD", "BOTH"], Meta(examples=["BOTH"])]
    scope: Area
    valid_from: Annotated[
        str, Meta(description="日期或时间 / ISO date or time", examples=["2025-01-02"])
    ]
    valid_to: Annotated[
        str,
        Meta(
            description="日期(含当日)或时间(不含)/ date (included) or time", examples=["2025-12-31"]
        ),
    ]
    per_person_month: Annotated[int, Meta(ge=1, examples=[2])] | None = None
    voucher_ttl_h: Annotated[int, Meta(ge=1, le=2160)] = 72
    category: Annotated[str, Meta(max_length=30)] | None = None
    offer_id: (
        Annotated[
            str,
            Meta(
                pattern=r"^off_[A-Za-z0-9_-]{1,56}$",
                description="导入时自定编号 / id chosen by a loader",
            ),
        ]
        | None
    ) = None


class RefuseOffer(Request, frozen=True):
    """不予批准 / Not approved."""

    offer_id: str
    reason: Annotated[
        str,
        Meta(
            min_length=2,
            max_length=500,
            description="理由,申请人可见 / reason; the applicant reads it",
            examples=["营业执照已过期"],
        ),
        PUBLIC,
    ]


class WhichOffer(Request, frozen=True):
    """Which offer is meant."""

    offer_id: str


class OfferRead(Request, frozen=True):
    """An offer as the approver has read it."""

    offer_id: str
    version: Annotated[int, Meta(ge=1, description="列表所示版本 / as the list shows it")]


class ApproveOffers(Request, frozen=True):
    """批量审批 / Offers of the waiting list, for instance those of one imported file."""

    offers: Annotated[
        list[OfferRead],
        Meta(min_length=1, max_length=200, examples=[[{"offer_id": "off_1", "version": 1}]]),
    ]


class Restock(Request, frozen=True):
    """调整库存 / How many pieces there are in all, those that are taken included."""

    offer_id: str
    stock_total: Annotated[int, Meta(ge=0, examples=[80])]


class Reprice(Request, frozen=True):
    """调价 / New prices: they wait for approval, and open redemptions keep theirs."""

    offer_id: str
    points_price: Annotated[int, Meta(examples=[70])]
    face_value_fen: Annotated[int, Meta(ge=0, examples=[2800])]
    settle_fen_per_point: Annotated[int, Meta(examples=[10])]


def reply(row: Row, *, state: str | None = None, version: int | None = None) -> OfferReply:
    """Return what every command on an offer answers."""
    return OfferReply(
        id=row.offer_id,
        state=state or row.state,
        version=row.version if version is None else version,
    )


def draft_offer(tx: Tx, payload: DraftOffer) -> OfferReply:
    """拟定兑换项目 / Draft an offer.

    Raises:
        NotFound: The caller does not act for the partner.
        PartnerNotActive: The partner is not active.
        CategoryForbidden: Points may never buy this.
        ScopeTooWide: It would be valid outside the partner's area.
        PriceRange: A price lies outside its range.
        SettleMode: A sponsor would be paid.
        ValidityWrong: The dates make no sense.
        OfferExists: The id belongs to another offer.
        OfferDiffers: It is known with other content.
    """
    partner = _own_partner(tx, payload.partner_id)
    if payload.offer_id is not None:
        known = records.find(tx.conn, offers, payload.offer_id)
        if known is not None:
            begins, ends = _ahead(tx, payload)
            if (known.partner_id, known.title, known.kind) != (
                payload.partner_id,
                payload.title.strip(),
                payload.kind,
            ):
                raise OfferExists(field="offer_id", id=payload.offer_id)
            _require_same(known, payload, begins=begins, ends=ends)
            return reply(known)
    _require_fitting(tx, payload, partner)
    begins, ends = _ahead(tx, payload)
    offer_id = payload.offer_id or tx.new_id("off")
    records.create(
        tx,
        offers,
        step="draft",
        **records.values_from(
            payload,
            offers,
            offer_id=offer_id,
            title=payload.title.strip(),
            terms=1,
            stock_left=payload.stock_total,
            area=partner.area,
            valid_from=begins,
            valid_to=ends,
            state="DRAFT",
            version=1,
            created_by=tx.actor.id,
            created_at=tx.now,
        ),
    )
    _propose(tx, offer_id, 1, payload)
    return OfferReply(id=offer_id, state="DRAFT", version=1)


def _ahead(tx: Tx, payload: DraftOffer) -> tuple[datetime, datetime]:
    """Return when an offer is valid: from, and until (exclusive).

    Raises:
        ValidityWrong: The dates make no sense.
    """
    begins, ends = rules.validity(payload.valid_from, payload.valid_to)
    rules.require_ahead(ends, tx.now)
    return begins, ends


def _require_fitting(tx: Tx, payload: DraftOffer, partner: Row) -> None:
    """Refuse what a new offer may not be; all that is wrong is told at once.

    Raises:
        Refusal: Something is.
    """

    def active() -> None:
        if partner.state != "ACTIVE":
            raise PartnerNotActive(state=partner.state)

    def inside() -> None:
        require_area("scope", payload.scope)
        rules.require_scope_inside(payload.scope, partner.area)

    require_all(
        lambda: _ahead(tx, payload),
        lambda: require_id("offer_id", payload.offer_id) if payload.offer_id is not None else None,
        active,
        lambda: _require_title(payload.title),
        lambda: _require_stock(payload.stock_total),
        lambda: _require_limits(payload),
        lambda: rules.require_allowed(
            title=payload.title,
            category=payload.category,
            kind=payload.kind,
            partner_category=partner.category,
        ),
        inside,
        lambda: _require_prices(payload, payload.kind, partner.settle_mode),
    )


def _require_same(known: Row, payload: DraftOffer, *, begins: datetime, ends: datetime) -> None:
    """Refuse an offer that is known with other content, rather than drop what is new.

    Raises:
        OfferDiffers: It is.
    """
    asked = records.values_from(
        payload,
        offers,
        offer_id=known.offer_id,
        title=payload.title.strip(),
        valid_from=begins,
        valid_to=ends,
    )
    for name, value in asked.items():
        if getattr(known, name) != value:
            raise OfferDiffers(field=name, id=known.offer_id, what=name)


def note_import(tx: Tx, offer_id: str, told: dict[str, str]) -> None:
    """Write into a draft's history what its file says of who drafted and approved it on paper."""
    row = records.get(tx.conn, offers, offer_id)
    note = ", ".join(f"{name}: {value}" for name, value in told.items())
    records.note(tx, offers, row, step="import", note=note[:500])


def _own_partner(tx: Tx, partner_id: str) -> Row:
    """Return the partner for which the caller acts, as its operator or as the official there."""
    partner = records.get(tx.conn, partners, partner_id)
    if tx.actor.role == "R_PARTNER":
        if not partner_store.is_operator(tx.conn, partner_id, tx.actor.id):
            raise NotFound(kind="partner", id=partner_id)
    else:
        tx.require_scope(partner.area)
    return partner


def _require_title(title: str) -> None:
    if not 1 <= len(title.strip()) <= 200:
        raise Invalid(
            field="title", reason=said("名称应为 1 至 200 字 / a title has 1 to 200 characters")
        )


def _require_limits(payload: DraftOffer) -> None:
    if payload.per_person_month is not None and payload.per_person_month < 1:
        raise Invalid(
            field="per_person_month",
            reason=said("每月限兑应不少于 1 / the limit a month is at least 1"),
        )
    if not 1 <= payload.voucher_ttl_h <= 24 * 90:
        raise Invalid(
            field="voucher_ttl_h",
            reason=said("有效时长应在 1 至 2160 小时之间 / a voucher is good for 1 to 2160 hours"),
        )


def _require_stock(total: int) -> None:
    if not 0 <= total <= MOST_STOCK:
        raise Invalid(
            field="stock_total",
            reason=said("库存应在 0 至 {most} 之间 / stock is 0 to {most}", most=MOST_STOCK),
        )


def _require_prices(payload: DraftOffer | Reprice, kind: str, settle_mode: str) -> None:
    rules.require_prices(
        kind=kind,
        points_price=payload.points_price,
        face_value_fen=payload.face_value_fen,
        settle_fen_per_point=payload.settle_fen_per_point,
        settle_mode=settle_mode,
    )


def _propose(tx: Tx, offer_id: str, terms: int, payload: DraftOffer | Reprice) -> None:
    store.add_terms(
        tx.conn,
        {
            "offer_id": offer_id,
            "terms": terms,
            "points_price": payload.points_price,
            "face_value_fen": payload.face_value_fen,
            "settle_fen_per_point": payload.settle_fen_per_point,
            "state": "DRAFT",
            "proposed_by": tx.actor.id,
            "proposed_at": tx.now,
        },
    )


def _locked(tx: Tx, offer_id: str, *states: str) -> tuple[Row, Row]:
    row = records.locked(tx.conn, offers, offer_id)
    partner = _own_partner(tx, row.partner_id)
    records.require_state(row, *states)
    tx.check_version(row.version)
    return row, partner


def approve_offer(tx: Tx, payload: WhichOffer) -> OfferReply:
    """审批项目或新价格 / Approve an offer or its new prices.

    Approve an offer, or new prices of one that is approved already.

    Raises:
        LevelDenied: The offer belongs to the other level.
        ConflictOfInterest: The official acts for the partner, or drafted it.
        StateConflict: Nothing waits for approval.
    """
    row, waiting = _waiting(tx, payload.offer_id)
    store.enforce_terms(tx.conn, row.offer_id, waiting.terms, by=tx.actor.id, at=tx.now)
    state = "APPROVED" if row.state == "DRAFT" else row.state
    version = records.change(
        tx,
        offers,
        row,
        step="approve",
        state=state,
        note=f"terms {waiting.terms}",
        terms=waiting.terms,
        points_price=waiting.points_price,
        face_value_fen=waiting.face_value_fen,
        settle_fen_per_point=waiting.settle_fen_per_point,
    ).version
    code = "OFFER_APPROVED" if row.state == "DRAFT" else "PRICES_APPROVED"
    _tell(tx, row, code, points=waiting.points_price)
    return replace(reply(row, state=state, version=version), terms=waiting.terms)


def approve_offers(tx: Tx, payload: ApproveOffers) -> OffersReply:
    """批量审批项目或新价格 / Approve several offers or new prices.

    Approve each as if it were approved alone. One that is refused says why, and the others are
    approved.
    """
    outcomes: dict[int, OfferOutcome] = {}
    # In the order of their ids, so that two approvers do not wait for each other.
    for number, one in sorted(enumerate(payload.offers), key=lambda each: each[1].offer_id):
        try:
            with tx.part():
                version = records.locked(tx.conn, offers, one.offer_id).version
                if version != one.version:
                    raise VersionConflict(current=version, expected=one.version)
                done = approve_offer(tx, WhichOffer(one.offer_id))
                outcomes[number] = OfferOutcome(
                    id=done.id, state=done.state, version=done.version, terms=done.terms
                )
        except Refusal as refusal:
            said = problem_of(refusal, "fivered.services.partner")
            outcomes[number] = OfferOutcome(
                id=one.offer_id,
                state="REFUSED",
                code=refusal.guard or refusal.code,
                message_zh=said["message_zh"],
                message_en=said["message_en"],
            )
    items = [outcomes[number] for number in range(len(payload.offers))]
    return OffersReply(approved=sum(one.code is UNSET for one in items), items=items)


def refuse_offer(tx: Tx, payload: RefuseOffer) -> OfferReply:
    """不予批准项目或新价格 / Refuse an offer or its new prices.

    Refuse what waits for approval, with a reason its partner reads.

    A draft is over; of an offer that is approved already only the new prices are, and the old ones
    stay in force.

    Raises:
        LevelDenied: The offer belongs to the other level.
        ConflictOfInterest: The official acts for the partner, or drafted it.
        StateConflict: Nothing waits for approval.
    """
    row, waiting = _waiting(tx, payload.offer_id)
    store.refuse_terms(tx.conn, row.offer_id, waiting.terms)
    state = "REFUSED" if row.state == "DRAFT" else row.state
    version = records.change(
        tx, offers, row, step="refuse", state=state, note=payload.reason
    ).version
    code = "OFFER_REFUSED" if row.state == "DRAFT" else "PRICES_REFUSED"
    _tell(tx, row, code, reason=payload.reason)
    return replace(reply(row, state=state, version=version), terms=row.terms)


def _waiting(tx: Tx, offer_id: str) -> tuple[Row, Row]:
    """Return an offer and its prices that wait for the caller's word.

    Raises:
        LevelDenied: The offer belongs to the other level.
        ConflictOfInterest: The official acts for the partner, or drafted it.
        StateConflict: Nothing waits for approval.
    """
    row, partner = _locked(tx, offer_id, "DRAFT", "APPROVED", "PUBLISHED", "PAUSED")
    waiting = store.waiting_terms(tx.conn, row.offer_id)
    late = waiting is not None and waiting.proposed_at < rules.late_before(tx.calendar, tx.now)
    rules.require_approver(partner.level, tx.actor.role, late=late)
    if waiting is None:
        raise StateConflict(state=row.state)
    require_no_stake(tx, row.partner_id)
    if waiting.proposed_by == tx.actor.id:
        raise ConflictOfInterest
    return row, waiting


def publish_offer(tx: Tx, payload: WhichOffer) -> OfferReply:
    """上架 / Publish.

    Put an approved offer on the list, or a paused one back.

    The first time is a fact that earns credit; later times are not.

    Raises:
        StateConflict: It is not approved, or on the list already.
        PartnerNotActive: The partner is not active.
    """
    row, partner = _locked(tx, payload.offer_id, "APPROVED", "PAUSED")
    if partner.state != "ACTIVE":
        raise PartnerNotActive(state=partner.state)
    version = records.change(
        tx, offers, row, step="publish", state="PUBLISHED", published_at=row.published_at or tx.now
    ).version
    if row.published_at is None:
        tx.publish(
            fact_of(events.OfferPublished, row),
            subject=row.offer_id,
            scope=row.area,
            sequence=version,
        )
    return reply(row, state="PUBLISHED", version=version)


def pause_offer(tx: Tx, payload: WhichOffer) -> OfferReply:
    """暂停 / Pause.

    Take an offer off the list for now; open redemptions go on.

    Raises:
        StateConflict: It is not on the list.
    """
    return _move(tx, payload, "pause", "PAUSED", "PUBLISHED")


def end_offer(tx: Tx, payload: WhichOffer) -> OfferReply:
    """下架 / End.

    End an offer for good; open redemptions go on.

    Raises:
        StateConflict: It has ended.
    """
    return _move(tx, payload, "end", "ENDED", "DRAFT", "APPROVED", "PUBLISHED", "PAUSED")


def _move(tx: Tx, payload: WhichOffer, step: str, state: str, *before: str) -> OfferReply:
    row, _partner = _locked(tx, payload.offer_id, *before)
    version = records.change(tx, offers, row, step=step, state=state).version
    if tx.actor.role != "R_PARTNER":
        _tell(tx, row, f"OFFER_{state}")
    return reply(row, state=state, version=version)


def _tell(tx: Tx, row: Row, code: str, **detail: object) -> None:
    """Tell the partner what became of an offer."""
    notices.tell(tx, row.partner_id, code, row.offer_id, title=row.title, **detail)


def restock_offer(tx: Tx, payload: Restock) -> OfferReply:
    """库存 / Stock.

    Set how many pieces there are in all.

    Raises:
        Invalid: It is more than an offer may have.
        OutOfStock: More than that are taken already.
        StateConflict: The offer has ended.
    """
    row, _partner = _locked(tx, payload.offer_id, "DRAFT", "APPROVED", "PUBLISHED", "PAUSED")
    _require_stock(payload.stock_total)
    left = row.stock_left + payload.stock_total - row.stock_total
    if left < 0:
        raise OutOfStock(field="stock_total")
    version = records.change(
        tx,
        offers,
        row,
        step="stock",
        note=f"{row.stock_total}→{payload.stock_total}",
        stock_total=payload.stock_total,
        stock_left=left,
    ).version
    return replace(reply(row, version=version), stock_left=left)


def reprice_offer(tx: Tx, payload: Reprice) -> OfferReply:
    """调价(待审批)/ Propose new prices.

    Raises:
        PriceRange: A price lies outside its range.
        SettleMode: A sponsor would be paid.
        StateConflict: The offer has ended.
    """
    row, partner = _locked(tx, payload.offer_id, "DRAFT", "APPROVED", "PUBLISHED", "PAUSED")
    _require_prices(payload, row.kind, partner.settle_mode)
    waiting = store.waiting_terms(tx.conn, row.offer_id)
    terms = waiting.terms if waiting is not None else store.last_terms(tx.conn, row.offer_id) + 1
    _propose(tx, row.offer_id, terms, payload)
    version = records.change(tx, offers, row, step="reprice", note=f"terms {terms}").version
    return replace(reply(row, version=version), terms=terms)
