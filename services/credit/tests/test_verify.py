"""A published month can be computed again from its log, and whatever was changed is named."""

import argparse
import json
import random
import uuid

import pytest
import sqlalchemy as sa

from fivered.chassis import cli, jobs, own_data
from fivered.chassis.blobs import Blobs
from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import CommandFailed, ProcessSettings
from fivered.services.credit.actions import verify as command
from fivered.services.credit.rules import findings, month_log, recompute
from fivered.services.credit.service import Credit
from fivered.services.credit.storage import month_logs as store
from fivered.services.credit.storage import tables as t
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_awards import attended, hours, rated
from fivered.services.credit.tests.test_settlement import (
    NOTICE_END,
    PERIOD,
    PROJECT_ROW,
    WD5,
    close_month,
    confirm,
    entry_of,
    missed,
    review,
    rows,
    run_jobs,
    settlement_of,
)
from testkit.bench import Bench, databases, environment, fresh_database, open_bench
from testkit.installation import installed_alone

pytestmark = pytest.mark.slow


def a_month(bench):
    """A month with every way in which a score comes about: events under a cap, hours with a
    correction, measures, deductions, an award by hand, one that was taken back, a carried one."""
    bench.at("2025-01-20T09:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    stage.resident(bench, "per_a", ("SCORING", "POINTS", "PUBLIC_LIST"))
    stage.resident(bench, "per_b", ("SCORING",))
    stage.project(bench)
    bench.at("2025-02-15T18:00").deliver([hours(bench, "rec_0", 150, "2025-02-15")])
    bench.at("2025-03-05T10:00")
    stage.markers(bench, "2025-02")
    bench.at("2025-03-16T21:00").deliver(
        [rated(bench, at=f"2025-03-{day:02d}T10:00") for day in range(3, 15)]
        + [missed(bench, at="2025-03-12T10:00")]
    )
    bench.deliver(
        [
            attended(bench, p, f"2025-03-{day}T20:00")
            for p in ("per_a", "per_b")
            for day in (10, 11, 12, 13, 14)
        ]
    )
    bench.deliver(
        [hours(bench, "rec_1", 480, "2025-03-08"), hours(bench, "rec_2", 480, "2025-03-09")]
    )
    bench.deliver(
        [
            hours(
                bench,
                "rec_0",
                90,
                "2025-02-15",
                at="2025-03-15T10:00",
                fact="corrected",
                previous=150,
            )
        ]
    )
    bench.consume(
        "property",
        "rectification_passed.v1",
        {"rectification_id": "rec_1", "project_id": "prj_1", "severity": "S3", "late": False},
        subject="rec_1",
    )
    wrong = {"rectification_id": "rec_3", "project_id": "prj_1", "severity": "S3"}
    bench.consume("property", "rectification_overdue.v1", wrong, subject="rec_3")
    bench.consume(
        "property",
        "rectification_overdue.v1",
        {**wrong, "rectification_id": "rec_4"},
        subject="rec_4",
    )
    bench.consume(
        "property",
        "rectification_withdrawn.v1",
        {"rectification_id": "rec_4", "project_id": "prj_1"},
        subject="rec_4",
    )
    bench.as_("R_CADRE", person="per_c1", scope=stage.COMMUNITY)
    reply = bench.do(
        "propose_award",
        {
            "subject": "RES:per_b",
            "rule_code": "R-RES-11",
            "occurred_at": "2025-03-14T09:00:00+08:00",
            "evidence": ["TJ-2025-001"],
        },
    )
    bench.as_("R_SECRETARY", person="per_secretary", scope=stage.COMMUNITY)
    bench.do(
        "approve_award", {"award_id": reply["id"], "note": "材料属实"}, version=reply["version"]
    )
    return close_month(bench, given=rows(project=PROJECT_ROW))


def published_stage(bench):
    """The month is published, and its company's too."""
    card = a_month(bench)
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card, person="per_sec2")["version"])
    run_jobs(bench)
    district = settlement_of(bench, area="370811")
    version = review(bench, district, role="R_DISTRICT", area="370811", person="per_d1")["version"]
    confirm(bench, district, version, role="R_DISTRICT", area="370811", person="per_d2")
    bench.fire(WD5)


