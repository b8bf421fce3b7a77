"""A judged log for Python: frames and a page, of a file or of a frame."""

from __future__ import annotations

import html
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from db.errors import UsageError
from simulator.installation.context import Context
from simulator.logs.evaluate_log import Judged, evaluate_log

COLUMNS = ("shopper", "session", "time", "item", "kind")


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

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.headline)}</p>{self.metrics.to_html(index=False)}"


def judged(
    context: Context,
    log: str | Path | pd.DataFrame,
    *,
    split_at: float | None,
    k: int,
    catalogue: str | None,
) -> LogResult:
    """Every policy on a log; a frame is written as a CSV first, with the columns of COLUMNS."""
    options: dict[str, Any] = {"split_at": split_at, "k": k, "catalogue": catalogue}
    if not isinstance(log, pd.DataFrame):
        return _result(evaluate_log(context, Path(log), **options))
    if missing := [name for name in COLUMNS if name not in log.columns]:
        raise UsageError(
            f"the frame has no column {missing[0]!r}; a log has {', '.join(COLUMNS)}: rename yours"
        )
    with tempfile.TemporaryDirectory(prefix="windowshop-") as folder:
        path = Path(folder) / "frame.csv"
        log[list(COLUMNS)].to_csv(path, index=False)
        return _result(evaluate_log(context, path, **options))


def _result(found: Judged) -> LogResult:
    return LogResult(found.headline, found.page, found.document)
