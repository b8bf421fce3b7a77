"""How the decoder of pictures gives up its rights, for good, and what came of it on this system.

Linux on x86_64 and aarch64 refuses it every system call that computing and answering do not need.
Before that come what any system has: limits. docs/LOG.md says why no library does this for us.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from simulator.catalogues.decoder_calls import INSTRUCTION, MACHINES, program

MOST_MEMORY = 2 * 1024**3

CALLS = "system calls"
"""All are refused but those of `decoder_calls`."""
NETWORK = "network"
"""It has one of its own, with nothing in it."""
PRIVILEGES = "privileges"
"""It has none of root's, and gets none by starting another program."""

NEW_NETWORK = 0x40000000
NEW_USER = 0x10000000
"""Who is not root may have an empty network in a user namespace only."""

SET_NO_NEW_PRIVILEGES = 38
CAPABILITIES_VERSION_3 = 0x20080522
SECCOMP_SET_FILTER = 1
ALL_THREADS = 1


def give_up(*, threads: bool = False) -> list[str]:
    """Give up what decoding does not need; which of CALLS, NETWORK and PRIVILEGES hold from now
    on.

    threads: some of its own are needed. They share its filter; where no filter holds there are
    none.
    """
    os.closerange(3, 1 << 16)
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # no handler: coming back from one is a system call
    _limit()
    steps: dict[str, Callable[[], None]] = {
        NETWORK: _leave_network,
        PRIVILEGES: _drop_privileges,
        CALLS: lambda: _refuse_calls(threads=threads),
    }
    held = [name for name, step in steps.items() if _holds(step)]
    if not threads or CALLS not in held:
        _set_limit(resource.RLIMIT_NPROC, 0)
    return held


def _holds(step: Callable[[], None]) -> bool:
    try:
        step()
    except (
        OSError,
        AttributeError,
    ):  # a kernel, or a C library, that does not know it or may not do it
        return False
    return True


def _limit() -> None:
    """Limits that only root could lift again. A system that does not know one goes without it."""
    for limit, value in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (
            resource.RLIMIT_NOFILE,
            0,
        ),  # what is open stays; nothing else opens again, whatever is closed
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _set_limit(limit, value)


def _set_limit(limit: int, value: int) -> None:
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(limit, (value, value))


def _leave_network() -> None:
    _must(_libc().unshare(NEW_NETWORK if os.geteuid() == 0 else NEW_USER | NEW_NETWORK))


def _drop_privileges() -> None:
    libc = _libc()
    head = ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITIES_VERSION_3, 0))
    _must(libc.capset(head, ctypes.create_string_buffer(24)))
    _must(libc.prctl(SET_NO_NEW_PRIVILEGES, *map(ctypes.c_ulong, (1, 0, 0, 0))))


def _refuse_calls(*, threads: bool) -> None:
    """The filter, for each thread; then one call, to see it refused."""
    machine = os.uname().machine
    if sys.platform != "linux" or machine not in MACHINES or sys.maxsize < 2**32:
        raise OSError("no filter for this machine")
    code = program(machine, os.getpid(), threads=threads)
    text = ctypes.create_string_buffer(code, len(code))
    length = len(code) // INSTRUCTION.size
    head = ctypes.create_string_buffer(struct.pack("@HP", length, ctypes.addressof(text)))
    number = ctypes.c_long(MACHINES[machine].seccomp)
    _must(_libc().syscall(number, SECCOMP_SET_FILTER, ctypes.c_ulong(ALL_THREADS), head))
    with contextlib.suppress(PermissionError):
        Path("/").stat()
        raise OSError("the filter does not hold")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _must(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "refused")
