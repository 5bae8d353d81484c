"""Who sits for whom, who has an interest and who decides instead: looked up in the registers."""

import pytest

from fivered.services.property import errors

MEMBERS = tuple(f"per_o{number}" for number in range(5))


def meeting(**changes):
    return {
        "project_id": "prj_a",
        "held_at": "2025-03-02T15:00:00+08:00",
        "chair": "per_sun",
        "attendees": {"COMMITTEE": ["per_sun"], "OWNERS": ["per_o0"], "PROPERTY": ["per_wu"]},
        "minutes_sha256": "c" * 64,
    } | changes


def present(**sides):
    return {"attendees": meeting()["attendees"] | sides}


@pytest.fixture
def compound(town):
    town.found()
    town.enrol_cadre("per_wang")
    town.enrol_staff("per_staff")
    town.settle(*MEMBERS, "per_owner")
    town.settle("per_far", grid="370811015901009")
    town.settle("per_child", is_adult=False)
    town.elect(MEMBERS)
    return town


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        (
            {
                "attendees": {"COMMITTEE": ["per_x"], "OWNERS": ["per_x"], "PROPERTY": ["per_x"]},
                "chair": "per_nobody",
            },
            errors.NotOfThisSide,
        ),
        (present(COMMITTEE=["per_o0"]), errors.NotOfThisSide),
        (present(PROPERTY=["per_rival"]), errors.NotOfThisSide),
        (present(OWNERS=["per_far"]), errors.NotOfThisSide),
        (present(OWNERS=["per_child"]), errors.NotOfThisSide),
        (present(OWNERS=["per_wu"]), errors.NotOfThisSide),
        ({"chair": "per_nobody"}, errors.ChairNotOfCommittee),
        ({"chair": "per_wu"}, errors.ChairNotOfCommittee),
    ],
)
def test_attendance_that_is_only_claimed_is_refused(bench, compound, changes, refusal):
    """SP-D10: per_x for all three sides and a chair whom nobody knows were a quorum."""
    with pytest.raises(refusal):
        compound.secretary().do("hold_meeting", meeting(**changes))
    assert bench.rows("SELECT 1 FROM tripartite_meetings") == []


def test_one_person_counts_once(bench, compound):
    """SP-D10, K12: an owner who is a cadre sits for one side; a name twice is one person."""
    compound.settle("per_wang")
    both = present(COMMITTEE=["per_sun", "per_wang"], OWNERS=["per_wang"])
    with pytest.raises(errors.CountedTwice):
        compound.secretary().do("hold_meeting", meeting(**both))
    twice = present(OWNERS=["per_o0", "per_o0", "per_o1"], PROPERTY=["per_staff", "per_zheng"])
    compound.secretary().do("hold_meeting", meeting(**twice))
    (board,) = bench.ask("board", {"project_id": "prj_a"})["meetings"]
    assert board["present"] == {"COMMITTEE": 1, "OWNERS": 2, "PROPERTY": 2}


def test_who_has_moved_away_or_left_his_post_does_not_sit(bench, compound):
    """SP-D10: the registers are looked up as they are."""
    bench.consume(
        "steward",
        "resident_moved.v1",
        {
            "person_id": "per_owner",
            "from_grid": compound.grid,
            "to_grid": "370811015901009",
            "community": compound.community,
        },
        subject="per_owner",
        sequence=2,
    )
    # An older word that comes late changes nothing.
    compound.settle("per_owner")
    with pytest.raises(errors.NotOfThisSide):
        compound.secretary().do("hold_meeting", meeting(**present(OWNERS=["per_owner"])))
    bench.consume("steward", "steward_left.v1", {"steward_id": "stw_per_staff"}, sequence=2)
    with pytest.raises(errors.NotOfThisSide):
        compound.secretary().do("hold_meeting", meeting(**present(PROPERTY=["per_staff"])))


