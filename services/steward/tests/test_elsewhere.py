"""What an intake learns of people of other areas by the numbers that it registers."""

from dataclasses import replace

import pytest

from fivered.services.steward import errors
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    IDS,
    LI,
    OTHER_CADRE,
    WANG,
    died,
    person_id,
)

OTHER, OTHER_GRID = "370811015902", "370811015902001"
FREE = ("370899199001010017", "370899199001010033", "370899199001010076")
PHONE, LIS = "12812345678", "12800000002"


@pytest.fixture
def office(ground):
    """Another community's cadre, who may meet two people of elsewhere a day."""
    bench = ground.bench.as_("R_DISTRICT")
    for code, kind in ((OTHER, "COMMUNITY"), (OTHER_GRID, "GRID")):
        bench.do("define_area", {"code": code, "name": "和韵", "kind": kind})
    bench.runtime.settings = replace(bench.runtime.settings, elsewhere_per_day=2)
    return ground


def tries(ground, **more):
    bench = ground.bench.as_("R_CADRE", person=OTHER_CADRE, scope=OTHER)
    body = {"name": "郑重", "synthetic": True, "grid": OTHER_GRID} | more
    return bench.do("register_person", body)


def refused(ground, kind=errors.NumberElsewhere, **more):
    with pytest.raises(kind) as told:
        tries(ground, **more)
    return told.value


def test_a_number_of_elsewhere_is_taken_and_nothing_else_is_told(office):
    """Whether the person lives there, has left, has died or was given up; the person reads of it."""
    office.bench.runtime.settings = replace(office.bench.runtime.settings, elsewhere_per_day=3)
    told = [refused(office, id_no=IDS["WANG"])]
    died(office.bench, LI, 1, by=CADRE)
    told.append(refused(office, id_no=IDS["LI"]))
    leaves = office.bench.as_("R_CADRE", person=CADRE, scope=COMMUNITY)
    leaves.do("deactivate_person", {"person_id": WANG, "reason": "MOVED_OUT"}, version=1)
    told.append(refused(office, id_no=IDS["WANG"]))
    assert {(str(one), one.code, one.field, str(one.params)) for one in told} == {
        (str(told[0]), "PERSON_EXISTS", "id_no", "{'who': ''}")
    }
    assert COMMUNITY not in str(told) and "王" not in str(told)
    # Under an id of the caller's choice it is an id that is taken, no more.
    refused(office, errors.IdTaken, person_id=LI)
    rows = office.bench.rows(
        "SELECT person_id, area, actor_id, why FROM person_reads WHERE door = 'register' ORDER BY id"
    )
    assert [(row["person_id"], row["area"], row["why"]) for row in rows] == [
        (who, COMMUNITY, "REGISTERED_ELSEWHERE") for who in (WANG, LI, WANG)
    ]
    office.bench.as_("R_RESIDENT", person=WANG, scope=GRID)
    (read, _) = office.bench.ask("person_reads")["items"]
    assert (read["why_zh"], read["office"]) == ("在别处登记时核对号码", "和韵")
    audit = office.bench.rows(
        "SELECT actor, refused FROM audit WHERE result = 'DENIED' AND action = 'register_person'"
    )
    assert [(row["actor"], row["refused"]) for row in audit] == [(OTHER_CADRE, "PERSON_EXISTS")] * 3


def test_who_has_really_moved_is_registered_by_name_and_number(office):
    leaves = office.bench.as_("R_CADRE", person=CADRE, scope=COMMUNITY)
    leaves.do("deactivate_person", {"person_id": WANG, "reason": "MOVED_OUT"}, version=1)
    assert tries(office, name="王小丽", id_no=IDS["WANG"])["id"] == WANG


def test_after_so_many_a_day_no_number_is_taken_whether_it_is_free_or_not(office):
    office.person(CHEN, "陈静", phone="12800000003", grid=GRID)
    for _ in range(3):
        # The same person again is nothing new.
        refused(office, id_no=IDS["WANG"])
    assert tries(office, id_no=FREE[0])["state"] == "ACTIVE"
    refused(office, errors.PhoneElsewhere, phone=LIS)
    told = [
        refused(office, errors.NumbersElsewhere, **one)
        for one in ({"phone": "12800000003"}, {"phone": "12899999999"}, {"id_no": FREE[1]},
                    {"id_no": IDS["WANG"]})
    ]  # fmt: skip
    assert {(one.code, str(one)) for one in told} == {("RATE_LIMIT", str(told[0]))}
    # Who bears no number is registered, and tomorrow numbers are taken again.
    mine = tries(office)
    correct = office.bench.as_("R_CADRE", person=OTHER_CADRE, scope=OTHER)
    body = {"person_id": mine["id"], "reason": "补登号码", "phone": "12899999999"}
    with pytest.raises(errors.NumbersElsewhere):
        correct.do("correct_person", body, version=1)
    office.bench.at("2025-03-04T09:00:00")
    with pytest.raises(errors.PhoneElsewhere):
        correct.do("correct_person", body | {"phone": PHONE}, version=1)
    with pytest.raises(errors.NumberElsewhere):
        correct.do("correct_person", {**body, "phone": None, "id_no": IDS["LI"]}, version=1)
    with pytest.raises(errors.NumbersElsewhere):
        correct.do("correct_person", body, version=1)


def test_a_list_is_no_way_around_it(office):
    bench = office.bench.as_("R_CADRE", person=OTHER_CADRE, scope=OTHER)
    line = {"name": "郑重", "synthetic": True, "grid": OTHER_GRID}
    numbers = [{"id_no": IDS["WANG"]}, {"phone": LIS}, {"id_no": FREE[0]}, {"phone": PHONE}, {}]
    told = bench.do("register_people", {"people": [line | one for one in numbers]})["items"]
    assert [one["result"] for one in told] == [
        "PERSON_EXISTS", "PHONE_TAKEN", "RATE_LIMIT", "RATE_LIMIT", "stored",
    ]  # fmt: skip
    assert all("person_id" not in one for one in told)
    refused(office, errors.NumbersElsewhere, id_no=FREE[0])


def test_who_covers_both_places_is_told_who_it_is_and_not_limited(office):
    office.bench.runtime.settings = replace(office.bench.runtime.settings, elsewhere_per_day=0)
    for role, scope in (("R_DISTRICT", "370811"), ("R_SYSTEM", "")):
        bench = office.bench.as_(role, person="per_boss", scope=scope)
        with pytest.raises(errors.PersonExists) as told:
            bench.do("register_person", {"name": "郑重", "synthetic": True, "id_no": IDS["WANG"]})
        assert told.value.params["person_id"] == WANG
    bench.do("register_person", {"person_id": person_id(71), "name": "郑重", "synthetic": True,
                                 "id_no": FREE[0]})  # fmt: skip
