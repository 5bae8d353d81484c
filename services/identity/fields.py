"""Forms and words of what the identity service takes, answers and publishes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.fields import Area
from fivered.chassis.requests import SECRET
from fivered.chassis.text import LOGIN

AccountKind = Literal["STAFF", "RESIDENT"]
AccountState = Literal["ACTIVE", "LOCKED", "CLOSED"]
GrantState = Literal["PROPOSED", "ACTIVE", "ENDED", "REFUSED"]
# What a right follows from: an office that two people granted, or a fact of another service.
Source = Literal[
    "OFFICE", "FIRST_DAY", "STEWARD", "RESIDENT", "PROJECT", "COMPANY", "COMMITTEE", "PARTNER",
    "DEPUTY",
    "LIAISON",
]  # fmt: skip

Login = Annotated[
    str,
    Meta(
        pattern=LOGIN,
        description="登录名,3 至 40 位字母、数字、点、横线或下划线,不区分大小写,不能是手机号 / "
        "name to sign in with: 3 to 40 letters, digits, dots, dashes or underscores, in either "
        "case; no phone number",
        examples=["zhou.qiming"],
    ),
]
# A secret is no part of what is stored of a request (`requests.secret`).
Password = Annotated[
    str,
    Meta(
        max_length=200,
        description="密码 / the password",
        examples=["correct horse battery staple"],
        extra=SECRET,
    ),
]
Code = Annotated[
    str,
    Meta(
        max_length=40,
        description="身份验证器的 6 位验证码,或一个恢复码 / the authenticator's 6 digits, or a "
        "recovery code",
        examples=["492039"],
        extra=SECRET,
    ),
]
PaperCode = Annotated[
    str,
    Meta(
        max_length=40,
        description="纸质激活码,不区分大小写 / the code on paper, in either case",
        examples=["K7PD-W2QX-9HTM-3FQZ"],
        extra=SECRET,
    ),
]
RefreshToken = Annotated[
    str,
    Meta(
        max_length=200,
        description="刷新令牌,只能用一次 / refresh token; it is used once",
        examples=["0Zc1…"],
        extra=SECRET,
    ),
]
Device = Annotated[
    str,
    Meta(
        max_length=100,
        description="设备名称,显示在登录列表中 / name of the device, shown in the list of sessions",
        examples=["街道办事处电脑"],
    ),
]
Office = Literal[
    "R_DISTRICT", "R_DISTRICT_LEAD", "R_STREET", "R_STREET_LEAD", "R_SECRETARY", "R_CADRE",
    "R_DEPUTY", "R_AUDITOR", "R_CONSUMER", "R_UTILITY", "R_MERCHANT",
]  # fmt: skip
# Every role that a right may be of.
Role = Literal[
    Office, "R_STEWARD", "R_GRID", "R_RESIDENT", "R_PM", "R_PCO", "R_OWNERS", "R_PARTNER"
]
# What another system may do: a closed list; `rules/scopes.py` says which doors each opens.
SystemScope = Annotated[
    Literal["hotline.intake", "open311", "events.read", "public.read"],
    Meta(
        description="范围:hotline.intake 热线交办与跟踪;open311 同上;events.read 公开事件;"
        "public.read 公开查询 / hotline.intake, open311: file and follow requests; events.read: "
        "public events; public.read: what everybody may read, counted apart"
    ),
]
ClientSecret = Annotated[
    str,
    Meta(
        max_length=200,
        description="系统账号的密钥 / the service account's secret",
        examples=["Qm9v…"],
        extra=SECRET,
    ),
]
Scope = Annotated[
    Area, Meta(description="授权区域 / the area in which the role acts", examples=["370811"])
]
