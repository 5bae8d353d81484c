"""K8: a final month never changes, and what changes an open month is in its draft."""

import pytest

from services.credit.actions import verify as command
from services.credit.tests import stage
from services.credit.tests.calendar_of_months import entry_of, final_month, settlement_of
from services.credit.tests.test_awards import attended, awards_of, hours
from services.credit.tests.test_rule_sets import approve, author, consult, draft, publish, rule
from services.credit.tests.test_verify import run

ANA = "RES:per_a"


def amended(bench, changed, *, begins="2025-04-01"):
    """The district's rules with one rule changed, through all its steps."""
    made = draft(bench, effective_from=begins)
    order = {"rule_set_id": made["id"], "put": [changed]}
    made = author(bench).do("edit_rule_set", order, version=made["version"])
    made = consult(bench, made)
    bench.fire(made["due"])
    publish(bench, approve(bench, made))
    bench.fire(begins + "T00:00")


def hours_rule(*, steps, points):
    found = rule("R-RES-01")
    return found | {"tiers": found["tiers"] | {"steps": steps, "points": points}}


STRICTER = hours_rule(
    steps=[{"to_minutes": None, "minutes": 120}], points={"minutes": 30, "points": 4}
)
MORE = hours_rule(steps=[{"to_minutes": None, "minutes": 60}], points={"minutes": 30, "points": 8})


@pytest.fixture
def credit(bench):
    bench.at("2025-01-02T09:00")
    stage.rules(bench)
    stage.resident(bench, "per_a")
    with bench.transaction() as tx:
        tx.arm("cutoff", "2025-01", tx.calendar.cutoff("2025-01"))
    return bench


def a_final_january(bench):
    for record_id, minutes, day in (
        ("rec_1", 480, "2025-01-11"),
        ("rec_2", 480, "2025-01-18"),
        ("rec_3", 240, "2025-01-25"),
    ):
        bench.at(f"{day}T18:00").deliver([hours(bench, record_id, minutes, day)])
    card = final_month(bench, "2025-01")
    assert (entry_of(card, ANA)["score"], stage.balances(bench, ANA)) == (1020, (200, 0))


def pending(bench):
    rows = bench.rows("SELECT period, points FROM pendings WHERE points > 0 ORDER BY period")
    return {row["period"]: row["points"] for row in rows}


@pytest.mark.covers("C3", "E1", "N3")
@pytest.mark.parametrize(
    ("changed", "given"), [(STRICTER, (2, 32)), (MORE, (4, 64))], ids=["stricter", "more"]
)
def test_an_amended_rule_counts_only_the_deeds_of_its_own_days(credit, changed, given, monkeypatch):
    """CR-D1: the newest event's rule was applied to all records of the year."""
    bench = credit
    a_final_january(bench)
    before = awards_of(bench, ANA)
    amended(bench, changed)
    bench.at("2025-04-05T18:00").deliver([hours(bench, "rec_4", 240, "2025-04-05")])
    found = awards_of(bench, ANA)
    assert found[:3] == before
    assert [(a["score"], a["points"], a["period"]) for a in found[3:]] == [(*given, "2025-04")]
    assert stage.balances(bench, ANA) == (200, 0)
    assert pending(bench) == {"2025-04": given[1]}
    sets = bench.rows("SELECT DISTINCT day, rule_set FROM awards ORDER BY day")
    assert [row["rule_set"] for row in sets] == ["RC-2025.1"] * 3 + ["RC-2025.2"]
    stage.trial_balance(bench)
    for period in ("2025-02", "2025-03", "2025-04"):
        card = final_month(bench, period)
    assert entry_of(card, ANA)["score"] == 1020 + given[0]
    # No points stay behind in a month that is settled.
    assert pending(bench) == {}
    for period in ("2025-01", "2025-04"):
        assert run(bench, monkeypatch, period=period) == command.SOUND


