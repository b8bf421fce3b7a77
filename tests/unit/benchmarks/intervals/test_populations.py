"""Other shoppers of one shop: what is drawn anew, what stays, and how alarms are counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import Engine

from benchmarks.intervals import populations
from benchmarks.intervals.coverage import BEGIN, END, write
from simulator.playing.in_memory import SharedWorld, gather, play_in_memory, share_world
from simulator.report.numbers.statistics import Estimate
from tests import factories


@pytest.fixture
def shop(sqlite: Engine) -> SharedWorld:
    """The toy shop."""
    resolved = factories.resolved(sqlite)
    return share_world(resolved.config, *gather(factories.context_of(sqlite), resolved))


def test_another_population_meets_the_same_shop(shop: SharedWorld) -> None:
    """Items, prices and the common taste stay; what each likes does not."""
    other = populations.among_others(shop, 77).world
    assert other.catalogue is shop.world.catalogue
    assert np.array_equal(other.population.popular_taste, shop.world.population.popular_taste)
    assert not np.allclose(other.population.own_taste, shop.world.population.own_taste)


def test_the_population_of_the_shops_own_seed_is_the_shops(shop: SharedWorld) -> None:
    """Drawn again by the same seed, the same people do the same."""
    again = populations.among_others(shop, shop.config["seed"])
    one, other = (play_in_memory(world, "blend").expected for world in (shop, again))
    assert one == other
    assert play_in_memory(populations.among_others(shop, 77), "blend").expected != one


def test_an_interval_of_known_width_is_counted_as_it_should() -> None:
    """Of means of independent normal shoppers, 95 in a hundred intervals hold the truth, and 5 in a
    hundred pairs are apart.
    """
    rng = np.random.default_rng(5)
    shops = [[_of(rng.normal(size=50)) for _ in range(1000)]]
    held, apart = populations.table(shops)[2].split(" | ")[2:5:2]
    assert 93 <= int(held.split()[0]) <= 97
    assert 3 <= int(apart.split()[0]) <= 8


def test_an_alarm_among_segments_is_counted_by_policy_and_pair() -> None:
    """Two populations alike raise none; two far apart in one segment of ten raise one."""
    rng = np.random.default_rng(11)
    one, two, far = (
        {f"{populations.SEGMENT}{number}": _estimate(rng.normal(size=40)) for number in range(10)}
        for _ in range(3)
    )
    far[f"{populations.SEGMENT}7"] = _estimate(rng.normal(5, 1, size=40))
    alike, apart = ([{"visual": one}, {"visual": other}] for other in (two, far))
    assert populations.segment_alarms([alike], "visual") == (0, 1)
    assert populations.segment_alarms([alike, apart], "visual") == (1, 2)


def test_an_alarm_between_halves_is_counted_by_lot() -> None:
    """Of three lots of one population, that one whose halves are apart in one of two headlines."""
    rng = np.random.default_rng(12)
    found = {}
    for lot in range(populations.LOTS):
        for half in (0, 1):
            for name in ("ctr_late_expected", "cart_rate"):
                moved = 3.0 * half * (lot == 1) * (name == "cart_rate")
                one = _estimate(rng.normal(moved, 1, size=30))
                nothing = np.zeros(30)
                ours = [one.influence, nothing] if half else [nothing, one.influence]
                whole = replace(one, influence=np.concatenate(ours))
                found[f"{populations.HALF}{lot} {half} {name}"] = whole
    assert populations.split_alarms([[{"blend": found}]], "blend") == (1, populations.LOTS)


def test_a_table_takes_its_place_in_the_page_and_leaves_the_rest() -> None:
    """Before and after stay, whatever stood between."""
    page = f"above\n{BEGIN}\nold\n{END}\nbelow"
    assert write(page, "new", BEGIN) == f"above\n{BEGIN}\n\nnew\n\n{END}\nbelow"


def _estimate(values: np.ndarray) -> Estimate:
    mean = float(values.mean())
    return Estimate(mean, (values - mean) / len(values), np.ones(len(values), np.bool_), 50)


def _of(values: np.ndarray) -> populations.Played:
    found = _estimate(values)
    still = Estimate(0.0, np.zeros(len(values)), np.ones(len(values), np.bool_), 50)
    return {"visual": {"revenue_per_session": still}, "blend": {"revenue_per_session": found}}
