"""Refusals: a rule said no. Pure, so that rules and errors of a service may import it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import ClassVar, NotRequired, Self, TypedDict, TypeVar

_CHINESE = "\u4e00-\u9fff"
_HAN = re.compile(f"[{_CHINESE}]")
_PLACE = re.compile(r"{(\w+)")
_SEPARATOR = " / "


class Sentence(str):
    """A text for people in both languages; as a string it is the Chinese one.

    Args:
        written: "中文 / English", with the same `{placeholders}` in both.

    Attributes:
        english: The English one.

    Raises:
        ValueError: One of the languages is missing, or they have other placeholders.
    """

    __slots__ = ("english",)

    english: str

    def __new__(cls, written: str) -> Self:
        """Return the Chinese text, which knows its English one."""
        if isinstance(written, cls):
            return written
        chinese, _, english = written.partition(_SEPARATOR)
        if not _HAN.search(chinese) or not english or _HAN.search(english):
            raise ValueError(f"not written as 中文{_SEPARATOR}English: {written}")
        if _SEPARATOR in english or {*_PLACE.findall(chinese)} != {*_PLACE.findall(english)}:
            raise ValueError(f"the two languages have other places: {written}")
        made = super().__new__(cls, chinese)
        made.english = english
        return made

    def __getnewargs__(self) -> tuple[str]:
        return (f"{self}{_SEPARATOR}{self.english}",)


def sentences(written: Mapping[str, str]) -> dict[str, Sentence]:
    """Return a table of texts in both languages: code -> "中文 / English"."""
    return {code: Sentence(text) for code, text in written.items()}


class Complaint(TypedDict):
    """What is wrong with one member of a request."""

    field: str
    message_zh: str
    message_en: str


class Problem(Complaint):
    """A refusal as it travels to the caller."""

    code: str
    status: int
    guard: str | None
    params: dict[str, str]
    errors: NotRequired[list[Complaint]]


class Refusal(Exception):
    """A rule said no: nothing has changed, and repeating the same call would not help.

    Subclasses state `text`, the sentence that people read, as "中文 / English"; it may hold
    `{placeholders}` that are filled from the keyword arguments. A further text is `text_NAME`. The
    code of a refusal, and the guard of a `Guard`, is the name of its class in capitals unless it
    says otherwise.

    Args:
        field: The member of the request that is at fault, as a dotted path, or empty.
        params: Values for the text; they travel to the caller as `params`.

    Attributes:
        parts: Each complaint where there may be several; they travel as `errors`.
        of_caller: The caller may not act at all, whatever is named; what may be seen says nothing.
        unseen: There is such a thing, and the caller is told that there is none.
        denial: Another person has to do it, or the caller has no part in it: a want of right,
            whatever the status.
        everyday: It belongs to the ordinary course, so that the audit does not keep it.
        concerns: Whom it is about, where the caller is not signed in: `Tx.about`.
    """

    code: ClassVar[str] = "REFUSED"
    status: ClassVar[int] = 422
    guard: ClassVar[str | None] = None
    text: ClassVar[str] = Sentence("请求被拒绝 / The request was refused")
    parts: Sequence[Refusal] = ()
    of_caller: ClassVar[bool] = False
    unseen: bool = False
    denial: ClassVar[bool] = False
    everyday: ClassVar[bool] = False
    concerns: str | None = None
    # Parameters that are names on the wire; a text says the word for them (`locale/words.po`).
    names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        for name, text in list(vars(cls).items()):
            if name == "text" or name.startswith("text_"):
                try:
                    setattr(cls, name, Sentence(text))
                except ValueError as error:
                    raise TypeError(f"{cls.__qualname__}.{name}: {error}") from error
        if Refusal in cls.__bases__ and "code" not in vars(cls):
            cls.code = _in_capitals(cls.__name__)

    def __init__(self, *, field: str = "", **params: object) -> None:
        self.field = field
        self.params = params
        super().__init__(self.describe())

    @property
    def denies(self) -> bool:
        """Whether the caller lacked a right, here or at all: the audit keeps such refusals."""
        lacked = self.status in _DENIED or self.of_caller or self.unseen or self.denial
        return lacked and not self.everyday

    def describe(self) -> str:
        """Return the Chinese sentence with its placeholders filled."""
        return fill(self.text, self.params)


# Nobody is known, or somebody who may not.
_DENIED = frozenset({401, 403})


def _in_capitals(name: str) -> str:
    """Return UNKNOWN_GRID for UnknownGrid."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


T = TypeVar("T")
# What a caller wrote is repeated so far: enough to know it by.
MOST_REPEATED = 200


