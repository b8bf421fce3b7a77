"""What an engine is asked: tables in Parquet, and what is to be counted, in words and in SQL.

The SQL is standard enough for DuckDB and for Spark, and sums whole numbers alone. It states the
definitions of recommender.profile, recommender.scoring.cointeraction and recommender.session_log
a second time, on purpose: what two programs agree on is seldom the same mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from db.events import Kind
from recommender.profile import ProfileConfig

ACTS = (Kind.CLICK, Kind.CART, Kind.PURCHASE)


@dataclass(frozen=True)
class SlateQuestion:
    """How often j was shown, and acted on, to sessions with i in the profile.

    Tables: events (session, ordinal, kind, step, query, item, position, impression), showings
    (session, ordinal, position, item), an impression's items one a row, and weights (position,
    weight), examinations in 1/1024.
    """

    folder: Path
    n: int
    profile: ProfileConfig

    tables = ("events", "showings", "weights")
    names = ("shown", "acted")

    def sql(self) -> str:
        """One row a pair: i, j, shown, acted."""
        # An action is known by its impression and its place there; twice on one place counts once.
        return f"""
WITH asked AS (SELECT session, ordinal, step, query FROM events WHERE kind = {Kind.IMPRESSION:d}),
mention AS (
  SELECT session, ordinal, query AS item, 0 AS place FROM asked
  UNION ALL
  SELECT a.session, a.ordinal,
    CASE WHEN e.kind IN ({Kind.SEARCH:d}, {Kind.VIEW:d}) THEN e.query ELSE e.item END,
    {2**31 - 1} - e.ordinal
  FROM asked a JOIN events e ON e.session = a.session AND e.step < a.step
  WHERE e.kind IN ({_listed(self.counted_kinds())})
    AND CASE WHEN e.kind IN ({Kind.SEARCH:d}, {Kind.VIEW:d}) THEN e.query ELSE e.item END >= 0
),
distinct_mention AS (
  SELECT session, ordinal, item, min(place) AS place FROM mention
  GROUP BY session, ordinal, item
),
ranked AS (
  SELECT session, ordinal, item,
    row_number() OVER (PARTITION BY session, ordinal ORDER BY place) AS rank
  FROM distinct_mention
),
acted AS (
  SELECT DISTINCT session, impression, position FROM events
  WHERE kind IN ({_listed(ACTS)}) AND impression >= 0
),
showing AS (
  SELECT s.session, s.ordinal, s.item, w.weight,
    CASE WHEN a.session IS NULL THEN 0 ELSE 1 END AS acted
  FROM showings s JOIN weights w ON w.position = s.position
  LEFT JOIN acted a
    ON a.session = s.session AND a.impression = s.ordinal AND a.position = s.position
)
SELECT r.item AS i, s.item AS j,
  CAST(sum(s.weight) AS BIGINT) AS shown, CAST(sum(s.acted) AS BIGINT) AS acted
FROM ranked r JOIN showing s ON s.session = r.session AND s.ordinal = r.ordinal
WHERE r.rank <= {self.profile.length} AND r.item >= 0 AND r.item <> s.item
GROUP BY r.item, s.item"""  # noqa: S608 - numbers of ours alone

    def counted_kinds(self) -> list[Kind]:
        """Whose items enter a profile after the step in which they happened."""
        weights = self.profile.kind_weights
        return [kind for kind in Kind if weights.get(kind.name.lower(), 0) > 0]


@dataclass(frozen=True)
class VisitQuestion:
    """In how many sessions i came before j, and right before it; each item once, where it came
    first.

    Tables: events (session, place, item), places rising with time.
    """

    folder: Path
    n: int
    window: int
    """Pairs further apart are not counted."""

    tables = ("events",)
    names = ("before", "right before")

    def sql(self) -> str:
        """One row a pair: i, j, before, right before."""
        return f"""
WITH distinct_item AS (
  SELECT session, item, min(place) AS place FROM events GROUP BY session, item
),
placed AS (
  SELECT session, item, row_number() OVER (PARTITION BY session ORDER BY place) AS place
  FROM distinct_item
)
SELECT a.item AS i, b.item AS j, CAST(count(*) AS BIGINT) AS before,
  CAST(sum(CASE WHEN b.place = a.place + 1 THEN 1 ELSE 0 END) AS BIGINT) AS right_before
FROM placed a JOIN placed b ON b.session = a.session
WHERE b.place > a.place AND b.place <= a.place + {self.window}
GROUP BY a.item, b.item"""  # noqa: S608 - a number of ours alone


Question = SlateQuestion | VisitQuestion


def _listed(kinds: list[Kind] | tuple[Kind, ...]) -> str:
    return ", ".join(str(int(kind)) for kind in kinds) or "0"
