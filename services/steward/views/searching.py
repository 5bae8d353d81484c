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
from fivered.services.steward import storage
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
                description="诉求人的手机号码 / the reporter's",
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
        BadPhone: It is no mobile number.
        BadName: It is no name.
        CommunitySearches: Names are not for this role.
        CallerNotServing: The caller's post as a grid worker is suspended or over.
    """
    scope = payload.scope or tx.actor.scope
    tx.require_scope(scope)
    reporters = _reporters(tx, payload)
    wanted = cases.narrowed(
        tx, payload, scope=scope, states=cases.states_of(payload), reporters=reporters
    )
    if reporters == []:
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


def _reporters(tx: Tx, payload: FindRequests) -> list[str] | None:
    """Return who is meant; None where nobody in particular is."""
    found: list[set[str]] = []
    for way, sought in (("phone", payload.phone), ("name", payload.name)):
        if sought is None:
            continue
        rows = (
            people.with_numbers(tx, phone=sought) if way == "phone" else finding.named(tx, sought)
        )
        people.note_reads(tx, "find_requests", way.upper(), rows, found=len(rows))
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
