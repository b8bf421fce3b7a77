"""Every number of the world, and the frozen presets, a row each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any

FASHION_CATEGORIES = 10
"""Fashion-MNIST's labels are categories 0-9; families and complements are known for these only."""


@dataclass(frozen=True)
class WorldConfig:
    """The numbers of one world; docs/WORLD.md says what each one means. Log-odds unless a unit is given."""

    name: str = "mixed"

    # Items
    hidden_share: float = 0.5  # share of the style variance that no pixel shows
    hidden_dims: int = 6
    tribes: int = 8
    tribe_share: float = 0.7  # share of hidden style that a tribe has in common
    tribe_skew: float = 0.5  # Zipf exponent of the tribes' sizes
    price_medians: tuple[int, ...] = (1900, 3900, 3500, 4900, 7900, 3200, 2900, 5900, 4500, 6900)  # cents
    price_spread: float = 0.4  # sd of log price within a category

    # 0 T-shirt, 1 trouser, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot
    families: tuple[tuple[int, ...], ...] = ((0, 2, 4, 6), (5, 7, 9))  # tops; shoes
    goes_with: tuple[tuple[int, ...], ...] = (
        *((1, 4), (0, 7), (1, 9), (5, 8), (1, 9)),
        *((8, 3), (1, 9), (1, 0), (3, 5), (1, 8)),
    )  # a dress, then sandals, then a bag

    # What a shopper is
    query_pull: float = 0.8  # weight of likeness to the query image
    taste_pull: float = 1.4  # weight of her own taste
    popular_share: float = 0.08  # share of the taste variance that all shoppers have in common
    taste_memory: float = 0.98  # autocorrelation of her own taste from day to day; the rest is drift
    price_sensitivity: float = 0.2  # median loss per sd of log price
    price_sensitivity_spread: float = 0.5  # sd of its logarithm
    patience_spread: float = 0.7
    habit_spread: float = 0.8

    # What she comes for
    visit_base: float = 0.75
    visit_satisfaction: float = 0.8
    satisfaction_memory: float = 0.7
    demand_skew: float = 0.5  # Zipf exponent over the categories
    demand_spread: float = 0.7
    owned_memory: float = 0.8  # share of a purchase that is remembered the next day
    owned_cost: float = 1.5  # a category just bought from is wanted less,
    owned_complement: float = 1.0  # what goes with it more
    handful: int = 6  # query images she looks at before she picks one
    query_closeness: float = 0.5
    hours: tuple[float, ...] = (
        *(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0),
        *(6.0, 6.0, 5.0, 5.0, 5.0, 6.0, 7.0, 8.0, 9.0, 9.0, 6.0, 3.0),
    )  # visits by hour of the day; nobody comes between 0 and 6, so visits of two days never overlap

    # How she reads a slate
    examine_first: float = 0.95  # probability
    examine_falloff: float = 0.9  # ratio from one position to the next
    click_base: float = -3.9
    family_cost: float = 1.0
    complement_cost: float = 1.8
    other_cost: float = 2.4
    repeat_cost: float = 1.5  # an item shown before in this session
    clicked_cost: float = 1.5  # and, in addition, clicked
    fatigue_seen: float = 0.1  # weight of the mean style of each slate read
    fatigue_clicked: float = 0.1  # weight of the style of each item clicked
    cart_base: float = -3.2
    cart_slope: float = 0.4
    purchase_base: float = -1.5
    purchase_slope: float = 0.2
    purchase_price: float = 1.0  # how much more price counts at the till

    # What she does next
    leave_base: float = -3.2
    leave_bad_slate: float = 0.6  # a slate without a click
    leave_joy: float = 0.5
    leave_purchase: float = 1.5
    joy_click: float = 0.4
    joy_cart: float = 0.6
    joy_purchase: float = 1.0
    joy_bad_slate: float = -0.3
    open_base: float = 0.8
    open_pull: float = 0.4  # how far an opened item moves what she looks for
    open_noise: float = 0.3  # scale of the Gumbel noise in which click she opens
    cross_sell: float = 0.5  # probability

    # Clocks
    latency_ms: int = 120
    glance_ms: int = 800
    dwell_ms: int = 20_000  # median of an item of average utility
    dwell_slope: float = 0.25
    dwell_spread: float = 0.8
    think_ms: int = 5_000
    think_spread: float = 0.6
    checkout_ms: int = 60_000


