"""Refusals: a rule said no. Pure, so that rules and errors of a service may import it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self


class Refusal(Exception):
    """A rule said no: nothing has changed, and repeating the same call would not help.

    Subclasses state `text`, the Chinese sentence that people read; it is the msgid of the service's
    catalogue and may hold `{placeholders}` that are filled from the keyword arguments.

    Args:
        field: The member of the request that is at fault, as a dotted path, or empty.
        params: Values for the text; they travel to the caller as `params`.

    Attributes:
        parts: Each complaint where there may be several; they travel as `errors`.
        of_caller: He may not act at all, whatever he named; what he may see of it says nothing.
    """

    code: ClassVar[str] = "REFUSED"
    status: ClassVar[int] = 422
    guard: ClassVar[str | None] = None
    text: ClassVar[str] = "请求被拒绝"
    parts: Sequence[Refusal] = ()
    of_caller: ClassVar[bool] = False
    # Parameters that are names on the wire; a text says the word for them (`locale/zh.po`).
    names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, field: str = "", **params: Any) -> None:
        self.field = field
        self.params = params
        super().__init__(self.describe())

    def describe(self) -> str:
        """Return the Chinese sentence with its placeholders filled."""
        return fill(self.text, self.params)


# What a caller wrote is repeated so far: enough to know it by.
MOST_REPEATED = 200


def shortened(value: Any) -> Any:
    """Return a value as a refusal repeats it; a long text ends early."""
    kept = isinstance(value, Said | Choices)
    if isinstance(value, str) and not kept and len(value) > MOST_REPEATED:
        return value[:MOST_REPEATED] + "…"
    return value


def fill(text: str, params: Mapping[str, Any], *, whole: bool = False) -> str:
    """Fill `{placeholders}`; one without a value stays rather than hiding the refusal."""
    shown = params if whole else {name: shortened(value) for name, value in params.items()}
    try:
        return text.format(**shown)
    except (KeyError, IndexError, ValueError):
        return text


class Said(str):
    """A Chinese text with its placeholders filled that can be said in English as well.

    Attributes:
        template: The text as it stands in the catalogue.
        params: Values of its placeholders.
    """

    __slots__ = ("params", "template")

    template: str
    params: dict[str, Any]


def said(template: str, **params: Any) -> Said:
    """Fill a text that is a parameter of a refusal, so that it is not Chinese in English."""
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


class Invalid(Refusal):
    """The request cannot be read: a member is missing, unknown or of the wrong type."""

    code = "VALIDATION"
    text = "请求内容有误:{reason}"


class Guard(Refusal):
    """A guard of the state machine is not met; `guard` names it."""

    code = "GUARD_FAILED"
    text = "条件不满足"


class StateConflict(Refusal):
    """The thing is in a state in which this is not possible."""

    code = "STATE_CONFLICT"
    status = 409
    text = "当前状态为“{state}”,不能执行此操作"
    names = ("state",)


class VersionConflict(Refusal):
    """If-Match names another version than the stored one."""

    code = "VERSION_CONFLICT"
    status = 412
    text = "数据已被修改:当前版本 {current},请求版本 {expected}"


class PreconditionRequired(Refusal):
    """The command changes something that exists, and must say which version it means."""

    code = "PRECONDITION_REQUIRED"
    status = 428
    text = "必须在 If-Match 中给出版本号"


class NotFound(Refusal):
    """There is no such thing, or the caller may not know that there is."""

    code = "NOT_FOUND"
    status = 404
    text = "未找到 {kind} {id}"
    names = ("kind",)


class RoleDenied(Refusal):
    """The acting role may not do this, or not here.

    Args:
        role: The acting role.
        roles: Which roles may, where the door says it.
        scope: The area in which the role acts, where that is what lacks; with `area`.
        area: The area in question.
    """

    code = "ROLE_DENIED"
    status = 403
    text = "角色“{role}”无权执行此操作"
    text_roles = "角色“{role}”无权执行此操作,可执行的角色:{roles}"
    text_area = "角色“{role}”的授权范围是 {scope},不包括 {area}"
    names = ("role", "roles")

    def __init__(self, *, field: str = "", **params: Any) -> None:
        if {"scope", "area"} <= params.keys():
            self.text, self.guard = self.text_area, "AREA_DENIED"  # type: ignore[misc]
        elif "roles" in params:
            self.text = self.text_roles  # type: ignore[misc]
        super().__init__(field=field, **params)


class IdempotencyMismatch(Refusal):
    """The key was used before with another request."""

    code = "IDEMPOTENCY_MISMATCH"
    text = "该 Idempotency-Key 已用于另一请求"


class InFlight(Refusal):
    """The first request with this key has not ended yet."""

    code = "IN_FLIGHT"
    status = 409
    text = "相同 Idempotency-Key 的请求正在处理,请稍后用同一键重试"


class KeyRequired(Refusal):
    """A command came without an idempotency key."""

    code = "KEY_REQUIRED"
    status = 400
    text = "命令必须带 Idempotency-Key"


class Faulted(Refusal):
    """There is a bug; the logs say which under this id."""

    code = "INTERNAL_FAULT"
    status = 500
    text = "系统内部错误,故障编号 {fault_id}"


class NumberOfAPerson(Invalid):
    """A text that others read holds somebody's number; `free_text` declares which texts these are.

    Args:
        kind: "phone" or "id_no"; the number itself is never repeated.
    """

    code = "PII_FOUND"
    guard = "PII_FOUND"
    text = "文本中含有手机号码,请删去后再提交"
    text_id_no = "文本中含有身份证号码,请删去后再提交"

    def __init__(self, *, field: str, kind: str) -> None:
        if kind == "id_no":
            self.text = self.text_id_no  # type: ignore[misc]
        super().__init__(field=field, kind=kind)
        self.parts = (self,)

    @classmethod
    def of(cls, found: Sequence[NumberOfAPerson]) -> Self:
        """Return one refusal that says all that was found."""
        first = cls(field=found[0].field, kind=found[0].params["kind"])
        first.parts = found
        return first
