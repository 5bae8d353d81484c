"""What is kept of the facts that other services say, and which rights follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fivered.chassis import identities, own_data, records
from fivered.chassis.bus import Event, Tx
from fivered.services.identity import events
from fivered.services.identity.actions import closing, rights
from fivered.services.identity.rules import grants as rules
from fivered.services.identity.storage import accounts
from fivered.services.identity.storage import grants as store
from fivered.services.identity.storage.tables import accounts as account_table
from fivered.services.identity.storage.tables import areas

_NEW_PERSON: dict[str, object] = {
    "state": "ACTIVE", "merged_into": None, "grid": None, "sequence": -1, "sequences": {},
}  # fmt: skip


def consume(tx: Tx, heard: Sequence[Event]) -> None:
    """Take facts into effect, in their order. An id that was given up means the kept one."""
    heard = identities.redirected(
        heard,
        lambda ids: accounts.kept_ids(tx.conn, ids),
        own=(*_OF_REGISTRATION, events.SignInPhoneEndedHeard),
    )
    for event in heard:
        data = event.data
        if isinstance(data, events.AreaDefinedHeard):
            records.put(tx.conn, areas, [{"code": data.code}])
        elif isinstance(data, events.PersonMergedHeard):
            closing.merge(tx, data.person_id, data.into)
        elif isinstance(data, _OF_REGISTRATION):
            _register(tx, event)
        elif isinstance(data, events.SignInCodeHeard):
            accounts.keep_phone_code(
                tx.conn, code_id=data.code_id, person_id=data.person_id, digest=data.digest,
                until=data.until,
            )  # fmt: skip
        elif isinstance(data, events.SignInPhoneEndedHeard):
            closing.end_by_phone(tx, data.person_id, data.code_ids)
        elif (said := _tie(event)) is not None:
            source, ref, values = said
            _keep(tx, event, source, ref, values)


def erased(tx: Tx, heard: Sequence[Event]) -> None:
    """Close the accounts of persons whose data were erased, and erase what is kept of them."""
    for event in heard:
        closing.close(tx, event.data.person_id, "ERASED")
    own_data.consume(tx, heard)


def erase_again(tx: Tx, person_ids: Sequence[str]) -> None:
    """The same, after a restore."""
    for person_id in person_ids:
        closing.close(tx, person_id, "ERASED")
    own_data.erase(tx, person_ids)


_OF_REGISTRATION = (
    events.PersonRegisteredHeard,
    events.ResidentRegisteredHeard,
    events.ResidentReturnedHeard,
    events.ResidentMovedHeard,
    events.ResidentDeactivatedHeard,
)


def _register(tx: Tx, event: Event) -> None:
    """Keep whether somebody is registered, and where; a resident acts in the own grid."""
    data = event.data
    before = accounts.people_of(tx.conn, [data.person_id]).get(data.person_id)
    row = dict(before or {"person_id": data.person_id, **_NEW_PERSON})
    now = records.newest(row, _registered(data), event.sequence)
    store.put_people(tx.conn, [now])
    grid = now["grid"] if now["state"] == "ACTIVE" else None
    kept = str(row["merged_into"] or data.person_id)
    roles = [] if grid is None else [("R_RESIDENT", str(grid))]
    rights.renew(tx, "RESIDENT", data.person_id, [kept], roles)
    if grid is not None and before is not None and before["grid"] != grid:
        _follow(tx, kept, str(grid))
    if now["state"] == "DECEASED" and row["merged_into"] is None:
        closing.close_for_dead(tx, data.person_id)


def _follow(tx: Tx, person_id: str, grid: str) -> None:
    """Let a resident's account be administered where the person lives now."""
    account = accounts.of_person(tx.conn, person_id, lock=True)
    if account is not None and account.kind == "RESIDENT" and account.area != grid:
        records.change(tx, account_table, account, step="moved", note=account.area, area=grid)


def _registered(data: Any) -> dict[str, object]:
    if isinstance(data, events.ResidentDeactivatedHeard):
        return {"state": "DECEASED" if data.reason == "DECEASED" else "MOVED_OUT"}
    if isinstance(data, events.ResidentMovedHeard):
        return {"grid": data.to_grid}
    if isinstance(data, events.PersonRegisteredHeard):
        return {"state": "ACTIVE"}
    return {"state": "ACTIVE", "grid": data.grid}


