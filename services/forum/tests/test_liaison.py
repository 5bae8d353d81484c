"""Officials, links, the chain that is never empty, coverage, deputies and the draw's opt-in."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.forum import errors
from fivered.services.forum.service import Forum
from fivered.services.forum.tests.conftest import (
    ANA,
    BEN,
    CADRE,
    COMMUNITY,
    GRID,
    LEADER,
    NEXT_GRID,
    OTHER_GRID,
    STREET,
    TEAM,
    WORKER,
)
from testkit.bench import assert_no_drift

pytestmark = pytest.mark.slow


def persons(chain):
    return [[o["person_id"] for o in rung["officials"]] for rung in chain["rungs"]]


def test_the_migrated_database_agrees_with_the_tables(bench):
    assert_no_drift(Forum, bench.runtime.engine)


@pytest.mark.covers("N9")
def test_a_grid_is_answered_for_up_to_the_district(town):
    chain = town.resident().ask("chain", {"target": GRID})
    assert persons(chain) == [[WORKER], [CADRE], [TEAM], [LEADER]]
    assert chain["complete"] is True


def test_a_household_is_answered_for_by_the_worker_of_its_grid(town):
    town.live("per_dan", household="hh_7")
    chain = town.resident("per_dan").ask("chain", {"target": "hh_7"})
    assert chain["grid"] == GRID
    assert persons(chain) == [[WORKER], [CADRE], [TEAM], [LEADER]]
    town.official("per_special", "GRID_WORKER", GRID, "off_special")
    town.link("off_special", "HOUSEHOLD", "hh_7")
    chain = town.resident("per_dan").ask("chain", {"target": "hh_7"})
    assert chain["rungs"][0]["officials"][0]["person_id"] == "per_special"


def test_a_household_that_nobody_knows_shows_gaps_and_not_nothing(town):
    chain = town.resident().ask("chain", {"target": "hh_unknown"})
    assert [rung["gap"] for rung in chain["rungs"]] == [True, True, True, True]
    assert chain["complete"] is False


def test_a_removed_cadre_leaves_a_gap_with_the_acting_official(town):
    links = town.resident().ask("liaisons", {"official_id": "off_cadre"})["items"]
    town.district()
    town.bench.do("end_liaison", {"link_id": links[0]["id"], "reason": "调任"}, version=1)
    chain = town.resident().ask("chain", {"target": GRID})
    cadre = chain["rungs"][1]
    assert (cadre["gap"], cadre["officials"]) == (True, [])
    assert cadre["acting"]["person_id"] == TEAM
    assert len(town.bench.published("liaison_ended.v1")) == 1


def test_an_official_who_leaves_takes_all_links_along(town):
    town.link("off_cadre", "GRID", NEXT_GRID)
    town.district()
    town.bench.do("end_official", {"official_id": "off_cadre", "reason": "退休"}, version=1)
    assert len(town.bench.published("liaison_ended.v1")) == 2
    with pytest.raises(StateConflict):
        town.link("off_cadre", "GRID", GRID)


@pytest.mark.parametrize(
    ("official", "kind", "target", "refusal"),
    [
        ("off_leader", "COMMUNITY", COMMUNITY, errors.TierRule),
        ("off_team", "GRID", GRID, errors.TierRule),
        ("off_cadre", "STREET", STREET, errors.TierRule),
        ("off_worker", "GRID", GRID, errors.TierRule),
        ("off_cadre", "GRID", OTHER_GRID, errors.AreaMismatch),
        ("off_team", "COMMUNITY", "370811016901", errors.AreaMismatch),
        ("off_leader", "STREET", COMMUNITY, errors.AreaMismatch),
    ],
)
def test_each_tier_answers_for_its_own_kind_of_target(town, official, kind, target, refusal):
    with pytest.raises(refusal):
        town.link(official, kind, target)


def test_the_same_link_again_is_the_same_link(town):
    first = town.link("off_cadre", "GRID", NEXT_GRID)
    assert town.link("off_cadre", "GRID", NEXT_GRID) == first
    assert len(town.bench.published("liaison_assigned.v1")) == 4


def test_a_link_ends_by_itself_at_its_term(town):
    town.district()
    town.bench.do(
        "assign_liaison",
        {
            "official_id": "off_cadre",
            "target_kind": "GRID",
            "target": NEXT_GRID,
            "until": "2025-03-10T00:00:00+08:00",
        },
    )
    town.bench.fire("2025-03-10T00:00:00")
    (ended,) = town.bench.published("liaison_ended.v1")
    assert ended["data"]["target"] == NEXT_GRID


def test_a_deputy_speaks_from_the_first_day_of_the_term_to_the_last(town):
    """R_DEPUTY was granted by hand, and outlived the term."""
    body = {
        "person_id": "per_d", "kind": "CPPCC_MEMBER", "level": "DISTRICT",
        "streets": [STREET], "term_from": "2025-03-10T00:00:00+08:00",
        "term_to": "2025-04-10T00:00:00+08:00",
    }  # fmt: skip
    made = town.bench.do("register_deputy", body)

    def said(fact, person="per_d"):
        found = [one["data"] for one in town.bench.published(f"deputy_{fact}.v1")]
        return [one for one in found if one["person_id"] == person]

    assert said("began") == []
    town.bench.fire("2025-03-10T00:00:00")
    assert said("began") == [{"deputy_id": made["id"], "person_id": "per_d", "streets": [STREET]}]
    assert said("ended") == []
    town.bench.fire("2025-04-10T00:00:00")
    assert said("ended") == [{"deputy_id": made["id"], "person_id": "per_d"}]
    # Who ends before the term is ended once, and begins no more.
    other = body | {"person_id": "per_e", "term_from": "2025-05-01T00:00:00+08:00"}
    other |= {"term_to": "2025-06-01T00:00:00+08:00"}
    held = town.bench.do("register_deputy", other)
    town.bench.do("end_deputy", {"deputy_id": held["id"]}, version=1)
    town.bench.fire("2025-07-01T00:00:00")
    assert (len(said("began", "per_e")), len(said("ended", "per_e"))) == (0, 1)


@pytest.mark.parametrize(
    "term",
    [{"since": "2025-03-04T00:00:00+08:00"}, {"until": "2025-03-01T00:00:00+08:00"}],
)
def test_a_link_with_an_impossible_term_is_refused(town, term):
    town.district()
    body = {"official_id": "off_cadre", "target_kind": "GRID", "target": NEXT_GRID}
    with pytest.raises(errors.TermOver):
        town.bench.do("assign_liaison", body | term)


def test_an_official_loaded_twice_is_one_and_a_changed_one_is_refused(town):
    again = town.official(CADRE, "COMMUNITY_CADRE", COMMUNITY, "off_cadre")
    assert again["version"] == 1
    with pytest.raises(errors.IdTaken):
        town.official("per_else", "COMMUNITY_CADRE", COMMUNITY, "off_cadre")
    with pytest.raises(errors.IdTaken):
        town.deputy(person="per_else")
    with pytest.raises(errors.AreaMismatch):
        town.official("per_else", "GRID_WORKER", COMMUNITY, "off_new")


def test_a_street_may_not_register_officials_of_another(town):
    town.street()
    with pytest.raises(RoleDenied):
        town.bench.do(
            "register_official",
            {"person_id": "per_p", "tier": "STREET_TEAM", "post": "x", "area": "370811016"},
        )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"person_id": "prj_x"}, "person_id"),
        ({"tier": "COMMUNITY_CADRE", "area": "370811015999"}, "area"),
        ({"tier": "GRID_WORKER", "area": "370811015901997"}, "area"),
    ],
)
def test_who_is_no_person_and_what_is_no_area_is_no_official(town, changed, field):
    """K14: ids of projects became officials, and of areas that nobody has defined."""
    order = {"person_id": "per_p", "tier": "STREET_TEAM", "post": "包保干部", "area": STREET}
    town.street()
    with pytest.raises((Invalid, NotFound)) as refused:
        town.bench.do("register_official", order | changed)
    assert refused.value.field == field
    town.bench.do("register_official", order)


def test_nobody_answers_for_an_area_that_is_not_there(town):
    """K14: a link to such a community stood in the chain, and escalations went to nobody."""
    bench = town.street()
    order = {"person_id": "per_p", "tier": "STREET_TEAM", "post": "包保干部", "area": STREET}
    official = bench.do("register_official", order)["id"]
    link = {"official_id": official, "target_kind": "COMMUNITY"}
    with pytest.raises(NotFound) as refused:
        bench.do("assign_liaison", link | {"target": "370811015998"})
    assert (refused.value.field, refused.value.params["kind"]) == ("target", "area")
    assert bench.do("assign_liaison", link | {"target": COMMUNITY})


def test_a_deputy_is_a_person_of_streets_that_are_there(town):
    """K14"""
    order = {"kind": "CPPCC_MEMBER", "level": "DISTRICT", "streets": [STREET]}
    bench = town.bench.as_("R_DISTRICT", person="per_d", scope="370811")
    with pytest.raises(Invalid):
        bench.do("register_deputy", order | {"person_id": "ptn_x"})
    with pytest.raises(NotFound) as refused:
        bench.do("register_deputy", order | {"person_id": "per_d9", "streets": ["370811999"]})
    assert refused.value.field == "streets.0"
    assert bench.do("register_deputy", order | {"person_id": "per_d9"})


@pytest.mark.covers("M-19")
def test_coverage_counts_targets_per_tier_and_lists_the_gaps(town):
    town.live("per_dan", household="hh_1")
    town.live("per_eve", grid=NEXT_GRID, household="hh_2")
    found = town.street().ask("coverage", {"scope": STREET})
    by_tier = {tier["tier"]: tier for tier in found["tiers"]}
    assert by_tier["DISTRICT_LEADER"]["rate"] == "100.00"
    assert by_tier["STREET_TEAM"]["rate"] == "50.00"
    assert by_tier["COMMUNITY_CADRE"]["rate"] == "33.33"
    assert by_tier["COMMUNITY_CADRE"]["gaps"] == [NEXT_GRID, OTHER_GRID]
    assert by_tier["GRID_WORKER"]["gaps"] == ["hh_2"]
    assert found["grids_without_worker"] == [NEXT_GRID, OTHER_GRID]
    nothing = town.resident().ask("coverage", {"scope": "370811099"})
    assert nothing["tiers"][0]["rate"] is None


def test_only_adults_opt_in_to_the_draw_and_may_leave_it(town):
    town.live("per_child", adult=False)
    with pytest.raises(errors.UnderAge):
        town.resident("per_child").do("opt_in", {})
    assert town.resident().do("opt_in", {})["state"] == "OPTED_IN"
    assert town.resident().do("opt_in", {})["version"] == 1
    assert town.resident().do("opt_out", {})["state"] == "OPTED_OUT"
    assert town.resident().do("opt_in", {})["version"] == 3
    with pytest.raises(NotFound):
        town.resident().do("opt_in", {"person_id": BEN})
    on_paper = {"person_id": BEN, "receipt": "同意书 2025-03"}
    with pytest.raises(errors.ReceiptRequired):
        town.cadre().do("opt_in", {"person_id": BEN})
    assert town.cadre().do("opt_in", on_paper)["id"] == BEN
    with pytest.raises(NotFound):
        town.resident("per_never").do("opt_out", {})


def test_staff_take_nobody_out_of_the_draw_without_his_paper_and_he_is_told(town):
    town.resident(BEN).do("opt_in", {})
    with pytest.raises(errors.ReceiptRequired):
        town.cadre().do("opt_out", {"person_id": BEN})
    town.resident(BEN)
    assert town.bench.ask("opt_ins")["items"][0]["state"] == "OPTED_IN"
    on_paper = {"person_id": BEN, "receipt": "退出申请 2025-04"}
    for verb in ("opt_in", "opt_out"):
        # Who serves elsewhere does not learn from a refusal where a resident lives.
        with pytest.raises(NotFound):
            town.bench.as_("R_CADRE", person="per_far", scope="370811099901").do(verb, on_paper)
    for _ in range(2):
        assert town.cadre().do("opt_out", on_paper)["state"] == "OPTED_OUT"
    town.resident(BEN)
    assert town.bench.ask("opt_ins")["items"][0]["receipt"] == "退出申请 2025-04"
    told = [one["code"] for one in town.bench.ask("my_messages")["items"]]
    assert told.count("DRAW_LEFT") == 1


def test_who_has_left_is_in_no_draw(town):
    town.resident().do("opt_in", {})
    town.bench.consume(
        "steward", "resident_deactivated.v1", {"person_id": ANA, "reason": "MOVED"}, subject=ANA
    )
    rows = town.bench.rows("SELECT * FROM opt_ins WHERE withdrawn_at IS NULL")
    assert rows == []


@pytest.mark.covers("E12")
def test_an_older_state_of_a_resident_never_overwrites_a_newer_one(town):
    town.live("per_dan", sequence=5)
    town.bench.consume(
        "steward",
        "resident_moved.v1",
        {"person_id": "per_dan", "from_grid": GRID, "to_grid": OTHER_GRID},
        subject="per_dan",
        sequence=6,
    )
    town.live("per_dan", grid=GRID, sequence=5)
    row = town.row("residents", "person_id", "per_dan")
    assert (row["grid"], row["community"]) == (OTHER_GRID, OTHER_GRID[:12])


def test_a_batch_is_folded_to_what_is_true_at_its_end(empty):
    bench = empty.bench
    register = {
        "person_id": "per_x",
        "community": COMMUNITY,
        "grid": GRID,
        "is_adult": True,
        "household_id": "hh_1",
    }
    move = {"person_id": "per_x", "from_grid": GRID, "to_grid": NEXT_GRID, "community": COMMUNITY}
    bench.deliver(
        [
            bench.event("steward", "resident_registered.v1", register, subject="per_x"),
            bench.event("steward", "resident_moved.v1", move, subject="per_x", sequence=2),
            bench.event(
                "steward",
                "resident_deactivated.v1",
                {"person_id": "per_x"},
                subject="per_x",
                sequence=3,
            ),
        ]
    )
    row = empty.row("residents", "person_id", "per_x")
    assert (row["grid"], bool(row["active"])) == (NEXT_GRID, False)


@pytest.mark.covers("F12-flow", "M-24")
def test_a_deputy_sees_his_year_and_a_neighbour_does_not(town):
    topic_id = town.adopted()
    town.schedule(topic_id, "2025-03-07T19:00:00+08:00")
    mine = town.bench.as_("R_DEPUTY", person="per_deputy", scope=STREET).ask(
        "deputy_record", {"deputy_id": "dep_1", "year": 2025}
    )
    assert (mine["invited"], mine["attended"], mine["rate"]) == (1, 0, "0.00")
    with pytest.raises(NotFound):
        town.resident().ask("deputy_record", {"deputy_id": "dep_1", "year": 2025})
    town.district()
    assert town.bench.ask("deputies", {"street": STREET})["items"][0]["streets"] == [STREET]
    town.bench.do("end_deputy", {"deputy_id": "dep_1"}, version=1)
    with pytest.raises(StateConflict):
        town.bench.do("end_deputy", {"deputy_id": "dep_1"}, version=2)


@pytest.mark.covers("N22")
def test_the_month_is_said_once_per_partition_with_zeros(town):
    town.implementing()
    town.bench.fire("2025-04-03T00:00:00")
    markers = [m for m in town.bench.published("month_measured.v1") if m["period"] == "2025-03"]
    assert sorted(m["data"]["partition"] for m in markers) == [0, 1, 2, 3]
    assert {m["time"] for m in markers} == {"2025-04-02T16:00:00Z"}
    found = {c["community"]: c for m in markers for c in m["data"]["communities"]}
    assert found[COMMUNITY] == {
        "community": COMMUNITY,
        "topics_adopted": 1,
        "sessions": 1,
        "attendances": 8,
    }
    assert found["370811015902"]["topics_adopted"] == 0
    assert sum(len(m["data"]["communities"]) for m in markers) == len(found) == 2


def test_lists_go_on_where_they_stopped(town):
    for n in range(3):
        town.official(f"per_w{n}", "GRID_WORKER", NEXT_GRID, f"off_w{n}")
        town.bench.at(f"2025-03-03T10:0{n}:00")
    seen, cursor = [], None
    while True:
        body = {"scope": "370811", "limit": 2} | ({"cursor": cursor} if cursor else {})
        part = town.resident().ask("officials", body)
        seen += [item["id"] for item in part["items"]]
        cursor = part["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7


def test_who_held_a_post_and_why_he_lost_it_is_not_public(town):
    """K15, SEC low 2: former officials stood in the public lists with the reason they were relieved."""
    town.district()
    links = town.bench.ask("liaisons", {"official_id": "off_cadre"})["items"]
    why = "长期病假,离岗休养"
    town.bench.do("end_liaison", {"link_id": links[0]["id"], "reason": why}, version=1)
    asked = ("liaisons", {"official_id": "off_cadre", "state": "ENDED"})
    for read, enter in (
        (True, town.district),
        (True, lambda: town.bench.as_("R_CADRE", person="per_near", scope=COMMUNITY)),
        (False, town.resident),
        (False, lambda: town.bench.as_("R_CADRE", person="per_far", scope="370811015902")),
        (False, lambda: town.bench.as_("R_PARTNER", person="per_shop", scope=COMMUNITY)),
    ):
        enter()
        (link,) = town.bench.ask(*asked)["items"]
        assert (link["state"], CADRE in str(link), why in str(link)) == ("ENDED", read, read)
    # A resident reads the own entry; who holds a post is read by everybody.
    own = town.bench.as_("R_RESIDENT", person=CADRE, scope=GRID).ask(*asked)["items"]
    assert own[0]["person_id"] == CADRE
    town.district()
    town.bench.do("end_official", {"official_id": "off_cadre", "reason": "调任"}, version=1)
    listed = town.resident().ask("officials", {"scope": COMMUNITY[:6], "limit": 100})["items"]
    told = {card["id"]: (card["state"], card["person_id"] is not None) for card in listed}
    assert told["off_cadre"] == ("ENDED", False)
    assert set(told.values()) == {("ACTIVE", True), ("ENDED", False)}


_FACTS = {
    2: ("resident_corrected", {"is_adult": True, "household_id": "hh_2"}),
    3: ("resident_moved", {"from_grid": GRID, "to_grid": OTHER_GRID,
                           "community": OTHER_GRID[:12], "household_id": "hh_3"}),
    4: ("resident_deactivated", {"reason": "MOVED_OUT"}),
    5: ("resident_returned", {"community": COMMUNITY, "grid": GRID, "household_id": "hh_5",
                              "is_adult": False}),
    6: ("resident_moved", {"from_grid": GRID, "to_grid": OTHER_GRID,
                           "community": OTHER_GRID[:12], "household_id": "hh_6"}),
    7: ("resident_came_of_age", {}),
}  # fmt: skip


@pytest.mark.parametrize(
    "order",
    [(1, 2, 3, 4, 5, 6, 7), (7, 6, 5, 4, 3, 2, 1), (5, 3, 7, 1, 6, 2, 4), (6, 7, 1, 5, 4, 2, 3)],
)
@pytest.mark.parametrize("batch", [False, True], ids=["one by one", "one batch"])
def test_what_is_told_of_a_person_ends_alike_in_any_order(town, order, batch):
    """K2: a return that was heard before the move left the person in the household of before."""
    facts = []
    for sequence in order:
        told = {"community": COMMUNITY, "grid": GRID, "household_id": "hh_1", "is_adult": False,
                "synthetic": True}  # fmt: skip
        name, data = _FACTS.get(sequence, ("resident_registered", told))
        facts.append(
            town.bench.event(
                "steward",
                f"{name}.v1",
                {"person_id": "per_any"} | data,
                subject="per_any",
                sequence=sequence,
            )
        )
    for part in [facts] if batch else [[one] for one in facts]:
        town.bench.deliver(part)
    assert town.bench.parked() == []
    row = town.row("residents", "person_id", "per_any")
    assert (row["community"], row["grid"], row["household_id"]) == (
        OTHER_GRID[:12],
        OTHER_GRID,
        "hh_6",
    )
    assert (bool(row["is_adult"]), bool(row["active"])) == (True, True)


@pytest.mark.parametrize("post", ["official", "deputy"])
def test_who_is_known_to_be_no_adult_holds_no_post(town, post):
    """K10: the registers of officials and deputies took a child."""
    town.live("per_child", adult=False)
    with pytest.raises(errors.UnderAge) as refused:
        if post == "official":
            town.official("per_child", "GRID_WORKER", GRID, "off_child")
        else:
            town.deputy("per_child", deputy_id="dep_child")
    assert refused.value.field == "person_id"


def test_a_household_that_has_moved_is_left_to_the_workers_of_its_new_grid(town):
    """K7: who had the link to a household answered for it wherever it went."""
    town.live("per_dan", household="hh_7")
    town.live("per_eve", household="hh_7")
    town.official("per_special", "GRID_WORKER", GRID, "off_special")
    town.link("off_special", "HOUSEHOLD", "hh_7")

    def move(person, household="hh_7"):
        town.bench.consume(
            "steward",
            "resident_moved.v1",
            {"person_id": person, "from_grid": GRID, "to_grid": NEXT_GRID,
             "community": COMMUNITY, "household_id": household},
            subject=person,
            sequence=2,
        )  # fmt: skip

    move("per_dan", household="hh_8")
    assert town.bench.published("liaison_ended.v1") == []
    move("per_eve")
    (ended,) = town.bench.published("liaison_ended.v1")
    assert (ended["data"]["target"], ended["data"]["official_id"]) == ("hh_7", "off_special")
    chain = town.resident("per_eve").ask("chain", {"target": "hh_7"})
    assert (chain["grid"], chain["rungs"][0]["gap"]) == (NEXT_GRID, True)
