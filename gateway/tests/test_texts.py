"""What people type is made readable at the door, or refused there with its place."""

import json
from typing import Annotated, Literal
from urllib.parse import urlencode

import pytest
from msgspec import UNSET, Meta, UnsetType, field
from starlette.requests import Request

from fivered.chassis.fields import Day, Instant
from fivered.chassis.refusal import Flawed
from fivered.chassis.requests import Request as Asked
from fivered.chassis.shapes import Shape
from fivered.gateway.addressed import read_params
from fivered.gateway.app import doors_of
from fivered.gateway.bodies import whole
from fivered.gateway.errors import explain
from fivered.gateway.tests.conftest import problem_of

JSON = {"Content-Type": "application/json"}
PATH = "/v1/toy/counters"


class Order(Asked, frozen=True):
    name: Annotated[str, Meta(min_length=1)]
    items: list[dict[str, str]] = field(default_factory=list)


ORDER = Shape.of(Order)


def told(refused):
    """Return what a refusal says of each member."""
    return explain(refused, {})[0]["errors"]


def test_what_nobody_sees_is_gone_before_limits_are_looked_at():
    """IN-A18: blank is empty; the door's own limits see what is left."""
    found = whole(ORDER, '{"name":"　春晖\u200b社区 ","items":[{"note":"  "}]}'.encode())
    assert found == {"name": "春晖社区", "items": [{"note": ""}]}
    with pytest.raises(Flawed) as refused:
        whole(ORDER, '{"name":"　\u200b "}'.encode())
    (said,) = told(refused.value)
    assert (said["field"], said["message_en"]) == ("name", "must have 1 or more characters")


def test_digits_of_another_script_or_width_are_the_same_number():
    """IN-A6, SEC-H6: one code has one spelling."""
    written = ["370811０１５９０１", "٣٧٠٨١١٠١٥٩٠١", "370811015901 "]
    bodies = [json.dumps({"name": name}).encode() for name in written]
    assert {whole(ORDER, body)["name"] for body in bodies} == {"370811015901"}


@pytest.mark.parametrize("character", ["\u0007", "\u202e", "\x00"])
def test_a_character_that_hides_what_is_said_is_named_with_its_place(site, character):
    """IN-B11, SEC low 6: a title with it broke the district's feed."""
    body = {"counter_id": "c1", "amount": "x", "note": f"季度{character}之星"}
    answer = site.ask("POST", PATH, content=json.dumps(body).encode(), headers=JSON)
    assert answer.status_code == 422
    errors = {item["field"]: item for item in problem_of(answer)["errors"]}
    assert set(errors) == {"note", "amount"}
    assert f"U+{ord(character):04X}" in errors["note"]["message_zh"]
    assert f"U+{ord(character):04X}" in errors["note"]["message_en"]


@pytest.mark.parametrize("broken", ["春晖\n社区", "春晖\t社区", "春晖\r\n社区"])
def test_a_line_break_in_a_text_of_one_line_is_refused_with_its_place(broken):
    """Note 4: it was dropped without a word; prose keeps its lines."""
    with pytest.raises(Flawed) as refused:
        whole(ORDER, json.dumps({"name": broken, "items": [{"title": broken}]}).encode())
    said = {item["field"]: item for item in told(refused.value)}
    assert set(said) == {"name", "items.0.title"}
    assert said["name"]["message_zh"] == "应为一行文字,第 3 个字符处有换行或制表符"
    english = "must be one line of text: character 3 is a line break or a tab"
    assert said["name"]["message_en"] == english
    kept = whole(ORDER, json.dumps({"name": "春晖\r\n", "items": [{"note": broken}]}).encode())
    assert kept == {"name": "春晖", "items": [{"note": broken.replace("\r\n", "\n")}]}


def test_a_soft_hyphen_is_refused_and_the_form_of_a_character_is_kept():
    """Note 4"""
    with pytest.raises(Flawed) as refused:
        whole(ORDER, '{"name":"春\u00ad晖"}'.encode())
    assert "U+00AD" in told(refused.value)[0]["message_zh"]
    assert whole(ORDER, '{"name":"葛\U000e0100丽"}'.encode())["name"] == "葛\U000e0100丽"


