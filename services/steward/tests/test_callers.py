"""Whose reference it is, and who may file for whom."""

import pytest
from msgspec import field

from fivered.chassis.refusal import Invalid, RoleDenied
from fivered.services.steward import errors
from fivered.services.steward.actions import submission
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    LI,
    OTHER_CADRE,
    STW_GRID,
    WANG,
    Ground,
)

ELSEWHERE = "370811015902"
GRID_ELSEWHERE = "370811015902001"


def staffed_stage(bench):
    """The usual stewards, and a second community with a grid and a resident."""
    ground = Ground(bench)
    ground.staff()
    bench = ground.bench.as_("R_DISTRICT")
    bench.do("define_area", {"code": ELSEWHERE, "name": "锦绣社区", "kind": "COMMUNITY"})
    bench.do("define_area", {"code": GRID_ELSEWHERE, "name": "第一网格", "kind": "GRID"})
    ground.person(CHEN, "陈大文", grid=GRID_ELSEWHERE)


@pytest.fixture
def staffed(ground):
    return ground.staged(staffed_stage)


def file(ground, role, person, scope, **more):
    body = {
        "channel": "PHONE",
        "kind": "REPAIR",
        "category": "WATER",
        "grid": GRID,
        "text": "水管爆裂",
    } | more
    return ground.bench.as_(role, person=person, scope=scope).do("submit_request", body)


def test_a_hotline_s_reference_is_written_by_offices_only(staffed):
    """SP-D2, SEC-H2: a person who guessed the next order's number swallowed it."""
    squat = {"channel": "HOTLINE_12345", "external_ref": "JN2025021900099"}
    for role, person, scope in (
        ("R_RESIDENT", WANG, COMMUNITY),
        ("R_MERCHANT", LI, COMMUNITY),
        ("R_GRID", GRID_WORKER, GRID),
        ("R_STEWARD", GRID_WORKER, GRID),
        ("R_CADRE", CADRE, ELSEWHERE),
    ):
        with pytest.raises(RoleDenied):
            file(staffed, role, person, scope, **squat)
    order = file(staffed, "R_CADRE", CADRE, COMMUNITY, category="GAS", **squat)
    assert order["duplicate"] is False
    card = staffed.cadre().ask("request", {"request_id": order["id"]})
    assert (card["category"], card["external_ref"]) == ("GAS", "JN2025021900099")
    # Another clerk and the hotline's own connection bring the same order: it is one.
    again = file(staffed, "R_SYSTEM", "system", "", category="GAS", **squat)
    assert (again["id"], again["duplicate"]) == (order["id"], True)


@pytest.mark.parametrize("written", ["H-1 ", "Ｈ－１", "\u200bH-1", "h-1"])
def test_a_reference_is_compared_in_its_one_spelling(staffed, written):
    """IN-A3: with a blank behind it, it was another one."""
    key = {"channel": "HOTLINE_12345"}
    first = file(staffed, "R_CADRE", CADRE, COMMUNITY, external_ref="H-1", **key)
    again = {"channel": "HOTLINE_12345", "external_ref": written}
    with pytest.raises(errors.ReferenceTaken) as refused:
        file(staffed, "R_CADRE", CADRE, COMMUNITY, text="别的事情", **again)
    assert refused.value.params == {"reference": "H-1", "number": first["number"]}
    with pytest.raises(Invalid):
        file(staffed, "R_CADRE", CADRE, COMMUNITY, external_ref="　", **key)


@pytest.mark.parametrize("written", ["gate-1", "Gate-1", "ＧＡＴＥ－１", "GATE‑1", "gate -1"])
def test_a_reference_in_other_case_is_the_same_and_is_shown_as_it_was_sent(staffed, written):
    """K4: `GATE-1` and `gate-1` of one intake were two requests."""
    first = file(staffed, "R_CADRE", CADRE, COMMUNITY, external_ref="GATE-1")
    again = file(staffed, "R_CADRE", CADRE, COMMUNITY, external_ref=written)
    assert (again["id"], again["duplicate"]) == (first["id"], True)
    with pytest.raises(errors.ReferenceTaken) as refused:
        file(staffed, "R_CADRE", CADRE, COMMUNITY, external_ref=written, text="别的事情")
    assert refused.value.params == {"reference": "GATE-1", "number": first["number"]}
    card = staffed.cadre().ask("request", {"request_id": first["id"]})
    assert card["external_ref"] == "GATE-1"
    assert len(staffed.bench.published("request_submitted.v1")) == 1


