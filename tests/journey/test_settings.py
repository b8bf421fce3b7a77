"""No setting is idle: each one of the world, the recommender and the run, changed alone, changes
the events.

The run's id follows from its settings and stands in every event, so the exports are compared under
one id.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine

from db import embeddings, images, items, models, schema
from db.embeddings import EmbedderKey
from db.engine import open_engine, read_transaction, write_transaction
from db.items import CATALOGUE_SPLIT, QUERY_SPLIT, Item
from recommender.config import RecommenderConfig
from recommender.scoring.itemknn import ItemKnnConfig
from simulator.catalogues.fashion_mnist import CLASS_NAMES
from simulator.playing.export import write
from simulator.playing.plan import Plan, Resolved, resolve
from simulator.playing.report import load
from simulator.playing.simulate import simulate
from simulator.world.presets import LATER, WorldConfig
from tests import factories
from tests.tiers import some_of
from tests.unit.simulator.world import BUSY
from workers.local_workforce import LocalWorkforce

pytestmark = pytest.mark.journey

LABELLED = "toy, with Fashion-MNIST's categories"
"""For these the world knows families and complements."""

PLAN = replace(factories.TOY_PLAN, days=3, shoppers=120, catalogue=LABELLED)
LOUD = {
    name: value for name, value in asdict(BUSY).items() if value != getattr(WorldConfig(), name)
}
"""The world's settings that make many of each kind of event, so that a small run shows every
setting.
"""

OTHER_PICTURES = "toy, other pictures"
OTHER_MODEL = EmbedderKey("toy-embedder-2", factories.EMBEDDER.runtime)
OTHER_RUNTIME = EmbedderKey(factories.EMBEDDER.model, "handmade-2")

DERIVED = {"schema", "categories", "data", "world", "recommender"}
"""What the config says beside the plan, model and runtime; the last two are the settings tested
apart.
"""

NEEDS = {
    "fixed_weight": "blend-fixed",
    "learning.base_prior": "cf",
    "learning.start_base": "cf",
    "profile.length": "cf",
} | {f"itemknn.{field.name}": "itemknn-cfcbf" for field in fields(ItemKnnConfig)}
"""The policy of a setting that `blend` has no use for."""

PAIRS = {"taste.dims": 0}
"""With this `blend` looks at a pair at a time, and reads what is learned for that."""

CROWD: Mapping[str, Any] = {"catalogue": "toy, many items", "items": 2000}
"""So many that the approximate index does not look through all of its lists."""

REPEATS = {"exclude_shown": False}
"""With this the recommender shows an item twice in a session, which some costs of the world are
about.
"""

ARRIVALS = {"world": "mixed,new_share=0.2,new_day=1"}
"""With this some items come on the second day."""

APART: Mapping[str, Mapping[str, Any]] = {
    "PAIRS": {"recommender": PAIRS},
    "CROWD": {"run": CROWD},
    "REPEATS": {"recommender": REPEATS},
    "ARRIVALS": {"run": ARRIVALS},
}
"""The references that are no mere policies."""

READ_BY = {
    "learning.calibration_slope": "PAIRS",
    "learning.kappa_grid": "PAIRS",
    "index": "CROWD",
    "taste.welcome": "ARRIVALS",
    "taste.fair": "ARRIVALS",
    "taste.settled": "ARRIVALS",
}
"""The reference of APART that reads a setting of the recommender which `blend` among few has no use
for.
"""

VALUES: Mapping[str, Any] = {
    "newcomer_days": 2,  # in a run of three days
    # run
    "policy": "cf",
    "world": "social",
    "catalogue": OTHER_PICTURES,
    "items": factories.N_ITEMS - 20,
    "queries": factories.N_QUERIES - 10,
    "model": OTHER_MODEL.model,
    "runtime": OTHER_RUNTIME.runtime,
    # world: what is rare in so small a shop needs a large change
    "leave_bad_slate": 4.0,
    "other_cost": 0.1,
    "joy_cart": 6.0,
    # recommender: 200 neighbours are more than the toy shop has; a kappa stands in the grid
    "neighbours": 5,
    "index": "approximate",
    "profile.length": 2,
    "taste.slates": 100,
    "taste.welcome": 1.0,
    "itemknn.neighbours": 5,
    "itemknn.weighting": "bm25",
    "learning.start_kappa": 4.0,
    "learning.kappa_grid": (32.0, 1e6),
    # what was viewed, carted or purchased was clicked before; only a louder event is heard beside
    # the click
    "profile.kind_weights.view": 2.0,
    "profile.kind_weights.cart": 3.0,
    "profile.kind_weights.purchase": 3.0,
}
"""A setting's other value, where `changed` would give one that is refused or means the same."""


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 2
    if isinstance(value, float):
        return value * 0.4 + 0.07
    first, *rest = value
    return (changed(first), *rest)


