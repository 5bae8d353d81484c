"""A household belongs to the adults who live in it now (F18, REQ-L06)."""

import itertools
import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis.refusal import NotFound
from fivered.services.credit.actions import verify as command
from fivered.services.credit.errors import CallerDeceased, ConsentSuspended
from fivered.services.credit.storage import tables as t
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import (
    award,
    confirm_area,
    publish_month,
    settlement_of,
)
from fivered.services.credit.tests.test_awards import attended, rated
from fivered.services.credit.tests.test_people import told
from fivered.services.credit.tests.test_settlement import STEWARD_ROW
from fivered.services.credit.tests.test_verify import run

pytestmark = pytest.mark.slow

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


@pytest.mark.parametrize(
    ("leave", "refusal"), [(moved, NotFound), (corrected, NotFound), (died, CallerDeceased)]
)
def test_who_consented_leaves_and_the_household_stays(home, leave, refusal):
    """A1: who left kept its wallet and its consent, and its area followed."""
    consent = consents_shown(home, "per_b")["HH:hh_1"]["id"]
    leave(home, "per_b")
    assert "HH:hh_1" not in shown(home, "per_b")
    assert "HH:hh_1" not in consents_shown(home, "per_b")
    with pytest.raises(refusal):
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
    # A person who is registered under its name is no heir of it.
    stage.register(home, "per_stranger", household="hh_1")
    assert consents_shown(home, "per_stranger")["HH:hh_1"]["state"] == "SUSPENDED"
    home.at("2025-03-06T09:00")
    corrected(home, "per_b", sequence=6, household="hh_1")
    assert consents_shown(home, "per_b")["HH:hh_1"]["state"] == "GRANTED"
    assert "HH:hh_1" in shown(home, "per_b")


def test_a_household_goes_on_with_the_id_that_was_kept_for_its_last_adult(home):
    home.at("2025-03-05T09:00")
    moved(home, "per_a")
    stage.register(home, "per_kept")
    told(home, "person_merged.v1", "per_b", into="per_kept", community=stage.COMMUNITY)
    corrected(home, "per_kept", sequence=6, household="hh_1")
    assert consents_shown(home, "per_kept")["HH:hh_1"]["state"] == "GRANTED"
    assert "HH:hh_1" in shown(home, "per_kept")


@pytest.mark.parametrize("merged", [False, True])
def test_who_was_the_last_adult_is_told_until_when_the_points_are_kept(home, merged):
    """The account of a household ended unseen, also where its adult was registered twice."""
    home.at("2025-03-05T09:00")
    stage.give(home, "HH:hh_1", "2024-05", 40, str(uuid.uuid4()))
    moved(home, "per_a")
    if merged:
        stage.register(home, "per_kept", household="hh_2")
        told(home, "person_merged.v1", "per_b", into="per_kept", community=stage.COMMUNITY)
    else:
        corrected(home, "per_b", household="hh_2")
    last = "per_kept" if merged else "per_b"

    def told_of_it():
        home.as_("R_RESIDENT", person=last, scope=stage.GRID)
        found = [one for one in home.ask("messages")["items"] if one["code"] != "PERSON_MERGED"]
        return [(one["code"], one["detail"].get("end")) for one in reversed(found)]

    empty = ("HOUSEHOLD_EMPTY", "2025-06-03 09:00")
    assert told_of_it() == [empty]
    assert home.ask("messages")["items"][0]["text"].startswith("您原来所在的户已无成年成员")
    home.fire("2025-05-05T12:00")
    assert told_of_it() == [empty, empty]
    if merged:
        # What the message says to do.
        corrected(home, "per_kept", sequence=6, household="hh_1")
        assert consents_shown(home, "per_kept")["HH:hh_1"]["state"] == "GRANTED"
    home.fire("2025-06-04T12:00")
    assert told_of_it() == [empty, empty] + [("POINTS_EXPIRED", None)] * (not merged)
    assert stage.balances(home, "HH:hh_1")[0] == (40 if merged else 0)


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
    """t1 A1: it went on in the name of who had left, and staff of the new place could end it."""
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
    assert home.ask("messages")["items"][0]["code"] == "CONSENT_WITHDRAWN"


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
    # Who is new there begins anew, in the own name.
    assert stage.consent(home, "per_new", household_id="hh_1")["state"] == "GRANTED"
    begun = consents_shown(home, "per_new")["HH:hh_1"]
    assert (begun["person_id"], begun["reason"]) == ("per_new", None)


