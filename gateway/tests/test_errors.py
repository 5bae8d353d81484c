"""Every way in which a request can fail, as its caller sees it."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from fivered.chassis import i18n
from fivered.chassis.refusal import RoleDenied
from fivered.chassis.replies import Reply
from fivered.chassis.rpc import CallFaulted, CallRefused, OutcomeUnknown, ServiceUnavailable
from fivered.gateway.dispatch import ReplyUnexpected, check_reply
from fivered.gateway.doors import ANY, Doors
from fivered.gateway.tests.conftest import Site, problem_of

JSON = {"Content-Type": "application/json"}
PATH = "/v1/toy/counters"


def test_a_refusal_of_the_service_comes_with_its_guard_and_both_languages(site):
    zh = site.add(amount=1001)
    assert zh.status_code == 422
    found = problem_of(zh)
    assert (found["code"], found["guard"], found["field"]) == (
        "GUARD_FAILED",
        "TOO_MUCH",
        "amount",
    )
    assert found["params"] == {"limit": "1000"}
    assert found["detail"] == found["message_zh"] == "超过上限 1000"
    assert found["title"] == "条件不满足"
    assert found["instance"] == PATH
    assert zh.headers["content-language"] == "zh-CN"
    en = site.add(amount=1001, headers={"Accept-Language": "en-GB,en;q=0.9,zh;q=0.1"})
    assert problem_of(en)["title"] == "Refused by a rule"
    assert problem_of(en)["detail"] == problem_of(en)["message_en"]
    assert en.headers["content-language"] == "en"


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("", "zh-CN"),
        ("fr", "zh-CN"),
        ("en", "en"),
        ("zh;q=0.2, en;q=0.8", "en"),
        ("en;q=x", "zh-CN"),
    ],
)
def test_the_language_is_chinese_unless_english_is_preferred(site, header, lang):
    answer = site.ask("GET", "/nothing", headers={"Accept-Language": header})
    assert answer.headers["content-language"] == lang


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "BODY_UNREADABLE"),
        (b"", "VALIDATION"),
        (b"[]", "BODY_UNREADABLE"),
        (b'"x"', "BODY_UNREADABLE"),
        (b"\xff\xfe", "BODY_UNREADABLE"),
        (b'{"counter_id":"c","amount":1,"note":' + b"[" * 30 + b"]" * 30 + b"}", "BODY_TOO_DEEP"),
        (b'{"a":"' + b'\\"[{' * 1000, "BODY_UNREADABLE"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(site, content, code):
    answer = site.ask("POST", PATH, content=content, headers=JSON)
    assert problem_of(answer)["code"] == code
    assert answer.status_code == (422 if code == "VALIDATION" else 400)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e99999"])
def test_a_number_beyond_all_numbers_is_named(site, number):
    """IN-A17: 1e400 is JSON, so it is the member that is wrong, and not the body."""
    content = b'{"counter_id":"c","amount":1,"note":[{"deep":' + number.encode() + b"}]}"
    answer = site.ask("POST", PATH, content=content, headers=JSON)
    assert answer.status_code == 422
    (error,) = problem_of(answer)["errors"]
    assert (error["field"], error["message_zh"]) == ("note.0.deep", "数值超出范围")
    assert error["message_en"] == "the number is out of range"


def test_a_body_must_be_announced_as_json(site):
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        answer = site.ask("POST", PATH, content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == 415
        assert problem_of(answer)["code"] == "MEDIA_TYPE_UNKNOWN"
    for kind in ("application/json; charset=utf-8", "application/merge-patch+json"):
        answer = site.ask("POST", PATH, content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == 422


def test_every_member_that_is_wrong_is_named_in_both_languages(site):
    answer = site.ask(
        "POST", PATH, json={"counter_id": 7, "amount": "5", "note": "", "colour": "red"}
    )
    assert answer.status_code == 422
    found = problem_of(answer)
    assert found["code"] == "VALIDATION"
    errors = {error["field"]: error for error in found["errors"]}
    assert set(errors) == {"counter_id", "amount", "colour"}
    assert errors["amount"]["message_zh"] == "应为整数"
    assert errors["amount"]["message_en"] == "must be a whole number"
    assert errors["colour"]["message_zh"] == "未知字段"
    assert found["field"] == found["errors"][0]["field"]
    missing = problem_of(site.ask("POST", PATH, json={"counter_id": "x" * 21}))["errors"]
    assert [error["message_zh"] for error in missing] == ["至多 20 个字符", "缺少此项"]


def test_a_command_without_a_body_takes_nothing_or_an_empty_object(site):
    site.add()
    path = f"{PATH}/c1/reset"
    version = {"If-Match": "1"}
    refused = site.ask("POST", path, json={"why": "x"}, headers=version)
    assert problem_of(refused)["errors"][0]["field"] == "why"
    refused = site.ask("POST", f"{path}?why=x", headers=version)
    assert refused.status_code == 422
    assert site.ask("POST", path, json={}, headers=version).status_code == 200


def test_a_place_in_the_path_holds_an_id_and_nothing_else(site):
    for path in ("/v1/toy/counters/a%20b", "/v1/toy/counters/%00", "/v1/toy/counters/" + "x" * 121):
        answer = site.ask("GET", path)
        assert answer.status_code == 422
        assert problem_of(answer)["field"] == "counter_id"


def test_a_path_or_a_method_that_is_not_there_is_a_problem_too(site):
    assert problem_of(site.ask("GET", "/v1/toy/nothing"))["code"] == "NOT_FOUND"
    answer = site.ask("DELETE", "/v1/toy/counters")
    assert answer.status_code == 405
    assert problem_of(answer)["code"] == "METHOD_NOT_ALLOWED"
    # S35: it was called 删除 / delete, as if it were a word of the domain.
    assert problem_of(answer)["message_zh"] == "此地址不支持 HTTP DELETE"
    assert answer.headers["allow"]


class Broken:
    """A bus on which every call ends in the same way."""

    def __init__(self, error):
        self.error = error

    async def call(self, *_args, **_rest):
        raise self.error

    async def state(self):
        return {"bus": "down", "why": "told to"}


@pytest.mark.parametrize(
    ("error", "status", "code", "retry"),
    [
        (ServiceUnavailable("toy", 7), 503, "SERVICE_UNAVAILABLE", "7"),
        (OutcomeUnknown("toy"), 503, "OUTCOME_UNKNOWN", "1"),
        (CallFaulted("toy", "fault-1"), 500, "INTERNAL_FAULT", None),
        (CallRefused({"code": "IN_FLIGHT", "status": 409}), 409, "IN_FLIGHT", "1"),
        (CallRefused({"code": "ODD", "status": 200}), 422, "ODD", None),
        (RuntimeError("secret of the house"), 500, "INTERNAL_FAULT", None),
    ],
)
def test_each_end_of_a_call_has_its_status(error, status, code, retry):
    answer = Site(Broken(error)).build().add()
    assert answer.status_code == status
    assert problem_of(answer)["code"] == code
    assert answer.headers.get("retry-after") == retry
    assert "secret" not in answer.text
    if code == "OUTCOME_UNKNOWN":
        assert "Idempotency-Key" in problem_of(answer)["detail"]
    if isinstance(error, CallFaulted):
        assert problem_of(answer)["params"]["fault_id"] == "fault-1"


def test_a_fault_of_the_real_service_shows_its_id_and_nothing_of_its_cause(site):
    runtime = site.host.runtimes["toy"]
    with runtime.engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE counters RENAME TO lost")
    answer = site.add()
    assert answer.status_code in {500, 503}
    problem_of(answer)
    assert "counters" not in answer.text.replace("/counters", "")


def test_a_reply_that_is_not_as_documented_is_a_fault_where_replies_are_checked(host):
    class Other(Reply):
        colour: str

    doors = Doors("toy", tag="x")
    doors.query("GET", "/c/{counter_id}", "total", reply=Other, roles=ANY, summary="x")
    strict = Site(host).build(extra=(doors,)).ask("GET", "/v1/toy/c/c1")
    assert strict.status_code == 500
    easy = Site(host).build(extra=(doors,), check_replies=False).ask("GET", "/v1/toy/c/c1")
    assert easy.json() == {"id": "c1", "total": 0}


def test_a_problem_document_has_the_members_of_the_standard_and_ours(site):
    members = json.loads(site.ask("GET", "/nothing").content)
    assert set(members) == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "guard",
        "field",
        "params",
        "message_zh",
        "message_en",
        "trace_id",
    }


def test_a_wrong_method_is_told_every_method_of_the_path(site):
    """SEC low 7: 405 named the first route's methods only."""
    answer = site.ask("DELETE", "/v1/clock")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


