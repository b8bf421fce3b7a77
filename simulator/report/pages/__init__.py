"""What is read: pages filled from numbers, text and figures."""
