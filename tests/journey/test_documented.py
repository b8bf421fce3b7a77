"""What README, the pages in docs and the help show is what the commands do."""

from __future__ import annotations

import re

import pytest

from db.errors import UsageError
from tests import documented
from tests.databases import PASS, POSTGRES
from tests.documented import (
    OF_THE_MACHINE,
    PAGES,
    SLOW,
    SLOW_EXAMPLES,
    TRANSLATED,
    Outcome,
    Reader,
    Step,
)

pytestmark = pytest.mark.journey
STEPS = [step for page in PAGES for step in documented.steps(page)]
EXAMPLES = dict(documented.examples())
AN_ID = "0a1b2c3d4e5f"
"""The run of the examples in the help."""
NO_SUCH_WORK = "windowshop: no work "
"""The examples of the help name work that this home has not."""
Told = dict[Step, Outcome]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Somebody with an empty home."""
    if PASS == POSTGRES:
        pytest.skip("the documents show a home with SQLite")
    return Reader(tmp_path_factory.mktemp("you"))


@pytest.fixture(scope="module")
def told(reader: Reader) -> Told:
    """All commands of all pages, typed one after the other."""
    return {step: reader.types(step.command) for step in STEPS if not step.is_slow}


@pytest.mark.timeout(600)
@pytest.mark.thorough
@pytest.mark.parametrize(
    "step", [one for one in STEPS if not one.is_slow], ids=lambda one: one.command
)
def test_a_command_prints_what_its_page_shows(reader: Reader, told: Told, step: Step) -> None:
    """To the digit where the vectors are those of the documents; else the words alone."""
    said = told[step]
    refused = any(line.startswith("windowshop: ") for line in step.shown)
    assert bool(said.code) == refused
    if step.command in OF_THE_MACHINE:
        assert step.shown == ()
    elif not documented.agrees(step.shown, said.printed):
        is_same = reader.vectors() == documented.DIGEST.read_text().strip()
        agrees = documented.agrees(step.shown, said.printed, figures=False)
        assert not is_same, _complaint(step, said)
        assert agrees, _complaint(step, said)


def _complaint(step: Step, said: Outcome) -> str:
    lines = [
        f"{step.page}:{step.line + 1} shows",
        *step.shown,
        f"but `{step.command}` prints",
        *said.printed,
        "`python -m tests.documented` writes that into the page",
    ]
    return "\n".join(lines)


@pytest.mark.timeout(600)
@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in SLOW_EXAMPLES])
def test_an_example_of_the_help_is_a_call_that_works(reader: Reader, told: Told, name: str) -> None:
    """On the run and the catalogue of the pages; never one that does not fit the parser."""
    run = next(
        step.command.split()[-1] for step in told if step.command.startswith("windowshop verify a")
    )
    said = reader.types(EXAMPLES[name].replace(AN_ID, run))
    names_nothing = any(NO_SUCH_WORK in line for line in said.printed)  # it fits the parser
    assert said.code != UsageError.exit_code or names_nothing, said.printed
    assert said.printed or "--out" in EXAMPLES[name]


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
    assert set(SLOW_EXAMPLES) <= set(EXAMPLES)
    tests = re.findall(r"tests/[\w/]+\.py", " ".join([*SLOW.values(), *SLOW_EXAMPLES.values()]))
    assert [name for name in tests if not (documented.ROOT / name).exists()] == []
    unread = [str(page.relative_to(documented.ROOT)) for page in documented.ROOT.glob("docs/*.md")]
    known = {*PAGES, *TRANSLATED, "docs/cli.md"}
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
