"""The shared log's measures: each request in its strata once, means over requests, by shopper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.report.numbers.offline import (
    EVERYTHING,
    LoggedRequests,
    Tally,
    measure,
    of_cell,
    over_logs,
    values,
)

N_ITEMS = 30
N_SHOPPERS = 12
K = 10


def requests(n: int = 80, *, seed: int = 0) -> LoggedRequests:
    """LoggedRequests of a dozen shoppers; about half of them clicked, at most twice."""
    draws = np.random.default_rng(seed)
    clicked = np.full((n, K), -1, np.int32)
    for row in range(n):
        several = draws.permutation(N_ITEMS)[: draws.choice([0, 0, 1, 2])]
        clicked[row, : len(several)] = several
    return LoggedRequests(
        shopper=draws.integers(0, N_SHOPPERS, n),
        gains=draws.random((n, N_ITEMS)) ** 3,
        clicked=clicked,
        beside=draws.choice([0, 1, 20, 21, 90], n),
        times=draws.choice([0, 1, 20, 21, 90], N_ITEMS),
    )


def slates(n: int, *, seed: int) -> Any:
    """Random slates."""
    draws = np.random.default_rng(seed)
    return np.array([draws.permutation(N_ITEMS)[:K] for _ in range(n)], np.int32)


def measured(seed: int = 0) -> dict[str, Any]:
    """Two policies on one log: one ranks by the gains, one by lot."""
    asked = requests(seed=seed)
    tally = Tally(N_SHOPPERS)
    best = np.argsort(-asked.gains, axis=1)[:, :K].astype(np.int32)
    tally.add(asked, {"lot": slates(80, seed=5 + seed), "best": best})
    return measure(tally)


def test_a_request_stands_in_one_stratum_of_each_side() -> None:
    """Cold is 0, warm 1 to 20, hot above; a request without a click has no truth."""
    asked = requests()
    strata = asked.strata()
    assert strata[EVERYTHING].all()
    profile = np.array([strata["profile", name] for name in ("cold", "warm", "hot")])
    truth = np.array([strata["truth", name] for name in ("cold", "warm", "hot")])
    assert (profile.sum(axis=0) == 1).all()
    assert np.array_equal(truth.sum(axis=0), asked.clicked[:, 0] >= 0)
    for row, count in enumerate(asked.beside.tolist()):
        assert profile[:, row].tolist() == [count == 0, 1 <= count <= 20, count > 20]


def test_means_are_over_requests_and_undefined_ones_are_counted() -> None:
    """A request without a click has an ndcg and no truth; it is left out there, and counted."""
    asked = requests()
    found = measured()
    by_hand = values(slates(80, seed=5), asked)
    for metric, each in by_hand.items():
        told = found["policies"]["lot"][metric]
        assert told["value"] == pytest.approx(np.nanmean(each))
        assert told["n"] == np.count_nonzero(~np.isnan(each))
        assert told["low"] < told["value"] < told["high"]
    assert found["empty"] == np.count_nonzero(asked.clicked[:, 0] < 0) > 0
    assert found["requests"] == 80 == found["policies"]["lot"]["ndcg@10"]["n"]
    warm = asked.strata()["profile", "warm"]
    told = found["strata"]["profile"]["warm"]["lot"]["ndcg@10"]
    assert told["value"] == pytest.approx(by_hand["ndcg@10"][warm].mean())


def test_ranking_by_the_gains_is_perfect() -> None:
    """Its ndcg is 1 in every stratum, and the difference to a lot is above 0 beyond chance."""
    found = measured()
    for cell in (EVERYTHING, ("profile", "cold"), ("truth", "warm")):
        assert of_cell(found, cell)["best"]["ndcg@10"]["value"] == pytest.approx(1.0)
    gap = next(
        row for row in found["differences"] if row["metric"] == "ndcg@10" and row["by"] == "all"
    )
    assert (gap["a"], gap["b"]) == ("best", "lot")
    assert gap["low"] > 0


def test_the_next_click_is_the_first_of_the_slate() -> None:
    """next_hit_rate asks for the first click only, recall for all."""
    asked = requests(1)
    asked.clicked[0] = [4, 7, *[-1] * 8]
    only_second = np.array([[7, *range(20, 29)]], np.int32)
    found = values(only_second, asked)
    assert found["next_hit_rate@10"][0] == 0
    assert found["recall@10"][0] == 0.5
    assert found["mrr"][0] == 1


def test_requests_may_come_in_pieces() -> None:
    """Two halves give the numbers of the whole."""
    asked = requests()
    shown = slates(80, seed=5)
    whole = Tally(N_SHOPPERS)
    parts = Tally(N_SHOPPERS)
    whole.add(asked, {"lot": shown})
    for rows in (slice(0, 33), slice(33, None)):
        piece = LoggedRequests(
            asked.shopper[rows],
            asked.gains[rows],
            asked.clicked[rows],
            asked.beside[rows],
            asked.times,
        )
        parts.add(piece, {"lot": shown[rows]})
    one = measure(whole)["policies"]["lot"]
    other = measure(parts)["policies"]["lot"]
    for metric in one:
        assert one[metric]["value"] == pytest.approx(other[metric]["value"], rel=1e-12)


def test_several_logs_have_intervals_over_their_seeds() -> None:
    """The value is the mean of the logs' values, n the sum; one log stays as it is."""
    logs = [measured(seed) for seed in range(4)]
    found = over_logs(logs)
    told = found["policies"]["lot"]["mrr"]
    assert told["value"] == pytest.approx(
        np.mean([log["policies"]["lot"]["mrr"]["value"] for log in logs])
    )
    assert told["n"] == sum(log["policies"]["lot"]["mrr"]["n"] for log in logs)
    assert found["intervals"] == "over 4 seeds"
    assert over_logs(logs[:1])["policies"] == logs[0]["policies"]
