"""The names nearest to one that does not exist, for the line that says so."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean 'blend'? ` with up to three names that begin like it or are spelt much like it;
    or ''.
    """
    names = list(known)
    beginning = [one for one in names if name and one.lower().startswith(name.lower())]
    found = list(dict.fromkeys([*beginning, *get_close_matches(name, names, MOST)]))[:MOST]
    return f"did you mean {' or '.join(map(repr, found))}? " if found else ""
