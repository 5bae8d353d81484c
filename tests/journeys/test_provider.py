"""Sign in at a district's own provider of OpenID Connect, which runs here on loopback."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
import warnings
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from requests import ReadTimeout, Session

from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.gateway.app import create
from fivered.gateway.tests.conftest import Site, settings
from fivered.services.identity.actions import openid
from fivered.services.identity.actions.bounded import Bounded
from fivered.services.identity.service import Identity
from fivered.services.identity.settings import IdentitySettings
from testkit.bench import environment
from tests.journeys.test_service_accounts import learn

STREET = "370811015"
SECRET = "a secret of ours at the provider, long"
START, BACK = "/v1/identity/oidc/start", "/v1/identity/oidc/callback"


@contextmanager
def opened(folder, issuer="", **more):
    given = environment(
        IdentitySettings,
        FIVERED_IDENTITY_OIDC_ISSUER=issuer,
        FIVERED_IDENTITY_OIDC_CLIENT_ID="fivered",
        FIVERED_IDENTITY_OIDC_CLIENT_SECRET=SECRET,
        FIVERED_IDENTITY_OIDC_REDIRECT_URI="http://localhost/back",
        **more,
    )
    runtime = Runtime.open(Identity, f"sqlite:///{folder}/identity.sqlite", environ=given)
    migrate_service(Identity, runtime.engine)
    host = EmbeddedHost({"identity": runtime})
    host.start()
    site = Site(host)
    site.app = create(host, settings=settings(), services=["identity"])
    openid._failed_until.clear()
    try:
        yield site
    finally:
        host.stop()


def post(site, path, body=None, *, tokens=None, version=None, person="per_boss"):
    headers = {"If-Match": f'"{version}"'} if version is not None else {}
    if tokens is not None:
        headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return site.ask(
        "POST", f"/v1/identity{path}", json=body or {}, person=person, headers=headers,
        **({} if tokens is None else {"grants": None}),
    )  # fmt: skip


def street_officer(site, subject):
    """Return an account with the right of a street, bound to a subject of the provider."""
    made = post(site, "/accounts", {"login": "meng", "area": STREET}).json()
    body = {"person_id": made["person_id"], "role": "R_STREET", "scope": STREET, "reason": "任命"}
    grant = post(site, "/grants", body, person="per_zhou").json()
    post(site, f"/grants/{grant['id']}/approve", version=grant["version"], person="per_qin")
    body = {"subject": subject, "reason": "统一身份认证"}
    bound = post(site, f"/accounts/{made['id']}/provider", body, version=made["version"])
    assert bound.json()["provider_subject"] == subject
    return bound.json()


def begun(site):
    answer = site.ask("GET", START, grants=None)
    assert answer.is_success, answer.text
    return answer.json()


def back(site, flow, code, **more):
    body = {"code": code, "state": flow["state"], "flow": flow["flow"]} | more
    return site.ask("POST", BACK, grants=None, json=body)


def refreshed(site, tokens):
    return site.ask(
        "POST", "/v1/identity/refresh", grants=None, json={"refresh_token": tokens["refresh_token"]}
    )


@pytest.fixture
def real():
    """A provider from the registry, as its makers ship it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from oidc_provider_mock import run_server_in_thread

        with run_server_in_thread(require_nonce=True) as server:
            yield f"http://localhost:{server.server_port}"


def signed_in_at(address, subject):
    """Do what a person does at the provider. Returns the code, and the state that came back."""
    answer = httpx.post(address, data={"sub": subject})
    sent = parse_qs(urlsplit(answer.headers["location"]).query)
    return sent["code"][0], sent["state"][0]


