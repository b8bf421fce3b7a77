"""Co-interaction counts by Polars, a peer that is measured beside the engines of `recount`."""

from __future__ import annotations

import numpy as np
import polars as pl

from db.events import Kind
from simulator.recount.cells import Cells
from simulator.recount.question import ACTS, SlateQuestion

SLATE = ["session", "ordinal"]


def count(question: SlateQuestion) -> Cells:
    """The answer, by the streaming engine of Polars."""
    events, showings, weights = (
        pl.scan_parquet(question.folder / table / "*.parquet") for table in question.tables
    )
    profile = _profiles(events, question)
    acted = (
        events.filter(
            pl.col("kind").is_in([int(kind) for kind in ACTS]) & (pl.col("impression") >= 0)
        )
        .select("session", pl.col("impression").alias("ordinal"), "position")
        .unique()
        .with_columns(acted=pl.lit(1, pl.Int64))
    )
    showing = (
        showings.join(weights, on="position")
        .join(acted, on=[*SLATE, "position"], how="left")
        .with_columns(pl.col("acted").fill_null(0))
    )
    found = (
        profile.join(showing.rename({"item": "j"}), on=SLATE)
        .filter((pl.col("item") >= 0) & (pl.col("item") != pl.col("j")))
        .group_by("item", "j")
        .agg(pl.col("weight").sum(), pl.col("acted").sum())
        .collect(engine="streaming")
    )
    i, j, shown, acts = (found[name].to_numpy().astype(np.int64) for name in found.columns)
    return Cells.of(question.n, i * question.n + j, shown, acts)


def _profiles(events: pl.LazyFrame, question: SlateQuestion) -> pl.LazyFrame:
    """session, ordinal, item: what is in the profile of each slate."""
    asked = events.filter(pl.col("kind") == int(Kind.IMPRESSION)).select(
        *SLATE, "step", pl.col("query").alias("item")
    )
    is_query = pl.col("kind").is_in([int(Kind.SEARCH), int(Kind.VIEW)])
    before = (
        events.filter(pl.col("kind").is_in([int(kind) for kind in question.counted_kinds()]))
        .select(
            "session",
            pl.col("step").alias("then"),
            (2**31 - 1 - pl.col("ordinal").cast(pl.Int64)).alias("place"),
            pl.when(is_query).then("query").otherwise("item").alias("item"),
        )
        .filter(pl.col("item") >= 0)
    )
    earlier = (
        asked.drop("item")
        .join(before, on="session")
        .filter(pl.col("then") < pl.col("step"))
        .select(*SLATE, "item", "place")
    )
    itself = asked.select(*SLATE, "item", pl.lit(0, pl.Int64).alias("place"))
    return (
        pl.concat([itself, earlier])
        .group_by(*SLATE, "item")
        .agg(pl.col("place").min())
        .filter(pl.col("place").rank("ordinal").over(SLATE) <= question.profile.length)
        .drop("place")
    )
