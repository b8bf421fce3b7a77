"""A command line is what a shell takes apart into the same words again."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from simulator.installation.command_line import command_line

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


@given(TEXT, TEXT, TEXT)
def test_a_shell_sees_the_words_that_were_meant(word: str, value: str, setting: str) -> None:
    """Whatever stands in a file's name, an option or a setting; a name is never taken for an
    option.
    """
    line = command_line(
        "evaluate-log", word, settings={"WINDOWSHOP_MODEL": setting}, catalogue=value
    )
    first, *words = shlex.split(line)
    assert first == f"WINDOWSHOP_MODEL={setting}"
    safe = f"./{word}" if word.startswith("-") else word
    assert words == ["windowshop", "evaluate-log", safe, "--catalogue", value]


def test_options_are_written_as_they_are_typed() -> None:
    """Nothing for what was not given, flags alone, lists with commas, numbers with all their
    digits.
    """
    line = command_line(
        "events export",
        settings={},
        few_seeds=3,
        k=5,
        unseen_classes=True,
        again=False,
        seed=None,
        few=(),
        shares=(0.1, 0.123456789),
        split_at=1700000123.0,
    )
    assert line == (
        "windowshop events export --few-seeds 3 -k 5 --unseen-classes --shares 0.1,0.123456789 "
        "--split-at 1700000123"
    )
