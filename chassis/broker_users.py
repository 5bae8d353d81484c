"""The broker's users: by its management interface, or by `rabbitmqctl` where that runs.

AMQP itself knows no users. A password goes in the body of a request, or as the salted hash that the
broker keeps, so that no list of processes shows it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import shlex
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast
from urllib.parse import quote, unquote, urlsplit

from fivered.chassis import here
from fivered.chassis.json_values import JsonObject
from fivered.chassis.settings import Secret, setting
from fivered.chassis.topology import Permission, TopicPermission

_WAIT_S = 20.0
_MANAGEMENT = "FIVERED_BROKER_MANAGEMENT_URL"


class UsersError(Exception):
    """The broker's users cannot be reached or changed; the message says why."""


@dataclass(frozen=True, slots=True)
class BrokerUsersSettings:
    """How a command reaches the broker's users."""

    management_url: Secret = setting(  # noqa: RUF009  as dataclasses.field
        _MANAGEMENT,
        help="http(s)://administrator:password@host:15672, RabbitMQ's management interface",
        default=Secret(""),
        schemes=("http", "https"),
    )
    rabbitmqctl: str = setting(
        "FIVERED_RABBITMQCTL",
        help="The command, e.g. docker compose -f deploy/compose.yaml exec -T rabbitmq rabbitmqctl",
        default="rabbitmqctl",
    )


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many messages wait in a queue, and how many consumers it has."""

    name: str
    messages: int
    consumers: int


class Users(Protocol):
    """What a command asks of the broker beyond AMQP, in one vhost."""

    def known(self) -> dict[str, list[str]]:
        """Return the tags of every user of the broker by name."""

    def rights(self) -> dict[str, Permission]:
        """Return what each user may do in this vhost."""

    def queues(self) -> list[QueueState]:
        """Return the queues of this vhost."""

    def add(self, user: str, password: str) -> None:
        """Make a user, who may do nothing yet. Nobody must be able to guess the password."""

    def set_password(self, user: str, password: str) -> None:
        """Replace a user's password by another that nobody can guess."""

    def grant(self, permission: Permission, limits: dict[str, int]) -> None:
        """Give a user exactly these rights in this vhost; what narrows him comes first."""

    def delete(self, user: str) -> None:
        """Remove a user with his rights; his connections end."""


def reach(given: BrokerUsersSettings, vhost: str) -> Users:
    """Return the way to the broker's users.

    Raises:
        UsersError: There is none.
    """
    if given.management_url:
        found = here.shared().get(_MANAGEMENT) == given.management_url
        return ManagementInterface(given.management_url, vhost, found=found)
    command = shlex.split(given.rabbitmqctl)
    if command and shutil.which(command[0]):
        return Rabbitmqctl(command, vhost)
    raise UsersError(
        "no way to the broker's users: set FIVERED_BROKER_MANAGEMENT_URL"
        " (http://administrator:password@host:15672), or FIVERED_RABBITMQCTL to the command that"
        f" runs on the broker ({given.rabbitmqctl!r} is not here); or leave out --apply, and carry"
        " out there what is printed"
    )


