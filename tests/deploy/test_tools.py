"""The operator's commands look before they say ok, and say in one line what is wrong (K17)."""

import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.house import FIVERED, ROOT

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


@pytest.fixture
def house(shared_house):
    """Servers, users, databases and topology; no process runs."""
    return shared_house.quiet()


def fivered(house, *command, unit="credit", **more):
    done = subprocess.run(
        [FIVERED, *command], env=house.environment(unit, **more), cwd=house.folder, text=True,
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done


def broker_lines(house, **more):
    lines = fivered(house, "doctor", **more).stdout.splitlines()
    return [line for line in lines if "broker" in line.partition(":")[0]]


def test_doctor_logs_in_and_looks(house):
    """OP-M4: `ok broker: accepts connections` with a wrong password and a vhost that is none."""
    url = house.environment("credit")["FIVERED_BROKER_URL"]
    found = broker_lines(house)
    assert found[0].startswith("ok   broker: credit@127.0.0.1")
    assert not [line for line in found if line.startswith("BAD")]
    # Nobody runs yet, and that is said as well.
    assert [line for line in found if "fivered work credit" in line]

    head, _, tail = url.partition("@")
    wrong = head.rpartition(":")[0] + ":wrong@" + tail
    (line,) = broker_lines(house, FIVERED_BROKER_URL=wrong)
    assert line.startswith("BAD")
    assert "refuses user and password" in line
    (line,) = broker_lines(house, FIVERED_BROKER_URL=url.rpartition("/")[0] + "/nonexist")
    assert line.startswith("BAD")
    assert "vhost" in line.partition("fivered")[2] + line
    (line,) = broker_lines(house, FIVERED_BROKER_URL=url.replace("127.0.0.1", "no-host.invalid"))
    assert line.startswith("BAD")


def test_doctor_finds_a_queue_that_is_gone_and_a_right_that_is_taken(house):
    admin = house.amqp("topology")
    admin.channel().queue_delete("credit.steward.1")
    bad = [line for line in broker_lines(house) if line.startswith("BAD")]
    assert bad == ["BAD  broker: queues are missing: credit.steward.1 (fivered topology apply)"]
    house.run("topology", "apply", unit="topology")
    rights = house.rabbit.api("GET", "/permissions/fivered/credit")
    some = {kind: rights[kind] for kind in ("configure", "write", "read")}
    try:
        house.rabbit.api("PUT", "/permissions/fivered/credit", some | {"read": "^nothing$"})
        bad = [line for line in broker_lines(house) if line.startswith("BAD")]
        assert "credit may not read credit." in bad[0]
        assert len(bad) == 1
    finally:
        house.rabbit.api("PUT", "/permissions/fivered/credit", some)
    admin.close()
    assert not [line for line in broker_lines(house) if line.startswith("BAD")]


def test_doctor_answers_whatever_is_down_or_written_wrong(house):
    """K17: a traceback for an address that is none, and for a broker that took the connection and
    said nothing; the broker was not looked at where a database was wrong."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        nobody = {
            "FIVERED_BROKER_URL": f"amqp://credit:x@127.0.0.1:{port}/fivered",
            "FIVERED_CREDIT_DATABASE_URL": "postgresql://credit:x@127.0.0.1:9/credit",
        }
        wrong = {
            "FIVERED_BROKER_URL": "amqp://credit:x@127.0.0.1:abc/fivered",
            "FIVERED_CREDIT_DATABASE_URL": "credit",
        }
        with ThreadPoolExecutor() as both:
            found = list(both.map(lambda more: fivered(house, "doctor", **more), (nobody, wrong)))
    assert [done.returncode for done in found] == [1, 1]
    bad = [[one for one in done.stdout.splitlines() if one.startswith("BAD")] for done in found]
    assert "database: connection failed" in bad[0][0]
    assert bad[0][-1].endswith("it took the connection and does not answer")
    assert "FIVERED_CREDIT_DATABASE_URL is wrong: it begins with postgresql" in bad[1][0]
    assert "FIVERED_BROKER_URL is wrong: its port is no number" in bad[1][-1]


def test_a_wrong_database_is_one_line(house):
    """OP 2.3: ninety lines of traceback."""
    url = house.environment("credit")["FIVERED_CREDIT_DATABASE_URL"]
    wrong = {"FIVERED_CREDIT_DATABASE_URL": url.replace("/fivered_credit", "/nope")}
    for command in (
        ("migrate", "credit"),
        ("parked", "list", "credit"),
        ("events", "tail", "credit"),
    ):
        done = fivered(house, *command, **wrong)
        assert done.returncode == 2
        (line,) = done.stderr.strip().splitlines()
        assert "nope" in line
        assert command[0] != "migrate" or "FIVERED_CREDIT_DATABASE_URL" in line


@pytest.mark.parametrize("kind", ["serve", "work"])
def test_a_health_port_that_is_taken_is_one_line_that_names_it(house, kind):
    """OP 2.3: `OSError: [Errno 98]`, and no port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = fivered(house, kind, "credit", FIVERED_HEALTH_PORT=port)
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if port in line and "is taken" in line]


@pytest.mark.parametrize("kind", ["serve", "work"])
def test_a_service_that_is_not_installed_is_one_line(kind):
    done = subprocess.run(
        [FIVERED, kind, "dogs"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("fivered: no service 'dogs' is installed here"), done.stderr
    assert done.stderr.count("\n") == 1


def test_a_misspelt_variable_is_told(house):
    """OP 2.3: `FIVERED_CREDIT_NOTICE_VERSON=1` was ignored without a word."""
    done = fivered(house, "parked", "list", "credit", FIVERED_CREDIT_NOTICE_VERSON="1")
    assert "FIVERED_CREDIT_NOTICE_VERSON" in done.stderr
    assert "FIVERED_CREDIT_NOTICE_VERSION" in done.stderr
    assert fivered(house, "parked", "list", "credit").stderr == ""


def test_rebuild_without_a_name_says_which_projections_there_are(house):
    """OP 2.3: nothing was printed for a service that has none."""
    done = fivered(house, "rebuild", "credit")
    assert done.returncode == 0
    assert "property grades" in done.stdout
    assert "grades" in fivered(house, "rebuild", "property", unit="property").stdout


def test_the_files_that_containers_read_are_readable_and_the_others_are_not(house):
    """OP-B5: bind-mounted into containers that read them as another user."""
    folder = house.folder / "env"
    for name in ("definitions.json", "init.sql", "postgres_password"):
        assert (folder / name).stat().st_mode & 0o444 == 0o444, name
    # Nobody else on this host gets to them: the folder above is the owner's alone.
    assert folder.stat().st_mode & 0o077 == 0
    for name in ("credit.env", "passwords.json"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name
    assert (ROOT / "deploy/compose.yaml").exists()