def test_the_consent_of_a_household_that_moves_goes_with_it(home):
    """Its area is where its adults live, no matter which id it has and who consented."""
    moved(home, "per_b", 5, household="hh_1")
    assert "HH:hh_1" in _consents_for(home, "per_a", stage.COMMUNITY)
    moved(home, "per_a", 6, household="hh_1")
    assert "HH:hh_1" not in _consents_for(home, "per_a", stage.COMMUNITY)
    assert "HH:hh_1" in _consents_for(home, "per_a", ELSEWHERE[:12])
    (row,) = home.rows("SELECT area FROM consents WHERE subject_id = 'HH:hh_1'")
    assert row["area"] == ELSEWHERE[:12]


# What the registry tells of three persons of one household: each one's facts come in their order,
# those of different persons in any.
_DAY = "2025-03-05T"
_LEAVES = {
    "per_a": [("resident_moved.v1", "10:00", {"to_grid": ELSEWHERE, "household_id": None})],
    "per_b": [
        ("resident_moved.v1", "09:00", {"to_grid": stage.GRID[:-1] + "2", "household_id": "hh_1"}),
        ("resident_corrected.v1", "11:00", {"is_adult": True, "household_id": None}),
    ],
    "per_c": [
        ("resident_came_of_age.v1", "08:00", {"community": stage.COMMUNITY, "grid": stage.GRID}),
        ("resident_deactivated.v1", "12:00", {"reason": "DECEASED"}),
    ],
}
# All of them go to another community together, the one who consented first.
_GO_TOGETHER = {
    "per_a": [("resident_moved.v1", "11:00", {"to_grid": ELSEWHERE, "household_id": "hh_1"})],
    "per_b": [("resident_moved.v1", "09:00", {"to_grid": ELSEWHERE, "household_id": "hh_1"})],
    "per_c": [
        ("resident_came_of_age.v1", "08:00", {"community": stage.COMMUNITY, "grid": stage.GRID}),
        ("resident_moved.v1", "10:00", {"to_grid": ELSEWHERE, "household_id": "hh_1"}),
    ],
}


def _facts(bench, story, order):
    """The facts of a story in one order of arrival: whose fact is the next one."""
    left = {person: list(enumerate(facts, 5)) for person, facts in story.items()}
    for person in order:
        sequence, (fact, at, data) = left[person].pop(0)
        if "to_grid" in data:
            data = {"from_grid": stage.GRID, "community": data["to_grid"][:12], **data}
        yield bench.event(
            "steward",
            fact,
            {"person_id": person, **data},
            subject=person,
            scope=stage.COMMUNITY,
            sequence=sequence,
            occurred_at=_DAY + at,
        )


def _orders(story):
    return sorted(set(itertools.permutations(p for p, facts in story.items() for _ in facts)))


def _orders(story):
    """All orders in which the facts may arrive."""
    return sorted(set(itertools.permutations(who for who, facts in story.items() for _ in facts)))


def _ends(spans):
    """When the consent that some spans give together has ended, as often as it has."""
    ends = []
    for since, until in spans:
        if ends and (ends[-1] is None or since <= ends[-1]):
            last = ends.pop()
            ends.append(None if None in (last, until) else max(last, until))
        else:
            ends.append(until)
    return ends


def _left_behind(bench):
    """What is known of the household afterwards: where it is, its consent, when that held."""
    (subject,) = bench.rows("SELECT area, spendable_until FROM subjects WHERE kind = 'HH'")
    (consent,) = bench.rows("SELECT state, area FROM consents WHERE subject_id = 'HH:hh_1'")
    with bench.transaction() as tx:
        span = t.consent_spans.c
        spans = sa.select(span.since, span.until).where(span.purpose == "SCORING")
        ends = _ends(tx.conn.execute(spans.order_by(span.since)).all())
        moved_at = list(tx.conn.execute(sa.select(t.places.c.until)).scalars())
    return (subject["area"], consent["area"], consent["state"], ends, moved_at[-1:])


