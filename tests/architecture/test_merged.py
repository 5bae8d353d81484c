"""A person who was registered twice: where an id stands, and what a merge makes of it (K7).

Every column of ids and every list is filled with an id, which is then given up for another one.
Afterwards it stands only where it is said here that it stays, and why. So a new column either
follows the merge or says why not; one that holds no person's id is named in `NOBODY`.
"""

import dataclasses
import datetime as dt
import importlib
import json
import re
import typing

import pytest
import sqlalchemy as sa

from fivered.chassis import identities
from fivered.chassis import storage as store
from fivered.chassis.facts import read_in
from fivered.chassis.installed import service_class, service_names
from testkit.bench import bench, database_url  # noqa: F401
from testkit.bodies import a_body

OLD, MIDDLE, KEPT = "per_old", "per_middle", "per_kept"
AT = dt.datetime(2025, 3, 3, tzinfo=dt.UTC)

# Names of columns that hold no person's id. First other things that have ids of their own; a
# household or a post is not merged with another one. Then words, digests, lists of these.
_NAMES = """
account again_of co_handling_id standard_id agreement_id appointment_id ballot_id certificate claimed_project_id
grants account_id client_id service_account_id client_key code commendation_id comment_id commitment_id committee_id company_id code_id
complaint_id consent_id consent_notice_id correction_id corrects death_id deputy_id disclosure_id draft_job erasure_id escalation_id
export_id fund_id grant_id token_id handler first_handler found_by enrolment_id hazard_id hold_id household_id
invitation_id item_id job_id key_id level1_official level2_official link_id meeting_id merge_id
message_id delivery_id channels note_id notice_id pause_id call_id objection_id offer_id official_id opinion_id org_id partner_id post
post_ref predecessor_id project_id proposal_id record_id rectification_id redemption_id
refund_statement_id repair_id replaces request_id return_visit_id responsible_id resubmits rule_set_id
session_id seat_id body_id room_id owning_id place_key call_id agenda present_id vote_id voter_id paper_id repeats document_sha256
line_sha256 roll_sha256 left_out rooms organisations files settlement_id shift_id template_id text_zh text_en source_request statement_id steward_id supersedes target
task_id topic_id tried undecided_id visit_id work_id
body building buildings checked conflict_topics counts decisions digest disputed_lines
doc_sha256 evidence evidence_kinds fact fields findings backup for_shift from_steward swap_id to_steward former gates_failed geometry grids grounds
check_id figures opened restatement_id handover_id item_id new_project_id concerns remark
half id_no_hmac incident_id inputs make_up measured media minutes_sha256 missing name off params phone_hmac
planned projects provider_issuer provider_subject purposes reasons resolution_no scope seed sequences sha256 split
text_sha256 to_check updates warnings change_id successors
roles parent scopes photo plan_id activity_id signup_id
problem result saved
"""
NOBODY = frozenset(_NAMES.split())
# Here no person's, elsewhere the same name holds one.
OTHER_THINGS = {
    "forum": {"history.ref", "messages.ref", "escalations.ref", "invitations.source",
              "topics.merged_into"},
    "property": {"history.ref", "grades.ref", "quality_checks.ref"},
    "partner": {"history.subject", "messages.ref"},
    "identity": {"history.subject", "ties.ref", "tries.subject"},
    "steward": {"requests.merged_into", "code_limits.subject", "parties.ref", "contact_boards.entries",
                "intake_items.source", "intake_results.source", "intake_results.detail",
                "service_standards.content", "service_standards.based_on",
                "grid_changes.into"},
    "credit": {"awards.cap_window", "what_if_parts.deed", "awards.deed", "consent_notices.texts"},
}  # fmt: skip
STEPS = "who took a step is told under the id of then; who asks for it reads the kept one beside it"
FALLS_AWAY = {"nominees.subject_id": "the other nomination is dropped at the next look"}
FINAL = "of a step that is final; who compares with it asks for the kept id"
HISTORY = {
    "forum": {
        "history.actor": STEPS,
        "history.detail": STEPS,
        "messages.detail": "what was said then",
    },
    "property": {"history.actor": STEPS, "history.detail": STEPS},
    "partner": {"history.actor": STEPS, "messages.detail": "what was said then"},
    "steward": {
        "request_timeline.actor_id": STEPS,
        "request_timeline.detail": STEPS,
        "register_changes.ref": "what was changed of a registration is that one's",
        "register_changes.actor_id": STEPS,
        "person_reads.person_id": "whose registration was read; the kept person is shown both",
        "person_reads.actor_id": STEPS,
        "reveal_counts.actor_id": "what was seen on a day, under the id of then",
        "contact_boards.published_by": STEPS,
        "calendar_proposals.decided_by": FINAL,
        "service_standards.decided_by": FINAL,
        "grid_changes.decided_by": FINAL,
        "person_deaths.decided_by": FINAL,
        "person_merges.decided_by": FINAL,
        "erasures.decided_by": FINAL,
        "deliveries.retried_by": FINAL,
        "deliveries.said": "what was said then",
        "corrections.decided_by": FINAL,
        "intake_items.decided_by": FINAL,
        "return_visits.called_by": FINAL,
        "reply_templates.changed_by": FINAL,
        "reply_template_versions.changed_by": FINAL,
    },
    "identity": {
        "history.actor": STEPS,
        "history.note": STEPS,
        "accounts.person_id": "closed with the registration, where the kept one has an account",
        "sessions.person_id": "ended at the merge",
        "endings.ref": "told of tokens that bear the id of then",
        "operator_tokens.person_id": "the token bears the id of then",
        "operator_tokens.made_by": "a user of the operator's machine",
        "operator_tokens.ended_by": "a user of the operator's machine",
        "grants.ref": "of which registration the right of a resident follows",
    },
    "credit": {
        "consent_acts.acted_by": STEPS,
        "consent_acts.proposed_by": STEPS,
        # What was decided.
        **dict.fromkeys(
            (
                *("awards.approved_by", "awards.decided_by", "budget_grants.decided_by"),
                *("commendations.opened_by", "commendations.approved_by"),
                *("commendations.cancelled_by", "consents.granted_by", "consents.proposed_by"),
                *("hours.confirmed_by", "nominee_objections.decided_by", "nominees.revoked_by"),
                *("notices.corrected_by", "notices.withdrawn_by", "objections.reviewed_by"),
                *("repairs.accepted_by", "repairs.decided_by", "rule_sets.approved_by"),
                "consent_notices.decided_by",
                *("rule_sets.publisher", "rule_sets.retired_by", "settlements.confirmed_by"),
                "vetoes.lifted_by",
            ),
            FINAL,
        ),
        # The account of the id: its points go over by postings, its months stay.
        **dict.fromkeys(
            (
                *("subjects.subject_id", "subjects.ref", "states.subject_id", "places.subject_id"),
                *("homes.person_id", "wallets.subject_id", "pendings.subject_id"),
                *("lines.owner", "postings.subject_id", "postings.ref"),
            ),
            "the account that is given up is closed, and its points were put on the kept one's",
        ),
        **dict.fromkeys(
            (
                *("entries.subject_id", "measures.subject_id", "measures.data", "facts.subject"),
                *("hours.subject_id", "objections.subject_id", "objections.target_id"),
                *("what_if_parts.subject_id", "what_if_subjects.subject_id"),
            ),
            "of a month that is final, or told under the id of then; who counts asks for both",
        ),
        "consent_spans.subject_id": "what was consented to when, under the id of then",
        **dict.fromkeys(
            (
                *("consent_proposals.person_id", "consent_proposals.subject_id"),
                "consent_proposals.proposed_by",
            ),
            "it lapses",
        ),
        "posts.person_id": "held until the merge; from then on the kept id holds it",
        **dict.fromkeys(
            ("posts.subject_id", "repairs.subject_id", "vetoes.subject_id"),
            "of organisations and stewards, never of a person",
        ),
        **dict.fromkeys(
            ("messages.subject_id", "messages.ref", "messages.detail"), "what was said then"
        ),
    },
}
# The rows of the registrations themselves.
REGISTERS = {"persons", "people", "residents", "merged_people"}
# In which state a row is, where only what is open follows.
OPEN = {
    ("credit", "awards"): {"state": "PROPOSED", "decides": "PERSON"},
    ("credit", "budget_grants"): {"state": "PROPOSED"},
    ("credit", "consent_notices"): {"state": "PROPOSED"},
    ("credit", "rule_sets"): {"state": "DRAFT"},
    ("credit", "consent_proposals"): {"state": "PROPOSED"},
    ("credit", "lines"): {"side": "AVAILABLE"},
    ("credit", "wallets"): {"clawback": 0},
    ("steward", "calendar_proposals"): {"state": "PROPOSED"},
    ("steward", "service_standards"): {"state": "PROPOSED"},
    ("steward", "person_merges"): {"state": "PROPOSED", "person_id": "per_third"},
    ("steward", "person_deaths"): {"state": "PROPOSED"},
    ("steward", "erasures"): {"state": "ASKED"},
}
# Columns that hold more than an id.
FORMS = {"subject_id": "RES:{}", "wallet": "RES:{}", "owner": "RES:{}"}


