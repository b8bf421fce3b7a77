"""Tunes every item-item measure, and the choice among their sum, on the end of the training
time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation import metrics
from recommender.session_log import pairs, sessions
from recommender.session_log.choice_model import ChoiceModel, fit
from recommender.session_log.features import (
    HISTORY,
    PICTURES,
    SESSION,
    CandidateTable,
    ItemPictures,
    LogEvidence,
    candidate_tables,
)
from recommender.session_log.itemitem import MEASURES, Flags, best_of, slates
from recommender.session_log.pairs import Floats
from recommender.session_log.sessions import Cases, Items, Longs, SessionLog, Visits

LEARNED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"learned": SESSION, "learned with history": SESSION + HISTORY}
)
"""Choice models over the measures: of the session alone, and with what the shopper had in earlier
ones.
"""

BLEND = "blend"
ASKED_OF_MEASURES = 1_500
ASKED_OF_LEARNED = 4_000
"""Cases that tune, at most, evenly taken from the end of the training time."""

FOLDS = 2
Step = Callable[[int], None]


@dataclass(frozen=True)
class Tuned:
    """One way of ranking with what was found for it."""

    name: str

    value: float
    """Mean of hit rate and NDCG on the tuning cases."""

    settings: Mapping[str, float]
    """Of a measure; none for a learned way."""

    model: ChoiceModel | None = None
    """Of a learned way; None for a measure."""

    features: tuple[str, ...] = ()
    """What the model reads."""


@dataclass(frozen=True)
class Inner:
    """The training time split once more: what trains there, and what it is asked."""

    known: LogEvidence
    asked: Cases
    end: float

    @property
    def learned_from(self) -> Cases:
        """At most ASKED_OF_LEARNED of the cases."""
        return self.asked.only(sessions.evenly(len(self.asked), ASKED_OF_LEARNED))


def evidence(visits: Visits, on_sale: Flags) -> LogEvidence:
    """What some sessions teach; on sale is also what was acted on."""
    return LogEvidence(visits, pairs.count(visits), on_sale | (visits.popularity() > 0))


def inner_split(log: SessionLog, is_training: Flags, on_sale: Flags, share: float = 0.9) -> Inner:
    """The last tenth of the training sessions is asked, the others train."""
    starts = log.starts()
    end = sessions.default_split(starts[is_training], share)
    trains = is_training & (starts < end)
    known = evidence(sessions.visits(log, trains), on_sale)
    # Where all start at once nothing trains, and then nothing can be asked of it.
    is_asked = is_training & ~trains & np.isfinite(starts) & trains.any()
    return Inner(known, sessions.cases(log, is_asked), end)


def tune_measures(inner: Inner, *, k: int, step: Step = lambda _: None) -> list[Tuned]:
    """Each measure's best settings, one setting after the other from the first of each grid."""
    asked = inner.asked.only(sessions.evenly(len(inner.asked), ASKED_OF_MEASURES))
    found = []
    for name, measure in MEASURES.items():
        settings = {setting: values[0] for setting, values in measure.grid.items()}
        best = _tried(name, settings, inner, asked, k=k)
        for setting, values in measure.grid.items():
            for value in values[1:] if len(asked) else ():
                other = _tried(name, {**best.settings, setting: value}, inner, asked, k=k)
                best = other if other.value > best.value else best
        # Once more on the cases that the learned ones are judged by.
        found.append(_tried(name, best.settings, inner, inner.learned_from, k=k))
        step(1)
    return found


def _tried(
    name: str, settings: Mapping[str, float], inner: Inner, asked: Cases, *, k: int
) -> Tuned:
    shown = slates(
        name,
        settings,
        inner.known.pairs,
        asked,
        popularity=inner.known.visits.popularity(),
        is_sold=inner.known.is_sold,
        k=k,
    )
    return Tuned(
        name, float(worth(shown, asked.truth, k=k).mean()) if len(asked) else 0.0, settings
    )


def worth(shown: Items, truth: Items, *, k: int) -> Floats:
    """Mean of hit rate and NDCG of each slate: what is tuned for; less of a lottery than hits
    alone.
    """
    wanted = truth[:, None]
    return (metrics.hit_rate(shown, wanted, k=k) + metrics.next_ndcg(shown, wanted, k=k)) / 2


def learn(
    inner: Inner, *, k: int, pictures: ItemPictures | None = None, step: Step = lambda _: None
) -> list[tuple[Tuned, Floats]]:
    """The choice models, each with its worth by case when fitted on the other half of the cases."""
    asked = inner.learned_from
    if not len(asked):
        return []
    table = joined(list(candidate_tables(inner.known, asked, pictures, step)), asked)
    if len(np.unique(table.case % FOLDS)) < FOLDS:
        return []
    wanted = dict(LEARNED)
    if pictures is not None:
        wanted |= {BLEND: SESSION + PICTURES, f"{BLEND} with history": SESSION + HISTORY + PICTURES}
    return [
        _fitted(name, table.reading(features), inner.known, k=k)
        for name, features in wanted.items()
    ]


def _fitted(
    name: str, table: CandidateTable, known: LogEvidence, *, k: int
) -> tuple[Tuned, Floats]:
    """One choice model, fitted on all cases, and its worth when fitted on half of them."""
    fold = table.case % FOLDS
    score = np.zeros(len(table.item))
    for held in range(FOLDS):
        train = fold != held
        model = fit(table.case[train], table.features[train], table.is_taken[train])
        score[fold == held] = model.score(table.features[fold == held])
    value = worth(_ranked(table, score, known, k), table.asked.truth, k=k)
    model = fit(table.case, table.features, table.is_taken)
    return Tuned(name, float(value.mean()), {}, model, table.names), value


def chosen(plain: tuple[Tuned, Floats], with_history: tuple[Tuned, Floats]) -> Tuned:
    """History only where it gains more than two standard errors over the same cases."""
    gain = with_history[1] - plain[1]
    error = float(gain.std(ddof=1)) / len(gain) ** 0.5 if len(gain) > 1 else np.inf
    return with_history[0] if float(gain.mean()) > 2 * error else plain[0]


def learned_slates(
    models: list[Tuned],
    known: LogEvidence,
    asked: Cases,
    *,
    k: int,
    pictures: ItemPictures | None = None,
    step: Step = lambda _: None,
) -> dict[str, Items]:
    """The slates of choice models, int32 [n_cases, k] each, from candidates gathered once."""
    found: dict[str, list[Items]] = {one.name: [np.zeros((0, k), np.int32)] for one in models}
    for table in candidate_tables(known, asked, pictures, step) if models else ():
        for one in models:
            if one.model is not None:
                part = table.reading(one.features)
                score = one.model.score(part.features)
                found[one.name].append(_ranked(part, score, known, k))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def joined(parts: list[CandidateTable], asked: Cases) -> CandidateTable:
    """One table of all blocks."""
    counts = np.cumsum([0, *(len(part.asked) for part in parts)])
    case: Longs = np.concatenate(
        [part.case + n for part, n in zip(parts, counts[:-1], strict=True)]
    )
    return CandidateTable(
        asked,
        case,
        np.concatenate([part.item for part in parts]),
        np.concatenate([part.features for part in parts]),
        parts[0].names,
        np.concatenate([part.named_by for part in parts]),
    )


def _ranked(table: CandidateTable, score: NDArray[np.float64], known: LogEvidence, k: int) -> Items:
    rounded = np.round(score, 6)
    return best_of(table.case, table.item, rounded, n_rows=len(table.asked), order=known.order, k=k)
