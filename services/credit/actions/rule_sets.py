"""Rule sets: importing them, and the compiled ones that are in force on a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from chassis.refusal import NotFound
from services.credit.errors import RuleSetChanged
from services.credit.rules import loader
from services.credit.storage import rule_sets as store
from services.credit.storage.in_force import digest_of

if TYPE_CHECKING:
    from chassis.bus import Tx


@dataclass(frozen=True, slots=True)
class ImportRuleSet:
    """导入随系统发布的规则集 / Publish a rule set that comes with the system."""

    code: Annotated[str, Meta(min_length=1, max_length=40, examples=["RC-2025.1"])]


def import_rule_set(tx: Tx, payload: ImportRuleSet) -> dict[str, Any]:
    """导入规则集 / Import a rule set.

    Read a shipped rule set, judge it and publish it. Twice gives the same answer.

    Raises:
        NotFound: No rule set of that code comes with this service.
        RuleSetChanged: Another content was published under this code before.
        RuleSetInvalid: And the other refusals of the loader; nothing is stored.
    """
    try:
        document = loader.shipped(payload.code)
    except FileNotFoundError as error:
        raise NotFound(kind="rule_set", id=payload.code) from error
    digest = digest_of(document)
    known = store.by_code(tx.conn, payload.code, lock=True)
    if known is not None:
        if known.digest != digest:
            raise RuleSetChanged(code=payload.code)
        return _reply(known.rule_set_id, known.code, known.state, known.row_version, known.digest)
    loaded = loader.load(document)
    tx.require_scope(loaded.scope)
    rule_set_id = tx.new_id("rls")
    store.add(
        tx.conn,
        {
            "rule_set_id": rule_set_id,
            "code": payload.code,
            "version": loaded.version,
            "area": loaded.scope,
            "state": "PUBLISHED",
            "effective_from": loaded.effective_from,
            "effective_to": None,
            "author": loaded.author[:64],
            "publisher": tx.actor.id,
            "legal_review": loaded.legal_review,
            "consulted_until": None,
            "published_at": tx.now,
            "body": document,
            "digest": digest,
            "row_version": 1,
            "title": document.get("title_zh"),
            "based_on": None,
            "authors": [],
            "notice_id": None,
            "consulted_from": None,
            "approved_by": None,
            "approved_at": None,
            "retired_at": None,
            "created_at": tx.now,
        },
    )
    store.end_before(tx.conn, loaded.scope, loaded.effective_from, payload.code)
    return _reply(rule_set_id, payload.code, "PUBLISHED", 1, digest)


def _reply(rule_set_id: str, code: str, state: str, version: int, digest: str) -> dict[str, Any]:
    return {
        "id": rule_set_id,
        "number": code,
        "state": state,
        "version": version,
        "digest": digest,
    }
