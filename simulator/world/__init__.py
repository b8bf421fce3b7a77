"""The simulated world: shoppers who react to slates. It judges recommenders and shares nothing with
them.
"""
