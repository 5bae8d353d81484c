"""Who acts for a partner and who redeems is looked up: adult, alive and registered."""

import pytest

from fivered.services.partner import errors
from fivered.services.partner.tests.conftest import (
    ANA,
    BARBER,
    BEN,
    CADRE,
    CLERK,
    COMMUNITY,
    OFFICER,
)

CHILD, GHOST = "per_child", "per_ghost"


def die(town, person, sequence=2):
    return town.person(person, "resident_deactivated", sequence=sequence, reason="DECEASED")


def name_operators(town, partner_id, *operators):
    version = town.as_cadre().ask("partner", {"partner_id": partner_id})["version"]
    return town.bench.do(
        "set_operators", {"partner_id": partner_id, "operators": operators}, version=version
    )


def operators_of(town, partner_id):
    return town.as_cadre().ask("partner", {"partner_id": partner_id})["operators"]


@pytest.mark.parametrize(
    ("fact", "more", "refusal"),
    [
        (None, {}, errors.UnknownPerson),
        ("resident_registered", {"is_adult": False, "grid": f"{COMMUNITY}001"}, errors.UnderAge),
        # Nobody knows his age.
        ("person_registered", {"is_adult": False}, errors.UnderAge),
        ("resident_deactivated", {"reason": "DECEASED"}, errors.Deceased),
        ("resident_deactivated", {"reason": "MOVED_OUT"}, errors.UnknownPerson),
    ],
)
def test_nobody_acts_for_a_partner_who_is_no_registered_adult(town, barber, fact, more, refusal):
    """t1 B1: a minor and a dead person became operators, and read the desk."""
    if fact is not None:
        town.person(GHOST, fact, **more)
    with pytest.raises(refusal) as refused:
        name_operators(town, barber, BARBER, GHOST)
    assert refused.value.field == "operators[1]"
    assert operators_of(town, barber) == [BARBER]
    elsewhere = town.application(area="370811015902", operators=[GHOST])
    with pytest.raises(refusal):
        town.as_street().do("register_partner", elsewhere)


def test_who_comes_of_age_returns_or_is_corrected_may_act(town, barber):
    town.person(CHILD, "resident_registered", is_adult=False)
    town.person(CHILD, "resident_came_of_age", sequence=2)
    name_operators(town, barber, CHILD)
    town.person(GHOST, "resident_registered", is_adult=False)
    town.person(GHOST, "resident_corrected", sequence=2, is_adult=True)
    # A fact that comes late changes nothing.
    town.person(GHOST, "resident_registered", is_adult=False)
    name_operators(town, barber, GHOST)
    town.person(CHILD, "resident_deactivated", sequence=3, reason="MOVED_OUT")
    town.person(CHILD, "resident_returned", sequence=4)
    name_operators(town, barber, CHILD)
    assert operators_of(town, barber) == [CHILD]


def test_an_id_that_was_given_up_means_the_person_who_was_kept(town, barber):
    town.person("per_old")
    town.person("per_old", "person_merged", sequence=2, into=CLERK)
    name_operators(town, barber, "per_old")
    assert operators_of(town, barber) == [CLERK]


def test_a_post_that_is_told_after_a_merge_is_the_kept_ids_in_whatever_order(town, barber):
    """The fact of a post and two merges of one person come from three partitions, in any order."""
    town.person("per_mid", "person_merged", sequence=2, into=ANA)
    town.person("per_old", "person_merged", sequence=2, into="per_mid")
    enrolled = {
        "steward_id": "stw_1", "person_id": "per_old", "type": "FULL_TIME", "duty": "GRID_WORKER",
        "grids": [f"{COMMUNITY}001"], "community": COMMUNITY, "spendable": True,
    }  # fmt: skip
    town.bench.consume("steward", "steward_enrolled.v1", enrolled, subject="stw_1")
    offer_id = town.offer(barber, audience="STEWARD")
    town.bench.as_("R_STEWARD", person=ANA, scope=COMMUNITY)
    made = town.bench.do("request_redemption", {"offer_id": offer_id, "wallet": "STW"})
    assert made["state"] == "REQUESTED"


def test_what_one_proposed_under_another_id_one_does_not_approve(town, barber):
    made = town.as_cadre(person="per_twin").do("draft_offer", town.draft(barber))
    town.person("per_twin", "person_merged", sequence=2, into=CADRE)
    with pytest.raises(errors.ConflictOfInterest):
        town.as_cadre().do("approve_offer", {"offer_id": made["id"]}, version=1)


def test_who_dies_acts_for_nobody_and_it_is_said(town, barber):
    name_operators(town, barber, BARBER, CLERK)
    die(town, BARBER)
    assert operators_of(town, barber) == [CLERK]
    said = town.bench.published("partner_operators_changed.v1")[-1]
    assert said["data"]["operators"] == [CLERK]


def test_nothing_is_redeemed_for_the_dead_nor_for_an_id_that_was_given_up(town, haircut):
    """t1 B2: 202."""
    for person in (ANA, "per_twin", "per_gone"):
        town.person(person, "resident_registered")
    die(town, ANA)
    town.person("per_twin", "person_merged", sequence=2, into="per_kept")
    town.person("per_gone", "resident_deactivated", sequence=2, reason="MOVED_OUT")
    for person, refusal in (
        (ANA, errors.Deceased),
        ("per_twin", errors.MergedAway),
        ("per_gone", errors.UnknownPerson),
    ):
        with pytest.raises(refusal) as refused:
            town.request(haircut, person=person)
        assert person not in refused.value.describe()
    assert town.bench.rows("select * from redemptions") == []
    assert town.stock(haircut) == 5
    # Of whom nothing is known here credit knows whether he has a wallet.
    assert town.state(town.request(haircut, person="per_new")) == "REQUESTED"


