"""The files that credit takes: consents that people gave on paper, and proposals of awards."""

from __future__ import annotations

from collections.abc import Sequence

from fivered.chassis import records, text
from fivered.chassis.bus import Tx
from fivered.chassis.columns import Column, ColumnsOf
from fivered.chassis.file_imports import Importer, Outcome, Row
from fivered.chassis.refusal import Refusal
from fivered.services.credit.actions import consents, manual, telling
from fivered.services.credit.errors import ConsentDiffers, PersonUnknown, ProposalDiffers
from fivered.services.credit.rules.award import Award
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import consent_acts, consent_notices
from fivered.services.credit.storage import registry as store

_CONSENT = ColumnsOf(consents.GrantConsent)
_AWARD = ColumnsOf(manual.ProposeAward)


def _take(tx: Tx, rows: Sequence[Row]) -> list[Outcome]:
    """Take a batch of consents, with the rules of the command and a fixed number of statements."""
    people = store.people(tx.conn, [row["person_id"] for row in rows])
    known_subjects: dict[str, records.Row] = {}
    known_ids: dict[str, records.Row] = {}
    subjects = [f"RES:{row['person_id']}" for row in rows]
    for known in store.consents_of(tx.conn, subjects, [row["consent_id"] for row in rows]):
        known_subjects[known.subject_id] = known
        known_ids[known.consent_id] = known
    outcomes: list[Outcome] = []
    versions = consent_notices.known(tx)
    fresh: dict[str, store.Consent] = {}
    taken: dict[str, store.Consent] = {}
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
            consents.check_order(tx, order, row["person_id"], versions)
            person = consents.check_person(tx, order, row["person_id"], person)
        except Refusal as refusal:
            outcomes.append(refusal)
            continue
        made = consents.granted(
            tx, order, person, consent_id=consent_id, subject_id=subject_id, version=1
        )
        stored = known_subjects.get(subject_id) or known_ids.get(consent_id)
        before = stored or taken.get(subject_id) or fresh.get(consent_id)
        if before is not None:
            same = all(
                getattr(before, name) == getattr(made, name)
                for name in ("subject_id", "state", "notice_version", "purposes")
            )
            outcomes.append("unchanged" if same else ConsentDiffers(field="consent_id"))
        else:
            fresh[consent_id] = taken[subject_id] = made
            outcomes.append("created")
    new = store.add_consents(tx.conn, list(fresh.values()))
    consent_acts.given(tx.conn, (one for one in fresh.values() if one.consent_id in new))
    opened = store.subjects(tx.conn, [made.subject_id for made in fresh.values()])
    store.add_subjects(
        tx.conn,
        [
            consents.opened(made.subject_id, people[made.person_id], tx.now)
            for made in fresh.values()
            if made.consent_id in new and made.subject_id not in opened
        ],
    )
    for subject_id in opened:
        made = taken[subject_id]
        consents.open_subject(tx, subject_id, people[made.person_id], made.purposes)
    # Somebody may have consented in person between our look and our insert.
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
            pattern=f"cns_{text.UUID}",
        ),
        _CONSENT(
            "person_id",
            "人员编号 / person",
            "per_01941f29-7c00-7000-8000-000000009999",
            required=True,
        ),
        _CONSENT("notice_version", "告知书版本 / version of the notice", "2025.1", repeated=True),
        _CONSENT("purposes", "授权用途 / purposes", "SCORING|POINTS"),
        _CONSENT("channel", "渠道 / channel", "PAPER", required=True),
        _CONSENT("evidence_ref", "纸质表编号 / paper form", "表-0001", required=True),
    ),
    _take,
    lambda row: [row["consent_id"], row["person_id"]],
    batch=1000,
    # Steward's word about a person may still be on its way.
    apart=("notice_version", "purposes", "channel", "evidence_ref"),
    awaits=(PersonUnknown,),
    roles=("R_DISTRICT",),
)

# --------------------------------------------------------------------------------------------------
# Proposals of awards


def _propose(tx: Tx, rows: Sequence[Row]) -> list[Outcome]:
    """Take a batch of proposals, with the rules of the command and a fixed number of statements.

    Nothing counts by it: each line waits for another person, as one proposed by hand does.
    """
    known = manual.look_up(tx, [row["subject"] for row in rows])
    judged: list[Award | Refusal] = []
    for row in rows:
        order = manual.ProposeAward(**row)
        try:
            judged.append(manual.proposal(tx, order, known, for_others=True))
        except Refusal as refusal:
            judged.append(refusal)
    made = [one for one in judged if not isinstance(one, Refusal)]
    before = manual.same_deed(tx, made)
    fresh: dict[str, Award] = {}
    outcomes: list[Outcome] = []
    for one in judged:
        if isinstance(one, Refusal):
            outcomes.append(one)
            continue
        stored = before.get(one.award_id)
        over = manual.decided(stored) if stored is not None else None
        there = stored or fresh.get(one.award_id)
        if over is not None:
            outcomes.append(over)
        elif there is None:
            fresh[one.award_id] = one
            outcomes.append("created")
        elif _content(there) != _content(one):
            outcomes.append(ProposalDiffers(field="evidence", award=one.award_id))
        elif one.proposal and there.proposal not in (None, one.proposal):
            # One that gives no reason adds nothing; of awards of before 0.2.0 the proposer's words
            # are not known.
            outcomes.append(ProposalDiffers(field="reason", award=one.award_id))
        else:
            outcomes.append("unchanged")
    award_store.add(tx.conn, list(fresh.values()))
    telling.deductions(tx, fresh.values())
    return outcomes


def _deed(row: Row) -> list[str]:
    """Return what tells a proposal from others; where each level of a deed counts, too much."""
    return [f"{row['rule_code']} {row['subject']} {text.fold(one)}" for one in row["evidence"][:1]]


def _content(award: Award | records.Row) -> tuple[object, ...]:
    evidence = tuple(text.fold(one["ref"]) for one in award.evidence or ())
    return award.occurred_at, award.level, award.document_no, evidence


AWARDS = Importer(
    "awards",
    "人工赋分提议 / Proposals of awards",
    (
        _AWARD("subject", "信用主体 / subject", "RES:per_01941f29-7c00-7000-8000-000000000021"),
        _AWARD("rule_code", "规则编码 / rule", "R-RES-11", repeated=True),
        _AWARD("occurred_at", "发生时间 / when it happened", "2025-03-03T09:00:00+08:00", days=-1),
        _AWARD(
            "evidence",
            "依据材料编号,第一项标识该行为 / references; the first names the deed",
            "TJ-2025-001",
        ),
        _AWARD("level", "等级,仅分级规则填写 / level, of rules with a level table", ""),
        _AWARD("document_no", "法律文书文号 / legal document", ""),
        _AWARD("reason", "说明 / reason", "调解成功"),
    ),
    _propose,
    _deed,
    apart=("occurred_at", "level", "document_no", "reason"),
)

IMPORTERS = (CONSENTS, AWARDS)
