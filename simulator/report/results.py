"""What an experiment leaves in Python: runs as arrays, and frames, a figure and a page of them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from db.errors import UsageError
from simulator.report import frames
from simulator.report.numbers.comparison import Comparison, compare_runs
from simulator.report.numbers.panel import RunData, lay_out
from simulator.report.numbers.primary import DEFAULT, Primary
from simulator.report.pages.writer import headline_table, write_report
from simulator.report.text import labels, sentences

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Result:
    """The runs of an experiment, and what they say."""

    runs: Sequence[RunData]
    """Policies by seeds, in the order in which they were asked for."""
    command: str
    """The command line that plays the same runs."""
    primary: Primary = DEFAULT
    """The comparison that decides, named before they were played."""

    @cached_property
    def comparison(self) -> Comparison:
        """Intervals of each policy and differences of each pair, as the report has them."""
        return compare_runs([lay_out(run) for run in self.runs], self.primary)

    @property
    def metrics(self) -> pd.DataFrame:
        """One row a policy and measure.

        Columns: policy, measure, value, low, high (of the 95 % interval) and n, the shoppers or
        seeds behind it. What is undefined is NaN.
        """
        rows = [
            (policy, name, one.value, one.low, one.high, one.n)
            for policy, found in self.comparison.policies.items()
            for name, one in found.items()
        ]
        return pd.DataFrame(rows, columns=["policy", "measure", "value", "low", "high", "n"])

    @property
    def differences(self) -> pd.DataFrame:
        """One row a pair of policies and measure: a minus b.

        Columns: a, b, measure, value, low, high (of the 95 % interval, paired) and p.
        """
        rows = [
            (one.a, one.b, one.metric, one.gap.value, one.gap.low, one.gap.high, one.gap.p)
            for one in self.comparison.differences
        ]
        return pd.DataFrame(rows, columns=["a", "b", "measure", "value", "low", "high", "p"])

    def events(self, policy: str, seed: int | None = None) -> pd.DataFrame:
        """The event log of a policy, one row an event, by seed, session and ordinal.

        seed: left out, all of them. Columns: seed, session; ordinal, which counts the events of a
        session from 0; kind, shopper, day and step (from 0), at (simulated seconds), query and item
        (ids), position (from 1), impression (the ordinal of the one that was acted on), price, and
        dwell (seconds). What an event has not is missing. Raises UsageError for what was not
        played.
        """
        return frames.events(self._runs_of(policy, seed))

    def slates(self, policy: str, seed: int | None = None) -> pd.DataFrame:
        """What a policy showed, one row an item shown, by seed, session, step and position.

        seed: left out, all of them. Columns: seed, session, shopper, day, step, query (id of the
        item that was asked with), position (from 1), item (id), category, price, is_clicked,
        expected (the judge's chance of a click), score, and its parts as docs/GLOSSARY.md has them:
        visual, behavioural, evidence, support, looks, others, taste and welcome. Raises UsageError
        for what was not played.
        """
        return frames.slates([lay_out(run) for run in self._runs_of(policy, seed)])

    def _runs_of(self, policy: str, seed: int | None) -> list[RunData]:
        found = [run for run in self.runs if run.policy == policy and seed in (None, run.seed)]
        if not found:
            played = ", ".join(f"{run.policy} (seed {run.seed})" for run in self.runs)
            wanted = policy if seed is None else f"{policy} (seed {seed})"
            raise UsageError(f"no run of {wanted}; there are {played}")
        return found

    def plot(self) -> Figure:
        """The click rate expected by day and over the late days, a line and a dot a policy."""
        from simulator.report.figures.overview import overview  # noqa: PLC0415 - matplotlib

        return overview(self.comparison, self.runs[0].days)

    def save_report(self, path: str | Path) -> Path:
        """Write the report into a folder, as the command line does; gives its page.

        Raises DataError when the folder cannot be written.
        """
        return write_report(self.runs, Path(path), primary=self.primary, command=self.command).path

    @property
    def headline(self) -> str:
        """What came out, in a sentence."""
        subjects = sentences.subjects_of(self.comparison, self.primary.pair)
        return sentences.headline(self.comparison, subjects, self.runs[0].days)

    def __repr__(self) -> str:
        policies = ", ".join(self.comparison.policies)
        return f"Result of {policies} over {len(self.comparison.seeds)} seeds: {self.headline}"

    def _repr_html_(self) -> str:
        from simulator.report.numbers.comparison import to_json  # noqa: PLC0415 - one use

        header, *body = headline_table(to_json(self.comparison))
        head = "".join(
            f"<th>{html.escape(labels.of(name).title if place else name)}</th>"
            for place, name in enumerate(header)
        )
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in body
        )
        return f"<p>{html.escape(self.headline)}</p><table><tr>{head}</tr>{rows}</table>"
