"""What all of HTTP shares: the application, its guards, cookies and errors."""
