"""Subjects that are closed: told, opened again, and not scored for what is done meanwhile."""

import pytest

from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.credit.errors import ConflictOfInterest, SubjectClosed, TextTooShort
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_exclusion import overdue

STREET, DISTRICT = "370811015", "370811"
MER = "MER:mer_1"


def credit_stage(bench):
    bench.at("2025-03-03T10:00")
    stage.rules(bench)
    stage.register(bench, "per_owner")
    street(bench).do(
        "open_subject",
        {"kind": "MER", "ref": "mer_1", "area": stage.COMMUNITY, "holder": "per_owner"},
    )


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def street(bench, person="per_street"):
    return bench.as_("R_STREET", person=person, scope=STREET)


def close(bench, version=1):
    return street(bench).do("close_subject", {"subject_id": MER}, version=version)


def reopen(bench, version=2, reason="已恢复营业,现场核查属实"):
    return street(bench).do(
        "reopen_subject", {"subject_id": MER, "reason": reason}, version=version
    )


def told(bench, person="per_owner"):
    bench.as_("R_RESIDENT", person=person)
    return [(one["code"], one["text"]) for one in bench.ask("messages")["items"]]


def propose(bench, at, rule="R-MER-06", evidence="JL-1", subject=MER):
    return bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY).do(
        "propose_award",
        {
            "subject": subject,
            "rule_code": rule,
            "occurred_at": stage.moment(at).isoformat(),
            "evidence": [evidence],
        },
    )


def test_a_merchant_that_was_closed_is_opened_again_and_who_speaks_for_it_is_told(credit):
    """It could not come back, opening it anew said CLOSED as if it had worked, and nobody heard."""
    bench = credit
    bench.at("2025-03-10T10:00")
    close(bench)
    code, text = told(bench)[0]
    assert (code, "2025-03-10" in text) == ("SUBJECT_CLOSED", True)
    again = {"kind": "MER", "ref": "mer_1", "area": stage.COMMUNITY}
    with pytest.raises(SubjectClosed) as refused:
        street(bench).do("open_subject", again)
    assert refused.value.params["since"] == "2025-03-10"
    bench.at("2025-03-20T10:00")
    with pytest.raises(TextTooShort):
        reopen(bench, reason="好")
    assert reopen(bench) == {"id": MER, "state": "ACTIVE", "version": 3}
    code, text = told(bench)[0]
    assert (code, "已恢复营业" in text) == ("SUBJECT_REOPENED", True)
    with pytest.raises(StateConflict):
        reopen(bench, version=3)
    street(bench).do("open_subject", again)
    assert street(bench).ask("subject", {"subject_id": MER})["state"] == "ACTIVE"


def test_only_an_office_that_covers_it_and_speaks_not_for_it_opens_it_again(credit):
    bench = credit
    close(bench)
    order = {"subject_id": MER, "reason": "已恢复营业,现场核查属实"}
    with pytest.raises(RoleDenied):
        bench.as_("R_STREET", person="per_far", scope="370811009").do(
            "reopen_subject", order, version=2
        )
    with pytest.raises(ConflictOfInterest):
        street(bench, "per_owner").do("reopen_subject", order, version=2)
    with pytest.raises(NotFound):
        street(bench).do("reopen_subject", order | {"subject_id": "MER:mer_9"}, version=1)
    stage.project(bench)
    with pytest.raises(StateConflict):
        street(bench).do("reopen_subject", order | {"subject_id": "PRJ:prj_1"}, version=3)


def test_what_a_merchant_does_after_its_closing_day_is_refused_and_says_why(credit):
    """It was scored on, and stood against it when it came back."""
    bench = credit
    bench.at("2025-03-10T10:00")
    close(bench)
    bench.at("2025-03-21T10:00")
    with pytest.raises(SubjectClosed) as refused:
        propose(bench, "2025-03-12T09:00")
    assert refused.value.params == {"subject": MER, "since": "2025-03-10"} | refused.value.params
    # What it did before it was closed is still decided.
    assert propose(bench, "2025-03-09T09:00")["state"] == "PROPOSED"
    reopen(bench)
    with pytest.raises(SubjectClosed):
        propose(bench, "2025-03-12T09:00", evidence="JL-2")
    bench.at("2025-03-25T10:00")
    assert propose(bench, "2025-03-24T09:00", evidence="JL-3")["state"] == "PROPOSED"


def ends(bench, at="2025-03-15T10:00"):
    """Property tells that the project is closed."""
    bench.consume(
        "property",
        "project_registered.v1",
        {
            "project_id": "prj_1",
            "company_id": "pco_1",
            "community": stage.COMMUNITY,
            "grids": [stage.COMMUNITY + "001"],
            "households": 1200,
            "status": "CLOSED",
        },
        subject="prj_1",
        sequence=9,
        occurred_at=stage.moment(at),
        scope=stage.COMMUNITY,
    )


def heard(bench, order, at):
    bench.deliver([overdue(bench, "S3", order=order, at=at)])


def awarded(bench):
    return bench.rows(
        "SELECT deed, state, reason FROM awards WHERE rule_code = 'R-PRJ-12' ORDER BY deed"
    )


VOID = [
    {"deed": "zg_1", "state": "PROPOSED", "reason": None},
    {"deed": "zg_2", "state": "REVERSED", "reason": "SUBJECT_CLOSED"},
]


@pytest.mark.parametrize("late", [False, True])
def test_what_happens_after_the_month_in_which_a_project_closed_does_not_count(credit, late):
    """In whatever order it is told, and a person who asks reads why."""
    bench = credit
    stage.project(bench)
    bench.at("2025-04-12T10:00")
    if not late:
        ends(bench)
    heard(bench, "zg_1", "2025-03-20T10:00")
    heard(bench, "zg_2", "2025-04-10T10:00")
    if late:
        assert [one["state"] for one in awarded(bench)] == ["PROPOSED", "PROPOSED"]
        ends(bench)
    assert awarded(bench) == VOID
    (found,) = bench.rows("SELECT award_id FROM awards WHERE deed = 'zg_2'")
    card = street(bench).ask("award", {"award_id": str(found["award_id"])})
    assert "已注销" in card["why"]["last_word"]
    messages = bench.rows("SELECT code FROM messages WHERE code = 'DEDUCTION_PROPOSED'")
    assert len(messages) == (2 if late else 1)


def test_what_a_project_did_before_it_served_again_stays_out_and_the_rest_counts(credit):
    bench = credit
    stage.project(bench)
    ends(bench)
    bench.at("2025-05-12T10:00")
    bench.consume(
        "property",
        "project_registered.v1",
        {
            "project_id": "prj_1",
            "company_id": "pco_1",
            "community": stage.COMMUNITY,
            "grids": [stage.COMMUNITY + "001"],
            "households": 1200,
            "status": "IN_SERVICE",
        },
        subject="prj_1",
        sequence=10,
        scope=stage.COMMUNITY,
    )
    heard(bench, "zg_1", "2025-05-13T10:00")
    heard(bench, "zg_2", "2025-04-10T10:00")
    assert awarded(bench) == VOID
