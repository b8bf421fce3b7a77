"""The filter of system calls, run by a slow twin of the kernel's: what each machine's decoder may
do.
"""

from __future__ import annotations

import re
import struct
from functools import cache
from pathlib import Path

import pytest

from simulator.catalogues import decoder_calls
from simulator.catalogues.decoder_calls import (
    A_THREAD,
    ALLOW,
    INSTRUCTION,
    KILL,
    MACHINES,
    REFUSE,
    THREADS,
    UNKNOWN,
    allowed,
    program,
)

PID = 471
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
X32 = 0x40000000
"""The bit that asks for another table of calls on x86_64."""


@cache
def code_of(machine: str, threads: bool) -> list[tuple[int, int, int, int]]:
    """The filter's instructions."""
    return list(INSTRUCTION.iter_unpack(program(machine, PID, threads=threads)))


def verdict(
    machine: str,
    number: int,
    *arguments: int,
    architecture: int | None = None,
    threads: bool = False,
) -> int:
    """What the filter says to a call: classic BPF, one instruction after the other."""
    spoken = MACHINES[machine].architecture if architecture is None else architecture
    padded = [*arguments, *[0] * (6 - len(arguments))]
    call = struct.pack("<iIQ6Q", number, spoken, 0, *padded)
    code = code_of(machine, threads)
    place = accumulator = 0
    while True:
        operation, if_true, if_false, operand = code[place]
        place += 1
        if operation == decoder_calls.RETURN:
            return operand
        if operation == decoder_calls.LOAD:
            (accumulator,) = struct.unpack_from("<I", call, operand)
            continue
        is_bits = operation == decoder_calls.JUMP_IF_ANY_BIT
        holds = bool(accumulator & operand) if is_bits else accumulator == operand
        place += if_true if holds else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_that_is_not_on_the_list_is_refused(machine: str) -> None:
    """All numbers there are, and those that are still to come."""
    listed = {getattr(call, machine) for call in allowed(PID)}
    assert len(listed) == len(allowed(PID))
    said = {verdict(machine, number) for number in range(2000) if number not in listed}
    assert said == {REFUSE}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_process_with_threads_begins_threads_and_no_process(machine: str) -> None:
    """A clone that is no thread stays refused; the call that hides its flags is not there."""
    clone = getattr(THREADS[0], machine)
    new = {getattr(call, machine) for call in THREADS}
    listed = {getattr(call, machine) for call in allowed(PID)}
    for flags in (0, 0x11, 0x4111, A_THREAD - 1, A_THREAD << 1):  # fork, vfork, bits beside it
        assert verdict(machine, clone, flags, threads=True) == REFUSE
    assert verdict(machine, clone, 0x3D0F00, threads=True) == ALLOW  # as a C library begins one
    assert verdict(machine, clone, 0x3D0F00) == REFUSE
    assert verdict(machine, 435, threads=True) == UNKNOWN
    said = {verdict(machine, one, threads=True) for one in range(2000) if one not in new | listed}
    assert said == {REFUSE}


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_on_the_list_is_allowed_with_its_argument_only(machine: str) -> None:
    """Each value of a condition, the values beside it, and the one bit that is forbidden."""
    for call in allowed(PID):
        number = getattr(call, machine)
        before = [0] * call.argument
        for value in range(600):
            wanted = value in call.among if call.among else not value & call.without
            assert verdict(machine, number, *before, value) == (ALLOW if wanted else REFUSE), call


@pytest.mark.parametrize(
    ("machine", "architecture"),
    [("x86_64", 0x40000003), ("aarch64", 0x40000028)],
    ids=["i386", "arm"],
)
def test_who_speaks_another_architecture_is_killed(machine: str, architecture: int) -> None:
    """A 64-bit process may make 32-bit calls, whose numbers mean something else."""
    for number in range(500):
        assert verdict(machine, number, architecture=architecture) == KILL


def test_the_other_table_of_x86_64_is_refused() -> None:
    """Its numbers are those of the first table with one bit more."""
    assert {verdict("x86_64", number | X32) for number in range(1000)} == {REFUSE}


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_the_kernel_s_headers(machine: str) -> None:
    """Of both machines, where the C library's headers lie here; the list itself is the same on
    each.
    """
    if not HEADERS[machine].is_file():
        pytest.skip("no linux-libc-dev here")
    text = HEADERS[machine].read_text()
    numbers = dict(re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", text))
    calls = (*allowed(PID), *THREADS)
    assert {call.name: getattr(call, machine) for call in calls} == {
        call.name: int(numbers[call.name]) for call in calls
    }
    assert MACHINES[machine].seccomp == int(numbers["seccomp"])
