"""Registers of residents' committees and party branches, and who sat where, from when until when."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict, VersionConflict
from fivered.services.property import errors
from fivered.services.property.errors.meetings import NotCommitteeMember

FIVE = tuple(f"per_r{number}" for number in range(5))
OWNERS = tuple(f"per_o{number}" for number in range(5))


def elected(*people, head="DIRECTOR"):
    return [
        {"person_id": person, "post": "MEMBER" if number else head}
        for number, person in enumerate(people)
    ]


def committee(**changes):
    return {
        "kind": "RESIDENTS_COMMITTEE",
        "name": "霍家街社区居民委员会",
        "community": "370811015901",
        "term_from": "2024-01-01",
        "term_to": "2029-01-01",
        "members": elected(*FIVE),
        "document_ref": "选举结果备案〔2024〕2号",
    } | changes


def branch(**changes):
    return (
        committee(
            kind="PARTY_BRANCH",
            name="宏河苑小区党支部",
            members=elected("per_r0", head="SECRETARY"),
            project_id="prj_a",
            term_to="2027-01-01",
        )
        | changes
    )


@pytest.fixture
def place(town):
    town.found()
    town.settle(*FIVE, *OWNERS, "per_r9")
    return town


def test_a_residents_committee_is_registered_found_put_right_and_followed_by_the_next(place):
    bench = place.bench
    made = place.street_clerk().do("register_body", committee())
    which = {"body_id": made["id"]}
    (line,) = bench.ask("community_bodies", {"kind": "RESIDENTS_COMMITTEE", "name": "居民"})[
        "items"
    ]
    assert (line["id"], line["size"], line["members"]) == (made["id"], 5, sorted(FIVE))
    assert bench.ask("community_bodies", {"name": "党"})["total"] == 0
    assert bench.ask("community_bodies", {"person_id": "per_r3"})["total"] == 1

    # The register is public, who sits there is told to its people and to themselves only.
    bench.as_("R_RESIDENT", person="per_x", scope=place.grid)
    card = bench.ask("community_body", which)
    assert (card["size"], card["name"]) == (5, "霍家街社区居民委员会")
    assert not {"members", "seats", "history"} & set(card)
    assert bench.ask("community_bodies", {"person_id": "per_r3"})["total"] == 0
    bench.as_("R_RESIDENT", person="per_r3", scope=place.grid)
    assert len(bench.ask("community_body", which)["seats"]) == 5

    # Put right, with what stood there before.
    wrong = which | {"reason": "名称登记有误", "uscc": "54370811MA0000000A"}
    with pytest.raises(errors.UsccWrong):
        place.street_clerk().do("correct_body", wrong, version=1)
    right = which | {"reason": "名称登记有误", "name": "霍家街居委会"}
    with pytest.raises(errors.ReasonRequired):
        bench.do("correct_body", right | {"reason": " "}, version=1)
    with pytest.raises(RoleDenied):
        bench.as_("R_STREET", person="per_far", scope="370811002").do(
            "correct_body", right, version=1
        )
    place.street_clerk().do("correct_body", right, version=1)
    with pytest.raises(errors.NothingChanges):
        bench.do("correct_body", right, version=2)
    entry = bench.ask("community_body", which)["history"][-1]
    assert entry["detail"]["before"] == {"name": "霍家街社区居民委员会"}

    # One goes and another one comes: both terms stay readable, as of any day.
    bench.at("2025-06-10T09:00:00")
    change = which | {
        "since": "2025-06-01",
        "members": elected(*FIVE[:4], "per_r9"),
        "reason": "届中补选一名委员",
        "document_ref": "补选〔2025〕1号",
    }
    with pytest.raises(VersionConflict):
        bench.do("change_seats", change, version=1)
    with pytest.raises(errors.BodyRules):
        bench.do("change_seats", change | {"since": "2025-06-11"}, version=2)
    with pytest.raises(errors.BodyRules):
        bench.do("change_seats", change | {"members": elected(*FIVE[:4])}, version=2)
    with pytest.raises(errors.NotHeardOf):
        bench.do("change_seats", change | {"members": elected(*FIVE[:4], "per_q")}, version=2)
    bench.do("change_seats", change, version=2)
    for day, there in (("2025-05-31", FIVE[4]), ("2025-06-01", "per_r9")):
        card = bench.ask("community_body", which | {"at": day})
        assert card["size"] == 5
        assert there in card["members"]
    gone = next(one for one in card["seats"] if one["person_id"] == FIVE[4])
    assert (gone["since"], gone["until"]) == ("2024-01-01", "2025-06-01")

    # The next election ends the former one; what is over is changed no more.
    place.street_clerk().do(
        "register_body", committee(term_from="2025-06-10", term_to="2030-06-10")
    )
    assert bench.ask("community_bodies", {"state": "EXPIRED"})["items"][0]["id"] == made["id"]
    with pytest.raises(StateConflict):
        bench.do("end_body", which | {"reason": "社区合并,撤销"}, version=4)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"members": elected(*FIVE[:4])}, errors.BodyRules),
        ({"members": elected(*FIVE, head="MEMBER")}, errors.BodyRules),
        ({"members": elected(*FIVE[:4], "per_r0")}, errors.BodyRules),
        ({"members": elected(*FIVE, head="SECRETARY")}, errors.BodyRules),
        ({"term_to": "2026-01-01"}, errors.BodyRules),
        ({"term_from": "2019-01-01", "term_to": "2024-01-01"}, errors.DueInPast),
        ({"members": elected(*FIVE[:4], "per_wu")}, errors.OnTheProjectsSide),
        ({"members": elected(*FIVE[:4], "per_qian")}, errors.SamePerson),
        ({"project_id": "prj_none"}, NotFound),
        ({"community": "370811002901"}, RoleDenied),
        ({"community": "370811015999"}, errors.UnknownCommunity),
        ({"term_to": "2029-02-30"}, Invalid),
    ],
)
def test_what_no_committee_is_is_refused(place, changes, refusal):
    with pytest.raises(refusal):
        place.street_clerk().do("register_body", committee(**changes))
    assert place.bench.ask("community_bodies", {})["total"] == 0


def test_a_branch_stands_beside_others_ends_with_its_term_and_loses_who_has_died(place):
    bench = place.bench
    first = place.street_clerk().do("register_body", branch())
    members = elected("per_r1", "per_r2", head="SECRETARY")
    second = bench.do("register_body", branch(name="第二党支部", members=members, project_id=None))
    assert bench.ask("community_bodies", {"state": "IN_TERM"})["total"] == 2
    assert bench.ask("community_bodies", {"project_id": "prj_a"})["items"][0]["id"] == first["id"]
    bench.consume(
        "steward", "resident_deactivated.v1", {"person_id": "per_r2", "reason": "DECEASED"},
        subject="per_r2", sequence=5,
    )  # fmt: skip
    card = place.street_clerk().ask("community_body", {"body_id": second["id"]})
    assert card["members"] == ["per_r1"]
    assert {one["person_id"]: one["reason"] for one in card["seats"]}["per_r2"] == "DECEASED"
    bench.do(
        "end_body",
        {"body_id": second["id"], "reason": "社区合并,支部撤销"},
        version=card["version"],
    )
    bench.fire("2027-01-01T00:00:00")
    states = {one["id"]: one["state"] for one in bench.ask("community_bodies", {})["items"]}
    assert states == {first["id"]: "EXPIRED", second["id"]: "ENDED"}


def test_who_held_the_post_on_that_day_sat_for_its_side(place):
    """SP-D10: attendance is looked up as of the day of the meeting, not as of now."""
    bench = place.bench
    place.elect(OWNERS)
    place.street_clerk().do("register_body", committee())
    bench.at("2025-04-20T09:00:00")
    which = {"body_id": bench.ask("community_bodies", {})["items"][0]["id"]}
    change = which | {
        "since": "2025-04-01", "members": elected(*FIVE[:4], "per_r9"),
        "reason": "届中补选一名委员", "document_ref": "补选〔2025〕1号",
    }  # fmt: skip
    bench.do("change_seats", change, version=1)

    def met(day, person):
        return place.secretary().do(
            "hold_meeting",
            {
                "project_id": "prj_a",
                "held_at": f"{day}T15:00:00+08:00",
                "chair": person,
                "attendees": {
                    "COMMITTEE": [person], "OWNERS": [OWNERS[0]], "PROPERTY": ["per_wu"]
                },
                "minutes_sha256": "b" * 64,
            },
        )  # fmt: skip

    met("2025-03-20", FIVE[4])
    with pytest.raises(errors.NotOfThisSide):
        met("2025-04-10", FIVE[4])
    with pytest.raises(errors.NotOfThisSide):
        met("2025-03-21", "per_r9")
    met("2025-04-10", "per_r9")


def test_an_owners_committees_members_have_their_terms(place):
    made = place.elect(OWNERS)
    bench = place.bench
    bench.at("2025-04-20T09:00:00")
    card = place.secretary().ask("committee", {"committee_id": made["id"]})
    filled = {
        "committee_id": made["id"], "members": [*OWNERS[:4], "per_r9"], "reason": "补选一名委员",
        "since": "2025-04-01",
    }  # fmt: skip
    with pytest.raises(errors.CommitteeSize):
        bench.do("correct_committee", filled | {"since": "2026-04-01"}, version=card["version"])
    bench.do("correct_committee", filled, version=card["version"])
    seats = bench.ask("committee", {"committee_id": made["id"]})["seats"]
    terms = {one["person_id"]: (one["since"], one["until"]) for one in seats}
    assert terms[OWNERS[4]] == ("2025-01-01", "2025-04-01")
    assert terms["per_r9"] == ("2025-04-01", None)
    assert bench.ask("committees", {"person_id": "per_r9"})["total"] == 1
    assert bench.ask("committees", {"name": "宏河"})["total"] == 1
    assert bench.ask("committees", {"name": "别处"})["total"] == 0


def test_companies_and_projects_are_found_by_name_code_and_place(place):
    bench = place.bench
    place.found("prj_b", manager="per_new", grid="370811015901002", buildings=["1号楼", "2号楼"])
    place.street_clerk()
    for asked, found in (
        ({"name": "宏达"}, 1), ({"name": "信达"}, 0), ({"name": "%"}, 0),
        ({"uscc": "9137 0899-ma0000000e"}, 1), ({"uscc": "91370899MA0000003P"}, 0),
    ):  # fmt: skip
        assert bench.ask("companies", asked)["total"] == found, asked
    for asked, found in (
        ({"name": "河苑"}, {"prj_a", "prj_b"}), ({"name": "_"}, set()),
        ({"grid": "370811015901002"}, {"prj_b"}), ({"grid": "370811015901009"}, set()),
        ({"building": "1号楼3单元"}, {"prj_b"}), ({"building": "11号楼"}, set()),
        ({"status": "CLOSED"}, set()), ({"status": "IN_SERVICE"}, {"prj_a", "prj_b"}),
    ):  # fmt: skip
        assert {one["id"] for one in bench.ask("projects", asked)["items"]} == found, asked


def test_who_is_elected_for_a_later_term_sits_from_its_first_day_and_a_mistake_is_taken_back(place):
    bench = place.bench
    bench.fire("2025-02-18T09:00:00")
    term = {"term_from": "2024-01-01", "term_to": "2027-01-01"}
    present = place.elect(OWNERS, **term)
    # Said again it is the same one.
    assert place.elect(OWNERS, **term)["id"] == present["id"]
    later = {"term_from": "2026-01-01", "term_to": "2029-06-01"}
    following = (*OWNERS[:4], "per_r9")
    to_come = place.elect(following, **later)
    assert to_come["state"] == "ELECTED"
    with pytest.raises(errors.NextOneThere):
        place.elect(OWNERS[::-1], **later)

    def states():
        found = place.street_clerk().ask("committees", {"project_id": "prj_a"})["items"]
        return {one["id"]: one["state"] for one in found}

    def in_office():
        last = {}
        for one in bench.published("owners_committee_changed.v1"):
            last[one["data"]["committee_id"]] = one["data"]["state"] == "IN_TERM"
        return {key for key, holds in last.items() if holds}

    assert states() == {present["id"]: "IN_TERM", to_come["id"]: "ELECTED"}
    assert in_office() == {present["id"]}
    # The next one is put right before it begins; the present one does not begin later.
    right = {"committee_id": to_come["id"], "reason": "任期登记有误", "term_from": "2026-02-01"}
    place.secretary().do("correct_committee", right, version=1)
    with pytest.raises(errors.TermToCome):
        bench.do("correct_committee", right | {"committee_id": present["id"]}, version=1)
    bench.fire("2026-01-01T00:00:00")
    assert states()[present["id"]] == "IN_TERM"
    bench.fire("2026-02-01T00:00:00")
    assert states() == {present["id"]: "EXPIRED", to_come["id"]: "IN_TERM"}
    assert in_office() == {to_come["id"]}
    seats = place.street_clerk().ask("committee", {"committee_id": to_come["id"]})["seats"]
    assert {one["since"] for one in seats} == {"2026-02-01"}

    # It was no election: the one that it has replaced goes on until its term is over.
    back = {"committee_id": to_come["id"], "reason": "重复登记,选举结果未变"}
    version = place.version("owners_committees", "committee_id", to_come["id"])
    place.secretary().do("withdraw_committee", back, version=version)
    assert states() == {present["id"]: "IN_TERM", to_come["id"]: "WITHDRAWN"}
    assert in_office() == {present["id"]}
    seats = place.street_clerk().ask("committee", {"committee_id": present["id"]})["seats"]
    assert {one.get("until") for one in seats} == {None}
    with pytest.raises(StateConflict):
        place.secretary().do("withdraw_committee", back, version=version + 1)
    bench.fire("2027-01-01T00:00:00")
    assert states()[present["id"]] == "EXPIRED"


def test_a_body_of_a_later_term_waits_for_it_and_one_that_was_registered_by_mistake_is_withdrawn(
    place,
):
    bench = place.bench
    bench.fire("2025-02-18T09:00:00")
    first = place.street_clerk().do("register_body", committee())["id"]
    later = {"term_from": "2026-01-01", "term_to": "2031-01-01"}
    second = bench.do("register_body", committee(**later))["id"]

    def states():
        return {one["id"]: one["state"] for one in bench.ask("community_bodies", {})["items"]}

    assert states() == {first: "IN_TERM", second: "ELECTED"}
    with pytest.raises(errors.NextOneThere):
        bench.do("register_body", committee(**later))
    bench.fire("2026-01-01T00:00:00")
    assert states() == {first: "EXPIRED", second: "IN_TERM"}
    back = {"body_id": second, "reason": "重复登记,选举结果未变"}
    with pytest.raises(errors.ReasonRequired):
        bench.do("withdraw_body", back | {"reason": "错"}, version=2)
    bench.do("withdraw_body", back, version=2)
    assert states() == {first: "IN_TERM", second: "WITHDRAWN"}
    assert bench.ask("community_body", {"body_id": first})["size"] == 5
    bench.fire("2029-01-01T00:00:00")
    assert states()[first] == "EXPIRED"


def test_where_owners_have_a_committee_one_of_its_members_sits_for_them(place):
    bench = place.bench
    place.elect(OWNERS, term_from="2025-01-01", term_to="2028-01-01")
    place.settle("per_tenant")

    def hold(day, *people):
        body = {
            "project_id": "prj_a", "held_at": f"{day}T15:00:00+08:00", "chair": "per_sun",
            "attendees": {
                "COMMITTEE": ["per_sun"], "OWNERS": list(people), "PROPERTY": ["per_wu"],
            },
            "minutes_sha256": place.text,
        }  # fmt: skip
        return place.secretary().do("hold_meeting", body)

    with pytest.raises(errors.CommitteeAbsent):
        hold("2025-02-20", "per_tenant")
    with pytest.raises(errors.NotOfThisSide):
        hold("2025-02-20", OWNERS[0], "per_nobody")
    place.cadre().do(
        "register_room",
        {
            "project_id": "prj_a", "building": "3", "number": "601", "area_m2": 90,
            "owners": ["per_r9"], "owned_since": "2021-06-01", "document_ref": "不动产权第1号",
        },
    )  # fmt: skip
    with pytest.raises(errors.CommitteeAbsent):
        hold("2025-02-20", "per_r9")
    # Nor does an owner sit for the owners beside a member: that is an observer.
    with pytest.raises(NotCommitteeMember):
        hold("2025-02-20", OWNERS[0], "per_r9")
    assert hold("2025-02-20", OWNERS[0])["two_sided"] is False
    # Before the committee's term there was none, and who lives there sat for the owners.
    assert hold("2024-11-20", "per_tenant")["two_sided"] is True
    bench.as_("R_OWNERS", person=OWNERS[1], scope=place.community)
    assert bench.ask("meetings", {})["total"] == 2
    bench.as_("R_OWNERS", person="per_tenant", scope=place.community)
    assert bench.ask("meetings", {})["total"] == 0
