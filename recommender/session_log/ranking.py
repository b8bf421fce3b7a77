"""All policies on one log: tuned where training ends, refitted on all of it, asked what comes
next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recommender.session_log import sessions
from recommender.session_log import tuning as logtuning
from recommender.session_log.features import ItemPictures, LogEvidence
from recommender.session_log.itemitem import MEASURES, Flags, popular_slates, slates
from recommender.session_log.pairs import Floats
from recommender.session_log.repeat import came_before, repeat_slates
from recommender.session_log.sessions import Cases, Items, SessionLog
from recommender.session_log.tuning import BLEND, LEARNED, Step, Tuned

CF = "cf"
CF_HISTORY = "cf-history"
REPEAT = "repeat"
SESSION_CF, HISTORY_CF = LEARNED


@dataclass(frozen=True)
class Ranked:
    """The slates of all policies, and how they were tuned."""

    known: LogEvidence

    asked: Cases

    slates: Mapping[str, Items]
    """int32 [n_cases, k], by policy."""

    measures: Mapping[str, Items]
    """int32 [n_cases, k], by measure."""

    tuned: Mapping[str, Tuned]
    """By measure, what its slates were made with."""

    cf: str
    """The measure that cf is: of those that read the session alone."""

    cf_history: str | None
    """What cf-history is; None where nobody who is asked came before, or nothing was learned."""

    blend: str | None
    """What blend is: a learned blend or cf's measure; None without pictures."""

    n_tuned_on: int
    """Cases."""


def rank(
    log: SessionLog,
    is_training: Flags,
    on_sale: Flags,
    *,
    k: int,
    pictures: ItemPictures | None = None,
    step: Step = lambda _: None,
) -> Ranked:
    """Tune, refit and rank. on_sale bool [n_items]: what may be shown beside what training acted
    on.

    step: called with the number of steps done, `n_steps()` in all.
    """
    asked = sessions.cases(log, ~is_training)
    inner = logtuning.inner_split(log, is_training, on_sale)
    step(1)
    tuned = {one.name: one for one in logtuning.tune_measures(inner, k=k, step=step)}
    learned = {
        one.name: (one, worth) for one, worth in logtuning.learn(inner, k=k, pictures=pictures)
    }
    tuned |= {name: one for name, (one, _) in learned.items()}
    step(1)
    cf = _best_of_session(tuned)
    blend = None if pictures is None else _best_blend(tuned, learned, cf)
    n_tuned_on = len(inner.learned_from)
    del inner  # the counts of the whole training time take its room
    known = logtuning.evidence(sessions.visits(log, is_training), on_sale)
    step(1)
    measures = _of_measures(known, asked, tuned, k=k, step=step)
    measures |= logtuning.learned_slates(
        [one for one, _ in learned.values()], known, asked, k=k, pictures=pictures
    )
    step(1)
    popularity = known.visits.popularity()
    shown = {"popularity": popular_slates(asked, popularity=popularity, is_sold=known.is_sold, k=k)}
    came = bool(came_before(known, asked).any())
    cf_history = HISTORY_CF if came and learned else None
    if came:
        shown[REPEAT] = repeat_slates(known, asked, k=k)
    shown[CF] = measures[cf]
    if cf_history is not None:
        shown[CF_HISTORY] = measures[cf_history]
    if pictures is not None and blend is not None:
        shown |= {"visual": visual_slates(known, asked, pictures, k=k), BLEND: measures[blend]}
    return Ranked(known, asked, shown, measures, tuned, cf, cf_history, blend, n_tuned_on)


def _best_of_session(tuned: Mapping[str, Tuned]) -> str:
    """What did best where training ends, of all that read the session alone."""
    best = max(MEASURES, key=lambda name: tuned[name].value)
    if SESSION_CF in tuned and tuned[SESSION_CF].value >= tuned[best].value:
        return SESSION_CF
    return best


def _best_blend(
    tuned: Mapping[str, Tuned], learned: Mapping[str, tuple[Tuned, Floats]], cf: str
) -> str:
    """The choice model with looks, with history where that helped; cf's measure where it is better
    still.
    """
    if not learned:
        return cf
    best = logtuning.chosen(learned[BLEND], learned[f"{BLEND} with history"])
    return best.name if best.value >= tuned[cf].value else cf


def _of_measures(
    known: LogEvidence, asked: Cases, tuned: Mapping[str, Tuned], *, k: int, step: Step
) -> dict[str, Items]:
    """The slates of each item-item measure with its tuned settings."""
    found = {}
    for name in MEASURES:
        found[name] = slates(
            name,
            tuned[name].settings,
            known.pairs,
            asked,
            popularity=known.visits.popularity(),
            is_sold=known.is_sold,
            k=k,
        )
        step(1)
    return found


def n_steps() -> int:
    """How many steps `rank` takes."""
    return 2 * len(MEASURES) + 4


def visual_slates(known: LogEvidence, asked: Cases, pictures: ItemPictures, *, k: int) -> Items:
    """The items that look most like the profile's pictures, int32 [n_cases, k]; the rest by
    popularity.

    Items without a picture come last; a profile without any says nothing, so that popularity
    decides.
    """
    found = np.full((len(asked), k), -1, dtype=np.int32)
    order = known.order.items
    for case in range(len(asked)):
        one = asked.only(np.array([case]))
        score = np.where(pictures.has[order], pictures.alike(one)[0, order], -np.inf)
        if not pictures.has[one.items].any():
            score[:] = 0
        score[np.isin(order, one.items)] = -np.inf
        best = order[np.argsort(-score, kind="stable")][: k + len(one.items)]
        best = best[~np.isin(best, one.items)][:k]
        found[case, : len(best)] = best
    return found
