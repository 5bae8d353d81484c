"""The register of partners: apply, vet, agree, suspend, resume, exit."""

import re
from typing import Annotated, Literal

from msgspec import Meta
from msgspec.structs import replace

from fivered.chassis import records
from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.fields import Area, Id
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.records import Row
from fivered.chassis.refusal import Invalid, NotFound, said
from fivered.chassis.requests import UNIQUE, Request
from fivered.chassis.text import AREA as AREA_FORM
from fivered.chassis.text import PERSON
from fivered.services.partner import events
from fivered.services.partner.actions import notices, people
from fivered.services.partner.actions import redemptions as saga
from fivered.services.partner.errors import (
    ConflictOfInterest,
    OperatorsNeeded,
    PartnerDiffers,
    PartnerExists,
    UsccCheckFailed,
)
from fivered.services.partner.fields import PartnerLevel
from fivered.services.partner.replies import PartnerReply
from fivered.services.partner.rules import offers as offer_rules
from fivered.services.partner.rules import uscc
from fivered.services.partner.storage import offers as offer_store
from fivered.services.partner.storage import partners as store
from fivered.services.partner.storage.tables import offers, organisations, partners

ID = re.compile(r"^[a-z]{2,5}_[A-Za-z0-9_-]{1,56}$")
_PERSON = re.compile(PERSON)
# How many partners are told of in one transaction.
_PART = 500
AREA = re.compile(AREA_FORM)

Category = Literal[
    "RESTAURANT",
    "GROCERY",
    "SUPERMARKET",
    "CONVENIENCE_STORE",
    "MARKET_STALL",
    "PHARMACY",
    "BARBER",
    "CLINIC",
    "LAUNDRY",
    "CINEMA",
    "HOSPITAL",
    "BOOKSHOP",
    "UNIT",
    "OTHER",
]


class RegisterPartner(Request, frozen=True):
    """登记合伙人申请 / Enter an application.

    A code of the wrong shape is refused. A wrong check character is refused too, unless an official
    says in `uscc_override` why the licence really says so; the reason is kept and shown.
    """

    org_name: Annotated[PublicText, Meta(max_length=200, examples=["巧云理发店"])]
    uscc: Annotated[str, Meta(max_length=40, examples=["92370899MA0000000B"])]
    category: Annotated[Category, Meta(examples=["BARBER"])]
    level: Annotated[
        PartnerLevel,
        Meta(description="街道级或社区级 / level", examples=["COMMUNITY"]),
    ]
    area: Annotated[
        Area, Meta(description="街道 9 位或社区 12 位 / area", examples=["370811015901"])
    ]
    settle_mode: Annotated[
        Literal["FUND", "SPONSOR", "MIXED"],
        Meta(description="基金结算、让利不结算、混合 / who pays", examples=["FUND"]),
    ]
    operators: Annotated[
        list[Id],
        UNIQUE,
        Meta(
            min_length=1,
            max_length=50,
            description="经办人编号 / persons who act for it",
            examples=[["per_barber"]],
        ),
    ]
    partner_id: (
        Annotated[
            str,
            Meta(
                pattern=r"^ptn_[A-Za-z0-9_-]{1,56}$",
                description="导入时自定编号 / id chosen by a loader",
            ),
        ]
        | None
    ) = None
    uscc_override: (
        Annotated[
            PublicText,
            Meta(
                max_length=500,
                description="校验位不符仍登记的理由 / reason to register all the same",
            ),
        ]
        | None
    ) = None


class WhichPartner(Request, frozen=True):
    """Which partner is meant."""

    partner_id: str


class AgreePartner(Request, frozen=True):
    """签约 / The agreement is signed."""

    partner_id: str
    agreement_ref: (
        Annotated[PublicText, Meta(max_length=200, examples=["2025-共建-014"])] | None
    ) = None


class StopPartner(Request, frozen=True):
    """暂停或退出 / Stop; open vouchers are honoured until they expire, or cancelled."""

    partner_id: str
    vouchers: Annotated[Literal["HONOUR", "CANCEL"], Meta(examples=["HONOUR"])]
    reason: Annotated[PublicText, Meta(min_length=1, max_length=500, examples=["门店装修"])]


