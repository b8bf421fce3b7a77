"""What is said: labels, sentences and reasons."""
