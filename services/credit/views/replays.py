"""What a replay under other rules has found, as tables that can be taken along."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import UNSET, Meta

from fivered.chassis import jobs
from fivered.chassis.fields import Cursor
from fivered.chassis.records import values_of
from fivered.chassis.refusal import Invalid, NotFound, StateConflict, said
from fivered.chassis.requests import Request
from fivered.services.credit import replies
from fivered.services.credit.storage import what_if as store

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx

MOST = 5000


class WhatIfResult(Request, frozen=True):
    """Which part, in which form.

    Attributes:
        form: json or csv.
    """

    job_id: str
    part: Annotated[
        Literal["groups", "rules", "subjects"],
        Meta(description="按社区、类别、维度;按规则;按主体 / by group, rule or subject"),
    ] = "groups"
    form: Literal["json", "csv"] = "json"
    limit: Annotated[int, Meta(ge=1, le=5000)] = 1000
    cursor: Cursor | None = None


def what_if_result(tx: Tx, payload: WhatIfResult) -> replies.WhatIfReply:
    """试算结果 / What a replay has found.

    Return a part of what a replay has found.

    Raises:
        Invalid: The page is too large.
        NotFound: There is no such job that the caller may see.
        StateConflict: It has not ended.
    """
    if not 1 <= payload.limit <= MOST:
        raise Invalid(
            field="limit",
            reason=said(("limit 应在 1 到 {most} 之间 / limit is 1 to {most}"), most=MOST),
        )
    card = jobs.card(tx, payload.job_id)
    if card["kind"] != "what_if":
        raise NotFound(kind="job", id=payload.job_id)
    if card["state"] != "DONE":
        raise StateConflict(state=card["state"])
    following = None
    lines: list[Mapping[str, object]]
    if payload.part == "groups":
        lines = [values_of(row) for row in store.groups(tx.conn, payload.job_id)]
    elif payload.part == "rules":
        found = store.sums(tx.conn, payload.job_id, "RULE", "kind", "name")
        lines = [values_of(row) for row in found]
    else:
        found = store.subjects_page(tx.conn, payload.job_id, payload.cursor, payload.limit + 1)
        lines = [store.line(row) for row in found[: payload.limit]]
        following = found[payload.limit - 1].subject_id if len(found) > payload.limit else None
    as_csv = payload.form == "csv"
    return replies.WhatIfReply(
        job_id=payload.job_id,
        part=payload.part,
        items=[] if as_csv else [replies.WhatIfItem.of({}, **line) for line in lines],
        csv=_csv(lines) if as_csv else UNSET,
        next=following,
    )


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as CSV with a header, as RFC 4180 has it."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()
