"""Numbers of official papers are unique over all services, though each counts for itself (OP-M1)."""

import ast
import importlib
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SERVICES = Path(__file__).parents[2] / "services"
# Where the tables of a service stand, and table -> column with the number of a paper of its own.
TABLES = {
    "credit": "fivered.services.credit.storage.tables",
    "forum": "fivered.services.forum.storage",
    "partner": "fivered.services.partner.storage.tables",
    "property": "fivered.services.property.storage.tables",
    "steward": "fivered.services.steward.storage.tables",
}
PAPERS = {
    "credit": {
        "notices.number": "GS-X",
        "objections.number": "YY",
        "repairs.number": "XF",
        "commendations.number": "BZ",
        "certificates.number": "ZS",
    },
    "forum": {"topics.number": "YT", "opinions.notice_number": "GS-Y"},
    "partner": {"redemptions.number": "DH"},
    "property": {
        "rectifications.number": "ZG",
        "incidents.number": "TG",
        "owners_votes.number": "YZ",
    },
    "steward": {"requests.number": "SR"},
}
# Numbers of papers of another service, kept as they were told.
TOLD = {
    "forum": {"topics.request_number", "requests.number", "escalations.number"},
    "steward": {"known_incidents.number", "service_standards.number"},
    "property": {
        "complaints.number",
        "undecided_complaints.number",
        "messages.number",
        # On the door of a room.
        "rooms.number",
    },
}
# Who makes a number of a paper: its prefix is a literal among the arguments.
_NUMBERING = {"following", "next_number", "number", "numbered", "series_of"}


def metadata(service):
    module = importlib.import_module(TABLES[service])
    return module.metadata


@pytest.mark.covers("N2")
def test_no_two_kinds_of_papers_can_have_the_same_number():
    """OP-M1: credit's notice and forum's opinion of one community and day were both GS-...-00001."""
    prefixes = [prefix for papers in PAPERS.values() for prefix in papers.values()]
    assert len(prefixes) == len(set(prefixes))
    begun = [f"{prefix}-2" for prefix in prefixes]
    assert not [(a, b) for a in begun for b in prefixes if a.startswith(b) and a != f"{b}-2"]


@pytest.mark.parametrize("service", sorted(TABLES))
def test_every_number_of_a_service_is_known_here(service):
    """A new paper with a number is told here, so that it is compared with all the others."""
    found = {
        f"{table.name}.{column.name}"
        for table in metadata(service).tables.values()
        for column in table.columns
        if re.fullmatch(r"(\w+_)?number", column.name)
    }
    assert found == PAPERS[service].keys() | TOLD.get(service, set())


@pytest.mark.parametrize("service", sorted(TABLES))
def test_the_prefixes_here_are_those_of_the_code(service):
    """OP-M1: what a service writes before its numbers."""
    written = {
        argument.value
        for file in (SERVICES / service).rglob("*.py")
        if "tests" not in file.parts
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in _NUMBERING
        for argument in call.args
        if isinstance(argument, ast.Constant) and re.match("[A-Z]", str(argument.value))
    }
    assert written == set(PAPERS[service].values())
