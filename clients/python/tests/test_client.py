"""What comes off the wire is read, wanted or not, and handled once."""

import json
from datetime import UTC, datetime

import pytest
from fivered_client import FileSeen, MemorySeen, Pattern, PatternError, Unreadable, decode

pytestmark = pytest.mark.slow

WIRE = {
    "specversion": "1.0",
    "id": "0195f2d0-0000-7000-8000-000000000001",
    "source": "/fivered/steward",
    "type": "steward.request_resolved.v1",
    "subject": "req_1",
    "time": "2025-03-04T08:31:07.123Z",
    "recordedat": "2025-03-04T08:31:08.020Z",
    "aggregatetype": "request",
    "sequence": "00000000000000000007",
    "scope": "370811015901",
    "period": "2025-03",
    "correlationid": "0195f2d0-0000-7000-8000-000000000002",
    "datacontenttype": "application/json",
    "data": {"request_id": "req_1", "on_time": True, "a_field_of_tomorrow": [1]},
}


def wire(**changes):
    return json.dumps(WIRE | changes).encode()


def test_an_event_is_read_with_its_attributes():
    event = decode(wire())
    assert (event.service, event.fact) == ("steward", "request_resolved.v1")
    assert event.time == datetime(2025, 3, 4, 8, 31, 7, 123000, UTC)
    assert (event.sequence, event.scope, event.period) == (7, "370811015901", "2025-03")
    assert event.data["on_time"] is True
    assert event.causation_id is None
    assert event.extensions == {"aggregatetype": "request"}


def test_the_envelope_of_the_house_is_read():
    import msgspec

    from fivered.chassis import envelope

    at = datetime(2025, 3, 4, tzinfo=UTC)
    body = envelope.encode(
        envelope.Envelope(
            id=WIRE["id"],
            source="/fivered/partner",
            type="partner.offer_published.v1",
            subject="off_1",
            time=at,
            recordedat=at,
            aggregatetype="offer",
            sequence="3".zfill(20),
            scope="370811015901",
            period="2025-03",
            correlationid="c",
            data=msgspec.Raw(b'{"offer_id":"off_1"}'),
        )
    )
    event = decode(body)
    assert (event.type, event.sequence) == ("partner.offer_published.v1", 3)
    assert event.data == {"offer_id": "off_1"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"[" * 100_000,
        wire(specversion="0.3"),
        wire(id=""),
        wire(subject=None),
        wire(time="yesterday"),
        wire(time="2025-03-04T08:31:07"),
        wire(data=[1]),
        wire(sequence="x"),
    ],
)
def test_what_is_no_event_is_unreadable_and_nothing_worse(body):
    with pytest.raises(Unreadable):
        decode(body)


@pytest.mark.parametrize(
    ("text", "exchange", "key"),
    [
        ("steward:request_resolved.v1", "steward.events", "request_resolved.v1.*"),
        ("steward:request_resolved.v1.2", "steward.events", "request_resolved.v1.2"),
        ("forum:topic_closed.v2.*", "forum.events", "topic_closed.v2.*"),
    ],
)
def test_a_pattern_becomes_a_binding(text, exchange, key):
    pattern = Pattern.parse(text)
    assert (pattern.exchange, pattern.key) == (exchange, key)


@pytest.mark.parametrize(
    "text",
    ["", "steward", "steward:", "steward:#", "steward:request_*.v1", ":x.v1", "steward:x", "x:y.1",
     "steward:x.v1.*.*", "Steward:x.v1", "partner:*.v1", "forum:topic_closed.*"],
)  # fmt: skip
def test_what_is_no_pattern_is_refused_with_an_example(text):
    with pytest.raises(PatternError, match="request_resolved"):
        Pattern.parse(text)


def test_a_pattern_matches_as_the_broker_would():
    pattern = Pattern.parse("steward:request_resolved.v1")
    assert pattern.matches("steward.events", "request_resolved.v1.3")
    assert not pattern.matches("partner.events", "request_resolved.v1.3")
    assert not pattern.matches("steward.events", "request_resolved.v2.3")
    assert not pattern.matches("steward.events", "request_resolved.v1")


def test_memory_forgets_the_oldest_ids_first():
    seen = MemorySeen(most=2)
    for one in "ab":
        seen.remember(one)
    seen.remember("a")
    seen.remember("c")
    assert [seen.known(one) for one in "abc"] == [True, False, True]


def test_a_file_remembers_over_a_restart_and_forgets_after_its_days(tmp_path):
    path = tmp_path / "seen.sqlite"
    first = FileSeen(path)
    first.remember("a")
    first.remember("a")
    first.close()
    second = FileSeen(path)
    assert (second.known("a"), second.known("b")) == (True, False)
    second.close()
    third = FileSeen(path, keep_days=0)
    assert not third.known("a")
    third.close()
