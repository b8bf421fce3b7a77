"""What is learned from a log of real shoppers' sessions."""
