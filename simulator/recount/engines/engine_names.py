"""The engines by name, without any of their libraries."""

from __future__ import annotations

from enum import StrEnum


class EngineName(StrEnum):
    """Who counts."""

    SCIPY = "scipy"
    DUCKDB = "duckdb"
    SPARK = "spark"
