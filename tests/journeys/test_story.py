"""The story in one process; over RabbitMQ it is told in tests/faults/test_disorder.py."""

import pytest

from tests.systems import told


@pytest.mark.timeout(300)
@pytest.mark.covers(
    "F1-flow", "F2-flow", "F3-flow", "F4-flow", "F5-flow", "F6-flow", "F7-flow", "F8-flow",
    "F10-flow", "F11-flow", "N12", "C14", "E10",
)  # fmt: skip
def test_the_story_in_one_process_and_told_again_it_changes_nothing(embedded, expected):
    running = embedded.start()
    assert told(running) == expected
    once = told(running, exact=True)
    assert told(running, exact=True) == once
    assert embedded.stop() == 0
