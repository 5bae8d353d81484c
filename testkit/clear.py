"""Looks for values that should stand nowhere in clear: in rows, in files as they lie on the disk
(free pages, write-ahead logs, queues, logs), and in what was sent away."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

# Signs as JSON escapes them, one behind the other; JSON within JSON has more backslashes.
_CODE = re.compile(rb"\\+u([0-9a-fA-F]{4})")
_ESCAPED = re.compile(rb"(?:\\+u[0-9a-fA-F]{4})+")


class Hit(NamedTuple):
    """Where a value stands in clear: `steward.persons.name`, or the name of a file."""

    where: str
    value: str


class Values:
    """The values that are looked for, in each form in which a program writes a text.

    Args:
        values: Name -> value; those of fewer than three characters stand in too many words.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._forms = {
            name: {
                form.encode()
                for form in (
                    value,
                    json.dumps(value, ensure_ascii=False)[1:-1],
                    quote(value),
                    quote(value).lower(),
                )
            }
            for name, value in values.items()
            if len(value) >= 3
        }

    def within(self, where: str, content: bytes) -> Iterator[Hit]:
        r"""Yield which values stand in some bytes; packed ones are unpacked, and what JSON escapes
        (`\u6b27`, also in JSON within JSON) is read."""
        for name, forms in self._forms.items():
            if any(form in content for form in forms):
                yield Hit(where, name)
        for opened in (_unpacked(content), _unescaped(content)):
            if opened is not None:
                yield from self.within(where, opened)


def _unescaped(content: bytes) -> bytes | None:
    """Return some bytes with the signs that JSON has escaped; None where there are none."""
    if not _ESCAPED.search(content):
        return None

    def signs(found: re.Match[bytes]) -> bytes:
        codes = _CODE.findall(found[0])
        units = b"".join(int(code, 16).to_bytes(2, "big") for code in codes)
        return units.decode("utf-16-be", "replace").encode()

    return _ESCAPED.sub(signs, content)


def _unpacked(content: bytes) -> bytes | None:
    with suppress(zlib.error, OSError, EOFError):
        if content[:2] == b"\x1f\x8b":
            return gzip.decompress(content)
        if content[:1] == b"\x78":
            return zlib.decompress(content)
    return None


def in_rows(values: Values, service: str, path: Path) -> Iterator[Hit]:
    """Yield what stands in the rows of a database of SQLite, by column."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        tables = conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            rows = conn.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in rows.description]
            yield from cells(values, f"{service}.{table}", names, rows)


def cells(
    values: Values, table: str, names: list[str], rows: Iterable[tuple[object, ...]]
) -> Iterator[Hit]:
    """Yield what stands in rows of a table, each column's finding once."""
    found: set[Hit] = set()
    for row in rows:
        for name, cell in zip(names, row, strict=True):
            if cell is None or isinstance(cell, int | float):
                continue
            content = bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
            found.update(values.within(f"{table}.{name}", content))
    yield from sorted(found)


def in_files(values: Values, folder: Path) -> Iterator[Hit]:
    """Yield what stands in the bytes of a file, or of those below a folder."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
        with suppress(FileNotFoundError):  # servers go on meanwhile
            if path.is_file():
                yield from values.within(str(path.relative_to(folder)), path.read_bytes())
