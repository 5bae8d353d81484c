"""What waits for somebody stands in that person's list, with the time that runs."""

import pytest

from fivered.services.steward.tests.ground import COMMUNITY, LI, OTHER_CADRE, STAFF, WANG
from fivered.services.steward.tests.test_voices import card, merge, staffed  # noqa: F401  the fixture

pytestmark = pytest.mark.slow


def queue(ground, **asked):
    found = ground.cadre().ask("queue", asked)
    assert found["total"] == len(found["items"])
    return [(item["id"], item["state"]) for item in found["items"]]


def reopened(ground, reply):
    reply = card(ground, reply)
    return ground.step("reopen_request", reply, WANG, "R_RESIDENT", COMMUNITY, reason="又坏了")


def test_a_bad_rating_waits_in_the_queue_when_its_request_was_reopened(staffed):  # noqa: F811
    """Nobody saw it there; after three days it was the street's, and nobody saw it there either."""
    rated = staffed.rate(staffed.resolved(), stars=1, solved=False)
    assert queue(staffed) == [(rated["id"], "RATED")]
    again = reopened(staffed, rated)
    assert queue(staffed) == [(again["id"], "DISPATCHED")]
    assert queue(staffed, state=["RATED"]) == []
    assert queue(staffed, check="RATING") == [(again["id"], "DISPATCHED")]
    assert queue(staffed, check="RATING", state=["RATED"]) == []
    assert queue(staffed, check="FOUND") == []
    done = staffed.resolved(again)
    staffed.bench.fire("2025-03-12T09:00:00")
    assert queue(staffed) == [(done["id"], "CLOSED")]
    found = card(staffed, done)
    assert found["review"] == "STREET"
    body = {"request_id": done["id"], "upheld": False, "reason": "已重办完毕"}
    street = staffed.by(OTHER_CADRE, "R_STREET", COMMUNITY[:9])
    street.do("review_request", body, version=found["version"])
    assert queue(staffed) == []


def test_what_is_not_open_is_listed_by_itself(staffed):  # noqa: F811
    """`open=false` listed everything, and beside a state it said nothing."""
    runs, done = staffed.submit(LI), staffed.resolved()

    def listed(door="requests", **asked):
        found = staffed.cadre().ask(door, asked)
        assert found["total"] == len(found["items"])
        return [item["id"] for item in found["items"]]

    assert listed(open=False) == [done["id"]]
    assert listed(open=True) == [runs["id"]]
    assert set(listed()) == {runs["id"], done["id"]}
    assert listed(open=True, state=["RESOLVED"]) == []
    assert listed(open=False, state=["RESOLVED", "DISPATCHED"]) == [done["id"]]
    rated = staffed.rate(done, stars=4, solved=False)
    assert listed("queue", open=True) == []
    assert listed("queue", open=False) == [rated["id"]]


def test_what_is_due_is_the_time_that_runs(staffed):  # noqa: F811
    """Who had called about an emergency was shown four hours, while 15 minutes ran; and who had
    accepted a reopened one, when the reporter of then had to be called."""
    urgent = staffed.submit(category="LIFT", priority="P1")
    urgent = staffed.step("accept_request", urgent, STAFF)
    called = staffed.step("contact_request", urgent, STAFF, note="已电话联系")
    assert called["due"] == "2025-03-03T01:15:00+00:00"
    common = staffed.step("accept_request", staffed.submit(), STAFF)
    assert [one["id"] for one in staffed.by(STAFF).ask("workbench", {})["items"]] == [
        called["id"], common["id"],
    ]  # fmt: skip
    there = staffed.step("contact_request", called, STAFF, arrived=True)
    assert there["due"] == there["due_resolve"]
    done = staffed.resolved()
    again = staffed.step("accept_request", reopened(staffed, done), STAFF)
    assert again["due"] == again["due_resolve"]


def test_who_was_merged_and_reopens_is_contacted_within_a_time_of_its_own(staffed):  # noqa: F811
    """The time had been taken back with the merger, and the handler was told to be late."""
    stays, follows = staffed.submit(), staffed.submit(LI)
    merge(staffed, follows, stays)
    staffed.resolved(card(staffed, stays))
    staffed.bench.fire("2025-03-05T09:00:00")
    order = {"reason": "还没有修好"}
    again = staffed.step(
        "reopen_request", card(staffed, follows), LI, "R_RESIDENT", COMMUNITY, **order
    )
    again = staffed.step("accept_request", again, STAFF)
    assert again["due"] == "2025-03-06T01:00:00+00:00"
    staffed.bench.fire("2025-03-05T21:00:00")
    called = staffed.step("contact_request", again, STAFF, note="已电话联系")
    assert called["late"] is False
    missed = staffed.bench.published("request_deadline_missed.v1")
    assert [one for one in missed if one["data"]["which"] == "CONTACT"] == []
