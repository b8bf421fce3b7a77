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
from recommender.growth import popularity_over, with_queries
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
NOTHING_KNOWN = -1
LIVE = "live"
"""Kind of a run that people visit, in its config."""


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
            self._recommenders.popitem(last=False)
        return known

    def grow(self, run: int, generation: int) -> RunRecommender:
        """A run's recommender after a generation, with the query items that came in since it was
        read.
        """
        known = self.recommender(run, generation)
        with read_transaction(self.engine) as conn:
            if embeddings.count_of_run(conn, run) == len(known.knowledge.embeddings):
                return known
            config = runs.by_number(conn, run).config
            found = embeddings.leading(conn, run, EmbedderKey(config["model"], config["runtime"]))
        more = round_embeddings(found)[len(known.knowledge.embeddings) :]
        knowledge = with_queries(known.config, known.knowledge, more)
        self._recommenders[run] = replace(known, knowledge=knowledge)
        return self._recommenders[run]

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
