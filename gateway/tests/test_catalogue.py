"""The catalogue of public facts: pages, schemas and AsyncAPI, of the services that run."""

import jsonschema
import pytest

from fivered.chassis import asyncapi
from fivered.chassis.contracts import facts_of
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.rpc import ServiceUnavailable
from fivered.gateway.tests.conftest import Site, problem_of

pytestmark = pytest.mark.slow

HTML = {"Accept": "text/html"}


class Services:
    """Answers as running services do; one may be away."""

    def __init__(self):
        self.away = set()
        self.asked = []

    async def call(self, service, method, body, **_rest):
        self.asked.append(service)
        if service in self.away:
            raise ServiceUnavailable(service)
        assert method == "_events"
        found = facts_of(service_class(service))
        heard = {"steward": ["request_submitted.v1"]} if service == "forum" else {}
        facts = [one for one in found if one["visibility"] == "public"]
        return {"facts": facts} | ({"heard": heard} if service != "partner" else {})


@pytest.fixture
def site(host):
    made = Site(host).build(services=tuple(service_names()), extra=())
    made.services = made.app.state.gate.caller = Services()
    return made


def public():
    return {
        one["type"]: one
        for name in service_names()
        for one in facts_of(service_class(name))
        if one["visibility"] == "public"
    }


def test_every_public_fact_is_listed_and_no_other(site):
    listed = site.ask("GET", "/events", grants=None).json()["items"]
    assert {one["type"] for one in listed} == set(public())
    shown = site.ask("GET", "/events", grants=None, headers=HTML)
    assert all(f'href="/events/{kind}"' in shown.text for kind in public())


def test_a_fact_has_a_page_and_a_schema_that_fits_its_example(site):
    for kind, fact in public().items():
        answer = site.ask("GET", f"/events/{kind}", grants=None)
        assert answer.headers["content-type"] == "application/schema+json"
        schema = answer.json()
        assert fact["examples"]
        for example in fact["examples"]:
            jsonschema.Draft202012Validator(schema).validate(example)
        shown = site.ask("GET", f"/events/{kind}", grants=None, headers=HTML)
        assert shown.status_code == 200
        assert all(f"<code>{name}</code>" in shown.text for name in schema["properties"])
    assert problem_of(site.ask("GET", "/events/credit.nothing.v1", grants=None))["status"] == 404


def test_the_list_stands_by_service_and_a_page_says_codes_in_words(site):
    """H11-31: five rows of one title, `timer REQ_RESOLVE`, English alone."""
    listed = site.ask("GET", "/events", grants=None, headers=HTML).text
    heads = [one.partition("</h2>")[0] for one in listed.split("<h2>")[1:]]
    assert len(heads) == len({kind.partition(".")[0] for kind in public()})
    assert any(one.startswith("红色管家") for one in heads)
    shown = site.ask("GET", "/events/steward.request_escalated.v1", grants=None, headers=HTML).text
    assert "<code>timer REQ_RESOLVE</code> (办结期限 <span" in shown
    assert "<p>已升级督办 <span" in shown
    assert "[string] | null" in shown
    moved = site.ask("GET", "/events/credit.deadline_moved.v1", grants=None, headers=HTML).text
    assert "<code>objection_accept</code> 异议受理期限" in moved


@pytest.mark.parametrize("path", ["/events/credit.nothing.v1", "/problems/NOTHING", "/nowhere"])
def test_a_browser_that_finds_nothing_gets_a_page(site, path):
    answer = site.ask("GET", path, grants=None, headers=HTML)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "没有" in answer.text or "不存在" in answer.text
    assert 'lang="en"' in answer.text
    programs = site.ask("GET", "/v1/nowhere", grants=None, headers=HTML)
    assert programs.headers["content-type"] == "application/problem+json"


def test_the_asyncapi_document_has_the_public_facts_with_examples(site):
    told = site.ask("GET", "/asyncapi.json", grants=None).json()
    messages = told["components"]["messages"]
    assert {one["name"] for one in messages.values()} == set(public())
    envelope = told["components"]["schemas"]["envelope"]
    for one in messages.values():
        for example in one["examples"]:
            jsonschema.Draft202012Validator(envelope).validate(example["payload"])
            data = one["payload"]["allOf"][1]
            jsonschema.Draft202012Validator(data).validate(example["payload"])
    whole = asyncapi.document(public().values(), title=told["info"]["title"], version="1", heard={})
    assert whole["channels"] == told["channels"]


def test_a_page_says_when_by_what_after_what_since_when_and_what_each_word_means(site):
    shown = site.ask("GET", "/events/steward.request_closed.v1", grants=None, headers=HTML).text
    assert "0.1.0" in shown
    assert "POST /v1/steward/requests/{request_id}/close" in shown
    assert 'href="/events/steward.request_resolved.v1"' in shown
    shown = site.ask("GET", "/events/steward.request_submitted.v1", grants=None, headers=HTML).text
    assert "<li><code>WECHAT_GROUP</code> 微信群" in shown
    assert "<code>forum</code>" in shown
    assert "新增成员 `building`" in shown
    shown = site.ask("GET", "/events/partner.offer_published.v1", grants=None, headers=HTML).text
    assert "单位 / Unit: 积分" in shown
    listed = site.ask("GET", "/events", grants=None).json()
    assert "Lists of words are open" in listed["readers"]
    assert all(one["when"] and one["by"] and one["since"] for one in listed["items"])


def test_who_consumes_a_public_fact_stands_in_the_asyncapi_document(site):
    told = site.ask("GET", "/asyncapi.json", grants=None).json()
    heard = {name for name, one in told["operations"].items() if one["action"] == "receive"}
    assert heard == {"forum_hears_steward_request_submitted_v1"}


def test_a_service_that_is_away_is_shown_as_it_spoke_last(site, monkeypatch):
    monkeypatch.setattr("fivered.gateway.catalogue._KEPT_S", 0.0)
    before = site.ask("GET", "/events", grants=None).json()
    site.services.away.add("credit")
    assert site.ask("GET", "/events", grants=None).json() == before


def test_services_are_not_asked_for_each_page(site):
    for _ in range(3):
        site.ask("GET", "/events", grants=None)
    assert len(site.services.asked) == len(service_names())
