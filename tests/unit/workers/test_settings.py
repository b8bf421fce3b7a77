"""Settings: flag before environment before file before default, and each says where it came
from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from sqlalchemy import text

from db.engine import open_engine, write_transaction
from db.errors import UsageError
from simulator.operations.operate import shown_settings
from workers import settings

NAMES = list(settings.Settings.model_fields)
OWN_NAMES = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL", "keras_home": "KERAS_HOME"}


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return OWN_NAMES.get(name, f"WINDOWSHOP_{name.upper()}")


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder and an environment without our settings."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(variable(name), raising=False)
    return tmp_path


def values(name: str) -> tuple[str, str, str]:
    """Three values that a setting can have, none of them its default."""
    kind = settings.Settings.model_fields[name].annotation
    if kind is bool:
        return "true", "1", "yes"
    if get_origin(kind) is Literal:
        others = [
            one for one in get_args(kind) if one != settings.Settings.model_fields[name].default
        ]
        return others[0], others[-1], others[0]
    return ("7", "8", "9") if kind in (int, float) else ("one", "two", "three")


def in_force(name: str, **flags: object) -> tuple[str, str]:
    """A setting's value and origin."""
    found = settings.load(**flags)
    return str(getattr(found, name)).removesuffix(".0"), settings.origins(found, **flags)[name]


def plain(name: str, value: str) -> str:
    """A value as `in_force` shows it."""
    return "True" if values(name)[0] == "true" else value


