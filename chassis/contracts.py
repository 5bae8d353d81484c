"""Contracts as files: what a service promises, written beside its code and compared with it.

A service's `contracts/` holds `events/<fact>.json` (schema and examples of each fact that it
publishes), `api.json` (its doors over HTTP: roles, request, reply, examples), `queues.json` (what
it consumes) and what the last release promised (`releases`). Titles and examples are written by
hand; schemas come from the code. What was released only gains optional fields and examples.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
from msgspec import inspect as types

from fivered.chassis import api, promises, releases
from fivered.chassis.api import ApiContract, DoorContract, RefusalContract, Schema
from fivered.chassis.bus import (
    Entry,
    Nothing,
    Row,
    Service,
    consumed_by,
    entries,
    reply_type,
    request_type,
)
from fivered.chassis.calendar import DeadlineMoved
from fivered.chassis.fact_schemas import (
    READERS,
    EventContract,
    fact_schema,
    kind_in_words,
    parts_of,
    unsaid,
)
from fivered.chassis.facts import MEANINGS, UNIT, all_declared, declared, is_of
from fivered.chassis.i18n import vocabulary
from fivered.chassis.installed import release_of
from fivered.chassis.json_values import Json, JsonObject
from fivered.chassis.messages import PARTITIONS
from fivered.chassis.migrate import package_of
from fivered.chassis.refusal import Refusal, Sentence
from fivered.chassis.requests import is_line
from fivered.chassis.schemas import schemas_of
from fivered.chassis.table import description_of, refusals_of, summary_of
from fivered.chassis.typed import converted

if TYPE_CHECKING:
    from fivered.chassis.importers import Importer


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


def event_contract(
    service_cls: type[Service], kind: type, old: EventContract, since: str
) -> EventContract:
    """Return the contract of one fact; title and examples are kept from `old`.

    Args:
        service_cls: Who says it.
        kind: The fact.
        old: Its contract until now.
        since: The release in which it came.
    """
    fact = declared(kind)
    doors = entries(service_cls)
    told: EventContract = {
        "type": f"{service_cls.name}.{fact.FACT}",
        "visibility": fact.VISIBILITY,
        "since": since,
        "title": old.get("title") or (kind.__doc__ or "").strip().splitlines()[0],
        "about": fact.AGGREGATE,
    }
    if fact.WHEN:
        told["when"] = fact.WHEN
        # A fact of the chassis names the doors of all services; each has some of them.
        own = is_of(kind, f"{package_of(service_cls)}.events")
        names = [name for name in fact.BY if own or name in doors]
        told["by"] = [one for name in names for one in _sayers(service_cls, doors, name)]
        told["after"] = [f"{service_cls.name}.{name}" for name in fact.AFTER]
    package = package_of(service_cls)
    known = {f"timer {code}": both for code, both in vocabulary(package).items()}
    if named := {one: " / ".join(known[one]) for one in told.get("by", ()) if one in known}:
        told["words"] = named
    # A deadline that has moved is one of the service's own.
    open_words = {"what": service_cls.deadline_words} if kind is DeadlineMoved else {}
    told["schema"] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **fact_schema(kind, package, open_words),
    }
    told["examples"] = old.get("examples", [])
    return told


def _sayers(service_cls: type[Service], doors: Mapping[str, Entry], name: str) -> list[str]:
    """Return what a door, a timer or a fact that is consumed is called outside its service.

    Raises:
        KeyError: The service has none of this name.
    """
    source, _, heard = name.partition(".")
    if heard:
        return [name] if heard in consumed_by(service_cls)[source] else []
    door = doors[name].door
    if door.kind == "timer":
        return [f"timer {door.timer_kind}"]
    if door.kind == "subscribe":
        return [f"{one.SOURCE}.{one.FACT}" for one in all_declared(door.readers)]
    if door.kind == "job":
        return [f"job {door.job_kind}"]
    verb, _, path = door.http.partition(" ")
    return [f"{verb} /v1{'' if door.common else f'/{service_cls.name}'}{path}"]


def facts_of(service_cls: type[Service]) -> list[EventContract]:
    """Return what a service publishes, public facts first."""
    kinds = sorted(
        all_declared(service_cls.publishes),
        key=lambda kind: (kind.VISIBILITY != "public", kind.FACT),
    )
    folder = folder_of(service_cls) / "events"
    return [_read_event(folder / f"{kind.FACT}.json") for kind in kinds]


def history_of(fact: EventContract) -> Iterator[str]:
    """Yield what each release has changed of a fact, as lines for a terminal."""
    for number, told in sorted(fact.get("changes", {}).items()):
        yield from (f"{number:11} {one}" for one in told)


def in_words(fact: EventContract) -> Iterator[str]:
    """Yield what a fact's contract says, as lines for a terminal."""
    yield f"{fact['type']}  {fact['title']}"
    yield fact["schema"].get("description", "")
    yield ""
    for name in ("visibility", "since", "about", "when", "by", "after"):
        value = cast("Mapping[str, object]", fact).get(name)
        if value:
            yield f"{name:11} {', '.join(value) if isinstance(value, list) else value}"
    for word, meaning in fact.get("words", {}).items():
        yield f"{'':11}   {word}: {meaning}"
    yield from history_of(fact)
    required = fact["schema"].get("required", [])
    yield ""
    for at, one in parts_of(fact["schema"]):
        said = cast("Mapping[str, object]", one)
        kinds = kind_in_words(cast("Json", one))
        unit = f" [{said[UNIT]}]" if UNIT in said else ""
        always = "" if at in required or "." in at else "?"
        yield f"  {at + always:24} {kinds:14} {said.get('description', '')}{unit}"
        for word, meaning in cast("Mapping[str, str]", said.get(MEANINGS, {})).items():
            yield f"  {'':24} {'':14}   {word:16} {meaning}"
    yield ""
    yield READERS
    yield ""
    yield json.dumps(fact["examples"][0], ensure_ascii=False, indent=2)


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
        version=release_of(service_cls.name),
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
    return msgspec.structs.replace(
        _common(kind), service=service, title=title, version=release_of(service)
    )


