"""People and accounts of the identity service's tests."""

import sys
from datetime import UTC, datetime, timedelta

import jwt
import pyotp
import pytest
from argon2 import PasswordHasher

from fivered.chassis.messages import SELF, SYSTEM, Actor
from fivered.services.identity.service import Identity
from fivered.services.identity.storage import secrets
from testkit.bench import bench, database_url  # noqa: F401  pytest finds them here

DISTRICT, STREET, COMMUNITY = "370811", "370811015", "370811015901"
GRID, OTHER_GRID = "370811015901001", "370811015901002"
PASSWORD = "a fine long sentence 7"
HOME = "203.0.113.7"


class Time:
    """Real time, which the tests move."""

    def __init__(self):
        self.at = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self):
        return self.at

    def pass_(self, **span):
        self.at += timedelta(**span)


class House:
    """The doors of the service, as a gateway enters them."""

    def __init__(self, bench, time):  # noqa: F811  the fixture of that name
        self.bench = bench
        self.time = time
        self.address = HOME
        self.codes = {}

    def anybody(self):
        self.bench.actor = Actor("", "R_ANONYMOUS", "", address=self.address)
        return self.bench

    def self_(self, tokens):
        """Act as who is signed in, on the own account."""
        said = self.read(tokens)
        self.bench.actor = Actor(said["sub"], SELF, "", said["sid"])
        return self.bench

    def as_(self, role, person, scope):
        return self.bench.as_(role, person=person, scope=scope)

    def read(self, tokens):
        """Return what an access token says, checked with the published keys."""
        self.anybody()
        keys = self.bench.ask("public_keys")["keys"]
        kid = jwt.get_unverified_header(tokens["access_token"])["kid"]
        (one,) = [key for key in keys if key["kid"] == kid]
        return jwt.decode(
            tokens["access_token"], jwt.PyJWK(one).key, algorithms=["EdDSA"],
            audience="fivered.gateway", issuer="fivered", options={"verify_exp": False},
        )  # fmt: skip

    def first_day(self, login="zhou", district=DISTRICT):
        self.bench.actor = SYSTEM
        return self.bench.do("_first_day", {"login": login, "district": district})

    def sign_in(self, login, password=PASSWORD, **more):
        return self.anybody().do("sign_in", {"login": login, "password": password} | more)

    def refresh(self, tokens, **more):
        return self.anybody().do("refresh", {"refresh_token": tokens["refresh_token"]}, **more)

    def with_factor(self, tokens):
        """Turn an authenticator on; returns what makes its codes, and the recovery codes."""
        secret = self.self_(tokens).do("begin_factor")["secret"]
        otp = pyotp.TOTP(secret)
        told = self.self_(tokens).do("confirm_factor", {"code": otp.at(self.time.at)})
        return otp, told["recovery_codes"]

    def staff(self, login="zhou", made=None):
        """Make an administrator who has done all of the first sign-in. Returns tokens with roles."""
        made = made or self.first_day(login)
        tokens = self.sign_in(login, made["password"], new_password=PASSWORD)
        self.codes[login], _recovery = self.with_factor(tokens)
        return self.refresh(tokens)

    def staff_again(self, login):
        """Sign a member of staff in who has an authenticator."""
        return self.sign_in(login, code=self.codes[login].at(self.time.at))

    def hear(self, source, fact, data, *, subject="", sequence=1, scope=COMMUNITY):
        subject = subject or next(iter(data.values()))
        return self.bench.consume(
            source, f"{fact}.v1", data, subject=subject, sequence=sequence, scope=scope
        )

    def resident(self, person="per_ana", grid=GRID, sequence=1):
        data = {"person_id": person, "grid": grid, "community": grid[:12]}
        self.hear("steward", "resident_registered", data, sequence=sequence)
        return person

    def rights(self, person):
        """Return the (role, scope, source) of a person that hold."""
        rows = self.bench.rows(
            "SELECT role, scope, source FROM grants WHERE person_id = :p AND state = 'ACTIVE'"
            " ORDER BY role, scope, source",
            p=person,
        )
        return [(row["role"], row["scope"], row["source"]) for row in rows]

    def endings(self, kind):
        self.bench.actor = SYSTEM
        told = self.bench.ask("_standing")["endings"]
        return [(one["ref"], one["generation"]) for one in told if one["kind"] == kind]


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes():
    """Passwords as the product hashes them, with the least work: hundreds are hashed here."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "_hasher", lambda: cheap)
        patch.setattr(secrets, "_coder", lambda: cheap)
        yield


@pytest.fixture
def service_cls():
    return Identity


@pytest.fixture
def house(bench, monkeypatch):  # noqa: F811
    time = Time()
    for module in _users_of_time():
        monkeypatch.setattr(module, "real_now", time)
    return House(bench, time)


def _users_of_time():
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("fivered.services.identity.") and hasattr(module, "real_now")
        and ".tests" not in name
    ]  # fmt: skip
