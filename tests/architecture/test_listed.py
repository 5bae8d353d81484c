"""Every thing that can be made can be listed (OP-M2)."""

import ast
import importlib
from pathlib import Path

import pytest

from fivered.chassis import replies
from fivered.chassis.installed import service_names
from fivered.gateway.app import doors_of

ROOT = Path(__file__).resolve().parents[2]
# Commands that make a thing which stands in a list at another place.
ELSEWHERE = {
    ("credit", "/commendations/{commendation_id}/object"): "/commendations/{commendation_id}",
    ("credit", "/corrections"): "/objections",
    ("credit", "/rule-sets/import"): "/rule-sets",
    # Who was vetoed is asked of an organisation, and public there.
    ("credit", "/vetoes"): "/organisations/{subject_id}/negatives",
    ("forum", "/topics/{topic_id}/object"): "/objections",
    ("steward", "/people/{person_id}/merge"): "/person-merges",
    ("steward", "/requests/{request_id}/template-replies"): "/requests/{request_id}/notes",
    ("steward", "/intake/wechat"): "/intake",
    ("steward", "/intake/12345"): "/intake",
}
# Short, or asked for one person only: nobody pages through them.
NOT_PAGED = {
    ("credit", "/consents"): "the consents of one person",
    ("steward", "/calendar-years"): "one entry for each year",
    ("steward", "/people"): "the register is searched by an exact number, never browsed",
}


@pytest.mark.parametrize("service", sorted(service_names()))
def test_what_a_command_makes_stands_in_a_list(service):
    doors = list(doors_of(service))
    read = {door.path: door for door in doors if door.verb == "GET"}
    made = [door for door in doors if door.kind == "command" and door.status == 201]
    assert made
    for door in made:
        place = ELSEWHERE.get((service, door.path), door.path)
        assert place in read, f"POST {door.full_path} makes what no list returns"
        if door.path == place and not door.places and (service, place) not in NOT_PAGED:
            fields = read[place].params.members if read[place].params else {}
            items = read[place].reply.members.keys() >= {"items", "next"}
            assert items, place
            assert {"limit", "cursor"} <= set(fields), place


def pages_made():
    """Yield (place, reply, names of its members that are said) of each page that a view makes."""
    for path in sorted((ROOT / "services").glob("*/views/**/*.py")):
        package = f"fivered.services.{path.relative_to(ROOT / 'services').parts[0]}.replies"
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            said = {one.arg for one in getattr(node, "keywords", ()) if one.arg}
            if isinstance(node, ast.Call) and "next" in said:
                name = ast.unparse(node.func).rpartition(".")[2]
                kind = getattr(importlib.import_module(package), name, replies.Page)
                yield f"{path.relative_to(ROOT)}:{node.lineno}", kind, said


def test_a_list_that_has_a_way_on_has_a_way_back():
    """The list of areas and the sums of a month promised `prev`, and it was null on every page."""
    found = list(pages_made())
    assert len(found) > 5
    assert not [
        place for place, kind, said in found if issubclass(kind, replies.Page) > ("prev" in said)
    ]