class EndApplication(Request, frozen=True):
    """申请终止 / An application comes to nothing."""

    partner_id: str
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


class SetOperators(Request, frozen=True):
    """更换经办人 / Replace the operators."""

    partner_id: str
    operators: Annotated[
        list[Id], UNIQUE, Meta(min_length=1, max_length=50, examples=[["per_barber"]])
    ]


def reply(row: Row, *, state: str | None = None, version: int | None = None) -> PartnerReply:
    """Return what every command on a partner answers."""
    return PartnerReply(
        id=row.partner_id,
        state=state or row.state,
        version=row.version if version is None else version,
    )


def require_id(name: str, identity: str) -> None:
    """Refuse a client-chosen id of another shape.

    Raises:
        Invalid: It does not look like an id of this house.
    """
    if not ID.match(identity):
        raise Invalid(
            field=name,
            reason=said(
                ("{name} 格式应为前缀_编号 / {name} is a prefix, _ and a number"), name=name
            ),
        )


def require_area(name: str, code: str) -> None:
    """Refuse what is no unpadded area code.

    Raises:
        Invalid: It has another shape.
    """
    if not AREA.match(code):
        raise Invalid(
            field=name,
            reason=said(
                ("{name} 应为 6、9、12 或 15 位数字 / {name} has 6, 9, 12 or 15 digits"), name=name
            ),
        )


def register_partner(tx: Tx, payload: RegisterPartner) -> PartnerReply:
    """登记合伙人 / Register a partner.

    Raises:
        UsccMalformed: The code cannot be one.
        UsccCheckFailed: Its check character is wrong and no official gave a reason.
        LevelAreaMismatch: The level and the area code do not fit.
        OperatorsNeeded: Nobody is named.
        PartnerExists: The organisation is a partner there, or the id is taken.
        PartnerDiffers: The id, or the organisation, is known with other content.
        UnknownPerson, Deceased, UnderAge: Somebody named may not act for anybody.
    """
    require_area("area", payload.area)
    offer_rules.require_level_area(payload.level, payload.area)
    tx.require_scope(payload.area)
    code = uscc.normalised(payload.uscc)
    override = _override(tx, payload, code)
    _require_operators(payload.operators)
    if not payload.org_name.strip():
        raise Invalid(
            field="org_name", reason=said("单位名称不能为空 / the organisation's name is missing")
        )
    if payload.partner_id is not None:
        require_id("partner_id", payload.partner_id)
        known = store.card(tx.conn, payload.partner_id)
        if known is not None:
            return _same_or_refuse(tx, payload, code, known)
    named = people.operators(tx, payload.operators)
    org = store.organisation_of(tx.conn, code) or store.add_organisation(
        tx.conn,
        code,
        org_id=tx.new_id("org"),
        name=payload.org_name.strip(),
        uscc_override=override,
        override_by=tx.actor.id if override else None,
        created_at=tx.now,
    )
    # So that it is not made a partner twice at the same time.
    records.known(tx.conn, organisations, org.org_id, lock=True)
    other = store.partner_of(tx.conn, org.org_id, payload.area)
    if other is not None:
        raise PartnerExists(field="uscc", area=payload.area, id=other.partner_id)
    _require_one_name(tx, org, payload.org_name.strip())
    partner_id = payload.partner_id or tx.new_id("ptn")
    records.create(
        tx,
        partners,
        step="register",
        note=override,
        **records.values_from(
            payload,
            partners,
            partner_id=partner_id,
            org_id=org.org_id,
            state="APPLIED",
            winding_down=False,
            version=1,
            created_by=tx.actor.id,
            created_at=tx.now,
        ),
    )
    store.set_operators(tx.conn, partner_id, named)
    return PartnerReply(id=partner_id, org_id=org.org_id, state="APPLIED", version=1)


def _override(tx: Tx, payload: RegisterPartner, code: str) -> str | None:
    if uscc.is_consistent(code):
        return None
    reason = (payload.uscc_override or "").strip()
    if len(reason) < 10 or tx.actor.role in {"R_PARTNER", "R_MERCHANT"}:
        raise UsccCheckFailed(field="uscc", uscc=code)
    return reason[:500]


