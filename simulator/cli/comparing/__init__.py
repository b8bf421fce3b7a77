"""The commands beside the paired experiment."""
