"""Which rows of the acceptance lists no test proves: python -m tests.covers.

Reads `@pytest.mark.covers(...)` from the sources, so it needs no test run; `acceptance.txt` lists
the rows.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("chassis", "services", "gateway", "clients", "tests")


def proven() -> dict[str, list[str]]:
    """Return row -> tests that name it."""
    found: dict[str, list[str]] = defaultdict(list)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("test_*.py")):
            if ".venv" in path.parts:
                continue
            for row, test in _marks(ast.parse(path.read_text("utf-8"))):
                found[row].append(f"{path.relative_to(ROOT)}::{test}")
    return found


def _marks(tree: ast.AST) -> list[tuple[str, str]]:
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.covers":
                found += [
                    (row.value, node.name)
                    for row in mark.args
                    if isinstance(row, ast.Constant) and isinstance(row.value, str)
                ]
    return found


def rows() -> list[tuple[str, str]]:
    """Return (row, what it says) of the acceptance lists."""
    lines = (ROOT / "tests" / "acceptance.txt").read_text("utf-8").splitlines()
    found = []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            row, _, text = line.partition(" ")
            found.append((row, text.strip()))
    return found


def main() -> int:
    """Print the unproven rows and a summary; rows that are in no list are an error."""
    tests = proven()
    known = rows()
    names = {row for row, _ in known}
    without = [(row, text) for row, text in known if row not in tests]
    for row, text in without:
        print(f"{row:<9} {text}")
    print(f"{len(known) - len(without)} of {len(known)} rows are proven by a test")
    strange = sorted(set(tests) - names)
    for row in strange:
        print(f"{row}: named by {tests[row][0]} but in no list", file=sys.stderr)
    return 1 if strange else 0


if __name__ == "__main__":
    sys.exit(main())
