"""Every number of the world, and the frozen presets, a row each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from simulator.world.world_file import FILE, text_of

FASHION_CATEGORIES = 10
"""Fashion-MNIST's labels are categories 0-9; families and complements are known for these only."""


@dataclass(frozen=True)
class WorldConfig:
    """The numbers of one world. docs/WORLD.md says where each one enters."""

    name: str = "mixed"

    # Items
    hidden_share: float = 0.5  # share of the style variance that no pixel shows, 0 to 1
    hidden_dims: int = 6  # dimensions of hidden style
    tribes: int = 8  # number of tribes
    tribe_share: float = (
        0.7  # share of the hidden style's variance that a tribe has in common, 0 to 1
    )
    tribe_skew: float = 0.5  # Zipf exponent of the tribes' sizes
    price_medians: tuple[int, ...] = (1900, 3900, 3500, 4900, 7900, 3200, 2900, 5900, 4500, 6900)
    """Cents, median price by category."""
    price_spread: float = 0.4  # sd of log price within a category

    # Categories: 0 T-shirt, 1 trouser, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8
    # bag, 9 ankle boot
    families: tuple[tuple[int, ...], ...] = ((0, 2, 4, 6), (5, 7, 9))
    """Categories that replace each other: tops; shoes."""
    goes_with: tuple[tuple[int, ...], ...] = (
        *((1, 4), (0, 7), (1, 9), (5, 8), (1, 9)),
        *((8, 3), (1, 9), (1, 0), (3, 5), (1, 8)),
    )
    """By category, what complements it: after a dress sandals, then a bag."""

    # What a shopper is
    query_pull: float = 0.8  # log-odds per sd of likeness to the query image
    taste_pull: float = 1.4  # log-odds per sd of agreement with her own taste
    popular_share: float = (
        0.08  # share of the taste variance that all shoppers have in common, 0 to 1
    )
    taste_memory: float = (
        0.98  # autocorrelation of her own taste from day to day; the rest is drift
    )
    price_sensitivity: float = 0.2  # median over shoppers, log-odds lost per sd of log price
    price_sensitivity_spread: float = 0.5  # sd over shoppers of the logarithm of price sensitivity
    patience_spread: float = 0.7  # sd over shoppers, log-odds of staying
    habit_spread: float = 0.8  # sd over shoppers, log-odds of a visit

    # What she comes for
    visit_base: float = 0.75  # log-odds that a shopper of average habit comes on a day
    visit_satisfaction: float = (
        0.8  # log-odds of a visit per unit of satisfaction, which is -1 to 1
    )
    satisfaction_memory: float = 0.7  # share of satisfaction kept overnight, above 0
    demand_skew: float = 0.5  # Zipf exponent over the categories
    demand_spread: float = 0.7  # sd over shoppers of the log weight of a category
    owned_memory: float = 0.8  # share of a purchase that is remembered the next day, 0 to 1
    owned_cost: float = 1.5  # log weight that a category loses when just bought from
    owned_complement: float = 1.0  # log weight that a complement of it gains
    handful: int = 6  # number of query images she looks at before she picks one
    query_closeness: float = 0.5  # weight of her taste in picking it, per unit of Gumbel noise
    hours: tuple[float, ...] = (
        *(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0),
        *(6.0, 6.0, 5.0, 5.0, 5.0, 6.0, 7.0, 8.0, 9.0, 9.0, 6.0, 3.0),
    )
    """Relative weights of visits by hour. None between 0 and 6: visits of two days never
    overlap.
    """

    # How she reads a slate
    examine_first: float = 0.95  # probability that the first position is examined
    examine_falloff: float = 0.9  # ratio of that probability from one position to the next
    click_base: float = -3.9  # log-odds of a click on an average item of the wanted category
    family_cost: float = 1.0  # log-odds lost by an item of the same family
    complement_cost: float = 1.8  # log-odds lost by an item of a complementary category
    other_cost: float = 2.4  # log-odds lost by an item of any other category
    repeat_cost: float = 1.5  # log-odds lost by an item shown before in this session
    clicked_cost: float = 1.5  # log-odds lost in addition by an item clicked before in this session
    fatigue_seen: float = 0.1  # weight of the mean style of each slate read in her weariness
    fatigue_clicked: float = 0.1  # weight of the style of each clicked item in her weariness
    cart_base: float = -3.2  # log-odds that a click on an average item is followed by a cart
    cart_slope: float = 0.4  # log-odds of a cart per unit of utility
    purchase_base: float = -1.5  # log-odds that a cart of an average item is followed by a purchase
    purchase_slope: float = 0.2  # log-odds of a purchase per unit of utility
    purchase_price: float = (
        1.0  # weight of her price sensitivity at the till, beside the one in utility
    )

    # What she does next
    leave_base: float = -3.2  # log-odds that a visit of average patience ends after a slate
    leave_bad_slate: float = 0.6  # log-odds of leaving that a slate without a click adds
    leave_joy: float = 0.5  # log-odds of leaving taken off per unit of joy
    leave_purchase: float = 1.5  # log-odds of leaving that a purchase adds
    joy_click: float = 0.4  # joy of each click
    joy_cart: float = 0.6  # joy of each cart
    joy_purchase: float = 1.0  # joy of each purchase
    joy_bad_slate: float = -0.3  # joy of each slate without a click
    open_base: float = 0.8  # log-odds that she who stays opens an item she clicked
    open_pull: float = 0.4  # share by which an opened item moves what she looks for, 0 to 1
    open_noise: float = 0.3  # scale of the Gumbel noise in which click she opens
    cross_sell: float = 0.5  # probability that a search after a cart is for a complement

    # Clocks
    latency_ms: int = 120  # ms from a request to its slate
    glance_ms: int = 800  # ms for each position examined, mean
    dwell_ms: int = 20_000  # ms on a clicked item of average utility, median
    dwell_slope: float = 0.25  # log dwell per unit of utility
    dwell_spread: float = 0.8  # sd of log dwell
    think_ms: int = 5_000  # ms from a slate to the next request, median
    think_spread: float = 0.6  # sd of the logarithm of thinking time
    checkout_ms: int = 60_000  # ms from a cart to its purchase

    # What came later: at their defaults these are left out of what is stored, so that the worlds
    # that were published before them keep their hashes.
    buying_mood: float = 0.0  # sd over visits, log-odds of a cart and of a purchase
    newcomer_share: float = 0.0  # share of shoppers who first come during the run, 0 to 1
    newcomer_days: int = 28  # days over which they first come
    churn: float = 0.0  # probability that a visit without joy is her last
    stop_after_click: float = 0.0  # probability that she reads no further after a click