def _tie(event: Event) -> tuple[str, str, dict[str, object]] | None:
    """Return what a fact says of a tie: its source, its id, and what of it is so from now on."""
    match event.data:
        case events.StewardEnrolledHeard() as one:
            roles = rules.of_steward(one.duty, one.community)
            return "STEWARD", one.steward_id, _held([one.person_id], one.community, roles)
        case events.StewardLeftHeard() as one:
            return "STEWARD", one.steward_id, {"holds": False}
        case events.ProjectRegisteredHeard() as one:
            roles = [("R_PM", one.community)]
            open_ = one.status != "CLOSED"
            return "PROJECT", one.project_id, {
                "area": one.community, "roles": roles, "holds": open_,
            }  # fmt: skip
        case events.ProjectManagerChangedHeard() as one:
            return "PROJECT", one.project_id, {"people": [one.person_id]}
        case events.ProjectManagerEndedHeard() as one:
            return "PROJECT", one.project_id, {"people": []}
        case events.CompanyRegisteredHeard() as one if one.representatives is not None:
            return "COMPANY", one.company_id, _of_company(one.representatives, event.scope)
        case events.RepresentativesChangedHeard() as one:
            return "COMPANY", one.company_id, _of_company(one.representatives, event.scope)
        case events.OwnersCommitteeHeard() as one:
            roles = [("R_OWNERS", event.scope)]
            held = _held(one.members, event.scope, roles)
            return "COMMITTEE", one.committee_id, held | {"holds": one.state == "IN_TERM"}
        case events.PartnerAdmittedHeard() as one:
            roles = [("R_PARTNER", one.area)]
            return "PARTNER", one.partner_id, {"area": one.area, "roles": roles, "holds": True}
        case events.PartnerOperatorsHeard() as one:
            return "PARTNER", one.partner_id, {"people": one.operators}
        case events.PartnerExitedHeard() as one:
            return "PARTNER", one.partner_id, {"holds": False}
        case events.LiaisonAssignedHeard() as one:
            roles = rules.of_liaison(one.tier, one.target_kind, one.target, event.scope)
            return "LIAISON", one.link_id, _held([one.person_id], event.scope, roles)
        case events.DeputyBeganHeard() as one:
            roles = [("R_DEPUTY", street) for street in one.streets]
            return "DEPUTY", one.deputy_id, _held([one.person_id], event.scope, roles)
        case events.DeputyEndedHeard() as one:
            return "DEPUTY", one.deputy_id, {"holds": False}
        case events.LiaisonEndedHeard() as one:
            return "LIAISON", one.link_id, {"holds": False}
        case _:
            return None


def _of_company(people: list[str], scope: str) -> dict[str, object]:
    return _held(people, scope[:6], [("R_PCO", scope[:6])])


def _held(people: list[str], area: str, roles: list[rules.Role]) -> dict[str, object]:
    return {"people": people, "area": area, "roles": roles, "holds": True}


def _keep(tx: Tx, event: Event, source: str, ref: str, said: dict[str, object]) -> None:
    """Keep what is said of a tie, of each part the newest, and let rights follow."""
    before = store.tie(tx.conn, source, ref) or {
        "source": source, "ref": ref, "area": None, "people": [], "roles": [], "holds": False,
        "sequence": -1, "sequences": {},
    }  # fmt: skip
    now = records.newest(before, said, event.sequence)
    store.put_tie(tx.conn, now)
    apply(tx, now)


def apply(tx: Tx, tie: dict[str, Any]) -> None:
    """Let exactly those rights hold that follow from a tie."""
    people = accounts.people_of(tx.conn, tie["people"])
    dead = {one for one, row in people.items() if row["state"] == "DECEASED"}
    named = [one for one in tie["people"] if one not in dead] if tie["holds"] else []
    roles = [(role, scope) for role, scope in tie["roles"]]
    rights.renew(tx, tie["source"], tie["ref"], named, roles)
