"""A small ground with people and stewards, reached through the real doors."""

import pytest

from fivered.services.steward.service import Steward
from fivered.services.steward.tests.ground import Ground
from testkit.bench import database_url, files, open_bench  # noqa: F401


@pytest.fixture
def service_cls():
    return Steward


@pytest.fixture
def bench(service_cls, database_url):  # noqa: F811
    """The service on a fresh database, in an installation that takes synthetic people."""
    opened = open_bench(service_cls, database_url, FIVERED_SYNTHETIC="1")
    yield opened
    opened.runtime.close()


def begun(bench):
    Ground(bench).begin()


@pytest.fixture
def ground(bench):
    """Huoju community with two grids, people in them and a steward for most duties."""
    return Ground(bench.staged(begun))