@dataclass(frozen=True)
class Preset:
    """A world by its name, and in a sentence what kind of shop it is."""

    world: WorldConfig
    sentence: str


_ROWS = (
    Preset(
        WorldConfig(name="visual", hidden_share=0.1),
        "Pictures show nine tenths of an item's style.",
    ),
    Preset(
        WorldConfig(name="mixed"),
        "Pictures show half of an item's style; the rest shows only in what shoppers do. The demo's world.",
    ),
    Preset(
        WorldConfig(name="social", hidden_share=0.9),
        "Pictures show a tenth of an item's style; the rest shows only in what shoppers do.",
    ),
)
"""Whoever adds a preset writes a row here and in docs/WORLD.md, and pins its hash in the test."""

PRESETS = MappingProxyType({row.world.name: row.world for row in _ROWS})
"""Frozen: a change goes into CHANGELOG with all published rows before and after."""

SENTENCES = MappingProxyType({row.world.name: row.sentence for row in _ROWS})
"""What kind of shop each preset is."""

ARRIVING = ("new_share", "new_day")
"""What a world's text may say of new items; no number of the world's own."""


def named(text: str) -> WorldConfig:
    """A preset, or one with numbers of its own: `mixed,hidden_share=0.3`. The presets stay as they are.

    A changed world carries the whole text as its name, so its hash is its own. Raises ValueError that says
    what would do.
    """
    base, *changes = (part.strip() for part in text.split(","))
    if base not in PRESETS:
        raise ValueError(f"no world {base!r}; choose one of {', '.join(PRESETS)}")
    found = PRESETS[base]
    for change in changes:
        name, _, number = change.partition("=")
        if name in ARRIVING:
            continue
        known = getattr(found, name, None)
        if isinstance(known, bool) or not isinstance(known, int | float):
            raise ValueError(f"no number {name!r} in the world; docs/WORLD.md lists them")
        try:
            changed: dict[str, Any] = {name: type(known)(number)}
            found = replace(found, **changed)
        except ValueError:
            raise ValueError(f"{name} must be a number like {known}, found {number!r}") from None
    if not 0.0 <= found.hidden_share <= 1.0:
        raise ValueError(f"hidden_share must lie in 0..1, found {found.hidden_share}")
    return replace(found, name=",".join([base, *changes])) if changes else found


def arriving(text: str) -> tuple[float, int] | None:
    """Which share of the catalogue is new, and from which day: `mixed,new_share=0.1,new_day=4`.

    None when nothing is; raises ValueError for values that do not fit.
    """
    said = dict(part.strip().partition("=")[::2] for part in text.split(",")[1:])
    if not set(said) & set(ARRIVING):
        return None
    try:
        share, day = float(said["new_share"]), int(said["new_day"])
    except (KeyError, ValueError):
        raise ValueError("new items need both, like new_share=0.1,new_day=4") from None
    if not 0 < share < 1 or day < 1:
        raise ValueError(f"new_share must lie between 0 and 1, new_day above 0; found {share}, {day}")
    return share, day


def preset_hash(config: WorldConfig) -> str:
    """sha256 of the canonical JSON of a world's numbers."""
    return sha256(json.dumps(asdict(config), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def from_settings(settings: dict[str, Any]) -> WorldConfig:
    """A world from the settings that a run's config keeps; JSON turned its tuples into lists."""
    return WorldConfig(**{name: _hashable(value) for name, value in settings.items()})


def _hashable(value: Any) -> Any:
    return tuple(_hashable(part) for part in value) if isinstance(value, list) else value
