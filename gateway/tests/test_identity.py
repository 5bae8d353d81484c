"""Who is asking, and as what."""

from __future__ import annotations

import itertools
import json
import time

import jwt
import pytest

from fivered.chassis.messages import ANY_ROLE, SELF
from fivered.gateway.errors import RoleNotGranted, TokenInvalid
from fivered.gateway.identity import AUDIENCE, ISSUER, Grant, Identity, Tokens, admit, issue
from fivered.gateway.tests.conftest import DISTRICT, RESIDENT, problem_of
from testkit.bench import KEY

CADRE = {"role": "R_CADRE", "scope": "370811015901"}
ASK = ("GET", "/v1/toy/counters/c1")
GOOD = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "per_1",
    "exp": int(time.time()) + 3600,
    "grants": [DISTRICT],
}


def bearer(site, token):
    return site.ask(*ASK, grants=None, headers={"Authorization": token})


def test_without_a_token_only_public_doors_open(site):
    answer = site.ask(*ASK, grants=None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="fivered"'
    assert problem_of(answer)["code"] == "TOKEN_REQUIRED"
    assert site.ask("GET", "/v1", grants=None).status_code == 200


@pytest.mark.covers("REQ-L09")
@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(GOOD | {"aud": "other"}, KEY, "HS256"),
        jwt.encode(GOOD | {"iss": "other"}, KEY, "HS256"),
        jwt.encode(GOOD, KEY + "x", "HS256"),
        jwt.encode(GOOD, KEY + "x" * 64, "HS512"),
        jwt.encode(GOOD, None, "none"),
        jwt.encode({k: v for k, v in GOOD.items() if k != "exp"}, KEY, "HS256"),
        jwt.encode({k: v for k, v in GOOD.items() if k != "sub"}, KEY, "HS256"),
        jwt.encode({k: v for k, v in GOOD.items() if k != "grants"}, KEY, "HS256"),
        jwt.encode(GOOD | {"grants": []}, KEY, "HS256"),
        jwt.encode(GOOD | {"grants": [{"role": "R_KING", "scope": "370811"}]}, KEY, "HS256"),
        jwt.encode(GOOD | {"grants": [{"role": "R_SYSTEM", "scope": "370811"}]}, KEY, "HS256"),
        jwt.encode(GOOD | {"grants": [{"role": "R_CADRE", "scope": ""}]}, KEY, "HS256"),
        jwt.encode(GOOD | {"grants": ["R_CADRE"]}, KEY, "HS256"),
        jwt.encode(GOOD | {"sub": "a person"}, KEY, "HS256"),
        jwt.encode(GOOD | {"nbf": int(time.time()) + 3600}, KEY, "HS256"),
        "rubbish",
    ],
    # By number: a token holds the second in which it is made, and another process makes another.
    ids=itertools.count(),
)
def test_a_token_that_is_not_ours_is_refused_and_says_nothing_about_why(site, token):
    answer = bearer(site, f"Bearer {token}")
    assert answer.status_code == 401
    assert problem_of(answer)["code"] == "TOKEN_INVALID"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_other_ways_to_authenticate_are_refused_on_public_doors_too(site):
    for header in ("Basic YTpi", "Bearer", "Bearer "):
        assert bearer(site, header).status_code == 401
    answer = site.ask("GET", "/v1", grants=None, headers={"Authorization": "Bearer rubbish"})
    assert problem_of(answer)["code"] == "TOKEN_INVALID"


PHONES = ("12812345678", "+8612812345678", "tel:12812345678", "per_12812345678", "per_+12812345678")


@pytest.mark.covers("R17")
def test_a_token_is_of_one_person_of_the_registry_and_never_of_a_phone_number(site):
    for phone in PHONES:
        with pytest.raises(ValueError, match="no person id"):
            issue(KEY, phone, [RESIDENT], 1)
        answer = bearer(site, f"Bearer {jwt.encode(GOOD | {'sub': phone}, KEY, 'HS256')}")
        assert problem_of(answer)["code"] == "TOKEN_INVALID"
    # Nothing beside the token says who somebody is: not a header, not a parameter.
    method, path, *rest = ASK
    asked = f"{path}{'&' if '?' in path else '?'}phone=12812345678"
    for headers in ({"X-Phone": "12812345678"}, {"X-Person-Id": "per_other"}):
        answer = site.ask(method, path, *rest, grants=None, headers=headers)
        assert problem_of(answer)["code"] == "TOKEN_REQUIRED"
    assert site.ask(method, asked, *rest, grants=None).status_code == 401
    # Two persons with the same role are two persons to the service that answers.
    seen = {
        person: Tokens(KEY).identify(issue(KEY, person, [RESIDENT], 1)).person_id
        for person in ("per_1", "per_2")
    }
    assert seen == {"per_1": "per_1", "per_2": "per_2"}


