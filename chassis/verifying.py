"""`fivered verify audit`: is the audit of a service what was sealed, row by row?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from fivered.chassis import audit_seals, here
from fivered.chassis import storage as store
from fivered.chassis.installed import service_class, services_of
from fivered.chassis.settings import CommandFailed
from fivered.chassis.transaction import tables_of

SOUND, TAMPERED = 0, 1


def command(given: argparse.Namespace) -> int:
    """Carry out `fivered verify audit`; 1 where something is not what was sealed."""
    kept = read_kept(Path(given.against)) if given.against else {}
    worst = SOUND
    for service in services_of(given.service):
        engine = store.open_engine(here.database_of(service), pool_size=1)
        try:
            tables = tables_of(service_class(service).tables)
            with store.reading(engine) as conn:
                verdict = audit_seals.verify(conn, tables, service, kept.get(service))
        finally:
            engine.dispose()
        _tell(service, verdict, given)
        if verdict.findings:
            worst = TAMPERED
    return worst


def read_kept(path: Path) -> dict[str, dict[str, str]]:
    """Return the hashes in a file, by service and day: what the seals' door answers, or objects
    line by line among others, as a log has them.

    Raises:
        CommandFailed: It cannot be read, or holds none.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{path}: {error}") from error
    found: dict[str, dict[str, str]] = {}
    for one in _objects(text):
        service, day, value = (one.get(name) for name in ("service", "day", "hash"))
        if isinstance(service, str) and isinstance(day, str) and isinstance(value, str):
            found.setdefault(service, {})[day] = value
    if not found:
        raise CommandFailed(f"{path} holds no seal: objects with service, day and hash")
    return found


def _objects(text: str) -> list[Mapping[str, object]]:
    try:
        whole = json.loads(text)
    except ValueError:
        whole = []
        for line in text.splitlines():
            start = line.find("{")
            try:
                whole.append(json.loads(line[start:]) if start >= 0 else None)
            except ValueError:
                continue
    if isinstance(whole, dict):
        whole = whole.get("items", [whole])
    return [one for one in whole if isinstance(one, dict)] if isinstance(whole, list) else []


def _tell(service: str, verdict: audit_seals.Verdict, given: argparse.Namespace) -> None:
    found = [str(one) for one in verdict.findings]
    if given.json:
        told = {
            "service": service,
            "sound": not found,
            "seals": verdict.seals,
            "rows": verdict.rows,
            "dropped": verdict.dropped,
            "until": verdict.until or None,
            "unsealed": verdict.unsealed,
            "findings": [
                {"what": one.what, "day": one.day or None, "row": one.row}
                for one in verdict.findings
            ],
        }
        print(json.dumps(told))
        return
    if found:
        print(f"{service}: NOT what was sealed")
        for line in found if given.all else found[:1]:
            print(f"  {line}")
        if len(found) > 1 and not given.all:
            print(f"  and {len(found) - 1} more (--all names them)")
        return
    until = f" until {verdict.until}" if verdict.until else ""
    dropped = f"; the rows of {verdict.dropped} days were dropped" if verdict.dropped else ""
    sealed = f"{verdict.rows} rows of {verdict.seals} days are what was sealed{until}"
    print(f"{service}: {sealed}{dropped}; {verdict.unsealed} rows since")
