"""A TCP proxy between a process and a server, which does to its connections what a network does.

It ends them, resets them, keeps silent, delays, or forgets one side. It runs in a thread of its
own; what is asked of it has happened when the method returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from testkit import servers


class Proxy:
    """Listens on a loopback port and leads to another one.

    Attributes:
        port: Where it listens, kept however often it refuses.
    """

    def __init__(self, to: int) -> None:
        """Begin to listen.

        Args:
            to: The loopback port to which it leads.
        """
        self.port = servers.free_port()
        self._to = to
        self._delay_s = 0.0
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._orphans: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._flows.set()
        self._listening: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="proxy")
        self._thread.start()
        self._do(self._listen())

    # ---------------------------------------------------------------------------------- the network

    def cut(self) -> None:
        """End every connection, as a peer that says goodbye."""
        self._now(lambda: self._close_all(reset=False))

    def reset(self) -> None:
        """Reset every connection (RST)."""
        self._now(lambda: self._close_all(reset=True))

    def refuse(self) -> None:
        """Reset every connection, and take none until `flow`."""
        self._do(self._refuse())

    def silence(self) -> None:
        """Take connections and data, and pass nothing on until `flow`: a black hole."""
        self._now(self._flows.clear)

    def forget(self) -> None:
        """Forget the connections: the server sees them end, the clients hear nothing ever again."""
        self._now(self._orphan_all)

    def delay(self, seconds: float) -> None:
        """Pass each piece of data on so much later."""
        self._delay_s = seconds

    def flow(self) -> None:
        """Be a good network again."""
        self._delay_s = 0.0
        self._do(self._listen())
        self._now(self._flows.set)

    def close(self) -> None:
        """End everything."""
        self._do(self._refuse())
        self._now(self._flows.set)
        self._do(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    # ------------------------------------------------------------------------------- in its thread

    def _do(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def _now(self, act: Callable[[], object]) -> None:
        async def run() -> None:
            act()

        self._do(run())

    async def _listen(self) -> None:
        if self._listening is None:
            self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _refuse(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self._close_all(reset=True)

    async def _finish(self) -> None:
        for one in asyncio.all_tasks() - {asyncio.current_task()}:
            one.cancel()
        await asyncio.sleep(0)

    def _close_all(self, *, reset: bool) -> None:
        for writer in [*(one for pair in self._pairs for one in pair), *self._orphans]:
            _close(writer, reset=reset)
        self._pairs.clear()
        self._orphans.clear()

    def _orphan_all(self) -> None:
        for client, server in self._pairs:
            self._orphans |= {client, server}
            _close(server, reset=True)
        self._pairs.clear()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            _close(client, reset=True)
            return
        pair = (client, server)
        self._pairs.add(pair)
        await asyncio.gather(self._pump(reader, server), self._pump(answers, client))
        self._pairs.discard(pair)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._flows.wait()
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                if writer in self._orphans:
                    continue
                writer.write(data)
                await writer.drain()
        if writer not in self._orphans:
            _close(writer, reset=False)


def _close(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if reset:
        found = writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()


__all__ = ["Proxy"]
