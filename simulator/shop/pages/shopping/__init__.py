"""The shop itself: shelf, searches, one list or two beside each other, basket."""
