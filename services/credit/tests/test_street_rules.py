"""What a street adds to the district's rules: for its own subjects, beside them, in every place
that knows rules."""

import copy

import pytest

from fivered.chassis.refusal import RoleDenied
from fivered.services.credit import errors
from fivered.services.credit.rules import errors as rules_errors
from fivered.services.credit.rules import loader, recompute
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import attended
from fivered.services.credit.tests.test_rule_sets import (
    SHIPPED,
    approve,
    author,
    consult,
    publish,
    retire,
    rule,
)
from fivered.services.credit.tests.test_settlement import (
    close_month,
    confirm,
    review,
    settlement_of,
)
from fivered.services.credit.tests.test_verify import log_of, run
from fivered.services.credit.tests.test_what_if import figures, live, replay

pytestmark = pytest.mark.slow

STREET = "370811015"
OTHER = "370811016901"


def evening(**changes):
    """An evening meeting gives a point more in this street."""
    made = rule(
        "R-RES-03",
        code="R-RES-GY-1",
        name_zh="参加夜间议事",
        cap={"per": "MONTH", "count": 2},
        cases=[
            {
                "text": "一个月内三次,计两次",
                "given": [
                    {
                        "at": f"2025-03-0{day}T20:00:00+08:00",
                        "data": {"session_id": f"ses_{day}", "person_id": "per_a"},
                    }
                    for day in (1, 2, 3)
                ],
                "score": 2,
                "points": 20,
            }
        ],
    )
    return made | changes


def merchants(**changes):
    made = rule("R-MER-06", code="R-MER-GY-1", cap={"per": "MONTH", "count": 3})
    return made | changes


def document(*rules, **changes):
    made = {name: value for name, value in SHIPPED.items() if name != "reversals"} | {
        "id": "RC-GY-2025",
        "version": "2025.1",
        "title_zh": "观音阁街道补充规则",
        "scope": STREET,
        "effective_from": "2025-03-01",
        "rules": list(rules or (evening(), merchants())),
    }
    return copy.deepcopy(made | changes)


def in_street(bench, made=None):
    """The street's set goes all the way."""
    made = author(bench).do("create_rule_set", {"document": made or document()})
    made = consult(bench, made)
    bench.fire(made["due"])
    return publish(bench, approve(bench, made))


@pytest.fixture
def credit(bench):
    """March begins with a set of the street; per_a lives in it, per_b in another street."""
    bench.at("2025-01-20T09:00:00")
    stage.rules(bench)
    in_street(bench)
    stage.resident(bench, "per_a")
    stage.register(bench, "per_b", grid=OTHER + "001")
    stage.consent(bench, "per_b")
    bench.at("2025-03-20T21:00")
    bench.deliver(
        [
            attended(bench, person, f"2025-03-{day}T20:00")
            for person in ("per_a", "per_b")
            for day in (10, 11, 12)
        ]
    )
    return bench


def given(bench):
    rows = bench.rows(
        "SELECT subject_id, rule_set, rule_code, sum(score) AS score, sum(points) AS points"
        " FROM awards GROUP BY subject_id, rule_set, rule_code ORDER BY subject_id, rule_code"
    )
    return [tuple(row.values()) for row in rows]


@pytest.mark.covers("C3", "C4")
def test_a_street_s_rules_are_for_its_own_subjects_beside_those_of_the_district(credit):
    bench = credit
    assert given(bench) == [
        ("RES:per_a", "RC-2025.1", "R-RES-03", 3, 30),
        ("RES:per_a", "RC-GY-2025.1", "R-RES-GY-1", 2, 20),
        ("RES:per_b", "RC-2025.1", "R-RES-03", 3, 30),
    ]
    public = bench.as_("R_ANONYMOUS", person="", scope="")
    here = public.ask("rules", {"at": "2025-03-01", "community": stage.COMMUNITY})
    assert (here["code"], here["street"]["code"]) == ("RC-2025.1", "RC-GY-2025.1")
    assert [one["code"] for one in here["items"]][-2:] == ["R-RES-GY-1", "R-MER-GY-1"]
    for elsewhere in ({"at": "2025-03-01"}, {"at": "2025-03-01", "community": OTHER}):
        found = bench.ask("rules", elsewhere)
        assert (found["street"], len(found["items"])) == (None, 77)
    assert bench.ask("rules", {"at": "2025-02-28", "community": stage.COMMUNITY})["street"] is None
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    shown = bench.ask("explain", {"subject_id": "RES:per_a", "period": "2025-03"})
    why = {one["why"]["rule"]: one["why"] for one in shown["awards"]}
    assert why["R-RES-GY-1"]["name"] == "参加夜间议事"
    assert why["R-RES-GY-1"]["rule_set"] == "RC-GY-2025.1"


