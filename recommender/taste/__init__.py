"""What is learned of items' styles and shoppers' tastes, and the score that follows from it."""
