"""The network is what its description says, whatever the batch and however often it is built."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from recommender.embedding import network
from recommender.embedding.network import PRESETS, Architecture

TINY = Architecture("tiny", stem=(3, 8, 4), stages=((8, 2, 1),), dim=6, classes=3)


def pictures(n: int, seed: int = 0) -> np.ndarray:
    """Random grey levels float32 [n, 28, 28, 1]."""
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28, 1)).astype(np.float32)


@pytest.mark.parametrize(("name", "most"), [("quick", 140_000), ("best", 300_000)])
def test_presets_stay_within_their_size(name: str, most: int) -> None:
    """Quick has about 130,000 parameters, best at most 300,000; both embed in 64 numbers."""
    model = network.build(PRESETS[name], seed=1)
    assert 0.7 * most < model.count_params() <= most
    assert model.output_shape == [(None, 64), (None, 10)]


def test_embeddings_are_unit_rows_and_logits_their_scaled_cosines() -> None:
    """The norm is 1, and no logit exceeds the scale: what is trained is the cosine that retrieval
    uses.
    """
    embeddings, logits = (out.numpy() for out in network.build(TINY, seed=1)(pictures(20)))
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    assert np.abs(logits).max() <= TINY.scale * (1 + 1e-5)


def test_the_same_seed_builds_the_same_weights_and_another_seed_others() -> None:
    """Nothing is drawn from a global generator."""
    first, again, other = (network.build(TINY, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_bfloat16_and_float32_hold_the_same_weights() -> None:
    """Weights trained in bfloat16 fit the float32 network one by one, and give nearly the same
    embedding.
    """
    trained = network.build(TINY, seed=1, compute="mixed_bfloat16")
    served = network.build(TINY, seed=2)
    assert {weight.dtype for weight in trained.weights} == {"float32"}
    served.set_weights(trained.get_weights())
    cosine = (trained(pictures(9))[0].numpy() * served(pictures(9))[0].numpy()).sum(1)
    assert cosine.min() > 0.99


def test_a_residual_unit_starts_as_the_identity() -> None:
    """Leaving the units out of a fresh network changes nothing, so depth costs no stability."""
    deep = network.build(TINY, seed=1)
    flat = network.build(replace(TINY, stages=((8, 2, 0),)), seed=5)
    by_name = {weight.path: weight.numpy() for weight in deep.weights}
    flat.set_weights([by_name[weight.path] for weight in flat.weights])
    np.testing.assert_allclose(deep(pictures(5))[0], flat(pictures(5))[0], atol=1e-6)


def test_normalisation_is_part_of_the_network() -> None:
    """Twice the grey levels, mean and deviation give the same embedding."""
    doubled = replace(TINY, pixel_mean=2 * TINY.pixel_mean, pixel_std=2 * TINY.pixel_std)
    once = network.build(TINY, seed=1)(pictures(5))
    twice = network.build(doubled, seed=1)(2 * pictures(5))
    np.testing.assert_allclose(once[0], twice[0], atol=1e-5)


def test_a_description_survives_json() -> None:
    """The manifest's architecture is the one that was trained, tuples included."""
    for architecture in (*PRESETS.values(), TINY):
        assert (
            Architecture.from_json(json.loads(json.dumps(architecture.to_json()))) == architecture
        )


@pytest.mark.parametrize(
    "plain", [{"name": "x"}, TINY.to_json() | {"stem": [3, 8]}, TINY.to_json() | {"new": 1}]
)
def test_a_description_that_does_not_fit_is_refused(plain: dict[str, object]) -> None:
    """Missing, short and unknown values raise ValueError."""
    with pytest.raises(ValueError, match="not an architecture"):
        Architecture.from_json(plain)
