"""What HTTP itself promises: conditions, compression, replays, other origins, what can be opened."""

import re

import pytest

from fivered.chassis.replies import Page, Reply
from fivered.gateway.doors import ANY, Doors
from fivered.gateway.tests.conftest import Site, problem_of

pytestmark = pytest.mark.slow

RESET = "/v1/toy/counters/c1/reset"
TOTAL = "/v1/toy/counters/c1"
IN_GZIP = ('"1-0123456789abcdef-gzip"', '"1-gzip"')
ORIGIN = {"Origin": "https://app.example"}


@pytest.mark.parametrize(
    "seen", ["*", '"9", "1"', '"1","9"', 'W/"1"', '"1-0123456789abcdef"', *IN_GZIP]
)
def test_if_match_takes_any_version_and_several(site, seen):
    site.add()
    assert site.ask("POST", RESET, headers={"If-Match": seen}).status_code == 200


@pytest.mark.parametrize("seen", ['"8", "9"', '"8-0123456789abcdef"', '"8-0123456789abcdef-gzip"'])
def test_a_version_that_is_none_of_those_that_were_seen_is_refused(site, seen):
    site.add()
    answer = site.ask("POST", RESET, headers={"If-Match": seen})
    assert answer.status_code == 412
    assert problem_of(answer)["params"]["current"] == "1"


def test_more_tags_than_anybody_has_seen_are_refused(site):
    site.add()
    answer = site.ask("POST", RESET, headers={"If-Match": ",".join(['"1"'] * 21)})
    assert problem_of(answer)["code"] == "IF_MATCH_UNREADABLE"


def test_what_the_caller_has_is_not_sent_again_until_it_changes(site):
    site.add(5)
    first = site.ask("GET", TOTAL)
    tag = first.headers["etag"]
    for named in (tag, f'"x", W/{tag}', "*"):
        again = site.ask("GET", TOTAL, headers={"If-None-Match": named})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
        assert again.headers["vary"] == first.headers["vary"]
    site.add(1)
    anew = site.ask("GET", TOTAL, headers={"If-None-Match": tag})
    assert anew.status_code == 200
    assert anew.json()["total"] == 6
    assert anew.headers["etag"] != tag


def test_a_condition_of_reading_does_not_stop_a_command(site):
    done = site.add(headers={"If-None-Match": '"1"'})
    assert done.status_code == 201
    assert done.json()["version"] == 1


class Thing(Reply):
    id: str
    version: int
    derived: str


def test_the_tag_of_a_thing_serves_both_conditions(host):
    """The version says what changes it; the digest, what has changed around it."""
    doors = Doors("toy", tag="玩具 / Toy")
    doors.query("GET", "/things/{thing_id}", "thing", reply=Thing, roles=ANY, summary="物 / Thing")
    told = {"id": "t1", "version": 3, "derived": "early"}

    class Answering:
        async def call(self, *_asked, **_rest):
            return dict(told)

    site = Site(host).build(extra=(doors,))
    site.app.state.gate.caller = Answering()
    first = site.ask("GET", "/v1/toy/things/t1")
    tag = first.headers["etag"]
    assert tag.startswith('"3-')
    same = site.ask("GET", "/v1/toy/things/t1", headers={"If-None-Match": tag})
    assert same.status_code == 304
    told["derived"] = "late"
    anew = site.ask("GET", "/v1/toy/things/t1", headers={"If-None-Match": tag})
    assert anew.status_code == 200
    assert anew.headers["etag"].startswith('"3-')


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("gzip; q=0.0", False),
        ("", False),
    ],
)
def test_a_long_answer_is_compressed_for_who_reads_that(host, accepted, packed):
    doors = Doors("toy", tag="玩具 / Toy")
    doors.query("GET", "/things", "things", reply=Page[Thing], roles=ANY, summary="物 / Things")
    listed = {"items": [{"id": f"t{i}", "version": 1, "derived": "一" * 50} for i in range(50)]}

    class Answering:
        async def call(self, *_asked, **_rest):
            return {**listed, "next": None}

    site = Site(host).build(extra=(doors,), check_replies=False)
    site.app.state.gate.caller = Answering()
    answer = site.ask("GET", "/v1/toy/things", headers={"Accept-Encoding": accepted})
    assert answer.json()["items"] == listed["items"]
    assert ("content-encoding" in answer.headers) is packed
    assert "Accept-Encoding" in answer.headers["vary"]
    # The client unpacks; what came over the line is shorter.
    sent = int(answer.headers["content-length"])
    assert (sent < len(answer.content) / 5) is packed


