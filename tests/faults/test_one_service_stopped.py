"""Each service in turn is stopped for a part of the story; the others go on, it catches up."""

import pytest

from tests.systems import told

# Step -> (service that comes back, service that goes). Commands to a stopped service would wait, so
# each is away while the story needs the others.
AWAY = {
    "request": (None, "partner"),
    "accept": ("partner", "property"),
    "contact": ("property", "forum"),
    "resolve": ("forum", "credit"),
    "credited": ("credit", None),
    "redeem-haircut": (None, "steward"),
    "redeem-hamper": ("steward", None),
}


@pytest.mark.servers
@pytest.mark.timeout(900)
@pytest.mark.covers("N1", "S18", "N25")
def test_each_service_is_stopped_for_a_part_of_the_story(distributed, expected):
    def before(step):
        back, gone = AWAY.get(step, (None, None))
        for kind in ("serve", "work"):
            if back:
                distributed.control("start", f"{kind}-{back}")
            if gone:
                distributed.control("stop", f"{kind}-{gone}")

    assert told(distributed.start(), before) == expected
