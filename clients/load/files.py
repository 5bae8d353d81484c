"""The folder of a generated district: its CSV files and the manifest that says what they are."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fivered.clients.load.generator import FILES, VERSION, District

MANIFEST = "manifest.json"
_ROWS_PER_WRITE = 2000
_TABLES = (".csv", ".xlsx")
# What a district is loaded with, by service and kind, in the order in which it must be imported: a
# file names only what an earlier one brings. Some of it the generator makes, some only a district.
KINDS: tuple[tuple[str, str], ...] = (
    ("steward", "areas"),
    ("steward", "places"),
    ("steward", "people"),
    ("steward", "stewards"),
    ("forum", "officials"),
    ("forum", "liaisons"),
    ("forum", "deputies"),
    ("property", "companies"),
    ("property", "projects"),
    ("property", "rooms"),
    ("property", "committees"),
    ("property", "agreements"),
    ("partner", "partners"),
    ("partner", "offers"),
    ("credit", "consents"),
)


class NotAFolderOfOurs(Exception):
    """There is no manifest, or a file is not the one that it names."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file as it lies there."""

    service: str
    kind: str
    path: Path
    rows: int
    sha256: str


def write(
    district: District, folder: Path, tell: Callable[[str, int], None] = lambda _kind, _rows: None
) -> list[Written]:
    """Write all files and the manifest.

    Args:
        district: What to write.
        folder: Where to; it is made. Files of an earlier run are replaced.
        tell: Told (kind, rows so far) once in a while.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for one in FILES:
        path = folder / one.name
        digest, rows = hashlib.sha256(), 0
        with path.open("wb") as out:

            def put(text: str, out: Any = out, digest: Any = digest) -> None:
                data = text.encode()
                out.write(data)
                digest.update(data)

            buffer = io.StringIO()
            writer = csv.writer(buffer, lineterminator="\n")
            writer.writerow(one.header)
            for row in one.rows(district):
                writer.writerow(row)
                rows += 1
                if rows % _ROWS_PER_WRITE == 0:
                    put(buffer.getvalue())
                    buffer.seek(0)
                    buffer.truncate()
                    tell(one.kind, rows)
            put(buffer.getvalue())
        tell(one.kind, rows)
        found.append(Written(one.service, one.kind, path, rows, digest.hexdigest()))
    manifest = {
        "generator": "fivered load",
        "generator_version": VERSION,
        "synthetic": True,
        "seed": district.seed,
        "parameters": {
            "residents": district.residents,
            "households": district.households,
            "communities": district.communities,
        },
        "files": [
            {
                "service": one.service,
                "kind": one.kind,
                "file": one.path.name,
                "rows": one.rows,
                "sha256": one.sha256,
            }
            for one in found
        ],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (folder / MANIFEST).write_text(text, "utf-8")
    return found


def read(folder: Path) -> list[Written]:
    """Return the files of a folder, in the order in which they must be imported.

    A folder of one's own needs no manifest: its files have the names of their kinds
    (`people.csv`, or `people.xlsx`). What a file holds is counted now: a manifest only says what
    it held when it was written.

    Raises:
        NotAFolderOfOurs: None of the files is there, or one that the manifest names is missing.
    """
    named = _in_manifest(folder)
    for name in named:
        if not (folder / name).is_file():
            raise NotAFolderOfOurs(f"{folder / name} is missing")
    found = []
    for service, kind in KINDS:
        for suffix in _TABLES:
            path = folder / f"{kind}{suffix}"
            if path.is_file():
                found.append(_counted(service, kind, path))
    if not found:
        names = ", ".join(names_of_files())
        raise NotAFolderOfOurs(
            f"{folder} holds none of {names}: fivered load generate --out {folder}"
        )
    return found


def names_of_files() -> list[str]:
    """Return the names by which files are known."""
    return [f"{kind}.csv" for _service, kind in KINDS]


def strangers(folder: Path, files: Iterable[Written]) -> list[str]:
    """Return which tables of a folder are under no name that is known."""
    known = {one.path.name for one in files}
    tables = (path.name for path in folder.iterdir() if path.suffix.lower() in _TABLES)
    return sorted(name for name in tables if name not in known)


def _in_manifest(folder: Path) -> list[str]:
    path = folder / MANIFEST
    if not path.exists():
        return []
    try:
        return [one["file"] for one in json.loads(path.read_text("utf-8"))["files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotAFolderOfOurs(f"{path} cannot be read: {error}") from error


def _counted(service: str, kind: str, path: Path) -> Written:
    digest, lines = hashlib.sha256(), 0
    with path.open("rb") as content:
        while part := content.read(1 << 20):
            digest.update(part)
            lines += part.count(b"\n")
    rows = max(0, lines - 1) if path.suffix == ".csv" else 0
    return Written(service, kind, path, rows, digest.hexdigest())


def ids_in(file: Written) -> set[str]:
    """Return the ids that a file brings: what stands in its first column."""
    return {cells[0] for _line, cells in _rows(file) if cells}


def waiting(file: Written, lines: Iterable[int], brought: set[str]) -> set[int]:
    """Return which lines name something that an earlier file of the folder brings.

    A dry run writes nothing, so it cannot know what the files before would have written.
    """
    wanted = set(lines)
    return {
        line
        for line, cells in _rows(file)
        if line in wanted and any(brought & set(cell.split("|")) for cell in cells[1:])
    }


def _rows(file: Written) -> Iterator[tuple[int, list[str]]]:
    if file.path.suffix != ".csv":
        return
    with file.path.open(encoding="utf-8", errors="replace", newline="") as content:
        rows = csv.reader(content)
        next(rows, None)
        for cells in rows:
            yield rows.line_num, cells


def district_of(folder: Path) -> District:
    """Return the district that a folder was made of, so that any row can be made again.

    Raises:
        NotAFolderOfOurs: There is no manifest.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        given = manifest["parameters"]
        return District(given["residents"], manifest["seed"], given["households"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotAFolderOfOurs(f"{folder} has no {MANIFEST}") from error