def test_an_answer_in_gzip_has_a_tag_of_its_own(host):
    """H11-36: one strong tag named two contents (RFC 9110, 8.8.3)."""
    doors = Doors("toy", tag="玩具 / Toy")
    doors.query("GET", "/things/{thing_id}", "thing", reply=Thing, roles=ANY, summary="物 / Thing")

    class Answering:
        async def call(self, *_asked, **_rest):
            return {"id": "t1", "version": 1, "derived": "一" * 2000}

    site = Site(host).build(extra=(doors,))
    site.app.state.gate.caller = Answering()
    path, tags = "/v1/toy/things/t1", {}
    for accepted in ("gzip", "identity"):
        own = {"Accept-Encoding": accepted}
        first = site.ask("GET", path, headers=own)
        tag = tags[accepted] = first.headers["etag"]
        for named in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = site.ask("GET", path, headers={**own, "If-None-Match": named})
            assert (again.status_code, again.headers["etag"]) == (304, tag)
            assert again.headers["vary"] == first.headers["vary"]
    assert tags["gzip"] != tags["identity"]
    other = {"Accept-Encoding": "identity", "If-None-Match": tags["gzip"]}
    assert site.ask("GET", path, headers=other).status_code == 200
    assert re.fullmatch(r'"1-[0-9a-f]{16}-gzip"', tags["gzip"])


def test_a_short_answer_is_sent_as_it_is(site):
    site.add()
    answer = site.ask("GET", TOTAL, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


def test_a_replay_is_told_from_the_first_answer(site):
    first = site.add(key="k1")
    assert "idempotency-replayed" not in first.headers
    again = site.add(key="k1")
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["location"] == first.headers["location"]


def test_a_page_of_an_origin_that_is_named_may_call(host):
    site = Site(host).build(cors_origins=("https://app.example",))
    asked = {
        **ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key, if-match, content-type",
    }
    allowed = site.ask("OPTIONS", RESET, grants=None, key=None, headers=asked)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in allowed.headers
    for answer in (site.add(headers=ORIGIN), site.ask("GET", "/v1/nothing", headers=ORIGIN)):
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "ETag" in answer.headers["access-control-expose-headers"]


def test_a_page_of_another_origin_may_not(host):
    site = Site(host).build(cors_origins=("https://app.example",))
    other = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    refused = site.ask("OPTIONS", RESET, grants=None, key=None, headers=other)
    assert "access-control-allow-origin" not in refused.headers
    plain = Site(host).build()
    assert "access-control-allow-origin" not in plain.add(headers=ORIGIN).headers


def test_the_type_of_a_refusal_can_be_opened(site):
    stale = (site.add(), site.ask("POST", RESET, headers={"If-Match": '"9"'}))[1]
    kind = problem_of(stale)["type"]
    assert kind == "/problems/VERSION_CONFLICT"
    shown = site.ask("GET", kind, grants=None, headers={"Accept": "text/html"})
    assert shown.status_code == 200
    assert "数据已被修改" in shown.text
    told = site.ask("GET", kind, grants=None, headers={"Accept": "application/json"}).json()
    assert told["status"] == 412
    assert any("The data has changed" in text for text in told["texts"])
    missing = site.ask("GET", "/problems/NO_SUCH_CODE", grants=None)
    assert problem_of(missing)["status"] == 404


def test_every_code_of_the_installed_doors_is_listed(host):
    site = Site(host).build(services=("steward", "credit"), extra=())
    listed = site.ask("GET", "/problems", grants=None).json()
    named = {one.code for door in site.app.state.doors for one in door.refusals}
    assert named
    assert named <= set(listed)
    own = [
        (one.code, f"{door.verb} {door.full_path}")
        for door in site.app.state.doors
        for one in door.refusals
        if listed[one.code]["doors"]
    ]
    assert own
    assert all(door in listed[code]["doors"] for code, door in own)
    # What every door may answer names none.
    assert listed["VERSION_CONFLICT"]["doors"] == []
    assert {"TOKEN_REQUIRED", "KEY_REQUIRED", "METHOD_NOT_ALLOWED"} <= set(listed)
    html = site.ask("GET", "/problems", grants=None, headers={"Accept": "text/html"})
    assert all(f'href="/problems/{code}"' in html.text for code in named)


def test_well_known_files_are_there(host):
    site = Site(host).build(
        security_contact="mailto:security@district.example",
        security_expires="2027-12-31T00:00:00Z",
    )
    told = site.ask("GET", "/.well-known/security.txt", grants=None)
    assert told.headers["content-type"].startswith("text/plain")
    assert "Contact: mailto:security@district.example\n" in told.text
    assert "Expires: 2027-12-31T00:00:00Z\n" in told.text
    robots = site.ask("GET", "/robots.txt", grants=None).text
    assert "Disallow: /v1/" in robots
    icon = site.ask("GET", "/favicon.ico", grants=None)
    assert icon.headers["content-type"] == "image/svg+xml"


def test_without_a_contact_there_is_no_security_txt(site):
    answer = site.ask("GET", "/.well-known/security.txt", grants=None)
    assert problem_of(answer)["code"] == "NOT_FOUND"
