"""The house that the tests of deploying share."""

import pytest

from testkit import servers
from tests.deploy.house import House
from tests.kept import kept


@pytest.fixture
def shared_house(tmp_path_factory):
    """Servers, users, databases and topology; whether processes run, the test says."""

    def make():
        servers.require()
        built = House(tmp_path_factory.mktemp("house"))
        try:
            built.serve()
        except BaseException:
            built.stop()
            raise
        return built

    return kept("shared_house", make)
