"""Contracts as files: what a service promises, written beside its code and compared with it.

A service's `contracts/` holds `events/<fact>.json` (schema and examples of each fact that it
publishes), `api.json` (its doors over HTTP: roles, request, reply, examples), `queues.json` (what
it consumes) and `released.json` (the facts as they stood at the last release). Titles and examples
are written by hand; schemas come from the code. A released fact only gains optional fields and
examples.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

import msgspec
from msgspec import inspect as types

from chassis import api
from chassis.api import ApiContract, DoorContract, RefusalContract, Schema
from chassis.bus import Nothing, Row, Service, consumed_by, entries, reply_type, request_type
from chassis.facts import all_declared, declared
from chassis.installed import release_of
from chassis.json_values import JsonObject
from chassis.messages import PARTITIONS
from chassis.migrate import package_of
from chassis.refusal import Refusal, Sentence
from chassis.requests import is_line
from chassis.schemas import schema_of, schemas_of
from chassis.table import description_of, refusals_of, summary_of

if TYPE_CHECKING:
    from chassis.importers import Importer


class EventContract(TypedDict, total=False):
    """What a service says of one fact."""

    type: str
    visibility: str
    title: str
    schema: Schema
    examples: list[JsonObject]


class Released(TypedDict):
    """A fact as it stood at the last release; of its examples the digests."""

    schema: Schema
    examples: list[str]


@dataclass(slots=True)
class Report:
    """What `check` or `write` found.

    Attributes:
        problems: One line each: the file and what is wrong with it.
        written: Files that were changed.
    """

    problems: list[str] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)


def folder_of(service_cls: type[Service]) -> Path:
    """Return the folder of a service's contracts."""
    return Path(str(resources.files(package_of(service_cls)).joinpath("contracts")))


def event_contract(service_cls: type[Service], kind: type, old: EventContract) -> EventContract:
    """Return the contract of one fact; title and examples are kept from `old`."""
    fact = declared(kind)
    return {
        "type": f"{service_cls.name}.{fact.FACT}",
        "visibility": fact.VISIBILITY,
        "title": old.get("title") or (kind.__doc__ or "").strip().splitlines()[0],
        "schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **schema_of(kind),
        },
        "examples": old.get("examples", []),
    }


def facts_of(service_cls: type[Service]) -> list[EventContract]:
    """Return what a service publishes, public facts first."""
    kinds = sorted(
        all_declared(service_cls.publishes),
        key=lambda kind: (kind.VISIBILITY != "public", kind.FACT),
    )
    folder = folder_of(service_cls) / "events"
    return [_read_event(folder / f"{kind.FACT}.json") for kind in kinds]


def api_contract(service_cls: type[Service]) -> JsonObject:
    """Return a service's doors as they stand in `api.json` and travel to the gateway."""
    return api.written(api_of(service_cls))


def api_of(service_cls: type[Service]) -> ApiContract:
    """Return a service's doors; schemas refer to `#/schemas/<name>`."""
    rows = [row for row in service_cls.doors if row.door.kind in {"command", "query"}]
    importers: Sequence[Importer] = getattr(service_cls, "importers", ())
    return _api_of_rows(
        rows,
        [kind for row in rows for kind in (request_type(row.act), row.door.reply)],
        service=service_cls.name,
        title=service_cls.title,
        about=service_cls.about,
        # Which kinds of files come in; the chassis has the doors for them.
        imports=[one.kind for one in importers],
    )


def common_api(kind: type, service: str, title: str) -> ApiContract:
    """Return the doors that a service has of the chassis, so that no contract file says them.

    Args:
        kind: What gives them to it: `bus.Service`, or `file_imports.Imports`.
        service: Its name.
        title: Heading in the reference.
    """
    given = [
        one for one in entries(cast("type[Service]", kind)).values() if one.door.options.get("http")
    ]
    rows = [Row(one.method, one.door, inspect.unwrap(getattr(kind, one.method))) for one in given]
    kinds = [
        of
        for one, row in zip(given, rows, strict=True)
        for of in (one.body_type or Nothing, reply_type(row.act))
    ]
    return _api_of_rows(rows, kinds, service=service, title=title, imports=[])


