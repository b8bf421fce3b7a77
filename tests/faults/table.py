"""Writes the table of docs/FAULTS.md from a run's records: `python -m tests.faults.table
FOLDER`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "FAULTS.md"
BEGIN = "<!-- fault table: begin -->"
END = "<!-- fault table: end -->"
HEAD = (
    "case",
    "what",
    "on",
    "times",
    "events offered",
    "duplicates",
    "kills",
    "lost",
    "double",
    "cells wrong",
    "longest drain, s",
    "took, s",
    "seed",
    "command",
)


def read(folder: Path) -> list[dict[str, Any]]:
    """All records of a folder, by case."""
    files = sorted(folder.glob("*.jsonl"))
    records = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return sorted(records, key=lambda one: (one["case"], one["what"], one["database"]))


def joined(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a case and database: counts are summed, of drains the longest stands."""
    rows: dict[tuple[int, str, str], dict[str, Any]] = {}
    for one in records:
        row = rows.setdefault((one["case"], one["what"], one["database"]), {**one, "times": 0})
        row["times"] += one["times"]
        if row["times"] == one["times"]:
            continue
        for name in ("events", "duplicates", "kills", "lost", "double", "wrong", "seconds"):
            row[name] += one[name]
        row["drain"] = max(row["drain"], one["drain"])
    return list(rows.values())


def table(records: list[dict[str, Any]]) -> str:
    """The table as Markdown."""
    lines = [_line(HEAD), _line("---" for _ in HEAD)]
    for row in joined(records):
        drain = f"{row['drain']:.1f}" if row["drain"] else "-"
        counts = [
            f"{row[name]:,}"
            for name in ("events", "duplicates", "kills", "lost", "double", "wrong")
        ]
        took = f"{row['seconds']:.0f}"
        cells = [
            row["case"],
            row["what"],
            row["database"],
            row["times"],
            *counts,
            drain,
            took,
            row["seed"],
        ]
        lines.append(_line([*cells, f"`{row['command']}`"]))
    return "\n".join(lines)


def summary(records: list[dict[str, Any]]) -> str:
    """What ran, in a sentence."""
    n = len(records)
    kills = sum(one["kills"] for one in records)
    events = sum(one["events"] for one in records)
    took = sum(one["seconds"] for one in records) / 60
    load = max(one["load"] for one in records)
    lanes = sorted({one["lane"] for one in records})
    cases = len({one["case"] for one in records})
    return (
        f"{n} tests of {cases} cases, the {' and the '.join(lanes)} lane: {events:,} events"
        f" offered, {kills:,} processes killed, {took:.0f} minutes of tests, load of the machine up"
        f" to {load:.0f}."
    )


def between(page: str, records: list[dict[str, Any]]) -> str:
    """The page with these records between its marks; all around them stays."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{summary(records)}\n\n{table(records)}\n{END}{after}"


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main() -> None:
    """Put the table between its marks."""
    records = read(Path(sys.argv[1]))
    if not records:
        sys.exit(
            f"{sys.argv[1]}: wanted the records of a run, found none; `make faults` writes them"
        )
    PAGE.write_text(between(PAGE.read_text(), records))


if __name__ == "__main__":
    main()
