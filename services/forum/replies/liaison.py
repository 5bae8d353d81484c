"""What a command answers, and what is said of officials, links and deputies."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.few import PEOPLE, Counts
from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


class Done(Reply, kw_only=True):
    """What a command answers: the thing, its state and the version for the next If-Match."""

    id: str
    state: str
    version: int


class Post(Reply, kw_only=True):
    """包保干部 / Who answers for a rung of the chain."""

    tier: str
    official_id: str
    person_id: str
    link_id: Annotated[str, Meta(description="网格员本岗无 / none of an office itself")] | None
    since: Instant


class Rung(Reply, kw_only=True):
    """联系链一级 / One rung: who answers there, or a gap and who acts meanwhile."""

    tier: str
    target_kind: str
    target: str | None
    officials: list[Post]
    gap: bool
    acting: Post | None


class ChainReply(Reply, kw_only=True):
    """包保联系链 / Every rung is shown, gaps as gaps, with who acts meanwhile."""

    target: str
    grid: str | None = None
    complete: bool
    rungs: list[Rung]


class Coverage(Counts, kw_only=True):
    """一级覆盖 / How many targets of a tier have somebody who answers for them."""

    tier: str
    target_kind: str
    targets: Annotated[int, PEOPLE]
    covered: Annotated[int, PEOPLE]
    rate: str | None
    gaps: list[str]


class CoverageReply(Reply, kw_only=True):
    """包保联系覆盖 (M-19) / Targets with somebody who answers for them, per tier."""

    scope: str
    tiers: list[Coverage]
    grids_without_worker: list[str]


class Card(Reply, kw_only=True):
    """A row of a list."""

    id: str


Holder = Annotated[str, Meta(description="已离任者仅工作人员可见 / who left, for staff only")]


class OfficialCard(Card, kw_only=True):
    """干部 / An official."""

    official_id: str
    person_id: Holder | None
    tier: str
    post: str
    area: str
    state: str
    created_at: Instant
    ended_at: Instant | None
    version: int


class LiaisonCard(Card, kw_only=True):
    """包保联系 / A link of an official to a target."""

    link_id: str
    official_id: str
    person_id: Holder | None
    tier: str
    target_kind: str
    target: str
    area: str
    since: Instant
    until: Instant | None
    state: str
    created_at: Instant
    version: int
    reason: str | UnsetType | None = UNSET


class DeputyCard(Card, kw_only=True):
    """两代表一委员 / A deputy."""

    deputy_id: str
    person_id: Holder | None
    kind: str
    level: str
    term_from: Instant
    term_to: Instant | None
    area: str
    state: str
    created_at: Instant
    version: int
    streets: list[str]


class OptInCard(Card, kw_only=True):
    """同意参加抽选 / Somebody's consent to be drawn."""

    person_id: str
    state: str
    opted_at: Instant
    withdrawn_at: Instant | None
    entered_by: str
    receipt: str | None
    version: int


class DeputySession(Reply, kw_only=True):
    """代表受邀会议 / A session to which a deputy was invited."""

    session_id: str
    attended_at: Instant | None


class YearReply(Reply, kw_only=True):
    """代表履职记录 (M-24) / A deputy's year."""

    id: str
    kind: str
    year: int
    invited: int
    answered_yes: int
    attended: int
    rate: str | None = None
    sessions: list[DeputySession]
