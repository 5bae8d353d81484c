"""Credit under test: on each database, through its real doors."""

import pytest

from fivered.services.credit.service import Credit
from testkit.bench import bench, database_url, files  # noqa: F401


@pytest.fixture
def service_cls():
    return Credit
