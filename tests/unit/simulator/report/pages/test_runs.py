"""The page stands alone, escapes what it is given, and says in words what its numbers say."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from simulator.report.figures.drawing import Chart
from simulator.report.figures.slate_grids import slate_grids
from simulator.report.numbers.comparison import Gap, compare_runs, to_json
from simulator.report.numbers.panel import RunData, lay_out
from simulator.report.numbers.segments.gaps import compare_segments
from simulator.report.pages.runs import draw, render
from simulator.report.text import sentences
from simulator.report.text.sentences import Subjects
from tests.unit.simulator.report.diary import hand_made, without_clicks

NASTY = '<script>alert("1")</script> & $x_1$'


class _Fetches(HTMLParser):
    """Collects every attribute that could make a browser fetch, and every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "srcset", "xlink:href")
        ]


@pytest.fixture(scope="module")
def charts() -> list[Chart]:
    """Every figure of three runs."""
    return _charts()


def test_the_page_fetches_nothing() -> None:
    """No script, no outside address, no import in its styles: it can be mailed, and opened in
    twenty years.
    """
    html = _page([hand_made("visual"), hand_made("blend"), hand_made("oracle")])
    found = _Fetches()
    found.feed(html)
    assert found.addresses
    assert all(address.startswith(("data:", "#")) for address in found.addresses)
    assert not found.tags & {"script", "iframe", "object", "embed", "video", "audio"}
    assert "://" not in html
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_names_are_escaped_wherever_they_stand() -> None:
    """Names of items, classes, policies and provenance come from outside and stay text."""
    run = hand_made(NASTY)
    run = replace(
        run,
        item_ids=[NASTY] * len(run.item_ids),
        class_names=[NASTY, NASTY],
        provenance={"seed": 1, NASTY: NASTY},
        config={"world": NASTY},
    )
    html = _page([run, hand_made("visual")])
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 10


def test_the_page_is_well_formed_and_says_its_headline() -> None:
    """The sentence is the title of the page, not a footnote."""
    html = _page([hand_made("visual"), hand_made("blend")])
    assert "<h1>Blend was clicked on 15.0" in html
    assert '<p class="lead">On the last day, blend was clicked on 15.0' in html
    assert html.count("<section>") == html.count("</section>")
    assert "Simulated shoppers are not people" in html
    assert "<code>windowshop report &lt;this&gt;</code>" in html


def test_the_page_says_for_whom_and_what_the_judge_expected() -> None:
    """Both stand in tables of their own where two policies are compared, the categories folded."""
    html = _page([hand_made("visual"), hand_made("blend")])
    assert "<h2>For whom: blend minus visual</h2>" in html
    assert "<summary>Searches by category: 2</summary>" in html
    assert 'aria-label="Drawn and expected differences"' in html
    alone = _page([hand_made("visual")])
    assert "For whom" not in alone
    assert "Drawn and expected" not in alone


def test_a_single_run_has_a_page_too() -> None:
    """No pair, no differences, no empty frames."""
    html = _page([hand_made("visual")])
    assert "Differences:" not in html
    assert "None" not in re.sub(r"None is undefined", "", html)


def test_undefined_numbers_are_dashes_and_counted() -> None:
    """Not nan, not zero."""
    html = _page([without_clicks(hand_made("visual"))])
    assert "2 of them are undefined" in html
    assert ">nan" not in html.lower()


def test_figures_have_the_same_bytes_each_time(charts: list[Chart]) -> None:
    """Neither the date nor a random id is in them."""
    assert _charts() == charts


def test_figure_text_is_text(charts: list[Chart]) -> None:
    """Policy names can be searched, read aloud and restyled: no outlines of letters."""
    inline = {chart.name: chart.inline for chart in charts}
    assert set(inline) == {"policies", "differences", "learning", "funnel", "positions", "exposure"}
    assert all(">blend</text>" in svg for name, svg in inline.items() if name != "exposure")


def test_figures_share_no_ids_on_the_page(charts: list[Chart]) -> None:
    """Two figures in one page must not point into each other."""
    ids = [re.findall(r'\bid="([^"]+)"', chart.inline) for chart in charts]
    every = [one for found in ids for one in set(found)]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        ((0.02, 0.01, 0.03), "2.00 points more than visual"),
        ((-0.02, -0.03, -0.01), "2.00 points fewer than visual"),
        ((0.01, -0.01, 0.03), "not to be told apart from visual"),
    ],
)
def test_the_headline_claims_no_more_than_the_interval_does(
    gap: tuple[float, float, float], said: str
) -> None:
    """Ahead, behind, or neither: an interval across zero is never called a win."""
    comparison = compare_runs([lay_out(hand_made("visual")), lay_out(hand_made("blend"))])
    planted = [
        replace(one, gap=Gap(*gap, p=0.5)) if one.metric == sentences.LATE else one
        for one in comparison.differences
    ]
    headline = sentences.headline(
        replace(comparison, differences=planted), Subjects("blend", "visual"), 3
    )
    assert said in headline
    assert "over shoppers of this shop" in headline


