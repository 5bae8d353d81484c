"""SEC-M13: a key is replaced as the page says, in a system that is used before and after."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fivered.clients.demo.api import Api, Person, Refused

FIVERED = str(Path(sys.executable).with_name("fivered"))
PAGE = Path(__file__).resolve().parents[2] / "docs" / "keys.md"
GRID, COMMUNITY = "370811015901001", "370811015901"
DISTRICT = Person("district", "per_district", (("R_DISTRICT", "370811"),))
CADRE = Person("cadre", "per_cadre", (("R_CADRE", COMMUNITY),))
IDS = {n: f"per_00000000-0000-7000-8000-{n:012d}" for n in range(1, 9)}
NUMBER = "370899198001010012"


def commands():
    """The commands of the page for one process, in their order."""
    chapter = PAGE.read_text("utf-8").partition("## In one process")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", chapter, re.DOTALL)
    return [line.split()[1:] for line in "".join(blocks).splitlines()]


def fivered(system, *command, keys=None, fails=False):
    clean = {name: value for name, value in os.environ.items() if "FIVERED" not in name}
    at = ["--keys", str(keys)] if keys else []
    done = subprocess.run(
        [FIVERED, *command, "--data", str(system.folder / "data"), *at],
        env=clean, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stderr if fails else done.stdout


def register(api):
    for code, kind in ((COMMUNITY, "COMMUNITY"), (GRID, "GRID")):
        body = {"code": code, "name": "春晖", "kind": kind}
        api.post("/v1/steward/areas", DISTRICT, body, key=code)
    for n, who in IDS.items():
        body = {
            "person_id": who, "name": f"王小{'一二三四五六七八'[n - 1]}", "synthetic": True, "grid": GRID,
            "phone": f"1281234000{n}",
        }  # fmt: skip
        body |= {"id_no": NUMBER} if n == 1 else {}
        api.post("/v1/steward/people", DISTRICT, body, key=who)


def people(api):
    """Find everybody by phone, and one by his number."""
    asked = [{"phone": f"1281234000{n}"} for n in IDS] + [{"id_no": NUMBER}]
    found = [api.get("/v1/steward/people", CADRE, **one)["items"] for one in asked]
    return [(one["person_id"], one["name"]) for (one,) in found]


@pytest.fixture
def running():
    """Start a system and talk to it."""
    opened = []

    def start(system, **environ):
        started = system.start(**environ)
        opened.append(Api(started.address, started.token_key))
        return opened[-1]

    yield start
    for api in opened:
        api.close()


def test_the_page_is_carried_out(embedded, running):
    api = running(embedded)
    register(api)
    before = people(api)
    assert [who for who, _name in before] == [*IDS.values(), IDS[1]]
    embedded.stop()
    keys = embedded.folder / "data" / "keys.json"
    first = json.loads(keys.read_text())

    rotate, status, drop = commands()
    assert "are sealed anew" in fivered(embedded, *rotate)
    rotated = json.loads(keys.read_text())
    assert rotated["FIVERED_STEWARD_PII_KEY"] != first["FIVERED_STEWARD_PII_KEY"]
    everything = [embedded.folder / "data", *(embedded.folder / "data").rglob("*")]
    assert [path for path in everything if path.stat().st_mode & 0o077] == []
    assert "safe to drop the key before: yes" in fivered(embedded, *status)
    api = running(embedded)
    assert people(api) == before
    embedded.stop()

    fivered(embedded, *drop)
    assert first["FIVERED_STEWARD_PII_KEY"] not in keys.read_text()
    assert "there is no key before" in fivered(embedded, *status)
    api = running(embedded)
    assert people(api) == before
    # The number is still his alone, though only its digest is known.
    again = {"name": "王小一", "synthetic": True, "id_no": NUMBER, "grid": GRID}
    with pytest.raises(Refused) as refused:
        api.post("/v1/steward/people", DISTRICT, again, key="again")
    assert (refused.value.problem["code"], people(api)) == ("PERSON_EXISTS", before)
    embedded.stop()

    wrong = rotated | {"FIVERED_STEWARD_PII_KEY": "x" * 40, "FIVERED_STEWARD_PII_KEY_BEFORE": ""}
    keys.write_text(json.dumps(wrong))
    with pytest.raises(RuntimeError, match="fivered: values of steward are sealed with key"):
        embedded.start()
    # Everybody could be read with this one, and nobody be found.
    keys.write_text(json.dumps(rotated | {"FIVERED_STEWARD_MATCH_KEY": "x" * 40}))
    with pytest.raises(RuntimeError, match="FIVERED_STEWARD_MATCH_KEY is another key"):
        embedded.start()
    keys.write_text(json.dumps(rotated))
    assert people(running(embedded)) == before


def test_a_rotation_beside_a_running_system_is_finished_by_the_next_starts(embedded, running):
    """Killed as soon as it answers, again and again; the keys lie in a folder of their own."""
    elsewhere = embedded.folder / "keys"
    at = {"FIVERED_KEYS": str(elsewhere)}
    api = running(embedded, **at)
    assert not (embedded.folder / "data" / "keys.json").exists()
    assert elsewhere.stat().st_mode & 0o077 == 0
    register(api)
    before = people(api)
    assert "the next start seals" in fivered(embedded, "keys", "rotate", keys=elsewhere)
    assert people(api) == before
    early = fivered(embedded, "keys", "drop", keys=elsewhere, fails=True)
    assert re.search(r"\d+ values of steward are not sealed with the present key yet", early)
    for _ in range(2):
        embedded.kill9()
        api = running(embedded, **at)
    api.wait(
        "everything is sealed anew",
        lambda: "before: yes" in fivered(embedded, "keys", "status", keys=elsewhere),
    )
    assert people(api) == before
    fivered(embedded, "keys", "drop", keys=elsewhere)
    embedded.stop()
    api = running(embedded, **at)
    assert people(api) == before


def test_where_the_environment_holds_the_key_the_steps_are_printed(tmp_path):
    env = {name: value for name, value in os.environ.items() if "FIVERED" not in name}
    env |= {
        "FIVERED_STEWARD_DATABASE_URL": f"sqlite:///{tmp_path}/steward.sqlite",
        "FIVERED_STEWARD_PII_KEY": "k" * 40,
    }
    done = subprocess.run(
        [FIVERED, "keys", "rotate"], env=env, capture_output=True, text=True, check=True, timeout=60
    )
    first, second, third = re.split(r"^# \d", done.stdout, flags=re.MULTILINE)[1:]
    new = re.search(r"^FIVERED_STEWARD_PII_KEY=(.{40,})$", second, re.MULTILINE)[1]
    assert f"FIVERED_STEWARD_PII_KEY_BEFORE={new}\n" in first
    assert re.search(r"^FIVERED_STEWARD_MATCH_KEY=derived:[0-9a-f]{64}$", first, re.MULTILINE)
    assert f"FIVERED_STEWARD_PII_KEY_BEFORE={'k' * 40}\n" in second
    assert "FIVERED_STEWARD_PII_KEY_BEFORE=\n" in third
    assert not list(tmp_path.iterdir())


def test_doctor_names_what_others_may_read(embedded, running):
    running(embedded)
    clean = {name: value for name, value in os.environ.items() if "FIVERED" not in name}
    keys = embedded.folder / "data" / "keys.json"
    urls = {
        f"FIVERED_{path.stem.upper()}_DATABASE_URL": f"sqlite:///{path}"
        for path in (embedded.folder / "data").glob("*.sqlite")
    }

    def doctor():
        env = clean | json.loads(keys.read_text()) | urls
        return subprocess.run(
            [FIVERED, "doctor"], env=env, capture_output=True, text=True, check=False, timeout=60
        ).stdout

    assert "others on this machine" not in doctor()
    keys.chmod(0o644)
    (embedded.folder / "data").chmod(0o755)
    said = doctor()
    assert f"WARN steward: others on this machine may read {keys} (chmod 600 {keys})" in said
    assert f"may read {keys.parent} (chmod 700" in said
