"""Jobs: long work in many transactions, with progress, cancelling and resuming after a crash."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from chassis import storage as store
from chassis.bus import SYSTEM, Tx

if TYPE_CHECKING:
    from chassis.runtime import Runtime

log = logging.getLogger("fivered.jobs")

LEASE = timedelta(seconds=60)
TRIES = 3


class Cancelled(Exception):
    """The job was asked to stop, and has."""


class Job:
    """One running job.

    Attributes:
        params: What it was started with.
        saved: What it saved last; None at the first start. A job that is resumed after a crash
            goes on from there.
    """

    def __init__(self, runtime: Runtime, row: Any) -> None:
        self.runtime = runtime
        self.job_id: str = row.job_id
        self.params: dict[str, Any] = row.params
        self.saved: dict[str, Any] | None = row.saved
        self.done: int = row.done

    @contextmanager
    def step(
        self,
        *,
        done: int | None = None,
        total: int | None = None,
        note: str | None = None,
        saved: dict[str, Any] | None = None,
    ) -> Iterator[Tx]:
        """One transaction of the job; its progress commits with its effect.

        Raises:
            Cancelled: Somebody asked the job to stop; nothing of this step has happened.
        """
        table = self.runtime.chassis.jobs
        with self.runtime.transaction(SYSTEM) as tx:
            asked = sa.select(table.c.cancel).where(table.c.job_id == self.job_id)
            if tx.conn.execute(asked).scalar():
                raise Cancelled
            yield tx
            values: dict[str, Any] = {"updated_at": _now(), "lease_until": _now() + LEASE}
            for name, value in (("done", done), ("total", total), ("note", note)):
                if value is not None:
                    values[name] = value
            if saved is not None:
                values["saved"] = saved
            tx.conn.execute(sa.update(table).where(table.c.job_id == self.job_id).values(**values))
        if done is not None:
            self.done = done
        if saved is not None:
            self.saved = saved


def _now() -> datetime:
    return datetime.now(UTC)


def run_next(runtime: Runtime) -> bool:
    """Claim one job and run it to its end. Returns whether there was one."""
    row = _claim(runtime)
    if row is None:
        return False
    running = Job(runtime, row)
    method = runtime.job_doors.get(row.kind)
    try:
        if method is None:
            raise LookupError(f"{runtime.name} has no job {row.kind!r}")
        result = getattr(runtime.instance(), method)(running)
        _end(runtime, row.job_id, "DONE", result=result)
    except Cancelled:
        _end(runtime, row.job_id, "CANCELLED")
    except Exception as error:  # noqa: BLE001  a job's fault must not stop the worker
        if store.is_outage(error):
            raise
        why = "".join(traceback.format_exception(error))[-4000:]
        log.exception("job_failed", extra={"service": runtime.name, "job_id": row.job_id})
        # Only a crash of the process is tried again: a fault would come again.
        _end(runtime, row.job_id, "FAILED", error=why)
    return True


def _claim(runtime: Runtime) -> Any:
    table = runtime.chassis.jobs
    free = sa.or_(
        table.c.state == "QUEUED",
        sa.and_(table.c.state == "RUNNING", table.c.lease_until < _now()),
    )
    with runtime.engine.begin() as conn:
        asked = sa.select(table).where(free).order_by(table.c.created_at, table.c.job_id).limit(1)
        row = conn.execute(store.lock(asked, conn, skip_locked=True)).first()
        if row is None:
            return None
        values: dict[str, Any] = {"updated_at": _now()}
        if row.attempts >= TRIES:
            values |= {"state": "FAILED", "error": f"the process died {TRIES} times in this job"}
        else:
            values |= {
                "state": "RUNNING",
                "attempts": row.attempts + 1,
                "lease_until": _now() + LEASE,
            }
        conn.execute(sa.update(table).where(table.c.job_id == row.job_id).values(**values))
    return None if row.attempts >= TRIES else row


def _end(
    runtime: Runtime, job_id: str, state: str, *, result: Any = None, error: str | None = None
) -> None:
    table = runtime.chassis.jobs
    with runtime.engine.begin() as conn:
        conn.execute(
            sa.update(table)
            .where(table.c.job_id == job_id)
            .values(
                state=state, result=result, error=error, updated_at=_now(), lease_until=None
            )
        )
