"""The points ledger in the database: postings and their lines, balances, lots, holds, debts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.bus import new_uuid
from fivered.chassis.records import Row
from fivered.services.credit.storage import bulk
from fivered.services.credit.storage import tables as t
from fivered.services.credit.storage.bulk import constant

_WALLET_SIDES = {
    "AVAILABLE": "available",
    "HELD": "held",
    "RECEIVABLE": "receivable",
    "CLAWBACK": "clawback",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One signed amount of a posting.

    Attributes:
        owner: A subject, or a system account such as "SYS:ISSUANCE:370811:2".
        side: PENDING, AVAILABLE, HELD, RECEIVABLE or CLAWBACK of a subject; SYSTEM.
        amount: Never 0.
        period: For PENDING, the month whose settlement releases it.
    """

    owner: str
    side: str
    amount: int
    period: str = ""


@dataclass(frozen=True, slots=True)
class Posting:
    """An immutable set of lines that sum to zero.

    Attributes:
        posted_at: When it is posted: balances and statements of the past never change.
        deed_at: When what it is about was done; None means just then.
    """

    kind: str
    ref: str
    subject_id: str
    period: str
    posted_at: datetime
    lines: tuple[Line, ...]
    deed_at: datetime | None = None


def system_account(kind: str, area: str | None, shard: int = 0) -> str:
    """Return the name of a system account of the district in which `area` lies."""
    return f"SYS:{kind}:{(area or '')[:6] or 'NONE'}:{shard}"


def post(conn: sa.Connection, postings: Sequence[Posting]) -> None:
    """Write postings and move the balances that they concern, in a handful of statements.

    The database refuses a balance that would fall below zero. Rows are taken in one order: pending
    months, wallets, system accounts, each by its key.
    """
    if not postings:
        return
    heads, body = [], []
    pending: dict[tuple[str, str], int] = defaultdict(int)
    wallet: dict[str, dict[str, int]] = {}
    system: dict[str, int] = defaultdict(int)
    for posting in postings:
        assert sum(line.amount for line in posting.lines) == 0, posting  # noqa: S101  the rules balance it
        posting_id = new_uuid()
        heads.append(
            {
                "posting_id": posting_id,
                "kind": posting.kind,
                "ref": posting.ref,
                "subject_id": posting.subject_id,
                "period": posting.period,
                "posted_at": posting.posted_at,
                "deed_at": posting.deed_at or posting.posted_at,
            }
        )
        for line in posting.lines:
            body.append(
                {
                    "posting_id": posting_id,
                    "owner": line.owner,
                    "side": line.side,
                    "amount": line.amount,
                }
            )
            if line.side == "PENDING":
                pending[line.owner, line.period] += line.amount
            elif line.side == "SYSTEM":
                system[line.owner] += line.amount
            else:
                sides = wallet.setdefault(line.owner, dict.fromkeys(_WALLET_SIDES.values(), 0))
                sides[_WALLET_SIDES[line.side]] += line.amount
    bulk.insert(conn, t.postings, heads)
    bulk.insert(conn, t.lines, _joined(body))
    moved = _move_pending(conn, pending) + _move_wallets(conn, wallet) + _move_system(conn, system)
    _in_balance(moved)


def _in_balance(moved: int) -> None:
    """Check that what was moved sums to zero: each move has counted its rows, so a posting leaves
    the sum of all accounts as it was."""
    if moved:
        raise store.LostChange(f"the balances were moved by {moved} and not by 0")


@dataclass(frozen=True, slots=True)
class Earned:
    """Points that an award brings: from issuance to what is PENDING of a month.

    Attributes:
        issuance: The system account that they come from.
        period: The month whose settlement releases them.
        points: More than 0.
    """

    posting_id: str
    award_id: str
    subject_id: str
    period: str
    posted_at: datetime
    deed_at: datetime
    issuance: str
    points: int


# One statement instead of three, and the rows go over the wire once. The months are taken in the
# order of their keys, as `post` takes them.
_PG_EARN = sa.text(
    "WITH e AS MATERIALIZED (SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r("
    " posting_id uuid, award_id varchar, subject_id varchar, period varchar,"
    " posted_at timestamptz, deed_at timestamptz, issuance varchar, points bigint)),"
    " heads AS (INSERT INTO postings"
    "  (posting_id, kind, ref, subject_id, period, posted_at, deed_at)"
    "  SELECT posting_id, 'AWARD', award_id, subject_id, period, posted_at, deed_at FROM e),"
    " body AS (INSERT INTO lines (posting_id, owner, side, amount)"
    "  SELECT posting_id, issuance, 'SYSTEM', -points FROM e UNION ALL"
    "  SELECT posting_id, subject_id, 'PENDING', points FROM e)"
    " INSERT INTO pendings (subject_id, period, points)"
    " SELECT subject_id, period, sum(points) FROM e GROUP BY 1, 2 ORDER BY 1, 2"
    " ON CONFLICT (subject_id, period) DO UPDATE SET points = pendings.points + excluded.points"
)


