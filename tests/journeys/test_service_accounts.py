"""Another system comes by client credentials: two people, a secret, a token, a hotline's request."""

import base64

import anyio
import pytest
import sqlalchemy as sa

from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.installed import service_names
from fivered.chassis.messages import SYSTEM
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.gateway.app import create, doors_of
from fivered.gateway.tests.conftest import Site, settings
from fivered.services.identity.rules.scopes import SCOPES
from fivered.services.identity.service import Identity
from fivered.services.identity.settings import IdentitySettings
from fivered.services.steward.service import Steward
from fivered.services.steward.settings import StewardSettings
from fivered.services.steward.tests.ground import COMMUNITY, GRID
from testkit.bench import environment

ZHOU, QIN = "per_zhou", "per_qin"
ACCOUNTS = "/v1/identity/service-accounts"
# A grid of another street.
FAR = "370811016901001"
ORDER = {
    "channel": "HOTLINE_12345", "kind": "REPAIR", "category": "LIFT", "grid": GRID,
    "text": "电梯停了", "external_ref": "JN2025021900099",
}  # fmt: skip


@pytest.fixture
def site(tmp_path):
    given = environment(
        StewardSettings,
        IdentitySettings,
        FIVERED_DEMO_CLOCK="1",
        FIVERED_DEMO_START="2025-03-03T09:00:00",
        FIVERED_SYNTHETIC="1",
    )
    opened = {}
    for kind in (Steward, Identity):
        path = f"sqlite:///{tmp_path}/{kind.name}.sqlite"
        opened[kind.name] = Runtime.open(kind, path, environ=given)
        migrate_service(kind, opened[kind.name].engine)
    host = EmbeddedHost(opened)
    host.start()
    site = Site(host)
    site.app = create(host, settings=settings(), services=["identity", "steward"])
    site.runtimes = opened
    for code in (COMMUNITY, GRID, FAR[:12], FAR):
        kind = "GRID" if len(code) == len(GRID) else "COMMUNITY"
        area = {"code": code, "name": "春晖", "kind": kind}
        assert site.ask("POST", "/v1/steward/areas", json=area).status_code == 201
    yield site
    host.stop()


def learn(site):
    """Let the gateway hear what it hears every few seconds."""

    async def ask():
        return await site.host.call("identity", "_standing", {}, actor=SYSTEM)

    site.app.state.keyring.take(anyio.run(ask))


def step(site, account, what, body=None, *, person=ZHOU):
    return site.ask(
        "POST", f"{ACCOUNTS}/{account['id']}/{what}", person=person, json=body or {},
        headers={"If-Match": f'"{account["version"]}"'},
    )  # fmt: skip


def asked(site, client, secret, *, basic=True, headers=(), **more):
    """Ask for a token as a program does that knows OAuth and nothing of ours."""
    sent, form = dict(headers), {"grant_type": "client_credentials"} | more
    if basic:
        both = base64.b64encode(f"{client}:{secret}".encode()).decode()
        sent["Authorization"] = f"Basic {both}"
    else:
        form |= {"client_id": client, "client_secret": secret}
    path = "/v1/identity/token"
    return site.ask("POST", path, grants=None, key=False, headers=sent, data=form)


def by(token):
    return {"Authorization": f"Bearer {token}"}


def made(site, *scopes):
    """Return a service account that two people have made, and its secret."""
    body = {"name": "12345 热线", "scopes": scopes, "area": COMMUNITY, "reason": "热线对接"}
    answer = site.ask("POST", ACCOUNTS, person=ZHOU, json=body)
    assert (answer.status_code, answer.headers["location"]) == (
        201, f"{ACCOUNTS}/{answer.json()['id']}",
    )  # fmt: skip
    account = step(site, answer.json(), "approve", person=QIN).json()
    shown = step(site, account, "secrets").json()
    return account | {"version": shown["version"]}, shown["client_secret"]


def test_two_people_make_it_and_it_acts_within_its_scope_as_itself(site):
    account, secret = made(site, "hotline.intake", "public.read")
    given = asked(site, account["id"], secret)
    learn(site)
    assert given.headers["cache-control"] == "no-store"
    told = given.json()
    assert told.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 600)
    assert told["scope"] == "hotline.intake public.read"
    token = told["access_token"]

    filed = site.ask("POST", "/v1/steward/requests", grants=None, json=ORDER, headers=by(token))
    assert filed.status_code == 201, filed.text
    path = f"/v1/steward/requests/{filed.json()['id']}"
    # It was given one street: 201 was answered for the grid of another one.
    elsewhere = site.ask(
        "POST", "/v1/steward/requests", grants=None, json=ORDER | {"grid": FAR}, headers=by(token)
    )
    assert (elsewhere.status_code, elsewhere.json()["guard"]) == (403, "AREA_DENIED")
    assert site.ask("GET", path, grants=None, headers=by(token)).json()["reporter_id"] is None
    assert site.ask("GET", "/v1/steward/areas", grants=None, headers=by(token)).is_success
    with site.runtimes["steward"].engine.connect() as conn:
        audit = sa.text("SELECT actor, role FROM audit ORDER BY id DESC LIMIT 1")
        assert conn.execute(audit).one() == (account["id"], "R_STREET")

    # What no scope names is closed, its own account and other roles of the same area too.
    for verb, other in (
        ("GET", "/v1/identity/me"), ("GET", "/v1/steward/queue"), ("POST", ACCOUNTS),
        ("POST", f"{path}/urge"), ("GET", "/v1/events"),
    ):  # fmt: skip
        answer = site.ask(
            verb, other, grants=None, headers=by(token) | {"X-Acting-Role": "R_STREET"}
        )
        refused = answer.json()
        assert (answer.status_code, refused["code"]) == (403, "SCOPE_LACKING"), other
        assert answer.headers["www-authenticate"] == (
            'Bearer realm="fivered", error="insufficient_scope"'
        )
        assert "hotline.intake" in refused["message_zh"]
        assert "hotline.intake" in refused["message_en"]

    narrow = asked(site, account["id"], secret, scope="public.read").json()["access_token"]
    answer = site.ask("POST", "/v1/steward/requests", grants=None, json=ORDER, headers=by(narrow))
    assert answer.json()["code"] == "SCOPE_LACKING"
    assert site.ask("GET", "/v1/steward/areas", grants=None, headers=by(narrow)).is_success

    (listed,) = site.ask("GET", ACCOUNTS).json()["items"]
    assert listed["last_used_at"] is not None
    ended = step(site, account, "end", {"reason": "合作结束"}).json()
    assert ended["state"] == "ENDED"
    learn(site)
    answer = site.ask("GET", path, grants=None, headers=by(token))
    assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_ENDED")
    assert asked(site, account["id"], secret).json()["error"] == "invalid_client"


