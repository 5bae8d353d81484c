"""The toy takes files of counters."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from fivered.chassis.columns import Column
from fivered.chassis.file_imports import Importer, Imports, Outcome, Row, one_by_one
from fivered.chassis.refusal import Guard
from fivered.chassis.tests.toy.service import Added, TooMuch, Toy, counters
from fivered.chassis.transaction import Tx

WRITTEN: list[int] = []
DIE_AFTER: list[int] = []


class NotHeardOf(Guard):
    text = "尚未知道 {name} / {name} is not known yet"


HEARD: set[str] = set()


def _act(tx: Tx, row: Row) -> None:
    amount = row["amount"] or 0
    found = tx.conn.execute(
        sa.select(counters.c.total).where(counters.c.counter_id == row["counter_id"])
    ).scalar()
    if found is not None:
        if found != amount:
            raise TooMuch(field="counter_id", limit=row["counter_id"])
        return
    tx.conn.execute(counters.insert().values(counter_id=row["counter_id"], total=amount, version=1))
    tx.publish(Added(amount), subject=row["counter_id"], scope="370811", sequence=1)
    if row["note"] == "after writing":
        raise TooMuch(field="note", limit=1)
    if row["note"] == "bug":
        raise ZeroDivisionError
    if row["note"] == "wait" and "it" not in HEARD:
        HEARD.add("it")
        raise NotHeardOf(field="note", name="it")


def _known(tx: Tx, rows: Sequence[Row]) -> set[str]:
    asked = sa.select(counters.c.counter_id).where(
        counters.c.counter_id.in_([row["counter_id"] for row in rows])
    )
    return set(tx.conn.execute(asked).scalars())


_take = one_by_one(_known, "counter_id", _act)


def _dying(tx: Tx, rows: Sequence[Row]) -> list[Outcome]:
    WRITTEN.append(len(rows))
    if DIE_AFTER and len(WRITTEN) > DIE_AFTER[0]:
        raise KeyboardInterrupt
    return _take(tx, rows)


class NothingAbove(Guard):
    text = "上级尚未录入 / what is above it is not there yet"


def _above(row: Row) -> list[str]:
    name = row["counter_id"]
    return [name[:length] for length in range(1, len(name))]


def _grow(tx: Tx, row: Row) -> None:
    above = [{"counter_id": name} for name in _above(row)]
    if len(_known(tx, above)) < len(above):
        raise NothingAbove(field="counter_id")
    _act(tx, row | {"note": None})


_grown = one_by_one(_known, "counter_id", _grow)


def _growing(tx: Tx, rows: Sequence[Row]) -> list[Outcome]:
    WRITTEN.append(len(rows))
    if DIE_AFTER and len(WRITTEN) > DIE_AFTER[0]:
        raise KeyboardInterrupt
    return _grown(tx, rows)


def _key(row: Row) -> list[str]:
    return [row["counter_id"]]


class ImportingToy(Imports, Toy):
    importers = (
        Importer(
            "counters",
            "计数器 / Counters",
            (
                Column("counter_id", "编号 / id", "c1", required=True, pattern="[a-z0-9_]+"),
                Column("amount", "数 / amount", "5", kind="integer", low=0, high=100),
                Column("since", "起 / since", "2025-01-31", kind="date"),
                Column("at", "时 / at", "2025-01-31T09:00:00", kind="instant"),
                Column("open", "开 / open", "true", kind="yes_no"),
                Column("colour", "色 / colour", "RED", choices=("RED", "BLUE")),
                Column("parts", "部 / parts", "a|b", kind="list", pattern="[a-z]"),
                Column("note", "注 / note", "", longest=20, public=True),
            ),
            _dying,
            _key,
            apart=("amount", "since", "at", "open", "colour", "parts", "note"),
            batch=4,
            awaits=(NotHeardOf,),
        ),
        Importer(
            "branches",
            "分支 / Branches",
            (
                Column("counter_id", "编号 / id", "a", required=True, pattern="[a-z]+"),
                Column("amount", "数 / amount", "5", kind="integer", low=0, high=100),
            ),
            _growing,
            _key,
            apart=("amount",),
            batch=4,
            above=_above,
        ),
    )
