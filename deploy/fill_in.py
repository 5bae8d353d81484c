"""Make an installation's own files of the examples: keys, passwords, the files that hold them.

    python -m deploy.fill_in [--folder deploy/env] [--broker HOST:PORT] [--postgres HOST:PORT]

Passwords are kept in `passwords.json` of the folder. A second run makes only what is missing (a new
service) and never touches an environment file that is there; `definitions.json` and `init.sql` are
written anew each time, from the passwords that are kept. Where an operator has let others into the
folder (docs/bare-metal.md, 3), the owners and modes of what is there stay as he has set them.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from deploy import manifests, roles, scaling
from deploy.generate import HERE
from fivered.chassis.actors import PAIRS, new_pair, public_of
from fivered.chassis.broker_users import password_hash
from fivered.chassis.installed import service_names
from fivered.chassis.settings import ACTOR_KEY, database_variable, owner_variable
from fivered.chassis.topology import VHOST

# Applies the topology; no process of the installation runs as this user.
ADMIN = "topology"
# May log in to the management interface, and change users there; of the vhost it sees what an
# administrator does, and puts nothing in. Its file is that of `fivered consumer`.
MANAGER, CONSUMERS = "administrator", "consumers"
_PRIVATE_OF = {public: private for private, public in PAIRS.items()}
_MOUNTED = 0o644
_OWNER = "# Who owns the tables: for migrate, restore and audit --drop-before alone.\n"
_BEFORE = (
    "# The service owns its tables, as before 0.3: docs/bare-metal.md, 9, says how that ends.\n"
)
# RabbitMQ's management interface.
_MANAGEMENT = 15672


def main(argv: list[str] | None = None) -> int:
    """Fill in and say what was written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=HERE / "env")
    parser.add_argument("--broker", default="rabbitmq:5672", help="host:port of RabbitMQ")
    parser.add_argument(
        "--management",
        default="",
        help="http(s)://host:port of RabbitMQ's management; else port 15672 of its host",
    )
    parser.add_argument(
        "--postgres",
        default="postgres",
        help="host[:port] of PostgreSQL; {unit} in it is the service's name",
    )
    given = parser.parse_args(argv)
    for path in fill_in(given.folder, given.broker, given.postgres, given.management):
        print(f"wrote {path}")
    if os.geteuid() != 0:
        print(f"for containers: sudo chown {manifests.USER} {given.folder}/*.env")
    return 0


def fill_in(folder: Path, broker: str, postgres: str, management: str = "") -> list[Path]:
    """Write the files of an installation.

    Args:
        folder: Where they go; only its owner can enter it. Three of its files are mounted into
            the containers of broker and database, which read them as users of their own, so their
            modes let everybody read who gets to them, and on this host nobody else does. A unit's
            file belongs to the user of our containers, where this is run by root. In a folder that
            was filled in before and that others may enter, no owner and no mode changes, and what
            is new is for who runs this alone.
        broker: host:port of RabbitMQ.
        postgres: host or host:port of PostgreSQL; `{unit}` in it stands for the service.
        management: http(s)://host:port of RabbitMQ's management; port 15672 of its host otherwise.

    Returns:
        What was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shared = bool(folder.stat().st_mode & 0o077) and (folder / "passwords.json").exists()
    if not shared:
        folder.chmod(0o700)
    known = _Known(folder / "passwords.json")
    written = []
    for example in sorted((HERE / "env").glob("*.env.example")):
        unit = example.name.partition(".")[0]
        path = folder / f"{unit}.env"
        owner = folder / f"{roles.settings_of(unit)}.env"
        if unit in service_names() and not owner.exists():
            # Where the service is there already, it owns its tables: no second role is made.
            text = _BEFORE if path.exists() else _owner(unit, example, known, broker, postgres)
            written.append(_write(owner, text))
        if unit in service_names():
            _hand_over(owner, shared)
        if not path.exists():
            lines = example.read_text("utf-8").splitlines()
            text = "\n".join(_filled(line, unit, known, broker, postgres) for line in lines)
            written.append(_write(path, text + "\n"))
        _hand_over(path, shared)
        known.of(f"broker {unit}")
    url = f"amqp://{ADMIN}:{known.of(f'broker {ADMIN}')}@{broker}/{VHOST}"
    applied = f"FIVERED_BROKER_URL={url}\nFIVERED_INSTALLATION=/etc/fivered/installation.json\n"
    place = management or f"http://{broker.partition(':')[0]}:{_MANAGEMENT}"
    managed = f"FIVERED_BROKER_MANAGEMENT_URL={_login(known, MANAGER, place)}\n"
    for name, text in ((ADMIN, applied), (CONSUMERS, applied + managed)):
        path = folder / f"{name}.env"
        if not path.exists():
            written.append(_write(path, text))
        _hand_over(path, shared)
    path = folder / f"{scaling.MONITOR}.env"
    if not path.exists():
        api = f"{_login(known, scaling.MONITOR, place)}/{VHOST}"
        written.append(_write(path, f"{scaling.ADDRESS}={api}\n"))
    for name, text in (
        ("definitions.json", _definitions(known)),
        ("init.sql", _roles(known, folder)),
        ("postgres_password", known.of("database postgres")),
    ):
        written.append(_write(folder / name, text, _MOUNTED, shared))
    known.save()
    return written


def _login(known: _Known, user: str, place: str) -> str:
    """Return the address of the management interface with a user's login."""
    scheme, _, host = place.partition("://")
    return f"{scheme}://{user}:{known.of(f'broker {user}')}@{host}"


