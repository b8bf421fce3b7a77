"""The numbers of a world that a log may tell, and the ranges in which they are looked for."""

from __future__ import annotations

from simulator.fitting.search import FreeNumber

NUMBERS = (
    FreeNumber("visit_base", -6.0, 3.0),
    FreeNumber("habit_spread", 0.0, 2.5),
    FreeNumber("demand_skew", 0.0, 2.0),
    FreeNumber("click_base", -7.0, -1.5),
    FreeNumber("examine_falloff", 0.7, 1.0),
    FreeNumber("leave_base", -6.0, 2.5),
    FreeNumber("cart_base", -9.0, 0.0),
    FreeNumber("purchase_base", -10.0, 1.5),
    FreeNumber("popular_share", 0.0, 0.95),
)
"""Each has a moment that is mostly about it. What else a world has stays its preset's."""

UNREAD = ("price_sensitivity",)
"""Numbers that people ask for and that no log tells us: a log is read without its prices."""
