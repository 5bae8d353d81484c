"""What is answered about service standards."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply
from fivered.services.steward.rules.standards import CategoryTerms, Hours, Times


class StandardReply(Reply, kw_only=True):
    """已处理 / The version as it stands now."""

    id: str
    state: str
    version: int
    number: int
    effective_from: date


class StandardCard(Reply, kw_only=True):
    """办理标准 / A version of the service standards."""

    id: str
    number: Annotated[int, Meta(description="版本号 / the number of the version")]
    state: Annotated[str, Meta(examples=["APPROVED"])]
    effective_from: date
    in_force: Annotated[bool, Meta(description="现行 / in force now, or at the asked instant")]
    based_on: str | None = None
    source: str
    proposed_at: Instant
    decided_at: Instant | None = None
    reason: str | None = None
    version: int


class StandardWhole(StandardCard, kw_only=True):
    """办理标准全文 / A version, whole."""

    hours: list[Hours]
    times: list[Times]
    categories: list[CategoryTerms]


class StandardChange(Reply, kw_only=True):
    """一处差异 / One difference; values as JSON."""

    what: Annotated[str, Meta(description="HOURS、TIMES 或 CATEGORY / of which kind of row")]
    code: str
    member: Annotated[
        str, Meta(description="字段;整行增删时为空 / which member; empty for a whole row")
    ]
    before: str | None = None
    after: str | None = None


class StandardDiff(Reply, kw_only=True):
    """两版标准的差异 / What one version changes of another."""

    id: str
    number: int
    since: int
    items: list[StandardChange]
