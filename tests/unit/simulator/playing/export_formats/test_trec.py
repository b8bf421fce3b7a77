"""Judgments as trec_eval reads them: what was shown and left is 0, the highest act counts."""

from __future__ import annotations

from simulator.playing.export_formats.contents import ExportedLog
from tests.unit.simulator.playing.export_formats.day import IDS, SHOWN, log, written


def test_the_highest_act_is_the_grade() -> None:
    """Clicked, carted and bought is 3, shown alone 0; a request is a query."""
    found = written(log(), "trec").decode().splitlines()
    assert found == [
        line
        for number, (left, bought) in enumerate(SHOWN, 70)
        for line in (f"{number}.0 0 {IDS[left]} 0", f"{number}.0 0 {IDS[bought]} 3")
    ]


def test_an_act_without_a_slate_is_judged_too() -> None:
    """A log of another shop knows no impressions; a later, lower act takes nothing away."""
    common = {"session": "s", "at": 1.0}
    events = [
        {**common, "kind": "cart", "item": "a"},
        {**common, "kind": "click", "item": "a"},
        {**common, "kind": "click", "item": 7},
    ]
    told = ExportedLog("log", 3, lambda: iter(events))
    assert written(told, "trec").decode() == "s.0 0 a 2\ns.0 0 7 1\n"
