"""The servers of `make up`: a private RabbitMQ and PostgreSQL below one folder, no containers.

`python -m deploy.local.servers FOLDER` starts both, prints their URLs as shell assignments and
holds them until it is stopped. Ports and data are kept in the folder, so that a second start
finds what the first one left. The classes stand in `testkit/servers.py`, because tests need them
in a checkout without `deploy/`.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

from testkit.servers import (
    Postgres,
    Rabbit,
    ServerFailed,
    ServerMissing,
    free_port,
    require,
)


def ports_of(folder: Path) -> dict[str, int]:
    """Return the ports that belong to a folder; chosen once and kept there."""
    path = folder / "ports.json"
    if path.exists():
        return {name: int(port) for name, port in json.loads(path.read_text()).items()}
    ports = {name: free_port() for name in ("amqp", "management", "postgres")}
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ports))
    return ports


def start(folder: Path) -> tuple[Rabbit, Postgres]:
    """Start both servers with durable data below `folder`.

    Raises:
        ServerMissing: Names the Debian packages to install.
        ServerFailed: One did not start.
    """
    require()
    ports = ports_of(folder)
    postgres = Postgres(folder / "postgres", port=ports["postgres"], durable=True).start()
    try:
        rabbit = Rabbit(
            folder / "rabbitmq", port=ports["amqp"], management_port=ports["management"]
        ).start()
    except BaseException:
        postgres.stop()
        raise
    return rabbit, postgres


def main() -> int:
    """Start, print, hold, stop."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/servers").resolve()
    try:
        rabbit, postgres = start(folder)
    except (ServerMissing, ServerFailed) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"FIVERED_BROKER_URL={rabbit.url()}")
    print(f"FIVERED_POSTGRES_URL={postgres.url()}", flush=True)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stopping.wait()
    rabbit.stop()
    postgres.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
