"""Asks every policy what comes next in the later sessions of a log, and writes a page about it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import UsageError
from recommender.session_log.ranking import Ranked, n_steps, rank
from recommender.session_log.repeat import came_before
from simulator.embedders.in_force import in_force
from simulator.installation import run_folder
from simulator.installation.command_line import command_line
from simulator.installation.context import Context, Step
from simulator.logs import kept_log, log_arrays, log_pictures
from simulator.logs.log_arrays import LogArrays
from simulator.logs.reading import read as reading
from simulator.logs.reading.arrays.events import LogEvents
from simulator.logs.reading.files import sources
from simulator.logs.reading.notes import Notes
from simulator.logs.reading.shapes.options import ReadOptions
from simulator.logs.split import LogSplit, split, told
from simulator.report.numbers import log_measures
from simulator.report.numbers.log_measures import Exam
from simulator.report.pages import log as log_page
from simulator.report.pages import study

MOST = 1000


@dataclass(frozen=True)
class Judged:
    """What the command line tells."""

    headline: str
    rows: list[list[str]]
    page: Path
    document: dict[str, Any]


def evaluate_log(
    context: Context,
    path: Path,
    *,
    content: bytes | None = None,
    options: ReadOptions = reading.DEFAULT,
    split_at: float | None = None,
    k: int = 10,
    catalogue: str | None = None,
) -> Judged:
    """Sessions that start before `split_at` (default: the 90 % quantile of session starts) train.

    path: a file, or the id of an imported log; content: its bytes where they are here already, and
    the path is only a name for them; options: how they are read. Raises UsageError for a split or k
    that leaves nothing, DataError for a log that holds nothing to ask or of which too much had to
    be left out.
    """
    if not 1 <= k <= MOST:
        raise UsageError(f"-k must lie in 1..{MOST}, found {k}")
    run_folder.check_writable(context.settings.runs)
    notes = Notes(str(path))
    events = events_of(context, path, options, notes, content=content)
    tell(context, notes)
    if not options.is_lenient:
        notes.refuse_if_too_many()
    read = log_arrays.gathered(events, notes)
    del events  # the names of all lines take much room
    parted = split(read, split_at)
    is_training = parted.is_training
    pictures = log_pictures.item_pictures(context, read.item_ids, catalogue=catalogue, run=read.run)
    n_pictures = 0 if pictures is None else int(pictures.has.sum())
    if pictures is not None:
        context.talk.say(f"{n_pictures:,} of {len(read.item_ids):,} items have pictures")
    with context.talk.progress("tuning and asking", n_steps()) as step:
        ranked = rank(
            read.log, is_training, read.on_sale(is_training), k=k, pictures=pictures, step=step
        )
    for line in told(parted, ranked.n_tuned_on):
        context.talk.say(line)
        notes.remark(line)
    exam = Exam(ranked.asked, ranked.known.visits.popularity(), ranked.known.is_sold, k)
    document = _document(read, ranked, exam, parted, n_pictures=n_pictures)
    command = command_line(
        *("evaluate-log", str(path)),
        settings={} if catalogue is None else in_force(context.settings, catalogue),
        split_at=split_at,
        k=k,
        catalogue=catalogue,
        **options.told(),
    )
    named = "".join(f"/{name}={value}" for name, value in options.told().items())
    key = sha256(f"{read.notes.digest}/{parted.at!r}/{k}/{catalogue}{named}".encode()).hexdigest()[
        :12
    ]
    page = log_page.page(document, command)
    written = study.write(page, context.settings.runs / f"log-{key}", "evaluate-log", document)
    headline = f"{log_page.headline(document)}."
    return Judged(headline, log_page.rows(document), written, document)


def events_of(
    context: Context,
    path: Path,
    options: ReadOptions,
    notes: Notes,
    *,
    content: bytes | None = None,
) -> LogEvents:
    """The events of a file or of an imported log; content: as evaluate_log takes it."""
    if content is not None:
        return reading.given(content, notes, options)
    kept = None if path.exists() else kept_log.read(context, str(path), notes)
    return watched(context, path, notes, options) if kept is None else kept


def watched(
    context: Context, path: Path, notes: Notes, options: ReadOptions, *, keeps_text: bool = False
) -> LogEvents:
    """The events of a file, with a bar from the first good ones on: what is refused is refused in
    one line.
    """
    size = max(sources.size(path), 1)
    with ExitStack() as shown:
        bars: list[Step] = []

        def step(done: int = 1) -> None:
            """Move the bar."""
            if not bars:
                bars.append(shown.enter_context(context.talk.progress("reading the log", size)))
            bars[0](done)

        return reading.read(path, notes, options, step=step, keeps_text=keeps_text)


def tell(context: Context, notes: Notes) -> None:
    """Say what was assumed, which lines were left out, and which are doubtful."""
    for line in notes.lines():
        context.talk.say(line)


def _document(
    read: LogArrays, ranked: Ranked, exam: Exam, parted: LogSplit, *, n_pictures: int
) -> dict[str, Any]:
    """The result of the command, and evaluate-log.json."""
    asked = ranked.asked
    notes = read.notes
    visits = ranked.known.visits
    listed = log_measures.document(exam, ranked.measures)
    return {
        "schema": 1,
        "file": notes.file,
        "sha256": notes.digest,
        "split_at": parted.at,
        "split_drawn": parted.is_drawn,
        "k": exam.k,
        "lines": notes.to_json(),
        "joined": {"items": len(read.item_ids), "with_pictures": n_pictures},
        "training": {
            "sessions": len(visits),
            "shoppers": len(np.unique(visits.shopper[visits.shopper >= 0])),
            "items": int(np.count_nonzero(visits.popularity())),
            "items_on_sale": int(exam.is_sold.sum()),
            "tuned_on": ranked.n_tuned_on,
            "pair_window": ranked.known.pairs.window,
        },
        "asked": {
            "sessions": len(asked),
            "later_sessions": int((np.isfinite(read.log.starts()) & ~parted.is_training).sum()),
            "truth_unknown": int((~exam.is_sold[asked.truth]).sum()),
            "truth_in_profile": int(asked.truth_in_profile().sum()),
            "came_before": int(came_before(ranked.known, asked).sum()),
        },
        "cf": ranked.cf,
        "cf_history": ranked.cf_history,
        "blend": ranked.blend,
        "policies": log_measures.document(exam, ranked.slates),
        "measures": {
            name: {
                "tuning_value": tuned.value,
                "settings": (
                    dict(tuned.settings)
                    if tuned.model is None
                    else dict(
                        zip(tuned.features, np.round(tuned.model.weight, 4).tolist(), strict=True)
                    )
                ),
                "metrics": listed[name],
            }
            for name, tuned in ranked.tuned.items()
        },
        "strata": log_measures.strata(exam, ranked.slates),
        "differences": log_measures.differences(exam, ranked.slates),
    }
