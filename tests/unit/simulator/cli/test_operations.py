"""What an operator may type."""

from __future__ import annotations

import pytest
import typer

from simulator.cli.operations import pace


@pytest.mark.parametrize(("given", "wanted"), [("60", 60.0), ("60x", 60.0), (60.0, 60.0)])
def test_a_pace_is_a_number_or_so_many_times(given: str | float, wanted: float) -> None:
    """As people say it, and as the default is."""
    assert pace(given) == wanted


@pytest.mark.parametrize("wrong", ["", "x", "fast", "0", "nan", "inf", "-1", "1e6"])
def test_what_is_no_pace_is_refused(wrong: str) -> None:
    """With the numbers that would do."""
    with pytest.raises(typer.BadParameter, match=r"wanted 0\.1 to 100,000"):
        pace(wrong)
