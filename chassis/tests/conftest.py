"""The chassis is tested on a toy service."""

import pytest

from chassis.testing import bench, database_url  # noqa: F401
from chassis.tests.toy.service import FAIL, Toy


@pytest.fixture
def service_cls():
    FAIL.clear()
    return Toy
