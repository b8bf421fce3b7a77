"""Looks at everything a run needs, one finding each, with the cure where something is wrong."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from db import heartbeats, schema, work
from db.engine import RECOVER, damage, open_engine, read_transaction, shown
from db.errors import WindowshopError
from db.heartbeats import Seen
from recommender.embedding import checkpoint
from recommender.embedding.unlabelled import registry as unlabelled
from simulator.catalogues import fashion_mnist
from simulator.catalogues.decoder import Decoder
from simulator.catalogues.decoder_rights import CALLS, NETWORK
from simulator.embedders import model as models
from simulator.embedders import model_names
from workers import dead, queue
from workers.hindrance import suspension
from workers.redis_server import EmbeddedServer
from workers.settings import Settings

SMALLEST_SPACE = 2_000_000_000
SQLITE_SAFE = (3, 51, 3)
"""From this version on, a checkpoint that meets a commit cannot reset the WAL wrongly."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    cure: str = ""


def doctor(settings: Settings) -> list[Finding]:
    """All findings; nothing is changed."""
    looks: dict[str, Callable[[Settings], Finding]] = {
        "data": _data,
        "model": _model,
        "database": _database,
        "queue": _queue,
        "work": _work,
        "workers": _workers,
        "runs": _runs,
        "disk": _disk,
        "pictures": _pictures,
    }
    findings = []
    for name, look in looks.items():
        try:
            findings.append(look(settings))
        except WindowshopError as error:
            what, _, cure = str(error).partition(";")
            findings.append(Finding(name, False, what, cure.strip()))
    return findings


def _data(settings: Settings) -> Finding:
    found = fashion_mnist.load_fashion_mnist(
        settings.cache,
        keras_home=settings.keras_home,
        offline=True,
        say=lambda _line: None,
    )
    return Finding(
        "data",
        True,
        f"Fashion-MNIST: {len(found.train_images):,} + {len(found.test_images):,}, checksums right",
    )


def _model(settings: Settings) -> Finding:
    """The model of the settings, and that of own catalogues where no setting decides; the first ill
    one.
    """
    own = models.for_own(settings)
    findings = [
        _one_model(one) for one in ([settings] if own.model == settings.model else [settings, own])
    ]
    ill = next((one for one in findings if not one.ok), None)
    return ill or Finding("model", True, "; own catalogues: ".join(one.detail for one in findings))


def _one_model(settings: Settings) -> Finding:
    folder = models.folder_of(settings)
    if folder is None:
        if settings.model == models.QUICK_NAME:
            return Finding("model", True, "none yet; the first run trains one")
        if settings.model in unlabelled.FITS:
            return Finding("model", True, f"no {settings.model} yet; the first run fits it")
        wanted = f"no model {settings.model!r} in {settings.models}"
        return Finding("model", False, wanted, model_names.advice(settings.model))
    try:
        manifest, weights = checkpoint.read(folder)
        plain, _ = checkpoint.verify(manifest, weights)
    except ValueError as error:
        return Finding("model", False, str(error), models.cure(folder))
    return Finding("model", True, f"{checkpoint.model_key(plain)} in {folder}, checksum right")


@contextmanager
def _connected(settings: Settings) -> Iterator[tuple[Engine, Connection]]:
    """The database, asked and let go."""
    engine = open_engine(settings.database)
    try:
        with read_transaction(engine) as conn:
            yield engine, conn
    finally:
        engine.dispose()


def _database(settings: Settings) -> Finding:
    with _connected(settings) as (engine, conn):
        wrong = damage(conn)
        found = None if wrong else schema.stands_at(conn)
    where = shown(engine.url)
    if wrong:
        return Finding("database", False, f"{where} is damaged: {wrong}", RECOVER)
    if engine.dialect.name == "sqlite":
        where += f" (SQLite {sqlite3.sqlite_version})"
        if sqlite3.sqlite_version_info < SQLITE_SAFE:
            where += "; this version has a WAL race, rare and never seen here, that 3.51.3 mends"
    detail = f"{where}, version {found or 'none yet'} of {schema.HEAD}"
    if found not in (None, schema.HEAD):
        return Finding(
            "database", False, detail, "call any command that writes, `windowshop up` for one"
        )
    return Finding("database", True, detail)


