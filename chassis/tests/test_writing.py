"""Calls go to the broker's socket in the turn in which they are made, and wait while it is full."""

import asyncio
import socket

from fivered.chassis.rpc import _SoonWritten

MOST = 8_000_000


def test_what_the_socket_does_not_take_goes_out_when_there_is_room():
    async def sending() -> int:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        writing = _SoonWritten(loop)
        writing.stands = True
        left, turns = MOST, 0

        def write() -> None:
            nonlocal left, turns
            turns += 1
            try:
                left -= ours.send(bytes(left))
            except BlockingIOError:
                return
            if not left:
                writing.remove_writer(ours.fileno())

        with ours, theirs:
            writing.add_writer(ours.fileno(), write)
            await asyncio.sleep(0)
            assert turns == 1
            assert 0 < left < MOST
            read = 0
            async with asyncio.timeout(10):
                while read < MOST:
                    read += len(await loop.sock_recv(theirs, 1_000_000))
            done = turns
            await asyncio.sleep(0.01)
            assert turns == done
            # What is taken back before its turn is not written.
            writing.add_writer(ours.fileno(), write)
            assert writing.remove_writer(ours.fileno())
            await asyncio.sleep(0.01)
            assert turns == done
        return read

    assert asyncio.run(sending()) == MOST


def test_before_the_connection_stands_the_loop_says_when_it_was_made():
    async def making() -> None:
        loop = asyncio.get_running_loop()
        listening = socket.create_server(("127.0.0.1", 0))
        ours = socket.socket()
        ours.setblocking(False)
        made = asyncio.Event()
        writing = _SoonWritten(loop)
        with listening, ours:
            writing.add_writer(ours.fileno(), made.set)
            assert not writing._soon
            writing.remove_writer(ours.fileno())

    asyncio.run(making())
