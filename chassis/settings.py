"""Settings: the environment read into frozen dataclasses, every problem reported at once."""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


class Secret(str):
    """A value that must not be printed; its repr hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(***)"


class CommandFailed(Exception):
    """A command cannot be carried out; its message is the one line that the user sees."""


class SettingsError(Exception):
    """One or more settings are missing or wrong; the message has a line for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def database_variable(service: str) -> str:
    """Return the name of the variable that holds a service's database URL."""
    return f"FIVERED_{service.upper()}_DATABASE_URL"


def owner_variable(service: str) -> str:
    """Return the name of the variable with the address of who owns a service's tables."""
    return f"FIVERED_{service.upper()}_OWNER_URL"


_MISSING = object()
MOST_PORT = 65535


def setting(
    name: str,
    *,
    help: str,  # noqa: A002  the word that the reader of a setting looks for
    default: object = _MISSING,
    min_bytes: int = 0,
    choices: tuple[str, ...] = (),
    schemes: tuple[str, ...] = (),
    least: int = 0,
    most: int | None = None,
    stands_in: str = "",
    like: tuple[re.Pattern[str], str] | None = None,
    unless: str = "",
    needed_with: str = "",
) -> Any:
    """Declare a field that is read from the environment variable `name`.

    Args:
        name: The environment variable.
        help: One sentence for the generated example file.
        default: Used when the variable is unset; without a default it is required.
        min_bytes: Least length of the value in bytes, of each of several (for keys).
        choices: Allowed values, when limited; of several each is one of them.
        schemes: How an address begins, before "://".
        least: Smallest number, where there is a largest.
        most: Largest number.
        stands_in: For a key: the variable whose key does its work while it is unset. Where that
            one has begun it, no other key may be made up for it.
        like: What a value, or each of several, must match, and how that is said.
        unless: The variable without which this one is required.
        needed_with: The variable with which this one is required.
    """
    metadata = {
        "env": name,
        "help": help,
        "min_bytes": min_bytes,
        "choices": choices,
        "schemes": schemes,
        "least": least,
        "most": most,
        "stands_in": stands_in,
        "like": like,
        "unless": unless,
        "needed_with": needed_with,
    }
    if default is _MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def _parse(kind: object, text: str) -> object:
    if kind is bool:
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"0", "false", "no", "off", ""}:
            return False
        raise ValueError("must be 1 or 0")
    if kind in {int, float}:
        try:
            return int(text) if kind is int else float(text)
        except ValueError:
            what = "whole number" if kind is int else "number"
            raise ValueError(f"{text!r} is no {what}") from None
    if kind is datetime:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text!r} is no time like 2025-02-10T09:00:00") from None
    if typing.get_origin(kind) is tuple:
        one = typing.get_args(kind)[0]
        if text.strip() == "none":
            return ()  # an empty text leaves the default
        return tuple(_parse(one, part.strip()) for part in text.split(",") if part.strip())
    if kind is Secret:
        return Secret(text)
    return text


# A name, an IPv4 address or an IPv6 one in brackets, and a port.
_HOST = re.compile(r"(?i:(?:[a-z0-9_-]+\.)*[a-z0-9_-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?\Z")
# Read in other places than a settings class.
_READ_ELSEWHERE = frozenset(
    {
        "FIVERED_BACKUP_PASSPHRASE", "FIVERED_BROKER_MANAGEMENT_URL", "FIVERED_CHECK_REPLIES",
        "FIVERED_DEMO_DISTRICT", "FIVERED_HEALTH_HOST", "FIVERED_KEYS", "FIVERED_LOG_LEVEL",
        "FIVERED_POSTGRES_URL", "FIVERED_RABBITMQCTL", "FIVERED_SETTINGS", "FIVERED_TEST_BROKER",
        "FIVERED_TEST_PG", "FIVERED_TOKEN", "FIVERED_TOKEN_LOG",
    }
)  # fmt: skip
_ALIKE = 0.88
_said: set[str] = set()


