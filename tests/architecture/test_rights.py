"""The table of rights names every door and every role that the door admits, and nothing else."""

import pytest

from deploy import rights as table
from fivered.chassis.installed import service_names
from fivered.chassis.messages import ANY_ROLE, SYSTEM_ROLE
from fivered.gateway.app import doors_of
from tests.rights import walk

REACHES = {*walk.REACHES, "untried"}


@pytest.mark.parametrize("service", service_names())
def test_a_door_without_a_line_in_the_table_of_rights_fails(service):
    doors = {door.method: door for door in doors_of(service) if SYSTEM_ROLE not in door.roles}
    doors = {name: door for name, door in doors.items() if not name.startswith("_")}
    said = table.read()[service]
    assert sorted(said) == sorted(doors), "python -m tests.rights"
    for name, door in doors.items():
        if ANY_ROLE not in door.roles:
            assert sorted(said[name]) == sorted(door.roles), name
        assert set(said[name].values()) <= REACHES, name


def test_every_door_is_tried_and_somebody_gets_in():
    untried = {
        (unit, door)
        for unit, doors in table.read().items()
        for door, roles in doors.items()
        if {reach for role, reach in roles.items() if role != "SELF"} == {"untried"}
    }
    assert untried == set(), "tests/rights/more.py makes what the story does not"


def test_nobody_reaches_beyond_the_area_of_an_office_but_where_all_do():
    """What a role reaches everywhere, a resident reaches as well, or it is said here why not."""
    own = {
        ("credit", "draft_settlement"): "drafts what is in the caller's own area",
        ("credit", "propose_consent_notice"): "proposes for the caller's own district",
        ("credit", "grant_budget"): "proposes for the caller's own district",
        ("credit", "indicators"): "are of the caller's own area",
        ("credit", "propose_award"): "is refused by the rule before the place is looked at",
        ("credit", "trial_balance"): "is of the caller's own area",
        ("identity", "rotate_signing_key"): "is the installation's",
        ("partner", "approve_offers"): "each offer of the batch is judged by itself",
        ("steward", "batch_requests"): "each case of the batch is judged by itself",
        ("property", "indicators"): "are of the caller's own area",
        ("property", "register_company"): "a company is not of one area",
    }
    wide = {
        (unit, door)
        for unit, doors in table.read().items()
        if unit != table.COMMON
        for door, roles in doors.items()
        if "anywhere" in roles.values()
        and not {"PUBLIC", "SELF"} & set(roles)
        and roles.get("R_RESIDENT") != "anywhere"
    }
    assert wide == set(own)
