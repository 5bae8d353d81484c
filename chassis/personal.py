"""Which data about people a service keeps: declared beside its tables, one entry per table.

What depends on it reads it here: the page for officials, what a person is given of the own data,
what an erasure takes. A column is named in one of the lists of its table's entry; numbers, times,
areas and yes or no need not be named, they are of the row's person. A column that nobody has
decided on, or an entry of a column that is gone, is a line of `problems`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fivered.chassis import storage as store

# Articles of the Personal Information Protection Law (个人信息保护法): article(paragraph)(item).
BASES = {
    "13(1)(1)": "个人同意 / consent",
    "13(1)(3)": "履行法定职责或者法定义务所必需 / necessary for statutory duties",
    "29": "敏感个人信息的单独同意 / separate consent to sensitive data",
    "34": "国家机关履行法定职责 / duties of state organs",
}
# Of these those that rest on what the person has agreed to.
CONSENTS = frozenset({"13(1)(1)", "29"})
# The classes of the page, by the list in which a column stands.
CLASSES = {
    "whose": "一般个人信息(编号) / personal (an id)",
    "general": "一般个人信息 / personal",
    "sensitive": "敏感个人信息 / sensitive",
    "hidden": "不提供(密文、摘要、口令) / never given out",
    "others": "他人或经办人 / other people, or who acted",
}
# What a column of people's data is called: "中文 / English".
WORDS = {
    "account_id": "账号编号 / account",
    "activity": "活动 / activity",
    "appeal_reasons": "申诉理由 / reasons of an appeal",
    "area": "社区 / community",
    "before": "更正前的值 / former values",
    "birth_year": "出生年份 / year of birth",
    "birthday": "出生日期 / day of birth",
    "building": "楼栋 / building",
    "choice": "所投的票 / vote",
    "complainant_id": "投诉人编号 / complainant",
    "digits": "登录验证码 / code to sign in",
    "detail": "正文所述 / what the text says",
    "description": "说明 / description",
    "device": "设备 / device",
    "digest": "摘要 / digest",
    "dwelling": "住处(楼栋、单元、房号) / dwelling",
    "email": "电子邮箱 / e-mail",
    "email_digits": "邮箱验证码 / code sent to a mailbox",
    "email_new": "待验证的邮箱 / e-mail that is to be confirmed",
    "employer": "派出单位 / employer",
    "client_id": "设备编号 / number that the device gave",
    "client_key": "设备编号的比对形式 / that number as it is compared",
    "evidence": "证据 / evidence",
    "external_ref": "来件编号 / reference of the intake",
    "factor": "验证器密钥 / secret of the authenticator",
    "findings": "走访情况 / what was found on a visit",
    "finding": "监督意见 / what a supervisor found",
    "grid": "网格 / grid",
    "grounds": "依据 / grounds",
    "hash": "散列 / hash",
    "hashed": "代码(散列) / code, hashed",
    "holder": "持有人编号 / holder",
    "home": "所住社区 / community of residence",
    "household_id": "户编号 / household",
    "id_no_hmac": "身份证号摘要 / digest of the identity number",
    "id_no_mask": "身份证号(遮蔽) / identity number, masked",
    "into": "并入的编号 / id that is kept",
    "into_id": "并入的编号 / id that is kept",
    "is_adult": "是否成年 / of age",
    "login": "登录名 / login",
    "media": "图片 / pictures",
    "name": "姓名 / name",
    "new_facts": "新情况 / new facts",
    "note": "备注 / note",
    "owner": "账户编号 / account of points",
    "parent": "上一令牌摘要 / digest of the token before",
    "password": "口令(散列) / password, hashed",  # nosec B105  # a word
    "person_id": "人员编号 / person",
    "phone": "手机号码 / phone",
    "photo": "照片的文件编号 / file of the picture",
    "phone_hmac": "手机号摘要 / digest of the phone",
    "place": "地点 / place",
    "post": "职务 / post",
    "proposer": "提议人编号 / proposer",
    "provider_subject": "统一身份认证编号 / id at the provider of sign-in",
    "rating_text": "评价文字 / words of the rating",
    "sender": "群内发言人代号 / who wrote it, as a chat calls that person",
    "reason": "理由 / reason",
    "record_ref": "录音编号 / number of a recording",
    "receipt": "纸质回执编号 / number of the receipt",
    "ref": "登记编号 / registration",
    "reference": "来件编号 / reference",
    "refund_text": "退积分理由 / why a refund is asked for",
    "reporter_id": "反映人编号 / reporter",
    "request_id": "诉求编号 / request",
    "review_grounds": "复核理由 / grounds of a review",
    "role": "角色 / role",
    "said": "告知内容 / what was said",
    "reply": "答复 / reply",
    "salt": "散列用盐 / salt of a hash",
    "secret": "签名密钥 / signing secret",  # nosec B105  # a word
    "secret_before": "前一签名密钥 / signing secret before",  # nosec B105  # a word
    "sealed": "加密的选票 / sealed vote",
    "session_id": "会话编号 / session",
    "source": "来源 / source",
    "from_steward": "申请换班的管家 / steward who asks to swap",
    "steward_id": "管家编号 / steward",
    "subject": "对象摘要 / digest of who was meant",
    "subject_id": "信用主体编号 / subject of credit",
    "text": "正文 / text",
    "title": "标题 / title",
    "wrapped": "本人密钥(加密) / the person's key, sealed",
    "wanted": "申请更正的内容 / what is to be put right",
    "wechat": "微信编号 / id at WeChat",
    "work_phone": "工作电话 / work phone",
}
# Instead of columns: an erasure deletes the rows.
ROWS = "*"
# Of these types a value tells of no person by itself.
_PLAIN = (sa.Integer, sa.Boolean, sa.Date, sa.Numeric, sa.Uuid, store.UtcDateTime)


@dataclass(frozen=True, slots=True)
class Use:
    """Why data are kept, and how long.

    Attributes:
        purpose: "中文 / English", as all texts here.
        basis: Keys of `BASES`.
        kept: How long, and from when on.
        readers: Who reads them beside the person.
        ends: The timer or job of the service that deletes them then; "" where their row stays.
        consent: Where it rests on consent, in which `table` or `table.column` that consent stands.
    """

    purpose: str
    basis: tuple[str, ...]
    kept: str
    readers: str
    ends: str = ""
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What one table holds of people. Lists of columns are texts with spaces between.

    Attributes:
        table: Its name.
        use: None where it holds nothing of people.
        whose: Columns that say whose row it is: `person_id`; `subject_id=RES:{}` where the id
            stands in a longer one; `request_id>requests` where the row is of whom a row of another
            table is; `subject_id=STW:{}>stewards` both. A column may say it in several ways.
        general: Data of that person.
        sensitive: Sensitive data (art. 28) of that person.
        hidden: Data of that person that nobody is given: digests, what opens an account.
        others: Ids and words of other people, first of who acted.
        things: Codes, states, ids of things.
        erased: Columns that an erasure empties, or `ROWS`.
        stays: Why an erasure leaves the rest, "中文 / English".
        fades: Columns that are emptied, or `ROWS` that are deleted, `months` after `over`
            (`own_data.forget`). A service may end data by a job of its own: `Use.ends`.
        over: The column of the instant from which on that time runs; null is not over yet.
        months: How many.
        given_up: The column of the id that is kept, of a registration that was given up.
    """

    table: str
    use: Use | None = None
    whose: str = ""
    general: str = ""
    sensitive: str = ""
    hidden: str = ""
    others: str = ""
    things: str = ""
    erased: str = ""
    stays: str = ""
    fades: str = ""
    over: str = ""
    months: int = 0
    given_up: str = ""

    @property
    def owners(self) -> list[tuple[str, str, str]]:
        """Return each column of `whose` with the form of its value and the table it leads to."""
        return [_owner(one) for one in self.whose.split()]

    @property
    def told(self) -> list[str]:
        """Return the columns that the person is given, as far as they are named."""
        return [name for name, _, _ in self.owners] + [
            *self.general.split(), *self.sensitive.split(), *self.things.split()
        ]  # fmt: skip