@pytest.fixture
def published(bench):
    return bench.staged(published_stage)


@pytest.mark.covers("N2", "N3")
@pytest.mark.parametrize("taken_back", ["2025-04-07T15:00", "2025-04-10T10:00"])
def test_a_deduction_taken_back_before_the_month_is_final_is_published_and_never_counts(
    bench, monkeypatch, taken_back
):
    card = a_month(bench)
    bench.at("2025-04-07T10:00")
    confirm(bench, card, review(bench, card, person="per_sec2")["version"])
    if taken_back > WD5:
        bench.fire(WD5)
    bench.at(taken_back).consume(
        "property",
        "rectification_withdrawn.v1",
        {"rectification_id": "rec_3", "project_id": "prj_1"},
        subject="rec_3",
    )
    bench.fire(max(taken_back, WD5))
    before = entry_of(settlement_of(bench), "PRJ:prj_1")
    assert run(bench, monkeypatch, community=stage.COMMUNITY) == command.SOUND
    bench.fire(NOTICE_END)
    after = entry_of(settlement_of(bench), "PRJ:prj_1")
    assert (before["bad"], before["state"]) == (3, "PUBLISHED")
    assert (after["bad"], after["state"]) == (0, "FINAL")
    assert after["score"] == before["score"] + 3
    assert run(bench, monkeypatch, community=stage.COMMUNITY) == command.SOUND


def log_of(bench, area=stage.COMMUNITY):
    with bench.transaction() as tx:
        notice = store.published(tx.conn, PERIOD, area)[0]
        return list(store.lines(tx.conn, notice.settlement_id)), notice.digest


def given(**more):
    asked = {
        "service": "credit",
        "period": PERIOD,
        "community": None,
        "export": None,
        "data": None,
        "digest": None,
        "log": None,
        "write": None,
        "all": False,
        "json": False,
    }
    return argparse.Namespace(**(asked | more))


def run(bench, monkeypatch, **more):
    url = bench.runtime.engine.url.set(
        drivername=bench.runtime.engine.url.get_backend_name()
    ).render_as_string(hide_password=False)
    monkeypatch.setenv("FIVERED_CREDIT_DATABASE_URL", url)
    _, handler = command.verify_command
    return handler(given(**more))


def resealed(lines):
    """The lines with a last line that fits them: a person who tampers can compute that too."""
    seal = month_log.Seal()
    for line in lines[:-1]:
        seal.add(line)
    return [*lines[:-1], month_log.encode(seal.line())]


def changed(lines, match, change):
    """Change the first line that matches; `change` returns another line, or None to delete it."""
    found = []
    done = False
    for text in lines:
        line = json.loads(text)
        if not done and match(line):
            done = True
            other = change(line)
            if other is None:
                continue
            found.append(month_log.encode(other))
            continue
        found.append(text)
    assert done
    return resealed(found)


@pytest.mark.covers("N3", "C8", "N3")
def test_an_untouched_month_is_computed_again_to_the_digest_of_its_notice(
    published, monkeypatch, capsys
):
    bench = published
    for area in (stage.COMMUNITY, "370811"):
        lines, digest = log_of(bench, area)
        verdict = recompute.verify(lines, digest)
        assert verdict.findings == ()
        assert verdict.sound
        assert verdict.computed == digest
    assert run(bench, monkeypatch) == 0
    said = capsys.readouterr().out
    assert said.count("verified") == 2
    # What happens to the month afterwards changes nothing of what was published.
    bench.fire(NOTICE_END)
    assert run(bench, monkeypatch) == 0


@pytest.mark.covers("N3", "C8")
def test_the_notice_names_the_digest_and_the_content_of_the_rules(published):
    bench = published
    bench.as_("R_ANONYMOUS", person="", scope="")
    notice = bench.ask("notices", {"scope": stage.COMMUNITY})["items"][0]
    body = bench.ask("notice", {"notice_id": notice["id"]})["body"]
    lines, digest = log_of(bench)
    assert body["digest"] == digest == json.loads(lines[0])["digest"]
    document = next(json.loads(text) for text in lines if '"line":"rule_set"' in text)
    assert body["rule_sets"] == {"RC-2025.1": month_log.document_digest(document["body"])}


