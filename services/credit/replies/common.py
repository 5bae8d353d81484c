"""What several doors of credit answer."""

from msgspec import UNSET, UnsetType

from chassis.fields import Instant
from chassis.replies import Reply


class Done(Reply, kw_only=True):
    """What a command answers: the thing, its state and the version for the next If-Match."""

    id: str
    state: str
    version: int
    number: str | UnsetType = UNSET
    due: Instant | UnsetType = UNSET


class JobStarted(Reply, kw_only=True):
    """任务已排队 / The job is queued."""

    id: str
    job_id: str
    state: str
