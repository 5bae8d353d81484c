"""A backup is whole or not there, says what it holds, and gives back that moment."""

import json
import resource
import shutil
import sqlite3
from contextlib import closing, suppress
from hashlib import sha256
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import sqlalchemy as sa

from fivered.chassis import backup, cli, dumps, installed, restore
from fivered.chassis import storage as store
from fivered.chassis.blobs import place_of
from fivered.chassis.inbox import Delivery
from fivered.chassis.tests.toy.service import Toy, metadata
from testkit.bench import KEY, databases, fresh_database, open_bench

pytestmark = pytest.mark.slow

POINT = EntryPoint("toy", "fivered.chassis.tests.toy.service:Toy", installed.SERVICES)


@pytest.fixture(params=databases())
def toy(request, monkeypatch, tmp_path):
    """A toy that is installed, with its database and a folder of files in the environment."""
    monkeypatch.setattr(
        installed, "points", lambda group: {"toy": POINT} if group == installed.SERVICES else {}
    )
    making = fresh_database(request.param, tmp_path)
    bench = open_bench(Toy, url := next(making))
    monkeypatch.setenv("FIVERED_TOY_DATABASE_URL", url)
    monkeypatch.setenv("FIVERED_ACTOR_KEY", KEY)
    monkeypatch.setenv("FIVERED_BLOBS", str(tmp_path / "blobs"))
    (tmp_path / "blobs").mkdir()
    add(bench, "a", 3)
    yield bench
    bench.runtime.close()
    next(making, None)


def add(bench, counter, amount):
    bench.do("add", {"counter_id": counter, "amount": amount})
    bench.runtime.engine.dispose()  # a restore refuses while somebody is connected


def totals(bench):
    found = {row["counter_id"]: row["total"] for row in bench.rows("SELECT * FROM counters")}
    bench.runtime.engine.dispose()
    return found


def fivered(*arguments):
    return cli.main([str(one) for one in arguments])


def backed_up(tmp_path, *more):
    assert fivered("backup", "toy", "--to", tmp_path / "kept", *more) == 0
    return backup.backups_in(tmp_path / "kept")[-1]


def file_of(bench, tmp_path, content):
    """A file that a job of the service names."""
    name = sha256(content).hexdigest()
    (tmp_path / "blobs" / name).write_bytes(content)
    jobs = bench.runtime.chassis.jobs
    with bench.runtime.engine.begin() as conn:
        conn.execute(
            jobs.insert().values(
                job_id=f"job_{name[:8]}", kind="x", params={"sha256": name}, state="DONE", done=0,
                attempts=0, cancel=False, created_at=bench.now, updated_at=bench.now,
            )
        )  # fmt: skip
    return name


def photo_of(bench, tmp_path, content):
    """A file that belongs to a thing of the service; returns its name and where it lies."""
    name = f"{sha256(content).hexdigest()}.0123456789abcdef"
    place = place_of(tmp_path / "blobs", f"toy/{name}")
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    with bench.runtime.engine.begin() as conn:
        conn.execute(
            bench.runtime.chassis.files.insert().values(
                thing="counter_id", thing_id="a", file_id="fil_1", sha256=name, name="a.jpg",
                media_type="image/jpeg", size=len(content), added_by="per_1", added_at=bench.now,
            )
        )  # fmt: skip
    return name, place


