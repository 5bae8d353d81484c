"""What was done with the consents of a person, step by step."""

import pytest

from fivered.chassis.messages import SELF
from fivered.chassis.refusal import NotFound
from fivered.services.credit.tests import stage, test_consent_notices

CADRE = {"person": "per_cadre", "scope": stage.COMMUNITY}
STEPS = ("act", "notice_version", "purposes", "channel", "acted_by", "evidence_ref")


def steps(bench, person=None, **asked):
    """As staff, or as the person; oldest first."""
    if person is None:
        bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    found = bench.ask("consent_history", {"person_id": person, **asked} if person else asked)
    return found["items"][::-1]


@pytest.mark.covers("REQ-L01")
def test_each_step_of_a_consent_says_which_version_by_which_way_when_and_by_whom(bench):
    bench.at("2025-02-03T09:00")
    stage.register(bench, "per_a")
    paper = {"notice_version": "2025.1", "person_id": "per_a", "channel": "PAPER"}
    paper |= {"purposes": ["SCORING"], "evidence_ref": "HZ-1"}
    given = bench.as_("R_CADRE", **CADRE).do("grant_consent", paper)
    bench.at("2025-02-04T09:00")
    stage.consent(bench, "per_a")
    test_consent_notices.publish(bench, "2025.2", "2025-02-05")
    bench.at("2025-02-05T09:00")
    stage.consent(bench, "per_a", notice_version="2025.2")
    out = {"consent_id": given["id"], "purposes": ["POINTS"]}
    bench.as_("R_CADRE", **CADRE).do("withdraw_consent", out | {"receipt_no": "HZ-2"})
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    bench.do("withdraw_consent", {"consent_id": given["id"]})
    stage.consent(bench, "per_a", ("SCORING",), notice_version="2025.2")
    told = {"person_id": "per_a", "reason": "MOVED_OUT"}
    bench.consume("steward", "resident_deactivated.v1", told, subject="per_a", sequence=2)
    both, alone = ["POINTS", "SCORING"], ["SCORING"]
    expected = [
        ("GRANTED", "2025.1", alone, "PAPER", "per_cadre", "HZ-1"),
        ("CHANGED", "2025.1", both, "APP", "per_a", None),
        ("RENEWED", "2025.2", both, "APP", "per_a", None),
        ("WITHDRAWN", "2025.2", alone, "APP", "per_cadre", "HZ-2"),
        ("WITHDRAWN", "2025.2", [], "APP", "per_a", None),
        ("GRANTED", "2025.2", alone, "APP", "per_a", None),
        ("CLOSED", "2025.2", [], "APP", None, None),
    ]
    seen = steps(bench)
    assert [tuple(one.get(name) for name in STEPS) for one in seen] == expected
    assert [one["at"][:10] for one in seen[:3]] == ["2025-02-03", "2025-02-04", "2025-02-05"]
    assert len({one["version"] for one in seen}) == len(seen)
    assert steps(bench, limit=2) == seen[-2:]
    # It is part of all that is kept about a person, and staff of the area see it.
    bench.as_(SELF, person="per_a", scope="")
    own = {table["table"]: table["rows"] for table in bench.ask("_my_data")["tables"]}
    assert len(own["consent_acts"]) == len(expected)
    bench.as_("R_CADRE", **CADRE)
    assert steps(bench, "per_a") == seen
    for role, who in (("R_CADRE", {**CADRE, "scope": "370811015902"}), ("R_RESIDENT", CADRE)):
        bench.as_(role, **who)
        with pytest.raises(NotFound):
            steps(bench, "per_a")


def test_adults_of_a_household_read_what_was_done_and_not_which_of_them_did_it(bench):
    for person in ("per_a", "per_b"):
        stage.register(bench, person, household="hh_1")
    stage.consent(bench, "per_b", household_id="hh_1")
    (seen,) = steps(bench)
    assert (seen["subject"], seen["act"], seen.get("acted_by")) == ("HH:hh_1", "GRANTED", None)
    bench.as_("R_RESIDENT", person="per_b", scope=stage.GRID)
    assert bench.ask("consent_history")["items"][0]["acted_by"] == "per_b"
