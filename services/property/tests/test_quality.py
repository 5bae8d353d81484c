"""Second-line quality control: a wrong pass is found by somebody outside, and opens it again."""

import pytest

from fivered.chassis.refusal import RoleDenied, StateConflict
from fivered.services.property import errors
from fivered.services.property.actions import sampling
from fivered.services.property.tests.test_complaints import validate
from fivered.services.property.tests.test_rectifications import PAIR
from testkit.waits import Waits

STREET = "370811015"


def passed(town, severity="S1", by="per_li"):
    """An order that a cadre has found to be met; returns its id."""
    town.street_clerk("per_issuer")
    order = {"rectification_id": town.issue(severity)["id"]}
    town.manager().do("submit_rectification", order | {"evidence_pairs": PAIR}, version=1)
    town.cadre(by).do("pass_rectification", order | {"on_site": True}, version=2)
    return order["rectification_id"]


def listed(town, **asked):
    return town.bench.ask("quality_checks", asked)["items"]


@pytest.mark.covers("P13")
def test_a_wrong_pass_is_found_by_somebody_outside_counted_and_ordered_anew(bench, town):
    town.found()
    order = passed(town)
    town.street_clerk()
    # Every safety order is looked at again.
    (check,) = listed(town, state="WAITING")
    assert (check["kind"], check["ref"], check["found_good_by"]) == (
        "RECTIFICATION", order, "per_li",
    )  # fmt: skip
    look = {
        "check_id": check["id"], "good": False, "finding": "现场仍有杂物占用", "media": ["sha256:7"],
    }  # fmt: skip
    with pytest.raises(errors.OfTheChain) as refused:
        town.street_clerk("per_issuer").do("record_quality_check", look, version=1)
    assert refused.value.params["substitute"] == "R_DISTRICT"
    with pytest.raises(RoleDenied):
        town.cadre("per_other").do("record_quality_check", look, version=1)
    with pytest.raises(RoleDenied):
        bench.as_("R_STREET", person="per_far", scope="370811002").do(
            "record_quality_check", look, version=1
        )
    town.street_clerk()
    for more, refusal in (
        ({"finding": "不"}, errors.ReasonRequired),
        ({"visited": True}, errors.VisitIncomplete),
        ({"satisfied": False}, errors.VisitIncomplete),
    ):
        with pytest.raises(refusal):
            bench.do("record_quality_check", look | more, version=1)
    waits = Waits(bench)
    told = waits.until(
        "QUALITY_CHECK", check["id"],
        lambda: town.street_clerk().do(
            "record_quality_check", look | {"visited": True, "satisfied": False}, version=1
        ),
        to=("per_qian", "R_STREET", STREET),
        not_to=[("per_issuer", "R_STREET", STREET), ("per_li", "R_CADRE", town.community)],
    )  # fmt: skip
    assert told is None or told["state"] == "WRONG"
    town.street_clerk()
    (check,) = listed(town, state="WRONG", found_good_by="per_li")
    assert check["media"] == ["sha256:7"]
    told = bench.rows("SELECT person_id FROM told WHERE kind = 'QUALITY_WRONG'")
    assert [row["person_id"] for row in told] == ["per_li"]
    assert (check["looked_by"], check["visited"], check["satisfied"]) == ("per_qian", True, False)
    again = bench.ask("rectification", {"rectification_id": check["opened"]})
    assert (again["again_of"], again["severity"], again["state"]) == (order, "S1", "ISSUED")
    (refuted,) = bench.published("rectification_refuted.v1")
    assert refuted["data"]["rectification_id"] == order
    with pytest.raises(StateConflict):
        bench.do("record_quality_check", look, version=2)
    assert listed(town, state="WRONG", found_good_by="per_other") == []
    # What was good stays as it is.
    other = passed(town)
    town.street_clerk()
    (check,) = listed(town, state="WAITING")
    fine = {"check_id": check["id"], "good": True, "finding": "现场复核,整改到位"}
    assert bench.do("record_quality_check", fine, version=1)["state"] == "GOOD"
    assert bench.ask("rectification", {"rectification_id": other})["state"] == "PASSED"


@pytest.mark.covers("P13")
def test_a_complaint_that_was_closed_wrongly_goes_on_and_its_reporter_is_told(bench, town):
    town.found()
    cpl = town.complain("req_1")
    validate(town, cpl, True, 1)
    ask = {"kind": "COMPLAINT", "thing_id": cpl}
    with pytest.raises(StateConflict):
        town.street_clerk().do("ask_quality_check", ask)
    done = {"complaint_id": cpl, "outcome": "已清运"}
    town.cadre().do("close_complaint", done, version=2)
    town.street_clerk()
    if not listed(town):
        bench.do("ask_quality_check", ask)
    with pytest.raises(StateConflict):
        bench.do("ask_quality_check", ask)
    (check,) = listed(town, kind="COMPLAINT")
    look = {"check_id": check["id"], "good": False, "finding": "回访称并未清运"}
    with pytest.raises(errors.OwnComplaint):
        bench.as_("R_STREET", person="per_res", scope=STREET).do(
            "record_quality_check", look, version=1
        )
    looked = town.street_clerk().do(
        "record_quality_check", look | {"visited": True, "satisfied": False}, version=1
    )
    assert looked["opened"] == cpl
    again = bench.ask("complaint", {"complaint_id": cpl})
    # What was said of its end is no more; the manager hears that it goes on.
    assert (again["state"], again["outcome"], again["reopen_count"]) == ("OPEN", None, 1)
    assert [one["person_id"] for one in bench.rows(
        "SELECT person_id FROM told WHERE kind = 'COMPLAINT_GOES_ON'")] == ["per_wu"]  # fmt: skip
    bench.as_("R_RESIDENT", person="per_res", scope=town.grid)
    assert "回访称并未清运" in bench.ask("my_messages")["items"][0]["text"]
    # The project's side neither sees nor asks for second looks.
    for who in (town.manager, town.company):
        who()
        with pytest.raises(RoleDenied):
            listed(town)


def test_one_of_five_is_drawn():
    drawn = [sampling.is_drawn(f"rec_{number}", 3) for number in range(2000)]
    assert 340 < sum(drawn) < 460
    # Found good a second time, it is drawn anew.
    assert drawn != [sampling.is_drawn(f"rec_{number}", 5) for number in range(2000)]