def test_a_restored_database_is_that_of_its_moment(toy, tmp_path, capsys):
    name = file_of(toy, tmp_path, b"what somebody sent")
    photo, place = photo_of(toy, tmp_path, b"what a camera saw")
    made = backed_up(tmp_path)
    manifest = backup.manifest_of(made)
    assert manifest.services["toy"].outbox_id == 1
    assert manifest.blobs == {name: 18, f"toy/{photo}": 17}
    add(toy, "b", 5)
    (tmp_path / "blobs" / name).unlink()
    place.unlink()
    assert fivered("backup", "verify", made) == 0

    assert fivered("restore", "toy", "--from", made) == 2
    assert "not empty: --replace toy" in capsys.readouterr().err
    assert fivered("restore", "toy", "--from", made, "--replace", "toys") == 2
    assert totals(toy) == {"a": 3, "b": 5}

    if toy.runtime.engine.dialect.name == "postgresql":
        with toy.runtime.engine.connect():
            assert fivered("restore", "toy", "--from", made, "--replace", "toy") == 2
        assert "1 others are connected" in capsys.readouterr().err
        toy.runtime.engine.dispose()
    capsys.readouterr()
    assert fivered("restore", "toy", "--from", tmp_path / "kept", "--replace", "toy") == 0
    said = capsys.readouterr().out
    assert "not restored:" in said
    assert "FIVERED_ACTOR_KEY: keep them in another place" in said
    assert totals(toy) == {"a": 3}
    assert (tmp_path / "blobs" / name).read_bytes() == b"what somebody sent"
    assert place.read_bytes() == b"what a camera saw"
    add(toy, "c", 7)
    assert totals(toy) == {"a": 3, "c": 7}


