"""What the commands do: one module an action, each of them callable without a terminal."""
