"""The story in both run modes, with the same end state."""

import json

import pytest

from clients.demo.api import Api
from clients.demo.district import District
from clients.demo.screen import Screen
from clients.demo.story import STEPS, tell


def told(running, before=lambda _step: None):
    """Load the district, tell the story, return the end state as a JSON text."""
    api = Api(running.address, running.token_key)
    try:
        District(api).load()
        state = tell(api, Screen(STEPS, quiet=True), before=before)
    finally:
        api.close()
    return json.dumps(state, ensure_ascii=False, indent=1, sort_keys=True)


EMBEDDED: dict[str, str] = {}


@pytest.mark.timeout(300)
@pytest.mark.covers("F2-flow", "F4-flow", "F5-flow", "F7-flow", "N12", "C14")
def test_the_story_in_one_process_and_told_again_it_changes_nothing(embedded):
    running = embedded.start()
    EMBEDDED["state"] = told(running)
    assert told(running) == EMBEDDED["state"]
    assert embedded.stop() == 0


@pytest.mark.servers
@pytest.mark.timeout(600)
@pytest.mark.covers("F2-flow", "F4-flow", "F5-flow", "F7-flow", "N1")
def test_the_story_on_rabbitmq_and_postgresql_ends_in_the_same_state(distributed, embedded):
    if "state" not in EMBEDDED:
        EMBEDDED["state"] = told(embedded.start())
    assert told(distributed.start()) == EMBEDDED["state"]