def test_what_others_have_heard_and_it_has_forgotten_is_listed(toy, tmp_path, capsys):
    def hear():
        """Everything it has published takes effect in a consumer: here in itself."""
        outbox = toy.runtime.chassis.outbox
        with toy.runtime.engine.connect() as conn:
            rows = conn.execute(sa.select(outbox)).all()
        toy.deliver([Delivery(bytes(row.body), "toy", row.partition) for row in rows])
        toy.runtime.engine.dispose()
        return [str(row.event_id) for row in rows]

    (first,) = hear()
    made = backed_up(tmp_path)
    capsys.readouterr()
    assert fivered("doctor", "reconcile", "toy") == 0
    assert "ok   toy: knows nothing" in capsys.readouterr().out
    add(toy, "b", 5)
    _first, second = hear()
    assert fivered("doctor", "heard", "toy", "toy") == 0
    (tmp_path / "heard").write_text(capsys.readouterr().out)
    assert fivered("restore", "toy", "--from", made, "--replace", "toy") == 0
    assert "fivered doctor reconcile toy --from" in capsys.readouterr().out
    assert fivered("doctor", "reconcile", "toy", "--heard", tmp_path / "heard") == 1
    said = capsys.readouterr().out
    assert "1 events of toy took effect that toy does not know" in said
    assert second in said
    assert first not in said
    assert fivered("doctor", "reconcile", "toy", "--heard", tmp_path / "heard", "--json") == 1
    (one,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (one["consumer"], one["event_id"]) == ("toy", second)
    later = "2099-01-01T00:00"
    assert (
        fivered("doctor", "reconcile", "toy", "--heard", tmp_path / "heard", "--from", later) == 0
    )
    (tmp_path / "heard").write_text("{}")
    assert fivered("doctor", "reconcile", "toy", "--heard", tmp_path / "heard") == 2


def test_a_changed_byte_is_found_and_nothing_is_restored_from_it(toy, tmp_path, capsys):
    made = backed_up(tmp_path)
    assert fivered("backup", "verify", tmp_path / "kept") == 0
    path = made / backup.manifest_of(made).services["toy"].file
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    capsys.readouterr()
    assert fivered("backup", "verify", made) == 1
    assert f"{path.name} has changed" in capsys.readouterr().out
    assert fivered("backup", "verify", made, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["problems"] == [f"{path.name} has changed since it was written"]
    assert told["manifest"]["of"] == "toy"
    add(toy, "b", 5)
    assert fivered("restore", "toy", "--from", made, "--replace", "toy") == 2
    assert "is damaged" in capsys.readouterr().err
    assert totals(toy) == {"a": 3, "b": 5}


def test_of_a_backup_that_fails_nothing_is_left(toy, tmp_path, capsys):
    name = file_of(toy, tmp_path, b"what somebody sent")
    (tmp_path / "blobs" / name).write_bytes(b"another thing")
    assert fivered("backup", "toy", "--to", tmp_path / "kept") == 2
    assert "its name is not its digest" in capsys.readouterr().err
    left = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert [path.name for path in left] == [".lock"]


def test_one_that_was_killed_leaves_none_and_its_remains_are_removed(toy, tmp_path):
    killed = tmp_path / "kept" / ".part-toy-1"
    killed.mkdir(parents=True)
    (killed / "toy.dump").write_bytes(b"half")
    assert backup.backups_in(tmp_path / "kept") == []
    backed_up(tmp_path)
    assert not killed.exists()


def test_the_newest_are_kept_with_their_files(toy, tmp_path):
    first = file_of(toy, tmp_path, b"one")
    backed_up(tmp_path)
    with toy.runtime.engine.begin() as conn:
        conn.execute(sa.delete(toy.runtime.chassis.jobs))
    second = file_of(toy, tmp_path, b"two")
    (tmp_path / "blobs" / first).unlink()
    made = [backed_up(tmp_path, "--keep", 2), backed_up(tmp_path, "--keep", 2)]
    assert backup.backups_in(tmp_path / "kept") == made
    assert [path.name for path in (tmp_path / "kept/blobs").iterdir()] == [second]


def test_keys_are_sealed_or_only_named(toy, tmp_path, capsys, monkeypatch):
    plain = backed_up(tmp_path)
    assert not (plain / backup.SEALED_KEYS).exists()
    assert backup.manifest_of(plain).keys["FIVERED_ACTOR_KEY"].sealed is False
    (tmp_path / "phrase").write_text("correct horse battery\n")
    made = backed_up(tmp_path, "--passphrase-file", tmp_path / "phrase")
    for path in (tmp_path / "kept").rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()

    def restore(*more):
        return fivered("restore", "toy", "--from", made, "--replace", "toy", *more)

    monkeypatch.setenv(backup.PASSPHRASE, "another passphrase")
    assert restore("--keys-to", tmp_path / "env") == 2
    assert "another passphrase" in capsys.readouterr().err
    assert not (tmp_path / "env").exists()
    phrase = ("--passphrase-file", tmp_path / "phrase")
    assert restore("--keys-to", tmp_path / "env", *phrase) == 0
    assert f"FIVERED_ACTOR_KEY={KEY}" in (tmp_path / "env").read_text().splitlines()
    assert (tmp_path / "env").stat().st_mode & 0o077 == 0


def test_a_backup_of_a_later_release_is_refused(toy, tmp_path, capsys):
    made = backed_up(tmp_path)
    whole = json.loads((made / backup.MANIFEST).read_text())
    whole["services"]["toy"]["schema"]["alembic_version"] = "9999"
    whole["release"] = "9.0"
    (made / backup.MANIFEST).write_text(json.dumps(whole))
    assert fivered("restore", "toy", "--from", made, "--replace", "toy") == 2
    assert "of release 9.0, whose database (9999)" in capsys.readouterr().err


def test_a_restored_file_publishes_behind_what_others_have_read(tmp_path):
    """Otherwise the next events would have numbers that a reader has passed."""
    place, kept, reader = (tmp_path / name for name in ("toy.sqlite", "kept", "other.sqlite"))
    engine = store.open_engine(f"sqlite:///{kept}")
    metadata.create_all(engine)
    engine.dispose()
    with closing(sqlite3.connect(reader)) as conn, conn:
        conn.execute("CREATE TABLE cursors (source, position)")
        conn.execute("INSERT INTO cursors VALUES ('toy', 5)")
    place.write_bytes(b"what was there")
    restore._put({place: kept})
    restore._begin_behind(place, restore._read_by_others("toy", [reader]))
    with closing(sqlite3.connect(place)) as conn, conn:
        conn.execute("INSERT INTO outbox (event_id, fact, partition, subject, body, recorded_at)"
                     " VALUES ('e', 'f', 0, 's', x'', '2026-01-01')")  # fmt: skip
        assert conn.execute("SELECT max(id) FROM outbox").fetchone() == (6,)
    assert next(tmp_path.glob("toy.sqlite.before-*")).read_bytes() == b"what was there"


def test_numbers_that_were_given_before_a_restore_are_not_given_again(toy, tmp_path):
    """H11-19: a cursor of before a restore fitted again, and events were passed over."""
    if toy.runtime.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's places are times")
    made = backed_up(tmp_path)
    for amount in range(5):
        add(toy, "b", amount)
    before = toy.rows("SELECT max(id) AS id FROM outbox")[0]["id"]
    toy.runtime.engine.dispose()
    assert fivered("restore", "toy", "--from", made, "--replace", "toy") == 0
    add(toy, "c", 1)
    assert toy.rows("SELECT max(id) AS id FROM outbox")[0]["id"] > before


def test_without_room_it_is_one_line_and_nothing_is_left(toy, tmp_path, capsys):
    """H11-33: traces, and a file beside the database that nobody removed."""
    if toy.runtime.engine.dialect.name != "sqlite":
        pytest.skip("pg_dump says it itself")
    made = backed_up(tmp_path)
    database = Path(toy.runtime.engine.url.database)
    before = sorted(database.parent.iterdir())
    capsys.readouterr()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Of no file more than 8 KiB is written: as with a full disk, for root too.
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        assert fivered("backup", "toy", "--to", tmp_path / "full") == 2
        assert fivered("restore", "toy", "--from", made, "--replace", "toy") == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert capsys.readouterr().err.count("\n") == 2
    assert not list((tmp_path / "full").glob("toy*"))
    left = {path.name for path in {*database.parent.iterdir()} - {*before}}
    log = {f"{database.name}-wal", f"{database.name}-shm"}
    assert left - log <= {"full", "lock"}


def test_one_backup_that_cannot_be_read_hides_no_other(toy, tmp_path, capsys):
    """H11-20: `verify` of many ended at the first half of a manifest."""
    made = backed_up(tmp_path)
    half = made.with_name("toy-half")
    half.mkdir()
    (half / backup.MANIFEST).write_text("{")
    capsys.readouterr()
    assert fivered("backup", "verify", made.parent) == 1
    first, second = sorted(capsys.readouterr().out.splitlines())
    assert first.startswith(f"BAD  {half}: ")
    assert second.startswith(f"ok   {made}: ")
    assert fivered("backup", "verify", made.parent, "--json") == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(bool(one["problems"]) for one in told) == [False, True]


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found["services"].clear(),
        lambda found: found["services"]["toy"].update(file="../toy.sqlite"),
        lambda found: found["services"]["toy"].update(file="/etc/passwd"),
        lambda found: found["files"].update({"../x": found["files"].popitem()[1]}),
        lambda found: found.update(blobs={"../../x": 1}),
    ],
)
def test_a_manifest_that_leads_elsewhere_is_refused(toy, tmp_path, capsys, change):
    """H11-23: it opened files beside the backup, or restored nothing and said ok."""
    made = backed_up(tmp_path)
    found = json.loads((made / backup.MANIFEST).read_text())
    change(found)
    (made / backup.MANIFEST).write_text(json.dumps(found))
    capsys.readouterr()
    assert fivered("backup", "verify", made) == 1
    assert fivered("restore", "toy", "--from", made, "--replace", "toy") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_data_folder_takes_no_second_place_for_its_keys_and_none_is_left(toy, tmp_path, capsys):
    """H11-21, H11-22, H11-24, H11-25."""
    made, data = backed_up(tmp_path), tmp_path / "new"
    asked = ("restore", "--data", data, "--from", made)
    assert fivered(*asked, "--keys-to", data / "keys.json") == 2
    assert "by itself" in capsys.readouterr().err
    if toy.runtime.engine.dialect.name == "sqlite":
        whole, live = tmp_path / "whole", tmp_path / "live"
        assert fivered("restore", "toy", "--from", made, "--replace", "toy") == 0
        live.mkdir()
        shutil.copy(toy.runtime.engine.url.database, live / "toy.sqlite")
        assert fivered("backup", "--data", live, "--to", whole) == 0
        asked = ("restore", "--data", data, "--from", whole, "--replace")
        assert fivered(*asked, tmp_path / "another") == 2
        assert not data.exists()
        assert fivered(*asked, f"{data}/") == 0
    with pytest.raises(SystemExit):
        fivered("backup", "toy", "--to", tmp_path, "--keep", "x")
    assert "no number of backups" in capsys.readouterr().err
    (tmp_path / "phrase").write_bytes(b"\xe4" * 20)
    for path, why in ((tmp_path / "none", "No such file"), (tmp_path / "phrase", "UTF-8")):
        assert fivered("backup", "toy", "--to", tmp_path, "--passphrase-file", path) == 2
        told = capsys.readouterr().err
        assert why in told
        assert "Errno" not in told