@pytest.mark.covers("C8", "N3", "C9")
def test_the_month_of_the_street_names_both_sets_and_is_computed_again_from_its_log(
    credit, monkeypatch, capsys
):
    bench = credit
    card = close_month(bench)
    assert card["rule_set"] == "RC-2025.1+RC-GY-2025.1"
    assert settlement_of(bench, area=OTHER)["rule_set"] == "RC-2025.1"
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card)["version"])
    bench.fire("2025-04-08T10:00")
    lines, digest = log_of(bench)
    verdict = recompute.verify(lines, digest)
    assert verdict.sound, verdict.findings
    assert run(bench, monkeypatch, community=stage.COMMUNITY) == 0
    assert "verified" in capsys.readouterr().out
    bench.fire("2025-04-16T00:01")
    # 30 of the district's rule and 20 of the street's, out of one budget.
    assert stage.balances(bench, "RES:per_a") == (50, 0)
    stage.trial_balance(bench)


@pytest.mark.covers("C4", "C18")
def test_a_rule_of_a_street_is_proposed_by_hand_for_its_own_subjects_only(credit):
    bench = credit
    for subject, area in (("mer_1", stage.COMMUNITY), ("mer_2", OTHER)):
        bench.as_("R_STREET", person="per_street", scope=area[:9])
        bench.do("open_subject", {"kind": "MER", "ref": subject, "area": area})

    def propose(subject, area):
        bench.as_("R_GRID", person="per_grid", scope=area)
        order = {"subject": f"MER:{subject}", "rule_code": "R-MER-GY-1",
                 "occurred_at": "2025-03-20T10:00:00+08:00", "evidence": ["ZP-1"]}  # fmt: skip
        return bench.do("propose_award", order)

    with pytest.raises(errors.RuleNotInForce):
        propose("mer_2", OTHER)
    made = propose("mer_1", stage.COMMUNITY)
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    assert bench.do("approve_award", {"award_id": made["id"]}, version=1)["state"] == "APPROVED"
    row = bench.rows("SELECT rule_set, score FROM awards WHERE rule_code = 'R-MER-GY-1'")
    assert row == [{"rule_set": "RC-GY-2025.1", "score": -2}]


@pytest.mark.covers("N4", "C8")
def test_a_replay_of_a_street_s_draft_looks_at_its_own_subjects_and_one_of_the_district_s_keeps_it(
    credit,
):
    bench = credit
    bench.at("2025-04-02T20:00:00")
    more = document(evening(score=3, points=30, cases=[]), version="2025.2")
    made = author(bench).do(
        "create_rule_set", {"document": more | {"effective_from": "2025-05-01"}}
    )
    before = live(bench)
    result = replay(bench, made)["result"]
    assert live(bench) == before
    totals = result["totals"]
    assert (totals["subjects"], totals["gaining"]) == (1, 1)
    # The district's 3/30 on both sides; the street's 2/20 become 6/60.
    assert figures(totals) == (5, 9, 50, 90)
    assert set(result["compared_with"]) == {"RC-2025.1", "RC-GY-2025.1"}
    copy_ = author(bench).do("create_rule_set", {"version": "2025.2"})
    totals = replay(bench, copy_)["result"]["totals"]
    assert (totals["subjects"], totals["gaining"], totals["losing"]) == (2, 0, 0)
    assert figures(totals) == (8, 8, 80, 80)


