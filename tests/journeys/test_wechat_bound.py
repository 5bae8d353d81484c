"""A person binds WeChat to the account, is told by it, and ends that; over HTTP."""

import pytest

from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.gateway.tests.conftest import Site
from fivered.services.forum.service import Forum
from fivered.services.steward.service import Steward
from fivered.services.steward.tests.ground import COMMUNITY, GRID, LI, WANG
from testkit.bench import environment
from testkit.waiting import wait_until
from testkit.wechat import APP, SECRET, wechat_server
from tests.journeys.test_messages_go_out import RESIDENT, file_topic

CHOICES = "/v1/steward/message-preferences"


@pytest.fixture
def site(tmp_path):
    with wechat_server() as there:
        kinds = (Steward, Forum)
        given = environment(
            *(kind.settings_type for kind in kinds), FIVERED_DEMO_CLOCK="1",
            FIVERED_DEMO_START="2025-03-03T09:00:00", FIVERED_SYNTHETIC="1",
            FIVERED_WECHAT_URL=there.address, FIVERED_WECHAT_APP=APP,
            FIVERED_WECHAT_SECRET=SECRET, FIVERED_WECHAT_TEMPLATES="*=tpl_all_1,thing1=text",
        )  # fmt: skip
        opened = {}
        for kind in kinds:
            path = f"sqlite:///{tmp_path}/{kind.name}.sqlite"
            opened[kind.name] = Runtime.open(kind, path, environ=given)
            migrate_service(kind, opened[kind.name].engine)
        host = EmbeddedHost(opened)
        host.start()
        site = Site(host).build(services=("steward", "forum"), extra=())
        site.wechat = there
        for code, kind in ((COMMUNITY, "COMMUNITY"), (GRID, "GRID")):
            area = {"code": code, "name": "春晖", "kind": kind}
            assert site.ask("POST", "/v1/steward/areas", json=area).status_code == 201
        for who, phone in ((WANG, "12812345678"), (LI, "12800000002")):
            person = {"person_id": who, "name": "王丽", "phone": phone, "grid": GRID}
            person |= {"synthetic": True, "birth_year": 1980}
            assert site.ask("POST", "/v1/steward/people", json=person).status_code == 201
        yield site
        host.stop()


def bind(site, code, person=WANG):
    return site.ask(
        "POST", f"{CHOICES}/wechat", person=person, grants=RESIDENT, json={"code": code}
    )


def is_bound(site, person=WANG):
    answer = site.ask("GET", CHOICES, person=person, grants=RESIDENT)
    return answer.json()["wechat_bound"]


def test_wechat_is_bound_by_its_own_code_told_by_and_ended(site):
    chosen = {"channels": {"MATTERS": ["WECHAT"]}}
    assert site.ask("POST", CHOICES, person=WANG, grants=RESIDENT, json=chosen).status_code == 200
    site.wechat.codes = {"code-first": "openid-first", "code-second": "openid-second"}
    # A code that WeChat does not know says where it is wrong, and binds nothing.
    wrong = bind(site, "code-unknown")
    assert (wrong.status_code, wrong.json()["guard"]) == (422, "WECHAT_CODE_WRONG"), wrong.text
    assert wrong.json()["field"] == "code"
    assert is_bound(site) is False
    bound = bind(site, "code-first")
    assert (bound.status_code, bound.json()["wechat_bound"]) == (200, True), bound.text
    assert "openid" not in bound.text
    # A code is good once, for whoever shows it; who binds another account is told by that one.
    for person in (WANG, LI):
        assert bind(site, "code-first", person).status_code == 422
    assert (is_bound(site), is_bound(site, LI)) == (True, False)
    assert bind(site, "code-second").status_code == 200
    file_topic(site, WANG)
    assert wait_until(lambda: site.wechat.sent, 10)
    (message,) = site.wechat.sent
    assert (message["touser"], message["template_id"]) == ("openid-second", "tpl_all_1")
    # Whoever ends it hears no more there; the inbox goes on.
    ended = bind(site, None)
    assert (ended.status_code, ended.json()["wechat_bound"]) == (200, False)
    assert is_bound(site) is False