def test_an_expired_token_says_that_it_has_expired(site):
    token = jwt.encode(GOOD | {"exp": int(time.time()) - 60}, KEY, "HS256")
    assert problem_of(bearer(site, f"Bearer {token}"))["code"] == "TOKEN_EXPIRED"


@pytest.mark.parametrize("seconds", [2, 10, 29])
def test_a_clock_that_is_a_little_ahead_does_not_lock_anybody_out(site, seconds):
    """IN-A13"""
    ahead = int(time.time()) + seconds
    token = jwt.encode(GOOD | {"iat": ahead, "nbf": ahead, "exp": ahead + 3600}, KEY, "HS256")
    assert bearer(site, f"Bearer {token}").status_code == 200


def test_a_token_that_never_ends_is_none_of_ours(site):
    """SEC low 11"""
    token = jwt.encode(GOOD | {"exp": 253402300799}, KEY, "HS256")
    assert problem_of(bearer(site, f"Bearer {token}"))["code"] == "TOKEN_INVALID"


def test_what_everybody_may_read_does_not_end_with_a_token(site):
    """IN-B7"""
    token = jwt.encode(GOOD | {"exp": int(time.time()) - 3600}, KEY, "HS256")
    headers = {"Authorization": f"Bearer {token}"}
    assert site.ask("GET", "/v1", grants=None, headers=headers).status_code == 200


def test_one_grant_needs_no_acting_role(site):
    assert site.ask(*ASK, grants=[RESIDENT]).status_code == 200


def test_several_grants_need_an_acting_role_and_one_that_is_granted(site):
    both = [RESIDENT, DISTRICT]
    answer = site.ask(*ASK, grants=both)
    assert answer.status_code == 400
    found = problem_of(answer)
    assert found["code"] == "ACTING_ROLE_REQUIRED"
    assert "R_RESIDENT" in found["detail"]
    assert "R_DISTRICT" in found["detail"]
    assert site.add(grants=both, headers={"X-Acting-Role": "R_DISTRICT"}).status_code == 201
    wrong = site.add(grants=both, headers={"X-Acting-Role": "R_RESIDENT"})
    assert wrong.status_code == 403
    assert problem_of(wrong)["code"] == "ROLE_DENIED"
    missing = site.add(grants=both, headers={"X-Acting-Role": "R_AUDITOR"})
    assert missing.status_code == 403
    assert problem_of(missing)["code"] == "ROLE_DENIED"
    unreadable = site.add(grants=both, headers={"X-Acting-Role": "king"})
    assert problem_of(unreadable)["code"] == "ACTING_ROLE_UNREADABLE"
    assert site.ask("GET", "/v1", grants=both).status_code == 200


def test_a_matter_of_one_s_own_is_opened_by_an_office_too_where_the_door_says_so(site):
    """Officials could not list the corrections of their community: each was taken for a person
    who asks for the own ones, whatever role was named."""
    officer = Identity(
        "per_1", (Grant("R_CADRE", "370811015901"), Grant("R_RESIDENT", "370811015901001"))
    )
    mixed, own = (ANY_ROLE, SELF), (SELF,)
    assert admit(mixed, officer, "R_CADRE").role == "R_CADRE"
    assert admit(mixed, officer, None).role == SELF
    assert admit(mixed, Identity("per_1", ()), None).role == SELF
    assert admit(mixed, Identity("per_1", officer.grants[:1]), None).role == "R_CADRE"
    assert admit(own, officer, "R_CADRE").role == SELF
    with pytest.raises(RoleNotGranted):
        admit(mixed, officer, "R_STREET")


