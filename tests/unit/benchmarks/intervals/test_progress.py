"""Parts tell how far they are, and change nothing by it."""

from __future__ import annotations

import pytest

from benchmarks.intervals import progress
from benchmarks.intervals.progress import StatusLine, ToldList, told


def test_what_is_told_of_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sequence, and a list that is gone through twice; the first of each is told at once."""
    said: list[str] = []
    monkeypatch.setattr(progress.TELLER, "tell", said.append)
    assert list(told(range(5), "shops", 5)) == [0, 1, 2, 3, 4]
    some = ToldList("abc")
    some.what = "letters"
    assert [list(some), list(some)] == [["a", "b", "c"]] * 2
    assert said == ["shops 0 of 5", "letters 0 of 3", "letters 0 of 3"]


def test_a_part_that_is_done_leaves_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What the others do stands there, with the seconds."""
    line = StatusLine(began=0.0)
    for news in (("plans", "shops 3 of 9"), ("long runs", "shop 1"), ("plans", "")):
        line.take(news)
    line.show()
    said = capsys.readouterr().err
    assert "long runs: shop 1" in said
    assert "plans" not in said
    line.finished("plans", 12.3)
    assert capsys.readouterr().err == "plans: done, 12 s of processor\n"
