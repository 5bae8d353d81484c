"""FP-D4, CR-D5: what is published, and the live rows, say what their log says; one altered field is
enough, and it is named. Notices show what objections have decided."""

import json

import pytest
import sqlalchemy as sa

from fivered.services.credit.actions import verify as command
from fivered.services.credit.storage import tables as t
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import entry_of, settlement_of
from fivered.services.credit.tests.test_awards import attended
from fivered.services.credit.tests.test_past_stays import (
    ANA,
    MER,
    confirmed,
    drafted,
    lane,
    merchant,
)
from fivered.services.credit.tests.test_verify import run
from testkit.bench import instant

pytestmark = pytest.mark.slow

JANUARY = "2025-01"


def credit_stage(bench):
    """January is published: a merchant with a deduction, a resident on the red list."""
    bench.at("2025-01-02T09:00")
    stage.rules(bench)
    stage.resident(bench, "per_a", ("SCORING", "POINTS", "PUBLIC_LIST"))
    with bench.transaction() as tx:
        tx.arm("cutoff", JANUARY, tx.calendar.cutoff(JANUARY))
    merchant(bench)
    bench.at("2025-01-12T21:00").deliver([attended(bench, "per_a", "2025-01-12T20:00")])
    lane(bench)
    for number in range(2):
        actor = bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
        made = actor.do(
            "propose_award",
            {
                "subject": ANA,
                "rule_code": "R-RES-06",
                "level": "DISTRICT",
                "occurred_at": "2025-01-13T09:00:00+08:00",
                "evidence": [f"QX-{number}"],
                "document_no": f"区表彰〔2025〕{number}号",
            },
        )
        bench.as_("R_STREET", person="per_street2", scope=stage.COMMUNITY[:9])
        bench.do("approve_award", {"award_id": made["id"]}, version=made["version"])
    drafted(bench, JANUARY, "2025-02-08T10:00")
    confirmed(bench, JANUARY)
    bench.fire("2025-02-10T10:00")


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def notice_of(bench):
    card = settlement_of(bench, JANUARY)
    return bench.ask("notice", {"notice_id": card["notice_id"]})


def organisation(notice):
    return next(item for item in notice["body"]["organisations"] if item["subject"] == MER)


def objected(bench, outcome="UPHELD"):
    """An objection to the merchant's entry, decided."""
    card = settlement_of(bench, JANUARY)
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    filed = bench.do(
        "file_objection",
        {"target": "ENTRY", "target_id": f"{card['id']}/{MER}", "text": "通道并未占用"},
    )
    assert organisation(notice_of(bench))["note"] == "异议处理中"
    award = bench.rows("SELECT award_id FROM awards WHERE rule_code = 'R-MER-08'")[0]
    bench.as_("R_CADRE", person="per_c9", scope=stage.COMMUNITY)
    taken = bench.do("accept_objection", {"objection_id": filed["id"]}, version=filed["version"])
    reasons = "复核现场照片与整改记录,期限内已经清空通道,原认定有误"
    order = {"objection_id": filed["id"], "outcome": outcome, "reasons": reasons}
    if outcome == "UPHELD":
        order["award_ids"] = [str(uuid_of(award["award_id"]))]
    bench.do("decide_objection", order, version=taken["version"])


def uuid_of(value):
    import uuid

    return uuid.UUID(str(value))


def verdict(bench, monkeypatch, capsys):
    capsys.readouterr()
    code = run(bench, monkeypatch, period=JANUARY, all=True)
    return code, capsys.readouterr().out


