"""What tests of credit set up: a person with consent, a steward, points that are spendable."""

from __future__ import annotations

import json
from contextlib import contextmanager

import sqlalchemy as sa

from fivered.services.credit.actions import amounts, ledger
from fivered.services.credit.storage import registry
from testkit.bench import instant

COMMUNITY = "370811015901"
GRID = "370811015901001"
AREAS = (
    "370811", "370811009", "370811015", "370811016", COMMUNITY, "370811015902", "370811016901",
)  # fmt: skip
SOURCES = ("steward", "property", "partner", "forum")


def areas(bench, *codes):
    """The registry tells of areas: by default of a district's streets and communities."""
    kinds = {6: "DISTRICT", 9: "STREET", 12: "COMMUNITY", 15: "GRID"}
    bench.deliver(
        [
            bench.event(
                "steward",
                "area_defined.v1",
                {"code": code, "kind": kinds[len(code)], "name": code, "parent": code[:-3]},
                subject=code,
                scope=code,
            )
            for code in codes or AREAS
        ]
    )


def rules(bench, code="RC-2025.1"):
    """Publish the sample rule set, of a district whose areas are known."""
    areas(bench)
    actor = bench.actor
    bench.as_("R_DISTRICT", person="per_district").do("import_rule_set", {"code": code})
    bench.actor = actor


def register(bench, person_id, *, adult=True, grid=GRID, household=None, at=None):
    """The registry tells of a person."""
    bench.consume(
        "steward",
        "resident_registered.v1",
        {
            "person_id": person_id,
            "community": grid[:12],
            "grid": grid,
            "is_adult": adult,
            "household_id": household,
            "synthetic": True,
        },
        subject=person_id,
        scope=grid,
        occurred_at=at,
    )


def consent(bench, person_id, purposes=("SCORING", "POINTS"), **more):
    """A person consents in person."""
    actor = bench.actor
    reply = bench.as_("R_RESIDENT", person=person_id, scope=GRID).do(
        "grant_consent", {"notice_version": "2025.1", "purposes": list(purposes), **more}
    )
    bench.actor = actor
    return reply


def resident(bench, person_id, purposes=("SCORING", "POINTS")):
    """A registered person with consent."""
    register(bench, person_id)
    return consent(bench, person_id, purposes)


def steward(bench, steward_id, person_id, *, duty="GRID_WORKER", spendable=True, area=COMMUNITY):
    """The registry tells of a steward."""
    bench.consume(
        "steward",
        "steward_enrolled.v1",
        {
            "steward_id": steward_id,
            "person_id": person_id,
            "type": "FULL_TIME",
            "duty": duty,
            "grids": [area + "001"],
            "community": area,
            "spendable": spendable,
        },
        subject=steward_id,
        scope=area,
    )


def project(bench, project_id="prj_1", company_id="pco_1", *, households=1200, area=COMMUNITY):
    """Property tells of a company and its project."""
    bench.consume(
        "property",
        "company_registered.v1",
        {"company_id": company_id, "uscc": "x"},
        subject=company_id,
        scope="370811",
    )
    bench.consume(
        "property",
        "project_registered.v1",
        {
            "project_id": project_id,
            "company_id": company_id,
            "community": area,
            "grids": [area + "001"],
            "households": households,
            "status": "IN_SERVICE",
        },
        subject=project_id,
        scope=area,
    )


def partner(bench, partner_id="ptn_1", area=COMMUNITY):
    """Partner tells of an admitted partner."""
    bench.consume(
        "partner",
        "partner_admitted.v1",
        {"partner_id": partner_id, "org_id": "mer_1", "level": "COMMUNITY", "area": area},
        subject=partner_id,
        scope=area,
    )


def wallet_of(bench, subject_id):
    """A subject as it is stored without any award: for tests of the ledger alone."""
    with bench.transaction() as tx:
        row = registry.stub(subject_id, bench.now)
        row |= {"area": COMMUNITY, "area_before": COMMUNITY, "area_since": bench.now}
        registry.put_subject(tx.conn, row)


