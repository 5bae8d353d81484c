"""What makes a thing unique, and in which spelling it is compared (K4).

A text that people or other systems write is compared folded (`fivered.chassis.text.fold`: neither case,
width nor blanks) and shown as it was sent. What is compared exactly has one spelling by itself.
"""

import pytest
import sqlalchemy as sa

from fivered.chassis import storage as store
from fivered.chassis.installed import service_class, service_names

FOLDED = "folded: a person or another system writes it; the column holds the folded text"
CAPITALS = "one spelling: capitals without blanks and hyphens, before it is kept"
DIGEST = "exact: a keyed digest of the number's one spelling"
MADE = "exact: a service of this house makes it, and it travels in addresses and facts"
CHOSEN = (
    "exact: made here unless the caller chooses it; a key of addresses and facts that machines"
    " compare, and no name that people read"
)
DIGITS = "exact: digits only, by the pattern of its field"
WORD = "exact: one of the code's own words"
SHOWN = "exact: as it was sent; the folded one beside it decides"
RULES = "exact: capitals and digits only, by the rule loader"

# One entry for each column of a primary key or a unique index.
ALIKE = {
    **dict.fromkeys(("area", "code", "grid", "community", "street", "period", "day"), DIGITS),
    **dict.fromkeys(
        (
            *("purpose", "side", "source", "kind", "direction", "channel", "duty", "account"),
            *("what", "name", "series", "prefix", "owner"),
        ),
        WORD,
    ),
    **dict.fromkeys(
        (
            *("number", "subject_id", "ref", "post", "post_ref", "grant_id", "commendation_id"),
            *(
                "proposal_id",
                "change_id",
                "consent_id",
                "consent_notice_id",
                "settlement_id",
                "export_id",
                "hold_id",
                "message_id",
                "delivery_id",
            ),
            *("objection_id", "notice_id", "repair_id", "comment_id", "rule_set_id", "job_id"),
            *("topic_id", "ballot_id", "escalation_id", "session_id", "invitation_id"),
            *("opinion_id", "task_id", "fund_id", "statement_id", "redemption_id", "org_id"),
            *("agreement_id", "appointment_id", "commitment_id", "complaint_id", "request_id"),
            *("disclosure_id", "committee_id", "rectification_id", "work_id", "undecided_id"),
            *(
                "hazard_id",
                "check_id",
                "handover_id",
                "item_id",
                "incident_id",
                "item_id",
                "return_visit_id",
                "template_id",
                "swap_id",
                "body_id",
                "seat_id",
                "owning_id",
                "call_id",
                "present_id",
                "vote_id",
                "voter_id",
                "paper_id",
                "repeats",
                "restatement_id",
                "merge_id",
                "shift_id",
                "visit_id",
                "again_of",
                "death_id",
                "erasure_id",
                "note_id",
                "call_id",
                "pause_id",
                "correction_id",
                "plan_id",
                "activity_id",
                "signup_id",
                "standard_id",
                "co_handling_id",
            ),
        ),
        MADE,
    ),
    **dict.fromkeys(
        (
            *(
                "person_id",
                "actor_id",
                "steward_id",
                "record_id",
                "official_id",
                "link_id",
                "deputy_id",
            ),
            *("partner_id", "offer_id", "company_id", "project_id", "meeting_id"),
        ),
        CHOSEN,
    ),
    **dict.fromkeys(
        ("account_id", "key_id", "enrolment_id", "service_account_id", "token_id", "code_id"),
        MADE,
    ),
    "rule_code": RULES,
    "uscc": CAPITALS,
    "id_no_hmac": DIGEST,
}
BY_SERVICE = {
    "identity": {
        "login": "small letters, digits and three signs only, by the pattern of its field",
        "digest": "exact: a digest of a token or code that this service made",
        "subject": DIGEST,
        **dict.fromkeys(
            ("provider_issuer", "provider_subject"),
            "exact: OpenID Connect Core 2 compares both by their very signs",
        ),
        "ref": MADE,
        "code": "digits only, by the pattern of an area's code",
    },
    # Of areas digits, of rule sets capitals; a certificate's is random and made here.
    "credit": {"code": RULES, "notice_version": DIGITS},
    "property": {
        "room_id": CHOSEN,
        "place_key": FOLDED,
        "place_code": "exact: steward's code, digits and hyphens",
    },
    "steward": {
        **dict.fromkeys(("place_code", "shape_code"), "exact: digits and hyphens, by their form"),
        "state": "a word that the service itself writes",
        "digest": "exact: a keyed digest of a name or initials, in the one spelling of both",
        "subject": DIGEST,
        "reference": FOLDED,
        "client_key": FOLDED,
        "client_id": SHOWN,
        # What the release before wrote, as it was sent.
        "external_ref": SHOWN,
    },
}
# Compared without a column of its own, by a command: all folded.
BY_A_COMMAND = {
    "credit": {
        "the first evidence of an award by hand: one deed": "test_manual.py",
        "the document of a veto": "test_repairs.py",
    },
    "steward": {"a building, where several projects serve one grid": "test_parties.py"},
    "property": {"a building of a project": "test_places.py"},
}


def _unique_texts(name):
    chassis = sa.MetaData()
    store.chassis_tables(chassis)
    for table in service_class(name).tables.sorted_tables:
        if table.name in chassis.tables:
            continue
        together = [table.primary_key, *(i for i in table.indexes if i.unique)]
        together += [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
        for columns in together:
            for column in columns.columns:
                if isinstance(column.type, sa.String):
                    yield column.name


@pytest.mark.parametrize("service", sorted(service_names()))
def test_every_text_that_makes_a_thing_unique_says_how_it_is_compared(service):
    known = ALIKE | BY_SERVICE.get(service, {})
    assert {name for name in _unique_texts(service) if name not in known} == set()


def test_no_entry_is_of_a_column_that_is_gone():
    found = {name: set(_unique_texts(name)) for name in service_names()}
    assert set(ALIKE) <= set.union(*found.values())
    for service, entries in BY_SERVICE.items():
        assert set(entries) <= found[service], service
