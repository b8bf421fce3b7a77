"""A TCP relay before a server that a test can slow down, cut, take away, or have swallow
packets.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Self

from tests.faults.lane import PATIENCE

Address = str | tuple[str, int]
"""Of a unix socket, or host and port."""
# Linux
_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27


class Proxy:
    """Relays 127.0.0.1:port to a server. `delay`: seconds each piece of the answer is held back."""

    def __init__(self, upstream: Address) -> None:
        self.upstream = upstream
        self.delay = 0.0
        self.connections = self.cuts = 0
        self._is_away = False
        self._at: tuple[bytes, bool, int] = (b"", False, 0)
        self._open: set[asyncio.StreamWriter] = set()
        self._swallowed: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._relay, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def go_away(self) -> None:
        """Cut everybody off and refuse whoever comes."""
        self._is_away = True
        self.cut()

    def come_back(self) -> None:
        """Relay again."""
        self._is_away = False

    def cut(self) -> None:
        """Reset every connection that there is."""
        self._do(self._cut())

    def cut_at(self, words: bytes, *, delivered: bool, times: int) -> None:
        """Cut the next connections that send these words: before they are delivered, or before the
        answer.
        """
        self._at = (words, delivered, times)

    def swallow(self) -> None:
        """From now on no packet comes through, and nobody is told; whoever connects waits in
        vain.
        """
        self._do(self._swallow())

    @property
    def n_swallowed(self) -> int:
        """How many connections are dead and do not know it."""
        return len(self._swallowed)

    def recover(self) -> None:
        """Relay again; older connections stay swallowed, as behind a firewall that has forgotten
        them.
        """
        self._do(self._recover())

    async def _swallow(self) -> None:
        for listening in self._server.sockets:
            _drop_all(listening)
        for writer in self._open:
            _drop_all(writer.get_extra_info("socket"))
        self._swallowed |= self._open

    async def _recover(self) -> None:
        for listening in self._server.sockets:
            listening.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

    async def _cut(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        while asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.sleep(0.01)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            if self._is_away:
                return
            from_server, to_server = await self._upstream()
            self._open.add(to_server)
            is_cut = asyncio.Event()
            try:
                await asyncio.gather(
                    self._ask(reader, to_server, is_cut), self._answer(from_server, writer, is_cut)
                )
            finally:
                to_server.transport.abort()
                self._open.discard(to_server)
        except OSError:
            pass  # somebody hung up: the other side hears it below
        finally:
            writer.transport.abort()
            self._open.discard(writer)

    async def _upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.upstream, str):
            return await asyncio.open_unix_connection(self.upstream)
        return await asyncio.open_connection(*self.upstream)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_cut: asyncio.Event
    ) -> None:
        while said := await reader.read(65536):
            words, delivered, times = self._at
            if times and words in said:
                self._at = (words, delivered, times - 1)
                self.cuts += 1
                if not delivered:
                    raise ConnectionResetError
                is_cut.set()
            await self._pass_on(said, writer)
        raise ConnectionResetError  # one side has gone: so goes the other

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_cut: asyncio.Event
    ) -> None:
        while said := await reader.read(65536):
            if is_cut.is_set():
                break
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._pass_on(said, writer)
        raise ConnectionResetError

    async def _pass_on(self, said: bytes, writer: asyncio.StreamWriter) -> None:
        if writer not in self._swallowed:
            writer.write(said)
            await writer.drain()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)


def _drop_all(one: Any) -> None:
    """The kernel drops every packet that arrives at a socket, unseen and unacknowledged."""
    drop = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: return 0 bytes
    program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(drop))
    one.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
