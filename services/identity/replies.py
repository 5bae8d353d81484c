"""What the identity service answers: the types that a caller may rely on."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.fields import Instant
from fivered.chassis.records import Row
from fivered.chassis.replies import Reply
from fivered.services.identity.fields import (
    AccountKind,
    AccountState,
    GrantState,
    Source,
    SystemScope,
)

SecondFactor = Annotated[
    Literal["ON", "OFF", "NEEDED"],
    Meta(
        description="ON 已启用;OFF 未启用;NEEDED 居民以外的角色须先启用 / NEEDED: there is "
        "no role but a resident's before it is on"
    ),
]


class Right(Reply, kw_only=True):
    """一项授权 / A role and where it acts."""

    role: str
    scope: str


class Tokens(Reply, kw_only=True):
    """登录结果 / A session's tokens. Neither is stored anywhere."""

    id: Annotated[str, Meta(description="登录编号 / id of the session")]
    person_id: str
    login: Annotated[str, Meta(description="账号的登录名 / the account's login")]
    access_token: Annotated[
        str, Meta(description="访问令牌,放在 Authorization: Bearer 中 / goes into Authorization")
    ]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  the name of a kind
    expires_in: Annotated[int, Meta(description="访问令牌有效秒数 / seconds")]
    refresh_token: Annotated[
        str, Meta(description="刷新令牌,只能用一次 / it is used once; the next comes with its use")
    ]
    session_ends_at: Instant
    second_factor: SecondFactor
    rights: list[Right]


class Done(Reply, kw_only=True):
    """已完成 / It is done."""

    id: str
    state: str


class FirstDayEnded(Done, kw_only=True):
    """已终止 / An administrator's right has ended."""

    administrators: Annotated[
        int, Meta(description="还有几名区级管理员 / how many administrators are left")
    ]


class SessionCard(Reply, kw_only=True):
    """一次登录 / A session."""

    id: str
    device: str | None
    began_at: Instant
    seen_at: Instant
    ends_at: Instant
    present: Annotated[bool, Meta(description="是否为当前登录 / whether it asks now")]


class Sessions(Reply, kw_only=True):
    """登录列表 / Sessions that have not ended."""

    items: list[SessionCard]


class FactorBegun(Reply, kw_only=True):
    """身份验证器密钥 / The secret of an authenticator, shown once."""

    id: str
    secret: str
    uri: Annotated[str, Meta(description="otpauth 地址 / address for the authenticator")]
    qr_svg: Annotated[str, Meta(description="二维码图形 / the address as a QR code, SVG")]


class RecoveryCodes(Reply, kw_only=True):
    """恢复码 / Recovery codes, shown once; each is taken once."""

    id: str
    state: Literal["ON"] = "ON"
    recovery_codes: list[str]


class GrantCard(Reply, kw_only=True):
    """授权 / A right and what it follows from."""

    id: str
    person_id: str
    role: str
    scope: str
    source: Annotated[
        Source,
        Meta(
            description="来源:OFFICE 两人授予;FIRST_DAY 初始化;其余来自登记事实 / OFFICE: granted "
            "by two people; FIRST_DAY: when the installation began; the others follow from facts"
        ),
    ]
    ref: Annotated[str, Meta(description="来源的编号 / id of what it follows from")]
    state: GrantState
    from_at: Instant
    to_at: Instant | None
    reason: str | None
    proposed_by: str
    decided_by: str | None
    end_proposed_by: Annotated[
        str | None,
        Meta(description="提出终止的人,待另一人同意 / who wants it to end; another agrees"),
    ]
    end_reason: str | None
    ended_at: Instant | None
    version: int


class Me(Reply, kw_only=True):
    """我的账号 / Who I am, and as what I may act."""

    person_id: str
    login: str | None
    kind: AccountKind | None
    session_id: str | None
    second_factor: SecondFactor
    provider_subject: str | None
    recovery_codes_left: int
    grants: list[GrantCard]


class AccountCard(Reply, kw_only=True):
    """账号 / An account, as its administrators see it."""

    id: str
    person_id: str
    login: str
    kind: AccountKind
    state: AccountState
    area: str
    second_factor: SecondFactor
    provider_subject: Annotated[
        str | None, Meta(description="绑定的统一身份认证 sub / whom it is bound to at the provider")
    ]
    waits_for_first_use: bool
    created_at: Instant
    version: int


class NewAccount(Reply, kw_only=True):
    """新账号 / A new account, or one that was reset. The password is shown once."""

    id: str
    person_id: str
    login: str
    state: AccountState
    password: Annotated[str, Meta(description="一次性密码,只用来设置新密码 / sets a new one only")]
    password_until: Instant
    version: int


class Enrolment(Reply, kw_only=True):
    """激活码 / A code on paper, shown once."""

    id: str
    person_id: str
    code: Annotated[str, Meta(examples=["K7PD-W2QX-9HTM-3FQZ"])]
    until: Instant


