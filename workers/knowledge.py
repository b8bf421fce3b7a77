"""What a worker keeps between jobs: embedders, and what each run's recommender knew in its
generations.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection, Engine

from db import cointeractions, embeddings, guests, items, models, runs
from db import offers as offer_log
from db.cointeractions import Generation
from db.embeddings import EmbedderKey
from db.engine import read_transaction
from db.errors import DataError, NotFoundError
from db.items import CATALOGUE_SPLIT
from recommender.arrivals import Arrivals
from recommender.config import RecommenderConfig
from recommender.embedding import checkpoint
from recommender.embedding.open import embedding_runtime, open_embedder
from recommender.embedding.runtimes import runtime_key, runtime_of
from recommender.growth import offering, popularity_over, with_queries
from recommender.knowledge import Knowledge
from recommender.scoring.cointeraction import Counts, Popularity
from recommender.scoring.pair_score import Learned
from recommender.search.similarity import round_embeddings
from recommender.taste.history import History
from recommender.taste.model import Taste
from workers.run_recommender import RunRecommender
from workers.settings import quieten_tensorflow
from workers.silence import silent_import
from workers.stopwatch import Stopwatch

if TYPE_CHECKING:
    from recommender.embedding.batches import Embedding
    from workers.guests.host import Host

RUNS_KEPT = 4
"""Of so many a worker remembers the recommender; so many are played at once at most."""
NOTHING_KNOWN = -1
LIVE = runs.LIVE


class NotEmbeddedError(DataError):
    """A picture has no embedding yet, and one with a higher number is needed."""


class Library:
    """Reads once what does not change; what it remembers never changes an answer."""

    def __init__(self, engine: Engine, *, is_quick: bool = False) -> None:
        """is_quick: this process embeds a few pictures at a time and should answer soon: on one
        thread.
        """
        self.engine = engine
        self._is_quick = is_quick
        self.stopwatch = Stopwatch()
        self._recommenders: OrderedDict[int, RunRecommender] = OrderedDict()
        self._networks: dict[EmbedderKey, Embedding] = {}
        self._offers: dict[tuple[int, bool], tuple[RunRecommender, int, RunRecommender]] = {}
        self._hosts: OrderedDict[int, Host | None] = OrderedDict()

    def embedder(self, embedder: EmbedderKey) -> Embedding:
        """The network of a model; its runtime is imported here, at a worker's first embedding."""
        if embedder not in self._networks:
            with read_transaction(self.engine) as conn:
                manifest, weights = models.read(conn, embedder.model)
            try:
                _check(manifest, weights, embedder)
                self._networks[embedder] = open_embedder(
                    manifest, weights, partial(_network, embedder.runtime, is_quick=self._is_quick)
                )
            except ValueError as error:
                raise DataError(
                    f"model {embedder.model} cannot be used ({error}); `windowshop train` again"
                ) from None
        return self._networks[embedder]

    def recommender(self, run: int, generation: int) -> RunRecommender:
        """A run's recommender as it stood after a generation; NOTHING_KNOWN is before the first."""
        known = self._recommenders.get(run)
        with read_transaction(self.engine) as conn:
            if known is None or known.generation > generation:
                known = self._first(conn, run)
            if known.generation < generation:
                known = _advanced(conn, known, generation)
        self._recommenders[run] = known
        self._recommenders.move_to_end(run)
        while len(self._recommenders) > RUNS_KEPT:
            oldest, _ = self._recommenders.popitem(last=False)
            for is_simulated in (False, True):
                self._offers.pop((oldest, is_simulated), None)
        return known

    def grow(
        self,
        run: int,
        generation: int,
        offers: int = offer_log.NO_CHANGE,
        *,
        is_simulated: bool = False,
    ) -> RunRecommender:
        """A live run's recommender after a generation, with the pictures that came in since it was
        read, over what was offered after a change.

        is_simulated: for simulated shoppers, who are not shown what came in later.
        """
        if run in self._recommenders:  # later generations may count what came in before them
            self._lengthen(run)
        known = self.recommender(run, generation)
        if offers == offer_log.NO_CHANGE:
            return known
        return self._offering(known, offers, is_simulated=is_simulated)

    def _lengthen(self, run: int) -> None:
        known = self._recommenders[run]
        begin = len(known.knowledge.embeddings)
        with read_transaction(self.engine) as conn:
            if embeddings.count_of_run(conn, run) == begin:
                return
            config = runs.by_number(conn, run).config
            key = EmbedderKey(config["model"], config["runtime"])
            found = embeddings.leading(conn, run, key, begin)
        if len(found):
            knowledge = with_queries(known.config, known.knowledge, round_embeddings(found))
            self._recommenders[run] = replace(known, knowledge=knowledge)

    def _offering(
        self, known: RunRecommender, offers: int, *, is_simulated: bool
    ) -> RunRecommender:
        """The same over what was offered after a change; the last one made so is kept."""
        key = (known.run, is_simulated)
        kept = self._offers.get(key)
        if kept is not None and kept[0] is known and kept[1] == offers:
            return kept[2]
        with read_transaction(self.engine) as conn:
            config = runs.by_number(conn, known.run).config
            changed = offer_log.of_run(conn, known.run, offers)
        knowledge = known.knowledge
        is_candidate = knowledge.is_candidate.copy()
        if max(changed, default=0) >= len(is_candidate):
            raise NotEmbeddedError(
                f"a picture that came into run {known.run:012x} before an item has no"
                " embedding yet; try again in a moment"
            )
        is_added = np.arange(len(is_candidate)) >= config["items"] + config["queries"]
        for number, one in changed.items():
            is_candidate[number] = one.state == offer_log.OFFERED
        if is_simulated:
            is_candidate &= ~is_added
        chosen = replace(known, knowledge=offering(known.config, knowledge, is_candidate, is_added))
        self._offers[key] = (known, offers, chosen)
        return chosen

    def guest(self, run: int) -> Host | None:
        """Whom a run asks for slates in our place; None where the recommender is ours."""
        if run not in self._hosts:
            self._hosts[run] = _host_of(self.engine, run)
        self._hosts.move_to_end(run)
        while len(self._hosts) > RUNS_KEPT:
            _, oldest = self._hosts.popitem(last=False)
            if oldest is not None:
                oldest.close()
        return self._hosts[run]

    def close(self) -> None:
        """Let go of the guests."""
        while self._hosts:
            _, host = self._hosts.popitem()
            if host is not None:
                host.close()

    def _first(self, conn: Connection, number: int) -> RunRecommender:
        run = runs.by_number(conn, number)
        config = RecommenderConfig.from_json(runs.canonical(run.config["recommender"]))
        vectors = embeddings.leading(
            conn, number, EmbedderKey(run.config["model"], run.config["runtime"])
        )
        is_candidate = np.array(
            [item.split == CATALOGUE_SPLIT for item in items.of_run(conn, number)]
        )
        if run.config.get("kind") == LIVE:  # a picture that came in just now has its turn later
            is_candidate = is_candidate[: len(vectors)]
            is_candidate[run.config["items"] + run.config["queries"] :] = False  # see _offering
        if len(vectors) != len(is_candidate):
            raise DataError(
                f"run {run.id} has {len(is_candidate)} items, {len(vectors)} of them with an"
                " embedding; call the command again to embed the rest"
            )
        arrivals = Arrivals.of(run.config)
        offered = arrivals.offered(is_candidate, 0) if arrivals else is_candidate
        knowledge = Knowledge.start(config, round_embeddings(vectors), offered)
        return RunRecommender(
            number, run.config["seed"], config, NOTHING_KNOWN, knowledge, arrivals
        )