def test_files_of_one_backup_are_of_the_same_moment(tmp_path, monkeypatch):
    """What one has read the other has written, though somebody writes between the two."""
    paths = {name: tmp_path / f"{name}.sqlite" for name in ("said", "read")}
    engines = {name: store.open_engine(f"sqlite:///{path}") for name, path in paths.items()}
    for engine in engines.values():
        with engine.begin() as conn:
            conn.execute(sa.text("CREATE TABLE n AS SELECT 1 AS i"))
    hold = dumps._hold

    def held(conn):
        token = hold(conn)
        for path in paths.values():
            with closing(sqlite3.connect(path, timeout=0.01)) as writer, suppress(sqlite3.Error):
                writer.execute("INSERT INTO n VALUES (2)")
                writer.commit()
        return token

    monkeypatch.setattr(dumps, "_hold", held)
    with dumps.snapshots(engines) as found:
        # Once all are held, who writes is in nobody's way.
        for name, engine in engines.items():
            with engine.begin() as conn:
                conn.execute(sa.text("INSERT INTO n VALUES (3)"))
            dumps.write(engine, found[name], tmp_path / f"copy-{name}")
            engine.dispose()
    for name in paths:
        with closing(sqlite3.connect(tmp_path / f"copy-{name}")) as conn:
            assert conn.execute("SELECT i FROM n").fetchall() == [(1,)], name


