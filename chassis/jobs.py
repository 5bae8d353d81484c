"""Jobs: long work in many transactions, with progress, cancelling and resuming after a crash."""

from __future__ import annotations

import functools
import itertools
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import NoReturn, TypeAlias

import sqlalchemy as sa

from fivered.chassis import database_errors, metrics
from fivered.chassis import storage as store
from fivered.chassis.blobs import Blobs, NoRoom
from fivered.chassis.cards import JobCard, JobState
from fivered.chassis.i18n import problem_of
from fivered.chassis.inbox import Outage
from fivered.chassis.messages import SYSTEM, SYSTEM_ROLE, Members, new_uuid
from fivered.chassis.migrate import package_of
from fivered.chassis.refusal import Faulted, NotFound, Refusal, RoleDenied
from fivered.chassis.replies import plain
from fivered.chassis.transaction import Opened, Tx

log = logging.getLogger("fivered.jobs")

# Short, because the worker renews it while a step runs: it is how long a job of a worker that was
# killed stands still.
# What a job was started with, and what it saves of how far it is: its own.
Params: TypeAlias = Members
LEASE = timedelta(seconds=15)
TRIES = 3
# The param of a job that names a file which came for it. It may hold what people told in
# confidence: it goes when the job has ended, however it has.
UPLOAD = "sha256"
# Who sees the jobs of others in their area, and who may stop them. All see and stop their own.
STOPPERS = frozenset({"R_DISTRICT", SYSTEM_ROLE})
READERS = STOPPERS | {"R_STREET", "R_AUDITOR", "R_DISTRICT_LEAD"}


# Where in a file a refusal was met.
_PLACES = ("sheet", "row", "line", "byte")


class JobDied(Refusal):
    """Each worker that runs it is killed."""

    status = 500
    text = (
        "后台任务三次中断于进程终止,已停止重试"
        " / The process died three times in this job; it is not tried again"
    )


# What a card says where a release before wrote a traceback.
_OLD_FAULT = Faulted(fault_id="—").describe()


class Cancelled(Exception):
    """The job was asked to stop, and has.

    Attributes:
        result: What it answers all the same; a job that can tell how far it came sets it.
    """

    result: object = None


class Interrupted(Exception):
    """The worker ends; the job goes back to the queue and goes on in another worker."""


class LeaseLost(Exception):
    """Another worker has taken this job up, because this one was not heard of for too long."""


