"""The `catalogue` commands: own pictures in, and what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.console import AsJson, columns, open_installation, show_result

if TYPE_CHECKING:
    from simulator.catalogues.fetching.policy import FetchPolicy

# ruff: noqa: PLC0415 - late imports keep --help quick
# ruff: noqa: PLR0917 - Typer calls by name

FEEDS = ("google-xml", "google-tsv", "shopify", "kaggle-styles", "json-ld")
"""The shapes of feeds; a test holds them to simulator.catalogues.feeds.shapes."""

Place = Annotated[
    Path,
    typer.Argument(
        help="A folder whose pictures go in, those of its folders too; or a feed.",
        metavar="DIR|FEED",
    ),
]
Csv = Annotated[
    Path | None,
    typer.Option(
        help="UTF-8, first line `file,id,category,price`, only file must be there; or a feed.",
        metavar="FILE",
    ),
]
Pictures = Annotated[
    Path | None,
    typer.Option(help="Where a feed's pictures lie; left out: beside it.", metavar="DIR"),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help=f"The feed's shape, left out: as it looks. {', '.join(FEEDS)}, or folders:"
        " a picture's category is its folder.",
        metavar="NAME",
    ),
]
Fetch = Annotated[
    bool,
    typer.Option(
        "--fetch", help="Fetch a feed's pictures that are not in the folder, by their addresses."
    ),
]
FetchHosts = Annotated[
    str | None,
    typer.Option(
        help="Hosts that may be asked, exactly, separated by commas: HOST or HOST:PORT.",
        metavar="HOSTS",
    ),
]
FetchMb = Annotated[int, typer.Option(help="Megabytes of one picture at most.")]
FetchSeconds = Annotated[float, typer.Option(help="Seconds for one picture at most, in all.")]
FetchAtOnce = Annotated[int, typer.Option(help="Pictures fetched at the same time at most.")]

app = typer.Typer(help="Own pictures as a catalogue.", no_args_is_help=True)


@app.command(
    "add", epilog="Example: windowshop catalogue add ./photos --csv products.csv --name shop"
)
def add(
    folder: Place,
    csv: Csv = None,
    name: Annotated[
        str | None, typer.Option(help="What the catalogue is called; left out: as the folder.")
    ] = None,
    pictures: Pictures = None,
    format_: Format = None,
    fetch: Fetch = False,
    fetch_hosts: FetchHosts = None,
    fetch_mb: FetchMb = 20,
    fetch_seconds: FetchSeconds = 20.0,
    fetch_at_once: FetchAtOnce = 4,
    as_json: AsJson = False,
) -> None:
    """Make a catalogue of own pictures, or add to one; what is broken is listed, the rest goes in.

    A feed is Google's (XML or a table), Shopify's products, schema.org's
    JSON-LD, or Kaggle's styles.csv. Its pictures are found by path, by name
    with or without ending, or by the last part of their address. --fetch
    fetches those that are not there, from the hosts you name and no other.

    Pictures that the CSV does not name go in too. Where it says nothing, an
    item's id is its path, its category that of a cluster, its price drawn by
    the world. A tenth become query items: shoppers search with them, nobody
    sells them. What the catalogue holds already stays as it is.

    Pictures are kept in their colours, 96 x 96. Our own networks see 28 x 28
    grey levels of them, shape and shade but no colour; `windowshop train
    --backbone mobilenet --catalogue NAME` makes one that sees colour.
    """
    from simulator.catalogues.add import add as action

    found = action(
        open_installation(),
        folder,
        csv=csv,
        name=name,
        pictures=pictures,
        shape=format_,
        fetch=_policy(fetch_hosts, fetch_mb, fetch_seconds, fetch_at_once, is_on=fetch),
    )
    show_result(found.to_json(), found.text(), as_json=as_json)


@app.command(
    "update", epilog="Example: windowshop catalogue update shop ./photos --csv products.csv"
)
def update(
    name: Annotated[str, typer.Argument(help="A catalogue of your own.")],
    feed: Place,
    csv: Csv = None,
    pictures: Pictures = None,
    format_: Format = None,
    fetch: Fetch = False,
    fetch_hosts: FetchHosts = None,
    fetch_mb: FetchMb = 20,
    fetch_seconds: FetchSeconds = 20.0,
    fetch_at_once: FetchAtOnce = 4,
    as_json: AsJson = False,
) -> None:
    """Bring prices, categories and pictures of a catalogue to what a feed says now.

    What the feed says is out of stock goes; what it does not name stays. Runs
    keep what they played: the catalogue as it was stays as NAME@1 for them,
    NAME@2 the next time. Only pictures that are new are embedded.
    """
    from simulator.catalogues.source import CatalogueSource
    from simulator.catalogues.update import update as action

    policy = _policy(fetch_hosts, fetch_mb, fetch_seconds, fetch_at_once, is_on=fetch)
    source = CatalogueSource(feed, csv, pictures, format_, policy)
    found = action(open_installation(), name, source)
    show_result(found.to_json(), found.text(), as_json=as_json)


def _policy(
    hosts: str | None, megabytes: int, seconds: float, at_once: int, *, is_on: bool
) -> FetchPolicy | None:
    """What may be fetched; None where nothing may."""
    from db.errors import UsageError
    from simulator.catalogues.fetching.policy import FetchPolicy, parse_hosts

    if not is_on:
        if hosts is not None:
            raise UsageError("--fetch-hosts says where --fetch may ask; add --fetch")
        return None
    return FetchPolicy(parse_hosts(hosts), megabytes * 1_000_000, seconds, at_once)


@app.command("list", epilog="Example: windowshop catalogue list shop")
def list_(
    name: Annotated[str | None, typer.Argument(help="A catalogue; left out: all of them.")] = None,
    as_json: AsJson = False,
) -> None:
    """The catalogues, or with a name its categories; with --json its items."""
    from simulator.catalogues import listing
    from simulator.catalogues import stored as catalogue

    context = open_installation()
    if name is None:
        found = listing.every(context)
        nothing = (
            "no catalogues yet; `windowshop catalogue add DIR` makes one, the demo brings"
            " Fashion-MNIST in"
        )
        show_result(found, columns(found) if found else nothing, as_json=as_json)
        return
    stored = catalogue.ensure(context, name)
    show_result(listing.to_json(stored), columns(listing.by_category(stored)), as_json=as_json)


@app.command("show", epilog="Example: windowshop catalogue show shop")
def show_(
    name: Annotated[str, typer.Argument(help="A catalogue.")],
    as_json: AsJson = False,
) -> None:
    """What a catalogue holds, where it came from, what was passed over and why, who plays on it."""
    from simulator.catalogues import listing
    from simulator.catalogues.show import show as action

    found = action(open_installation(), name)
    show_result(
        found.to_json(), found.text(columns(listing.by_category(found.stored))), as_json=as_json
    )


@app.command("remove", epilog="Example: windowshop catalogue remove shop")
def remove(
    name: Annotated[str, typer.Argument(help="A catalogue of your own.")],
    as_json: AsJson = False,
) -> None:
    """Take a catalogue out, with the pictures that only it has; refused while runs need it."""
    from simulator.catalogues.remove import remove as action

    found = action(open_installation(), name)
    show_result(found.to_json(), found.text(), as_json=as_json)
