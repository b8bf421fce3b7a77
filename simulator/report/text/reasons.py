"""Why an item was shown, in words a shopper understands, the strongest reason first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from recommender.registry import BY_EVIDENCE, POLICIES
from simulator.report.text import labels

_PARTS = {"looks": "looks", "others": "others", "taste": "her taste", "welcome": "new here"}
"""The parts of a score that is a sum of log-odds, as `recommender.ranking.SLATE` names them."""

_SILENT = 0.05
"""Log-odds below this are no reason."""


def reasons(entry: Any, policy: str, cosine: float = np.nan) -> list[str]:
    """Why an item was shown, in a few words from the parts stored with it, the strongest first.

    entry: one `recommender.ranking.SLATE`: visual is the click rate that the pictures let expect,
    behavioural the rate seen, support the examinations behind it, evidence the share of the score
    due to behaviour; where looks, others, taste and welcome are given, they say more. cosine: of
    the embeddings of query and item, NaN where it is not known.
    """
    if not np.isnan(entry["taste"]):
        return _parts(entry)
    visual = float(entry["visual"])
    behavioural = float(entry["behavioural"])
    looks = []
    if not np.isnan(visual):
        looks = [
            f"by looks {100 * visual:.1f} %"
            if np.isnan(cosine)
            else f"looks alike {cosine:.2f}".replace("-", labels.MINUS)
        ]
    if np.isnan(behavioural):
        if policy not in POLICIES:  # of another version: nothing is claimed
            return looks
        unexplained = POLICIES[policy].unexplained
        return [*looks, "no evidence yet"] if unexplained is BY_EVIDENCE else looks or [unexplained]
    seen = [f"{_clicked(entry)} clicked"]
    return seen + looks if entry["evidence"] >= 0.5 else looks + seen


def _parts(entry: Any) -> list[str]:
    """By how much each part multiplies the odds of a click, the strongest first; from what to what
    chance.
    """
    size = {name: float(entry[name]) for name in _PARTS}
    score = min(max(float(entry["score"]), 1e-6), 1 - 1e-6)
    start = 1.0 / (1.0 + math.exp(sum(size.values()) - math.log(score / (1.0 - score))))
    ordered = sorted(_PARTS, key=lambda name: -size[name])
    said = [
        f"{_PARTS[one]} \u00d7{math.exp(size[one]):.2g}"
        for one in ordered
        if abs(size[one]) >= _SILENT
    ]
    return [*said, f"{100 * start:.1f} % to {100 * score:.1f} %"]


def _clicked(entry: Any) -> str:
    times = max(1, round(float(entry["support"])))
    return f"{min(times, round(float(entry['behavioural']) * times))} of {times}"
