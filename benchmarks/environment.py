"""Slate steps a second of the Gymnasium environment and of the world alone, beside SARDINE's.

    python -m pip install --no-deps --target FOLDER sardine-rec==1.0.8
    python -m benchmarks.environment --sardine FOLDER [--envs 8192] [--times 5]

1,000 made-up pictures, slates of ten different items by lot, the same shapes as SARDINE's
SlateTopK-Bored-v0, which steps one environment. `careless` shows the same visit an item twice now
and then, which is filled by lot. All are measured in turn. Without SARDINE only our own rates are
told.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.rig.measured import claim
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from simulator.environment.opened import Setting
from simulator.environment.vector import ShopVectorEnv
from simulator.world import day
from simulator.world.catalogue import Pictures
from simulator.world.draws import Purpose, bits
from simulator.world.presets import WorldConfig

ITEMS = 1_000
QUERIES = 300
DIM = 64
STEPS = 20
SHOPPERS = 3_000
"""Of the world alone, as in a run."""
SARDINE_STEPS = 2_000
WANTED = {"environment": 10, "world": 20}
Rate = Callable[[], float]


def main() -> None:
    """Each of the three in turn, several times; ratios of the same round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sardine", help="folder where sardine-rec was put")
    parser.add_argument("--envs", type=int, default=8192)
    parser.add_argument("--times", type=int, default=5)
    arguments = parser.parse_args()
    setting = a_setting(shoppers=4 * arguments.envs)
    rates: dict[str, Rate] = {
        "environment": environment(setting, arguments.envs, is_careful=True),
        "careless": environment(setting, arguments.envs, is_careful=False),
        "world": world(a_setting(shoppers=SHOPPERS)),
    }
    if arguments.sardine:
        sys.path.append(arguments.sardine)
        rates["SARDINE"] = sardine()
    rounds = [{name: rate() for name, rate in rates.items()} for _ in range(arguments.times + 1)]
    tell(rounds[1:])  # the first one warms


def tell(rounds: list[dict[str, float]]) -> None:
    """Medians, and the claims where SARDINE was there."""
    for name in rounds[0]:
        print(f"{name}: {median(one[name] for one in rounds):,.0f} slates a second")
    for name, wanted in WANTED.items() if "SARDINE" in rounds[0] else ():
        ratio = median(one[name] / one["SARDINE"] for one in rounds)
        what = f"slate steps of the {name} over SARDINE's"
        claim(what, f"{ratio:.1f} times", f"at least {wanted}", holds=ratio >= wanted)


def a_setting(shoppers: int) -> Setting:
    """Pictures of noise, in the world `mixed`."""
    n = ITEMS + QUERIES
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(n, DIM))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    split = [CATALOGUE_SPLIT] * ITEMS + [QUERY_SPLIT] * QUERIES
    return Setting(
        items=[Item(i, f"{i}", f"{i:064x}", f"{i % 10}", split[i], "given") for i in range(n)],
        pictures=Pictures(
            pixels=rng.integers(0, 256, (n, 28, 28)).astype(np.uint8),
            category=(np.arange(n) % 10).astype(np.int16),
            is_query=np.arange(n) >= ITEMS,
            image_key=bits(1, Purpose.HOLD_OUT, np.arange(n)),
        ),
        vectors=vectors.astype(np.float32),
        settings=vars(WorldConfig()),
        seed=1,
        shoppers=shoppers,
        slates=3,
        k=10,
    )


def environment(setting: Setting, n: int, *, is_careful: bool) -> Rate:
    """The vector environment; each step shows n slates.

    is_careful: the items of each step of a visit are others than those of its earlier steps.
    """
    envs = ShopVectorEnv(n, setting=setting)
    seen, _ = envs.reset(seed=1)
    by_step = [by_lot(n, seed, first=seed % 3, every=3) for seed in range(6)]
    careless = [by_lot(n, seed) for seed in range(6)]

    def rate() -> float:
        nonlocal seen
        n_filled = 0
        took = 0.0  # without the agent's own time
        for number in range(STEPS):
            if is_careful:
                first = 3 * (number % 2)
                slates = np.choose(seen["step"][:, None], by_step[first : first + 3])
            else:
                slates = careless[number % 6]
            began = time.perf_counter()
            seen, _, _, _, infos = envs.step(slates)
            took += time.perf_counter() - began
            n_filled += int(infos["filled"].sum())
        if bool(n_filled) == is_careful:
            raise AssertionError(f"{n_filled} positions were filled")
        return n * STEPS / took

    return rate


def world(setting: Setting) -> Rate:
    """The world without an environment around it: the visits of one day, from dawn to night."""
    made = setting.world(1)
    slates = by_lot(setting.shoppers, 1).astype(np.int32)
    memory = day.begin(made)

    def rate() -> float:
        shown = 0
        began = time.perf_counter()
        sessions = day.open_day(made, memory, 0)
        while sessions.alive.any():
            sessions, _ = day.ask(made, sessions)
            alive = int(np.count_nonzero(sessions.alive))
            sessions, _, _ = day.read(made, sessions, slates[:alive])
            shown += alive
        day.close_day(made, memory, sessions)
        return shown / (time.perf_counter() - began)

    return rate


def sardine() -> Rate:
    """SARDINE's environment as its users step it."""
    import gymnasium  # noqa: PLC0415 - only beside SARDINE

    __import__("sardine")  # registers its environments

    warnings.simplefilter("ignore")
    env = gymnasium.make("sardine/SlateTopK-Bored-v0")
    env.reset(seed=1)
    actions = by_lot(500, 2)

    def rate() -> float:
        began = time.perf_counter()
        for step in range(SARDINE_STEPS):
            _, _, terminated, truncated, _ = env.step(actions[step % len(actions)])
            if terminated or truncated:
                env.reset()
        return SARDINE_STEPS / (time.perf_counter() - began)

    return rate


def by_lot(n: int, seed: int, *, first: int = 0, every: int = 1) -> NDArray[np.int64]:
    """Slates [n, 10] of different items, of those whose number is first, first + every, ..."""
    items = np.arange(first, ITEMS, every)
    dice = np.random.default_rng(seed).random((n, len(items)))
    return items[np.argsort(dice, axis=1)[:, :10]]


if __name__ == "__main__":
    main()
