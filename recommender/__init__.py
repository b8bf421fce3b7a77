"""The recommender is a function: arrays and a config in, ranked arrays out; no database, queue or
clock.
"""
