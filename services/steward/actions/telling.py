"""Who is told of a step of a request. Nobody is told what they did themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from fivered.chassis.bus import Tx
from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.chassis.telling import Message, tell_all
from fivered.services.steward import storage
from fivered.services.steward.rules.routing import Candidate

Detail = Mapping[str, object]
_HANDED = frozenset({"dispatch", "redispatch", "transfer", "reopen", "take"})


def _due(row: Row, _detail: Detail) -> Detail:
    return {"due": Calendar.minute(row.due_resolve)}


def _nothing(_row: Row, _detail: Detail) -> Detail:
    return {}


def _taken(*names: str) -> Callable[[Row, Detail], Detail]:
    return lambda _row, detail: {name: detail.get(name) or "—" for name in names}


# What who reported it is told of a step, and what fills the places; where `True`, those too whose
# requests were merged into it.
_REPORTER: Mapping[str, tuple[str, Callable[[Row, Detail], Detail], bool]] = {
    "accept": ("REQ_ACCEPTED", _nothing, True),
    "contact": ("REQ_CONTACTED", _nothing, True),
    "arrive": ("REQ_CONTACTED", _nothing, True),
    "extend": (
        "REQ_EXTENDED",
        lambda row, said: {**_due(row, said), "reason": said["reason"]},
        True,
    ),
    "resolve": ("REQ_RESOLVED", _taken("outcome"), True),
    "close": ("REQ_CLOSED", _nothing, True),
    "reject": ("REQ_REJECTED", lambda _, d: {"ground": d["reason"], "note": d["note"]}, False),
    "return": ("REQ_RETURNED", _taken("reason"), False),
    "go_on": ("REQ_GOES_ON", _nothing, False),
    "reopen": ("REQ_REOPENED", _due, False),
    "reply": ("REQ_REPLIED", _nothing, False),
    "pause": (
        "REQ_PAUSED",
        lambda row, said: {
            **_due(row, said),
            "ground": said["ground"],
            "until": Calendar.minute(row.paused_until),
        },
        True,
    ),
    "resume": ("REQ_RESUMED", _due, True),
    "unmerge": ("REQ_PARTED", lambda row, said: {**_due(row, said), "case": said["from"]}, False),
    "resolve_missed": ("REQ_LATE", _nothing, True),
    "escalate": ("REQ_ESCALATED", _taken("level"), True),
    "correct": ("REQ_CORRECTED", _taken("reason"), False),
    "review": ("REQ_REVIEWED", _taken("verdict", "reason"), False),
}
_HANDLER: Mapping[str, tuple[str, Callable[[Row, Detail], Detail]]] = {
    "contact_missed": ("REQ_CONTACT_OVERDUE", _nothing),
    "resolve_missed": ("REQ_OVERDUE", _nothing),
    "urge": ("REQ_URGED", _nothing),
    "inform": ("REQ_ADDED", _nothing),
    "pause": ("PAUSE_GRANTED", lambda row, _: {"until": Calendar.minute(row.paused_until)}),
    "pause_refused": ("PAUSE_REFUSED", _taken("reason")),
    "cancel": ("REQ_TAKEN_BACK", _nothing),
    "rate": ("REQ_RATED", _taken("stars")),
}


_WRITTEN = frozenset({"note", "reply"})
# What those hear who help with a case: no more of their work is asked, or it is again.
_HELPERS = frozenset({"resolve", "reopen", "cancel", "reject", "merge"})
_ENDS = frozenset({"close", "cancel", "reject", "merge"})


def of_step(tx: Tx, row: Row, action: str, detail: Detail) -> None:
    """Tell of a step of a request.

    Args:
        tx: The transaction.
        row: The request as it is now.
        action: The step, as the timeline has it.
        detail: What the timeline says of it.
    """
    tell_all(tx, [one for one in _of_step(tx, row, action, detail) if one.person_id != tx.actor.id])


def of_filing(tx: Tx, row: Row, duty: str | None) -> None:
    """Tell that a request was filed, and to whom it was given, if to anybody."""
    said = [_message("REQ_RECEIVED", row.reporter_id, row, _due(row, {}))]
    if duty is not None:
        said += [_dispatched(row, duty), given(row)]
    tell_all(tx, [one for one in said if one.person_id])


def _of_step(tx: Tx, row: Row, action: str, detail: Detail) -> Iterator[Message]:
    if action == "merge":
        into = storage.cases.request(tx.conn, str(detail["into"]))
        number = "—" if into is None else into.number
        yield _message("REQ_MERGED", row.reporter_id, row, {"into": number})
    if action == "unmerge" and "stars" in detail:
        said = {"case": detail["from"], "stars": detail["stars"]}
        yield _message("REQ_RATING_APART", row.reporter_id, row, said)
    if action == "escalate" and detail.get("level") == 1:
        return  # the reporter is told that it is late, or that nobody has it yet
    if action in _REPORTER:
        kind, fill, followed = _REPORTER[action]
        told = [row, *storage.cases.followers(tx.conn, row.request_id)] if followed else [row]
        people = set[str | None]()
        for one in told:
            if one.reporter_id not in people:
                people.add(one.reporter_id)
                yield _message(kind, one.reporter_id, one, fill(row, detail))
    if action in _HANDED and row.handler is not None:
        if row.state == "DISPATCHED":
            yield given(row)
        if action != "reopen":
            yield _dispatched(row, str(detail.get("duty", "—")))
    if action in _ENDS:
        # Who had it first stays answerable until then, and is told what became of it.
        first = storage.co_handling.first_receiver(tx.conn, row)
        yield _message("REQ_FIRST_ENDED", first, row, {"state": row.state})
    if action in _WRITTEN | _HELPERS:
        helpers = storage.co_handling.helpers(tx.conn, row.request_id, at_present=True)
        if action in _WRITTEN:
            for person_id in sorted(helpers | ({row.handler_person} - {None})):
                yield _message("CO_NOTED", person_id, row, {})
        else:
            for person_id in sorted(helpers):
                yield _message("CO_CASE_STATE", person_id, row, {"state": row.state})
    if action in _HANDLER:
        kind, fill = _HANDLER[action]
        yield _message(kind, row.handler_person, row, fill(row, detail))


def given(row: Row) -> Message:
    """Return what the handler is told who is given a request."""
    return _given(row, row.handler_person, row.due_accept)


def _given(row: Row, person_id: str | None, due: datetime) -> Message:
    kind = "REQ_GIVEN_URGENT" if row.priority in {"P1", "P2"} else "REQ_GIVEN"
    detail = {"category": row.category, "due": Calendar.minute(due)}
    return _message(kind, person_id, row, detail)


def _dispatched(row: Row, duty: str) -> Message:
    return _message("REQ_DISPATCHED", row.reporter_id, row, {"duty": duty})


def _message(kind: str, person_id: str | None, row: Row, detail: Detail) -> Message:
    return Message(kind, person_id, ("request", row.request_id), {"number": row.number, **detail})


def not_accepted(tx: Tx, row: Row) -> Message:
    """Return what the handler is told who has not accepted a request that nobody else can take."""
    return replace(_message("REQ_NOT_ACCEPTED", row.handler_person, row, {}), at=tx.now)


def taken(tx: Tx, row: Row, chosen: Candidate, due: datetime) -> list[Message]:
    """Return who is told what where a request goes to the next one since nobody accepted it."""
    told = [
        _message("REQ_TAKEN", row.handler_person, row, {}),
        _given(row, chosen.person_id, due),
        _dispatched(row, chosen.duty),
    ]
    return [replace(one, at=tx.now) for one in told]
