"""REQ-L01: outside credit nobody learns a person's grade or score, so nothing can depend on it."""

import importlib
import re
import typing

import pytest

from fivered.chassis.facts import read_in
from fivered.chassis.installed import service_names

STANDING = re.compile(r"grade|score|rank|level", re.IGNORECASE)


@pytest.mark.parametrize("service", [name for name in service_names() if name != "credit"])
def test_no_other_service_reads_how_somebody_is_graded(service):
    events = importlib.import_module(f"fivered.services.{service}.events")
    read = {
        f"{kind.FACT}.{member}"
        for kind in read_in(events, "credit")
        for member in typing.get_type_hints(kind)
    }
    # Which office decides an objection is a level too; it is no person's.
    office = {one for one in read if one.endswith("_escalated.v1.level")}
    assert {one for one in read - office if STANDING.search(one.rpartition(".")[2])} == set()