def _api_of_rows(
    rows: Sequence[Row],
    kinds: Sequence[type],
    *,
    service: str,
    title: str,
    about: str = "",
    imports: list[str],
) -> ApiContract:
    """Return a contract of rows; `kinds` are the request and the reply of each."""
    refs, schemas = schemas_of(kinds)
    refused = {kind.__name__: kind for row in rows for kind in refusals_of(row.act)}
    return ApiContract(
        service=service,
        version=release_of(service),
        title=title,
        about=about,
        imports=imports,
        doors={
            row.name: _door_contract(row, request, reply)
            for row, request, reply in zip(rows, refs[::2], refs[1::2], strict=True)
        },
        refusals={name: _refusal(kind) for name, kind in sorted(refused.items())},
        schemas=schemas,
    )


def _door_contract(row: Row, request: Schema, reply: Schema) -> DoorContract:
    door = row.door
    verb, _, path = door.http.partition(" ")
    return DoorContract(
        kind="command" if door.kind == "command" else "query",
        verb=verb,
        path=path,
        roles=list(door.roles),
        status=door.status,
        if_match=door.if_match,
        produces=door.produces,
        cost=door.cost,
        common=door.common,
        deadline_s=door.deadline_s,
        summary=summary_of(row.act),
        description=description_of(row.act),
        request=request,
        reply=reply,
        refusals=[kind.__name__ for kind in refusals_of(row.act)],
    )


def _refusal(kind: type[Refusal]) -> RefusalContract:
    said = Sentence(kind.text)
    return RefusalContract(kind.status, kind.code, kind.guard or "", f"{said} / {said.english}")


def queues_contract(service_cls: type[Service]) -> JsonObject:
    """Return what a service consumes, by source; queue names follow from it."""
    heard = sorted(consumed_by(service_cls).items())
    return {
        "partitions": PARTITIONS,
        "subscriptions": {source: list(facts) for source, facts in heard},
    }


def _read(path: Path) -> JsonObject:
    if not path.exists():
        return {}
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, dict):
        raise TypeError(f"{path} must hold one JSON object")
    return found


def _read_event(path: Path) -> EventContract:
    return cast("EventContract", _read(path))


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _wanted(service_cls: type[Service], folder: Path) -> dict[Path, object]:
    files: dict[Path, object] = {
        folder / "api.json": api_contract(service_cls),
        folder / "queues.json": queues_contract(service_cls),
    }
    for kind in all_declared(service_cls.publishes):
        path = folder / "events" / f"{kind.FACT}.json"
        files[path] = event_contract(service_cls, kind, _read_event(path))
    return files


def write(service_cls: type[Service], folder: Path | None = None) -> Report:
    """Bring the contract files up to the code; titles and examples stay."""
    folder = folder or folder_of(service_cls)
    report = Report()
    for path, value in _wanted(service_cls, folder).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _text(value)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            report.written.append(path)
    report.problems = check(service_cls, folder).problems
    return report


def check(service_cls: type[Service], folder: Path | None = None) -> Report:
    """Compare the contract files with the code, the examples with the schemas, and both with what
    was released."""
    folder = folder or folder_of(service_cls)
    report = Report()
    wanted = _wanted(service_cls, folder)
    for path, value in wanted.items():
        if _read(path) != json.loads(_text(value)):
            report.problems.append(f"{path}: differs from the code (fivered contracts write)")
    for path in sorted((folder / "events").glob("*.json")):
        if path not in wanted:
            report.problems.append(f"{path}: the service does not say this fact")
    for kind in all_declared(service_cls.publishes):
        path = folder / "events" / f"{kind.FACT}.json"
        report.problems += _check_examples(kind, path)
    for name, entry in entries(service_cls).items():
        if entry.kind in {"command", "query"}:
            report.problems += [
                f"{service_cls.name}: {name}: {place} has no max_length: one call could hold the "
                "service's only writer for as long as it likes"
                for place in without_bound(entry.body_type)
            ]
    report.problems += _check_released(folder)
    return report


def without_bound(kind: type | None) -> list[str]:
    """Return which lists and objects of a request, and which texts in them, may be as long as its
    caller likes."""
    return sorted(set(_without_bound(types.type_info(kind), "")))