@pytest.fixture(params=sorted(set(service_names())))
def service_cls(request):
    return service_class(request.param)


def tables_of(service_cls):
    """Return the service's tables, and of the chassis's the jobs, whose askers ask how far they are,
    and what people were told."""
    chassis = sa.MetaData()
    store.chassis_tables(chassis)
    others = chassis.tables.keys() - {"jobs", "told", "told_read"}
    return [t for t in service_cls.tables.sorted_tables if t.name not in others]


def may_hold_a_person(name, column):
    if column.name in NOBODY or f"{column.table.name}.{column.name}" in OTHER_THINGS[name]:
        return False
    if column.foreign_keys:
        return False
    kind = column.type
    listed = isinstance(kind, sa.JSON)
    return listed or (isinstance(kind, sa.String) and kind.length in {64, 80, 160})


def filler(column):
    """Return a value of the column's type, the same for all columns that refer to one row."""
    kind = column.type
    if column.foreign_keys:
        (foreign,) = column.foreign_keys
        return filler(foreign.column)
    if isinstance(kind, sa.JSON):
        return []
    if isinstance(kind, sa.Uuid):
        return f"00000000-0000-0000-0000-{len(column.table.name):012d}"
    if isinstance(kind, sa.Integer):
        # What may stand once is not that of a row that is shipped.
        return 99 if column.unique else 1
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Date):
        return AT.date()
    if isinstance(kind, sa.LargeBinary):
        return b"-"
    if isinstance(kind, sa.String):
        fixed = {7: "2025-03", 15: "370811015901"}
        return fixed.get(kind.length) or column.table.name[: kind.length]
    return AT


