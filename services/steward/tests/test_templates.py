"""Replies by templates: of a category or for all, filled from the request, in versions."""

import pytest

from fivered.chassis.refusal import NotFound, NumberOfAPerson, RoleDenied, StateConflict
from fivered.services.steward.errors import templates
from fivered.services.steward.tests.ground import (
    COMMUNITY,
    GRID,
    LI,
    OTHER_CADRE,
    POLICE,
    STREET_SCOPE,
    WANG,
)
from fivered.services.steward.tests.test_desk import Someone, staffed  # noqa: F401

pytestmark = pytest.mark.slow

ZH = "您的诉求 {number}({category})已订配件,{duty}预计 {due} 前办结。"
EN = "The part for {number} ({category}) is ordered."


def test_a_reply_by_template_is_filled_and_says_its_version(staffed):  # noqa: F811
    """ROWS 10.8: no reply templates."""
    cadre = Someone(staffed, OTHER_CADRE, "R_CADRE", COMMUNITY)
    body = {"area": COMMUNITY, "category": "REPAIR_COMMON", "title": "配件已订", "text_zh": ZH}
    with pytest.raises(templates.UnknownPlace) as refused:
        cadre.do("add_template", body | {"text_zh": "{reporter_name} 您好"})
    assert refused.value.params["place"] == "reporter_name"
    with pytest.raises(templates.UnknownPlace):
        cadre.do("add_template", body | {"text_en": "half a {brace"})
    with pytest.raises(NumberOfAPerson):
        cadre.do("add_template", body | {"text_zh": "请致电 12812345678"})
    with pytest.raises(RoleDenied):
        cadre.do("add_template", body | {"area": STREET_SCOPE})
    own = cadre.do("add_template", body | {"text_en": EN})
    everywhere = Someone(staffed, LI, "R_STREET", STREET_SCOPE).do(
        "add_template", {"area": STREET_SCOPE, "title": "通用", "text_zh": "已收悉,{state}。"}
    )
    other = cadre.do("add_template", body | {"category": "LIFT", "title": "电梯"})
    row = staffed.submit(text="楼道灯不亮")
    handler = Someone(staffed, staffed.handler_of(row))
    fitting = handler.ask("request_templates", {"request_id": row["id"]})["items"]
    assert [one["id"] for one in fitting] == [own["id"], everywhere["id"]]
    assert row["number"] in fitting[0]["text_zh"] and "物业" in fitting[0]["text_zh"]
    assert all("{" not in one["text_zh"] for one in fitting)
    order = {"request_id": row["id"], "template_id": own["id"], "language": "both"}
    assert handler.do("reply_by_template", order)["kind"] == "REPLY"
    resident = Someone(staffed, WANG, "R_RESIDENT", COMMUNITY)
    (note,) = resident.ask("request_notes", {"request_id": row["id"]})["items"]
    assert note["text"].splitlines()[1].startswith(f"The part for {row['number']} (")
    # Changed: the next reply has the new text, the timeline says which one it was.
    changed = cadre.do(
        "change_template", {"template_id": own["id"], "title": "已订", "text_zh": "{number} 已订"},
        version=1,
    )  # fmt: skip
    with pytest.raises(templates.TemplateUnfit):
        handler.do("reply_by_template", order | {"template_id": other["id"]})
    cadre.do(
        "change_template",
        {"template_id": own["id"], "title": "已订", "text_zh": "{number} 已订",
         "category": "REPAIR_COMMON"},
        version=changed["version"],
    )  # fmt: skip
    with pytest.raises(templates.NoEnglish):
        handler.do("reply_by_template", order)
    handler.do("reply_by_template", order | {"language": "zh"})
    steps = handler.ask("timeline", {"request_id": row["id"]})["items"]
    used = [one["detail"]["template_version"] for one in steps if one["action"] == "reply"]
    assert used == [1, 3]
    versions = handler.ask("template_versions", {"template_id": own["id"]})["items"]
    assert [one["version"] for one in versions] == [3, 2, 1] and versions[2]["text_zh"] == ZH
    # Neither the reporter nor a steward who has no part in it answers in the case's name.
    for who in (POLICE, LI):
        with pytest.raises(NotFound):
            Someone(staffed, who).do("reply_by_template", order | {"language": "zh"})
    with pytest.raises(NotFound):
        Someone(staffed, POLICE).ask("request_templates", {"request_id": row["id"]})
    ended = cadre.do("end_template", {"template_id": own["id"]}, version=3)
    with pytest.raises(StateConflict):
        cadre.do("end_template", {"template_id": own["id"]}, version=ended["version"])
    with pytest.raises(templates.TemplateUnfit):
        handler.do("reply_by_template", order | {"language": "zh"})
    asked = {"state": "ACTIVE", "total": True}
    found = Someone(staffed, staffed.handler_of(row), "R_STEWARD", GRID).ask(
        "reply_templates", asked
    )
    assert [one["id"] for one in found["items"]] == [everywhere["id"], other["id"]]
