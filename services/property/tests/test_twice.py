"""The same thing is not made twice, and whose project it is hears of it."""

import pytest

from fivered.services.property.errors.again import ThereAlready
from fivered.services.property.tests.test_rooms import room

ORDER = {
    "project_id": "prj_a", "severity": "S3", "facts": "楼道堆放杂物", "basis": "《物业服务合同》第 12 条",
    "media": ["sha256:1"],
}  # fmt: skip


def told(bench, *kinds):
    rows = bench.rows("SELECT kind, person_id FROM told ORDER BY message_id")
    return [(row["kind"], row["person_id"]) for row in rows if row["kind"] in kinds]


def test_an_order_is_issued_once_while_it_is_open_and_its_manager_is_told(bench, town):
    town.found()
    made = town.cadre().do("issue_rectification", ORDER)
    with pytest.raises(ThereAlready) as refused:
        town.cadre("per_other").do("issue_rectification", ORDER)
    assert refused.value.params["number"] == made["number"]
    assert town.cadre().do("issue_rectification", ORDER | {"facts": "电梯间灯不亮"})
    assert told(bench, "ORDER_ISSUED") == [("ORDER_ISSUED", "per_wu")] * 2


def test_a_draft_of_one_text_waits_once(bench, town):
    town.found()
    draft = {
        "project_id": "prj_a", "type": "JOINT_BUILDING", "text_sha256": "c" * 64,
        "valid_from": "2025-04-01", "commitments": town.dated("2025-05-20"),
    }  # fmt: skip
    made = town.secretary().do("draft_agreement", draft)
    with pytest.raises(ThereAlready) as refused:
        town.secretary().do("draft_agreement", draft)
    assert refused.value.params["number"] == made["id"]
    assert town.secretary().do("draft_agreement", draft | {"type": "CREDIT_DELIBERATION"})


def test_a_complaint_is_told_to_the_manager_of_the_project_without_who_complains(bench, town):
    town.found()
    town.complain("req_1")
    assert told(bench, "COMPLAINT_NEW") == [("COMPLAINT_NEW", "per_wu")]
    (row,) = bench.rows("SELECT detail FROM told WHERE kind = 'COMPLAINT_NEW'")
    assert "per_res" not in str(row["detail"])


@pytest.fixture
def owned(bench, town):
    """A compound with a room of one owner."""
    town.found()
    town.settle("per_o1")
    town.cadre().do("register_room", room(owners=["per_o1"]))
    return town


def test_owners_hear_of_what_is_published_of_what_is_put_right_and_of_another_company(owned):
    town, bench = owned, owned.bench
    due = {"project_id": "prj_a", "kind": "FEES", "title": "一季度收支", "due_date": "2025-04-15"}
    which = {"disclosure_id": town.secretary().do("schedule_disclosure", due)["id"]}
    town.manager().do("publish_disclosure", which | {"text": "收支"}, version=1)
    right = which | {"text": "收支(更正)", "reason": "广告收入补记"}
    town.manager().do("correct_disclosure", right, version=2)
    town.hand_over("per_next", to="prj_c")
    heard = told(bench, "DISCLOSURE_NEW", "DISCLOSURE_CORRECTED", "COMPANY_CHANGED")
    assert heard == [
        ("DISCLOSURE_NEW", "per_o1"), ("DISCLOSURE_CORRECTED", "per_o1"),
        ("COMPANY_CHANGED", "per_o1"),
    ]  # fmt: skip
