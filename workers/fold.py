"""Work of kind `fold`: the ended sessions of one generation become increments of the counts, whole,
once.

All others wait for it. So it takes a thread for every worker of its host that has nothing in hand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from db import cointeractions, event_log, heartbeats, work
from db.cointeractions import Generation
from db.engine import read_transaction, write_transaction
from db.events import Events, Kind
from db.offers import NO_CHANGE
from recommender.knowledge import fold, remember
from recommender.profile import REQUEST, Profiles
from recommender.scoring.cointeraction import Counts
from recommender.taste.threads import beside, threads
from workers.grown import grown
from workers.knowledge import Library
from workers.run_recommender import RunRecommender


def perform(library: Library, job: work.Work) -> int:
    """Fold the generation that the payload names; says how many sessions."""
    generation = job.payload["generation"]
    recommender = grown(library, job.run, generation - 1, job.payload.get("offers", NO_CHANGE))
    with read_transaction(library.engine) as conn:
        idle = heartbeats.idle_beside(conn, job.id)
        sessions = cointeractions.ended_sessions(conn, job.run, generation)
        events = event_log.read_sessions(
            conn,
            job.run,
            sessions,
            up_to_step=np.iinfo(np.int16).max,
            k=recommender.config.slate_size,
        )
    library.stopwatch.lap("read")

    counts, folded = fold_sessions(recommender, sessions, events, generation, n_threads=1 + idle)
    library.stopwatch.lap("compute")

    with write_transaction(library.engine) as conn:
        work.finish(conn, job.id)
        cointeractions.add(conn, job.run, folded, counts.pack())
    library.stopwatch.lap("write")
    return len(sessions)


def fold_sessions(
    recommender: RunRecommender,
    sessions: NDArray[np.int64],
    events: Events,
    generation: int,
    *,
    n_threads: int = 1,
) -> tuple[Counts, Generation]:
    """The increments of whole sessions and what is learned from them; also how `verify`
    recounts.

    n_threads: so many share it; the result does not depend on them.
    """
    evidence = read_slates(recommender, events)
    config = recommender.config
    known = recommender.knowledge
    with threads(n_threads):
        (slates, taste), (counts, popularity, learned) = beside(
            lambda: remember(config, known, *evidence), lambda: fold(config, known, *evidence)
        )
    return counts, Generation(
        generation,
        len(sessions),
        learned.to_json(),
        popularity.pack(),
        slates.pack(),
        taste.pack() if taste is not None else b"",
    )


def read_slates(
    recommender: RunRecommender, events: Events
) -> tuple[Profiles, NDArray[np.int32], NDArray[np.bool_]]:
    """The slates seen: profiles of their requests, items shown int32 [n, k], acted on bool [n,
    k].
    """
    impressions = events.of(Kind.IMPRESSION)
    requests = np.zeros(len(impressions), REQUEST)
    for name in ("session", "step", "query"):
        requests[name] = impressions[name]
    acted = np.zeros(events.shown.shape, np.bool_)
    actions = events.of(Kind.CLICK, Kind.CART, Kind.PURCHASE)
    actions = actions[actions["impression"] >= 0]  # people also buy what no slate showed them
    # An action names its impression by ordinal; impressions are sorted by session, then ordinal.
    slate = np.searchsorted(
        _place(impressions["session"], impressions["ordinal"]),
        _place(actions["session"], actions["impression"]),
    )
    acted[slate, actions["position"] - 1] = True
    return recommender.profiles(requests, events), events.shown, acted


def _place(session: NDArray[np.int64], ordinal: NDArray[np.int32]) -> NDArray[np.int64]:
    return (session << 20) + ordinal
