"""A judged log for Python: frames and a page, of a file or of a frame."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from db.errors import UsageError
from simulator.installation.context import Context
from simulator.logs.evaluate_log import Judged, evaluate_log
from simulator.logs.reading.shapes.options import ReadOptions

COLUMNS = ("shopper", "session", "time", "item", "kind")
FRAME = Path("frame.csv")
"""What a frame is called on its page; `frame.to_csv("frame.csv", index=False)` makes it so."""


@dataclass(frozen=True)
class LogResult:
    """How well each policy knew what came next."""

    headline: str
    """What came out, in a sentence."""
    page: Path
    """The page about it."""
    document: dict[str, Any]
    """The same as JSON, as `windowshop evaluate-log --json` gives it."""

    @property
    def metrics(self) -> pd.DataFrame:
        """One row a policy and measure: policy, measure, value, low, high and n."""
        rows = [
            (policy, name, one["value"], one["low"], one["high"], one["n"])
            for policy, found in self.document["policies"].items()
            for name, one in found.items()
            if isinstance(one, dict) and "value" in one
        ]
        return pd.DataFrame(rows, columns=["policy", "measure", "value", "low", "high", "n"])

    @property
    def differences(self) -> pd.DataFrame:
        """`cf`, and `cf-history` where there is one, minus each other policy, paired by shopper.

        Columns: a, b, measure, value, low, high and p.
        """
        columns = ["a", "b", "metric", "value", "low", "high", "p"]
        found = pd.DataFrame(self.document["differences"], columns=columns)
        return found.rename(columns={"metric": "measure"}).astype(
            dict.fromkeys(("value", "low", "high", "p"), float)
        )

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.headline)}</p>{self.metrics.to_html(index=False)}"


def judged(
    context: Context,
    log: str | Path | pd.DataFrame,
    *,
    options: ReadOptions,
    split_at: float | None,
    k: int,
    catalogue: str | None,
) -> LogResult:
    """Every policy on a log; a frame is read as the CSV of its columns COLUMNS.

    Raises TypeError for what is neither a path nor a frame.
    """
    how: dict[str, Any] = {
        "options": options,
        "split_at": split_at,
        "k": k,
        "catalogue": catalogue,
    }
    if isinstance(log, str | Path):
        return _result(evaluate_log(context, Path(log), **how))
    if not isinstance(log, pd.DataFrame):
        raise TypeError(
            f"a log is a path or a pandas frame, found {type(log).__name__}; "
            "pandas.DataFrame(rows, columns=...) makes a frame"
        )
    missing = [name for name in COLUMNS if name not in log.columns]
    if missing and not options.columns and not options.format:
        raise UsageError(
            f"the frame has no column {missing[0]!r}; a log has {', '.join(COLUMNS)}: rename yours"
        )
    text: str = (log if missing else log[list(COLUMNS)]).to_csv(index=False)
    return _result(evaluate_log(context, FRAME, content=text.encode(), **how))


def _result(found: Judged) -> LogResult:
    return LogResult(found.headline, found.page, found.document)
