"""The report of runs: numbers with intervals, figures, grids of pictures, and a page that explains
them.
"""
