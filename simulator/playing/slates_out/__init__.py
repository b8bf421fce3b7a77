"""Slates out: what was shown, with the scores and what stands behind them."""
