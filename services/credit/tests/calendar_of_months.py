"""Whole months for tests: from the markers to final entries, by the real doors."""

from datetime import date, timedelta

from fivered.chassis import jobs
from fivered.chassis.calendar import Calendar
from fivered.services.credit.tests import stage

STREET = stage.COMMUNITY[:9]
DISTRICT = "370811"


def run_jobs(bench):
    while jobs.run_next(bench.runtime):
        pass
    assert bench.rows("SELECT error FROM jobs WHERE state = 'FAILED'") == []


def settlement_of(bench, period, area=stage.COMMUNITY):
    actor = bench.actor
    bench.as_("R_AUDITOR", person="per_auditor", scope=DISTRICT)
    found = bench.ask("settlements", {"period": period, "community": area})["items"]
    card = bench.ask("settlement", {"settlement_id": found[0]["id"]})
    bench.actor = actor
    return card


def morning(bench, day):
    """09:00 of the last working day until `day`: who confirms then publishes then."""
    calendar = bench.runtime.calendar
    last = date.fromisoformat(day)
    while not calendar.is_working_day(last):
        last -= timedelta(days=1)
    return f"{last}T09:00"


def publish_month(bench, period, area=stage.COMMUNITY, rows=None):
    """Markers, cut-off, draft, review, confirm, publish. Returns the settlement."""
    following = Calendar.next_period(period)
    bench.at(f"{following}-01T20:00")
    stage.markers(bench, period, rows=rows)
    bench.fire(morning(bench, f"{following}-12"))
    run_jobs(bench)
    return confirm_area(bench, period, area)


def confirm_area(bench, period, area=stage.COMMUNITY):
    """Review and confirm what is drafted. Returns the settlement."""
    card = settlement_of(bench, period, area)
    bench.as_("R_SECRETARY", person="per_secretary", scope=area)
    reply = bench.do(
        "review_settlement",
        {"settlement_id": card["id"], "hash": card["hash"], "checked": card["to_check"]},
        version=card["version"],
    )
    bench.as_("R_STREET", person="per_street", scope=area[:9])
    bench.do(
        "confirm_settlement",
        {"settlement_id": card["id"], "hash": card["hash"]},
        version=reply["version"],
    )
    return settlement_of(bench, period, area)


def final_month(bench, period, area=stage.COMMUNITY, rows=None):
    """A whole month, until its notice has ended. Returns the settlement."""
    publish_month(bench, period, area, rows)
    bench.fire(f"{Calendar.next_period(period)}-28T10:00")
    return settlement_of(bench, period, area)


def entry_of(card, subject_id):
    return next(item for item in card["items"] if item["subject"] == subject_id)


def award(bench, subject, rule, *, level=None, deed="TJ-1", at=None, propose="R_CADRE", **more):
    """An award by hand: proposed and approved by two people."""
    area = more.pop("area", stage.COMMUNITY)
    approver = more.pop("approve", "R_STREET")
    bench.as_(
        propose,
        person="per_proposer",
        scope=DISTRICT if propose == "R_DISTRICT" else area[:9] if propose == "R_STREET" else area,
    )
    made = bench.do(
        "propose_award",
        {
            "subject": subject,
            "rule_code": rule,
            "occurred_at": (at or bench.now).isoformat(),
            "evidence": [deed],
            "level": level,
            **more,
        },
    )
    scope = DISTRICT if approver == "R_DISTRICT" else area[:9]
    bench.as_(approver, person="per_approver", scope=scope)
    bench.do("approve_award", {"award_id": made["id"]}, version=made["version"])
    return made["id"]
