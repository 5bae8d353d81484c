"""E3 as one story: the requests at steward, the rest at property, the score at credit."""

import pytest
import sqlalchemy as sa

from fivered.chassis import inbox
from fivered.services.credit.service import Credit
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_settlement import entry_of, run_jobs, settlement_of
from fivered.services.property.service import Property
from fivered.services.property.tests.conftest import Town
from fivered.services.property.tests.test_months import PAIR, measured
from fivered.services.steward.service import Steward
from fivered.services.steward.tests.ground import GRID, WANG, Ground
from testkit.bench import open_bench

LATE, UNCONTACTED, NOT_DUE = 6, 2, 4


def relay(source, target, *facts):
    """Bring what one service has said and another one hears to it, as the wire would."""
    outbox = source.runtime.chassis.outbox
    asked = sa.select(outbox.c.body, outbox.c.partition).where(outbox.c.fact.in_(facts))
    with source.runtime.engine.connect() as conn:
        rows = conn.execute(asked.order_by(outbox.c.id)).all()
    name = source.runtime.service_cls.name
    target.deliver([inbox.Delivery(bytes(body), name, partition) for body, partition in rows])
    assert target.parked() == []


def accepted(ground, *, contacted=True):
    reply = ground.submit()
    who = ground.handler_of(reply)
    reply = ground.step("accept_request", reply, who)
    return ground.step("contact_request", reply, who, note="已电话联系") if contacted else reply


def resolved(ground, reply, who):
    body = {"outcome": "SOLVED", "note": "已更换灯泡", "media": ["sha256:1"]}
    return ground.step("resolve_request", reply, who, **body)


def the_requests_of_may(ground):
    """160 of the project's own people, 158 contacted, 156 due, 150 in time, 80 rated, 74 well."""
    bench = ground.bench
    bench.at("2025-05-12T10:00:00")
    done = [ground.resolved() for _ in range(160 - LATE - NOT_DUE)]
    for number, reply in enumerate(done[:80]):
        ground.rate(reply, stars=5 if number < 74 else 3)
    late = [accepted(ground, contacted=number >= UNCONTACTED) for number in range(LATE)]
    # And what is the community's: nine complaints about the project, and a noise.
    for _ in range(9):
        ground.resolved(
            ground.submit(
                kind="COMPLAINT",
                category="PROPERTY_SERVICE",
                text="垃圾两天未清",
                project_id="prj_a",
            )
        )
    ground.resolved(ground.submit(kind="COMPLAINT", category="MERCHANT_NUISANCE", text="油烟"))
    bench.fire("2025-05-20T10:00:00")
    for number, reply in enumerate(late):
        who = ground.handler_of(reply)
        card = ground.by(who).ask("request", {"request_id": reply["id"]})
        if number < UNCONTACTED:
            card = ground.step("contact_request", card, who, note="已电话联系")
        resolved(ground, card, who)
    bench.fire("2025-05-30T16:00:00")
    for _ in range(NOT_DUE):
        accepted(ground)
    bench.fire("2025-06-05T01:00:00")


def the_project_in_may(town):
    """Two posts, two agreements, nine of ten commitments, a meeting, three orders."""
    bench = town.bench
    town.link_officials()
    town.enrol_cadre("per_wang")
    town.appoint("P2C", "per_wu", "COMMITTEE_PART_TIME_MEMBER")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER")
    items = town.dated("2025-05-20", least=5)
    for kind in ("JOINT_BUILDING", "CREDIT_DELIBERATION"):
        town.agree(kind, valid_from="2025-04-01", commitments=items)
    bench.fire("2025-05-12T09:00:00")
    for row in bench.rows("SELECT commitment_id, version FROM commitments ORDER BY commitment_id")[
        :9
    ]:
        which = {"commitment_id": row["commitment_id"]}
        town.manager().do(
            "fulfil_commitment", which | {"evidence": ["sha256:1"]}, version=row["version"]
        )
    town.secretary().do(
        "hold_meeting",
        {
            "project_id": "prj_a",
            "held_at": "2025-05-10T15:00:00+08:00",
            "chair": "per_sun",
            "attendees": {"COMMITTEE": ["per_sun"], "OWNERS": [], "PROPERTY": ["per_wu"]},
            "minutes_sha256": "c" * 64,
        },
    )
    for _ in range(2):
        town.street_clerk()
        order = {"rectification_id": town.issue("S3")["id"]}
        town.manager().do("submit_rectification", order | {"evidence_pairs": PAIR}, version=1)
        town.cadre().do("pass_rectification", order, version=2)


@pytest.mark.timeout(300)
@pytest.mark.covers("E3", "F3-flow", "F6-flow")
def test_the_month_of_the_worked_example_is_83_through_all_three_services(tmp_path):
    """SP-D3: played end to end the project had 80, for other people's cases."""
    steward = open_bench(Steward, f"sqlite:///{tmp_path}/steward.sqlite", FIVERED_SYNTHETIC="1")
    estate = open_bench(Property, f"sqlite:///{tmp_path}/property.sqlite")
    credit = open_bench(Credit, f"sqlite:///{tmp_path}/credit.sqlite")
    town = Town(estate).begin()
    estate.at("2025-04-01T09:00:00")
    town.found(households=1200, grid=GRID)
    credit.at("2025-04-01T09:00")
    stage.rules(credit)
    steward.at("2025-04-01T09:00:00")
    ground = Ground(steward).begin().staff()
    for consumer in (steward, credit):
        relay(estate, consumer, "company_registered.v1", "project_registered.v1")

    the_requests_of_may(ground)
    the_project_in_may(town)
    relay(steward, estate, "request_submitted.v1")
    estate.fire("2025-05-20T09:00:00")
    complaints = town.cadre().ask("complaints", {"order": "OLDEST"})
    assert complaints["total"] == 9
    for row in complaints["items"]:
        body = {"complaint_id": row["id"], "valid": True, "reason": "现场核实,属实"}
        town.cadre().do("validate_complaint", body, version=row["version"])
    town.street_clerk()
    order = {"rectification_id": town.issue("S3")["id"]}
    estate.fire("2025-06-01T00:00:00")
    version = town.cadre().ask("rectification", order)["version"]
    town.manager().do("submit_rectification", order | {"evidence_pairs": PAIR}, version=version)
    estate.fire("2025-06-05T01:00:00")
    relay(steward, estate, "month_measured.v1")

    (may,) = measured(estate, "2025-05")
    counted = (
        "requests", "contacted_on_time", "due_resolutions", "resolved_on_time", "rated",
        "satisfied", "complaints_valid", "commitments_due", "commitments_on_time",
    )  # fmt: skip
    assert [may[name] for name in counted] == [160, 158, 156, 150, 80, 74, 9, 10, 9]

    credit.at("2025-06-05T01:30")
    relay(
        estate,
        credit,
        "appointment_activated.v1",
        "rectification_passed.v1",
        "rectification_overdue.v1",
        "rectification_escalated.v1",
    )
    stage.markers(credit, "2025-05", rows={"property": {"projects": [may]}})
    credit.fire("2025-06-05T10:00")
    run_jobs(credit)
    entry = entry_of(settlement_of(credit, period="2025-05"), "PRJ:prj_a")
    assert (entry["good"], entry["bad"], entry["score"], entry["grade"]) == (13, 5, 83, "AA")
    assert WANG not in str(may)
