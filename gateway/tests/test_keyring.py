"""Tokens of people who have signed in: which the gateway believes, and for how long."""

import asyncio
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from fivered.chassis.messages import SELF, Actor
from fivered.chassis.rpc import ServiceUnavailable
from fivered.gateway.errors import (
    NoRole,
    SessionEnded,
    TokenExpired,
    TokenInvalid,
    TokenOutdated,
    TokenRequired,
)
from fivered.gateway.identity import ANONYMOUS, Grant, Identity, Tokens, admit, issue
from fivered.gateway.keyring import EVERY_S, Keyring

KEY = "a-test-key-that-is-32-bytes-long-or-more"
GRANTS = [{"role": "R_CADRE", "scope": "370811015901"}]
SIGNS = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()


def told(*endings, **keys):
    """Return what the identity service says: keys by their names, and what has ended."""
    named = keys or {"key_1": SIGNS}
    return {
        "keys": [
            {"kid": kid, **OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)}
            for kid, key in named.items()
        ],
        "endings": [
            {"kind": kind, "ref": ref, "generation": number} for kind, ref, number in endings
        ],
    }


def token(key=SIGNS, kid="key_1", **changes):
    now = int(time.time())
    claims = {
        "iss": "fivered", "aud": "fivered.gateway", "sub": "per_ana", "sid": "ses_1", "gen": 0,
        "iat": now, "exp": now + 600, "jti": "x", "grants": GRANTS,
    } | changes  # fmt: skip
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": kid})


@pytest.fixture
def ring():
    made = Keyring(Tokens(KEY), signed_in=True)
    made.take(told())
    return made


def test_a_token_of_a_session_is_believed_and_an_operators_too(ring):
    assert ring.identify(token()) == Identity(
        "per_ana", (Grant("R_CADRE", "370811015901"),), "ses_1"
    )
    assert ring.identify(issue(KEY, "per_ana", GRANTS, 1)).session == ""


def test_a_token_of_an_operator_that_was_ended_is_refused_and_no_other_one(ring):
    """It counted until it expired, for as long as a year."""
    ended, other = (issue(KEY, "per_ana", GRANTS, 1, name) for name in ("tok_1", "tok_2"))
    for one in (ended, other):
        assert ring.identify(one).person_id == "per_ana"
    ring.take(told(("TOKEN", "tok_1", 0)))
    for _ in range(2):
        with pytest.raises(SessionEnded):
            ring.identify(ended)
    assert ring.identify(other).person_id == "per_ana"
    fresh = Keyring(Tokens(KEY), signed_in=True)
    fresh.take(told(("TOKEN", "tok_1", 0)))
    with pytest.raises(SessionEnded):
        fresh.identify(ended)


FORGED = {
    "another key": lambda: token(OTHER),
    "a key of nobody": lambda: token(kid="key_9"),
    "a phone number": lambda: token(sub="13812345678"),
    "for somebody else": lambda: token(aud="another"),
    "of somebody else": lambda: token(iss="another"),
    "a role of nobody": lambda: token(grants=[{"role": "R_SYSTEM", "scope": "370811"}]),
    "no number": lambda: token(gen="many"),
    "not signed": lambda: jwt.encode({"sub": "per_ana"}, None, algorithm="none"),
    "the public key as a secret, as an old trick has it": lambda: jwt.encode(
        {"sub": "per_ana", "grants": GRANTS}, "x" * 32, headers={"kid": "key_1"}
    ),
    "nothing": lambda: "nothing",
}


@pytest.mark.parametrize("forged", FORGED)
def test_nothing_else_is(ring, forged):
    with pytest.raises(TokenInvalid):
        ring.identify(FORGED[forged]())


def test_a_token_ends_by_its_time_and_with_its_session(ring):
    with pytest.raises(TokenExpired):
        ring.identify(token(exp=int(time.time()) - 31))
    one, other = token(), token(sid="ses_2")
    assert ring.identify(one)
    assert ring.identify(other)
    ring.take(told(("SESSION", "ses_1", 0)))
    with pytest.raises(SessionEnded) as refused:
        ring.identify(one)
    assert refused.value.code == "SESSION_ENDED"
    assert ring.identify(other)
    ring.take(told())  # it is not told for ever
    with pytest.raises(SessionEnded):
        ring.identify(one)


def test_a_right_that_ended_is_in_no_token_that_counts(ring):
    before, after = token(), token(gen=2)
    assert ring.identify(before)
    ring.take(told(("PERSON", "per_ana", 1), ("PERSON", "per_ana", 2)))
    for outdated in (before, token(gen=1)):
        with pytest.raises(TokenOutdated):
            ring.identify(outdated)
    assert ring.identify(after)
    assert ring.identify(token(sub="per_ben"))


def test_a_key_may_be_replaced_while_tokens_of_both_count(ring):
    old, new = token(), token(OTHER, "key_2")
    with pytest.raises(TokenInvalid):
        ring.identify(new)
    ring.take(told(key_1=SIGNS, key_2=OTHER))
    assert ring.identify(old)
    assert ring.identify(new)


def test_before_the_keys_are_known_the_caller_is_asked_to_come_again():
    with pytest.raises(ServiceUnavailable):
        Keyring(Tokens(KEY), signed_in=True).identify(token())
    with pytest.raises(TokenInvalid):
        Keyring(Tokens(KEY), signed_in=False).identify(token())


def test_a_key_that_is_not_known_is_asked_for_at_once(ring):
    asked = asyncio.Queue()

    class Service:
        async def call(self, *_names, **_options):
            asked.put_nowait(time.monotonic())
            return told(key_1=SIGNS, key_2=OTHER)

    async def run():
        following = asyncio.create_task(ring.follow(Service()))
        first = await asked.get()
        with pytest.raises(TokenInvalid):
            ring.identify(token(Ed25519PrivateKey.generate(), "key_3"))
        second = await asked.get()
        following.cancel()
        return second - first

    assert 0.9 < asyncio.run(run()) < EVERY_S


def test_at_a_door_of_ones_own_account_no_role_is_needed():
    nobody = Identity("per_ana", (), "ses_1")
    assert admit((SELF,), nobody, None) == Actor("per_ana", SELF, "", "ses_1")
    with pytest.raises(TokenRequired):
        admit((SELF,), None, None)
    with pytest.raises(NoRole):
        admit(("*",), nobody, None)
    assert admit(("PUBLIC",), nobody, None) == ANONYMOUS
    two = Identity("per_ana", (Grant("R_CADRE", "370811"), Grant("R_GRID", "370811")), "ses_1")
    assert admit((SELF,), two, None).role == SELF