@pytest.mark.covers("F8-flow")
def test_a_notice_shows_what_an_objection_has_decided(credit, monkeypatch, capsys):
    """CR-D5: the overturned grade stood there again, without a remark."""
    bench = credit
    before = organisation(notice_of(bench))
    assert (before["score"], before["grade"], before["note"]) == (70, "A", None)
    assert [reason["rule"] for reason in before["reasons"]] == ["R-MER-08"]
    objected(bench)
    for moment in ("2025-02-12T10:00", "2025-02-20T10:00"):
        bench.fire(moment)
        shown = organisation(notice_of(bench))
        assert (shown["score"], shown["grade"], shown["reasons"]) == (75, "A", [])
        assert shown["note"] == "异议已处理,已更正"
    assert entry_of(settlement_of(bench, JANUARY), MER)["score"] == 75
    assert verdict(bench, monkeypatch, capsys)[0] == command.SOUND


def test_a_dismissed_objection_leaves_the_notice_as_it_was(credit, monkeypatch, capsys):
    """CR-D5: no remark where nothing was changed."""
    bench = credit
    objected(bench, "DISMISSED")
    shown = organisation(notice_of(bench))
    assert (shown["score"], shown["note"]) == (70, None)
    assert verdict(bench, monkeypatch, capsys)[0] == command.SOUND


@pytest.mark.covers("N3")
def test_a_corrected_notice_has_a_digest_and_a_log_of_its_own(credit, monkeypatch, capsys):
    """CR-D5, FP-D4: it carried the old digest and no log, and was "verified" against the old one."""
    bench = credit
    objected(bench)
    first = notice_of(bench)
    bench.as_("R_STREET", person="per_street", scope=stage.COMMUNITY[:9])
    made = bench.do(
        "correct_notice",
        {"notice_id": first["id"], "reason": "异议成立,依法更正"},
        version=first["version"],
    )
    body = bench.ask("notice", {"notice_id": made["id"]})["body"]
    assert body["digest"] != first["body"]["digest"]
    assert body["log"] != first["body"]["log"]
    assert organisation({"body": body})["score"] == 75
    code, said = verdict(bench, monkeypatch, capsys)
    assert (code, said.count("verified")) == (command.SOUND, 2), said
    bench.fire("2025-03-10T10:00")
    assert verdict(bench, monkeypatch, capsys)[0] == command.SOUND
    alter(bench, t.notices, lambda row: row.notice_id == made["id"], body=_deep(score=74))
    code, said = verdict(bench, monkeypatch, capsys)
    assert code == command.TAMPERED
    assert f"NOTICE subject {MER}: score says 74, computed 75" in said


# --------------------------------------------------------------------------------------------------
# One field at a time


def alter(bench, table, match, **values):
    """Change one row by hand; a function of the old value gives the new one."""
    keys = list(table.primary_key.columns)
    with bench.runtime.engine.begin() as conn:
        row = next(row for row in conn.execute(sa.select(table)) if match(row))
        wanted = {
            name: change(getattr(row, name)) if callable(change) else change
            for name, change in values.items()
        }
        assert any(getattr(row, name) != value for name, value in wanted.items())
        conn.execute(
            sa.update(table)
            .where(*(key == getattr(row, key.name) for key in keys))
            .values(**wanted)
        )


def _deep(**changes):
    """Change members of the merchant's item in a body."""

    def change(body):
        body = json.loads(json.dumps(body))
        item = next(item for item in body["organisations"] if item["subject"] == MER)
        item.update(changes)
        return body

    return change


def _body(**changes):
    return lambda body: body | changes


def _listed(**changes):
    def change(body):
        body = json.loads(json.dumps(body))
        body["red_list"][0].update(changes)
        return body

    return change


BODIES = {
    "score": _deep(score=99),
    "grade": _deep(grade="AAA"),
    "gates": _deep(gates_failed=["VETO"]),
    "reasons": _deep(reasons=[]),
    "ref": _deep(ref="mer_9"),
    "kind": _deep(kind="UNT"),
    "subject": _deep(subject="MER:mer_9"),
    "red list grade": _listed(grade="A"),
    "red list reasons": _listed(reasons=["见义勇为"] * 2),
    "red list subject": _listed(subject="RES:per_z"),
    "nobody": _body(organisations=[]),
    "entries": _body(entries=99),
    "period": _body(period="2025-02"),
    "area": _body(area="370811015999"),
    "rule set": _body(rule_set="RC-2099.1"),
    "rule sets": _body(rule_sets={"RC-2025.1": "0" * 64}),
    "digest": _body(digest="0" * 64),
    "log": _body(log="0" * 64),
    "something else": _body(remark="x"),
}


