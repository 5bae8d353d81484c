"""kill -9 of the embedded process in the middle of the story: it completes, nothing lost or doubled."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.systems import told

# Steps at which the process dies a moment later, and how much later.
KILLS = {
    "hours-2": 0.004,
    "close-2025-01": 0.05,
    "rate": 0.003,
    "redeem-haircut": 0.006,
    "verify": 0.004,
    "confirm-2025-02": 0.002,
    "final-2025-02": 0.02,
}


@pytest.mark.timeout(300)
@pytest.mark.covers("C5", "N12")
def test_killed_in_the_middle_the_story_ends_in_the_same_state(embedded, expected):
    def die(after):
        time.sleep(after)
        embedded.kill9()
        embedded.start()

    with ThreadPoolExecutor() as killers:
        deaths = []

        def before(step):
            if step in KILLS:
                deaths.append(killers.submit(die, KILLS[step]))

        try:
            state = told(embedded.start(), before)
        finally:
            for death in deaths:
                death.result()  # why the story had nobody to talk to
    assert len(deaths) == len(KILLS)
    assert state == expected