def award_of(rule):
    return lambda line: line["line"] == "award" and line["rule"] == rule and line["score"] != 0


def plus(member, amount=1):
    return lambda line: {**line, member: line[member] + amount}


def of_rule(code, change):
    def apply(line):
        body = json.loads(json.dumps(line["body"]))
        change(next(rule for rule in body["rules"] if rule["code"] == code))
        return {**line, "body": body}

    return apply


TAMPERINGS = {
    "a score of an entry": (
        lambda line: line["line"] == "entry" and line["subject"] == "RES:per_a",
        plus("score"),
        (findings.ENTRY, "RES:per_a", ""),
    ),
    "a grade of an entry": (
        lambda line: line["line"] == "entry" and line["subject"] == "PRJ:prj_1",
        lambda line: {**line, "grade": "AAA"},
        (findings.ENTRY, "PRJ:prj_1", ""),
    ),
    "the points of an award": (
        award_of("R-RES-03"),
        plus("points"),
        (findings.AWARD_AMOUNT, "RES:per_a", "R-RES-03"),
    ),
    "the score of an award": (
        award_of("R-STW-03"),
        plus("score"),
        (findings.CAP, "STW:stw_1", "R-STW-03"),
    ),
    "an award under a cap, with its raw score": (
        lambda line: line["line"] == "award" and line["rule"] == "R-STW-01" and line["score"] == 0,
        lambda line: {**line, "score": 2, "points": 10},
        (findings.CAP, "STW:stw_1", "R-STW-01"),
    ),
    "an award of hours": (
        award_of("R-RES-01"),
        plus("score", 3),
        (findings.ENTRY, "RES:per_a", ""),
    ),
    "an award by hand": (
        award_of("R-RES-11"),
        lambda line: {**line, "score": 9, "score_raw": 9},
        (findings.AWARD_AMOUNT, "RES:per_b", "R-RES-11"),
    ),
    "the minutes of a record": (
        lambda line: line["line"] == "hours" and line["record"] == "rec_1",
        plus("minutes", -240),
        (findings.AWARD_AMOUNT, "RES:per_a", "R-RES-01"),
    ),
    "a measured value": (
        lambda line: line["line"] == "measure" and line["subject"] == "PRJ:prj_1",
        lambda line: {**line, "data": {**line["data"], "complaints_valid": 0}},
        (findings.AWARD_MISSING, "PRJ:prj_1", "R-PRJ-04"),
    ),
    "a gate": (
        lambda line: line["line"] == "measure" and line["subject"] == "PRJ:prj_1",
        lambda line: {**line, "data": {**line["data"], "overdue_rectifications_open": 1}},
        (findings.ENTRY, "PRJ:prj_1", ""),
    ),
    "a deleted award, seen by the one that the cap then lets in": (
        award_of("R-RES-03"),
        lambda _: None,
        (findings.CAP, "RES:per_a", "R-RES-03"),
    ),
    "a deleted deduction": (
        lambda line: award_of("R-PRJ-12")(line) and line["state"] == "APPROVED",
        lambda _: None,
        (findings.ENTRY, "PRJ:prj_1", ""),
    ),
    "a deleted measured award": (
        award_of("R-PRJ-06"),
        lambda _: None,
        (findings.AWARD_MISSING, "PRJ:prj_1", "R-PRJ-06"),
    ),
    "a deleted entry": (
        lambda line: line["line"] == "entry" and line["subject"] == "RES:per_b",
        lambda _: None,
        (findings.ENTRY_MISSING, "RES:per_b", ""),
    ),
    "a consent": (
        lambda line: line["line"] == "consent" and line["purpose"] == "SCORING",
        lambda _: None,
        (findings.NO_CONSENT, "RES:per_a", "R-RES-01"),
    ),
    "an award given to another": (
        award_of("R-RES-11"),
        lambda line: {**line, "subject": "RES:per_b", "deed": "TJ-2025-002"},
        (findings.AWARD_IDENTITY, "RES:per_b", "R-RES-11"),
    ),
    "the digest of an entry in the index": (
        lambda line: line["line"] == "index" and line["subject"] == "RES:per_b",
        lambda line: {**line, "digest": "0" * 64},
        (findings.ENTRY, "RES:per_b", ""),
    ),
    "a rule": (
        lambda line: line["line"] == "rule_set",
        of_rule("R-RES-03", lambda rule: rule.update(score=rule["score"] + 1)),
        (findings.RULE, "", "R-RES-03"),
    ),
    "the digest in the manifest": (
        lambda line: line["line"] == "manifest",
        lambda line: {**line, "digest": "f" * 64},
        (findings.NOTICE, "", ""),
    ),
    "a value that no line of ours has": (
        lambda line: line["line"] == "award" and line["subject"] == "RES:per_b",
        lambda line: {**line, "score": "much"},
        (findings.FORM, "RES:per_b", ""),
    ),
}


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """The log of a published month, and the digest in its notice."""
    folder = tmp_path_factory.mktemp("month")
    for url in fresh_database("sqlite", folder):
        bench = open_bench(Credit, url)
        card = a_month(bench)
        bench.at("2025-04-10T09:00")
        confirm(bench, card, review(bench, card, person="per_sec2")["version"])
        found = log_of(bench)
        bench.runtime.close()
        yield found