def test_who_may_not_is_told_who_may(site):
    roles = [{"role": "R_RESIDENT", "scope": "370811015901"}]
    found = problem_of(site.ask("POST", PATH, json={"counter_id": "c", "amount": 1}, grants=roles))
    assert found["code"] == "ROLE_DENIED"
    assert "区级主管" in found["message_zh"]
    assert "District office" in found["message_en"]
    assert "R_DISTRICT" in found["params"]["roles"]


def test_an_area_outside_is_told_as_that():
    """A district's administrator was told that this role may not define areas."""
    refused = RoleDenied(role="R_DISTRICT", scope="370811", area="370812")
    assert (refused.code, refused.guard) == ("ROLE_DENIED", "AREA_DENIED")
    told = i18n.problem_of(refused, "fivered.gateway")
    assert told["message_zh"] == "角色“区级主管”的授权范围是 370811,不包括 370812"


def test_what_follows_from_the_last_month_that_can_be_asked_for_is_no_fault():
    """A month of 2099 has its cut-off in 2100: it was answered 500 where replies are checked."""

    class CutOff(Reply):
        day: date
        at: datetime | None = None

    doors = Doors("toy", tag="玩具 / Toy")
    door = doors.query("GET", "/c", "c", reply=CutOff, roles=ANY, summary="截止 / Cut-off")
    check_reply(door, {"day": "2100-01-06", "at": "2100-01-06T01:00:00+00:00"})
    for wrong in ({"day": "2100-02-30"}, {"day": "2099-12-01", "at": 7}):
        with pytest.raises(ReplyUnexpected):
            check_reply(door, wrong)
