"""Which rule sets may be loaded: RC-2025.1 may; each refusal is provoked once."""

import re

import pytest

from fivered.chassis import i18n
from fivered.services.credit import errors
from fivered.services.credit.rules import errors as rules_errors
from fivered.services.credit.rules import loader
from fivered.services.credit.rules.model import DIMENSIONS
from fivered.services.credit.rules.producing import PRODUCERS, EventType

SHIPPED = loader.shipped("RC-2025.1")
PLACE = {rule["code"]: place for place, rule in enumerate(SHIPPED["rules"])}


def altered(which, **changes):
    """The shipped set with one rule changed; the rest is shared with it."""
    rules = [*SHIPPED["rules"]]
    place = PLACE[which]
    rules[place] = rules[place] | changes
    return SHIPPED | {"rules": rules}


NOON = "2025-03-03T12:00:00+08:00"


def case(**given):
    """One worked case of one fact that gives nothing."""
    return [{"text": "算例", "given": [given], "score": 0, "points": 0}]


def bound(code, event, subject, **changes):
    return altered(code, binding={"event": event, "subject": subject}, source="AUTO", **changes)


@pytest.mark.covers("C2", "C3")
def test_the_shipped_rule_set_loads_with_all_77_rules_of_eight_kinds_and_three_dimensions():
    rule_set = loader.load(SHIPPED)
    assert rule_set.code == "RC-2025.1"
    assert len(rule_set.rules) == 77
    counts = {}
    for rule in rule_set.rules:
        counts[rule.kind] = counts.get(rule.kind, 0) + 1
    assert counts == {
        "RES": 15, "HH": 7, "PRJ": 20, "PCO": 3, "MER": 10, "STW": 11, "PTN": 7, "UNT": 4
    }  # fmt: skip
    assert {rule.dimension for rule in rule_set.rules} == set(DIMENSIONS)
    assert len(rule_set.instruments) == 3


@pytest.mark.covers("C3")
def test_every_rule_cites_its_instrument_and_an_article_that_no_other_rule_has():
    rule_set = loader.load(SHIPPED)
    places = {(rule.instrument, rule.article.number) for rule in rule_set.rules}
    assert len(places) == 77
    assert all(rule.article.text and rule.article.basis for rule in rule_set.rules)


@pytest.mark.covers("REQ-L01", "REQ-L02")
def test_no_rule_of_the_shipped_set_takes_anything_from_a_resident_or_household():
    persons = [rule for rule in loader.load(SHIPPED).rules if rule.kind in ("RES", "HH")]
    assert persons
    assert not any(rule.negative for rule in persons)


@pytest.mark.covers("REQ-L04")
def test_every_deduction_states_its_severity_and_serious_ones_need_a_document_and_a_person():
    for rule in loader.load(SHIPPED).rules:
        assert (rule.severity is not None) == rule.negative
        assert rule.requires_legal_document == (rule.severity == "SERIOUS")
        assert rule.human or rule.severity in (None, "MINOR")


@pytest.mark.covers("REQ-L16")
def test_blood_and_gifts_give_score_and_no_points():
    rule_set = loader.load(SHIPPED)
    assert rule_set.rule("R-RES-07").points == rule_set.rule("R-RES-08").points == 0


def test_a_rule_set_that_is_not_shipped_is_not_found_and_no_path_leads_out_of_the_folder():
    for code in ("RC-1999.1", "../pyproject", "/etc/hostname"):
        with pytest.raises(FileNotFoundError):
            loader.shipped(code)


RESIDENT_LOSES = bound("R-RES-02", "forum.topic_adopted.v1", "RES:{proposer}", score=-1)