@pytest.mark.covers("C3")
def test_a_street_s_set_follows_another_ends_alone_and_is_nothing_without_the_district_s(credit):
    bench = credit
    retire(bench, "RC-GY-2025.1")
    there = {"at": "2025-04-01", "community": stage.COMMUNITY}
    found = bench.ask("rules", there)
    assert (found["code"], found["street"]) == ("RC-2025.1", None)
    bench.fire("2025-04-01T00:00:00")
    assert bench.ask("rule_set", {"rule_set_id": "RC-GY-2025.1"})["state"] == "RETIRED"
    assert bench.ask("rule_set", {"rule_set_id": "RC-2025.1"})["state"] == "PUBLISHED"
    following = author(bench).do(
        "create_rule_set", {"based_on": "RC-GY-2025.1", "version": "2025.2"}
    )
    assert (following["number"], following["effective_from"]) == ("RC-GY-2025.2", "2025-05-01")
    assert bench.ask("rule_set_diff", {"rule_set_id": "RC-GY-2025.2"})["since"] == "RC-GY-2025.1"


REFUSED = {
    "a deduction from a resident": (evening(score=-1, severity="MINOR", cases=[]),
                                    rules_errors.NegativeRuleForPerson),
    "a code of the district": (evening(code="R-RES-03"), rules_errors.RuleSetInvalid),
    "letters of another street": (evening(code="R-RES-XX-1"), rules_errors.RuleSetInvalid),
    "no cap": (evening(cap=None, cases=[]), rules_errors.RuleSetInvalid),
    "a measured rule": (rule("R-PRJ-01", code="R-PRJ-GY-1"), rules_errors.RuleSetInvalid),
    "a running total": (rule("R-RES-01", code="R-RES-GY-1"), rules_errors.RuleSetInvalid),
    "a veto": (rule("R-PCO-03", code="R-PCO-GY-1"), rules_errors.RuleSetInvalid),
    "more than the district takes": (merchants(score=-11), rules_errors.RuleSetInvalid),
    "more than the district gives": (evening(score=51, cases=[]), rules_errors.RuleSetInvalid),
    "more points than the district gives": (evening(points=501, cases=[]), rules_errors.RuleSetInvalid),
    "reaching for another rule": (merchants(excludes=["R-RES-GY-1"]), rules_errors.RuleSetInvalid),
}  # fmt: skip


@pytest.mark.covers("C3", "REQ-L01", "REQ-L02")
@pytest.mark.parametrize("name", REFUSED)
def test_a_street_s_set_is_refused_for(bench, name):
    stage.rules(bench)
    wrong, refusal = REFUSED[name]
    rules = [evening(), wrong] if wrong["code"] == "R-MER-GY-1" else [wrong]
    with pytest.raises(refusal):
        author(bench).do("create_rule_set", {"document": document(*rules)})
    assert len(bench.rows("SELECT code FROM rule_sets")) == 1


@pytest.mark.covers("C3")
def test_the_header_of_a_street_s_set_says_whose_it_is(bench):
    for changes in (
        {"scope": "37081101"},
        {"id": "RC-2025"},
        {"id": "RC-GY1-2025"},
        {"reversals": SHIPPED["reversals"]},
    ):
        with pytest.raises(rules_errors.RuleSetInvalid):
            loader.load(document(**changes))
    with pytest.raises(rules_errors.RuleSetInvalid):
        # There is nothing of the district's to add to.
        author(bench).do("create_rule_set", {"document": document()})
    stage.rules(bench)
    author(bench).do("create_rule_set", {"document": document()})
    with pytest.raises(errors.RuleSetCodeTaken):
        bench.do("create_rule_set", {"document": document(scope=OTHER[:9], version="2025.2")})
    with pytest.raises(RoleDenied):
        bench.as_("R_DISTRICT", person="per_far", scope="370830").do(
            "create_rule_set", {"document": document(version="2025.3")}
        )
