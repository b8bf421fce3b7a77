"""How fast it is, side by side with what else one could use: one script a question, medians,
ratios.
"""
