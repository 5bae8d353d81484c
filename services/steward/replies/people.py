"""What is answered about people: cards, proposals, who read what."""

from typing import Annotated, Literal, Self

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.records import Row
from fivered.chassis.replies import Reply
from fivered.chassis.typed import decoded
from fivered.chassis.vault import Vault

CodeState = Annotated[
    Literal["ASKED", "WAITING", "SENT", "NOBODY", "HELD", "FAILED"],
    Meta(
        description="ASKED 待处理;WAITING 待发送方接收;SENT 已交付;NOBODY 号码不属唯一登记人;"
        "HELD 超出限额;FAILED 未能交付 / ASKED: not looked at yet; WAITING: the sender is tried; "
        "NOBODY: not the phone of exactly one person; HELD: too many; FAILED: the sender took none"
    ),
]


class DeathCard(Reply, kw_only=True):
    """死亡登记提议 / A proposal that a person died."""

    id: str
    person_id: str
    area: str
    state: str
    proposed_by: str
    proposed_at: Instant
    decided_by: str | None = None
    version: int


class Wanted(Reply, kw_only=True):
    """申请更正的内容 / What is to stand in the register."""

    name: str | None = None
    phone: str | None = None
    birth_year: int | None = None


def wanted_of(row: Row, vault: Vault) -> Wanted:
    """Return what a proposal wants; nothing once it is decided."""
    told = vault.open_or_none(row.wanted, f"{row.correction_id}.wanted")
    return Wanted() if told is None else decoded(told, Wanted)


class CorrectionCard(Reply, kw_only=True):
    """更正申请 / A correction that a person has proposed."""

    id: str
    person_id: str
    area: str
    state: Annotated[
        str,
        Meta(
            description="ASKED, DONE, REFUSED, WITHDRAWN;ENDED 已随个人信息删除而终止"
            " / ended as the person was erased"
        ),
    ]
    wanted: Annotated[Wanted, Meta(description="审核后清空 / emptied when decided")]
    asked_at: Instant
    decide_by: Annotated[Instant, Meta(description="审核期限 / decided until then")]
    decided_by: str | None = None
    decided_at: Instant | None = None
    reason: Annotated[str, Meta(description="审核意见 / what who decided has said")] | None = None
    version: int

    @classmethod
    def about(cls, row: Row, vault: Vault) -> Self:
        """Return the card of a row."""
        return cls.of(
            row,
            id=row.correction_id,
            asked_at=row.created_at,
            wanted=wanted_of(row, vault),
            reason=vault.open_or_none(row.reason, f"{row.correction_id}.reason"),
        )


# What an erasure does, plainly, before anybody decides.
GOES = (
    (
        "姓名、手机号、证件号掩码、出生日期、住址、查找用的摘要"
        " / name, phone, masked identity number, day of birth, dwelling, digests for finding"
    ),
    "本人写的诉求、评价、异议等文字与图片 / what the person wrote, and pictures",
    "登录账号 / the account",
)
STAYS = (
    (
        "随机编号:积分账目、已公布的月份、审计不可更改"
        " / a random id: ledger, published months and audit never change"
    ),
    "公开讨论过的议题正文 / the words of topics that were discussed in public",
    (
        "旧备份中的摘要与未加密栏目(如出生年份);加密内容随密钥销毁不可再读,恢复备份时自动重做删除"
        " / in old backups digests and what is not sealed, such as the year of birth; what was"
        " sealed can be read no more, and a restore erases again by itself"
    ),
)


class CodeAsked(Reply, kw_only=True):
    """已申请 / A code was asked for; whether the phone is registered is not said."""

    id: str
    state: Literal["ASKED"]
    request_id: Annotated[
        str,
        Meta(
            description="登录时与验证码一并提交,请勿外传 / sent with the code to sign in; a secret"
        ),
    ]
    until: Annotated[Instant, Meta(description="验证码有效期 / until when a code is good")]


class Hold(Reply):
    """须先交接的 / What a person hands over or ends before the data are erased."""

    kind: Annotated[
        str,
        Meta(
            description="REQUEST 诉求, STEWARD 管家岗位, LIAISON 包联, OPERATOR 唯一经办人, "
            "REPRESENTATIVE 唯一代表, MANAGER 项目经理, APPOINTMENT 业主组织任职 / an open "
            "request, a post, a liaison, the only operator of a partner, the only representative "
            "of a company, a project's manager, an appointment of owners"
        ),
    ]
    ref: Annotated[str, Meta(description="诉求编号、岗位、对象 / of which")]


class CodeSent(Reply, kw_only=True):
    """验证码记录 / What became of a code that was asked for."""

    id: str
    state: CodeState
    attempts: Annotated[int, Meta(description="交付次数 / how often the sender was tried")]
    status: Annotated[int | None, Meta(description="末次 HTTP 状态 / of the last try")]
    error: Annotated[str | None, Meta(description="末次失败原因 / why the last try failed")]
    asked_at: Instant
    tried_at: Instant | None
    until: Instant


