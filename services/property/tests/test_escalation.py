"""What a meeting gave to a project and is not done goes up twice: to the community, to the street."""

import pytest

from fivered.services.property.tests.test_calls import CLERK, hold, place  # noqa: F401
from fivered.services.property.tests.test_waits import CADRE, FAR, MANAGER, Waits, _of

MEETING = "2025-03-20T18:00:00"


def told(bench, kind):
    asked = "SELECT person_id FROM told WHERE kind = :k ORDER BY person_id"
    return [row["person_id"] for row in bench.rows(asked, k=kind)]


def given(town, *titles):
    decided = [{"text": title, "kind": "WORK", "due_date": "2025-03-28"} for title in titles]
    return [one["opened"] for one in hold(town, decisions=decided)["decisions"]]


@pytest.mark.covers("P6")
def test_work_that_a_project_does_not_deliver_goes_to_the_community_and_then_to_the_street(
    place,  # noqa: F811
):
    bench, waits = place.bench, Waits(place.bench)
    place.link_officials()
    bench.at(MEETING)
    late, later, met = given(place, "安装充电桩", "补划车位", "公布选址图")
    assert told(bench, "WORK_GIVEN") == ["per_wu"] * 3

    def at_the_street():
        return set(waits.things("OVERDUE_WORK", *_of(CLERK)))

    def work(work_id):
        return place.street_clerk().ask("work", {"work_id": work_id})

    place.manager().do("start_work", {"work_id": met}, version=1)
    bench.do("deliver_work", {"work_id": met, "evidence": ["sha256:1"]}, version=2)
    bench.fire("2025-03-29T00:00:00")
    assert told(bench, "WORK_LATE") == ["per_li", "per_li", "per_wu", "per_wu"]
    assert set(waits.things("OVERDUE_WORK", *_of(CADRE))) == {late, later}
    assert at_the_street() == set()
    assert waits.things("OVERDUE_WORK", *_of(FAR)) == {}
    # More time: it goes up again only when that is over, too.
    more = {"work_id": later, "due_date": "2025-04-10", "reason": "需等待材料到货"}
    place.secretary().do("extend_work", more, version=2)
    assert (work(later)["level"], work(later)["overdue"]) == (None, False)
    # What is sent back after its date is the community's at once, and the street's in its time.
    again = {"work_id": met, "accepted": False, "reason": "图上未标消防通道"}
    place.cadre().do("check_work", again, version=3)
    assert work(met)["level"] == 1
    # 29 and 30 March are a weekend: three working days later is the end of 2 April.
    bench.fire("2025-04-02T00:00:00")
    assert told(bench, "WORK_STILL_LATE") == []
    bench.fire("2025-04-03T00:00:00")
    assert told(bench, "WORK_STILL_LATE") == ["per_off_lnk_1"] * 2 + ["per_wu"] * 2
    assert at_the_street() == {late, met}
    assert [one["what"] for one in work(late)["history"]][-2:] == ["OVERDUE", "ESCALATED"]
    listed = bench.ask("works", {"level": 2, "overdue": True})["items"]
    assert {one["id"] for one in listed} == {late, met}
    # Done, it waits for the street no more.
    version = work(late)["version"]
    place.manager().do("start_work", {"work_id": late}, version=version)
    waits.until(
        "OVERDUE_WORK", late,
        lambda: place.manager().do(
            "deliver_work", {"work_id": late, "evidence": ["sha256:1"]}, version=version + 1
        ),
        to=CLERK, not_to=[MANAGER, FAR],
    )  # fmt: skip
    # What is taken away goes up no further.
    bench.fire("2025-04-11T00:00:00")
    place.secretary().do(
        "cancel_work",
        {"work_id": later, "reason": "车位方案重新商议"},
        version=work(later)["version"],
    )
    bench.fire("2025-04-20T00:00:00")
    assert len(told(bench, "WORK_STILL_LATE")) == 4
