"""The story as a collector of traces sees it: what happens in a service leads back to a request."""

import re

import pytest

from fivered.chassis.installed import service_names
from testkit.collector import collecting
from testkit.waiting import wait_until
from tests.systems import told

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

A_REQUEST = re.compile(r"(GET|POST|PUT|PATCH) /v1/[a-z]+/[a-z{}_/-]+$")


def test_every_service_acts_in_traces_that_begin_with_a_request(embedded):
    with collecting() as collector:
        running = embedded.start(**collector.environment())
        told(running)
        ways = []

        def heard_everywhere():
            spans = list(collector.spans)
            ways[:] = [collector.way(span) for span in spans if " hears " in span.name]
            led = {way[-1].partition(" ")[0] for way in ways if A_REQUEST.match(way[0])}
            return led == set(service_names())

        assert wait_until(heard_everywhere, 20), sorted({way[0] for way in ways})
        embedded.stop()
        spans = list(collector.spans)
    # What follows from what was heard belongs to the same trace.
    assert any(sum(" hears " in name for name in way) >= 2 for way in ways)
    whole = max(ways, key=len)
    assert A_REQUEST.match(whole[0])
    assert whole[1] == whole[2]  # the call, and the door that took it
    assert whole[3] == "transaction"
    # Few names, and nothing of a person in any of them.
    assert len({span.name for span in spans}) < 400
    written = [text for span in spans for text in (span.name, *span.attributes.values())]
    assert not [text for text in written if "per_" in text or re.search("[\u4e00-\u9fff]", text)]
