"""The simulated world: shoppers who answer slates. It judges recommenders and shares nothing with them."""
