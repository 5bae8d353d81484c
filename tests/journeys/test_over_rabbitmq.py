"""What needs the distributed installation and leaves it as useful as it was; one serves them all."""

import pytest

from clients.demo.api import Api
from clients.demo.district import PEOPLE
from clients.load.files import write
from clients.load.generator import District
from clients.load.sending import Sender, token
from tests.journeys.test_year_end import UNTIL, YEAR, address, nothing_parked, outlooks

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]


def test_a_year_reaches_all_five_services_over_rabbitmq(installation):
    """K1: an event to all; each keeps the year in its own PostgreSQL."""
    api = Api(*address(installation.running))
    try:
        proposed = api.post("/v1/steward/calendar-years", PEOPLE["district"], YEAR, key="year")
        loading = f"/v1/steward/calendar-years/{proposed['id']}/approve"
        api.post(loading, PEOPLE["district2"], key="load", version=1)
        api.wait("2027 everywhere", lambda: {row["until"] for row in outlooks(api)} == {UNTIL})
        nothing_parked(api)
    finally:
        api.close()


def test_a_file_that_the_gateway_receives_is_read_by_another_process(installation, tmp_path):
    folder = tmp_path / "district"
    written = write(District(600, 7), folder)
    running = installation.running
    sender = Sender(running.address, token(running.token_key), folder)
    for file in written:
        outcome = sender.take(file, lambda _done, _total: None)
        assert outcome.state == "DONE", (file.kind, outcome.error)
        assert outcome.result["rows"] == file.rows
        # Consents wait until credit has heard of the people; nobody is refused.
        assert outcome.result["refused"] == 0, (file.kind, outcome.result["errors"][:3])
    sender.close()