REFUSED = [
    ("a deduction for a resident", RESIDENT_LOSES, rules_errors.NegativeRuleForPerson, "R-RES-02"),
    (
        "a deduction in a level of a rule for households",
        altered(
            "R-HH-05", levels=[{"code": "STREET", "name_zh": "街道", "score": -1, "points": 0}]
        ),
        rules_errors.NegativeRuleForPerson,
        "R-HH-05",
    ),
    (
        "a veto for a resident",
        altered("R-RES-06", type="VETO", levels=[]),
        rules_errors.NegativeRuleForPerson,
        "R-RES-06",
    ),
    (
        "a deduction for filing a complaint, although it falls on another",
        bound("R-PRJ-12", "property.complaint_accepted.v1", "PRJ:{project_id}"),
        rules_errors.DeductionFromOwnAct,
        "R-PRJ-12",
    ),
    (
        "a deduction for submitting a request",
        bound("R-MER-06", "steward.request_submitted.v1", "MER:{reporter_id}"),
        rules_errors.DeductionFromOwnAct,
        "R-MER-06",
    ),
    (
        "a deduction for objecting",
        bound("R-UNT-04", "credit.objection_filed.v1", "UNT:{subject}"),
        rules_errors.DeductionFromOwnAct,
        "R-UNT-04",
    ),
    (
        "a deduction for taking part in deliberation",
        bound("R-STW-04", "forum.attendance_recorded.v1", "STW:{person_id}"),
        rules_errors.DeductionFromOwnAct,
        "R-STW-04",
    ),
    (
        "a deduction that falls on the person who rated",
        bound("R-STW-04", "steward.request_rated.v1", "STW:{rater}"),
        rules_errors.DeductionFromOwnAct,
        "R-STW-04",
    ),
    (
        "a rule for persons about petitions",
        altered("R-RES-09", public_reason="未信访"),
        rules_errors.ForbiddenTopic,
        "R-RES-09",
    ),
    (
        "a rule for persons about dogs, in English only",
        altered("R-HH-03", name_en="Keeps no dogs"),
        rules_errors.ForbiddenTopic,
        "R-HH-03",
    ),
    (
        "a deduction without severity",
        altered("R-PRJ-12", severity=None),
        rules_errors.SeverityMissing,
        "R-PRJ-12",
    ),
    (
        "SERIOUS without a document",
        altered("R-PCO-01", requires_legal_document=False),
        rules_errors.SeriousNeedsDocument,
        "R-PCO-01",
    ),
    (
        "GENERAL that no person decides",
        altered("R-PRJ-14", source="AUTO", approve=["R_SYSTEM"]),
        rules_errors.HearingMissing,
        "R-PRJ-14",
    ),
    (
        "an event that nobody says",
        bound("R-RES-02", "forum.topic_dreamt.v1", "RES:{proposer}"),
        rules_errors.UnknownEvent,
        "R-RES-02",
    ),
    (
        "a field that the event does not have",
        bound("R-RES-02", "forum.topic_adopted.v1", "RES:{neighbour}"),
        rules_errors.UnknownEvent,
        "R-RES-02",
    ),
    (
        "overlapping bands",
        altered("R-STW-02", bands=[{"ge": 95, "score": 3}, {"ge": 90, "le": 95, "score": 1}]),
        rules_errors.BandsOverlap,
        "R-STW-02",
    ),
    (
        "a cap without limit",
        altered("R-RES-02", cap={"per": "MONTH"}),
        rules_errors.CapInvalid,
        "R-RES-02",
    ),
    (
        "a cap of nothing",
        altered("R-RES-02", cap={"per": "MONTH", "count": 0}),
        rules_errors.CapInvalid,
        "R-RES-02",
    ),
    (
        "a count where only the best counts",
        altered("R-PRJ-19", cap={"per": "DEED", "count": 2}),
        rules_errors.CapInvalid,
        "R-PRJ-19",
    ),
    *(
        (f"a list as {name}", altered("R-PRJ-16", **{name: ["x"]}), rules_errors.RuleSetInvalid,
         "R-PRJ-16")
        for name in ("kind", "type", "source", "severity", "dimension")
    ),
    ("a score off every scale", altered("R-RES-03", score=10**9, cases=[]), rules_errors.RuleSetInvalid,
     "R-RES-03"),
    ("points that no column holds", altered("R-RES-03", points=2**70, cases=[]),
     rules_errors.RuleSetInvalid, "R-RES-03"),
    ("an award that never ends", altered("R-RES-03", valid_periods=10**9), rules_errors.RuleSetInvalid,
     "R-RES-03"),
    ("a code that no column holds", altered("R-RES-03", code="R-RES-" + "1" * 40),
     rules_errors.RuleSetInvalid, "R-RES-" + "1" * 40),
    ("a role that nobody has", altered("R-RES-09", propose=["R_KING"]), rules_errors.RuleSetInvalid,
     "R-RES-09"),
    ("a role that approves nothing", altered("R-RES-09", approve=["R_GRID"]),
     rules_errors.RuleSetInvalid, "R-RES-09"),
    ("the same code twice", altered("R-RES-02", code="R-RES-01"), rules_errors.DuplicateRule, "R-RES-01"),
    (
        "points for a kind that cannot spend",
        altered("R-PRJ-18", points=10),
        errors.PointsNotAllowed,
        "R-PRJ-18",
    ),
    ("points for blood", altered("R-RES-07", points=50), errors.PointsNotAllowed, "R-RES-07"),
    ("a score that its case does not know", altered("R-RES-02", score=4), rules_errors.RuleCaseFailed,
     "R-RES-02"),
    ("a cap that its case does not know", altered("R-PTN-01", cap={"per": "MONTH", "count": 9}),
     rules_errors.RuleCaseFailed, "R-PTN-01"),
    ("a tier that its case does not know",
     altered("R-RES-01", tiers={**SHIPPED["rules"][0]["tiers"], "per_day_minutes": 420}),
     rules_errors.RuleCaseFailed, "R-RES-01"),
    ("a case with a field that the event has not",
     altered("R-RES-02", cases=case(at=NOON, data={"proposed_by": "per_a"})),
     rules_errors.UnknownEvent, "R-RES-02"),
]  # fmt: skip


