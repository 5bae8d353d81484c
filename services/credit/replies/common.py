"""What several doors of credit answer."""

from __future__ import annotations

from typing import Self

from msgspec import UNSET, UnsetType

from fivered.chassis.fields import Instant
from fivered.chassis.replies import Reply


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
    version: int

    @classmethod
    def queued(cls, job_id: str, **more: object) -> Self:
        """Return that a job waits for a worker.

        Args:
            job_id: The job.
            more: What a kind of job answers besides.
        """
        told: dict[str, object] = {"id": job_id, "job_id": job_id, "state": "QUEUED", "version": 1}
        return cls.of(told | more)
