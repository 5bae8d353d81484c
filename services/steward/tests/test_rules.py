"""The pure rules, as tables."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from fivered.chassis.calendar import published
from fivered.chassis.decimals import percent
from fivered.chassis.refusal import Refusal, StateConflict
from fivered.services.steward import errors, rules, storage
from fivered.services.steward.rules.routing import Candidate
from fivered.services.steward.views.cases import WHAT
from testkit.bench import instant

CALENDAR = published()
TODAY = date(2025, 3, 3)


def local(text):
    return instant(text)


@pytest.mark.covers("E14")
@pytest.mark.parametrize(
    "number",
    [
        "370899198001010012",
        "370899195512319990",
        "370899200002290028",
        "37089919900101005X",
        "37089919900101005x",
    ],
)
def test_a_valid_identity_number_is_taken(number):
    normal, born = rules.identity.check_id_number(number, TODAY)
    assert normal == number.upper()
    assert born.year == int(number[6:10])


@pytest.mark.covers("E14")
@pytest.mark.parametrize(
    "number",
    [
        "370899198001010013",  # check digit
        "370899200102290025",  # 2001-02-29 does not exist, the check digit is right
        "37089919800101001",
        "37089920990101001X",
        "abc",
    ],
)
def test_an_invalid_identity_number_is_refused(number):
    with pytest.raises(errors.BadIdNumber):
        rules.identity.check_id_number(number, TODAY)


@pytest.mark.covers("E14", "C17")
def test_masks_go_by_length_only():
    assert rules.identity.mask_name("王丽") == "王*"
    assert rules.identity.mask_name("王小丽") == "王*丽"
    assert rules.identity.mask_name("欧阳明德") == "欧**德"
    assert rules.identity.mask_phone("12812345678") == "128****5678"
    assert rules.identity.mask_id_number("370899198001010012") == "370899********0012"


@pytest.mark.covers("REQ-L22")
def test_invented_and_real_people_cannot_be_taken_for_each_other():
    assert rules.identity.check_phone("128-1234-5678", synthetic=True) == "12812345678"
    for phone, synthetic in (("12812345678", False), ("13812345678", True)):
        with pytest.raises(errors.SyntheticMark):
            rules.identity.check_phone(phone, synthetic=synthetic)
    with pytest.raises(errors.BadPhone):
        rules.identity.check_phone("12345", synthetic=True)
    with pytest.raises(errors.SyntheticNotAllowed):
        rules.identity.check_synthetic(None, synthetic=True, allowed=False)
    with pytest.raises(errors.SyntheticMark):
        rules.identity.check_synthetic("370899198001010012", synthetic=False, allowed=True)


@pytest.mark.covers("REQ-L06")
@pytest.mark.parametrize(
    ("born", "year", "adult"),
    [
        (date(2007, 3, 3), 2007, True),
        (date(2007, 3, 4), 2007, False),
        (date(2004, 2, 29), 2004, True),
        (None, 2006, True),
        (None, 2007, False),
        (None, None, False),
    ],
)
def test_adult_is_who_is_certainly_18(born, year, adult):
    assert rules.identity.is_adult(born, year, TODAY) is adult


@pytest.mark.parametrize(
    ("clock", "start", "accept", "contact", "resolve"),
    [
        ("P1", "2025-03-03T23:00", "2025-03-03T23:05", "2025-03-03T23:15", "2025-03-04T03:00"),
        ("P2", "2025-03-03T23:00", "2025-03-03T23:30", "2025-03-04T01:00", "2025-03-04T23:00"),
        ("P3", "2025-03-03T09:00", "2025-03-03T11:00", "2025-03-04T09:00", "2025-03-07T00:00"),
        # 22:00 itself falls into the night; 08:00 does not.
        ("P3", "2025-03-03T20:00", "2025-03-04T08:00", "2025-03-04T20:00", "2025-03-07T00:00"),
        ("P3", "2025-03-03T19:59", "2025-03-03T21:59", "2025-03-04T19:59", "2025-03-07T00:00"),
        ("P3", "2025-03-04T06:00", "2025-03-04T08:00", "2025-03-05T08:00", "2025-03-08T00:00"),
        ("P3", "2025-03-04T00:30", "2025-03-04T08:00", "2025-03-05T08:00", "2025-03-08T00:00"),
        # Over a weekend, and over the National Day holiday with its make-up days.
        ("P3", "2025-03-07T10:00", "2025-03-07T12:00", "2025-03-08T10:00", "2025-03-13T00:00"),
        ("P4", "2025-09-25T10:00", "2025-09-25T14:00", "2025-09-26T10:00", "2025-10-12T00:00"),
        ("CONSULT", "2025-03-03T09:00", "2025-03-03T11:00", None, "2025-03-05T00:00"),
    ],
)
def test_the_clocks_of_a_request(clock, start, accept, contact, resolve):
    at = local(start)
    terms = rules.standards.shipped().terms("REPAIR_COMMON", clock)
    assert terms.due_accept(at, CALENDAR) == local(accept)
    found = terms.due_contact(at, CALENDAR)
    assert found == (local(contact) if contact else None)
    assert terms.due_resolve(at, CALENDAR) == local(resolve)


def test_the_ladder_counts_from_the_day_that_the_deadline_ends():
    due = local("2025-03-07T00:00")  # the end of Thursday 6 March
    assert rules.requests.due_level(due, 2, CALENDAR) == local("2025-03-12T00:00")
    assert rules.requests.due_level(due, 3, CALENDAR) == local("2025-03-19T00:00")
    inside = local("2025-03-04T14:30")
    assert rules.requests.due_level(inside, 2, CALENDAR) == local("2025-03-08T00:00")


def test_a_reopened_request_has_half_the_time_and_at_least_a_day():
    now = datetime(2025, 3, 10, tzinfo=UTC)
    assert rules.requests.due_reopened(timedelta(hours=4), now) == now + timedelta(hours=24)
    assert rules.requests.due_reopened(timedelta(days=7), now) == now + timedelta(days=3.5)


STATES = (
    "SUBMITTED", "DISPATCHED", "RETURNED", "ACCEPTED", "IN_PROGRESS", "RESOLVED", "RATED",
    "CLOSED", "CANCELLED", "REJECTED", "MERGED",
)  # fmt: skip


@pytest.mark.parametrize(
    ("action", "states"),
    [
        ("dispatch", {"SUBMITTED", "RETURNED", "DISPATCHED"}),
        ("reject", {"SUBMITTED", "RETURNED", "DISPATCHED"}),
        ("merge", {"SUBMITTED", "RETURNED", "DISPATCHED", "ACCEPTED", "IN_PROGRESS"}),
        ("accept", {"DISPATCHED"}),
        ("return", {"DISPATCHED"}),
        ("contact", {"ACCEPTED", "IN_PROGRESS"}),
        ("transfer", {"ACCEPTED", "IN_PROGRESS"}),
        ("extend", {"ACCEPTED", "IN_PROGRESS"}),
        ("resolve", {"ACCEPTED", "IN_PROGRESS"}),
        ("rate", {"RESOLVED", "CLOSED"}),
        ("reopen", {"RESOLVED", "RATED", "CLOSED"}),
        ("close", {"RATED"}),
        ("cancel", {"SUBMITTED", "DISPATCHED", "RETURNED", "ACCEPTED", "IN_PROGRESS"}),
    ],
)
@pytest.mark.covers("P9")
def test_an_action_is_possible_in_its_states_only(action, states):
    for state in STATES:
        if state in states:
            rules.requests.check(action, state)
        else:
            with pytest.raises(StateConflict):
                rules.requests.check(action, state)


def candidate(name, duty="PROPERTY_STAFF", **more):
    given = {"on_shift": True, "same_grid": True, "open_requests": 0, "dispatched_at": None}
    return Candidate(name, "per_" + name, duty, **(given | more))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({}, {"on_shift": False}),
        ({"open_requests": 1}, {"open_requests": 2}),
        ({}, {"dispatched_at": datetime(2025, 3, 1, tzinfo=UTC)}),
        (
            {"dispatched_at": datetime(2025, 3, 1, tzinfo=UTC)},
            {"dispatched_at": datetime(2025, 3, 2, tzinfo=UTC)},
        ),
        ({"duty": "PROPERTY_STAFF"}, {"duty": "COMMUNITY_CADRE"}),
        ({"duty": "COMMUNITY_CADRE"}, {"duty": "PROPERTY_STAFF", "on_shift": False}),
        ({"duty": "COMMUNITY_CADRE"}, {"duty": "COMMUNITY_CADRE", "same_grid": False}),
    ],
)
def test_who_gets_a_request(better, worse):
    duties = ("PROPERTY_STAFF", "COMMUNITY_CADRE")
    # The worse one has the smaller id, so that the id does not decide.
    pair = [candidate("b", **better), candidate("a", **worse)]
    assert rules.routing.choose(pair, duties).steward_id == "b"
    assert rules.routing.choose(list(reversed(pair)), duties).steward_id == "b"


def test_equal_candidates_go_by_id_and_property_staff_stay_in_their_grid():
    duties = ("PROPERTY_STAFF", "COMMUNITY_CADRE")
    assert rules.routing.choose([candidate("b"), candidate("a")], duties).steward_id == "a"
    assert rules.routing.choose([candidate("a", same_grid=False)], duties) is None


@pytest.mark.parametrize(
    ("category", "options", "duties"),
    [
        ("WATER", {}, ("WATER", "PROPERTY_STAFF")),
        ("WATER", {"indoor": True}, ("PROPERTY_STAFF", "WATER")),
        ("LIFT", {}, ("PROPERTY_STAFF", "COMMUNITY_CADRE")),
        ("LIFT", {"has_project": False}, ("PROPERTY_STAFF", "GRID_WORKER", "COMMUNITY_CADRE")),
        ("NOISE", {}, ("GRID_WORKER", "BUILDING_HEAD", "POLICE")),
        ("FRAUD", {}, ("POLICE", "GRID_WORKER")),
        ("POLICY", {}, ("COMMUNITY_CADRE", "GRID_WORKER")),
        ("PROPERTY_SERVICE", {}, ("COMMUNITY_CADRE",)),
        ("FIRE_LANE", {}, ("GRID_WORKER",)),
        ("LIFT", {"cadre_only": True}, ("COMMUNITY_CADRE",)),
    ],
)
def test_which_duties_take_a_category(category, options, duties):
    given = {"has_project": True, "indoor": False, "cadre_only": False} | options
    own = rules.standards.shipped().known(category).duties
    assert tuple(rules.routing.duties_for(category, own, **given)) == duties


@pytest.mark.covers("E15")
def test_the_three_rates_are_exact():
    counts = rules.rates.Counts(
        contacts_due=160, contacted_on_time=158, rated=80, solved=70, satisfied=74, closed=160
    )
    rates = rules.rates.three_rates(counts)
    shown = {name: percent(value) for name, value in rates.items()}
    assert shown == {
        "M-03": "98.75",
        "M-04": "87.50",
        "M-06": "92.50",
        "M-07": "91.75",
        "coverage": "50.00",
    }
    assert rates["M-07"] == Fraction(9175, 10000)


def test_nothing_counted_is_unknown_and_never_a_number():
    rates = rules.rates.three_rates(rules.rates.Counts(0, 0, 0, 0, 0, 0))
    assert set(rates.values()) == {None}
    assert percent(None) is None
    assert percent(Fraction(1, 800)) == "0.13"  # 0.125 rounds half up


@pytest.mark.covers("E12")
def test_a_visit_counts_in_its_month_until_that_month_is_cut_off():
    occurred = local("2025-03-31T22:00")
    before, after = local("2025-04-02T10:00"), local("2025-04-03T09:00")
    assert rules.hours.counting_period(occurred, before, CALENDAR) == ("2025-03", False)
    assert rules.hours.counting_period(occurred, after, CALENDAR) == ("2025-04", True)


def test_every_text_has_its_english():
    texts = [
        kind.text
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, Refusal)
        and kind.__module__ == errors.__name__
    ]
    said = [rules.words.VACANT, rules.words.UNNAMED, rules.words.UNCOVERED]
    for text in [*texts, *WHAT.values(), *said]:
        assert text.english, text


def test_no_column_holds_what_must_not_be_known():
    forbidden = (
        "ethnic", "religio", "health", "income", "biometr", "track", "political", "birth_date",
    )  # fmt: skip
    source = storage.metadata.tables
    names = [f"{table}.{column.name}" for table, made in source.items() for column in made.columns]
    assert len(names) > 300
    assert [name for name in names if any(word in name for word in forbidden)] == []