def misspelt(names: typing.Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return variables that nothing reads but that look like one that is read, and that one."""
    known = _READ_ELSEWHERE.union(names)
    found = {}
    for name in sorted(environ):
        meant = name.removesuffix("_FILE")
        if not name.startswith("FIVERED_") or meant in known or meant.endswith("_DATABASE_URL"):
            continue
        alike = difflib.get_close_matches(name, sorted(known), 1, _ALIKE)
        if alike:
            found[name] = alike[0]
    return found


def _warn(classes: typing.Sequence[type], environ: Mapping[str, str]) -> None:
    names = [name for cls in classes for name, _default, _help in describe(cls)]
    for name, meant in misspelt(names, environ).items():
        if name not in _said:
            _said.add(name)
            print(f"fivered: nothing reads {name}; is {meant} meant?", file=sys.stderr)


def _length(part: object) -> int:
    return len(str(part).encode())


def _kind(annotation: object) -> object:
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        return next(a for a in typing.get_args(annotation) if a is not type(None))
    return annotation


def read_all(types: typing.Sequence[type], environ: Mapping[str, str] | None = None) -> list[Any]:
    """Read several settings classes; raise one `SettingsError` that lists every problem of all.

    A misspelt variable of the process is told on standard error.
    """
    if environ is None:
        environ = os.environ
        _warn(types, environ)
    problems: list[str] = []
    found: list[object] = []
    for cls in types:
        values: dict[str, object] = {}
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            env = field.metadata.get("env")
            if env is None:
                continue
            text = environ.get(env)
            if text is None or text == "":
                unless = field.metadata["unless"]
                required = field.default is dataclasses.MISSING
                if required or (unless and not environ.get(unless)):
                    problems.append(f"{env} is not set: {field.metadata['help']}")
                elif (beside := field.metadata["needed_with"]) and environ.get(beside):
                    problems.append(f"{env} is not set, and {beside} is: {field.metadata['help']}")
                continue
            try:
                value = _parse(_kind(hints[field.name]), text)
            except ValueError as error:
                problems.append(f"{env} is wrong: {error}")
                continue
            if why := _outside(field.metadata, value, text):
                problems.append(f"{env} {why}")
                continue
            values[field.name] = value
        if not problems:
            found.append(cls(**values))
    if problems:
        raise SettingsError(sorted(set(problems)))
    return found


def read(cls: type[T], environ: Mapping[str, str] | None = None) -> T:
    """Read one settings class from the environment.

    Raises:
        SettingsError: Lists every missing or wrong variable at once.
    """
    return typing.cast("T", read_all([cls], environ)[0])


def _outside(limits: Mapping[str, Any], value: Any, text: str) -> str:
    """Return in which limit of its setting a value is not, or nothing."""
    parts = value if isinstance(value, tuple) else (text,)
    if min(map(_length, parts), default=0) < limits["min_bytes"]:
        return f"is too short: at least {limits['min_bytes']} bytes"
    if (like := limits["like"]) and (wrong := [one for one in parts if not like[0].match(one)]):
        return f"is wrong: {wrong[0]!r} is no {like[1]}"
    if limits["choices"] and not set(parts) <= set(limits["choices"]):
        return f"must be one of {', '.join(limits['choices'])}"
    if limits["schemes"] and (why := address_fault(text, *limits["schemes"])):
        return why
    least, most = limits["least"], limits["most"]
    if most is not None and not least <= value <= most:
        return f"is wrong: {least} to {most}"
    return ""


def address_fault(url: str, *schemes: str) -> str:
    """Return what is wrong with an address, or nothing: it begins with one of the schemes, and its
    port is a number. The address itself is not told, it may hold a password."""
    if url.partition("://")[0].partition("+")[0] not in schemes or "://" not in url:
        return f"is wrong: it begins with {' or '.join(schemes)}, then ://"
    try:
        for one in each_address(url):
            _ = urlsplit(one).port
    except ValueError:
        return f"is wrong: its port is no number from 0 to {MOST_PORT}"
    return ""


def each_address(url: str) -> list[str]:
    """Return the addresses of a URL that may name several hosts: one URL for each.

    "amqp://user:password@one:5672,two:5672/vhost" names two.
    """
    # By hand: some releases of Python refuse brackets that are not the whole of a host.
    scheme, mark, rest = url.partition("://")
    end = min((rest.find(one) for one in "/?#" if one in rest), default=len(rest))
    user, at, hosts = rest[:end].rpartition("@")
    return [f"{scheme}{mark}{user}{at}{host}{rest[end:]}" for host in hosts.split(",")]


def describe(cls: type) -> list[tuple[str, str, str]]:
    """Return (variable, default or empty, help) per setting, for the generated env examples."""
    rows = []
    for field in dataclasses.fields(cls):
        if "env" in field.metadata:
            rows.append((field.metadata["env"], _written(field.default), field.metadata["help"]))
    return rows


def _written(default: object) -> str:
    """Return a default as it would stand in the environment, so that `_parse` reads it back."""
    if default is dataclasses.MISSING or default is None:
        return ""
    if isinstance(default, bool):
        return "1" if default else "0"
    if isinstance(default, datetime):
        return default.isoformat()
    return ",".join(default) if isinstance(default, tuple) else str(default)


@dataclass(frozen=True, slots=True)
class NoSettings:
    """For a service that reads nothing of its own."""


# 32 bytes in base64url.
_PUBLIC = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]=?\Z")
_PUBLIC_KEY = (_PUBLIC, "public key (fivered keys pair)")
ACTOR_KEY = "FIVERED_ACTOR_KEY"


def actor_key() -> Any:
    """Declare the key that the gateway and the services of before 0.3 share."""
    return setting(
        ACTOR_KEY,
        help="Of before 0.3: one key that signs who acts in a call, the same everywhere; empty "
        "where the pairs of keys are set",
        default=Secret(""),
        min_bytes=32,
    )


@dataclass(frozen=True, slots=True)
class BusSettings:
    """What a process reads to reach the broker, and to be looked at."""

    broker_url: str = setting(
        "FIVERED_BROKER_URL",
        help="amqp(s)://user:password@host:port/vhost; of a cluster host:port,host:port",
        default="",
        schemes=("amqp", "amqps"),
    )
    broker_ca: str = setting(
        "FIVERED_BROKER_CA",
        help="File of the authorities that may have signed the broker's certificate (amqps); "
        "empty = the system's",
        default="",
    )
    broker_certificate: str = setting(
        "FIVERED_BROKER_CERTIFICATE",
        help="File of the certificate that is shown to the broker, with its chain",
        default="",
    )
    broker_key_pem: str = setting(
        "FIVERED_BROKER_KEY_PEM",
        help="File of that certificate's private key; empty = it is in the same file",
        default="",
    )
    health_port: int = setting(
        "FIVERED_HEALTH_PORT",
        help="Loopback port of /live, /ready and /metrics; 0 = none",
        default=0,
        most=MOST_PORT,
    )


# No slots: it stands beside another base.
@dataclass(frozen=True, kw_only=True)
class FileSettings:
    """Where files lie."""

    blobs: str = setting(
        "FIVERED_BLOBS",
        help="Folder of uploaded files, shared by the gateway and the services",
        default="",
        needed_with="FIVERED_S3_URL",
    )
    s3_url: str = setting(
        "FIVERED_S3_URL",
        help="Address of an S3 store for the files that are kept for good, https://host:port; "
        "empty = they lie in FIVERED_BLOBS",
        default="",
        schemes=("http", "https"),
    )
    s3_bucket: str = setting(
        "FIVERED_S3_BUCKET",
        help="Bucket of that store; it has to be there",
        default="",
        needed_with="FIVERED_S3_URL",
    )
    s3_region: str = setting("FIVERED_S3_REGION", help="Region of that store", default="us-east-1")
    s3_key_id: str = setting(
        "FIVERED_S3_KEY_ID",
        help="Access key of that store: read, write, delete and list in the bucket",
        default="",
        needed_with="FIVERED_S3_URL",
    )
    s3_secret: Secret = setting(  # noqa: RUF009  as dataclasses.field
        "FIVERED_S3_SECRET",
        help="Secret of that access key; FIVERED_S3_SECRET_FILE names a file that holds it",
        default=Secret(""),
        needed_with="FIVERED_S3_URL",
    )
    s3_ca: str = setting(
        "FIVERED_S3_CA",
        help="File of the authorities that may have signed that store's certificate; empty = the "
        "well-known ones",
        default="",
    )
    s3_path_style: bool = setting(
        "FIVERED_S3_PATH_STYLE",
        help="1: https://host/bucket/…; 0: https://bucket.host/…",
        default=True,
    )


@dataclass(frozen=True, slots=True)
class ProcessSettings(BusSettings, FileSettings):
    """What every process of a service reads."""

    actor_public: tuple[str, ...] = setting(
        "FIVERED_ACTOR_PUBLIC",
        help="Public keys that belong to the gateway's FIVERED_ACTOR_PRIVATE; several by comma",
        default=(),
        like=_PUBLIC_KEY,
        unless=ACTOR_KEY,
    )
    system_public: tuple[str, ...] = setting(
        "FIVERED_SYSTEM_PUBLIC",
        help="Public keys that belong to the gateway's FIVERED_SYSTEM_PRIVATE; several by comma",
        default=(),
        like=_PUBLIC_KEY,
        unless=ACTOR_KEY,
    )
    actor_key: Secret = actor_key()  # noqa: RUF009  as dataclasses.field
    actor_key_before: tuple[Secret, ...] = setting(
        "FIVERED_ACTOR_KEY_BEFORE",
        help="Another key whose signatures are believed, while that one is replaced",
        default=(),
        min_bytes=32,
    )
    digest_key: Secret = setting(  # noqa: RUF009  as dataclasses.field
        "FIVERED_DIGEST_KEY",
        help="Key of the digests of requests in the database; unset: made of FIVERED_ACTOR_KEY",
        default=Secret(""),
        min_bytes=32,
        unless=ACTOR_KEY,
    )
    digest_key_before: tuple[Secret, ...] = setting(
        "FIVERED_DIGEST_KEY_BEFORE",
        help="The digest key before, while a vote of then is open or a request may be repeated",
        default=(),
        min_bytes=32,
    )
    demo_clock: bool = setting(
        "FIVERED_DEMO_CLOCK",
        help="1 allows the explicit clock command (demonstration)",
        default=False,
    )
    demo_start: datetime = setting(  # noqa: RUF009  as dataclasses.field
        "FIVERED_DEMO_START",
        help="Domain time at which a new demonstration begins (local, ISO 8601)",
        default=datetime(2025, 2, 10, 9),  # noqa: DTZ001  local, as it is read
    )
    installation: str = setting(
        "FIVERED_INSTALLATION",
        help="File that lists the subscribers of this installation (fivered topology show)",
        default="",
    )
    import_patience_s: float = setting(
        "FIVERED_IMPORT_PATIENCE_S",
        help="How long an import waits, s, for what its rows name and has not been heard of yet",
        default=20.0,
    )
    keep_events_days: int = setting(
        "FIVERED_KEEP_EVENTS_DAYS",
        help="How many days work keeps what was published; 3650 where services may be added later",
        default=90,
        least=90,
        most=36_500,
    )
    webhook_hosts: tuple[str, ...] = setting(
        "FIVERED_WEBHOOK_HOSTS",
        help="Hosts (host or host:port, by comma) that webhooks may go to; empty = no webhooks",
        default=(),
        like=(_HOST, "host or host:port, such as hooks.example.org"),
    )
    webhook_key: Secret = setting(  # noqa: RUF009  as dataclasses.field
        "FIVERED_WEBHOOK_KEY",
        help="Key under which the secrets of webhooks are encrypted; unset = no webhooks",
        default=Secret(""),
        min_bytes=32,
    )
    webhook_key_before: tuple[Secret, ...] = setting(
        "FIVERED_WEBHOOK_KEY_BEFORE",
        help="The key before, until fivered keys status says: safe to drop",
        default=(),
        min_bytes=32,
    )
    pool_size: int = setting(
        "FIVERED_DATABASE_POOL", help="Database connections of one process", default=12
    )

    @property
    def actor_keys(self) -> tuple[str, ...]:
        """The shared keys that may have signed who acts in a call; the present one first."""
        return tuple(filter(None, (self.actor_key, *self.actor_key_before)))

    @property
    def digest_keys(self) -> tuple[str, ...]:
        """The keys of digests and of open votes: the present one first, then those before."""
        return (self.digest_key or self.actor_key, *self.digest_key_before)