def test_one_run_says_nothing_of_cf_in_a_title() -> None:
    """It has no interval there, so it is neither ahead nor too close to call."""
    runs = [hand_made("cf"), without_clicks(hand_made("visual")), hand_made("blend")]
    comparison = compare_runs([lay_out(run) for run in runs])
    title = sentences.policies(comparison, sentences.subjects_of(comparison))
    assert "cf" not in title.replace("of which", "").lower()
    assert title == "Visual and blend were too close to call late in the run"


def test_a_leader_is_named_only_if_it_is_ahead_beyond_chance() -> None:
    """Two equal policies are too close to call; neither rose, for the days do not tell."""
    comparison = compare_runs([lay_out(hand_made("visual")), lay_out(hand_made("blend"))])
    subjects = Subjects("blend", "visual")
    assert (
        sentences.policies(comparison, subjects)
        == "Visual and blend were too close to call late in the run"
    )
    assert sentences.learning(comparison, subjects, 3).startswith("Blend stayed level")
    assert (
        sentences.differences(comparison, subjects) == "Nothing here can be told apart from visual"
    )


def test_the_story_is_about_blend_against_visual_unless_told_otherwise() -> None:
    """The default pair, the pair asked for, and what is left when neither is there."""
    runs = {
        name: lay_out(hand_made(name)) for name in ("random", "visual", "cf", "blend", "oracle")
    }
    every = compare_runs(list(runs.values()))
    few = compare_runs([runs["random"], runs["oracle"]])
    assert sentences.subjects_of(every) == Subjects("blend", "visual")
    assert sentences.subjects_of(every, ("cf", "random")) == Subjects("cf", "random")
    assert sentences.subjects_of(few) == Subjects("random", "oracle")
    assert sentences.subjects_of(compare_runs([runs["cf"]])) == Subjects("cf", None)


def _page(runs: list[RunData]) -> str:
    panels = [lay_out(run) for run in runs]
    comparison = compare_runs(panels)
    subjects = sentences.subjects_of(comparison)
    pictures = slate_grids(panels, focus=subjects.focus, reference=subjects.reference)
    charts = draw(comparison, panels, subjects)
    return render(
        comparison,
        charts,
        pictures,
        runs=runs,
        subjects=subjects,
        by_segment=compare_segments(panels, subjects.focus, subjects.reference or ""),
        command="windowshop report <this>",
    )


def _charts() -> list[Chart]:
    panels = [lay_out(hand_made(name)) for name in ("visual", "blend", "oracle")]
    comparison = compare_runs(panels)
    return draw(comparison, panels, sentences.subjects_of(comparison))


def test_measures_by_class_say_when_the_classes_are_clusters() -> None:
    """In the page and in metrics.json; with labels nothing is marked."""
    runs = [hand_made("visual"), hand_made("blend")]
    marked = [replace(run, are_clusters=True) for run in runs]
    html = _page(marked)
    assert html.count("Same category as the query (from clusters)") >= 2
    assert "from clusters, not labels" in html
    assert "from clusters" not in _page(runs)
    assert to_json(compare_runs([lay_out(run) for run in marked]))["by_class"] == "from clusters"
    assert "by_class" not in to_json(compare_runs([lay_out(run) for run in runs]))


def test_own_pictures_are_shown_in_their_colours() -> None:
    """Where people know them in colour the page has photos; measures still go by the judge's
    grey.
    """
    run = hand_made("blend")
    colour = replace(run, shown=np.full((len(run.item_ids), 8, 8, 3), (200, 10, 10), np.uint8))
    assert "data:image/jpeg" in _page([colour])
    assert "data:image/jpeg" not in _page([run])


def test_paper_keeps_colours_and_opens_what_is_closed() -> None:
    """Browsers leave out backgrounds and closed details unless the page asks for them."""
    html = _page([hand_made("visual"), hand_made("blend")])
    (paper,) = re.findall(r"@media print \{(.*?)\n\}", html, re.DOTALL)
    assert "print-color-adjust: exact" in paper
    assert re.search(r"details::details-content \{[^}]*content-visibility: visible", paper)
    assert "display: none" not in paper
