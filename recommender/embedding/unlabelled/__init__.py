"""Embedders that see no label: principal components of pixels and of edge histograms."""
