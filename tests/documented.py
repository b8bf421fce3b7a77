"""The commands that the documents show, executed: `python -m tests.documented` writes their output.

A document shows commands in blocks that begin with ```console. A line that begins with `$ ` is a
command; the lines below it are what it prints: standard output, and the one line of an error. The
commands are executed in one home, in the order in which somebody would read them; the page of the
examples has a home of its own.

Both sides are made comparable by `Reader.comparable`, and `agrees` says what counts as equal.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select

from benchmarks.made.baskets import baskets
from db.engine import open_engine, read_transaction
from db.tables import embedding
from tests import cli_reference, log_samples, mixed_pictures
from tests.installation import OURS, ROOT
from workers import settings

PAGES = ("README.md", "docs/RESULTS.md", "docs/OPERATIONS.md", "docs/STUDENTS.md")
EXAMPLES = "docs/EXAMPLES.md"
"""The example of each command's help, and what it prints."""
DATA = "docs/YOUR_DATA.md"
"""Logs of one's own, executed in a home that needs no embedder."""
TRANSLATED = {"docs/ESTUDANTES.md": "docs/STUDENTS.md"}
"""Pages that show the commands of another one, word for word."""
HOMES = {"pages": PAGES, "examples": (EXAMPLES,), "data": (DATA,)}
"""What is executed in one home."""
DIGESTS = Path(__file__).with_name("documented.sha256")
"""Of the vectors in each home: their last bits, and so the figures, differ between kinds of
processors.
"""
FENCE = "```console"
PROMPT = "$ "
ANYTHING = "..."
HOME = "/home/you"

GRID = (
    "windowshop crossover --seeds 10 --few random,popularity,category,visual@pca-64,bayes,oracle"
    " --few-seeds 5 --gate"
)
OWN_TRAINING = "wants a download: tests/service/test_own_training.py"
SLOW = {
    GRID: "400 runs of full size: tests/service/test_crossover.py",
    "windowshop explore": EXAMPLES,
    "windowshop train --preset quick --seed 2": EXAMPLES,
    "windowshop evaluate --queries 1000": EXAMPLES,
    "windowshop similar photo.jpg": EXAMPLES,
    "windowshop evaluate --unseen-classes": (
        "many minutes: tests/unit/simulator/embedders/test_unseen_classes.py"
    ),
    "windowshop train --backbone mobilenet --catalogue shop": OWN_TRAINING,
    "WINDOWSHOP_MODEL=mobilenet-quick-shop windowshop similar photo.jpg --catalogue shop": (
        OWN_TRAINING
    ),
    "WINDOWSHOP_MODEL=mobilenet-quick-shop windowshop demo --catalogue shop": OWN_TRAINING,
}
"""Commands of pages that are not executed with them: why, and what executes them."""

ENDLESS = ("up", "serve")
"""Commands that go on until somebody stops them."""
OF_THE_MACHINE = ("windowshop config show", "windowshop doctor")
"""These tell of the machine they run on, so no page says what they print."""


@dataclass(frozen=True)
class Step:
    """A command of a page, the number of its line from 0, and what stands below it."""

    page: str
    line: int
    command: str
    shown: tuple[str, ...]

    @property
    def is_slow(self) -> bool:
        """Left to other tests."""
        return self.command in SLOW


@dataclass(frozen=True)
class Outcome:
    """What a command printed, made comparable, and its exit code."""

    printed: tuple[str, ...]
    code: int


def steps(page: str) -> list[Step]:
    """All commands of a page, in order."""
    found: list[Step] = []
    is_inside = False
    for number, line in enumerate((ROOT / page).read_text().splitlines()):
        if line.startswith("```"):
            is_inside = line == FENCE
        elif is_inside and line.startswith(PROMPT):
            found.append(Step(page, number, line.removeprefix(PROMPT), ()))
        elif is_inside:
            found[-1] = replace(found[-1], shown=(*found[-1].shown, line.rstrip()))
    return found


def examples() -> Iterator[tuple[str, str]]:
    """Of each command in docs/cli.md its name without the program's, and its example."""
    for name, command in cli_reference.commands():
        yield name.removeprefix("windowshop "), cli_reference.example(command)