def _owner(said: str) -> tuple[str, str, str]:
    name, _, table = said.partition(">")
    name, _, form = name.partition("=")
    return name, form or "{}", table


DataMap = tuple[Held, ...]


def listed(held: Held) -> Iterator[tuple[str, str]]:
    """Yield each column that an entry names, with its class."""
    for name in dict.fromkeys(name for name, _, _ in held.owners):
        yield name, "whose"
    for kind in ("general", "sensitive", "hidden", "others", "things"):
        for name in getattr(held, kind).split():
            yield name, kind


def is_plain(column: store.Column) -> bool:
    """Tell whether a column need not be named: a number, a time, an area, yes or no."""
    kind = column.type
    return isinstance(kind, _PLAIN) or (
        isinstance(kind, sa.String) and kind.length == store.Area.length
    )


def problems(metadata: sa.MetaData, data_map: DataMap) -> list[str]:
    """Return where the map and the tables differ; empty when they agree.

    Args:
        metadata: The service's tables, those of the chassis among them.
        data_map: Its entries, those of the chassis among them.
    """
    entries = {held.table: held for held in data_map}
    found = [f"{name}: two entries" for name in _twice([held.table for held in data_map])]
    found += [f"{name}: no entry" for name in sorted(metadata.tables.keys() - entries.keys())]
    found += [f"{name}: no such table" for name in sorted(entries.keys() - metadata.tables.keys())]
    for name in sorted(entries.keys() & metadata.tables.keys()):
        found += [f"{name}{one}" for one in _in_entry(metadata.tables[name], entries)]
    return found


