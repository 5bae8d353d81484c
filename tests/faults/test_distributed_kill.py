"""kill -9 of every process of the distributed installation during the story."""

import pytest

from tests.systems import told

# Which process dies at which step, so that each dies where it has work.
KILLS = {
    "hours-1": "serve-steward",
    "hours-2": "work-steward",
    "hours-3": "rabbitmq",
    "close-2025-01": "work-credit",
    "confirm-2025-01": "serve-credit",
    "request": "gateway",
    "accept": "serve-forum",
    "resolve": "work-forum",
    "credited": "work-steward",
    "redeem-haircut": "work-partner",
    "verify": "serve-partner",
    "redeem-film": "postgresql",
    "redeem-hamper": "work-credit",
    "close-2025-02": "work-property",
    "confirm-2025-02": "serve-property",
    "final-2025-02": "rabbitmq",
    "adopt": "work-forum",
    "validate": "work-property",
    "work-deliver": "serve-property",
    "close-topic": "work-credit",
    "objection-decide": "serve-credit",
}


@pytest.mark.servers
@pytest.mark.timeout(900)
@pytest.mark.covers("C5", "N1", "N12")
def test_every_process_is_killed_and_the_story_ends_in_the_same_state(distributed, expected):
    def before(step):
        if step in KILLS:
            distributed.control("kill", KILLS[step])

    assert told(distributed.start(), before) == expected