@pytest.fixture
def three(bench):
    bench.at("2025-03-03T09:00")
    for person, adult in (("per_a", True), ("per_b", True), ("per_c", False)):
        stage.register(bench, person, adult=adult, household="hh_1", at="2025-03-03T09:00")
    stage.consent(bench, "per_a", household_id="hh_1")
    return bench.at("2025-03-06T09:00")


@pytest.mark.covers("F18", "N11")
@pytest.mark.parametrize("order", _orders(_LEAVES))
def test_a_household_that_all_leave_ends_when_the_last_has_left_in_any_order(three, order):
    """Who was told of last was taken for who had left last: its consent ended hours too early."""
    for event in _facts(three, _LEAVES, order):
        three.deliver([event])
    assert three.parked() == []
    end = stage.moment(_DAY + "12:00")
    here = stage.COMMUNITY
    assert _left_behind(three) == (here, here, "SUSPENDED", [end], [])
    rows = three.rows("SELECT spendable_until FROM subjects WHERE kind = 'HH'")
    assert str((end + timedelta(days=90)).date()) in str(rows[0]["spendable_until"])
    # Told once more, all of it, it stays so.
    three.deliver(list(_facts(three, _LEAVES, order)))
    assert _left_behind(three)[2:4] == ("SUSPENDED", [end])


@pytest.mark.covers("F18", "N11")
@pytest.mark.parametrize("batch", [False, True], ids=["one by one", "one batch"])
@pytest.mark.parametrize("order", _orders(_GO_TOGETHER))
def test_a_household_that_moves_is_elsewhere_when_the_last_has_gone_in_any_order(
    three, order, batch
):
    """It was elsewhere from the time of the person who was told of last."""
    facts = list(_facts(three, _GO_TOGETHER, order))
    for part in [facts] if batch else [[one] for one in facts]:
        three.deliver(part)
    assert three.parked() == []
    there = ELSEWHERE[:12]
    moved_at = stage.moment(_DAY + "11:00")
    assert _left_behind(three) == (there, there, "GRANTED", [None], [moved_at])
    assert [who for who in ("per_a", "per_b", "per_c") if "HH:hh_1" in shown(three, who)] == [
        "per_a",
        "per_b",
        "per_c",
    ]


# --------------------------------------------------------------------------------------------------
# Moves between streets within a month, and its verification with households

NEXT_STREET = "370811016901"


def _month_of_moves(bench):
    """March: A, a household of A and B, and a steward go to the next street on the 15th; C stays."""
    bench.at("2025-03-03T09:00")
    stage.rules(bench)
    for person in ("per_a", "per_b"):
        stage.register(bench, person, household="hh_1")
    stage.register(bench, "per_c", household="hh_2")
    for person in ("per_a", "per_c"):
        stage.consent(bench, person)
    stage.consent(bench, "per_a", household_id="hh_1")
    stage.consent(bench, "per_c", household_id="hh_2")
    stage.steward(bench, "stw_1", "per_s")
    _earn(bench, "2025-03-10T21:00", stage.COMMUNITY)
    award(bench, "HH:hh_2", "R-HH-02", propose="R_GRID", approve="R_CADRE", deed="JT-0")
    bench.at("2025-03-15T09:00")
    for sequence, person in enumerate(("per_a", "per_b"), 5):
        moved(bench, person, sequence, household="hh_1", to=NEXT_STREET + "001")
    stage.steward(bench, "stw_1", "per_s", area=NEXT_STREET)
    _earn(bench, "2025-03-20T21:00", NEXT_STREET)


def _earn(bench, at, area):
    """Something for each of those who move, at one time."""
    bench.at(at).deliver([attended(bench, who, at[:11] + "20:00") for who in ("per_a", "per_c")])
    bench.deliver([rated(bench, at=at[:11] + "20:00")])
    award(
        bench,
        "HH:hh_1",
        "R-HH-01" if area == stage.COMMUNITY else "R-HH-02",
        propose="R_GRID",
        approve="R_CADRE",
        deed=f"JT-{at[:10]}",
        area=area,
    )


