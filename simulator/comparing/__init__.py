"""Ways to compare two policies beside the paired experiment, and how large one must be."""