def _queue(settings: Settings) -> Finding:
    if settings.redis_url:
        connection = queue.connect(settings.redis_url)
        if why := suspension(connection):
            detail, _, cure = why.partition("; ")
            return Finding("queue", False, detail, cure)
        version = connection.info("server")["redis_version"]
        return Finding("queue", True, f"Redis {version} answers")
    server = EmbeddedServer()
    server.stop()
    return Finding("queue", True, "our own Valkey starts and stops")


def _work(settings: Settings) -> Finding:
    with _connected(settings) as (_, conn):
        if schema.stands_at(conn) != schema.HEAD:
            return Finding("work", True, "none known yet")
        parked = work.parked(conn)
    if parked:
        cure = (
            "mend the reason, then `windowshop work retry --all` or the run's command again; "
            "`windowshop work list --state parked` shows all"
        )
        return Finding(
            "work", False, f"{len(parked)} pieces were given up: {parked[0].reason}", cure
        )
    return Finding("work", True, "nothing was given up")


def _workers(settings: Settings) -> Finding:
    with _connected(settings) as (_, conn):
        if schema.stands_at(conn) != schema.HEAD:
            return Finding("workers", True, "none known yet")
        processes = heartbeats.every(conn)
    gone = dead.among(processes)
    silent = [one for one in processes if one.is_silent and one not in gone]
    if silent:
        return _silent(silent, len(processes))
    detail = f"{len(processes) - len(gone)} processes, each with a fresh heartbeat"
    return Finding("workers", True, detail + (f"; {_told_of(gone)}" if gone else ""))


def _silent(silent: list[Seen], n_processes: int) -> Finding:
    first = silent[0]
    return Finding(
        "workers",
        False,
        f"{len(silent)} of {n_processes} processes are silent: {first.name}, pid {first.pid} on "
        f"{first.host}, for {first.silent:.0f} s",
        "if it hangs there, end it; if it was killed, its work has gone to others and within an"
        " hour it is forgotten; start another with `windowshop up` or `windowshop worker`",
    )


def _told_of(gone: list[Seen]) -> str:
    """Processes that were killed are no fault any more: what becomes of them, and of their work."""
    names = f"{gone[0].name} was" if len(gone) == 1 else f"{len(gone)} were"
    held = sum(one.work is not None for one in gone)
    if not held:
        return f"{names} killed, and the next start forgets that"
    return f"{names} killed over {held} pieces of work, which the next start gives to others"


def _runs(settings: Settings) -> Finding:
    folder = settings.runs.absolute()
    place = next(one for one in (folder, *folder.parents) if one.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Finding(
            "runs", False, f"{folder} cannot be written", "set WINDOWSHOP_RUNS to one that can"
        )
    return Finding("runs", True, f"{settings.runs} can be written")


def _disk(settings: Settings) -> Finding:
    place = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    detail = f"{free / 1e9:.1f} GB free at {settings.home}"
    if free > SMALLEST_SPACE:
        return Finding("disk", True, detail)
    cure = f"free some: {SMALLEST_SPACE / 1e9:.0f} GB are wanted; runs and a database grow"
    return Finding("disk", False, detail, cure)


def _pictures(_settings: Settings) -> Finding:
    """What holds the decoder of pictures that nobody vouches for; that a system has less is no
    fault.
    """
    with Decoder() as decoder:
        held = decoder.held()
    if CALLS in held:
        detail = "the kernel lets their decoder compute and answer, and nothing else"
        return Finding(
            "pictures", True, detail + ("; its network is empty" if NETWORK in held else "")
        )
    return Finding(
        "pictures",
        True,
        "limits alone hold their decoder, as this system has no seccomp for it: a picture that"
        " takes it over may start programs, delete files and send signals as we may",
        "take pictures from strangers on Linux (x86_64, aarch64) or in our containers only",
    )
