"""Types are read by one module: msgspec's own functions end the process when two threads begin."""

import ast
from collections.abc import Iterator

from tests.systems import ROOT

UNITS = ("chassis", "gateway", "services", "clients")


def _bare(tree: ast.AST) -> Iterator[int]:
    """Yield the lines on which msgspec itself reads something into a type."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in {"msgspec", "msgspec.json"}:
            taken = {one.name for one in node.names}
            if taken & {"convert", "decode", "Decoder", "json"}:
                yield node.lineno
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        typed = any(one.arg == "type" for one in node.keywords) or len(node.args) > 1
        if called == "msgspec.convert" or (typed and called == "msgspec.json.decode"):
            yield node.lineno
        if called == "msgspec.json.Decoder" and node.args:
            yield node.lineno


def test_values_are_read_into_types_by_the_module_for_it():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for unit in UNITS
        for path in sorted((ROOT / unit).rglob("*.py"))
        if "tests" not in path.parts and path != ROOT / "chassis/typed.py"
        for line in _bare(ast.parse(path.read_text("utf-8")))
    ]
    assert found == []
