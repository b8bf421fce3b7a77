"""Relevance judgments as trec_eval reads them (qrels): `query 0 item grade`.

A query is a request: session, a point, step. What was shown and left is 0, clicked or viewed 1,
put into the cart 2, bought 3; the highest counts.
"""

from __future__ import annotations

import string
from typing import TextIO

from simulator.playing.export_formats.contents import ExportedLog, plain, shown_by

GRADES = {"view": 1, "click": 1, "cart": 2, "purchase": 3}
Judged = dict[tuple[str, int], dict[str, int]]


def write(log: ExportedLog, out: TextIO) -> int:
    """Judgments by request, in the order of their first event; DataError for a name with spaces."""
    judged: Judged = {}
    for event in log.events():
        grades = judged.setdefault((str(event["session"]), event.get("step", 0)), {})
        if event["kind"] == "impression":
            for _, item, _ in shown_by(event):
                grades.setdefault(item, 0)
        elif event["kind"] in GRADES and "item" in event:
            item = str(event["item"])
            grades[item] = max(GRADES[event["kind"]], grades.get(item, 0))
    for (session, step), grades in judged.items():
        query = plain(f"{session}.{step}", string.whitespace, "trec")
        for item, grade in grades.items():
            out.write(f"{query} 0 {plain(item, string.whitespace, 'trec')} {grade}\n")
    return sum(map(len, judged.values()))
