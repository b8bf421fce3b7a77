"""The commands about pictures and embedders: `explore`, `evaluate` and `similar`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.console import AsJson, open_installation, show, show_result
from simulator.cli.options import Catalogue, Runs

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name


def explore(runs: Runs = None, as_json: AsJson = False) -> None:
    """Fashion-MNIST as a shop would look at it: classes, pixels, near-duplicates, doubtful
    labels.
    """
    from simulator.embedders.explore import explore as action

    found = action(open_installation(runs=runs))
    document = {**found.document, "report": str(found.page)}
    show_result(document, f"{found.headline}\n\nreport: {found.page}", as_json=as_json)


def evaluate(
    queries: Annotated[
        int | None, typer.Option(help="Test pictures that ask for look-alikes; left out: all.")
    ] = None,
    unseen_classes: Annotated[
        bool,
        typer.Option(
            "--unseen-classes", help="Also classes never seen: trains two small networks a split."
        ),
    ] = False,
    splits: Annotated[
        int | None, typer.Option(help="--unseen-classes with so many splits, not three.")
    ] = None,
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """The embedder on the test images: accuracy, confusion, calibration, retrieval beside simpler
    ways.
    """
    from simulator.embedders.evaluate import evaluate as action

    n_splits = 3 if splits is None and unseen_classes else splits
    found = action(open_installation(runs=runs), n_queries=queries, n_splits=n_splits)
    if as_json:
        show_result({**found.document, "report": str(found.page)}, "", as_json=True)
        return
    from simulator.cli.terminal import table

    for one in found.tables:
        show()
        table(one)
    show(f"\n{found.headline}\n\nreport: {found.page}")


def similar(
    image: Annotated[
        Path, typer.Argument(help="A picture file: one product on a plain background.")
    ],
    k: Annotated[int, typer.Option("-k", help="How many items.")] = 10,
    out: Annotated[Path | None, typer.Option(help="A picture grid: FILE.png or FILE.jpg.")] = None,
    catalogue: Catalogue = "fashion-mnist",
    exclude_self: Annotated[
        bool, typer.Option("--exclude-self", help="Leave out items that have this very picture.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Catalogue items that look like a picture, the most similar first: their cosine, id and
    category.
    """
    from simulator.embedders.similar import similar as action

    found = action(
        open_installation(), image, k=k, out=out, catalogue=catalogue, exclude_self=exclude_self
    )
    show_result(found.to_json(), found.text(), as_json=as_json)
