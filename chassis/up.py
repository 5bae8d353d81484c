"""`fivered up`: every installed service and the gateway in this process, on SQLite files.

It says in one line what is wrong when it cannot start, and where to look when it has.
"""

from __future__ import annotations

import argparse
import errno
import gc
import os
import shutil
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from fivered.chassis import installed, logs, telemetry
from fivered.chassis.embedded import EmbeddedHost
from fivered.chassis.folder import keys_of, take_folder
from fivered.chassis.here import GIVEN, KEYS, Running, born, forget, keys_file, leave
from fivered.chassis.installed import service_class
from fivered.chassis.migrate import migrate_service, named
from fivered.chassis.runtime import open_all
from fivered.chassis.settings import CommandFailed

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DEMO = {
    "FIVERED_DEMO_CLOCK": "1",
    "FIVERED_DEMO_START": "2025-01-02T09:00:00",
    "FIVERED_SYNTHETIC": "1",
}


def command(given: argparse.Namespace) -> int:
    """Carry out `fivered up`."""
    return run(given.data, given.host, given.port, demo=given.demo, keys_at=given.keys)


def run(folder: str, host: str, port: int, *, demo: bool, keys_at: str = "") -> int:
    """Run until Ctrl-C or SIGTERM; returns the exit code.

    Raises:
        CommandFailed: Folder not writable or in use, port taken, nothing installed.
        SettingsError: A variable of the environment is wrong.
    """
    # Start-up makes hundreds of thousands of objects that stay; looking through them again and
    # again takes a fifth of the time to the first answer. The collector goes on when we are ready.
    if demo and host not in LOOPBACK:
        raise CommandFailed(f"a demonstration listens on loopback only, not on {host}")
    gc.disable()
    data = Path(folder)
    if keys_at:
        os.environ[KEYS] = keys_at
    held = take_folder(data)
    if demo and (real := filled_without_demo(data)):
        raise CommandFailed(
            f"{data} holds an installation that is no demonstration ({', '.join(real)}): its clock"
            " is not moved and no invented people come into it (--data names another folder)"
        )
    listening = take_port(host, port)
    _environment(data, demo=demo)

    names = _chosen()
    serve_gateway = installed.load(installed.GATEWAY)
    if serve_gateway is None:
        raise CommandFailed("the gateway is not installed here: pip install ./gateway")
    logs.configure("up", "WARNING")
    telemetry.start("up")
    embedded = _open(data, names)
    address = f"http://{host}:{listening.getsockname()[1]}"
    # The port may be given on the command line: QR codes and feeds lead to it.
    os.environ.setdefault("FIVERED_PUBLIC_URL", address)
    page = embedded.page()
    try:
        embedded.start()
        page.start()
        serve_gateway(
            embedded,
            services=names,
            sock=listening,
            ready=lambda: _ready(data, address, page.address, demo=demo),
        )
    finally:
        embedded.stop()
        page.stop()
        forget(data)
        held.close()
    print("stopped", flush=True)
    return 0


def filled_without_demo(data: Path) -> list[str]:
    """Return the services of a folder with which somebody has worked, on the real clock only.

    Each start of a demonstration, the first one too, leaves its clock in every database.
    """
    found = []
    for name in installed.service_names():
        path = data / f"{name}.sqlite"
        if not path.is_file():
            continue
        with closing(sqlite3.connect(path)) as conn, suppress(sqlite3.DatabaseError):
            worked = conn.execute("SELECT 1 FROM audit LIMIT 1").fetchone()
            demo = conn.execute("SELECT 1 FROM clock WHERE name = 'demo'").fetchone()
            if worked and not demo:
                found.append(name)
    return found


def _chosen() -> list[str]:
    """Return the services that run here: those of FIVERED_SERVICES, or all that are installed.

    Raises:
        CommandFailed: One is not installed, or none is.
    """
    names = installed.service_names()
    said = os.environ.get("FIVERED_SERVICES", "").split(",")
    asked = [name.strip() for name in said if name.strip()]
    if unknown := sorted(set(asked) - set(names)):
        raise CommandFailed(f"FIVERED_SERVICES: not installed here: {', '.join(unknown)}")
    if not names:
        raise CommandFailed("no service is installed here: pip install services/NAME")
    return [name for name in names if name in asked] if asked else names


def take_port(host: str, port: int) -> socket.socket:
    """Return a socket that listens there.

    Raises:
        CommandFailed: The port is taken, or this machine has no such address.
    """
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(512)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandFailed(
                f"port {port} of {host} is taken (PORT=8001 takes another)"
            ) from error
        raise CommandFailed(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listening.setblocking(False)
    return listening


def _environment(data: Path, *, demo: bool) -> None:
    """Fill in what the environment does not say: keys of this folder, the demonstration."""
    if demo:
        for name, value in DEMO.items():
            os.environ.setdefault(name, value)
    os.environ.setdefault("FIVERED_BLOBS", str(data / "blobs"))
    for name, value in keys_of(data).items():
        os.environ.setdefault(name, value)


def _open(data: Path, names: list[str]) -> EmbeddedHost:
    classes = {name: service_class(name) for name in names}
    urls = {name: f"sqlite:///{data / name}.sqlite" for name in names}
    runtimes = open_all(classes, urls)
    for name, runtime in runtimes.items():
        with named(f"the database {data / name}.sqlite"):
            migrate_service(runtime.service_cls, runtime.engine)
    return EmbeddedHost(runtimes)


def _ready(data: Path, address: str, page: str, *, demo: bool) -> None:
    """Say where everything is; load the demonstration district into an empty folder."""
    say: Callable[[str], None] = lambda line: print(line, flush=True)  # noqa: E731  one place
    gc.enable()
    # Tells other commands of this folder (`fivered demo`) where the system runs.
    note: Running = {"address": address, "mode": "embedded", "pid": os.getpid()}
    note["pages"] = {"up": page}
    note["given"] = {name: os.environ[name] for name in GIVEN if name in os.environ}
    note |= {"born": born(os.getpid()), "demo": demo, "keys": str(keys_file(data).absolute())}
    leave(data, note)
    say(f"五红 Five Red  {address}   文档 docs: {address}/docs   数据 data: {data}")
    if shutil.which("fivered") is None:
        found = Path(sys.executable).with_name("fivered").parent
        say(f'命令行 commands: export PATH="{found}:$PATH"; fivered top')
    if not demo:
        return
    say("演示环境 DEMONSTRATION: loopback only, the clock may be moved (FIVERED_DEMO_CLOCK=1)")

    load = installed.load(installed.DEMO)
    if load is None:
        return

    def begin() -> None:
        try:
            load(address, os.environ["FIVERED_TOKEN_KEY"], say)
        except Exception as error:  # noqa: BLE001  the system itself runs on
            print(f"the demonstration district was not loaded: {error}", file=sys.stderr)

    threading.Thread(target=begin, name="demo-district", daemon=True).start()