def _in_entry(table: store.Table, entries: dict[str, Held]) -> Iterator[str]:
    held = entries[table.name]
    named = [name for name, _kind in listed(held)]
    for column in table.columns:
        if column.name not in named and not is_plain(column):
            yield f".{column.name}: nobody has decided what it holds"
    for name in {*named, *_emptied(held), *held.given_up.split(), *_faded(held)}:
        if name not in table.columns:
            yield f".{name}: no such column"
    for name in _twice(named):
        yield f".{name}: in two lists"
    for name, _, leads_to in held.owners:
        if leads_to and (leads_to not in entries or not entries[leads_to].whose):
            yield f".{name}: {leads_to} is nobody's"
    for name, kind in listed(held):
        if kind in {"whose", "general", "sensitive", "hidden"} and held.use and name not in WORDS:
            yield f".{name}: has no word"
    yield from _unsaid(held)


def _unsaid(held: Held) -> Iterator[str]:
    of_people = held.whose or held.general or held.sensitive or held.hidden or held.others
    if of_people and held.use is None:
        yield ": holds data of people, and does not say why"
    if len({bool(held.fades), bool(held.over), held.months > 0}) > 1:
        yield ": does not say what fades, from when on and after how many months"
    if held.use is not None and not of_people:
        yield ": says why, and holds nothing"
    if held.whose and not (held.erased or held.stays):
        yield ": does not say what an erasure leaves"
    if held.use is not None and not set(held.use.basis) <= BASES.keys():
        yield ": rests on no article that is known"
    if held.use is not None and bool(held.use.consent) != bool(CONSENTS & set(held.use.basis)):
        yield ": rests on consent and does not say where it stands, or the other way round"
    if (held.general or held.sensitive) and not held.whose and not held.stays:
        yield ": has data of people, and does not say whose"


def _emptied(held: Held) -> list[str]:
    return [] if held.erased == ROWS else held.erased.split()


def _faded(held: Held) -> list[str]:
    return held.over.split() + ([] if held.fades == ROWS else held.fades.split())


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def of_things(**tables: str) -> Iterable[Held]:
    """Return the entries of tables that hold nothing of people, by their columns."""
    return [Held(name, things=columns) for name, columns in tables.items()]