def test_programs_older_than_the_server_are_named(monkeypatch, tmp_path):
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.9'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(dumps, "VERSIONS", tmp_path)
    with pytest.raises(dumps.CommandFailed, match="of PostgreSQL 14 and the server of 15"):
        dumps._program("pg_dump", 15)
    assert dumps._program("pg_dump", 14) == str(program)
    with pytest.raises(dumps.CommandFailed, match="psql is not installed: apt-get install"):
        dumps._program("psql", 15)


@pytest.mark.servers
def test_what_cannot_be_filled_stays_as_it_was(postgres_url, tmp_path, monkeypatch):
    engine = store.open_engine(postgres_url)
    with engine.begin() as conn:
        conn.execute(sa.text("CREATE TABLE n AS SELECT 1 AS i"))
    with dumps.snapshots({"n": engine}) as held:
        dumps.write(engine, held["n"], tmp_path / "n.dump")
    with engine.begin() as conn:
        conn.execute(sa.text("INSERT INTO n VALUES (2)"))
        conn.execute(sa.text("CREATE TABLE later AS SELECT 1 AS i"))
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"

    def found():
        with engine.begin() as conn:
            rows = conn.execute(sa.text("SELECT i FROM n ORDER BY i")).scalars().all()
            return conn.execute(sa.text(tables)).scalars().all(), rows

    monkeypatch.setattr(dumps, "LOCK_WAIT_MS", 100)
    with engine.begin() as conn:
        conn.execute(sa.text("LOCK TABLE n"))
        assert dumps.others(engine) == 1
        with pytest.raises(dumps.CommandFailed, match="lock timeout"):
            dumps.fill(engine, tmp_path / "n.dump")
    assert found() == (["later", "n"], [1, 2])
    # Cut off in the middle of its rows: what came before is not kept either.
    whole = (tmp_path / "n.dump").read_bytes()
    (tmp_path / "half.dump").write_bytes(whole[:-8])
    with pytest.raises(dumps.CommandFailed):
        dumps.fill(engine, tmp_path / "half.dump")
    assert found() == (["later", "n"], [1, 2])
    dumps.fill(engine, tmp_path / "n.dump")
    assert found() == (["n"], [1])
    engine.dispose()
