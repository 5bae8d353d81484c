"""What a unit's wheel brings with it, as a bill of materials (CycloneDX 1.6, JSON).

`make release` writes one beside each wheel: the unit, the packages that it needs and those that
they need, in the versions that requirements.txt pins, with licences and who needs whom. The same
commit gives the same file.
"""

from __future__ import annotations

import datetime as dt
import email.parser
import hashlib
import json
import uuid
import zipfile
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.local import pins

Json = dict[str, Any]
_OURS = "fivered-"


def write(wheel: Path, built_at: int) -> Path:
    """Write the bill of a wheel beside it; returns its path.

    Args:
        wheel: The wheel.
        built_at: The time of the release, in seconds of the epoch.

    Raises:
        KeyError: It needs a package that is not pinned.
    """
    stem = "-".join(wheel.name.split("-")[:2])
    path = wheel.with_name(f"{stem}.cdx.json")
    path.write_text(json.dumps(bill(wheel, built_at), indent=1) + "\n", "utf-8")
    return path


def bill(wheel: Path, built_at: int) -> Json:
    """Return the bill of a wheel; see `write`."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (one for one in packed.namelist() if one.endswith(".dist-info/METADATA"))
        own = email.parser.Parser().parsestr(packed.read(name).decode())
    versions = _pinned() | {canonicalize_name(str(own["Name"])): str(own["Version"])}
    found: dict[str, Message] = {}
    edges: dict[str, list[str]] = {}
    waiting = [own]
    while waiting:
        one = waiting.pop()
        about = canonicalize_name(str(one["Name"]))
        if about in found:
            continue
        found[about] = one
        edges[about] = sorted(set(_needs(one)))
        waiting += [_installed(needed) for needed in edges[about]]
        if about.startswith(_OURS):
            versions[about] = str(one["Version"])
    first = canonicalize_name(str(own["Name"]))
    components = {name: _component(one, versions[name]) for name, one in sorted(found.items())}
    unit = components.pop(first) | {
        "type": "application",
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    refs = {name: _purl(name, versions[name]) for name in found}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {
            "timestamp": dt.datetime.fromtimestamp(built_at, dt.UTC).isoformat(),
            "component": unit,
        },
        "components": list(components.values()),
        "dependencies": [
            {"ref": refs[name], "dependsOn": [refs[one] for one in needs]}
            for name, needs in sorted(edges.items())
        ],
    }


def _pinned() -> dict[str, str]:
    listed = pins.blocks(pins.RUN.read_text("utf-8"))
    return {
        canonicalize_name(name): lines.partition("==")[2].split()[0].rstrip(";")
        for name, lines in listed.items()
    }


def _needs(about: Message) -> list[str]:
    """Return what a package needs here, without its extras."""
    found: list[str] = []
    for line in about.get_all("Requires-Dist") or []:
        one = Requirement(line)
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            found.append(canonicalize_name(one.name))
    return found


def _installed(name: str) -> Message:
    text = metadata.distribution(name).read_text("METADATA")
    return email.parser.Parser().parsestr(text or "")


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _component(about: Message, version: str) -> Json:
    name = canonicalize_name(str(about["Name"]))
    ref = _purl(name, version)
    component: Json = {"type": "library", "bom-ref": ref, "name": name, "version": version}
    component["purl"] = ref
    if licences := _licences(about):
        component["licenses"] = licences
    return component


def _licences(about: Message) -> list[Json]:
    """Return the licences that a package states: an expression, else what its classifiers say."""
    if expression := about["License-Expression"]:
        return [{"expression": str(expression)}]
    said = [
        str(line).rpartition(" :: ")[2]
        for line in about.get_all("Classifier") or []
        if str(line).startswith("License :: ")
    ]
    short = str(about["License"] or "").strip()
    if not said and short and "\n" not in short:
        said = [short]
    return [{"license": {"name": one}} for one in said]
