"""Where a result comes from: versions, commit, machine. Shown in the report, never computed
with.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    *("windowshop", "tensorflow-cpu", "tensorflow", "keras", "numpy"),
    *("scipy", "pandas", "sqlalchemy", "rq", "redis"),
)

BUILT_FROM = Path(__file__).resolve().parents[2] / "COMMIT"
"""Holds the commit where the source is a copy without its history: in the image."""


def versions() -> dict[str, str]:
    """Installed versions by package."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def described() -> str:
    """The versions that a question about this program needs, in a line."""
    found = versions()
    beside = ", ".join(
        f"{name} {found[name]}" for name in ("tensorflow-cpu", "tensorflow", "rq") if name in found
    )
    return (
        f"windowshop {found.get('windowshop', 'not installed')}, Python {found['python']}, {beside}"
    )


def machine() -> dict[str, str | int]:
    """What it ran on, without names."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count() or 1,
        "processor": _processor(),
    }


def commit() -> str | None:
    """The commit of the source, with `+` when it is changed; None when it is not a checkout."""
    git = shutil.which("git")
    if BUILT_FROM.exists():
        return BUILT_FROM.read_text().strip() or None
    if git is None:
        return None
    try:
        head = _asked(git, "rev-parse", "HEAD")
        changed = _asked(git, "status", "--porcelain", "--untracked-files=no")
    except (subprocess.CalledProcessError, OSError):
        return None
    return head + ("+" if changed else "")


def _asked(git: str, *question: str) -> str:
    here = Path(__file__).resolve().parent
    found = subprocess.run([git, *question], cwd=here, capture_output=True, text=True, check=True)  # noqa: S603
    return found.stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()