@pytest.mark.covers("N3", "N3")
@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_was_tampered_with_is_named_first(month, name):
    lines, digest = month
    match, change, expected = TAMPERINGS[name]
    verdict = recompute.verify(changed(lines, match, change), digest)
    assert not verdict.sound
    first = verdict.first
    assert (first.what, first.subject, first.rule) == expected, verdict.findings


@pytest.mark.covers("N3", "N3")
def test_a_rule_changed_together_with_its_digest_is_named_by_the_awards_that_it_gave(month):
    lines, digest = month
    raised = changed(
        lines,
        lambda line: line["line"] == "rule_set",
        # Its worked case would give the change away, so it goes too.
        of_rule("R-RES-03", lambda rule: rule.update(score=rule["score"] + 1, cases=[])),
    )
    document = next(json.loads(t)["body"] for t in raised if '"line":"rule_set"' in t)

    def hide(line):
        stated = {
            "RC-2025.1": {
                "digest": month_log.document_digest(document),
                "rules": month_log.rule_digests(document),
            }
        }
        return {**line, "rule_sets": stated}

    verdict = recompute.verify(
        changed(raised, lambda line: line["line"] == "manifest", hide), digest
    )
    assert verdict.first.what == findings.AWARD_AMOUNT
    assert verdict.first.rule == "R-RES-03"


@pytest.mark.covers("N3")
def test_any_single_byte_that_is_flipped_is_found(month):
    lines, digest = month
    whole = "\n".join(lines)
    for place in range(7, len(whole), max(1, len(whole) // 150)):
        other = chr(ord(whole[place]) ^ 1) if whole[place] != "\n" else " "
        text = whole[:place] + other + whole[place + 1 :]
        try:
            verdict = recompute.verify(text.split("\n"), digest)
        except findings.Unreadable:
            continue
        assert not verdict.sound, (place, whole[place - 30 : place + 30])


@pytest.mark.covers("N3")
def test_even_a_line_without_any_effect_is_missed_when_the_notice_names_the_log(month):
    lines, digest = month
    sealed = json.loads(lines[-1])["sha256"]
    assert recompute.verify(lines, digest, sealed).sound
    taken_back = changed(
        lines,
        lambda line: line["line"] == "award" and line["state"] == "REVERSED",
        lambda _: None,
    )
    assert recompute.verify(taken_back, digest).sound
    verdict = recompute.verify(taken_back, digest, sealed)
    assert not verdict.sound
    assert verdict.first.what == findings.SEAL


@pytest.mark.covers("N3")
def test_a_log_that_ends_early_or_is_none_is_refused(month):
    lines, digest = month
    assert recompute.verify(lines[:-1], digest).findings[-1].what == findings.SEAL
    for wrong in ([], ["{}"], ["no json"], ["[1]"], lines[1:]):
        with pytest.raises(findings.Unreadable):
            recompute.verify(wrong, digest)


@pytest.mark.covers("N3", "N3")
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE awards SET score = score + 1 WHERE rule_code = 'R-RES-11'", "AWARD_AMOUNT"),
        ("UPDATE awards SET points = points + 1 WHERE rule_code = 'R-RES-03'", "AWARD_AMOUNT"),
        ("DELETE FROM awards WHERE rule_code = 'R-PRJ-06'", "AWARD_MISSING"),
    ],
)
def test_a_row_changed_behind_the_back_of_the_service_is_named(
    published, monkeypatch, capsys, statement, what
):
    bench = published
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.text(statement))
    assert run(bench, monkeypatch, community=stage.COMMUNITY) == 1
    said = capsys.readouterr().out
    assert "NOT what was published" in said
    assert what in said


