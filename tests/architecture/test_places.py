"""One thing is said in one place: how often a field is written by hand (CONTRIBUTING, "How to add")."""

import ast
import importlib
from dataclasses import fields
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SERVICES = Path(__file__).parents[2] / "services"
INSERTS = {"add", "add_new", "create"}
# So many may stand together before it is a list that somebody has to keep.
MOST = 4


def calls(room):
    for path in sorted(SERVICES.glob(f"*/{room}/**/*.py")):
        if "tests" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(SERVICES)}:{node.lineno}", node


def inserts(call):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name in INSERTS or name.startswith(("add_", "insert"))


def taken_over(call, source):
    """The keywords that hand on a member under its own name: `grid=payload.grid`."""
    return [k.arg for k in call.keywords if k.arg and ast.unparse(k.value) == f"{source}.{k.arg}"]


def test_what_a_request_says_is_not_said_again_where_it_is_stored():
    """`records.values_from` takes the members that a column is called like."""
    found = {
        place: taken_over(call, "payload") for place, call in calls("actions") if inserts(call)
    }
    assert {place: names for place, names in found.items() if len(names) > 2} == {}


def test_what_a_row_says_is_not_said_again_in_its_reply():
    """`T.of` takes the columns that a member is called like."""
    found = {
        place: taken_over(call, "row")
        for room in ("actions", "views")
        for place, call in calls(room)
        if ast.unparse(call.func).startswith("replies.")
    }
    assert {place: names for place, names in found.items() if len(names) > MOST} == {}


def test_what_a_row_says_is_not_said_again_in_its_event():
    """`fact_of` takes the columns that a member is called like; by position or by name."""
    found = {}
    for place, call in calls("actions"):
        name = ast.unparse(call.func)
        if name.startswith("events.") and not place.startswith("credit/"):
            module = importlib.import_module(f"fivered.services.{place.partition('/')[0]}.events")
            members = [one.name for one in fields(getattr(module, name[len("events.") :]))]
            said = [*zip(members, call.args, strict=False)]
            said += [(one.arg, one.value) for one in call.keywords]
            same = [n for n, value in said if ast.unparse(value) in {f"row.{n}", f"now.{n}"}]
            if len(same) > 2:
                found[place] = same
    assert found == {}


def test_what_only_some_viewers_read_is_not_set_member_by_member():
    """`Reply.tell` sets what a type adds."""
    found = {}
    for path in sorted(SERVICES.glob("*/views/**/*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef):
                names = [
                    node.targets[0].attr
                    for node in ast.walk(function)
                    if isinstance(node, ast.Assign)
                    and isinstance(node.targets[0], ast.Attribute)
                    and ast.unparse(node.value) == f"row.{node.targets[0].attr}"
                ]
                if len(names) > MOST:
                    found[f"{path.relative_to(SERVICES)}: {function.name}"] = names
    assert found == {}


def test_what_a_service_reads_of_another_is_listed_once():
    """A reader stands in `events.py`; the row of `service.py` takes them all (`read_in`)."""
    found = {}
    for path in sorted(SERVICES.glob("*/service.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "subscribe":
                named = [one for one in node.args if ast.unparse(one).startswith("events.")]
                if len(named) > 1:
                    found[f"{path.relative_to(SERVICES)}:{node.lineno}"] = len(named)
    assert found == {}
