"""Who acts in a call: the gateway signs, services believe it, and cannot sign for each other."""

import base64
import hmac
import json

import pytest

from fivered.chassis import actors, rpc, settings
from fivered.chassis.actors import Believed, Signer, new_pair
from fivered.chassis.messages import SYSTEM, Actor
from fivered.chassis.refusal import RoleDenied

ACTOR = Actor("per_1", "R_DISTRICT", "370811", "ses_1", "127.0.0.1")
PEOPLE, OTHER, OF_SYSTEM = new_pair(), new_pair(), new_pair()
SIGNER = Signer(people=PEOPLE[0], system=OF_SYSTEM[0])
BELIEVED = Believed(people=[PEOPLE[1]], system=[OF_SYSTEM[1]])
SHARED = "a-key-that-everybody-has-32-bytes-long"
BODY = b'{"counter_id": "c", "amount": 1}'


def call(signer, actor=ACTOR, body=BODY, key="k1", version=3):
    content = actors.content_of(body, key, version)
    signed = signer.sign(actor, "toy", "add", content)
    return {"method": "add", "actor": signed, "key": key, "version": version}


def read(headers, believed=BELIEVED, body=BODY, service="toy"):
    return rpc.read_call(body, headers, service, believed)[0].actor


def test_a_signed_actor_is_good_for_the_call_that_it_was_signed_for():
    """SEC-M15: the same header with another body was believed for a minute."""
    for signer, believed in (
        (SIGNER, BELIEVED),
        (Signer(shared=SHARED), Believed(shared=[SHARED])),
    ):
        headers = call(signer)
        assert read(headers, believed) == ACTOR
        for body, other, service in (
            (b'{"counter_id": "c", "amount": 1000}', {}, "toy"),
            (BODY, {"key": "k2"}, "toy"),
            (BODY, {"version": 4}, "toy"),
            (BODY, {"method": "total"}, "toy"),
            (BODY, {}, "credit"),
            (BODY, {"actor": headers["actor"][:-2]}, "toy"),
            (BODY, {"actor": ""}, "toy"),
        ):
            with pytest.raises(RoleDenied):
                read(headers | other, believed, body, service)


def test_a_signed_actor_is_good_for_a_minute(monkeypatch):
    headers = call(SIGNER)
    now = actors.time.time()
    monkeypatch.setattr(actors.time, "time", lambda: now + actors.LIFE_S + 1)
    with pytest.raises(RoleDenied):
        read(headers)


def test_who_knows_what_a_service_knows_can_sign_nothing():
    """SEC-M15: each service had the key that signs, so one that is broken into was everybody."""
    known = PEOPLE[1]
    claims = {"sub": "x", "role": "R_DISTRICT", "scope": "", "aud": "toy.add", "exp": 9_999_999_999}
    said = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    right = call(SIGNER)["actor"].split(".")[0]
    for head in (right, actors._SHARED_HEAD, base64.urlsafe_b64encode(b'{"alg":"none"}').decode()):
        text = f"{head}.{said}"
        for secret in (known.encode(), actors.key_bytes(known), b""):
            made = base64.urlsafe_b64encode(hmac.digest(secret, text.encode(), "sha256"))
            with pytest.raises(RoleDenied):
                read({"method": "add", "actor": f"{text}.{made.rstrip(b'=').decode()}"})
        with pytest.raises(RoleDenied):
            read({"method": "add", "actor": f"{text}."})
    with pytest.raises(RoleDenied):
        read(call(Signer(people=OTHER[0], system=OTHER[0])))


def test_the_key_for_people_makes_nobody_the_system_and_the_other_way_round():
    assert read(call(SIGNER, SYSTEM)) == SYSTEM
    with pytest.raises(RoleDenied):
        read(call(Signer(people=PEOPLE[0], system=PEOPLE[0]), SYSTEM))
    with pytest.raises(RoleDenied):
        read(call(Signer(people=OF_SYSTEM[0], system=OF_SYSTEM[0]), ACTOR))


def test_an_installation_of_before_goes_over_to_pairs_without_a_refusal():
    """Services first: then they believe either; then the gateway; then the shared key is gone."""
    both = Believed(people=[PEOPLE[1]], system=[OF_SYSTEM[1]], shared=[SHARED])
    for signer in (Signer(shared=SHARED), SIGNER):
        assert read(call(signer), both) == ACTOR
        assert read(call(signer, SYSTEM), both) == SYSTEM
    with pytest.raises(RoleDenied):
        read(call(Signer(shared=SHARED)))


def test_a_key_is_replaced_without_a_refusal():
    either = Believed(people=[PEOPLE[1], OTHER[1]], system=[OF_SYSTEM[1]])
    for private in (PEOPLE[0], OTHER[0]):
        assert read(call(Signer(people=private, system=OF_SYSTEM[0])), either) == ACTOR
    two = Believed(shared=["n" * 40, SHARED])
    assert read(call(Signer(shared=SHARED)), two) == ACTOR


def test_a_service_is_told_at_its_start_which_key_is_missing_or_none():
    given = {
        "FIVERED_ACTOR_PUBLIC": PEOPLE[1],
        "FIVERED_SYSTEM_PUBLIC": OF_SYSTEM[1],
        "FIVERED_DIGEST_KEY": "d" * 32,
    }
    found = settings.read(settings.ProcessSettings, given)
    assert read(call(SIGNER), actors.believed_by(found)) == ACTOR
    old = settings.read(settings.ProcessSettings, {"FIVERED_ACTOR_KEY": SHARED})
    assert read(call(Signer(shared=SHARED)), actors.believed_by(old)) == ACTOR
    for name in given:
        with pytest.raises(settings.SettingsError, match=f"{name} is not set"):
            settings.read(settings.ProcessSettings, given | {name: ""})
    for wrong in (PEOPLE[1][:-1], PEOPLE[1] + "A", f"{PEOPLE[1]},x", "=" * 43):
        with pytest.raises(settings.SettingsError, match=r"FIVERED_ACTOR_PUBLIC is wrong"):
            settings.read(settings.ProcessSettings, given | {"FIVERED_ACTOR_PUBLIC": wrong})