def a_row(name, table, person):
    row = {}
    for column in table.columns:
        if may_hold_a_person(name, column):
            value = FORMS.get(column.name, "{}").format(person)
            row[column.name] = [value] if isinstance(column.type, sa.JSON) else value
        elif not column.nullable or isinstance(column.type, sa.DateTime):
            row[column.name] = filler(column)
    return row | OPEN.get((name, table.name), {})


def merge(service_cls, bench, old, into):  # noqa: F811
    if service_cls.name == "steward":
        from fivered.services.steward import storage as steward

        with bench.transaction() as tx:
            steward.people.hand_references(tx.conn, old, into)
        return
    told = {"person_id": old, "into": into, "community": "370811015901"}
    bench.consume("steward", "person_merged.v1", told, subject=old, sequence=9)


def where(service_cls, bench, *ids):  # noqa: F811
    """Return where the ids stand: alone, in a list, or in a subject of them."""
    pattern = re.compile("|".join(rf"\b{one}\b" for one in ids))
    found = set()
    with bench.transaction() as tx:
        for table in tables_of(service_cls):
            for row in tx.conn.execute(sa.select(table)).mappings():
                found |= {
                    f"{table.name}.{name}"
                    for name, value in row.items()
                    if pattern.search(json.dumps(value, default=str))
                }
    return found


@pytest.mark.parametrize("order", ["as it was", "the second first"])
def test_after_a_merge_an_id_stands_only_where_it_is_said_why(service_cls, bench, order):  # noqa: F811
    name = service_cls.name
    with bench.transaction() as tx:
        for table in tables_of(service_cls):
            if table.name not in REGISTERS:
                tx.conn.execute(sa.insert(table).values(a_row(name, table, OLD)))
    merges = [(OLD, MIDDLE), (MIDDLE, KEPT)]
    if order != "as it was" and name != "steward":
        merges.reverse()
    for old, into in merges:
        merge(service_cls, bench, old, into)
    assert bench.parked() == []
    # The new rows of the registrations themselves.
    registered = {f"{table}.person_id" for table in REGISTERS}
    # What a text says is what was said then.
    said = {"told.detail"}
    assert where(service_cls, bench, OLD, MIDDLE) - registered <= {*HISTORY[name], *said}