class Job:
    """One running job.

    Attributes:
        params: What it was started with.
        saved: What it saved last; None at the first start. A job that is resumed after a crash
            goes on from there.
        requested_by: Who asked for it, as of the step: a person may be merged while it runs.
    """

    def __init__(
        self, runtime: Opened, row: store.Row, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self.runtime = runtime
        self.attempt: int = row.attempts + 1
        self._stopping = stopping
        self.job_id: str = row.job_id
        self.params: Params = row.params
        self.saved: Params | None = row.saved
        self.done: int = row.done
        self.requested_by: str = row.requested_by or SYSTEM.id

    @contextmanager
    def step(
        self,
        *,
        done: int | None = None,
        total: int | None = None,
        note: str | None = None,
        saved: Params | None = None,
    ) -> Iterator[Tx]:
        """One transaction of the job; its progress commits with its effect.

        Raises:
            Cancelled: Somebody asked the job to stop; nothing of this step has happened.
            Interrupted: The worker ends; nothing of this step has happened.
            LeaseLost: Another worker runs the job now; nothing of this step has happened.
        """
        if self._stopping():
            raise Interrupted
        table = self.runtime.chassis.jobs
        with self.runtime.transaction(SYSTEM) as tx:
            row = tx.conn.execute(_standing(table), {"job_id": self.job_id}).first()
            if row is None:
                raise LeaseLost
            if row.cancel:
                raise Cancelled
            self.requested_by = row.requested_by or SYSTEM.id
            yield tx
            values: dict[str, object] = {"updated_at": _now(), "lease_until": _now() + LEASE}
            given = {"done": done, "total": total, "note": note, "saved": saved}
            values |= {name: value for name, value in given.items() if value is not None}
            # Two workers must never both commit a step: only the newest attempt may.
            changed = tx.conn.execute(sa.update(table).where(self.mine()).values(**values))
            if changed.rowcount != 1:
                raise LeaseLost
        if done is not None:
            self.done = done
        if saved is not None:
            self.saved = saved

    def repeat(self, counts: Mapping[str, int], work: Callable[[Tx, Params], bool]) -> Params:
        """Do a little of some work in each transaction until nothing is left. Returns what was
        noted last.

        Args:
            counts: What is counted, from where on; the sum is shown as progress.
            work: Does a little, writes into the notes what came of it, and tells whether there may
                be more. What is done already is none of its worry.

        Raises:
            Cancelled, Interrupted, LeaseLost: As `step`; what was done stays done.
        """
        notes: Params = self.saved or dict(counts)
        more = True
        while more:
            now = dict(notes)
            with self.step(done=sum(notes[name] for name in counts), saved=now) as tx:
                more = work(tx, now)
            notes = now
        return notes

    def parts(
        self,
        keys: Sequence[str],
        work: Callable[[Tx, Sequence[str]], None],
        *,
        size: int,
        at_once: int = 1,
        total: int | None = None,
    ) -> None:
        """Do work in parts that do not touch each other, several transactions at once.

        Each transaction does `size` parts and commits with the note that they are done, so that a
        job which is resumed does none twice. A transaction that the database chose to give way is
        run again.

        Args:
            keys: The parts; each belongs to this job once.
            work: Does some parts in a transaction.
            size: Parts per transaction.
            at_once: Transactions at the same time; SQLite, which has one writer, takes one.
            total: Parts of the whole job, if `parts` is called more than once; shown as progress.

        Raises:
            Cancelled: Somebody asked the job to stop; what was done stays done.
            Interrupted: The worker ends; what was done stays done.
            LeaseLost: Another worker runs the job now.
        """
        done = set((self.saved or {}).get("parts", ()))
        left = [key for key in keys if key not in done]
        groups = [left[begin : begin + size] for begin in range(0, len(left), size)]
        if self.runtime.engine.dialect.name != "postgresql" or at_once < 2:
            for group in groups:
                self._group(group, work, total or len(keys))
            return
        waiting = iter(groups)
        with ThreadPoolExecutor(at_once, thread_name_prefix=f"job-{self.job_id}") as threads:

            def begin(count: int) -> set[Future[None]]:
                return {
                    threads.submit(self._group, group, work, total or len(keys))
                    for group in itertools.islice(waiting, count)
                }

            running = begin(at_once)
            while running:
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    # A fault leaves what is not begun; what runs is waited for by the pool.
                    future.result()
                running |= begin(len(ended))

    def _group(
        self, group: Sequence[str], work: Callable[[Tx, Sequence[str]], None], total: int
    ) -> None:
        for attempt in range(TRIES):
            try:
                with self.step() as tx:
                    work(tx, group)
                    self._note_parts(tx, group, total)
            except sa.exc.DBAPIError as error:
                if attempt + 1 == TRIES or not database_errors.is_lost_race(error):
                    raise
            else:
                return

    def _note_parts(self, tx: Tx, group: Sequence[str], total: int) -> None:
        table = self.runtime.chassis.jobs
        # The row's lock lets those who do other parts wait until this commits or does not.
        asked = sa.select(table.c.saved).where(self.mine())
        row = tx.conn.execute(store.lock(asked, tx.conn)).first()
        if row is None:
            raise LeaseLost
        saved = row.saved or {}
        parts = [*saved.get("parts", ()), *group]
        tx.conn.execute(
            sa.update(table)
            .where(self.mine())
            .values(saved=saved | {"parts": parts}, done=len(parts), total=total, note=group[-1])
        )

    def mine(self) -> sa.ColumnElement[bool]:
        """Return the condition that finds the job's row only while this attempt owns it."""
        table = self.runtime.chassis.jobs
        return sa.and_(
            table.c.job_id == self.job_id,
            table.c.attempts == self.attempt,
            table.c.state == "RUNNING",
        )


class _Renewal(threading.Thread):
    """Keeps the lease of a job whose steps are long."""

    def __init__(self, job: Job) -> None:
        super().__init__(name=f"lease-{job.job_id}", daemon=True)
        self._job = job
        self._over = threading.Event()

    def run(self) -> None:
        table = self._job.runtime.chassis.jobs
        while not self._over.wait(LEASE.total_seconds() / 3):
            try:
                with self._job.runtime.engine.begin() as conn:
                    conn.execute(
                        sa.update(table).where(self._job.mine()).values(lease_until=_now() + LEASE)
                    )
            except sa.exc.SQLAlchemyError as error:
                log.warning(
                    "lease_not_renewed", extra={"job_id": self._job.job_id, "why": str(error)}
                )

    def end(self) -> None:
        self._over.set()


def _now() -> datetime:
    return datetime.now(UTC)


def run_next(
    runtime: Opened, *, stopping: Callable[[], bool] = lambda: False, quick: bool | None = None
) -> bool:
    """Claim one job and run it to its end. Returns whether there was one.

    Args:
        runtime: The service.
        quick: Whether only quick ones are taken up, or none of these; without it all are.
        stopping: Asked before each step; when it says True the job goes back to the queue.
    """
    row = _claim(runtime, quick)
    if row is None:
        return False
    running = Job(runtime, row, stopping)
    # SQLite has one writer and one process: nobody else could take the job.
    renewal = _Renewal(running) if runtime.engine.dialect.name == "postgresql" else None
    if renewal is not None:
        renewal.start()
    try:
        _run(runtime, running, row)
    finally:
        if renewal is not None:
            renewal.end()
    return True


def _run(runtime: Opened, running: Job, row: store.Row) -> None:
    method = runtime.job_doors.get(row.kind)
    try:
        if method is None:
            raise LookupError(f"{runtime.name} has no job {row.kind!r}")  # noqa: TRY301  ends as a fault does
        result = getattr(runtime.instance(), method)(running)
        _end(running, "DONE", result=result)
    except Cancelled as cancelled:
        _end(running, "CANCELLED", result=cancelled.result)
    except LeaseLost:
        log.warning("job_lease_lost", extra={"service": runtime.name, "job_id": row.job_id})
    except Interrupted:
        _requeue(running)
    except NoRoom as refusal:
        _wait(running, refusal)
    except Refusal as refusal:
        _end(running, "FAILED", refusal=refusal)
    except Exception as error:
        if database_errors.is_outage(error):
            _wait(running, error)
        fault_id = new_uuid()
        log.exception(
            "job_failed",
            extra={"service": runtime.name, "job_id": row.job_id, "fault_id": fault_id},
        )
        # Only a crash of the process is tried again: a fault would come again.
        _end(running, "FAILED", refusal=Faulted(fault_id=fault_id))


def _claim(runtime: Opened, quick: bool | None = None) -> store.Row | None:
    table = runtime.chassis.jobs
    asked = _free(table, runtime.quick_jobs, quick)
    # Looking takes no lock: nothing waits most of the time.
    with store.reading(runtime.engine) as conn:
        if conn.execute(asked, {"now": _now()}).first() is None:
            return None
    with runtime.engine.begin() as conn:
        locked = store.lock(asked, conn, skip_locked=True)
        row = store.first(conn, locked.params(now=_now()))
        if row is None:
            return None
        values: dict[str, object] = {"updated_at": _now()}
        if row.attempts >= TRIES:
            values |= {"state": "FAILED", **_why(runtime, JobDied())}
        else:
            values |= {
                "state": "RUNNING",
                "attempts": row.attempts + 1,
                "lease_until": _now() + LEASE,
            }
        conn.execute(sa.update(table).where(table.c.job_id == row.job_id).values(**values))
    if row.attempts >= TRIES:
        metrics.JOBS_ENDED[runtime.name, "FAILED"].inc()
        _forget_upload(runtime, row.params)
        return None
    return row


@functools.cache
def _standing(jobs: sa.Table) -> store.Select:
    return sa.select(jobs.c.cancel, jobs.c.requested_by).where(
        jobs.c.job_id == sa.bindparam("job_id")
    )


@functools.cache
def _free(jobs: sa.Table, quick_jobs: frozenset[str], quick: bool | None) -> store.Select:
    # Written once: every worker looks for jobs all the time.
    forsaken = sa.and_(jobs.c.state == "RUNNING", jobs.c.lease_until < sa.bindparam("now"))
    free = [sa.or_(jobs.c.state == "QUEUED", forsaken)]
    if quick is not None:
        ours = jobs.c.kind.in_(sorted(quick_jobs))
        free.append(ours if quick else sa.not_(ours))
    return sa.select(jobs).where(*free).order_by(jobs.c.created_at, jobs.c.job_id).limit(1)


def _forget_upload(runtime: Opened, params: Params) -> None:
    if UPLOAD in params and runtime.process.blobs:
        Blobs(runtime.process.blobs).remove(params[UPLOAD])


def take_back(runtime: Opened) -> int:
    """Queue the jobs that were running, for a host that knows that nobody else runs any.

    A claim still counts as an attempt, so a job that kills its process is not begun forever.
    """
    table = runtime.chassis.jobs
    with runtime.engine.begin() as conn:
        return conn.execute(
            sa.update(table)
            .where(table.c.state == "RUNNING")
            .values(state="QUEUED", lease_until=None)
        ).rowcount


def _why(runtime: Opened, refusal: Refusal) -> dict[str, object]:
    """Return what a job's row says of its refusal, in both languages and with the place."""
    where = {name: refusal.params[name] for name in _PLACES if name in refusal.params}
    told = {**problem_of(refusal, package_of(runtime.service_cls)), "where": where}
    return {"error": f"{told['message_zh']} / {told['message_en']}", "problem": told}


def _end(
    running: Job, state: str, *, result: object = None, refusal: Refusal | None = None
) -> None:
    table = running.runtime.chassis.jobs
    values: dict[str, object] = {"state": state, "result": plain(result)}
    if refusal is not None:
        values |= _why(running.runtime, refusal)
    with running.runtime.engine.begin() as conn:
        conn.execute(
            sa.update(table)
            .where(running.mine())
            .values(**values, updated_at=_now(), lease_until=None)
        )
    metrics.JOBS_ENDED[running.runtime.name, state].inc()
    _forget_upload(running.runtime, running.params)


def _requeue(running: Job) -> None:
    """Give the job back. This attempt does not count: nothing was wrong with the job."""
    table = running.runtime.chassis.jobs
    with running.runtime.engine.begin() as conn:
        conn.execute(
            sa.update(table)
            .where(running.mine())
            .values(state="QUEUED", attempts=running.attempt - 1, lease_until=None)
        )


def _wait(running: Job, why: Exception) -> NoReturn:
    """Give a job back that met an outage, so that it waits however long that lasts.

    Where the database takes not even that, its lease ends, and this was one of its attempts.

    Raises:
        Outage: Always.
    """
    with suppress(sa.exc.SQLAlchemyError):
        _requeue(running)
    raise Outage(str(why)) from why


# --------------------------------------------------------------------------------------------------
# For people


def card(tx: Tx, job_id: str) -> JobCard:
    """Return a job's state.

    Raises:
        NotFound: No such job, or not of the caller.
    """
    row = _seen(tx, job_id)
    return {
        "id": row["job_id"],
        "kind": row["kind"],
        "state": row["state"],
        "done": row["done"],
        "total": row["total"],
        "note": row["note"],
        "result": row["result"],
        # Releases before wrote the traceback here.
        "error": row["error"] if row["problem"] or not row["error"] else _OLD_FAULT,
        "problem": row["problem"],
    }


def cancel(tx: Tx, job_id: str) -> JobState:
    """Mark a job to stop at its next step. The person who asked for it may, or the district.

    Raises:
        NotFound: No such job, or not of the caller.
        RoleDenied: The caller may only read it.
    """
    row = _seen(tx, job_id)
    if tx.actor.role not in STOPPERS and tx.actor.id != row["requested_by"]:
        raise RoleDenied(role=tx.actor.role)
    table = tx.runtime.chassis.jobs
    tx.conn.execute(
        sa.update(table)
        .where(table.c.job_id == job_id, table.c.state.in_(("QUEUED", "RUNNING")))
        .values(cancel=True)
    )
    return {"id": job_id, "state": row["state"]}


def _seen(tx: Tx, job_id: str) -> sa.RowMapping:
    """Return a job that the caller may see.

    Raises:
        NotFound: No such job, or not of the caller.
    """
    table = tx.runtime.chassis.jobs
    row = tx.conn.execute(sa.select(table).where(table.c.job_id == job_id)).mappings().first()
    if row is None or not (
        tx.actor.id == row["requested_by"]
        or (tx.actor.role in READERS and tx.actor.covers(row["area"]))
    ):
        raise NotFound(kind="job", id=job_id)
    return row
