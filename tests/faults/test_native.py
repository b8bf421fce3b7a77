"""Case 18: a job that crashes in native code, runs out of memory, is shot, or hangs without letting
go.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import work
from tests.faults import lane
from tests.faults.account import Account, Tale
from tests.faults.backlog import Backlog
from tests.faults.harness import supervised
from tests.faults.lane import wait_until
from tests.faults.mortal import Fault

Accounts = Callable[..., Account]
JOB_SECONDS = 6

ENDS = {
    "crash": "a native crash (SIGSEGV)",
    "kill": "shot by the kernel (SIGKILL)",
    "exhaust": "out of memory (MemoryError)",
    "hang": "a native hang that keeps the interpreter's lock",
}


@pytest.mark.parametrize("deed", ENDS)
def test_18_a_job_that_ends_its_worker_is_parked_after_three_tries(
    stocked: Engine, tale: Tale, tmp_path: Path, accounts: Accounts, deed: str
) -> None:
    """One piece of work does it, three times; the others are done, and so is this one once it is
    mended.
    """
    account = accounts(18, f"{ENDS[deed]}: parked after 3", stocked)
    bells = Backlog(stocked, tale, None, random.Random(lane.SEED))  # type: ignore[arg-type]
    sick = min(bells._requests(0))
    fault = Fault(str(tmp_path), "read", deed=deed, times=work.MOST_TRIES, only="rank", key=sick)
    with supervised(stocked, fault=fault, job_seconds=JOB_SECONDS) as supervisor:
        backlog = Backlog(stocked, tale, supervisor, random.Random(lane.SEED))
        backlog.tell()
        wait_until(lambda: len(supervisor.pids) == 2, "both workers")
        account.kills = 0 if deed == "exhaust" else fault.deaths
    assert fault.deaths == work.MOST_TRIES
    assert backlog.pardoned == 1
    assert backlog.reasons, "a reason"
    account.audit(stocked, tale, acknowledged=backlog.places, offered=backlog.offered)
