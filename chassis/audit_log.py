"""What an auditor reads of a service's audit over HTTP: rows of the own area, and the seals.

Codes, ids and times only: no row holds what people wrote. That it was read is a row itself.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import sqlalchemy as sa
from msgspec import Meta, structs

from fivered.chassis import audit, records
from fivered.chassis import storage as store
from fivered.chassis.digests import Digests
from fivered.chassis.fields import PartOfList
from fivered.chassis.json_values import JsonObject
from fivered.chassis.messages import Actor
from fivered.chassis.replies import Page, Reply, plain
from fivered.chassis.requests import Request
from fivered.chassis.transaction import Tx

READERS = ("R_AUDITOR",)
# Rows that belong to no area (the system's, and those of callers without a role) are read by who
# audits a whole district.
_DISTRICT = 6
# What a row says of a list that was taken away as a file.
EXPORTED = "EXPORTED"

Word = Annotated[str, Meta(pattern="^[A-Za-z_]{1,80}$")]
# A command, or a door of the gateway's own as its rows have it: verb and path.
Action = Annotated[str, Meta(pattern=r"^([A-Za-z_]{1,80}|[A-Z]{3,7} /[A-Za-z0-9_./{}:-]{0,73})$")]


class AuditQuery(PartOfList, frozen=True, kw_only=True):
    """审计筛选 / Filter of the audit."""

    actor: (
        Annotated[
            str, Meta(max_length=64, description="操作人 / who acted", examples=["per_0196a3d2"])
        ]
        | None
    ) = None
    action: (
        Annotated[
            Action,
            Meta(
                description="命令名称,或网关的方法与路径 / the command, or the gateway's verb "
                "and path",
                examples=["submit_request"],
            ),
        ]
        | None
    ) = None
    target: (
        Annotated[
            str,
            Meta(max_length=120, description="对象编号 / what it was done to", examples=["req_1"]),
        ]
        | None
    ) = None
    result: (
        Annotated[
            Word,
            Meta(
                description="结果:DONE、之后的状态,或 DENIED(被拒) / DONE, the state afterwards, "
                "or DENIED",
                examples=["DENIED"],
            ),
        ]
        | None
    ) = None
    since: Annotated[datetime, Meta(tz=True, description="自此时起 / from then on")] | None = None
    until: Annotated[datetime, Meta(tz=True, description="早于此时 / before then")] | None = None


class AuditLine(Reply):
    """审计记录 / A row of the audit."""

    id: int
    at: str
    actor: Annotated[str, Meta(description="操作人;空为未登录 / who acted; empty: nobody known")]
    role: str
    scope: str
    action: Annotated[
        str,
        Meta(
            description="命令;被网关拒绝的可能是方法与路径 / the command; where the gateway has "
            "refused it may be a verb and a path"
        ),
    ]
    target: str | None
    result: str
    refused: Annotated[str | None, Meta(description="被拒的原因代码 / why it was refused")]
    digest: Annotated[
        str, Meta(description="请求内容的带密钥摘要 / keyed digest of what was asked for")
    ]
    trace: str | None
    session: str | None
    address: Annotated[
        str | None, Meta(description="网络地址(个人信息) / network address, personal data")
    ]


class Exported(Request, frozen=True, kw_only=True):
    """导出的列表 / A list that somebody takes away as a file."""

    door: Annotated[str, Meta(max_length=80)]
    form: Annotated[str, Meta(max_length=10)]
    filters: Annotated[str, Meta(max_length=4000)]
    rows: int | None = None
    actor: Annotated[str, Meta(max_length=64)]
    role: Annotated[str, Meta(max_length=30)]
    scope: Annotated[str, Meta(pattern="^[0-9]{0,15}$")]
    session: Annotated[str, Meta(max_length=64)]
    address: Annotated[str, Meta(max_length=45)]


class SealsQuery(PartOfList, frozen=True):
    """封存记录分页 / Which part of the seals."""


class SealCard(Reply):
    """一天审计的封存 / The seal of a day of the audit."""

    service: str
    day: str
    place: Annotated[int, Meta(description="第几个 / its place in the chain")]
    rows: Annotated[int, Meta(description="封存的记录数 / how many rows it seals")]
    last_id: Annotated[int, Meta(description="最后一条记录 / the last of them")]
    marks: Annotated[str, Meta(description="各记录摘要之摘要 / digest of the digests of the rows")]
    previous: Annotated[str, Meta(description="前一封存的摘要 / hash of the seal before")]
    hash: Annotated[
        str,
        Meta(description="本封存的摘要,请另行保存 / hash of this seal: keep a copy elsewhere"),
    ]
    sealed_at: str
    sealed_by: str


def rows(tx: Tx, asked: AuditQuery) -> Page[AuditLine]:
    """Return the rows of the auditor's area, newest first, and note that they were read."""
    table = tx.runtime.chassis.audit
    scope = tx.actor.scope
    inside = store.within(table.c.scope, scope)
    if len(scope) <= _DISTRICT:
        inside = sa.or_(inside, table.c.scope == "")
    narrowed = [inside]
    for name in ("actor", "action", "target", "result"):
        wanted = getattr(asked, name)
        if wanted is not None:
            narrowed.append(table.c[name] == wanted)
    if asked.since is not None:
        narrowed.append(table.c.at >= asked.since)
    if asked.until is not None:
        narrowed.append(table.c.at < asked.until)
    found = records.page(
        tx.conn, sa.select(table).where(*narrowed), asked, [table.c.id], newest_first=True,
        of=tx.runtime.name,
    )  # fmt: skip
    _note(tx, "_audit", asked, audit.as_id(asked.target or asked.actor))
    return found.listed(_line)


def _line(row: store.Row) -> AuditLine:
    return AuditLine.of(row, at=_iso(row.at))


def seals(tx: Tx, asked: SealsQuery) -> Page[SealCard]:
    """Return the seals, newest first."""
    table = tx.runtime.chassis.audit_seals
    service = tx.runtime.name
    found = records.page(
        tx.conn, sa.select(table), asked, [table.c.place], newest_first=True, of=service
    )
    return found.listed(
        lambda row: SealCard.of(
            row, service=service, day=row.day.isoformat(), sealed_at=_iso(row.sealed_at)
        )
    )


def note_export(tx: Tx, told: Exported) -> JsonObject:
    """Write who takes a list of this service away as a file."""
    digest = Digests(tx.runtime.process, tx.runtime.name).of(told.door, {"filters": told.filters})
    row = audit.row(
        Actor(told.actor, told.role, told.scope, told.session, told.address),
        told.door,
        digest.keyed,
        result=EXPORTED,
        target=told.form if told.rows is None else f"{told.form} {told.rows}",
        trace=tx.traceparent,
    )
    tx.conn.execute(sa.insert(tx.runtime.chassis.audit), [row])
    # What it says is this row.
    tx.audited = False
    return {"written": 1}


def _note(tx: Tx, action: str, asked: AuditQuery, target: str | None) -> None:
    actor, trace = tx.actor, tx.traceparent
    digests = Digests(tx.runtime.process, tx.runtime.name)
    digest = digests.of(action, plain(structs.asdict(asked))).keyed
    row = audit.row(actor, action, digest, result="READ", target=target, trace=trace)

    def write(writing: Tx) -> None:
        writing.conn.execute(sa.insert(writing.runtime.chassis.audit), [row])

    tx.afterwards(write)


def _iso(at: datetime | date) -> str:
    return at.astimezone(UTC).isoformat() if isinstance(at, datetime) else at.isoformat()