def test_a_committee_of_owners_has_registered_members_none_of_whom_serves_the_project(town):
    """K14: five invented ids were an owners' committee."""
    town.found()
    with pytest.raises(errors.NotRegistered):
        town.elect(MEMBERS)
    town.settle(*MEMBERS, "per_wu")
    with pytest.raises(errors.OnTheProjectsSide):
        town.elect((*MEMBERS[:4], "per_wu"))
    assert town.elect(MEMBERS)["state"] == "IN_TERM"


# --------------------------------------------------------------------------------------------------
# Conflict of interest


def refused(town, person):
    body = {"project_id": "prj_a", "severity": "S3", "facts": "楼道堆物", "basis": "合同第 3 条"}
    with pytest.raises(errors.ConflictOfInterest) as refusal:
        town.cadre(person).do("issue_rectification", body)
    return refusal.value


def test_a_conflict_of_interest_names_who_may_decide_instead(bench, town):
    """SP-D6: the 403 proposed no substitute."""
    town.found()
    town.enrol_cadre("per_wang")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    # Nobody else is known: the street decides.
    assert refused(town, "per_wang").params["substitute"] == "R_STREET"
    town.link_officials()
    alone = refused(town, "per_wang")
    # Who is linked for the street may be its leader, who has another office: the office is named.
    assert (alone.params["substitute"], alone.params["substitute_role"]) == ("R_STREET", "R_STREET")
    town.enrol_cadre("per_yang")
    named = refused(town, "per_wang")
    assert (named.params["substitute"], named.params["substitute_role"]) == ("per_yang", "R_CADRE")
    assert "per_yang" in named.describe()
    # The one who is named can.
    town.cadre("per_yang")
    assert town.issue("S3")["state"] == "ISSUED"


@pytest.mark.parametrize("person", ["per_wu", "per_zheng", "per_staff"])
def test_who_manages_speaks_for_or_serves_a_project_decides_nothing_about_it(town, person):
    """SP-D6, K12: a representative or one of the staff who also acts as cadre."""
    town.found()
    town.enrol_staff("per_staff")
    assert refused(town, person).params["post"] in (
        "PROJECT_MANAGER",
        "COMPANY_REPRESENTATIVE",
        "PROPERTY_STAFF",
    )


# --------------------------------------------------------------------------------------------------
# A person who was registered twice


def test_every_reference_to_a_person_who_is_given_up_means_the_one_that_he_is(bench, compound):
    """K7: person_merged.v1; posts, members, complaints and what was signed follow."""
    town = compound
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    town.complain(by="o1")
    town.secretary().do("hold_meeting", meeting())
    for former, now in (
        ("per_wu", "per_wu2"),
        ("per_zheng", "per_zheng2"),
        ("per_o0", "per_n0"),
        ("per_o1", "per_n1"),
        ("per_wang", "per_wang2"),
        ("per_n1", "per_m1"),
    ):
        bench.consume(
            "steward",
            "person_merged.v1",
            {"person_id": former, "into": now, "community": town.community},
            subject=former,
            sequence=9,
        )
    assert bench.parked() == []
    card = town.cadre().ask("project", {"project_id": "prj_a"})
    assert card["manager_person_id"] == "per_wu2"
    assert card["appointments"]["C2P"]["active"]["person_id"] == "per_wang2"
    work = {"work_id": town_work(town)}
    with pytest.raises(errors.CallerMerged):
        town.manager().do("start_work", work, version=1)
    assert refused(town, "per_wang2").params["post"] == "PROJECT_DEPUTY_MANAGER"
    assert town.company("per_zheng2").ask("complaints")["total"] == 1
    mine = bench.as_("R_RESIDENT", person="per_m1", scope=town.grid)
    assert mine.ask("complaints")["total"] == 1
    assert mine.ask("my_messages")["total"] == 1
    members = bench.rows("SELECT members, chair FROM owners_committees")[0]
    assert "per_n0" in str(members["members"])
    assert members["chair"] == "per_n0"
    held = bench.rows("SELECT attendees FROM tripartite_meetings")[0]["attendees"]
    assert "per_wu2" in str(held)
    assert '"per_wu"' not in str(held)
    # A request that was filed under the id that was given up is his as well.
    town.complain("req_2", by="o1")
    assert mine.ask("complaints")["total"] == 2


