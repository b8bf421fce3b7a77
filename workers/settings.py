"""Every setting of the installation and where it came from: flag, environment, windowshop.toml,
default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from platformdirs import user_cache_path, user_data_path
from pydantic import (
    AliasChoices,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from db import bounded
from db.engine import sqlite_address
from db.errors import UsageError
from recommender.embedding.runtimes import Runtime
from workers.blas import one_blas_thread

CONFIG_FILE = "windowshop.toml"
LONGEST_SECONDS = 86_400
"""Of every setting that is a time: a day. Threads and alarms cannot wait for ever, or for 1e18
s.
"""

LARGEST_SECRET = 4096
"""Bytes of a file that holds a password or a token."""
FOLDERS = ("home", "cache", "runs", "keras_home")
PLACES = (*FOLDERS, "redis_password_file", "metrics_token_file")
OUR_BUSINESS = ("DATABASE_URL", "REDIS_URL", "WINDOWSHOP_", "PG")
"""Beginnings of variables that hold addresses and secrets."""
ROOT = Path(__file__).parents[1]
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2"}
_OF_A_WORKER = (
    *("job_seconds", "heartbeat_seconds"),
    *("log_level", "log_format", "metrics", "metrics_token_file"),
)


def _env(name: str) -> AliasChoices:
    """A setting without our prefix, under the name that every tool knows."""
    return AliasChoices(name.upper(), name)


def _keras_home() -> Path:
    """Where Keras keeps data sets; a place that does not exist where nobody knows a home."""
    place = Path(os.path.expanduser("~/.keras"))  # noqa: PTH111 - never fails
    return place if place.is_absolute() else Path("/nonexistent/.keras")


class Settings(BaseSettings):
    """Where things are and how many workers there are; nothing here changes what a run computes."""

    model_config = SettingsConfigDict(
        env_prefix="WINDOWSHOP_",
        toml_file=CONFIG_FILE,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )

    home: Path = Field(
        default_factory=lambda: _below_home("home", user_data_path),
        description="state: database, models",
    )
    cache: Path = Field(
        default_factory=lambda: _below_home("cache", user_cache_path),
        description="downloaded data",
    )
    runs: Path = Field(default=Path("runs"), description="where run directories are written")
    database_url: str = Field(
        default="",
        validation_alias=_env("database_url"),
        description="SQLite or Postgres; empty: a file in home",
    )
    redis_url: str = Field(
        default="",
        validation_alias=_env("redis_url"),
        description="a Redis or Valkey; empty: our own, embedded",
    )
    redis_password_file: str = Field(
        default="", description="a file with the password for a REDIS_URL that holds none"
    )
    keras_home: Path = Field(
        default_factory=_keras_home,
        validation_alias=_env("keras_home"),
        description="Keras' cache of data sets",
    )
    model: str = Field(
        default="cnn-best",
        description="embedder of new runs: one that ships, or a folder below home/models; "
        "left out, own catalogues have another",
    )
    runtime: Runtime = Field(
        default="tensorflow", description="what embeds: tensorflow, or onnx (the extra onnx)"
    )
    index: Literal["exact", "approximate"] = Field(
        default="exact",
        description="visual neighbours of new runs: exact, or approximate (the extra faiss)",
    )
    workers: int = Field(
        default=2, ge=0, le=64, description="worker processes to start; 0: others do the work"
    )
    job_seconds: int = Field(
        default=120,
        ge=1,
        le=LONGEST_SECONDS,
        description="a job that takes longer is killed and tried again",
    )
    relay_seconds: float = Field(
        default=2.0, gt=0, le=LONGEST_SECONDS, description="ring again for work that waits longer"
    )
    heartbeat_seconds: float = Field(
        default=3.0,
        gt=0,
        le=LONGEST_SECONDS,
        description="a process says that it lives; after five missed it counts as dead",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="what goes to standard error: this and what is worse"
    )
    log_format: Literal["plain", "json"] = Field(
        default="plain", description="lines for people, or JSON for programs"
    )
    metrics: str = Field(
        default="",
        description="HOST:PORT for Prometheus, the first free port from there; empty: none",
    )
    metrics_token_file: str = Field(
        default="", description="a file with the token that metrics outside loopback want"
    )
    offline: bool = Field(default=False, description="never download anything")

    @field_validator("*", mode="before")
    @classmethod
    def _without_line_end(cls, value: Any) -> Any:
        """What a file of Windows or `$(cat file)` leaves behind a value is no part of it."""
        return value.rstrip("\r\n") if isinstance(value, str) else value

    @field_validator("*", mode="before")
    @classmethod
    def _in_utf_8(cls, value: Any) -> Any:
        """Addresses, reports and JSON name these values, so they must be text."""
        if isinstance(value, str) and any("\ud800" <= one <= "\udfff" for one in value):
            raise ValueError("is no UTF-8; give a name that is")
        return value

    @field_validator("runtime", "index", "log_level", "log_format", mode="before")
    @classmethod
    def _in_small_letters(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator(*PLACES, mode="before")
    @classmethod
    def _a_place(cls, value: Any, about: ValidationInfo) -> Any:
        """An empty name of a folder counts as not given; `~` is the user's home."""
        if value == "" and about.field_name in FOLDERS:
            return cls.model_fields[about.field_name].get_default(call_default_factory=True)
        try:
            found = Path(value).expanduser() if str(value).startswith("~") else value
        except RuntimeError:
            raise ValueError("no home directory is known for ~ or that user, give a path") from None
        return found if about.field_name in FOLDERS else str(found)

    @property
    def database(self) -> str:
        """The address of the database, the default filled in."""
        return self.database_url or sqlite_address(self.home / "windowshop.db")

    @property
    def models(self) -> Path:
        """Where trained models lie."""
        return self.home / "models"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flag, then environment, then windowshop.toml; the default comes last."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load(**flags: Any) -> Settings:
    """The settings in force; flags that are None were not given.

    Raises UsageError when a value does not fit, naming the setting.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return _with_password(Settings(**given))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or CONFIG_FILE
        said = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"setting {name}: {said} (found {first['input']!r})") from None
    except (ValueError, OSError) as error:  # a windowshop.toml that is no TOML, or a folder
        raise UsageError(f"{CONFIG_FILE} cannot be read: {error}") from None


def _below_home(name: str, place_of: Callable[[str], Path]) -> Path:
    """A default place; UsageError where this user has no home directory for it to lie in."""
    try:
        place = place_of("windowshop")
    except RuntimeError:  # of platformdirs, newer ones; older ones leave the ~
        place = Path("~")
    if str(place).startswith("~"):
        raise UsageError(
            f"no home directory is known for this user, so setting {name} has no default; "
            "set WINDOWSHOP_HOME and WINDOWSHOP_CACHE, or HOME"
        )
    return place


def _with_password(settings: Settings) -> Settings:
    """The settings with Redis' password, read from its file, in the address; no environment holds
    it.
    """
    try:
        address = urlsplit(settings.redis_url)
    except ValueError:  # whoever connects says what is wrong with it
        return settings
    has_place = address.hostname or address.scheme == "unix"
    if not settings.redis_password_file or not has_place or address.password:
        return settings
    try:
        password = bounded.read(Path(settings.redis_password_file), LARGEST_SECRET).decode().strip()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the password file {settings.redis_password_file} cannot be read ({error}); "
            "see WINDOWSHOP_REDIS_PASSWORD_FILE"
        ) from None
    whole = address._replace(
        netloc=f"{address.username or ''}:{quote(password, safe='')}"
        f"@{address.netloc.rpartition('@')[2]}"
    )
    return settings.model_copy(update={"redis_url": whole.geturl()})


def origins(settings: Settings, **flags: Any) -> dict[str, str]:
    """Where each setting in force came from: flag, environment, file or default."""
    file = (
        set(tomllib.loads(Path(CONFIG_FILE).read_text())) if Path(CONFIG_FILE).is_file() else set()
    )
    found: dict[str, str] = {}
    for name in type(settings).model_fields:
        if flags.get(name) is not None:
            found[name] = "flag"
        elif any(_is_given(name, variable) for variable in _variables(name)):
            found[name] = "environment"
        else:
            found[name] = CONFIG_FILE if name in file else "default"
    return found


def _is_given(name: str, variable: str) -> bool:
    """Whether a variable is set; an empty one is no folder, but says no database and no Redis."""
    return bool(os.environ.get(variable)) or (variable in os.environ and name not in FOLDERS)


def for_child(settings: Settings) -> dict[str, str]:
    """The environment for a worker that must see what this process sees."""
    return {
        **os.environ,
        "DATABASE_URL": settings.database,
        "REDIS_URL": settings.redis_url,
        "WINDOWSHOP_HOME": str(settings.home),
        **{f"WINDOWSHOP_{name.upper()}": str(getattr(settings, name)) for name in _OF_A_WORKER},
        **_QUIET,
        **one_blas_thread(),
    }


def for_guest() -> dict[str, str]:
    """The environment for a process that is none of ours: without any address or secret."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OUR_BUSINESS)}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**kept, **one_blas_thread(), "PYTHONPATH": path}


def quieten_tensorflow() -> None:
    """Before its import: TensorFlow speaks of instruction sets on standard error unless told not
    to.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


def quieten_mlflow() -> None:
    """Before its import: MLflow tells nobody of us, gives up on a server soon, and writes into a
    folder where a folder was named.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")


def _variables(name: str) -> tuple[str, ...]:
    """The environment variables that set a field."""
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (f"WINDOWSHOP_{name.upper()}",)
