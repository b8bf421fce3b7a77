"""Measures of long runs: week by week, and whether a policy still learns at the end."""