def _require_operators(person_ids: list[str]) -> None:
    if not person_ids:
        raise OperatorsNeeded(field="operators")
    for number, person_id in enumerate(person_ids):
        if not _PERSON.match(person_id):
            raise Invalid(
                field=f"operators[{number}]", reason=said("应为人员编号 / this is no person's id")
            )


def _require_one_name(tx: Tx, org: Row, name: str) -> None:
    """Keep one name of an organisation: it may change as long as it is nobody's partner.

    Raises:
        PartnerDiffers: It is a partner elsewhere under another name.
    """
    if org.name == name:
        return
    elsewhere = store.partner_anywhere(tx.conn, org.org_id)
    if elsewhere is not None:
        raise PartnerDiffers(field="org_name", id=elsewhere.partner_id, what="org_name")
    store.rename_organisation(tx.conn, org.org_id, name)


def _same_or_refuse(tx: Tx, payload: RegisterPartner, code: str, known: Row) -> PartnerReply:
    same = (
        known.uscc == code
        and known.category == payload.category
        and known.level == payload.level
        and known.area == payload.area
        and known.settle_mode == payload.settle_mode
    )
    if not same:
        raise PartnerExists(field="partner_id", area=known.area, id=known.partner_id)
    if known.name != payload.org_name.strip():
        raise PartnerDiffers(field="org_name", id=known.partner_id, what="org_name")
    if store.operators_of(tx.conn, known.partner_id) != people.meant(tx, payload.operators):
        raise PartnerDiffers(field="operators", id=known.partner_id, what="operators")
    return replace(reply(known), org_id=known.org_id)


def require_agreement(tx: Tx, partner_id: str, agreement_ref: str) -> None:
    """Refuse a file that says another agreement than what is registered, or one that nobody signed.

    Raises:
        PartnerDiffers: It does.
    """
    if records.get(tx.conn, partners, partner_id).agreement_ref != agreement_ref:
        raise PartnerDiffers(field="agreement_ref", id=partner_id, what="agreement_ref")


def _locked(tx: Tx, partner_id: str, *states: str) -> Row:
    row = records.locked(tx.conn, partners, partner_id)
    tx.require_scope(row.area)
    records.require_state(row, *states)
    tx.check_version(row.version)
    return row


def require_no_stake(tx: Tx, partner_id: str, *others: str) -> None:
    """Refuse a caller whose household has a stake in a partner.

    Args:
        tx: The transaction.
        partner_id: The partner.
        others: Whose matter it is as well.

    Raises:
        ConflictOfInterest: One of them acts for the partner, or is one of `others`.
    """
    if store.has_stake(tx.conn, partner_id, tx.actor.id, *others):
        raise ConflictOfInterest


def vet_partner(tx: Tx, payload: WhichPartner) -> PartnerReply:
    """资质核验 / Vet.

    Record that licence and code were checked by an official who has no stake in it.

    Raises:
        StateConflict: It is not APPLIED.
        ConflictOfInterest: The official acts for the partner.
    """
    row = _locked(tx, payload.partner_id, "APPLIED")
    require_no_stake(tx, row.partner_id)
    version = records.change(tx, partners, row, step="vet", state="VETTED").version
    _tell(tx, row, "PARTNER_VETTED")
    return reply(row, state="VETTED", version=version)


def refuse_partner(tx: Tx, payload: EndApplication) -> PartnerReply:
    """不予受理 / Refuse an application.

    Refuse an application with a reason. The organisation may apply again.

    Raises:
        StateConflict: It is decided already.
        ConflictOfInterest: The official acts for the partner.
    """
    row = _locked(tx, payload.partner_id, "APPLIED", "VETTED")
    require_no_stake(tx, row.partner_id)
    _tell(tx, row, "PARTNER_REFUSED", reason=payload.reason)
    return _end_application(tx, row, "refuse", "REFUSED", payload.reason)