def _host_of(engine: Engine, run: int) -> Host | None:
    with read_transaction(engine) as conn:
        if guests.read(conn, run) is None:
            return None
    from workers.guests.stored import host_of  # noqa: PLC0415 - Arrow, for runs that need it

    return host_of(engine, run)


def _network(wanted: str, manifest: bytes, weights: bytes, *, is_quick: bool) -> Embedding:
    """A network in a runtime, imported now; DataError when there is another one here."""
    runtime = runtime_of(wanted)
    try:
        found = runtime_key(runtime)
    except ValueError as error:
        found = str(error)
    if found != wanted:
        extra = " (`pip install '.[onnx]'`)" if runtime == "onnx" else ""
        raise DataError(
            f"this work embeds with {wanted}, but here: {found}; "
            f"install Windowshop{extra} alike wherever workers run"
        )
    if runtime == "onnx":
        from recommender.embedding.onnx.embedder import OnnxEmbedder  # noqa: PLC0415 - an extra

        return OnnxEmbedder.from_bytes(manifest, weights)
    quieten_tensorflow()
    with silent_import():
        from recommender.embedding import tensorflow_embedder  # noqa: PLC0415 - seconds and 600 MB
    if is_quick:
        tensorflow_embedder.on_one_thread()
    return tensorflow_embedder.TensorflowEmbedder.from_bytes(manifest, weights)


def _check(manifest: bytes, weights: bytes, wanted: EmbedderKey) -> None:
    """ValueError for damaged weights, and for sound ones of another model or runtime: vectors would
    not compare.
    """
    plain, _ = checkpoint.verify(manifest, weights)
    if (found := checkpoint.model_key(plain)) != wanted.model:
        raise ValueError(f"what is stored under this name is {found}")
    if (found := embedding_runtime(plain, wanted.runtime)) != wanted.runtime:
        raise ValueError(f"it is computed by {found}, not by {wanted.runtime}")


def _advanced(conn: Connection, known: RunRecommender, generation: int) -> RunRecommender:
    """The same recommender some generations later: the sum of the increments up to there."""
    folds = [
        fold
        for fold in cointeractions.generations(conn, known.run)
        if known.generation < fold.number <= generation
    ]
    if not folds or folds[-1].number != generation:
        raise NotFoundError(f"generation {generation} of run {known.run:012x} is not folded yet")
    return advanced(
        known,
        folds,
        cointeractions.increments(conn, known.run, after=known.generation, up_to=generation),
    )


def advanced(
    known: RunRecommender, folds: Sequence[Generation], packed: Iterable[tuple[int, bytes]]
) -> RunRecommender:
    """A recommender after the folds that follow on what it knows; packed: their increments of the
    counts.
    """
    now = known.knowledge
    popularity = now.popularity
    history = now.history
    settings = known.config.taste
    for fold in folds:
        popularity = popularity.plus(
            popularity_over(Popularity.unpack(fold.popularity), len(now.embeddings))
        )
        new = History.unpack(bytes(fold.slates), known.config.slate_size)
        history = history.plus(new, most=settings.slates)
    knowledge = now.at(
        counts=now.counts.plus(Counts.unpack(len(now.embeddings), packed)),
        popularity=popularity,
        learned=Learned.from_json(folds[-1].learned),
        history=history,
        taste=_taste(known, bytes(folds[-1].taste)),
    )
    return known.after(folds[-1].number, knowledge)


def _taste(known: RunRecommender, packed: bytes) -> Taste | None:
    if not packed:
        return None
    try:
        return Taste.unpack(
            packed, known.knowledge.item_features, likeness=known.config.taste.likeness
        )
    except ValueError as error:
        raise DataError(
            f"run {known.run:012x} was learned by another version ({error}); run it again with"
            " --again"
        ) from None
