"""Versions of the service standards, for everybody."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Instant, Limit, WithTotal
from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import rules, storage
from fivered.services.steward.replies import standards as told

At = Annotated[
    Instant | None, Meta(description="看哪一时刻的现行版本 / in force when; now where left out")
]


class StandardList(Request, frozen=True):
    """筛选 / Which versions."""

    state: Literal["PROPOSED", "APPROVED", "REJECTED"] | None = None
    at: At = None
    sort: Annotated[Literal["number", "-number"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


class WhichVersion(Request, frozen=True):
    """Which version."""

    standard_id: str


class TwoVersions(Request, frozen=True):
    """比较 / Which version, and with which other one."""

    standard_id: str
    since: (
        Annotated[
            str,
            Meta(
                max_length=64,
                description="与哪一版比较,默认其所依据的版本 / the other one; that on which it is "
                "based where left out",
            ),
        ]
        | None
    ) = None


def _row(tx: Tx, standard_id: str) -> Row:
    row = storage.standards.find(tx.conn, standard_id)
    if row is None:
        raise NotFound(kind="service standard", id=standard_id)
    return row


def service_standards(tx: Tx, payload: StandardList) -> Page[told.StandardCard]:
    """办理标准的各版 / The versions of the service standards.

    Answer them, the newest first, and which one is in force.
    """
    now = storage.standards.in_force(tx.conn, payload.at or tx.now)
    found = storage.standards.listed(tx.conn, payload.state, payload)
    return found.listed(
        lambda row: told.StandardCard.of(row, id=row.standard_id, in_force=row.standard_id == now)
    )


def service_standard(tx: Tx, payload: WhichVersion) -> told.StandardWhole:
    """办理标准全文 / A version of the service standards, whole: hours, times and categories.

    Raises:
        NotFound: There is no such version.
    """
    row = _row(tx, payload.standard_id)
    now = storage.standards.in_force(tx.conn, tx.now)
    said = storage.standards.content(row)
    return told.StandardWhole.of(
        row,
        id=row.standard_id,
        in_force=row.standard_id == now,
        hours=said.hours,
        times=said.times,
        categories=said.categories,
    )


def service_standard_diff(tx: Tx, payload: TwoVersions) -> told.StandardDiff:
    """两版标准的差异 / What a version changes of another one.

    Raises:
        NotFound: One of them does not exist.
    """
    row = _row(tx, payload.standard_id)
    other = _row(tx, payload.since or row.based_on or row.standard_id)
    changes = rules.standards.differences(
        storage.standards.content(other), storage.standards.content(row)
    )
    return told.StandardDiff(
        id=row.standard_id,
        number=row.number,
        since=other.number,
        items=[told.StandardChange.of(one) for one in changes],
    )
