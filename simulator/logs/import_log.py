"""Keeps a log of real shoppers in the database, once however often its file is imported."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from db import imported_logs
from db.engine import write_transaction
from db.events import Kind
from simulator.installation.context import Context
from simulator.logs.evaluate_log import tell, watched
from simulator.logs.reading import read as reading
from simulator.logs.reading.arrays import log_lines
from simulator.logs.reading.arrays.log_lines import LogLine
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.logs.reading.tables.own_json import WITH_QUERY
from simulator.playing.export import event_id


@dataclass(frozen=True)
class Imported:
    """What was kept."""

    log: str
    """The id that `events export` takes."""
    events: int
    is_new: bool
    """It was not there before."""
    notes: Notes

    def to_json(self) -> dict[str, Any]:
        """The result for other programs."""
        return {
            "run": self.log,
            "events": self.events,
            "new": self.is_new,
            "lines": self.notes.to_json(),
            "skipped": [one._asdict() for one in self.notes.skipped],
            "doubtful": [one._asdict() for one in self.notes.doubtful],
        }

    def text(self) -> str:
        """The result for people."""
        state = "kept" if self.is_new else "were here already"
        return (
            f"{self.events:,} events {state} as {self.log}; "
            f"`windowshop evaluate-log {self.log}`, `windowshop events export {self.log}`"
        )


def import_log(context: Context, path: Path, options: ReadOptions = reading.DEFAULT) -> Imported:
    """Read a log and keep its good lines; raises UsageError and DataError as reading.read does,
    and DataError when too much of it would be left out.
    """
    notes = Notes(str(path))
    good = list(log_lines.of(watched(context, path, notes, options, keeps_text=True)))
    tell(context, notes)
    if not options.is_lenient:
        notes.refuse_if_too_many()
    # The id follows from what was good in the file, so that a file twice, or under another name, is
    # one log.
    log_id = sha256("".join(f"{one[1:6]}{one.text}" for one in good).encode()).hexdigest()[:12]
    numbers = [one.number for one in good]
    if len(set(numbers)) < len(numbers):  # several events of one line, or several files
        numbers = list(range(1, len(numbers) + 1))
    written = [
        one.text + "\n" if one.text else _as_json(log_id, one, number)
        for one, number in zip(good, numbers, strict=True)
    ]
    with write_transaction(context.engine) as conn:
        name = path.name.encode("utf-8", "backslashreplace").decode("utf-8")  # any bytes are a name
        is_new = imported_logs.add(conn, log_id, name, written)
    return Imported(log_id, len(good), is_new, notes)


def _as_json(log_id: str, line: LogLine, number: int) -> str:
    """An event in the format of the export; its place in the file stands for its ordinal."""
    fields: dict[str, Any] = {
        "event_id": event_id(log_id, 0, number),
        "run": log_id,
        "kind": line.kind.name.lower(),
        **({"shopper": line.shopper} if line.shopper else {}),
        "session": line.session,
        "step": 0,
        "at": int(line.time) if line.time == int(line.time) else line.time,
    }
    if line.kind in WITH_QUERY:
        fields |= {"query": line.item} if line.item else {}
    elif line.kind is Kind.IMPRESSION:
        fields["items"] = [line.item]
    elif line.item:
        fields["item"] = line.item
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False) + "\n"
