"""The files that credit takes: consents that people gave on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.bus import Tx
from chassis.imports import Column, Importer, Outcome, Row
from chassis.refusal import Refusal
from services.credit.actions import consents
from services.credit.errors import ConsentDiffers, PersonUnknown
from services.credit.storage import registry as store

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def _take(tx: Tx, rows: Sequence[Row]) -> list[Outcome]:
    """Take a batch of consents, with the rules of the command and a fixed number of statements."""
    people = store.people(tx.conn, [row["person_id"] for row in rows])
    known_subjects: dict[str, Any] = {}
    known_ids: dict[str, Any] = {}
    subjects = [f"RES:{row['person_id']}" for row in rows]
    for known in store.consents_of(tx.conn, subjects, [row["consent_id"] for row in rows]):
        known_subjects[known.subject_id] = known
        known_ids[known.consent_id] = known
    outcomes: list[Outcome] = []
    fresh: dict[str, dict[str, Any]] = {}
    taken: dict[str, dict[str, Any]] = {}
    for row, subject_id in zip(rows, subjects, strict=True):
        consent_id = row["consent_id"]
        order = consents.GrantConsent(
            notice_version=row["notice_version"],
            purposes=row["purposes"],
            person_id=row["person_id"],
            channel=row["channel"],
            evidence_ref=row["evidence_ref"],
        )
        try:
            person = people.get(row["person_id"])
            consents.check_order(tx, order, row["person_id"])
            consents.check_person(tx, order, row["person_id"], person)
        except Refusal as refusal:
            outcomes.append(refusal)
            continue
        made = consents.granted(
            tx, order, person, consent_id=consent_id, subject_id=subject_id, version=1
        )
        before = known_subjects.get(subject_id) or known_ids.get(consent_id)
        earlier = taken.get(subject_id) or fresh.get(consent_id)
        if before is not None:
            same = all(
                getattr(before, name) == made[name]
                for name in ("subject_id", "state", "notice_version", "purposes")
            )
            outcomes.append("unchanged" if same else ConsentDiffers(field="consent_id"))
        elif earlier is not None:
            outcomes.append("unchanged" if earlier == made else ConsentDiffers(field="consent_id"))
        else:
            fresh[consent_id] = taken[subject_id] = made
            outcomes.append("created")
    new = store.add_consents(tx.conn, list(fresh.values()))
    opened = store.subjects(tx.conn, [made["subject_id"] for made in fresh.values()])
    store.add_subjects(
        tx.conn,
        [
            consents.opened(made["subject_id"], people[made["person_id"]], tx.now)
            for made in fresh.values()
            if made["consent_id"] in new and made["subject_id"] not in opened
        ],
    )
    for subject_id in opened:
        consents.open_subject(tx, subject_id, people[taken[subject_id]["person_id"]])
    # Somebody may have consented by himself between our look and our insert.
    return [
        ConsentDiffers(field="consent_id")
        if outcome == "created" and row["consent_id"] not in new
        else outcome
        for row, outcome in zip(rows, outcomes, strict=True)
    ]


CONSENTS = Importer(
    "consents",
    "信用参与授权(纸质)/ Consents given on paper",
    (
        Column(
            "consent_id",
            "授权编号 / id",
            "cns_01941f29-7c00-7000-8000-000000000001",
            required=True,
            pattern=f"cns_{_UUID}",
        ),
        Column(
            "person_id",
            "人员编号 / person",
            "per_01941f29-7c00-7000-8000-000000000001",
            required=True,
            longest=64,
        ),
        Column(
            "notice_version",
            "告知书版本 / version of the notice",
            "2025.1",
            required=True,
            longest=20,
        ),
        Column(
            "purposes",
            "授权用途 / purposes",
            "SCORING|POINTS",
            kind="list",
            required=True,
            choices=consents.PURPOSES,
        ),
        Column("channel", "渠道 / channel", "PAPER", required=True, longest=20),
        Column("evidence_ref", "纸质表编号 / paper form", "表-0001", required=True),
    ),
    _take,
    batch=1000,
    # Steward's word about a person may still be on its way.
    awaits=(PersonUnknown,),
    roles=("R_DISTRICT",),
)

IMPORTERS = (CONSENTS,)
