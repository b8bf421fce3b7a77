"""Embedders at work: trained, measured, and asked for similar pictures."""