def _without_bound(kind: types.Type, place: str) -> Iterator[str]:
    match kind:
        case types.Metadata():
            yield from _without_bound(kind.type, place)
        case types.UnionType():
            for one in kind.types:
                yield from _without_bound(one, place)
        case types.CustomType() if is_line(kind.cls):
            yield from _without_bound(types.type_info(kind.cls.of), place)
        case types.DataclassType() | types.StructType():
            for member in kind.fields:
                yield from _without_bound(member.type, f"{place}.{member.encode_name}".lstrip("."))
        case types.ListType() | types.SetType() | types.VarTupleType():
            if kind.max_length is None:
                yield place
            yield from _texts_without_bound(kind.item_type, place + "[]")
            yield from _without_bound(kind.item_type, place + "[]")
        case types.DictType():
            if kind.max_length is None:
                yield place
            yield from _texts_without_bound(kind.value_type, place + "{}")
            yield from _without_bound(kind.value_type, place + "{}")
        case _:
            return


def _texts_without_bound(kind: types.Type, place: str) -> Iterator[str]:
    match kind:
        case types.Metadata():
            yield from _texts_without_bound(kind.type, place)
        case types.StrType() if kind.max_length is None and kind.pattern is None:
            yield place
        case _:
            return


def _check_examples(kind: type, path: Path) -> list[str]:
    examples = _read_event(path).get("examples", [])
    if not examples:
        return [f"{path}: has no example"]
    found = []
    for number, example in enumerate(examples):
        try:
            msgspec.convert(example, kind, strict=False)
        except msgspec.ValidationError as error:
            found.append(f"{path}: example {number}: {error}")
            continue
        unknown = set(example) - {one.name for one in fields(kind)}
        if unknown:
            found.append(f"{path}: example {number} has unknown fields {sorted(unknown)}")
    return found


# --------------------------------------------------------------------------------------------------
# Releases


def release(service_cls: type[Service], folder: Path | None = None) -> Report:
    """Freeze the facts as they stand: from now on they only gain optional fields and examples."""
    folder = folder or folder_of(service_cls)
    report = check(service_cls, folder)
    if report.problems:
        return report
    path = folder / "released.json"
    frozen = {
        kind.FACT: {
            "schema": (contract := _read_event(folder / "events" / f"{kind.FACT}.json"))["schema"],
            "examples": [_digest(example) for example in contract["examples"]],
        }
        for kind in all_declared(service_cls.publishes)
    }
    path.write_text(_text(_read(path) | frozen), "utf-8")
    report.written.append(path)
    return report


def _digest(example: object) -> str:
    return hashlib.sha256(msgspec.json.encode(example, order="sorted")).hexdigest()[:16]


def _check_released(folder: Path) -> list[str]:
    found = []
    released = cast("dict[str, Released]", _read(folder / "released.json"))
    for fact, old in released.items():
        path = folder / "events" / f"{fact}.json"
        now = _read_event(path)
        if not now:
            found.append(
                f"{path}: {fact} was released and is gone; publish it until nobody consumes it"
            )
            continue
        found += [f"{path}: {why}" for why in broken_promises(old["schema"], now["schema"])]
        kept = {_digest(example) for example in now["examples"]}
        found += [
            f"{path}: released example {digest} is gone or changed"
            for digest in old["examples"]
            if digest not in kept
        ]
    return found


def broken_promises(old: Schema, now: Schema) -> list[str]:
    """Return what a reader of the old schema could trip over in the new one."""
    found = []
    before, after = old.get("properties", {}), now.get("properties", {})
    for name, kind in before.items():
        if name not in after:
            found.append(f"field {name!r} was released and is gone")
        elif _shape(kind) != _shape(after[name]):
            found.append(f"field {name!r} has another type; say a new version instead")
    for name in now.get("required", []):
        if name not in old.get("required", []):
            found.append(f"field {name!r} is required now; a new field must be optional")
    for name, kind in old.get("$defs", {}).items():
        if name in now.get("$defs", {}):
            found += [f"{name}: {why}" for why in broken_promises(kind, now["$defs"][name])]
    return found


def _shape(kind: object) -> object:
    if isinstance(kind, dict):
        return {k: _shape(v) for k, v in kind.items() if k not in {"description", "title"}}
    return [_shape(one) for one in kind] if isinstance(kind, list) else kind
