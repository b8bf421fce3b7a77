"""From a picture to a unit vector: networks, what is kept of them, and what runs them."""
