"""What docs/security/asvs.md and SECURITY.md say is whole, and each test that they name is there."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security" / "asvs.md"
STATES = {"met", "part", "not met", "operator", "n/a"}
# Sections of ASVS 5.0.0, and how many requirements of levels 1 and 2 each has: they come first.
SECTIONS = {
    "1": (2, 9, 11, 3, 2), "2": (3, 3, 4, 1), "3": (0, 2, 4, 6, 5, 0, 2), "4": (3, 1, 2, 4),
    "5": (1, 3, 2, 3), "6": (3, 12, 4, 4, 5, 3, 0, 4), "7": (3, 4, 2, 5, 2, 2), "8": (2, 3, 1, 1),
    "9": (3, 4), "10": (2, 2, 4, 11, 5, 2, 3), "11": (2, 3, 3, 4, 1, 1), "12": (3, 2, 4),
    "13": (1, 5, 2, 5), "14": (2, 4, 3), "15": (3, 3, 7), "16": (1, 5, 4, 3, 3), "17": (1, 4, 2),
}  # fmt: skip
REQUIRED = {
    f"{chapter}.{section}.{number}"
    for chapter, counts in SECTIONS.items()
    for section, count in enumerate(counts, start=1)
    for number in range(1, count + 1)
}


def rows():
    """Yield (requirement, state, text) of the page."""
    for line in PAGE.read_text("utf-8").splitlines():
        found = re.fullmatch(r"\| ([0-9][0-9., ]+) \| ([a-z/ ]+) \| (.+) \|", line)
        if found:
            for one in found[1].split(", "):
                yield one, found[2], found[3]


def test_every_requirement_of_both_levels_stands_there_once_with_its_state():
    listed = [one for one, _state, _text in rows()]
    assert Counter(listed) == Counter(REQUIRED)
    assert len(REQUIRED) == 253
    assert {state for _one, state, _text in rows()} <= STATES
    counted = Counter(state for _one, state, _text in rows())
    said = re.search(r"Of (\d+) requirements: (.+)\.", PAGE.read_text("utf-8"))
    told = {state: int(number) for number, state in re.findall(r"(\d+) ([a-z/ ]+)", said[2])}
    assert (int(said[1]), told) == (len(REQUIRED), dict(counted))


def test_what_is_not_met_is_said_again_with_what_is_to_be_done():
    still = PAGE.read_text("utf-8").partition("## What is open")[2].partition("\n## V1")[0]
    missing = {one for one, state, _text in rows() if state == "not met"}
    assert missing <= set(re.findall(r"\d+\.\d+\.\d+", still))


@pytest.mark.parametrize("page", [PAGE, ROOT / "SECURITY.md"], ids=lambda path: path.name)
def test_each_test_that_is_named_is_there(page):
    named = set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", page.read_text("utf-8")))
    assert len(named) >= 20
    gone = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not (ROOT / path).exists()
        or not re.search(rf"^def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)
    ]
    assert gone == []
