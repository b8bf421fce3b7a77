"""The shop as a Gymnasium environment: an agent shows slates, shoppers of the world answer."""
