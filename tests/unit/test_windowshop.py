"""The front door for Python: quick to import, and clear about what cannot be done."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import windowshop as ws
from db.errors import UsageError, WindowshopError
from tests.installation import ROOT, Installation, install

QUICK = 0.5
HEAVY = ("tensorflow", "keras", "matplotlib", "pandas", "sqlalchemy", "redis")
COUNT = """
import sys, time
began = time.perf_counter()
import windowshop
print(time.perf_counter() - began, *sys.modules)
"""


def test_its_import_is_quick_and_brings_nothing_heavy() -> None:
    """The median of three processes is below half a second."""
    seconds = []
    for _ in range(3):
        said = subprocess.run(
            [sys.executable, "-c", COUNT], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split()
        seconds.append(float(said[0]))
        assert not set(HEAVY) & set(said[1:])
    assert sorted(seconds)[1] < QUICK


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The toy shop."""
    return install(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def shop(made: Installation) -> ws.Installation:
    """The toy shop, opened."""
    return opened(made)


def opened(made: Installation, **more: object) -> ws.Installation:
    """An installation as its owner opens it."""
    runs = made.folder / "runs"
    return ws.open(home=made.home, database_url=made.database_url, runs=runs, **more)


@pytest.fixture(scope="module")
def result(shop: ws.Installation) -> ws.Result:
    """Two policies, two seeds."""
    return play(shop)


def play(shop: ws.Installation, **more: object) -> ws.Result:
    """The toy experiment."""
    sizes = {"catalogue": "toy", "items": 120, "queries": 40, "shoppers": 60, "days": 3, "seeds": 2}
    return shop.experiment(["visual", "blend"], **sizes, **more)


def test_frames_are_tidy(result: ws.Result) -> None:
    """A row a policy and measure; a row a pair and measure, undefined ones too."""
    metrics = result.metrics
    assert set(metrics["policy"]) == {"visual", "blend"}
    assert not metrics.duplicated(["policy", "measure"]).any()
    late = metrics[metrics["measure"] == "ctr_late_expected"]
    assert (late["low"] <= late["value"]).all()
    assert (late["value"] <= late["high"]).all()
    assert set(result.differences["a"] + result.differences["b"]) == {"blendvisual"}


def test_events_and_slates_are_those_of_the_run(result: ws.Result) -> None:
    """Every click is of an item that stood at that place of the slate she was shown."""
    events = result.events("blend", seed=2)
    slates = result.slates("blend", seed=2)
    clicks = events[events["kind"] == "click"]
    assert len(clicks)
    joined = clicks.merge(slates, on=["session", "step", "position"], suffixes=("", "_shown"))
    assert len(joined) == len(clicks)
    assert (joined["item"] == joined["item_shown"]).all()
    assert slates["expected"].between(0, 1).all()


def test_it_can_be_shown_and_kept(result: ws.Result, tmp_path: Path) -> None:
    """A figure, a page with its measures, and a table for a notebook."""
    result.plot().savefig(tmp_path / "figure.png")
    page = result.save_report(tmp_path / "report")
    assert "blend" in page.read_text()
    assert (tmp_path / "report" / "metrics.json").exists()
    assert "<table>" in result._repr_html_()
    assert "blend" in repr(result)


@pytest.mark.parametrize(
    ("policies", "options", "words"),
    [
        (["best"], {}, "no policy 'best'"),
        ([], {}, "no policy was named"),
        (["visual"], {"seeds": 0}, "seeds must be at least 1"),
        (["visual"], {"days": 0}, "--days must be at least 1"),
        (["visual"], {"world": "moon"}, "moon"),
        (["visual"], {"catalogue": "none"}, "none"),
    ],
)
def test_what_cannot_be_played_is_said(
    shop: ws.Installation, policies: list[str], options: dict[str, object], words: str
) -> None:
    """One line, before anything is played."""
    with pytest.raises(WindowshopError, match=words) as caught:
        shop.experiment(policies, **options)
    assert "\n" not in str(caught.value)


def test_a_run_that_was_not_played_is_not_there(result: ws.Result) -> None:
    """It says which there are."""
    with pytest.raises(UsageError, match=r"no run of cf; there are visual \(seed 1\)"):
        result.events("cf")
    with pytest.raises(UsageError, match=r"no run of blend \(seed 9\)"):
        result.slates("blend", seed=9)


@pytest.mark.parametrize(
    "array", [np.zeros(3, np.uint8), np.zeros((2, 2)), np.zeros((0, 2), np.uint8)]
)
def test_an_array_that_is_no_picture_is_refused(shop: ws.Installation, array: np.ndarray) -> None:
    """ValueError says what a picture is."""
    with pytest.raises(ValueError, match="a picture is uint8"):
        shop.similar(array)


def test_what_is_no_picture_and_no_log_at_all_is_refused(shop: ws.Installation) -> None:
    """TypeError says what is wanted and how to make it."""
    with pytest.raises(TypeError, match=r"a path or an array uint8 .* found list; numpy\.asarray"):
        shop.similar([[1, 2]])
    with pytest.raises(TypeError, match=r"a path or a pandas frame, found dict; pandas\.DataFrame"):
        shop.evaluate_log({})


def test_options_of_a_training_that_do_not_go_together_are_refused(shop: ws.Installation) -> None:
    """Our own network would learn something else than what was asked for."""
    with pytest.raises(UsageError, match="are for --backbone mobilenet"):
        shop.train(catalogue="toy")


def test_the_functions_take_what_the_methods_take() -> None:
    """An editor shows their options, without the shop."""
    for name in ("experiment", "similar", "evaluate_log", "fit_world", "realism", "train"):
        of_shop = list(inspect.signature(getattr(ws.Installation, name)).parameters)
        assert list(inspect.signature(getattr(ws, name)).parameters) == of_shop[1:]


def test_frames_of_several_seeds_hold_all_of_them(result: ws.Result) -> None:
    """Left out, the seed is every seed; a click stands at its item in its own world."""
    events = result.events("blend")
    slates = result.slates("blend")
    assert set(events["seed"]) == set(slates["seed"]) == {1, 2}
    assert len(events) == sum(len(result.events("blend", seed)) for seed in (1, 2))
    assert not events.duplicated(["seed", "session", "ordinal"]).any()
    assert slates["is_clicked"].sum() == (events["kind"] == "click").sum()


def test_other_wrong_words_are_refused(shop: ws.Installation) -> None:
    """A setting, a backbone, a file and a column that there are not."""
    with pytest.raises(UsageError, match="no setting 'hom'"):
        ws.open(hom=".")
    with pytest.raises(UsageError, match="no backbone 'resnet'"):
        shop.train(backbone="resnet")
    with pytest.raises(WindowshopError, match=r"none\.png"):
        shop.similar("none.png")
    with pytest.raises(UsageError, match="no column 'shopper'"):
        shop.evaluate_log(pd.DataFrame({"visitor": [1]}))


def test_a_frame_is_a_log(shop: ws.Installation) -> None:
    """Its measures are those of the same log as a file."""
    rows = [
        (visit % 40, visit, 1000 * visit + place, (visit * 7 + place * place) % 12, "click")
        for visit in range(300)
        for place in range(3)
    ]
    frame = pd.DataFrame(rows, columns=["shopper", "session", "time", "item", "kind"])
    judged = shop.evaluate_log(frame)
    assert {"popularity", "cf"} <= set(judged.metrics["policy"])
    assert judged.page.exists()
    assert "windowshop evaluate-log frame.csv" in judged.page.read_text()
    assert set(judged.differences["a"]) == {"cf", "cf-history"}
    path = shop.context.settings.runs / "log.csv"
    frame.to_csv(path, index=False)
    pd.testing.assert_frame_equal(shop.evaluate_log(path).metrics, judged.metrics)


SMALL = {"policy": "random", "catalogue": "toy", "days": 2, "items": 120, "queries": 40}


def visits_of(result: ws.Result, folder: Path) -> Path:
    """A log of clicks, of a run that was played."""
    events = result.events("visual", seed=1)
    clicks = events[events["kind"] == "click"]
    frame = clicks[["shopper", "session", "item", "kind"]].assign(time=clicks["at"])
    frame.to_csv(folder / "clicks.csv", index=False)
    return folder / "clicks.csv"


def test_shoppers_are_held_beside_those_of_a_log(
    shop: ws.Installation, result: ws.Result, tmp_path: Path
) -> None:
    """Measures with distances, what the log does not tell, and a page."""
    found = shop.realism(visits_of(result, tmp_path), shoppers=100, **SMALL)
    assert found["measures"]["looks a visit"]["distance"] >= 0
    assert "it has no carts" in found["not_told"]["visits with a cart"]
    assert Path(found["report"]).exists()


@pytest.mark.thorough
def test_a_world_is_fitted_to_a_log(
    shop: ws.Installation, result: ws.Result, tmp_path: Path
) -> None:
    """The file is one that `world=` takes, and each number stands within its interval."""
    out = tmp_path / "mine.toml"
    found = shop.fit_world(visits_of(result, tmp_path), out, shoppers=100, **SMALL)
    assert all(one["low"] <= one["value"] <= one["high"] for one in found["fitted"].values())
    assert set(found["auc"]) == {"before", "after"}
    again = shop.experiment(
        ["random"], world=str(out), catalogue="toy", items=120, queries=40, shoppers=30, days=2,
        seeds=1,
    )  # fmt: skip
    assert len(again.metrics)