def test_a_bound_person_signs_in_at_the_provider_and_proves_the_rest_here(tmp_path, real):
    with opened(tmp_path, real) as site:
        account = street_officer(site, "sub-meng")
        flow = begun(site)
        asked = parse_qs(urlsplit(flow["address"]).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["nonce"] != asked["state"] == [flow["state"]]
        code, state = signed_in_at(flow["address"], "sub-meng")
        assert state == flow["state"]
        told = back(site, flow, code)
        assert told.is_success, told.text
        tokens = told.json()
        # The provider's word alone is no authenticator.
        assert (tokens["rights"], tokens["second_factor"]) == ([], "NEEDED")
        again = back(site, flow, code)
        assert (again.status_code, again.json()["code"]) == (401, "PROVIDER_REFUSED")

        learn(site)
        otp = pyotp.TOTP(post(site, "/second-factor", tokens=tokens).json()["secret"])
        code = otp.now()
        assert post(site, "/second-factor/confirm", {"code": code}, tokens=tokens).is_success
        flow = begun(site)
        tokens = back(site, flow, signed_in_at(flow["address"], "sub-meng")[0]).json()
        assert tokens["rights"] == []
        wrong = post(site, "/second-factor/prove", {"code": code}, tokens=tokens)
        assert wrong.json()["guard"] == "CODE_WRONG"
        code = otp.at(int(time.time()) + 30)
        assert post(site, "/second-factor/prove", {"code": code}, tokens=tokens).is_success
        tokens = refreshed(site, tokens).json()
        assert tokens["rights"] == [{"role": "R_STREET", "scope": STREET}]

        # Nobody is known by a name: who is not bound does not come in, whatever they are called.
        flow = begun(site)
        stranger = back(site, flow, signed_in_at(flow["address"], "meng")[0])
        assert (stranger.status_code, stranger.json()["code"]) == (403, "PROVIDER_UNBOUND")
        other = begun(site)
        code, _ = signed_in_at(other["address"], "sub-meng")
        mixed = back(site, other | {"state": flow["state"]}, code)
        assert mixed.json()["code"] == "PROVIDER_REFUSED"
        assert back(site, other, "no code of theirs").json()["code"] == "PROVIDER_REFUSED"

        # Who binds an account to another identity is noticed: its sessions end.
        account = site.ask("GET", f"/v1/identity/accounts/{account['id']}").json()
        path = f"/accounts/{account['id']}/provider"
        body = {"subject": "sub-2", "reason": "换发"}
        account = post(site, path, body, version=account["version"]).json()
        assert refreshed(site, tokens).json()["code"] == "SESSION_ENDED"
        flow = begun(site)
        tokens = back(site, flow, signed_in_at(flow["address"], "sub-2")[0]).json()
        assert refreshed(site, tokens).is_success
        path = f"/accounts/{account['id']}/provider/end"
        assert post(site, path, {"reason": "离岗"}, version=account["version"]).is_success
        assert refreshed(site, tokens).json()["code"] == "SESSION_ENDED"
        flow = begun(site)
        gone = back(site, flow, signed_in_at(flow["address"], "sub-2")[0])
        assert gone.json()["code"] == "PROVIDER_UNBOUND"


def test_without_a_provider_or_with_one_that_is_down_it_is_said_at_once(tmp_path):
    with opened(tmp_path) as site:
        assert site.ask("GET", START, grants=None).json()["code"] == "PROVIDER_MISSING"
        account = post(site, "/accounts", {"login": "meng", "area": STREET}).json()
        body = {"subject": "x", "reason": "统一身份认证"}
        answer = post(site, f"/accounts/{account['id']}/provider", body, version=account["version"])
        assert answer.json()["code"] == "PROVIDER_MISSING"
    with opened(tmp_path, "http://localhost:9") as site:
        for _ in range(2):
            answer = site.ask("GET", START, grants=None)
            assert (answer.status_code, answer.json()["code"]) == (503, "PROVIDER_UNAVAILABLE")
        assert site.ask("GET", "/v1/identity/keys", grants=None).is_success


# --------------------------------------------------------------------------------------------------
# A provider that lies


class Liar(http.server.BaseHTTPRequestHandler):
    """Speaks OpenID Connect over real HTTP, and says what a test tells it to."""

    def do_GET(self):
        issuer = self.server.issuer
        if self.path.endswith("openid-configuration"):
            self.say({
                "issuer": issuer, "authorization_endpoint": f"{issuer}/auth",
                "token_endpoint": f"{issuer}/token", "jwks_uri": f"{issuer}/jwks",
            })  # fmt: skip
        else:
            self.say({"keys": [self.server.public | self.server.beside]})

    def do_POST(self):
        sent = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        challenge = text64(hashlib.sha256(sent["code_verifier"][0].encode()).digest()).decode()
        basic = base64.b64decode(self.headers["authorization"].split()[1]).decode()
        if challenge != self.server.challenge or basic != f"fivered:{SECRET}":
            self.say({"error": "invalid_grant"}, 400)
        else:
            self.say({"access_token": "x", "token_type": "Bearer", "id_token": self.server.token})

    def say(self, what, status=200):
        content = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args):
        pass


