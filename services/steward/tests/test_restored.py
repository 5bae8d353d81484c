"""A backup of before an erasure is restored: nobody reads the person, and everybody else (REQ-L08).

The keys of persons lie beside the backups, and only the newest."""

import json
import shutil

import pytest
import sqlalchemy as sa

from fivered.chassis import backup, cli, kept_keys, own_data, person_keys
from fivered.chassis.messages import SELF, SYSTEM
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import ProcessSettings
from fivered.services.steward.service import Steward
from fivered.services.steward.settings import StewardSettings
from fivered.services.steward.storage.tables import person_digests, persons
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    LI,
    WANG,
    Ground,
    person_id,
)
from testkit.bench import Bench, databases, environment, fresh_database, open_bench
from testkit.installation import installed_alone

pytestmark = pytest.mark.slow

SECRETARY = person_id(81)


def fivered(*arguments):
    return cli.main([str(one) for one in arguments])


@pytest.fixture(params=databases())
def database_url(request, tmp_path):
    """A database of its own, which no other test is lent: it is replaced."""
    yield from fresh_database(request.param, tmp_path)


@pytest.fixture
def ground(database_url):
    """The ground of the other tests, begun anew."""
    bench = open_bench(Steward, database_url, FIVERED_SYNTHETIC="1")
    ground = Ground(bench)
    ground.begin()
    yield ground
    bench.runtime.close()


@pytest.fixture
def env(database_url, monkeypatch, tmp_path):
    """The environment of a process of steward."""
    found = environment(ProcessSettings, StewardSettings, FIVERED_SYNTHETIC="1")
    found["FIVERED_STEWARD_DATABASE_URL"] = database_url
    found["FIVERED_BLOBS"] = str(tmp_path / "blobs")
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    installed_alone(monkeypatch, "steward")
    return found


def leave(ground):
    """Nobody is connected any more: a restore refuses otherwise."""
    ground.bench.runtime.engine.dispose()


def erase(ground, who):
    asked = ground.by(who, SELF, "").do("ask_erasure", {})
    order = {"erasure_id": asked["id"], "approved": True}
    ground.by(SECRETARY, "R_SECRETARY", COMMUNITY).do("decide_erasure", order, version=1)


def started(env, ground):
    runtime = Runtime.open(Steward, env["FIVERED_STEWARD_DATABASE_URL"], environ=env)
    runtime.fixed_now = ground.bench.runtime.fixed_now
    return runtime


def readable(runtime, who):
    """What the columns of a person still say, with all keys of the installation at hand."""
    with runtime.transaction(SYSTEM) as tx:
        vault = person_keys.vault_in(tx)
        (row,) = tx.conn.execute(sa.select(persons).where(persons.c.person_id == who)).mappings()
        sealed = {name: row[name] for name in ("name", "phone", "id_no_mask", "birthday")}
        ways = {
            name: vault.open_or_none(value, persons.c[name].type.bound_to(row))
            for name, value in sealed.items()
        }
        digests = sa.select(person_digests.c.digest).where(person_digests.c.person_id == who)
        found = [row["phone_hmac"], row["id_no_hmac"], *tx.conn.execute(digests).scalars()]
        return {one for one in ways.values() if one}, [one for one in found if one]


