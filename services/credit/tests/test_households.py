"""A household belongs to the adults who live in it now (F18, REQ-L06)."""

import pytest

from chassis.refusal import NotFound
from services.credit.tests import stage
from services.credit.tests.test_people import told

ELSEWHERE = "370811015902001"


def shown(bench, person):
    bench.as_("R_RESIDENT", person=person, scope=stage.GRID)
    return {one["subject"] for one in bench.ask("me")["subjects"]}


def consents_shown(bench, person):
    bench.as_("R_RESIDENT", person=person, scope=stage.GRID)
    return {one["subject"]: one for one in bench.ask("me")["consents"]}


def moved(bench, person, sequence=5, household=None, to=ELSEWHERE):
    told(
        bench,
        "resident_moved.v1",
        person,
        sequence=sequence,
        from_grid=stage.GRID,
        to_grid=to,
        community=to[:12],
        household_id=household,
    )


def corrected(bench, person, sequence=5, household=None):
    told(
        bench,
        "resident_corrected.v1",
        person,
        sequence=sequence,
        is_adult=True,
        household_id=household,
    )


def died(bench, person):
    told(bench, "resident_deactivated.v1", person, sequence=5, reason="DECEASED")


@pytest.fixture
def home(bench):
    for person in ("per_a", "per_b"):
        stage.register(bench, person, household="hh_1")
    stage.consent(bench, "per_b", household_id="hh_1")
    return bench


@pytest.mark.parametrize("leave", [moved, corrected, died])
def test_whoever_consented_leaves_and_the_household_stays(home, leave):
    """A1: he kept its wallet and its consent, and its area followed him away."""
    consent = consents_shown(home, "per_b")["HH:hh_1"]["id"]
    leave(home, "per_b")
    assert "HH:hh_1" not in shown(home, "per_b")
    assert "HH:hh_1" not in consents_shown(home, "per_b")
    with pytest.raises(NotFound):
        home.do("withdraw_consent", {"consent_id": consent})
    assert "HH:hh_1" in shown(home, "per_a")
    assert consents_shown(home, "per_a")["HH:hh_1"]["state"] == "GRANTED"
    sheets = {one["subject"]: one for one in home.ask("me")["subjects"]}
    assert sheets["HH:hh_1"]["area"] == stage.COMMUNITY
    assert home.do("withdraw_consent", {"consent_id": consent})["state"] == "WITHDRAWN"


def test_without_an_adult_it_is_suspended_until_one_lives_there_again(home):
    """A1: when the last adult had left, the wallet stayed open."""
    moved(home, "per_a")
    corrected(home, "per_b", household="hh_2")
    assert "HH:hh_1" not in shown(home, "per_a") | shown(home, "per_b")
    home.at("2025-03-05T09:00")
    # Whoever is registered under its name is no heir of it.
    stage.register(home, "per_stranger", household="hh_1")
    assert consents_shown(home, "per_stranger")["HH:hh_1"]["state"] == "SUSPENDED"
    home.at("2025-03-06T09:00")
    corrected(home, "per_b", sequence=6, household="hh_1")
    assert consents_shown(home, "per_b")["HH:hh_1"]["state"] == "GRANTED"
    assert "HH:hh_1" in shown(home, "per_b")


def test_a_household_that_moves_within_its_community_is_in_its_new_grid(home):
    for sequence, person in enumerate(("per_a", "per_b"), 5):
        moved(home, person, sequence, household="hh_1", to=stage.COMMUNITY + "002")
    (row,) = home.rows("SELECT area, grid FROM subjects WHERE subject_id = 'HH:hh_1'")
    assert (row["area"], row["grid"]) == (stage.COMMUNITY, stage.COMMUNITY + "002")
