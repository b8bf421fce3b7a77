"""The options that several commands share, each with its one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.world.presets import PRESETS

Seed = Annotated[int, typer.Option(help="Seed of the world and of every draw in it.")]
Seeds = Annotated[int, typer.Option(min=1, help="How many seeds, counted up from --seed.")]
Days = Annotated[int, typer.Option(help="Shopping days to play.")]
Shoppers = Annotated[int, typer.Option(help="Shoppers in the world.")]
Items = Annotated[int, typer.Option(help="Catalogue items, a stratified share.")]
Queries = Annotated[int, typer.Option(help="Query images that shoppers search with.")]
Slates = Annotated[int, typer.Option(help="Slates a session asks for at most.")]
World = Annotated[str, typer.Option(help=f"{', '.join(PRESETS)}; changed: mixed,hidden_share=0.3.")]
Catalogue = Annotated[str, typer.Option(help="Which catalogue the shop sells.")]
Runs = Annotated[Path | None, typer.Option(help="Where run directories are written.")]
Gate = Annotated[bool, typer.Option("--gate", help="Exit 4 unless every claim holds.")]
