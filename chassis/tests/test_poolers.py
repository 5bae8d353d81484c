"""A pooler between a process and PostgreSQL: in mode `session` it serves, in mode `transaction` two
relays would each believe that the lock is theirs."""

import os
import pwd
import shutil
from contextlib import contextmanager

import psycopg
import pytest

from fivered.chassis import doctor, process
from fivered.chassis.migrate import migrate_service
from fivered.chassis.runtime import Runtime
from fivered.chassis.settings import SettingsError
from fivered.chassis.tests.toy.service import Toy
from testkit import servers
from testkit.bench import environment
from testkit.waiting import wait_until

PROGRAM = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(PROGRAM is None, reason="needs PgBouncer: apt-get install pgbouncer"),
]


@contextmanager
def pooler(folder, url, mode):
    """PgBouncer before a database; yields the address of that database through it."""
    parts, port = psycopg.conninfo.conninfo_to_dict(url), servers.free_port()
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    given = {"user": account.pw_uid, "group": account.pw_gid} if account else {}
    place = folder / "pgbouncer.ini"
    place.write_text(
        f"""[databases]
* = host={parts["host"]} port={parts["port"]} user={parts["user"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
ignore_startup_parameters = extra_float_digits,options
"""
    )
    if account:
        # It refuses root, and reads its settings as that user.
        for path in (folder, place):
            os.chown(path, account.pw_uid, account.pw_gid)
    with (folder / "log").open("wb") as log:
        started = servers.spawn([PROGRAM, "-q", str(place)], stdout=log, stderr=log, **given)
    through = psycopg.conninfo.make_conninfo(url, host="127.0.0.1", port=port)
    try:
        assert wait_until(lambda: answers(through), 10), (folder / "log").read_text()
        yield f"postgresql://{parts['user']}@127.0.0.1:{port}/{parts['dbname']}"
    finally:
        started.terminate()
        started.wait(10)


def answers(conninfo):
    try:
        psycopg.connect(conninfo, connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_process_starts_where_sessions_are_kept_apart_and_refuses_where_not(
    postgres_url, monkeypatch, mode
):
    monkeypatch.setattr(doctor, "service_class", lambda _name: Toy)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    with servers.temporary_folder("pooler-") as folder, pooler(folder, postgres_url, mode) as url:
        # One connection is enough to find it.
        runtime = Runtime.open(Toy, url, environ=environment(FIVERED_DATABASE_POOL="1"))
        try:
            migrate_service(Toy, runtime.engine)
            found = [text for ok, text in doctor._service("toy", url) if ok is False]
            if mode == "session":
                assert process.wait_for_database(runtime, lambda _s: True)
                assert found == []
            else:
                with pytest.raises(SettingsError, match=r"FIVERED_TOY_DATABASE_URL.*pool_mode"):
                    process.wait_for_database(runtime, lambda _s: True)
                assert len(found) == 1
                assert "pool_mode = session" in found[0]
        finally:
            runtime.close()
