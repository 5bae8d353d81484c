"""What 0.1.0 has published and a service of today hears for the first time is published again."""

import json
import re
import subprocess

from tests.systems import ROOT
from tests.upgrade import ladder

# Matters that were under way then: their desks go on with them, and nobody is told twice.
STAY = {
    ("steward", "forum"): {"request_escalated.v1", "request_resolved.v1", "request_closed.v1",
                           "request_merged.v1", "steward_left.v1"},
    ("property", "forum"): {"rectification_escalated.v1", "rectification_passed.v1",
                            "rectification_withdrawn.v1"},
}  # fmt: skip
COMMAND = re.compile(r"`fivered events replay (\w+) --only-to (\w+)(?: --fact (\S+))?[^`]*`")


def test_the_page_names_every_replay_that_an_upgrade_needs():
    then = subprocess.run(
        ["git", "show", f"{ladder.RELEASE}:deploy/installation.json"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    before = json.loads(then.stdout)["services"]
    today = json.loads((ROOT / "deploy/installation.json").read_text("utf-8"))["services"]
    page = " ".join((ROOT / "docs/upgrade.md").read_text("utf-8").split())
    named = {found.groups() for found in COMMAND.finditer(page)}
    missing = []
    for hearer, service in today.items():
        for source, facts in service["hears"].items():
            known = before.get(hearer, {"hears": {}})["hears"]
            new = set(facts) - set(known.get(source, ()))
            told = new & set(before.get(source, {"says": ()})["says"]) - STAY.get(
                (source, hearer), set()
            )
            if (source, hearer, None) not in named:
                missing += [
                    (source, hearer, fact)
                    for fact in sorted(told)
                    if (source, hearer, fact) not in named
                ]
    assert missing == []
