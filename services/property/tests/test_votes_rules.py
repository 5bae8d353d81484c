"""Civil Code art. 278: the boundaries of two thirds, one half and three quarters, exactly."""

import pytest

from fivered.services.property import rules
from fivered.services.property.rules import Count

WHOLE = (900, 600, 600)


@pytest.mark.parametrize(
    ("area", "heads", "special", "failed"),
    [
        # Two thirds take part: on the boundary is enough, one less is not; of each count alone.
        ((900, 600, 301), (90, 60, 31), False, ()),
        ((900, 599, 599), (90, 60, 60), False, ("PARTICIPATION_AREA",)),
        ((900, 600, 600), (90, 59, 59), False, ("PARTICIPATION_HEADS",)),
        ((1000, 667, 667), (100, 67, 67), False, ()),
        ((1000, 666, 666), (100, 66, 66), False, ("PARTICIPATION_AREA", "PARTICIPATION_HEADS")),
        # More than half agree: half is not enough.
        ((900, 600, 300), (90, 60, 60), False, ("ASSENT_AREA",)),
        ((900, 600, 301), (90, 60, 30), False, ("ASSENT_HEADS",)),
        ((900, 601, 301), (90, 61, 31), False, ()),
        # At least three quarters: the boundary is enough.
        ((900, 600, 450), (90, 60, 45), True, ()),
        ((900, 600, 449), (90, 60, 45), True, ("ASSENT_AREA",)),
        ((900, 600, 450), (90, 60, 44), True, ("ASSENT_HEADS",)),
        # Nobody at all decides nothing.
        ((0, 0, 0), (0, 0, 0), False, ("PARTICIPATION_AREA", "PARTICIPATION_HEADS")),
        ((900, 0, 0), (90, 0, 0), True, ("PARTICIPATION_AREA", "PARTICIPATION_HEADS")),
    ],
)
def test_what_passes(area, heads, special, failed):
    found = rules.outcome(Count(*area), Count(*heads), special=special)
    assert (found.passed, found.failed) == (not failed, failed)


def test_the_matter_decides_which_threshold_holds():
    assert len(rules.MATTERS) == 9
    assert {name for name in rules.MATTERS if name in rules.SPECIAL} == {
        "RAISE_MAINTENANCE_FUND", "REBUILD", "CHANGE_COMMON_USE",
    }  # fmt: skip


class Line:
    def __init__(self, choice, area):
        self.choice, self.area_hundredths = choice, area


LINES = [
    Line("FOR", 500),
    Line("FOR", 300),
    Line("AGAINST", 100),
    Line("ABSTAIN", 50),
    Line(None, 50),
]


@pytest.mark.parametrize(
    ("way", "taking_part"),
    [
        (rules.Way(), (950, 4)),
        (rules.Way(abstentions="ABSENT"), (900, 3)),
        (rules.Way(unreturned="PARTICIPATE"), (1000, 5)),
        (rules.Way(abstentions="ABSENT", unreturned="PARTICIPATE"), (950, 4)),
    ],
)
def test_who_abstains_and_who_returns_nothing_counts_as_the_district_says(way, taking_part):
    area, heads, sums = rules.counted(LINES, way)
    assert (area.participating, heads.participating) == taking_part
    assert (area.eligible, heads.eligible) == (1000, 5)
    assert (area.assenting, heads.assenting) == (800, 2)
    assert sums["UNRETURNED"] == {"voices": 1, "area": 50}