# What people did in office, and why it stays: the same in every service.
WORK = Use(
    purpose="谁办理了什么 / who did what in office",
    basis=("13(1)(3)", "34"),
    kept="与所办事项同存 / as long as what was done",
    readers="本辖区工作人员、审计员 / officials and auditor of the area",
)
OFFICE_STAYS = "在岗经历属公务记录 / posts are records of office"
_AUDIT = Use(
    purpose="审计:谁在何时办理了什么 / audit: who did what and when",
    basis=("13(1)(3)", "34"),
    kept="至少 183 天,到运维按日删除为止;不含姓名号码 / until its day is dropped by an operator,"
    " 183 days at least; without names and numbers",
    readers="审计员、运维 / auditor, operators",
)
_REPEATED = Use(
    purpose="重复请求得到同一答复 / the same answer to a repeated request",
    basis=("13(1)(3)",),
    kept="30 天 / 30 days",
    readers="无 / nobody",
)
_KEYS = Use(
    purpose="每人一把密钥,删除即销毁 / a key for each person, which an erasure destroys",
    basis=("13(1)(3)",),
    kept="登记期间;销毁后留编号,恢复备份时据以再次删除 / while registered; the id stays, so that a"
    " restored backup is erased again",
    readers="无 / nobody",
)
_FILES = Use(
    purpose="事项所附的照片与文件 / photos and papers that belong to a matter",
    basis=("13(1)(3)", "34"),
    kept="与所附事项同存;本人提交的随其信息删除 / as long as the matter; what a person sent goes"
    " with that person's data",
    readers="能查看该事项的人 / whoever may read the matter",
)
_SENT = Use(
    purpose="服务之间传递事实;不含姓名号码 / facts between services, without names and numbers",
    basis=("13(1)(3)",),
    kept="见运维手册 / see the runbook (`FIVERED_KEEP_…`)",
    readers="运维 / operators",
)

_TOLD = Use(
    purpose="告知当事人 / telling people what concerns them",
    basis=("13(1)(3)",),
    kept="36 个月 / 36 months",
    readers="本人 / the person",
)

# What a service tells people: given out, handed over and erased as its own tables are.
TOLD: DataMap = (
    Held(
        "told", _TOLD, whose="person_id", general="detail",
        things="message_id kind about_kind about_id once",
        erased=ROWS, fades=ROWS, over="created_at", months=36,
    ),
    Held(
        "told_read", _TOLD, whose="person_id", things="message_id",
        erased=ROWS, fades=ROWS, over="read_at", months=36,
    ),
)  # fmt: skip
# What a person has sent with a matter: given out and erased as a service's own tables are.
FILES: DataMap = (
    Held(
        "files", _FILES, whose="person_id", general="name", others="added_by",
        things="thing thing_id file_id sha256 media_type", erased=ROWS,
    ),
)  # fmt: skip
# What each service keeps by the mechanisms of the chassis.
OF_CHASSIS: DataMap = (
    Held(
        "audit", _AUDIT, others="actor target session address",
        things="role action result digest trace refused",
    ),
    Held(
        "idempotency", _REPEATED, others="actor", hidden="reply",
        things="key method digest", stays="30 天后删除 / it goes after 30 days",
    ),
    Held(
        "jobs", WORK, others="requested_by params saved result",
        things="job_id kind state note error problem",
    ),
    Held("outbox", _SENT, others="subject body", things="fact traceparent"),
    Held(
        "parked", _SENT, others="subject body decided_by",
        things="handler source event_id fact reason error state",
    ),
    Held(
        "webhooks", WORK, others="created_by", hidden="secret secret_before",
        things="webhook_id url facts description state why delivery_id lease_by",
    ),
    Held(
        "person_keys", _KEYS, others="person_id", hidden="wrapped", things="handle",
    ),
    *TOLD,
    Held("timers", WORK, others="data", things="kind ref"),
    *FILES,
    *of_things(
        audit_marks="marks",
        audit_seals="marks previous hash sealed_by",
        calendar_years="off make_up source",
        clock="name",
        cursors="source",
        inbox="handler",
        keys_in_use="purpose key_id",
        leases="queue worker",
        partitioning="",
        webhook_deliveries="delivery_id webhook_id kind fact state error",
        workers="id host",
    ),
)  # fmt: skip