@pytest.mark.covers("N3")
def test_every_altered_member_of_a_published_notice_is_named(credit, monkeypatch, capsys):
    """FP-D4: the text of a notice was never looked at, nor its digest. Here the digest is altered
    with it, as the person who tampers would do."""
    from fivered.services.credit.rules import month_log

    bench = credit
    original = bench.rows("SELECT notice_id FROM notices WHERE kind = 'SETTLEMENT'")[0]["notice_id"]
    with bench.runtime.engine.begin() as conn:
        row = next(
            iter(conn.execute(sa.select(t.notices).where(t.notices.c.notice_id == original)))
        )
    for with_digest in (True, False):
        for name, change in BODIES.items():
            body = change(row.body)
            more = {"digest": month_log.document_digest(body)} if with_digest else {}
            with bench.runtime.engine.begin() as conn:
                mine = sa.update(t.notices).where(t.notices.c.notice_id == original)
                conn.execute(mine.values(body=body, **more))
            code, said = verdict(bench, monkeypatch, capsys)
            assert code == command.TAMPERED, name
            assert "NOTICE" in said or "SEAL" in said, (name, said)
            with bench.runtime.engine.begin() as conn:
                mine = sa.update(t.notices).where(t.notices.c.notice_id == original)
                conn.execute(mine.values(body=row.body, digest=row.digest))
    assert verdict(bench, monkeypatch, capsys)[0] == command.SOUND


def _later(at):
    from datetime import timedelta

    return at + timedelta(days=1)


START = instant("2025-03-01T09:00")
COLUMNS = [
    (t.notices, {"digest": "0" * 64}),
    (t.notices, {"number": "GS-X-20250211-015901-00009"}),
    (t.notices, {"number": lambda number: number[:-5] + "00000"}),
    (t.notices, {"body": _body(remark="x")}),
    (t.notices, {"commendation_id": "com_none"}),
    (t.notices, {"withdrawn_at": lambda _: START}),
    (t.notices, {"kind": "RULES"}),
    (t.notices, {"area": "370811015902"}),
    (t.notices, {"period": "2025-02"}),
    (t.notices, {"settlement_id": "stl_none"}),
    (t.notices, {"published_at": _later}),
    (t.notices, {"ends_at": _later}),
    (t.notices, {"down_at": _later}),
    (t.notices, {"state": "WITHDRAWN"}),
    (t.notices, {"corrects": "gs_none"}),
    (t.notices, {"corrected_by": "gs_none"}),
    (t.settlements, {"digest": "0" * 64}),
    (t.settlements, {"entries": 99}),
    (t.settlements, {"rule_set": "RC-2099.1"}),
    (t.settlements, {"notice_id": "gs_none"}),
    (t.settlements, {"area": "370811015902"}),
    (t.settlements, {"period": "2025-02"}),
    (t.settlements, {"state": "SETTLED"}),
    (t.settlements, {"published_at": _later}),
    (t.settlements, {"objection_until": _later}),
    *((t.settlements, {name: "per_x"}) for name in ("reviewed_by", "confirmed_by")),
    *((t.settlements, {name: _later}) for name in ("reviewed_at", "confirmed_at")),
    *(
        (t.entries, {name: value})
        for name, value in (
            ("good", lambda n: n + 1),
            ("bad", lambda n: n + 1),
            ("score", lambda n: n + 1),
            ("raw_grade", "D"),
            ("grade", "D"),
            ("gates_failed", "VETO"),
            ("points_pending", lambda n: n + 1),
            ("released", lambda n: n + 1),
            ("state", "PROVISIONAL"),
            ("kind", "UNT"),
            ("period", "2025-02"),
            ("hash", b"0" * 32),
        )
    ),
    *(
        (t.awards, {name: value})
        for name, value in (
            ("score", lambda n: n + 1),
            ("points", lambda n: n + 1),
            ("score_raw", lambda n: n + 1),
            ("points_raw", lambda n: n + 1),
            ("rule_code", "R-RES-02"),
            ("rule_set", "RC-2099.1"),
            ("to_period", "2030-01"),
            ("period", "2025-02"),
            ("points_period", "2025-02"),
            ("level", "X"),
            ("effective", lambda b: not b),
            ("objection_no", "YY-1"),
            ("deduction", lambda b: not b),
            ("state", "REVERSED"),
            ("decides", "NOBODY"),
            ("deed", "x"),
            ("late", lambda b: not b),
            ("evidence", [{"ref": "x"}]),
            ("reason", "x"),
            ("document_no", "x"),
            ("decided_by", "per_x"),
            ("proposed_by", "per_x"),
            ("area", "370811"),
            ("subject_id", "RES:per_z"),
            ("version", lambda n: n + 1),
            *((name, lambda b: not b) for name in ("capped", "correction")),
            *((name, "x") for name in ("kind", "source", "fact", "actor_id", "cap_window")),
            ("proposal", "x"),
            ("inputs", {"x": 1}),
            ("shard", lambda n: n + 1),
            ("event_id", "00000000-0000-0000-0000-000000000001"),
            ("corrects", "00000000-0000-0000-0000-000000000001"),
            ("occurred_at", _later),
            ("day", _later),
            ("proposed_at", _later),
            ("decided_at", lambda _: START),
        )
    ),
]


