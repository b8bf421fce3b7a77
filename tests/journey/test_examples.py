"""The example of each command's help is executed, and prints what docs/EXAMPLES.md shows."""

from __future__ import annotations

import html
import re

import pytest

from tests import documented
from tests.documented import EXAMPLES, Outcome, Reader, Step

pytestmark = pytest.mark.journey
TYPED = documented.steps(EXAMPLES)
Told = dict[Step, Outcome]


@pytest.mark.timeout(900)
@pytest.mark.thorough
@pytest.mark.parametrize("step", TYPED, ids=lambda one: one.command)
def test_an_example_prints_what_the_page_shows(reader: Reader, told: Told, step: Step) -> None:
    """To the digit where the vectors are those of the documents; else the words alone."""
    assert documented.complaint(reader, "examples", step, told[step]) == ""


@pytest.mark.timeout(900)
@pytest.mark.thorough
@pytest.mark.parametrize("command", ["windowshop evaluate --queries 1000"])
def test_what_is_typed_again_gives_the_same_page(reader: Reader, told: Told, command: str) -> None:
    """The line under "Make it again" ends in the same folder, and nothing printed differs."""
    (said,) = (outcome for step, outcome in told.items() if step.command == command)
    page = reader.shop / said.printed[-1].removeprefix("report: ")
    found = re.search(r"Make it again</h2>\s*<pre><code>(.*?)</code>", page.read_text(), re.DOTALL)
    assert found
    assert reader.types(html.unescape(found[1])) == said


def test_every_command_has_its_example_on_the_page() -> None:
    """Whoever adds a command adds its example there; `python -m tests.documented` fills in what it
    prints.
    """
    wanted = {example for _, example in documented.examples()}
    assert wanted <= {step.command for step in TYPED}