class _Known:
    """The passwords and keys of the installation by name; what is asked for first is made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def of(self, name: str) -> str:
        """Return a value; hexadecimal, because it stands in URLs, SQL and environment files."""
        return self._values.setdefault(name, secrets.token_hex(32))

    def private(self, name: str) -> str:
        """Return a private key."""
        return self._values.setdefault(name, new_pair()[0])

    def shared(self) -> str:
        """Return the key that signs who acts in an installation of before 0.3, or nothing."""
        return self._values.get(ACTOR_KEY, "")

    def save(self) -> None:
        """Keep them for the next run."""
        _write(self._path, json.dumps(self._values, indent=2, sort_keys=True) + "\n")


def _filled(line: str, unit: str, known: _Known, broker: str, postgres: str) -> str:
    name, equals, value = line.partition("=")
    if not equals or line.startswith("#"):
        return line
    if value == "AT_LEAST_32_RANDOM_BYTES":
        value = known.of(f"{name} {unit}")
    elif value == "A_PRIVATE_KEY":
        value = known.private(name)
    elif value == "ITS_PUBLIC_KEY":
        value = public_of(known.private(_PRIVATE_OF[name]))
    elif name == ACTOR_KEY:
        # The other files of such an installation know no pair until somebody writes it there.
        value = known.shared()
    value = value.replace("BROKER_PASSWORD", known.of(f"broker {unit}"))
    if "DATABASE_PASSWORD" in value:
        value = value.replace("DATABASE_PASSWORD", known.of(f"database {unit}"))
        value = value.replace("@postgres/", f"@{postgres.replace('{unit}', unit)}/")
    return f"{name}={value.replace('@rabbitmq:5672/', f'@{broker}/')}"


def _definitions(known: _Known) -> str:
    """Return the broker's definitions with passwords.

    The broker loads them at every start, so the passwords must be in them: without, a restart would
    lock everybody out.
    """
    whole: dict[str, Any] = json.loads((HERE / "rabbitmq" / "definitions.json").read_text("utf-8"))
    whole["users"].append({"name": ADMIN, "tags": [], "limits": {}})
    whole["users"].append({"name": MANAGER, "tags": ["administrator"], "limits": {}})
    everything = dict.fromkeys(("configure", "write", "read"), ".*")
    whole["permissions"].append({"user": ADMIN, "vhost": VHOST} | everything)
    for user in whole["users"]:
        user["password_hash"] = password_hash(known.of(f"broker {user['name']}"))
        user["hashing_algorithm"] = "rabbit_password_hashing_sha256"
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _owner(unit: str, example: Path, known: _Known, broker: str, postgres: str) -> str:
    """Return the owner's settings: the address of the service's database, with another role."""
    begins = f"{database_variable(unit)}="
    lines = example.read_text("utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(begins))
    address = _filled(line, unit, known, broker, postgres).removeprefix(begins)
    role = roles.owner_of(unit)
    mine, theirs = (f"//{one}:{known.of(f'database {one}')}@" for one in (unit, role))
    return f"{_OWNER}{owner_variable(unit)}={address.replace(mine, theirs)}\n"


def _roles(known: _Known, folder: Path) -> str:
    files = {name: folder / f"{roles.settings_of(name)}.env" for name in service_names()}
    owned = {name: owner_variable(name) in path.read_text() for name, path in files.items()}
    text = roles.script(owned)
    lines = [text.rstrip(), ""]
    for line in text.splitlines():
        if line.startswith("CREATE ROLE "):
            role = line.split()[2]
            lines.append(f"ALTER ROLE {role} PASSWORD '{known.of(f'database {role}')}';")
    return "\n".join(lines) + "\n"


def _hand_over(path: Path, shared: bool) -> None:
    """Give a unit's file to the user of our containers, also one that an earlier release made;
    not in a folder whose operator has said whose files are."""
    if os.geteuid() == 0 and not shared:
        os.chown(path, manifests.USER, -1)


def _write(path: Path, text: str, mode: int = 0o600, shared: bool = False) -> Path:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        if not shared:
            # Whatever the process's mask, and whatever an earlier release has made it.
            os.fchmod(handle, mode)
        out.write(text)
    return path


if __name__ == "__main__":
    sys.exit(main())