def test_a_body_of_tens_of_thousands_of_members_is_refused_before_it_is_read(site):
    """SEC-M7: each wrong member cost time on the event loop, and only fifty are told."""
    body = {f"unknown{n}": n for n in range(40_000)}
    answer = site.ask("POST", PATH, content=json.dumps(body).encode(), headers=JSON)
    assert answer.status_code == 413
    assert problem_of(answer)["code"] == "BODY_TOO_MANY"


def test_a_line_of_a_batch_that_is_wrong_stops_no_other(site):
    """One broken date of many was refused here, and nothing of the rest was taken."""
    lines = [
        {"counter_id": "c1", "at": "2025-13-45T09:00:00", "amount": 1},
        {"counter_id": "c1", "at": "2025-01-02T09:00:00", "amount": 1},
        {"counter_id": "c1", "at": "2025-01-02T09:00:00", "amount": "1"},
        "c1",
        {"counter_id": "c\u202e1", "at": "2025-01-02T09:00:00", "amount": 1},
    ]
    answer = site.ask("POST", "/v1/toy/readings", json={"readings": lines})
    assert answer.json()["said"] == [
        "at: 应为日期时间(ISO 8601)",
        "2025-01-02T09:00:00+08:00",
        "amount: 应为整数",
        ": 应为对象",
        "counter_id: 含有不可见的控制字符 U+202E",
    ]
    answer = site.ask("POST", "/v1/toy/readings", json={"readings": [lines[0]] * 11})
    assert [one["field"] for one in problem_of(answer)["errors"]] == ["readings"]
    schemas = site.ask("GET", "/openapi.json").json()["components"]["schemas"]
    assert schemas["Reading"]["required"] == ["counter_id", "at", "amount"]


def test_a_value_that_stands_twice_in_a_set_is_refused(site):
    answer = site.ask("POST", "/v1/toy/readings", json={"readings": [], "meters": ["a", "b", "a"]})
    (said,) = problem_of(answer)["errors"]
    assert (answer.status_code, said["field"]) == (422, "meters")
    assert said["message_zh"] == "不能有重复的项"


class Which(Asked, frozen=True):
    day: Day | None = None


@pytest.mark.parametrize("day", ["2025-02-30", "9999-12-31", "0001-01-01", "２０２５-1-1"])
def test_a_day_that_does_not_exist_is_refused_where_it_is_written(day):
    """CR-D15, IN-A6"""
    asked = Request(
        {"type": "http", "headers": [], "query_string": urlencode({"day": day}).encode()}
    )
    with pytest.raises(Flawed) as refused:
        read_params(Shape.of(Which), asked)
    assert [item["field"] for item in told(refused.value)] == ["day"]


def test_each_number_of_a_person_is_named_with_its_place_in_both_languages(site):
    """FP-D6, K15: three services refused it in three ways, and others not at all."""
    words = ["好", "打１３８ １２３４－５６７８", "0537-2345678"]
    body = {"counter_id": "c1", "amount": 1, "note": "身份证37089919800305007X", "words": words}
    answer = site.ask("POST", PATH, json=body, headers={"Accept-Language": "en"})
    found = problem_of(answer)
    assert (answer.status_code, found["code"], found["guard"]) == (422, "PII_FOUND", "PII_FOUND")
    assert (found["field"], found["params"]) == ("note", {"kind": "id_no"})
    assert found["detail"] == found["message_en"] == found["errors"][0]["message_en"]
    assert [item["field"] for item in found["errors"]] == ["note", "words.1"]
    said = [(item["message_zh"], item["message_en"]) for item in found["errors"]]
    assert "身份证号码" in said[0][0]
    assert "identity number" in said[0][1]
    assert "手机号码" in said[1][0]
    assert "phone number" in said[1][1]
    for digits in ("138", "１３８", "370899"):
        assert digits not in answer.text.replace(found["trace_id"], "")
    body |= {"note": "", "words": words[::2]}
    assert site.ask("POST", PATH, json=body).status_code == 201


