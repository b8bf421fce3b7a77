"""How a network is trained: the loop, its losses, and going on after a stop."""