@pytest.mark.covers("N3", "N3")
def test_the_command_needs_only_the_exported_file(published, monkeypatch, capsys, tmp_path):
    bench = published
    path = tmp_path / "month.jsonl"
    assert run(bench, monkeypatch, community=stage.COMMUNITY, write=str(path)) == 0
    lines, digest = log_of(bench)
    monkeypatch.delenv("FIVERED_CREDIT_DATABASE_URL")
    _, handler = command.verify_command
    assert path.read_text("utf-8").splitlines() == lines
    assert handler(given(export=str(path), digest=digest)) == 0
    assert handler(given(export=str(path), digest="0" * 64)) == 1
    capsys.readouterr()
    path.write_text(path.read_text("utf-8").replace('"score":1022', '"score":1023'), "utf-8")
    tampered = changed(
        lines,
        lambda line: line["line"] == "entry" and line["subject"] == "RES:per_a",
        plus("score"),
    )
    path.write_text("\n".join(tampered) + "\n", "utf-8")
    assert handler(given(export=str(path))) == 1
    assert "ENTRY subject RES:per_a: score says" in capsys.readouterr().out
    # A program is told the same, with every finding.
    assert handler(given(export=str(path), json=True)) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["sound"] is False
    assert told["area"] == stage.COMMUNITY
    assert any("RES:per_a: score says" in one for one in told["findings"])
    for wrong in ({"period": "2025-13"}, {"period": "2025-04"}, {"export": str(tmp_path / "none")}):
        with pytest.raises(CommandFailed):
            handler(given(**({"export": str(path)} | wrong)))
    with pytest.raises(CommandFailed):
        handler(given())
    with pytest.raises(CommandFailed):
        handler(given(data=str(tmp_path)))


@pytest.mark.covers("N3", "C17")
def test_the_log_comes_by_a_door_and_as_a_job_for_those_who_audit(published):
    bench = published
    lines, _ = log_of(bench)
    settlement_id = json.loads(lines[0])["settlement"]
    bench.as_("R_AUDITOR", person="per_auditor", scope="370811")
    found, part = [], 0
    while part is not None:
        reply = bench.ask("month_log", {"settlement_id": settlement_id, "part": part})
        found += reply["lines"]
        part = reply["next"]
    assert found == lines
    with pytest.raises(NotFound):
        bench.as_("R_AUDITOR", person="per_auditor", scope="370812").ask(
            "month_log", {"settlement_id": settlement_id}
        )
    with pytest.raises(RoleDenied):
        bench.as_("R_STREET", person="per_street").ask(
            "month_log", {"settlement_id": settlement_id}
        )


@pytest.mark.covers("N3", "C8")
def test_a_month_that_is_not_published_has_no_log(bench):
    card = a_month(bench)
    bench.as_("R_DISTRICT", person="per_d", scope="370811")
    with pytest.raises(StateConflict):
        bench.do("export_month", {"settlement_id": card["id"]})