def test_a_post_that_is_told_after_a_merge_is_the_kept_ids_in_whatever_order(bench, compound):
    """The fact of a post and two merges of one person come from three partitions, in any order."""
    town = compound
    for former, now in (("per_mid", "per_kept"), ("per_former", "per_mid")):
        data = {"person_id": former, "into": now, "community": town.community}
        bench.consume("steward", "person_merged.v1", data, subject=former, sequence=9)
    town.enrol_staff("per_former")
    town.enrol_cadre("per_former")
    for table in ("property_staff", "cadres"):
        held = bench.rows(f"SELECT person_id FROM {table} WHERE steward_id = 'stw_per_former'")
        assert held == [{"person_id": "per_kept"}]


def town_work(town):
    town.secretary().do(
        "hold_meeting",
        meeting(
            attendees={"COMMITTEE": ["per_sun"], "OWNERS": ["per_n0"], "PROPERTY": ["per_wu2"]},
            decisions=[{"text": "选址", "kind": "WORK", "due_date": "2025-03-20"}],
            minutes_sha256="d" * 64,
        ),
    )
    return town.bench.rows("SELECT work_id FROM works")[0]["work_id"]


# --------------------------------------------------------------------------------------------------
# A person who has died in office


def dies(town, person, sequence=20):
    data = {"person_id": person, "reason": "DECEASED"}
    town.bench.consume(
        "steward", "resident_deactivated.v1", data, subject=person, sequence=sequence
    )


def deeds(actor):
    return actor.ask("todo")["counts"]


def read(bench, person):
    found = bench.as_("R_RESIDENT", person=person, scope="370811015901001").ask("my_messages")
    return [row["code"] for row in found["items"]]


def test_a_manager_who_dies_manages_nothing_and_the_company_names_another(bench, compound):
    """K13: he stayed the project's manager, its orders reached nobody."""
    town = compound
    town.appoint("P2C", "per_wu", "COMMITTEE_PART_TIME_MEMBER")
    dies(town, "per_wu")
    dies(town, "per_wu")
    assert bench.parked() == []
    (ended,) = bench.published("project_manager_ended.v1")
    assert ended["data"] == {"project_id": "prj_a", "person_id": "per_wu", "reason": "DECEASED"}
    (post,) = bench.published("appointment_ended.v1")
    assert (post["data"]["person_id"], post["data"]["reason"]) == ("per_wu", "DECEASED")
    assert int(post["sequence"]) > int(ended["sequence"])
    card = town.cadre().ask("project", {"project_id": "prj_a"})
    assert card["manager_person_id"] is None
    assert card["appointments"]["P2C"]["active"] is None
    assert card["appointments"]["P2C"]["gap_since"] is not None
    assert read(bench, "per_zheng") == ["MANAGER_DIED"]
    assert read(bench, "per_sun") == ["APPOINTEE_DIED"]
    assert deeds(town.company())["NAME_MANAGER"] == 1
    assert deeds(town.street_clerk())["NAME_MANAGER"] == 1
    town.company().do(
        "change_manager",
        {"project_id": "prj_a", "person_id": "per_new"},
        version=town.version("projects", "project_id", "prj_a"),
    )
    assert "NAME_MANAGER" not in deeds(town.street_clerk())


def test_a_nominee_who_dies_is_nominated_no_longer(bench, compound):
    town = compound
    made = town.secretary().do(
        "nominate",
        {
            "project_id": "prj_a",
            "direction": "C2P",
            "person_id": "per_wang",
            "target_post": "PROJECT_DEPUTY_MANAGER",
        },
    )
    dies(town, "per_wang")
    row = town.secretary().ask("appointment", {"appointment_id": made["id"]})
    assert (row["state"], row["end_reason"]) == ("ENDED", "DECEASED")