class ManagementInterface:
    """RabbitMQ's management interface, as an administrator.

    Args:
        url: http(s)://user:password@host:port.
        vhost: The installation's vhost.
        found: It is that of the system that runs here; nobody has set a variable.
    """

    def __init__(self, url: str, vhost: str, *, found: bool = False) -> None:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self._base = f"{parts.scheme}://{host}{parts.path.rstrip('/')}/api"
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        self._login = "Basic " + base64.b64encode(login.encode()).decode()
        self._vhost = quote(vhost, safe="")
        of = "the broker's management interface"
        self._named = f"{of}, {self._base}" if found else f"{of} ({_MANAGEMENT}), {self._base}"

    def known(self) -> dict[str, list[str]]:
        """Return the tags of every user of the broker by name."""
        return {str(one["name"]): _tags(one["tags"]) for one in self._list("/users")}

    def rights(self) -> dict[str, Permission]:
        """Return what each user may do in this vhost."""
        return _permissions(
            self._list(f"/vhosts/{self._vhost}/permissions"),
            self._list(f"/vhosts/{self._vhost}/topic-permissions"),
        )

    def queues(self) -> list[QueueState]:
        """Return the queues of this vhost."""
        return [_state(one) for one in self._list(f"/queues/{self._vhost}")]

    def add(self, user: str, password: str) -> None:
        """Make a user, who may do nothing yet."""
        self._put_user(user, password, ())

    def set_password(self, user: str, password: str) -> None:
        """Replace a user's password."""
        self._put_user(user, password, self.known().get(user, ()))

    def _put_user(self, user: str, password: str, tags: Sequence[str]) -> None:
        body: JsonObject = {"password": password, "tags": ",".join(tags)}
        self._do("PUT", f"/users/{quote(user, safe='')}", body)

    def grant(self, permission: Permission, limits: dict[str, int]) -> None:
        """Give a user exactly these rights in this vhost; what narrows him comes first."""
        user = quote(permission.user, safe="")
        for name, value in limits.items():
            self._do("PUT", f"/user-limits/{user}/{name}", {"value": value})
        for topic in permission.topics:
            self._do(
                "PUT",
                f"/topic-permissions/{self._vhost}/{user}",
                {"exchange": topic.exchange, "write": topic.write, "read": topic.read},
            )
        self._do(
            "PUT",
            f"/permissions/{self._vhost}/{user}",
            {
                "configure": permission.configure,
                "write": permission.write,
                "read": permission.read,
            },
        )

    def delete(self, user: str) -> None:
        """Remove a user with his rights; his connections end."""
        self._do("DELETE", f"/users/{quote(user, safe='')}")

    def _list(self, path: str) -> list[JsonObject]:
        return cast("list[JsonObject]", json.loads(self._do("GET", path)))

    def _do(self, method: str, path: str, body: JsonObject | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310  http or https, as the setting says
            self._base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": self._login, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_WAIT_S) as answer:  # nosec B310  # noqa: S310
                return cast("bytes", answer.read())
        except urllib.error.HTTPError as error:
            with error:
                said = " ".join(error.read()[:300].decode("utf-8", "replace").split())
            if error.code == 401:
                said = "user and password are refused, or it is no administrator"
            if error.code == 404 and method == "GET":
                said = f"the broker has no vhost {unquote(self._vhost)}"
            raise UsersError(f"{self._named}: {said}") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", error)
            raise UsersError(f"{self._named}: {why}") from error


class Rabbitmqctl:
    """The broker's own command, here or wherever its words lead.

    Args:
        command: Its words; what it is asked follows them.
        vhost: The installation's vhost.
    """

    def __init__(self, command: Sequence[str], vhost: str) -> None:
        self._command = list(command)
        self._vhost = vhost

    def known(self) -> dict[str, list[str]]:
        """Return the tags of every user of the broker by name."""
        return {str(one["user"]): _tags(one["tags"]) for one in self._list("list_users")}

    def rights(self) -> dict[str, Permission]:
        """Return what each user may do in this vhost."""
        return _permissions(
            self._list("list_permissions", "-p", self._vhost),
            self._list("list_topic_permissions", "-p", self._vhost),
        )

    def queues(self) -> list[QueueState]:
        """Return the queues of this vhost."""
        columns = ("name", "messages", "consumers")
        return [_state(one) for one in self._list("list_queues", "-p", self._vhost, *columns)]

    def add(self, user: str, password: str) -> None:
        """Make a user, who may do nothing yet."""
        self._put_user(user, password, ())

    def set_password(self, user: str, password: str) -> None:
        """Replace a user's password."""
        self._put_user(user, password, self.known().get(user, ()))

    def _put_user(self, user: str, password: str, tags: Sequence[str]) -> None:
        # What the management interface does. `add_user` and `change_password` would show the
        # password, or read it from their input: from RabbitMQ 3.13 on they wait for it for ever
        # where rabbitmqctl is given one word more, such as `-n NODE`.
        given = {"name": user, "password_hash": password_hash(password), "tags": ",".join(tags)}
        members = ", ".join(f"{name} => {_binary(value)}" for name, value in given.items())
        record = f"#{{{members}, hashing_algorithm => rabbit_password_hashing_sha256}}"
        by = _binary("fivered")
        self._do("eval", f"ok = rabbit_auth_backend_internal:put_user({record}, {by}).")

    def grant(self, permission: Permission, limits: dict[str, int]) -> None:
        """Give a user exactly these rights in this vhost; what narrows him comes first."""
        self._do("set_user_limits", permission.user, json.dumps(limits))
        for topic in permission.topics:
            words = (permission.user, topic.exchange, topic.write, topic.read)
            self._do("set_topic_permissions", "-p", self._vhost, *words)
        given = (permission.user, permission.configure, permission.write, permission.read)
        self._do("set_permissions", "-p", self._vhost, *given)

    def delete(self, user: str) -> None:
        """Remove a user with his rights; his connections end."""
        self._do("delete_user", user)

    def _list(self, *words: str) -> list[JsonObject]:
        said = self._do("--quiet", "--formatter", "json", *words)
        try:
            return cast("list[JsonObject]", json.loads(said or "[]"))
        except ValueError as error:
            raise UsersError(f"rabbitmqctl {words[0]}: {said[:200]!r}") from error

    def _do(self, *words: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603  the operator's own command
                [*self._command, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=6 * _WAIT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UsersError(f"{shlex.join(self._command)}: {error}") from error
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split())[:300]
            raise UsersError(f"{shlex.join([*self._command, words[0]])}: {said}")
        return done.stdout


def password_hash(password: str) -> str:
    """Return a password as RabbitMQ keeps it: salt and SHA-256, in base64."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _binary(text: str) -> str:
    """Return a text as Erlang reads it: its bytes, which no shell on the way changes."""
    return f"<<{','.join(map(str, text.encode()))}>>"


def _tags(said: object) -> list[str]:
    """Read tags; releases before 3.12 give them as a text with commas."""
    if isinstance(said, str):
        return [one for one in said.split(",") if one]
    return [str(one) for one in cast("list[object]", said)]


def _permissions(rows: list[JsonObject], topics: list[JsonObject]) -> dict[str, Permission]:
    return {
        str(row["user"]): Permission(
            str(row["user"]),
            str(row["configure"]),
            str(row["write"]),
            str(row["read"]),
            tuple(
                TopicPermission(str(one["exchange"]), str(one["write"]), str(one["read"]))
                for one in topics
                if one["user"] == row["user"]
            ),
        )
        for row in rows
    }


def _state(row: JsonObject) -> QueueState:
    # The management interface counts a new queue some seconds later.
    messages, consumers = (row.get(name) for name in ("messages", "consumers"))
    return QueueState(
        str(row["name"]),
        messages if isinstance(messages, int) else 0,
        consumers if isinstance(consumers, int) else 0,
    )
