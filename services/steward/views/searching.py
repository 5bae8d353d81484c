"""Finding requests by what a caller says: a phone, a name, words of the text, a number.

What is sought stands in a body, never in an address. Texts are kept sealed, so words are looked for
in the texts themselves, of so many requests at a time, the newest first.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta

from fivered.chassis.bus import Tx
from fivered.chassis.free_text import Office
from fivered.chassis.records import Row
from fivered.chassis.text import fold
from fivered.services.steward import rules, storage
from fivered.services.steward.replies.found import RequestsFound
from fivered.services.steward.views import cases, finding, people

# So many texts are opened for one question, so many at once.
LOOKED_THROUGH, _AT_ONCE = 2000, 200
_LIST = "search"


class FindRequests(cases.RequestList, frozen=True):
    """查找诉求 / Which requests: by these and by what their list can be filtered by."""

    phone: (
        Annotated[
            str,
            Meta(
                max_length=30,
                description="诉求人登记的手机号码,或来电号码(手机、固定电话)"
                " / the registered mobile number of who reported it, or the number of"
                " who called in, fixed line or mobile",
                examples=["12812345678"],
            ),
        ]
        | None
    ) = None
    name: (
        Annotated[
            str,
            Office("who is sought is compared by a keyed digest, and kept nowhere"),
            Meta(
                max_length=40,
                description="诉求人的完整姓名 / the reporter's whole name",
                examples=["王小丽"],
            ),
        ]
        | None
    ) = None
    text: (
        Annotated[
            str,
            Office("it is compared with texts, and kept nowhere"),
            Meta(
                min_length=2,
                max_length=40,
                description="内容中的字句 / words of the text",
                examples=["电梯"],
            ),
        ]
        | None
    ) = None


def find_requests(tx: Tx, payload: FindRequests) -> RequestsFound:
    """查找诉求 / Find requests by phone, name, words, number and the filters of their list.

    只查本辖区。按手机号码、姓名查找均留痕,被查到的人可查。按字句查找每次看 2000 件,用 next 继续。
    Within the caller's area. A search by phone or name is noted, and who was found reads it. Words
    are looked for in 2,000 requests at a time; `next` goes on.

    What was asked stands in no address, log or stored reply.

    Raises:
        RoleDenied: The area lies outside the caller's scope.
        BadCallerPhone: It is no number.
        BadName: It is no name.
        NamesClosed: Names are not for this role.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    whose = _callers(tx, payload, scope) if payload.phone is not None else None
    reporters = _reporters(tx, payload)
    wanted = cases.narrowed(
        tx, payload, scope=scope, states=cases.states_of(payload), reporters=reporters, whose=whose
    )
    if reporters == [] or whose == ([], []):
        return RequestsFound(state="DONE", items=[], looked_through=0, total=0)
    if payload.text is not None:
        return _by_text(tx, payload, wanted, fold(payload.text))
    newest = payload.order == "newest"
    found = storage.cases.page(tx.conn, wanted, payload, newest_first=newest, of=_LIST)
    return RequestsFound(
        state="DONE",
        items=cases.summarised(tx, found.rows),
        next=found.next,
        prev=found.prev,
        total=found.total or 0,
        looked_through=len(found.rows),
    )


def _callers(tx: Tx, payload: FindRequests, scope: str) -> tuple[list[str], list[str]]:
    """Return who is registered with a number, and which requests were made by calls from it.

    Raises:
        BadCallerPhone: It is no number.
    """
    number = rules.identity.check_caller_phone(payload.phone or "", "phone")
    rows = people.with_numbers(tx, phone=number) if rules.identity.is_mobile(number) else []
    digest = storage.vault(tx).digest("phone", rules.identity.without_extension(number))
    called = storage.desk.called_from(tx.conn, digest, scope)
    people.note_reads(tx, "find_requests", "PHONE", rows, found=len(rows) + len(called))
    return [row.person_id for row in rows], called


def _reporters(tx: Tx, payload: FindRequests) -> list[str] | None:
    """Return whose name is meant; None where nobody's is."""
    found: list[set[str]] = []
    if payload.name is not None:
        rows = finding.named(tx, payload.name)
        people.note_reads(tx, "find_requests", "NAME", rows, found=len(rows))
        found.append({row.person_id for row in rows})
    if payload.reporter_id is not None:
        found.append({payload.reporter_id})
    return sorted(set.intersection(*found)) if found else None


def _by_text(
    tx: Tx, payload: FindRequests, wanted: storage.cases.Wanted, words: str
) -> RequestsFound:
    fitting: list[Row] = []
    newest, looked, cursor = payload.order == "newest", 0, payload.cursor
    while True:
        part = msgspec.structs.replace(payload, limit=_AT_ONCE, cursor=cursor)
        found = storage.cases.page(
            tx.conn, wanted, part, newest_first=newest, of=_LIST, counted=False
        )
        told = cases.texts(tx, found.rows)
        cursor = found.next
        for row in found.rows:
            looked += 1
            if words in fold(told[row.request_id]):
                fitting.append(row)
                if len(fitting) == payload.limit:
                    last = row.request_id == found.rows[-1].request_id
                    if not (last and cursor is None):
                        cursor = storage.cases.behind(part, row, newest_first=newest, of=_LIST)
                    break
        if cursor is None or len(fitting) == payload.limit or looked >= LOOKED_THROUGH:
            break
    return RequestsFound(
        state="DONE",
        items=cases.summarised(tx, fitting),
        next=cursor,
        prev=None,  # what does not fit lies between: who goes back asks again
        looked_through=looked,
        total=UNSET,
    )
