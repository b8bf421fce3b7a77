"""The commands that write what was stored into files of other shapes."""