class ErasureCard(Reply, kw_only=True):
    """删除申请 / A request that the data of a person be erased."""

    id: str
    person_id: str
    area: str
    state: Annotated[str, Meta(description="ASKED, HELD, DONE, REFUSED, WITHDRAWN")]
    receipt: str | None = None
    asked_by: str
    asked_at: Instant
    decide_by: Annotated[Instant, Meta(description="审核期限 / decided until then")]
    decided_by: str | None = None
    decided_at: Instant | None = None
    reason: Annotated[str, Meta(description="不予删除的理由 / why it was refused")] | None = None
    goes: Annotated[list[str], Meta(description="删除的 / what goes")]
    stays: Annotated[list[str], Meta(description="保留的 / what stays, and why")]
    holds: (
        Annotated[list[Hold], Meta(description="须先交接的 / to be handed over first")] | UnsetType
    ) = UNSET
    version: int

    @classmethod
    def about(cls, row: Row, reason: str | None, holds: list[tuple[str, str]] | None) -> Self:
        """Return the card of a row; see `storage.erasures.told`."""
        return cls.of(
            row,
            id=row.erasure_id,
            asked_at=row.created_at,
            reason=reason,
            goes=list(GOES),
            stays=list(STAYS),
            holds=UNSET if holds is None else [Hold(kind=kind, ref=ref) for kind, ref in holds],
        )


class MergeCard(Reply, kw_only=True):
    """合并提议 / A proposal that two registrations are one human."""

    id: str
    person_id: str
    into: str
    area: str
    state: str
    reason: str
    proposed_by: str
    proposed_at: Instant
    decided_by: str | None = None
    version: int


class Post(Reply, kw_only=True):
    """管家岗位 / The post under which a steward agreed to be named."""

    steward_id: str
    duty: str
    work_phone: str | None = None


class Home(Reply, kw_only=True):
    """住处 / Where somebody lives in the grid."""

    building: Annotated[str, Meta(examples=["3号楼"])]
    unit: Annotated[str, Meta(examples=["2单元"])] | None = None
    room: Annotated[str, Meta(examples=["502"])] | None = None


class PersonCard(Reply, kw_only=True):
    """人员卡,按查看人遮蔽 / A person, masked for the viewer."""

    person_id: str
    name: Annotated[str, Meta(examples=["王*丽"])]
    community: str
    synthetic: bool
    phone: str | UnsetType | None = UNSET
    id_no: Annotated[str, Meta(description="遮蔽的身份证号 / masked")] | UnsetType | None = UNSET
    dwelling: Home | UnsetType | None = UNSET
    steward: Post | UnsetType = UNSET
    merged_into: (
        Annotated[str, Meta(description="合并后的登记 / the registration that stays")] | UnsetType
    ) = UNSET


class RegisteredPerson(PersonCard, kw_only=True):
    """登记的人员 / A person and their standing; of one given up, who it is under the other id."""

    status: str
    version: int
    grid: str | UnsetType | None = UNSET
    household_id: str | UnsetType | None = UNSET
    is_adult: bool | UnsetType = UNSET
    birth_year: (
        Annotated[int, Meta(description="只给本人 / to the person alone")] | UnsetType | None
    ) = UNSET


class PersonRead(Reply, kw_only=True):
    """查阅记录 / Who read what of whom; a person learns the office, not the name."""

    at: Instant
    actor_id: Annotated[str, Meta(description="只给审计员 / to auditors")] | UnsetType = UNSET
    role: str
    role_zh: Annotated[str, Meta(examples=["社区两委"])]
    role_en: str
    office: Annotated[str, Meta(examples=["春晖社区"])] | None = None
    scope: str
    door: str
    person_id: str | None = None
    area: str
    why: str
    why_zh: str
    why_en: str
    field: Annotated[str, Meta(description="查看的号码 / the number that was shown")] | None = None
    request_id: Annotated[str, Meta(description="因哪件诉求 / for which request")] | None = None
    found: (
        Annotated[int, Meta(description="该次查找显示的人数 / how many a search showed")] | None
    ) = None
    reason: str | None = None


class NumberShown(Reply, kw_only=True):
    """号码 / The number, this once; it is kept in no reply, event or log."""

    id: str
    state: Literal["REVEALED"]
    field: str
    value: Annotated[str, Meta(examples=["12812345678"])]
    request_id: str | None = None
    at: Instant
    left: Annotated[int, Meta(description="今天还可查看的次数 / how many are left of the day")]


class PeopleReply(Reply, kw_only=True):
    """人员卡 / Cards in the order asked."""

    items: list[PersonCard]


class PeopleFound(Reply, kw_only=True):
    """找到的人 / Who has these numbers, all on one page."""

    items: list[RegisteredPerson]
    next: None = None


class PeopleSearched(Reply, kw_only=True):
    """查找结果 / Who was found; what is kept under the key names nobody."""

    state: Literal["DONE"]
    items: Annotated[list[RegisteredPerson], Meta(max_length=20)]
    found: Annotated[int, Meta(description="显示的人数 / how many are shown")]
    more: Annotated[bool, Meta(description="还有更多人符合 / more people than these fit")]
    more_zh: Annotated[str, Meta(examples=["符合条件的超过 20 人"])] | UnsetType = UNSET
    more_en: str | UnsetType = UNSET
