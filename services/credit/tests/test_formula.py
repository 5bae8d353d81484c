"""One formula: what settlement runs in SQL gives what the rules say, on any data (ruling 10)."""

import random
import uuid

import pytest

from fivered.services.credit.actions import months
from fivered.services.credit.rules import standing as rules
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import bulk, formula, registry
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import settlement as store
from fivered.services.credit.storage import tables as t
from fivered.services.credit.tests import stage

PERIOD = "2025-05"
MONTHS = [f"2025-{n:02d}" for n in range(1, 7)]
KINDS = ("RES", "HH", "STW", "PRJ", "MER", "PTN", "UNT")


def an_award(chance, subject_id, kind):
    period = chance.choice(MONTHS)
    deduction = kind not in ("RES", "HH") and chance.random() < 0.3
    state, decides, effective = chance.choice(
        [
            ("APPROVED", "NOBODY", True),
            ("APPROVED", "NOBODY", True),
            ("PROPOSED", "SETTLEMENT", False),
            ("PROPOSED", "PERSON", False),
            ("APPROVED", "PERSON", False),
            ("REJECTED", "PERSON", False),
        ]
        if deduction
        else [("APPROVED", "NOBODY", True), ("PROPOSED", "PERSON", False)]
    )
    correction = not deduction and chance.random() < 0.1
    score = -chance.randint(1, 20) if deduction or correction else chance.randint(0, 30)
    row = {column.name: None for column in t.awards.c}
    return row | {
        "award_id": str(uuid.UUID(int=chance.getrandbits(128))),
        "subject_id": subject_id,
        "kind": kind,
        "rule_set": "RC-2025.1",
        "rule_code": f"R-{kind}-01",
        "source": "steward",
        "occurred_at": stage.moment(f"{period}-10T10:00"),
        "day": stage.moment(f"{period}-10T10:00").date(),
        "period": period,
        "to_period": chance.choice([p for p in [*MONTHS, "2025-12"] if p >= period]),
        "points_period": period,
        "score_raw": score,
        "points_raw": 0,
        "score": score,
        "points": 0,
        "capped": False,
        "late": False,
        "correction": correction,
        "recount": False,
        "deduction": deduction,
        "effective": effective,
        "decides": decides,
        "state": state,
        "area": stage.COMMUNITY,
        "proposed_at": stage.moment(f"{period}-10T10:00"),
        "shard": 0,
        "version": 1,
    }


def expected(subject_id, kind, rows, measures, vetoed):
    counted = [
        (row["score"], row["correction"])
        for row in rows
        if row["subject_id"] == subject_id
        and row["period"] <= PERIOD <= row["to_period"]
        and (
            row["effective"]
            or (
                row["deduction"]
                and row["period"] == PERIOD
                and (
                    row["state"] == "APPROVED"
                    or (row["state"] == "PROPOSED" and row["decides"] == "SETTLEMENT")
                )
            )
        )
    ]
    good, bad = rules.sums(counted)
    found = measures or rules.Measures(active=kind != "STW")
    if vetoed:
        found = rules.Measures(
            **{
                name: getattr(found, name)
                for name in found.__dataclass_fields__
                if name != "vetoed"
            },
            vetoed=True,
        )
    return good, bad, rules.standing_of(kind, good, bad, found)


@pytest.mark.covers("C8", "N3")
@pytest.mark.parametrize("seed", [1, 20250531])
def test_the_formula_in_sql_is_the_formula_of_the_rules(bench, seed):
    chance = random.Random(seed)
    bench.at("2025-01-01T09:00")
    rows, people, measured, vetoed, rows_measured = [], [], {}, set(), []
    subjects = []
    for number in range(140):
        kind = KINDS[number % len(KINDS)]
        subject_id = f"{kind}:{kind.lower()}_{number:04d}"
        subjects.append((subject_id, kind))
        rows += [an_award(chance, subject_id, kind) for _ in range(chance.randint(0, 12))]
        if kind in ("RES", "HH"):
            people.append(subject_id)
        if kind in months.GATE_SOURCE and chance.random() < 0.8:
            row = {
                "orders": chance.choice([0, 3, 10, 25]),
                "visits": chance.choice([0, 47, 48, 60]),
                "visit_quota": chance.choice([0, 60]),
                "on_roster": chance.random() < 0.5,
                "in_service": chance.random() < 0.7,
                "served_to": chance.choice([None, "2025-01-19"]),
                "agreements_active_last_day": chance.randint(0, 3),
                "p2c_active_last_day": chance.random() < 0.8,
                "c2p_active_last_day": chance.random() < 0.8,
                "overdue_rectifications_open": chance.choice([0, 0, 1]),
                "active": chance.random() < 0.9,
                "redeemed": chance.choice([0, 9, 10, 40]),
            }
            measured[subject_id] = rules.measures_of(kind, row)
            rows_measured.append((subject_id, kind, row))
        if kind not in ("RES", "HH") and chance.random() < 0.1:
            vetoed.add(subject_id)
    _, end = bench.runtime.calendar.month_bounds(PERIOD)
    with bench.transaction() as tx:
        for subject_id, _ in subjects:
            row = registry.stub(subject_id, tx.now)
            row |= {"area": stage.COMMUNITY, "area_before": stage.COMMUNITY, "area_since": tx.now}
            registry.put_subject(tx.conn, row)
        for subject_id in people:
            registry.open_spans(tx.conn, subject_id, ["SCORING"], tx.now)
        award_store.add(tx.conn, rows)
        bulk.insert(
            tx.conn,
            t.measures,
            [
                {
                    "period": PERIOD,
                    "subject_id": subject_id,
                    "source": months.GATE_SOURCE[kind],
                    "area": stage.COMMUNITY,
                    "fact": "month_measured.v1",
                    "rows": "x",
                    "event_id": str(uuid.uuid4()),
                    "data": row,
                    "active": measured[subject_id].active,
                    "gates_failed": ",".join(rules.gates_failed(kind, measured[subject_id])),
                }
                for subject_id, kind, row in rows_measured
            ],
        )
        for subject_id in sorted(vetoed):
            award_store.add_veto(
                tx.conn,
                {
                    "veto_id": str(uuid.uuid4()),
                    "subject_id": subject_id,
                    "rule_code": "R-PCO-03",
                    "award_id": str(uuid.uuid4()),
                    "from_period": "2025-04",
                    "to_period": "2025-07",
                    "state": "ACTIVE",
                },
            )
        store.begin(tx.conn, "stl_1", PERIOD, stage.COMMUNITY, tx.now)
        formula.draft_entries(
            tx.conn,
            {"stl_1": stage.COMMUNITY},
            period=PERIOD,
            end=end,
            gate_source=months.GATE_SOURCE,
        )
        entries = {row.subject_id: row for row in entry_store.entries(tx.conn, "stl_1")}
    assert len(entries) == len(subjects)
    for subject_id, kind in subjects:
        entry = entries[subject_id]
        good, bad, found = expected(
            subject_id, kind, rows, measured.get(subject_id), subject_id in vetoed
        )
        assert (entry.good, entry.bad) == (good, bad), subject_id
        assert (
            entry.score,
            entry.raw_grade,
            entry.grade,
            tuple(entry.gates_failed.split(",")) if entry.gates_failed else (),
        ) == (found.score, found.raw_grade, found.grade, found.gates_failed), subject_id


@pytest.mark.covers("REQ-L01")
def test_no_natural_person_is_ever_graded_below_a(bench):
    for good in (-50, 0, 29, 30, 49, 50, 500):
        assert rules.standing_of("RES", good, 1000, rules.Measures()).grade in ("A", "AA", "AAA")