@pytest.mark.covers("C3", "E1")
def test_a_record_of_before_an_amendment_is_corrected_by_the_rule_of_its_day(credit, monkeypatch):
    """CR-D1: the correction of a January record after the amendment did the same."""
    bench = credit
    a_final_january(bench)
    before = awards_of(bench, ANA)
    amended(bench, STRICTER)
    bench.at("2025-04-05T18:00").deliver(
        [
            hours(
                bench,
                "rec_2",
                420,
                "2025-01-18",
                at="2025-04-05T10:00",
                fact="corrected",
                previous=480,
            )
        ]
    )
    found = awards_of(bench, ANA)
    assert found[:3] == before
    # f(1 200) - f(1 140) is 1 by the rule of January; that of April would say 0. Its points are
    # 200 - 190 by January's rule.
    assert [(a["score"], a["points"], a["period"]) for a in found[3:]] == [(-1, -10, "2025-04")]
    assert entry_of(settlement_of(bench, "2025-01"), ANA)["score"] == 1020
    for period in ("2025-02", "2025-03", "2025-04"):
        card = final_month(bench, period)
    assert entry_of(card, ANA)["score"] == 1019
    assert run(bench, monkeypatch, period="2025-04") == command.SOUND


@pytest.mark.covers("C3", "E1")
def test_a_record_is_still_corrected_when_its_rule_has_been_dropped(credit):
    """CR-D1, the same kind: a rule that newer rules no longer have corrects what it gave."""
    bench = credit
    a_final_january(bench)
    made = draft(bench, effective_from="2025-04-01")
    order = {"rule_set_id": made["id"], "drop": ["R-RES-01"]}
    made = consult(bench, author(bench).do("edit_rule_set", order, version=made["version"]))
    bench.fire(made["due"])
    publish(bench, approve(bench, made))
    bench.fire("2025-04-05T09:00")
    wrong = hours(
        bench, "rec_2", 420, "2025-01-18", at="2025-04-05T10:00", fact="corrected", previous=480
    )
    bench.deliver([wrong, hours(bench, "rec_4", 240, "2025-04-05")])
    assert [(a["score"], a["points"]) for a in awards_of(bench, ANA)[3:]] == [(-1, -10)]


@pytest.mark.covers("C3", "C8")
def test_a_cap_of_the_year_is_that_of_each_deeds_own_day(credit, monkeypatch):
    """CR-D1, the same kind: one window, two versions of its rule. Twice a year before May; from
    May on five times."""
    bench = credit
    yearly = rule("R-RES-03", cap={"per": "YEAR", "count": 2})
    first = draft(bench, effective_from="2025-02-01")
    order = {"rule_set_id": first["id"], "put": [yearly]}
    made = consult(bench, author(bench).do("edit_rule_set", order, version=first["version"]))
    bench.fire(made["due"])
    publish(bench, approve(bench, made))
    bench.fire("2025-02-03T09:00")
    for day in (3, 4, 5):
        bench.at(f"2025-02-0{day}T21:00").deliver(
            [attended(bench, "per_a", f"2025-02-0{day}T20:00")]
        )
    assert [a["score"] for a in awards_of(bench, ANA)] == [1, 1, 0]
    final_month(bench, "2025-02")
    second = draft(bench, "2025.3", based_on="RC-2025.2", effective_from="2025-05-01")
    order = {"rule_set_id": second["id"], "put": [yearly | {"cap": {"per": "YEAR", "count": 5}}]}
    made = consult(bench, author(bench).do("edit_rule_set", order, version=second["version"]))
    bench.fire(made["due"])
    publish(bench, approve(bench, made))
    for period in ("2025-03", "2025-04"):
        final_month(bench, period)
    # Later ones first: the draft puts the window in order.
    for day in (9, 8, 7):
        bench.at(f"2025-05-{day + 10}T21:00").deliver(
            [attended(bench, "per_a", f"2025-05-0{day}T20:00")]
        )
    final_month(bench, "2025-05")
    assert [a["score"] for a in awards_of(bench, ANA)] == [1, 1, 0, 1, 1, 0]
    assert run(bench, monkeypatch, period="2025-05") == command.SOUND