def test_nobody_alone_and_no_secret_before_it_is_approved(site):
    body = {"name": "热线", "scopes": ["hotline.intake"], "area": COMMUNITY, "reason": "对接"}
    first = site.ask("POST", ACCOUNTS, person=ZHOU, json=body).json()
    assert step(site, first, "approve").json()["guard"] == "SECOND_PERSON"
    assert step(site, first, "secrets").json()["code"] == "STATE_CONFLICT"
    street = {"role": "R_STREET", "scope": "370811001"}
    far = site.ask("POST", ACCOUNTS, grants=(street,), json=body)
    assert far.json()["code"] == "ROLE_DENIED"
    assert site.ask("GET", f"{ACCOUNTS}/{first['id']}", grants=(street,)).status_code == 404
    refused = step(site, first, "refuse", {"reason": "不需要"}, person=QIN).json()
    assert refused["state"] == "REFUSED"
    assert site.ask("GET", f"{ACCOUNTS}?state=ACTIVE").json()["items"] == []


def test_two_secrets_count_while_one_is_replaced(site):
    account, one = made(site, "public.read")
    shown = step(site, account, "secrets").json()
    two = shown["client_secret"]
    assert shown["before_until"] is not None
    for secret in (one, two):
        assert asked(site, account["id"], secret).is_success
        assert asked(site, account["id"], secret, basic=False).is_success
    three = step(site, shown, "secrets").json()["client_secret"]
    assert asked(site, account["id"], one).status_code == 401
    for secret in (two, three):
        assert asked(site, account["id"], secret).is_success
    detail = site.ask("GET", f"{ACCOUNTS}/{account['id']}")
    assert [one["until"] is None for one in detail.json()["secrets"]] == [True, False]
    with site.runtimes["identity"].engine.connect() as conn:
        for table in Identity.tables.sorted_tables:
            rows = repr(conn.execute(table.select()).all())
            assert not [secret for secret in (one, two, three) if secret in rows], table.name


def test_what_is_wrong_is_told_as_oauth_tells_it(site):
    account, secret = made(site, "public.read")
    cells = {
        "another secret": (asked(site, account["id"], "x"), 401, "invalid_client"),
        "nobody": (asked(site, "svc_nobody", secret), 401, "invalid_client"),
        "another grant": (
            asked(site, account["id"], secret, grant_type="password"),
            400, "unsupported_grant_type",
        ),
        "not its scope": (
            asked(site, account["id"], secret, scope="hotline.intake"), 400, "invalid_scope",
        ),
        "two ways": (
            asked(site, account["id"], secret, client_secret=secret), 400, "invalid_request",
        ),
        "another scheme": (
            asked(site, account["id"], secret, basic=False, headers=by("x")),
            401, "invalid_client",
        ),
        "no secret": (
            site.ask(
                "POST", "/v1/identity/token", grants=None, key=False,
                data={"grant_type": "client_credentials", "client_id": account["id"]},
            ), 401, "invalid_client",
        ),
        "twice": (
            site.ask(
                "POST", "/v1/identity/token", grants=None, key=False,
                content="grant_type=a&grant_type=b",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            ), 400, "invalid_request",
        ),
        "JSON": (
            site.ask("POST", "/v1/identity/token", grants=None, json={}), 400, "invalid_request",
        ),
    }  # fmt: skip
    for name, (answer, status, error) in cells.items():
        told = answer.json()
        assert (answer.status_code, told["error"]) == (status, error), name
        assert told["error_description"].isascii()
        assert told["message_zh"] != told["message_en"]
        # RFC 6749 5.2: who fails to say who it is is told how to.
        challenge = answer.headers.get("www-authenticate", "")
        assert challenge.startswith("Basic ") == (status == 401), name
    for _ in range(4):
        asked(site, account["id"], "x")
    locked = asked(site, account["id"], secret)
    assert (locked.status_code, locked.json()["error"]) == (429, "slow_down")
    assert 0 < int(locked.headers["retry-after"]) <= 5


def test_each_scope_names_doors_that_are_there_and_that_its_role_may_enter():
    known = {
        f"{door.verb} {door.full_path}": door.roles
        for name in service_names()
        for door in doors_of(name) or ()
    }
    site = create(None, settings=settings(), services=["identity", "steward"])
    own = {f"{verb} {route.path}" for route in site.routes for verb in route.methods or ()}
    for name, scope in SCOPES.items():
        for door in scope.doors:
            assert door in known or door in own, (name, door)
            assert {"*", scope.role} & set(known.get(door, (scope.role,))), (name, door)
