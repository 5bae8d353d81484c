"""The tables of the credit service, cut by noun; all share one metadata.

What may never be negative is a CHECK of the database, so that no interleaving and no mistake in the
code can take a balance below zero.
"""

from fivered.services.credit.storage.tables.awards import awards, hours
from fivered.services.credit.storage.tables.base import chassis, metadata
from fivered.services.credit.storage.tables.consents import (
    consent_acts,
    consent_notices,
    consent_proposals,
    consent_spans,
    consents,
)
from fivered.services.credit.storage.tables.exports import exports
from fivered.services.credit.storage.tables.facts import facts
from fivered.services.credit.storage.tables.honours import (
    certificates,
    commendations,
    nominee_objections,
    nominees,
)
from fivered.services.credit.storage.tables.ledger import (
    budget_grants,
    debts,
    holds,
    lines,
    lots,
    pendings,
    postings,
    system_accounts,
    wallets,
)
from fivered.services.credit.storage.tables.messages import messages
from fivered.services.credit.storage.tables.months import markers, measures, months
from fivered.services.credit.storage.tables.objections import objections
from fivered.services.credit.storage.tables.people import (
    areas,
    compounds,
    homes,
    merged_people,
    people,
    posts,
    projects,
    stewards,
)
from fivered.services.credit.storage.tables.repairs import repairs, vetoes
from fivered.services.credit.storage.tables.rule_sets import rule_comments, rule_sets
from fivered.services.credit.storage.tables.settlement import (
    entries,
    month_logs,
    notices,
    settlements,
)
from fivered.services.credit.storage.tables.subjects import (
    belonging,
    places,
    state_at,
    states,
    subjects,
)
from fivered.services.credit.storage.tables.what_if import (
    what_if_parts,
    what_if_subjects,
    what_if_sums,
)

__all__ = [
    "areas",
    "awards",
    "belonging",
    "budget_grants",
    "certificates",
    "chassis",
    "commendations",
    "compounds",
    "consent_acts",
    "consent_notices",
    "consent_proposals",
    "consent_spans",
    "consents",
    "debts",
    "entries",
    "exports",
    "facts",
    "holds",
    "homes",
    "hours",
    "lines",
    "lots",
    "markers",
    "measures",
    "merged_people",
    "messages",
    "metadata",
    "month_logs",
    "months",
    "nominee_objections",
    "nominees",
    "notices",
    "objections",
    "pendings",
    "people",
    "places",
    "postings",
    "posts",
    "projects",
    "repairs",
    "rule_comments",
    "rule_sets",
    "settlements",
    "state_at",
    "states",
    "stewards",
    "subjects",
    "system_accounts",
    "vetoes",
    "wallets",
    "what_if_parts",
    "what_if_subjects",
    "what_if_sums",
]
