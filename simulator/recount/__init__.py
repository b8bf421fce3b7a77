"""Counts made again from events by engines that know nothing of our code."""
