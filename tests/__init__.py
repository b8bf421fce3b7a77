"""Tests, by how much of the real thing they need."""

from workers.blas import keep_to_one_blas_thread

keep_to_one_blas_thread()  # before any of them imports NumPy
