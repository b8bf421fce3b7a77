"""The page says in words what is unlike, and what gives it away."""

from __future__ import annotations

from simulator.realism.page import page, sentences

SURE = {"low": 1.5, "high": 2.5, "chance": 0.2, "is_unlike": True}
CHANCE = {"low": 0.05, "high": 0.2, "chance": 0.2, "is_unlike": False}
DOCUMENT = {
    "file": "log.csv",
    "sha256": "0",
    "visits": {"real": 30, "simulated": 40},
    "measures": {
        "looks a visit": {
            "real": 4,
            "simulated": 2,
            "distance": 2,
            "low": 1.5,
            "high": 2.5,
            **SURE,
        },
        "visits a shopper": {
            "real": 3,
            "simulated": 3,
            "distance": 0.1,
            "low": 0.05,
            "high": 0.2,
            **CHANCE,
        },
    },
    "not_told": {"items an order": "it has no purchases", "price": "it has no prices"},
    "gives_away": {"looks": 0.8},
    "auc": {"value": 0.8, "low": 0.7, "high": 0.9},
}


def test_only_what_is_surely_unlike_is_said() -> None:
    """The other measure stands in the table alone."""
    said = sentences(DOCUMENT)
    assert [one.partition(":")[0] for one in said[:-2]] == ["Looks a visit"]
    assert "0.800 (0.700 to 0.900)" in said[-2]
    assert page(DOCUMENT, "windowshop").headline.startswith("Unlike yours in 1 of 2 measures")


def test_what_a_log_does_not_tell_is_said_with_the_reason() -> None:
    """Missing is not zero."""
    said = sentences(DOCUMENT)[-1]
    assert said.startswith("Not told by this log: items an order (it has no purchases); price")
