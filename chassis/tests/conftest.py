"""The chassis is tested on a toy service."""

import pytest

from fivered.chassis.tests.toy.service import FAIL, Toy
from testkit.bench import (  # noqa: F401
    bench,
    broker_url,
    database_url,
    postgres_server,
    postgres_url,
    private_rabbit,
)


@pytest.fixture
def service_cls():
    FAIL.clear()
    return Toy
