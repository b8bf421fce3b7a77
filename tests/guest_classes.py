"""Recommenders that are not ours, for tests: good ones, and each with one fault."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import windowshop as ws

HERE = str(Path(__file__))


class Looks:
    """Goes by the vectors alone; says how sure it is, why, and with what probability."""

    def __init__(self, boost: float = 1.0) -> None:
        self.boost = boost

    def start(self, shop: ws.Shop) -> None:
        """Keep what is sold."""
        self.shop = shop
        self.days: list[int] = []

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """The items nearest to the mean of the session."""
        rows, items = requests.profile
        session = np.zeros((len(requests), self.shop.vectors.shape[1]))
        np.add.at(session, rows, self.shop.vectors[items])
        scores = self.boost * session @ self.shop.vectors[: self.shop.n_items].T
        best = ws.Slates.best(scores, requests.allowed, self.shop.k)
        words = [[f"day {len(self.days)}"] * self.shop.k for _ in range(len(requests))]
        return ws.Slates(best.items, best.scores, words, np.ones(best.items.shape))

    def learn(self, day: ws.Day) -> None:
        """Count the days."""
        self.days.append(day.day)


class Clicks(Looks):
    """Shows what was clicked most on all days so far; then the item of the lower number."""

    def start(self, shop: ws.Shop) -> None:
        """Nothing is known."""
        super().start(shop)
        self.clicks = np.zeros(shop.n_items)

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """The same for everybody, but for what may not be shown."""
        scores = np.repeat(self.clicks[None, :], len(requests), axis=0)
        return ws.Slates.best(scores, requests.allowed, self.shop.k)

    def learn(self, day: ws.Day) -> None:
        """Count the clicks of a day."""
        events = day.events.to_pandas()
        clicked = events.loc[events["kind"] == "click", "item"].astype(int)
        np.add.at(self.clicks, clicked.to_numpy(), 1)


class Odd(Looks):
    """Answers with whatever `how` says, to every third batch or to all."""

    def __init__(self, how: str, *, often: int = 1) -> None:
        super().__init__()
        self.how = how
        self.often = often
        self.calls = 0

    def slates(self, requests: ws.Requests) -> Any:
        """Something that is no good answer."""
        self.calls += 1
        good = super().slates(requests).items
        return good if self.calls % self.often else self.odd(good)

    def odd(self, good: NDArray[np.int32]) -> Any:
        """What a fault looks like."""
        bad = good.astype(np.int64)
        match self.how:
            case "unknown":
                bad[:, 1] = 10**9
            case "query":
                bad[:, 1] = self.shop.n_items
            case "twice":
                bad[:, 2] = bad[:, 0]
            case "few":
                return bad[:, :4]
            case "nan":
                return np.where(np.arange(bad.shape[1]) == 0, np.nan, bad.astype(float))
            case "shape":
                return bad[:-1].ravel()
            case "words":
                return "one, two and three"
            case "raises":
                raise RuntimeError("no idea")
            case "dies":
                sys.stderr.write("my last words")
                sys.stderr.flush()
                os.kill(os.getpid(), 9)
            case "hangs":
                while True:
                    pass
            case "leaks":
                self.leak = bytearray(10**12)
        return bad


class Leaky(Looks):
    """Keeps a quarter of a gigabyte for every batch it answers."""

    def start(self, shop: ws.Shop) -> None:
        """Nothing is kept yet."""
        super().start(shop)
        self.kept: list[bytearray] = []

    def slates(self, requests: ws.Requests) -> Any:
        """Good answers, as long as there is room."""
        self.kept.append(bytearray(2**28))
        return super().slates(requests)


class Forgetful(Looks):
    """Answers by lot, and by other lots each time it is asked."""

    def slates(self, requests: ws.Requests) -> Any:
        """No seed of ours."""
        scores = np.random.default_rng().random((len(requests), self.shop.n_items))
        return ws.Slates.best(scores, requests.allowed, self.shop.k)


class NoSlates:
    """Lacks the call that matters."""

    def start(self, shop: ws.Shop) -> None:
        """Nothing."""

    def learn(self, day: ws.Day) -> None:
        """Nothing."""


class NeverStarts(Looks):
    """Raises at once."""

    def start(self, shop: ws.Shop) -> None:
        """Nothing works here."""
        super().start(shop)
        raise RuntimeError("no such device")


class Lottery(Looks):
    """Draws by lot, another for each session, and says with what probability: n of all."""

    def __init__(self, *, n_said: int = 0) -> None:
        super().__init__()
        self.n_said = n_said

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """Each allowed item comes to each place equally often; n_said: claims another number."""
        allowed = requests.allowed
        scores = np.zeros(allowed.shape)
        for row, (session, step) in enumerate(zip(requests.session, requests.step, strict=True)):
            draws = np.random.default_rng([self.shop.seed, int(session), int(step)])
            scores[row] = draws.random(self.shop.n_items)
        best = ws.Slates.best(scores, allowed, self.shop.k)
        n = allowed.sum(axis=1) if not self.n_said else np.full(len(requests), self.n_said)
        return ws.Slates(best.items, propensities=np.repeat(1.0 / n[:, None], self.shop.k, axis=1))


class Liar(Lottery):
    """Says what is no probability."""

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """Half more than certain."""
        found = super().slates(requests)
        return ws.Slates(found.items, propensities=np.full(found.items.shape, 1.5))


class ShortLottery(Lottery):
    """Leaves the last place open in every other session."""

    def slates(self, requests: ws.Requests) -> ws.Slates:
        """The same, but for one place."""
        found = super().slates(requests)
        items = found.items.copy()
        items[requests.session % 2 == 1, -1] = -1
        return ws.Slates(items, propensities=found.propensities)