def test_a_reference_that_is_long_once_it_is_folded_is_refused(staffed):
    """K4: PostgreSQL keeps 100 characters; one sign of this reference is eighteen."""
    with pytest.raises(Invalid):
        file(staffed, "R_CADRE", CADRE, COMMUNITY, external_ref="ﷺ" * 90)


def test_the_same_reference_of_two_communities_or_of_two_people_is_two_requests(staffed):
    """IN-A3: the burst pipe of the second community existed nowhere."""
    first = file(staffed, "R_CADRE", CADRE, COMMUNITY, external_ref="0001")
    other = file(
        staffed, "R_CADRE", OTHER_CADRE, ELSEWHERE, external_ref="0001", grid=GRID_ELSEWHERE
    )
    residents = [
        file(staffed, "R_RESIDENT", who, COMMUNITY, channel=channel, external_ref="0001")
        for who in (WANG, LI)
        for channel in ("APP", "PHONE")
    ]
    ids = {reply["id"] for reply in (first, other, *residents)}
    assert len(ids) == 6
    assert not any(reply["duplicate"] for reply in residents)


class LaterRequest(submission.SubmitRequest, frozen=True):
    """What the command takes in a release to come: two fields more, that may be left out."""

    floor: int | None = None
    keys: list[str] = field(default_factory=list)


def test_a_field_of_a_later_release_leaves_a_reference_what_it_was(staffed):
    said = {"channel": "PHONE", "kind": "REPAIR", "category": "WATER", "grid": GRID, "text": "漏水"}

    def content(kind, **more):
        with staffed.bench.transaction() as tx:
            return submission._content(tx, kind(**said, **more), WANG, "GATE-1")

    first = content(submission.SubmitRequest)
    assert content(LaterRequest) == first
    assert content(LaterRequest, floor=3) != first
    assert content(LaterRequest, keys=["a"]) != first
    assert content(LaterRequest, building="3") != first


def test_other_content_under_one_reference_is_refused_and_nothing_is_lost(staffed):
    """SP-D2: a second, different call under one key was dropped without a word."""
    first = file(staffed, "R_RESIDENT", WANG, COMMUNITY, external_ref="1")
    same = file(staffed, "R_RESIDENT", WANG, COMMUNITY, external_ref="1", reporter_id=WANG)
    assert (same["id"], same["duplicate"]) == (first["id"], True)
    for more in ({"text": "还有一处"}, {"priority": "P2"}, {"grid": GRID_2}, {"indoor": True}):
        with pytest.raises(errors.ReferenceTaken) as refused:
            file(staffed, "R_RESIDENT", WANG, COMMUNITY, external_ref="1", **more)
        assert refused.value.params["number"] == first["number"]
    assert len(staffed.bench.published("request_submitted.v1")) == 1


def test_the_pointer_tells_nothing_to_who_may_not_see_it(staffed):
    file(staffed, "R_GRID", GRID_WORKER, GRID, external_ref="7")
    with pytest.raises(errors.ReferenceTaken) as refused:
        file(staffed, "R_GRID", OTHER_CADRE, GRID_2, external_ref="7", grid=GRID_2)
    assert refused.value.params["number"] is None


@pytest.mark.parametrize(
    ("caller", "named", "grid", "refusal"),
    [
        # SEC-H9: a merchant's complaint in the name of somebody far away.
        (("R_MERCHANT", COMMUNITY), LI, GRID, RoleDenied),
        (("R_PM", COMMUNITY), LI, GRID, RoleDenied),
        (("R_DEPUTY", COMMUNITY), LI, GRID, RoleDenied),
        # SEC-H3 (a): who names a person from elsewhere learned his name; nor is it told by the
        # refusal that there is such a person.
        (("R_GRID", GRID), CHEN, GRID, errors.UnknownPerson),
        (("R_STEWARD", GRID), LI, GRID, errors.UnknownPerson),
        (("R_CADRE", COMMUNITY), CHEN, GRID, errors.UnknownPerson),
        (("R_CADRE", COMMUNITY), WANG, GRID_ELSEWHERE, RoleDenied),
        (("R_CADRE", COMMUNITY), "per_unknown", GRID, errors.UnknownPerson),
    ],
)
def test_whom_nobody_files_for(staffed, caller, named, grid, refusal):
    role, scope = caller
    with pytest.raises(refusal):
        file(staffed, role, OTHER_CADRE, scope, reporter_id=named, grid=grid)
    assert staffed.bench.published("request_submitted.v1") == []


