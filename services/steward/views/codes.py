"""What became of the codes that were asked for: for who sees to the district's sender."""

from __future__ import annotations

from typing import Annotated, Literal

from fivered.chassis.bus import Tx
from fivered.chassis.fields import SORT, Cursor, Limit, WithTotal
from fivered.chassis.replies import Page
from fivered.chassis.requests import Request
from fivered.services.steward import replies, rules, storage
from fivered.services.steward.replies import CodeState


class CodeList(Request, frozen=True):
    """验证码记录筛选 / Which codes."""

    state: CodeState | None = None
    sort: Annotated[Literal["asked_at", "-asked_at"], SORT] | None = None
    total: WithTotal = False
    limit: Limit = 50
    cursor: Cursor | None = None


def phone_codes(tx: Tx, payload: CodeList) -> Page[replies.CodeSent]:
    """登录验证码发送记录 / What became of codes to sign in, newest first; for a month.

    不含号码、验证码和人员编号。No phone, code or person is in it.

    Raises:
        RoleDenied: The caller does not act for the whole district.
    """
    tx.require_scope(rules.areas.DISTRICT)
    found = storage.codes.listed(tx.conn, payload.state, payload)
    return found.listed(lambda row: replies.CodeSent.of(row, id=row.code_id))