@pytest.mark.covers("F18", "R4", "C16")
def test_a_move_between_streets_within_a_month_settles_all_of_it_where_it_ended(bench, monkeypatch):
    """t1: who moves settles once, whole, at the new place; the old street sums up who stayed."""
    _month_of_moves(bench)
    row = {"steward": {"stewards": [STEWARD_ROW]}}
    publish_month(bench, "2025-03", NEXT_STREET, rows=row)
    confirm_area(bench, "2025-03")
    bench.fire("2025-04-28T10:00")
    there = settlement_of(bench, "2025-03", NEXT_STREET)
    here = settlement_of(bench, "2025-03")
    assert {one["subject"] for one in there["items"]} == {"RES:per_a", "HH:hh_1", "STW:stw_1"}
    assert {one["subject"] for one in here["items"]} == {"RES:per_c", "HH:hh_2"}
    assert {card["state"] for card in (there, here)} == {"SETTLED"}
    good = {one["subject"]: one["good"] for one in (*there["items"], *here["items"])}
    # Both halves of the month count, for the household and for the person.
    assert (good["RES:per_a"], good["HH:hh_1"]) == (good["RES:per_c"], 7)
    assert stage.balances(bench, "HH:hh_1") == (70, 0)
    assert stage.balances(bench, "RES:per_a") == stage.balances(bench, "RES:per_c") == (20, 0)
    bench.as_("R_DISTRICT", person="per_district", scope="370811")
    by_street = {
        (one["group"], one["kind"]): one["points"]
        for one in bench.ask("sums", {"period": "2025-03", "by": "STREET"})["items"]
    }
    assert by_street["370811016", "HH"] == 70
    assert by_street["370811016", "RES"] == by_street["370811015", "RES"] == 20
    assert ("370811015", "STW") not in by_street
    for area in (NEXT_STREET, stage.COMMUNITY):
        assert run(bench, monkeypatch, period="2025-03", community=area) == command.SOUND
    stage.trial_balance(bench)


@pytest.mark.covers("F18", "C16")
def test_a_month_with_a_household_that_ended_in_it_is_verified(bench, monkeypatch):
    """What it earned while an adult lived there is settled; what comes after is not given."""
    _month_of_moves(bench)
    bench.at("2025-03-25T09:00")
    died(bench, "per_c")
    publish_month(bench, "2025-03", rows={"steward": {"stewards": [STEWARD_ROW]}})
    confirm_area(bench, "2025-03", NEXT_STREET)
    bench.fire("2025-04-28T10:00")
    assert run(bench, monkeypatch, period="2025-03") == command.SOUND
    assert stage.balances(bench, "HH:hh_2") == (20, 0)
    with bench.transaction() as tx:
        entry = t.entries.c
        hers = entry.subject_id == "HH:hh_1"
        tx.conn.execute(sa.update(t.entries).where(hers).values(good=9))
    assert run(bench, monkeypatch, period="2025-03", community=NEXT_STREET) == command.TAMPERED


# --------------------------------------------------------------------------------------------------
# One person, told in any order

_ONE = (
    ("resident_corrected.v1", "01:00", {"is_adult": True, "household_id": "hh_2"}),
    ("resident_moved.v1", "02:00", {"to_grid": ELSEWHERE, "household_id": "hh_3"}),
    ("resident_deactivated.v1", "03:00", {"reason": "MOVED_OUT"}),
    ("resident_returned.v1", "04:00", {"community": stage.COMMUNITY, "grid": stage.GRID,
                                       "household_id": "hh_1", "is_adult": True}),
    ("resident_moved.v1", "05:00", {"to_grid": ELSEWHERE, "household_id": "hh_2"}),
)  # fmt: skip


@pytest.mark.parametrize("order", sorted(itertools.permutations(range(5)))[::7])
def test_what_is_told_of_one_person_ends_alike_in_any_order(home, order):
    """A return that was heard before the move left the person, and what follows, in the place of before."""
    stage.register(home, "per_c", household="hh_2")
    home.at("2025-03-06T09:00")
    for number in order:
        fact, at, data = _ONE[number]
        if "to_grid" in data:
            data = {"from_grid": stage.GRID, "community": data["to_grid"][:12], **data}
        event = home.event(
            "steward",
            fact,
            {"person_id": "per_a", **data},
            subject="per_a",
            scope=stage.COMMUNITY,
            sequence=5 + number,
            occurred_at=_DAY + at,
        )
        home.deliver([event])
    assert home.parked() == []
    (row,) = home.rows("SELECT * FROM people WHERE person_id = 'per_a'")
    found = (row["area"], row["grid"], row["household_id"], row["state"])
    assert found == (ELSEWHERE[:12], ELSEWHERE, "hh_2", "ACTIVE")
