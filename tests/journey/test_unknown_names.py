"""A name that was typed and does not exist is exit 2 for every command, in one line that helps."""

from __future__ import annotations

import pytest
from PIL import Image

from db.nearest import nearest
from tests import cli_reference
from tests.guest_classes import HERE
from tests.installation import TOY_FLAGS, Installation, Installer

pytestmark = pytest.mark.journey

USAGE = 2
SIMULATE = ("simulate", *TOY_FLAGS, "--local")
FIT = ("world", "fit", "log.csv", "--out", "mine.toml", *("--catalogue", "toy"))
LIKE = ("realism", "log.csv")
RUN = "0123456789ab"
LISTS = "windowshop status"
MODEL = {"WINDOWSHOP_MODEL": "cnn-beast"}
KINDS = {
    "name",
    "ids",
    "policy",
    "policies",
    "few",
    "world",
    "catalogue",
    "preset",
    "backbone",
    "compare",
    "measure",
    "primary",
}
"""Parameters that hold names of what must exist."""
FREE = {
    ("catalogue add", "name"),  # what it makes
    ("serve", "name"),  # what it may be called
    ("worker", "name"),  # what it will be called
}

CASES: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("demo", "catalogue"): (
        ("demo", "--catalogue", "toi"),
        ("no catalogue 'toi'", "did you mean 'toy'?"),
    ),
    ("train", "backbone"): (
        ("train", "--backbone", "resnet"),
        ("no backbone 'resnet'", "cnn, mobilenet"),
    ),
    ("train", "preset"): (
        ("train", "--preset", "quik"),
        ("no preset 'quik'", "did you mean 'quick'?"),
    ),
    ("train", "catalogue"): (
        ("train", "--backbone", "mobilenet", "--weights", "none", "--catalogue", "toi"),
        ("no catalogue 'toi'", "did you mean 'toy'?"),
    ),
    ("similar", "catalogue"): (
        ("similar", "a.png", "--catalogue", "toi"),
        ("no catalogue 'toi'", LISTS),
    ),
    ("simulate", "policy"): (
        (*SIMULATE, "--policy", "bland"),
        ("no policy 'bland'", "did you mean 'blend'?"),
    ),
    ("simulate", "world"): ((*SIMULATE, "--world", "flat"), ("no world 'flat'", "mixed")),
    ("simulate", "catalogue"): ((*SIMULATE, "--catalogue", "toi"), ("no catalogue 'toi'", LISTS)),
    ("experiment", "policies"): (
        ("experiment", "--policies", "cf,bland", *TOY_FLAGS),
        ("no policy 'bland'",),
    ),
    ("experiment", "world"): (("experiment", *TOY_FLAGS, "--world", "flat"), ("no world 'flat'",)),
    ("experiment", "catalogue"): (
        ("experiment", "--catalogue", "toi"),
        ("no catalogue 'toi'", LISTS),
    ),
    ("experiment", "primary"): (
        ("experiment", *TOY_FLAGS, "--primary", "ctr_lat"),
        ("no measure 'ctr_lat'", "did you mean 'ctr_late' or"),
    ),
    ("experiment", "compare"): (
        ("experiment", *TOY_FLAGS, "--compare", "cf", "bland"),
        ("'bland'", "found visual, cf, blend"),
    ),
    ("crossover", "policies"): (("crossover", "--policies", "bland"), ("no policy 'bland'",)),
    ("crossover", "few"): (("crossover", "--few", "bland"), ("no policy 'bland'",)),
    ("crossover", "world"): (("crossover", "--world", "flat"), ("no world 'flat'",)),
    ("crossover", "catalogue"): (
        ("crossover", "--catalogue", "toi"),
        ("no catalogue 'toi'", LISTS),
    ),
    ("offline", "policies"): (
        ("offline", "--policies", "bland", "--catalogue", "toy"),
        ("no policy 'bland'",),
    ),
    ("offline", "world"): (("offline", "--world", "flat"), ("no world 'flat'",)),
    ("offline", "catalogue"): (("offline", "--catalogue", "toi"), ("no catalogue 'toi'", LISTS)),
    ("report", "name"): (("report", RUN), (f"no run or experiment '{RUN}'", LISTS)),
    ("report", "compare"): (
        ("report", "latest", "--compare", "cf", "bland"),
        ("'bland'", "found cf"),
    ),
    ("report", "primary"): (
        ("report", "latest", "--primary", "ctr_lat"),
        ("no measure 'ctr_lat'", "did you mean 'ctr_late' or"),
    ),
    ("leaderboard", "name"): (("leaderboard", RUN), (f"no run or experiment '{RUN}'", LISTS)),
    ("leaderboard", "measure"): (
        ("leaderboard", "latest", "--measure", "ctr_lat"),
        ("no measure 'ctr_lat'", "did you mean 'ctr_late' or"),
    ),
    ("interleave", "policies"): (("interleave", "cf,bland"), ("'bland' is none of our policies",)),
    ("interleave", "world"): (("interleave", "cf,visual", "--world", "flat"), ("no world 'flat'",)),
    ("interleave", "catalogue"): (
        ("interleave", "cf,visual", "--catalogue", "toi"),
        ("no catalogue 'toi'", LISTS),
    ),
    ("split", "policies"): (("split", "cf,bland"), ("'bland' is none of our policies",)),
    ("split", "world"): (("split", "cf,visual", "--world", "flat"), ("no world 'flat'",)),
    ("split", "catalogue"): (
        ("split", "cf,visual", "--catalogue", "toi"),
        ("no catalogue 'toi'", LISTS),
    ),
    ("plan", "name"): (("plan", RUN), (f"no run or experiment '{RUN}'", LISTS)),
    ("plan", "measure"): (
        ("plan", "latest", "--measure", "ctr_lat"),
        ("no measure 'ctr_lat'", "did you mean 'ctr_late' or"),
    ),
    ("plan", "compare"): (
        ("plan", "latest", "--compare", "cf", "bland"),
        ("no runs of 'bland'", "found runs of cf"),
    ),
    ("counterfactual", "name"): (
        ("counterfactual", RUN),
        (f"no run or experiment '{RUN}'", LISTS),
    ),
    ("counterfactual", "policy"): (
        ("counterfactual", "latest", "--policy", "bland"),
        ("no policy 'bland'", "did you mean 'blend'"),
    ),
    ("peek", "name"): (("peek", RUN), (f"no run or experiment '{RUN}'", LISTS)),
    ("peek", "measure"): (
        ("peek", "latest", "--measure", "ctr_lat"),
        ("no measure 'ctr_lat'", "did you mean 'ctr_late' or"),
    ),
    ("peek", "compare"): (
        ("peek", "latest", "--compare", "cf", "bland"),
        ("no runs of 'bland'", "found runs of cf"),
    ),
    ("verify", "name"): (("verify", RUN), (f"no run or experiment '{RUN}'", LISTS)),
    ("status", "name"): (("status", RUN), (f"no run or experiment '{RUN}'", LISTS)),
    ("recount", "name"): (("recount", RUN), (f"no run or experiment '{RUN}'", LISTS)),
    ("recount", "policy"): (
        ("recount", "latest", "--policy", "x"),
        ("has one run", "--policy cf"),
    ),
    ("events export", "name"): (
        ("events", "export", RUN),
        (f"no run or experiment '{RUN}'", LISTS),
    ),
    ("events export", "policy"): (
        ("events", "export", "latest", "--policy", "x"),
        ("has one run", "--policy cf"),
    ),
    ("slates export", "name"): (
        ("slates", "export", RUN),
        (f"no run or experiment '{RUN}'", LISTS),
    ),
    ("slates export", "policy"): (
        ("slates", "export", "latest", "--policy", "x"),
        ("has one run", "--policy cf"),
    ),
    ("catalogue remove", "name"): (
        ("catalogue", "remove", "toi"),
        ("no catalogue 'toi'", "did you mean 'toy'?"),
    ),
    ("catalogue update", "name"): (
        ("catalogue", "update", "toi", "."),
        ("no catalogue 'toi'", "did you mean 'toy'?"),
    ),
    ("catalogue show", "name"): (
        ("catalogue", "show", "toi"),
        ("no catalogue 'toi'", "did you mean 'toy'?"),
    ),
    ("catalogue list", "name"): (
        ("catalogue", "list", "toi"),
        ("no catalogue 'toi'", "did you mean 'toy'?"),
    ),
    ("evaluate-log", "catalogue"): (
        ("evaluate-log", "log.csv", "--catalogue", "toi"),
        ("no catalogue 'toi'", LISTS),
    ),
    ("world fit", "world"): ((*FIT, "--world", "flat"), ("no world 'flat'", "mixed")),
    ("world fit", "catalogue"): ((*FIT, "--catalogue", "toi"), ("no catalogue 'toi'", LISTS)),
    ("world fit", "policy"): (
        (*FIT, "--policy", "bland"),
        ("no policy 'bland'", "did you mean 'blend'?"),
    ),
    ("realism", "world"): ((*LIKE, "--world", "flat"), ("no world 'flat'", "mixed")),
    ("realism", "policy"): (
        (*LIKE, "--policy", "bland"),
        ("no policy 'bland'", "did you mean 'blend'?"),
    ),
    ("realism", "catalogue"): ((*LIKE, "--catalogue", "toi"), ("no catalogue 'toi'", LISTS)),
    ("check", "policy"): (("check", "bland"), ("no policy 'bland'", "did you mean 'blend'?")),
    ("check", "catalogue"): (
        ("check", f"{HERE}:Looks", "--catalogue", "toi"),
        ("no catalogue 'toi'", LISTS),
    ),
    ("serve", "policy"): (
        ("serve", "--port", "0", "--policy", "bland"),
        ("no policy 'bland'", "choose one of"),
    ),
    ("serve", "catalogue"): (
        ("serve", "--port", "0", "--catalogue", "toi"),
        ("no catalogue 'toi'", LISTS),
    ),
    ("work retry", "ids"): (("work", "retry", "4000"), ("no work 4000", "windowshop work list")),
    ("work drop", "ids"): (("work", "drop", "4000"), ("no work 4000", "windowshop work list")),
}
"""By command and parameter: what is called, and what must be said."""

