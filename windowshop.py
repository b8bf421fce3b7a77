"""The front door for Python: experiments, similar pictures, real logs and training from a notebook.

>>> import windowshop as ws
>>> result = ws.experiment(["visual", "blend"], items=300, shoppers=200, days=2)
>>> sorted(set(result.metrics["policy"]))
['blend', 'visual']

Importing it is quick: TensorFlow, pandas and matplotlib are loaded when something needs them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from simulator.environment.register import announce

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from simulator.embedders.neighbours import Neighbours
    from simulator.embedders.train import TrainedModel
    from simulator.installation.context import Context, Talk
    from simulator.logs.result import LogResult
    from simulator.report.results import Result
    from simulator.shop.client import Client
    from simulator.shop.recommend import Recommended
    from workers.guests.protocol import Day, Recommender, Requests, Shop, Slates

__all__ = [
    "Client",
    "Day",
    "Installation",
    "Recommender",
    "Requests",
    "Shop",
    "Slates",
    "evaluate_log",
    "experiment",
    "fit_world",
    "open",
    "realism",
    "recommend",
    "similar",
    "train",
]

# ruff: noqa: PLC0415 - imports wait until something needs them

announce()  # gymnasium.make("windowshop/Shop-v0"), for whoever imports Gymnasium

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Installation:
    """One installation: its settings, its database, and whoever hears of progress.

    >>> shop = open()
    >>> len(shop.similar("photo.jpg", k=3).items)
    3
    """

    context: Context

    def experiment(
        self,
        policies: Sequence[Any],
        *,
        items: int | None = None,
        queries: int | None = None,
        shoppers: int = 500,
        days: int = 4,
        seeds: int = 5,
        seed: int = 1,
        slates: int | None = None,
        world: str = "mixed",
        catalogue: str = "fashion-mnist",
        stored: bool = False,
        primary: str | None = None,
        compare: tuple[str, str] | None = None,
    ) -> Result:
        """Play policies against the same shoppers and compare them.

        policies: names of ours, `mine.py:Mine` and the like, or in memory a class with start,
        slates and learn (see Recommender).

        items, queries: pictures sold and searched with, by default 300 and 100 or what the
        catalogue has; shoppers: people; days: simulated; seeds: how many shops, from `seed` on;
        slates: requests of a visit at most, by default 3, in world retail 20; world: a preset,
        `mixed,hidden_share=0.3` changes it, `myshop.toml` is a world file. stored: by way of
        database and workers, with the same numbers to the digit. primary, compare: the measure and
        the pair whose difference decides, by default ctr_late_expected of blend and visual.

        Raises UsageError, a WindowshopError, for what cannot be played.

        >>> result = open().experiment(["visual"], items=120, shoppers=50, days=2)
        >>> list(result.metrics.columns)
        ['policy', 'measure', 'value', 'low', 'high', 'n']
        """
        from simulator.playing.plan import Plan
        from simulator.playing.together import play_together
        from simulator.report.numbers.primary import chosen
        from simulator.world.presets import slates_of

        sizes = {"items": items, "queries": queries}
        plan = Plan(
            items=300 if items is None else items,
            queries=100 if queries is None else queries,
            seed=seed,
            days=days,
            shoppers=shoppers,
            slates=slates_of(world) if slates is None else slates,
            world=world,
            catalogue=catalogue,
        )
        return play_together(
            self.context,
            plan,
            _names([policies] if isinstance(policies, str) else policies),
            n_seeds=seeds,
            is_stored=stored,
            fit=[name for name, size in sizes.items() if size is None],
            primary=chosen(primary, compare),
        )

    def similar(
        self,
        picture: str | Path | NDArray[np.uint8],
        *,
        k: int = 10,
        catalogue: str = "fashion-mnist",
        exclude_self: bool = False,
    ) -> Neighbours:
        """The k catalogue items that look most like a picture, the nearest first.

        picture: a file, or an array uint8 [height, width] of grey levels or [height, width, 3] in
        colour. exclude_self: leave out items that have this very picture.

        Raises ValueError for another array, UsageError or DataError for a file that is no picture.
        """
        from simulator.embedders.neighbours import neighbours

        return neighbours(
            self.context, picture, k=k, catalogue=catalogue, exclude_self=exclude_self
        )

    def evaluate_log(
        self,
        log: str | Path | pd.DataFrame,
        *,
        split_at: float | None = None,
        k: int = 10,
        catalogue: str | None = None,
        format: str | None = None,  # noqa: A002 - as the command line calls it
        columns: str | None = None,
        kinds: str | None = None,
        session_gap: str | float | None = None,
        lenient: bool = False,
    ) -> LogResult:
        """How well each policy knows what comes next in a log of real visits.

        log: a file, the id of an imported log, or a frame with the columns shopper, session, time,
        item and kind. split_at: sessions that start before it train. The others are the options of
        the command line: a preset's name, "shopper=visitorid,time=timestamp", "addtocart=cart",
        "30m" or seconds, and whether more than 5 % of the lines may be left out.

        Raises UsageError or DataError for a log that cannot be read or asked.
        """
        from simulator.logs.reading.shapes.options import options
        from simulator.logs.result import judged

        how = options(
            format_=format, columns=columns, kinds=kinds, session_gap=session_gap, lenient=lenient
        )
        return judged(self.context, log, options=how, split_at=split_at, k=k, catalogue=catalogue)

    def fit_world(
        self,
        log: str | Path,
        out: str | Path,
        *,
        world: str = "mixed",
        policy: str = "visual",
        catalogue: str = "fashion-mnist",
        days: int = 6,
        shoppers: int = 400,
        items: int = 200,
        queries: int = 80,
    ) -> dict[str, Any]:
        """Fit the numbers of a world to a log; `out` is the world file that `world=` takes.

        world: whose other numbers are kept; policy: who ranks in the simulated shops, which sell
        `items` of the catalogue; days, shoppers: what is read of the log at most. Gives back
        `fitted` (value, low, high by number), `not_told` and `auc` (before, after).

        Raises UsageError or DataError for a log that cannot be read or tells nothing.
        """
        from simulator.fitting.fit import FitWish, fit

        wish = FitWish(
            base=world,
            policy=policy,
            catalogue=catalogue,
            days=days,
            shoppers=shoppers,
            items=items,
            queries=queries,
        )
        return fit(self.context, Path(log), Path(out), wish=wish).to_json()

    def realism(
        self,
        log: str | Path,
        *,
        world: str = "mixed",
        policy: str = "visual",
        seed: int = 1,
        days: int = 6,
        shoppers: int = 400,
        items: int = 1000,
        queries: int = 300,
        catalogue: str = "fashion-mnist",
    ) -> dict[str, Any]:
        """Where simulated shoppers are unlike those of a log.

        log: a file, or the id of an imported log or of a run. The others are the simulated shop;
        days and shoppers are also what is read of the log at most. Gives back `measures` (real,
        simulated, distance, low, high by name), `not_told` with reasons, `auc`, `gives_away`, and
        `report`, the page.

        Raises UsageError or DataError for a log that cannot be read or tells too little.
        """
        from simulator.playing.plan import Plan
        from simulator.realism.realism import realism

        plan = Plan(
            policy=policy,
            seed=seed,
            days=days,
            shoppers=shoppers,
            items=items,
            queries=queries,
            world=world,
            catalogue=catalogue,
        )
        found = realism(self.context, Path(log), plan)
        return {**found.document, "report": str(found.page)}

    def recommend(
        self,
        what: str | Path,
        *,
        run: str | None = None,
        shopper: int | None = None,
        k: int = 10,
        wait: float = 10.0,
    ) -> Recommended:
        """The k best items for an item's id or a picture, by the queue and the workers.

        run: whose knowledge, a run, an experiment or `latest`; left out: the newest of blend.
        shopper: a simulated one of that run, whose history counts. wait: seconds until the job
        alone is given back, whose state is then `waiting`.

        Raises NotFoundError for an unknown item or run, UsageError or DataError for what cannot be
        asked.
        """
        from simulator.shop.recommend import recommend

        return recommend(self.context, what, run=run, shopper=shopper, k=k, wait=wait)

    def train(
        self,
        *,
        preset: str = "quick",
        backbone: str = "cnn",
        seed: int = 1,
        weights: str | Path | None = None,
        catalogue: str = "fashion-mnist",
    ) -> TrainedModel:
        """Train an embedder and keep it: our own network, or `mobilenet` by transfer learning.

        backbone: cnn or mobilenet. For mobilenet alone: weights, `imagenet` when left out, `none`
        or a Keras weights file; catalogue, whose pictures are learned. A minute for preset quick
        on two cores.

        Raises UsageError for what cannot be trained on or from, or does not go together.
        """
        from simulator.embedders.backbones import trained

        return trained(
            self.context,
            backbone=backbone,
            preset=preset,
            seed=seed,
            weights=None if weights is None else str(weights),
            catalogue=catalogue,
        )


def __getattr__(name: str) -> Any:
    """What a recommender of one's own is made of: Shop, Requests, Slates, Day, Recommender; and
    Client, which asks a shop that is served.
    """
    if name in {"Day", "Recommender", "Requests", "Shop", "Slates"}:
        from workers.guests import protocol

        return getattr(protocol, name)
    if name == "Client":
        from simulator.shop.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def open(**settings: Any) -> Installation:  # noqa: A001 - ws.open reads as what it does
    """The installation of these settings; what is left out comes from environment and defaults.

    settings: home, cache, runs, database_url, redis_url, model, workers and so on, by the names
    that `windowshop config show` lists. Raises UsageError for one that does not fit.

    >>> open(workers=1).context.settings.workers
    1
    """
    from db.errors import UsageError
    from simulator.installation.context import open_context
    from workers.settings import Settings, load

    if unknown := sorted(set(settings) - set(Settings.model_fields)):
        known = ", ".join(Settings.model_fields)
        raise UsageError(f"no setting {unknown[0]!r}; the settings are {known}")
    return Installation(open_context(load(**settings), _talk()))


def _here(method: Callable[Concatenate[Installation, P], R]) -> Callable[P, R]:
    """A method of Installation as a function, in the installation of the environment."""

    @wraps(method)
    def call(*words: P.args, **options: P.kwargs) -> R:
        return method(open(), *words, **options)

    seen = signature(method)
    vars(call)["__signature__"] = seen.replace(parameters=list(seen.parameters.values())[1:])
    call.__doc__ = (
        f"`Installation.{method.__name__}` in the installation of the environment.\n\n"
        + ((method.__doc__ or "").partition(">>>")[0].rstrip())
    )
    return call


experiment = _here(Installation.experiment)
similar = _here(Installation.similar)
evaluate_log = _here(Installation.evaluate_log)
fit_world = _here(Installation.fit_world)
realism = _here(Installation.realism)
recommend = _here(Installation.recommend)
train = _here(Installation.train)


def _names(policies: Sequence[Any]) -> list[str]:
    """Policies by name; a class or an object is taken in under its own."""
    from workers.guests.doors.here import take_in

    return [one if isinstance(one, str) else take_in(one) for one in policies]


def _talk() -> Talk:
    """News and progress bars where somebody looks: in a terminal or a notebook."""
    from simulator.cli.terminal import Terminal
    from simulator.installation.context import Silence

    is_notebook = "ipykernel" in sys.modules
    is_watched = is_notebook or sys.stderr.isatty()
    return Terminal(is_notebook=is_notebook) if is_watched else Silence()


if __name__ == "__main__":
    from simulator.cli.main import main

    main()
