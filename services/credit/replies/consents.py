"""What is answered about consents and proposals of them."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from fivered.chassis.fields import Instant, OwnMatter
from fivered.chassis.replies import Reply
from fivered.services.credit.replies.common import Done


class ConsentDone(Done, kw_only=True):
    """授权的状态 / Where a consent stands, or a proposal of one."""

    subject: str | UnsetType = UNSET
    purposes: (
        Annotated[list[str], Meta(description="现有的用途 / what is consented to")] | UnsetType
    ) = UNSET


class ConsentCard(Reply, kw_only=True):
    """授权 / A consent; if it is suspended, why."""

    id: str
    subject: str
    state: str
    version: int
    purposes: list[str]
    notice_version: str
    granted_at: Instant
    withdrawn_at: Instant | None = None
    channel: str
    evidence_ref: str | None = None
    person_id: str
    granted_by: str | None = None
    proposed_by: str | None = None
    reason: str | None = None
    reason_en: str | None = None


class ConsentAct(Reply, kw_only=True):
    """授权的一次变动 / What was done with a consent: given, changed, renewed under another notice,
    withdrawn wholly or in part, or ended with the registration."""

    consent_id: str
    subject: str
    act: str
    version: int
    notice_version: str
    purposes: Annotated[list[str], Meta(description="此后的用途 / what is consented to after it")]
    channel: str
    evidence_ref: str | None = None
    at: Instant
    acted_by: str | None = None
    proposed_by: str | None = None


class ConsentsReply(Reply, kw_only=True):
    """一人的授权 / The consents of a person."""

    items: list[ConsentCard]
    next: None = None


class ConsentProposalCard(Reply, kw_only=True):
    """工作人员代为登记、待第二人确认的授权 / A consent proposed in a person's name."""

    id: str
    person_id: str
    subject: str
    state: str
    version: int
    purposes: list[str]
    notice_version: str
    channel: str
    evidence_ref: str
    proposed_by: str
    proposed_at: Instant
    due: Instant
    decided_by: str | None = None
    decided_at: Instant | None = None
    own_matter: OwnMatter = UNSET


class ConsentNoticeCard(Done, kw_only=True):
    """授权告知书的一个版本 / A version of the consent notice; who proposed and published it is told
    to the district."""

    notice_version: str
    effective_from: date
    in_force: Annotated[
        bool, Meta(description="是否为现行版本 / whether consents are given under it now")
    ]
    scope: str
    purposes: list[str]
    proposed_at: Instant
    decided_at: Instant | None = None
    proposed_by: str | UnsetType = UNSET
    decided_by: str | UnsetType | None = UNSET
    reason: str | UnsetType | None = UNSET


class ConsentNoticeText(Struct, kw_only=True):
    """一项用途的告知内容 / What is told about one purpose."""

    purpose: str
    text: str
    text_en: str


class ConsentNoticeReply(ConsentNoticeCard, kw_only=True):
    """授权告知书全文 / A version of the consent notice in full."""

    texts: list[ConsentNoticeText]


class ConsentNoticeOfPurpose(Reply, kw_only=True):
    """一个版本中一项用途的告知内容 / What a version tells about one purpose."""

    notice_version: str
    effective_from: date
    in_force: bool
    purpose: str
    text: str
    text_en: str
