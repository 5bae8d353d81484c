"""Run by a test as a process of its own: the toy in an embedded host, behind the real server."""

import sys
from pathlib import Path

from fivered.gateway.app import create
from fivered.gateway.serving import PortTaken, listen, serve
from fivered.gateway.tests.conftest import open_host, settings
from fivered.gateway.tests.toy_routes import DOORS


def main():
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    try:
        sock = listen("127.0.0.1", port)
    except PortTaken as taken:
        print(taken)
        return 2
    host = open_host(folder)
    host.start()
    app = create(host, settings=settings(), services=["toy"], extra=[DOORS])
    try:
        serve(app, settings(), sock=sock, ready=lambda: print("ready", flush=True))
    finally:
        host.stop()
    print("stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
