"""A project that was closed by mistake serves again."""

import pytest

from fivered.chassis.refusal import StateConflict
from fivered.services.property import errors

BACK = {"project_id": "prj_a", "reason": "误选项目,合同仍有效"}


def version(town):
    return town.version("projects", "project_id", "prj_a")


def close(town):
    closing = {"project_id": "prj_a", "status": "CLOSED", "reason": "合同到期未续"}
    town.district().do("change_project_status", closing, version=version(town))


def by(bench, person):
    return bench.as_("R_STREET", person=person, scope="370811015")


@pytest.fixture
def closed(bench, town):
    """A project with a post, an agreement and an open order, which was closed by mistake."""
    town.found()
    post = town.appoint("P2C", "per_wu", "COMMITTEE_PART_TIME_MEMBER")
    agreement = town.agree()
    town.street_clerk()
    old = town.issue("S3")
    bench.fire("2025-03-10T09:00:00")
    close(town)
    return post, agreement, old


def test_two_persons_let_a_project_serve_again_and_are_told_what_does_not_live_again(
    bench, town, closed
):
    """P30: there was no way back."""
    _post, agreement, old = closed
    bench.fire("2025-03-12T09:00:00")
    with pytest.raises(errors.ReasonRequired):
        by(bench, "per_one").do("reopen_project", BACK | {"reason": " "}, version=version(town))
    first = by(bench, "per_one").do("reopen_project", BACK, version=version(town))
    assert (first["state"], first["reopening"]) == ("CLOSED", "PROPOSED")
    assert "ended" not in first
    with pytest.raises(errors.SamePerson):
        by(bench, "per_one").do("reopen_project", BACK, version=first["version"])
    waits = {one["deed"] for one in by(bench, "per_one").ask("todo", {})["items"]}
    assert "CONFIRM_REOPENING" not in waits
    waits = {one["deed"]: one["id"] for one in by(bench, "per_two").ask("todo", {})["items"]}
    assert waits["CONFIRM_REOPENING"] == "prj_a"
    done = by(bench, "per_two").do("reopen_project", BACK, version=first["version"])
    assert (done["state"], done["reopening"], done["orders"]) == ("IN_SERVICE", "DECIDED", 1)
    assert {one["kind"] for one in done["ended"]} == {"APPOINTMENT", "AGREEMENT"}
    assert agreement in {one["id"] for one in done["ended"]}
    card = bench.ask("project", {"project_id": "prj_a"})
    assert card["state"] == "IN_SERVICE"
    (fresh,) = card["open_rectifications"]
    assert fresh["id"] != old["id"]
    assert fresh["due"] > old["due"]
    statuses = [event["data"]["status"] for event in bench.published("project_registered.v1")]
    assert statuses == ["IN_SERVICE", "CLOSED", "IN_SERVICE"]
    assert len(bench.published("project_manager_changed.v1")) == 2
    steps = [one["what"] for one in bench.ask("project", {"project_id": "prj_a"})["history"]]
    assert [one for one in steps if one.startswith(("CLOSED", "REOPEN"))] == [
        "CLOSED", "REOPENING_PROPOSED", "REOPENED",
    ]  # fmt: skip
    # It may be closed again, and what was proposed before does not count for it.
    close(town)
    again = by(bench, "per_two").do("reopen_project", BACK, version=version(town))
    assert again["reopening"] == "PROPOSED"


def test_what_is_long_closed_or_in_other_hands_does_not_come_back(bench, town, closed):
    bench.fire("2025-04-10T09:00:00")
    with pytest.raises(errors.ReopeningOver):
        by(bench, "per_one").do("reopen_project", BACK, version=version(town))


def test_a_project_that_was_handed_over_does_not_come_back(bench, town):
    town.found()
    with pytest.raises(StateConflict):
        by(bench, "per_one").do("reopen_project", BACK, version=version(town))
    town.district().do(
        "register_company", {"company_id": "pco_b", "name": "信达", "uscc": "91370899MA0000003P"}
    )
    order = {
        "project_id": "prj_a",
        "company_id": "pco_b",
        "manager_person_id": "per_new",
        "new_project_id": "prj_b",
    }
    town.district().do("hand_over_project", order, version=version(town))
    with pytest.raises(errors.HasSuccessor):
        by(bench, "per_one").do("reopen_project", BACK, version=version(town))
