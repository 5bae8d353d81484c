"""What `make audit` says of what pip-audit has found, or could not look at."""

import json

import pytest

from deploy.local.audit import verdict

GOOD = {"name": "attrs", "version": "25.4.0", "vulns": []}
WEAK = {"name": "weak", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNFIXED = {"name": "worse", "version": "2.0", "vulns": [{"id": "GHSA-2", "fix_versions": []}]}
UNSEEN = {"name": "unseen", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("found", "code", "last"),
    [
        ([GOOD], 0, "audit: 1 packages looked at, 0 are weak"),
        ([GOOD, WEAK, UNFIXED, UNSEEN], 1, "audit: 3 packages looked at, 2 are weak"),
        ([UNSEEN], 0, "audit: skipped, PyPI's data cannot be reached (no package is known there)"),
    ],
)
def test_a_weakness_fails_and_what_nobody_looked_at_is_called_skipped(found, code, last):
    judged = verdict([json.dumps({"dependencies": [one]}) for one in found])
    assert (judged.code, judged.lines[-1]) == (code, last)


def test_each_weakness_and_each_package_that_nobody_knows_is_named():
    lines = verdict([json.dumps({"dependencies": [WEAK, UNFIXED, UNSEEN]})]).lines
    assert lines[:3] == [
        "audit: weak 1.0: PYSEC-1, mended in 1.1",
        "audit: worse 2.0: GHSA-2, mended in no release yet",
        "audit: nothing is known of unseen",
    ]


def test_a_network_that_does_not_answer_is_no_weakness():
    judged = verdict([], "nobody answers")
    assert judged == (["audit: skipped, PyPI's data cannot be reached (nobody answers)"], 0)
