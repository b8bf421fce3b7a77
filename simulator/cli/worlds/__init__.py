"""The commands about worlds of one's own."""
