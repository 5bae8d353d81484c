"""Refusals about how people are told."""

from __future__ import annotations

from fivered.chassis.refusal import Guard


class EmailCodeWrong(Guard):
    text = "验证码不对或已失效,请重新获取 / The code is wrong or no longer good; ask for another"


class WechatCodeWrong(Guard):
    text = (
        "微信授权码无效或微信未应答,请重新授权"
        " / WeChat does not know the code, or does not answer; sign in there again"
    )
