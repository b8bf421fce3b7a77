"""The API against whatever its own OpenAPI document allows, and much that it does not."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from tests.conftest import up_to_date
from tests.service.shop import open_shop

pytestmark = pytest.mark.service

LEFT_OUT = ("/stream/", "/experiments")
"""Endless, and what starts processes."""
CALLS = 340
"""Of each operation, with fitting data and as many with unfitting ones."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory):
    """A shop that answers."""
    folder: Path = tmp_path_factory.mktemp("shop")
    for engine in up_to_date(f"sqlite:///{folder / 'shop.db'}"):
        with open_shop(engine) as (_, client):
            yield client


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_nothing_that_is_sent_gets_a_5xx(client: httpx.Client) -> None:
    """Every operation but the endless streams, with fitting and unfitting data: never a 5xx but
    503, and every error is a problem.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tool's own dependencies
        import schemathesis
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    called = 0
    modes = list(schemathesis.GenerationMode)
    every = [(one.ok(), mode) for one in schema.get_all_operations() for mode in modes]
    for operation, mode in every:
        if any(one in operation.path for one in LEFT_OUT):
            continue
        strategy = operation.as_strategy(generation_mode=mode)

        @settings(
            max_examples=CALLS,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def call(case) -> None:
            nonlocal called
            called += 1
            answer = case.call(base_url=str(client.base_url))
            assert answer.status_code < 500 or answer.status_code == 503, case.as_curl_command()
            if answer.status_code >= 400:
                assert answer.headers["content-type"][0].startswith("application/problem+json")

        with suppress(Unsatisfiable):  # of what takes nothing, nothing is unfit
            call()
    assert called >= 5000
    assert client.get("/healthz").text == "ok\n"
