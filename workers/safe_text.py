"""Text that is safe for a terminal: what controls it, or turns the writing direction, is shown as
an escape.

File names, ids, categories and whatever others wrote reach the terminal through here, and by no
other way.
"""

from __future__ import annotations

import unicodedata

_JOINERS = frozenset("\u200c\u200d")
"""Invisible, but words of Persian and Hindi and many emoji are written with them."""

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, formats (those of bidirectional text too), halves of characters, what is none, line
ends.
"""


def safe(text: str) -> str:
    """The text with its lines; anything else that a terminal would obey is shown as an escape."""
    return "".join(one if one == "\n" or _is_safe(one) else _escaped(one) for one in text)


def one_line(text: str) -> str:
    """The same for what must be one line or one cell: a line end is escaped, too."""
    return "".join(one if _is_safe(one) else _escaped(one) for one in text)


def _is_safe(one: str) -> bool:
    return one.isprintable() or one in _JOINERS or unicodedata.category(one) not in _UNSAFE


def _escaped(one: str) -> str:
    return one.encode("unicode_escape", "surrogatepass").decode("ascii")