def shortened(value: T) -> T | str:
    """Return a value as a refusal repeats it; a long text ends early."""
    kept = isinstance(value, Sentence | Said | Choices)
    if isinstance(value, str) and not kept and len(value) > MOST_REPEATED:
        return value[:MOST_REPEATED] + "…"
    return value


def fill(
    text: str, params: Mapping[str, object], *, whole: bool = False, ours: Collection[str] = ()
) -> str:
    """Fill `{placeholders}`; one without a value stays rather than hiding the refusal.

    Args:
        text: The text in one language.
        params: What fills its places.
        whole: Whether a long text is said to its end.
        ours: Places of words of ours, which take no blank beside Chinese characters; texts in both
            languages are ours anyway. What people wrote stays apart.
    """
    shown = params if whole else {name: shortened(value) for name, value in params.items()}
    for name, value in params.items():
        if name in ours or isinstance(value, Sentence | Said):
            text = _closed_up(text, name, str(value))
    try:
        # A text without places comes back as it is, and a `Sentence` has no form in JSON.
        return str(text.format(**shown))
    except (KeyError, IndexError, ValueError):
        return str(text)


def _closed_up(text: str, name: str, word: str) -> str:
    """Return a Chinese text without the blanks beside a place where a Chinese word will stand."""
    if _HAN.match(word[:1]):
        text = re.sub(rf"(?<=[{_CHINESE}]) (?={{{name}}})", "", text)
    if _HAN.match(word[-1:]):
        text = re.sub(rf"(?<={{{name}}}) (?=[{_CHINESE}])", "", text)
    return text


class Said(str):
    """A Chinese text with its placeholders filled that can be said in English as well.

    Attributes:
        template: The text in both languages.
        params: Values of its placeholders.
    """

    __slots__ = ("params", "template")

    template: Sentence
    params: dict[str, object]


def said(written: str, **params: object) -> Said:
    """Fill a text ("中文 / English") that is a parameter of a refusal, so that it is not Chinese in
    English."""
    template = Sentence(written)
    made = Said(fill(template, params))
    made.template, made.params = template, params
    return made


class Choices(str):
    """Codes of which the caller has to send one: a sentence keeps them, beside their words."""

    __slots__ = ("codes",)

    codes: tuple[str, ...]

    def __new__(cls, *codes: str) -> Self:
        """Return the codes as a text."""
        made = super().__new__(cls, ", ".join(codes))
        made.codes = codes
        return made


class Written(str):
    """What a caller wrote, where codes may stand as well: a sentence repeats it as it is, also
    where it looks like a code that has a word."""

    __slots__ = ()


def all_told(found: Sequence[Refusal]) -> Refusal:
    """Return the first of several refusals, which tells the others as its parts."""
    first = found[0]
    if len(found) > 1:
        first.parts = [part for one in found for part in (one.parts or (one,))]
    return first


def require_all(*checks: Callable[[], object]) -> None:
    """Make checks that do not depend on each other, so that all that is wrong is told at once.

    Raises:
        Refusal: The first that was refused; the others are its parts.
    """
    found: list[Refusal] = []
    for check in checks:
        try:
            check()
        except Refusal as refusal:
            found.append(refusal)
    if found:
        raise all_told(found)


class Invalid(Refusal):
    """The request cannot be read: a member is missing, unknown or of the wrong type."""

    code = "VALIDATION"
    text = "请求内容有误:{reason} / The request cannot be read: {reason}"


class Flawed(Invalid):
    """Members of a request are missing, unknown or wrong; its sentence is that of the first.

    Args:
        parts: What is wrong with each.
        words: The package that says what codes are called, where that is another than who answers.
    """

    def __init__(self, parts: Sequence[Refusal], words: str = "") -> None:
        self.words = words
        self.parts = parts
        super().__init__(field=parts[0].field, reason=said(parts[0].text, **parts[0].params))


class Guard(Refusal):
    """A guard of the state machine is not met; `guard` names it."""

    code = "GUARD_FAILED"
    text = "条件不满足 / A condition is not met"

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if Guard in cls.__bases__ and "guard" not in vars(cls):
            cls.guard = _in_capitals(cls.__name__)


class StateConflict(Refusal):
    """The thing is in a state in which this is not possible."""

    status = 409
    text = "当前状态为“{state}”,不能执行此操作 / This is not possible in the state “{state}”"
    names = ("state",)


# What is told of a registration under which nobody may act any more.
CALLER_GONE = Sentence(
    "您的居民登记已注销或已迁出,不能办理;如有误请联系社区更正"
    " / Your registration as a resident has ended; if that is wrong, your community puts it right"
)
CALLER_DECEASED = Sentence(
    "您的登记已因去世注销,不能办理;如有误请联系社区更正"
    " / Your registration has ended by death; if that is wrong, your community puts it right"
)
CALLER_MERGED = Sentence(
    "您使用的是已合并的重复登记,请以保留的登记重新登录后办理"
    " / Your registration was merged into another one of yours; sign in under the one that stays"
)