WITH_MODEL = [
    ("evaluate",),
    (*SIMULATE,),
    ("demo", "--catalogue", "toy"),
    ("similar", "a.png", "--catalogue", "toy"),
]
"""Commands that need the embedder that WINDOWSHOP_MODEL names."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, installed: Installer) -> Installation:
    """An installation with one run of `cf`, a picture and a log."""
    made = installed(tmp_path_factory.mktemp("unknown"))
    done = made.call(*SIMULATE, "--policy", "cf")
    assert done.returncode == 0, done.stderr
    log = "".join(f"{n},{n},{n}.0,{item},click\n" for n in range(40) for item in ("a", "b"))
    (made.folder / "log.csv").write_text("shopper,session,time,item,kind\n" + log)

    picture = Image.new("RGB", (40, 40), "white")
    picture.paste((0, 0, 0), (10, 10, 30, 30))
    picture.save(made.folder / "a.png")
    return made


@pytest.mark.parametrize(
    ("command", "words"), CASES.values(), ids=[" ".join(case) for case in CASES]
)
def test_a_name_that_does_not_exist_is_usage(
    shop: Installation, command: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Exit 2, one line, and in it the nearest names or the command that lists them."""
    _refuses(shop, command, words)


@pytest.mark.parametrize("command", WITH_MODEL, ids=[words[0] for words in WITH_MODEL])
def test_a_model_that_does_not_exist_is_usage(shop: Installation, command: tuple[str, ...]) -> None:
    """The name stands in a setting; it was typed all the same."""
    _refuses(shop, command, ("no model 'cnn-beast'", "did you mean 'cnn-best' "), **MODEL)


