"""What others wrote reaches the terminal as text: it moves no cursor, turns no line and is no
markup.
"""

from __future__ import annotations

import ast
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.cli.console import columns, show_result
from simulator.cli.terminal import Terminal, table
from tests.installation import ROOT
from workers import log, settings
from workers.safe_text import one_line, safe

EVIL = "a\x1b[2J\x1b]0;title\x07\r\u202eb\u2066\x9b31m\x7f"
SHOWN = r"a\x1b[2J\x1b]0;title\x07\r\u202eb\u2066\x9b31m\x7f"
MARKUP = "[bold]shoe[/bold] [/red] [link=http://example.org]"
OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What a terminal obeys, or cannot show."""


def test_controls_are_shown_and_not_obeyed() -> None:
    """Escape codes, bells, carriage returns, C1 controls and what turns the writing direction."""
    assert safe(EVIL) == SHOWN
    assert safe("two\nlines") == "two\nlines"
    assert one_line("ok\nok   database") == r"ok\nok   database"
    assert safe("half of a name: \udce9") == r"half of a name: \udce9"


@pytest.mark.parametrize("text", ["Größe 38 für 5 €", "鞋子", "نمی‌خواهم", "👩‍💻", "क्‍ष", "a\u00a0b"])
def test_words_of_all_languages_stay_as_they_are(text: str) -> None:
    """Also those that are written with joiners."""
    assert one_line(text) == text


@given(st.text(st.characters(codec=None)))
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    """And what is safe already is not changed."""
    assert not OBEYED.search(safe(text))
    assert safe(safe(text)) == safe(text)
    assert len(one_line(text).splitlines()) <= 1


def test_news_tables_and_bars_show_users_text_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Markup in an id or a file name is neither interpreted nor refused."""
    monkeypatch.setenv("COLUMNS", "400")
    terminal = Terminal()
    for text, shown in ((EVIL, SHOWN), (MARKUP, MARKUP)):
        terminal.say(text)
        with terminal.progress(text, 1) as step:
            step()
        told = capsys.readouterr()
        assert told.err.count(shown) == 2, told.err
        table([["policy", text], [text, f"1 % ({text})"]], intervals=True)
        show_result({}, f"{text}\n{columns([{'id': text}])}", as_json=False)
        told = capsys.readouterr()
        assert told.out.count(shown) == 5, told.out
        assert not OBEYED.search(told.out)


def test_fields_of_log_lines_are_safe(capsys: pytest.CaptureFixture[str]) -> None:
    """A worker's name or a reason from elsewhere ends no line and colours none."""
    before = logging.getLogger().handlers[:]
    try:
        log.configure(settings.load(log_level="info", log_format="plain"))
        log.logger().warning(f"first\n{EVIL}", action="told", worker=f"w\n{EVIL}")
    finally:
        logging.basicConfig(handlers=before, force=True)
    assert (
        capsys.readouterr().err
        == f"windowshop: first\\n{SHOWN}  [action=told worker=w\\n{SHOWN}]\n"
    )


@pytest.mark.parametrize(
    "command", [("similar", EVIL), ("report", EVIL), ("catalogue", "list", MARKUP), (EVIL,)]
)
def test_errors_show_what_was_typed(command: tuple[str, ...], tmp_path: Path) -> None:
    """Names on the command line come back in the one line of the error, escaped."""
    done = _call(tmp_path, *command)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == done.stderr.count("- database ready") + 1, done.stderr
    assert not OBEYED.search(done.stderr.replace("\n", "")), done.stderr


def test_a_terminal_of_few_letters_is_no_reason_to_fail(tmp_path: Path) -> None:
    """What it cannot show is escaped."""
    done = _call(
        tmp_path,
        "config",
        "show",
        PYTHONIOENCODING="latin-1",
        LC_ALL="C.UTF-8",
        WINDOWSHOP_MODEL="鞋",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u978b" in done.stdout


def test_nothing_is_printed_but_through_the_places_that_make_it_safe() -> None:
    """`cli/console.py` and `cli/terminal.py` print; a new command cannot forget it."""
    own = {ROOT / "simulator" / "cli" / "console.py", ROOT / "simulator" / "cli" / "terminal.py"}
    sources = {
        one
        for room in ("db", "recommender", "simulator", "workers")
        for one in (ROOT / room).rglob("*.py")
    }
    printing = re.compile(r"typer\.(echo|secho)|\bprint|click\.echo|sys\.stdout\.write")
    calls = [
        f"{source.relative_to(ROOT)}:{node.lineno}"
        for source in sources - own
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call) and printing.fullmatch(ast.unparse(node.func))
    ]
    assert calls == []


def _call(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulator", *command],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "WINDOWSHOP_HOME": str(folder),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
