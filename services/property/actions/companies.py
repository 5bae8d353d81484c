"""Companies, and who speaks for them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from fivered.chassis import files, records
from fivered.chassis.bus import Tx
from fivered.chassis.facts import fact_of
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import RoleDenied, StateConflict
from fivered.chassis.requests import UNIQUE, Request
from fivered.services.property import errors, events, replies, rules
from fivered.services.property.actions import ground
from fivered.services.property.storage import rows, tables
from fivered.services.property.storage.rows import Row, Values

CompanyId = Annotated[str, Meta(pattern=r"^pco_[A-Za-z0-9_-]{1,58}$")]
Representatives = Annotated[list[ground.PersonId], UNIQUE, Meta(max_length=20)]


class RegisterCompany(Request, frozen=True):
    """登记物业企业 / Register a property company.

    The unified social credit code is checked (GB 32100). A wrong one is refused unless
    `override_reason` says why; the reason is kept and shown.
    """

    name: Annotated[ground.Name, Meta(examples=["宏达物业服务有限公司"])]
    uscc: Annotated[str, Meta(max_length=40, examples=["91370899MA0000000E"])]
    company_id: (
        Annotated[CompanyId, Meta(description="导入时自定编号 / id chosen by a loader")] | None
    ) = None
    override_reason: Annotated[
        PublicText,
        Meta(max_length=1000, description="校验不通过仍登记的理由 / why all the same"),
    ] = ""
    representatives: Annotated[
        Representatives,
        Meta(description="授权代表,无登记则无人可代表 / who speaks for it; without them nobody"),
    ] = field(default_factory=list)


def register_company(tx: Tx, payload: RegisterCompany) -> replies.Made:
    """登记物业企业 / Register a company.

    Register a company under its unified social credit code.

    Raises:
        UsccInvalid: The check fails and no reason overrides it.
        UsccTaken: The code belongs to another company.
        IdTaken: The chosen id stands for something else.
        CompanyDiffers: It is registered with other content; what changes has doors of its own.
        SamePerson, OwnHousehold: The registrar names somebody of their own household.
        NotRegistered, UnderAge, Deceased, MergedAway: A representative is no registered adult.
    """
    ground.require_others(tx, "representatives", payload.representatives)
    uscc, overridden = _checked_uscc(payload.uscc, payload.override_reason)
    other = rows.company_by_uscc(tx.conn, uscc)
    if other is not None:
        if payload.company_id == other.company_id and other.name == payload.name:
            _require_same(other, payload, overridden)
            return ground.reply(replies.Made, tables.companies, other, state="REGISTERED")
        raise errors.UsccTaken(field="uscc", uscc=uscc, company=other.company_id)
    if payload.company_id and records.find(tx.conn, tables.companies, payload.company_id):
        raise errors.IdTaken(field="company_id", id=payload.company_id)
    ground.require_adults(tx, "representatives", payload.representatives)
    row = records.create(
        tx,
        tables.companies,
        step="REGISTERED",
        note={"uscc_valid": overridden is None},
        company_id=payload.company_id or tx.new_id("pco"),
        name=payload.name,
        uscc=uscc,
        uscc_override_reason=overridden,
        uscc_override_by=tx.actor.id if overridden else None,
        representatives=sorted(set(payload.representatives)),
        area=tx.actor.scope[:6],
        version=1,
        created_at=tx.now,
    )
    _publish_company(tx, row)
    return ground.reply(replies.Made, tables.companies, row, state="REGISTERED")


def _require_same(known: Row, payload: RegisterCompany, overridden: str | None) -> None:
    """Refuse a company that is known with other content, rather than drop what is new.

    Raises:
        CompanyDiffers: It is.
    """
    told: Values = {
        "representatives": sorted(payload.representatives),
        "uscc_override_reason": overridden,
    }
    what = ground.differing(known, told)
    if what is not None:
        what = what.removeprefix("uscc_")
        raise errors.CompanyDiffers(field=what, id=known.company_id, what=what)


class ChangeRepresentatives(Request, frozen=True):
    """变更企业授权代表 / Change who speaks for a company.

    Two registrars do it: the first call proposes (PROPOSED), the same list from another person
    confirms it (CHANGED). Nobody names their own person.

    Attributes:
        document_ref: The company's letter of authority: its number, or a file.
    """

    company_id: str
    representatives: Annotated[Representatives, Meta(examples=[["per_company"]])]
    document_ref: Annotated[
        str, Meta(min_length=1, max_length=200, examples=["宏达物业授权书〔2025〕1号"]), PUBLIC
    ]


def change_representatives(tx: Tx, payload: ChangeRepresentatives) -> replies.Made:
    """变更企业授权代表(两人办理) / Change who speaks for a company.

    Two registrars change a company's representatives: one proposes, another one confirms.

    A person who names other persons than the proposal makes a new proposal.

    Raises:
        NotFound: There is no such company.
        RoleDenied: The company has no project in the actor's area.
        SamePerson: The proposer would confirm, or a registrar names themselves.
        OwnHousehold: A registrar names somebody who lives with them.
        StateConflict: They speak for it already.
        UnknownFile: The letter is a file that the proposer has not sent.
        NotRegistered, UnderAge, Deceased, MergedAway: A new one is no registered adult.
        OneSideOnly: A new one stands for community or owners of a project that the company runs.

    Source:
        FAULTS K14, SEC-H1: a person who speaks for a company is looked up, never believed.
    """
    row = ground.found(tx, tables.companies, payload.company_id)
    _require_registrar(tx, row)
    named = sorted(set(payload.representatives))
    ground.require_others(tx, "representatives", named)
    tx.check_version(row.version)
    if named == row.representatives:
        raise StateConflict(state="REPRESENTATIVES", field="representatives")
    ground.require_adults(
        tx, "representatives", [one for one in named if one not in row.representatives]
    )
    new = set(named) - set(row.representatives)
    for project in rows.projects_of_company(tx.conn, payload.company_id):
        ground.require_one_side(tx, project, "PROPERTY", "representatives", sorted(new))
    if row.representatives_proposed != named:
        # A letter that is a file is read by who sees on the company's card who speaks for it.
        files.attach(tx, payload.document_ref, field="document_ref", company_id=row.company_id)
        row = records.change(
            tx,
            tables.companies,
            row,
            step="REPRESENTATIVES_PROPOSED",
            representatives_proposed=named,
            representatives_proposed_by=tx.actor.id,
            representatives_document=payload.document_ref,
            note={"named": named, "document": payload.document_ref},
        )
        return ground.reply(replies.Made, tables.companies, row, state="PROPOSED")
    if row.representatives_proposed_by == tx.actor.id:
        raise errors.SamePerson
    former = row.representatives
    row = records.change(
        tx,
        tables.companies,
        row,
        step="REPRESENTATIVES_CHANGED",
        representatives=named,
        representatives_proposed=None,
        representatives_proposed_by=None,
        note={"former": former, "now": named, "document": payload.document_ref},
    )
    tx.publish(
        events.CompanyRepresentativesChanged(row.company_id, named),
        subject=row.company_id,
        scope=row.area,
        sequence=row.version,
    )
    return ground.reply(replies.Made, tables.companies, row, state="CHANGED")


def _require_registrar(tx: Tx, company: Row) -> None:
    """Refuse a street in which the company runs nothing, unless it runs nothing anywhere."""
    if not rows.concerning(tx.conn, tx.actor.scope, [company]):
        raise RoleDenied(role=tx.actor.role, scope=tx.actor.scope, area=company.area)


class CorrectCompany(Request, frozen=True):
    """更正物业企业登记 / Put right what is registered of a company; the rest stays."""

    company_id: str
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["营业执照更名"])]
    name: Annotated[ground.Name, Meta(examples=["宏达物业有限公司"])] | None = None
    uscc: Annotated[str, Meta(max_length=40)] | None = None
    override_reason: Annotated[
        PublicText,
        Meta(max_length=1000, description="校验不通过仍登记的理由 / why all the same"),
    ] = ""


def correct_company(tx: Tx, payload: CorrectCompany) -> replies.Made:
    """更正企业登记 / Put a company's registration right.

    Put a company's name or code right; who heard of it hears it again (SP-D33).

    Raises:
        NotFound: There is no such company.
        RoleDenied: The company has no project in the actor's area.
        ReasonRequired: There is no reason.
        UsccInvalid, UsccTaken: As when it is registered.
        NothingChanges: It stands so already.
    """
    row = ground.found(tx, tables.companies, payload.company_id)
    _require_registrar(tx, row)
    tx.check_version(row.version)
    ground.require_reason(payload.reason)
    wanted: Values = {}
    if payload.name is not None:
        wanted["name"] = payload.name
    if payload.uscc is not None:
        uscc, overridden = _checked_uscc(payload.uscc, payload.override_reason)
        other = rows.company_by_uscc(tx.conn, uscc)
        if other is not None and other.company_id != payload.company_id:
            raise errors.UsccTaken(field="uscc", uscc=uscc, company=other.company_id)
        wanted |= {
            "uscc": uscc,
            "uscc_override_reason": overridden,
            "uscc_override_by": tx.actor.id if overridden else None,
        }
    row = ground.correct(tx, tables.companies, row, wanted=wanted, reason=payload.reason)
    _publish_company(tx, row)
    return ground.reply(replies.Made, tables.companies, row, state="CORRECTED")


def _checked_uscc(text: str, override_reason: str) -> tuple[str, str | None]:
    """Return a code in its one spelling, and why it is taken where its check fails.

    Raises:
        UsccInvalid: The check fails and no reason overrides it.
    """
    uscc = rules.normalise_uscc(text)
    if rules.uscc_valid(uscc):
        return uscc, None
    if not override_reason.strip():
        raise errors.UsccInvalid(field="uscc", uscc=text)
    return uscc, override_reason


def _publish_company(tx: Tx, row: Row) -> None:
    tx.publish(
        fact_of(events.CompanyRegistered, row),
        subject=row.company_id,
        scope=row.area,
        sequence=row.version,
    )


def end_for_dead(tx: Tx, person_id: str) -> None:
    """Let nobody who has died speak for a company; the others who do are told."""
    for company_id in rows.companies_naming(tx.conn, person_id):
        _without_representative(tx, company_id, person_id)


def _without_representative(tx: Tx, company_id: str, person_id: str) -> None:
    row = ground.found(tx, tables.companies, company_id)
    changes: Values = {}
    if person_id in (row.representatives_proposed or []):
        changes = {"representatives_proposed": None, "representatives_proposed_by": None}
    spoke = person_id in row.representatives
    left = [one for one in row.representatives if one != person_id]
    row = records.change(
        tx,
        tables.companies,
        row,
        step="REPRESENTATIVE_ENDED",
        representatives=left,
        **changes,
        note={"former": person_id, "reason": "DECEASED"},
    )
    if not spoke:
        return
    for one in left:
        ground.tell(tx, one, "REPRESENTATIVE_DIED", said=row.name)
    tx.publish(
        events.CompanyRepresentativesChanged(company_id, left),
        subject=company_id,
        scope=row.area,
        sequence=row.version,
    )