@pytest.mark.covers("N3")
def test_the_exported_file_is_the_log(tmp_path):
    for url in fresh_database("sqlite", tmp_path):
        bench = open_bench(Credit, url, FIVERED_BLOBS=str(tmp_path / "blobs"))
        card = a_month(bench)
        bench.at("2025-04-10T09:00")
        confirm(bench, card, review(bench, card, person="per_sec2")["version"])
        lines, digest = log_of(bench)
        bench.as_("R_AUDITOR", person="per_auditor", scope="370811")
        reply = bench.do("export_month", {"settlement_id": card["id"]})
        while jobs.run_next(bench.runtime):
            pass
        result = bench.ask("_job", {"job_id": reply["id"]})["result"]
        with Blobs(tmp_path / "blobs").open(result["sha256"]) as file:
            text = file.read().decode()
        assert text.splitlines() == lines
        assert result["lines"] == len(lines)
        assert recompute.verify(text.splitlines(), digest).sound
        bench.runtime.close()


def test_every_award_of_the_log_has_an_id_of_its_own(month):
    lines, _ = month
    found = [json.loads(t)["award"] for t in lines if '"line":"award"' in t]
    assert len(found) == len(set(found))
    assert all(uuid.UUID(one) for one in found)


@pytest.mark.covers("N3", "C8", "C5")
@pytest.mark.parametrize("seed", range(3))
def test_any_two_months_in_a_row_are_computed_again_as_they_were_published(bench, seed):
    from fivered.services.credit.tests.test_worked_examples import settle

    chance = random.Random(seed)
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.steward(bench, "stw_1", "per_s")
    stage.project(bench)
    people = [f"per_{n}" for n in range(4)]
    for number, person in enumerate(people):
        stage.resident(bench, person, ("SCORING", "POINTS") if number % 2 else ("SCORING",))
    records = {}
    for period, days in (("2025-03", 31), ("2025-04", 30)):
        said = {"steward": [], "forum": [], "property": []}
        bench.at(f"{period}-28T22:00")
        for _ in range(40):
            at = f"{period}-{chance.randint(1, min(days, 28)):02d}T{chance.randint(8, 20):02d}:00"
            person, what = chance.choice(people), chance.randrange(7)
            if what == 0:
                said["steward"].append(rated(bench, at=at, stars=chance.choice([3, 4, 5])))
            elif what == 1:
                said["forum"].append(attended(bench, person, at))
            elif what in (2, 3):
                record = f"rec_{len(records)}"
                records[record] = (person, at[:10], minutes := chance.randint(10, 600))
                source = chance.choice(["QR", "BACKFILL"])
                said["steward"].append(
                    hours(bench, record, minutes, at[:10], person_id=person, source=source)
                )
            elif what == 4 and records:
                record = chance.choice(sorted(records))
                owner, day, before = records[record]
                records[record] = (owner, day, after := chance.randint(0, 600))
                said["steward"].append(
                    hours(
                        bench,
                        record,
                        after,
                        day,
                        at=f"{period}-28T21:00",
                        fact="corrected",
                        previous=before,
                        person_id=owner,
                    )
                )
            elif what == 5:
                name = f"req_{period}_{len(said['steward'])}"
                said["steward"].append(missed(bench, at=at, request_id=name))
            else:
                rectification = f"rec_{period}_{len(said['property'])}"
                data = {"rectification_id": rectification, "project_id": "prj_1", "severity": "S2"}
                said["property"].append(
                    bench.event(
                        "property",
                        "rectification_overdue.v1",
                        data,
                        subject=rectification,
                        occurred_at=at,
                    )
                )
                if chance.random() < 0.5:
                    said["property"].append(
                        bench.event(
                            "property",
                            "rectification_withdrawn.v1",
                            {k: data[k] for k in ("rectification_id", "project_id")},
                            subject=rectification,
                            occurred_at=at,
                        )
                    )
        for source in ("steward", "forum"):
            chance.shuffle(said[source])
        for events in said.values():
            middle = chance.randint(0, len(events))
            bench.deliver(events[:middle])
            bench.deliver(events[middle:])
        assert bench.parked() == []
        row = PROJECT_ROW | {"complaints_valid": chance.randint(0, 60)}
        settle(bench, period, given=rows(project=row), finish=chance.random() < 0.5)
        with bench.transaction() as tx:
            notice = store.published(tx.conn, period, stage.COMMUNITY)[0]
            verdict, findings = command.judge(tx.conn, notice)
        assert findings == ()
        assert verdict.sound
        # The next month begins behind this one's marker: what is told of it now is LATE.
        late = rated(bench, at=f"{period}-28T23:00")
        bench.deliver([late])


