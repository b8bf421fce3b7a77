"""Logs as people have them: bytes, text, tables, columns, values, sessions, one module a step."""
