"""A database is migrated while others use it."""

import os
import threading

import pytest
import sqlalchemy as sa

from fivered.chassis.migrate import History
from fivered.chassis.storage import open_engine
from testkit.bench import fresh_postgresql
from testkit.waiting import wait_until

BEGIN = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    for name in ("one", "two"):
        op.create_table(name, sa.Column("id", sa.Integer(), primary_key=True))
"""
MORE = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    for name in ("two", "one"):
        op.add_column(name, sa.Column("more", sa.Integer(), nullable=True))
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'one'::regclass"


@pytest.fixture
def migrations(tmp_path, monkeypatch):
    folder = tmp_path / "grows" / "migrations"
    (folder / "versions").mkdir(parents=True)
    for package in (folder.parent, folder):
        (package / "__init__.py").touch()
    (folder / "env.py").write_text(
        "import sqlalchemy as sa\nfrom fivered.chassis.migrate import run_env\n"
        "run_env(sa.MetaData())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return folder / "versions"


@pytest.mark.skipif(not os.environ.get("FIVERED_TEST_PG"), reason="SQLite has one writer")
def test_a_migration_gives_way_to_whoever_reads_and_begins_again(migrations):
    """A call to the release before was ended by a deadlock with the migration, and refused."""
    (migrations / "0001.py").write_text(BEGIN)
    history = History("grows", "alembic_version")
    database = fresh_postgresql(os.environ["FIVERED_TEST_PG"])
    engine = open_engine(next(database))
    faults = []

    def migrate():
        try:
            history.upgrade(engine)
        except sa.exc.DBAPIError as error:
            faults.append(error)

    try:
        migrate()
        (migrations / "0002.py").write_text(MORE)
        with engine.connect() as reader, engine.connect() as looking:
            reader.execute(sa.text("SELECT id FROM one"))
            migrating = threading.Thread(target=migrate)
            migrating.start()
            assert wait_until(lambda: looking.execute(sa.text(WAITING)).scalar() == 1, 20)
            # The migration has this one, and waits for the other.
            reader.execute(sa.text("SELECT id FROM two"))
        migrating.join(30)
        assert faults == []
        assert history.current(engine) == "0002"
    finally:
        engine.dispose()
        database.close()
