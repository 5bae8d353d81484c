"""What is answered about objections."""

from typing import Literal

from msgspec import UNSET

from chassis.fields import Instant, OwnMatter
from chassis.replies import Reply


class ObjectionCard(Reply, kw_only=True):
    """异议或更正 / An objection, or a correction by staff."""

    id: str
    number: str
    kind: str
    target: str
    state: str
    version: int
    outcome: str | None = None
    reasons: str | None = None
    review_until: str | None = None
    review_outcome: str | None = None
    review_reasons: str | None = None
    final: bool
    own_matter: OwnMatter = UNSET


class NomineeObjectionCard(Reply, kw_only=True):
    """对候选对象的异议 / An objection to a nominee of a commendation."""

    id: str
    commendation_id: str
    subject: str
    state: Literal["OPEN", "UPHELD", "DISMISSED", "LAPSED"]
    version: int
    decide_due: Instant | None = None
    overdue: bool
    reasons: str | None = None
    own_matter: OwnMatter = UNSET