def flat(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Every setting of a config by its dotted name; those of a nested one, and of a mapping, each
    alone.
    """
    found: dict[str, Any] = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        name = prefix + field.name
        if is_dataclass(value):
            found |= flat(value, f"{name}.")
        elif isinstance(value, Mapping):
            found |= {f"{name}.{key}": one for key, one in value.items()}
        else:
            found[name] = value
    return found


RECOMMENDER = {name: value for name, value in flat(RecommenderConfig()).items() if name != "policy"}
WORLD = {name: value for name, value in flat(replace(BUSY)).items() if name != "name"}
RUN = {**asdict(PLAN), "model": factories.EMBEDDER.model, "runtime": factories.EMBEDDER.runtime}


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[Path], str]
) -> Iterator[Engine]:
    """One database for all: the toy shop, the same items with other pictures, and two other
    embedders.
    """
    engine = open_engine(new_database(tmp_path_factory.mktemp("settings")))
    schema.ensure(engine)
    stored = factories.stock(engine)
    with write_transaction(engine) as conn:
        labelled = [item._replace(category=CLASS_NAMES[int(item.category[-1])]) for item in stored]
        items.add(conn, LABELLED, labelled)
        items.add(conn, OTHER_PICTURES, shuffled(labelled))
        models.add(conn, OTHER_MODEL.model, b"{}", b"")
        for seed, embedder in enumerate((OTHER_MODEL, OTHER_RUNTIME)):
            vectors = np.random.default_rng(seed).normal(size=(len(stored), 16))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            embeddings.add(
                conn, embedder, [item.image for item in stored], vectors.astype(np.float32)
            )
        crowd(conn)
    yield engine
    engine.dispose()


def crowd(conn: Connection) -> None:
    """Add the catalogue of CROWD: noise, embedded anywhere."""
    n_items = CROWD["items"]
    n = CROWD["items"] + factories.N_QUERIES
    rng = np.random.default_rng(11)
    hashes = images.add(conn, rng.integers(0, 256, (n, 28, 28)).astype(np.uint8))
    split = [CATALOGUE_SPLIT if place < n_items else QUERY_SPLIT for place in range(n)]
    rows = [
        Item(place, f"crowd-{place:04d}", image, CLASS_NAMES[place % 4], split[place], "toy")
        for place, image in enumerate(hashes)
    ]
    items.add(conn, CROWD["catalogue"], rows)
    vectors = rng.normal(size=(n, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    embeddings.add(conn, factories.EMBEDDER, hashes, vectors.astype(np.float32))


def shuffled(stored: list[Item]) -> list[Item]:
    """The same items, each with the picture of another of its category and split."""
    shift = 8  # a multiple of the four categories; both splits are whole multiples of it
    return [
        item._replace(
            image=stored[place + shift if (place + shift) // 40 == place // 40 else place].image
        )
        for place, item in enumerate(stored)
    ]


@pytest.fixture(scope="module")
def usual(shop: Engine) -> dict[str, str]:
    """The events of the unchanged run by policy; and those of APART by name."""
    policies = {PLAN.policy, *NEEDS.values()}
    found = {policy: events(shop, configured(shop, policy=policy)) for policy in policies}
    return found | {name: events(shop, configured(shop, **each)) for name, each in APART.items()}


def configured(
    engine: Engine,
    *,
    policy: str | None = None,
    run: Mapping[str, Any] | None = None,
    world: Mapping[str, Any] | None = None,
    recommender: Mapping[str, Any] | None = None,
) -> Resolved:
    """The run of PLAN with some settings changed, each by its name."""
    asked = dict(run or {})
    embedder = {name: asked.pop(name, RUN[name]) for name in ("model", "runtime")}
    plan = replace(PLAN, **{"policy": policy or PLAN.policy, **asked})
    with read_transaction(engine) as conn:
        stored = items.read(conn, plan.catalogue)
    resolved = resolve(plan, stored, **embedder)
    config = copy.deepcopy(resolved.config)
    config["categories"] = list(CLASS_NAMES)
    config["world"]["settings"] |= LOUD | dict(world or {})
    for name, value in (recommender or {}).items():
        *parents, last = name.split(".")
        place = config["recommender"]
        for parent in parents:
            place = place[parent]
        place[last] = value
    return Resolved(config, resolved.items)


def events(engine: Engine, resolved: Resolved) -> str:
    """The export of a run, played in this process, as if its id were 0: its sha256, and how
    many.
    """
    context = factories.context_of(engine)
    played = simulate(context, resolved, LocalWorkforce(engine), again=True)
    found = load(context, played.run.id)
    out = io.StringIO()
    written = write("0" * 12, found.events, found.item_ids, out)
    return f"{sha256(out.getvalue().encode()).hexdigest()} of {written} events"


def test_the_same_settings_give_the_same_events(shop: Engine, usual: dict[str, str]) -> None:
    """The negative control of the tests below; and each reference of theirs is a run of its own."""
    assert events(shop, configured(shop)) == usual[PLAN.policy]
    assert len(set(usual.values())) == len(usual)


@pytest.mark.parametrize("name", RUN)
def test_every_setting_of_the_run_matters(shop: Engine, usual: dict[str, str], name: str) -> None:
    """Policy, seed, sizes, preset, what the catalogue shows, and what embedded it."""
    assert (
        events(shop, configured(shop, run={name: another(name, RUN[name])})) != usual[PLAN.policy]
    )


@pytest.mark.parametrize("name", some_of(WORLD, every=3))
def test_every_setting_of_the_world_matters(shop: Engine, usual: dict[str, str], name: str) -> None:
    """Each number of WorldConfig."""
    world = {name: another(name, WORLD[name])}
    if name in ("repeat_cost", "clicked_cost"):
        assert events(shop, configured(shop, world=world, recommender=REPEATS)) != usual["REPEATS"]
    elif name == "newcomer_days":
        newcomers = {"newcomer_share": 0.5}
        before = events(shop, configured(shop, world=newcomers))
        assert events(shop, configured(shop, world=newcomers | world)) != before
    else:
        assert events(shop, configured(shop, world=world)) != usual[PLAN.policy]


@pytest.mark.parametrize("name", RECOMMENDER)
def test_every_setting_of_the_recommender_matters(
    shop: Engine, usual: dict[str, str], name: str
) -> None:
    """Each number of RecommenderConfig and of the configs in it."""
    policy = NEEDS.get(name, PLAN.policy)
    reference = READ_BY.get(name, policy)
    there = APART.get(reference, {})
    recommender = {**there.get("recommender", {}), name: another(name, RECOMMENDER[name])}
    resolved = configured(shop, policy=policy, run=there.get("run"), recommender=recommender)
    assert events(shop, resolved) != usual[reference]


def another(name: str, value: Any) -> Any:
    """A setting's other value: that of VALUES, or any of its kind."""
    return VALUES[name] if name in VALUES else changed(value)


def test_everything_that_a_run_depends_on_is_tested_above(shop: Engine) -> None:
    """What a config holds is a setting of RUN, WORLD or RECOMMENDER, or follows from one."""
    config = configured(shop).config
    assert set(config) - DERIVED == set(RUN) - DERIVED
    assert set(Plan.__dataclass_fields__) <= set(RUN)
    assert {field.name for field in fields(WorldConfig)} == {*WORLD, "name"}
    assert set(config["world"]["settings"]) == {*WORLD, "name"} - set(LATER)
    assert set(config["recommender"]) == {"policy", *(name.split(".")[0] for name in RECOMMENDER)}
