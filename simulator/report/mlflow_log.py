"""Keeps a report in MLflow: a run for each policy, with its settings, headlines and files.

MLflow itself is the extra `windowshop[mlflow]`; its client writes to a folder (file:///...) or to
a server (http://...).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from db.errors import DependencyError, UsageError
from simulator.report.numbers.panel import RunData
from simulator.report.pages.writer import Headline
from simulator.report.text import labels
from workers.addresses import without_secrets
from workers.settings import quieten_mlflow

# ruff: noqa: PLC0415 - MLflow is an extra

EXPERIMENT = "windowshop"
"""The MLflow experiment that all reports stand in."""
SCHEMES = ("file:///", "http://", "https://")
FILES = ("report.html", "metrics.json", "segments.json")
"""Of a report's folder; the last one is there where two policies are compared."""
ENDS = {"value": "", "low": "_low", "high": "_high"}


def check(uri: str) -> None:
    """Raise UsageError, before any work, for an address that is none, and where MLflow is not
    installed.
    """
    if not uri.startswith(SCHEMES):
        found = without_secrets(uri)
        raise UsageError(f"--mlflow wants file:///FOLDER or http://HOST:PORT, found {found!r}")
    if find_spec("mlflow") is None:
        raise UsageError(
            "--mlflow needs MLflow, which is not installed; install the extra windowshop[mlflow]"
            " with `pip install '.[mlflow]'` in Windowshop's folder"
        )


def keep(uri: str, name: str, runs: Sequence[RunData], headline: Headline) -> None:
    """Make an MLflow run for each policy of a report.

    name: of the run or experiment. DependencyError where MLflow does not take it.
    """
    quieten_mlflow()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient(tracking_uri=uri)
        for policy, found in headline.metrics["policies"].items():
            mine = [run for run in runs if run.policy == policy]
            _keep_policy(client, f"{name} {policy}", mine, found["metrics"], headline.path.parent)
    except (MlflowException, OSError) as error:
        why = str(error).split("\n", 1)[0].replace(uri, "it")[:200]
        raise DependencyError(
            f"MLflow at {without_secrets(uri)} did not take the report ({why}); the report itself"
            f" is in {headline.path.parent}"
        ) from None


def params(runs: Sequence[RunData]) -> dict[str, str]:
    """The settings of a policy's runs as MLflow wants them: `recommender.slate_size` and so on;
    `seed` and `runs` name all of them.
    """
    told = dict(_flat("", runs[0].config))
    told["seed"] = ", ".join(str(run.config["seed"]) for run in runs)
    return told | {"runs": ", ".join(run.run for run in runs)}


def metrics(measured: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The headlines with the ends of their intervals; what is not defined is left out.

    `hit_rate@10` is called `hit_rate_at_10`, because MLflow allows no @.
    """
    return {
        name.replace("@", "_at_") + tail: float(measured[name][end])
        for name in labels.headlines(measured)
        for end, tail in ENDS.items()
        if measured[name][end] is not None
    }


def _keep_policy(
    client: Any,
    title: str,
    runs: Sequence[RunData],
    measured: Mapping[str, Mapping[str, Any]],
    folder: Path,
) -> None:
    from mlflow.entities import Metric, Param
    from mlflow.utils.time import get_current_time_millis

    known = client.get_experiment_by_name(EXPERIMENT)
    experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT)
    made = client.create_run(experiment, run_name=title).info.run_id
    now = get_current_time_millis()
    settings = [Param(key, value) for key, value in params(runs).items()]
    for first in range(0, len(settings), 100):  # the most that one call may hold
        client.log_batch(made, params=settings[first : first + 100])
    client.log_batch(made, [Metric(key, value, now, 0) for key, value in metrics(measured).items()])
    for file in FILES:
        if (folder / file).is_file():
            client.log_artifact(made, str(folder / file))
    client.set_terminated(made)


def _flat(before: str, value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        return [(before, str(value)[:6000])]  # the most that a value may hold
    return [
        pair
        for key, inner in value.items()
        for pair in _flat(f"{before}.{key}" if before else str(key), inner)
    ]