@pytest.mark.covers("N3")
def test_every_altered_column_of_the_live_rows_is_named(credit, monkeypatch, capsys):
    """FP-D4: entries were not looked at, and awards whose version had gone up were passed over."""
    bench = credit
    ours = {
        "notices": lambda row: row.kind == "SETTLEMENT",
        "settlements": lambda row: row.area == stage.COMMUNITY,
        "entries": lambda row: row.subject_id == MER,
        "awards": lambda row: row.rule_code == "R-RES-06",
    }
    for table, values in COLUMNS:
        (name, change), *_ = values.items()
        key = next(iter(table.primary_key.columns))
        with bench.runtime.engine.begin() as conn:
            row = next(row for row in conn.execute(sa.select(table)) if ours[table.name](row))
            mine = [key == getattr(row, key.name) for key in table.primary_key.columns]
            value = change(getattr(row, name)) if callable(change) else change
            conn.execute(sa.update(table).where(*mine).values(**{name: value}))
        code, said = verdict(bench, monkeypatch, capsys)
        assert code == command.TAMPERED, (table.name, name)
        assert "NOTICE" in said or row_named(table, row) in said, (table.name, name, said)
        with bench.runtime.engine.begin() as conn:
            conn.execute(sa.update(table).where(*mine).values(**{name: getattr(row, name)}))
        assert key is not None
    assert verdict(bench, monkeypatch, capsys)[0] == command.SOUND


# What verify does not look at, and why. A person who adds a column says which it is.
NOT_LOOKED_AT = {
    "notices": {
        "notice_id": "the key by which it is found",
        "withdrawn_by": "said after the log was written",
        "withdrawn_because": "said after the log was written",
        "version": "counts changes",
    },
    "settlements": {
        "settlement_id": "the key by which it is found",
        "created_at": "of the draft",
        "complete": "of the draft",
        "missing": "of the draft",
        "to_check": "of the draft",
        "checked": "of the draft",
        "drafted_at": "of the draft",
        "unfunded_points": "follows from the ledger, which has its own proof",
        "finalised_at": "after the log was written",
        "settled_at": "after the log was written",
        "version": "counts changes",
    },
    "entries": {
        "settlement_id": "the key by which it is found",
        "subject_id": "the key by which it is found",
    },
    "awards": {
        "award_id": "the key by which it is found",
        "recount": "a mark for the next draft",
        "waits_for": "of what is open still",
        "due_at": "of what is open still",
        "due_days": "of what is open still",
        "lapsed_at": "of what is open still",
        "approved_by": "of what was taken back after it was approved",
        "cause": "says `reason` as a code",
        "cause_ref": "says `reason` as a code",
    },
}


