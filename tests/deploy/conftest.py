"""The house that the tests of deploying share."""

import pytest

from tests.deploy.house import House
from tests.kept import kept


@pytest.fixture
def shared_house(tmp_path_factory):
    """Servers, users, databases and topology; whether processes run, the test says."""
    return kept("shared_house", lambda: House(tmp_path_factory.mktemp("house")))


@pytest.fixture
def house(shared_house):
    """Two services and the gateway, which run."""
    return shared_house.running()
