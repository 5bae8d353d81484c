"""What has changed an award is a code, and what it names; no text that people type says it."""

import importlib

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from fivered.services.credit.rules import causes
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_manual import approve, propose
from fivered.services.credit.tests.test_people import lessened, merge, one_award

NUMBER = "YY-20250303-015901-00001"
TYPED = (f"objection:{NUMBER}", "merged:RES:per_b", "UNDECIDED", "steward.request_cancelled")


def credit_stage(bench):
    stage.rules(bench)
    stage.resident(bench, "per_a")
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


@pytest.mark.parametrize("typed", TYPED)
def test_what_a_proposer_types_is_no_decision(credit, typed):
    """It was read as one: the card said that an objection was decided, or the deed withdrawn."""
    made = propose(credit, reason=typed)
    card = credit.ask("award", {"award_id": made["id"]})
    assert card["why"]["last_word"] == typed
    credit.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
    credit.do("approve_award", {"award_id": made["id"]}, version=1)
    card = credit.ask("award", {"award_id": made["id"]})
    assert card["why"]["last_word"] == typed


def test_of_one_that_was_lessened_and_merged_two_columns_say_so(bench):
    """`reason` said both, "merged:RES:per_a objection:YY-...", and was taken apart again."""
    made = one_award(bench)
    lessened(bench, made)
    number = bench.rows("SELECT number FROM objections")[0]["number"]
    merge(bench)
    with bench.runtime.engine.connect() as conn:
        table = bench.runtime.service_cls.tables.tables["awards"]
        row = conn.execute(sa.select(table).where(table.c.award_id == made)).one()
    assert (row.reason, row.cause, row.cause_ref) == (
        "merged:RES:per_a",
        causes.MERGED,
        "RES:per_a",
    )
    assert row.objection_no == number


WRITTEN = {
    f"objection:{NUMBER}": (causes.OBJECTION, NUMBER, NUMBER),
    f"merged:RES:per_a objection:{NUMBER}": (causes.MERGED, "RES:per_a", NUMBER),
    "merged:RES:per_a": (causes.MERGED, "RES:per_a", None),
    "excluded:R-PRJ-15": (causes.EXCLUDED, "R-PRJ-15", None),
    "repair:XF-20250303-015901-00001": (causes.REPAIR, "XF-20250303-015901-00001", None),
    "SUBJECT_CLOSED": (causes.SUBJECT_CLOSED, None, None),
    "steward.request_cancelled": (causes.CORRECTED, "steward.request_cancelled", None),
    "objection: 已当面说明": (None, None, None),
    "陪护邻居就医": (None, None, None),
}


@pytest.mark.parametrize("reason", WRITTEN)
def test_what_releases_before_wrote_is_read_once(credit, reason):
    made = approve(credit, propose(credit))
    migration = importlib.import_module(
        "fivered.services.credit.migrations.versions.0015_causes_of_awards"
    )
    awards = credit.runtime.service_cls.tables.tables["awards"]
    with credit.runtime.engine.begin() as conn:
        mine = awards.c.award_id == made["id"]
        conn.execute(sa.update(awards).where(mine).values(reason=reason, state="REVERSED"))
        for name in ("cause", "cause_ref", "objection_no"):
            conn.execute(sa.text(f"ALTER TABLE awards DROP COLUMN {name}"))
        with Operations.context(MigrationContext.configure(conn)):
            migration.upgrade()
        row = conn.execute(sa.select(awards).where(mine)).one()
    # Neither an id nor the name of a fact is a word that people know.
    told = credit.ask("award", {"award_id": made["id"]})["why"]
    assert "RES:" not in told["last_word"] + told["last_word_en"]
    assert "steward." not in told["last_word"] + told["last_word_en"]
    assert row.reason == reason
    assert (row.cause, row.cause_ref, row.objection_no) == WRITTEN[reason]