def test_who_takes_nothing_in_speaks_for_himself(staffed):
    """SEC-H9: a request of a shop is the shopkeeper's, and nobody else's."""
    file(staffed, "R_MERCHANT", LI, COMMUNITY)
    assert staffed.bench.published("request_submitted.v1")[0]["data"]["reporter_id"] == LI


def test_who_writes_a_person_s_request_for_himself_does_not_learn_the_name_by_it(staffed):
    """SEC-H3 (a)."""
    staffed.steward(STW_GRID.replace("12", "99"), CHEN, "BUILDING_HEAD", board_consent=False)
    reply = file(staffed, "R_STEWARD", CHEN, COMMUNITY, category="NOISE", reporter_id=WANG)
    bench = staffed.bench
    staffed.write(reply, handler_person=CHEN)
    card = bench.as_("R_STEWARD", person=CHEN, scope=COMMUNITY).ask(
        "people_cards", {"ids": [WANG]}
    )["items"][0]
    assert card["name"] == "王*丽"
    assert "phone" not in card


def test_a_caller_without_a_registration_is_called_back_and_finds_his_request_again(staffed):
    """SP-D16, K3: he rings with his number, and the clerk had no way from it to the request."""
    said = "水管爆裂,回电 13812345678 王女士"
    made = file(staffed, "R_CADRE", OTHER_CADRE, COMMUNITY, text=said, category="NOISE")
    handler = staffed.handler_of(made)
    shown = {"request_id": made["id"]}
    assert staffed.by(handler).ask("request", shown)["text"] == said
    # Who looks on has nobody to call.
    auditor = staffed.bench.as_("R_AUDITOR", person="per_auditor", scope="370811")
    assert "13812345678" not in auditor.ask("request", shown)["text"]
    file(staffed, "R_CADRE", OTHER_CADRE, COMMUNITY)
    for spelling in (made["number"], made["number"].lower(), f" {made['number']}"):
        (found,) = staffed.cadre().ask("requests", {"number": spelling})["items"]
        assert (found["id"], found["state"]) == (made["id"], "DISPATCHED")
    for role, person, scope in (
        ("R_CADRE", CADRE, ELSEWHERE),
        ("R_RESIDENT", WANG, COMMUNITY),
        ("R_MERCHANT", LI, COMMUNITY),
    ):
        stranger = staffed.bench.as_(role, person=person, scope=scope)
        assert stranger.ask("requests", {"number": made["number"]})["items"] == []
    # What he says on the phone, the clerk writes down against a receipt.
    urged = staffed.cadre(CADRE).do(
        "urge_request", shown | staffed.receipt(made), version=made["version"]
    )
    assert urged["id"] == made["id"]


def test_a_picture_s_name_is_bounded(staffed):
    """IN-B8: 900,000 characters went into the row."""
    with pytest.raises(Invalid):
        file(staffed, "R_RESIDENT", WANG, COMMUNITY, media=["m" * 201])


def test_who_is_not_from_there_learns_of_no_request_by_looking_for_similar_ones(staffed):
    """K14: any token of any district saw who had asked for care, in which building."""
    made = file(staffed, "R_RESIDENT", WANG, COMMUNITY, category="ELDERLY_CARE")
    asked = {"grid": GRID, "category": "ELDERLY_CARE"}
    neighbour = staffed.bench.as_("R_RESIDENT", person=LI, scope=GRID_2)
    assert [item["id"] for item in neighbour.ask("similar_requests", asked)["items"]] == [
        made["id"]
    ]
    for role, scope in (("R_RESIDENT", GRID_ELSEWHERE), ("R_STREET", "370811016")):
        with pytest.raises(RoleDenied):
            staffed.bench.as_(role, person=CHEN, scope=scope).ask("similar_requests", asked)
