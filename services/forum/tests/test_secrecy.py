"""What somebody finds who has forum's database, a backup made while the vote was open, and all keys
of the installation: who voted, what was voted, and no more than chance of which belongs to whom."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from fivered.chassis import backup, dumps, migrate
from fivered.services.forum import rules
from fivered.services.forum.service import Forum
from fivered.services.forum.tests.conftest import STREET

START = "2025-03-07T19:00:00+08:00"
# The alphabet's order is not that of voting: 7 and 40 share nothing.
VOTERS = [f"per_v{number * 7 % 40:02d}" for number in range(40)]
# Who comes early votes for: an order that stays would tell much.
CHOSEN = dict(zip(VOTERS, ["FOR"] * 20 + ["AGAINST"] * 20, strict=True))
CHANGED = VOTERS[3]


def voted(town):
    """Forty people vote, one of them twice; the vote is open still."""
    for person in sorted(VOTERS, key=lambda one: one[::-1]):
        town.live(person)
    topic_id = town.submit(VOTERS[0])
    town.adopt(topic_id)
    invitees = [{"person_id": one, "capacity": "RESIDENT_REP"} for one in VOTERS]
    session_id = town.schedule(topic_id, START, invitees=invitees)
    town.bench.at(START)
    town.open(session_id, *VOTERS)
    for person, choice in CHOSEN.items():
        town.vote(session_id, topic_id, person, "AGAINST" if person == CHANGED else choice)
    changed = {"session_id": session_id, "topic_id": topic_id, "choice": "FOR", "change": True}
    town.resident(CHANGED).do("vote", changed)
    return topic_id, session_id


def tables(town):
    """Every row of the database, by table, in the order in which the rows lie there."""
    engine = town.bench.runtime.engine
    place = "ctid" if engine.dialect.name == "postgresql" else "rowid"
    found = {}
    for name in sa.inspect(engine).get_table_names():
        keyed = engine.dialect.name == "sqlite" and town.bench.rows(
            "SELECT 1 FROM sqlite_master WHERE name = :n AND sql LIKE '%WITHOUT ROWID%'", n=name
        )
        order = "" if keyed else f" ORDER BY {place}"
        found[name] = town.bench.rows(f'SELECT * FROM "{name}"{order}')
    return found


def text_of(path):
    """What a backup of a database holds, as somebody reads it who has the file."""
    if path.suffix == ".sqlite":
        return path.read_bytes().decode("latin-1")
    program = shutil.which("pg_restore") or str(next(dumps.VERSIONS.glob("*/bin/pg_restore")))
    said = subprocess.run([program, "-f", "-", str(path)], capture_output=True, check=True)
    return said.stdout.decode()


def backed_up(town, to):
    """Make a backup as `fivered backup` does; returns its text and what it says that it lacks."""
    made = backup.make("forum", {"forum": town.bench.runtime.engine}, to, backup.Beside({}))
    manifest = backup.manifest_of(made)
    return text_of(made / manifest.services["forum"].file), manifest.left_out


def more_than_chance(ballots, chosen):
    """Tell whether ballots in one order go with the true choices in another: of 40, chance makes
    fewer than 4 or more than 36 agree once in 300 million tries."""
    agree = sum(one == other for one, other in zip(ballots, chosen, strict=True))
    return not 4 <= agree <= 36


def test_forty_ballots_cannot_be_given_back_to_their_voters(town, tmp_path):
    """SEC-M11. A digest stayed in the audit, and one key of the installation opened old backups."""
    topic_id, session_id = voted(town)
    runtime = town.bench.runtime
    keys = [key.encode() for key in runtime.process.digest_keys]
    (half,) = {row["half"] for row in town.bench.rows("SELECT half FROM vote_keys")}
    sealed = {
        row["person_id"]: row["sealed"] for row in town.bench.rows("SELECT * FROM sealed_votes")
    }
    text, lacks = backed_up(town, tmp_path / "open")
    assert set(sealed) == set(VOTERS)
    assert all(one in text for one in sealed.values())

    town.secretary()
    tally = town.on_session("close_vote", session_id, topic_id=topic_id)
    assert (tally["for"], tally["against"], tally["not_cast"]) == (20, 20, 0)
    where = {"session_id": session_id, "topic_id": topic_id}
    counted = town.bench.as_("R_STREET", person="per_street", scope=STREET).ask("recount", where)
    assert (counted["for"], counted["against"], counted["agrees"]) == (20, 20, True)

    # The sealed votes of the backup: all keys of the installation, and every text of 32 bytes there.
    assert half not in text
    assert any(one.startswith("keys of open votes") for one in lacks)
    place = f"{session_id}/{topic_id}"
    halves = {bytes.fromhex(one) for one in re.findall(r"(?<![0-9a-f])[0-9a-f]{64}", text)}
    tried = keys + [rules.vote_key(key, one) for key in keys for one in halves]
    assert not [one for one in sealed.values() for key in tried if rules.open_vote(key, place, one)]
    # With the half that ended it would be open: the tries above are the right ones.
    (own,) = [rules.vote_key(key, bytes.fromhex(half)) for key in keys[:1]]
    assert {one: rules.open_vote(own, place, sealed[one]) for one in VOTERS} == CHOSEN

    # The rows: nothing of a ballot stands in a row that names a voter or is joined to one.
    after = tables(town)
    shared = {session_id, topic_id, place}
    ballots = after.pop("ballots")
    marks = {str(cell) for row in ballots for cell in row.values()} - shared
    assert len(ballots) == 40
    cells = {
        (name, person): [str(cell) for row in rows if person in str(row) for cell in row.values()]
        for name, rows in after.items()
        for person in VOTERS
    }
    assert any(found for (name, _), found in cells.items() if name == "audit")
    for (name, person), found in cells.items():
        assert not [cell for cell in found if marks & {cell, *re.findall(r"\w+", cell)}], name
        for choice in rules.CHOICES:
            # The digests: each choice is tried with the installation's keys.
            asked = where | {"choice": choice}
            for body in (asked, asked | {"change": True}, asked | {"change": False}):
                digest = runtime.digests.of("vote", body)
                assert not [cell for cell in found if digest.names(cell)], (name, person, choice)

    # The order: as rows lie, by their ids, and by each list that names all voters.
    lists = {
        name: [person for row in rows for person in VOTERS if person in str(row)]
        for name, rows in after.items()
    } | {"voted": VOTERS, "by_name": sorted(VOTERS)}
    orders = {
        name: list(dict.fromkeys(found)) for name, found in lists.items() if set(VOTERS) == {*found}
    }
    assert {"roll", "invitations", "audit", "voted", "by_name"} <= set(orders)
    by_id = sorted(ballots, key=lambda row: row["ballot_id"])
    for lie in (ballots, by_id):
        for name, order in orders.items():
            chosen = [CHOSEN[person] for person in order]
            assert not more_than_chance([row["choice"] for row in lie], chosen), name

    # A backup of after, and the file itself once its log is written back.
    later, _ = backed_up(town, tmp_path / "closed")
    assert half not in later
    assert not [one for one in sealed.values() if one in later]
    if runtime.engine.dialect.name == "sqlite":
        with runtime.engine.connect() as conn:
            conn.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        held = Path(runtime.engine.url.database).read_bytes()
        assert half.encode() not in held
        assert not [one for one in sealed.values() if one.encode() in held]


def test_digests_of_choices_of_before_are_gone_after_the_upgrade(town):
    """0.2.0 kept them; the audit takes no change but this one."""
    topic_id, session_id = voted(town)
    runtime = town.bench.runtime
    where = {"session_id": session_id, "topic_id": topic_id}
    kept = [
        {"a": person, "d": runtime.digests.of("vote", where | {"choice": choice}).keyed}
        for person, choice in CHOSEN.items()
    ]
    insert = (
        "INSERT INTO audit (at, actor, role, scope, action, result, digest)"
        " VALUES (:at, :a, 'R_RESIDENT', '', 'vote', 'CAST', :d)"
    )
    keys = "UPDATE idempotency SET digest = :d WHERE actor = :a AND method = 'vote'"
    now = runtime.chassis.audit.c.at.type.process_bind_param(town.bench.now, runtime.engine.dialect)
    with runtime.engine.begin() as conn:
        conn.execute(sa.text(insert), [one | {"at": now} for one in kept])
        conn.execute(sa.text(keys), kept)
        conn.execute(sa.text("DROP TABLE vote_keys"))
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '0020'"))
    digests = {one["d"] for one in kept}

    def found():
        rows = [row for rows in tables(town).values() for row in rows]
        return {cell for row in rows for cell in row.values() if isinstance(cell, str)} & digests

    assert found() == digests
    _chassis, history = migrate.histories(migrate.package_of(Forum))
    assert history.upgrade(runtime.engine)
    assert found() == set()
    change = "UPDATE audit SET digest = 'k1:x' WHERE action = 'vote'"
    with pytest.raises(sa.exc.DBAPIError), runtime.engine.begin() as conn:
        conn.execute(sa.text(change))


def test_a_restored_backup_of_an_open_vote_lets_people_vote_again(town):
    """The half is in no backup: what was sealed with it stays shut."""
    topic_id, session_id = voted(town)
    with town.bench.runtime.engine.begin() as conn:
        conn.execute(sa.text("DELETE FROM vote_keys"))
    for person, choice in CHOSEN.items():
        body = {"session_id": session_id, "topic_id": topic_id, "choice": choice, "change": True}
        town.resident(person).do("vote", body)
    town.secretary()
    tally = town.on_session("close_vote", session_id, topic_id=topic_id)
    assert (tally["for"], tally["against"]) == (20, 20)
    assert town.bench.rows("SELECT * FROM vote_keys") == []
