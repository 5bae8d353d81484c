"""A token outlives its bearer's registration; the bearer's voice does not."""

import pytest

from chassis.bus import ANY_ROLE, PUBLIC, entries
from services.property import errors
from services.property.service import Property
from services.property.tests.conftest import COMMUNITY
from testkit.bodies import a_body

DEAD, TWIN = "per_dead", "per_twin"
COMMANDS = sorted(name for name, entry in entries(Property).items() if entry.kind == "command")


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


def acts_as(method):
    """Return a role that may call a command: a resident's where that one may."""
    roles = entries(Property)[method].door.roles
    return "R_RESIDENT" if {ANY_ROLE, PUBLIC, "R_RESIDENT"} & set(roles) else roles[0]


@pytest.mark.parametrize(
    ("who", "refusal"), [(DEAD, errors.CallerDeceased), (TWIN, errors.CallerMerged)]
)
def test_no_command_is_taken_from_the_dead_nor_from_an_id_that_was_given_up(gone, who, refusal):
    """H1-31: a token of somebody who has died was let in by every door that asked for nothing."""
    table = entries(Property)
    admitted = []
    for method in COMMANDS:
        gone.as_(acts_as(method), person=who, scope=COMMUNITY)
        try:
            gone.do(method, a_body(table[method].body_type, "-", ""), version=1)
        except refusal:
            continue
        except Exception as other:
            admitted.append((method, other))
            continue
        admitted.append((method, None))
    assert admitted == []
    assert set({"consent_appointment", "validate_complaint", "issue_rectification"}) <= set(
        COMMANDS
    )
