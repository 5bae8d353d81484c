"""How much one caller may ask."""

from __future__ import annotations

import asyncio

import anyio
import httpx
import pytest

from fivered.gateway.errors import BodyTooDeep, TooManyRequests
from fivered.gateway.limits import SHARE, Buckets, check_depth
from fivered.gateway.tests.conftest import Site, problem_of

PATH = "/v1/toy/counters"
JSON = {"Content-Type": "application/json"}


def test_a_body_over_the_limit_is_refused_whether_announced_or_chunked(host):
    site = Site(host).build(body_bytes=1000)
    announced = site.ask("POST", PATH, content=b"x" * 1001, headers=JSON)
    assert announced.status_code == 413
    assert problem_of(announced)["code"] == "BODY_TOO_LARGE"
    sent = []

    async def chunks():
        for n in range(1000):
            sent.append(n)
            yield b"x" * 100

    chunked = site.ask("POST", PATH, content=chunks(), headers=JSON)
    assert chunked.status_code == 413
    assert len(sent) < 20


def test_a_body_that_does_not_arrive_is_not_waited_for(host):
    site = Site(host).build(body_wait_s=0.05)

    async def chunks():
        yield b"{"
        await asyncio.sleep(30)

    answer = site.ask("POST", PATH, content=chunks(), headers=JSON)
    assert answer.status_code == 408
    assert problem_of(answer)["code"] == "BODY_TOO_SLOW"


def test_depth_counts_brackets_outside_of_strings_only():
    check_depth(b"[" * 20 + b"]" * 20, 20)
    check_depth(b'{"a":"' + b"[" * 1000 + b'"}', 20)
    check_depth(b'{"a":"\\"' + b"{" * 1000 + b'"}', 20)
    check_depth(b"[{},{},{}]" * 100, 20)
    with pytest.raises(BodyTooDeep):
        check_depth(b'{"a":' * 21 + b"1" + b"}" * 21, 20)
    with pytest.raises(BodyTooDeep):
        check_depth(b'["\\\\",' * 21, 20)


def test_depth_of_the_worst_body_is_found_in_a_moment():
    # A pattern that looks at the same bytes again would need minutes for these.
    for worst in (b'"' + b'\\"' * 500_000, b'"' * 1_000_000, b"[" * 1_000_000, b"\\" * 1_000_000):
        try:
            check_depth(b"[" * 21 + b"]" * 21 + worst, 22)
        except BodyTooDeep:
            continue


def test_a_bucket_fills_again_at_its_rate_and_says_when():
    buckets = Buckets("person", 2.0, 3)

    def taken(name, now):
        scope = {}
        buckets.take(scope, name, now=now)
        return scope[SHARE]

    left = [taken("a", 100.0) for _ in range(3)]
    # Three in one and a half seconds, and when the bucket is full again.
    assert {policy for policy, _ in left} == {'"person";q=3;w=2'}
    assert [one for _, one in left] == [
        '"person";r=2;t=1', '"person";r=1;t=1', '"person";r=0;t=2',
    ]  # fmt: skip
    with pytest.raises(TooManyRequests) as refused:
        taken("a", 100.0)
    assert refused.value.params["seconds"] == 1
    taken("b", 100.0)
    taken("a", 100.5)
    with pytest.raises(TooManyRequests):
        taken("a", 100.5)
    unlimited = {}
    Buckets("person", 0, 1).take(unlimited, "a", now=1.0)
    assert unlimited == {}


def test_one_person_cannot_ask_for_more_than_his_share(host):
    site = Site(host).build(person_rate=0.5, person_burst=3)
    answers = [site.ask("GET", f"{PATH}/c1").status_code for _ in range(3)]
    assert answers == [200, 200, 200]
    refused = site.ask("GET", f"{PATH}/c1")
    assert refused.status_code == 429
    assert refused.headers["ratelimit"] == '"person";r=0;t=6'
    assert int(refused.headers["retry-after"]) >= 1
    assert problem_of(refused)["code"] == "TOO_MANY_REQUESTS"
    assert site.ask("GET", f"{PATH}/c1", person="per_2").status_code == 200


def test_an_answer_says_how_much_is_left_of_ones_share(host):
    site = Site(host).build(person_rate=1, person_burst=10, address_rate=2, address_burst=20)
    mine = site.ask("GET", f"{PATH}/c1")
    assert mine.headers["ratelimit-policy"] == '"person";q=10;w=10'
    assert mine.headers["ratelimit"] == '"person";r=9;t=1'
    strange = site.ask("GET", "/live", grants=None)
    assert strange.headers["ratelimit-policy"] == '"address";q=20;w=10'
    site = Site(host).build(person_rate=0)
    assert "ratelimit" not in site.ask("GET", f"{PATH}/c1").headers


def test_one_address_cannot_ask_for_more_than_its_share(host):
    site = Site(host).build(address_rate=0.5, address_burst=2)
    assert [site.ask("GET", "/live", grants=None).status_code for _ in range(3)] == [200, 200, 429]


def test_people_behind_one_address_are_not_each_others_limit(host):
    """SEC-M14: behind a proxy that is not trusted all people shared one bucket."""
    site = Site(host).build(address_rate=0.5, address_burst=2)
    answers = [site.ask("GET", f"{PATH}/c1", person=f"per_{n}").status_code for n in range(5)]
    assert answers == [200] * 5


