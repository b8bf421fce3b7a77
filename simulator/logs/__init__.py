"""Logs of real shoppers: read, kept, and used to judge policies."""
