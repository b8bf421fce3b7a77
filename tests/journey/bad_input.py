"""Bad input of every kind: what is spoilt, which command is called then, and what it must say."""

from __future__ import annotations

import shutil

from sqlalchemy import text

from db import schema
from db.engine import write_transaction
from simulator.catalogues import fashion_mnist as datasets
from tests.installation import TOY_FLAGS, Installation
from tests.journey.refusals import (
    DEPENDENCY,
    FAILED,
    GATE,
    OTHERS,
    USAGE,
    Case,
    Spoil,
    a_file,
    no_model,
)

SIMULATE = ("simulate", *TOY_FLAGS, "--local")
QUEUED = ("simulate", *TOY_FLAGS)
UNKNOWN_RUN = "0123456789ab"
NOBODY = "127.0.0.1:1"


def only_run(installation: Installation) -> str:
    """The id of the finished run."""
    return (installation.folder / "runs" / "latest").readlink().name


# What is spoilt before the command is called; `{folder}` and `{run}` are filled in.


def flipped_bit(installation: Installation) -> None:
    """In the middle of the weights."""
    weights = installation.model / "weights.bin"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)


def newer_database(installation: Installation) -> None:
    """As a later version would leave it."""
    engine = installation.engine()
    with write_transaction(engine) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()


def no_catalogue(installation: Installation) -> None:
    """Nothing in the database yet, so the data is needed."""
    engine = installation.engine()
    with write_transaction(engine) as conn:
        schema.migrate(conn, "base")
    engine.dispose()


def no_models(installation: Installation) -> None:
    """A file where the models' folder is wanted."""
    shutil.rmtree(installation.home / "models")
    (installation.home / "models").write_text("not a folder")


def cached(content: bytes) -> Spoil:
    """The downloaded data, one file of it spoilt."""

    def spoil(installation: Installation) -> None:
        no_catalogue(installation)
        cache = installation.folder / "cache"
        cache.mkdir()
        (cache / datasets.TRAIN_IMAGES).write_bytes(content)

    return spoil


def toml(content: str) -> Spoil:
    """A settings file in the folder the command is called in."""

    def spoil(installation: Installation) -> None:
        (installation.folder / "windowshop.toml").write_text(content)

    return spoil


UNKEPT = ("the model cannot be kept", "home/models", "WINDOWSHOP_HOME")
WHOLE_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + bytes(500)
CACHE = {"WINDOWSHOP_CACHE": "{folder}/cache"}
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
NO_NETWORK = {"WINDOWSHOP_OFFLINE": "0"} | dict.fromkeys(PROXIES, f"http://{NOBODY}")

DATA_CASES = {
    "a truncated data file": Case(
        ("simulate", "--local"),
        FAILED,
        (datasets.TRAIN_IMAGES, "wrong sha256", "apt-get install"),
        cached(WHOLE_GZIP[:50]),
        CACHE,
    ),
    "a wrong sha256": Case(
        ("train",),
        FAILED,
        (datasets.TRAIN_IMAGES, "wrong sha256", "apt-get install"),
        cached(WHOLE_GZIP),
        CACHE,
    ),
    "offline and nothing found": Case(
        ("simulate", "--local"),
        FAILED,
        ("found nowhere", "not there", "copy the four .gz files"),
        no_catalogue,
        CACHE,
    ),
    "no network": Case(
        ("simulate", "--local"),
        FAILED,
        ("found nowhere", "refused", "apt-get install"),
        no_catalogue,
        CACHE | NO_NETWORK,
    ),
}

