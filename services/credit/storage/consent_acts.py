"""What was done with consents, one row for each step; rows are only added."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.registry import Consent

GRANTED, CHANGED, RENEWED = "GRANTED", "CHANGED", "RENEWED"


def given(conn: sa.Connection, consents: Iterable[Consent], before: Row | None = None) -> None:
    """Note that consents were given.

    Args:
        conn: The transaction.
        consents: As they are now.
        before: As the only one of them was before, if it was.
    """
    rows = [
        {
            "consent_id": one.consent_id,
            "version": one.version,
            "person_id": one.person_id,
            "act": _act(one, before),
            "notice_version": one.notice_version,
            "purposes": one.purposes,
            "channel": one.channel,
            "evidence_ref": one.evidence_ref,
            "acted_by": one.granted_by,
            "proposed_by": one.proposed_by,
            "at": one.granted_at,
        }
        for one in consents
    ]
    bulk.insert(conn, t.consent_acts, rows)


def _act(now: Consent, before: Row | None) -> str:
    if before is None or before.state != "GRANTED":
        return GRANTED
    return CHANGED if before.notice_version == now.notice_version else RENEWED


def ended(
    conn: sa.Connection, consent: Row, *, by: str | None, at: datetime, evidence: str | None = None
) -> None:
    """Note that a consent was withdrawn, wholly or in part, or has ended.

    Args:
        conn: The transaction.
        consent: As it is now.
        by: Who did it; None where the registration ended.
        at: When.
        evidence: The number of the receipt by which it was done for the person.
    """
    records.add(
        conn,
        t.consent_acts,
        consent_id=consent.consent_id,
        version=consent.version,
        person_id=consent.person_id,
        act="CLOSED" if consent.state == "CLOSED" else "WITHDRAWN",
        notice_version=consent.notice_version,
        purposes=consent.purposes if consent.state == "GRANTED" else [],
        channel=consent.channel,
        evidence_ref=evidence,
        acted_by=by,
        at=at,
    )


def page(
    conn: sa.Connection, consent_ids: Collection[str], part: records.PartOfList
) -> records.Page:
    """Return what was done with some consents, the newest first."""
    row = t.consent_acts.c
    asked = sa.select(t.consent_acts).where(row.consent_id.in_(sorted(consent_ids)))
    return records.page(conn, asked, part, (row.at, row.consent_id, row.version), newest_first=True)
