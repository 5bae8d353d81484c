"""Whom the gateway refuses stands in the audit of the service whose door it was."""

import anyio
import jwt
import pytest

from fivered.chassis import rpc
from fivered.gateway import denials
from fivered.gateway.identity import Grant, Identity, Pass
from fivered.gateway.tests.conftest import RESIDENT

PATH = "/v1/toy/counters"
BODY = {"counter_id": "c1", "amount": 1}
MERCHANT = {"role": "R_MERCHANT", "scope": "370811015901"}


def send(site):
    anyio.run(site.app.state.gate.denials.send, site.host)


def kept(site):
    runtime = site.host.runtimes["toy"]
    with runtime.engine.connect() as conn:
        asked = runtime.chassis.audit.select().where(runtime.chassis.audit.c.result == "DENIED")
        return [dict(row) for row in conn.execute(asked).mappings()]


@pytest.mark.covers("REQ-L09")
def test_who_is_refused_here_stands_in_the_audit_of_the_service(site):
    """SEC-M10: the gateway's refusals stood in its log alone, and services never heard of them."""
    assert site.ask("POST", PATH, json=BODY, grants=[MERCHANT], person="per_77").status_code == 403
    other = {"X-Acting-Role": "R_DISTRICT"}
    site.ask("GET", f"{PATH}/c1", grants=[RESIDENT], person="per_78", headers=other)
    forged = jwt.encode({"sub": "per_79"}, "x" * 32, algorithm="HS256")
    site.ask("GET", f"{PATH}/c1", grants=None, headers={"Authorization": f"Bearer {forged}"})
    # Nobody is named, nothing is there, or the session has run out: no denial.
    site.ask("GET", f"{PATH}/c1", grants=None, headers={"Authorization": "Bearer e30.e30.x"})
    site.ask("POST", PATH, json=BODY, grants=None)
    site.ask("GET", "/v1/nothing", grants=[MERCHANT])
    send(site)
    role, grant, token = kept(site)
    assert (role["actor"], role["role"], role["scope"], role["refused"]) == (
        "per_77", "R_MERCHANT", "370811015901", "ROLE_DENIED",
    )  # fmt: skip
    assert role["action"] == "add"
    assert role["address"] == "127.0.0.1"
    assert (grant["actor"], grant["role"]) == ("per_78", "R_DISTRICT")
    assert grant["refused"] == "ROLE_DENIED"
    # A token that proves nothing says whom it claims, not who acted.
    assert (token["actor"], token["target"], token["refused"]) == ("", "per_79", "TOKEN_INVALID")
    send(site)
    assert len(kept(site)) == 3
    # Whoever audits the district reads all of them, and the community its own.
    for scope, found in (
        ("370811", ["", "per_78", "per_77"]),
        (RESIDENT["scope"], ["per_78", "per_77"]),
    ):
        auditor = [{"role": "R_AUDITOR", "scope": scope}]
        page = site.ask("GET", "/v1/toy/audit?result=DENIED", grants=auditor, person="per_9")
        assert [row["actor"] for row in page.json()["items"]] == found
    page = site.ask("GET", "/v1/toy/audit?action=_audit", grants=auditor, person="per_9").json()
    assert [(row["actor"], row["result"]) for row in page["items"]] == [("per_9", "READ")]
    assert site.ask("GET", "/v1/toy/audit").status_code == 403
    assert site.ask("GET", "/v1/toy/audit?since=x", grants=auditor).status_code == 422
    assert site.ask("GET", "/v1/toy/audit/seals", grants=auditor).json()["items"] == []


def test_another_system_stands_there_in_the_role_and_area_of_its_account(site):
    """SCOPE_LACKING: role and area were empty, so that the area's auditor did not see it."""
    street = Grant("R_STREET", RESIDENT["scope"])
    system = "svc_0196a3d2-6f1c-7c3a-9d5e-2f6b1c0a7e44"
    passes = (Pass("hotline.intake", frozenset({"POST /v1/elsewhere"}), street),)

    class OtherSystem:
        def identify(self, _credential):
            return Identity(system, (), system, passes)

    site.app.state.gate.identities = OtherSystem()
    answer = site.ask("POST", PATH, json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_LACKING")
    send(site)
    [row] = kept(site)
    assert (row["actor"], row["role"], row["scope"], row["refused"]) == (
        system, "R_STREET", RESIDENT["scope"], "SCOPE_LACKING",
    )  # fmt: skip


def test_nothing_is_lost_while_a_service_is_away(site, monkeypatch):
    monkeypatch.setattr(denials, "_MOST_WAITING", 2)
    for number in range(5):
        site.ask("POST", PATH, json=BODY, grants=[MERCHANT], person=f"per_{number}")
    call, tried = site.host.call, []

    async def away(*_args, key, **_rest):
        tried.append(key)
        raise rpc.ServiceUnavailable("toy")

    async def late(*args, **rest):
        tried.append(rest["key"])
        await call(*args, **rest)
        raise rpc.OutcomeUnknown("toy")

    for answer in (away, late):
        monkeypatch.setattr(site.host, "call", answer)
        send(site)
    monkeypatch.setattr(site.host, "call", call)
    send(site)
    # Under one key, so that what the service has taken already is not written twice.
    assert len(set(tried)) == 1
    assert [row["actor"] for row in kept(site)] == ["per_0", "per_1", "system"]
    assert kept(site)[-1]["target"] == "+3"


def test_one_caller_does_not_fill_the_audit(site):
    for _ in range(30):
        site.ask("POST", PATH, json=BODY, grants=[MERCHANT], person="per_1")
    send(site)
    *mine, told = kept(site)
    assert len(mine) == 20
    assert told["target"] == "+10"
