"""A token outlives its bearer's registration; the bearer's voice does not."""

import uuid

import pytest

from fivered.chassis.i18n import problem_of
from fivered.chassis.refusal import NotFound
from fivered.services.credit import errors
from fivered.services.credit.service import Credit
from fivered.services.credit.tests import stage
from testkit.callers import admitted, commands_of

DEAD, TWIN, AWAY = "per_dead", "per_twin", "per_away"


def told(bench, fact, person, **data):
    bench.consume(
        "steward", fact, {"person_id": person} | data, subject=person, sequence=5, scope=stage.GRID
    )


@pytest.fixture
def credit(bench):
    bench.at("2025-03-03T10:00")
    stage.rules(bench)
    for person in (DEAD, TWIN, AWAY, "per_a"):
        stage.resident(bench, person)
    told(bench, "resident_deactivated.v1", DEAD, reason="DECEASED")
    told(bench, "resident_deactivated.v1", AWAY, reason="MOVED_OUT")
    told(bench, "person_merged.v1", TWIN, into="per_a", community=stage.COMMUNITY)
    return bench


@pytest.mark.parametrize(
    ("who", "refusal"), [(DEAD, errors.CallerDeceased), (TWIN, errors.CallerMerged)]
)
def test_no_command_is_taken_from_the_dead_nor_from_an_id_that_was_given_up(credit, who, refusal):
    """Each door had a check of its own or none: the dead proposed, approved and withdrew."""

    def look(refused):
        assert problem_of(refused, "fivered.services.credit")["code"].startswith("HOLDER_")

    assert admitted(credit, who, stage.COMMUNITY, refusal, look=look) == []
    assert {"withdraw_consent", "file_objection", "approve_award", "nominate"} <= set(
        commands_of(Credit)
    )


def test_a_dead_officials_token_approves_nothing(credit):
    made = credit.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY).do(
        "propose_award",
        {
            "subject": "RES:per_a",
            "rule_code": "R-RES-11",
            "occurred_at": credit.now.isoformat(),
            "evidence": ["TJ-1"],
        },
    )
    credit.as_("R_SECRETARY", person=DEAD, scope=stage.COMMUNITY)
    with pytest.raises(errors.CallerDeceased):
        credit.do("approve_award", {"award_id": made["id"]}, version=1)
    assert credit.rows("SELECT state FROM awards") == [{"state": "PROPOSED"}]


def test_who_has_moved_away_is_heard_about_what_stands_here(credit):
    credit.as_("R_RESIDENT", person=AWAY, scope=stage.GRID)
    order = {"target": "AWARD", "target_id": str(uuid.uuid4()), "text": "这项赋分不是我的行为。"}
    with pytest.raises(NotFound):
        credit.do("file_objection", order)