@contextmanager
def serving(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def new_key(server, kid):
    server.key = rsa.generate_private_key(65537, 2048)
    public = RSAAlgorithm.to_jwk(server.key.public_key(), as_dict=True)
    server.public = public | {"kid": kid, "use": "sig", "alg": "RS256"}


def hmac_by(key):
    """Sign as an old trick has it: with what everybody knows, as if it were a secret."""

    def sign(claims):
        parts = [{"alg": "HS256", "kid": "one"}, claims]
        signed = b".".join(text64(json.dumps(one).encode()) for one in parts)
        return b".".join((signed, text64(hmac.digest(key, signed, "sha256")))).decode()

    return sign


def text64(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def test_a_provider_that_lies_signs_nobody_in(tmp_path):
    with serving(Liar) as server:
        server.issuer = f"http://127.0.0.1:{server.server_port}"
        server.beside = {}
        new_key(server, "one")
        factors = {"FIVERED_IDENTITY_OIDC_FACTORS": "otp,urn:strong"}
        with opened(tmp_path, server.issuer, **factors) as site:
            street_officer(site, "sub-meng")

            def tried(sign=None, challenge=None, sent=(), **changes):
                flow = begun(site)
                asked = parse_qs(urlsplit(flow["address"]).query)
                now = int(time.time())
                claims = {
                    "iss": server.issuer, "aud": "fivered", "sub": "sub-meng", "iat": now,
                    "exp": now + 300, "nonce": asked["nonce"][0],
                } | changes  # fmt: skip
                claims = {name: one for name, one in claims.items() if one is not None}
                kid = {"kid": server.public["kid"]}
                server.challenge = challenge or asked["code_challenge"][0]
                server.token = (
                    sign(claims)
                    if sign
                    else jwt.encode(claims, server.key, algorithm="RS256", headers=kid)
                )
                return back(site, flow, "a code", **dict(sent))

            assert tried().json()["rights"] == []
            # What counts as an authenticator is set: amr, or acr.
            for strong in ({"amr": ["pwd", "otp"]}, {"acr": "urn:strong"}):
                assert tried(**strong).json()["rights"] == [{"role": "R_STREET", "scope": STREET}]
            assert tried(amr=["pwd"], acr="urn:weak").json()["rights"] == []

            public = json.dumps(server.public).encode()
            old = int(time.time()) - 3600
            lies = {
                "not signed": tried(lambda said: jwt.encode(said, None, algorithm="none")),
                "our secret": tried(hmac_by(SECRET.encode())),
                "the public key as a secret": tried(hmac_by(public)),
                "another nonce": tried(nonce="x"),
                "no nonce": tried(nonce=None),
                "another issuer": tried(iss="http://127.0.0.1:1"),
                "for another": tried(aud="another"),
                "for another, though issued to us": tried(aud="another", azp="fivered"),
                "for several, issued to another": tried(aud=["fivered", "b"], azp="b"),
                "of long ago": tried(iat=old, exp=old + 60),
                "of nobody": tried(sub=None),
                "a number": tried(sub=7),
                "another verifier": tried(challenge="x"),
                "another has answered": tried(sent={"iss": "http://127.0.0.1:1"}),
                "no token": tried(lambda _said: None),
                "garbage": tried(lambda _said: "a.b.c"),
            }
            for name, answer in lies.items():
                told = answer.status_code, answer.json()["code"]
                assert told == (401, "PROVIDER_REFUSED"), (name, answer.text)
            # None of these keeps anybody else out.
            assert tried(sent={"iss": server.issuer}).is_success

            # A key is replaced; another one that only looks like it is not believed.
            new_key(server, "two")
            assert tried().is_success
            server.key = rsa.generate_private_key(65537, 2048)
            assert tried().json()["code"] == "PROVIDER_REFUSED"
            server.beside = {"use": "enc"}
            new_key(server, "three")
            assert tried().json()["code"] == "PROVIDER_REFUSED"


def test_an_answer_that_does_not_end_is_given_up():
    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b" " * 1000)
                    time.sleep(0.02)
            except OSError:
                pass

        def log_message(self, *_args):
            pass

    with serving(Slow) as server:
        for limits in ({"most_s": 0.2, "most_bytes": 10**9}, {"most_s": 30, "most_bytes": 2000}):
            session = Session()
            session.mount("http://", Bounded(**limits))
            begun_at = time.monotonic()
            with pytest.raises(ReadTimeout):
                session.get(f"http://127.0.0.1:{server.server_port}/")
            assert time.monotonic() - begun_at < 5