@pytest.mark.covers("N3")
def test_after_an_erasure_the_month_is_verified_and_the_accounts_stay(published, monkeypatch):
    """The data of a person go; ledger and published month stay provable, by the id (REQ-L08)."""
    bench = published

    def accounts():
        with bench.transaction() as tx:
            return [
                tx.conn.execute(sa.select(table).order_by(*table.primary_key)).all()
                for table in (t.postings, t.lines, t.wallets, t.entries, t.awards)
            ]

    before = accounts()
    bench.consume(
        "steward", "person_erased.v1", {"person_id": "per_a"}, subject="per_a", sequence=9
    )
    assert bench.parked() == []
    with bench.transaction() as tx:
        assert tx.conn.execute(sa.select(t.homes).where(t.homes.c.person_id == "per_a")).all() == []
        person = tx.conn.execute(sa.select(t.people).where(t.people.c.person_id == "per_a")).one()
        assert person.grid is None
        told = sa.select(t.messages.c.message_id).where(t.messages.c.person_id == "per_a")
        assert tx.conn.execute(told).all() == []
    assert accounts() == before
    assert run(bench, monkeypatch) == command.SOUND


@pytest.mark.covers("N3")
@pytest.mark.parametrize("kind", databases())
def test_a_backup_of_before_an_erasure_is_restored_and_its_month_is_verified(
    kind, monkeypatch, tmp_path
):
    """The first start erases again; the month, its log and the ledger stay provable."""
    installed_alone(monkeypatch, "credit")
    for url in fresh_database(kind, tmp_path):
        given_env = environment(ProcessSettings, Credit.settings_type)
        for name, value in (given_env | {"FIVERED_CREDIT_DATABASE_URL": url}).items():
            monkeypatch.setenv(name, value)
        bench = open_bench(Credit, url)
        published_stage(bench)
        at = bench.runtime.fixed_now
        kept = str(tmp_path / "kept")
        assert cli.main(["backup", "credit", "--to", kept]) == 0
        erased = {"person_id": "per_a"}
        bench.consume("steward", "person_erased.v1", erased, subject="per_a", sequence=9)
        lines, digest = log_of(bench)
        bench.runtime.engine.dispose()
        # The database that is replaced says who was erased since.
        restore = ["restore", "credit", "--from", kept, "--replace", "credit"]
        assert cli.main(restore) == 0
        bench.runtime.close()

        runtime = Runtime.open(Credit, url, environ=given_env)
        runtime.fixed_now = at
        bench = Bench(runtime)
        with bench.transaction() as tx:
            assert own_data.waiting(tx) == 1
            home = sa.select(t.homes).where(t.homes.c.person_id == "per_a")
            assert tx.conn.execute(home).all() != []
        runtime.prepare()
        with bench.transaction() as tx:
            assert own_data.waiting(tx) == 0
            assert tx.conn.execute(home).all() == []
        assert run(bench, monkeypatch) == command.SOUND
        assert log_of(bench) == (lines, digest)
        assert recompute.verify(lines, digest).sound
        # What was changed in the backup would be named.
        with bench.transaction() as tx:
            of_a = t.entries.c.subject_id.in_(
                sa.select(t.subjects.c.subject_id).where(t.subjects.c.ref == "per_a")
            )
            tx.conn.execute(sa.update(t.entries).where(of_a).values(score=t.entries.c.score + 1))
        assert run(bench, monkeypatch) != command.SOUND
        runtime.close()
