"""Rule sets as the public and the district read them: drafts, comments, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from msgspec import UNSET, Meta

from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.rules import changes, loader, model
from fivered.services.credit.storage import rule_sets as store
from fivered.services.credit.storage.in_force import rules_in_force
from fivered.services.credit.views import rules as rules_views

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx

CardT = TypeVar("CardT", bound=replies.RuleSetCard)

# What everybody may read: what is or was before the public, or in force.
PUBLIC_STATES = ("CONSULTING", "PUBLISHED", "RETIRED")
ALL_STATES = ("DRAFT", "DISCARDED", "APPROVED", *PUBLIC_STATES)


class RuleSets(Request, frozen=True):
    """Which rule sets."""

    state: (
        Literal["DRAFT", "DISCARDED", "CONSULTING", "APPROVED", "PUBLISHED", "RETIRED"] | None
    ) = None
    sort: Annotated[Literal["id", "-id"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class OneRuleSet(Request, frozen=True):
    """A rule set by its id or code."""

    rule_set_id: str


class Comments(Request, frozen=True):
    """分页 / Which part of a list."""

    rule_set_id: str
    sort: Annotated[Literal["filed_at", "-filed_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class Difference(Request, frozen=True):
    """Compared with which."""

    rule_set_id: str
    since: (
        Annotated[
            str,
            Meta(
                max_length=64, description="默认其所依据的版本 / default: what it was copied from"
            ),
        ]
        | None
    ) = None


def find(tx: Tx, key: str) -> Row:
    """Return a rule set that the caller may read, by id or code.

    Raises:
        NotFound: There is none, or it is not public yet and the caller is not of the district.
    """
    row = store.by_id(tx.conn, key) or store.by_code(tx.conn, key)
    if row is None or (
        row.state not in PUBLIC_STATES and not rules_views.of_district(tx, row.area)
    ):
        raise NotFound(kind="rule_set", id=key)
    return row


def _card(tx: Tx, row: Row, kind: type[CardT], **more: object) -> CardT:
    return kind.of(
        row,
        id=row.rule_set_id,
        state=store.state_of(row),
        version=row.row_version,
        scope=row.area,
        comments_until=row.consulted_until,
        sample=row.code in loader.shipped_codes(),
        **rules_views.persons(tx, row),
        **more,
    )


def rule_set(tx: Tx, payload: OneRuleSet) -> replies.RuleSetReply:
    """规则集全文 / A rule set in full, by id or code.

    Return a rule set: every rule in plain words, and the document as it stands.

    Raises:
        NotFound: There is none that the caller may read.
    """
    row = find(tx, payload.rule_set_id)
    parsed = model.parse(row.body)
    inside = rules_views.of_district(tx, row.area)
    return _card(
        tx,
        row,
        replies.RuleSetReply,
        instruments=list(parsed.instruments),
        comments=store.count_comments(tx.conn, row.rule_set_id),
        items=[rules_views.card(rule) for rule in parsed.rules],
        document=row.body if inside else row.body | rules_views.offices(row),
    )


def rule_sets(tx: Tx, payload: RuleSets) -> Page[replies.RuleSetCard]:
    """规则集,含征求意见稿 / Rule sets, those under consultation too.

    List rule sets, newest first. Drafts and approved ones are shown to the district only.
    """
    states: tuple[str, ...] = ALL_STATES if tx.actor.role in rules_views.DISTRICT else PUBLIC_STATES
    if payload.state is not None:
        states = tuple(state for state in states if state == payload.state)
    area = tx.actor.scope[:6] if tx.actor.role in rules_views.DISTRICT else ""
    found = store.page(tx.conn, states=states, area=area, part=payload)
    return found.listed(lambda row: _card(tx, row, replies.RuleSetCard))


def rule_comments(tx: Tx, payload: Comments) -> Page[replies.CommentCard]:
    """收到的意见 / Comments.

    List the comments on a rule set. Who wrote them is shown to the district only.

    Raises:
        NotFound: There is no such rule set that the caller may read.
    """
    row = find(tx, payload.rule_set_id)
    found = store.comments_page(tx.conn, row.rule_set_id, payload)
    inside = rules_views.of_district(tx, row.area)
    return found.listed(
        lambda row: replies.CommentCard.of(
            row, id=row.comment_id, person_id=row.person_id if inside else UNSET
        )
    )


def rule_set_diff(tx: Tx, payload: Difference) -> replies.DiffReply:
    """与另一版本的差异 / What it changes of another version.

    Raises:
        NotFound: One of them does not exist, or may not be read by the caller.
    """
    in_force = rules_in_force(tx.conn)
    row = find(tx, payload.rule_set_id)
    since = payload.since or row.based_on
    if since is None:
        before = [
            span
            for span in in_force.everything()
            if span[0] < row.effective_from and span[3].rule_set.scope == row.area
        ]
        since = before[0][2] if before else "-"
    other = find(tx, since)
    return replies.DiffReply.of(
        changes.changes(other.body, row.body),
        id=row.rule_set_id,
        code=row.code,
        since=other.code,
    )
