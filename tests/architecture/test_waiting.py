"""What each service says can wait for somebody: doors, lists and members that are there."""

import typing

import pytest

from fivered.chassis.bus import reply_type, ways_of
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.refusal import Sentence
from fivered.chassis.requests import members_of

SERVICES = [service_class(name) for name in sorted(service_names())]
ROWS = [(cls, row) for cls in SERVICES for row in cls.waits]


def line_of(view):
    """Return the type of the lines of a list: of its own `items`, or of the page that it is of."""
    reply = reply_type(view)
    pages = [reply, *getattr(reply, "__orig_bases__", ())]
    for kind in (one for page in pages for one in typing.get_args(page)):
        if isinstance(kind, type):
            return kind
    return typing.get_args(typing.get_type_hints(reply)["items"])[0]


def test_every_service_says_what_can_wait():
    assert [cls.name for cls in SERVICES if not cls.waits] == []


@pytest.mark.parametrize(("cls", "row"), ROWS, ids=lambda one: getattr(one, "kind", None))
def test_a_kind_names_a_door_a_list_and_members_of_its_lines(cls, row):
    ways, line = ways_of(cls), line_of(row.view)
    Sentence(row.text)
    roles, http = ways.doors[row.act]
    assert not http.startswith("GET "), row.act
    assert row.view in ways.lists
    assert {row.since, row.id, *filter(None, (row.due,))} <= set(members_of(line))
    assert set(row.roles) <= set(roles) or "*" in roles
    kinds = [one.kind for one in cls.waits]
    assert kinds.count(row.kind) == 1
    assert "{" not in ways.act(row, "x") + ways.href(row, "x")