class VersionConflict(Refusal):
    """If-Match names another version than the stored one."""

    status = 412
    text = (
        "数据已被修改:当前版本 {current},请求版本 {expected}"
        " / The data has changed: it is at version {current}, the request names version {expected}"
    )


class PreconditionRequired(Refusal):
    """The command changes something that exists, and must say which version it means."""

    status = 428
    text = "必须在 If-Match 中给出版本号 / If-Match must name the version that is meant"


class NotFound(Refusal):
    """There is no such thing, or the caller may not know that there is."""

    status = 404
    text = "未找到 {kind} {id} / There is no {kind} {id}"
    names = ("kind",)


class RoleDenied(Refusal):
    """The acting role may not do this, or not here.

    Args:
        role: The acting role.
        roles: Which roles may, where the door says it.
        scope: The area in which the role acts, where that is what lacks; with `area`.
        area: The area in question.
        field: The member that the role may not fill in so, where it may do the rest.
    """

    status = 403
    text = "角色“{role}”无权执行此操作 / The role {role} may not do this"
    text_roles = (
        "角色“{role}”无权执行此操作,可执行的角色:{roles}"
        " / The role {role} may not do this; these may: {roles}"
    )
    text_area = (
        "角色“{role}”的授权范围是 {scope},不包括 {area}"
        " / The role {role} is granted for {scope}, which does not cover {area}"
    )
    text_member = "角色“{role}”不能这样填写 {member} / The role {role} may not fill in {member} so"
    names = ("role", "roles")

    def __init__(self, *, field: str = "", **params: object) -> None:
        if {"scope", "area"} <= params.keys():
            self.text, self.guard = self.text_area, "AREA_DENIED"  # type: ignore[misc]
        elif "roles" in params:
            self.text = self.text_roles  # type: ignore[misc]
        elif field and self.text == RoleDenied.text:
            # The door is open to the role; what it may not is what stands in this member.
            self.text = self.text_member  # type: ignore[misc]
            params["member"] = field
        super().__init__(field=field, **params)


class IdempotencyMismatch(Refusal):
    """The key was used before with another request."""

    text = "该 Idempotency-Key 已用于另一请求 / This Idempotency-Key was used with another request"


class InFlight(Refusal):
    """The first request with this key has not ended yet."""

    status = 409
    text = (
        "相同 Idempotency-Key 的请求正在处理,请稍后用同一键重试"
        " / The first request with this Idempotency-Key has not ended; repeat with the same key"
    )


class KeyRequired(Refusal):
    """A command came without an idempotency key."""

    status = 400
    text = "命令必须带 Idempotency-Key / A command needs an Idempotency-Key"


class Faulted(Refusal):
    """There is a bug; the logs say which under this id."""

    code = "INTERNAL_FAULT"
    status = 500
    text = "系统内部错误,故障编号 {fault_id} / Something is wrong inside; the fault is {fault_id}"


class NumberOfAPerson(Invalid):
    """A text that others read holds somebody's number; `free_text` declares which texts these are.

    Args:
        kind: "phone" or "id_no"; the number itself is never repeated.
    """

    code = "PII_FOUND"
    guard = "PII_FOUND"
    text = (
        "文本中含有手机号码,请删去后再提交"
        " / The text holds somebody's phone number; take it out and send it again"
    )
    text_id_no = (
        "文本中含有身份证号码,请删去后再提交"
        " / The text holds somebody's identity number; take it out and send it again"
    )

    def __init__(self, *, field: str, kind: str) -> None:
        if kind == "id_no":
            self.text = self.text_id_no  # type: ignore[misc]
        super().__init__(field=field, kind=kind)
        self.parts = (self,)

    @classmethod
    def of(cls, found: Sequence[NumberOfAPerson]) -> Self:
        """Return one refusal that says all that was found."""
        first = cls(field=found[0].field, kind=str(found[0].params["kind"]))
        first.parts = found
        return first


class WebhooksOff(Guard):
    """The operator has not said where webhooks may go."""

    text = (
        "本系统未开启推送:须由运维设置 {setting}"
        " / Webhooks are off here: the operator sets {setting} first"
    )


class TooManyWebhooks(Guard):
    """A service tells no more receivers."""

    text = "每个服务最多 {limit} 个推送地址 / A service has {limit} webhooks at most"


class WebhookExists(Guard):
    """The receiver is told the same events already."""

    text = (
        "此地址已登记同样的事件和范围({id})"
        " / The same events and area are told to this address already ({id})"
    )
