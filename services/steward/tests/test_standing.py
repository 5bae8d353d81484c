"""A token outlives its bearer's registration; his voice does not."""

import pytest

from fivered.chassis.i18n import problem_of
from fivered.services.steward import errors
from fivered.services.steward.service import Steward
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    OTHER_CADRE,
    WANG,
    person_id,
)
from testkit.callers import admitted, commands_of

TWIN = person_id(51)


@pytest.fixture
def gone(ground):
    """A dead person, one who has moved out, and a registration that was given up."""
    people = {"dead": person_id(61), "away": person_id(62), "merged": TWIN}
    for number, who in enumerate(people.values()):
        ground.person(who, "何平", phone=f"1280000006{number}", grid=GRID)
    ground.dies(people["dead"])
    order = {"person_id": people["away"], "reason": "MOVED_OUT"}
    ground.cadre().do("deactivate_person", order, version=1)
    order = {"person_id": TWIN, "into": WANG, "reason": "同一人登记两次"}
    proposed = ground.cadre(CADRE).do("propose_merge", order, version=1)
    decide = {"merge_id": proposed["id"], "confirmed": True}
    ground.cadre(OTHER_CADRE).do("decide_merge", decide, version=1)
    return ground, people


@pytest.mark.parametrize("who", ["dead", "away", "merged"])
def test_no_command_is_taken_from_who_is_registered_no_longer(gone, who):
    """B2, K10: the dead filed, rated, cancelled and confirmed. Every command of the service."""
    ground, people = gone

    def look(refused):
        told = problem_of(refused, "fivered.services.steward")
        assert (told["guard"], told["params"]) == ("NOT_REGISTERED", {})
        assert WANG not in str(told)

    # An official may live in another district.
    only = {"look": look, "as_resident": who == "away"}
    assert admitted(ground.bench, people[who], GRID, errors.CallerGone, **only) == []
    assert {"submit_request", "rate_request", "cancel_request", "record_hours"} <= set(
        commands_of(Steward)
    )


def test_a_merged_id_is_told_so_and_the_one_that_stays_goes_on(gone):
    ground, people = gone
    body = {
        "channel": "APP", "kind": "REPAIR", "category": "REPAIR_COMMON", "grid": GRID,
        "text": "楼道灯不亮",
    }  # fmt: skip
    with pytest.raises(errors.CallerMerged):
        ground.by(TWIN, "R_RESIDENT", COMMUNITY).do("submit_request", body)
    assert ground.by(WANG, "R_RESIDENT", COMMUNITY).do("submit_request", body)["id"]
    # Who lives elsewhere meanwhile works here all the same; who is registered nowhere, too.
    for who in (people["away"], person_id(97)):
        assert ground.by(who, "R_CADRE", COMMUNITY).do("submit_request", body)["id"]


def test_of_his_own_request_a_dead_person_s_token_does_nothing_and_nobody_rates_for_him(ground):
    ground.staff()
    first, open_one = ground.resolved(), ground.submit()
    paper, its_paper = ground.receipt(first), ground.receipt(open_one)
    ground.dies(WANG)
    own = ground.by(WANG, "R_RESIDENT", COMMUNITY)
    one = {"request_id": open_one["id"]}
    for method, body in (
        ("rate_request", {"request_id": first["id"], "stars": 5, "solved": True}),
        ("reopen_request", {"request_id": first["id"], "reason": "没有修好"}),
        ("cancel_request", one),
        ("urge_request", one),
    ):
        with pytest.raises(errors.CallerGone):
            own.do(method, body, version=first["version"] if "reopen" in method else 2)
    rating = {"request_id": first["id"], "stars": 5, "solved": True} | paper
    with pytest.raises(errors.UnknownPerson):
        ground.by(GRID_WORKER, "R_GRID", GRID).do("rate_request", rating)
    # His family's word ends the matter: they have his receipt.
    taken = ground.by(GRID_WORKER, "R_GRID", GRID).do(
        "cancel_request", one | its_paper, version=open_one["version"]
    )
    assert taken["state"] == "CANCELLED"


def test_who_comes_back_speaks_again(gone):
    ground, people = gone
    back = {"person_id": people["away"], "grid": GRID_2, "reason": "迁回"}
    ground.cadre().do("return_person", back, version=2)
    hours = {"person_id": people["away"], "minutes": 30, "source": "QR", "date": "2025-03-01",
             "activity": "清雪"}  # fmt: skip
    own = ground.by(people["away"], "R_RESIDENT", COMMUNITY)
    assert own.do("record_hours", hours)["state"] == "RECORDED"
