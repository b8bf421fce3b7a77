"""Pictures of a feed by their addresses: which may be asked for, and where they are kept."""
