"""What a network is, in a few numbers: enough to build it in any runtime; nothing here has to be
loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

RELU_GAIN = 1.7139
"""sqrt(2 / (1 - 1/pi)): keeps the variance of rectified unit normals at one."""

WIDEST = 1024
DEEPEST = 16
"""Most channels, classes, pixels a side; most residual units a stage."""


@dataclass(frozen=True)
class Architecture:
    """All that is needed to build the network again."""

    name: str

    stem: tuple[int, int, int]
    """Kernel size, channels and stride of the first convolution."""

    stages: tuple[tuple[int, int, int], ...]
    """Channels, stride and number of residual units, one row a stage."""

    dim: int = 64
    """Numbers of an embedding that are trained."""

    classes: int = 10

    size: int = 28
    """Pixels a side of its pictures."""

    scale: float = 12.0
    """The cosine softmax multiplies cosines by it."""

    pixel_mean: float = 72.94
    """Of the training images, in grey levels."""

    pixel_std: float = 90.02
    """Standard deviation over the training images, in grey levels."""

    edges: int = 0
    """Principal components of edge histograms beside the numbers that are trained; 0: none."""

    def __post_init__(self) -> None:
        """ValueError for a network nobody means to build: a damaged manifest must not ask for
        terabytes.
        """
        widths = [*self.stem, *(width for stage in self.stages for width in stage[:2])]
        widths += [self.dim, self.classes, self.size]
        residuals = [stage[2] for stage in self.stages]
        is_sane = all(1 <= width <= WIDEST for width in widths) and 0 <= self.edges <= WIDEST
        if not is_sane or not all(0 <= n <= DEEPEST for n in residuals):
            raise ValueError(
                f"sizes must lie in 1..{WIDEST} and residual units in 0..{DEEPEST}: {self}"
            )

    def to_json(self) -> dict[str, Any]:
        """A dict of plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Architecture:
        """The inverse of `to_json`; ValueError when the values do not fit."""
        try:
            found = cls(**plain)
            kernel, channels, stride = found.stem
            return replace(
                found,
                stem=(kernel, channels, stride),
                stages=tuple((a, b, c) for a, b, c in found.stages),
            )
        except (TypeError, ValueError, IndexError) as error:
            raise ValueError(f"not an architecture: {error}") from None


BACKBONE = "mobilenet-v2"
"""What a manifest says under `backbone`; our own networks have no such entry."""


BLOCKS = (
    (1, 16, 1),
    (6, 24, 2),
    (6, 24, 1),
    (6, 32, 2),
    (6, 32, 1),
    (6, 32, 1),
    (6, 64, 2),
    (6, 64, 1),
    (6, 64, 1),
    (6, 64, 1),
    (6, 96, 1),
    (6, 96, 1),
    (6, 96, 1),
    (6, 160, 2),
    (6, 160, 1),
    (6, 160, 1),
    (6, 320, 1),
)
"""Expansion, channels and stride of each inverted residual (table 2 of the paper)."""

STEM = 32
LAST = 1280
"""Channels of the first and of the last convolution."""


@dataclass(frozen=True)
class MobileNet:
    """The same for a MobileNetV2 that ends in our projection and head."""

    name: str = "mobilenet"

    size: int = 96
    """Pixels a side of the pictures it is given."""

    channels: int = 3
    """Of the pictures it is given: 3 in colour, 1 grey (light on dark)."""

    resolution: int = 96
    """Pixels a side that the convolutions see; pictures are scaled to it inside."""

    alpha: float = 1.0
    """Width of the backbone, as in the paper."""

    dim: int = 64
    """Numbers of an embedding."""

    classes: int = 10

    scale: float = 16.0
    """The cosine softmax multiplies cosines by it."""

    backbone: str = BACKBONE

    def __post_init__(self) -> None:
        """ValueError for a network nobody means to build: a damaged manifest must not ask for
        terabytes.
        """
        if self.backbone != BACKBONE or self.channels not in {1, 3} or not 0.1 <= self.alpha <= 1.4:
            raise ValueError(
                f"wanted {BACKBONE} with 1 or 3 channels and alpha in 0.1..1.4: {self}"
            )
        if not all(1 <= n <= WIDEST for n in (self.size, self.resolution, self.dim, self.classes)):
            raise ValueError(f"sizes must lie in 1..{WIDEST}: {self}")

    def to_json(self) -> dict[str, Any]:
        """A dict of plain values."""
        return asdict(self)

    def width(self, channels: int) -> int:
        """Channels at this alpha: the nearest multiple of 8, but never more than a tenth less."""
        rounded = max(8, int(channels * self.alpha + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * channels * self.alpha else rounded

    @property
    def last(self) -> int:
        """Channels of the last convolution, which is never narrower than the paper's."""
        return self.width(LAST) if self.alpha > 1 else LAST

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> MobileNet:
        """The inverse of `to_json`; ValueError when the values do not fit."""
        try:
            return cls(**plain)
        except TypeError as error:
            raise ValueError(f"not an architecture: {error}") from None


def described(plain: Mapping[str, Any]) -> Architecture | MobileNet:
    """The architecture that a manifest describes; ValueError when it is none of ours."""
    return MobileNet.from_json(plain) if "backbone" in plain else Architecture.from_json(plain)


PRESETS = {
    "quick": Architecture("quick", stem=(5, 32, 2), stages=((64, 2, 0), (96, 1, 0), (64, 1, 0))),
    "general": Architecture(
        "general", stem=(5, 32, 2), stages=((64, 2, 0), (96, 1, 0), (64, 1, 0)), edges=128
    ),
    "best": Architecture("best", stem=(3, 32, 1), stages=((48, 2, 2), (64, 2, 2)), scale=16.0),
}