def withdraw_partner(tx: Tx, payload: EndApplication) -> PartnerReply:
    """撤回申请 / Take one's application back.

    Raises:
        NotFound: The caller does not act for it.
        StateConflict: It is decided already.
    """
    row = records.locked(tx.conn, partners, payload.partner_id)
    if (
        not store.is_operator(tx.conn, row.partner_id, tx.actor.id)
        and row.created_by != tx.actor.id
    ):
        raise NotFound(kind="partner", id=payload.partner_id)
    records.require_state(row, "APPLIED", "VETTED")
    tx.check_version(row.version)
    return _end_application(tx, row, "withdraw", "WITHDRAWN", payload.reason)


def _end_application(tx: Tx, row: Row, step: str, state: str, reason: str) -> PartnerReply:
    version = records.change(tx, partners, row, step=step, state=state, note=reason).version
    return reply(row, state=state, version=version)


def agree_partner(tx: Tx, payload: AgreePartner) -> PartnerReply:
    """签约生效 / Sign the agreement; the partner is active.

    Record the signed agreement: the partner is active and a subject of credit.

    Raises:
        StateConflict: It is not VETTED.
        ConflictOfInterest: The official acts for the partner.
    """
    row = _locked(tx, payload.partner_id, "VETTED")
    require_no_stake(tx, row.partner_id)
    # Signed and active are one step here; both stand in the history.
    active = records.update(
        tx.conn,
        partners,
        row,
        state="ACTIVE",
        agreement_ref=payload.agreement_ref,
        admitted_at=row.admitted_at or tx.now,
    )
    records.note(tx, partners, active, step="sign", state="AGREED", note=payload.agreement_ref)
    records.note(tx, partners, active, step="agree")
    _publish_admitted(tx, row, active.version)
    _tell(tx, row, "PARTNER_ACTIVE")
    return reply(row, state="ACTIVE", version=active.version)


def _publish_admitted(tx: Tx, row: Row, version: int) -> None:
    tx.publish(
        fact_of(events.PartnerAdmitted, row),
        subject=row.partner_id,
        scope=row.area,
        sequence=version,
    )
    # That a partner is admitted is public; which persons act for it is for the services only.
    _publish_operators(tx, row, version)


def _publish_operators(tx: Tx, row: Row, version: int) -> None:
    tx.publish(
        events.PartnerOperatorsChanged(
            row.partner_id, row.org_id, store.operators_of(tx.conn, row.partner_id)
        ),
        subject=row.partner_id,
        scope=row.area,
        sequence=version,
    )


def tell_operators(tx: Tx, due: Due) -> None:
    """Say who acts for the partners that were admitted before it was said; many in parts."""
    after = "" if due.ref == "ALL" else due.ref
    told = store.admitted_after(tx.conn, after, _PART)
    for row in told:
        _publish_operators(tx, row, row.version)
    if len(told) == _PART:
        tx.arm(due.kind, told[-1].partner_id, tx.now)


def resume_partner(tx: Tx, payload: WhichPartner) -> PartnerReply:
    """恢复 / Resume.

    Make a suspended partner active again; its offers stay paused until it publishes them.

    Raises:
        StateConflict: It is not SUSPENDED.
        ConflictOfInterest: The official acts for the partner.
    """
    row = _locked(tx, payload.partner_id, "SUSPENDED")
    require_no_stake(tx, row.partner_id)
    version = records.change(
        tx, partners, row, step="resume", state="ACTIVE", winding_down=False
    ).version
    _publish_admitted(tx, row, version)
    _tell(tx, row, "PARTNER_RESUMED")
    return reply(row, state="ACTIVE", version=version)


def suspend_partner(tx: Tx, payload: StopPartner) -> PartnerReply:
    """暂停 / Suspend.

    Withdraw a partner's offers for now; open vouchers are honoured or cancelled.

    Raises:
        StateConflict: It is not ACTIVE.
        ConflictOfInterest: The official acts for the partner.
    """
    row = _locked(tx, payload.partner_id, "ACTIVE")
    require_no_stake(tx, row.partner_id)
    version = records.change(
        tx,
        partners,
        row,
        step="suspend",
        state="SUSPENDED",
        note=payload.reason,
        winding_down=payload.vouchers == "HONOUR",
    ).version
    _withdraw(tx, row.partner_id, ("PUBLISHED",), "PAUSED")
    if payload.vouchers == "CANCEL":
        saga.cancel_open(tx, partner_id=row.partner_id, by="PARTNER", reason="CLOSED")
    tx.publish(
        events.PartnerSuspended(row.partner_id),
        subject=row.partner_id,
        scope=row.area,
        sequence=version,
    )
    cancelled = "_VOUCHERS_CANCELLED" if payload.vouchers == "CANCEL" else ""
    _tell(tx, row, f"PARTNER_SUSPENDED{cancelled}", reason=payload.reason)
    return reply(row, state="SUSPENDED", version=version)


