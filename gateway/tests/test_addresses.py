"""An address is found among its like, and what is found is what a look at all of them finds."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from fivered.gateway import identity
from fivered.gateway.addresses import Addresses
from fivered.gateway.errors import TokenExpired


def _route(path, verb="GET"):
    async def serve(request):
        return PlainTextResponse(f"{verb} {path} {dict(request.path_params)}")

    return Route(path, serve, methods=[verb])


@pytest.mark.parametrize(
    ("verb", "path", "answer"),
    [
        ("GET", "/v1/a/things/import", "GET /v1/a/things/import {}"),
        ("GET", "/v1/a/things/7", "GET /v1/a/things/{id} {'id': '7'}"),
        ("POST", "/v1/a/things/7", "POST /v1/a/things/{id} {'id': '7'}"),
        ("GET", "/v1/a/others/7", "GET /v1/a/{kind}/{id} {'kind': 'others', 'id': '7'}"),
        ("GET", "/v1/b/x/y/z", "GET /v1/b/{rest:path} {'rest': 'x/y/z'}"),
        ("GET", "/live", "GET /live {}"),
    ],
)
def test_the_first_address_that_fits_wholly_answers(verb, path, answer):
    app = Starlette()
    app.router = addresses = Addresses(redirect_slashes=False)
    addresses.lay(
        [
            _route("/live"),
            _route("/v1/a/things/import"),
            _route("/v1/a/things/{id}"),
            _route("/v1/a/things/{id}", "POST"),
            _route("/v1/a/{kind}/{id}"),
            _route("/v1/b/{rest:path}"),
        ]
    )

    async def asked(verb, path):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            return await client.request(verb, path)

    assert asyncio.run(asked(verb, path)).text == answer
    assert asyncio.run(asked("DELETE", "/v1/a/things/7")).status_code == 405
    assert asyncio.run(asked("GET", "/v1/a")).status_code == 404


def _ended(_credential):
    raise TokenExpired


def test_a_token_that_was_read_before_ends_at_its_end(monkeypatch):
    key = "k" * 32
    token = identity.issue(key, "per_a", [{"role": "R_CADRE", "scope": "370811"}], 1)
    tokens = identity.Tokens(key)
    assert tokens.identify(token) == tokens.identify(token)
    real = identity.time.time
    monkeypatch.setattr(identity.time, "time", lambda: real() + 3600 + identity.LEEWAY_S + 1)
    # What was kept must not outlive the token: it is checked anew, and by then it has ended.
    monkeypatch.setattr(tokens, "_check", _ended)
    with pytest.raises(TokenExpired):
        tokens.identify(token)
