"""Every setting of the recommender, frozen, as canonical JSON and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from recommender.profile import ProfileConfig
from recommender.registry import POLICIES
from recommender.scoring.calibration import LearningConfig
from recommender.scoring.itemknn import ItemKnnConfig
from recommender.taste.model import TasteConfig

INDEXES = ("exact", "approximate")
"""`exact` compares every candidate, `approximate` most of those that matter (the extra faiss)."""


@dataclass(frozen=True)
class RecommenderConfig:
    """Every setting of the recommender."""

    policy: str = "blend"
    """A name of registry.POLICIES."""

    slate_size: int = 10
    """Items on a slate."""

    neighbours: int = 200
    """Visual candidates of each profile item."""

    index: str = "exact"
    """How the visual candidates are found: one of INDEXES."""

    exclude_shown: bool = True
    """Whether what the session has already been shown is left out."""

    fixed_weight: float = 0.5
    """Share of behaviour in the score of blend-fixed, 0 to 1."""

    profile: ProfileConfig = field(default_factory=ProfileConfig)
    learning: LearningConfig = field(default_factory=LearningConfig)
    itemknn: ItemKnnConfig = field(default_factory=ItemKnnConfig)
    taste: TasteConfig = field(default_factory=TasteConfig)

    def __post_init__(self) -> None:
        """Raise ValueError for an unknown policy or a setting that means nothing."""
        if self.policy not in POLICIES:
            raise ValueError(f"unknown policy {self.policy!r}: choose from {', '.join(POLICIES)}")
        if self.index not in INDEXES:
            raise ValueError(f"unknown index {self.index!r}: choose from {', '.join(INDEXES)}")
        if self.slate_size < 1 or self.neighbours < 1 or not 0 <= self.fixed_weight <= 1:
            raise ValueError(
                "slate_size and neighbours must be at least 1, fixed_weight between 0 and 1"
            )

    @property
    def learns_taste(self) -> bool:
        """Whether the policy learns the tastes of shoppers, not only pairs of items."""
        return POLICIES[self.policy].learns == "taste" and self.taste.dims > 0

    def to_json(self) -> str:
        """Canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> RecommenderConfig:
        """The inverse of to_json; what is left out has its default, an unknown setting raises
        ValueError.
        """
        stored = json.loads(text)
        nested = {
            "profile": ProfileConfig,
            "learning": LearningConfig,
            "itemknn": ItemKnnConfig,
            "taste": TasteConfig,
        }
        values: dict[str, Any] = _known(cls, stored)
        for name, kind in nested.items():
            if name in values:
                values[name] = kind(**_known(kind, values[name]))
        return cls(**values)


def _known(kind: Any, stored: dict[str, Any]) -> dict[str, Any]:
    unknown = set(stored) - {each.name for each in fields(kind)}
    if unknown:
        raise ValueError(f"{kind.__name__} has no setting {', '.join(sorted(unknown))}")
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
    }
