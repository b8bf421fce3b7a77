"""Which system calls the decoder of pictures may make, and the filter that a Linux kernel is given
for it.

A list of what is allowed, not of what is forbidden: a call that a later kernel brings is refused
already. The filter is classic BPF over `struct seccomp_data` (linux/seccomp.h): it sees a call's
number and arguments.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

ALLOW = 0x7FFF0000
REFUSE = 0x00050001
"""The call is not made; its caller is told EPERM."""
UNKNOWN = 0x00050026
"""The call is not made; its caller is told ENOSYS, as by a kernel that is too old for it."""
KILL = 0x80000000

NUMBER_AT = 0
ARCHITECTURE_AT = 4
ARGUMENTS_AT = 16

LOAD = 0x20
"""A word of the call into the accumulator."""
JUMP_IF_EQUAL = 0x15
JUMP_IF_ANY_BIT = 0x45
RETURN = 0x06

INSTRUCTION = struct.Struct("=HBBI")
"""Code, jump if true, jump if false, operand."""

EXECUTABLE = 4
"""PROT_EXEC."""
A_THREAD = 0x10000
"""CLONE_THREAD: what begins is a part of the same process, under the same filter."""

FUTEX_WAITS_AND_WAKES = (0, 1, 9, 10, 128, 129, 137, 138, 265, 393)
"""Plain and private, by either clock: what locks are made of, and none of the kernel's rarer
kinds.
"""


@dataclass(frozen=True)
class Call:
    """A system call that is allowed, with its number on each architecture."""

    name: str
    x86_64: int
    aarch64: int
    argument: int = 0
    """The one that is looked at, where there is a condition."""
    among: tuple[int, ...] = ()
    """What it must be one of."""
    without: int = 0
    """Bits that it must not have."""
    having: int = 0
    """Bits of which it must have one."""
    outcome: int = ALLOW
    """What the kernel does when all of this holds."""


@dataclass(frozen=True)
class Machine:
    """An architecture and its way to the filter."""

    architecture: int
    """AUDIT_ARCH number (linux/audit.h)."""
    seccomp: int
    """Number of the call of that name."""


MACHINES = {"x86_64": Machine(0xC000003E, 317), "aarch64": Machine(0xC00000B7, 277)}
"""By the names of `uname -m`. On another machine there is no filter."""


def allowed(pid: int) -> tuple[Call, ...]:
    """What process `pid` may do: read requests, answer, have memory, know the time, and end."""
    return (
        Call("read", 0, 63, 0, (0,)),
        Call("write", 1, 64, 0, (1, 2)),
        Call("brk", 12, 214),
        Call("mmap", 9, 222, 2, without=EXECUTABLE),
        Call("mprotect", 10, 226, 2, without=EXECUTABLE),
        Call("mremap", 25, 216),
        Call("munmap", 11, 215),
        Call("madvise", 28, 233, 2, (4, 8, 14)),  # DONTNEED, FREE, HUGEPAGE
        Call("futex", 202, 98, 1, FUTEX_WAITS_AND_WAKES),
        Call("clock_gettime", 228, 113, 0, tuple(range(8))),  # no clock of another process
        Call("getpid", 39, 172),
        Call("gettid", 186, 178),
        Call("tgkill", 234, 131, 0, (pid,)),  # abort() is a signal to oneself
        Call("exit", 60, 93),
        Call("exit_group", 231, 94),
    )


THREADS = (
    Call("clone", 56, 220, 0, having=A_THREAD),
    Call("clone3", 435, 435, outcome=UNKNOWN),  # hides its flags from a filter; clone comes next
    Call("rseq", 334, 293),
    Call("set_robust_list", 273, 99),
    Call("rt_sigprocmask", 14, 135),
    Call("sched_yield", 24, 124),
)
"""What beginning a thread takes beside that."""


def program(machine: str, pid: int, *, threads: bool = False) -> bytes:
    """The filter for process `pid`, ready for the kernel; with `threads` it may begin some.

    Raises KeyError where there is none for the machine.
    """
    code = [
        INSTRUCTION.pack(LOAD, 0, 0, ARCHITECTURE_AT),
        # Numbers mean other calls to another architecture, which a process may speak, too.
        INSTRUCTION.pack(JUMP_IF_EQUAL, 1, 0, MACHINES[machine].architecture),
        INSTRUCTION.pack(RETURN, 0, 0, KILL),
        INSTRUCTION.pack(LOAD, 0, 0, NUMBER_AT),
    ]
    for call in (*allowed(pid), *(THREADS if threads else ())):
        decision = _decision(call)
        number = getattr(call, machine)
        code += [INSTRUCTION.pack(JUMP_IF_EQUAL, 0, len(decision), number), *decision]
    return b"".join([*code, INSTRUCTION.pack(RETURN, 0, 0, REFUSE)])


def _decision(call: Call) -> list[bytes]:
    """What follows once the number is this call's. Arguments are looked at as 32 bits, as their
    calls do.
    """
    allow, refuse = (INSTRUCTION.pack(RETURN, 0, 0, one) for one in (call.outcome, REFUSE))
    if not call.among and not call.without and not call.having:
        return [allow]
    look = INSTRUCTION.pack(
        LOAD, 0, 0, ARGUMENTS_AT + 8 * call.argument
    )  # the lower half: little-endian
    if call.without:
        return [look, INSTRUCTION.pack(JUMP_IF_ANY_BIT, 1, 0, call.without), allow, refuse]
    if call.having:
        return [look, INSTRUCTION.pack(JUMP_IF_ANY_BIT, 0, 1, call.having), allow, refuse]
    ahead = range(len(call.among), 0, -1)
    tests = [
        INSTRUCTION.pack(JUMP_IF_EQUAL, far, 0, one)
        for far, one in zip(ahead, call.among, strict=True)
    ]
    return [look, *tests, refuse, allow]
