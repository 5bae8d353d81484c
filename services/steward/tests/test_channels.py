"""The district's own app and WeChat, each a server on loopback that refuses, too."""

import json
from dataclasses import replace

import pytest

from fivered.chassis import wechat
from fivered.chassis.refusal import Invalid
from fivered.chassis.settings import Secret
from fivered.chassis.webhook_wire import new_secret, signature
from fivered.services.steward.errors.deliveries import WechatCodeWrong
from fivered.services.steward.tests.ground import LI, WANG
from fivered.services.steward.tests.test_deliveries import PHONE, out  # noqa: F401
from fivered.services.steward.tests.test_sent import told
from testkit.wechat import APP, SECRET, wechat_server

TEMPLATES = "POINTS=tpl_points_1,thing1=text,time2=at;*=tpl_others_1,thing1=text,phrase3=group"


@pytest.fixture
def both(out):  # noqa: F811
    with wechat_server() as there:
        out.wechat, out.secret = there, new_secret()
        out.bench.runtime.settings = replace(
            out.bench.runtime.settings, app_url=f"{out.receiver.address}/app",
            app_secret=Secret(out.secret), wechat_url=there.address, wechat_app=APP,
            wechat_secret=Secret(SECRET), wechat_templates=TEMPLATES,
        )  # fmt: skip
        yield out


def test_the_districts_app_is_told_signed_and_again_until_it_takes_it(both):
    choices = both.choose({"POINTS": ["APP"]})
    assert (choices["app"], choices["wechat"], choices["wechat_bound"]) == (True, True, False)
    answers = iter([503, 200])
    both.receiver.answer = lambda _number, _handler: next(answers, 410)
    told(both, WANG)
    assert both.states() == [("APP", "WAITING", 1)]
    both.later("2025-03-03T10:00:31")
    assert both.states() == [("APP", "SENT", 2)]
    first, second = both.receiver.arrived
    body = json.loads(second.body)
    assert (body["person_id"], body["service"], body["kind"], body["group"]) == (
        WANG, "credit", "credit_objection_overdue", "POINTS",
    )  # fmt: skip
    assert (body["text_zh"], first.id, PHONE in second.body.decode()) == (
        "异议逾期",
        second.id,
        False,
    )
    stamp = int(second.headers["webhook-timestamp"])
    expected = signature(both.secret, second.id, stamp, second.body)
    assert (second.path, second.headers["webhook-signature"]) == ("/app", expected)
    # An app that is gone is told no more.
    told(both, WANG, source="forum")
    assert both.states()[-1] == ("APP", "DEAD", 1)


def test_wechat_tells_who_has_bound_it_by_the_template_of_the_group(both):
    both.choose({"POINTS": ["WECHAT"], "MATTERS": ["WECHAT"]})
    told(both, WANG)
    assert both.states() == []  # nobody is bound yet
    with pytest.raises(WechatCodeWrong):
        both.me().do("bind_wechat", {"code": "notknown1"})
    both.wechat.codes = {"code-wang": "openid-wang"}
    assert both.me().do("bind_wechat", {"code": "code-wang"})["wechat_bound"] is True
    with pytest.raises(WechatCodeWrong):  # a code is good once
        both.me(LI).do("bind_wechat", {"code": "code-wang"})
    told(both, WANG, LI, source="partner", text_zh="兑换单已取消,不再核销,积分已退回您的账户")
    told(both, WANG, source="forum", group="MATTERS")
    assert both.wechat.sent == [
        {
            "touser": "openid-wang", "template_id": "tpl_points_1",
            "data": {
                "thing1": {"value": "兑换单已取消,不再核销,积分已退回您的…"},
                "time2": {"value": "2025-03-03 10:00"},
            },
        },
        {
            "touser": "openid-wang", "template_id": "tpl_others_1",
            "data": {"thing1": {"value": "异议逾期"}, "phrase3": {"value": "本人事项的进展"}},
        },
    ]  # fmt: skip
    assert both.wechat.tokens == 1
    assert "openid-wang" not in str(both.bench.rows("SELECT * FROM message_choices"))
    # A token that ended early is asked for anew; what is busy is tried again.
    both.wechat.errors = [40001, -1]
    told(both, WANG, source="property")
    assert both.states()[-1] == ("WECHAT", "WAITING", 1)
    both.later("2025-03-03T10:00:31")
    assert (both.states()[-1], both.wechat.tokens) == (("WECHAT", "SENT", 2), 2)
    # Who follows the account no more is not tried again, and says so in the list.
    both.wechat.errors = [43004]
    told(both, WANG, kind="OTHER")
    assert both.states()[-1] == ("WECHAT", "DEAD", 1)
    assert both.bench.rows("SELECT error FROM deliveries WHERE state = 'DEAD'") == [
        {"error": "errcode 43004"}
    ]
    assert both.me().do("bind_wechat", {"code": None})["wechat_bound"] is False
    count = len(both.wechat.sent)
    told(both, WANG, kind="LAST")
    assert len(both.wechat.sent) == count


def test_a_district_without_wechat_says_so(out):  # noqa: F811
    with pytest.raises(Invalid):
        out.me().do("bind_wechat", {"code": "code-wang"})
    account = wechat.Account("http://127.0.0.1:9", APP, "other")
    assert wechat.openid_of(account, "code-wang") is None
    template = wechat.templates(TEMPLATES)["*"]
    answer = wechat.send(account, "o", template, wechat.Said("t", "g", "s", "2025-03-03 10:00"))
    assert (answer.taken, answer.gone) == (False, False)
    for wrong in ("POINTS", "POINTS=tpl_points_1", "NONE=tpl_points_1,thing1=text", "*=a,b=c"):
        assert not wechat.TEMPLATES[0].match(wrong)
    assert wechat.TEMPLATES[0].match(TEMPLATES)