class Key(Reply, kw_only=True):
    """公钥 / A public key (RFC 8037)."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    use: Literal["sig"] = "sig"
    alg: Literal["EdDSA"] = "EdDSA"
    kid: str
    x: str


class Keys(Reply, kw_only=True):
    """公钥集 / The keys that verify access tokens (RFC 7517)."""

    keys: list[Key]


class KeyMade(Reply, kw_only=True):
    """新签名密钥 / A new signing key."""

    id: str
    state: Literal["PUBLISHED"] = "PUBLISHED"
    signs_from: Instant


class Ended(Reply, kw_only=True):
    """已终止 / A session or an operator's token that ended, or a person who lost a right."""

    kind: Literal["SESSION", "PERSON", "TOKEN"]
    ref: str
    generation: int


class Standing(Reply, kw_only=True):
    """What a gateway must know to believe a token."""

    now: Instant
    keys: list[Key]
    endings: list[Ended]


class EnrolmentCard(Reply, kw_only=True):
    """激活码记录 / That a code was given out; the code itself is shown once only."""

    id: str
    person_id: str
    area: str
    made_by: str
    made_at: Instant
    until: Instant
    used_at: Annotated[
        Instant | None, Meta(description="使用或作废时间 / when it was used, or replaced")
    ]


class ProviderBegun(Reply, kw_only=True):
    """统一身份认证登录的开始 / The beginning of a sign-in at the provider."""

    address: Annotated[str, Meta(description="请转到此地址 / where the person goes")]
    state: Annotated[str, Meta(description="回来时须相同 / must be the same when they come back")]
    flow: Annotated[
        str, Meta(description="由客户端保存,随回调提交 / the client keeps it and sends it back")
    ]
    expires_in: Annotated[int, Meta(description="有效秒数 / seconds")]


class SystemCard(Reply, kw_only=True):
    """系统账号 / The account of another system."""

    id: Annotated[str, Meta(description="编号,即 client_id / its id, and its client_id")]
    name: str
    scopes: list[SystemScope]
    area: str
    state: GrantState
    reason: str | None
    proposed_by: str
    decided_by: str | None
    decided_at: Instant | None
    ended_at: Instant | None
    last_used_at: Annotated[
        Instant | None, Meta(description="最近取得令牌的时间 / when it was last given a token")
    ]
    created_at: Instant
    version: int


class SecretCard(Reply, kw_only=True):
    """密钥期限 / A secret that counts; the secret itself is shown once only."""

    made_by: str
    made_at: Instant
    until: Annotated[Instant | None, Meta(description="空为当前密钥 / null: the present one")]


class SystemDetail(SystemCard, kw_only=True):
    """系统账号及其密钥期限 / The account of another system, and its secrets' terms."""

    secrets: Annotated[
        list[SecretCard], Meta(description="仍有效的密钥,不含密钥本身 / those that count")
    ]


class SystemSecret(Reply, kw_only=True):
    """系统账号密钥 / A service account's secret, shown once."""

    id: str
    client_id: str
    client_secret: str
    before_until: Annotated[
        Instant | None, Meta(description="先前密钥的截止时间 / until when the one before counts")
    ]
    version: int


class SystemToken(Reply, kw_only=True):
    """系统令牌 / A token of another system (RFC 6749 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  the name of a kind
    expires_in: Annotated[int, Meta(description="有效秒数 / seconds")]
    scope: Annotated[str, Meta(description="范围,以空格分开 / scopes, separated by blanks")]


class OperatorToken(Reply, kw_only=True):
    """命令行令牌 / A token that an operator has made by the command line."""

    id: Annotated[str, Meta(description="令牌编号(jti)/ the token's jti")]
    person_id: Annotated[str, Meta(description="以何人身份 / as whom it acts")]
    grants: list[Right]
    made_at: Instant
    until: Instant
    made_by: Annotated[str, Meta(description="系统用户与主机 / user and host of the command line")]
    ended_at: Annotated[
        Instant | None, Meta(description="提前终止时间 / when an operator has ended it")
    ]
    ended_by: str | None


class ScopeCard(Reply, kw_only=True):
    """一个范围 / A scope, and what it opens beside the public doors."""

    name: str
    title: str
    role: Annotated[str | None, Meta(description="以何角色办理 / in which role it acts")]
    doors: list[str]


class Scopes(Reply, kw_only=True):
    """系统账号的范围 / The scopes of service accounts."""

    items: list[ScopeCard]


def system_card(row: Row) -> SystemCard:
    """Return a service account as it is listed."""
    return SystemCard.of(row, id=row.service_account_id)


def factor_of(account: Row, *, needed: bool = False) -> Literal["ON", "OFF", "NEEDED"]:
    """Return how an account's second factor stands; `needed` where a right waits for it."""
    if account.factor_since is not None:
        return "ON"
    return "NEEDED" if needed or account.kind == "STAFF" else "OFF"


def account_card(account: Row, now: datetime) -> AccountCard:
    """Return an account as its administrators see it."""
    return AccountCard.of(
        account,
        id=account.account_id,
        second_factor=factor_of(account),
        waits_for_first_use=account.once_until is not None and account.once_until > now,
    )


def grant_card(row: Row) -> GrantCard:
    """Return a right as it is shown."""
    return GrantCard.of(row, id=row.grant_id)
