"""The tables of a service belong to a role of their own: its password opens no audit (REQ-L09)."""

from datetime import UTC, datetime
from importlib.metadata import EntryPoint

import pytest
import sqlalchemy as sa

from fivered.chassis import cli, doctor, installed, owners
from fivered.chassis.messages import SYSTEM
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import CommandFailed
from fivered.chassis.tests.toy.service import Toy
from testkit.bench import KEY, Bench

pytestmark = pytest.mark.servers

POINT = EntryPoint("toy", "fivered.chassis.tests.toy.service:Toy", installed.SERVICES)
# What whoever has the password of `serve` and `work` might try.
TRIED = (
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "ALTER TABLE audit OWNER TO CURRENT_USER",
    "ALTER TABLE audit RENAME TO audit_of_before",
    "DROP TRIGGER audit_row ON audit",
    "CREATE OR REPLACE FUNCTION fivered_append_only() RETURNS trigger LANGUAGE sql AS ''",
    "DROP FUNCTION fivered_append_only() CASCADE",
    "SET session_replication_role = replica",
    "TRUNCATE audit",
    "DELETE FROM audit",
    "UPDATE audit SET actor = 'per_9'",
    "UPDATE audit SET digest = 'k1:other'",
    "DELETE FROM audit_seals",
    "DELETE FROM audit_marks",
    "DROP TABLE audit",
    "SET ROLE toy_owner",
)


def fivered(*arguments):
    return cli.main([str(one) for one in arguments])


@pytest.fixture
def split(monkeypatch, postgres_url):
    """A database with two roles; `begin` says to whom it belongs at first."""
    monkeypatch.setattr(
        installed, "points", lambda group: {"toy": POINT} if group == installed.SERVICES else {}
    )
    server = sa.make_url(postgres_url).set(drivername="postgresql+psycopg")
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    def run(*statements, database=None):
        engine = admin
        if database:
            engine = sa.create_engine(
                server.set(database=database), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
            )
        with engine.connect() as conn:
            for statement in statements:
                conn.exec_driver_sql(statement)

    run("CREATE ROLE toy_owner LOGIN PASSWORD 'o'", "CREATE ROLE toy_service LOGIN PASSWORD 's'")

    def url(role, password):
        named = server.set(
            drivername="postgresql", database="toy", username=role, password=password
        )
        return named.render_as_string(hide_password=False)

    monkeypatch.setenv("FIVERED_TOY_DATABASE_URL", url("toy_service", "s"))
    monkeypatch.setenv("FIVERED_ACTOR_KEY", KEY)
    opened = []

    def begin(owner):
        run(f"CREATE DATABASE toy OWNER {owner}", "REVOKE ALL ON DATABASE toy FROM PUBLIC",
            "GRANT CONNECT ON DATABASE toy TO toy_service, toy_owner")  # fmt: skip
        return lambda: monkeypatch.setenv("FIVERED_TOY_OWNER_URL", url("toy_owner", "o"))

    def bench():
        runtime = Runtime.open(Toy, url("toy_service", "s"))
        opened.append(runtime)
        runtime.prepare()
        return Bench(runtime)

    yield begin, bench, run
    for runtime in opened:
        runtime.close()
    run("DROP DATABASE toy WITH (FORCE)", "DROP ROLE toy_owner", "DROP ROLE toy_service")
    admin.dispose()


def nothing_can_be_done(bench):
    before = bench.rows("SELECT * FROM audit")
    assert before
    with bench.runtime.engine.begin() as conn:
        # It says no by a warning; what it asks for is tried below.
        conn.exec_driver_sql("GRANT ALL ON audit, audit_seals, audit_marks TO CURRENT_USER")
    for statement in TRIED:
        with pytest.raises(sa.exc.DBAPIError) as refused, bench.runtime.engine.begin() as conn:
            conn.exec_driver_sql(statement)
        told = str(refused.value.orig)
        assert any(
            word in told for word in ("must be owner", "permission denied", "append-only")
        ), statement
    assert bench.rows("SELECT * FROM audit") == before


def told(bench):
    with bench.runtime.snapshot(SYSTEM) as tx:
        return list(doctor._unsealed(tx, datetime.now(UTC)))


@pytest.mark.covers("REQ-L09")
def test_the_role_of_a_service_can_lift_nothing_that_protects_the_audit(split, tmp_path):
    begin, open_bench, _run = split
    begin("toy_owner")()
    assert fivered("migrate", "toy") == 0
    bench = open_bench()
    bench.do("add", {"counter_id": "a", "amount": 3})
    nothing_can_be_done(bench)
    assert told(bench) == [(True, "the audit belongs to toy_owner")]

    # A backup is made by the service's role, and restored by the owner.
    assert fivered("backup", "toy", "--to", tmp_path) == 0
    bench.do("add", {"counter_id": "b", "amount": 3})
    assert fivered("restore", "toy", "--from", tmp_path, "--replace", "toy") == 2
    bench.runtime.close()
    assert fivered("restore", "toy", "--from", tmp_path, "--replace", "toy") == 0
    bench = open_bench()
    assert len(bench.rows("SELECT * FROM counters")) == 1
    bench.do("add", {"counter_id": "c", "amount": 3})
    nothing_can_be_done(bench)


def test_tables_of_before_are_handed_over_and_without_an_owner_it_is_as_before(split, capsys):
    begin, open_bench, run = split
    with_owner = begin("toy_service")
    assert fivered("migrate", "toy") == 0
    bench = open_bench()
    bench.do("add", {"counter_id": "a", "amount": 3})
    [(ok, said), *_] = told(bench)
    assert ok is None and "FIVERED_TOY_OWNER_URL" in said
    with_owner()
    capsys.readouterr()
    assert fivered("migrate", "toy") == 2
    said = capsys.readouterr().err
    assert "REASSIGN OWNED BY toy_service TO toy_owner" in said
    run(said.partition("database: ")[2].strip(), database="toy")
    run("GRANT CONNECT ON DATABASE toy TO toy_service")
    assert fivered("migrate", "toy") == 0
    bench.do("add", {"counter_id": "b", "amount": 3})
    nothing_can_be_done(bench)


def test_both_addresses_of_one_role_are_refused(monkeypatch):
    for name in ("FIVERED_TOY_DATABASE_URL", "FIVERED_TOY_OWNER_URL"):
        monkeypatch.setenv(name, "postgresql://toy:x@localhost/toy")
    with pytest.raises(CommandFailed, match="own role"):
        owners.role_of("toy")
