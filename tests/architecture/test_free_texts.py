"""A declaration of a free text says who reads it; none is forgotten (K15)."""

import dataclasses
import types
from typing import Annotated, Union, get_args, get_origin

import pytest

from fivered.chassis import installed, marks
from fivered.chassis.bus import entries
from fivered.chassis.free_text import Office, Public, PublicText, Sealed, readers_of
from fivered.chassis.requests import Request, is_line, is_request

# What people write in their own words is called one of these, or `…_reason` and the like.
WORDS = {
    "title", "text", "reason", "reasons", "note", "notes", "comment", "description", "opinion",
    "answer", "summary", "basis", "finding", "findings", "decision", "dissent", "result", "facts",
    "grounds", "criteria", "activity", "override", "outcome", "place", "funding", "post", "done",
    "evidence", "employer", "purpose", "building", "buildings", "document", "remark", "remarks",
    "message", "content", "explanation", "statement", "why", "name", "origin", "source", "receipt",
    "ref", "no",
}  # fmt: skip
# The same words where they mean no text: a person's number is asked for, and stored sealed.
MEAN_NO_TEXT = {"id_no"}


def commands():
    for name in installed.service_names():
        for entry in entries(installed.service_class(name)).values():
            if entry.kind == "command":
                yield name, entry


def texts_of(hint, at, *, inner=None):
    """Yield (place, declaration) of each field that can hold what somebody writes."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from texts_of(parts[0], at, inner=readers_of(hint) or inner)
    elif origin in {Union, types.UnionType, list, tuple}:
        for part in parts:
            yield from texts_of(part, at, inner=inner)
    elif origin is dict:
        yield from texts_of(parts[1], at, inner=inner)
    elif is_line(hint):
        yield from texts_of(hint.of, at, inner=inner)
    elif is_request(hint):
        for name, member in marks.members(hint):
            yield from texts_of(member, (*at, name), inner=inner)
    elif hint is str:
        yield at, inner


def kinds_of(hint):
    """Yield the class of each object that a body is made of."""
    if is_line(hint):
        hint = hint.of
    if isinstance(hint, type) and not get_args(hint):
        yield hint
        if is_request(hint):
            for _name, member in marks.members(hint):
                yield from kinds_of(member)
    for part in get_args(hint):
        yield from kinds_of(part)


def test_a_body_is_made_of_requests_alone():
    """What is none is looked into by no check of texts."""
    found = {kind for _service, entry in commands() for kind in kinds_of(entry.body_type)}
    assert {kind for kind in found if dataclasses.is_dataclass(kind)} == set()
    assert {kind for kind in found if is_request(kind) and not issubclass(kind, Request)} == set()


FIELDS = sorted(
    {
        (service, entry.body_type.__name__, ".".join(at), declared)
        for service, entry in commands()
        for at, declared in texts_of(entry.body_type, ())
    },
    key=str,
)


def is_free(place):
    name = place.rpartition(".")[2]
    return name not in MEAN_NO_TEXT and (name in WORDS or name.rpartition("_")[2] in WORDS)


def test_every_free_text_of_a_command_says_who_reads_it():
    """K15: a new text that nobody has thought about fails here."""
    silent = [
        f"{service} {body}.{place}"
        for service, body, place, declared in FIELDS
        if is_free(place) and declared is None
    ]
    assert silent == [], (
        "declare PublicText, Annotated[str, Office(…)] or Annotated[str, Sealed(…)]"
    )


def test_what_is_kept_from_others_says_why():
    kept = {
        f"{service} {body}.{place}": declared
        for service, body, place, declared in FIELDS
        if declared is not None and not isinstance(declared, Public)
    }
    assert all(declared.why for declared in kept.values())
    # The author of a new one shows here that no view gives it to others.
    assert {place: type(declared) for place, declared in kept.items()} == {
        "identity BindProvider.subject": Office,
        "partner PayStatement.payment_ref": Office,
        "steward CorrectPerson.building": Sealed,
        "steward AddNote.text": Sealed,
        "property ObjectToVote.text": Office,
        "steward AskErasure.receipt": Office,
        "steward CorrectPerson.name": Sealed,
        "steward CorrectPerson.room": Sealed,
        "steward CorrectPerson.unit": Sealed,
        "steward FindPeople.building": Office,
        "steward ProposeCorrection.name": Sealed,
        "steward GiveEmail.email": Sealed,
        "steward FindPeople.name": Office,
        "steward FindRequests.external_ref": Office,
        "steward FindRequests.name": Office,
        "steward FindRequests.text": Office,
        "steward MovePerson.building": Sealed,
        "steward MovePerson.room": Sealed,
        "steward MovePerson.unit": Sealed,
        "steward RateRequest.text": Sealed,
        "steward RecordCall.note": Sealed,
        "steward RecordCall.phone": Sealed,
        "steward SubmitRequest.caller_phone": Sealed,
        "steward RecordVisits.items.concern.text": Sealed,
        "steward RegisterPeople.people.building": Sealed,
        "steward RegisterPeople.people.name": Sealed,
        "steward RegisterPeople.people.room": Sealed,
        "steward RegisterPeople.people.unit": Sealed,
        "steward RegisterPerson.building": Sealed,
        "steward RegisterPerson.name": Sealed,
        "steward RegisterPerson.room": Sealed,
        "steward RegisterPerson.unit": Sealed,
        "steward ReturnPerson.building": Sealed,
        "steward ReturnPerson.room": Sealed,
        "steward ReturnPerson.unit": Sealed,
        "steward SubmitRequest.external_ref": Office,
        "steward SubmitRequest.text": Sealed,
        "steward UrgeRequest.text": Sealed,
        "steward FileIntake.text": Sealed,
        "steward ReceiveChat.group_ref": Office,
        "steward ReceiveChat.msg_id": Office,
        "steward ReceiveChat.sender_ref": Office,
        "steward ReceiveChat.text": Sealed,
        "steward ReceiveOrder.order_no": Office,
        "steward ReceiveOrder.phone": Sealed,
        "steward ReceiveOrder.text": Sealed,
    }


def test_every_column_of_a_file_that_is_a_free_text_is_checked():
    """K15: what a door refuses, a file does not bring in."""
    silent = [
        f"{service} {importer.kind} {column.name}"
        for service in installed.service_names()
        for importer in getattr(installed.service_class(service), "importers", ())
        for column in importer.columns
        if is_free(column.name) and column.kind in {"text", "list"} and not column.public
        if (importer.kind, column.name) not in {("people", "name"), ("people", "building")}
    ]
    assert silent == []


class Asked(Request, frozen=True):
    plain: str
    note: str | None
    many: list[PublicText]
    inner: dict[str, Annotated[str, Sealed("a reason")]]


@pytest.mark.parametrize(
    ("place", "declared"),
    [("plain", type(None)), ("note", type(None)), ("many", Public), ("inner", Sealed)],
)
def test_a_text_without_a_declaration_is_seen(place, declared):
    found = {".".join(at): type(said) for at, said in texts_of(Asked, ())}
    assert found[place] is declared
