"""What disclosures say, and what differs between two versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.decimals import yuan
from fivered.chassis.refusal import NotFound
from fivered.chassis.requests import Request
from fivered.services.property import replies
from fivered.services.property.storage import disclosures as stored
from fivered.services.property.storage import tables
from fivered.services.property.storage.rows import Row

DisclosedT = TypeVar("DisclosedT", bound=replies.Disclosed)
_SIDES = {"IN": "收入", "OUT": "支出", "BALANCE": "结余"}
# So many lines of a difference are told.
_MOST_LINES = 400


class WhichDisclosure(Request, frozen=True):
    """哪一公示、哪一版本 / Which disclosure, in which version: without one the valid one."""

    disclosure_id: str
    edition: (
        Annotated[int, Meta(ge=1, le=100, description="版本 / which version", examples=[1])] | None
    ) = None


def disclosure(tx: Tx, payload: WhichDisclosure) -> replies.DisclosureContent:
    """公示内容 / What a disclosure says.

    Answer text, figures and files of a disclosure, and its versions with what differs; public.

    Raises:
        NotFound: There is none, or no such version.
    """
    row = records.get(tx.conn, tables.disclosures, payload.disclosure_id)
    versions = stored.versions(tx.conn, payload.disclosure_id)
    shown = versions[-1] if versions else None
    if payload.edition is not None:
        shown = next((one for one in versions if one.edition == payload.edition), None)
        if shown is None:
            raise NotFound(kind="disclosure", id=f"{payload.disclosure_id} / {payload.edition}")
    figures = shown.figures if shown is not None else []

    def total(side: str) -> int:
        return sum(int(one["amount_fen"]) for one in figures if one["side"] == side)

    return replies.DisclosureContent.of(
        row,
        id=row.disclosure_id,
        readable=shown is not None and is_readable(shown),
        edition=shown.edition if shown is not None else None,
        text=shown.text if shown is not None else "",
        doc_sha256=shown.doc_sha256 if shown is not None else row.doc_sha256,
        figures=[replies.FigureLine(**one) for one in figures],
        income_fen=total("IN"),
        expense_fen=total("OUT"),
        files=shown.files if shown is not None else [],
        versions=_told(versions),
    )


def is_readable(version: Row) -> bool:
    """Tell whether a version says anything beside the digest of a paper."""
    return bool(version.text.strip() or version.figures or version.files)


def with_readable(tx: Tx, found: Sequence[DisclosedT]) -> Sequence[DisclosedT]:
    """Say of each whether there is something to read."""
    newest = stored.newest(tx.conn, [one.id for one in found])
    for one in found:
        one.readable = one.id in newest and is_readable(newest[one.id])
    return found


def _told(versions: Sequence[Row]) -> list[replies.DisclosureVersion]:
    told = []
    before: list[str] = []
    for row in versions:
        lines = _lines(row)
        first = row is versions[0]
        told.append(
            replies.DisclosureVersion.of(
                row,
                added=[] if first else _only_in(lines, before),
                removed=[] if first else _only_in(before, lines),
            )
        )
        before = lines
    return told


def _lines(row: Row) -> list[str]:
    """Return what a version says, line by line, as people compare it."""
    lines = [line.strip() for line in row.text.splitlines() if line.strip()]
    lines += [
        f"{_SIDES[one['side']]} {one['item']} {yuan(int(one['amount_fen']))} 元"
        for one in row.figures
    ]
    return [*lines, *(f"附件 {one}" for one in row.files)]


def _only_in(lines: Sequence[str], others: Sequence[str]) -> list[str]:
    left = list(others)
    found = []
    for line in lines:
        if line in left:
            left.remove(line)
        else:
            found.append(line)
    return found[:_MOST_LINES]
