"""`GET /v1/me/messages`: the inbox over all services, its unread count and its read marks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fivered.chassis.messages import SYSTEM
from fivered.chassis.rpc import ServiceUnavailable
from fivered.chassis.telling import tell
from fivered.gateway.tests.conftest import DOORS, RESIDENT, Site, problem_of
from fivered.gateway.tests.test_own_answers import _with

BEGAN = datetime(2025, 1, 2, 2, tzinfo=UTC)


@pytest.fixture
def told(host):
    """Five messages to per_1, one to per_2, a minute after each other."""
    runtime = host.runtimes["toy"]
    for number in range(5):
        with runtime.transaction(SYSTEM, now=BEGAN + timedelta(minutes=number)) as tx:
            tell(tx, "COUNTED", "per_1", about=("counter", "c1"), number=f"c{number}", amount=1)
    with runtime.transaction(SYSTEM, now=BEGAN) as tx:
        tell(tx, "COUNT_LATE", "per_2", number="c9")
    return Site(host).build()


def inbox(site, **params):
    answer = site.ask("GET", "/v1/me/messages", grants=[RESIDENT], params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def test_the_inbox_is_paged_counted_and_marked(told):
    site = told
    page = inbox(site, limit=2)
    assert (page["unread"], page["complete"], page["missing"]) == (5, True, [])
    assert [one["text_zh"] for one in page["items"]] == ["计数 c4 为 1", "计数 c3 为 1"]
    assert {one["service"] for one in page["items"]} == {"toy"}
    seen = [*page["items"]]
    while page["next"]:
        page = inbox(site, limit=2, cursor=page["next"])
        seen += page["items"]
    assert len({one["id"] for one in seen}) == len(seen) == 5
    me = site.ask("GET", "/v1/me", grants=[RESIDENT]).json()
    assert me["messages"] == {"unread": 5, "complete": True}

    first = f"/v1/me/messages/toy/{seen[0]['id']}/read"
    answer = site.ask("POST", first, grants=[RESIDENT])
    assert (answer.status_code, answer.json()) == (200, {"marked": 1, "unread": 4})
    assert len(inbox(site, unread="true")["items"]) == 4
    answer = site.ask(
        "POST", "/v1/me/messages/read", grants=[RESIDENT], json={"up_to": seen[1]["at"]}
    )
    assert answer.json() == {"complete": True, "missing": [], "marked": 4, "unread": 0}
    assert inbox(site)["items"][0]["read_at"] is not None

    # The neighbour's are nobody else's, a service or a message that there is not is said so.
    (other,) = site.ask("GET", "/v1/me/messages", grants=[RESIDENT], person="per_2").json()["items"]
    for path in (f"toy/{other['id']}", "toy/msg_none", f"ghost/{other['id']}"):
        answer = site.ask("POST", f"/v1/me/messages/{path}/read", grants=[RESIDENT])
        assert answer.status_code == 404, path
    answer = site.ask("GET", "/v1/me/messages", grants=[RESIDENT], params={"service": "ghost"})
    assert answer.status_code == 404
    assert site.ask("GET", "/v1/me/messages", grants=None).status_code == 401
    assert site.ask("POST", first, grants=None).status_code == 401
    assert site.ask("POST", first, grants=[RESIDENT], key=None).status_code == 400
    for cursor in ("x", "2025-01-02|m", "2025-01-02T02:00:00Z|"):
        answer = site.ask("GET", "/v1/me/messages", params={"cursor": cursor})
        assert (answer.status_code, problem_of(answer)["field"]) == (422, "cursor")


def test_a_service_that_is_away_is_named_and_the_rest_is_told(told, host):
    class Half:
        async def call(self, service, *args, **rest):
            if service == "gone":
                raise ServiceUnavailable(service)
            return await host.call(service, *args, **rest)

        async def state(self):
            return {"bus": "up"}

    site = Site(Half()).build(services=("toy", "gone"), extra=(DOORS, *_with("gone")))
    page = inbox(site)
    assert (page["complete"], page["missing"], page["unread"]) == (False, ["gone"], 5)
    answer = site.ask(
        "POST", "/v1/me/messages/read", grants=[RESIDENT], json={"up_to": "2026-01-01T00:00:00Z"}
    )
    assert answer.json() == {"complete": False, "missing": ["gone"], "marked": 5, "unread": 0}
    me = site.ask("GET", "/v1/me", grants=[RESIDENT]).json()
    assert me["messages"] == {"unread": 0, "complete": False}
