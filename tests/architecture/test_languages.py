"""What is said of a refusal in English is English: its text, and the texts within it."""

import ast
import re

import pytest

from chassis.i18n import english
from tests.architecture.imports import ROOT, service_packages

HAN = re.compile("[\u4e00-\u9fff]")
PACKAGES = ["chassis", "gateway", *service_packages()]


def _texts(node):
    """Yield the Chinese texts that an argument may be."""
    match node:
        case ast.Constant(value=str(text)) if HAN.search(text):
            yield text
        case ast.IfExp():
            yield from _texts(node.body)
            yield from _texts(node.orelse)
        case ast.BoolOp():
            for value in node.values:
                yield from _texts(value)
        case ast.JoinedStr() | ast.BinOp() if HAN.search(ast.unparse(node)):
            yield ast.unparse(node)
        case ast.Call(func=ast.Name(id="said")):
            yield from _texts(node.args[0])


def _said_in(package):
    """Yield (file, line, text) of each Chinese argument of what is raised in a package."""
    folder = ROOT / package.replace(".", "/")
    for path in sorted(folder.rglob("*.py")):
        if {"tests", ".venv", "migrations"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                for keyword in node.exc.keywords:
                    for text in _texts(keyword.value):
                        yield path.name, node.lineno, text


@pytest.mark.parametrize("package", PACKAGES)
def test_every_chinese_text_within_a_refusal_has_its_english(package):
    without = [one for one in _said_in(package) if HAN.search(english(package, one[2]))]
    assert without == []