@pytest.mark.parametrize(
    "facts",
    [
        [("resident_registered", 1, {"household_id": "hh_1", "is_adult": True})],
        [
            ("resident_moved", 3, {"household_id": "hh_1"}),
            ("resident_corrected", 2, {"household_id": "hh_9", "is_adult": True}),
            ("resident_registered", 1, {"household_id": "hh_8", "is_adult": False}),
        ],
    ],
    ids=["as registered", "in another order"],
)
def test_nobody_decides_about_what_his_household_runs(town, barber, haircut, facts):
    """K12: the officer reviewed the disputed statement of his wife."""
    town.person(BARBER, "resident_registered", sequence=2, household_id="hh_1", is_adult=True)
    for fact, sequence, data in facts:
        town.person(OFFICER, fact, sequence=sequence, **data)
    assert town.bench.parked() == []
    town.redeem(haircut)
    town.fund(10_000)
    town.bench.fire("2025-04-03T10:00")
    row = town.statement(barber)
    town.as_partner()
    town.move("dispute_statement", row, reason="金额有误", lines=[])
    row = town.statement(barber)
    town.as_street()
    with pytest.raises(errors.ConflictOfInterest):
        town.move("review_statement", row, outcome="UPHELD", reasons="核对无误")
    town.as_street(person="per_colleague")
    town.move("review_statement", row, outcome="UPHELD", reasons="核对无误")


def test_nobody_makes_their_own_household_act_for_a_partner(town, barber):
    """K12: an official made himself an operator, or put others out of the shop he runs."""
    town.person("per_kin", "resident_registered", household_id="hh_c", sequence=1)
    town.person(CADRE, "resident_registered", household_id="hh_c", sequence=1)

    def change(doors, *operators):
        version = town.bench.rows("SELECT version FROM partners")[0]["version"]
        body = {"partner_id": barber, "operators": list(operators)}
        return doors.do("set_operators", body, version=version)

    for named in (CADRE, "per_kin"):
        with pytest.raises(errors.ConflictOfInterest):
            change(town.as_cadre(), BARBER, named)
    change(town.as_street(), BARBER, "per_kin")
    with pytest.raises(errors.ConflictOfInterest):
        change(town.as_cadre(), "per_kin")
    assert change(town.as_street(), CLERK)["version"]


def test_who_runs_a_shop_does_not_rate_it_nor_does_the_household(town, barber, haircut):
    """K12: an operator's wife bought at the shop and rated it, and the rating counted."""
    town.person(ANA, "resident_registered", household_id="hh_b", sequence=1)
    town.person(CLERK, "resident_registered", household_id="hh_x", sequence=1)
    redemption_id = town.redeem(haircut)
    version = town.bench.rows("SELECT version FROM partners")[0]["version"]
    body = {"partner_id": barber, "operators": [BARBER, CLERK]}
    town.as_street().do("set_operators", body, version=version)
    town.person(BARBER, "resident_registered", household_id="hh_b", sequence=1)
    town.as_resident()
    with pytest.raises(errors.OwnShop):
        town.bench.do("rate_redemption", {"redemption_id": redemption_id, "stars": 5})
    assert town.as_partner().ask("partner", {"partner_id": barber})["rated"] == 0
    # What was rated before they moved in with each other stays as it was.
    other = town.redeem(haircut, person=BEN)
    town.as_resident(BEN)
    town.bench.do("rate_redemption", {"redemption_id": other, "stars": 5})
    assert town.as_partner().ask("partner", {"partner_id": barber})["rated"] == 1


def test_fewer_than_five_ratings_are_for_the_partner_and_its_officials(town, barber):
    """Who was the only one to be discontent is known in the street."""
    shave = town.offer(barber, stock_total=9)

    def rate(person, stars):
        redemption_id = town.redeem(shave, person=person)
        body = {"redemption_id": redemption_id, "stars": stars}
        town.as_resident(person).do("rate_redemption", body)

    def seen():
        card = town.bench.as_("PUBLIC", person="").ask("partner", {"partner_id": barber})
        return card.get("rated"), card.get("satisfied"), card.get("few")

    assert seen() == (0, 0, None)
    for number in range(4):
        rate(f"per_r{number}", 5)
    assert seen() == (None, None, ["rated", "satisfied"])
    shown = town.as_cadre().ask("partner", {"partner_id": barber})
    assert (shown["rated"], shown["satisfied"]) == (4, 4)
    assert "few" not in shown
    rate("per_r4", 5)
    assert seen() == (5, 5, None)
    # Five are content, and the sixth one would be alone.
    rate("per_r5", 1)
    assert seen() == (6, None, ["satisfied"])


def test_who_acts_for_a_partner_of_before_is_told_once_and_in_parts(town, barber, monkeypatch):
    """0.1.0 did not say it: after the upgrade nobody spoke for a partner."""
    monkeypatch.setattr("fivered.services.partner.actions.partners._PART", 1)
    other = town.cinema()
    before = len(town.bench.published("partner_operators_changed.v1"))
    with town.bench.runtime.transaction(town.bench.actor) as tx:
        tx.arm("tell_operators", "ALL", tx.now)
    town.bench.fire(town.bench.now)
    told = [one["data"] for one in town.bench.published("partner_operators_changed.v1")][before:]
    assert {one["partner_id"]: one["operators"] for one in told} == {
        barber: [BARBER],
        other: [CLERK],
    }