CASES = OTHERS | {
    "an unknown policy": Case(
        (*SIMULATE, "--policy", "best"), USAGE, ("no policy 'best'", "blend-fixed"), no_model
    ),
    "an unknown policy among others": Case(
        ("experiment", "--policies", "visual,best", *TOY_FLAGS),
        USAGE,
        ("no policy 'best'", "oracle"),
        no_model,
    ),
    "no policy at all": Case(
        ("experiment", "--policies", ","), USAGE, ("--policies", "visual,cf,blend"), no_model
    ),
    "an unknown world": Case(
        (*SIMULATE, "--world", "flat"), USAGE, ("no world 'flat'", "mixed"), no_model
    ),
    "an unknown catalogue": Case(
        (*SIMULATE, "--catalogue", "mine"),
        USAGE,
        ("no catalogue 'mine'", "windowshop status"),
        no_model,
    ),
    "no shoppers": Case(
        (*SIMULATE, "--shoppers", "0"), USAGE, ("--shoppers must be at least 1, found 0",), no_model
    ),
    "no days": Case(
        (*SIMULATE, "--days", "0"), USAGE, ("--days must be at least 1, found 0",), no_model
    ),
    "more items than exist": Case(
        (*SIMULATE, "--items", "121"),
        USAGE,
        ("121 items", "the catalogue has 120", "--items"),
        no_model,
    ),
    "more queries than exist": Case(
        (*SIMULATE, "--queries", "41"),
        USAGE,
        ("41 queries", "the catalogue has 40", "--queries"),
        no_model,
    ),
    "a negative seed": Case(
        (*SIMULATE, "--seed", "-1"), USAGE, ("--seed must be at least 0, found -1",), no_model
    ),
    "a negative seed to train with": Case(
        ("train", "--seed", "-1"), USAGE, ("--seed must be at least 0",), no_model
    ),
    "a seed beyond all": Case(
        (*SIMULATE, "--seed", "9" * 30), USAGE, ("--seed must be at most",), no_model
    ),
    "too many shoppers": Case(
        (*SIMULATE, "--shoppers", "9" * 12), USAGE, ("--shoppers must be at most",), no_model
    ),
    "an unknown training preset": Case(
        ("train", "--preset", "fast"), USAGE, ("no preset 'fast'", "quick, best"), no_model
    ),
    "no number": Case(
        (*SIMULATE, "--days", "two"), USAGE, ("'--days'", "windowshop simulate --help"), no_model
    ),
    "an unknown option": Case(
        (*SIMULATE, "--policies", "cf"), USAGE, ("--policies", "windowshop simulate --help")
    ),
    "an unknown command": Case(("simulte",), USAGE, ("simulte", "windowshop --help")),
    "an option without its value": Case(
        ("report",), USAGE, ("RUN|EXPERIMENT", "windowshop report --help")
    ),
    "too many workers": Case(
        (*QUEUED, "--workers", "1000"), USAGE, ("workers", "found 1000"), no_model
    ),
    "nobody to do the work": Case(
        (*QUEUED, "--workers", "0"), USAGE, ("--workers 0", "REDIS_URL"), no_model
    ),
    "an unwritable runs folder": Case(
        (*SIMULATE, "--runs", "file/runs"),
        FAILED,
        ("runs folder file/runs", "WINDOWSHOP_RUNS or --runs"),
        a_file,
    ),
    "an unwritable runs folder for a report": Case(
        ("report", "{run}", "--runs", "file/runs"),
        FAILED,
        ("runs folder file/runs", "--runs"),
        a_file,
    ),
    "an unwritable home": Case(
        SIMULATE,
        FAILED,
        ("file/home", "WINDOWSHOP_HOME"),
        a_file,
        {
            "WINDOWSHOP_HOME": "{folder}/file/home",
            "DATABASE_URL": "",
        },  # the default: a file in the home
    ),
    "nowhere to keep a trained model": Case(("train",), FAILED, UNKEPT, no_models),
    "nowhere to keep a trained model of another kind": Case(
        ("train", "--backbone", "mobilenet", "--weights", "none"), FAILED, UNKEPT, no_models
    ),
    "nowhere to keep a fitted model": Case(
        SIMULATE, FAILED, UNKEPT, no_models, {"WINDOWSHOP_MODEL": "pca-64"}
    ),
    "an unwritable export": Case(
        ("events", "export", "{run}", "--out", "file/events.jsonl"),
        FAILED,
        ("file/events.jsonl", "--out"),
        a_file,
    ),
    "an export to nowhere and to JSON": Case(
        ("events", "export", "{run}", "--json"), USAGE, ("--json needs --out",)
    ),
    "a database from a newer version": Case(
        SIMULATE, FAILED, ("version 9999", "newer Windowshop", "update Windowshop"), newer_database
    ),
    "a database from a newer version, asked only": Case(
        ("status",),
        FAILED,
        ("version 9999", "newer Windowshop", "update Windowshop"),
        newer_database,
    ),
    "Redis refused": Case(
        QUEUED,
        DEPENDENCY,
        (NOBODY, "unset REDIS_URL"),
        no_model,
        {"REDIS_URL": f"redis://{NOBODY}"},
    ),
    "Redis refused for all workers": Case(
        ("up",),
        DEPENDENCY,
        (NOBODY, "unset REDIS_URL"),
        environment={"REDIS_URL": f"redis://:secret@{NOBODY}"},
    ),
    "Redis refused for one worker": Case(
        ("worker",),
        DEPENDENCY,
        (NOBODY, "unset REDIS_URL"),
        environment={"REDIS_URL": f"redis://{NOBODY}"},
    ),
    "a worker without Redis": Case(("worker",), USAGE, ("needs REDIS_URL", "windowshop up")),
    "REDIS_URL nonsense": Case(
        QUEUED, USAGE, ("REDIS_URL", "redis://HOST"), no_model, {"REDIS_URL": "nonsense"}
    ),
    "a checkpoint with one bit flipped": Case(
        SIMULATE, FAILED, ("weights.bin", "damaged", "delete", "is used"), flipped_bit
    ),
    "an unknown run to report": Case(
        ("report", UNKNOWN_RUN),
        USAGE,
        (f"no run or experiment '{UNKNOWN_RUN}'", "windowshop status"),
    ),
    "an unknown run to verify": Case(
        ("verify", UNKNOWN_RUN),
        USAGE,
        (f"no run or experiment '{UNKNOWN_RUN}'", "windowshop status"),
    ),
    "an unknown run to export": Case(
        ("events", "export", UNKNOWN_RUN, "--out", "events.jsonl"),
        USAGE,
        (UNKNOWN_RUN, "windowshop status"),
    ),
    "DATABASE_URL nonsense": Case(
        SIMULATE, USAGE, ("DATABASE_URL", "sqlite:///FILE"), no_model, {"DATABASE_URL": "nonsense"}
    ),
    "DATABASE_URL of another kind": Case(
        SIMULATE,
        USAGE,
        ("'mysql'", "postgresql://"),
        no_model,
        {"DATABASE_URL": "mysql://root@localhost/shop"},
    ),
    "a Postgres that refuses": Case(
        SIMULATE,
        DEPENDENCY,
        (NOBODY, "windowshop doctor"),
        no_model,
        {"DATABASE_URL": f"postgresql://me:secret@{NOBODY}/shop"},
    ),
    "a gate that is not met": Case(
        ("report", "{run}", "--fail-under", "hit_rate@10=0.99"),
        GATE,
        ("hit_rate@10 of blend", "at least 0.99"),
    ),
    "a gate that is none": Case(
        ("report", "{run}", "--fail-under", "hit_rate@10"),
        USAGE,
        ("not METRIC=NUMBER", "hit_rate@10=0.3"),
    ),
    "a gate on nothing": Case(
        ("report", "{run}", "--fail-under", "luck=1"), USAGE, ("no metric 'luck'", "metrics.json")
    ),
    "a comparison with nothing": Case(
        ("report", "{run}", "--compare", "blend", "cf"),
        USAGE,
        ("'cf'", "windowshop experiment --policies blend,cf"),
    ),
    "a settings file that is not TOML": Case(
        ("status",), USAGE, ("windowshop.toml", "cannot be read"), toml("workers: 3")
    ),
    "a settings file with an unknown key": Case(
        ("status",), USAGE, ("wrokers",), toml("wrokers = 3")
    ),
    "a settings file with a wrong value": Case(
        ("status",), USAGE, ("workers", "found 'many'"), toml("workers = 'many'")
    ),
}