def earn(conn: sa.Connection, earned: Sequence[Earned]) -> None:
    """Post what awards bring, and move the balances concerned. It writes what `post` would write
    of the same; this is the hot path."""
    if not earned:
        return
    if not store.is_postgresql(conn):
        post(conn, [posting_of(one) for one in earned])
        return
    done = conn.execute(_PG_EARN, {"rows": msgspec.json.encode(earned).decode()})
    months = {(one.subject_id, one.period) for one in earned}
    store.all_changed(done.rowcount, len(months), t.pendings.name)
    system: dict[str, int] = defaultdict(int)
    for one in earned:
        system[one.issuance] -= one.points
    _in_balance(sum(one.points for one in earned) + _move_system(conn, system))


def posting_of(one: Earned) -> Posting:
    """Return what an award brings as a posting like any other."""
    return Posting(
        "AWARD",
        one.award_id,
        one.subject_id,
        one.period,
        one.posted_at,
        (
            Line(one.issuance, "SYSTEM", -one.points),
            Line(one.subject_id, "PENDING", one.points, one.period),
        ),
        one.deed_at,
    )


def _joined(body: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join lines of one posting on the same account: a posting has one line per account."""
    if len({(row["posting_id"], row["owner"], row["side"]) for row in body}) == len(body):
        return body
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in body:
        sums[row["posting_id"], row["owner"], row["side"]] += row["amount"]
    return [
        {"posting_id": p, "owner": o, "side": s, "amount": n} for (p, o, s), n in sums.items() if n
    ]


# Each move returns by how much it has changed its balances in all.


def _move_pending(conn: sa.Connection, moved: dict[tuple[str, str], int]) -> int:
    rows: list[dict[str, Any]] = [
        {"subject_id": s, "period": p, "points": n} for (s, p), n in moved.items() if n
    ]
    gains = [row for row in rows if row["points"] > 0]
    losses = sorted(
        (row for row in rows if row["points"] < 0),
        key=lambda row: (row["subject_id"], row["period"]),
    )
    keys = ("subject_id", "period")
    done = bulk.upsert(conn, t.pendings, gains, keys=keys, add=("points",))
    store.all_changed(done, len(gains), t.pendings.name)
    _change_all(conn, t.pendings, losses, keys=keys, add=("points",))
    return sum(row["points"] for row in rows)


def _change_all(
    conn: sa.Connection,
    table: sa.Table,
    rows: bulk.Rows,
    *,
    keys: Sequence[str],
    add: Sequence[str],
) -> None:
    """Change rows of which every one must be there: points are never moved by half.

    Raises:
        LostChange: One was not there.
    """
    store.all_changed(bulk.change(conn, table, rows, keys=keys, add=add), len(rows), table.name)


def _move_wallets(conn: sa.Connection, moved: dict[str, dict[str, int]]) -> int:
    rows = [
        {"subject_id": subject, **sides}
        for subject, sides in sorted(moved.items())
        if any(sides.values())
    ]
    if not rows:
        return 0
    columns = tuple(_WALLET_SIDES.values())
    # A negative amount cannot be proposed for a new row, so the rows are made first.
    bulk.insert(
        conn,
        t.wallets,
        [{"subject_id": row["subject_id"], **dict.fromkeys(columns, 0)} for row in rows],
        ignore=True,
    )
    _change_all(conn, t.wallets, rows, keys=("subject_id",), add=columns)
    return sum(sum(sides.values()) for sides in moved.values())


def _move_system(conn: sa.Connection, moved: dict[str, int]) -> int:
    rows: list[dict[str, Any]] = [
        {
            "account": account,
            "kind": account.split(":")[1],
            "district": account.split(":")[2],
            "balance": amount,
        }
        for account, amount in sorted(moved.items())
        if amount
    ]
    if not rows:
        return 0
    # A negative amount cannot be proposed for a new row, so the rows are made first. To look after
    # the change which are there would miss one that another transaction makes in between.
    account = t.system_accounts.c.account
    known = sa.select(account).where(bulk.members(account, [row["account"] for row in rows], conn))
    there = set(conn.execute(known).scalars())
    new = [row | {"balance": 0} for row in rows if row["account"] not in there]
    bulk.insert(conn, t.system_accounts, new, ignore=True)
    _change_all(conn, t.system_accounts, rows, keys=("account",), add=("balance",))
    return sum(row["balance"] for row in rows)


# --------------------------------------------------------------------------------------------------
# Wallets, lots, holds


def lock_wallets(conn: sa.Connection, subjects: Iterable[str]) -> dict[str, Any]:
    """Lock the wallets of subjects in the order of their ids; those without one get an empty one.

    Two transactions that touch the same wallets then wait for each other instead of deadlocking.
    """
    wanted = sorted(set(subjects))
    if not wanted:
        return {}
    zero = dict.fromkeys(_WALLET_SIDES.values(), 0)
    bulk.insert(conn, t.wallets, [{"subject_id": s, **zero} for s in wanted], ignore=True)
    asked = (
        sa.select(t.wallets)
        .where(bulk.members(t.wallets.c.subject_id, wanted, conn))
        .order_by(t.wallets.c.subject_id)
    )
    return {row.subject_id: row for row in conn.execute(store.lock(asked, conn))}


def open_lots(conn: sa.Connection, subject: str) -> list[Any]:
    """Return the lots of a subject with anything left, the one to be spent first at the front.

    The caller has locked the wallet; every change of a lot holds that lock.
    """
    lot = t.lots.c
    asked = (
        sa.select(t.lots)
        .where(lot.subject_id == subject, lot.left > constant(0))
        .order_by(lot.expires_at, lot.period, lot.lot_id)
    )
    return list(conn.execute(asked))


def lots_by_id(conn: sa.Connection, lot_ids: Sequence[str]) -> dict[str, Any]:
    """Return lots by their ids."""
    if not lot_ids:
        return {}
    asked = sa.select(t.lots).where(bulk.members(t.lots.c.lot_id, lot_ids, conn))
    return {str(row.lot_id): row for row in conn.execute(asked)}


def take_from_lots(conn: sa.Connection, split: Sequence[tuple[str, int]]) -> None:
    """Take points from lots; the database refuses more than a lot has left."""
    rows = [{"lot_id": lot_id, "left": -points} for lot_id, points in sorted(split)]
    _change_all(conn, t.lots, rows, keys=("lot_id",), add=("left",))


def give_to_lots(conn: sa.Connection, split: Sequence[tuple[str, int]]) -> None:
    """Give points back to lots; the database refuses more than a lot had."""
    rows = [{"lot_id": lot_id, "left": points} for lot_id, points in sorted(split)]
    _change_all(conn, t.lots, rows, keys=("lot_id",), add=("left",))


def add_lots(conn: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store new lots."""
    bulk.insert(conn, t.lots, rows)


def expiring(conn: sa.Connection, at: datetime, limit: int) -> list[Row]:
    """Return lots with anything left that have expired, oldest first."""
    return records.rows(conn, _EXPIRING, {"at": at, "most": limit})


def _to_remind(at: Any, until: Any) -> sa.ColumnElement[bool]:
    lot = t.lots.c
    return sa.and_(
        lot.left > constant(0),
        lot.expires_at > at,
        lot.expires_at <= until,
        lot.reminded.is_(False),
    )


# What every day asks is written once: on a day on which nothing ends, writing the statement costs
# more than to run it.
_MOST = sa.bindparam("most", type_=sa.Integer)
_EXPIRING = (
    sa.select(t.lots)
    .where(t.lots.c.left > constant(0), t.lots.c.expires_at <= sa.bindparam("at"))
    .order_by(t.lots.c.expires_at, t.lots.c.lot_id)
    .limit(_MOST)
)
_RUNNING_OUT = (
    sa.select(t.lots.c.subject_id)
    .where(_to_remind(sa.bindparam("at"), sa.bindparam("until")))
    .distinct()
    .order_by(t.lots.c.subject_id)
    .limit(_MOST)
)
_OLD_DEBTS = (
    sa.select(t.debts)
    .where(t.debts.c.left > constant(0), t.debts.c.period <= sa.bindparam("period"))
    .order_by(t.debts.c.subject_id, t.debts.c.debt_id)
)


def running_out(conn: sa.Connection, at: datetime, until: datetime, limit: int) -> list[str]:
    """Return subjects with lots that expire in a time, and that nobody has told of it."""
    asked = {"at": at, "until": until, "most": limit}
    return list(conn.execute(_RUNNING_OUT, asked).scalars())


def remind_of_lots(
    conn: sa.Connection, subject_ids: Sequence[str], at: datetime, until: datetime
) -> dict[tuple[str, datetime], int]:
    """Note that subjects are told of their lots that expire: (subject, end) -> points.

    The caller has locked their wallets; every change of a lot holds that lock.
    """
    if not subject_ids:
        return {}
    lot = t.lots.c
    theirs = (bulk.members(lot.subject_id, subject_ids, conn), _to_remind(at, until))
    asked = sa.select(lot.subject_id, lot.expires_at, lot.left).where(*theirs)
    found: dict[tuple[str, datetime], int] = defaultdict(int)
    for subject_id, end, left in conn.execute(asked):
        found[subject_id, end] += left
    conn.execute(sa.update(t.lots).where(*theirs).values(reminded=True))
    return found


def hold(conn: sa.Connection, hold_id: str) -> Any:
    """Return and lock a hold, or None."""
    return records.find(conn, t.holds, hold_id, lock=True)


def wallets_held(conn: sa.Connection, hold_ids: Sequence[str]) -> dict[str, str]:
    """Return the wallets of holds that are there, without a lock."""
    asked = sa.select(t.holds.c.hold_id, t.holds.c.subject_id).where(
        bulk.members(t.holds.c.hold_id, sorted(set(hold_ids)), conn)
    )
    return {row.hold_id: row.subject_id for row in conn.execute(asked)}


def add_hold(conn: sa.Connection, row: dict[str, Any]) -> None:
    """Store a hold, a refused one or a tombstone."""
    conn.execute(t.holds.insert().values(**row))


def end_hold(
    conn: sa.Connection, hold_id: str, *, state: str, version: int, at: datetime, event_id: str
) -> None:
    """Change the state of a hold that the caller has locked, by a message."""
    done = conn.execute(
        sa.update(t.holds)
        .where(t.holds.c.hold_id == hold_id)
        .values(state=state, version=version, ended_at=at, ended_event=event_id)
    )
    store.all_changed(done.rowcount, 1, t.holds.name)


def is_posted(conn: sa.Connection, kind: str, ref: str) -> bool:
    """Tell whether the one posting of a kind for a redemption or statement exists."""
    posting = t.postings.c
    asked = sa.select(posting.posting_id).where(posting.kind == kind, posting.ref == ref)
    return conn.execute(asked).first() is not None


def pending_of(conn: sa.Connection, subject: str) -> dict[str, int]:
    """Return and lock what waits per month for a subject."""
    asked = (
        sa.select(t.pendings)
        .where(t.pendings.c.subject_id == subject, t.pendings.c.points > 0)
        .order_by(t.pendings.c.period)
    )
    return {row.period: row.points for row in conn.execute(store.lock(asked, conn))}


def pendings_for(conn: sa.Connection, period: str, subjects: Sequence[str]) -> dict[str, int]:
    """Return and lock what waits in one month for several subjects, in the order of their ids."""
    asked = (
        sa.select(t.pendings.c.subject_id, t.pendings.c.points)
        .where(
            t.pendings.c.period == period,
            t.pendings.c.points > 0,
            bulk.members(t.pendings.c.subject_id, subjects, conn),
        )
        .order_by(t.pendings.c.subject_id)
    )
    return {row.subject_id: row.points for row in conn.execute(store.lock(asked, conn))}


def open_debts(conn: sa.Connection, subjects: Sequence[str]) -> dict[str, list[Any]]:
    """Return the debts of subjects that are not repaid, oldest first."""
    debt = t.debts.c
    asked = (
        sa.select(t.debts)
        .where(debt.left > constant(0), bulk.members(debt.subject_id, subjects, conn))
        .order_by(debt.subject_id, debt.period, debt.debt_id)
    )
    found: dict[str, list[Any]] = defaultdict(list)
    for row in conn.execute(asked):
        found[row.subject_id].append(row)
    return found


def add_debt(conn: sa.Connection, subject: str, period: str, points: int) -> None:
    """Store a debt: points reversed after they were spent."""
    conn.execute(
        t.debts.insert().values(
            debt_id=new_uuid(), subject_id=subject, period=period, points=points, left=points
        )
    )


def repay(conn: sa.Connection, parts: Sequence[tuple[str, int]]) -> None:
    """Take repaid points from debts."""
    rows = [{"debt_id": debt_id, "left": -points} for debt_id, points in sorted(parts)]
    _change_all(conn, t.debts, rows, keys=("debt_id",), add=("left",))


def old_debts(conn: sa.Connection, period: str) -> list[Row]:
    """Return the debts of `period` or older that are not repaid."""
    return records.rows(conn, _OLD_DEBTS, {"period": period})


def budget(conn: sa.Connection, account: str, *, lock: bool = True) -> int | None:
    """Return (and lock) what a district's budget has left, or None where none was ever granted."""
    asked = sa.select(t.system_accounts.c.balance).where(t.system_accounts.c.account == account)
    found: int | None = conn.execute(store.lock(asked, conn) if lock else asked).scalar()
    return found


# --------------------------------------------------------------------------------------------------
# For people and for proofs


@dataclass(frozen=True, slots=True)
class Balances:
    """The sums of a ledger, from its balances and from its lines.

    Attributes:
        accounts: Sum of the balances by side, and by kind of system account.
        lines: The same from the lines.
        lots: What is left of all lots.
        holds: What is held.
        postings: How many there are.
    """

    accounts: dict[str, int]
    lines: dict[str, int]
    lots: int
    holds: int
    postings: int


def trial_balance(conn: sa.Connection) -> Balances:
    """Return the sum per side from the balances and from the lines; both sum to zero."""
    wallet, system = t.wallets.c, t.system_accounts.c
    sums = records.one(
        conn,
        sa.select(
            *(
                sa.func.coalesce(sa.func.sum(wallet[name]), 0).label(name)
                for name in _WALLET_SIDES.values()
            )
        ),
    )
    balances = {side: int(getattr(sums, name)) for side, name in _WALLET_SIDES.items()}
    balances["PENDING"] = _sum(conn, sa.select(sa.func.sum(t.pendings.c.points)))
    rows = conn.execute(sa.select(system.kind, sa.func.sum(system.balance)).group_by(system.kind))
    balances |= {f"SYS:{kind}": int(total) for kind, total in rows}
    held = sa.select(sa.func.sum(t.holds.c.points)).where(t.holds.c.state == "HELD")
    return Balances(
        accounts=dict(sorted(balances.items())),
        lines=_line_sums(conn),
        lots=_sum(conn, sa.select(sa.func.sum(t.lots.c.left))),
        holds=_sum(conn, held),
        postings=_sum(conn, sa.select(sa.func.count()).select_from(t.postings)),
    )


def sum_of_accounts(conn: sa.Connection) -> int:
    """Return the sum of all balances: 0 in a sound ledger, for each posting sums to 0."""
    sides = [sa.func.sum(t.wallets.c[name]) for name in _WALLET_SIDES.values()]
    wallets = conn.execute(sa.select(*sides)).one()
    pending = _sum(conn, sa.select(sa.func.sum(t.pendings.c.points)))
    system = _sum(conn, sa.select(sa.func.sum(t.system_accounts.c.balance)))
    return sum(int(side or 0) for side in wallets) + pending + system


def _sum(conn: sa.Connection, asked: store.Select) -> int:
    return int(conn.execute(asked).scalar() or 0)


def _line_sums(conn: sa.Connection) -> dict[str, int]:
    line = t.lines.c
    rows = conn.execute(
        sa.select(line.side, sa.func.sum(line.amount))
        .where(line.side != "SYSTEM")
        .group_by(line.side)
    )
    found = {str(side): int(total) for side, total in rows}
    system = conn.execute(
        sa.select(t.system_accounts.c.kind, sa.func.sum(line.amount))
        .select_from(t.lines.join(t.system_accounts, t.system_accounts.c.account == line.owner))
        .where(line.side == "SYSTEM")
        .group_by(t.system_accounts.c.kind)
    )
    return found | {f"SYS:{kind}": int(total) for kind, total in system}


def wallet(conn: sa.Connection, subject: str) -> Row | None:
    """Return the balances of a subject; None where it never had any."""
    return records.first(conn, sa.select(t.wallets).where(t.wallets.c.subject_id == subject))


def pending_months(conn: sa.Connection, subject: str) -> list[Row]:
    """Return (period, points) of the months whose points wait to be released, oldest first."""
    month = t.pendings.c
    asked = sa.select(month.period, month.points).where(
        month.subject_id == subject, month.points > 0
    )
    return records.rows(conn, asked.order_by(month.period))


def holds_of(conn: sa.Connection, subject: str) -> list[Row]:
    """Return what is held of a subject's points for redemptions, oldest first."""
    hold = t.holds.c
    asked = sa.select(t.holds).where(hold.subject_id == subject, hold.state == "HELD")
    return records.rows(conn, asked.order_by(hold.held_at, hold.hold_id))