def exit_partner(tx: Tx, payload: StopPartner) -> PartnerReply:
    """退出 / Exit.

    End a partnership. Its statements are still paid.

    Raises:
        StateConflict: It has left, or never was active.
        NotFound: A partner's operator means another partner.
    """
    row = records.locked(tx.conn, partners, payload.partner_id)
    if tx.actor.role == "R_PARTNER":
        if not store.is_operator(tx.conn, row.partner_id, tx.actor.id):
            raise NotFound(kind="partner", id=payload.partner_id)
    else:
        tx.require_scope(row.area)
    records.require_state(row, "ACTIVE", "SUSPENDED")
    tx.check_version(row.version)
    version = records.change(
        tx,
        partners,
        row,
        step="exit",
        state="EXITED",
        note=payload.reason,
        winding_down=payload.vouchers == "HONOUR",
        exited_at=tx.now,
    ).version
    _withdraw(tx, row.partner_id, ("DRAFT", "APPROVED", "PUBLISHED", "PAUSED"), "ENDED")
    if payload.vouchers == "CANCEL":
        saga.cancel_open(tx, partner_id=row.partner_id, by="PARTNER", reason="CLOSED")
    tx.publish(
        events.PartnerExited(row.partner_id),
        subject=row.partner_id,
        scope=row.area,
        sequence=version,
    )
    _tell(tx, row, "PARTNER_EXITED", reason=payload.reason)
    return reply(row, state="EXITED", version=version)


def _withdraw(tx: Tx, partner_id: str, states: tuple[str, ...], state: str) -> None:
    """Take offers away first: a request that races with it either came before, and its redemption
    is found by what follows, or finds no published offer."""
    for row in offer_store.lock_offers_of(tx.conn, partner_id, states):
        records.change(tx, offers, row, step="withdraw", state=state)


def set_operators(tx: Tx, payload: SetOperators) -> PartnerReply:
    """更换经办人 / Replace the operators.

    Replace the persons who act for a partner.

    Raises:
        OperatorsNeeded: Nobody is named.
        StateConflict: The partner has left.
        ConflictOfInterest: Somebody of the official's household acts for it, or would.
        UnknownPerson, Deceased, UnderAge: Somebody named may not act for anybody.
    """
    _require_operators(payload.operators)
    row = _locked(tx, payload.partner_id, "APPLIED", "VETTED", "ACTIVE", "SUSPENDED")
    named = people.operators(tx, payload.operators)
    # Neither who runs the shop now, nor who would: another official decides it.
    require_no_stake(tx, row.partner_id, *named)
    store.set_operators(tx.conn, row.partner_id, named)
    version = records.change(tx, partners, row, step="operators").version
    _publish_operators(tx, row, version)
    _tell(tx, row, "OPERATORS_CHANGED")
    return reply(row, version=version)


def _tell(tx: Tx, row: Row, code: str, **detail: object) -> None:
    """Tell a partner what was decided about it."""
    name = records.known(tx.conn, organisations, row.org_id).name
    notices.tell(tx, row.partner_id, code, row.partner_id, name=name, **detail)


def end_for_dead(tx: Tx, person_id: str) -> None:
    """Let nobody act for a partner who is dead; officials name another one."""
    for partner_id in store.operated_now(tx.conn, person_id):
        row = records.locked(tx.conn, partners, partner_id)
        store.drop_operator(tx.conn, partner_id, person_id)
        version = records.change(tx, partners, row, step="operator_died").version
        _publish_operators(tx, row, version)