def test_every_parameter_that_holds_a_name_is_tried_above() -> None:
    """A new command, or a new name of an old one, comes with a case."""
    held = {
        (name.removeprefix("windowshop "), str(one.name))
        for name, command in cli_reference.commands()
        for one in command.params
    }
    assert {one for one in held if one[1] in KINDS} - FREE == set(CASES)


def test_the_nearest_names_are_those_that_begin_or_are_spelt_like_it() -> None:
    """Three at most; nothing where nothing is near."""
    assert nearest("0a1", ["0a1b2c", "ffffff"]) == "did you mean '0a1b2c'? "
    assert nearest("vizual", ["visual", "cf"]) == "did you mean 'visual'? "
    assert nearest("zzz", ["visual", "cf"]) == ""
    assert nearest("", ["visual"]) == ""
    assert nearest("a", ["ab", "ac", "ad", "ae"]).count(" or ") == 2


def _refuses(
    shop: Installation, command: tuple[str, ...], words: tuple[str, ...], **environment: str
) -> None:
    done = shop.call(*command, **environment)
    said = done.stderr.splitlines()
    assert done.returncode == USAGE, done.stderr
    assert said[-1].startswith("windowshop: ")
    assert not any(line.startswith("windowshop: ") for line in said[:-1])
    assert [word for word in words if word not in said[-1]] == [], said[-1]