def test_a_row_that_there_is_for_both_ids_stays_once(service_cls, bench):  # noqa: F811
    """A key of the kept id stood in the way, and the merge was parked."""
    name = service_cls.name
    twice = []
    with bench.transaction() as tx:
        for table in tables_of(service_cls):
            row = a_row(name, table, OLD)
            if table.name in REGISTERS:
                continue
            tx.conn.execute(sa.insert(table).values(row))
            key = [column for column in table.primary_key if may_hold_a_person(name, column)]
            if key:
                tx.conn.execute(sa.insert(table).values(a_row(name, table, KEPT)))
                twice += [(table, column) for column in key]
    merge(service_cls, bench, OLD, KEPT)
    assert bench.parked() == []
    with bench.transaction() as tx:
        for table, column in twice:
            if f"{table.name}.{column.name}" not in {*HISTORY[name], *FALLS_AWAY}:
                found = tx.conn.execute(sa.select(column)).scalars().all()
                assert found == [FORMS.get(column.name, "{}").format(KEPT)], table.name


def test_no_entry_is_of_a_column_that_is_gone():
    found = {
        name: {f"{t.name}.{c.name}" for t in tables_of(service_class(name)) for c in t.columns}
        for name in service_names()
    }
    names = {column.rpartition(".")[2] for columns in found.values() for column in columns}
    assert names >= NOBODY
    for name, columns in found.items():
        assert columns >= {*HISTORY[name], *OTHER_THINGS[name]}, name


# What the registry says of one registration stays that one's.
OF_A_REGISTRATION = {
    *("person_registered", "resident_registered", "resident_moved", "resident_returned"),
    *(
        "resident_corrected",
        "resident_came_of_age",
        "resident_deactivated",
        "person_merged",
        "person_erased",
    ),
}
PERSONS = {*identities.PERSONS, "holder", "rater", "reporter", "handler_person"}
# What a topic says of itself, so that a request is made of it.
A_TOPIC = {
    "community": "370811015901",
    "grid": "370811015901001",
    "category": "NOISE",
    "title": "噪音",
    "text": "夜里施工",
}
LATE = {"facts.data": "as it was told; who counts asks for the kept id"}


def told_of(kind, person):
    """Return the data of a fact that names one person wherever it names any."""
    hints = typing.get_type_hints(kind)
    data = {}
    for member in dataclasses.fields(kind):
        if member.name in PERSONS:
            data[member.name] = [person] if "list" in str(hints[member.name]) else person
        elif {member.default, member.default_factory} == {dataclasses.MISSING}:
            data[member.name] = a_body(hints[member.name], "-", "")
        if kind.FACT.startswith("topic_") and kind.SOURCE == "forum" and member.name in A_TOPIC:
            data[member.name] = A_TOPIC[member.name]
    return data


def test_what_is_told_late_of_an_id_is_kept_under_the_other(service_cls, bench):  # noqa: F811
    """A post, a link, a deed: their facts and the merge come from several partitions."""
    name = service_cls.name
    bench.at("2025-03-10T09:00")
    if name == "steward":
        persons = service_cls.tables.tables["persons"]
        given_up = {"person_id": OLD, "merged_into": KEPT, "status": "MERGED", "id_no_hmac": None}
        with bench.transaction() as tx:
            tx.conn.execute(sa.insert(persons).values(a_row(name, persons, KEPT) | given_up))
    else:
        merge(service_cls, bench, OLD, KEPT)
    named = 0
    for kind in read_in(importlib.import_module(f"fivered.services.{name}.events")):
        told = told_of(kind, OLD)
        if kind.FACT.partition(".")[0] in OF_A_REGISTRATION or OLD not in str(told):
            continue
        named += 1
        bench.consume(kind.SOURCE, kind.FACT, told, subject=f"thing_{named}")
    assert named
    assert bench.parked() == []
    registered = {f"{table}.person_id" for table in REGISTERS}
    assert where(service_cls, bench, OLD) - registered <= {*HISTORY[name], *LATE}
