"""Counts what was passed over by its reason: names, numbers and cures left aside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from simulator.catalogues.csv_file import Skipped

GAP = "..."
"""Stands for what differs from one to the next."""
_IN_BRACKETS = re.compile(r"\s*\([^()]*(\([^()]*\)[^()]*)*\)")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?![\w.])")
_ROW = re.compile(rf"{re.escape(GAP)}(\s*{re.escape(GAP)})+")


def reason_of(skipped: Skipped) -> str:
    """The reason without what is of this one alone: `there is no picture ... in the folder`."""
    said = _QUOTED.sub(GAP, skipped.reason)
    said = _IN_BRACKETS.sub("", said).partition("; ")[0]
    return _ROW.sub(GAP, _NUMBER.sub(GAP, said)).strip()


def by_reason(skipped: Iterable[Skipped]) -> dict[str, int]:
    """How many were passed over for each reason, the most frequent first."""
    found = Counter(map(reason_of, skipped))
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
