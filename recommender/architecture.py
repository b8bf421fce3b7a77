"""What a network is, in a few numbers: enough to build it in any runtime; nothing here has to be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

RELU_GAIN = 1.7139
"""sqrt(2 / (1 - 1/pi)): keeps the variance of rectified unit normals at one."""

WIDEST, DEEPEST = 1024, 16
"""Most channels, classes, pixels a side; most residual units a stage."""


@dataclass(frozen=True)
class Architecture:
    """All that is needed to build the network again.

    stem: kernel size, channels and stride of the first convolution.
    stages: channels, stride and number of residual units, one row a stage.
    scale: the cosine softmax multiplies cosines by it.
    pixel_mean, pixel_std: of the training images, in grey levels.
    """

    name: str
    stem: tuple[int, int, int]
    stages: tuple[tuple[int, int, int], ...]
    dim: int = 64
    classes: int = 10
    size: int = 28
    scale: float = 12.0
    pixel_mean: float = 72.94
    pixel_std: float = 90.02

    def __post_init__(self) -> None:
        """ValueError for a network nobody means to build: a damaged manifest must not ask for terabytes."""
        widths = [*self.stem, *(width for stage in self.stages for width in stage[:2])]
        widths += [self.dim, self.classes, self.size]
        residuals = [stage[2] for stage in self.stages]
        if not all(1 <= width <= WIDEST for width in widths) or not all(0 <= n <= DEEPEST for n in residuals):
            raise ValueError(f"sizes must lie in 1..{WIDEST} and residual units in 0..{DEEPEST}: {self}")

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
                found, stem=(kernel, channels, stride), stages=tuple((a, b, c) for a, b, c in found.stages)
            )
        except (TypeError, ValueError, IndexError) as error:
            raise ValueError(f"not an architecture: {error}") from None


PRESETS = {
    "quick": Architecture("quick", stem=(5, 32, 2), stages=((64, 2, 0), (96, 1, 0), (64, 1, 0))),
    "best": Architecture("best", stem=(3, 32, 1), stages=((48, 2, 2), (64, 2, 2)), scale=16.0),
}
