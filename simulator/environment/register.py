"""Tells Gymnasium of our environment: now, or as soon as somebody imports it. Imports it never."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

ID = "windowshop/Shop-v0"
_FOLDER = "simulator.environment"


def announce() -> None:
    """Make `gymnasium.make("windowshop/Shop-v0")` work, whichever of the two is imported first."""
    if (gymnasium := sys.modules.get("gymnasium")) is not None:
        register(gymnasium)
    elif not any(isinstance(finder, _OnImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _OnImport())


def register(gymnasium: Any) -> None:
    """Enter the environment; once is enough."""
    # While Gymnasium itself imports us it may not have its registry yet.
    if hasattr(gymnasium, "registry") and ID not in gymnasium.registry:
        gymnasium.register(
            ID,
            entry_point=f"{_FOLDER}.single:ShopEnv",
            vector_entry_point=f"{_FOLDER}.vector:ShopVectorEnv",
        )


class _OnImport(MetaPathFinder):
    """Waits for the import of Gymnasium, and finds nothing else."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Gymnasium's own spec, which registers our environment when it was executed."""
        if fullname != "gymnasium":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Registering(spec.loader)
        return spec


class _Registering(Loader):
    """Gymnasium's loader, and one line more."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As ever."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """As ever; then our environment is there, too."""
        self._loader.exec_module(module)
        register(module)
