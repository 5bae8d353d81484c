"""Patterns: none takes the digits of every script, and people are told each in words."""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from fivered.chassis.forms import form_of
from fivered.gateway.doors import PLACE
from tests.systems import ROOT

UNITS = ("chassis", "services", "gateway", "clients")


def test_digits_are_written_out_since_a_short_form_takes_those_of_every_script():
    r"""IN-A6: `\d` took full-width and Arabic digits, in Python's engine and in others."""
    short = "\\" + "d"
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for unit in UNITS
        for path in (ROOT / unit).rglob("*.py")
        if "tests" not in path.parts and path.name != "text.py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if short in line
    ]
    assert found == []


def _patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = list(schema.values())
    for inner in schema if isinstance(schema, list) else ():
        yield from _patterns(inner)


def _of_contracts() -> set[str]:
    files = ROOT.glob("services/*/contracts/api.json")
    return {one for file in files for one in _patterns(json.loads(file.read_text("utf-8")))}


def _of_files() -> set[str]:
    modules = ROOT.glob("services/*/actions/imports.py")
    return {
        column.pattern
        for path in modules
        for importer in import_module(
            f"fivered.services.{path.parts[-3]}.actions.imports"
        ).IMPORTERS
        for column in importer.columns
        if column.pattern
    }


@pytest.mark.parametrize("pattern", sorted({*_of_contracts(), *_of_files(), PLACE.pattern}))
def test_people_are_told_in_words_what_a_pattern_asks_for(pattern):
    """S22, P38: the refusals of doors and files showed regular expressions."""
    form = form_of(pattern)
    assert form is not None, "fivered.chassis.forms has no words for it"
    assert not set("[]{}^$\\") & set(form + form.english)