class Since(Asked, frozen=True):
    at: Instant | None = None
    number: int | UnsetType = UNSET
    yes: bool | UnsetType = UNSET
    few: Annotated[list[str], Meta(max_length=2)] | UnsetType = UNSET
    role: Literal["R_CADRE", "R_STREET"] | None = None
    many: Literal[
        "ACKNOWLEDGED", "ADJOURNED", "CANCELLED", "DELIBERATING", "DISCONTINUED", "DISPATCHED",
        "IMPLEMENTING", "OPINION_DRAFTED", "OPINION_DUE", "PUBLISHED_LATE", "REVIEW_REQUESTED",
        "SUBMITTED", "TERMINATED", "WITHDRAWN",
    ] | None = None  # fmt: skip


@pytest.mark.parametrize(
    ("service", "method", "field", "named"),
    [
        ("credit", "decide_objection", "outcome", "支持(UPHELD)"),
        ("steward", "submit_request", "kind", "报修(REPAIR)"),
        ("steward", "submit_request", "channel", "电话(PHONE)"),
        ("partner", "register_partner", "settle_mode", "商家让利(SPONSOR)"),
    ],
)
def test_what_may_be_sent_is_named_in_the_words_of_the_door_s_service(
    service, method, field, named
):
    """H1-8: an objection that is UPHELD was 维持, as if the decision stood; credit calls it 支持.

    A repair was one of credit (信用修复), a phone a reason to read of a person."""
    door = next(one for one in doors_of(service) if one.method == method)
    said = {one["field"]: one for one in told(door.body.refused(door.body.flaws({field: "x"})))}
    assert named in said[field]["message_zh"]


def test_what_may_be_sent_is_named_and_a_day_is_told_from_a_time():
    """C11: "应为以下之一:'R_CADRE' or 'R_STREET'", and "日期时间必须带时区" of a day."""
    with pytest.raises(Flawed) as refused:
        whole(Shape.of(Since), b'{"at":"2026-12-01","role":"R_PM","many":"X"}')
    said = {item["field"]: item for item in told(refused.value)}
    named = "应为以下之一:社区两委(R_CADRE)、街道经办(R_STREET)"
    assert said["role"]["message_zh"] == named
    assert said["role"]["message_en"].endswith(" R_CADRE, R_STREET")
    assert said["many"]["message_en"].endswith(", WITHDRAWN")
    assert said["many"]["message_zh"].endswith("(WITHDRAWN)")
    assert "带时刻和时区的日期时间" in said["at"]["message_zh"]
    assert "a time with hours and a zone" in said["at"]["message_en"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("at=2026-12-01", {"at": "2026-12-01T00:00:00+08:00"}),
        ("many=SUBMITTED", {"many": "SUBMITTED"}),
        ("at=2026-12-01T09:00", {"at": "2026-12-01T09:00:00+08:00"}),
        ("number=%20%EF%BC%92%EF%BC%90+&yes=no", {"number": 20, "yes": False}),
    ],
)
def test_what_stands_in_an_address_is_read_as_what_it_says(written, read):
    asked = Request({"type": "http", "headers": [], "query_string": written.encode()})
    assert read_params(Shape.of(Since), asked) == read


@pytest.mark.parametrize(
    ("body", "said"),
    [
        # It was taken for seconds since 1970.
        ({"at": "370811"}, {"at": "应为日期时间(ISO 8601)"}),
        ({"at": 5}, {"at": "应为日期时间(ISO 8601)"}),
        ({"at": "2025-01-15T25:00"}, {"at": "应为日期时间(ISO 8601)"}),
        ({"at": "9999-01-01T00:00:00Z"}, {"at": "年份应在 1900 至 2099 之间"}),
        ({"number": "5", "yes": 1}, {"number": "应为整数", "yes": "应为 true 或 false"}),
        # What stands in a list that is too long is of no use to who has to shorten it.
        ({"few": [1, "a", "b"]}, {"few": "至多 2 项"}),
        ({"few": [1, "a"]}, {"few.0": "应为文本"}),
        ({"number": 5.0}, {"number": "应为整数"}),
        ({"number": 1e30}, {"number": "应为整数"}),
        ({"at": None, "number": None}, {"number": "应为整数"}),
    ],
)
def test_each_thing_that_does_not_fit_is_named_once(body, said):
    flaws = Shape.of(Since).flaws(body)
    assert {one["field"]: one["message_zh"] for one in told(Shape.of(Since).refused(flaws))} == said
    assert len(flaws) == len(said)
