"""A deadline that rests on a year whose calendar nobody knows is marked, and told when it moves."""

import pytest

from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import STREET, award, final_month

pytestmark = pytest.mark.slow

# Invented: no notice of the State Council.
YEAR = {
    "year": 2027,
    "off": ["2027-01-01", "2027-01-04", "2027-01-05", "2027-05-01", "2027-10-01"],
    "make_up": [],
    "source": "年度安排(示例)",
}
FILED = {"text": "当日不在班,派单有误", "target": "AWARD"}


def december_stage(bench):
    bench.at("2026-09-10T09:00")
    stage.rules(bench)
    stage.project(bench)
    bench.consume(
        "property",
        "project_manager_changed.v1",
        {"project_id": "prj_1", "person_id": "per_pm"},
        subject="prj_1",
        sequence=2,
        scope=stage.COMMUNITY,
    )
    bench.award_id = award(
        bench, "PRJ:prj_1", "R-PRJ-16", propose="R_STREET", approve="R_DISTRICT", deed="CF-1"
    )
    final_month(bench, "2026-09")
    bench.at("2026-12-30T10:00")


@pytest.fixture
def december(bench):
    return bench.staged(december_stage)


def loaded(bench):
    said = {"subject": "calendar:2027", "scope": "370811", "sequence": 1}
    return bench.consume("steward", "calendar_year_loaded.v1", YEAR, **said)


def told(bench, code):
    items = bench.as_("R_PM", person="per_pm", scope=stage.COMMUNITY).ask("messages")["items"]
    return [one for one in items if one["code"] == code]


def manager(bench):
    return bench.as_("R_PM", person="per_pm", scope=stage.COMMUNITY)


def street(bench, person="per_street9"):
    return bench.as_("R_STREET", person=person, scope=STREET)


def test_an_objection_over_the_turn_of_the_year_is_provisional_until_the_year_is_known(december):
    bench = december
    filed = manager(bench).do("file_objection", FILED | {"target_id": bench.award_id})
    accepted = street(bench).do("accept_objection", {"objection_id": filed["id"]}, version=1)
    assert accepted["provisional"] == ["due"]
    card = manager(bench).ask("objection", {"objection_id": filed["id"]})
    assert "decide_due" in card["provisional"]
    (news,) = told(bench, "OBJECTION_ACCEPTED")
    assert "暂定" in news["text"]
    assert "provisional" in news["text_en"]
    loaded(bench)
    (news,) = told(bench, "OBJECTION_ACCEPTED")
    assert "暂定" not in news["text"]
    after = manager(bench).ask("objection", {"objection_id": filed["id"]})
    assert "provisional" not in after
    assert after["decide_due"] > card["decide_due"]
    (moved,) = told(bench, "DEADLINE_MOVED")
    assert moved["ref"] == filed["id"]


def test_where_an_office_applied_the_organisation_learns_of_the_later_date_too(december):
    """Only the official was told."""
    bench = december
    paper = {"text": "问题已全部整改完毕。", "evidence": ["ZG-2026-001"]}
    made = street(bench, "per_paper").do("apply_for_repair", paper | {"award_id": bench.award_id})
    loaded(bench)
    assert [one["ref"] for one in told(bench, "DEADLINE_MOVED")] == [made["id"], made["id"]]
    own = street(bench, "per_paper").ask("messages")["items"]
    assert {one["ref"] for one in own} == {made["id"]}
