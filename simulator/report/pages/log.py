"""The page of evaluate-log: what the policies would have shown where a real session went on."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from simulator.report.figures.drawing import FAINT, Chart, chart_of, colour, percents
from simulator.report.pages.study import Cell, Section, ShownFigure, Study, Table

POLICIES = {
    "popularity": "what most training sessions held",
    "repeat": "what the shopper had in earlier sessions, most often first",
    "cf": "items that go together; reads the session alone",
    "cf-history": "the same; reads the shopper's earlier sessions too",
    "visual": "looks alone: the mean cosine with the profile's pictures",
    "blend": "looks and behaviour, weighed by a choice model",
}
LEARNED = {
    "learned": "a choice model over all measures, of the session alone",
    "learned with history": "the same, and what the shopper had in training sessions",
    "blend": "a choice model over all measures and looks, of the session alone",
    "blend with history": "the same, and what the shopper had in training sessions",
}
STRATA = {
    "cold": "in no training session",
    "warm": "in 1 to 20 training sessions",
    "hot": "in more than 20",
}


def rows(document: dict[str, Any]) -> list[list[str]]:
    """The policies for the terminal: the header first."""
    metrics = list(document["policies"]["cf"])
    body = [
        [name, *(_text(metric, found[metric], brief=True) for metric in metrics)]
        for name, found in document["policies"].items()
    ]
    return [["policy", *metrics], *body]


def headline(document: dict[str, Any]) -> str:
    """What the numbers mean, in one sentence that claims no more than its interval."""
    k = document["k"]
    found = document["policies"]
    metric = f"next_hit_rate@{k}"
    cf = found["cf"][metric]
    popular = found["popularity"][metric]
    gap = _difference(document, "cf", "popularity")
    return (
        f"Shown {k} items, {_percent(cf['value'])} of {cf['n']:,} later sessions would have seen"
        f" what they came to next among those of cf ({document['cf']}; 95 % interval {_ends(cf)}); "
        + _beside(popular, gap)
        + _with_history(document)
    )


def claim(document: dict[str, Any]) -> str:
    """The same in one breath, without intervals."""
    found = document["policies"]
    metric = f"next_hit_rate@{document['k']}"
    rate = {name: _percent(one[metric]["value"]) for name, one in found.items()}
    told = f"What came next: cf knew {rate['cf']} of it, what is popular {rate['popularity']}"
    if "cf-history" not in found:
        return f"{told}."
    return (
        f"{told}; with her earlier sessions, cf-history {rate['cf-history']}, repeat"
        f" {rate['repeat']}."
    )


def _difference(document: dict[str, Any], a: str, b: str) -> dict[str, Any]:
    """Of the hit rate: a minus b."""
    metric = f"next_hit_rate@{document['k']}"
    return next(
        one
        for one in document["differences"]
        if (one["a"], one["b"], one["metric"]) == (a, b, metric)
    )


def _with_history(document: dict[str, Any]) -> str:
    """The same of who reads earlier sessions too; empty where nobody does."""
    found = document["policies"]
    if "cf-history" not in found:
        return ""
    metric = f"next_hit_rate@{document['k']}"
    ours, plain = (_percent(found[name][metric]["value"]) for name in ("cf-history", "repeat"))
    gap = _difference(document, "cf-history", "repeat")
    told = "" if gap["low"] is None else f"; interval of the difference {_points(gap)}"
    return (
        f". With the shopper's earlier sessions too, cf-history would have shown it in {ours};"
        f" showing her again what she had: {plain}{told}"
    )


def _points(gap: dict[str, Any]) -> str:
    return f"{100 * gap['low']:.2f} to {100 * gap['high']:.2f} points"


def _beside(popular: dict[str, Any], gap: dict[str, Any]) -> str:
    value = _percent(popular["value"])
    if gap["low"] is None or gap["low"] <= 0 <= gap["high"]:
        return f"showing everybody what is popular: {value}, no difference that the log could tell"
    which = "more" if gap["value"] > 0 else "fewer"
    low, high = sorted(abs(100 * gap[end]) for end in ("low", "high"))
    return (
        f"that is {100 * abs(gap['value']):.2f} points {which} than with what is popular ({value};"
        f" interval of the difference {low:.2f} to {high:.2f})"
    )


def page(document: dict[str, Any], command: str) -> Study:
    """The page."""
    training = document["training"]
    asked = document["asked"]
    lines = document["lines"]
    return Study(
        eyebrow="a real log",
        headline=claim(document),
        lead=[
            headline(document) + ".",
            (
                "Nobody saw these slates: the log only tells where each session went by itself. A"
                " policy that names that item is right; one that names something better is not"
                " rewarded. The figures compare policies; they do not forecast what a policy would"
                " sell."
            ),
        ],
        facts=[
            ("Log", document["file"]),
            ("Lines", f"{lines['kept']:,} kept, {len(lines['skipped']):,} left out"),
            (
                "Training",
                (
                    f"{training['sessions']:,} sessions that start before"
                    f" {document['split_at']:.15g} s"
                    if not document["split_drawn"]
                    else f"{training['sessions']:,} sessions; the asked ones were drawn"
                ),
            ),
            ("Items on sale", f"{training['items_on_sale']:,}"),
            ("Asked", f"{asked['sessions']:,} of {asked['later_sessions']:,} later sessions"),
            ("Truth unknown", f"{asked['truth_unknown']:,}, a miss each"),
            ("Truth in the profile", f"{asked['truth_in_profile']:,}, a miss each"),
            ("cf is", document["cf"]),
            ("Came before", f"{asked['came_before']:,} of those asked"),
        ],
        sections=[_policies(document), _measures(document), _strata(document), _protocol()],
        command=command,
        origin=[("sha256 of the log", document["sha256"])],
    )


def _policies(document: dict[str, Any]) -> Section:
    found = document["policies"]
    metrics = list(found["cf"])
    body = [
        (name, POLICIES[name], [_cell(metric, measured[metric]) for metric in metrics])
        for name, measured in found.items()
    ]
    gaps = {
        focus: "; ".join(
            f"{one['b']} {_signed(one)}"
            for one in document["differences"]
            if one["a"] == focus and one["metric"] == f"next_hit_rate@{document['k']}"
        )
        for focus in ("cf", "cf-history")
    }
    return Section(
        "Which policy knows what comes next?",
        [
            (
                "Compare like with like: cf and visual read the session alone, cf-history and"
                " repeat the shopper's earlier sessions too. Differences of the hit rate in"
                " points, paired by shopper:"
            ),
            *(f"{focus} minus {told}." for focus, told in gaps.items() if told),
        ],
        [
            Table(
                ["Policy", *metrics],
                body,
                "Small figures: 95 % intervals over shoppers, a session without one standing for"
                " itself. mrr counts ranks within the slate; coverage is the share of the items on"
                " sale that were shown at all; novelty is in bits: high means rarely met in"
                " training.",
            )
        ],
        [
            ShownFigure(
                _chart(document),
                "Hit rate with its 95 % interval; measures in grey, policies in colour.",
            )
        ],
    )


def _measures(document: dict[str, Any]) -> Section:
    metrics = [f"next_hit_rate@{document['k']}", f"ndcg@{document['k']}", "mrr"]
    body = []
    for name, found in document["measures"].items():
        settings = ", ".join(f"{key} {value:g}" for key, value in found["settings"].items())
        meaning = f"{LEARNED[name]}; weights per standard deviation: " if name in LEARNED else ""
        cells = [_cell(metric, found["metrics"][metric]) for metric in metrics]
        body.append((name, meaning + settings, [Cell(f"{found['tuning_value']:.4f}"), *cells]))
    return Section(
        "Which measure is cf?",
        [
            (
                f"Each was tuned on {document['training']['tuned_on']:,} sessions at the end of the"
                " training time, which the sessions before them ranked. Of those that read the"
                " session alone the best there is cf; cf-history is the choice model that reads the"
                " shopper's earlier sessions too. The later sessions had no part in the choice."
            )
        ],
        [Table(["Measure", "tuning", *metrics], body, "Tuning: mean of hit rate and NDCG there.")],
    )


def _strata(document: dict[str, Any]) -> Section:
    metric = f"next_hit_rate@{document['k']}"
    names = {"truth": "By the item that came next", "profile": "By the profile's latest item"}
    tables = []
    for by, title in names.items():
        body = []
        for stratum, found in document["strata"][by].items():
            n = found["cf"][metric]["n"]
            cells = [_cell(metric, one[metric]) for one in found.values()]
            body.append((stratum, f"{STRATA[stratum]}; {n:,} sessions", cells))
        tables.append(Table([title, *document["policies"]], body, metric))
    return Section("Where do they know it?", [], tables)


def _protocol() -> Section:
    return Section(
        "How it was done",
        [
            (
                "Sessions that start before the split train, whole. Of each later session with two"
                " or more distinct items, the last event in the order of the file is the truth, the"
                " earlier ones are the profile. What is in the profile is not recommended, so a"
                " truth that was there already is a miss, like one that no training session ever"
                " met."
            ),
            (
                "Views, clicks, carts and purchases are events; an item searched with belongs to"
                " the profile only; what an impression shows counts as on sale."
            ),
        ],
    )


def _chart(document: dict[str, Any]) -> Chart:
    metric = f"next_hit_rate@{document['k']}"
    shown = {name: found["metrics"][metric] for name, found in document["measures"].items()}
    shown = dict(sorted(shown.items(), key=lambda one: one[1]["value"] or 0))
    shown |= {f"{name} (policy)": found[metric] for name, found in document["policies"].items()}

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, (name, one) in enumerate(shown.items()):
            policy = name.removesuffix(" (policy)")
            shade = FAINT if policy == name else colour(policy)
            if one["low"] is not None:
                axes.plot([one["low"], one["high"]], [row, row], color=shade, linewidth=2.2)
            axes.plot(
                [one["value"] or 0], [row], "o", color=shade, markersize=5.5, markeredgewidth=0
            )
        axes.set_yticks(range(len(shown)), list(shown))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        percents(axes, "x")
        axes.set_xlabel(metric)

    return chart_of(
        "hit-rate", "Who would have shown the next item", draw, height=0.26 * len(shown) + 1
    )


def _cell(metric: str, found: dict[str, Any]) -> Cell:
    value, _, ends = _text(metric, found).partition(" (")
    return Cell(value, ends.rstrip(")"))


def _text(metric: str, found: dict[str, Any], *, brief: bool = False) -> str:
    """`6.30 % (6.10 to 6.50)`, or an n-dash."""
    if found["value"] is None:
        return "\u2013"
    is_share = "hit" in metric or metric == "coverage"
    scale, digits = (100, 2) if is_share else (1, 2 if metric == "novelty" else 4)
    value = f"{scale * found['value']:.{digits}f}" + (" %" if is_share else "")
    if found["low"] is None:
        return value
    digits = min(digits, 3) if brief else digits
    return f"{value} ({scale * found['low']:.{digits}f} to {scale * found['high']:.{digits}f})"


def _signed(one: dict[str, Any]) -> str:
    if one["low"] is None:
        return f"{100 * one['value']:+.2f}"
    return f"{100 * one['value']:+.2f} ({100 * one['low']:+.2f} to {100 * one['high']:+.2f})"


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _ends(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return "unknown"
    return f"{100 * found['low']:.2f} to {100 * found['high']:.2f} %"
