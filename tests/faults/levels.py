"""What stands minute by minute while a soak runs, and its table: `python -m tests.faults.levels
FOLDER`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, text

from db.engine import read_transaction
from tests.faults.outside import Outside, resident, started

PAGE = Path(__file__).parents[2] / "docs" / "RELIABILITY.md"
SUFFIX = ".levels"
MEGABYTE = 2**20
HEAD = (
    "minute",
    "rounds",
    "workers killed",
    "Redis killed",
    "supervisor, MB",
    "oldest worker, MB (its age, s)",
    "Valkey, MB",
    "Redis keys",
    "WAL, MB",
    "database, MB",
)


@dataclass(frozen=True)
class Level:
    """What stands at one moment: memory in kilobytes, sizes in bytes, ages in seconds."""

    minute: float
    rounds: int
    kills: int
    redis_kills: int
    supervisor: int
    worker: int  # the oldest one's
    worker_age: int
    valkey: int
    keys: int
    wal: int
    database: int


def look(outside: Outside, *, began: float, rounds: int, kills: int, redis_kills: int) -> Level:
    """Look at everything now."""
    oldest = next(iter(outside.pids.values()), None)
    wal, database = sizes(outside.engine)
    return Level(
        minute=(time.monotonic() - began) / 60,
        rounds=rounds,
        kills=kills,
        redis_kills=redis_kills,
        supervisor=resident(outside.process.pid),
        worker=resident(oldest),
        worker_age=_age(oldest) if oldest else 0,
        valkey=resident(outside.valkey),
        keys=_keys(outside.redis_url),
        wal=wal,
        database=database,
    )


def sizes(engine: Engine) -> tuple[int, int]:
    """Bytes of the write-ahead log and of the database; on Postgres the log is that of the whole
    server.
    """
    if engine.dialect.name == "sqlite":
        wal = Path(f"{engine.url.database}-wal")
        file = Path(f"{engine.url.database}")
        return (wal.stat().st_size if wal.exists() else 0), file.stat().st_size
    with read_transaction(engine) as conn:
        wal = conn.execute(text("SELECT sum(size) FROM pg_ls_waldir()")).scalar_one()
        return int(wal), int(
            conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        )


def _age(pid: int) -> int:
    ticks = started(pid)
    return (
        0 if ticks == sys.maxsize else int(time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / _HERTZ)
    )


_HERTZ = os.sysconf("SC_CLK_TCK")


def _keys(url: str) -> int:
    redis = Redis.from_url(url)
    try:
        return int(redis.dbsize())
    except RedisError:
        return 0  # it is being revived, and empty
    finally:
        redis.close()


def highest(levels: Sequence[Level]) -> Level:
    """The highest of each."""
    return Level(*(max(getattr(one, field.name) for one in levels) for field in fields(Level)))


def note(level: Level, database: str) -> None:
    """Append it to the records' folder, if there is one: a soak that fails half-way has told its
    half.
    """
    if folder := os.environ.get("FAULT_RECORDS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        with (Path(folder) / f"{database}{SUFFIX}").open("a") as file:
            file.write(json.dumps(asdict(level)) + "\n")


def table(levels: Sequence[Level], *, rows: int = 11) -> str:
    """The first, the last, and some between, as Markdown."""
    lines = [
        f"| {' | '.join(HEAD)} |",
        "| --- " * len(HEAD) + "|",
    ]
    last = len(levels) - 1
    for place in sorted({round(last * row / (rows - 1)) for row in range(rows)}):
        one = levels[place]
        cells = (
            f"{one.minute:.0f}",
            one.rounds,
            one.kills,
            one.redis_kills,
            f"{one.supervisor / 1000:.0f}",
            f"{one.worker / 1000:.0f} ({one.worker_age})",
            f"{one.valkey / 1000:.0f}",
            one.keys,
            f"{one.wal / MEGABYTE:.1f}",
            f"{one.database / MEGABYTE:.1f}",
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Put each database's table between its marks."""
    page = PAGE.read_text()
    for file in sorted(Path(sys.argv[1]).glob(f"*{SUFFIX}")):
        levels = [Level(**json.loads(line)) for line in file.read_text().splitlines()]
        begin = f"<!-- soak {file.stem}: begin -->"
        end = f"<!-- soak {file.stem}: end -->"
        before, rest = page.split(begin)
        page = f"{before}{begin}\n{table(levels)}\n{end}{rest.split(end)[1]}"
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
