"""Our own format: one JSON object an event, compact, keys in the format's order."""

from __future__ import annotations

import json
from typing import TextIO

from simulator.playing.export_formats.contents import ExportedLog, Fields


def line(fields: Fields) -> str:
    """One event, without spaces, ids as they are."""
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def write(log: ExportedLog, out: TextIO) -> int:
    """All events; an imported log comes back byte for byte."""
    if log.text is not None:
        out.write(log.text)
        return log.n_events
    for event in log.events():
        out.write(line(event) + "\n")
    return log.n_events