@pytest.mark.parametrize("name", NAMES)
def test_flag_before_environment_before_file_before_default(
    name: str, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each source is added in turn, wins over those before it, and is named as the origin."""
    in_file, in_environment, as_flag = values(name)
    default, origin = in_force(name)
    assert origin == "default"
    assert default not in (in_file, in_environment, as_flag)

    (bare / "windowshop.toml").write_text(
        f"{name} = {in_file if in_file in ('true', '7') else repr(in_file)}\n"
    )
    assert in_force(name) == (plain(name, in_file), "windowshop.toml")

    monkeypatch.setenv(variable(name), in_environment)
    assert in_force(name) == (plain(name, in_environment), "environment")

    assert in_force(name, **{name: as_flag}) == (plain(name, as_flag), "flag")


def test_a_flag_that_was_not_given_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not hide what stands elsewhere."""
    monkeypatch.setenv("WINDOWSHOP_WORKERS", "3")
    assert in_force("workers", workers=None) == ("3", "environment")


def test_foreign_variables_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """HOME and RUNS, which others set, are neither read nor named as an origin."""
    before = settings.load()
    home = str(Path.home())
    for name in ("HOME", "CACHE", "RUNS", "WORKERS", "OFFLINE"):
        monkeypatch.setenv(name, "7")
    monkeypatch.setenv("HOME", home)
    found = settings.load()
    assert found == before
    assert set(settings.origins(found).values()) == {"default"}


def test_config_show_names_every_setting_its_value_its_origin_and_its_use(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the command prints; a password is not shown."""
    (bare / "windowshop.toml").write_text("workers = 5\n")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@db/shop")
    shown = {one["name"]: one for one in shown_settings(settings.load())}
    assert list(shown) == NAMES
    assert shown["workers"]["value"] == "5"
    assert shown["workers"]["from"] == "windowshop.toml"
    assert shown["database_url"]["from"] == "environment"
    assert shown["database_url"]["value"] == "...@db/shop"
    assert shown["job_seconds"]["from"] == "default"
    assert all(one["what"] for one in shown.values())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("workers: 3", ("windowshop.toml", "cannot be read")),
        ("wrokers = 3", ("wrokers",)),
        ("workers = 'many'", ("workers", "'many'")),
        ("workers = -1", ("workers", "-1")),
        ("relay_seconds = 0", ("relay_seconds",)),
        ("runtime = 'torch'", ("runtime", "'torch'")),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    bare: Path, content: str, words: tuple[str, ...]
) -> None:
    """UsageError that names the setting and what was found, in one line."""
    (bare / "windowshop.toml").write_text(content)
    with pytest.raises(UsageError) as caught:
        settings.load()
    assert [word for word in words if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", settings.FOLDERS)
def test_an_empty_folder_is_not_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`WINDOWSHOP_HOME=` means the default, not the folder that the command is called in."""
    default = in_force(name)
    monkeypatch.setenv(variable(name), "")
    assert in_force(name) == default


@pytest.mark.parametrize("name", settings.PLACES)
def test_a_tilde_is_the_home_of_its_user(
    name: str, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the environment, in the file and as a flag; of a user that is none, one line."""
    monkeypatch.setenv("HOME", str(bare / "me"))
    (bare / "windowshop.toml").write_text(f"{name} = '~/file'\n")
    if not name.endswith("_file"):
        assert in_force(name)[0] == str(bare / "me" / "file")
    monkeypatch.setenv(variable(name), "~/x")
    assert in_force(name)[0] == str(bare / "me" / "x")
    assert in_force(name, **{name: Path("~/y")})[0] == str(bare / "me" / "y")
    monkeypatch.setenv(variable(name), "~nobodyofthatname/x")
    with pytest.raises(UsageError, match=r"no home directory .*'~nobodyofthatname/x'"):
        settings.load()


def test_a_line_end_and_capitals_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """As files of Windows leave them behind; passwords keep their blanks."""
    monkeypatch.setenv("WINDOWSHOP_LOG_LEVEL", "INFO\r")
    monkeypatch.setenv("WINDOWSHOP_WORKERS", "3\r\n")
    monkeypatch.setenv("REDIS_URL", "redis://:a b @queue\r\n")
    found = settings.load()
    assert (found.log_level, found.workers) == ("info", 3)
    assert found.redis_url == "redis://:a b @queue"


def test_no_home_directory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without one, in a container for instance, is told what to set; no folder ~ is made."""
    for name in ("home", "cache"):
        monkeypatch.setattr(settings, f"user_{'data' if name == 'home' else name}_path", tilde)
    with pytest.raises(UsageError, match="setting home has no default; set WINDOWSHOP_HOME"):
        settings.load()
    assert settings.load(home="h", cache="c").home == Path("h")


def tilde(_name: str) -> Path:
    """As platformdirs has it where nobody knows a home."""
    return Path("~/.local/share/windowshop")


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%3Fb%25c", "a b", "größe"])
def test_a_database_lies_in_the_home_whatever_it_is_called(bare: Path, name: str) -> None:
    """Also as a worker has it, which is told the address of its database."""
    found = settings.load(home=bare / name)
    for address in (found.database, settings.for_child(found)["DATABASE_URL"]):
        engine = open_engine(address)
        with write_transaction(engine) as conn:
            conn.execute(text("CREATE TABLE IF NOT EXISTS told (it INTEGER)"))
        assert engine.url.database == str(bare / name / "windowshop.db")
        engine.dispose()
    assert [one.name for one in bare.iterdir()] == [name]


def test_sqlite_takes_no_parameters(bare: Path) -> None:
    """They were passed over, and a ? in a path cut it off."""
    with pytest.raises(
        UsageError, match=r"parameters \(foo\), SQLite takes none; write \? .* as %3F"
    ):
        open_engine(f"sqlite:///{bare}/a.db?foo=1")


@pytest.mark.parametrize(
    ("address", "whole"),
    [
        ("redis://me@queue:6379/0", "redis://me:ge%2Fheim@queue:6379/0"),
        ("redis://queue:6379/0", "redis://:ge%2Fheim@queue:6379/0"),
        ("unix://me@/run/valkey.sock", "unix://me:ge%2Fheim@/run/valkey.sock"),
        ("redis://me:other@queue", "redis://me:other@queue"),
    ],
)
def test_the_password_of_a_file_joins_the_user_of_the_address(
    bare: Path, address: str, whole: str
) -> None:
    """The name of an ACL's user stays; a password in the address wins."""
    (bare / "secret").write_text("ge/heim\n")
    found = settings.load(redis_url=address, redis_password_file=str(bare / "secret"))
    assert found.redis_url == whole


def test_a_worker_sees_what_its_supervisor_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags reach the child through its environment."""
    given = settings.load(
        database_url="sqlite:///a.db", redis_url="redis://r", home="h", job_seconds="9"
    )
    for name, value in settings.for_child(given).items():
        monkeypatch.setenv(name, value)
    seen = settings.load()
    assert (seen.database, seen.redis_url, str(seen.home), seen.job_seconds) == (
        "sqlite:///a.db",
        "redis://r",
        "h",
        9,
    )


def test_without_a_home_directory_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """HOME unset for a user whom no list of users knows; whoever names both places needs none."""
    monkeypatch.delenv("HOME", raising=False)
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", _nobody)
    with pytest.raises(UsageError, match="set WINDOWSHOP_HOME and WINDOWSHOP_CACHE, or HOME"):
        settings.load()
    with pytest.raises(UsageError, match="setting cache has no default"):
        settings.load(home="here")
    found = settings.load(home="here", cache="there")
    assert found.keras_home.is_absolute()


def _nobody(number: int) -> None:
    raise KeyError(number)


def test_a_folder_called_windowshop_toml_says_nothing(bare: Path) -> None:
    """`config show` ended in a traceback."""
    (bare / settings.CONFIG_FILE).mkdir()
    assert settings.origins(settings.load())["home"] == "default"


def test_a_place_that_is_no_utf_8_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name could stand in no address, no report and no JSON."""
    monkeypatch.setenv("WINDOWSHOP_HOME", "ho\udce9me")
    with pytest.raises(UsageError, match="setting home: is no UTF-8"):
        settings.load()
