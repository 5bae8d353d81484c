"""What a refusal says of a state, duty, role or category is a word of its language."""

import re
import typing

import pytest

from fivered.chassis.i18n import problem_of, vocabulary, word
from fivered.chassis.refusal import Refusal, RoleDenied, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.rules.routing import CATEGORIES, DUTIES
from fivered.services.steward.tests.ground import COMMUNITY, GRID, LI, OTHER_CADRE, STW_CADRE, WANG
from fivered.services.steward.views import cases

HAN = re.compile("[\u4e00-\u9fff]")
CODES = {"state", "role", "roles", "duty", "duties", "type", "category", "kind"}
STATES = {
    *typing.get_args(cases.State),
    *("ACTIVE", "MOVED_OUT", "DECEASED", "MERGED", "SUSPENDED", "LEFT"),
    *("PLANNED", "ATTENDED", "MISSED", "RECORDED", "CONFIRMED", "PENDING", "TRUE", "FALSE"),
    *("PROPOSED", "REJECTED", "LOADED"),
}
ROLES = {name for name in vocabulary("fivered.chassis") if name.startswith("R_")}
KINDS = {"DISTRICT", "STREET", "TOWN", "COMMUNITY", "GRID", "AREA"}


@pytest.mark.parametrize(
    "name", sorted({*STATES, *KINDS, *DUTIES, *CATEGORIES, *ROLES, "FULL_TIME", "PART_TIME"})
)
def test_every_name_has_a_word_in_each_language(name):
    told = problem_of(StateConflict(state=name), "fivered.services.steward")
    assert HAN.search(word("fivered.services.steward", name)), name
    assert name not in told["message_zh"]
    assert name not in told["message_en"]
    assert not HAN.search(told["message_en"])
    assert told["params"] == {"state": name}


def test_no_refusal_says_a_code_in_a_sentence():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    bare = [
        (kind.__name__, name)
        for kind in kinds
        if issubclass(kind, Refusal)
        for name in re.findall(r"\{(\w+)\}", kind.text)
        if name in CODES - set(kind.names)
    ]
    assert bare == []


def test_states_and_roles_are_said_in_words(ground):
    """Code words in Chinese sentences, Chinese words in English ones."""
    ground.staff()
    done = ground.resolved()
    with pytest.raises(StateConflict) as refused:
        ground.step("cancel_request", done, WANG, "R_RESIDENT", COMMUNITY)
    told = problem_of(refused.value, "fivered.services.steward")
    assert told["message_zh"] == "当前状态为“已办结待评价”,不能执行此操作"
    assert told["message_en"] == "This is not possible in the state “resolved”"
    with pytest.raises(RoleDenied) as refused:
        ground.by(WANG, "R_RESIDENT", COMMUNITY).do(
            "verify_hazard", {"hazard_id": "haz_1", "verified": True}, version=1
        )
    told = problem_of(refused.value, "fivered.services.steward")
    assert told["message_zh"] == (
        "角色“居民”无权执行此操作,可执行的角色:网格员、社区两委、社区党委书记、街道经办"
    )
    assert "Grid worker, Community committee" in told["message_en"]
    assert told["params"]["roles"] == "R_GRID, R_CADRE, R_SECRETARY, R_STREET"
    order = {"request_id": ground.submit(category="WATER")["id"], "handler": STW_CADRE}
    with pytest.raises(errors.WrongDuty) as refused:
        ground.cadre().do("dispatch_request", order, version=2)
    told = problem_of(refused.value, "fivered.services.steward")
    assert told["message_zh"] == "岗位“社区两委”不承办“供水”类诉求"


def test_each_of_many_is_refused_in_words(ground):
    ground.dies(LI)
    again = {"person_id": LI, "name": "李明", "id_no": "370899195512319990", "grid": GRID,
             "synthetic": True}  # fmt: skip
    lines = ground.bench.as_("R_DISTRICT").do("register_people", {"people": [again]})["items"]
    assert "“已故”" in lines[0]["message_zh"]
    assert "dead" in lines[0]["message_en"]


def test_the_timeline_and_the_reads_say_their_codes_in_words(ground):
    """A resident read R_CADRE, DISPATCHED, OUT_OF_SCOPE and HANDLER."""
    ground.staff()
    reply = ground.submit()
    ground.by(ground.handler_of(reply)).ask("people_cards", {"ids": [WANG]})
    ground.step(
        "reject_request", reply, OTHER_CADRE, "R_CADRE", COMMUNITY, reason="OUT_OF_SCOPE",
        note="请联系供电公司",
    )  # fmt: skip
    own = ground.by(WANG, "R_RESIDENT", COMMUNITY)
    line = own.ask("timeline", {"request_id": reply["id"]})["items"][-1]
    assert (line["by_role_zh"], line["by_role_en"]) == ("社区两委", "Community committee")
    assert (line["state"], line["state_zh"], line["state_en"]) == (
        "REJECTED", "已驳回", "turned down",
    )  # fmt: skip
    assert line["reason_zh"] == "不属于受理范围"
    read = own.ask("person_reads", {})["items"][-1]
    assert (read["why"], read["why_zh"]) == ("HANDLER", "承办其诉求")
    assert read["why_en"] == "has that person's request in hand"
