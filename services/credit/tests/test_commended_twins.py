"""Commendations of people who were registered twice: both ids are one person."""

import pytest

from fivered.services.credit.errors import InChain, SameAsReviewer
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import final_month
from fivered.services.credit.tests.test_commendations import (
    WHY,
    approve,
    credit,  # noqa: F401
    publicised,
    step,
)

pytestmark = pytest.mark.slow


def test_who_was_registered_twice_stays_in_the_notice_and_is_commended_for_both(credit):  # noqa: F811
    bench = credit
    made = publicised(bench, "RES:per_a")
    stage.register(bench, "per_kept")
    merged = {"person_id": "per_a", "into": "per_kept", "community": stage.COMMUNITY}
    bench.consume("steward", "person_merged.v1", merged, subject="per_a", sequence=2)
    bench.as_("PUBLIC", person="", scope="")
    seen = bench.ask("notice", {"notice_id": made["notice_id"]})["body"]["nominees"]
    assert [(one["subject"], one["person_id"]) for one in seen] == [("RES:per_kept", "per_kept")]
    bench.fire("2025-07-09T09:00")
    assert approve(bench, made)["nominees"] == {"RES:per_kept": "APPROVED"}
    stage.trial_balance(bench)


@pytest.mark.parametrize("month", ["open", "final"])
def test_what_is_revoked_is_taken_back_from_the_account_that_a_merge_has_kept(credit, month):  # noqa: F811
    bench = credit
    made = publicised(bench, "RES:per_a")
    bench.fire("2025-07-09T09:00")
    approve(bench, made)
    if month == "final":
        final_month(bench, "2025-06")
        final_month(bench, "2025-07")
    before = points_of(bench)
    stage.register(bench, "per_kept")
    merged = {"person_id": "per_a", "into": "per_kept", "community": stage.COMMUNITY}
    bench.consume("steward", "person_merged.v1", merged, subject="per_a", sequence=2)
    assert points_of(bench) == before
    order = {"subject": "RES:per_kept", "reasons": WHY}
    step(bench, "revoke_commendation", made, role="R_STREET_LEAD", person="per_lead2", **order)
    assert points_of(bench) == before - 30
    owed = bench.rows("SELECT sum(clawback) AS owed FROM wallets")[0]["owed"]
    assert owed in (None, 0)
    left = bench.rows("SELECT state FROM awards WHERE deed = :d", d=made["id"])
    assert {row["state"] for row in left} == {"REVERSED"}
    stage.trial_balance(bench)


def points_of(bench):
    """What all accounts of residents have, spendable or not yet."""
    accounts = stage.trial_balance(bench)["accounts"]
    return accounts.get("PENDING", 0) + accounts.get("AVAILABLE", 0)


@pytest.mark.parametrize(
    ("did", "refused"), [("per_cadre", InChain), ("per_reviewer", SameAsReviewer)]
)
def test_who_nominated_or_reviewed_approves_under_no_other_id(credit, did, refused):  # noqa: F811
    bench = credit
    made = publicised(bench, "RES:per_a")
    merged = {"person_id": did, "into": "per_kept", "community": stage.COMMUNITY}
    bench.consume("steward", "person_merged.v1", merged, subject=did)
    bench.fire("2025-07-09T09:00")
    with pytest.raises(refused):
        approve(bench, made, person="per_kept")
    approve(bench, made)


def test_who_is_nominated_under_both_ids_is_commended_once(credit):  # noqa: F811
    bench = credit
    made = publicised(bench, "RES:per_a", "RES:per_b")
    merged = {"person_id": "per_b", "into": "per_a", "community": stage.COMMUNITY}
    bench.consume("steward", "person_merged.v1", merged, subject="per_b", sequence=2)
    bench.as_("PUBLIC", person="", scope="")
    seen = bench.ask("notice", {"notice_id": made["notice_id"]})["body"]["nominees"]
    assert [one["subject"] for one in seen] == ["RES:per_a"]
    bench.fire("2025-07-09T09:00")
    assert approve(bench, made)["nominees"] == {
        "RES:per_a": "APPROVED",
        "RES:per_b": "DISQUALIFIED",
    }
    stage.trial_balance(bench)