@functools.cache
def _common(kind: type) -> ApiContract:
    """Return the doors of `common_api`, which are the same for every service."""
    given = [
        one for one in entries(cast("type[Service]", kind)).values() if one.door.options.get("http")
    ]
    rows = [Row(one.method, one.door, inspect.unwrap(getattr(kind, one.method))) for one in given]
    kinds = [
        of
        for one, row in zip(given, rows, strict=True)
        for of in (one.body_type or Nothing, reply_type(row.act))
    ]
    return _api_of_rows(rows, kinds, service="", title="", version="", imports=[])


def _api_of_rows(
    rows: Sequence[Row],
    kinds: Sequence[type],
    *,
    service: str,
    version: str,
    title: str,
    about: str = "",
    imports: list[str],
) -> ApiContract:
    """Return a contract of rows; `kinds` are the request and the reply of each."""
    refs, schemas = schemas_of(kinds)
    refused = {kind.__name__: kind for row in rows for kind in refusals_of(row.act)}
    return ApiContract(
        service=service,
        version=version,
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
        leaving=door.leaving,
        oauth=door.oauth,
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
    released, version = releases.facts_in(folder), release_of(service_cls.name)
    for kind in all_declared(service_cls.publishes):
        path = folder / "events" / f"{kind.FACT}.json"
        before = released.get(kind.FACT)
        since = before["since"] if before else version
        told = event_contract(service_cls, kind, _read_event(path), since)
        if changes := releases.fact_changes(folder, told, version):
            told["changes"] = changes
        files[path] = told
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
        report.problems += [f"{path}: {why}" for why in _unsaid(_read_event(path))]
    for name, entry in entries(service_cls).items():
        if entry.kind in {"command", "query"}:
            report.problems += [
                f"{service_cls.name}: {name}: {place} has no max_length: one call could hold the "
                "service's only writer for as long as it likes"
                for place in without_bound(entry.body_type)
            ]
    report.problems += releases.broken(folder, _facts_in(folder), api_of(service_cls))
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


def _unsaid(contract: EventContract) -> list[str]:
    """Return what a fact leaves open: one line each."""
    found = unsaid(contract.get("schema", {}))
    if not (contract.get("when") and contract.get("by")):
        found.insert(0, "does not say when, or by what")
    try:
        Sentence(contract.get("schema", {}).get("description", ""))
    except ValueError as error:
        found.insert(0, f"its docstring is {error}")
    return found


def _check_examples(kind: type, path: Path) -> list[str]:
    examples = _read_event(path).get("examples", [])
    if not examples:
        return [f"{path}: has no example"]
    found = []
    for number, example in enumerate(examples):
        try:
            converted(example, kind, strict=False)
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
    """Freeze facts and doors as they stand: from now on they only gain."""
    folder = folder or folder_of(service_cls)
    report = check(service_cls, folder)
    if report.problems:
        return report
    for path, value in releases.freeze(folder, _facts_in(folder), api_of(service_cls)).items():
        path.write_text(releases.text_of(path, value), "utf-8")
        report.written.append(path)
    return report


def _facts_in(folder: Path) -> dict[str, EventContract]:
    """Return the contracts of facts, by the name of the fact."""
    return {path.stem: _read_event(path) for path in sorted((folder / "events").glob("*.json"))}


def broken_promises(old: Schema, now: Schema) -> list[str]:
    """Return what a reader of the old schema could trip over in the new one."""
    before, after = promises.members_of(old), promises.members_of(now)
    return [str(one) for one in promises.published_breaks(before, after)]
