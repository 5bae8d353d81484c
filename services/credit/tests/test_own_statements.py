"""Statements of PostgreSQL's own leave what the portable form beside them leaves."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis.bus import new_uuid
from fivered.services.credit.actions import drafting
from fivered.services.credit.rules import settlement as rules
from fivered.services.credit.storage import digests, ledger
from fivered.services.credit.storage import entries as entry_store
from fivered.services.credit.storage import settlement as settlement_store
from fivered.services.credit.storage import tables as t
from fivered.services.credit.tests import stage


@pytest.fixture
def credit(bench):
    return bench


def _state(conn):
    """The ledger without the ids that every run makes anew."""
    posted = sa.select(
        t.postings.c.kind, t.postings.c.ref, t.postings.c.subject_id, t.postings.c.period,
        t.postings.c.posted_at, t.postings.c.deed_at, t.lines.c.owner, t.lines.c.side, t.lines.c.amount,
    ).select_from(t.postings.join(t.lines, t.lines.c.posting_id == t.postings.c.posting_id))  # fmt: skip
    return [
        sorted(tuple(row) for row in conn.execute(asked))
        for asked in (posted, sa.select(t.pendings), sa.select(t.system_accounts))
    ]


class _Undone(Exception):
    pass


def _after(bench, effect):
    found = []
    with pytest.raises(_Undone), bench.transaction() as tx:
        effect(tx.conn)
        found = _state(tx.conn)
        raise _Undone
    return found


@pytest.mark.covers("C4")
def test_what_awards_earn_is_posted_alike_in_one_statement_and_in_many(credit):
    award_ids = [new_uuid() for _ in range(6)]
    earned = [
        ledger.Earned(
            posting_id=new_uuid(),
            award_id=award_ids[n],
            subject_id=f"STW:stw_{n % 2}",
            period="2025-03" if n < 4 else "2025-04",
            posted_at=credit.now,
            deed_at=credit.now - timedelta(days=n),
            issuance=f"SYS:ISSUANCE:370811:{n % 3}",
            points=5 + n,
        )
        for n in range(6)
    ]
    own = _after(credit, lambda conn: ledger.earn(conn, earned))
    portable = _after(
        credit, lambda conn: ledger.post(conn, [ledger.posting_of(one) for one in earned])
    )
    assert own == portable
    assert sum(row[-1] for row in own[0]) == 0


@pytest.mark.covers("C9")
def test_the_digest_is_the_same_where_the_rows_are_and_in_the_reference(credit):
    with credit.transaction() as tx:
        settlement_store.begin(tx.conn, "stl_1", "2025-03", stage.COMMUNITY, credit.now)
        for subject, score, gates in (
            ("STW:b", 62, ""),
            ("STW:B", None, "ORDERS,ACTIVE"),
            ('RES:"quoted\\', 60, "Z,A"),
        ):
            entry_store.put_entries(
                tx.conn,
                [
                    {
                        "settlement_id": "stl_1",
                        "subject_id": subject,
                        "period": "2025-03",
                        "kind": subject[:3],
                        "good": 2,
                        "bad": 0,
                        "score": score,
                        "raw_grade": "A",
                        "grade": "A",
                        "gates_failed": gates,
                        "points_pending": 0,
                        "released": 0,
                        "state": "DRAFT",
                    }
                ],
            )
        digests.hash_entries(tx.conn, "stl_1", "2025-03")
        found = digests.drafted(
            tx.conn, {"stl_1": stage.COMMUNITY}, period="2025-03", rule_set="RC-2025.1"
        )
    lines = [
        rules.EntryLine("STW:b", 2, 0, 62, "A", (), ()),
        rules.EntryLine("STW:B", 2, 0, None, "A", ("ORDERS", "ACTIVE"), ()),
        rules.EntryLine('RES:"quoted\\', 2, 0, 60, "A", ("Z", "A"), ()),
    ]
    digest = rules.settlement_digest(
        lines, rules="RC-2025.1", period="2025-03", community=stage.COMMUNITY
    )
    assert found == {"stl_1": (3, digest)}


@pytest.mark.covers("C9")
def test_many_areas_at_once_are_drafted_as_each_alone(credit):
    stage.rules(credit)
    areas = [stage.COMMUNITY, "370811015902", "370811015903"]
    for number, area in enumerate(areas[:2]):
        stage.steward(credit, f"stw_{number}", f"per_{number}", area=area)
        for turn in range(3):
            credit.consume(
                "steward",
                "request_rated.v1",
                {
                    "request_id": f"req_{number}_{turn}",
                    "handler": f"stw_{number}",
                    "stars": 5 - turn % 2,
                    "solved": True,
                    "handler_person": f"per_{number}",
                    "rater": "per_r",
                    "project_id": None,
                },
                subject=f"req_{number}_{turn}",
                scope=area,
            )
    entries = sa.select(t.entries).order_by(t.entries.c.subject_id)
    with credit.transaction() as tx:
        together = drafting.draft_areas(tx, "2025-03", areas)
        once = [tuple(row) for row in tx.conn.execute(entries)]
    with credit.transaction() as tx:
        alone = {area: drafting.draft(tx, "2025-03", area) for area in areas}
        again = [tuple(row) for row in tx.conn.execute(entries)]
    assert together == alone
    assert len(set(together.values())) == 3
    assert once == again
    assert len(once) == 2
