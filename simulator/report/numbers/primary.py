"""The primary comparison: the one measure and pair that were named before the runs were played.

It keeps its own p; every other difference is corrected for the company it is in, or claims nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from db.errors import NotFoundError, UsageError
from db.nearest import nearest
from simulator.report.numbers.measures import MEASURES

_USUAL = ("blend", "visual")


@dataclass(frozen=True)
class Primary:
    """A measure by its name in `metrics.json`, and whose difference in it decides.

    The size of a slate may be left out of the name: `hit_rate` is `hit_rate@10` where ten are
    shown.
    """

    measure: str = "ctr_late_expected"
    pair: tuple[str, str] | None = None
    """None: nobody chose, so it is blend - visual."""
    is_late: bool = False
    """Chosen when the runs were played: it is spoken of, but has no p of its own."""

    def decides(self, a: str, b: str, metric: str) -> bool:
        """Whether this difference is the primary one."""
        if self.is_late:
            return False
        is_meant = self.measure in {metric, metric.partition("@")[0]}
        return is_meant and {a, b} == set(self.pair or _USUAL)

    def require_among(self, policies: Iterable[str]) -> None:
        """UsageError where a policy of the pair is not among these."""
        there = list(policies)
        pair = self.pair or ()
        for name in pair:
            if name not in there:
                raise UsageError(
                    f"wanted to compare {name!r}, found {', '.join(there)}; "
                    f"`windowshop experiment --policies {','.join(pair)}` plays both"
                )

    def beside(self, declared: Primary) -> Primary:
        """The same choice, late unless it is what was declared with the experiment."""
        is_declared = self.to_json() == declared.to_json()
        return declared if is_declared else replace(self, is_late=True)

    def caution(self) -> str:
        """What must be said of a choice; empty where nothing must."""
        if not self.is_late:
            return ""
        return (
            "What is compared here was chosen after the runs were played;"
            " `windowshop experiment --primary` declares it before."
        )

    def to_json(self) -> dict[str, Any]:
        """What `run.json` keeps of it."""
        a, b = self.pair or _USUAL
        return {"measure": self.measure, "a": a, "b": b}


DEFAULT = Primary()


def chosen(measure: str | None, pair: tuple[str, str] | None) -> Primary:
    """The comparison that was asked for on the command line.

    Raises NotFoundError for a measure that nobody defined, UsageError for a policy against itself.
    """
    if pair is not None and pair[0] == pair[1]:
        raise UsageError(f"wanted two policies to compare, found {pair[0]!r} twice; name another")
    return Primary(DEFAULT.measure if measure is None else _known(measure), pair)


def kept(document: Mapping[str, Any] | None) -> Primary:
    """What `run.json` keeps; the usual one where it keeps none."""
    if document is None:
        return DEFAULT
    pair = (document["a"], document["b"])
    return Primary(document["measure"], None if pair == _USUAL else pair)


def _known(measure: str) -> str:
    stem = measure.partition("@")[0]
    names = [one.stem for one in MEASURES.values() if one.formula is not None]
    if stem not in names:
        raise NotFoundError(
            f"no measure {measure!r}; {nearest(measure, names)}choose one of {', '.join(names)}"
        )
    return measure
