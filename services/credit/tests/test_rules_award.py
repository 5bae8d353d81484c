"""What a new award is made of."""

from datetime import UTC, date, datetime

from fivered.services.credit.rules.award import Award
from fivered.services.credit.storage import tables

AT = datetime(2025, 3, 3, tzinfo=UTC)


def begun(**values):
    award = Award(
        award_id="a",
        subject_id="RES:per_1",
        kind="RES",
        rule_set="RC-1",
        rule_code="R-1",
        source="steward",
        occurred_at=AT,
        day=date(2025, 3, 3),
        period="2025-03",
        to_period="2025-03",
        score=2,
        points=5,
        area="370811015901",
        proposed_at=AT,
        **values,
    )
    return award.row()


def test_an_award_has_every_column_of_its_table_and_no_other():
    assert set(begun(decides="NOBODY")) == set(tables.awards.c.keys())


def test_an_award_counts_at_once_only_where_nobody_decides():
    at_once, waits = begun(decides="NOBODY"), begun(decides="PERSON")
    assert (at_once["state"], at_once["effective"]) == ("APPROVED", True)
    assert (waits["state"], waits["effective"]) == ("PROPOSED", False)
