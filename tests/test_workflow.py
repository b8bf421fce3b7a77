"""The workflow of CI: a newcomer's two commands come first, where nothing for other tests is at
hand.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = (ROOT / ".ci" / "run").read_text()
STEPS = [line.split('"', 2) for line in SCRIPT.splitlines() if line.startswith('run "')]
NAMES = [name for _, name, _ in STEPS]
COMMANDS = {name: command.strip() for _, name, command in STEPS}


def test_the_two_commands_of_the_readme_come_first() -> None:
    """Before anything is installed that only other tests need."""
    assert NAMES[:4] == [
        "what the README asks for",
        "make demo",
        "make test",
        "what the other tests need",
    ]
    assert COMMANDS["what the README asks for"].endswith('"${WANTED[@]}"')
    assert COMMANDS["what the other tests need"].endswith('"${FOR_THE_REST[@]}"')


def test_they_run_as_the_readme_says_with_everything_else_out_of_reach() -> None:
    """No argument, no setting; data set, browser, Java and caches are hidden."""
    assert COMMANDS["make demo"] == "bare make demo"
    assert COMMANDS["make test"] == "bare make test"
    hidden = next(line for line in SCRIPT.splitlines() if line.startswith("OUT_OF_REACH="))
    assert all(
        folder in hidden for folder in ("/usr/share/datasets", "/usr/lib/chromium", "/usr/lib/jvm")
    )


def test_what_the_readme_asks_for_holds_no_package_of_the_other_tests() -> None:
    """Python, make, git and what they need."""
    wanted = next(line for line in SCRIPT.splitlines() if line.startswith("WANTED="))
    assert not any(name in wanted for name in ("dataset", "chromium", "jre"))


def test_every_tier_runs_in_ci() -> None:
    """Each target that runs tests or checks stands in the workflow."""
    assert {
        "make test-all",
        "make check",
        "make browser",
        "make faults-short",
        "make compose",
    } <= set(NAMES)
