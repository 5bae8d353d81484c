"""Complaints from before this system: monthly counts, loaded and put right."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Period
from fivered.chassis.free_text import PUBLIC, PublicText
from fivered.chassis.refusal import said
from fivered.chassis.requests import Request
from fivered.services.property import errors, replies, rules
from fivered.services.property.actions import ground, restatements
from fivered.services.property.storage import months, tables
from fivered.services.property.storage.rows import Values


class HistoryRow(Request, frozen=True):
    """The valid complaints of one month, and the households at its end."""

    period: Annotated[Period, Meta(examples=["2023-06"])]
    complaints: Annotated[int, Meta(ge=0, le=1_000_000, examples=[84])]
    households: Annotated[int, Meta(ge=1, le=1_000_000, examples=[8000])]


class ImportHistory(Request, frozen=True):
    """导入历史投诉数 / Load monthly counts of valid complaints; they are marked IMPORTED."""

    project_id: str
    origin: Annotated[
        str, Meta(min_length=1, max_length=200, examples=["社区 2022-2023 年台账"]), PUBLIC
    ]
    rows: Annotated[list[HistoryRow], Meta(min_length=1, max_length=120)]


def import_complaint_history(tx: Tx, payload: ImportHistory) -> replies.HistoryImported:
    """导入历史投诉数 / Load counts from before this system.

    Load monthly counts; they are marked as imported and frozen as they come.

    Loading the same again changes nothing.

    Raises:
        PeriodNotAllowed: A month is not over, or has complaints of its own here.
        HistoryDiffers: A month was loaded before with other counts.
    """
    project = ground.project_to_decide(tx, payload.project_id)
    present = tx.calendar.period(tx.now)
    new: list[Values] = []
    given: dict[str, HistoryRow] = {}
    for item in payload.rows:
        first = given.setdefault(item.period, item)
        if first is not item:
            # The same month twice in one call is as if it came in two.
            if first != item:
                raise errors.HistoryDiffers(
                    field="rows", project=payload.project_id, period=item.period
                )
            continue
        existing = months.history_month(tx.conn, payload.project_id, item.period)
        if existing is not None:
            same = (
                existing.source == "IMPORTED"
                and existing.complaints == item.complaints
                and existing.households == item.households
            )
            if not same:
                raise errors.HistoryDiffers(
                    field="rows", project=payload.project_id, period=item.period
                )
            continue
        begin, end = tx.calendar.month_bounds(item.period)
        live = months.live_complaints(tx.conn, begin=begin, end=end, project_id=payload.project_id)
        if item.period >= present or live:
            raise errors.PeriodNotAllowed(
                field="rows",
                period=item.period,
                reason=said("本系统已有投诉记录 / complaints of it are recorded here already")
                if live
                else said("该月尚未结束 / that month is not over"),
            )
        new.append(
            {
                "project_id": payload.project_id,
                "period": item.period,
                "area": project.area,
                "source": "IMPORTED",
                "complaints": item.complaints,
                "invalidated": 0,
                "households": item.households,
                "origin": payload.origin,
                "measured": None,
                "sha256": rules.frozen_hash(
                    payload.project_id, item.period, item.complaints, item.households
                ),
                "frozen_at": tx.now,
            }
        )
    records.add_all(tx.conn, tables.project_months, new)
    records.note(
        tx,
        tables.projects,
        project,
        step="HISTORY_IMPORTED",
        note={"origin": payload.origin, "months": len(new)},
    )
    return replies.HistoryImported(
        id=payload.project_id,
        state="IMPORTED",
        version=project.version,
        imported=len(new),
        known=len(payload.rows) - len(new),
    )


class CorrectHistory(Request, frozen=True):
    """更正历史投诉数 / Restate a loaded month; its frozen figure stays."""

    project_id: str
    period: Annotated[Period, Meta(examples=["2023-06"])]
    invalidated: Annotated[
        int, Meta(ge=0, description="该月累计认定不成立数 / in all", examples=[12])
    ]
    reason: Annotated[PublicText, Meta(max_length=1000, examples=["复核为重复投诉"])]


def correct_complaint_history(tx: Tx, payload: CorrectHistory) -> replies.HistoryCorrected:
    """更正历史投诉数 / Restate a loaded month.

    Restate a loaded month: the frozen count stays, the revised column changes.

    Raises:
        PeriodNotAllowed: The month was not loaded, or the number is too large.
        ReasonRequired: There is no reason.
    """
    project = ground.project_to_decide(tx, payload.project_id)
    ground.require_reason(payload.reason)
    row = months.history_month(tx.conn, payload.project_id, payload.period)
    if row is None or row.source != "IMPORTED" or payload.invalidated > row.complaints:
        raise errors.PeriodNotAllowed(
            field="period",
            period=payload.period,
            reason=said(
                "不是导入的月份,或数量超出 / the month was not imported, or the number is above it"
            ),
        )
    months.correct_history(tx.conn, payload.project_id, payload.period, payload.invalidated)
    restatements.write(
        tx,
        row,
        kind="HISTORY_CORRECTED",
        before=row.complaints - row.invalidated,
        after=row.complaints - payload.invalidated,
        reason=payload.reason,
    )
    records.note(
        tx,
        tables.projects,
        project,
        step="HISTORY_CORRECTED",
        note={
            "period": payload.period,
            "invalidated": payload.invalidated,
            "reason": payload.reason,
        },
    )
    return replies.HistoryCorrected(
        id=payload.project_id,
        state="CORRECTED",
        version=project.version,
        period=payload.period,
        frozen=row.complaints,
        revised=row.complaints - payload.invalidated,
    )
