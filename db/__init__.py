"""Storage: the log, and everything that can be rebuilt from it. Knows SQL and nothing of
recommending.
"""
