"""Bodies that a door can read, and the texts in them that others than the office read."""

from __future__ import annotations

import csv
import io
import re
import types
import typing
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from fivered.chassis.bus import Service, entries
from fivered.chassis.free_text import Public, readers_of
from fivered.chassis.marks import members
from fivered.chassis.refusal import NumberOfAPerson, Refusal
from fivered.chassis.requests import is_request

if TYPE_CHECKING:
    from testkit.bench import Bench

_START = "2025-03-03T09:00:00"


def public_texts(service_cls: type[Service]) -> list[tuple[str, str]]:
    """Return (command, place) of every text of a service that others read; "*" is a list's item."""
    return sorted(
        (entry.method, ".".join(place))
        for entry in entries(service_cls).values()
        if entry.kind == "command"
        for place in _public_places(entry.body_type, ())
    )


def public_columns(service_cls: type[Any]) -> list[tuple[str, str]]:
    """Return (kind of file, column) of every text in a service's files that others read."""
    return [
        (importer.kind, column.name)
        for importer in service_cls.importers
        for column in importer.columns
        if column.public
    ]


def a_file(service_cls: type[Any], kind: str, **cells: str) -> str:
    """Return the template of a kind of file, with other cells in its one row."""
    (importer,) = (one for one in service_cls.importers if one.kind == kind)
    heads, row = csv.reader(io.StringIO(importer.template(date(2025, 3, 3))))
    out = io.StringIO()
    csv.writer(out).writerows(
        [heads, [cells.get(head, cell) for head, cell in zip(heads, row, strict=True)]]
    )
    return out.getvalue()


def require_no_number_in_texts(bench: Bench, command: str, place: str) -> None:
    """Assert that a text that others read takes no number of a person, and takes others."""
    for text, kind in (("联系张三138 1234 5678", "phone"), ("身份证37089919800305007X", "id_no")):
        with pytest.raises(NumberOfAPerson) as refused:
            bench.send(command, place, text)
        assert refused.value.params == {"kind": kind}
        assert refused.value.field.startswith(place.partition(".*")[0])
        assert "138" not in refused.value.describe()
    # An office's number, an order's and a day are nobody's; the command may be refused otherwise.
    try:
        bench.send(command, place, "12345热线转0537-2345678,SR-20250219-015901-00001,2025-03-01")
    except NumberOfAPerson:
        raise
    except Refusal:
        pass


def require_no_number_in_files(files: Bench, kind: str, column: str) -> None:
    """Assert that a file brings no number of a person into a column that others read."""
    files.as_("R_DISTRICT")
    service_cls = files.runtime.service_cls
    result = files.load(kind, a_file(service_cls, kind, **{column: "找张三138-1234-5678"}))
    (error,) = result["errors"]
    assert (error["line"], error["column"], error["code"]) == (2, column, "PII_FOUND")
    assert "手机号码" in error["message_zh"]
    assert "phone number" in error["message_en"]
    assert (result["created"], "1234" in str(result)) == (0, False)


def a_body(hint: Any, place: str, text: str) -> Any:
    """Return a value that a field of this type takes, with `text` at `place` and no more than must
    be elsewhere."""
    head, _, rest = place.partition(".")
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if not place and _is_text(hint):
        return text
    if origin is typing.Annotated:
        metas = [one for one in hint.__metadata__ if isinstance(one, msgspec.Meta)]
        return _within(parts[0], metas, a_body(parts[0], place, text))
    if origin in {typing.Union, types.UnionType}:
        wanted = [part for part in parts if part is not type(None)]
        return a_body(wanted[0], place, text)
    if origin is list:
        return [a_body(parts[0], rest, text)] if head == "*" else []
    if origin is dict:
        return {"any": a_body(parts[1], rest, text)} if head == "*" else {}
    if origin is typing.Literal:
        return parts[0]
    if is_request(hint):
        required = {one.name for one in msgspec.structs.fields(hint) if one.required}
        return {
            name: a_body(inner, rest if name == head else "-", text)
            for name, inner in members(hint)
            if name in required or name == head
        }
    if hint is typing.Any:
        return text
    plain = {str: "abc", int: 1, float: 1.0, bool: True}
    return plain.get(hint) or (_START + "+08:00" if hint is datetime else _START[:10])


def _is_text(hint: Any) -> bool:
    while typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    return hint is str


def _takes_sentences(hint: Any) -> bool:
    """Tell whether a member is a text without a form."""
    marks = getattr(hint, "__metadata__", ())
    return _is_text(hint) and not any(getattr(mark, "pattern", None) for mark in marks)


def _within(base: Any, metas: Sequence[msgspec.Meta], value: Any) -> Any:
    for meta in metas:
        if meta.pattern is not None:
            value = next(one for one in _FORMS if re.search(meta.pattern, one))
        if meta.ge is not None and base in {int, float}:
            value = max(value, meta.ge)
        if meta.min_length and base is str:
            value = value.ljust(meta.min_length, "…")
        elif meta.min_length and not value:
            value = [a_body(typing.get_args(base)[0], "-", "")] * meta.min_length
    return value


_FORMS = (
    *("370811015901001", "370811015901", "370811015", "370811", "2025-03", "2025-03-03", "2025.1"),
    "09:00",
    *("NOISE", "a" * 64, *(f"{kind}_1" for kind in ("pco", "prj", "mtg", "per", "off", "ptn"))),
)


def _public_places(hint: Any, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated and isinstance(readers_of(hint), Public):
        inner = parts[0]
        while not _is_text(inner) and typing.get_args(inner):
            kind = typing.get_origin(inner)
            at, inner = (*at, "*"), typing.get_args(inner)[kind is dict]
        if is_request(inner):
            yield from ((*at, name) for name, one in members(inner) if _takes_sentences(one))
        # No sentence fits where a form is said.
        elif not any(getattr(mark, "pattern", None) for mark in hint.__metadata__):
            yield at
    elif origin is list:
        yield from _public_places(parts[0], (*at, "*"))
    elif origin is dict:
        yield from _public_places(parts[1], (*at, "*"))
    elif is_request(hint):
        for name, inner in members(hint):
            yield from _public_places(inner, (*at, name))
    else:
        for part in parts:
            if not isinstance(part, str):
                yield from _public_places(part, at)