def test_a_company_is_spoken_for_by_the_living(bench, compound):
    """K14: a dead representative counted as one; a proposal that names him is void."""
    town = compound
    names = {"company_id": "pco_a", "representatives": ["per_n", "per_zheng"], "document_ref": "函"}
    town.street_clerk().do("change_representatives", names, version=1)
    dies(town, "per_n")
    assert bench.published("company_representatives_changed.v1") == []
    assert "CONFIRM_REPRESENTATIVES" not in deeds(town.street_clerk("per_second"))
    dies(town, "per_zheng")
    (said,) = bench.published("company_representatives_changed.v1")
    assert said["data"] == {"company_id": "pco_a", "representatives": []}
    assert deeds(town.street_clerk())["NAME_REPRESENTATIVES"] == 1
    with pytest.raises(errors.CallerDeceased):
        town.company().do(
            "change_manager",
            {"project_id": "prj_a", "person_id": "per_new"},
            version=town.version("projects", "project_id", "prj_a"),
        )


def test_an_owners_committee_loses_who_dies_and_is_to_be_completed(bench, compound):
    """K13: a dead chair, and a quorum with the dead in it."""
    town = compound
    dies(town, MEMBERS[0])
    (row,) = town.secretary().ask("committees", {"project_id": "prj_a"})["items"]
    assert (row["members"], row["chair"], row["size"]) == (list(MEMBERS[1:]), None, 4)
    assert read(bench, MEMBERS[1]) == ["MEMBER_DIED"]
    assert deeds(town.secretary()) == {"COMPLETE_COMMITTEE": 1}
    elected = {
        "committee_id": row["id"],
        "members": [*MEMBERS[1:], "per_owner"],
        "chair": "per_owner",
        "reason": "补选一名委员",
    }
    town.secretary().do("correct_committee", elected, version=row["version"])
    assert deeds(town.secretary()) == {}


_HOME = {"community": "370811015901", "grid": "370811015901001", "synthetic": True}
_NEXT = {"from_grid": "370811015901001", "to_grid": "370811015901009",
         "community": "370811015901"}  # fmt: skip
_FACTS = (
    ("resident_registered", _HOME | {"household_id": "hh_1", "is_adult": False}),
    ("resident_corrected", {"is_adult": True, "household_id": "hh_2"}),
    ("resident_moved", _NEXT | {"household_id": "hh_3"}),
    ("resident_deactivated", {"reason": "DECEASED"}),
    ("resident_returned", _HOME | {"household_id": "hh_5", "is_adult": False}),
    ("resident_moved", _NEXT | {"household_id": "hh_6"}),
    ("resident_came_of_age", {"community": "370811015901", "grid": "370811015901009"}),
)


@pytest.mark.parametrize(
    "order",
    [(1, 2, 3, 4, 5, 6, 7), (7, 6, 5, 4, 3, 2, 1), (5, 3, 7, 1, 6, 2, 4), (6, 7, 1, 5, 4, 2, 3)],
)
def test_what_is_told_of_a_person_ends_alike_in_any_order(bench, order):
    """K2: a return that was heard before the move left him in the household of before."""
    for sequence in order:
        name, data = _FACTS[sequence - 1]
        told = {"person_id": "per_any"} | data
        bench.consume("steward", f"{name}.v1", told, subject="per_any", sequence=sequence)
    assert bench.parked() == []
    (row,) = bench.rows("SELECT * FROM people WHERE person_id = 'per_any'")
    assert (row["grid"], row["household_id"]) == ("370811015901009", "hh_6")
    assert (bool(row["is_adult"]), bool(row["active"]), bool(row["died"])) == (True, True, False)
