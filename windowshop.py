"""The front door for Python: experiments, similar pictures, real logs and training from a notebook.

>>> import windowshop as ws
>>> result = ws.experiment(["visual", "blend"], items=300, shoppers=200, days=2)
>>> sorted(set(result.metrics["policy"]))
['blend', 'visual']

Importing it is quick: TensorFlow, pandas and matplotlib are loaded when something needs them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from simulator.embedders.neighbours import Neighbours
    from simulator.embedders.train import TrainedModel
    from simulator.installation.context import Context, Talk
    from simulator.logs.result import LogResult
    from simulator.playing.results import Result

__all__ = ["Shop", "evaluate_log", "experiment", "open", "similar", "train"]

# ruff: noqa: PLC0415 - imports wait until something needs them


@dataclass(frozen=True)
class Shop:
    """One installation: its settings, its database, and whoever hears of progress.

    >>> shop = open()
    >>> len(shop.similar("photo.jpg", k=3).items)
    3
    """

    context: Context

    def experiment(
        self,
        policies: Sequence[str],
        *,
        items: int | None = None,
        queries: int | None = None,
        shoppers: int = 500,
        days: int = 4,
        seeds: int = 1,
        seed: int = 1,
        slates: int = 3,
        world: str = "mixed",
        catalogue: str = "fashion-mnist",
        stored: bool = False,
    ) -> Result:
        """Play policies against the same shoppers and compare them.

        items, queries: pictures sold and searched with, by default 300 and 100 or what the
        catalogue has; shoppers: people; days: simulated; seeds: how many shops, from `seed` on;
        slates: requests of a visit at most; world: a preset, `mixed,hidden_share=0.3` changes it.
        stored: by way of database and workers, with the same numbers to the digit.

        Raises UsageError, a WindowshopError, for what cannot be played.

        >>> result = open().experiment(["visual"], items=120, shoppers=50, days=2)
        >>> list(result.metrics.columns)
        ['policy', 'measure', 'value', 'low', 'high', 'n']
        """
        from simulator.playing.plan import Plan
        from simulator.playing.together import play_together

        sizes = {"items": items, "queries": queries}
        plan = Plan(
            items=300 if items is None else items,
            queries=100 if queries is None else queries,
            seed=seed,
            days=days,
            shoppers=shoppers,
            slates=slates,
            world=world,
            catalogue=catalogue,
        )
        return play_together(
            self.context,
            plan,
            [policies] if isinstance(policies, str) else list(policies),
            n_seeds=seeds,
            is_stored=stored,
            fit=[name for name, size in sizes.items() if size is None],
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
    ) -> LogResult:
        """How well each policy knows what comes next in a log of real visits.

        log: a file of JSON lines or CSV, the id of an imported log, or a frame with the columns
        shopper, session, time, item and kind. split_at: sessions that start before it train.

        Raises UsageError or DataError for a log that cannot be read or asked.
        """
        from simulator.logs.result import judged

        return judged(self.context, log, split_at=split_at, k=k, catalogue=catalogue)

    def train(
        self,
        *,
        preset: str = "quick",
        backbone: str = "cnn",
        seed: int = 1,
        weights: str | Path = "imagenet",
        catalogue: str = "fashion-mnist",
    ) -> TrainedModel:
        """Train an embedder and keep it: our own network, or `mobilenet` by transfer learning.

        backbone: cnn or mobilenet; weights and catalogue are for mobilenet. A minute for preset
        quick on two cores.

        Raises UsageError for what cannot be trained on or from.
        """
        from db.errors import UsageError

        if backbone == "mobilenet":
            from simulator.embedders.transfer import transfer

            return transfer(
                self.context, preset=preset, seed=seed, weights=str(weights), catalogue=catalogue
            )
        if backbone != "cnn":
            raise UsageError(f"no backbone {backbone!r}; choose cnn or mobilenet")
        from simulator.embedders.train import train as train_own

        return train_own(self.context, preset=preset, seed=seed)


def open(**settings: Any) -> Shop:  # noqa: A001 - ws.open reads as what it does
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
    return Shop(open_context(load(**settings), _talk()))


def experiment(policies: Sequence[str], **options: Any) -> Result:
    """`Shop.experiment` in the installation of the environment."""
    return open().experiment(policies, **options)


def similar(picture: str | Path | NDArray[np.uint8], **options: Any) -> Neighbours:
    """`Shop.similar` in the installation of the environment."""
    return open().similar(picture, **options)


def evaluate_log(log: str | Path | pd.DataFrame, **options: Any) -> LogResult:
    """`Shop.evaluate_log` in the installation of the environment."""
    return open().evaluate_log(log, **options)


def train(**options: Any) -> TrainedModel:
    """`Shop.train` in the installation of the environment."""
    return open().train(**options)


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
