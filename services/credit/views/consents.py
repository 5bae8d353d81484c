"""Consents to scoring, and proposals of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, Sentence
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.errors import ConsentSuspended
from fivered.services.credit.storage import consent_acts as acts
from fivered.services.credit.storage import queries, registry, voices
from fivered.services.credit.views.cards import STAFF


class OneConsent(Request, frozen=True):
    """Whose consents."""

    person_id: Annotated[str, Meta(max_length=64)] | None = None


class ConsentHistory(Request, frozen=True):
    """Whose, and which part."""

    person_id: Annotated[str, Meta(max_length=64)] | None = None
    sort: Annotated[Literal["at", "-at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def consents_of(tx: Tx, person_id: str, subject_ids: Sequence[str]) -> list[Row]:
    """Return what a person consented to, and what was consented to for a household of theirs: every
    adult of it may withdraw that."""
    given = [
        row
        for row in queries.consents_of(tx.conn, person_id)
        if not row.subject_id.startswith("HH:") or row.subject_id in subject_ids
    ]
    known = {row.consent_id for row in given}
    homes = [one for one in subject_ids if one.startswith("HH:")]
    shared = registry.consents_of(tx.conn, homes, ()) if homes else []
    return given + [row for row in shared if row.consent_id not in known]


def consent_card(row: Row) -> replies.ConsentCard:
    """Return a consent as it travels."""
    stands = not row.subject_id.startswith("HH:") or row.granted_by == row.person_id
    return replies.ConsentCard.of(
        row,
        id=row.consent_id,
        subject=row.subject_id,
        # Who gave it for a household and has left it is its members' business no more.
        granted_by=row.granted_by if row.evidence_ref or stands else None,
        **why_suspended(row.state),
    )


def why_suspended(state: str) -> dict[str, str | None]:
    """Return why a consent is suspended, in both languages."""
    if state != voices.SUSPENDED:
        return {"reason": None, "reason_en": None}
    text = Sentence(ConsentSuspended.text)
    return {"reason": str(text), "reason_en": text.english}


def proposal_card(row: Row, *, own_matter: bool | UnsetType = UNSET) -> replies.ConsentProposalCard:
    """Return what staff propose in a person's name: by whom, by which receipt, and how it ended."""
    return replies.ConsentProposalCard.of(
        row,
        id=row.proposal_id,
        subject=row.subject_id,
        due=row.due_at,
        own_matter=own_matter,
    )


class ConsentProposals(Request, frozen=True):
    """Which proposals."""

    state: Literal["PROPOSED", "CONFIRMED", "REFUSED", "REPLACED", "LAPSED"] | None = "PROPOSED"
    sort: Annotated[Literal["proposed_at", "-proposed_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def consent_proposals(tx: Tx, payload: ConsentProposals) -> Page[replies.ConsentProposalCard]:
    """待确认的代办授权 / Consents proposed in the name of persons.

    List what is proposed in the name of persons of the caller's area.
    """
    found = queries.proposals_page(
        tx.conn,
        scope=tx.actor.scope,
        state=payload.state,
        part=payload,
    )
    tied = voices.kin_accounts(tx.conn, tx.actor.id) | {f"RES:{tx.actor.id}"}
    return found.listed(lambda row: proposal_card(row, own_matter=f"RES:{row.person_id}" in tied))


def consents(tx: Tx, payload: OneConsent) -> replies.ConsentsReply:
    """授权记录 / Consents.

    Return the consents of a person, to that person and to staff of the area.

    Raises:
        NotFound: The caller may not know.
    """
    rows = _seen(tx, payload.person_id or tx.actor.id)
    return replies.ConsentsReply(items=[consent_card(row) for row in rows])


def consent_history(tx: Tx, payload: ConsentHistory) -> Page[replies.ConsentAct]:
    """授权变动记录 / What was done with the consents of a person.

    List what was done with the consents of a person, the newest first: by which way, under which
    version of the notice, when and by whom; to that person and to staff of the area.

    Raises:
        NotFound: The caller may not know.
    """
    rows = {row.consent_id: row for row in _seen(tx, payload.person_id or tx.actor.id)}
    found = acts.page(tx.conn, rows, payload)
    return found.listed(lambda row: _act_card(tx, row, rows[row.consent_id]))


def _act_card(tx: Tx, row: Row, consent: Row) -> replies.ConsentAct:
    # What the adults of a household did there is told them without their names.
    shared = consent.subject_id.startswith("HH:") and not row.evidence_ref
    return replies.ConsentAct.of(
        row,
        subject=consent.subject_id,
        acted_by=row.acted_by if not shared or row.acted_by == tx.actor.id else None,
    )


def _seen(tx: Tx, person_id: str) -> list[Row]:
    """Return the consents of a person that the caller may see.

    Raises:
        NotFound: The caller may not know.
    """
    ids = [row.subject_id for row in voices.subjects_of(tx.conn, person_id, tx.now)]
    rows = consents_of(tx, person_id, ids)
    if person_id != tx.actor.id:
        staff = tx.actor.role in STAFF
        rows = [
            row
            for row in rows
            if staff and tx.actor.covers(registry.place_of_consent(tx.conn, row))
        ]
        if not rows:
            raise NotFound(kind="person", id=person_id)
    return rows
