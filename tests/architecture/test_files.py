"""Where a command takes files, it attaches them: an id that nobody attaches is swept after a day."""

import inspect
import sys

import pytest

from fivered.chassis.bus import request_type
from fivered.chassis.fields import FILE_OR_PAPER
from fivered.chassis.files import FileId
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.marks import holds

pytestmark = pytest.mark.slow

FILE_ID = FileId.__metadata__[0]
# Commands whose files another module attaches.
ELSEWHERE = {("forum", "accept_task"): "fivered.services.forum.actions.supervisions"}


@pytest.mark.parametrize("name", service_names())
def test_a_command_that_takes_files_attaches_them(name):
    missing = []
    for row in service_class(name).doors:
        if row.door.kind != "command":
            continue
        taken = request_type(row.act)
        if holds(taken, FILE_OR_PAPER) or holds(taken, FILE_ID):
            where = ELSEWHERE.get((name, row.name), row.act.__module__)
            if "files.attach" not in inspect.getsource(sys.modules[where]):
                missing.append(row.name)
    assert missing == []


def test_it_is_seen_which_commands_take_files():
    taking = {
        (name, row.name)
        for name in service_names()
        for row in service_class(name).doors
        if row.door.kind == "command"
        and any(holds(request_type(row.act), mark) for mark in (FILE_OR_PAPER, FILE_ID))
    }
    assert {
        ("credit", "file_objection"), ("credit", "propose_award"), ("forum", "accept_task"),
        ("forum", "submit_topic"), ("property", "publish_disclosure"),
        ("property", "submit_rectification"), ("steward", "report_hazard"),
        ("steward", "resolve_request"), ("steward", "submit_request"),
    } <= taking  # fmt: skip