@pytest.mark.covers("C3", "REQ-L01", "REQ-L02", "REQ-L04", "REQ-L14")
@pytest.mark.parametrize(
    ("document", "refusal", "code"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_a_rule_set_is_refused_for(document, refusal, code):
    with pytest.raises(refusal) as refused:
        loader.load(document)
    assert refused.value.params["rule"] == code


INVALID = [
    ("a missing name", altered("R-RES-02", name_zh=None), "R-RES-02", "name_zh"),
    ("an unknown field", altered("R-RES-02", weight=3), "R-RES-02", "weight"),
    ("an unknown kind", altered("R-RES-02", kind="DOG"), "R-RES-02", "kind"),
    ("a fraction as score", altered("R-RES-02", score=1.5), "R-RES-02", "score"),
    ("a text as score", altered("R-RES-02", score="3"), "R-RES-02", "score"),
    ("a binary threshold", altered("R-STW-02", bands=[{"ge": 0.95, "score": 3}]), "R-STW-02",
     "bands[0].ge"),
    ("an empty interval", altered("R-STW-02", bands=[{"ge": 9, "le": 8, "score": 3}]), "R-STW-02",
     "bands[0].le"),
    ("an unknown operator",
     altered("R-STW-04", binding={"event": "steward.bad_rating_upheld.v1", "subject":
                                  "STW:{handler}", "when": {"handler": {"like": "x"}}}),
     "R-STW-04", "binding[0].when.handler"),
    ("levels in a fixed rule",
     altered("R-RES-02", levels=[{"code": "A", "name_zh": "甲", "score": 1, "points": 0}]),
     "R-RES-02", "levels"),
    ("a leveled rule without levels", altered("R-RES-13", levels=[]), "R-RES-13", "levels"),
    ("a band rule without metric", altered("R-STW-02", metric=None), "R-STW-02", "metric"),
    ("a manual rule with an event", altered("R-STW-04", source="MANUAL"), "R-STW-04", "source"),
    ("an automatic rule without event", altered("R-MER-01", source="AUTO"), "R-MER-01", "source"),
    ("the system as approver of a manual rule", altered("R-MER-01", approve=["R_SYSTEM"]),
     "R-MER-01", "approve"),
    ("another kind in the subject", bound("R-STW-04", "steward.bad_rating_upheld.v1",
                                          "PRJ:{handler}"), "R-STW-04", "binding.subject"),
    ("an instrument that the set does not name", altered("R-RES-02", instrument="别的办法"),
     "R-RES-02", "instrument"),
    ("excluding a rule that is not there", altered("R-PRJ-15", excludes=["R-PRJ-99"]), "R-PRJ-15",
     "excludes"),
    ("two rules that exclude each other", altered("R-PRJ-12", excludes=["R-PRJ-15"]), "R-PRJ-12",
     "excludes"),
    ("excluding what has no deed", altered("R-PRJ-15", excludes=["R-PRJ-01"]), "R-PRJ-15",
     "excludes"),
    ("severity without deduction", altered("R-PRJ-18", severity="MINOR"), "R-PRJ-18", "severity"),
    ("points below zero", altered("R-RES-02", points=-5), "R-RES-02", "points"),
    ("rising tiers that do not rise",
     altered("R-RES-01", tiers={**SHIPPED["rules"][0]["tiers"], "steps":
                                [{"to_minutes": 60, "minutes": 1}, {"to_minutes": 30, "minutes": 1},
                                 {"minutes": 1}]}), "R-RES-01", "tiers.steps"),
    ("a case without facts", altered("R-RES-02", cases=[{"text": "x", "given": [], "score": 0,
                                                         "points": 0}]),
     "R-RES-02", "cases[0].given"),
    ("a case at a time without offset", altered("R-RES-02", cases=case(at="2025-03-01T10:00:00")),
     "R-RES-02", "cases[0].given[0].at"),
    ("a case at no time", altered("R-RES-02", cases=case(data={"proposer": "per_a"})), "R-RES-02",
     "cases[0].given[0].at"),
    ("a case of an event that the rule does not hear",
     altered("R-RES-02", cases=case(at=NOON, event="forum.attendance_recorded.v1")),
     "R-RES-02", "cases[0].given[0].event"),
    ("a measured case without its month", altered("R-PRJ-01", cases=case(at=NOON)), "R-PRJ-01",
     "cases[0].given[0].period"),
    ("a case by hand with an event's data",
     altered("R-RES-06", cases=case(at=NOON, data={"x": 1})), "R-RES-06", "cases[0].given[0]"),
    ("a case of values that cannot be compared",
     altered("R-PRJ-01", cases=case(period="2025-03", data={
         "project_id": "prj_a", "in_service": True, "requests": "many"})),
     "R-PRJ-01", "cases[0]"),
]  # fmt: skip


@pytest.mark.covers("C3")
@pytest.mark.parametrize(
    ("document", "code", "at"), [row[1:] for row in INVALID], ids=[row[0] for row in INVALID]
)
def test_an_error_names_the_rule_the_field_and_what_was_expected_for(document, code, at):
    with pytest.raises(rules_errors.RuleSetInvalid) as refused:
        loader.load(document)
    assert refused.value.params["rule"] == code
    assert refused.value.params["at"] == at
    assert refused.value.params["expected"]
    assert code in str(refused.value)


@pytest.mark.parametrize("document", [None, [], "RC-2025.1", {}, {"rules": []}])
def test_what_is_no_rule_set_at_all_is_refused(document):
    with pytest.raises(rules_errors.RuleSetInvalid):
        loader.load(document)


@pytest.mark.parametrize("refusal", sorted({row[2] for row in REFUSED}, key=lambda r: r.code))
def test_every_refusal_of_a_rule_set_can_be_read_in_english(refusal):
    assert i18n.english("fivered.services.credit", refusal.text) != refusal.text
    names = re.compile(r"\{\w+\}")
    english = i18n.english("fivered.services.credit", refusal.text)
    assert sorted(names.findall(english)) == sorted(names.findall(refusal.text))


def test_a_rule_set_begins_with_a_month():
    with pytest.raises(rules_errors.RuleSetInvalid):
        loader.load({**SHIPPED, "effective_from": "2025-01-02"})


def test_a_reversal_names_an_event_a_field_and_rules_that_exist():
    good = SHIPPED["reversals"][0]
    for bad in ({"event": "property.nothing.v1"}, {"deed": "{nothing}"}):
        with pytest.raises(rules_errors.UnknownEvent):
            loader.load({**SHIPPED, "reversals": [{**good, **bad}]})
    with pytest.raises(rules_errors.RuleSetInvalid):
        loader.load({**SHIPPED, "reversals": [{**good, "rules": ["R-PRJ-99"]}]})


@pytest.mark.covers("C3", "N4")
def test_every_type_of_rule_has_a_worked_case_in_the_shipped_set():
    rules = loader.load(SHIPPED).rules
    assert {rule.type for rule in rules if rule.cases} == {rule.type for rule in rules}


@pytest.mark.covers("N5", "REQ-L14")
def test_no_deduction_at_all_can_be_bound_to_any_act_of_filing():
    filing = [name for name, known in PRODUCERS.items() if known.filing]
    assert filing
    for event in filing:
        for field in sorted(PRODUCERS[event].fields):
            with pytest.raises(rules_errors.DeductionFromOwnAct):
                loader.load(bound("R-MER-06", event, f"MER:{{{field}}}"))


def test_another_list_of_producing_events_can_be_given():
    document = bound("R-MER-09", "market.list_published.v1", "MER:{merchant}")
    with pytest.raises(rules_errors.UnknownEvent):
        loader.load(document)
    market = {"market.list_published.v1": EventType(frozenset({"merchant"}))}
    assert loader.load(document, PRODUCERS | market)