def test_forged_tokens_are_paid_for_by_their_address(host):
    site = Site(host).build(address_rate=0.5, address_burst=2)
    forged = {"Authorization": "Bearer e30.e30.x"}
    answers = [
        site.ask("GET", f"{PATH}/c1", grants=None, headers=forged).status_code for _ in range(3)
    ]
    assert answers == [401, 401, 429]


def test_a_costly_door_takes_its_cost_from_a_callers_share(host):
    """SEC-M14: five calls of /v1/health cost what one ordinary answer was counted for."""
    site = Site(host).build(address_rate=0.5, address_burst=10)
    answers = [site.ask("GET", "/v1/health", grants=None).status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_a_denial_is_logged_with_who_asked_and_from_where(site, caplog):
    """SEC-M10"""
    caplog.set_level("INFO", "fivered.access")
    roles = [{"role": "R_RESIDENT", "scope": "370811015901"}]
    site.ask("POST", PATH, json={"counter_id": "c1", "amount": 1}, grants=roles, person="per_77")
    site.ask("GET", "/v1/nothing", grants=None)
    denied, unknown = [record for record in caplog.records if record.message == "request"]
    assert (denied.status, denied.code) == (403, "ROLE_DENIED")
    assert "per_77" in denied.actor
    assert denied.address
    assert (unknown.status, unknown.code) == (404, "NOT_FOUND")


def test_no_log_says_what_a_caller_has_put_into_an_address(site, caplog, monkeypatch):
    """A phone in a path or a query, at a door, at none, misspelt, refused, or where we are at fault."""
    caplog.set_level("INFO")
    phone = "12855512399"

    async def at_fault(*_args, **_rest):
        raise RuntimeError

    asked = [
        ("GET", f"{PATH}/{phone}"),
        ("GET", f"{PATH}?phone={phone}"),
        ("GET", f"/v1/people/{phone}?phone={phone}"),
        ("DELETE", f"{PATH}/{phone}"),
        ("GET", f"{PATH}/%F0{phone}"),
        ("GET", f"{PATH}/{phone}%00"),
        (phone, f"{PATH}/{phone}"),
    ]
    told = [(site.ask(*one).status_code, site.ask(*one, grants=None).status_code) for one in asked]
    monkeypatch.setattr(site.app.state.gate, "call", at_fault)
    assert site.ask("GET", f"{PATH}/{phone}").status_code == 500
    assert {status for pair in told for status in pair} >= {401, 404, 405}
    said = [record for record in caplog.records if record.message == "request"]
    assert len(said) == 2 * len(asked) + 1
    assert {one.path for one in said} == {PATH, f"{PATH}/{{counter_id}}", "unmatched"}
    assert "gateway_fault" in {record.message for record in caplog.records}
    # httpx is the caller here, and says what it asks.
    ours = [vars(one) for one in caplog.records if not one.name.startswith("httpx")]
    assert phone not in str(ours)


def test_more_requests_than_the_gateway_holds_are_told_to_come_again():
    class Slow:
        def __init__(self):
            self.waiting = asyncio.Event()
            self.reached = asyncio.Event()

        async def call(self, *_args, **_rest):
            self.reached.set()
            await self.waiting.wait()
            return {"id": "c1", "total": 1}

        async def state(self):
            return {"bus": "up"}

    async def story():
        slow = Slow()
        site = Site(slow).build(concurrency=1)
        transport = httpx.ASGITransport(app=site.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            first = asyncio.create_task(client.get("/v1/health"))
            await slow.reached.wait()
            second = await client.get("/live")
            slow.waiting.set()
            assert (await first).status_code == 200
            third = await client.get("/live")
        return second, third

    second, third = anyio.run(story)
    assert second.status_code == 503
    assert problem_of(second)["code"] == "BUSY"
    assert second.headers["retry-after"] == "1"
    assert third.status_code == 200


def test_a_call_that_is_not_answered_within_its_deadline_has_an_unknown_outcome(host):
    site = Site(host).build(deadline_s=0.05)
    writer = host.writers["toy"]
    with writer.runtime.engine.begin():
        # The one writer waits for this transaction.
        answer = site.add(key="k")
        assert answer.status_code == 503
        assert problem_of(answer)["code"] == "OUTCOME_UNKNOWN"
    # Repeated with the same key it tells how it ended, and has happened once.
    later = Site(host).build()
    assert later.add(key="k").status_code == 201
    assert later.ask("GET", f"{PATH}/c1").json()["total"] == 5


@pytest.mark.covers("REQ-L09")
@pytest.mark.parametrize("path", ["/", "/docs", "/v1", "/v1/toy/counters/c1", "/nothing", "/live"])
def test_every_answer_carries_the_security_headers(site, path):
    answer = site.ask("GET", path, grants=None)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "server" not in answer.headers
    if path.startswith("/v1"):
        assert answer.headers["cache-control"] == "no-store"


def test_an_answer_over_https_says_that_only_https_is_to_be_used(site):
    """And over HTTP it does not: a browser ignores it there (RFC 6797 7.2)."""
    said = "strict-transport-security"
    for path in ("/", "/v1", "/v1/toy/counters/c1", "/nothing"):
        assert said not in site.ask("GET", path, grants=None).headers
        secure = site.ask("GET", f"https://gateway{path}", grants=None).headers[said]
        assert secure == "max-age=31536000; includeSubDomains"
