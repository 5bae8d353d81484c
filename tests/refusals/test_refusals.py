"""Every refusal of Appendix A that the story's commands can meet: code, guard, and nothing changed."""

import pytest

from tests.refusals.table import PREPARE, TRIES, afterwards
from tests.refusals.telling import Site, tell


@pytest.fixture(scope="module")
def came(tmp_path_factory):
    """What came of every row, tried while the story was told once."""
    site = Site(tmp_path_factory.mktemp("refusals"))
    try:
        return tell(site, TRIES, PREPARE, afterwards)
    finally:
        site.close()


@pytest.mark.covers("C18", "F5", "N6", "P9", "REQ-L06")
@pytest.mark.parametrize("row", TRIES, ids=[row.name for row in TRIES])
def test_a_refusal_has_its_code_and_changes_nothing(came, row):
    found = came[row.name]
    said = found.problem
    assert (found.status, said.get("code"), said.get("guard")) == (row.status, row.code, row.guard)
    assert said["message_zh"]
    assert said["message_en"]
    assert said["trace_id"]
    assert found.changed == {}


def test_the_names_of_the_rows_are_unique():
    assert len({row.name for row in TRIES}) == len(TRIES)
