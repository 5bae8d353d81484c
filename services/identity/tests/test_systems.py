"""Accounts of other systems, sign-ins begun at a provider, tokens of the command line."""

from datetime import timedelta

import pytest

from fivered.chassis.messages import SYSTEM
from fivered.chassis.refusal import NotFound
from fivered.services.identity.actions import openid
from fivered.services.identity.errors import (
    InvalidClient,
    InvalidScope,
    OnceUsed,
    ProviderMissing,
    ProviderRefused,
)
from fivered.services.identity.storage import secrets
from fivered.services.identity.tests.conftest import DISTRICT, STREET

BODY = {"name": "12345 热线", "scopes": ["hotline.intake"], "area": STREET, "reason": "热线对接"}


def as_district(house, person="per_zhou"):
    return house.as_("R_DISTRICT", person, DISTRICT)


def moved(house, step, account, person="per_zhou", **more):
    body = {"service_account_id": account["id"]} | more
    return as_district(house, person).do(step, body, version=account["version"])


def token(house, account, secret, **more):
    body = {"grant_type": "client_credentials", "client_id": account["id"]} | more
    return house.anybody().do("issue_token", body | {"client_secret": secret})


@pytest.fixture
def account(house):
    proposed = as_district(house).do("propose_service_account", BODY)
    return moved(house, "approve_service_account", proposed, "per_qin")


def test_the_secret_before_counts_for_seven_days_more(house, account):
    first = moved(house, "make_service_secret", account)
    assert first["before_until"] is None
    second = moved(house, "make_service_secret", account | {"version": first["version"]})
    for shown in (first, second):
        assert token(house, account, shown["client_secret"])
    house.time.pass_(days=7)
    with pytest.raises(InvalidClient):
        token(house, account, first["client_secret"])
    assert token(house, account, second["client_secret"])
    (left,) = as_district(house).ask("service_account", {"service_account_id": account["id"]})[
        "secrets"
    ]
    assert (left["made_by"], left["until"]) == ("per_zhou", None)


def test_a_lost_answer_is_given_again_and_costs_no_secret(house, account):
    """The repeat was refused for the version that it had made itself; who then made another one
    ended the secret in use."""
    first = moved(house, "make_service_secret", account)
    body = {"service_account_id": account["id"]}
    again = {"key": "lost", "version": first["version"]}
    lost = as_district(house).do("make_service_secret", body, **again)
    found = as_district(house).do("make_service_secret", body, **again)
    assert found["version"] == lost["version"] and found["before_until"] is not None
    for shown in (first, found):
        assert token(house, account, shown["client_secret"])
    with pytest.raises(InvalidClient):
        token(house, account, lost["client_secret"])
    moved(house, "make_service_secret", account | {"version": found["version"]})
    with pytest.raises(OnceUsed):
        as_district(house).do("make_service_secret", body, **again)


def test_a_token_names_the_system_and_holds_what_its_scopes_open(house, account):
    secret = moved(house, "make_service_secret", account)
    said = house.read(token(house, account, secret["client_secret"]))
    assert (said["sub"], said["sid"], said["grants"]) == (account["id"], account["id"], [])
    assert said["exp"] - said["iat"] == 600
    (scope,) = said["scopes"]
    assert (scope["name"], scope["grant"]) == (
        "hotline.intake", {"role": "R_STREET", "scope": STREET},
    )  # fmt: skip
    assert "POST /v1/steward/requests" in scope["doors"]
    with pytest.raises(InvalidScope):
        token(house, account, secret["client_secret"], scope="hotline.intake events.read")
    moved(house, "end_service_account", account | {"version": secret["version"]}, reason="结束")
    assert house.endings("SESSION") == [(account["id"], 0)]
    with pytest.raises(InvalidClient):
        token(house, account, secret["client_secret"])


def test_what_was_begun_at_the_provider_comes_back_once_and_in_time(house):
    settings = house.bench.runtime.settings

    def begun(**more):
        flow = openid.new_flow(house.time.at + timedelta(minutes=10))
        sealed = secrets.vault(settings.keys).seal(openid.write_flow(flow), "oidc.flow")
        return {"code": "c", "state": flow.state, "flow": sealed.hex()} | more

    def back(body):
        return house.anybody().do("come_from_provider", body)

    body = begun()
    with pytest.raises(ProviderMissing):
        back(body)
    # Whatever became of it, it is used up.
    with pytest.raises(ProviderRefused):
        back(body)
    for other in (begun(state="x"), begun(flow="00"), begun(flow="zz"), begun(flow="01" * 60)):
        with pytest.raises(ProviderRefused):
            back(other)
    body = begun()
    house.time.pass_(minutes=10)
    with pytest.raises(ProviderRefused):
        back(body)


def test_a_token_of_the_command_line_is_seen_by_the_district_and_the_auditor(house):
    made = {
        "token_id": "tok_1", "person_id": "per_help", "until": "2026-03-02T21:00:00Z",
        "grants": [{"role": "R_STREET", "scope": STREET}], "made_by": "root@gate",
    }  # fmt: skip
    house.bench.actor = SYSTEM
    house.bench.do("_token_made", made)
    for role in ("R_DISTRICT", "R_AUDITOR"):
        (seen,) = house.as_(role, "per_bai", DISTRICT).ask("operator_token_list")["items"]
        assert (seen["id"], seen["person_id"], seen["made_by"]) == (
            "tok_1",
            "per_help",
            "root@gate",
        )
    other = house.as_("R_AUDITOR", "per_far", "370812")
    assert other.ask("operator_token_list")["items"] == []
    # It could not be ended before its time. It is told to gateways as long as it would count.
    assert house.endings("TOKEN") == []
    house.bench.actor = SYSTEM
    with pytest.raises(NotFound):
        house.bench.do("_end_token", {"token_id": "tok_2", "ended_by": "root@gate"})
    for by in ("root@gate", "eve@gate"):
        house.bench.do("_end_token", {"token_id": "tok_1", "ended_by": by})
    (seen,) = house.as_("R_AUDITOR", "per_bai", DISTRICT).ask("operator_token_list")["items"]
    assert (seen["ended_by"], seen["ended_at"] is None) == ("root@gate", False)
    rows = house.bench.rows(
        "select target from audit where action = '_end_token' and result = 'ENDED'"
    )
    assert {row["target"] for row in rows} == {"tok_1"}
    house.time.pass_(hours=11)
    assert house.endings("TOKEN") == [("tok_1", 0)]
    house.time.pass_(hours=2)
    assert house.endings("TOKEN") == []


@pytest.mark.covers("REQ-L09")
def test_the_audit_names_the_system_that_asked_for_a_token(house, account):
    """Done ones named nobody, and denied ones the `grant_type`."""
    secret = moved(house, "make_service_secret", account)["client_secret"]
    token(house, account, secret)
    with pytest.raises(InvalidClient):
        token(house, account, secret[:-4] + "0000")
    with pytest.raises(InvalidClient):
        token(house, {"id": "svc_zhou_13912345678"}, secret)
    rows = house.bench.rows("select * from audit where action = 'issue_token' order by id")
    assert [(row["result"], row["actor"], row["target"]) for row in rows] == [
        ("DONE", account["id"], account["id"]),
        ("DENIED", "", account["id"]),
        ("DENIED", "", None),
    ]
