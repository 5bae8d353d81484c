"""Credit under test: on each database, through its real doors."""

import pytest

from chassis.testing import bench, database_url, files  # noqa: F401
from services.credit.service import Credit


@pytest.fixture
def service_cls():
    return Credit