class Reader:
    """Somebody who types what the documents show, in a home of their own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.shop = folder / "shop"
        photos = self.shop / "photos"
        mixed_pictures.make(photos, 300)
        mixed_pictures.spoil(photos)
        shutil.copy(photos / "p00001.jpg", self.shop / "photo.jpg")
        shutil.copy(photos / "p00001.jpg", self.shop / "shoe.jpg")
        shutil.copy(ROOT / "examples" / "looks.py", self.shop / "looks.py")
        shutil.copy(self.shop / "photos.csv", self.shop / "products.csv")
        log_samples.write(self.shop)
        baskets(1, rows=20_000, order="number").write(self.shop / "baskets.csv")

    def types(self, command: str) -> Outcome:
        """The command to its end; one that goes on until it is stopped is stopped once it talks."""
        words = shlex.split(command)
        names = [word for word in words[: words.index("windowshop")] if "=" in word]
        asked = words[words.index("windowshop") + 1 :]
        with subprocess.Popen(
            [sys.executable, "-m", "simulator", *asked],
            cwd=self.shop,
            env={**self._environment(), **dict(name.split("=", 1) for name in names)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        ) as running:
            first = running.stdout.readline() if asked[0] in ENDLESS and running.stdout else ""
            if first:
                running.terminate()
            printed, said = running.communicate(timeout=300)
        errors = [line for line in said.splitlines() if line.startswith("windowshop: ")]
        lines = (first + printed).splitlines()
        return Outcome(self.comparable([*lines, *errors]), running.returncode)

    def _environment(self) -> dict[str, str]:
        """Nobody's settings, but the data set that this machine has downloaded already."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        cache = settings.load().cache.absolute()
        keras = settings.load().keras_home.expanduser()
        ours = {"HOME": str(self.home), "WINDOWSHOP_CACHE": str(cache), "KERAS_HOME": str(keras)}
        return {**kept, **ours, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}

    def comparable(self, lines: list[str]) -> tuple[str, ...]:
        """Without what differs by machine: where things are, how exact sums are, how long it took.

        Nor with ids that depend on the code, those of `offline` and `crossover`.
        """
        text = "\n".join(line.rstrip() for line in lines).strip("\n").replace(str(self.home), HOME)
        text = re.sub(r"norms within \S+ of 1", "norms within 1e-07 of 1", text)
        text = re.sub(r"queue unix:[^\s;]+", "queue unix:...", text)
        text = re.sub(r"takes \S+ ms, 95 % at most \S+ ms", "takes 2 ms, 95 % at most 3 ms", text)
        text = re.sub(r"[\d,]+ slates a second", "100,000 slates a second", text)
        text = re.sub(r"after \d+ s of fitting", "after 60 s of fitting", text)
        text = re.sub(r"runs/(offline|crossover)-[0-9a-f]{12}", r"runs/\1-0a1b2c3d4e5f", text)
        return tuple(text.splitlines())

    def has_the_vectors_of(self, home: str) -> bool:
        """The embeddings are those behind the figures of the documents, to the last bit."""
        kept = dict(reversed(line.split()) for line in DIGESTS.read_text().splitlines())
        return self.vectors() == kept[home]

    def vectors(self) -> str:
        """The sha256 of all embeddings."""
        (file,) = self.home.rglob("windowshop.db")
        engine = open_engine(f"sqlite:///{file}")
        with read_transaction(engine) as conn:
            rows = conn.execute(
                select(embedding.c.vector).order_by(embedding.c.model, embedding.c.image)
            )
            digest = hashlib.sha256(b"".join(rows.scalars())).hexdigest()
        engine.dispose()
        return digest


def agrees(shown: tuple[str, ...], printed: tuple[str, ...], *, figures: bool = True) -> bool:
    """Line for line; a line `...` stands for any lines. figures=False compares the words alone."""
    kept = [line if figures else re.sub(r"[\d.,:-]+", "0", line) for line in printed]
    want = [
        (
            r"(?:.*\n)*"
            if line == ANYTHING
            else re.escape(line if figures else re.sub(r"[\d.,:-]+", "0", line)) + r"\n"
        )
        for line in shown
    ]
    return re.fullmatch("".join(want), "".join(f"{line}\n" for line in kept)) is not None


def complaint(reader: Reader, home: str, step: Step, said: Outcome) -> str:
    """What is wrong with what a page shows; empty when nothing is.

    Compared to the digit where the vectors are those of the documents; else the words alone.
    """
    refused = any(line.startswith("windowshop: ") for line in step.shown)
    if step.command in OF_THE_MACHINE:
        return "shows what only one machine prints" if step.shown else ""
    figures = reader.has_the_vectors_of(home)
    if bool(said.code) == refused and agrees(step.shown, said.printed, figures=figures):
        return ""
    lines = [
        f"{step.page}:{step.line + 1} shows",
        *step.shown,
        f"but `{step.command}` ends with {said.code} and prints",
        *said.printed,
        "`python -m tests.documented` writes that into the page",
    ]
    return "\n".join(lines)


def write(page: str, shown: dict[Step, tuple[str, ...]]) -> None:
    """The page with other lines below its commands."""
    lines = (ROOT / page).read_text().splitlines()
    for step in sorted(shown, key=lambda one: -one.line):
        lines[step.line + 1 : step.line + 1 + len(step.shown)] = shown[step]
    (ROOT / page).write_text("\n".join(lines) + "\n")


def news(reader: Reader, page: str) -> dict[Step, tuple[str, ...]]:
    """What the commands of a page print where it shows something that does not agree."""
    printed = {step: reader.types(step.command).printed for step in steps(page) if not step.is_slow}
    told = {step: lines for step, lines in printed.items() if step.command not in OF_THE_MACHINE}
    return {step: lines for step, lines in told.items() if not agrees(step.shown, lines)}


def main() -> None:
    """Write every page and the digest again; a translation shows what its original does."""
    digests = ""
    for home, pages in HOMES.items():
        with tempfile.TemporaryDirectory() as folder:
            reader = Reader(Path(folder))
            for page in pages:
                write(page, news(reader, page))
            digests += f"{reader.vectors()}  {home}\n"
    DIGESTS.write_text(digests)
    for page, original in TRANSLATED.items():
        shown = [step.shown for step in steps(original)]
        write(page, dict(zip(steps(page), shown, strict=True)))


if __name__ == "__main__":
    main()
