"""Bars of runs that are played at once."""

from __future__ import annotations

import threading

import pytest

from simulator.cli.terminal import Terminal


@pytest.mark.parametrize("is_notebook", [False, True])
def test_bars_that_are_open_at_once_each_come_to_their_end(
    capsys: pytest.CaptureFixture[str], is_notebook: bool
) -> None:
    """A line for each, in a file and where bars move, whoever ends first."""
    terminal = Terminal(is_notebook=is_notebook)
    both_are_open = threading.Barrier(2)

    def move(name: str) -> None:
        with terminal.progress(name, 3) as step:
            both_are_open.wait()
            step(3)

    threads = [threading.Thread(target=move, args=(name,)) for name in ("one", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with terminal.progress("a third", 1) as step:
        step()
    said = capsys.readouterr().err
    assert all(name in said for name in ("one", "other", "a third"))
    assert said.count("3/3") >= 2
