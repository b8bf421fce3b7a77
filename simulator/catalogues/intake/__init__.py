"""What one `catalogue add` takes in, what it passes over, and what is kept of both."""