def test_a_role_in_two_areas_is_chosen_by_its_scope(site):
    two = [CADRE, CADRE | {"scope": "370811015902"}]
    assert problem_of(site.ask(*ASK, grants=two))["code"] == "ACTING_ROLE_REQUIRED"
    role = {"X-Acting-Role": "R_CADRE"}
    assert problem_of(site.ask(*ASK, grants=two, headers=role))["code"] == "ACTING_ROLE_REQUIRED"
    chosen = {"X-Acting-Role": "R_CADRE; scope=370811015902"}
    assert site.ask(*ASK, grants=two, headers=chosen).status_code == 200
    outside = {"X-Acting-Role": "R_CADRE;scope=370811015903"}
    assert site.ask(*ASK, grants=two, headers=outside).status_code == 403


def test_a_role_may_act_in_a_part_of_its_area_but_never_in_more():
    from fivered.gateway.identity import Identity, acting

    person = Identity("per_1", (Grant("R_STREET", "370811015"),))
    assert acting(person, "R_STREET;scope=370811015901").scope == "370811015901"
    assert acting(person, None).scope == "370811015"
    for wider in ("R_STREET;scope=370811", "R_STREET;scope=370811016"):
        with pytest.raises(Exception, match="授权"):
            acting(person, wider)


def test_a_token_is_issued_only_for_what_can_be_granted():
    token = issue(KEY, "per_1", [CADRE, CADRE, DISTRICT], 1)
    assert Tokens(KEY).identify(token).grants == (
        Grant("R_CADRE", "370811015901"),
        Grant("R_CADRE", "370811015901"),
        Grant("R_DISTRICT", "370811"),
    )
    for key, person, grants, hours in (
        ("short", "per_1", [CADRE], 1),
        (KEY, "", [CADRE], 1),
        (KEY, "per_1", [], 1),
        (KEY, "per_1", [CADRE], 0),
        (KEY, "per_1", [CADRE], 10_000),
        (KEY, "per_1", [{"role": "R_SYSTEM", "scope": "370811"}], 1),
        (KEY, "per_1", [{"role": "R_CADRE", "scope": "37081101590"}], 1),
    ):
        with pytest.raises(ValueError, match=r".+"):
            issue(key, person, grants, hours)
    with pytest.raises(TokenInvalid):
        Tokens("another key that is long enough for it").identify(token)


def test_the_token_command_prints_a_token_that_the_gateway_reads(capsys, monkeypatch, tmp_path):
    import argparse

    from fivered.chassis.settings import CommandFailed
    from fivered.gateway.cli import token_command
    from fivered.gateway.commands import run_token as handle

    parser = argparse.ArgumentParser()
    declare, _handler = token_command
    declare(parser)
    assert declare.__doc__
    given = parser.parse_args(["--person", "per_1", "--grant", "R_CADRE:370811015901"])
    log = tmp_path / "log" / "tokens.jsonl"
    monkeypatch.setenv("FIVERED_TOKEN_LOG", str(log))
    monkeypatch.delenv("FIVERED_TOKEN_KEY", raising=False)
    with pytest.raises(CommandFailed):
        handle(given)
    monkeypatch.setenv("FIVERED_TOKEN_KEY", KEY)
    assert handle(given) == 0
    assert Tokens(KEY).identify(capsys.readouterr().out.strip()).person_id == "per_1"
    (tmp_path / "keys.json").write_text('{"FIVERED_TOKEN_KEY": "' + "k" * 40 + '"}')
    given.data = str(tmp_path)
    assert handle(given) == 0
    assert Tokens("k" * 40).identify(capsys.readouterr().out.strip()).grants
    # Nobody audits and administers, whichever comes first.
    both = ["R_AUDITOR:370811", "R_RESIDENT:370811015901001", "R_STREET:370811015"]
    for order in (both, both[::-1]):
        given.grant = order
        with pytest.raises(CommandFailed, match="R_AUDITOR and R_STREET"):
            handle(given)
    given.grant = both[:2]
    for unreadable in ("[" * 100_000, "[1]", '{"FIVERED_TOKEN_KEY": 5}', "{}"):
        (tmp_path / "keys.json").write_text(unreadable)
        with pytest.raises(CommandFailed):
            handle(given)
    # Each one that was made is written down, where no identity service keeps it.
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(one["person_id"], len(one["grants"])) for one in lines] == [("per_1", 1)] * 2
    assert log.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("FIVERED_TOKEN_LOG", "/proc/nowhere/tokens.jsonl")
    given.data = ""
    with pytest.raises(CommandFailed, match="written down"):
        handle(given)
    assert capsys.readouterr().out == ""