def test_whoever_is_erased_after_a_backup_cannot_be_read_in_it(ground, env, tmp_path, capsys):
    ground.submit(LI, text="楼道灯不亮")
    kept = tmp_path / "kept"
    assert fivered("backup", "steward", "--to", kept) == 0
    (old,) = backup.backups_in(kept)
    # No key of a person is in the backup itself, nor in the file of its keys in clear.
    (before,) = ground.bench.rows(
        "select handle, wrapped from person_keys where person_id = :id", id=WANG
    )
    assert (
        bytes(before["wrapped"]) not in (old / "steward.sqlite").read_bytes()
        if (old / "steward.sqlite").exists()
        else True
    )
    with ground.bench.transaction() as tx:
        vault = person_keys.vault_in(tx)
        plain = vault.open(before["wrapped"], f"{WANG}.person_key")
    for path in kept.rglob("*"):
        assert not path.is_file() or plain.encode() not in path.read_bytes()

    erase(ground, WANG)
    leave(ground)
    # The next night: the key is gone beside the backups, whatever backup is taken.
    assert fivered("backup", "steward", "--to", kept) == 0
    beside = json.loads((kept / kept_keys.FOLDER / "steward.json").read_text())
    (gone,) = [one for one in beside["keys"] if one["person_id"] == WANG]
    assert (gone["wrapped"], gone["handle"]) == (None, before["handle"])
    shutil.rmtree(backup.backups_in(kept)[-1])

    # The whole database is lost; the backup of before the erasure is all that there is.
    with ground.bench.runtime.engine.begin() as conn:
        conn.execute(sa.delete(ground.bench.runtime.chassis.person_keys))
    leave(ground)
    capsys.readouterr()
    assert fivered("restore", "steward", "--from", old, "--replace", "steward") == 0
    assert "1 persons were erased" in capsys.readouterr().out
    runtime = started(env, ground)
    try:
        assert readable(runtime, WANG)[0] == set()
        assert readable(runtime, LI)[0] >= {"李明"}
        # Until the service starts, its digests are as they were: doctor says that it waits.
        with runtime.transaction(SYSTEM) as tx:
            assert own_data.waiting(tx) == 1
        runtime.prepare()
        assert readable(runtime, WANG) == (set(), [])
        assert readable(runtime, LI)[1]
        bench = Bench(runtime)
        cadre = bench.as_("R_CADRE", person=CADRE, scope=COMMUNITY)
        assert cadre.ask("people_cards", {"ids": [WANG]})["items"][0]["name"] == "已删除"
        assert cadre.ask("person", {"person_id": LI})["name"] == "李明"
        with runtime.transaction(SYSTEM) as tx:
            outbox = tx.runtime.chassis.outbox
            asked = sa.select(outbox.c.subject).where(outbox.c.fact == "person_erased.v1")
            assert tx.conn.execute(asked).scalars().all() == [WANG]
            assert own_data.waiting(tx) == 0
        # Another start does nothing.
        assert own_data.erase_again(runtime) == 0
    finally:
        runtime.close()


def test_a_restore_needs_the_keys_of_persons_and_takes_the_newest(ground, env, tmp_path, capsys):
    kept = tmp_path / "kept"
    assert fivered("backup", "steward", "--to", kept) == 0
    (old,) = backup.backups_in(kept)
    alone = tmp_path / "alone" / old.name
    shutil.copytree(old, alone)
    with ground.bench.runtime.engine.begin() as conn:
        conn.execute(sa.delete(ground.bench.runtime.chassis.person_keys))
    leave(ground)
    restore = ("restore", "steward", "--from", alone, "--replace", "steward")
    assert fivered(*restore) == 2
    assert "lacks keys of persons" in capsys.readouterr().err
    assert fivered("backup", "verify", alone) == 1
    assert fivered(*restore, "--person-keys", tmp_path / "alone") == 2
    assert fivered(*restore, "--person-keys", kept) == 0
    runtime = started(env, ground)
    runtime.prepare()
    assert readable(runtime, WANG)[0] >= {"王小丽"}
    runtime.close()
    # A backup of a database that has lost its keys does not forget those that are beside it.
    with ground.bench.runtime.engine.begin() as conn:
        conn.execute(sa.delete(ground.bench.runtime.chassis.person_keys))
    leave(ground)
    assert fivered("backup", "steward", "--to", kept) == 0
    assert WANG in kept_keys.in_folder(kept)["steward"]
    # A changed byte is found.
    path = kept / kept_keys.FOLDER / "steward.json"
    path.write_text(path.read_text().replace(WANG, person_id(99)))
    assert fivered("backup", "verify", kept) == 1


def test_who_was_erased_is_known_by_the_database_that_is_replaced(ground, env, tmp_path):
    """No backup was made since: the one that is there says it."""
    kept = tmp_path / "kept"
    assert fivered("backup", "steward", "--to", kept) == 0
    erase(ground, WANG)
    leave(ground)
    assert fivered("restore", "steward", "--from", kept, "--replace", "steward") == 0
    runtime = started(env, ground)
    runtime.prepare()
    assert readable(runtime, WANG) == (set(), [])
    assert readable(runtime, LI)[0] >= {"李明"}
    runtime.close()