def give(bench, subject_id, period, points, award_id):
    """Points of one award, released at once by the real actions: two postings."""
    with bench.transaction() as tx:
        amounts.post_points(
            tx,
            [amounts.Gain(award_id, subject_id, period, bench.now, points, COMMUNITY, 0)],
        )
        return ledger.release_month(
            tx, period=period, district="370811", subject_ids=[subject_id], ref=f"test:{period}"
        )


def redemption(
    bench, what, redemption_id, at, *, points=60, wallet="RES:per_c", partner_id="ptn_h", **more
):
    """Partner says something about a redemption."""
    data = {
        "redemption_id": redemption_id,
        "wallet": wallet,
        "partner_id": partner_id,
        "points": points,
        **(
            {"holder": wallet.partition(":")[2], "offer_id": "ofr_1"} if what == "requested" else {}
        ),
        **({"settle_fen": points * 10} if what == "redeemed" else {}),
        **({"by": "holder", "reason": "HOLDER"} if what in ("cancelled", "expired") else {}),
        **more,
    }
    return bench.event(
        "partner",
        f"redemption_{what}.v1",
        data,
        subject=redemption_id,
        occurred_at=at,
        scope=COMMUNITY,
    )


def grant(bench, points, basis="测试拨付"):
    """A budget: proposed by one person of the district, granted by another."""
    actor = bench.actor
    made = bench.as_("R_DISTRICT", person="per_budget").do(
        "grant_budget", {"points": points, "basis": basis}
    )
    bench.as_("R_DISTRICT_LEAD", person="per_lead")
    reply = bench.do("approve_budget", {"grant_id": made["id"]}, version=made["version"])
    bench.actor = actor
    return reply


def balances(bench, subject_id="RES:per_c"):
    """(AVAILABLE, HELD) of a subject."""
    rows = bench.rows("SELECT available, held FROM wallets WHERE subject_id = :s", s=subject_id)
    return (rows[0]["available"], rows[0]["held"]) if rows else (0, 0)


def receivable(bench, partner_id="ptn_h"):
    """RECEIVABLE of a partner."""
    rows = bench.rows("SELECT receivable FROM wallets WHERE subject_id = :s", s=f"PTN:{partner_id}")
    return rows[0]["receivable"] if rows else 0


def trial_balance(bench):
    """The trial balance, which must be sound."""
    actor = bench.actor
    found = bench.as_("R_AUDITOR", person="per_auditor").ask("trial_balance")
    bench.actor = actor
    assert found["balanced"], json.dumps(found, ensure_ascii=False, indent=1)
    return found


def markers(bench, period, *, source=None, at=None, rows=None, partitions=4, of=None):
    """Every source says that a month is over, in each of its partitions: a batch of each source.

    Of more partitions than those that are told the markers are still to come.
    """
    rows = rows or {}
    for name in [source] if source else SOURCES:
        bench.deliver(
            [
                bench.event(
                    name,
                    "month_measured.v1",
                    {
                        "period": period,
                        "partition": partition,
                        "partitions": of or partitions,
                        "communities": [],
                        **(rows.get(name, {}) if partition == 0 else {}),
                    },
                    subject=period,
                    scope="370811",
                    partition=partition,
                    period=period,
                    occurred_at=at,
                )
                for partition in range(partitions)
            ]
        )


@contextmanager
def statements_of(bench):
    """The statements that the service runs meanwhile."""
    asked = []

    def seen(_conn, _cursor, statement, *_rest):
        asked.append(statement)

    sa.event.listen(bench.runtime.engine, "before_cursor_execute", seen)
    try:
        yield asked
    finally:
        sa.event.remove(bench.runtime.engine, "before_cursor_execute", seen)


def moment(text):
    """An instant as the database shows it."""
    return instant(text)
