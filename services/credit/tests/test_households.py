"""A household belongs to the adults who live in it now (F18, REQ-L06)."""

import pytest

from chassis.refusal import NotFound
from services.credit.errors import ConsentSuspended
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


def _consents_for(bench, person, scope):
    """What staff of an area read of a person's consents."""
    bench.as_("R_CADRE", person="per_cadre", scope=scope)
    try:
        items = bench.ask("consents", {"person_id": person})["items"]
    except NotFound:
        return {}
    return {one["subject"]: one for one in items}


@pytest.mark.parametrize("leave", [moved, corrected, died])
def test_the_consent_stands_in_the_name_of_who_stays(home, leave):
    """t1 A1: it went on in the name of who had left, and staff of his new place could end it."""
    there = consents_shown(home, "per_a")["HH:hh_1"]
    assert (there["person_id"], there["granted_by"]) == ("per_b", "per_b")
    leave(home, "per_b")
    stays = consents_shown(home, "per_a")["HH:hh_1"]
    assert (stays["person_id"], stays["granted_by"]) == ("per_a", None)
    assert "HH:hh_1" not in _consents_for(home, "per_b", ELSEWHERE[:12])
    order = {"consent_id": stays["id"], "receipt_no": "SQ-1"}
    with pytest.raises(NotFound):
        home.do("withdraw_consent", order)
    assert _consents_for(home, "per_a", stage.COMMUNITY)["HH:hh_1"]["state"] == "GRANTED"
    assert home.do("withdraw_consent", order)["state"] == "WITHDRAWN"
    home.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    assert [one["code"] for one in home.ask("messages")["items"]] == ["CONSENT_WITHDRAWN"]


def test_why_it_is_suspended_is_shown_to_who_lives_there_and_to_officials(home):
    """t1 A1: it said SUSPENDED and nothing more, to nobody but strangers."""
    moved(home, "per_a")
    moved(home, "per_b", 6)
    home.at("2025-03-05T09:00")
    stage.register(home, "per_new", household="hh_1")
    seen = consents_shown(home, "per_new")["HH:hh_1"]
    assert "暂停" in seen["reason"]
    assert "suspended" in seen["reason_en"]
    with pytest.raises(ConsentSuspended):
        home.do("withdraw_consent", {"consent_id": seen["id"]})
    home.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    sheet = home.ask("subject", {"subject_id": "HH:hh_1"})
    assert (sheet["consent"]["state"], sheet["consent"]["reason"]) == ("SUSPENDED", seen["reason"])
    # Who is new there begins anew, in his own name.
    assert stage.consent(home, "per_new", household_id="hh_1")["state"] == "GRANTED"
    begun = consents_shown(home, "per_new")["HH:hh_1"]
    assert (begun["person_id"], begun["reason"]) == ("per_new", None)


def test_the_consent_of_a_household_that_moves_goes_with_it(home):
    """Its area is where its adults live, whatever its id or whoever consented."""
    moved(home, "per_b", 5, household="hh_1")
    assert "HH:hh_1" in _consents_for(home, "per_a", stage.COMMUNITY)
    moved(home, "per_a", 6, household="hh_1")
    assert "HH:hh_1" not in _consents_for(home, "per_a", stage.COMMUNITY)
    assert "HH:hh_1" in _consents_for(home, "per_a", ELSEWHERE[:12])
    (row,) = home.rows("SELECT area FROM consents WHERE subject_id = 'HH:hh_1'")
    assert row["area"] == ELSEWHERE[:12]
