"""A token outlives its bearer's registration; the bearer's voice does not."""

import pytest

from fivered.services.property import errors
from fivered.services.property.service import Property
from fivered.services.property.tests.conftest import COMMUNITY
from testkit.callers import admitted, commands_of

DEAD, TWIN = "per_dead", "per_twin"


@pytest.fixture
def gone(town):
    """A dead person, and a registration that was given up."""
    town.settle(DEAD, TWIN, "per_kept")
    for fact, person, more in (
        ("resident_deactivated.v1", DEAD, {"reason": "DECEASED"}),
        ("person_merged.v1", TWIN, {"into": "per_kept"}),
    ):
        town.bench.consume(
            "steward", fact, {"person_id": person} | more, subject=person, sequence=5
        )
    return town.bench


@pytest.mark.parametrize(
    ("who", "refusal"), [(DEAD, errors.CallerDeceased), (TWIN, errors.CallerMerged)]
)
def test_no_command_is_taken_from_the_dead_nor_from_an_id_that_was_given_up(gone, who, refusal):
    """H1-31: a token of somebody who has died was let in by every door that asked for nothing."""
    assert admitted(gone, who, COMMUNITY, refusal) == []
    assert {"consent_appointment", "validate_complaint", "issue_rectification"} <= set(
        commands_of(Property)
    )
