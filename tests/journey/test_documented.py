"""What README, the pages in docs and the help show is what the commands do."""

from __future__ import annotations

import re

import pytest

from tests import documented
from tests.documented import (
    PAGES,
    SLOW,
    TRANSLATED,
    Outcome,
    Reader,
    Step,
)

pytestmark = pytest.mark.journey
STEPS = [step for page in PAGES for step in documented.steps(page)]
TYPED = [step for step in STEPS if not step.is_slow]
Told = dict[Step, Outcome]


@pytest.mark.timeout(600)
@pytest.mark.thorough
@pytest.mark.parametrize("step", TYPED, ids=lambda one: one.command)
def test_a_command_prints_what_its_page_shows(reader: Reader, told: Told, step: Step) -> None:
    """To the digit where the vectors are those of the documents; else the words alone."""
    assert documented.complaint(reader, "pages", step, told[step]) == ""


@pytest.mark.parametrize("page", TRANSLATED)
def test_a_translation_shows_the_same_commands(page: str) -> None:
    """And what they print, so that one of the two pages need be executed."""
    ours = documented.steps(page)
    theirs = documented.steps(TRANSLATED[page])
    assert [(one.command, one.shown) for one in ours] == [
        (one.command, one.shown) for one in theirs
    ]


def test_what_is_not_executed_here_stands_somewhere() -> None:
    """No reason outlives its command, and no other page shows commands with output."""
    assert set(SLOW) <= {step.command for step in STEPS}
    others = re.findall(r"(?:tests|docs)/[\w/]+\.\w+", " ".join(SLOW.values()))
    assert [name for name in others if not (documented.ROOT / name).exists()] == []
    unread = [str(page.relative_to(documented.ROOT)) for page in documented.ROOT.glob("docs/*.md")]
    known = {*PAGES, *TRANSLATED, documented.EXAMPLES, documented.DATA, "docs/cli.md"}
    assert [page for page in unread if page not in known and documented.steps(page)] == []


def test_no_command_of_a_page_hides_from_this_test() -> None:
    """Commands of ours stand in console blocks; those of make and containers are run by their
    targets.
    """
    typed = re.compile(r"^    (?:\w+=\S+ )?windowshop .*$", re.MULTILINE)
    pages = [documented.ROOT / page for page in (*PAGES, *TRANSLATED)]
    assert [typed.findall(page.read_text()) for page in pages] == [[] for _ in pages]


def test_three_dots_stand_for_any_lines() -> None:
    """As in Python's doctest; everything else is compared to the letter, or all but its figures."""
    assert documented.agrees(("a", "...", "d 1"), ("a", "b", "c", "d 1"))
    assert not documented.agrees(("a", "...", "d 1"), ("a", "b", "d 2"))
    assert documented.agrees(("a", "...", "d 1"), ("a", "b", "d 2"), figures=False)
    assert not documented.agrees(("a",), ("a", "b"))
