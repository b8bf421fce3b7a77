"""What every command stands on: the open installation, run folders, where a result comes from."""