LATER = ("buying_mood", "newcomer_share", "newcomer_days", "churn", "stop_after_click")
"""Settings that are stored only where they differ from their defaults."""


@dataclass(frozen=True)
class Preset:
    """A world by its name, and in a sentence what kind of shop it is."""

    world: WorldConfig
    sentence: str
    slates: int = 3
    """Slates that a session asks for at most, where nobody says how many."""


_ROWS = (
    Preset(
        WorldConfig(name="visual", hidden_share=0.1),
        "Pictures show nine tenths of an item's style.",
    ),
    Preset(
        WorldConfig(name="mixed"),
        "Pictures show half of an item's style; the rest shows only in what shoppers do. The demo's"
        " world.",
    ),
    Preset(
        WorldConfig(name="social", hidden_share=0.9),
        "Pictures show a tenth of an item's style; the rest shows only in what shoppers do.",
    ),
    Preset(
        WorldConfig(
            name="retail",
            tribe_skew=1.2,
            popular_share=0.5,
            patience_spread=2.4,
            habit_spread=1.2,
            visit_base=-4.6,
            demand_skew=1.3,
            examine_falloff=0.935,
            click_base=-4.3,
            cart_base=-6.8,
            purchase_base=-9.0,
            leave_base=1.0,
            leave_bad_slate=1.2,
            leave_joy=0.9,
            leave_purchase=-2.0,
            buying_mood=5.5,
            newcomer_share=0.6,
            churn=0.3,
        ),
        "Most who come are new, many leave after a look, a few items draw most clicks.",
        slates=20,
    ),
)
"""Whoever adds a preset writes a row here and in docs/WORLD.md, and pins its hash in the test."""

PRESETS = MappingProxyType({row.world.name: row.world for row in _ROWS})
"""Frozen: a change goes into CHANGELOG with all published rows before and after."""

SLATES = MappingProxyType({row.world.name: row.slates for row in _ROWS})
"""Slates of a session at most, by preset, where nobody says how many."""

SENTENCES = MappingProxyType({row.world.name: row.sentence for row in _ROWS})
"""What kind of shop each preset is."""

ARRIVING = ("new_share", "new_day")
"""What a world's text may say of new items; no number of the world's own."""


def plain(text: str) -> str:
    """A world's text with the numbers of its file, where it names one. ValueError says what would
    do.
    """
    return text_of(text, PRESETS)


def named(text: str) -> WorldConfig:
    """A preset, one with numbers of its own, `mixed,hidden_share=0.3`, or that of a file,
    `myshop.toml`. The presets stay as they are.

    A changed world carries the whole text as its name, so its hash is its own; the name of a file
    does not belong to it. Raises ValueError that says what would do.
    """
    base, *changes = (part.strip() for part in plain(text).split(","))
    changes = [change for change in changes if change.partition("=")[0] != FILE]
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
        share = float(said["new_share"])
        day = int(said["new_day"])
    except (KeyError, ValueError):
        raise ValueError("new items need both, like new_share=0.1,new_day=4") from None
    if not 0 < share < 1 or day < 1:
        raise ValueError(
            f"new_share must lie between 0 and 1, new_day above 0; found {share}, {day}"
        )
    return share, day


def preset_hash(config: WorldConfig) -> str:
    """sha256 of the canonical JSON of a world's numbers."""
    return sha256(
        json.dumps(to_settings(config), sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def to_settings(config: WorldConfig) -> dict[str, Any]:
    """The numbers of a world as a run's config keeps them."""
    usual = WorldConfig()
    return {
        name: value
        for name, value in asdict(config).items()
        if name not in LATER or value != getattr(usual, name)
    }


def slates_of(text: str) -> int:
    """How many slates a session of a world asks for at most, where nobody says how many."""
    try:
        base = plain(text).partition(",")[0].strip()
    except ValueError:  # whoever plays the world says what is wrong with it
        base = ""
    return SLATES.get(base, SLATES["mixed"])


def from_settings(settings: dict[str, Any]) -> WorldConfig:
    """A world from the settings that a run's config keeps; JSON turned its tuples into lists."""
    return WorldConfig(**{name: _hashable(value) for name, value in settings.items()})


def _hashable(value: Any) -> Any:
    return tuple(_hashable(part) for part in value) if isinstance(value, list) else value