def test_every_column_is_looked_at_or_said_not_to_be():
    looked = {}
    for table, values in COLUMNS:
        looked.setdefault(table, set()).update(values)
    for table, names in looked.items():
        rest = set(table.columns.keys()) - names - NOT_LOOKED_AT[table.name].keys()
        assert rest == set(), table.name
        assert not names & NOT_LOOKED_AT[table.name].keys()


def row_named(table, row):
    return str(uuid_of(row.award_id)) if table is t.awards else row.subject_id


@pytest.mark.covers("N3")
def test_rows_that_the_log_does_not_have_are_named_too(credit, monkeypatch, capsys):
    """FP-D4: both directions."""
    bench = credit
    with bench.runtime.engine.begin() as conn:
        award = next(
            row for row in conn.execute(sa.select(t.awards)) if row.rule_code == "R-RES-06"
        )
        made = award._asdict() | {"award_id": "01961111-0000-7000-8000-000000000009"}
        conn.execute(t.awards.insert().values(**made))
    code, said = verdict(bench, monkeypatch, capsys)
    assert code == command.TAMPERED
    assert "01961111-0000-7000-8000-000000000009" in said
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.delete(t.awards).where(t.awards.c.award_id == made["award_id"]))
        entry = next(row for row in conn.execute(sa.select(t.entries)) if row.subject_id == MER)
        conn.execute(t.entries.insert().values(**(entry._asdict() | {"subject_id": "MER:mer_9"})))
    code, said = verdict(bench, monkeypatch, capsys)
    assert code == command.TAMPERED
    assert "ENTRY_MISSING subject MER:mer_9" in said
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.delete(t.entries).where(t.entries.c.subject_id == "MER:mer_9"))
        conn.execute(sa.delete(t.notices).where(t.notices.c.kind == "SETTLEMENT"))
    code, said = verdict(bench, monkeypatch, capsys)
    assert code == command.TAMPERED
    assert "there is no notice" in said


@pytest.mark.covers("N3")
def test_what_commands_change_after_publication_is_no_finding(credit, monkeypatch, capsys):
    """FP-D4: a month is sound after its notice has ended, points were released, a deduction counts
    for good and was repaired, and an award was taken back later."""
    bench = credit
    bench.fire("2025-02-20T10:00")
    assert verdict(bench, monkeypatch, capsys)[0] == command.SOUND
    assert organisation(notice_of(bench))["note"] is None
    award = bench.rows("SELECT award_id FROM awards WHERE rule_code = 'R-RES-06' ORDER BY deed")[0]
    bench.as_("R_CADRE", person="per_c8", scope=stage.COMMUNITY)
    filed = bench.do(
        "start_correction",
        {
            "target": "AWARD",
            "target_id": str(uuid_of(award["award_id"])),
            "text": "文号有误,系重复登记",
            "reasons": "同一表彰文件登记两次,依据台账应当更正一次",
        },
    )
    bench.as_("R_CADRE", person="per_c9", scope=stage.COMMUNITY)
    taken = bench.do("accept_objection", {"objection_id": filed["id"]}, version=filed["version"])
    bench.do(
        "decide_objection",
        {
            "objection_id": filed["id"],
            "outcome": "UPHELD",
            "reasons": "经核对区级表彰台账,两次登记为同一事迹,应予撤销其一",
        },
        version=taken["version"],
    )
    assert verdict(bench, monkeypatch, capsys)[0] == command.SOUND
