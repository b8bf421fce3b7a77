"""Case 19: weights that are damaged, cut, of another shape, not numbers, or of another model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import Engine, delete, select, update

from db.embeddings import EmbedderKey
from db.engine import read_transaction, write_transaction
from db.errors import DataError, WorkError
from db.tables import embedding, model
from recommender.embedding import checkpoint
from recommender.embedding.runtimes import runtime_key
from simulator.operations.verify import verify
from tests import factories
from tests.faults.account import Account, tale_of
from tests.faults.conftest import PLAN
from tests.faults.harness import supervised
from tests.faults.lane import short_or_whole
from tests.installation import a_model
from workers.knowledge import Library
from workers.local_workforce import LocalWorkforce

Accounts = Callable[..., Account]
Damage = Callable[[bytes, bytes], tuple[bytes, bytes]]


def a_flipped_bit(manifest: bytes, weights: bytes) -> tuple[bytes, bytes]:
    """One of all of them."""
    spoilt = bytearray(weights)
    spoilt[len(spoilt) // 2] ^= 1
    return manifest, bytes(spoilt)


def cut_off(manifest: bytes, weights: bytes) -> tuple[bytes, bytes]:
    """The last number is missing."""
    return manifest, weights[:-4]


def too_long(manifest: bytes, weights: bytes) -> tuple[bytes, bytes]:
    """One number too many."""
    return manifest, weights + b"\0\0\0\0"


def no_numbers(manifest: bytes, weights: bytes) -> tuple[bytes, bytes]:
    """A NaN, under a checksum that is right."""
    numbers = np.frombuffer(weights, "<f4").copy()
    numbers[0] = np.nan
    return resealed(manifest, numbers.tobytes())


def another_model(manifest: bytes, weights: bytes) -> tuple[bytes, bytes]:
    """Whole and sound, but not the model of this name."""
    return resealed(manifest, (np.frombuffer(weights, "<f4") + 1).astype("<f4").tobytes())


def no_manifest(_: bytes, weights: bytes) -> tuple[bytes, bytes]:
    """Bytes that say nothing."""
    return b"\x80\x04pickle", weights


def other_shapes(manifest: bytes, weights: bytes) -> tuple[bytes, bytes]:
    """As many numbers in other shapes, which no network of ours has; to see that takes
    TensorFlow.
    """
    plain = json.loads(manifest)
    plain["weights"][0]["shape"] = [3, 2]
    return json.dumps(plain).encode(), weights


def resealed(manifest: bytes, weights: bytes) -> tuple[bytes, bytes]:
    """With the checksum of what is there now."""
    plain = json.loads(manifest)
    return json.dumps(
        {**plain, "weights_sha256": hashlib.sha256(weights).hexdigest()}
    ).encode(), weights


DAMAGES = (a_flipped_bit, cut_off, too_long, no_numbers, another_model, no_manifest, other_shapes)


@pytest.mark.parametrize(
    "damage", short_or_whole(DAMAGES[:-1], DAMAGES), ids=lambda one: one.__name__
)
def test_19_damaged_weights_are_refused_by_name(
    sqlite: Engine, accounts: Accounts, damage: Damage
) -> None:
    """Swapped while the shop is open: what was made with the good ones stays, nothing is made with
    these.
    """
    account = accounts(19, f"weights: {damage.__name__.replace('_', ' ')}", sqlite)
    key = stock_with_a_model(sqlite)
    resolved = factories.resolved(sqlite, PLAN)
    resolved.config["model"] = key
    played = factories.simulate(
        factories.context_of(sqlite), resolved, LocalWorkforce(sqlite)
    ).run.id
    before = tale_of(sqlite, played)
    with write_transaction(sqlite) as conn:
        row = conn.execute(
            select(model.c.manifest, model.c.weights).where(model.c.key == key)
        ).one()
        manifest, weights = damage(row.manifest.encode("utf-8", "surrogateescape"), row.weights)
        values = {"manifest": manifest.decode("latin-1"), "weights": weights}
        conn.execute(update(model).where(model.c.key == key).values(**values))

    with pytest.raises(DataError, match=f"model {key} cannot be used"):
        Library(sqlite).embedder(EmbedderKey(key, runtime_key("tensorflow")))
    # The last good slates are still there, and so is everything that they follow from.
    account.audit(sqlite, before)
    assert [check for check in verify(factories.context_of(sqlite), played) if not check.ok] == []


def test_19_work_with_damaged_weights_is_parked_with_the_models_name(
    sqlite: Engine, accounts: Accounts
) -> None:
    """Real workers try three times, live on, and whoever waits is told which model it is."""
    accounts(19, "weights damaged, through the queue", sqlite)
    key = stock_with_a_model(sqlite)
    with write_transaction(sqlite) as conn:
        conn.execute(delete(embedding))
        conn.execute(update(model).where(model.c.key == key).values(weights=b"cut"))
    resolved = factories.resolved(sqlite, PLAN)
    resolved.config["model"] = key
    with supervised(sqlite) as supervisor:
        with pytest.raises(WorkError, match=f"model {key} cannot be used"):
            factories.simulate(factories.context_of(sqlite), resolved, supervisor)
        assert supervisor.restarts == 0


def stock_with_a_model(engine: Engine) -> str:
    """The toy catalogue as if a model with a manifest had embedded it; gives the model's key."""
    from db import models

    factories.stock(engine)
    manifest, weights = a_model()
    key = checkpoint.model_key(json.loads(manifest))
    with write_transaction(engine) as conn:
        models.add(conn, key, manifest, weights)
        rows = conn.execute(select(embedding)).mappings().all()
        conn.execute(embedding.insert(), [{**row, "model": key} for row in rows])
    with read_transaction(engine) as conn:
        assert models.read(conn, key)[1] == weights
    return key
