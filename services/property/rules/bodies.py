"""How many sit in the bodies of a community, as what, and for how long. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from fivered.services.property import errors
from fivered.services.property.rules.dates import add_months

# A residents' committee: five to nine, one of whom chairs it (居民委员会组织法 art. 8, five years).
# A branch of the party: up to seven, one of whom is its secretary, three to five years.
_SIZES = {"RESIDENTS_COMMITTEE": range(5, 10), "PARTY_BRANCH": range(1, 8)}
_HEADS = {"RESIDENTS_COMMITTEE": "DIRECTOR", "PARTY_BRANCH": "SECRETARY"}
_POSTS = {
    "RESIDENTS_COMMITTEE": {"DIRECTOR", "DEPUTY_DIRECTOR", "MEMBER"},
    "PARTY_BRANCH": {"SECRETARY", "DEPUTY_SECRETARY", "MEMBER"},
}
_MONTHS = {"RESIDENTS_COMMITTEE": (36, 60), "PARTY_BRANCH": (24, 60)}


def check_body(kind: str, posts: Sequence[str]) -> None:
    """Refuse a body that is too small or too large, or has not exactly one head.

    Raises:
        BodyRules: One of the rules is not kept.
    """
    counts = Counter(posts)
    if (
        len(posts) not in _SIZES[kind]
        or counts[_HEADS[kind]] != 1
        or not set(counts) <= _POSTS[kind]
    ):
        raise errors.BodyRules(field="members")


def check_term(kind: str, start: date, end: date) -> None:
    """Refuse a term that is too short or too long.

    Raises:
        BodyRules: It is.
    """
    least, most = _MONTHS[kind]
    if not add_months(start, least) <= end <= add_months(start, most):
        raise errors.BodyRules(field="term_to")
